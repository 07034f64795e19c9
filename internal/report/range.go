package report

import (
	"time"
)

// earliest is before any fact. Facts are numbered from 1970, and offsets are
// made of quarters of an hour since 1972.
func earliest() time.Time { return time.Date(2000, time.January, 1, 0, 0, 0, 0, time.UTC) }

// latest bounds what can be asked for. It leaves room for every key of a bucket.
func latest() time.Time { return time.Date(2200, time.January, 1, 0, 0, 0, 0, time.UTC) }

const usualDays = 7

// parseRange reads tz, from and to.
func (p *parser) parseRange(s *scope) {
	if name := p.values.Get("tz"); name != "" {
		loc, err := time.LoadLocation(name)
		if err != nil || name == "Local" {
			p.fail("query.tz", "%.60q is not a time zone: write its IANA name, such as Europe/Berlin", name)
			return
		}
		s.loc = loc
	}
	var ok bool
	if s.to, ok = p.instant("to", s.loc, 1, p.now); !ok {
		return
	}
	today := s.to.Add(-time.Millisecond).In(s.loc)
	usual, err := dayStart(s.loc, today.AddDate(0, 0, 1-usualDays))
	if p.failed(err) {
		return
	}
	if s.from, ok = p.instant("from", s.loc, 0, usual); !ok {
		return
	}
	p.bound(s, "query.from")
}

// bound refuses a range that is none, and finds the zone's offsets in it.
func (p *parser) bound(s *scope, field string) {
	switch {
	case !s.from.Before(s.to):
		p.fail(field, "%s is not before the end, %s", s.from.Format(time.RFC3339), s.to.Format(time.RFC3339))
	case s.from.Before(earliest()), s.to.After(latest()):
		p.fail(field, "a range lies between the years 2000 and 2200")
	case s.to.Sub(s.from) > maxDays*24*time.Hour+time.Hour:
		p.fail(field, "the range is longer than %d days", maxDays)
	default:
		var err error
		s.zone, err = zoneWithin(s.loc, s.from, s.to)
		p.failed(err)
	}
}

// instant reads a date, of which it gives the beginning after so many days
// more, or an instant, in whole milliseconds.
func (p *parser) instant(name string, loc *time.Location, days int, usual time.Time) (time.Time, bool) {
	text := p.values.Get(name)
	if text == "" {
		return usual.Truncate(time.Millisecond).UTC(), true
	}
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t.Truncate(time.Millisecond).UTC(), true
	}
	date, err := time.Parse(time.DateOnly, text)
	if err != nil {
		p.fail("query."+name, "%.40q is neither a date, such as 2026-11-22, nor a time, such as 2026-11-22T14:00:00Z", text)
		return time.Time{}, false
	}
	start, err := dayStart(loc, date.AddDate(0, 0, days))
	return start, !p.failed(err)
}

// parseCompare gives the period that s is compared with: as long, and either
// just before it or from a given day on.
func (p *parser) parseCompare(s *scope) *scope {
	text := p.values.Get("compare")
	if text == "" || s.zone == nil {
		return nil
	}
	c := *s
	first := s.days()
	if text != "previous" {
		date, err := time.Parse(time.DateOnly, text)
		if err != nil {
			p.fail("query.compare", "%.40q is neither previous nor a date, such as 2026-11-22", text)
			return nil
		}
		first = daysBetween(date, s.zone.date(s.from))
		if c.from, err = dayStart(s.loc, date); p.failed(err) {
			return nil
		}
		c.to = c.from.Add(s.to.Sub(s.from))
	} else {
		c.from, c.to = s.from.Add(-s.to.Sub(s.from)), s.from
	}
	if s.wholeDays() {
		var err error
		if c.from, err = s.earlier(s.from, first); p.failed(err) {
			return nil
		}
		if c.to, err = s.earlier(s.to, first); p.failed(err) {
			return nil
		}
	}
	p.bound(&c, "query.compare")
	return &c
}

// wholeDays reports whether the range begins with a local day. Then it is moved
// by days, which a change of the clock makes longer or shorter.
func (s *scope) wholeDays() bool {
	start, err := dayStart(s.loc, s.from.In(s.loc))
	return err == nil && start.Equal(s.from)
}

// days counts the local days that the range touches.
func (s *scope) days() int {
	return daysBetween(s.zone.date(s.from), s.zone.date(s.to.Add(-time.Millisecond))) + 1
}

// earlier gives the instant so many days before, at the same time of the day.
func (s *scope) earlier(t time.Time, days int) (time.Time, error) {
	local := t.In(s.loc)
	start, err := dayStart(s.loc, local)
	if err != nil || !start.Equal(t) {
		return local.AddDate(0, 0, -days).Truncate(time.Millisecond).UTC(), err
	}
	return dayStart(s.loc, local.AddDate(0, 0, -days))
}

// date gives the local date of an instant.
func (z *zone) date(t time.Time) time.Time {
	y, m, d := t.In(z.loc).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

func daysBetween(from, to time.Time) int { return int(to.Sub(from) / (24 * time.Hour)) }
