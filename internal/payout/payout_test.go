package payout_test

import (
	"maps"
	"math"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"waybill/internal/conversion"
	"waybill/internal/fault"
	"waybill/internal/ledger"
	"waybill/internal/money"
	"waybill/internal/payout"
)

// noon is when payouts of these tests are asked for.
func noon() time.Time { return time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC) }

func usd(units int64) money.Amount { return money.Amount{Units: units, Currency: "USD"} }

func TestCovers(t *testing.T) {
	tests := []struct {
		name   string
		change func(*payout.Payout, *conversion.Conversion)
		want   bool
	}{
		{name: "what is approved", change: func(*payout.Payout, *conversion.Conversion) {}, want: true},
		{name: "also what pays nothing", change: func(_ *payout.Payout, c *conversion.Conversion) { c.Payout.Units = 0 }, want: true},
		{name: "whenever it was changed", change: func(p *payout.Payout, c *conversion.Conversion) { c.UpdatedAt = p.CreatedAt.Add(1) }, want: true},
		{name: "not what was changed since it was asked for", change: func(_ *payout.Payout, c *conversion.Conversion) { c.Version = 4 }},
		{name: "not what happened at its end", change: func(p *payout.Payout, c *conversion.Conversion) { c.OccurredAt = p.Until }},
		{name: "not when it is booked", change: func(p *payout.Payout, _ *conversion.Conversion) { p.Status = payout.Booked }},
		{name: "not when it is only planned", change: func(p *payout.Payout, _ *conversion.Conversion) { p.Status = payout.Planned }},
		{name: "not a test", change: func(_ *payout.Payout, c *conversion.Conversion) { c.Test = true }},
		{name: "not what is paid", change: func(_ *payout.Payout, c *conversion.Conversion) { c.Status = conversion.Paid }},
		{name: "not what is pending", change: func(_ *payout.Payout, c *conversion.Conversion) { c.Status = conversion.Pending }},
		{name: "not another affiliate's", change: func(_ *payout.Payout, c *conversion.Conversion) { c.AffiliateID = 2 }},
		{name: "not in another currency", change: func(_ *payout.Payout, c *conversion.Conversion) { c.Payout.Currency = "EUR" }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := payout.Payout{AffiliateID: 1, Until: noon(), Status: payout.Booking, Amount: usd(0), CreatedAt: noon()}
			c := conversion.Conversion{
				Version: 3, Status: conversion.Approved, AffiliateID: 1, Payout: usd(5), OccurredAt: noon().Add(-time.Hour), UpdatedAt: noon().Add(-time.Minute),
			}
			tt.change(&p, &c)
			if got := p.Covers(&c, 3); got != tt.want {
				t.Errorf("Covers() = %t, want %t", got, tt.want)
			}
		})
	}
}

func TestPlan(t *testing.T) {
	seven := int64(7)
	due := func(conversions, earned, adjustments, adjusted int64) payout.Due {
		d := payout.Due{AffiliateID: 1, Currency: "USD"}
		d.Add(conversions, usd(earned).Sum(), adjustments, usd(adjusted).Sum())
		return d
	}
	// beyond comes to 7, though neither of its parts is an amount.
	beyond := due(3, math.MaxInt64, 30, -math.MaxInt64)
	beyond.Add(1, usd(8).Sum(), 1, usd(-1).Sum())
	much := due(3, math.MaxInt64, 0, 0)
	much.Add(1, usd(1).Sum(), 0, money.Sum{})
	tests := []struct {
		name string
		due  payout.Due
		want int64 // 0: refused
	}{
		{name: "what is due is paid", due: due(2, 9, 1, -2), want: 7},
		{name: "adjustments alone are", due: due(0, 0, 1, 7), want: 7},
		{name: "another sum than expected is not", due: due(2, 8, 0, 0)},
		{name: "nothing is not", due: payout.Due{AffiliateID: 1, Currency: "USD"}},
		{name: "what comes to nothing is not", due: due(3, 5, 1, -5)},
		{name: "less than nothing is not", due: due(3, 1, 1, -8)},
		{name: "more than an amount can be is not", due: much},
		{name: "nor what is put together of more", due: beyond},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := payout.Order{AffiliateID: 1, Currency: "USD", Until: noon(), Expect: &seven, At: noon()}
			p, err := o.Plan(&tt.due)
			if tt.want == 0 {
				if fault.Of(err) != fault.Conflict {
					t.Errorf("Plan() = %+v, %v; want a Conflict", p, err)
				}
				return
			}
			if err != nil || p.Status != payout.Planned || p.Amount.Units != tt.want || p.Conversions != tt.due.Conversions {
				t.Errorf("Plan() = %+v, %v; want %d", p, err, tt.want)
			}
		})
	}
}

