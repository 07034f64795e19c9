package api

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"waybill/internal/account"
	"waybill/internal/conversion"
	"waybill/internal/fault"
	"waybill/internal/money"
	"waybill/internal/signal"
)

const (
	mostReviewed    = 10_000
	reviewing       = 3 * time.Minute // what is not begun by then is left as it is
	reviewedAbreast = 16
	reviewsAtOnce   = 2           // on one node, one of them a partner's
	reviewTurn      = time.Second // how long one more waits
)

// reviewRequest is what POST /conversions/review takes.
type reviewRequest struct {
	IDs    []string      `json:"ids,omitempty" doc:"Which conversions: these."`
	Filter *reviewFilter `json:"filter,omitempty" doc:"Or those that GET conversions lists by the same filter."`
	Status string        `json:"status" enum:"approved,pending,rejected,hold" doc:"What they become."`
	Note   string        `json:"note,omitempty" maxLength:"1000" doc:"Why; kept with each signal. The advertiser and the affiliate see it."`
	DryRun bool          `json:"dry_run,omitempty" doc:"Only say what would come of it."`
}

// reviewFilter is the filter of the list of conversions.
type reviewFilter struct {
	TransactionID string     `json:"transaction_id,omitempty"`
	OrderID       string     `json:"order_id,omitempty"`
	Goal          string     `json:"goal,omitempty"`
	Status        string     `json:"status,omitempty" enum:"pending,hold,approved,rejected,paid"`
	OfferID       int64      `json:"offer_id,omitempty"`
	AffiliateID   int64      `json:"affiliate_id,omitempty"`
	AdvertiserID  int64      `json:"advertiser_id,omitempty"`
	Test          bool       `json:"test,omitempty"`
	From          *time.Time `json:"from,omitempty"`
	Until         *time.Time `json:"until,omitempty"`
}

// decidedReview is what the audit is told of a review before it begins.
type decidedReview struct {
	Status      string        `json:"status"`
	Note        string        `json:"note,omitempty"`
	Filter      *reviewFilter `json:"filter,omitempty"`
	Conversions int           `json:"conversions"` // that are to be changed
}

// reviewOutcome is what came of a review, or would.
type reviewOutcome struct {
	DryRun    bool            `json:"dry_run"`
	Matched   int             `json:"matched" doc:"How many conversions were meant, those among ids that there are not too."`
	Changed   int             `json:"changed"`
	Unchanged int             `json:"unchanged" doc:"Those that had the status already."`
	Queued    int             `json:"queued" doc:"Those whose change is written down, and judged as soon as the ledger is back."`
	Refused   []reviewRefusal `json:"refused" doc:"Those that stay as they are, and why."`
	Sums      []reviewSum     `json:"sums" doc:"What the changed ones come to, by currency."`
}

type reviewRefusal struct {
	ID      string `json:"id"`
	Code    string `json:"code" doc:"The code of the signal's verdict; not_found, forbidden, or no_time where the request took too long: then send it again."`
	Message string `json:"message"`
}

// reviewSum adds up what was changed in one currency. Amounts are decimal strings.
type reviewSum struct {
	Currency    money.Currency `json:"currency"`
	Conversions int            `json:"conversions" doc:"Those whose revenue is in this currency."`
	Amount      string         `json:"amount" doc:"Of the sales."`
	Revenue     string         `json:"revenue" doc:"What the advertiser owes for them."`
	Payout      string         `json:"payout" doc:"What the affiliates earn. Not for advertisers."`
}

// tally is a reviewSum while it is added up.
type tally struct {
	conversions             int
	amount, revenue, payout int64 // micro-units
}

func (a *API) registerReview(h huma.API, s *schemas) {
	type reviewIn struct {
		caller
		RawBody []byte
	}
	free := newPlaces(reviewsAtOnce)
	handle(h, route{
		method: http.MethodPost, path: prefix + "/conversions/review", id: "review-conversions", tag: "Conversions",
		summary: "Approve or reject many conversions", roles: []account.Role{account.Advertiser}, right: account.Read,
		in: schemaOf[reviewRequest](s), out: schemaOf[reviewOutcome](s),
		example: `{"filter":{"status":"pending","offer_id":1,"until":"2026-11-01T00:00:00Z"},"status":"approved","note":"checked","dry_run":true}`,
		text: "Up to 10,000, by `ids` or by `filter`; a filter that fits more is refused. Each change is a signal like that of `PATCH conversions/{id}`, " +
			"and meant for the conversion as it was when it was looked up: one that changes meanwhile is refused (`conflict`). " +
			"Sent again, a review finds what it has changed before unchanged.",
	}, func(ctx context.Context, in *reviewIn) (*answer, error) { return a.review(ctx, in.x, in.RawBody, free) })
}

