package money_test

import (
	"math/big"
	"strings"
	"testing"

	"waybill/internal/fault"
	"waybill/internal/money"
)

func TestParse(t *testing.T) {
	tests := []struct {
		name     string
		text     string
		units    int64
		currency money.Currency
	}{
		{"a decimal point", "12.34", 12_340_000, ""},
		{"a decimal comma", "12,34", 12_340_000, ""},
		{"English thousands", "1,234.56", 1_234_560_000, ""},
		{"German thousands", "1.234,56", 1_234_560_000, ""},
		{"no decimals", "1234", 1_234_000_000, ""},
		{"a lone dot before three digits is the decimal point", "1.234", 1_234_000, ""},
		{"a lone comma before two digits", "1,23", 1_230_000, ""},
		{"a lone comma before four digits", "1,2345", 1_234_500, ""},
		{"several commas part thousands", "1,234,567", 1_234_567_000_000, ""},
		{"several dots part thousands", "1.234.567", 1_234_567_000_000, ""},
		{"millions with decimals", "1,234,567.891", 1_234_567_891_000, ""},
		{"thousands with three decimals are clear when both separators stand", "1.234,567", 1_234_567_000, ""},
		{"nothing before the point", ".5", 500_000, ""},
		{"zero", "0", 0, ""},
		{"leading zeros", "007.50", 7_500_000, ""},
		{"a code behind", "12.34 USD", 12_340_000, "USD"},
		{"a code in front", "EUR 12,34", 12_340_000, "EUR"},
		{"a code in lower case without a space", "12.34usd", 12_340_000, "USD"},
		{"a sign in front", "€12.34", 12_340_000, "EUR"},
		{"a sign behind after a no-break space", "12,34\u00a0€", 12_340_000, "EUR"},
		{"a shared sign names no currency", "$12.34", 12_340_000, ""},
		{"a shared sign beside a code", "$12.34 CAD", 12_340_000, "CAD"},
		{"a sign of several letters", "R$ 12,34", 12_340_000, "BRL"},
		{"a sign and its own code", "€ 5 EUR", 5_000_000, "EUR"},
		{"a sign that ends in a dot", "kr. 12,50", 12_500_000, ""},
		{"a sign that ends in a dot, without a space", "kr.50", 50_000_000, ""},
		{"a point right behind a sign", "$.50", 500_000, ""},
		{"white space of every sort", "\t \u00a0\u202f12.34\r\n\u2003", 12_340_000, ""},
		{"six decimals", "0.123456", 123_456, ""},
		{"rounds half to even, down", "0.1234565", 123_456, ""},
		{"rounds half to even, up", "0.1234575", 123_458, ""},
		{"rounds more than half up", "0.12345650001", 123_457, ""},
		{"rounds less than half down", "0.12345649999", 123_456, ""},
		{"rounds into the whole", "0.9999996", 1_000_000, ""},
		{"the largest amount", "922337203685.47758", money.Max, ""},
		{"a dash for no cents", "49,-", 49_000_000, ""},
		{"a dash for no cents before a code", "1.049.– CHF", 1_049_000_000, "CHF"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := money.Parse(tt.text)
			want := money.Parsed{Units: tt.units, Currency: tt.currency}
			want.Sign = got.Sign // see TestAmountsFitCurrencies
			if err != nil || got != want {
				t.Errorf("Parse(%q) = %+v, %v; want %+v", tt.text, got, err, want)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	tests := []struct {
		name string
		text string
		says string
	}{
		{"nothing", "", "not an amount"},
		{"only white space", " \u00a0", "not an amount"},
		{"only a currency", "USD", "not an amount"},
		{"only a separator", ".", "not an amount"},
		{"a word", "ten", "not an amount"},
		{"a comma that could be either", "1,234", "1234 or 1.234"},
		{"a comma that could be either, with a currency", "1,234 EUR", "1234 or 1.234"},
		{"a minus", "-12.34", "negative"},
		{"a minus behind the sign", "$-12.34", "negative"},
		{"a minus at the end", "12.34-", "negative"},
		{"a typographic minus", "−12.34", "negative"},
		{"an accountant's minus", "(12.34)", "negative"},
		{"a plus", "+12.34", "not an amount"},
		{"an exponent", "1e3", "not an amount"},
		{"an exponent with a point", "1.5E3", "not an amount"},
		{"hexadecimal", "0x10", "not an amount"},
		{"spaces between thousands", "1 234.56", "not an amount"},
		{"apostrophes between thousands", "1'234.56", "not an amount"},
		{"a point without decimals", "12.", "not an amount"},
		{"groups of two", "1,23,456.00", "not an amount"},
		{"a group too long", "1234,567.00", "not an amount"},
		{"a group after zero", "0,123.45", "not an amount"},
		{"mixed separators", "1,234.567,89", "not an amount"},
		{"the decimal comma before more groups", "1,234.567.890", "not an amount"},
		{"two points", "1..2", "not an amount"},
		{"an unknown currency", "12 XYZ", "not a currency"},
		{"two currencies", "€12 USD", "two currencies"},
		{"text behind", "12.34 USD net", "not an amount"},
		{"digits of another script", "١٢", "not an amount"},
		{"not a number", "NaN", "not an amount"},
		{"one micro-unit too much", "922337203685.477581", "too large"},
		{"far too much", "99999999999999999999", "too large"},
		{"an endless text", strings.Repeat("1", 100), "characters"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := money.Parse(tt.text)
			if fault.Of(err) != fault.Invalid || !strings.Contains(err.Error(), tt.says) || got != (money.Parsed{}) {
				t.Errorf("Parse(%q) = %+v, %v; want an Invalid fault that says %q", tt.text, got, err, tt.says)
			}
		})
	}
}

func TestParseKnowsSigns(t *testing.T) {
	for sign, want := range map[string]money.Currency{
		"$": "", "¥": "", "kr": "", "€": "EUR", "£": "GBP", "US$": "USD", "C$": "CAD", "CA$": "CAD", "A$": "AUD", "AU$": "AUD",
		"NZ$": "NZD", "HK$": "HKD", "S$": "SGD", "NT$": "TWD", "MX$": "MXN", "R$": "BRL", "₹": "INR", "₽": "RUB", "₺": "TRY",
		"₴": "UAH", "₩": "KRW", "₪": "ILS", "₫": "VND", "₦": "NGN", "₱": "PHP", "₸": "KZT", "฿": "THB", "zł": "PLN", "Kč": "CZK",
	} {
		for _, text := range []string{sign + "12.34", "12,34 " + sign} {
			if got, err := money.Parse(text); err != nil || got.Currency != want || got.Units != 12_340_000 {
				t.Errorf("Parse(%q) = %+v, %v; want 12.34 %q", text, got, err, want)
			}
		}
	}
}

func TestAmountsFitCurrencies(t *testing.T) {
	for text, fits := range map[string]map[money.Currency]bool{
		"12.50":      {"USD": true, "EUR": true},
		"12.50 USD":  {"USD": true, "CAD": false},
		"$12.50":     {"USD": true, "CAD": true, "MXN": true, "EUR": false, "JPY": false},
		"$12.50 CAD": {"USD": false, "CAD": true},
		"¥1250":      {"JPY": true, "CNY": true, "USD": false},
		"kr. 12,50":  {"DKK": true, "SEK": true, "EUR": false},
		"12,50 €":    {"EUR": true, "USD": false},
	} {
		p, err := money.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		for currency, want := range fits {
			if got := p.Fits(currency); got != want {
				t.Errorf("%q fits %s: %v, want %v", text, currency, got, want)
			}
		}
	}
}

func TestParseDecimal(t *testing.T) {
	tests := []struct {
		text  string
		units int64
		ok    bool
	}{
		{"12.50", 12_500_000, true},
		{"12", 12_000_000, true},
		{"0.000001", 1, true},
		{"922337203685.47758", money.Max, true},
		{"922337203685.477581", 0, false},
		{"0.0000001", 0, false},
		{"-1", 0, false},
		{"+1", 0, false},
		{"", 0, false},
		{".5", 0, false},
		{"5.", 0, false},
		{"1,5", 0, false},
		{"1e3", 0, false},
		{" 1", 0, false},
		{"1 USD", 0, false},
		{"1.2.3", 0, false},
	}
	for _, tt := range tests {
		got, err := money.ParseDecimal(tt.text)
		if got != tt.units || (err == nil) != tt.ok || err != nil && fault.Of(err) != fault.Invalid {
			t.Errorf("ParseDecimal(%q) = %d, %v; want %d, ok %v", tt.text, got, err, tt.units, tt.ok)
		}
	}
}

func TestParseSigned(t *testing.T) {
	tests := []struct {
		text  string
		units int64
		ok    bool
	}{
		{"-12.50", -12_500_000, true},
		{"12.50", 12_500_000, true},
		{"9223372036854.775807", 9223372036854775807, true},
		{"9223372036854.775808", 0, false},
		{"--1", 0, false},
		{"-", 0, false},
		{"+1", 0, false},
	}
	for _, tt := range tests {
		got, err := money.ParseSigned(tt.text)
		if got != tt.units || (err == nil) != tt.ok {
			t.Errorf("ParseSigned(%q) = %d, %v; want %d, ok %v", tt.text, got, err, tt.units, tt.ok)
		}
	}
}

// TestAPlainDecimalIsRefusedForWhatIsWrongWithIt holds the words of both readers.
func TestAPlainDecimalIsRefusedForWhatIsWrongWithIt(t *testing.T) {
	const plain, negative, plus = "is not a decimal", "is negative", "has a plus before it"
	tests := []struct{ text, unsigned, signed string }{
		{text: "-12.50", unsigned: negative},
		{text: "-0", unsigned: negative},
		{text: "+12.50", unsigned: plus, signed: plus},
		{text: "--1", unsigned: plain, signed: plain},
		{text: "-+1", unsigned: plain, signed: plain},
		{text: "+-1", unsigned: plain, signed: plain},
		{text: "-", unsigned: plain, signed: plain},
		{text: "+", unsigned: plain, signed: plain},
		{text: "-1,5", unsigned: plain, signed: plain},
		{text: "−1", unsigned: plain, signed: plain},
		{text: "1e3", unsigned: plain, signed: plain},
		{text: "", unsigned: plain, signed: plain},
	}
	says := func(err error, words string) bool {
		return (err == nil) == (words == "") && (err == nil || fault.Of(err) == fault.Invalid && strings.Contains(err.Error(), words))
	}
	for _, tt := range tests {
		if _, err := money.ParseDecimal(tt.text); !says(err, tt.unsigned) {
			t.Errorf("ParseDecimal(%q) = %v; want %q", tt.text, err, tt.unsigned)
		}
		if _, err := money.ParseSigned(tt.text); !says(err, tt.signed) {
			t.Errorf("ParseSigned(%q) = %v; want %q", tt.text, err, tt.signed)
		}
	}
}

// FuzzParse holds Parse to what a big.Rat makes of the digits: whatever it
// accepts is that number, and is read again from its own decimal text.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"12.34", "1,234.56", "1.234,56 €", "USD 5", "0.1234565", "1,234", "-1", "kr.50", "\u00a012"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := money.Parse(text)
		if err != nil {
			if fault.Of(err) != fault.Invalid {
				t.Errorf("Parse(%q) failed with %v, want an Invalid fault", text, err)
			}
			return
		}
		if got.Units < 0 || got.Units > money.Max {
			t.Fatalf("Parse(%q) = %d, out of range", text, got.Units)
		}
		again, err := money.ParseDecimal(money.Decimal(got.Units, got.Currency))
		if err != nil || again != got.Units {
			t.Errorf("Parse(%q) = %d, whose decimal reads as %d, %v", text, got.Units, again, err)
		}
		if plain := strings.Trim(text, "0123456789."); plain == "" && strings.Count(text, ".") == 1 && text[0] != '.' {
			exact, _ := new(big.Rat).SetString(text)
			off := exact.Sub(exact.Mul(exact, big.NewRat(money.Unit, 1)), big.NewRat(got.Units, 1))
			if off.Abs(off).Cmp(big.NewRat(1, 2)) > 0 {
				t.Errorf("Parse(%q) = %d micro-units, off by %s", text, got.Units, off)
			}
		}
	})
}
