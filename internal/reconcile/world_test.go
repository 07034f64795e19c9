package reconcile_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"waybill/internal/conversion"
	"waybill/internal/money"
	"waybill/internal/reconcile"
	"waybill/internal/txid"
)

// noon is in the middle of the period of these tests.
var noon = time.Date(2026, 11, 15, 12, 0, 0, 0, time.UTC)

// tester is what *testing.T and *rapid.T have in common.
type tester interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

// trade makes IDs and conversions. Offers 1 and 2 are advertiser 1's, offer 3 is
// advertiser 2's.
type trade struct {
	t    tester
	ring *txid.Ring
	seq  uint16
}

func newTrade(t tester) *trade {
	t.Helper()
	ring, err := txid.NewRing([]txid.Key{{Number: 1, Secret: [32]byte{1, 2, 3}}})
	if err != nil {
		t.Fatal(err)
	}
	return &trade{t: t, ring: ring}
}

func (w *trade) id(k txid.Kind, at time.Time, offer, affiliate int64) txid.ID {
	w.t.Helper()
	w.seq++
	id, err := w.ring.Seal(txid.Parts{Kind: k, Time: at, Node: 1, Seq: w.seq, Offer: offer, Affiliate: affiliate})
	if err != nil {
		w.t.Fatal(err)
	}
	return id
}

func usd(units int64) money.Amount { return money.Amount{Units: units * 10_000, Currency: "USD"} }

// conversion makes an approved one of offer 1 and affiliate 7, of so many cents.
func (w *trade) conversion(at time.Time, cents int64) reconcile.Conversion {
	w.t.Helper()
	return reconcile.Conversion{
		ID: w.id(txid.Conversion, at, 1, 7), TransactionID: w.id(txid.Click, at.Add(-time.Hour), 1, 7), OfferID: 1, AffiliateID: 7,
		Goal: "default", OrderID: fmt.Sprintf("A-%04d", w.seq), Channel: "postback", Status: conversion.Approved,
		Money:       [3]money.Amount{reconcile.Amount: usd(cents), reconcile.Revenue: usd(cents / 10), reconcile.Payout: usd(cents / 20)},
		AmountKnown: true, ByServer: true, OccurredAt: at, UpdatedAt: at, Version: 1,
	}
}

func (w *trade) params() reconcile.Params {
	return reconcile.Params{
		Side: reconcile.Advertiser, Party: reconcile.Owner{AdvertiserID: 1}, Zone: time.UTC, Insider: true, Open: w.ring.Open,
		From: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC), Until: time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC),
		AdvertiserOf: func(offer int64) int64 { return (offer-1)/2 + 1 },
	}
}

func (w *trade) reading() reconcile.Reading {
	return reconcile.Reading{
		Side: reconcile.Advertiser, Zone: time.UTC, Now: time.Date(2026, 12, 2, 0, 0, 0, 0, time.UTC),
		Verify: func(id txid.ID) bool {
			_, err := w.ring.Open(id)
			return err == nil
		},
	}
}

func (w *trade) read(how reconcile.Reading, text string) *reconcile.List {
	w.t.Helper()
	list, err := reconcile.Read(strings.NewReader(text), how)
	if err != nil {
		w.t.Fatalf("Read(%q): %v", text, err)
	}
	return list
}

// match compares a list with conversions.
func (w *trade) match(p reconcile.Params, how reconcile.Reading, text string, ours ...reconcile.Conversion) *reconcile.Match {
	w.t.Helper()
	m, err := reconcile.New(w.read(how, text), p)
	if err != nil {
		w.t.Fatalf("New(%q): %v", text, err)
	}
	for _, c := range ours {
		m.Add(c)
	}
	return m
}

// rows gives a class's rows.
func rows(t tester, m *reconcile.Match, c reconcile.Class) []reconcile.Row {
	t.Helper()
	var all []reconcile.Row
	if err := m.Rows(c, func(r reconcile.Row) error { all = append(all, r); return nil }); err != nil {
		t.Fatal(err)
	}
	return all
}

// result sums a match up and holds it to what always holds.
func result(t tester, m *reconcile.Match) reconcile.Summary {
	t.Helper()
	s, err := m.Result()
	if err != nil {
		t.Fatal(err)
	}
	if sum := s.Matched + s.AmountDiffers + s.StatusDiffers + s.MissingHere + s.Duplicate; sum != s.Lines {
		t.Fatalf("the classes of lines add up to %d of %d: %+v", sum, s.Lines, s)
	}
	if sum := s.Matched + s.AmountDiffers + s.StatusDiffers + s.MissingThere; sum != s.Conversions {
		t.Fatalf("the classes of conversions add up to %d of %d: %+v", sum, s.Conversions, s)
	}
	for _, total := range s.Totals {
		var theirs, ours, apart int64
		for _, p := range total.Parts {
			theirs, ours, apart = theirs+units(t, p.Theirs), ours+units(t, p.Ours), apart+units(t, p.Difference)
			if p.Class == reconcile.Matched && units(t, p.Difference) != 0 {
				t.Fatalf("what is matched differs by %s", p.Difference)
			}
		}
		if theirs != units(t, total.Theirs) || ours != units(t, total.Ours) || apart != units(t, total.Difference) || apart != theirs-ours {
			t.Fatalf("the parts of %+v add up to %d less %d, difference %d", total, theirs, ours, apart)
		}
	}
	for _, c := range reconcile.Classes() {
		n := 0
		for _, r := range s.Reasons {
			if r.Class == c {
				n += r.Count
			}
		}
		if got := len(rows(t, m, c)); got != n {
			t.Fatalf("class %s has %d rows, and reasons for %d", c, got, n)
		}
	}
	return s
}

func units(t tester, text string) int64 {
	t.Helper()
	n, err := money.ParseSigned(text)
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return n
}

// line writes a conversion as a line of an advertiser's list.
func line(c reconcile.Conversion, loc *time.Location) string {
	return fmt.Sprintf("%s,%s,%s,%s,%s\n", c.TransactionID, c.OrderID, money.Decimal(c.Money[reconcile.Amount].Units, "USD"),
		c.Status, c.OccurredAt.In(loc).Format("2006-01-02 15:04:05"))
}

const head = "Click ID,Order,Sale,Status,Date\n"

var _ tester = (*testing.T)(nil)
