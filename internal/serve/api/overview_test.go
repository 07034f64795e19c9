package api

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"waybill/internal/delivery"
	"waybill/internal/fact"
	"waybill/internal/offer"
	"waybill/internal/txid"
)

// newOverviewWorld is a reporting world whose second offer pays in EUR, as its
// trade says, and some of whose signals were rejected.
func newOverviewWorld(t *testing.T) *world {
	t.Helper()
	w, d := newWorld(t), newWarehouse(t)
	s := w.sow(t)
	for i, code := range []string{"cap_reached", "click_expired", "cap_reached", "token_invalid"} {
		at := noon.Add(-time.Duration(i+1) * time.Hour)
		if code == "token_invalid" {
			at = noon.Add(-25 * time.Hour)
		}
		s.batch.Signals = append(s.batch.Signals, fact.Signal{
			ID: txid.First(txid.Signal, false, at), At: at, Channel: "postback", Status: "rejected", Code: code,
			OfferID: int64(i%2 + 1), AdvertiserID: int64(i%2 + 1), AffiliateID: 1,
		})
	}
	if err := d.Append(t.Context(), s.batch); err != nil {
		t.Fatal(err)
	}
	w.Warehouse = d
	_, err := w.db.Offers().Update(t.Context(), 2, 0, func(o *offer.Offer) error { o.Currency = "EUR"; return nil })
	if err != nil {
		t.Fatal(err)
	}
	if err := w.refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.Unsettled = func() (int, time.Duration) { return 3, time.Minute }
	return w
}

