package tally

import (
	"errors"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"waybill/internal/click"
	"waybill/internal/conversion"
	"waybill/internal/fact"
	"waybill/internal/fault"
	"waybill/internal/money"
	"waybill/internal/signal"
	"waybill/internal/txid"
)

// small bounds batches so that every bound is met.
func small() limits {
	return limits{visits: 3, bytes: 150, signals: 2, rows: 2, patience: time.Second}
}

// history is a random sequence of what happens, with a worker that is stopped
// and failed at any place of it.
type history struct {
	t     *rapid.T
	w     *world
	now   time.Time
	open  []func()        // tickets, and what is written when they are done
	wait  []signal.Signal // without a verdict
	store *warehouse
	lag   *warehouse // the store as it was some time before
	ship  *shipping
}

func (h *history) pass() time.Time {
	h.now = h.now.Add(time.Duration(rapid.IntRange(0, 3).Draw(h.t, "ms")) * time.Millisecond)
	return h.now
}

func (h *history) begin(k txid.Kind) txid.Ticket {
	node := rapid.SampledFrom([]uint16{liveNode, liveNode, gone}).Draw(h.t, "node")
	return h.w.mints[node].Begin(h.pass(), txid.Subject{
		Kind: k, Offer: 7, Affiliate: 9, Test: rapid.Bool().Draw(h.t, "test"),
	})
}

// later ends a ticket now or some time later. A process that is gone has none
// open.
func (h *history) later(t txid.Ticket, end func()) {
	done := func() { end(); t.Done() }
	if t.ID.Node() == liveNode && rapid.Bool().Draw(h.t, "stays open") {
		h.open = append(h.open, done)
		return
	}
	done()
}

// Visit is a click or an impression, that is written down or not.
func (h *history) Visit(*rapid.T) {
	k := rapid.SampledFrom([]txid.Kind{txid.Click, txid.Click, txid.Impression}).Draw(h.t, "kind")
	ticket := h.begin(k)
	c := click.Click{
		ID: ticket.ID, At: ticket.ID.Time(), OfferID: rapid.SampledFrom([]int64{7, 0, 8}).Draw(h.t, "offer"), AffiliateID: 9,
		Source: rapid.StringN(0, 60, 60).Draw(h.t, "source"),
	}
	advertiser := map[int64]int64{7: 3}[c.OfferID]
	switch rapid.IntRange(0, 9).Draw(h.t, "fate") {
	case 0: // the disk has not taken it
		h.later(ticket, func() {})
	case 1: // damaged; its ID tells what there is
		h.later(ticket, func() { h.w.journal.put(c.ID, []byte{0xff, 0xff}) })
		h.w.expect(k.String(), fact.OfClick(&click.Click{ID: c.ID, OfferID: 7, AffiliateID: 9}, 3))
	default:
		h.later(ticket, func() { h.w.journal.put(c.ID, c.Append(nil)) })
		h.w.expect(k.String(), fact.OfClick(&c, advertiser))
	}
}

// Signal comes in.
func (h *history) Signal(*rapid.T) {
	ticket := h.begin(txid.Signal)
	s := signal.Signal{ID: ticket.ID, ReceivedAt: ticket.ID.Time(), Channel: signal.Postback, Raw: "x", Method: "GET"}
	if rapid.Bool().Draw(h.t, "names a click") {
		var err error
		s.Click, err = h.w.catalog.Ring().Seal(txid.Parts{Kind: txid.Click, Time: h.now, Node: 5, Offer: 7, Affiliate: 9})
		if err != nil {
			h.t.Fatal(err)
		}
	}
	h.later(ticket, func() { h.w.journal.put(s.ID, s.Append(nil)) })
	h.wait = append(h.wait, s)
}

