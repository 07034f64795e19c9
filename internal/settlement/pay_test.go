package settlement_test

import (
	"strings"
	"testing"
	"time"

	"waybill/internal/affiliate"
	"waybill/internal/catalog"
	"waybill/internal/conversion"
	"waybill/internal/delivery"
	"waybill/internal/ledger"
	"waybill/internal/money"
	"waybill/internal/offer"
	"waybill/internal/payout"
	"waybill/internal/signal"
)

// payoutOf is one that covers what affiliate 9 has earned in these tests.
func payoutOf(id int64) *payout.Payout {
	at := clicked().Add(48 * time.Hour)
	return &payout.Payout{
		ID: id, AffiliateID: 9, Until: at, Status: payout.Booking, Amount: money.Amount{Currency: money.USD}, CreatedAt: at,
	}
}

// payBy settles the signal by which a payout pays a conversion.
func (w *world) payBy(payoutID int64, conversionID string) signal.Verdict {
	w.t.Helper()
	s := w.signal("api @49h conversion_id=" + conversionID)
	s.PayoutID = payoutID
	return w.settle(s)
}

// TestAPayoutPaysWhatItCovers goes through what may stand in its way, and what
// may not.
func TestAPayoutPaysWhatItCovers(t *testing.T) {
	const hit = "postback goal=sale order_id=A amount=50 status=approved"
	stays := "approved sale order=A amount=50 pays=5/10"
	tests := []struct {
		name   string
		hit    string
		before func(*world)
		payout func(*payout.Payout)
		since  func(*world)
		want   string
		after  string
	}{
		{name: "pays what is approved", want: updated, after: "paid sale order=A amount=50 pays=5/10"},
		{name: "also what pays nothing", hit: "postback goal=sale order_id=A amount=0", want: updated, after: "paid sale order=A amount=0 pays=0/0"},
		{
			name: "whatever became of offer and affiliate", want: updated, after: "paid sale order=A amount=50 pays=5/10",
			before: func(w *world) {
				w.source.Offers[0].Status, w.source.Affiliates[0].Status = offer.Archived, affiliate.Blocked
				w.rebuildKeeping()
			},
		},
		{name: "whoever has lost the click's record", want: updated, after: "paid sale order=A amount=50 pays=5/10", before: func(w *world) { w.lost = true }},
		{name: "not what is pending", hit: "postback goal=sale order_id=A amount=50 status=pending", want: forbidden, after: "pending sale order=A amount=50 pays=5/10"},
		{
			name: "not what was rejected", want: forbidden, after: "rejected sale order=A amount=50 pays=5/10",
			before: func(w *world) { w.hit("api patch goal=sale order_id=A status=rejected") },
		},
		{name: "not a test", hit: hit + " test=1", want: forbidden, after: "approved sale test order=A amount=50 pays=5/10"},
		{name: "not another's", payout: func(p *payout.Payout) { p.AffiliateID = 10 }, want: forbidden, after: stays},
		{name: "not in another currency", payout: func(p *payout.Payout) { p.Amount.Currency = "EUR" }, want: forbidden, after: stays},
		{name: "not what happened later", payout: func(p *payout.Payout) { p.Until = clicked().Add(time.Hour) }, want: forbidden, after: stays},
		{
			name: "not what was changed since", want: forbidden, after: "approved sale order=A amount=60 pays=6/12",
			since: func(w *world) { w.hit("api patch goal=sale order_id=A amount=60") },
		},
		{
			name: "not what it was not asked for", want: forbidden, after: stays,
			since: func(w *world) { clear(w.asked) },
		},
		{
			name: "whatever the clocks say", want: updated, after: "paid sale order=A amount=50 pays=5/10",
			payout: func(p *payout.Payout) { p.CreatedAt = clicked().Add(-time.Hour) },
		},
		{name: "not when it has ended", payout: func(p *payout.Payout) { p.Status = payout.Booked }, want: forbidden, after: stays},
		{name: "not when there is none", payout: func(p *payout.Payout) { p.ID = 2 }, want: forbidden, after: stays},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, nil)
			if tt.hit == "" {
				tt.hit = hit
			}
			w.hit(tt.hit)
			if tt.before != nil {
				tt.before(w)
			}
			w.ask(payoutOf(1))
			if tt.payout != nil {
				tt.payout(w.payout)
			}
			if tt.since != nil {
				tt.since(w)
			}
			v := w.payBy(1, w.conversions[0].ID)
			if got := answer(v); got != tt.want {
				t.Errorf("the verdict is %s: %s (%s), want %s", got, v.Message, v.Rule, tt.want)
			}
			if got := w.summary(); got != tt.after {
				t.Errorf("it is %s then, want %s", got, tt.after)
			}
			c := w.conversions[0]
			if paid := c.Status == conversion.Paid; paid != (c.PayoutID == 1) || v.ConversionID != c.ID || v.TransactionID != c.Touch.TransactionID {
				t.Errorf("it is %s by payout %d, and the verdict names conversion %q, transaction %q", c.Status, c.PayoutID, v.ConversionID, v.TransactionID)
			}
		})
	}
}

