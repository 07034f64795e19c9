package api

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/money"
	"waybill/internal/offer"
	"waybill/internal/settlement"
	"waybill/internal/signal"
	"waybill/internal/store/sqlledger"
)

func TestPaceOfACap(t *testing.T) {
	at := func(text string) time.Time {
		v, err := time.Parse(time.RFC3339, text)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	daily := offer.Cap{Metric: offer.CapConversions, Period: "day", Limit: 100 * money.Unit}
	in := func(k offer.Cap, tz string) offer.Cap { k.TimeZone = tz; return k }
	tests := []struct {
		name   string
		cap    offer.Cap
		begins time.Time // of the offer
		now    string
		used   int64
		want   string // what of the answer the case is about
	}{
		{
			name: "half the day and a quarter of the cap: not before midnight", cap: daily, now: "2026-11-22T12:00:00Z", used: 25,
			want: `"starts_at":"2026-11-22T00:00:00Z","ends_at":"2026-11-23T00:00:00Z","limit":"100","used":"25","left":"75","overshoot":"0",` +
				`"share":0.25,"period_share":0.5,"reached":false,"expected_use":"50"`,
		},
		{
			name: "a quarter of the day and half the cap: at noon", cap: daily, now: "2026-11-22T06:00:00Z", used: 50,
			want: `"share":0.5,"period_share":0.25,"reached":false,"expected_at":"2026-11-22T12:00:00Z","expected_use":"200"`,
		},
		{
			name: "all of it", cap: daily, now: "2026-11-22T06:00:00Z", used: 100,
			want: `"left":"0","overshoot":"0","share":1,"period_share":0.25,"reached":true,"expected_use":"400"`,
		},
		{
			name: "more than a limit that was lowered", cap: daily, now: "2026-11-22T12:00:00Z", used: 120,
			want: `"left":"0","overshoot":"20","share":1.2,"period_share":0.5,"reached":true`,
		},
		{
			name: "nothing yet", cap: daily, now: "2026-11-22T12:00:00Z",
			want: `"used":"0","left":"100","overshoot":"0","share":0,"period_share":0.5,"reached":false,"expected_use":"0"`,
		},
		{
			name: "the first instant, from which nothing follows", cap: daily, now: "2026-11-22T00:00:00Z", used: 1,
			want: `"share":0.01,"reached":false}`,
		},
		{
			name: "an autumn day of 25 hours in Berlin", cap: in(daily, "Europe/Berlin"), now: "2026-10-25T10:30:00Z", used: 10,
			want: `"starts_at":"2026-10-24T22:00:00Z","ends_at":"2026-10-25T23:00:00Z","limit":"100","used":"10","left":"90","overshoot":"0",` +
				`"share":0.1,"period_share":0.5,"reached":false,"expected_use":"20"`,
		},
		{
			name: "a week of money begins on Monday", cap: offer.Cap{Metric: offer.CapPayout, Period: "week", Limit: 1000 * money.Unit},
			now: "2026-11-19T12:00:00Z", used: 600 * money.Unit,
			want: `"starts_at":"2026-11-16T00:00:00Z","ends_at":"2026-11-23T00:00:00Z","limit":"1000","used":"600","left":"400","overshoot":"0",` +
				`"share":0.6,"period_share":0.5,"reached":false,"expected_at":"2026-11-21T20:00:00Z","expected_use":"1200"`,
		},
		{
			name: "a month", cap: offer.Cap{Metric: offer.CapRevenue, Period: "month", Limit: 300 * money.Unit},
			now: "2026-11-16T00:00:00Z", used: 75 * money.Unit,
			want: `"starts_at":"2026-11-01T00:00:00Z","ends_at":"2026-12-01T00:00:00Z","limit":"300","used":"75","left":"225","overshoot":"0",` +
				`"share":0.25,"period_share":0.5,"reached":false,"expected_use":"150"`,
		},
		{
			name: "the whole life of an offer that began ten days ago and never ends", cap: offer.Cap{Metric: offer.CapConversions, Period: "total", Limit: 40 * money.Unit},
			begins: at("2026-11-12T00:00:00Z"), now: "2026-11-22T00:00:00Z", used: 20,
			want: `"starts_at":"2026-11-12T00:00:00Z","limit":"40","used":"20","left":"20","overshoot":"0",` +
				`"share":0.5,"reached":false,"expected_at":"2026-12-02T00:00:00Z"`,
		},
		{
			name: "the whole life of an offer without a beginning", cap: offer.Cap{Metric: offer.CapConversions, Period: "total", Limit: 40 * money.Unit},
			now: "2026-11-22T00:00:00Z", used: 20,
			want: `"on_reached":"reject","limit":"40","used":"20","left":"20","overshoot":"0","share":0.5,"reached":false}`,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := catalog.Offer{Offer: offer.Offer{ID: 1, StartsAt: tt.begins, Caps: []offer.Cap{tt.cap}}}
			text, err := json.Marshal(heldCap{offer: &o}.pace(tt.used, at(tt.now)))
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(string(text), tt.want) {
				t.Errorf("pace = %s\nwant %s in it", text, tt.want)
			}
		})
	}
}

