package money

import (
	"cmp"
	"encoding/json"
	"math/big"

	"waybill/internal/fault"
)

// Sum is what amounts of one currency come to. It has no bound: however absurd
// the amounts are that partners have sent, what they come to can be said. The
// zero value is nothing, of any currency. A Sum is never changed.
type Sum struct {
	units    *big.Int // micro-units; nil is 0
	currency Currency
}

// Total gives the sum of whole units and micro-units, either of which may be
// negative. A database adds the two up apart, and neither leaves 64 bits then.
func Total(units, micro int64, c Currency) Sum {
	n := big.NewInt(units)
	n.Mul(n, big.NewInt(Unit))
	return Sum{units: n.Add(n, big.NewInt(micro)), currency: c}
}

// Sum gives a as a sum.
func (a Amount) Sum() Sum { return Total(0, a.Units, a.Currency) }

// Add gives s + o, which is of the same currency.
func (s Sum) Add(o Sum) Sum {
	return Sum{units: new(big.Int).Add(s.micro(), o.micro()), currency: cmp.Or(s.currency, o.currency)}
}

// Currency gives the currency.
func (s Sum) Currency() Currency { return s.currency }

// Sign gives -1, 0 or +1.
func (s Sum) Sign() int { return s.micro().Sign() }

// Compare gives -1 where s is less than o, +1 where it is more, else 0.
func (s Sum) Compare(o Sum) int { return s.micro().Cmp(o.micro()) }

// Equal reports whether s and o are the same, the currency too.
func (s Sum) Equal(o Sum) bool { return s.currency == o.currency && s.Compare(o) == 0 }

// Amount gives s as an amount; one that does not fit is Invalid.
func (s Sum) Amount() (Amount, error) {
	n := s.micro()
	if !n.IsInt64() {
		return Amount{}, fault.New(fault.Invalid, "%s is too large", s)
	}
	return Amount{Units: n.Int64(), Currency: s.currency}, nil
}

// String writes the sum with its currency: "12.50 USD".
func (s Sum) String() string {
	if s.currency == "" {
		return s.decimal()
	}
	return s.decimal() + " " + string(s.currency)
}

// MarshalJSON writes what Amount does: {"amount":"12.50","currency":"USD"}.
func (s Sum) MarshalJSON() ([]byte, error) {
	text := s.decimal()
	return json.Marshal(wireAmount{Amount: &text, Currency: s.currency})
}

func (s Sum) micro() *big.Int {
	if s.units == nil {
		return new(big.Int)
	}
	return s.units
}

// decimal writes s the way Decimal does.
func (s Sum) decimal() string {
	whole, rest := new(big.Int).QuoRem(s.micro(), big.NewInt(Unit), new(big.Int))
	if whole.Sign() == 0 {
		return Decimal(rest.Int64(), s.currency)
	}
	// Behind a whole number stand the decimals of the rest, without its own 0.
	return whole.String() + Decimal(rest.Abs(rest).Int64(), s.currency)[1:]
}
