// Package money holds exact amounts: whole millionths of a currency's unit, and
// the currency.
//
// No amount passes through a floating-point number. Where a result cannot be
// exact (a percentage, a seventh decimal) it is rounded half to even, and where
// it does not fit it is an error, never a wrong number.
package money

import (
	"encoding/json"
	"math"
	"strconv"

	"waybill/internal/fault"
)

const (
	// Unit is one unit of a currency (a dollar, a yen) in micro-units.
	Unit = 1_000_000
	// Max is the largest amount Parse and ParseDecimal read, in micro-units:
	// 922 billion. It leaves room for every Percent of it.
	Max = math.MaxInt64 / 10

	decimals = 6
)

// Amount is so much of a currency. Units are micro-units.
type Amount struct {
	Units    int64
	Currency Currency
}

// Zero reports whether there is nothing of it.
func (a Amount) Zero() bool { return a.Units == 0 }

// String writes the amount with its currency: "12.50 USD".
func (a Amount) String() string {
	text := Decimal(a.Units, a.Currency)
	if a.Currency == "" {
		return text
	}
	return text + " " + string(a.Currency)
}

// Add gives a + b. Different currencies, or a sum that does not fit, are
// Invalid.
func (a Amount) Add(b Amount) (Amount, error) {
	if a.Currency != b.Currency {
		return Amount{}, fault.New(fault.Invalid, "cannot add %s to %s", b.Currency, a.Currency)
	}
	sum, err := Add(a.Units, b.Units)
	return Amount{Units: sum, Currency: a.Currency}, err
}

// Neg gives -a.
func (a Amount) Neg() (Amount, error) {
	units, err := Neg(a.Units)
	return Amount{Units: units, Currency: a.Currency}, err
}

// Add gives a + b, or an Invalid fault and 0 if that does not fit.
func Add(a, b int64) (int64, error) {
	sum := a + b
	if (sum > a) != (b > 0) && b != 0 {
		return 0, outOfRange()
	}
	return sum, nil
}

// Neg gives -units, or an Invalid fault and 0 if that does not fit.
func Neg(units int64) (int64, error) {
	if units == math.MinInt64 {
		return 0, outOfRange()
	}
	return -units, nil
}

func outOfRange() error { return fault.New(fault.Invalid, "the amount is too large") }

// Decimal writes units as a plain decimal with at least the currency's own
// decimals and at most six, without zeros beyond the currency's own: "12.50",
// "12.505", "500" (yen).
func Decimal(units int64, c Currency) string {
	return string(AppendDecimal(make([]byte, 0, 24), units, c))
}

// AppendDecimal appends what Decimal gives.
func AppendDecimal(dst []byte, units int64, c Currency) []byte {
	return appendMicro(dst, units, c.Digits())
}

// appendMicro writes millionths as a decimal with at least least decimals.
func appendMicro(dst []byte, micro int64, least int) []byte {
	n := uint64(micro) //nolint:gosec // two's complement: the magnitude is taken next
	if micro < 0 {
		dst = append(dst, '-')
		n = -n
	}
	dst = strconv.AppendUint(dst, n/Unit, 10)

	var frac [decimals]byte
	rest := n % Unit
	for i := decimals - 1; i >= 0; i-- {
		frac[i] = byte('0' + rest%10)
		rest /= 10
	}
	shown := decimals
	for shown > least && frac[shown-1] == '0' {
		shown--
	}
	if shown == 0 {
		return dst
	}
	return append(append(dst, '.'), frac[:shown]...)
}

type wireAmount struct {
	Amount   *string  `json:"amount"`
	Currency Currency `json:"currency"`
}

// MarshalJSON writes {"amount":"12.50","currency":"USD"}.
func (a Amount) MarshalJSON() ([]byte, error) {
	dst := append(make([]byte, 0, 64), `{"amount":"`...)
	dst = AppendDecimal(dst, a.Units, a.Currency)
	dst = append(dst, `","currency":`...)
	dst = strconv.AppendQuote(dst, string(a.Currency))
	return append(dst, '}'), nil
}

// UnmarshalJSON reads what MarshalJSON writes. The sign is the caller's to
// judge: entries and adjustments may be negative, prices may not. The currency
// may be empty, for places that have a default.
func (a *Amount) UnmarshalJSON(data []byte) error {
	if string(data) == "null" {
		return nil
	}
	var w wireAmount
	if err := json.Unmarshal(data, &w); err != nil || w.Amount == nil {
		return fault.Because(err, fault.Invalid, `write money as {"amount":"12.50","currency":"USD"}, the amount as a string`)
	}
	units, err := ParseSigned(*w.Amount)
	if err != nil {
		return fault.Within("amount", err)
	}
	if w.Currency != "" {
		if w.Currency, err = ParseCurrency(string(w.Currency)); err != nil {
			return fault.Within("currency", err)
		}
	}
	*a = Amount{Units: units, Currency: w.Currency}
	return nil
}
