package report

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"waybill/internal/fact"
	"waybill/internal/fault"
)

// unit is the length of a bucket of time.
type unit uint8

const (
	noUnit unit = iota
	hourly
	daily
	weekly
	monthly
)

// Quarters of an hour in a unit.
const (
	hourQuarters = 4
	dayQuarters  = fact.QuartersADay
	weekQuarters = 7 * dayQuarters

	quarterMilli = 15 * 60 * 1000
	dayMilli     = dayQuarters * quarterMilli

	// 1 January 1970 was a Thursday: the Monday of its week was 3 days before.
	toMonday = 3 * dayQuarters
)

// zone is a time zone within a range: the offsets from UTC that hold there, one
// after another.
type zone struct {
	loc    *time.Location
	pieces []piece
}

// piece is a time in which one offset holds.
type piece struct {
	from, to int64 // Unix milliseconds; to is not part of it
	offset   int64 // quarters of an hour east of UTC
}

// zoneWithin gives the offsets of loc from from to to. Facts are kept by quarter
// of an hour, so an offset that is not made of quarters is Invalid. No zone has
// had one since 1972.
func zoneWithin(loc *time.Location, from, to time.Time) (*zone, error) {
	z := &zone{loc: loc}
	for at := from; at.Before(to); {
		name, seconds := at.In(loc).Zone()
		if seconds%(quarterMilli/1000) != 0 {
			return nil, fault.At("query.tz", "%s is %s off UTC by %d seconds, which are not whole quarters of an hour", loc, name, seconds)
		}
		_, end := at.In(loc).ZoneBounds()
		if end.IsZero() || end.After(to) {
			end = to
		}
		z.add(piece{from: at.UnixMilli(), to: end.UnixMilli(), offset: int64(seconds) * 1000 / quarterMilli})
		at = end
	}
	return z, nil
}

// add appends p, to the last piece if only the zone's name changed.
func (z *zone) add(p piece) {
	if n := len(z.pieces); n > 0 && z.pieces[n-1].offset == p.offset {
		z.pieces[n-1].to = p.to
		return
	}
	z.pieces = append(z.pieces, p)
}

// Keys of buckets. A day is the quarter, in local time since 1970, in which it
// begins; a week likewise, moved by toMonday; a month is months since the year
// 0. An hour is told from the other one of the same name in an autumn night: it
// is the quarter in UTC, times hourKeys, and the offset. So keys of one unit
// order as the times do.
//
// On the wall, an hour is the quarter in local time: both have the same key.
const (
	hourKeys   = 128
	offsetZero = 64
)

// clock names the columns that hold when a fact was. A day need not be there. It
// is the same in long stretches of a table, which engines make use of: buckets
// that are made of UTC days take half the time by it.
type clock struct{ quarter, milli, day string }

// bucket gives the expression of the key of a fact's bucket.
func (z *zone) bucket(u unit, c clock, wall bool) string {
	var cases []string
	var bounds []int64
	for _, p := range z.pieces {
		if u == monthly {
			for _, m := range p.months() {
				cases, bounds = append(cases, strconv.FormatInt(m.key, 10)), append(bounds, m.to)
			}
			continue
		}
		cases, bounds = append(cases, p.bucket(u, c, wall)), append(bounds, p.to)
	}
	if len(cases) == 1 {
		return cases[0]
	}
	var b strings.Builder
	b.WriteString("CASE")
	last := len(cases) - 1
	for i, key := range cases[:last] {
		fmt.Fprintf(&b, " WHEN %s THEN %s", c.before(bounds[i]), key)
	}
	fmt.Fprintf(&b, " ELSE %s END", cases[last])
	return b.String()
}

// before gives the condition that a fact lies before an instant. Zones change
// on a quarter but for a few that once changed a minute past midnight.
func (c clock) before(instant int64) string {
	switch {
	case c.day != "" && instant%dayMilli == 0:
		return c.day + " < " + strconv.FormatInt(instant/dayMilli, 10)
	case instant%quarterMilli == 0:
		return c.quarter + " < " + strconv.FormatInt(instant/quarterMilli, 10)
	default:
		return c.milli + " < " + strconv.FormatInt(instant, 10)
	}
}

// bucket gives the expression of the key while p's offset holds. It cuts the
// local quarter down to the unit. Facts lie after 1970, so % is not asked about
// negative numbers, which engines differ in.
func (p piece) bucket(u unit, c clock, wall bool) string {
	local := plus(c.quarter, p.offset)
	switch {
	case u == daily && c.day != "":
		return fmt.Sprintf("(%s) * %d", p.day(c), dayQuarters)
	case u == weekly && c.day != "":
		return fmt.Sprintf("(%s) * %d", cut("("+plus(p.day(c), toMonday/dayQuarters)+")", weekQuarters/dayQuarters), dayQuarters)
	case u == hourly && wall:
		return cut(local, hourQuarters)
	case u == hourly:
		return plus(fmt.Sprintf("(%s) * %d", cut(local, hourQuarters), hourKeys), offsetZero-p.offset-p.offset*hourKeys)
	case u == weekly:
		return cut(plus(c.quarter, p.offset+toMonday), weekQuarters)
	default:
		return cut(local, dayQuarters)
	}
}