// TestOverview asks for the overview of the trade in testdata/reports. Its README
// works the numbers out by hand. With -update the answers are written anew.
func TestOverview(t *testing.T) {
	w := newOverviewWorld(t)
	for _, q := range []question{
		{"01-the-networks", asNetwork, "overview"},
		{"02-in-berlin", asNetwork, "overview?tz=Europe/Berlin"},
		{"03-in-eur", asNetwork, "overview?currency=EUR"},
		{"04-an-affiliates", asAffiliate1, "overview"},
		{"05-an-advertisers", asAdvertiser1, "overview"},
		{"06-in-no-zone", asNetwork, "overview?tz=Mars/Olympus"},
	} {
		t.Run(q.name, func(t *testing.T) {
			got := w.do(t, q.as, "GET", q.path, "")
			delete(got.body, "instance")
			if hours, ok := got.body["hours"].([]any); ok { // most are empty
				got.body["hours"] = slices.DeleteFunc(hours, empty)
			}
			text, err := json.MarshalIndent(got.body, "", " ")
			if err != nil {
				t.Fatal(err)
			}
			text = append(text, '\n')
			file := filepath.Join("testdata", "overview", q.name+".golden")
			if *update {
				if err := os.WriteFile(file, text, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(text, want) {
				t.Errorf("%s, as %s:\n%s\nwant:\n%s", q.path, q.as, text, want)
			}
		})
	}
}

// empty reports whether nothing happened in an hour.
func empty(hour any) bool {
	h, _ := hour.(map[string]any)
	return h["clicks"] == 0.0 && h["conversions"] == 0.0
}

// TestOverviewWithMoneyInTwoCurrenciesOnOneOffer: the ledger was joined out of two,
// say. What cannot be added up must not take the first page away.
func TestOverviewWithMoneyInTwoCurrenciesOnOneOffer(t *testing.T) {
	w := newOverviewWorld(t)
	_, err := w.db.Offers().Update(t.Context(), 2, 0, func(o *offer.Offer) error { o.Currency = "USD"; return nil })
	if err != nil {
		t.Fatal(err)
	}
	if err := w.refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, currency := range []string{"USD", "EUR"} {
		got := w.do(t, asNetwork, "GET", "overview?currency="+currency, "")
		if got.status != 200 || got.body["currency"] != currency {
			t.Errorf("in %s: %d %s", currency, got.status, got.text)
		}
	}
}

// TestNoRoleMeetsWhatIsNotTheirsInTheOverview holds the names of what partners
// are told.
func TestNoRoleMeetsWhatIsNotTheirsInTheOverview(t *testing.T) {
	w := newOverviewWorld(t)
	for as, hidden := range map[string][]string{
		asAffiliate1:  {`"revenue"`, `"profit"`, `"pending_revenue"`, `"rpc"`, `"rpa"`, `"top_affiliates"`, `"unsettled"`},
		asAdvertiser1: {`"payout"`, `"profit"`, `"pending_payout"`, `"epc"`, `"cpa"`, `"top_affiliates"`, `"unsettled"`},
	} {
		for _, path := range []string{"overview", "overview?currency=EUR", "overview?currency=USD&tz=Asia/Kolkata"} {
			got := w.do(t, as, "GET", path, "")
			for _, name := range hidden {
				if got.status != 200 || strings.Contains(got.text, name) {
					t.Errorf("%s as %s: %d %s; want nothing of %s", path, as, got.status, got.text, name)
				}
			}
		}
	}
}

// TestOverviewOnTheDayAfterTheClocksWentBack: yesterday had 25 hours, of which one
// was there twice.
func TestOverviewOnTheDayAfterTheClocksWentBack(t *testing.T) {
	w, d := newWorld(t), newWarehouse(t)
	now := time.Date(2026, 10, 26, 11, 30, 0, 0, time.UTC) // 12:30 in Berlin
	w.Now, w.Warehouse = func() time.Time { return now }, d
	mint := txid.NewMint(w.present.Ring(), 7, 0)
	b := fact.Batch{Positions: []fact.Position{{Source: "click/7", At: 1, Through: now}}}
	for _, at := range []string{
		"2026-10-24T21:59:59Z", // the day before
		"2026-10-24T22:00:00Z", // its first instant
		"2026-10-25T00:30:00Z", // 02:30 for the first time
		"2026-10-25T01:30:00Z", // and for the second
		"2026-10-25T11:29:59Z", // just before the same time of the day
		"2026-10-25T11:30:00Z", // that time
		"2026-10-25T22:59:59Z", // its last
		"2026-10-25T23:00:00Z", // today's first
	} {
		ticket := mint.Begin(must[time.Time](t)(time.Parse(time.RFC3339, at)), txid.Subject{Kind: txid.Click, Offer: 1, Affiliate: 1})
		ticket.Done()
		b.Clicks = append(b.Clicks, fact.Click{ID: ticket.ID, OfferID: 1, AdvertiserID: 1, AffiliateID: 1})
	}
	if err := d.Append(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	got := w.do(t, asNetwork, "GET", "overview?tz=Europe/Berlin", "")
	clicks := func(path ...string) any {
		at := got.body["periods"]
		for _, name := range append(path, "metrics", "clicks") {
			m, _ := at.(map[string]any)
			at = m[name]
		}
		return at
	}
	if clicks("today") != 1.0 || clicks("yesterday") != 4.0 || clicks("yesterday", "whole") != 6.0 {
		t.Errorf("today %v, yesterday up to now %v, and whole %v; want 1, 4, 6", clicks("today"), clicks("yesterday"), clicks("yesterday", "whole"))
	}
	hours, _ := got.body["hours"].([]any)
	byHour := map[string]any{}
	for _, h := range hours {
		m, _ := h.(map[string]any)
		byHour[m["hour"].(string)] = m["clicks"] //nolint:forcetypeassert // a test that panics has failed
	}
	first, second := byHour["2026-10-25T02:00:00+02:00"], byHour["2026-10-25T02:00:00+01:00"]
	if len(hours) != 25+13 || first != 1.0 || second != 1.0 {
		t.Errorf("%d hours, at 02:00 %v and %v; want 38, 1 and 1: %v", len(hours), first, second, slices.Sorted(maps.Keys(byHour)))
	}
	if byHour["2026-10-26T00:00:00+01:00"] != 1.0 {
		t.Errorf("today's first hour has %v clicks, want 1", byHour["2026-10-26T00:00:00+01:00"])
	}
}

func TestOverviewTellsWhatIsNotServed(t *testing.T) {
	w := newOverviewWorld(t)
	ctx := t.Context()
	if _, err := w.db.Disable(ctx, 1, "410 Gone", noon.Add(-time.Hour)); err != nil {
		t.Fatal(err)
	}
	d := must[delivery.Owed](t)(w.db.Delivery(ctx, w.delivery))
	d.ID, d.SubscriptionID, d.Sequence, d.State, d.Attempts = "another", 2, 7, delivery.Waiting, 0
	if err := w.db.Owe(ctx, []delivery.Owed{d}); err != nil {
		t.Fatal(err)
	}
	d.Attempts = 1
	err := w.db.Record(ctx, delivery.Report{
		Attempt: delivery.Attempt{DeliveryID: "another", Number: 1, At: noon.Add(-time.Minute), Error: delivery.ErrTimeout},
		After:   d, Breaker: &delivery.Breaker{SubscriptionID: 2, State: delivery.BreakerOpen, Failures: 10, OpenedAt: noon.Add(-time.Minute), ProbeAt: noon.Add(time.Minute), Class: delivery.ErrTimeout},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.refresh(ctx); err != nil {
		t.Fatal(err)
	}
	type found struct {
		Failing      int
		Destinations []failingRecord
	}
	ask := func(as string) (f struct{ Health found }) {
		t.Helper()
		got := w.do(t, as, "GET", "overview", "")
		if err := json.Unmarshal([]byte(got.text), &f); err != nil {
			t.Fatal(err)
		}
		return f
	}
	all := ask(asNetwork).Health
	if all.Failing != 2 || all.Destinations[0].ID != 2 || all.Destinations[0].State != "open" || all.Destinations[0].Reason != "timeout" || all.Destinations[0].Waiting != 2 ||
		all.Destinations[1].State != "disabled" || all.Destinations[1].Reason != "410 Gone" {
		t.Errorf("the network is told of %+v; want that 2 is open, with 2 waiting, and 1 disabled", all)
	}
	if own := ask(asAffiliate1).Health; own.Failing != 1 || own.Destinations[0].ID != 1 {
		t.Errorf("affiliate 1 is told of %+v; want its own", own)
	}
	if none := ask(asAffiliate2).Health; none.Failing != 0 {
		t.Errorf("affiliate 2 is told of %+v; want nothing", none)
	}
}
