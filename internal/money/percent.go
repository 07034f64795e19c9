package money

import (
	"math"
	"math/bits"

	"waybill/internal/fault"
)

// Percent is a share in millionths of a percent: 7.5 % is 7_500_000.
type Percent int64

// MaxPercent is the largest share there is: ten times the amount.
const MaxPercent Percent = 1000 * Unit

// ParsePercent reads a plain decimal, such as "7.5", up to 1000.
func ParsePercent(text string) (Percent, error) {
	micro, ok := plain(text)
	if !ok || Percent(micro) > MaxPercent {
		return 0, fault.New(fault.Invalid, `%.40q is not a percentage: write a number from 0 to 1000 like "7.5", with at most 6 decimals`, text)
	}
	return Percent(micro), nil
}

// Of gives the share of units, exact to the micro-unit, rounded half to even.
// It fits for every amount up to Max and every share up to MaxPercent; beyond
// those it stops at the ends of int64.
func (p Percent) Of(units int64) int64 {
	const whole = 100 * Unit // 100 %
	hi, lo := bits.Mul64(magnitude(int64(p)), magnitude(units))
	negative := (p < 0) != (units < 0)
	if hi >= whole {
		return limit(negative)
	}
	n, rest := bits.Div64(hi, lo, whole)
	if rest > whole/2 || rest == whole/2 && n%2 == 1 {
		n++
	}
	if n > math.MaxInt64 {
		return limit(negative)
	}
	if negative {
		return -int64(n)
	}
	return int64(n)
}

func magnitude(n int64) uint64 {
	if n < 0 {
		return -uint64(n) //nolint:gosec // two's complement
	}
	return uint64(n)
}

func limit(negative bool) int64 {
	if negative {
		return math.MinInt64
	}
	return math.MaxInt64
}

// String writes the share without a sign of percent: "7.5".
func (p Percent) String() string { return string(appendMicro(nil, int64(p), 0)) }

// MarshalText writes what String gives.
func (p Percent) MarshalText() ([]byte, error) { return appendMicro(nil, int64(p), 0), nil }

// UnmarshalText reads what ParsePercent reads.
func (p *Percent) UnmarshalText(text []byte) error {
	parsed, err := ParsePercent(string(text))
	if err != nil {
		return err
	}
	*p = parsed
	return nil
}
