package reconcile

import (
	"strings"
	"time"

	"waybill/internal/fault"
)

// stamp is a time as a list says it, before it is known which of two numbers is
// the day and in which zone its clock runs.
type stamp struct {
	year  int16
	a, b  uint8 // month and day; in doubt, in the order in which they stood
	form  form
	clock bool  // a time of day was said
	sec   int32 // of the day
	nano  int32
	zone  int16 // minutes east of UTC, if zoned
	zoned bool
	set   bool
}

// form is how sure the order of day and month is.
type form uint8

const (
	monthDay form = iota // a is the month
	dayMonth             // a is the day, b the month
	inDoubt              // 03/04/2026
)

// DateOrder says what comes first in a date such as 03/04/2026.
type DateOrder string

// The orders; the empty one leaves it to the column.
const (
	DayFirst   DateOrder = "dmy"
	MonthFirst DateOrder = "mdy"
)

// wall gives the stamp as the clock on the wall showed it, in loc.
func (s stamp) wall(loc *time.Location) time.Time {
	month, day := s.a, s.b
	if s.form == dayMonth {
		month, day = day, month
	}
	if s.zoned {
		loc = time.FixedZone("", int(s.zone)*60)
	}
	sec := int(s.sec)
	return time.Date(int(s.year), time.Month(month), int(day), sec/3600, sec/60%60, sec%60, int(s.nano), loc)
}

// resolve decides a date in doubt.
func (s stamp) resolve(o DateOrder) stamp {
	if s.form != inDoubt {
		return s
	}
	s.form = monthDay
	if o == DayFirst {
		s.form = dayMonth
	}
	return s
}

func (s stamp) valid() bool {
	month, day := s.a, s.b
	if s.form == dayMonth || s.form == inDoubt && month > 12 {
		month, day = day, month
	}
	t := time.Date(int(s.year), time.Month(month), int(day), 0, 0, 0, 0, time.UTC)
	return month >= 1 && month <= 12 && t.Day() == int(day) && s.year >= 1990 && s.year < 2200
}

func stampOf(t time.Time) stamp {
	t = t.UTC()
	return stamp{
		year: int16(t.Year()), a: uint8(t.Month()), b: uint8(t.Day()), clock: true, set: true, zoned: true, //nolint:gosec // calendar fields
		sec: int32(t.Hour()*3600 + t.Minute()*60 + t.Second()), nano: int32(t.Nanosecond()), //nolint:gosec // below a day
	}
}

// parseStamp reads a time in one of the ways the trade writes it.
func parseStamp(text string) (stamp, error) {
	p := scanner{rest: strings.TrimSpace(text)}
	s, ok := p.digitsOnly()
	if !ok {
		s, ok = p.stamp()
	}
	if !ok || !s.valid() {
		return stamp{}, fault.New(fault.Invalid, "%.40q is not a time: write it like 2026-11-22 14:05:00", text)
	}
	s.set = true
	return s, nil
}

// scanner reads a time from the left.
type scanner struct{ rest string }

// number takes up to most digits.
func (p *scanner) number(most int) (n, digits int) {
	for digits < most && digits < len(p.rest) && p.rest[digits] >= '0' && p.rest[digits] <= '9' {
		n = n*10 + int(p.rest[digits]-'0')
		digits++
	}
	p.rest = p.rest[digits:]
	return n, digits
}

func (p *scanner) word() string {
	n := 0
	for n < len(p.rest) && (p.rest[n]|0x20 >= 'a' && p.rest[n]|0x20 <= 'z') {
		n++
	}
	w := p.rest[:n]
	p.rest = p.rest[n:]
	return strings.ToLower(w)
}

// take takes one of the letters, if it is next.
func (p *scanner) take(letters string) byte {
	if p.rest == "" || strings.IndexByte(letters, p.rest[0]) < 0 {
		return 0
	}
	c := p.rest[0]
	p.rest = p.rest[1:]
	return c
}

func (p *scanner) space() { p.rest = strings.TrimLeft(p.rest, " ,\u00a0\u202f") }

// digitsOnly reads Unix seconds and milliseconds, and dates without separators.
func (p *scanner) digitsOnly() (stamp, bool) {
	if strings.Trim(p.rest, "0123456789") != "" {
		return stamp{}, false
	}
	text := p.rest
	part := func(from, to int) int {
		n := 0
		for _, c := range text[from:to] {
			n = n*10 + int(c-'0')
		}
		return n
	}
	switch len(text) {
	case 10:
		return stampOf(time.Unix(int64(part(0, 10)), 0)), true
	case 13:
		return stampOf(time.UnixMilli(int64(part(0, 13)))), true
	case 8, 12, 14:
		s := stamp{year: int16(part(0, 4)), a: uint8(part(4, 6)), b: uint8(part(6, 8))} //nolint:gosec // 4 and 2 digits
		if len(text) == 8 {
			return s, true
		}
		text += "00"
		h, m, sec := part(8, 10), part(10, 12), part(12, 14)
		s.clock, s.sec = true, int32(h*3600+m*60+sec) //nolint:gosec // below a day
		return s, h < 24 && m < 60 && sec < 61
	}
	return stamp{}, false
}

