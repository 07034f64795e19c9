package money

import (
	"bytes"
	"strings"

	"waybill/internal/fault"
)

// Micros is an amount in micro-units of a currency that is named elsewhere: an
// offer's prices are all in the offer's currency. Its JSON is a decimal string.
type Micros int64

// String writes whole amounts without decimals and others with at least two:
// "100", "12.50".
func (m Micros) String() string {
	return strings.TrimSuffix(Decimal(int64(m), ""), ".00")
}

// MarshalText writes what String gives.
func (m Micros) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalText reads a plain decimal: "12.50".
func (m *Micros) UnmarshalText(text []byte) error {
	units, err := ParseDecimal(string(text))
	if err != nil {
		return err
	}
	*m = Micros(units)
	return nil
}

// UnmarshalJSON reads a decimal string. A bare number is refused, since most
// programs that write one have sent it through a floating-point number.
func (m *Micros) UnmarshalJSON(data []byte) error {
	text := bytes.TrimSpace(data)
	if len(text) < 2 || text[0] != '"' {
		return fault.New(fault.Invalid, `write the amount as a string: "12.50"`)
	}
	return m.UnmarshalText(text[1 : len(text)-1])
}
