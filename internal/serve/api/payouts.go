package api

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"waybill/internal/account"
	"waybill/internal/fault"
	"waybill/internal/money"
	"waybill/internal/payout"
)

// DueFilter says what is asked to be paid: of an affiliate and a currency, or of
// all, what happened before Until, as if a payout were asked for at At.
type DueFilter struct {
	AffiliateID int64
	Currency    money.Currency
	Until, At   time.Time
}

// PayoutFilter says which payouts are meant; what is left open fits all.
type PayoutFilter struct {
	AffiliateID int64
	Currency    money.Currency
	Status      payout.Status
	Limit       int
	Cursor      string
}

// Payouts keeps what affiliates are paid, lists newest first.
type Payouts interface {
	// Due gives the largest sum of each currency first.
	Due(ctx context.Context, f DueFilter) ([]payout.Due, error)
	PlanPayout(ctx context.Context, o payout.Order) (payout.Payout, error)
	// BeginPayout writes a payout down, which is worked off by and by.
	BeginPayout(ctx context.Context, by account.Principal, o payout.Order) (payout.Payout, error)
	Payout(ctx context.Context, id int64) (payout.Payout, error)
	Payouts(ctx context.Context, f PayoutFilter) (list []payout.Payout, next string, err error)
	// ChangePayout changes what is said of a payout. The error of change is returned
	// as it is.
	ChangePayout(ctx context.Context, by account.Principal, id, ifVersion int64, change func(*payout.Payout) error) (payout.Payout, error)
}

// payoutRequest is what POST /payouts takes.
type payoutRequest struct {
	AffiliateID int64         `json:"affiliate_id"`
	Currency    string        `json:"currency" doc:"ISO 4217."`
	Until       *time.Time    `json:"until,omitempty" doc:"Conversions that happened before, and adjustments that were booked before; now when left open."`
	Amount      *money.Micros `json:"amount,omitempty" doc:"What it is expected to come to; another sum is refused (409)."`
	Reference   string        `json:"reference,omitempty" maxLength:"200" doc:"What the payment is called where it is made, such as the bank's. The affiliate sees it."`
	Note        string        `json:"note,omitempty" maxLength:"1000" doc:"For the network alone."`
	DryRun      bool          `json:"dry_run,omitempty" doc:"Only say what it would come to."`
}

// payoutChange is what PATCH /payouts/{id} takes.
type payoutChange struct {
	Reference string `json:"reference,omitempty" maxLength:"200" doc:"What the payment is called where it is made. The affiliate sees it."`
	Note      string `json:"note,omitempty" maxLength:"1000" doc:"For the network alone."`
}

// payoutRecord is a payout as the API shows it.
type payoutRecord struct {
	ID          int64         `json:"id,omitempty" doc:"Not with a dry run."`
	AffiliateID int64         `json:"affiliate_id"`
	Currency    string        `json:"currency"`
	Until       time.Time     `json:"until" doc:"What happened before is paid."`
	Status      payout.Status `json:"status" enum:"planned,booking,booked" doc:"planned is what a dry run says; booked is the end."`
	Amount      money.Amount  `json:"amount" doc:"Of all it pays; while it is booking, what it has come to so far."`
	Conversions int64         `json:"conversions" doc:"How many it pays."`
	Adjustments int64         `json:"adjustments" doc:"How many it settles."`
	Reference   string        `json:"reference"`
	Note        string        `json:"note" doc:"For the network alone."`
	CreatedAt   time.Time     `json:"created_at"`
	BookedAt    *time.Time    `json:"booked_at,omitempty"`
	Version     int64         `json:"version,omitempty"`
}

// dueList is the answer to GET /payouts/due.
type dueList struct {
	Data []payout.Due `json:"data"`
}

