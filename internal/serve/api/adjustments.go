package api

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"waybill/internal/account"
	"waybill/internal/fault"
	"waybill/internal/money"
	"waybill/internal/payout"
)

// AdjustmentFilter says which adjustments are meant; what is left open fits all.
type AdjustmentFilter struct {
	AffiliateID  int64
	AdvertiserID int64
	Kind         payout.Kind
	ConversionID string
	PayoutID     int64
	Open         bool // only affiliates' that no payout has settled
	Limit        int
	Cursor       string
}

// Adjustments keeps corrections of partners' balances, lists newest first.
type Adjustments interface {
	AddAdjustment(ctx context.Context, by account.Principal, a payout.Adjustment) (payout.Adjustment, error)
	Adjustment(ctx context.Context, id int64) (payout.Adjustment, error)
	Adjustments(ctx context.Context, f AdjustmentFilter) (list []payout.Adjustment, next string, err error)
}

// adjustmentRequest is what POST /adjustments takes.
type adjustmentRequest struct {
	AffiliateID  int64        `json:"affiliate_id,omitempty" doc:"Whose balance: an affiliate's,"`
	AdvertiserID int64        `json:"advertiser_id,omitempty" doc:"or an advertiser's."`
	Kind         string       `json:"kind,omitempty" enum:"correction,bonus,clawback,payment" default:"correction" doc:"A bonus is positive. A clawback takes back, of the conversion that it names, at most what that has paid its affiliate. A payment is what an advertiser has paid, on account; a negative one takes back what was booked by mistake, or has bounced."`
	Amount       money.Amount `json:"amount" doc:"Positive in the partner's favour: an affiliate gets more, an advertiser owes less. Else negative."`
	ConversionID string       `json:"conversion_id,omitempty" doc:"Which conversion it is about."`
	Note         string       `json:"note" maxLength:"1000" doc:"What it is for. The partner sees it."`
}

// adjustmentRecord is an adjustment as the API shows it.
type adjustmentRecord struct {
	ID           int64        `json:"id"`
	AffiliateID  int64        `json:"affiliate_id,omitempty"`
	AdvertiserID int64        `json:"advertiser_id,omitempty"`
	Kind         payout.Kind  `json:"kind" enum:"correction,bonus,clawback,payment"`
	Amount       money.Amount `json:"amount" doc:"Positive in the partner's favour."`
	ConversionID string       `json:"conversion_id,omitempty" doc:"Which conversion it is about."`
	Note         string       `json:"note"`
	PayoutID     int64        `json:"payout_id,omitempty" doc:"The payout that has settled it; an affiliate's without one is open."`
	CreatedAt    time.Time    `json:"created_at"`
}

func (a *API) registerAdjustments(h huma.API, s *schemas) {
	both := []account.Role{account.Advertiser, account.Affiliate}
	read := schemaOf[adjustmentRecord](s)
	text := "Corrections of a partner's balance. They are never changed and never deleted: a mistake is corrected by its opposite."
	handle(h, route{
		method: http.MethodPost, path: prefix + "/adjustments", id: "create-adjustment", tag: "Money",
		summary: "Book an adjustment", in: schemaOf[adjustmentRequest](s), out: read, status: http.StatusCreated,
		example: `{"affiliate_id":1,"kind":"bonus","amount":{"amount":"50.00","currency":"USD"},"note":"best of November"}`,
		text:    text + " An affiliate's is settled with its next payout in the currency.",
	}, a.createAdjustment)
	handle(h, route{
		method: http.MethodGet, path: prefix + "/adjustments", id: "list-adjustments", tag: "Money",
		summary: "List adjustments", roles: both, out: s.list("AdjustmentList", read), text: text + " The newest first. Partners see their own.",
	}, a.listAdjustments)
	handle(h, route{
		method: http.MethodGet, path: prefix + "/adjustments/{id}", id: "get-adjustment", tag: "Money",
		summary: "Read one adjustment", roles: both, out: read,
	}, a.getAdjustment)
}

