package money_test

import (
	"encoding/json"
	"math"
	"math/big"
	"testing"

	"golang.org/x/text/currency"
	"pgregory.net/rapid"

	"waybill/internal/fault"
	"waybill/internal/money"
)

func TestDecimal(t *testing.T) {
	tests := []struct {
		units    int64
		currency money.Currency
		want     string
	}{
		{12_500_000, "USD", "12.50"},
		{12_505_000, "USD", "12.505"},
		{12_500_001, "USD", "12.500001"},
		{0, "USD", "0.00"},
		{500_000_000, "JPY", "500"},
		{500_100_000, "JPY", "500.1"},
		{1_000_000, "KWD", "1.000"},
		{1_000_000, "", "1.00"},
		{-1_500_000, "EUR", "-1.50"},
		{-1, "EUR", "-0.000001"},
		{math.MaxInt64, "USD", "9223372036854.775807"},
		{math.MinInt64, "USD", "-9223372036854.775808"},
	}
	for _, tt := range tests {
		if got := money.Decimal(tt.units, tt.currency); got != tt.want {
			t.Errorf("Decimal(%d, %s) = %s, want %s", tt.units, tt.currency, got, tt.want)
		}
	}
}

func TestAmountJSON(t *testing.T) {
	out, err := json.Marshal(money.Amount{Units: 12_500_000, Currency: "USD"})
	if want := `{"amount":"12.50","currency":"USD"}`; err != nil || string(out) != want {
		t.Fatalf("Marshal = %s, %v; want %s", out, err, want)
	}
	tests := []struct {
		name  string
		text  string
		want  money.Amount
		field string // of the fault; "-" if it has none
	}{
		{"reads its own text", string(out), money.Amount{Units: 12_500_000, Currency: "USD"}, ""},
		{"reads a correction", `{"amount":"-3","currency":"eur"}`, money.Amount{Units: -3_000_000, Currency: "EUR"}, ""},
		{"leaves a missing currency to the caller", `{"amount":"3"}`, money.Amount{Units: 3_000_000}, ""},
		{"refuses a number", `{"amount":12.5,"currency":"USD"}`, money.Amount{}, "-"},
		{"refuses a missing amount", `{"currency":"USD"}`, money.Amount{}, "-"},
		{"refuses a bare string", `"12.50"`, money.Amount{}, "-"},
		{"names the amount", `{"amount":"1,5","currency":"USD"}`, money.Amount{}, "amount"},
		{"names the currency", `{"amount":"1.5","currency":"dollars"}`, money.Amount{}, "currency"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got money.Amount
			err := json.Unmarshal([]byte(tt.text), &got)
			field := ""
			if all := fault.All(err); len(all) == 1 {
				if field = all[0].Field; field == "" {
					field = "-"
				}
			}
			if got != tt.want || field != tt.field {
				t.Errorf("Unmarshal(%s) = %v, fault about %q (%v); want %v, %q", tt.text, got, field, err, tt.want, tt.field)
			}
		})
	}
}

func TestAmountText(t *testing.T) {
	if got := (money.Amount{Units: 5_000_000, Currency: "JPY"}).String(); got != "5 JPY" {
		t.Errorf("String() = %q, want %q", got, "5 JPY")
	}
	if got := (money.Amount{}).String(); got != "0.00" {
		t.Errorf("String() of nothing = %q, want %q", got, "0.00")
	}
}

func TestAddRefusesWhatDoesNotFit(t *testing.T) {
	for _, tt := range [][2]int64{{math.MaxInt64, 1}, {math.MinInt64, -1}, {math.MinInt64, math.MinInt64}, {math.MaxInt64, math.MaxInt64}} {
		if got, err := money.Add(tt[0], tt[1]); fault.Of(err) != fault.Invalid || got != 0 {
			t.Errorf("Add(%d, %d) = %d, %v; want an Invalid fault", tt[0], tt[1], got, err)
		}
	}
	if _, err := money.Neg(math.MinInt64); fault.Of(err) != fault.Invalid {
		t.Errorf("Neg(MinInt64) = %v, want an Invalid fault", err)
	}
	usd, eur := money.Amount{Units: 1, Currency: "USD"}, money.Amount{Units: 1, Currency: "EUR"}
	if _, err := usd.Add(eur); fault.Of(err) != fault.Invalid {
		t.Errorf("USD + EUR = %v, want an Invalid fault", err)
	}
	if got, err := usd.Add(usd); err != nil || got.Units != 2 || got.Currency != "USD" {
		t.Errorf("USD + USD = %v, %v; want 2 micro-dollars", got, err)
	}
	if got, err := usd.Neg(); err != nil || got.Units != -1 {
		t.Errorf("Neg() = %v, %v; want -1", got, err)
	}
}

func TestSumsAreExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.Int64().Draw(t, "a"), rapid.Int64().Draw(t, "b")
		want := new(big.Int).Add(big.NewInt(a), big.NewInt(b))
		got, err := money.Add(a, b)
		if want.IsInt64() != (err == nil) || err == nil && got != want.Int64() {
			t.Errorf("Add(%d, %d) = %d, %v; want %s", a, b, got, err, want)
		}
	})
}

