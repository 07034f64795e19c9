package settlement_test

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"waybill/internal/conversion"
	"waybill/internal/param"
	"waybill/internal/signal"
	"waybill/internal/txid"
)

// TestAnyOrderEndsTheSame is the promise that a conversion is counted once,
// whatever the order, the channel, the identifiers and the repetitions. Hits of a
// transaction agree on the amount and name no status; what comes out is compared
// without the names that the first hit gives.
func TestAnyOrderEndsTheSame(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(t, lenient)
		goal := rapid.SampledFrom([]string{"default", "sale", "strict", "edit"}).Draw(rt, "goal")
		signals := anyHits(rt, w, goal)
		first := outcome(rt, w, signals)

		again := slices.Concat(signals, rapid.SliceOf(rapid.SampledFrom(signals)).Draw(rt, "settled again"))
		for _, s := range rapid.SliceOf(rapid.SampledFrom(signals)).Draw(rt, "sent again") {
			s.ID = w.signal("postback").ID
			again = append(again, s)
		}
		shuffled := rapid.Permutation(again).Draw(rt, "order")
		if second := outcome(rt, w, shuffled); second != first {
			rt.Fatalf("goal %s\nin order:  %s\nshuffled: %s", goal, first, second)
		}
	})
}

// anyHits draws hits of up to three transactions. Each transaction has orders of
// its own, more than one only where the goal counts orders; where it has more
// than one, every hit names its order, since otherwise nobody can tell whose
// sighting an unnamed hit is.
func anyHits(t *rapid.T, w *world, goal string) []signal.Signal {
	var all []signal.Signal
	w.customers = map[string]txid.ID{}
	for tx := range rapid.IntRange(1, 3).Draw(t, "transactions") {
		w.click = w.newClick(7)
		customer := fmt.Sprintf("c-%d", tx)
		w.customers[customer] = w.click.ID
		orders := 1
		if goal == "sale" {
			orders = rapid.IntRange(1, 3).Draw(t, "orders")
		}
		for range rapid.IntRange(1, 6).Draw(t, "hits") {
			channel := rapid.SampledFrom([]string{"postback", "pixel", "sdk", "api"}).Draw(t, "channel")
			who := rapid.SampledFrom([]string{"", " customer_id=ID", " transaction_id= customer_id=ID"}).Draw(t, "who")
			hit := fmt.Sprintf("%s goal=%s amount=50", channel, goal) + strings.ReplaceAll(who, "ID", customer)
			if orders > 1 || rapid.Bool().Draw(t, "names the order") {
				hit += fmt.Sprintf(" order_id=%d-%d", tx, rapid.IntRange(1, orders).Draw(t, "order"))
			}
			all = append(all, w.signal(hit))
		}
	}
	return all
}

// outcome settles signals with empty books and writes down what stands then.
func outcome(t *rapid.T, w *world, signals []signal.Signal) string {
	w.books, w.lost = newBooks(), true
	w.source.Offers[0].CreditWithoutClick = "accept"
	w.rebuildKeeping()
	for _, s := range signals {
		if v := w.settle(s); v.Status == signal.Rejected {
			t.Fatalf("refused: %+v", v)
		}
	}
	slices.SortFunc(w.conversions, func(a, b conversion.Conversion) int {
		return cmp.Or(cmp.Compare(a.Touch.TransactionID, b.Touch.TransactionID), cmp.Compare(a.OrderID, b.OrderID))
	})
	var seen string
	for _, c := range w.conversions {
		seen += fmt.Sprintf(" [%s %t %t]", c.Touch.TransactionID, c.SeenByServer, c.SeenByClient)
	}
	return w.summary() + seen
}

// TestHowManyAreCounted compares the count with what can be told from the hits
// alone: one a transaction, or one an order of it.
func TestHowManyAreCounted(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(t, lenient)
		goal := rapid.SampledFrom([]string{"default", "sale"}).Draw(rt, "goal")
		signals := anyHits(rt, w, goal)
		want := map[string]bool{}
		known := slices.Clone(signals)
		for i := range known {
			if s := &known[i]; s.Click.IsZero() { // it is its customer's
				s.Click = w.customers[s.Value(param.CustomerID)]
			}
		}
		for _, s := range known {
			key := s.Click.String()
			if goal == "sale" {
				key = orderOf(known, s)
			}
			want[key] = true
		}
		outcome(rt, w, signals)
		if len(w.conversions) != len(want) {
			rt.Fatalf("%d conversions of %d: %s", len(w.conversions), len(want), w.summary())
		}
	})
}

// orderOf gives the order that a hit speaks of: its own, or the only one of its
// transaction.
func orderOf(all []signal.Signal, s signal.Signal) string {
	for _, o := range append([]signal.Signal{s}, all...) {
		if order := o.Value(param.OrderID); order != "" && o.Click == s.Click {
			return order
		}
	}
	return s.Click.String()
}
