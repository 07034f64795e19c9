package report

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // the zones are the same everywhere

	"pgregory.net/rapid"

	"waybill/internal/fact"
)

// eval works out an expression as an engine does: integers, + - * % and
// brackets, CASE WHEN column < number.
type eval struct {
	tokens []string
	values map[string]int64
}

func evaluate(t interface{ Fatalf(string, ...any) }, expression string, values map[string]int64) int64 {
	e := &eval{tokens: strings.Fields(strings.NewReplacer("(", " ( ", ")", " ) ").Replace(expression)), values: values}
	n := e.sum()
	if len(e.tokens) > 0 {
		t.Fatalf("%q is left of %s", e.tokens, expression)
	}
	return n
}

func (e *eval) next() string {
	s := e.tokens[0]
	e.tokens = e.tokens[1:]
	return s
}

func (e *eval) sum() int64 {
	n := e.product()
	for len(e.tokens) > 0 && (e.tokens[0] == "+" || e.tokens[0] == "-") {
		if e.next() == "+" {
			n += e.product()
		} else {
			n -= e.product()
		}
	}
	return n
}

func (e *eval) product() int64 {
	n := e.atom()
	for len(e.tokens) > 0 && (e.tokens[0] == "*" || e.tokens[0] == "%") {
		if e.next() == "*" {
			n *= e.atom()
		} else {
			n %= e.atom()
		}
	}
	return n
}

func (e *eval) atom() int64 {
	s := e.next()
	if s == "(" {
		n := e.sum()
		e.next()
		return n
	}
	if s == "CASE" {
		return e.cases()
	}
	if n, ok := e.values[s]; ok {
		return n
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		panic(err)
	}
	return n
}

func (e *eval) cases() int64 {
	var found *int64
	for {
		word := e.next()
		holds := word == "ELSE"
		if word == "WHEN" {
			left := e.sum()
			less := e.next() == "<"
			holds = (left < e.sum()) == less
			e.next()
		}
		n := e.sum()
		if holds && found == nil {
			found = &n
		}
		if word == "ELSE" {
			e.next()
			return *found
		}
	}
}

func wallLabel(u unit, t time.Time) string {
	y, m, d := t.Date()
	switch u {
	case hourly:
		_, offset := t.Zone()
		return time.Date(y, m, d, t.Hour(), 0, 0, 0, time.FixedZone("", offset)).Format(time.RFC3339)
	case daily:
		return t.Format(time.DateOnly)
	case weekly:
		return time.Date(y, m, d-(int(t.Weekday())+6)%7, 0, 0, 0, 0, time.UTC).Format(time.DateOnly)
	default:
		return t.Format("2006-01")
	}
}

// TestBuckets draws instants around changes of the clock, and holds the bucket
// that a statement puts them into against the clock on the wall.
func TestBuckets(t *testing.T) {
	zones := []string{
		"Europe/Berlin",       // an hour in summer
		"Asia/Kolkata",        // half an hour, no summer
		"Asia/Kathmandu",      // three quarters
		"Pacific/Chatham",     // three quarters, and an hour in summer
		"Australia/Lord_Howe", // half an hour in summer
		"America/Sao_Paulo",   // changed at midnight, until 2019
		"America/St_Johns",    // changed a minute past midnight, until 2011
		"Pacific/Apia",        // left out a day in 2011
		"UTC",
	}
	for _, name := range zones {
		t.Run(name, func(t *testing.T) {
			loc, err := time.LoadLocation(name)
			if err != nil {
				t.Fatal(err)
			}
			rapid.Check(t, func(t *rapid.T) {
				from := time.Date(rapid.IntRange(2005, 2035).Draw(t, "year"), time.Month(rapid.IntRange(1, 12).Draw(t, "month")), 1, 0, 0, 0, 0, time.UTC)
				to := from.AddDate(0, rapid.IntRange(1, 14).Draw(t, "months"), 0)
				z, err := zoneWithin(loc, from, to)
				if err != nil {
					t.Fatal(err)
				}
				around := rapid.SampledFrom(z.pieces).Draw(t, "piece").to
				if rapid.Bool().Draw(t, "anywhere") {
					around = rapid.Int64Range(from.UnixMilli(), to.UnixMilli()).Draw(t, "at")
				}
				at := time.UnixMilli(around + rapid.Int64Range(-3*3600*1000, 3*3600*1000).Draw(t, "off"))
				if at.Before(from) || !at.Before(to) {
					return
				}
				z.checkBuckets(t, at)
			})
		})
	}
}

func columns() clock { return clock{quarter: "quarter", milli: "ms", day: "day"} }

func valuesOf(at time.Time) map[string]int64 {
	return map[string]int64{"quarter": int64(fact.Quarter(at)), "ms": at.UnixMilli(), "day": int64(fact.Day(at))}
}