// Settle gives any signal that waits its verdict, whatever the order.
func (h *history) Settle(*rapid.T) {
	if len(h.wait) == 0 {
		h.t.Skip("no signal waits")
	}
	n := rapid.IntRange(0, len(h.wait)-1).Draw(h.t, "signal")
	s := h.wait[n]
	h.wait = append(h.wait[:n], h.wait[n+1:]...)
	v := signal.Verdict{Status: signal.Accepted, Code: signal.OK, SignalID: s.ID.String(), OfferID: 7, GoalID: 70}
	affiliate := int64(0)
	if !s.Click.IsZero() {
		v.TransactionID, affiliate = s.Click.String(), 9
	}
	if rapid.Bool().Draw(h.t, "is credited to another's click") {
		other, err := h.w.catalog.Ring().Seal(txid.Parts{Kind: txid.Click, Time: h.now, Node: 6, Offer: 7, Affiliate: 4})
		if err != nil {
			h.t.Fatal(err)
		}
		v.TransactionID, affiliate = other.String(), 4
	}
	h.w.expect(fact.Signals, fact.OfSignal(&s, v, 3, affiliate))
	h.w.ledger.verdicts[s.ID] = v
	h.change(nil, conversion.Conversion{
		ID: "c" + s.ID.String(), OfferID: 7, Status: conversion.Pending, Payout: money.Amount{Units: 5, Currency: "USD"},
		Touch: conversion.Touch{Kind: "click", At: h.now}, OccurredAt: h.now, Version: 1,
	})
}

// Change of a conversion, which may be one of nothing that is reported.
func (h *history) Change(*rapid.T) {
	if len(h.w.ledger.changes) == 0 {
		h.t.Skip("there is no conversion")
	}
	before := rapid.SampledFrom(h.w.ledger.changes).Draw(h.t, "conversion").after
	after := before
	after.Version++
	after.Status = rapid.SampledFrom([]conversion.Status{conversion.Pending, conversion.Approved, conversion.Rejected}).Draw(h.t, "status")
	h.change(&before, after)
}

func (h *history) change(before *conversion.Conversion, after conversion.Conversion) {
	l := h.w.ledger
	l.changes = append(l.changes, change{before, after})
	for _, f := range l.facts(int64(len(l.changes))) {
		h.w.expect(fact.Conversions, f)
	}
}

// Attempt is recorded; the numbers have gaps.
func (h *history) Attempt(*rapid.T) {
	last := int64(0)
	if all := h.w.ledger.attempts; len(all) > 0 {
		last = all[len(all)-1].Number
	}
	a := fact.Attempt{Number: last + rapid.Int64Range(1, 3).Draw(h.t, "gap"), DeliveryID: "d", At: h.now}
	h.w.ledger.attempts = append(h.w.ledger.attempts, a)
	h.w.expect(fact.Deliveries, a)
}

// Finish ends the ticket that has been open for longest, or another.
func (h *history) Finish(*rapid.T) {
	if len(h.open) == 0 {
		h.t.Skip("no ticket is open")
	}
	n := rapid.IntRange(0, len(h.open)-1).Draw(h.t, "ticket")
	h.open[n]()
	h.open = append(h.open[:n], h.open[n+1:]...)
}

// Ship has the worker take a step, which may fail at any place of it.
func (h *history) Ship(*rapid.T) {
	failure := errors.New("broken on purpose")
	switch rapid.IntRange(0, 9).Draw(h.t, "failure") {
	case 0:
		h.store.fail = failure // before the commit
	case 1:
		h.store.lost = failure // behind it, and nobody hears of it
	case 2:
		h.w.journal.fail(failure, nil)
		defer h.w.journal.fail(nil, nil)
	case 3:
		h.w.journal.fail(nil, failure)
		defer h.w.journal.fail(nil, nil)
	case 4:
		h.w.ledger.err = failure
		defer func() { h.w.ledger.err = nil }()
	}
	h.ship.ledger, h.ship.journal = trouble{}, trouble{} // it has waited long enough
	if _, err := h.ship.step(h.t.Context()); err != nil && !errors.Is(err, failure) {
		h.t.Fatalf("step: %v", err)
	}
}

// Restart ends the worker's process, and begins another.
func (h *history) Restart(*rapid.T) {
	w := h.w.worker(h.store, slog.New(slog.DiscardHandler))
	w.limits = small()
	h.ship = &shipping{Worker: w, to: h.store}
	h.lag = h.store.clone()
}

