package settlement_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/affiliate"
	"waybill/internal/catalog"
	"waybill/internal/offer"
	"waybill/internal/settlement"
	"waybill/internal/txid"
)

const full = "rejected cap_reached 422"

// TestCaps goes through what a cap lets by.
func TestCaps(t *testing.T) {
	payouts := func(limit int64) func(*catalog.Source) {
		return func(s *catalog.Source) {
			s.Offers[0].Caps = []offer.Cap{{Metric: offer.CapPayout, Period: "month", Limit: micros(limit)}}
		}
	}
	one := capped("1", "reject")
	both := func(s *catalog.Source) { capped("2", "reject")(s); capped("1", "pending")(s) }
	const deal, waits = "approved deal pays=4/6", "pending pays=4/6 waits=cap"
	runRows(t, []row{
		{name: "the last one that fits", config: capped("2", ""), before: []string{"postback goal=deal"}, hit: "postback", want: accepted, after: deal + " | " + counted},
		{name: "one more is refused", config: one, before: []string{"postback goal=deal"}, hit: "postback", want: full, after: deal},
		{name: "or waits for a person", config: capped("1", "pending"), before: []string{"postback goal=deal"}, hit: "postback", want: accepted, after: deal + " | " + waits},
		{name: "of two caps the one that refuses holds", config: both, before: []string{"postback goal=deal", "postback goal=strict"}, hit: "postback", want: accepted, after: deal + " | pending strict pays=4/6 waits=cap | " + waits},
		{name: "whichever is listed first", config: func(s *catalog.Source) { capped("1", "pending")(s); one(s) }, before: []string{"postback goal=deal"}, hit: "postback", want: full, after: deal},
		{name: "what waits uses nothing", config: both, before: []string{"postback goal=deal", "postback goal=strict", "postback goal=ping"}, hit: "postback", want: accepted, after: deal + " | pending strict pays=4/6 waits=cap | pending ping pays=4/6 waits=cap | " + waits},
		{name: "a person may approve it all the same", config: capped("1", "pending"), before: []string{"postback goal=deal", "postback"}, hit: "api patch status=approved", want: updated, after: deal + " | " + counted},
		{name: "a postback may not", config: capped("1", "pending"), before: []string{"postback goal=deal", "postback"}, hit: "postback status=approved", want: full, after: deal + " | " + waits},
		{name: "nor by way of hold", config: capped("1", "pending"), before: []string{"postback goal=deal", "postback", "postback status=hold"}, hit: "postback status=approved", want: full, after: deal + " | hold pays=4/6 waits=cap"},
		{name: "nor by way of rejected", config: capped("1", "pending"), before: []string{"postback goal=deal", "postback", "postback status=rejected"}, hit: "postback status=approved", want: full, after: deal + " | rejected pays=4/6"},
		{name: "a report through the API may not either", config: capped("1", "pending"), before: []string{"postback goal=deal", "postback"}, hit: "api status=approved", want: full, after: deal + " | " + waits},
		{name: "but may reject it", config: capped("1", "pending"), before: []string{"postback goal=deal", "postback"}, hit: "postback status=rejected", want: updated, after: deal + " | rejected pays=4/6"},
		{name: "the next day counts anew", config: one, before: []string{"postback goal=deal"}, hit: "postback @24h", want: accepted, after: deal + " | " + counted},
		{name: "a repeated hit is no new use", config: one, before: []string{"postback"}, hit: "postback", want: duplicate, after: counted},
		{name: "a rejection gives back", config: one, before: []string{"postback goal=deal", "postback goal=deal status=rejected"}, hit: "postback", want: accepted, after: "rejected deal pays=4/6 | " + counted},
		{name: "but not once the period is over", config: one, before: []string{"postback goal=deal", "postback goal=deal status=rejected @24h"}, hit: "postback @2h", want: full, after: "rejected deal pays=4/6"},
		{name: "what is approved again needs room again", config: one, before: []string{"postback goal=deal", "postback goal=deal status=rejected", "postback"}, hit: "postback goal=deal status=approved", want: full, after: "rejected deal pays=4/6 | " + counted},
		{name: "and where the cap pends, a person's word is enough", config: capped("1", "pending"), before: []string{"postback goal=deal", "postback goal=deal status=rejected", "postback"}, hit: "api patch goal=deal status=approved", want: updated, after: deal + " | " + counted},
		{name: "what starts rejected uses nothing", config: one, before: []string{"postback goal=deal status=rejected"}, hit: "postback", want: accepted, after: "rejected deal pays=4/6 | " + counted},
		{name: "test traffic uses nothing", config: one, before: []string{"postback goal=deal test=1"}, hit: "postback", want: accepted, after: "approved deal test pays=4/6 | " + counted},
		{name: "and is not stopped", config: one, before: []string{"postback goal=deal"}, hit: "postback test=1", want: accepted, after: deal + " | approved test pays=4/6"},
		{name: "an amount that fits exactly", config: payouts(8), before: []string{"postback goal=deal"}, hit: "postback", want: accepted, after: deal + " | " + counted},
		{name: "an amount that is too much", config: payouts(7), before: []string{"postback goal=deal"}, hit: "postback", want: full, after: deal},
		{name: "a correction that fits", config: payouts(10), before: []string{"postback goal=edit amount=50"}, hit: "postback goal=edit amount=100", want: updated, after: "approved edit amount=100 pays=10/20"},
		{name: "a correction that is too much changes nothing", config: payouts(10), before: []string{"postback goal=edit amount=50"}, hit: "postback goal=edit amount=101", want: full, after: "approved edit amount=50 pays=5/10"},
		{name: "a smaller amount gives back", config: payouts(10), before: []string{"postback goal=edit amount=100", "postback goal=edit amount=50"}, hit: "postback", want: accepted, after: "approved edit amount=50 pays=5/10 | " + counted},
		{name: "a cap of one goal lets the others by", config: ofGoal("deal"), before: []string{"postback goal=deal"}, hit: "postback", want: accepted, after: deal + " | " + counted},
		{name: "and stops its own, however it is written", config: ofGoal("PING"), before: []string{"postback goal=ping"}, hit: "postback goal=ping", want: full, after: "approved ping pays=4/6"},
		{name: "two caps of one counter count once", config: func(s *catalog.Source) { one(s); capped("2", "reject")(s) }, hit: "postback", want: accepted, after: counted},
	})
}

