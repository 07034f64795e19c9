package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"waybill/internal/account"
	"waybill/internal/click"
	"waybill/internal/fault"
	"waybill/internal/param"
	"waybill/internal/txid"
	"waybill/internal/visitor"
)

// clickRecord is a click as the API shows it.
type clickRecord struct {
	TransactionID string            `json:"transaction_id"`
	At            time.Time         `json:"at"`
	Test          bool              `json:"test"`
	OfferID       int64             `json:"offer_id"`
	AffiliateID   int64             `json:"affiliate_id"`
	Link          string            `json:"link,omitempty" doc:"The short link's code."`
	AffClickID    string            `json:"aff_click_id,omitempty" doc:"The affiliate's own ID for it."`
	Source        string            `json:"source,omitempty"`
	Sub           []string          `json:"sub,omitempty" doc:"sub1 first; cut behind the last that is set."`
	Coupon        string            `json:"coupon,omitempty"`
	GAID          string            `json:"gaid,omitempty"`
	IDFA          string            `json:"idfa,omitempty"`
	IDFV          string            `json:"idfv,omitempty"`
	AdIDs         map[string]string `json:"ad_ids,omitempty" doc:"What ad platforms call the click and its browser: fbclid, gclid, gbraid, wbraid, ttclid, msclkid, fbp, fbc, ttp."`
	IP            string            `json:"ip,omitempty"`
	UserAgent     string            `json:"user_agent,omitempty"`
	Referrer      string            `json:"referrer,omitempty"`
	Visitor       visitorRecord     `json:"visitor"`
	SentTo        string            `json:"sent_to,omitempty" doc:"The URL the visitor was sent to."`
	TurnedAway    string            `json:"turned_away,omitempty" doc:"Why the visitor was not sent to the offer."`
	Marks         []string          `json:"marks,omitempty" doc:"What was cut, dropped or mended."`
}

// showAdIDs gives the IDs of ad platforms, by the names of their parameters.
func showAdIDs(c *click.Click) map[string]string {
	var all map[string]string
	for i, id := range c.AdIDs {
		if id == "" {
			continue
		}
		if all == nil {
			all = make(map[string]string)
		}
		all[(param.FBCLID + param.Name(i)).String()] = id
	}
	return all
}

type visitorRecord struct {
	Country   string `json:"country,omitempty" doc:"ISO 3166-1 alpha-2."`
	Device    string `json:"device,omitempty"`
	OS        string `json:"os,omitempty"`
	OSVersion string `json:"os_version,omitempty"`
	Browser   string `json:"browser,omitempty"`
	Bot       bool   `json:"bot"`
}

func showVisitor(v visitor.Visitor) visitorRecord {
	return visitorRecord{
		Country: v.Country, Device: string(v.Device), OS: v.OS, OSVersion: v.OSVersion, Browser: v.Browser, Bot: v.Bot,
	}
}

func showClick(c click.Click) clickRecord {
	sub := c.Sub[:]
	for len(sub) > 0 && sub[len(sub)-1] == "" {
		sub = sub[:len(sub)-1]
	}
	r := clickRecord{
		TransactionID: c.ID.String(), At: c.At, Test: c.ID.Test(), OfferID: c.OfferID, AffiliateID: c.AffiliateID,
		Link: c.LinkCode, AffClickID: c.AffClickID, Source: c.Source, Sub: sub, Coupon: c.Coupon,
		GAID: c.GAID, IDFA: c.IDFA, IDFV: c.IDFV, AdIDs: showAdIDs(&c), UserAgent: c.UserAgent, Referrer: c.Referrer,
		Visitor: showVisitor(c.Visitor), SentTo: c.Location, TurnedAway: string(c.TurnedAway), Marks: c.Marks,
	}
	if c.IP.IsValid() {
		r.IP = c.IP.String()
	}
	return r
}

func (a *API) registerRecords(h huma.API, s *schemas) {
	type clickIn struct {
		caller
		ID string `path:"transaction_id" doc:"The transaction ID."`
	}
	type signalIn struct {
		caller
		ID string `path:"id" doc:"The request_id of the answer that the sender got."`
	}
	handle(h, route{
		method: http.MethodGet, path: prefix + "/clicks/{transaction_id}", id: "get-click", tag: "Records",
		summary: "Read one click", text: "A click as it was written down before the visitor moved on.",
		roles: []account.Role{account.Affiliate}, out: schemaOf[clickRecord](s),
	}, func(ctx context.Context, in *clickIn) (*answer, error) { return a.click(ctx, in.who(), in.ID) })
	handle(h, route{
		method: http.MethodGet, path: prefix + "/signals/{id}", id: "get-signal", tag: "Records",
		summary: "Read one signal", roles: []account.Role{account.Advertiser, account.Affiliate}, out: schemaOf[signalRecord](s),
		text: "A signal is one inbound hit: as it came, and the verdict on it. Affiliates see the verdict alone.",
	}, func(ctx context.Context, in *signalIn) (*answer, error) { return a.signal(ctx, in.who(), in.ID) })
}

func (a *API) click(ctx context.Context, who account.Principal, text string) (*answer, error) {
	missing := fault.New(fault.NotFound, "there is no click %s", text)
	id, err := parseID("transaction_id", text)
	if err != nil {
		return nil, err
	}
	if id.Kind() != txid.Click {
		return nil, missing
	}
	c, err := a.readClick(ctx, id)
	if fault.Of(err) == fault.NotFound || err == nil && !who.Owns(0, c.AffiliateID) {
		return nil, missing
	}
	if err != nil {
		return nil, err
	}
	o, err := view(who.Role, kindClick, showClick(c))
	return &answer{Body: o}, err
}

func (a *API) readClick(ctx context.Context, id txid.ID) (click.Click, error) {
	record, err := a.Journal.Get(ctx, id)
	if err != nil {
		return click.Click{}, err
	}
	return click.Read(id, record)
}

// parseID reads an ID out of the path. One that is cut or mistyped is told so.
func parseID(name, text string) (txid.ID, error) {
	id, err := txid.Parse(text)
	if err != nil {
		return txid.ID{}, errors.Join(fault.Within("path."+name, err))
	}
	return id, nil
}
