package report

import (
	"encoding/json"
	"math"
	"math/big"
	"math/bits"
	"strconv"
	"strings"

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
	room := [32]byte{'-', '0', '0', '0', '0', '0', '0', '0'} // a sign, and zeros that may be missing
	const zeros = 1 + sixDigits + 1
	digits := divide(room[:zeros], magnitude(top), uint64(times), magnitude(bottom)) //nolint:gosec // times is positive
	from := min(zeros, len(digits)-sixDigits-1)
	digits = append(digits, 0)
	point := len(digits) - 1 - sixDigits
	copy(digits[point+1:], digits[point:])
	digits[point] = '.'
	if (top < 0) != (bottom < 0) && strings.Trim(string(digits[from:]), "0.") != "" {
		from--
		digits[from] = '-'
	}
	return Cell{Kind: Ratio, Text: string(digits[from:])}
}

// sixDigits is how many a quotient has.
const sixDigits = 6

// magnitude gives n without its sign.
func magnitude(n int64) uint64 {
	if n < 0 {
		return -uint64(n) //nolint:gosec // two's complement
	}
	return uint64(n)
}

// divide appends top*times/bottom in digits, rounded half to even.
func divide(dst []byte, top, times, bottom uint64) []byte {
	high, low := bits.Mul64(top, times)
	if high != 0 {
		return append(dst, divideLong(top, times, bottom)...)
	}
	n, rest := low/bottom, low%bottom
	if rest > bottom-rest || rest == bottom-rest && n%2 == 1 {
		n++ // no overflow: with a rest, bottom is at least 2
	}
	return strconv.AppendUint(dst, n, 10)
}

// divideLong does the same where the product is longer than 64 bits.
func divideLong(top, times, bottom uint64) string {
	whole := func(n uint64) *big.Int { return new(big.Int).SetUint64(n) }
	product, divisor := whole(top), whole(bottom)
	product.Mul(product, whole(times))
	n, rest := product.DivMod(product, divisor, new(big.Int))
	switch rest.Lsh(rest, 1).Cmp(divisor) {
	case 1:
		n.Add(n, whole(1))
	case 0:
		n.Add(n, whole(uint64(n.Bit(0))))
	}
	return n.String()
}

// minus gives a - b, and whether that fits.
func minus(a, b int64) (int64, bool) {
	if b == math.MinInt64 {
		return 0, false
	}
	d, err := money.Add(a, -b)
	return d, err == nil
}