// TestAPayoutIsHeardOfAndBooked: the affiliate's money moves, and whoever asked
// for conversion.paid is told. Caps are as they were.
func TestAPayoutIsHeardOfAndBooked(t *testing.T) {
	w := newWorld(t, func(s *catalog.Source) {
		capped("5", "reject")(s)
		hears := delivery.Default()
		hears.ID, hears.Owner, hears.URL = 1, delivery.Owner{AffiliateID: 9}, "https://t.example/?s={status}"
		hears.On = []conversion.Event{conversion.EventPaid}
		s.Subscriptions = append(s.Subscriptions, hears)
	})
	w.hit("postback")
	booked := len(w.entries)
	w.ask(payoutOf(1))
	w.payBy(1, w.conversions[0].ID)
	want := []ledger.Entry{
		{Account: ledger.Account{Party: ledger.Affiliate, ID: 9, Book: ledger.Approved}, Amount: money.Amount{Units: 4 * money.Unit, Currency: money.USD}},
		{Account: ledger.Account{Party: ledger.Affiliate, ID: 9, Book: ledger.Paid}, Amount: money.Amount{Units: -4 * money.Unit, Currency: money.USD}},
	}
	got := w.entries[booked:]
	if len(got) != 2 || got[0].Account != want[0].Account || got[0].Amount != want[0].Amount || got[1].Account != want[1].Account || got[1].Amount != want[1].Amount ||
		got[0].Reason != string(conversion.EventPaid) {
		t.Errorf("it books %+v, want %+v", got, want)
	}
	if len(w.owed) != 1 || w.owed[0].Event != conversion.EventPaid || w.owed[0].Values["status"] != "paid" || w.owed[0].Sequence != 2 {
		t.Errorf("it owes %+v, want one postback about conversion.paid", w.owed)
	}
	again := w.payBy(1, w.conversions[0].ID)
	if answer(again) != duplicate || w.conversions[0].Version != 2 || len(w.owed) != 1 {
		t.Errorf("paid again: %s, then %s", answer(again), w.summary())
	}
	w.ask(payoutOf(2))
	if other := w.payBy(2, w.conversions[0].ID); answer(other) != forbidden || w.conversions[0].PayoutID != 1 {
		t.Errorf("paid by another: %s, then by payout %d", answer(other), w.conversions[0].PayoutID)
	}
	if none := w.payBy(1, "none"); answer(none) != "rejected conflict 409" {
		t.Errorf("a conversion that there is not: %s", answer(none))
	}
}

// TestNobodyElseSaysPaid: not on any channel, and not to correct it.
func TestNobodyElseSaysPaid(t *testing.T) {
	for _, hit := range []string{"postback status=paid", "api status=paid", "import status=paid", "api patch status=paid"} {
		w := newWorld(t, nil)
		w.hit("postback")
		if got := answer(w.hit(hit)); got != "rejected malformed 400" || w.summary() != "approved pays=4/6" {
			t.Errorf("%s: %s, then %s", hit, got, w.summary())
		}
	}
	w := newWorld(t, nil)
	w.hit("postback")
	w.ask(payoutOf(1))
	w.payBy(1, w.conversions[0].ID)
	v := w.hit("api patch status=rejected")
	if way := "adjustment (kind clawback)"; answer(v) != forbidden || !strings.Contains(v.Message, way) {
		t.Errorf("the rejection of what is paid: %s %q, want it to name the %s", answer(v), v.Message, way)
	}
}
