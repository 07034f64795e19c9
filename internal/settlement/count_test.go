package settlement_test

import (
	"testing"

	"waybill/internal/catalog"
	"waybill/internal/offer"
)

// duplicate, sighting and updated are the answers to hits on what is known.
const (
	accepted  = "accepted ok 200"
	duplicate = "duplicate duplicate 200"
	sighting  = "duplicate sighting 200"
	updated   = "updated updated 200"
	forbidden = "rejected transition_not_allowed 422"
)

// TestOnce goes through the goals that count one conversion per transaction.
func TestOnce(t *testing.T) {
	runRows(t, []row{
		{name: "the same postback again", before: []string{"postback"}, hit: "postback", want: duplicate, after: counted},
		{name: "another order of the same transaction", before: []string{"postback order_id=A"}, hit: "postback order_id=B", want: duplicate, after: "approved order=A pays=4/6"},
		{name: "an order ID that comes later is kept", before: []string{"postback"}, hit: "postback order_id=A", want: duplicate, after: "approved order=A pays=4/6"},
		{name: "and is the conversion's from then on", before: []string{"postback", "postback order_id=A"}, hit: "postback order_id=B", want: duplicate, after: "approved order=A pays=4/6"},
		{name: "each goal counts for itself", before: []string{"postback"}, hit: "postback goal=deal", want: accepted, after: counted + " | approved deal pays=4/6"},
		{name: "long after the window a repeated hit is still a duplicate", before: []string{"postback"}, hit: "postback @9999h", want: duplicate, after: counted},
		{name: "also when the offer is archived by then", before: []string{"postback"}, hit: "postback amount=3", want: duplicate, after: counted},
	})
}

// TestOrderOfAnotherTransaction holds that an order is counted once, whoever
// brings it.
func TestOrderOfAnotherTransaction(t *testing.T) {
	for _, goal := range []string{"default", "sale", "ping"} {
		t.Run(goal, func(t *testing.T) {
			w := newWorld(t, nil)
			hit := "postback goal=" + goal + " amount=50 order_id=A"
			first := w.hit(hit)
			w.click = w.newClick(7)
			v := w.hit(hit + " status=rejected")
			if got := answer(v); got != duplicate || v.ConversionID != first.ConversionID {
				t.Errorf("got %s of %s, want a duplicate of %s", got, v.ConversionID, first.ConversionID)
			}
			if len(w.conversions) != 1 || w.conversions[0].Status != "approved" {
				t.Errorf("after it: %s", w.summary())
			}
			if v := w.hit("postback test=1 goal=" + goal + " amount=50 order_id=A"); answer(v) != accepted {
				t.Errorf("the same order of a test: %s", answer(v))
			}
		})
	}
}

// TestPerOrder goes through the goals that count one conversion per order.
func TestPerOrder(t *testing.T) {
	const a, b = "approved sale order=A amount=50 pays=5/10", "approved sale order=B amount=20 pays=2/4"
	runRows(t, []row{
		{name: "an order", hit: "postback goal=sale order_id=A amount=50", want: accepted, after: a},
		{name: "the order again", before: []string{"postback goal=sale order_id=A amount=50"}, hit: "postback goal=sale order_id=A amount=50", want: duplicate, after: a},
		{name: "another order", before: []string{"postback goal=sale order_id=A amount=50"}, hit: "postback goal=sale order_id=B amount=20", want: accepted, after: a + " | " + b},
		{
			name:   "a hit without an order joins the oldest",
			before: []string{"postback goal=sale order_id=A amount=50", "postback goal=sale order_id=B amount=20"},
			hit:    "postback goal=sale amount=50", want: duplicate, after: a + " | " + b,
		},
		{name: "or makes one", hit: "postback goal=sale amount=50", want: accepted, after: "approved sale amount=50 pays=5/10"},
		{name: "which the first order adopts", before: []string{"postback goal=sale amount=50"}, hit: "postback goal=sale order_id=A amount=50", want: duplicate, after: a},
		{
			name:   "and only the first",
			before: []string{"postback goal=sale amount=50", "postback goal=sale order_id=A amount=50"},
			hit:    "postback goal=sale order_id=B amount=20", want: accepted, after: a + " | " + b,
		},
		{
			name: "a browser's order adopts a server's conversion", before: []string{"postback goal=sale amount=50"},
			hit: "pixel goal=sale order_id=A amount=50", want: sighting, after: a,
		},
		{
			name: "one order is reversed and the other stays",
			before: []string{
				"postback goal=sale order_id=A amount=50", "postback goal=sale order_id=B amount=20",
			},
			hit: "postback goal=sale order_id=B status=rejected", want: updated, after: a + " | rejected sale order=B amount=20 pays=2/4",
		},
	})
}