func (r *reviewRequest) read(body []byte) error {
	if err := merge(r, reviewRequest{}, body); err != nil {
		return err
	}
	var errs []error
	switch {
	case (r.Filter != nil) == (len(r.IDs) > 0):
		errs = append(errs, fault.New(fault.Invalid, "say which conversions are meant: by ids or by filter, and not by both"))
	case len(r.IDs) > mostReviewed:
		errs = append(errs, fault.At("ids", "has %d entries, the most is %d", len(r.IDs), mostReviewed))
	}
	if r.Status == "" {
		errs = append(errs, fault.At("status", "is missing; use approved, pending, rejected or hold"))
	} else {
		errs = append(errs, conversionChange{Status: r.Status, Note: r.Note}.validate())
	}
	return errors.Join(errs...)
}

// review changes the status of many conversions, once there is a place for it.
func (a *API) review(ctx context.Context, x *exchange, body []byte, free places) (*answer, error) {
	var r reviewRequest
	if err := r.read(body); err != nil {
		return nil, err
	}
	if err := x.trial(r.DryRun); err != nil {
		return nil, err
	}
	leave, err := free.turn(ctx, x.who, reviewTurn, "reviews")
	if err != nil {
		return nil, err
	}
	defer leave()
	patient(x, reviewing)
	run := &reviewRun{
		API: a, who: x.who, hit: a.hit(&caller{x}), request: &r, until: time.Now().Add(reviewing),
		out: reviewOutcome{DryRun: r.DryRun, Refused: []reviewRefusal{}}, sums: map[money.Currency]*tally{},
	}
	all, err := run.meant(ctx)
	if err != nil {
		return nil, err
	}
	if err := run.all(ctx, all); err != nil {
		return nil, err
	}
	x.again = run.again
	o, err := run.show()
	if err != nil {
		return nil, err
	}
	status := http.StatusOK
	if run.unwritten && run.out.Changed+run.out.Queued+run.out.Unchanged == 0 {
		status = http.StatusServiceUnavailable
	}
	return &answer{Status: status, Body: o}, nil
}

// reviewRun is one review.
type reviewRun struct {
	*API
	who     account.Principal
	hit     Hit
	request *reviewRequest
	until   time.Time

	mu        sync.Mutex
	out       reviewOutcome
	sums      map[money.Currency]*tally
	again     bool // something is still to be done
	unwritten bool // a change could not be written down
}