func (a *API) registerPayouts(h huma.API, s *schemas) {
	read := schemaOf[payoutRecord](s)
	mine := []account.Role{account.Affiliate}
	handle(h, route{
		method: http.MethodGet, path: prefix + "/payouts/due", id: "list-due", tag: "Money",
		summary: "What affiliates would be paid", out: schemaOf[dueList](s),
		text: "What a payout to each affiliate would come to: its approved conversions that happened before `until`, without tests, and its open adjustments. " +
			"By currency, the largest sum first. A negative one is what an affiliate owes by its adjustments.",
	}, a.listDue)
	handle(h, route{
		method: http.MethodPost, path: prefix + "/payouts", id: "create-payout", tag: "Money", right: account.Read,
		summary: "Pay an affiliate", in: schemaOf[payoutRequest](s), out: read, status: http.StatusCreated, versioned: true,
		example: `{"affiliate_id":1,"currency":"USD","until":"2026-11-01T00:00:00Z","amount":"1250.00","reference":"SEPA 2026-11-03"}`,
		text: "Pays everything that is owed to one affiliate in one currency up to a time. It is written down with the status `booking`, and its conversions become `paid` " +
			"one after another, each by a signal of its own; then it is `booked`. What is changed meanwhile, such as rejected, is not in it. " +
			"While one is booking for the same affiliate and currency another is refused (409), and so is one that comes to nothing or less. " +
			"With `dry_run` the answer is 200 and tells what it would come to. No money is moved: that is done elsewhere, and this is the book of it.",
	}, a.createPayout)
	handle(h, route{
		method: http.MethodGet, path: prefix + "/payouts", id: "list-payouts", tag: "Money",
		summary: "List payouts", roles: mine, out: s.list("PayoutList", read), text: "The newest first. An affiliate sees its own.",
	}, a.listPayouts)
	handle(h, route{
		method: http.MethodGet, path: prefix + "/payouts/{id}", id: "get-payout", tag: "Money",
		summary: "Read one payout", roles: mine, out: read, versioned: true,
		text: "`GET conversions?payout_id=` lists what it pays, `GET adjustments?payout_id=` what it settles.",
	}, a.getPayout)
	handle(h, route{
		method: http.MethodPatch, path: prefix + "/payouts/{id}", id: "change-payout", tag: "Money",
		summary: "Change a payout", in: schemaOf[payoutChange](s), out: read, versioned: true, example: `{"reference":"SEPA 2026-11-03"}`,
		text: "By the rules of JSON Merge Patch (RFC 7396): its reference and its note. What it pays is never changed; a mistake is corrected by an adjustment.",
	}, a.changePayout)
}

type dueIn struct {
	caller
	Until       time.Time `query:"until" doc:"Conversions that happened before; now when left open."`
	AffiliateID int64     `query:"affiliate_id" doc:"Only this affiliate's."`
	Currency    string    `query:"currency" doc:"Only in this currency."`
}

func (a *API) listDue(ctx context.Context, in *dueIn) (*answer, error) {
	currency, err := readCurrency("query.currency", in.Currency)
	if err != nil {
		return nil, err
	}
	now := a.now().UTC()
	f := DueFilter{AffiliateID: in.AffiliateID, Currency: currency, Until: in.Until, At: now}
	if f.Until.IsZero() {
		f.Until = now
	}
	list, err := a.Payouts.Due(ctx, f)
	if err != nil {
		return nil, err
	}
	if list == nil {
		list = []payout.Due{}
	}
	return &answer{Body: dueList{Data: list}}, nil
}

// readCurrency reads a currency; none where none is named.
func readCurrency(place, text string) (money.Currency, error) {
	if text == "" {
		return "", nil
	}
	c, err := money.ParseCurrency(text)
	if err != nil {
		return "", fault.Within(place, err)
	}
	return c, nil
}

func (a *API) createPayout(ctx context.Context, in *makeIn) (*answer, error) {
	var r payoutRequest
	if err := merge(&r, payoutRequest{}, in.RawBody); err != nil {
		return nil, err
	}
	if err := in.x.trial(r.DryRun); err != nil {
		return nil, err
	}
	o, err := a.payoutOrder(&r)
	if err != nil {
		return nil, err
	}
	if r.DryRun {
		p, err := a.Payouts.PlanPayout(ctx, o)
		if err != nil {
			return nil, err
		}
		out, err := showPayout(in.who(), &p)
		return &answer{Status: http.StatusOK, Body: out}, err
	}
	if in.who().Test {
		return nil, errTestMoney
	}
	p, err := a.Payouts.BeginPayout(ctx, in.who(), o)
	if err != nil {
		return nil, err
	}
	if a.PayOff != nil {
		a.PayOff()
	}
	out, err := showPayout(in.who(), &p)
	return &answer{ETag: etag(p.Version), Location: fmt.Sprintf("%s/payouts/%d", prefix, p.ID), Body: out}, err
}

// errTestMoney keeps test keys from the books.
var errTestMoney = fault.New(fault.Forbidden, "what a test key sends is test traffic, and this is about real money")