// day gives the expression of the local day while p's offset holds: the one in
// UTC, or its neighbour where the quarter lies beyond the local midnight. To
// compare is cheaper than to divide. No offset is as long as a day.
func (p piece) day(c clock) string {
	switch {
	case p.offset > 0:
		return fmt.Sprintf("%s + CASE WHEN %s >= %s * %d + %d THEN 1 ELSE 0 END", c.day, c.quarter, c.day, dayQuarters, dayQuarters-p.offset)
	case p.offset < 0:
		return fmt.Sprintf("%s - CASE WHEN %s < %s * %d + %d THEN 1 ELSE 0 END", c.day, c.quarter, c.day, dayQuarters, -p.offset)
	default:
		return c.day
	}
}

func cut(x string, n int) string { return fmt.Sprintf("%s - (%s) %% %d", x, x, n) }

func plus(x string, n int64) string {
	switch {
	case n > 0:
		return x + " + " + strconv.FormatInt(n, 10)
	case n < 0:
		return x + " - " + strconv.FormatInt(-n, 10)
	default:
		return x
	}
}

// monthPiece is the part of a month in which one offset holds.
type monthPiece struct{ key, to int64 }

// months cuts p at the local midnights that begin a month.
func (p piece) months() []monthPiece {
	var all []monthPiece
	for at := p.from; at < p.to; {
		y, m, _ := p.local(at).Date()
		next := time.Date(y, m+1, 1, 0, 0, 0, 0, time.UTC).UnixMilli() - p.offset*quarterMilli
		at = min(next, p.to)
		all = append(all, monthPiece{key: int64(y)*12 + int64(m) - 1, to: at})
	}
	return all
}

// local gives the clock's reading at an instant, as if it were UTC.
func (p piece) local(milli int64) time.Time {
	return time.UnixMilli(milli + p.offset*quarterMilli).UTC()
}

// label writes a bucket's key for people.
func (z *zone) label(u unit, key int64) string {
	switch u {
	case hourly:
		offset := offsetZero - key%hourKeys
		at := time.UnixMilli(key / hourKeys * quarterMilli)
		return at.In(time.FixedZone("", int(offset*quarterMilli/1000))).Format(time.RFC3339)
	case monthly:
		return fmt.Sprintf("%04d-%02d", key/12, key%12+1)
	default:
		return z.first(u, key).Format(time.DateOnly)
	}
}

// first gives the local midnight at which a day, week or month begins, as if it
// were UTC.
func (z *zone) first(u unit, key int64) time.Time {
	switch u {
	case monthly:
		return time.Date(int(key/12), time.Month(key%12+1), 1, 0, 0, 0, 0, time.UTC)
	case weekly:
		return time.UnixMilli((key - toMonday) * quarterMilli).UTC()
	default:
		return time.UnixMilli(key * quarterMilli).UTC()
	}
}

// place numbers a bucket: the one that follows on the wall has the next number.
func place(u unit, key int64, wall bool) int64 {
	switch {
	case u == hourly && wall:
		return key / hourQuarters
	case u == hourly:
		return (key/hourKeys + offsetZero - key%hourKeys) / hourQuarters
	case u == daily:
		return key / dayQuarters
	case u == weekly:
		return key / weekQuarters
	default:
		return key
	}
}

// placeOf numbers the bucket that the first instant of the zone's range lies in.
func (z *zone) placeOf(u unit) int64 {
	p := z.pieces[0]
	local := p.local(p.from)
	quarters := local.UnixMilli() / quarterMilli
	switch u {
	case hourly:
		return quarters / hourQuarters
	case weekly:
		return (quarters + toMonday) / weekQuarters
	case monthly:
		return int64(local.Year())*12 + int64(local.Month()) - 1
	default:
		return quarters / dayQuarters
	}
}

// span is a stretch of time in Unix milliseconds; to is not part of it.
type span struct{ from, to int64 }

// spanOf gives when a bucket is. It is false for one that a zone's change tore
// in two.
func (z *zone) spanOf(u unit, key int64) (span, bool) {
	var found []span
	for _, p := range z.pieces {
		var s span
		if u == hourly {
			if p.offset != offsetZero-key%hourKeys {
				continue
			}
			s.from = key / hourKeys * quarterMilli
			s.to = s.from + hourQuarters*quarterMilli
		} else {
			s.from = z.first(u, key).UnixMilli() - p.offset*quarterMilli
			s.to = z.after(u, key).UnixMilli() - p.offset*quarterMilli
		}
		s.from, s.to = max(s.from, p.from), min(s.to, p.to)
		switch n := len(found); {
		case s.from >= s.to:
		case n > 0 && found[n-1].to == s.from:
			found[n-1].to = s.to
		default:
			found = append(found, s)
		}
	}
	if len(found) != 1 {
		return span{}, false
	}
	return found[0], true
}

// after gives the first day that follows a day, week or month.
func (z *zone) after(u unit, key int64) time.Time {
	first := z.first(u, key)
	switch u {
	case monthly:
		return first.AddDate(0, 1, 0)
	case weekly:
		return first.AddDate(0, 0, 7)
	default:
		return first.AddDate(0, 0, 1)
	}
}

// dayStart gives the first instant of a local date. Where clocks go forward at
// midnight, that is not 00:00.
func dayStart(loc *time.Location, date time.Time) (time.Time, error) {
	midnight := time.Date(date.Year(), date.Month(), date.Day(), 0, 0, 0, 0, time.UTC)
	z, err := zoneWithin(loc, midnight.Add(-36*time.Hour), midnight.Add(36*time.Hour))
	if err != nil {
		return time.Time{}, err
	}
	for _, p := range z.pieces {
		if at := max(p.from, midnight.UnixMilli()-p.offset*quarterMilli); at < p.to {
			return time.UnixMilli(at).UTC(), nil
		}
	}
	return midnight, nil
}