// ofGoal allows one conversion of a goal in all.
func ofGoal(goal string) func(*catalog.Source) {
	return func(s *catalog.Source) {
		s.Offers[0].Caps = []offer.Cap{{Metric: offer.CapConversions, Period: "total", Limit: micros(1), Goal: goal}}
	}
}

// TestCapPerAffiliate: each affiliate has the limit to itself.
func TestCapPerAffiliate(t *testing.T) {
	w := newWorld(t, func(s *catalog.Source) {
		s.Affiliates = append(s.Affiliates, affiliate.Affiliate{ID: 10, Name: "Radio", Status: affiliate.Active})
		s.Offers[0].Caps = []offer.Cap{{Metric: offer.CapConversions, Period: "week", Limit: micros(1), PerAffiliate: true}}
	})
	if got := answer(w.hit("postback")); got != accepted {
		t.Errorf("the first: %s", got)
	}
	if got := answer(w.hit("postback goal=deal")); got != full {
		t.Errorf("the same affiliate's second: %s", got)
	}
	c := w.newClick(7)
	c.ID, c.AffiliateID = w.mint.Begin(clicked(), txid.Subject{Kind: txid.Click, Offer: 7, Affiliate: 10}).ID, 10
	w.click = c
	if got := answer(w.hit("postback goal=deal")); got != accepted {
		t.Errorf("another affiliate's: %s", got)
	}
}

