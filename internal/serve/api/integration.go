package api

import (
	"context"
	"net/http"
	"net/netip"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"waybill/internal/account"
	"waybill/internal/catalog"
	"waybill/internal/fault"
	"waybill/internal/signal"
	"waybill/internal/span"
	"waybill/internal/txid"
)

// TestVisit is a visit that nobody pays for, to try a shop's integration.
type TestVisit struct {
	OfferID     int64
	AffiliateID int64 // 0 for nobody's
	From        netip.Addr
	UserAgent   string
}

const integrationPath = prefix + "/offers/{offer_id}/check-integration"

const (
	mostWait   = time.Minute // that one request waits for a postback
	lookAgain  = 250 * time.Millisecond
	mostMissed = 200 // signals without an ID that are looked at, for each way of having none
)

// checkOptions is what begins a check.
type checkOptions struct {
	AffiliateID int64 `json:"affiliate_id,omitempty" doc:"Whose visitor the click is to be; nobody's when left out."`
}

// integrationCheckRecord is how a check stands.
type integrationCheckRecord struct {
	TransactionID string          `json:"transaction_id"`
	LandingURL    string          `json:"landing_url,omitempty" doc:"Open it, and do on the page what is paid for."`
	State         string          `json:"state" enum:"waiting,working,problems" doc:"waiting: no postback has come yet."`
	Findings      []findingRecord `json:"findings" doc:"What was seen, and what is missing."`
	Verdicts      []verdictRecord `json:"verdicts" doc:"On the signals that named the test click, in the order of their settling."`
}

// findingRecord is one thing that a check has found.
type findingRecord struct {
	Level  string `json:"level" enum:"ok,warning,problem"`
	Code   string `json:"code" doc:"For programs."`
	Text   string `json:"text" doc:"For people: what it is, and what to do."`
	Signal string `json:"request_id,omitempty" doc:"The signal that it is about."`
}

func (a *API) registerIntegration(h huma.API, s *schemas) {
	type beginIn struct {
		caller
		OfferID int64 `path:"offer_id"`
		RawBody []byte
	}
	type lookIn struct {
		caller
		OfferID int64  `path:"offer_id"`
		ID      string `path:"transaction_id" doc:"The test click's."`
		Wait    string `query:"wait" doc:"How long to wait for a server's postback, up to 60s; not at all when left out."`
	}
	mine := []account.Role{account.Advertiser}
	out := schemaOf[integrationCheckRecord](s)
	handle(h, route{
		method: http.MethodPost, path: integrationPath, id: "check-integration", tag: "Offers",
		summary: "Begin to check an advertiser's integration", roles: mine, in: schemaOf[checkOptions](s), bodyOptional: true,
		example: `{}`, out: out, status: http.StatusCreated,
		text: "Makes a test click, whether the offer is open or not, and gives the landing page's URL with its ID. Open it and convert; " +
			"then read the check, with `wait`. All of it is test traffic: it is counted apart, and moves no money.",
	}, func(ctx context.Context, in *beginIn) (*answer, error) {
		return a.beginCheck(ctx, in.x, in.OfferID, in.RawBody)
	})
	handle(h, route{
		method: http.MethodGet, path: integrationPath + "/{transaction_id}", id: "get-integration-check", tag: "Offers",
		summary: "What a check of an integration has found", roles: mine, out: out,
		text: "Says in words what came for the test click, and what is missing: nothing came, it came without the ID, the token is wrong, " +
			"the goal is unknown, no amount came, only a pixel was seen, and so on.",
	}, func(ctx context.Context, in *lookIn) (*answer, error) {
		return a.lookAtCheck(ctx, in.x, in.OfferID, in.ID, in.Wait)
	})
}

// checked gives an offer that is the caller's to check.
func (a *API) checked(who account.Principal, offerID int64) (*catalog.Offer, error) {
	o, ok := a.Catalog().Offer(offerID)
	if !ok || !who.Owns(o.AdvertiserID, 0) {
		return nil, fault.New(fault.NotFound, "there is no offer %d", offerID)
	}
	return o, nil
}

