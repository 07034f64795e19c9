package api

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"waybill/internal/account"
	"waybill/internal/fault"
	"waybill/internal/signal"
)

// CauseFilter says which rejected signals are grouped. An offer or advertiser of 0
// leaves all.
type CauseFilter struct {
	OfferID      int64
	AdvertiserID int64
	Test         bool
	From, Until  time.Time // of receipt; Until not included
}

// Cause is what rejected some signals.
type Cause struct {
	Code    string
	OfferID int64 // 0 where none was known
	Count   int64
	Last    string // the latest signal
	Message string // what its sender was told
}

// Causes groups rejected signals, the largest group first.
type Causes interface {
	Causes(ctx context.Context, f CauseFilter) ([]Cause, error)
}

// rejectionRecord is a cause as the API shows it.
type rejectionRecord struct {
	Code         string    `json:"code" doc:"What rejected them."`
	OfferID      int64     `json:"offer_id,omitempty" doc:"Left out where no offer was known."`
	OfferName    string    `json:"offer_name,omitempty"`
	AdvertiserID int64     `json:"advertiser_id,omitempty"`
	Count        int64     `json:"count" doc:"How many signals."`
	LastAt       time.Time `json:"last_at" doc:"When the latest was received."`
	SampleID     string    `json:"sample_id" doc:"The latest one, for GET signals/{id}."`
	Message      string    `json:"message" doc:"What the sender of the latest was told."`
	Hint         string    `json:"hint" doc:"What to do, for all of them."`
	Replayable   bool      `json:"replayable" doc:"Whether they may count when they are judged again (POST signals/replay), once the reason is mended here. The others must be sent again, mended."`
}

// rejectionsRecord is what rejected the signals of a time.
type rejectionsRecord struct {
	From     time.Time         `json:"from"`
	Until    time.Time         `json:"until"`
	Complete bool              `json:"complete" doc:"Whether all signals since from were looked at. For an affiliate only the latest 200,000 rejected ones are."`
	Data     []rejectionRecord `json:"data"`
}

type causesIn struct {
	caller
	From    string `query:"from" doc:"Received at this time or later; seven days before until when left out."`
	Until   string `query:"until" doc:"Received before this time; now when left out."`
	OfferID int64  `query:"offer_id" doc:"Only those for this offer."`
	Test    bool   `query:"test" doc:"Test signals instead of real ones."`
}

const (
	causesOver = 7 * 24 * time.Hour // unless it is said
	mostCauses = 1000               // groups in one answer

	siftedAtOnce = 4           // on one node, partners having half of them
	siftTurn     = time.Second // how long one more waits
)

func (a *API) registerCauses(h huma.API, s *schemas) {
	sift := newPlaces(siftedAtOnce)
	handle(h, route{
		method: http.MethodGet, path: prefix + "/signals/causes", id: "list-causes", tag: "Records",
		summary: "What rejects signals", roles: []account.Role{account.Advertiser, account.Affiliate}, out: schemaOf[rejectionsRecord](s),
		text: "The rejected signals of a time, grouped by code and offer, the largest group first. What was judged again and counted is not " +
			"among them any more. Advertisers see those for their offers, affiliates those on their clicks.",
	}, func(ctx context.Context, in *causesIn) (*answer, error) { return a.causes(ctx, in, sift) })
}

func (a *API) causes(ctx context.Context, in *causesIn, sift places) (*answer, error) {
	f := CauseFilter{OfferID: in.OfferID, Test: in.Test}
	var err error
	if f.From, err = instantOf("from", in.From); err != nil {
		return nil, err
	}
	if f.Until, err = instantOf("until", in.Until); err != nil {
		return nil, err
	}
	if f.Until.IsZero() {
		f.Until = a.now()
	}
	if f.From.IsZero() {
		f.From = f.Until.Add(-causesOver)
	}
	if !f.Until.After(f.From) {
		return nil, fault.At("query.until", "does not lie after from")
	}
	all, complete, err := a.causesFor(ctx, in.who(), f, sift)
	if err != nil {
		return nil, err
	}
	if len(all) > mostCauses {
		all, complete = all[:mostCauses], false
	}
	data := make([]object, len(all))
	for i, c := range all {
		if data[i], err = view(in.who().Role, kindCause, a.showCause(in.who(), c)); err != nil {
			return nil, err
		}
	}
	return &answer{Body: struct {
		From     time.Time `json:"from"`
		Until    time.Time `json:"until"`
		Complete bool      `json:"complete"`
		Data     []object  `json:"data"`
	}{f.From.UTC(), f.Until.UTC(), complete, data}}, nil
}

// causesFor groups the signals that are the caller's to see. Those of an affiliate
// have to be sifted, which takes a place.
func (a *API) causesFor(ctx context.Context, who account.Principal, f CauseFilter, sift places) (all []Cause, complete bool, err error) {
	if who.Role == account.Affiliate {
		leave, err := sift.turn(ctx, who, siftTurn, "such requests")
		if err != nil {
			return nil, false, err
		}
		defer leave()
		return a.siftCauses(ctx, who, f)
	}
	f.AdvertiserID = who.AdvertiserID
	all, err = a.Causes.Causes(ctx, f)
	if who.Role == account.Advertiser {
		all = slices.DeleteFunc(all, func(c Cause) bool { return sentByAnother(signal.Code(c.Code)) })
	}
	return all, true, err
}

func (a *API) showCause(who account.Principal, c Cause) rejectionRecord {
	code := signal.Code(c.Code)
	r := rejectionRecord{
		Code: c.Code, OfferID: c.OfferID, AdvertiserID: a.advertiserOf(c.OfferID), Count: c.Count, SampleID: c.Last, Message: c.Message,
		LastAt: receivedAt(signal.Verdict{SignalID: c.Last}), Hint: signal.Explain(code, signal.Detail{}), Replayable: code.Mendable(),
	}
	if o, ok := a.Catalog().Offer(c.OfferID); ok && a.knowsOffer(who, &o.Offer) {
		r.OfferName = o.Name
	}
	return r
}

// siftCauses groups the rejected signals on an affiliate's clicks. Whose a click is
// stands sealed in its ID alone, so each is looked at, up to as many as one request
// may; complete says whether that were all.
func (a *API) siftCauses(ctx context.Context, who account.Principal, f CauseFilter) (all []Cause, complete bool, err error) {
	type group struct {
		code  signal.Code
		offer int64
	}
	place := map[group]int{}
	v := VerdictFilter{Status: signal.Rejected, OfferID: f.OfferID, Test: f.Test, From: f.From, Until: f.Until, Limit: lookedAtOnce}
	for looked := 0; looked < mostSifted; {
		list, next, err := a.Verdicts.Verdicts(ctx, v)
		if err != nil {
			return nil, false, err
		}
		for _, one := range list {
			if !a.seesSignal(who, &one) {
				continue
			}
			g := group{one.Code, one.OfferID}
			at, known := place[g]
			if !known { // the latest comes first
				at = len(all)
				place[g], all = at, append(all, Cause{Code: string(g.code), OfferID: g.offer, Last: one.SignalID, Message: one.Message})
			}
			all[at].Count++
		}
		looked += len(list)
		if v.Cursor = next; next == "" {
			complete = true
			break
		}
	}
	slices.SortStableFunc(all, func(a, b Cause) int { return cmp.Compare(b.Count, a.Count) })
	return all, complete, nil
}
