package ledger_test

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"waybill/internal/conversion"
	"waybill/internal/fault"
	"waybill/internal/ledger"
	"waybill/internal/money"
)

// sale is a conversion that earns the affiliate 7 and costs the advertiser 10.
func sale(s conversion.Status) conversion.Conversion {
	return conversion.Conversion{
		ID: "c1", AdvertiserID: 5, AffiliateID: 9, Status: s,
		Payout: amount(7, "USD"), Revenue: amount(10, "USD"),
	}
}

func TestPosition(t *testing.T) {
	inBook := func(b ledger.Book) []ledger.Entry {
		return []ledger.Entry{
			entry(ledger.Advertiser, 5, b, 10), entry(ledger.Affiliate, 9, b, -7), entry(ledger.Network, 0, b, -3),
		}
	}
	test, free, generous := sale(conversion.Approved), sale(conversion.Approved), sale(conversion.Approved)
	test.Test = true
	free.Payout = amount(0, "USD")
	generous.Payout = amount(10, "USD")
	mixed := sale(conversion.Paid)
	mixed.Payout = amount(7, "EUR")

	testEntries := inBook(ledger.Approved)
	for i := range testEntries {
		testEntries[i].Account.Test = true
	}
	euro := func(e ledger.Entry) ledger.Entry { e.Amount.Currency = "EUR"; return e }

	tests := []struct {
		name string
		c    conversion.Conversion
		want []ledger.Entry
	}{
		{name: "no conversion amounts to nothing"},
		{name: "pending money is in the pending book", c: sale(conversion.Pending), want: inBook(ledger.Pending)},
		{name: "money on hold is in the pending book", c: sale(conversion.Hold), want: inBook(ledger.Pending)},
		{name: "approved money is owed", c: sale(conversion.Approved), want: inBook(ledger.Approved)},
		{
			name: "what is paid is the affiliate's alone", c: sale(conversion.Paid),
			want: []ledger.Entry{
				entry(ledger.Advertiser, 5, ledger.Approved, 10), entry(ledger.Affiliate, 9, ledger.Paid, -7), entry(ledger.Network, 0, ledger.Approved, -3),
			},
		},
		{name: "rejected amounts to nothing", c: sale(conversion.Rejected)},
		{name: "test money is in accounts of its own", c: test, want: testEntries},
		{
			name: "a payout of nothing leaves the affiliate out", c: free,
			want: []ledger.Entry{entry(ledger.Advertiser, 5, ledger.Approved, 10), entry(ledger.Network, 0, ledger.Approved, -10)},
		},
		{
			name: "what is all paid on leaves the network out", c: generous,
			want: []ledger.Entry{entry(ledger.Advertiser, 5, ledger.Approved, 10), entry(ledger.Affiliate, 9, ledger.Approved, -10)},
		},
		{
			name: "two currencies each sum to zero", c: mixed,
			want: []ledger.Entry{
				entry(ledger.Advertiser, 5, ledger.Approved, 10), euro(entry(ledger.Affiliate, 9, ledger.Paid, -7)),
				entry(ledger.Network, 0, ledger.Approved, -10), euro(entry(ledger.Network, 0, ledger.Approved, 7)),
			},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, ledger.Position(tt.c)); diff != "" {
				t.Errorf("Position(), -want +got:\n%s", diff)
			}
		})
	}
}

func TestChange(t *testing.T) {
	dearer := sale(conversion.Approved)
	dearer.Payout, dearer.Revenue = amount(8, "USD"), amount(12, "USD")
	tests := []struct {
		name          string
		before, after conversion.Conversion
		want          []ledger.Entry
	}{
		{
			name: "a new conversion books its position", after: sale(conversion.Pending),
			want: ledger.Position(sale(conversion.Pending)),
		},
		{
			name: "approval moves the money from book to book", before: sale(conversion.Pending), after: sale(conversion.Approved),
			want: []ledger.Entry{
				entry(ledger.Advertiser, 5, ledger.Approved, 10), entry(ledger.Advertiser, 5, ledger.Pending, -10),
				entry(ledger.Affiliate, 9, ledger.Approved, -7), entry(ledger.Affiliate, 9, ledger.Pending, 7),
				entry(ledger.Network, 0, ledger.Approved, -3), entry(ledger.Network, 0, ledger.Pending, 3),
			},
		},
		{
			name: "a reversal takes all back", before: sale(conversion.Approved), after: sale(conversion.Rejected),
			want: []ledger.Entry{
				entry(ledger.Advertiser, 5, ledger.Approved, -10), entry(ledger.Affiliate, 9, ledger.Approved, 7),
				entry(ledger.Network, 0, ledger.Approved, 3),
			},
		},
		{
			name: "a correction books the difference alone", before: sale(conversion.Approved), after: dearer,
			want: []ledger.Entry{
				entry(ledger.Advertiser, 5, ledger.Approved, 2), entry(ledger.Affiliate, 9, ledger.Approved, -1),
				entry(ledger.Network, 0, ledger.Approved, -1),
			},
		},
		{
			name: "a payout moves the affiliate's money alone", before: sale(conversion.Approved), after: sale(conversion.Paid),
			want: []ledger.Entry{entry(ledger.Affiliate, 9, ledger.Approved, 7), entry(ledger.Affiliate, 9, ledger.Paid, -7)},
		},
		{name: "no change books nothing", before: sale(conversion.Approved), after: sale(conversion.Approved)},
		{name: "a move between pending and hold books nothing", before: sale(conversion.Pending), after: sale(conversion.Hold)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ledger.Change(tt.before, tt.after)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("Change(), -want +got:\n%s", diff)
			}
		})
	}
}