// TestEvery goes through the goals that count every hit.
func TestEvery(t *testing.T) {
	const one = "approved ping pays=4/6"
	runRows(t, []row{
		{name: "each server hit counts", before: []string{"postback goal=ping"}, hit: "postback goal=ping", want: accepted, after: one + " | " + one},
		{name: "but a hit_id only once", before: []string{"postback goal=ping hit_id=1"}, hit: "postback goal=ping hit_id=1", want: duplicate, after: one},
		{name: "another hit_id counts", before: []string{"postback goal=ping hit_id=1"}, hit: "postback goal=ping hit_id=2", want: accepted, after: one + " | " + one},
		{name: "an order only once", before: []string{"postback goal=ping order_id=A"}, hit: "postback goal=ping order_id=A", want: duplicate, after: "approved ping order=A pays=4/6"},
		{name: "an order with another hit_id too", before: []string{"postback goal=ping order_id=A hit_id=1"}, hit: "postback goal=ping order_id=A hit_id=2", want: duplicate, after: "approved ping order=A pays=4/6"},
		{
			name:   "what came by its order is known by its hit_id from then on",
			before: []string{"postback goal=ping order_id=A", "postback goal=ping order_id=A hit_id=1"},
			hit:    "postback goal=ping hit_id=1", want: duplicate, after: "approved ping order=A pays=4/6",
		},
		{name: "a browser's hit with a hit_id counts", hit: "pixel goal=ping hit_id=1", want: accepted, after: "pending ping pays=4/6 waits=server"},
		{name: "and is confirmed by the server's", before: []string{"pixel goal=ping hit_id=1"}, hit: "postback goal=ping hit_id=1", want: updated, after: one},
		{name: "a browser's without either is a sighting", before: []string{"postback goal=ping"}, hit: "pixel goal=ping", want: sighting, after: one},
		{name: "once", before: []string{"postback goal=ping", "pixel goal=ping"}, hit: "pixel goal=ping", want: duplicate, after: one},
		{name: "and nothing where there is nothing to sight", hit: "pixel goal=ping", want: "rejected order_id_missing 400"},
		{name: "unless more is wrong with it", hit: "pixel goal=ping @9999h", want: "rejected click_expired 422"},
	})
}