// TestEntriesSumToZero, whatever is adjusted or settled, and change the partner's
// balance by just so much in its favour.
func TestEntriesSumToZero(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		units := rapid.Int64Range(-money.Max, money.Max).Draw(t, "units")
		a := payout.Adjustment{Kind: rapid.SampledFrom(payout.Kinds()).Draw(t, "kind"), Amount: usd(units)}
		if rapid.Bool().Draw(t, "advertiser") || a.Kind == payout.Payment {
			a.AdvertiserID = 3
		} else {
			a.AffiliateID = 9
		}
		of := a.Account(ledger.Approved)
		entries, err := a.Entries()
		holds(t, entries, err, of, -units)
		p := payout.Payout{AffiliateID: 9, Amount: usd(0)}
		entries, err = p.Settled(units)
		holds(t, entries, err, ledger.Account{Party: ledger.Affiliate, ID: 9, Book: ledger.Paid}, -units)
	})
}

// TestAPaymentAndItsOpposite leave all accounts as they were, and the network's
// alone.
func TestAPaymentAndItsOpposite(t *testing.T) {
	got := map[ledger.Account]int64{}
	for _, units := range []int64{8, -8} {
		a := payout.Adjustment{AdvertiserID: 3, Kind: payout.Payment, Amount: usd(units)}
		entries, err := a.Entries()
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			got[e.Account] += e.Amount.Units
		}
	}
	want := map[ledger.Account]int64{
		{Party: ledger.Advertiser, ID: 3, Book: ledger.Approved}: 0, {Party: ledger.Advertiser, ID: 3, Book: ledger.Paid}: 0,
	}
	if !maps.Equal(got, want) {
		t.Errorf("the accounts are %v, want %v", got, want)
	}
}

func holds(t *rapid.T, entries []ledger.Entry, err error, of ledger.Account, units int64) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	var sum, its int64
	for _, e := range entries {
		sum += e.Amount.Units
		if e.Account == of {
			its += e.Amount.Units
		}
		if e.Amount.Zero() {
			t.Errorf("an entry of nothing: %+v", e)
		}
	}
	if sum != 0 || its != units {
		t.Errorf("%+v sum to %d, and to %d for %+v; want 0 and %d", entries, sum, its, of, units)
	}
}

