package api

import (
	"cmp"
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"waybill/internal/account"
	"waybill/internal/fault"
	"waybill/internal/offer"
)

// AccessFilter says which applications are listed; what is left open fits all.
type AccessFilter struct {
	Standing    offer.Standing
	OfferID     int64
	AffiliateID int64
	Limit       int
	Cursor      string
}

// Access keeps how affiliates stand to offers that ask for approval.
type Access interface {
	// Applications lists them, the latest that asked first.
	Applications(ctx context.Context, f AccessFilter) (list []offer.Application, next string, err error)
	// ChangeAccess changes one, which begins without a standing. The error of change
	// is returned as it is, and nothing is changed then.
	ChangeAccess(ctx context.Context, by account.Principal, offerID, affiliateID int64, change func(*offer.Application) error) (offer.Application, error)
}

// accessRecord is an application as the API shows it.
type accessRecord struct {
	offer.Application
	OfferName     string `json:"offer_name,omitempty"`
	AffiliateName string `json:"affiliate_name,omitempty"`
}

// accessRequest is what an affiliate says when it asks.
type accessRequest struct {
	Note string `json:"note,omitempty" maxLength:"1000" doc:"What the network should know: how you would promote it."`
}

// accessDecision is what the network decides.
type accessDecision struct {
	Status offer.Standing `json:"status" enum:"approved,rejected,requested" doc:"approved: the affiliate's visitors are sent to the offer. rejected: they are turned away (not_approved). requested: the decision is taken back with its note, and the affiliate waits for one again."`
	Note   string         `json:"note,omitempty" maxLength:"1000" doc:"For the affiliate, which reads it as decision_note. Not with requested."`
}

type (
	accessIn struct {
		caller
		Paging
		Status      string `query:"status" enum:"requested,approved,rejected" doc:"Only those of this status."`
		OfferID     int64  `query:"offer_id" doc:"Only those for this offer."`
		AffiliateID int64  `query:"affiliate_id" doc:"Only this affiliate's."`
	}
	askIn struct {
		caller
		ID      int64 `path:"id" doc:"The offer's ID."`
		RawBody []byte
	}
	decideIn struct {
		caller
		ID          int64 `path:"id" doc:"The offer's ID."`
		AffiliateID int64 `path:"affiliate_id" doc:"The affiliate's ID."`
		RawBody     []byte
	}
)

func (a *API) registerAccess(h huma.API, s *schemas) {
	mine := []account.Role{account.Affiliate}
	record := schemaOf[accessRecord](s)
	handle(h, route{
		method: http.MethodGet, path: prefix + "/access", id: "list-access", tag: "Offers",
		summary: "List who asked to promote offers", roles: mine, out: s.list("AccessList", record),
		text: "And what was decided, the latest that asked first. An affiliate sees its own.",
	}, a.listAccess)
	handle(h, route{
		method: http.MethodPost, path: prefix + "/offers/{id}/access", id: "request-access", tag: "Offers",
		summary: "Ask to promote an offer", roles: mine, in: schemaOf[accessRequest](s), bodyOptional: true, out: record,
		example: `{"note":"I have a newsletter about tea with 12,000 readers."}`,
		text: "For affiliates, at offers whose access is `request`. Asking again while the network has not decided changes the note. " +
			"An affiliate that was refused cannot ask again; the network may still approve it.",
	}, a.requestAccess)
	handle(h, route{
		method: http.MethodPatch, path: prefix + "/offers/{id}/access/{affiliate_id}", id: "decide-access", tag: "Offers",
		summary: "Approve or refuse an affiliate at an offer", in: schemaOf[accessDecision](s), out: record,
		example: `{"status":"approved"}`,
		text: "Whether it has asked or not, so that private offers are given to whom they are meant for, and before an open offer begins to ask. " +
			"It takes effect at once. Clicks that were sent to the offer before go on earning when an approval is taken back, whether by `rejected` or by `requested`.",
	}, a.decideAccess)
}

func (a *API) listAccess(ctx context.Context, in *accessIn) (*answer, error) {
	f := AccessFilter{
		Standing: offer.Standing(in.Status), OfferID: in.OfferID, AffiliateID: in.AffiliateID, Limit: in.Limit, Cursor: in.Cursor,
	}
	if who := in.who(); who.Role == account.Affiliate && !narrowTo(who.AffiliateID, &f.AffiliateID) {
		return answerNone(), nil
	}
	list, next, err := a.Access.Applications(ctx, f)
	if err != nil {
		return nil, err
	}
	return answerList(list, next, func(one *offer.Application) (object, error) { return a.showAccess(in.who(), one) })
}

