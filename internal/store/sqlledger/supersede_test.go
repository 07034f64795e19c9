package sqlledger

import (
	"fmt"
	"slices"
	"testing"

	"waybill/internal/conversion"
	"waybill/internal/ledger"
	"waybill/internal/money"
	"waybill/internal/offer"
	"waybill/internal/settlement"
	"waybill/internal/signal"
)

// underCaps has the offer count conversions a day, in all and for each affiliate.
func underCaps(o *offer.Offer) {
	all := offer.Cap{Metric: offer.CapConversions, Period: "day", Limit: money.Micros(1000 * money.Unit), OnReached: "reject"}
	each := all
	each.PerAffiliate = true
	o.Caps = []offer.Cap{all, each}
	o.ClientSideStatus = "approved"
}

// used gives what counts for an affiliate under the cap of each, and in all.
func (w *trade) used(affiliateID int64) (each, all int64) {
	w.t.Helper()
	k := settlement.Counter{OfferID: 7, Metric: offer.CapConversions, Period: clock.Format("day 2006-01-02")}
	own := k
	own.AffiliateID = affiliateID
	used, err := w.db.Used(w.t.Context(), []settlement.Counter{k, own})
	if err != nil {
		w.t.Fatal(err)
	}
	return used[own], used[k]
}

// balance gives what an affiliate is owed, in dollars, approved.
func (w *trade) balance(affiliateID int64) (units int64) {
	w.t.Helper()
	all, err := w.db.Balances(w.t.Context(), BalanceFilter{Party: ledger.Affiliate, PartyID: affiliateID})
	if err != nil {
		w.t.Fatal(err)
	}
	for _, b := range all {
		units -= micro(b.Amount)
	}
	return units / money.Unit
}

// takesOrder: all that changes when a server takes an order from a browser is
// written at once, and found again.
func takesOrder(t *testing.T, db *DB) {
	w := newTradeOf(t, db, underCaps)
	thief, of := w.clickOf(8), w.click()
	const hit = " tid=x goal=sale amount=50 order_id=X"
	pixel, api := w.hit(thief, "pixel"+hit), w.hit(of, "api"+hit)
	w.settled(pixel)
	for range 2 { // the second time it is settled already
		w.settled(api)
	}
	w.settled(w.hit(of, "api"+hit))
	w.settled(w.hit(thief, "pixel"+hit))

	lost, won := w.of(thief.ID.String()), w.of(of.ID.String())
	if len(lost) != 1 || len(won) != 1 {
		t.Fatalf("%d conversions of the one click, %d of the other; want one each", len(lost), len(won))
	}
	if c := lost[0]; c.Status != conversion.Rejected || c.Reason != conversion.Superseded || c.Version != 2 ||
		c.Memory.SupersededBy != won[0].ID || c.Memory.SupersededIn != api.ID.String() || len(c.Memory.CapUse) != 0 {
		t.Errorf("the one that lost its order is %+v", c)
	}
	if c := won[0]; c.Status != conversion.Approved || c.Reason != "" || c.OrderID != "X" || len(c.Memory.CapUse) != 2 {
		t.Errorf("the one that has it is %+v", c)
	}
	if mine, others := w.balance(9), w.balance(8); mine != 5 || others != 0 {
		t.Errorf("affiliate 9 is owed %d, 8 %d; want 5 and nothing", mine, others)
	}
	for id, want := range map[int64]int64{8: 0, 9: 1} {
		if each, all := w.used(id); each != want || all != 1 {
			t.Errorf("affiliate %d has %d of its cap, all have %d; want %d and 1", id, each, all, want)
		}
	}
	entries, err := db.Entries(t.Context(), lost[0].ID)
	if err != nil || len(entries) != 6 {
		t.Errorf("%d entries (%v), want those that were booked and those that took them back", len(entries), err)
	}
	for _, e := range entries[min(3, len(entries)):] {
		if e.SignalID != api.ID.String() || e.Reason != string(conversion.EventReversed) {
			t.Errorf("entry %+v, want one of the server's signal", e)
		}
	}
	if changes, err := db.Changes(t.Context(), 0, 10); err != nil || len(changes) != 3 {
		t.Errorf("%d changes (%v), want two of the one conversion and one of the other", len(changes), err)
	}
	w.traced(thief.ID.String(), api.ID.String())
	checkClean(t, db)
}