// TestTwoChannels goes through what a server and a browser see of the same
// thing.
func TestTwoChannels(t *testing.T) {
	both := func(s *catalog.Source) { s.Offers[0].ClientSideStatus = "approved" }
	const sale = "approved edit amount=50 pays=5/10"
	runRows(t, []row{
		{name: "the browser after the server", before: []string{"postback"}, hit: "pixel", want: sighting, after: counted},
		{name: "the browser after the server, again", before: []string{"postback", "pixel"}, hit: "pixel", want: duplicate, after: counted},
		{name: "another kind of browser channel is the same channel", before: []string{"postback", "pixel"}, hit: "sdk", want: duplicate, after: counted},
		{name: "the server confirms what waited for it", before: []string{"pixel"}, hit: "postback", want: updated, after: counted},
		{name: "and once it has, the browser only sights", before: []string{"pixel", "postback"}, hit: "pixel", want: duplicate, after: counted},
		{name: "the server's repetition is none of news", before: []string{"pixel", "postback"}, hit: "postback", want: duplicate, after: counted},
		{name: "where nothing waits the server only sights", config: both, before: []string{"pixel"}, hit: "postback", want: sighting, after: counted},
		{name: "once", config: both, before: []string{"pixel", "postback"}, hit: "postback", want: duplicate, after: counted},
		{name: "the server's amount replaces the browser's", config: both, before: []string{"pixel goal=edit amount=70"}, hit: "postback goal=edit amount=50", want: updated, after: sale},
		{name: "also a later one, if it is the server's first", config: both, before: []string{"pixel amount=70", "postback"}, hit: "postback amount=50", want: updated, after: "approved amount=50 pays=4/6"},
		{name: "but not a second one, where repeated hits are ignored", config: both, before: []string{"pixel amount=70", "postback amount=50"}, hit: "postback amount=60", want: duplicate, after: "approved amount=50 pays=4/6"},
		{name: "a browser's amount does not replace the server's", before: []string{"postback goal=edit amount=50"}, hit: "pixel goal=edit amount=70", want: sighting, after: sale},
		{name: "nor does one come in that the server left out", before: []string{"postback"}, hit: "pixel amount=70", want: sighting, after: counted},
		{name: "the server's word is final where it says pending", before: []string{"pixel"}, hit: "postback status=pending", want: sighting, after: "pending pays=4/6"},
		{name: "and where it says rejected", before: []string{"pixel"}, hit: "postback status=rejected", want: updated, after: "rejected pays=4/6"},
		{name: "a browser may correct a browser where the goal lets it", config: both, before: []string{"pixel goal=edit amount=70"}, hit: "pixel goal=edit amount=50", want: updated, after: sale},
		{name: "and not where it does not", config: both, before: []string{"pixel amount=70"}, hit: "pixel amount=50", want: duplicate, after: "approved amount=70 pays=4/6"},
		{name: "a cap's pending conversion is not confirmed", config: capped("1", "pending"), before: []string{"postback goal=deal", "pixel"}, hit: "postback", want: sighting, after: "approved deal pays=4/6 | pending pays=4/6 waits=cap"},
		{name: "nor one whose record is lost", world: lose, before: []string{"pixel"}, hit: "postback", want: sighting, after: "pending pays=4/6 waits=record"},
	})
}

// TestRepeat goes through hits with other contents than the first.
func TestRepeat(t *testing.T) {
	const strict, edit = "approved strict amount=50 pays=4/6", "approved edit amount=50 pays=5/10"
	runRows(t, []row{
		{name: "another amount is ignored", before: []string{"postback amount=50"}, hit: "postback amount=60", want: duplicate, after: "approved amount=50 pays=4/6"},
		{name: "another amount is a conflict where the goal says so", before: []string{"postback goal=strict amount=50"}, hit: "postback goal=strict amount=60", want: "rejected conflict 409", after: strict},
		{name: "another order too", before: []string{"postback goal=strict order_id=A"}, hit: "postback goal=strict order_id=B", want: "rejected conflict 409", after: "approved strict order=A pays=4/6"},
		{name: "the same amount written otherwise is none", before: []string{"postback goal=strict amount=50"}, hit: "postback goal=strict amount=50.00USD", want: duplicate, after: strict},
		{name: "the status it has is none", before: []string{"postback goal=strict amount=50"}, hit: "postback goal=strict amount=50 status=approved", want: duplicate, after: strict},
		{name: "another amount is taken over where the goal says so", before: []string{"postback goal=edit amount=70"}, hit: "postback goal=edit amount=50", want: updated, after: edit},
		{name: "and the first one again is a duplicate", before: []string{"postback goal=edit amount=70", "postback goal=edit amount=50"}, hit: "postback goal=edit amount=70", want: duplicate, after: edit},
		{name: "a payout is taken over with it", config: editable, before: []string{"postback goal=deal payout=5"}, hit: "postback goal=deal payout=7 amount=1", want: updated, after: "approved deal amount=1 pays=7/6"},
		{name: "or alone", config: editable, before: []string{"postback goal=deal payout=5"}, hit: "postback goal=deal payout=7 currency=USD", want: updated, after: "approved deal pays=7/6"},
		{name: "a payout where the goal allows none is not", before: []string{"postback goal=edit amount=50"}, hit: "postback goal=edit amount=60 payout=1", want: updated, after: "approved edit amount=60 pays=6/12"},
	})
}

