package sqlledger

import (
	"fmt"
	"testing"
	"time"

	"waybill/internal/conversion"
	"waybill/internal/delivery"
	"waybill/internal/settlement"
	"waybill/internal/signal"
	"waybill/internal/txid"
)

// pages reads a list to its end, two a page.
func pages[T any](t *testing.T, read func(Page) ([]T, string, error), id func(T) string) []string {
	t.Helper()
	var all []string
	for p := (Page{Limit: 2}); ; {
		page, next, err := read(p)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) > 2 {
			t.Fatalf("a page of %d, want at most 2", len(page))
		}
		for _, v := range page {
			all = append(all, id(v))
		}
		if next == "" {
			return all
		}
		p.Cursor = next
	}
}

func same(t *testing.T, what string, want, got []string) {
	t.Helper()
	if fmt.Sprint(want) != fmt.Sprint(got) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func backwards(ids []string, n ...int) []string {
	out := []string{}
	for k := len(n) - 1; k >= 0; k-- {
		out = append(out, ids[n[k]])
	}
	return out
}

func listsVerdicts(t *testing.T, db *DB) {
	i := newIDs(t)
	var ids []string
	for n := range 6 {
		c := newCase(i, fmt.Sprintf("t%d", n/2))
		c.SignalID = i.next(txid.Signal, n == 5).String()
		v := verdictOn(c, signal.Rejected, signal.TooFast, "")
		if n == 1 {
			v.Status, v.Code, v.OfferID = signal.Duplicate, signal.Sighting, 8
		}
		c.Refusal = &v
		settle(t, db, c)
		ids = append(ids, c.SignalID)
	}
	// newCase has minted an ID of its own before each.
	at := func(n int) time.Time { return clock.Add(time.Duration(2*n+2) * time.Millisecond) }
	tests := []struct {
		name   string
		filter VerdictFilter
		want   []string
	}{
		{"all real ones", VerdictFilter{}, backwards(ids, 0, 1, 2, 3, 4)},
		{"test traffic", VerdictFilter{Test: true}, backwards(ids, 5)},
		{"of a transaction", VerdictFilter{TransactionID: "t2"}, backwards(ids, 4, 5)},
		{"by status", VerdictFilter{Status: signal.Duplicate}, backwards(ids, 1)},
		{"by code", VerdictFilter{Code: signal.TooFast}, backwards(ids, 0, 2, 3, 4)},
		{"by offer", VerdictFilter{OfferID: 8}, backwards(ids, 1)},
		{"of a time", VerdictFilter{From: at(1), Until: at(3)}, backwards(ids, 1, 2)},
		{"of no offer", VerdictFilter{OfferID: 77}, nil},
	}
	for _, tt := range tests {
		got := pages(t, func(p Page) ([]signal.Verdict, string, error) {
			tt.filter.Page = p
			return db.Verdicts(t.Context(), tt.filter)
		}, func(v signal.Verdict) string { return v.SignalID })
		same(t, tt.name, append([]string{}, tt.want...), append([]string{}, got...))
	}
}

func listsConversions(t *testing.T, db *DB) {
	i := newIDs(t)
	a, err := db.Advertisers().Create(t.Context(), newAdvertiser("one"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Offers().Create(t.Context(), newOffer(a.Value.ID)); err != nil {
		t.Fatal(err)
	}
	var ids []string
	for n := range 6 {
		c := newCase(i, fmt.Sprintf("t%d", n))
		c.SignalID = i.next(txid.Signal, n == 5).String()
		c.Claim.Test, c.Claim.OfferID = n == 5, 1+int64(n)%2
		c.OrderID = fmt.Sprintf("o%d", n)
		conv := newConversion(i.conversionID(t, c.SignalID), c)
		conv.AffiliateID, conv.AdvertiserID = int64(n)/3+1, 1+int64(n)%2
		if n == 2 {
			conv.Status, conv.GoalCode = conversion.Pending, "lead"
		}
		c.Judge = func(settlement.State) (settlement.Outcome, error) { return accepted(t, c, conv), nil }
		settle(t, db, c)
		ids = append(ids, conv.ID)
	}
	at := func(n int) time.Time { return clock.Add(time.Duration(2*n+2) * time.Millisecond) }
	tests := []struct {
		name   string
		filter ConversionFilter
		want   []string
	}{
		{"all real ones", ConversionFilter{}, backwards(ids, 0, 1, 2, 3, 4)},
		{"test traffic", ConversionFilter{Test: true}, backwards(ids, 5)},
		{"of a transaction", ConversionFilter{TransactionID: "t5"}, backwards(ids, 5)},
		{"of an offer", ConversionFilter{OfferID: 1}, backwards(ids, 0, 2, 4)},
		{"of an affiliate", ConversionFilter{AffiliateID: 1}, backwards(ids, 0, 1, 2)},
		{"of an advertiser", ConversionFilter{AdvertiserID: 1}, backwards(ids, 0, 2, 4)},
		{"by status", ConversionFilter{Status: conversion.Pending}, backwards(ids, 2)},
		{"by goal", ConversionFilter{Goal: "lead"}, backwards(ids, 2)},
		{"by order", ConversionFilter{OrderID: "o3"}, backwards(ids, 3)},
		{"of a time", ConversionFilter{From: at(2), Until: at(4)}, backwards(ids, 2, 3)},
	}
	for _, tt := range tests {
		got := pages(t, func(p Page) ([]conversion.Conversion, string, error) {
			tt.filter.Page = p
			return db.Conversions(t.Context(), tt.filter)
		}, func(c conversion.Conversion) string { return c.ID })
		same(t, tt.name, tt.want, got)
	}
}

func tellsSettled(t *testing.T, db *DB) {
	i := newIDs(t)
	var ids []txid.ID
	for n := range 700 {
		id := i.next(txid.Signal, false)
		ids = append(ids, id)
		if n%100 != 0 {
			continue
		}
		c := settlement.Case{SignalID: id.String()}
		v := verdictOn(c, signal.Rejected, signal.Malformed, "")
		c.Refusal = &v
		settle(t, db, c)
	}
	got, err := db.Settled(t.Context(), ids)
	if err != nil {
		t.Fatal(err)
	}
	for n := range ids {
		if got[n] != (n%100 == 0) {
			t.Errorf("signal %d settled: %v", n, got[n])
		}
	}
	high := ids[len(ids)-1].Tick()
	for _, tick := range []txid.Tick{5, high, 7} {
		if err := db.SetSettledThrough(t.Context(), 3, tick); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := db.SettledThrough(t.Context(), 3); err != nil || got != high {
		t.Errorf("node 3 is settled through %d (%v), want %d", got, err, high)
	}
	if got, err := db.SettledThrough(t.Context(), 4); err != nil || got != 0 {
		t.Errorf("node 4 is settled through %d (%v), want 0", got, err)
	}
}

func traces(t *testing.T, db *DB) {
	i := newIDs(t)
	c := newCase(i, "t1")
	conv := newConversion(i.conversionID(t, c.SignalID), c)
	d := owed(conv, 1, clock)
	c.Judge = func(settlement.State) (settlement.Outcome, error) {
		out := accepted(t, c, conv)
		out.Owed = []delivery.Owed{d}
		return out, nil
	}
	settle(t, db, c)
	again := newCase(i, "t1")
	again.Judge = once(t, i, again)
	settle(t, db, again)
	d.Attempts, d.State = 1, delivery.Delivered
	if err := db.Record(t.Context(), delivery.Report{Attempt: delivery.Attempt{DeliveryID: d.ID, Number: 1, At: clock, Method: "GET", URL: "https://x.example/"}, After: d}); err != nil {
		t.Fatal(err)
	}
	got, err := db.Trace(t.Context(), "t1")
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Verdicts) != 2 || len(got.Conversions) != 1 || len(got.Entries) != 3 || len(got.Deliveries) != 1 || len(got.Attempts) != 1 {
		t.Errorf("trace has %d verdicts, %d conversions, %d entries, %d deliveries, %d attempts; want 2, 1, 3, 1, 1",
			len(got.Verdicts), len(got.Conversions), len(got.Entries), len(got.Deliveries), len(got.Attempts))
	}
	if none, err := db.Trace(t.Context(), "t2"); err != nil || len(none.Verdicts)+len(none.Conversions) != 0 {
		t.Errorf("the trace of nothing: %+v, %v", none, err)
	}
}