func (a *API) showAccess(who account.Principal, one *offer.Application) (object, error) {
	r, present := accessRecord{Application: *one}, a.Catalog()
	if o, ok := present.Offer(one.OfferID); ok && a.knowsOffer(who, &o.Offer) {
		r.OfferName = o.Name
	}
	if f, ok := present.Affiliate(one.AffiliateID); ok {
		r.AffiliateName = f.Name
	}
	return view(who.Role, kindAccess, r)
}

func (a *API) requestAccess(ctx context.Context, in *askIn) (*answer, error) {
	who := in.who()
	o, err := a.offers().find(ctx, who, 0, in.ID)
	switch {
	case err != nil:
		return nil, err
	case who.Role != account.Affiliate:
		return nil, fault.New(fault.Forbidden, "only an affiliate asks; the network decides by PATCH %s/offers/%d/access/AFFILIATE_ID", prefix, in.ID)
	case o.Value.Access.Everybody():
		return nil, fault.New(fault.Conflict, "offer %d is open to every affiliate: there is nothing to ask for", in.ID)
	}
	var asked accessRequest
	if len(in.RawBody) > 0 {
		if err := merge(&asked, accessRequest{}, in.RawBody); err != nil {
			return nil, err
		}
	}
	if err := fault.Note("note", asked.Note); err != nil {
		return nil, err
	}
	return a.changeAccess(ctx, who, in.ID, who.AffiliateID, func(one *offer.Application) error { return one.Ask(asked.Note, a.now()) })
}

func (a *API) decideAccess(ctx context.Context, in *decideIn) (*answer, error) {
	who := in.who()
	if _, err := a.offers().find(ctx, who, 0, in.ID); err != nil {
		return nil, err
	}
	if _, err := a.affiliates().find(ctx, who, 0, in.AffiliateID); err != nil {
		return nil, err
	}
	var decision accessDecision
	if err := merge(&decision, accessDecision{}, in.RawBody); err != nil {
		return nil, err
	}
	if err := offer.ValidDecision(decision.Status, decision.Note); err != nil {
		return nil, err
	}
	return a.changeAccess(ctx, who, in.ID, in.AffiliateID, func(one *offer.Application) error {
		if decision.Status == offer.Requested {
			return one.TakeBack()
		}
		one.Decide(decision.Status, decision.Note, a.now())
		return nil
	})
}

// changeAccess changes a standing, and answers once this node acts by it.
func (a *API) changeAccess(ctx context.Context, who account.Principal, offerID, affiliateID int64, change func(*offer.Application) error) (*answer, error) {
	one, err := a.Access.ChangeAccess(ctx, who, offerID, affiliateID, change)
	if err != nil {
		return nil, err
	}
	a.changed(ctx)
	o, err := a.showAccess(who, &one)
	return &answer{Body: o}, err
}

// admits reports whether an affiliate may send visitors to an offer, as this node
// acts.
func (a *API) admits(o *offer.Offer, affiliateID int64) bool {
	return o.Access.Everybody() || a.Catalog().Standing(o.ID, affiliateID) == offer.Approved
}

// noStanding is what an affiliate is told that never asked.
const noStanding = "none"

// myAccess is the field of an offer that says how the affiliate who asks stands to
// it.
func (a *API) myAccess() *beside[offer.Offer] {
	return &beside[offer.Offer]{
		name: "my_access",
		schema: func(*schemas) *huma.Schema {
			return &huma.Schema{
				Type: huma.TypeString, Enum: []any{string(offer.Approved), string(offer.Requested), string(offer.Rejected), noStanding}, ReadOnly: true,
				Description: "Whether you may send visitors to it. For affiliates alone; at an open offer all are approved.",
			}
		},
		value: func(who account.Principal, o offer.Offer) any {
			switch {
			case who.Role != account.Affiliate:
				return nil
			case o.Access.Everybody():
				return offer.Approved
			default:
				return cmp.Or(a.Catalog().Standing(o.ID, who.AffiliateID), noStanding)
			}
		},
	}
}

// accessWarnings tells of an offer that nobody may promote.
func (a *API) accessWarnings(o *offer.Offer) []warning {
	if o.Access.Everybody() {
		return nil
	}
	for f := range a.Catalog().Affiliates() {
		if a.admits(o, f.ID) {
			return nil
		}
	}
	return []warning{{Field: "access", Message: "no affiliate is approved yet: every visitor is turned away (not_approved) until one is, by PATCH " + prefix + "/offers/" + number(o.ID) + "/access/AFFILIATE_ID"}}
}
