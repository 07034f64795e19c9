package conversion_test

import (
	"bytes"
	"encoding/json"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/conversion"
	"waybill/internal/fault"
	"waybill/internal/money"
)

// statuses are all there are, and the one of a conversion not yet made.
func statuses() []conversion.Status {
	return []conversion.Status{
		"", conversion.Pending, conversion.Hold, conversion.Approved, conversion.Rejected, conversion.Paid,
	}
}

// TestTransitions holds every pair of statuses to the contract's list.
func TestTransitions(t *testing.T) {
	allowed := map[[2]conversion.Status]bool{
		{conversion.Pending, conversion.Approved}:  true,
		{conversion.Pending, conversion.Rejected}:  true,
		{conversion.Pending, conversion.Hold}:      true,
		{conversion.Hold, conversion.Approved}:     true,
		{conversion.Hold, conversion.Rejected}:     true,
		{conversion.Approved, conversion.Rejected}: true,
		{conversion.Approved, conversion.Paid}:     true,
		{conversion.Rejected, conversion.Approved}: true,
	}
	for _, from := range statuses() {
		for _, to := range statuses() {
			want := allowed[[2]conversion.Status{from, to}]
			if got := from.CanBecome(to); got != want {
				t.Errorf("%q.CanBecome(%q) = %v, want %v", from, to, got, want)
			}
		}
	}
}

// TestEventOfStatus holds every pair of statuses to one event or none, also
// those that no signal can bring about.
func TestEventOfStatus(t *testing.T) {
	const none = conversion.Event("")
	// From each status, in the order of statuses(): to "", pending, hold,
	// approved, rejected, paid.
	want := map[conversion.Status][]conversion.Event{
		"":                  {none, conversion.EventCreated, conversion.EventCreated, conversion.EventCreated, conversion.EventRejected, conversion.EventPaid},
		conversion.Pending:  {none, none, none, conversion.EventApproved, conversion.EventRejected, conversion.EventPaid},
		conversion.Hold:     {none, none, none, conversion.EventApproved, conversion.EventRejected, conversion.EventPaid},
		conversion.Approved: {none, none, none, none, conversion.EventReversed, conversion.EventPaid},
		conversion.Rejected: {none, none, none, conversion.EventApproved, none, conversion.EventPaid},
		conversion.Paid:     {none, none, none, conversion.EventApproved, conversion.EventReversed, none},
	}
	for _, from := range statuses() {
		for i, to := range statuses() {
			got, ok := conversion.EventOf(conversion.Conversion{Status: from}, conversion.Conversion{Status: to})
			if got != want[from][i] || ok != (got != none) {
				t.Errorf("EventOf(%q → %q) = %q, %v; want %q", from, to, got, ok, want[from][i])
			}
		}
	}
}

func TestEventOfMoney(t *testing.T) {
	before := conversion.Conversion{
		Status: conversion.Approved,
		Amount: usd(100), Payout: usd(7), Revenue: usd(10),
	}
	tests := []struct {
		name   string
		change func(*conversion.Conversion)
		want   conversion.Event
	}{
		{name: "another amount is an update", change: func(c *conversion.Conversion) { c.Amount = usd(90) }, want: conversion.EventUpdated},
		{name: "another payout is an update", change: func(c *conversion.Conversion) { c.Payout = usd(6) }, want: conversion.EventUpdated},
		{name: "another revenue is an update", change: func(c *conversion.Conversion) { c.Revenue = usd(9) }, want: conversion.EventUpdated},
		{
			name: "a status with an amount is heard of once, as the status",
			change: func(c *conversion.Conversion) {
				c.Status, c.Amount = conversion.Rejected, usd(0)
			},
			want: conversion.EventReversed,
		},
		{name: "a second sighting is no event", change: func(c *conversion.Conversion) { c.SeenByClient, c.Version = true, 2 }},
		{name: "an order ID that comes later is no event", change: func(c *conversion.Conversion) { c.OrderID = "A-1" }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			after := before
			tt.change(&after)
			got, ok := conversion.EventOf(before, after)
			if got != tt.want || ok != (tt.want != "") {
				t.Errorf("EventOf() = %q, %v; want %q", got, ok, tt.want)
			}
		})
	}
}

func TestParseStatus(t *testing.T) {
	for _, word := range []string{"approved", "pending", "rejected", "hold"} {
		if got, ok := conversion.ParseStatus(word); !ok || string(got) != word {
			t.Errorf("ParseStatus(%q) = %q, %v", word, got, ok)
		}
	}
	for _, word := range []string{"", "paid", "Approved", "declined"} {
		if got, ok := conversion.ParseStatus(word); ok || got != "" {
			t.Errorf("ParseStatus(%q) = %q, %v; want it refused", word, got, ok)
		}
	}
}

func TestRate(t *testing.T) {
	tests := []struct {
		name string
		rate conversion.Rate
		sale int64
		want int64
	}{
		{name: "nothing earns nothing", sale: 100 * money.Unit},
		{name: "a fixed part whatever the sale", rate: conversion.Rate{Fixed: 4 * money.Unit}, sale: 100 * money.Unit, want: 4 * money.Unit},
		{name: "a share of the sale", rate: conversion.Rate{Percent: 7_500_000}, sale: 100 * money.Unit, want: 7_500_000},
		{name: "both", rate: conversion.Rate{Fixed: money.Unit, Percent: 10 * money.Unit}, sale: 50 * money.Unit, want: 6 * money.Unit},
		{name: "half a micro-unit goes to the even one", rate: conversion.Rate{Percent: 50 * money.Unit}, sale: 5, want: 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := tt.rate.Of(tt.sale)
			if err != nil || got != tt.want {
				t.Errorf("Of(%d) = %d, %v; want %d", tt.sale, got, err, tt.want)
			}
		})
	}

	huge := conversion.Rate{Fixed: math.MaxInt64, Percent: money.MaxPercent}
	if got, err := huge.Of(1); fault.Of(err) != fault.Invalid {
		t.Errorf("Of(1) of a rate too large = %d, %v; want it refused", got, err)
	}
}

// TestMemoryIsKept: what later signals reckon by survives the ledger's JSON, and
// stays out of what partners see.
func TestMemoryIsKept(t *testing.T) {
	want := conversion.Memory{
		Applied: []string{"f1", "f2"}, HitID: "h1", Waits: conversion.ForCap,
		PayoutRate:  conversion.Rate{Fixed: 1_500_000, Percent: 7_500_000},
		RevenueRate: conversion.Rate{Percent: 12_345_678},
		CapUse:      []conversion.CapUse{{AffiliateID: 3, Goal: "sale", Metric: "payout", Period: "day 2026-11-22", Units: 9_000_001}},
	}
	text, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	var got conversion.Memory
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("after JSON, -want +got:\n%s", diff)
	}

	shown, err := json.Marshal(conversion.Conversion{ID: "c1", Memory: want})
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"applied", "rate", "cap_use", "h1"} {
		if bytes.Contains(shown, []byte(secret)) {
			t.Errorf("a conversion's JSON holds %q: %s", secret, shown)
		}
	}
}

func usd(units int64) money.Amount {
	return money.Amount{Units: units * money.Unit, Currency: money.USD}
}