// TestChangesAddUpToThePosition is the rule that the whole ledger rests on:
// whatever a conversion goes through, each change sums to zero, and all of them
// together are its position.
func TestChangesAddUpToThePosition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var now conversion.Conversion
		var booked []ledger.Entry
		for range rapid.IntRange(1, 12).Draw(t, "changes") {
			next := anyConversion().Draw(t, "next")
			entries, err := ledger.Change(now, next)
			if err != nil {
				t.Fatal(err)
			}
			zero := make(map[money.Currency]int64)
			for _, e := range entries {
				if e.Amount.Zero() {
					t.Fatalf("an entry of nothing: %+v", e)
				}
				zero[e.Amount.Currency] += e.Amount.Units
			}
			for cur, sum := range zero {
				if sum != 0 {
					t.Fatalf("entries of one change sum to %d %s: %+v", sum, cur, entries)
				}
			}
			booked, now = append(booked, entries...), next
		}
		got, err := ledger.Sum(booked)
		if err != nil {
			t.Fatal(err)
		}
		want, err := ledger.Sum(ledger.Position(now))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("all entries against the position, -position +entries:\n%s", diff)
		}
	})
}

func anyConversion() *rapid.Generator[conversion.Conversion] {
	return rapid.Custom(func(t *rapid.T) conversion.Conversion {
		units := rapid.Int64Range(0, money.Max)
		currency := rapid.SampledFrom([]money.Currency{"USD", "EUR"})
		return conversion.Conversion{
			ID: "c1", AdvertiserID: 5, AffiliateID: 9,
			Status: rapid.SampledFrom([]conversion.Status{
				conversion.Pending, conversion.Hold, conversion.Approved, conversion.Rejected, conversion.Paid,
			}).Draw(t, "status"),
			Payout:  money.Amount{Units: units.Draw(t, "payout"), Currency: currency.Draw(t, "payout currency")},
			Revenue: money.Amount{Units: units.Draw(t, "revenue"), Currency: currency.Draw(t, "revenue currency")},
			Test:    rapid.Bool().Draw(t, "test"),
		}
	})
}

func TestWhatDoesNotFitIsRefused(t *testing.T) {
	rich, poor := sale(conversion.Approved), sale(conversion.Approved)
	rich.Payout, rich.Revenue = money.Amount{Units: math.MaxInt64, Currency: "USD"}, amount(0, "USD")
	poor.Payout, poor.Revenue = amount(0, "USD"), money.Amount{Units: math.MaxInt64, Currency: "USD"}
	negative := sale(conversion.Approved)
	negative.Payout.Units = -1

	tests := []struct {
		name          string
		before, after conversion.Conversion
	}{
		{name: "a difference beyond int64", before: rich, after: poor},
		{name: "a negative payout", after: negative},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ledger.Change(tt.before, tt.after)
			if fault.Of(err) != fault.Invalid || got != nil {
				t.Errorf("Change() = %+v, %v; want an Invalid fault", got, err)
			}
		})
	}

	top := entry(ledger.Affiliate, 9, ledger.Paid, 0)
	top.Amount.Units = math.MaxInt64
	if got, err := ledger.Sum([]ledger.Entry{top, entry(ledger.Affiliate, 9, ledger.Paid, 1)}); fault.Of(err) != fault.Invalid {
		t.Errorf("Sum() = %+v, %v; want an Invalid fault", got, err)
	}
}

func entry(p ledger.Party, id int64, b ledger.Book, units int64) ledger.Entry {
	return ledger.Entry{
		Account: ledger.Account{Party: p, ID: id, Book: b}, Amount: amount(units, "USD"), ConversionID: "c1",
	}
}

func amount(units int64, c money.Currency) money.Amount {
	return money.Amount{Units: units * money.Unit, Currency: c}
}