func (z *zone) checkBuckets(t *rapid.T, at time.Time) {
	values := valuesOf(at)
	for _, u := range []unit{hourly, daily, weekly, monthly} {
		key := evaluate(t, z.bucket(u, columns(), false), values)
		dayless := columns()
		dayless.day = ""
		if other := evaluate(t, z.bucket(u, dayless, false), values); other != key {
			t.Fatalf("the %d. unit's bucket of %s is %d by its day, %d without", u, at.In(z.loc), key, other)
		}
		if got, want := z.label(u, key), wallLabel(u, at.In(z.loc)); got != want {
			t.Fatalf("%s lies in the %d. unit's bucket %s, want %s", at.In(z.loc), u, got, want)
		}
		wall := evaluate(t, z.bucket(u, columns(), true), values)
		if a, b := place(u, key, false), place(u, wall, true); a != b {
			t.Fatalf("%s is at place %d, on the wall at %d", at.In(z.loc), a, b)
		}
		if s, ok := z.spanOf(u, key); ok && (at.UnixMilli() < s.from || s.to <= at.UnixMilli()) {
			t.Fatalf("%s lies in the bucket %s, which is said to be from %s to %s", at, z.label(u, key), time.UnixMilli(s.from).UTC(), time.UnixMilli(s.to).UTC())
		}
	}
}

// TestBucketsAreInOrder walks through the nights of a year, quarter by quarter.
func TestBucketsAreInOrder(t *testing.T) {
	for _, name := range []string{"Europe/Berlin", "Australia/Lord_Howe", "America/New_York", "Antarctica/Troll"} {
		loc, _ := time.LoadLocation(name)
		from, to := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
		z, err := zoneWithin(loc, from, to)
		if err != nil {
			t.Fatal(err)
		}
		expression := z.bucket(hourly, columns(), false)
		var last int64
		labels := map[string]int64{}
		for at := from; at.Before(to); at = at.Add(15 * time.Minute) {
			key := evaluate(t, expression, valuesOf(at))
			if key < last {
				t.Fatalf("%s: the key of %s is less than that of the quarter before", name, at.In(loc))
			}
			last = key
			label := z.label(hourly, key)
			if other, ok := labels[label]; ok && other != key {
				t.Fatalf("%s: two hours are called %s", name, label)
			}
			labels[label] = key
		}
	}
}

func TestTheDoubledHourIsTwoRows(t *testing.T) {
	loc, _ := time.LoadLocation("Europe/Berlin")
	z, err := zoneWithin(loc, time.Date(2026, 10, 24, 0, 0, 0, 0, time.UTC), time.Date(2026, 10, 26, 0, 0, 0, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for i := range 3 {
		at := time.Date(2026, 10, 25, i, 30, 0, 0, time.UTC)
		key := evaluate(t, z.bucket(hourly, columns(), false), valuesOf(at))
		got = append(got, z.label(hourly, key))
	}
	want := []string{"2026-10-25T02:00:00+02:00", "2026-10-25T02:00:00+01:00", "2026-10-25T03:00:00+01:00"}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("labels are %v, want %v", got, want)
	}
}

func TestDayStart(t *testing.T) {
	tests := []struct{ name, zone, date, want string }{
		{"midnight", "Europe/Berlin", "2026-11-22", "2026-11-21T23:00:00Z"},
		{"the day clocks go forward", "Europe/Berlin", "2026-03-29", "2026-03-28T23:00:00Z"},
		{"clocks go forward at midnight, which does not exist", "America/Sao_Paulo", "2018-11-04", "2018-11-04T03:00:00Z"},
		{"clocks go back at midnight, to the day before", "America/Sao_Paulo", "2018-02-18", "2018-02-18T03:00:00Z"},
		{"a zone of three quarters", "Asia/Kathmandu", "2026-11-22", "2026-11-21T18:15:00Z"},
		{"a day that was left out begins with the next", "Pacific/Apia", "2011-12-30", "2011-12-30T10:00:00Z"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			loc, err := time.LoadLocation(tt.zone)
			if err != nil {
				t.Fatal(err)
			}
			date, _ := time.Parse(time.DateOnly, tt.date)
			got, err := dayStart(loc, date)
			if err != nil || got.Format(time.RFC3339) != tt.want {
				t.Errorf("dayStart() = %s, %v; want %s", got.Format(time.RFC3339), err, tt.want)
			}
		})
	}
}

func TestZoneRefusesOffsetsThatAreNoQuarters(t *testing.T) {
	loc := time.FixedZone("odd", 20*60)
	if z, err := zoneWithin(loc, earliest(), earliest().AddDate(0, 0, 1)); err == nil {
		t.Errorf("zoneWithin() = %+v, want a fault", z)
	}
}