// traced looks for a signal among those that a transaction's trace shows as
// another's.
func (w *trade) traced(transactionID, signalID string) {
	w.t.Helper()
	trace, err := w.db.Trace(w.t.Context(), transactionID)
	if err != nil {
		w.t.Fatal(err)
	}
	if len(trace.Passed) != 1 || trace.Passed[0].SignalID != signalID || len(trace.Passed[0].Candidates) != 2 {
		w.t.Errorf("the trace passes %+v, want the signal %s with both clicks", trace.Passed, signalID)
	}
}

// takesOrderAgain: so does a signal that was rejected first, and is judged again.
func takesOrderAgain(t *testing.T, db *DB) {
	w := newTradeOf(t, db, underCaps)
	thief, of := w.clickOf(8), w.click()
	h := w.hit(of, "api tid=x goal=sale amount=50 order_id=X")
	refused := w.prepared(h)
	v := signal.Verdict{Status: signal.Rejected, Code: signal.OfferInactive, SignalID: h.ID.String(), SettledAt: clock}
	refused.Refusal = &v
	settle(t, db, refused)
	w.settled(w.hit(thief, "pixel tid=x goal=sale amount=50 order_id=X"))

	again := settleAgain(t, db, w.prepared(h), signal.Replay{By: "key 1"})
	lost := w.of(thief.ID.String())
	if again.Status != signal.Accepted || len(lost) != 1 || !lost[0].Superseded() || w.balance(8) != 0 || w.balance(9) != 5 {
		t.Errorf("judged again it is %+v, and the other %+v", again, lost)
	}
	checkClean(t, db)
}

// takesOrderAtOnce: two browsers and two servers claim one order at the same
// instant, some of them twice, while a person decides on what is there. Whoever
// comes first, it counts once, for a click that a server named, and nothing is
// left of the others.
func takesOrderAtOnce(t *testing.T, db *DB) {
	w := newTradeOf(t, db, underCaps)
	took := 0
	for n := range 30 {
		thief, of, late := w.clickOf(8), w.click(), w.clickOf(8)
		goal := []string{"default", "sale"}[n%2]
		hit := fmt.Sprintf(" tid=x goal=%s amount=50 order_id=o%d", goal, n)
		pixel, api := w.hit(thief, "pixel"+hit), w.hit(of, "api"+hit)
		if n%2 == 0 { // half of the race is run before
			w.settled(pixel)
		}
		all := []heard{
			pixel, api, api, w.hit(of, "api"+hit), w.hit(thief, "sdk"+hit), w.hit(of, "pixel"+hit), w.hit(late, "sdk"+hit),
		}
		if n%2 == 0 {
			all = slices.Insert(all, 0, w.hit(late, "import"+hit))
		}
		if n%5 == 0 { // a server reports the thief's click, and no order
			all = append(all, w.hit(thief, fmt.Sprintf("postback tid=x goal=%s amount=50", goal)))
		}
		for i, v := range w.atOnce(all...) {
			if v.Status == signal.Rejected || v.Status == "" {
				t.Errorf("round %d, signal %d: %+v", n, i, v)
			}
		}
		owners := slices.Concat(w.of(thief.ID.String()), w.of(of.ID.String()), w.of(late.ID.String()))
		counts := 0
		for _, c := range owners {
			switch {
			case c.Superseded():
				took++
				if c.Status != conversion.Rejected || len(c.Memory.CapUse) > 0 {
					t.Errorf("round %d: superseded, and %+v", n, c)
				}
			case c.OrderID != "":
				counts++
				if !c.Vouched() || c.Memory.OrderByBrowser || c.Status != conversion.Approved {
					t.Errorf("round %d: order %s is one that no server has named: %+v", n, c.OrderID, c)
				}
			case !c.Vouched() || c.Touch.TransactionID != thief.ID.String():
				t.Errorf("round %d: without an order, and %+v", n, c)
			}
		}
		if counts != 1 {
			t.Errorf("round %d: %d conversions have the order, want one: %+v", n, counts, owners)
		}
	}
	if took == 0 {
		t.Error("nothing was ever superseded: there was no race")
	}
	checkClean(t, db)
}