func (a *API) createAdjustment(ctx context.Context, in *makeIn) (*answer, error) {
	initial := adjustmentRequest{Kind: string(payout.Correction)}
	r := initial
	if err := merge(&r, initial, in.RawBody); err != nil {
		return nil, err
	}
	made := payout.Adjustment{
		AffiliateID: r.AffiliateID, AdvertiserID: r.AdvertiserID, Kind: payout.Kind(r.Kind), Amount: r.Amount,
		ConversionID: strings.ToLower(r.ConversionID), Note: r.Note, CreatedAt: a.now().UTC(),
	}
	if err := made.Validate(); err != nil {
		return nil, err
	}
	if in.who().Test {
		return nil, errTestMoney
	}
	made, err := a.Adjustments.AddAdjustment(ctx, in.who(), made)
	if err != nil {
		return nil, err
	}
	out, err := showAdjustment(in.who(), &made)
	return &answer{Location: fmt.Sprintf("%s/adjustments/%d", prefix, made.ID), Body: out}, err
}

type adjustmentsIn struct {
	caller
	Paging
	AffiliateID  int64  `query:"affiliate_id" doc:"Only this affiliate's."`
	AdvertiserID int64  `query:"advertiser_id" doc:"Only this advertiser's."`
	Kind         string `query:"kind" enum:"correction,bonus,clawback,payment" doc:"Only of this kind."`
	ConversionID string `query:"conversion_id" doc:"Only about this conversion."`
	PayoutID     int64  `query:"payout_id" doc:"Only those that this payout has settled."`
	Open         bool   `query:"open" doc:"Only affiliates' that no payout has settled yet."`
}

func (a *API) listAdjustments(ctx context.Context, in *adjustmentsIn) (*answer, error) {
	f := AdjustmentFilter{
		AffiliateID: in.AffiliateID, AdvertiserID: in.AdvertiserID, Kind: payout.Kind(in.Kind),
		ConversionID: in.ConversionID, PayoutID: in.PayoutID, Open: in.Open, Limit: in.Limit, Cursor: in.Cursor,
	}
	if !f.narrow(in.who()) {
		return answerNone(), nil
	}
	list, next, err := a.Adjustments.Adjustments(ctx, f)
	if err != nil {
		return nil, inQuery(err)
	}
	return answerList(list, next, func(one *payout.Adjustment) (object, error) { return showAdjustment(in.who(), one) })
}

// narrow leaves only the caller's own, and reports false when nothing is left.
func (f *AdjustmentFilter) narrow(who account.Principal) bool {
	if f.AffiliateID != 0 && f.AdvertiserID != 0 { // one is of one partner
		return false
	}
	if who.IsNetwork() {
		return true
	}
	mine := who.Owns(f.AdvertiserID, f.AffiliateID) || f.AdvertiserID == 0 && f.AffiliateID == 0
	f.AdvertiserID, f.AffiliateID = 0, 0
	switch who.Role {
	case account.Advertiser:
		f.AdvertiserID = who.AdvertiserID
	case account.Affiliate:
		f.AffiliateID = who.AffiliateID
	case account.Network, account.Publishable:
		return false
	}
	return mine && (f.AdvertiserID != 0 || f.AffiliateID != 0)
}

func (a *API) getAdjustment(ctx context.Context, in *oneIn[int64]) (*answer, error) {
	one, err := a.findAdjustment(ctx, in.who(), in.ID)
	if err != nil {
		return nil, err
	}
	out, err := showAdjustment(in.who(), &one)
	return &answer{Body: out}, err
}

// findAdjustment gives an adjustment that is the caller's to see.
func (a *API) findAdjustment(ctx context.Context, who account.Principal, id int64) (payout.Adjustment, error) {
	one, err := a.Adjustments.Adjustment(ctx, id)
	if fault.Of(err) == fault.NotFound || err == nil && !who.Owns(one.AdvertiserID, one.AffiliateID) {
		return payout.Adjustment{}, fault.New(fault.NotFound, "there is no adjustment %d", id)
	}
	return one, err
}

func showAdjustment(who account.Principal, one *payout.Adjustment) (object, error) {
	return view(who.Role, kindAdjustment, adjustmentRecord{
		ID: one.ID, AffiliateID: one.AffiliateID, AdvertiserID: one.AdvertiserID, Kind: one.Kind, Amount: one.Amount,
		ConversionID: one.ConversionID, Note: one.Note, PayoutID: one.PayoutID, CreatedAt: one.CreatedAt.UTC(),
	})
}
