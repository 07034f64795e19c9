package api

import (
	"strings"
	"testing"
	"time"

	"waybill/internal/settlement"
	"waybill/internal/signal"
	"waybill/internal/txid"
)

func TestCoupons(t *testing.T) {
	w := newWorld(t)
	made := w.do(t, asNetwork, "POST", "coupons", `{"code":"MAY10","offer_id":1,"affiliate_id":1}`)
	if made.status != 201 || made.body["status"] != "active" || made.body["id"] != 1.0 {
		t.Fatalf("create: %d %s", made.status, made.text)
	}
	if !strings.Contains(made.text, "add coupon to its attribution") {
		t.Errorf("a coupon of an offer that credits by none: %s; want a warning", made.text)
	}
	if c, ok := w.present.Coupon(1, "may10"); !ok || c.AffiliateID != 1 {
		t.Errorf("the catalog has %+v, %t; want the coupon at once", c, ok)
	}
	w.do(t, asNetwork, "PATCH", "offers/1", `{"attribution":["transaction_id","coupon"]}`)
	tests := []struct {
		name, method, path, body string
		status                   int
		says                     string
	}{
		{"the same code in small letters", "POST", "coupons", `{"code":"may10","offer_id":1,"affiliate_id":1}`, 409, "already"},
		{"of no affiliate", "POST", "coupons", `{"code":"JUNE","offer_id":1,"affiliate_id":99}`, 422, "no affiliate 99"},
		{"with white space", "POST", "coupons", `{"code":"JUNE ","offer_id":1,"affiliate_id":1}`, 422, "white space"},
		{"of another offer by now", "PATCH", "coupons/1", `{"offer_id":2}`, 422, "stays"},
		{"retired", "PATCH", "coupons/1", `{"status":"retired"}`, 200, `"retired"`},
	}
	for _, tt := range tests {
		got := w.do(t, asNetwork, tt.method, tt.path, tt.body)
		if got.status != tt.status || !strings.Contains(got.text, tt.says) || strings.Contains(got.text, "add coupon") {
			t.Errorf("%s: %d %s; want %d, and %q", tt.name, got.status, got.text, tt.status, tt.says)
		}
	}
	if _, ok := w.present.Coupon(1, "may10"); ok {
		t.Errorf("the catalog still credits the coupon that is retired")
	}
}

// TestAffiliatesSeeOwnEarlierVerdicts: a signal was rejected for one affiliate's
// click, and judged again credited another's. That one does not read whose it was.
func TestAffiliatesSeeOwnEarlierVerdicts(t *testing.T) {
	w := newWorld(t)
	ticket := txid.NewMint(w.present.Ring(), 2, 0).Begin(noon, txid.Subject{Kind: txid.Click, Offer: 1, Affiliate: 2})
	ticket.Done()
	passed := ticket.ID.String()
	of := w.reject(t, time.Hour, signal.GoalUnknown, func(*signal.Signal) {})
	for _, v := range []signal.Verdict{
		{Status: signal.Rejected, Code: signal.ClickExpired, TransactionID: passed, Message: "affiliate 2's click expired"},
		{Status: signal.Duplicate, Code: signal.Sighting, TransactionID: w.click.String()},
	} {
		v.SignalID, v.OfferID, v.SettledAt = of, 1, noon
		must[signal.Verdict](t)(w.db.SettleAgain(t.Context(), settlement.Case{SignalID: of, Refusal: &v}, signal.Replay{By: "key 1"}))
	}
	for _, path := range []string{"signals/" + of, "trace/" + w.click.String()} {
		for _, as := range []string{asNetwork, asAdvertiser1, asAffiliate1} {
			got := w.do(t, as, "GET", path, "")
			if shown := strings.Contains(got.text, passed); shown != (as != asAffiliate1) {
				t.Errorf("%s for %s tells of the other's click: %t\n%s", path, as, shown, got.text)
			}
			if !strings.Contains(got.text, "goal_unknown") {
				t.Errorf("%s for %s lacks the verdict that was its own: %s", path, as, got.text)
			}
		}
	}
}

// TestOnlyTheNetworkSeesCandidates: whose a conversion might have been is nobody
// else's business, nor what it was that another click was passed over for.
func TestOnlyTheNetworkSeesCandidates(t *testing.T) {
	w := newWorld(t)
	mint := txid.NewMint(w.present.Ring(), 2, 0)
	id := func(k txid.Kind) txid.ID {
		ticket := mint.Begin(noon, txid.Subject{Kind: k, Offer: 1, Affiliate: 2})
		ticket.Done()
		return ticket.ID
	}
	passed, of := id(txid.Click), id(txid.Signal)
	s := signal.Signal{ID: of, ReceivedAt: noon, Channel: signal.Postback, Auth: signal.OK, Click: passed}
	w.journal[of] = s.Append(nil)
	v := signal.Verdict{
		SignalID: of.String(), Status: signal.Duplicate, Code: signal.Sighting, TransactionID: w.click.String(), OfferID: 1, GoalID: 1,
		Channel: signal.Postback, SettledAt: noon.Add(time.Second), Candidates: []signal.Considered{
			{By: "transaction_id", TransactionID: passed.String(), AffiliateID: 1, Code: signal.ClickExpired, Lost: "the click window is 30d"},
			{By: "customer_id", TransactionID: w.click.String(), AffiliateID: 1, Code: signal.OK, Won: true},
		},
	}
	must[signal.Verdict](t)(w.db.Settle(t.Context(), settlement.Case{SignalID: of.String(), Refusal: &v}))
	if got := w.do(t, asAffiliate2, "GET", "signals/"+of.String(), ""); got.status != 404 {
		t.Errorf("the affiliate who was passed over reads the signal: %d %s", got.status, got.text)
	}
	for _, path := range []string{"signals/" + of.String(), "trace/" + w.click.String(), "trace/" + passed.String()} {
		for _, as := range []string{asNetwork, asAffiliate1, asAdvertiser1} {
			got := w.do(t, as, "GET", path, "")
			own := path != "trace/"+passed.String() || as == asNetwork // nothing else is known of that click
			if found := got.status == 200; found != own {
				t.Errorf("%s for %s: %d %s; want it found: %t", path, as, got.status, got.text, own)
			}
			shown := strings.Contains(got.text, "the click window is 30d") && strings.Contains(got.text, `"candidates"`)
			if shown != (as == asNetwork) || as == asAffiliate1 && strings.Contains(got.text, passed.String()) && path != "trace/"+passed.String() {
				t.Errorf("%s for %s shows candidates: %t\n%s", path, as, shown, got.text)
			}
		}
	}
}