// capped gives offer 1 caps of each sort, and lets conversions use them.
func (w *world) capped(t *testing.T) {
	t.Helper()
	must[sqlledger.Row[offer.Offer]](t)(w.db.Offers().Update(t.Context(), 1, 0, func(o *offer.Offer) error {
		o.Caps = []offer.Cap{
			{Metric: offer.CapConversions, Period: "day", Limit: 10 * money.Unit},
			{Metric: offer.CapPayout, Period: "month", Limit: 100 * money.Unit, PerAffiliate: true},
			{Metric: offer.CapRevenue, Period: "total", Limit: 1000 * money.Unit},
		}
		return nil
	}))
	if err := w.refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	use := map[settlement.Counter]int64{
		{OfferID: 1, Metric: offer.CapConversions, Period: "day 2026-11-22"}:            3,
		{OfferID: 1, AffiliateID: 1, Metric: offer.CapPayout, Period: "month 2026-11"}:  12 * money.Unit,
		{OfferID: 1, Metric: offer.CapRevenue, Period: "total"}:                         18 * money.Unit,
		{OfferID: 1, Metric: offer.CapConversions, Period: "day 2026-11-21"}:            9,
		{OfferID: 1, AffiliateID: 2, Metric: offer.CapPayout, Period: "month 2026-10"}:  50 * money.Unit,
		{OfferID: 2, AffiliateID: 2, Metric: offer.CapConversions, Period: "no matter"}: 1,
	}
	var counters []settlement.Counter
	for k := range use {
		counters = append(counters, k)
	}
	v := signal.Verdict{SignalID: w.refused.String() + "x", Status: signal.Accepted, Code: signal.OK, SettledAt: noon}
	must[signal.Verdict](t)(w.db.Settle(t.Context(), settlement.Case{
		SignalID: v.SignalID, Counters: counters,
		Claim: settlement.Claim{OfferID: 1, GoalID: 1, TransactionID: w.click.String()},
		Judge: func(settlement.State) (settlement.Outcome, error) {
			return settlement.Outcome{Verdict: v, Use: use}, nil
		},
	}))
}

func TestCapPacing(t *testing.T) {
	w := newWorld(t)
	w.capped(t)
	tests := []struct {
		name, as, query string
		want            []string // offer, affiliate, metric, used
	}{
		{"the network sees every cap, and of one that each affiliate has those who use it", asNetwork, "", []string{"1/0/conversions/3", "1/1/payout/12", "1/0/revenue/18"}},
		{"a part that nobody uses is there when asked for", asNetwork, "?affiliate_id=2", []string{"1/0/conversions/3", "1/2/payout/0", "1/0/revenue/18"}},
		{"an advertiser sees no payout", asAdvertiser1, "", []string{"1/0/conversions/3", "1/0/revenue/18"}},
		{"another advertiser sees nothing", asAdvertiser2, "", nil},
		{"an affiliate sees its own part alone", asAffiliate1, "", []string{"1/1/payout/12"}},
		{"an affiliate sees its part before it is used", asAffiliate2, "", []string{"1/2/payout/0"}},
		{"an affiliate does not see another's", asAffiliate2, "?affiliate_id=1", nil},
		{"an offer without caps", asNetwork, "?offer_id=2", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, limit := range []string{"100", "1"} { // page by page the same
				got := w.pacing(t, tt.as, tt.query, limit)
				if strings.Join(got, " ") != strings.Join(tt.want, " ") {
					t.Errorf("caps, %s a page = %v; want %v", limit, got, tt.want)
				}
			}
		})
	}
	if got := w.do(t, asNetwork, "GET", "reports/caps?cursor=cGVyaGFwcw", ""); got.status != 422 {
		t.Errorf("a cursor of another list = %d %s; want 422", got.status, got.text)
	}
}

// pacing lists caps page by page.
func (w *world) pacing(t *testing.T, as, query, limit string) []string {
	t.Helper()
	var all []string
	sep := "?"
	if query != "" {
		sep = "&"
	}
	for next, first := "", true; first || next != ""; first = false {
		got := w.do(t, as, "GET", "reports/caps"+query+sep+"limit="+limit+"&cursor="+next, "")
		var page capPage
		if err := json.Unmarshal([]byte(got.text), &page); err != nil || got.status != 200 || !page.AsOf.Equal(noon) {
			t.Fatalf("caps = %d %s (%v); want 200 as of noon", got.status, got.text, err)
		}
		for _, r := range page.Data {
			all = append(all, fmt.Sprintf("%d/%d/%s/%s", r.OfferID, r.AffiliateID, r.Metric, r.Used))
		}
		next = page.Next
	}
	return all
}