func editable(s *catalog.Source) { s.Goals[3].OnRepeat = "update" }

// TestTransitions goes through every status and what a server asks of it.
func TestTransitions(t *testing.T) {
	said := func(status string) string { return "postback status=" + status }
	stand := func(status string) string { return status + " pays=4/6" }
	var rows []row
	for from, steps := range map[string][]string{
		"pending": {"pending"}, "hold": {"pending", "hold"}, "approved": {"approved"}, "rejected": {"rejected"},
	} {
		var before []string
		for _, s := range steps {
			before = append(before, said(s))
		}
		for to, want := range map[string]string{
			"pending": map[string]string{"pending": duplicate}[from],
			"hold":    map[string]string{"pending": updated, "hold": duplicate}[from],
			"approved": map[string]string{
				"pending": updated, "hold": updated, "approved": duplicate, "rejected": updated,
			}[from],
			"rejected": map[string]string{
				"pending": updated, "hold": updated, "approved": updated, "rejected": duplicate,
			}[from],
		} {
			r := row{name: from + " to " + to, before: before, hit: said(to), want: want, after: stand(to)}
			switch {
			case from == "hold" && to == "pending":
				r.want, r.after = duplicate, stand(from) // it was said before
			case want == "":
				r.want, r.after = forbidden, stand(from)
			}
			rows = append(rows, r)
		}
	}
	runRows(t, append(rows, []row{
		{name: "a rejection leaves the amount", before: []string{"postback amount=50"}, hit: "postback status=rejected amount=0", want: updated, after: "rejected amount=50 pays=4/6"},
		{name: "an approval brings its amount", before: []string{"postback goal=sale order_id=A amount=50 status=pending"}, hit: "postback goal=sale order_id=A amount=45 status=approved", want: updated, after: "approved sale order=A amount=45 pays=4.50/9"},
		{name: "a resent approval does not undo the reversal behind it", before: []string{said("pending"), said("approved"), said("rejected")}, hit: said("approved"), want: duplicate, after: stand("rejected")},
		{name: "a conflict is no matter of statuses", before: []string{"postback goal=strict amount=50"}, hit: "postback goal=strict amount=0 status=rejected", want: updated, after: "rejected strict amount=50 pays=4/6"},
		{name: "a reversal in the advertiser's own word", before: []string{"postback"}, hit: said("void"), want: updated, after: stand("rejected")},
		{name: "a reversal long after the window", before: []string{"postback"}, hit: said("rejected") + " @9999h", want: updated, after: stand("rejected")},
		{name: "a reversal by the API", before: []string{"postback"}, hit: "api status=rejected", want: updated, after: stand("rejected")},
		{name: "a browser reverses nothing", before: []string{"pixel"}, hit: "pixel status=rejected", want: duplicate, after: "pending pays=4/6 waits=server"},
		{name: "what starts rejected is not paid", hit: said("rejected"), want: accepted, after: stand("rejected")},
		{name: "an approval ends the wait for a person", world: lose, before: []string{"postback"}, hit: said("approved"), want: updated, after: counted},
	}...))
}

// TestReversalGoesThrough whatever has become of the offer and the affiliate.
func TestReversalGoesThrough(t *testing.T) {
	w := newWorld(t, nil)
	w.hit("postback")
	archived(&w.source)
	w.source.Affiliates[0].Status = "blocked"
	w.catalog, w.lost = mustCatalog(t, w.source), true
	if got := answer(w.hit("postback")); got != duplicate {
		t.Errorf("the same postback: %s", got)
	}
	if got := answer(w.hit("postback status=rejected @9999h")); got != updated || w.summary() != "rejected pays=4/6" {
		t.Errorf("the reversal: %s, %s", got, w.summary())
	}
}