func (a *API) beginCheck(ctx context.Context, x *exchange, offerID int64, body []byte) (*answer, error) {
	var options checkOptions
	if len(body) > 0 {
		if err := merge(&options, checkOptions{}, body); err != nil {
			return nil, err
		}
	}
	o, err := a.checked(x.who, offerID)
	if err != nil {
		return nil, err
	}
	if _, ok := a.Catalog().Affiliate(options.AffiliateID); !ok && options.AffiliateID != 0 {
		return nil, fault.At("affiliate_id", "there is no affiliate %d", options.AffiliateID)
	}
	id, url, err := a.TestClick(ctx, TestVisit{
		OfferID: offerID, AffiliateID: options.AffiliateID, From: a.clientIP(x.r), UserAgent: x.r.UserAgent(),
	})
	if err != nil {
		return nil, err
	}
	c := integrationCheck{api: a, who: x.who, offer: o, id: id, url: url}
	if err := c.look(ctx); err != nil {
		return nil, err
	}
	return &answer{Location: x.r.URL.Path + "/" + id.String(), Body: c.out}, nil
}

// lookAtCheck answers with what a check has found, once a server's postback is
// judged or the time is over.
func (a *API) lookAtCheck(ctx context.Context, x *exchange, offerID int64, text, waitText string) (*answer, error) {
	o, err := a.checked(x.who, offerID)
	if err != nil {
		return nil, err
	}
	id, err := parseID("transaction_id", text)
	if err != nil {
		return nil, err
	}
	parts, err := a.Catalog().Ring().Open(id)
	if err != nil || parts.Offer != offerID || !id.Test() || id.Kind() != txid.Click {
		return nil, fault.New(fault.NotFound, "there is no check %s of offer %d", text, offerID)
	}
	wait, err := waitOf(waitText)
	if err != nil {
		return nil, err
	}
	c := integrationCheck{api: a, who: x.who, offer: o, id: id}
	if err := c.readClick(ctx); err != nil {
		return nil, err
	}
	patient(x, wait)
	over := time.NewTimer(wait)
	defer over.Stop()
	again := time.NewTicker(lookAgain)
	defer again.Stop()
	for {
		if err := c.look(ctx); err != nil || c.server {
			return &answer{Body: c.out}, err
		}
		select {
		case <-over.C:
			return &answer{Body: c.out}, nil
		case <-ctx.Done():
			return nil, errGone
		case <-again.C:
		}
	}
}

func waitOf(text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	var wait span.Span
	if err := wait.UnmarshalText([]byte(text)); err != nil {
		return 0, fault.Within("query.wait", err)
	}
	if d := wait.Duration(); d >= 0 && d <= mostWait {
		return d, nil
	}
	return 0, fault.At("query.wait", "is not within %s", mostWait)
}

// readClick reads where the test click led. One whose record lies on another node
// is checked without that.
func (c *integrationCheck) readClick(ctx context.Context) error {
	visit, err := c.api.readClick(ctx, c.id)
	if err != nil && fault.Of(err) != fault.NotFound {
		return err
	}
	c.url = visit.Location
	return nil
}

// missed lists signals since the click that were refused for their transaction ID,
// as far as the caller may know of them: one of them may be what is waited for.
func (c *integrationCheck) missed(ctx context.Context) ([]signal.Verdict, error) {
	var all []signal.Verdict
	f := VerdictFilter{Status: signal.Rejected, From: c.id.Time(), Limit: mostMissed}
	if !c.who.IsNetwork() { // who is not told of those that name no offer
		f.OfferID = c.offer.ID
	}
	for _, f.Code = range [...]signal.Code{signal.TransactionIDMissing, signal.TransactionIDInvalid, signal.MacroUnexpanded} {
		for _, f.Test = range [...]bool{false, true} {
			list, _, err := c.api.Verdicts.Verdicts(ctx, f)
			if err != nil {
				return nil, err
			}
			for _, v := range list {
				if v.OfferID == 0 || v.OfferID == c.offer.ID {
					all = append(all, v)
				}
			}
		}
	}
	return all, nil
}
