package money_test

import (
	"encoding/json"
	"math"
	"testing"

	"pgregory.net/rapid"

	"waybill/internal/fault"
	"waybill/internal/money"
)

func TestSumWrites(t *testing.T) {
	tests := []struct {
		name  string
		sum   money.Sum
		text  string
		wires string
	}{
		{"nothing at all", money.Sum{}, "0.00", `{"amount":"0.00","currency":""}`},
		{"whole and micro-units", money.Total(12, 505_000, "USD"), "12.505 USD", `{"amount":"12.505","currency":"USD"}`},
		{"of different signs", money.Total(1, -1_250_000, "USD"), "-0.25 USD", `{"amount":"-0.25","currency":"USD"}`},
		{"a currency without decimals", money.Total(-500, 0, "JPY"), "-500 JPY", `{"amount":"-500","currency":"JPY"}`},
		{
			"more than an amount can be", money.Total(math.MaxInt64, 999_999, "USD").Add(money.Total(1, 0, "USD")),
			"9223372036854775808.999999 USD", `{"amount":"9223372036854775808.999999","currency":"USD"}`,
		},
		{"less than an amount can be", money.Total(math.MinInt64, -1, "EUR"), "-9223372036854775808.000001 EUR", `{"amount":"-9223372036854775808.000001","currency":"EUR"}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			wire, err := json.Marshal(tt.sum)
			if tt.sum.String() != tt.text || string(wire) != tt.wires || err != nil {
				t.Errorf("it is written %s and %s (%v), want %s and %s", tt.sum, wire, err, tt.text, tt.wires)
			}
		})
	}
	for _, s := range []money.Sum{money.Total(math.MaxInt64, 0, "USD"), money.Total(0, math.MinInt64, "USD").Add(money.Total(0, -1, "USD"))} {
		if a, err := s.Amount(); fault.Of(err) != fault.Invalid {
			t.Errorf("%s as an amount is %v, %v; want Invalid", s, a, err)
		}
	}
}

// TestSumIsAmount: within an amount's bounds a sum says what the amount does, and
// however it is put together it is the same.
func TestSumIsAmount(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := money.Amount{Units: rapid.Int64().Draw(t, "units"), Currency: rapid.SampledFrom([]money.Currency{"USD", "JPY", "KWD", ""}).Draw(t, "currency")}
		s := a.Sum()
		if parts := money.Total(a.Units/money.Unit, a.Units%money.Unit, a.Currency); !parts.Equal(s) {
			t.Errorf("%d of its parts is %s, want %s", a.Units, parts, s)
		}
		if back, err := s.Amount(); err != nil || back != a {
			t.Errorf("%d comes back as %v, %v", a.Units, back, err)
		}
		want, _ := json.Marshal(a)
		if wire, err := json.Marshal(s); s.String() != a.String() || string(wire) != string(want) || err != nil {
			t.Errorf("%d is %s, %s; want %s, %s", a.Units, s, wire, a, want)
		}
		b := money.Amount{Units: rapid.Int64().Draw(t, "other"), Currency: a.Currency}
		if sum, err := a.Add(b); err == nil && !s.Add(b.Sum()).Equal(sum.Sum()) {
			t.Errorf("%s and %s are %s, want %s", a, b, s.Add(b.Sum()), sum)
		}
		if got, want := s.Compare(b.Sum()) < 0, a.Units < b.Units; got != want {
			t.Errorf("%s is less than %s: %t, want %t", a, b, got, want)
		}
	})
}