// TestPaidIsFinal: what is paid is corrected by clawback entries alone.
func TestPaidIsFinal(t *testing.T) {
	for _, hit := range []string{
		"postback goal=edit amount=60", "postback goal=edit amount=50 status=rejected", "postback goal=edit amount=50 status=approved",
	} {
		w := newWorld(t, nil)
		w.hit("postback goal=edit amount=50")
		before := w.conversions[0]
		after := before
		after.Status, after.Version = "paid", 2
		w.pay(before, after)
		if got := answer(w.hit(hit)); got != forbidden || w.summary() != "paid edit amount=50 pays=5/10" {
			t.Errorf("%s: %s, then %s", hit, got, w.summary())
		}
	}
}

// TestCorrections: what somebody changes through the API on purpose is applied,
// whatever was said before and whatever the goal makes of repeated hits.
func TestCorrections(t *testing.T) {
	w := newWorld(t, nil)
	w.hit("postback goal=sale order_id=A amount=50")
	correct := func(said string) string { return answer(w.hit("api patch goal=sale order_id=A " + said)) }
	steps := []struct{ said, want, after string }{
		{"amount=60 status=approved", updated, "approved sale order=A amount=60 pays=6/12"},
		{"status=rejected", updated, "rejected sale order=A amount=60 pays=6/12"},
		{"amount=60 status=approved", updated, "approved sale order=A amount=60 pays=6/12"},
		{"amount=60 status=approved", duplicate, "approved sale order=A amount=60 pays=6/12"},
		{"amount=50", updated, "approved sale order=A amount=50 pays=5/10"},
	}
	for _, step := range steps {
		if got := correct(step.said); got != step.want || w.summary() != step.after {
			t.Errorf("%s: %s, then %s; want %s, then %s", step.said, got, w.summary(), step.want, step.after)
		}
	}
}

// TestCorrectionOfTheAmount: it is a person's word, and no server's.
func TestCorrectionOfTheAmount(t *testing.T) {
	pixelOnly := func(s *catalog.Source) { s.Offers[0].Channels = []string{"pixel", "postback"} }
	const waits = "pending edit amount=50 pays=5/10 waits=server"
	runRows(t, []row{
		{name: "what waits for a server goes on waiting", before: []string{"pixel goal=edit amount=70"}, hit: "api patch goal=edit amount=50", want: updated, after: waits},
		{name: "until the server comes", before: []string{"pixel amount=70", "api patch amount=50"}, hit: "postback", want: updated, after: "approved amount=50 pays=4/6"},
		{name: "whose amount does not undo the correction", before: []string{"pixel amount=70", "api patch amount=50"}, hit: "postback amount=70.00", want: updated, after: "approved amount=50 pays=4/6"},
		{name: "unless the goal says so", before: []string{"pixel goal=edit amount=70", "api patch goal=edit amount=50"}, hit: "postback goal=edit amount=60", want: updated, after: "approved edit amount=60 pays=6/12"},
		{name: "a browser does not undo it", before: []string{"pixel goal=edit amount=70", "api patch goal=edit amount=50"}, hit: "pixel goal=edit amount=60", want: duplicate, after: waits},
		{name: "an approval ends the wait", before: []string{"pixel"}, hit: "api patch status=approved amount=50", want: updated, after: "approved amount=50 pays=4/6"},
		{name: "what says nothing new changes nothing", before: []string{"pixel amount=50"}, hit: "api patch amount=50", want: duplicate, after: "pending amount=50 pays=4/6 waits=server"},
		{name: "an offer that takes nothing by the API has its conversions corrected", config: pixelOnly, before: []string{"postback goal=edit amount=70"}, hit: "api patch goal=edit amount=50", want: updated, after: "approved edit amount=50 pays=5/10"},
		{name: "but takes none", config: pixelOnly, hit: "api goal=edit amount=50", want: "rejected channel_not_allowed 403"},
	})
	w := newWorld(t, nil)
	w.hit("pixel amount=70")
	w.hit("api patch amount=50")
	if w.conversions[0].SeenByServer {
		t.Error("a correction counts as a server's word")
	}
}