// payoutOrder reads what is to be paid.
func (a *API) payoutOrder(r *payoutRequest) (payout.Order, error) {
	now := a.now().UTC()
	o := payout.Order{AffiliateID: r.AffiliateID, Until: now, Reference: r.Reference, Note: r.Note, At: now}
	if r.AffiliateID <= 0 {
		return o, fault.At("affiliate_id", "is missing; say who is paid")
	}
	if r.Currency == "" {
		return o, fault.At("currency", "is missing; a payout is in one currency")
	}
	var err error
	if o.Currency, err = readCurrency("currency", r.Currency); err != nil {
		return o, err
	}
	if r.Until != nil {
		if r.Until.After(now) {
			return o, fault.At("until", "lies ahead; a payout is for what has happened")
		}
		o.Until = *r.Until
	}
	if r.Amount != nil {
		units := int64(*r.Amount)
		o.Expect = &units
	}
	said := payout.Payout{Reference: r.Reference, Note: r.Note}
	return o, said.Validate()
}

type payoutsIn struct {
	caller
	Paging
	AffiliateID int64  `query:"affiliate_id" doc:"Only this affiliate's."`
	Currency    string `query:"currency" doc:"Only in this currency."`
	Status      string `query:"status" enum:"booking,booked" doc:"Only with this status."`
}

func (a *API) listPayouts(ctx context.Context, in *payoutsIn) (*answer, error) {
	currency, err := readCurrency("query.currency", in.Currency)
	if err != nil {
		return nil, err
	}
	f := PayoutFilter{AffiliateID: in.AffiliateID, Currency: currency, Status: payout.Status(in.Status), Limit: in.Limit, Cursor: in.Cursor}
	if who := in.who(); !who.IsNetwork() && !narrowTo(who.AffiliateID, &f.AffiliateID) {
		return answerNone(), nil
	}
	list, next, err := a.Payouts.Payouts(ctx, f)
	if err != nil {
		return nil, inQuery(err)
	}
	return answerList(list, next, func(p *payout.Payout) (object, error) { return showPayout(in.who(), p) })
}

func (a *API) getPayout(ctx context.Context, in *oneIn[int64]) (*answer, error) {
	p, err := a.findPayout(ctx, in.who(), in.ID)
	if err != nil {
		return nil, err
	}
	out, err := showPayout(in.who(), &p)
	return &answer{ETag: etag(p.Version), Body: out}, err
}

// findPayout gives a payout that is the caller's to see.
func (a *API) findPayout(ctx context.Context, who account.Principal, id int64) (payout.Payout, error) {
	p, err := a.Payouts.Payout(ctx, id)
	if fault.Of(err) == fault.NotFound || err == nil && !who.Owns(0, p.AffiliateID) {
		return payout.Payout{}, noPayout(id)
	}
	return p, err
}

func noPayout(id int64) error { return fault.New(fault.NotFound, "there is no payout %d", id) }

func (a *API) changePayout(ctx context.Context, in *changeIn[int64]) (*answer, error) {
	wanted, err := version(in.IfMatch)
	if err != nil {
		return nil, err
	}
	if in.who().Test {
		return nil, errTestMoney
	}
	p, err := a.Payouts.ChangePayout(ctx, in.who(), in.ID, wanted, func(p *payout.Payout) error {
		said := payoutChange{Reference: p.Reference, Note: p.Note}
		if err := merge(&said, payoutChange{}, in.RawBody); err != nil {
			return err
		}
		p.Reference, p.Note = said.Reference, said.Note
		return p.Validate()
	})
	if fault.Of(err) == fault.NotFound {
		err = noPayout(in.ID)
	}
	if err != nil {
		return nil, err
	}
	out, err := showPayout(in.who(), &p)
	return &answer{ETag: etag(p.Version), Body: out}, err
}

func showPayout(who account.Principal, p *payout.Payout) (object, error) {
	return view(who.Role, kindPayout, payoutRecord{
		ID: p.ID, AffiliateID: p.AffiliateID, Currency: string(p.Amount.Currency), Until: p.Until.UTC(), Status: p.Status,
		Amount: p.Amount, Conversions: p.Conversions, Adjustments: p.Adjustments, Reference: p.Reference, Note: p.Note,
		CreatedAt: p.CreatedAt.UTC(), BookedAt: instant(p.BookedAt), Version: p.Version,
	})
}
