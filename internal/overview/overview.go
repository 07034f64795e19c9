// Package overview says what the first page of the console shows, and of when.
//
// Today is compared with yesterday and with the same day a week ago, each up to
// the same time of the day on the clocks of a time zone, and as a whole. What is
// counted is asked of package report, in the words of its queries: there is no
// second way of counting. What a viewer may not see is not asked for them.
package overview

import (
	"slices"
	"time"
)

// Span is a stretch of time; To is not part of it.
type Span struct{ From, To time.Time }

// Period is one day: up to the time of the day that it is now, and whole.
type Period struct {
	Span
	Whole Span
}

// Periods are the days that are compared.
type Periods struct{ Today, Yesterday, LastWeek Period }

// At gives the periods as of an instant, in the days of a zone. Today is whole
// only up to now. No period is empty: on a day's first instant each is the shortest
// that there is, a millisecond.
func At(now time.Time, loc *time.Location) Periods {
	now = now.Truncate(time.Millisecond).In(loc)
	today := Span{From: startOf(now, loc)}
	today.To = later(now, today.From.Add(time.Millisecond)).UTC()
	day := func(before int) Period {
		then := now.AddDate(0, 0, -before)
		whole := Span{startOf(calendar(now, -before), loc), startOf(calendar(now, 1-before), loc)}
		to := later(showed(then, now, loc), whole.From.Add(time.Millisecond))
		if to.After(whole.To) {
			to = whole.To
		}
		return Period{Span: Span{whole.From, to}, Whole: whole}
	}
	return Periods{Today: Period{Span: today, Whole: today}, Yesterday: day(1), LastWeek: day(7)}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// calendar gives the date so many days away from that of t, at noon UTC: a time
// that every zone's date can be taken from.
func calendar(t time.Time, days int) time.Time {
	y, m, d := t.Date()
	return time.Date(y, m, d+days, 12, 0, 0, 0, time.UTC)
}

// startOf gives the first instant of a local date. Where clocks go forward at
// midnight that is not 00:00; where they go back over it, the first 00:00.
func startOf(date time.Time, loc *time.Location) time.Time {
	y, m, d := date.Date()
	all := instants(time.Date(y, m, d, 0, 0, 0, 0, time.UTC), loc)
	return all[0]
}

// showed gives the last instant at which the clocks showed the time of the day
// of now, on the date of then. What they skipped was when they were put forward.
func showed(then, now time.Time, loc *time.Location) time.Time {
	y, m, d := then.Date()
	all := instants(time.Date(y, m, d, now.Hour(), now.Minute(), now.Second(), now.Nanosecond(), time.UTC), loc)
	return all[len(all)-1]
}

// instants gives when the clocks of a zone show what wall shows in UTC: once, or
// twice, in order. What they skip is the instant at which they do.
func instants(wall time.Time, loc *time.Location) []time.Time {
	var all []time.Time
	var skipped time.Time
	for _, near := range []time.Time{wall.Add(-36 * time.Hour), wall.Add(36 * time.Hour)} {
		_, offset := near.In(loc).Zone()
		t := wall.Add(-time.Duration(offset) * time.Second)
		if shows(t, wall, loc) && !slices.ContainsFunc(all, t.Equal) {
			all = append(all, t)
		}
		if start, _ := t.In(loc).ZoneBounds(); skipped.IsZero() && !start.IsZero() {
			skipped = start.UTC()
		}
	}
	if all == nil {
		return []time.Time{skipped}
	}
	slices.SortFunc(all, time.Time.Compare)
	return all
}

// shows reports whether the clocks of a zone show at t what wall shows in UTC.
func shows(t, wall time.Time, loc *time.Location) bool {
	_, offset := t.In(loc).Zone()
	return t.Add(time.Duration(offset) * time.Second).Equal(wall)
}

// Hours gives the beginnings of the hours that a span touches, as reports cut
// them: the full hours of the zone's clocks.
func Hours(s Span, loc *time.Location) []time.Time {
	var all []time.Time
	for at := s.From; at.Before(s.To); {
		local := at.In(loc)
		past := time.Duration(local.Minute())*time.Minute + time.Duration(local.Second())*time.Second + time.Duration(local.Nanosecond())
		_, offset := local.Zone()
		all = append(all, local.Add(-past).In(time.FixedZone("", offset)))
		next := at.Add(time.Hour - past)
		if _, end := local.ZoneBounds(); !end.IsZero() && end.Before(next) {
			next = end // the clocks change within the hour
		}
		at = next
	}
	return all
}