// stamp reads a date and what stands behind it.
func (p *scanner) stamp() (stamp, bool) {
	s, ok := p.date()
	if !ok {
		return s, false
	}
	p.take("T")
	p.space()
	if p.rest == "" {
		return s, true
	}
	return s, p.clock(&s) && p.zone(&s)
}

func (p *scanner) date() (stamp, bool) {
	if w := p.word(); w != "" {
		month, ok := monthOf(w)
		if !ok { // a weekday
			p.take(".")
			p.space()
			return p.numericDate(isWeekday(w))
		}
		p.take(".")
		p.space()
		day, n := p.number(2)
		p.space()
		return p.year(stamp{a: month, b: uint8(day)}, n > 0) //nolint:gosec // 2 digits
	}
	return p.numericDate(true)
}

func (p *scanner) numericDate(ok bool) (stamp, bool) {
	first, n := p.number(4)
	if !ok || n == 0 || n == 3 {
		if w := p.word(); ok && w != "" { // "Mon, Nov 22 2026"
			p.rest = w + p.rest
			return p.date()
		}
		return stamp{}, false
	}
	sep := p.take("-/. ")
	if sep == 0 {
		return stamp{}, false
	}
	p.space()
	s := stamp{form: inDoubt}
	var second int
	if w := p.word(); w != "" {
		month, known := monthOf(w)
		if !known {
			return stamp{}, false
		}
		p.take(".")
		s.form, second = dayMonth, int(month)
	} else if second, n = p.number(2); n == 0 {
		return stamp{}, false
	}
	if first > 99 {
		if s.form == dayMonth { // 2026-Nov-22
			s.form = monthDay
		}
		p.take("-/. ")
		day, n := p.number(2)
		return stamp{year: int16(first), a: uint8(second), b: uint8(day)}, n > 0 //nolint:gosec // 4 and 2 digits
	}
	s.a, s.b = uint8(first), uint8(second) //nolint:gosec // 2 digits
	if sep == '.' {
		s.form = dayMonth
	}
	p.take("-/.")
	p.space()
	return p.year(s, true)
}

func (p *scanner) year(s stamp, ok bool) (stamp, bool) {
	year, n := p.number(4)
	if n == 2 {
		year += 2000
	}
	s.year = int16(year) //nolint:gosec // 4 digits
	return s, ok && (n == 2 || n == 4)
}

func (p *scanner) clock(s *stamp) bool {
	h, n := p.number(2)
	if n == 0 || p.take(":.h") == 0 {
		return false
	}
	m, n := p.number(2)
	if n != 2 {
		return false
	}
	sec := 0
	if p.take(":.") != 0 {
		if sec, n = p.number(2); n != 2 {
			return false
		}
	}
	if sep := p.take(".,"); sep != 0 {
		scale := int32(100_000_000)
		for _, c := range p.rest {
			if c < '0' || c > '9' {
				break
			}
			s.nano += (c - '0') * scale
			scale /= 10
			p.rest = p.rest[1:]
		}
	}
	p.space()
	if h, ok := p.half(h); ok {
		s.clock, s.sec = true, int32(h*3600+m*60+sec) //nolint:gosec // below a day
		return h < 24 && m < 60 && sec < 61
	}
	return false
}

// half reads AM or PM, if it is there.
func (p *scanner) half(h int) (int, bool) {
	lower := strings.ToLower(p.rest)
	for _, mark := range [...]string{"am", "pm", "a.m.", "p.m."} {
		if !strings.HasPrefix(lower, mark) {
			continue
		}
		p.rest = p.rest[len(mark):]
		p.space()
		if h < 1 || h > 12 {
			return h, false
		}
		h %= 12
		if mark[0] == 'p' {
			h += 12
		}
		return h, true
	}
	return h, true
}

// zone reads what says where the clock runs: Z, UTC, +02:00, +0200, UTC+2.
func (p *scanner) zone(s *stamp) bool {
	p.rest = strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(p.rest), "("), ")")
	if p.rest == "" {
		return true
	}
	if w := p.word(); w != "" && w != "z" && w != "utc" && w != "gmt" {
		return false
	}
	s.zoned = true
	if p.rest == "" {
		return true
	}
	sign := p.take("+-")
	if sign == 0 {
		return false
	}
	digits := len(p.rest) - len(strings.TrimLeft(p.rest, "0123456789"))
	h, n := p.number(min(2, max(1, digits)))
	p.take(":")
	m, _ := p.number(2)
	if n == 0 || h > 14 || m > 59 || p.rest != "" {
		return false
	}
	s.zone = int16(h*60 + m) //nolint:gosec // below a day
	if sign == '-' {
		s.zone = -s.zone
	}
	return true
}

func monthOf(w string) (uint8, bool) {
	const months = "jan feb mar apr may jun jul aug sep oct nov dec "
	if len(w) < 3 {
		return 0, false
	}
	full := [...]string{
		"january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december",
	}
	at := strings.Index(months, w[:3]+" ")
	if at < 0 || !strings.HasPrefix(full[at/4], w) && w != "sept" {
		return 0, false
	}
	return uint8(at/4 + 1), true //nolint:gosec // at most 12
}

func isWeekday(w string) bool {
	if len(w) < 3 {
		return false
	}
	for d := time.Sunday; d <= time.Saturday; d++ {
		if strings.HasPrefix(strings.ToLower(d.String()), w) {
			return true
		}
	}
	return false
}