// TestCorrectionOfAVersion: a change that is meant for one version changes no
// other.
func TestCorrectionOfAVersion(t *testing.T) {
	const edit = "approved edit amount=50 pays=5/10"
	runRows(t, []row{
		{name: "of the one that is there", before: []string{"postback goal=edit amount=70"}, hit: "api patch goal=edit amount=50 version=1", want: updated, after: edit},
		{name: "of one that is past", before: []string{"postback goal=edit amount=70", "postback goal=edit amount=50"}, hit: "api patch goal=edit amount=60 version=1", want: "rejected conflict 409", after: edit},
		{name: "of one that is to come", before: []string{"postback goal=edit amount=50"}, hit: "api patch goal=edit status=rejected version=2", want: "rejected conflict 409", after: edit},
		{name: "of any", before: []string{"postback goal=edit amount=70", "postback goal=edit amount=60"}, hit: "api patch goal=edit amount=50", want: updated, after: edit},
	})
}

// TestCurrencyOfAConversion: a conversion stays in its currency, whatever the
// offer's is by then.
func TestCurrencyOfAConversion(t *testing.T) {
	const before, after = "approved edit amount=50 pays=5/10", "approved edit amount=60 pays=6/12"
	const wrong = "rejected currency_invalid 400"
	tests := []struct{ name, hit, want, after string }{
		{"a hit in the offer's present currency is refused", "postback goal=edit amount=60 currency=EUR", wrong, before},
		{"also within the amount", "postback goal=edit amount=60EUR", wrong, before},
		{"and as a correction", "api patch goal=edit amount=60 currency=EUR", wrong, before},
		{"a hit in the conversion's is taken", "postback goal=edit amount=60 currency=USD", updated, after},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, nil)
			w.hit("postback goal=edit amount=50")
			w.source.Offers[0].Currency = "EUR"
			w.rebuildKeeping()
			if got := answer(w.hit(tt.hit)); got != tt.want || w.summary() != tt.after {
				t.Errorf("got %s, then %s; want %s, then %s", got, w.summary(), tt.want, tt.after)
			}
			if c := w.conversions[0].Amount.Currency; c != "USD" {
				t.Errorf("the conversion is in %s by now", c)
			}
		})
	}
}

// TestPriceIsKept: a corrected amount is priced as the conversion was, whatever
// the offer says by then.
func TestPriceIsKept(t *testing.T) {
	w := newWorld(t, func(s *catalog.Source) {
		s.Goals[5].Payout = &offer.Price{Type: offer.CPACPS, Amount: 1_000_000, Percent: 7_500_000}
	})
	w.hit("postback goal=edit amount=100")
	dear := percent(90)
	w.source.Goals[5].Payout = &dear
	w.catalog = mustCatalog(t, w.source)
	if got := answer(w.hit("postback goal=edit amount=200")); got != updated || w.summary() != "approved edit amount=200 pays=16/40" {
		t.Errorf("got %s, %s", got, w.summary())
	}
	if term := w.conversions[0].Term; term != "goal edit" {
		t.Errorf("priced by %q", term)
	}
}

// TestNamedConversion: conversion_id says which of several is meant.
func TestNamedConversion(t *testing.T) {
	w := newWorld(t, nil)
	w.hit("postback goal=ping")
	second := w.hit("postback goal=ping").ConversionID
	v := w.hit("postback goal=ping status=rejected conversion_id=" + second)
	if got := answer(v); got != updated || v.ConversionID != second || w.summary() != "approved ping pays=4/6 | rejected ping pays=4/6" {
		t.Errorf("got %s, %s", got, w.summary())
	}
	if got := answer(w.hit("postback goal=deal status=rejected conversion_id=" + second)); got != "rejected conflict 409" {
		t.Errorf("with another goal: %s", got)
	}
	if got := answer(w.hit("postback goal=ping conversion_id=" + w.click.ID.String())); got != "rejected malformed 400" {
		t.Errorf("with the click's ID in its place: %s", got)
	}
	if v := w.hit("pixel goal=ping"); answer(v) != sighting || v.ConversionID != second {
		t.Errorf("a browser's sighting: %s of %s, want the latest, %s", answer(v), v.ConversionID, second)
	}
}