// meant looks up which conversions are meant.
func (r *reviewRun) meant(ctx context.Context) ([]conversion.Conversion, error) {
	if r.request.Filter != nil {
		return r.fitting(ctx)
	}
	var all []conversion.Conversion
	seen := make(map[string]bool, len(r.request.IDs))
	for _, text := range r.request.IDs {
		id := strings.ToLower(text)
		if seen[id] {
			continue
		}
		seen[id] = true
		r.out.Matched++
		if ctx.Err() != nil {
			return nil, errGone
		}
		if !r.goesOn(text) {
			continue
		}
		c, err := r.findConversion(ctx, r.who, id)
		if fault.Of(err) == fault.NotFound {
			r.refuse(text, "not_found", err.Error())
			continue
		}
		if err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	return all, nil
}

// fitting gives what the list of conversions gives by the same filter.
func (r *reviewRun) fitting(ctx context.Context) ([]conversion.Conversion, error) {
	in := r.request.Filter
	f := ConversionFilter{
		TransactionID: in.TransactionID, OrderID: in.OrderID, Goal: in.Goal, Status: conversion.Status(in.Status),
		OfferID: in.OfferID, AffiliateID: in.AffiliateID, AdvertiserID: in.AdvertiserID, Test: in.Test, Limit: maxBatch,
	}
	if in.From != nil {
		f.From = *in.From
	}
	if in.Until != nil {
		f.Until = *in.Until
	}
	mine, err := f.narrow(r.who)
	if err != nil || !mine {
		return nil, err
	}
	var all []conversion.Conversion
	for {
		list, next, err := r.Conversions.Conversions(ctx, f)
		if err != nil {
			return nil, err
		}
		if all = append(all, list...); len(all) > mostReviewed {
			return nil, fault.At("filter", "fits more than %d conversions, the most for one review; narrow it, such as by from and until", mostReviewed)
		}
		if f.Cursor = next; next == "" {
			r.out.Matched = len(all)
			return all, nil
		}
	}
}

// all changes what is to be changed: a dry run one after another, since each is
// told on top of those before; else side by side, those that speak of the same
// thing in their order.
func (r *reviewRun) all(ctx context.Context, all []conversion.Conversion) error {
	all = slices.DeleteFunc(all, r.settled)
	claims := make([]json.RawMessage, len(all))
	for i := range all {
		text, err := json.Marshal(conversionChange{Status: r.request.Status, Note: r.request.Note}.parameters(all[i]))
		if err != nil {
			return err
		}
		claims[i] = text
	}
	if r.request.DryRun {
		return r.rehearse(ctx, all, claims)
	}
	if err := r.noteDecision(ctx, r.who, "review", "", decidedReview{r.request.Status, r.request.Note, r.request.Filter, len(all)}); err != nil {
		return err
	}
	abreast(reviewedAbreast, lanes(len(all), func(i int) []string { return r.subjectsOf(claims[i]) }), func(lane []int) {
		for _, i := range lane {
			if r.goesOn(all[i].ID) {
				r.note(&all[i], r.Signals.Submit(ctx, r.change(i, &all[i], claims[i])))
			}
		}
	})
	return nil
}

func (r *reviewRun) rehearse(ctx context.Context, all []conversion.Conversion, claims []json.RawMessage) error {
	tell := r.Rehearse()
	for i := range all {
		if ctx.Err() != nil {
			return errGone
		}
		if !r.goesOn(all[i].ID) {
			continue
		}
		v, err := tell(ctx, r.change(i, &all[i], claims[i]))
		if err != nil {
			return err
		}
		r.note(&all[i], v)
	}
	return nil
}

// change is the hit that PATCH would make of the i-th: what a person decides is
// judged as such.
func (r *reviewRun) change(i int, c *conversion.Conversion, claims json.RawMessage) Hit {
	h := r.hit
	h.Method, h.Path = http.MethodPatch, prefix+"/conversions/"+c.ID
	h.Index, h.Parameters, h.IfVersion = i, claims, c.Version
	return h
}

// settled tells off what needs no change, or may have none.
func (r *reviewRun) settled(c conversion.Conversion) bool {
	switch {
	case r.who.Test && !c.Test:
		r.refuse(c.ID, "forbidden", "what a test key sends is test traffic, and this conversion is none")
	case string(c.Status) == r.request.Status:
		r.out.Unchanged++
	default:
		return false
	}
	return true
}

// goesOn reports whether there is time for one more, and somewhere to write it
// down: once that fails no other is tried, since each would wait as long.
func (r *reviewRun) goesOn(id string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.unwritten:
		r.refuse(id, string(signal.Unavailable), signal.Explain(signal.Unavailable, signal.Detail{}))
	case time.Now().After(r.until):
		r.refuse(id, "no_time", "there was no time left for it; send the review again")
	default:
		return true
	}
	r.again = true
	return false
}

// note counts what became of one.
func (r *reviewRun) note(c *conversion.Conversion, v signal.Verdict) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch v.Status {
	case signal.Accepted, signal.Updated:
		r.out.Changed++
		r.add(c)
	case signal.Duplicate:
		r.out.Unchanged++
	case signal.Queued:
		r.out.Queued++
	default:
		r.refuse(c.ID, string(v.Code), v.Message)
	}
	if v.Code == signal.Unavailable {
		r.unwritten, r.again = true, true
	}
}

func (r *reviewRun) refuse(id, code, message string) {
	r.out.Refused = append(r.out.Refused, reviewRefusal{ID: id, Code: code, Message: message})
}

// add adds a conversion to the sums.
func (r *reviewRun) add(c *conversion.Conversion) {
	of := func(m money.Amount) *tally {
		if r.sums[m.Currency] == nil {
			r.sums[m.Currency] = new(tally)
		}
		return r.sums[m.Currency]
	}
	of(c.Revenue).conversions++
	of(c.Revenue).revenue += c.Revenue.Units
	of(c.Payout).payout += c.Payout.Units
	if c.Amount.Currency != "" { // no sale has been told of
		of(c.Amount).amount += c.Amount.Units
	}
}

// show gives the outcome as the caller may see it, in an order that does not hang
// on which lane was first.
func (r *reviewRun) show() (object, error) {
	slices.SortFunc(r.out.Refused, func(a, b reviewRefusal) int { return strings.Compare(a.ID, b.ID) })
	o, err := objectOf(r.out)
	if err != nil {
		return nil, err
	}
	sums := []object{}
	for _, currency := range slices.Sorted(maps.Keys(r.sums)) {
		t := r.sums[currency]
		one, err := view(r.who.Role, kindSum, reviewSum{
			Currency: currency, Conversions: t.conversions, Amount: money.Decimal(t.amount, currency),
			Revenue: money.Decimal(t.revenue, currency), Payout: money.Decimal(t.payout, currency),
		})
		if err != nil {
			return nil, err
		}
		sums = append(sums, one)
	}
	return o.without("sums").with("sums", sums)
}