// Check compares what is stored with what there was to be stored, before all of
// it is: nothing twice, and nothing that did not happen.
func (h *history) Check(*rapid.T) {
	for table, rows := range h.store.all() {
		left := map[string]int{}
		for _, r := range h.w.want[table] {
			left[r]++
		}
		for _, r := range rows {
			if left[r]--; left[r] < 0 {
				h.t.Fatalf("%s is stored, and should not be, or not again: %s", table, r)
			}
		}
	}
}

// drain ends all that is under way and ships the rest.
func (h *history) drain() {
	for len(h.open) > 0 {
		h.Finish(h.t)
	}
	for len(h.wait) > 0 {
		h.Settle(h.t)
	}
	h.ship.ledger, h.ship.journal = trouble{}, trouble{}
	for more, n := true, 0; more; n++ {
		var err error
		if more, err = h.ship.step(h.t.Context()); err != nil {
			h.t.Fatalf("step: %v", err)
		}
		if n > 10_000 {
			h.t.Fatal("there is always more")
		}
	}
}

// TestEveryFactOnce ships random histories, with a worker that is stopped and
// fails between any two of its steps: the warehouse has every fact once, and so
// has one that is built anew from the same sources.
func TestEveryFactOnce(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		h := &history{t: rt, w: newWorld(t), now: time.Date(2026, 11, 21, 23, 59, 59, 990e6, time.UTC), store: newWarehouse()}
		h.Restart(rt)
		rt.Repeat(map[string]func(*rapid.T){
			"visit": h.Visit, "signal": h.Signal, "settle": h.Settle, "change": h.Change, "attempt": h.Attempt,
			"finish": h.Finish, "ship": h.Ship, "ship again": h.Ship, "restart": h.Restart, "": h.Check,
		})
		h.drain()
		want := h.w.expected()
		if diff := cmp.Diff(want, h.store.all()); diff != "" {
			rt.Fatalf("shipped as it came (-want +got):\n%s", diff)
		}
		fresh := newWarehouse()
		from := Rebuilding{Sources: h.w.sources(), limits: small()}
		if err := Rebuild(rt.Context(), from, fresh, func(Progress) {}); err != nil {
			rt.Fatal(err)
		}
		if diff := cmp.Diff(want, fresh.all()); diff != "" {
			rt.Fatalf("built anew (-want +got):\n%s", diff)
		}
		h.older()
	})
}

// older builds a warehouse whose older days come from one before it, which is
// behind: the journal and the ledger have dropped some of what that has read.
func (h *history) older() {
	from := Rebuilding{Sources: h.w.sources(), limits: small()}
	from.Horizon = h.now.Add(-time.Duration(rapid.IntRange(0, 30).Draw(h.t, "kept")) * time.Millisecond)
	from.AttemptHorizon = from.Horizon
	h.w.journal.drop(func(id txid.ID) bool {
		return id.Time().Before(from.Horizon) && uint64(id.Tick()) < h.lag.at[source(id.Kind(), id.Node())].At
	})
	h.w.ledger.attempts = slices.DeleteFunc(h.w.ledger.attempts, func(a fact.Attempt) bool {
		return a.At.Before(from.Horizon) && uint64(a.Number) <= h.lag.at[attemptSource].At
	})
	fresh := newWarehouse()
	from.Older = h.lag.olderThan(fresh)
	if err := Rebuild(h.t.Context(), from, fresh, func(Progress) {}); err != nil {
		h.t.Fatal(err)
	}
	if diff := cmp.Diff(h.w.expected(), fresh.all()); diff != "" {
		h.t.Fatalf("with older days from the warehouse before (-want +got):\n%s", diff)
	}
	if err := Rebuild(h.t.Context(), from, fresh, func(Progress) {}); fault.Of(err) != fault.Conflict {
		h.t.Fatalf("a warehouse that holds facts was filled again: %v", err)
	}
}
