package report

import (
	"encoding/json"
	"math"
	"math/big"
	"strconv"

	"waybill/internal/money"
)

// Cell is one value of an answer.
type Cell struct {
	Kind   Kind
	Null   bool
	Number int64  // of an ID, Flag (0, 1) or Count
	Text   string // of a Text, Time, Money or Ratio, as it is shown
}

// AppendJSON appends the cell as JSON: money and labels as strings, quotients
// and counts as numbers.
func (c Cell) AppendJSON(dst []byte) []byte {
	switch {
	case c.Null:
		return append(dst, "null"...)
	case c.Kind == Ratio:
		return append(dst, c.Text...)
	case c.Kind == Flag:
		return strconv.AppendBool(dst, c.Number != 0)
	case c.Kind == ID, c.Kind == Count:
		return strconv.AppendInt(dst, c.Number, 10)
	default:
		text, err := json.Marshal(c.Text)
		if err != nil { // no string is refused
			return append(dst, "null"...)
		}
		return append(dst, text...)
	}
}

// MarshalJSON writes the cell as AppendJSON does.
func (c Cell) MarshalJSON() ([]byte, error) { return c.AppendJSON(nil), nil }

// String writes the cell for a CSV file; a null is empty.
func (c Cell) String() string {
	switch {
	case c.Null:
		return ""
	case c.Kind == Flag:
		return strconv.FormatBool(c.Number != 0)
	case c.Kind == ID, c.Kind == Count:
		return strconv.FormatInt(c.Number, 10)
	default:
		return c.Text
	}
}

func number(k Kind, n int64) Cell { return Cell{Kind: k, Number: n} }

func text(k Kind, s string) Cell { return Cell{Kind: k, Text: s} }

func null(k Kind) Cell { return Cell{Kind: k, Null: true} }

// amount writes micro-units of a currency.
func amount(units int64, c money.Currency) Cell {
	return Cell{Kind: Money, Text: money.Decimal(units, c)}
}

// quotient writes top/bottom in millionths with six digits, rounded half to
// even. top is in micro-units already if it is money. Nothing to divide by is
// null.
func quotient(top, times, bottom int64, paid bool) Cell {
	if bottom == 0 {
		return null(Ratio)
	}
	if !paid {
		times *= money.Unit
	}
	return Cell{Kind: Ratio, Text: sixDigits(divide(top, times, bottom))}
}

// divide gives top*times/bottom, rounded half to even.
func divide(top, times, bottom int64) *big.Int {
	product := new(big.Int).Mul(big.NewInt(top), big.NewInt(times))
	divisor := big.NewInt(bottom)
	if bottom < 0 {
		product.Neg(product)
		divisor.Neg(divisor)
	}
	rest := new(big.Int)
	q, rest := new(big.Int).DivMod(product, divisor, rest) // rest is never negative
	switch rest.Lsh(rest, 1).Cmp(divisor) {
	case 1:
		q.Add(q, big.NewInt(1))
	case 0:
		q.Add(q, new(big.Int).SetUint64(uint64(q.Bit(0))))
	}
	return q
}

func sixDigits(micro *big.Int) string {
	digits := new(big.Int).Abs(micro).String()
	for len(digits) < 7 {
		digits = "0" + digits
	}
	sign := ""
	if micro.Sign() < 0 {
		sign = "-"
	}
	point := len(digits) - 6
	return sign + digits[:point] + "." + digits[point:]
}

// minus gives a - b, and whether that fits.
func minus(a, b int64) (int64, bool) {
	if b == math.MinInt64 {
		return 0, false
	}
	d, err := money.Add(a, -b)
	return d, err == nil
}
