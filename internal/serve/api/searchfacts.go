package api

import (
	"context"
	"math"
	"time"

	"waybill/internal/account"
	"waybill/internal/fact"
	"waybill/internal/fault"
	"waybill/internal/report"
	"waybill/internal/txid"
)

// facts looks for order IDs and the affiliates' click IDs, which the warehouse
// knows.
func (q *search) facts(ctx context.Context) error {
	if len(q.text) < leastPart {
		return nil
	}
	var asOf time.Time
	ordersDone := false
	err := q.look(ctx, q.who, searchTime, func(ctx context.Context, r report.Reader) error {
		now := q.now()
		oldest := now.Add(-max(q.Retention, 24*time.Hour))
		asOf = r.AsOf()
		if err := q.orders(ctx, r, oldest, now); err != nil {
			return err
		}
		ordersDone = true
		return q.clicks(ctx, r, oldest, now)
	})
	if err != nil {
		if ctx.Err() == nil && fault.Of(err) != fault.Unavailable {
			return err
		}
		if !ordersDone {
			q.missed(byOrder, time.Time{}, time.Time{})
		}
		q.missed(byClickID, time.Time{}, time.Time{})
	}
	if err := q.sinceThen(ctx, asOf); err != nil && ctx.Err() == nil {
		return err
	}
	return nil
}

// find looks for facts of which a text begins with what is looked for.
func (q *search) find(ctx context.Context, r report.Reader, table, column string, from, to time.Time) ([]report.Found, error) {
	f, err := report.NewFind(table, column, q.text, from, to, mostOfKind, report.ViewerOf(q.who))
	if err != nil {
		return nil, err
	}
	return f.Read(ctx, r)
}

// orders looks for conversions by their order, and for signals that named it.
func (q *search) orders(ctx context.Context, r report.Reader, from, to time.Time) error {
	found, err := q.find(ctx, r, fact.Conversions, byOrder, from, to)
	if err != nil {
		return err
	}
	for _, one := range found {
		c, err := q.Conversions.Conversion(ctx, one.ID)
		if fault.Of(err) == fault.NotFound { // another ledger's, before a restore
			continue
		}
		if err != nil {
			return err
		}
		q.conversion(&c, byOrder, c.OrderID)
	}
	if q.who.Role == account.Affiliate { // who is not told what signals say
		return nil
	}
	if found, err = q.find(ctx, r, fact.Signals, byOrder, from, to); err != nil {
		return err
	}
	for _, one := range found {
		if err := q.ordered(ctx, one); err != nil {
			return err
		}
	}
	return nil
}

// ordered adds a signal that named an order.
func (q *search) ordered(ctx context.Context, one report.Found) error {
	id, err := txid.Parse(one.ID)
	if err != nil {
		return err
	}
	before := len(q.out.Data)
	if _, err := q.hit(ctx, id); err != nil || len(q.out.Data) == before {
		return err
	}
	last := &q.out.Data[len(q.out.Data)-1]
	last.Title, last.By, last.Exact = one.Text, byOrder, one.Text == q.text
	return nil
}

// stretches are how far back affiliates' click IDs are looked for, step by step.
// The last reaches as far as there is anything.
func stretches() []time.Duration {
	const day = 24 * time.Hour
	return []time.Duration{time.Hour, day, 7 * day, 30 * day, 90 * day, math.MaxInt64}
}

// clicks looks for clicks by the affiliate's ID, the latest first. What was found
// exactly is looked for no further: an affiliate's ID is one click's.
func (q *search) clicks(ctx context.Context, r report.Reader, oldest, now time.Time) error {
	if q.who.Role == account.Advertiser {
		return nil
	}
	to := now
	for _, back := range stretches() {
		from := now.Add(-min(back, now.Sub(oldest)))
		if !from.Before(to) {
			break
		}
		done, err := q.stretch(ctx, r, from, to)
		if err != nil {
			q.missed(byClickID, to, time.Time{})
			return err
		}
		if done {
			return nil
		}
		to = from
	}
	if asOf := r.AsOf(); !asOf.IsZero() && now.Sub(asOf) > late {
		q.missed(byClickID, time.Time{}, asOf)
	}
	return nil
}

// stretch looks for clicks of a stretch of time, and reports whether enough were
// found.
func (q *search) stretch(ctx context.Context, r report.Reader, from, to time.Time) (done bool, err error) {
	found, err := q.find(ctx, r, fact.Clicks, byClickID, from, to)
	if err != nil {
		return false, err
	}
	done = len(found) >= mostOfKind
	for _, one := range found {
		exact, err := q.clicked(ctx, one)
		if err != nil {
			return false, err
		}
		done = done || exact
	}
	return done, nil
}

// clicked adds a click that was found by the affiliate's ID, and reports whether
// that is the whole ID.
func (q *search) clicked(ctx context.Context, one report.Found) (exact bool, err error) {
	id, err := txid.Parse(one.ID)
	if err != nil {
		return false, err
	}
	before := len(q.out.Data)
	added, err := q.visit(ctx, id)
	if err != nil || !added {
		return false, err
	}
	exact = one.Text == q.text
	if len(q.out.Data) > before {
		last := &q.out.Data[len(q.out.Data)-1]
		last.Title, last.By, last.Exact = one.Text, byClickID, exact
	}
	return exact, nil
}

// late is how long a conversion may be on its way to the warehouse after it is
// said to hold everything up to then.
const late = time.Minute

// farthest is how far back the ledger is searched for what the warehouse lacks.
const farthest = time.Hour

// sinceThen looks for orders that the warehouse does not know yet.
func (q *search) sinceThen(ctx context.Context, asOf time.Time) error {
	from := asOf.Add(-late)
	if far := q.now().Add(-farthest); from.Before(far) {
		from = far
		if !asOf.IsZero() {
			q.missed(byOrder, time.Time{}, asOf)
		}
	}
	for _, test := range [...]bool{false, true} {
		f := ConversionFilter{OrderID: q.text, From: from, Test: test, Limit: mostOfKind}
		if mine, err := f.narrow(q.who); err != nil || !mine {
			return err
		}
		all, _, err := q.Conversions.Conversions(ctx, f)
		if err != nil {
			return err
		}
		for i := range all {
			q.conversion(&all[i], byOrder, all[i].OrderID)
		}
	}
	return nil
}