func TestDecimalsReadBack(t *testing.T) {
	codes := rapid.SampledFrom([]money.Currency{"USD", "JPY", "KWD", ""})
	rapid.Check(t, func(t *rapid.T) {
		units := rapid.Int64Min(-math.MaxInt64).Draw(t, "units")
		text := money.Decimal(units, codes.Draw(t, "currency"))
		if got, err := money.ParseSigned(text); err != nil || got != units {
			t.Errorf("%d is written %s and read as %d, %v", units, text, got, err)
		}
		if units < 0 || units > money.Max {
			return
		}
		if got, err := money.ParseDecimal(text); err != nil || got != units {
			t.Errorf("%d is written %s and read by ParseDecimal as %d, %v", units, text, got, err)
		}
		if got, err := money.Parse(text + " EUR"); err != nil || got.Units != units || got.Currency != "EUR" {
			t.Errorf("%d is written %s and read by Parse as %v, %v", units, text, got, err)
		}
	})
}

func TestParsePercent(t *testing.T) {
	tests := []struct {
		text string
		want money.Percent
		ok   bool
	}{
		{"7.5", 7_500_000, true},
		{"0", 0, true},
		{"100", 100_000_000, true},
		{"0.000001", 1, true},
		{"1000", money.MaxPercent, true},
		{"1000.000001", 0, false},
		{"-1", 0, false},
		{"7,5", 0, false},
		{"7.5%", 0, false},
		{"", 0, false},
		{"99999999999999999999", 0, false},
	}
	for _, tt := range tests {
		got, err := money.ParsePercent(tt.text)
		if got != tt.want || (err == nil) != tt.ok || err != nil && fault.Of(err) != fault.Invalid {
			t.Errorf("ParsePercent(%q) = %d, %v; want %d, ok %v", tt.text, got, err, tt.want, tt.ok)
		}
		if err == nil && got.String() != tt.text {
			t.Errorf("ParsePercent(%q).String() = %q", tt.text, got.String())
		}
	}
}

func TestPercentJSON(t *testing.T) {
	type terms struct {
		Percent money.Percent `json:"percent"`
	}
	var got terms
	if err := json.Unmarshal([]byte(`{"percent":"7.5"}`), &got); err != nil || got.Percent != 7_500_000 {
		t.Fatalf("Unmarshal = %v, %v; want 7.5", got.Percent, err)
	}
	if out, err := json.Marshal(got); err != nil || string(out) != `{"percent":"7.5"}` {
		t.Errorf("Marshal = %s, %v", out, err)
	}
	if err := json.Unmarshal([]byte(`{"percent":"much"}`), &got); fault.Of(err) != fault.Invalid {
		t.Errorf("Unmarshal of nonsense = %v, want an Invalid fault", err)
	}
}

func TestPercentOf(t *testing.T) {
	tests := []struct {
		name    string
		percent money.Percent
		units   int64
		want    int64
	}{
		{"a plain share", 7_500_000, 100_000_000, 7_500_000},
		{"half to even, down", 50_000_000, 1, 0},
		{"half to even, up", 50_000_000, 3, 2},
		{"a negative amount", 50_000_000, -3, -2},
		{"everything", 100_000_000, math.MaxInt64, math.MaxInt64},
		{"the most of the most", money.MaxPercent, money.Max, money.Max * 10},
		{"stops at the end", money.MaxPercent, math.MaxInt64, math.MaxInt64},
		{"stops at the other end", money.MaxPercent, math.MinInt64, math.MinInt64},
		{"far beyond the end", math.MaxInt64, math.MaxInt64, math.MaxInt64},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.percent.Of(tt.units); got != tt.want {
				t.Errorf("%s %% of %d = %d, want %d", tt.percent, tt.units, got, tt.want)
			}
		})
	}
}

func TestPercentOfIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := rapid.Int64Range(0, int64(money.MaxPercent)).Draw(t, "percent")
		units := rapid.Int64Range(-money.Max, money.Max).Draw(t, "units")

		got := big.NewInt(money.Percent(p).Of(units))
		exact := new(big.Rat).SetFrac(new(big.Int).Mul(big.NewInt(p), big.NewInt(units)), big.NewInt(100*money.Unit))
		off := new(big.Rat).Sub(exact, new(big.Rat).SetInt(got))
		half := off.Abs(off).Cmp(big.NewRat(1, 2))
		if half > 0 || half == 0 && got.Bit(0) == 1 {
			t.Errorf("%d micro-percent of %d = %s, exactly %s", p, units, got, exact.RatString())
		}
	})
}

// TestCurrencies compares the table with what CLDR calls tender, but for codes
// that ISO 4217 has retired since.
func TestCurrencies(t *testing.T) {
	retired := map[string]bool{"ANG": true, "CUC": true, "HRK": true, "MRO": true, "SLL": true, "VEF": true}
	for it := currency.Query(); it.Next(); {
		code := it.Unit().String()
		if _, err := money.ParseCurrency(code); err != nil && !retired[code] {
			t.Errorf("%s is tender in %s, but not known", code, it.Region())
		}
	}
	for code, digits := range map[string]int{"USD": 2, "JPY": 0, "KRW": 0, "KWD": 3, "TND": 3, "CLP": 0, "HUF": 2, "IQD": 3, "ZWG": 2, "UYU": 2} {
		c, err := money.ParseCurrency(code)
		if err != nil || c.Digits() != digits {
			t.Errorf("%s: %d decimals, %v; want %d", code, c.Digits(), err, digits)
		}
	}
	if c, err := money.ParseCurrency("usd"); err != nil || c != money.USD {
		t.Errorf("ParseCurrency(usd) = %q, %v; want USD", c, err)
	}
	for _, text := range []string{"", "US", "USDT", "XXX", "XAU", "A B", "   ", "ab\x00", "D A", "$", "€"} {
		if c, err := money.ParseCurrency(text); fault.Of(err) != fault.Invalid {
			t.Errorf("ParseCurrency(%q) = %q, %v; want an Invalid fault", text, c, err)
		}
	}
}
