// Package span holds lengths of time as people write them in settings: look-back
// windows, delays, hold times.
//
// A span is never negative, and its text is exact: what is written out and read
// back is the same span to the nanosecond.
package span

import (
	"math"
	"strconv"
	"strings"
	"time"

	"waybill/internal/fault"
)

// Day is a span of 24 hours. Calendar days, which the clocks change, are no
// spans.
const Day = Span(24 * time.Hour)

// maxText bounds what Parse looks at; the longest span in nanoseconds has 21
// characters.
const maxText = 64

// Span is a length of time with a text form.
type Span time.Duration

// Days gives a span of n days.
func Days(n int) Span { return Span(n) * Day }

// Duration gives the span as the standard library's type.
func (s Span) Duration() time.Duration { return time.Duration(s) }

// Parse reads a Go duration ("720h", "1h30m", "0s") or a number of days
// ("30d"). A sign, an empty text and anything longer than 292 years is Invalid.
func Parse(text string) (Span, error) {
	if text == "" || len(text) > maxText || text[0] == '-' || text[0] == '+' {
		return 0, invalid(text)
	}
	if days, ok := strings.CutSuffix(text, "d"); ok {
		return parseDays(text, days)
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 || text == "0" {
		return 0, invalid(text)
	}
	return Span(d), nil
}

func parseDays(text, days string) (Span, error) {
	n, err := strconv.ParseUint(days, 10, 64)
	if err != nil || n > uint64(math.MaxInt64/Day) {
		return 0, invalid(text)
	}
	return Span(n) * Day, nil
}

func invalid(text string) error {
	if len(text) > maxText {
		text = text[:maxText] + "…"
	}
	return fault.New(fault.Invalid,
		`%q is not a span of time: write days ("30d"), or hours, minutes and seconds ("12h", "1h30m", "0s")`, text)
}

// String writes the span as a whole number of the largest unit that holds it
// exactly: "30d", "12h", "90m", "0s".
func (s Span) String() string { return string(s.append(nil)) }

func (s Span) append(dst []byte) []byte {
	unit, name := int64(1), "ns"
	for _, u := range [...]struct {
		size Span
		name string
	}{
		{Day, "d"},
		{Span(time.Hour), "h"},
		{Span(time.Minute), "m"},
		{Span(time.Second), "s"},
		{Span(time.Millisecond), "ms"},
		{Span(time.Microsecond), "us"},
	} {
		if s%u.size == 0 {
			unit, name = int64(u.size), u.name
			break
		}
	}
	if s == 0 {
		return append(dst, "0s"...)
	}
	return append(strconv.AppendInt(dst, int64(s)/unit, 10), name...)
}

// MarshalText writes what String gives.
func (s Span) MarshalText() ([]byte, error) {
	if s < 0 {
		return nil, fault.New(fault.Invalid, "a span of time is never negative")
	}
	return s.append(nil), nil
}

// UnmarshalText reads what Parse reads.
func (s *Span) UnmarshalText(text []byte) error {
	parsed, err := Parse(string(text))
	if err != nil {
		return err
	}
	*s = parsed
	return nil
}