// TestCapsOfMoneyAreSecret: a cap of payouts tells an advertiser nothing of
// them, one of revenue no affiliate. The network reads all of it in the rule.
func TestCapsOfMoneyAreSecret(t *testing.T) {
	tests := []struct {
		metric        string
		limit         int64
		message, rule string
	}{
		{metric: offer.CapConversions, limit: 1, message: "1 of 1 conversions", rule: "1 of 1 conversions"},
		{metric: offer.CapPayout, limit: 7, rule: "4 of 7 payout"},
		{metric: offer.CapRevenue, limit: 7, rule: "6 of 7 revenue"},
	}
	for _, tt := range tests {
		t.Run(tt.metric, func(t *testing.T) {
			w := newWorld(t, func(s *catalog.Source) {
				s.Offers[0].Caps = []offer.Cap{{Metric: tt.metric, Period: "day", Limit: micros(tt.limit)}}
			})
			w.hit("postback goal=deal")
			v := w.hit("postback")
			if answer(v) != full || !strings.Contains(v.Rule, tt.rule) {
				t.Fatalf("got %s by %q, want %s by %q", answer(v), v.Rule, full, tt.rule)
			}
			if tt.message != "" && !strings.Contains(v.Message, tt.message) {
				t.Errorf("message %q lacks %q", v.Message, tt.message)
			}
			if tt.message == "" && (strings.Contains(v.Message, " of 7") || strings.Contains(v.Message, tt.metric)) {
				t.Errorf("message %q tells what the rule %q says", v.Message, v.Rule)
			}
		})
	}
}

// TestCapPeriods: a period is that of the receipt, in the cap's own zone.
func TestCapPeriods(t *testing.T) {
	tests := []struct {
		name   string
		cap    offer.Cap
		second string // when, after a first one at 13:00 UTC on Sunday, 22 November
		want   string
	}{
		{name: "the last second of the day", cap: offer.Cap{Period: "day"}, second: "@11h59m59s", want: full},
		{name: "the first of the next", cap: offer.Cap{Period: "day"}, second: "@12h", want: accepted},
		{name: "the day of another zone", cap: offer.Cap{Period: "day", TimeZone: "Asia/Tokyo"}, second: "@3h", want: accepted},
		{name: "weeks begin on Monday", cap: offer.Cap{Period: "week"}, second: "@12h", want: accepted},
		{name: "a month", cap: offer.Cap{Period: "month"}, second: "@203h", want: full},
		{name: "the next month", cap: offer.Cap{Period: "month"}, second: "@204h", want: accepted},
		{name: "in all", cap: offer.Cap{Period: "total"}, second: "@700h", want: full},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.cap.Metric, tt.cap.Limit = offer.CapConversions, micros(1)
			w := newWorld(t, func(s *catalog.Source) { s.Offers[0].Caps = []offer.Cap{tt.cap} })
			w.hit("postback goal=deal")
			if got := answer(w.hit("postback " + tt.second)); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

// TestCaseHolds what the ledger is to lock: each counter once, in the order that
// all cases have.
func TestCaseHolds(t *testing.T) {
	w := newWorld(t, func(s *catalog.Source) {
		for _, c := range []offer.Cap{
			{Metric: offer.CapRevenue, Period: "day"},
			{Metric: offer.CapConversions, Period: "total"},
			{Metric: offer.CapConversions, Period: "day", PerAffiliate: true},
			{Metric: offer.CapRevenue, Period: "day", OnReached: "pending"},
			{Metric: offer.CapPayout, Period: "day", Goal: "ping"},
			{Metric: offer.CapPayout, Period: "day", Goal: "SALE"},
		} {
			c.Limit = micros(1000)
			s.Offers[0].Caps = append(s.Offers[0].Caps, c)
		}
	})
	s := w.signal("postback goal=sale order_id=A amount=50")
	got := settlement.Prepare(settlement.Input{Signal: s, Catalog: w.catalog, Now: s.ReceivedAt})
	want := settlement.Case{
		SignalID: s.ID.String(),
		Claim:    settlement.Claim{OfferID: 7, GoalID: 71, TransactionID: w.click.ID.String()},
		OrderID:  "A",
		Counters: []settlement.Counter{
			{OfferID: 7, Metric: "conversions", Period: "total"},
			{OfferID: 7, Metric: "revenue", Period: "day 2026-11-22"},
			{OfferID: 7, Goal: "sale", Metric: "payout", Period: "day 2026-11-22"},
			{OfferID: 7, AffiliateID: 9, Metric: "conversions", Period: "day 2026-11-22"},
		},
	}
	got.Judge = nil
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Prepare(), -want +got:\n%s", diff)
	}
}
