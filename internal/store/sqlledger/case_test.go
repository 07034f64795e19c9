package sqlledger

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"waybill/internal/conversion"
	"waybill/internal/delivery"
	"waybill/internal/ledger"
	"waybill/internal/money"
	"waybill/internal/settlement"
	"waybill/internal/signal"
	"waybill/internal/txid"
)

// ids mints IDs for tests, one a millisecond from clock on.
type ids struct {
	ring *txid.Ring
	mint *txid.Mint
	n    int
}

func newIDs(t testing.TB) *ids {
	t.Helper()
	key, err := txid.NewKey(1, time.Time{}, strings.NewReader(strings.Repeat("k", 32)))
	if err != nil {
		t.Fatal(err)
	}
	ring, err := txid.NewRing([]txid.Key{key})
	if err != nil {
		t.Fatal(err)
	}
	return &ids{ring: ring, mint: txid.NewMint(ring, 1, 0)}
}

func (i *ids) next(k txid.Kind, test bool) txid.ID {
	i.n++
	ticket := i.mint.Begin(clock.Add(time.Duration(i.n)*time.Millisecond), txid.Subject{Kind: k, Test: test, Offer: 1, Affiliate: 1})
	ticket.Done()
	return ticket.ID
}

func (i *ids) signal() string { return i.next(txid.Signal, false).String() }

// conversionID is the ID of the conversion that a signal makes.
func (i *ids) conversionID(t testing.TB, signalID string) string {
	t.Helper()
	id, err := txid.Parse(signalID)
	if err != nil {
		t.Fatal(err)
	}
	derived, err := i.ring.Derive(id, txid.Conversion)
	if err != nil {
		t.Fatal(err)
	}
	return derived.String()
}

func usd(units int64) money.Amount { return money.Amount{Units: units, Currency: "USD"} }

// newConversion is what the first signal of a claim makes.
func newConversion(id string, c settlement.Case) conversion.Conversion {
	return conversion.Conversion{
		ID: id, Test: c.Claim.Test, OfferID: c.Claim.OfferID, GoalID: c.Claim.GoalID, GoalCode: "default",
		AdvertiserID: 1, AffiliateID: 7, OrderID: c.OrderID, Channel: "postback",
		Status: conversion.Approved, Amount: usd(49_900_000), Payout: usd(5_000_000), Revenue: usd(7_000_000),
		Term: "offer", AmountKnown: true, AmountByServer: true, SeenByServer: true,
		Touch: conversion.Touch{
			TransactionID: c.Claim.TransactionID, Kind: "click", At: clock.Add(-time.Hour), AffClickID: "a1b2c3d4e5f6",
			Source: "newsletter", Sub: []string{"may", "", "top"}, Country: "DE", Device: "mobile", OS: "Android",
			Browser: "Chrome", IP: "203.0.113.7",
			UserAgent: "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0 Mobile Safari/537.36",
		},
		Adv: []string{"one"}, CustomerID: "c-1", Coupon: "MAY", Items: `[{"sku":"a"}]`,
		Extra: map[string]string{"foo": "bar"},
		Memory: conversion.Memory{
			Applied: []string{"9f86d081884c7d659a2feaa0c55ad015"}, HitID: "h", Waits: conversion.ForServer,
			PayoutRate: conversion.Rate{Fixed: 5_000_000},
		},
		OccurredAt: clock.Add(-time.Minute), CreatedAt: clock, UpdatedAt: clock, Version: 1,
	}
}

// entriesOfChange books what leads from before to after.
func entriesOfChange(t testing.TB, before, after conversion.Conversion, signalID string) []ledger.Entry {
	t.Helper()
	entries, err := ledger.Change(before, after)
	if err != nil {
		t.Fatal(err)
	}
	for i := range entries {
		entries[i].SignalID, entries[i].Reason, entries[i].At = signalID, "test", clock
	}
	return entries
}

// accepted is the outcome that makes conv of the case's signal.
func accepted(t testing.TB, c settlement.Case, conv conversion.Conversion) settlement.Outcome {
	t.Helper()
	return settlement.Outcome{
		Verdict:    verdictOn(c, signal.Accepted, signal.OK, conv.ID),
		Conversion: &conv,
		TakeOrder:  c.OrderID != "",
		Entries:    entriesOfChange(t, conversion.Conversion{}, conv, c.SignalID),
	}
}

func verdictOn(c settlement.Case, s signal.Status, code signal.Code, conversionID string) signal.Verdict {
	return signal.Verdict{
		Status: s, Code: code, ConversionID: conversionID, TransactionID: c.Claim.TransactionID, SignalID: c.SignalID,
		Test: c.Claim.Test, Message: "as it should be", Rule: "click by transaction_id", OfferID: c.Claim.OfferID,
		GoalID: c.Claim.GoalID, Channel: signal.Postback, SettledAt: clock.Add(time.Second),
	}
}

// once judges as goals do that count one conversion a claim and an order.
func once(t testing.TB, i *ids, c settlement.Case) func(settlement.State) (settlement.Outcome, error) {
	t.Helper()
	id := i.conversionID(t, c.SignalID)
	return func(s settlement.State) (settlement.Outcome, error) {
		switch {
		case len(s.Conversions) > 0:
			return settlement.Outcome{Verdict: verdictOn(c, signal.Duplicate, signal.CodeDuplicate, s.Conversions[0].ID)}, nil
		case s.Order != nil:
			return settlement.Outcome{Verdict: verdictOn(c, signal.Duplicate, signal.CodeDuplicate, s.Order.ID)}, nil
		}
		return accepted(t, c, newConversion(id, c)), nil
	}
}

// owed is one postback on a conversion's version.
func owed(conv conversion.Conversion, subscription int64, due time.Time) delivery.Owed {
	return delivery.Owed{
		ID: fmt.Sprintf("%s-%d-%d", conv.ID, subscription, conv.Version), SubscriptionID: subscription,
		ConversionID: conv.ID, TransactionID: conv.Touch.TransactionID, Sequence: conv.Version,
		Event: conversion.EventCreated, Values: map[string]string{"payout": "5.00", "sub1": "ü"},
		State: delivery.Waiting, CreatedAt: clock, DueAt: due,
	}
}

// settle settles a case and fails the test if that fails.
func settle(t testing.TB, db *DB, c settlement.Case) signal.Verdict {
	t.Helper()
	v, err := db.Settle(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return v
}