func TestAClawbackTakesBackWhatWasPaid(t *testing.T) {
	paid := conversion.Conversion{ID: "c1", Status: conversion.Paid, AffiliateID: 9, AdvertiserID: 3, Payout: usd(10)}
	tests := []struct {
		name   string
		units  int64
		clawed int64
		change func(*payout.Adjustment, *conversion.Conversion)
		want   fault.Kind // Internal: none
	}{
		{name: "all of it", units: -10},
		{name: "the rest of it", units: -4, clawed: -6},
		{name: "not more", units: -11, want: fault.Conflict},
		{name: "not more together", units: -5, clawed: -6, want: fault.Conflict},
		{name: "not what is approved", units: -1, change: func(_ *payout.Adjustment, c *conversion.Conversion) { c.Status = conversion.Approved }, want: fault.Conflict},
		{name: "not in another currency", units: -1, change: func(a *payout.Adjustment, _ *conversion.Conversion) { a.Amount.Currency = "EUR" }, want: fault.Invalid},
		{name: "not another's", units: -1, change: func(a *payout.Adjustment, _ *conversion.Conversion) { a.AffiliateID = 8 }, want: fault.Invalid},
		{name: "not of a test", units: -1, change: func(_ *payout.Adjustment, c *conversion.Conversion) { c.Test = true }, want: fault.Invalid},
		{
			name: "a bonus may be about what is not paid", units: 99,
			change: func(a *payout.Adjustment, c *conversion.Conversion) {
				a.Kind, c.Status = payout.Bonus, conversion.Pending
			},
		},
		{
			name: "an advertiser's correction is about its own", units: 99,
			change: func(a *payout.Adjustment, _ *conversion.Conversion) {
				a.Kind, a.AffiliateID, a.AdvertiserID = payout.Correction, 0, 3
			},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := payout.Adjustment{AffiliateID: 9, Kind: payout.Clawback, Amount: usd(tt.units), ConversionID: "c1", Note: "sent back"}
			c := paid
			if tt.change != nil {
				tt.change(&a, &c)
			}
			err := a.About(&c, tt.clawed)
			if tt.want == fault.Internal && err != nil || tt.want != fault.Internal && fault.Of(err) != tt.want {
				t.Errorf("About() = %v, want %v", err, tt.want)
			}
		})
	}
}

func TestValidate(t *testing.T) {
	tests := []struct {
		name   string
		change func(*payout.Adjustment)
		want   string // the field that is refused; "" for none
	}{
		{name: "a correction", change: func(*payout.Adjustment) {}},
		{name: "as much as an amount can be", change: func(a *payout.Adjustment) { a.Amount = usd(-money.Max) }},
		{name: "more", change: func(a *payout.Adjustment) { a.Amount = usd(money.Max + 1) }, want: "amount"},
		{name: "less", change: func(a *payout.Adjustment) { a.Amount = usd(math.MinInt64) }, want: "amount"},
		{name: "nothing", change: func(a *payout.Adjustment) { a.Amount = usd(0) }, want: "amount"},
		{name: "no currency", change: func(a *payout.Adjustment) { a.Amount.Currency = "" }, want: "amount.currency"},
		{name: "nobody's", change: func(a *payout.Adjustment) { a.AffiliateID = 0 }, want: "affiliate_id"},
		{name: "two partners'", change: func(a *payout.Adjustment) { a.AdvertiserID = 1 }, want: "affiliate_id"},
		{name: "a note of as many letters as may be", change: func(a *payout.Adjustment) { a.Note = strings.Repeat("ж", 1000) }},
		{name: "a note of more", change: func(a *payout.Adjustment) { a.Note = strings.Repeat("x", 1001) }, want: "note"},
		{name: "a note that cannot be read", change: func(a *payout.Adjustment) { a.Note = "a\x00" }, want: "note"},
		{name: "without a note", change: func(a *payout.Adjustment) { a.Note = " \n" }, want: "note"},
		{name: "an affiliate's payment", change: func(a *payout.Adjustment) { a.Kind = payout.Payment }, want: "kind"},
		{name: "a payment taken back", change: func(a *payout.Adjustment) {
			a.Kind, a.AffiliateID, a.AdvertiserID, a.Amount = payout.Payment, 0, 3, usd(-5)
		}},
		{name: "a bonus that takes", change: func(a *payout.Adjustment) { a.Kind, a.Amount = payout.Bonus, usd(-1) }, want: "amount"},
		{name: "a clawback of no conversion", change: func(a *payout.Adjustment) { a.Kind, a.Amount = payout.Clawback, usd(-1) }, want: "conversion_id"},
		{name: "no kind", change: func(a *payout.Adjustment) { a.Kind = "gift" }, want: "kind"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := payout.Adjustment{AffiliateID: 1, Kind: payout.Correction, Amount: usd(5), Note: "agreed"}
			tt.change(&a)
			err := a.Validate()
			got := ""
			for _, e := range fault.All(err) {
				got += e.Field
			}
			if got != tt.want || (err == nil) != (tt.want == "") {
				t.Errorf("Validate() = %v, of the field %q; want %q", err, got, tt.want)
			}
		})
	}
}
