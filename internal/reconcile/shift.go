package reconcile

import (
	"fmt"
	"time"
)

// Shift is another clock by which the list's times fall together with ours.
type Shift struct {
	Zone     string `json:"zone" doc:"The clock that fits: UTC+03:00, or a zone's name."`
	UpTo     string `json:"up_to,omitempty" doc:"The last of the offsets that fit as well, where dates alone cannot tell them apart."`
	Agree    int    `json:"agree" doc:"Lines that agree with ours by this clock."`
	Of       int    `json:"of" doc:"Lines that could be compared."`
	Now      int    `json:"agree_now" doc:"Lines that agree by the zone that was given."`
	Message  string `json:"message"`
	offset   time.Duration
	location *time.Location
}

// The offsets that are tried, in quarters of an hour east of UTC, and how close
// two clocks must be to agree.
const (
	quarter     = 15 * time.Minute
	firstOffset = -12 * 4
	lastOffset  = 14 * 4
	together    = 5 * time.Minute
	mostPairs   = 50_000
	leastPairs  = 5
)

// apply gives a time of ours as the list's clock showed it, read by the zone
// that was given.
func (s *Shift) apply(t time.Time, given *time.Location) time.Time {
	wall := t.In(time.FixedZone("", int(s.offset.Seconds())))
	if s.location != nil {
		wall = t.In(s.location)
	}
	return time.Date(wall.Year(), wall.Month(), wall.Day(), wall.Hour(), wall.Minute(), wall.Second(), wall.Nanosecond(), given)
}

// sighting is one thing by both clocks.
type sighting struct {
	stamp stamp
	ours  time.Time
}

// agrees reports whether a sighting's clocks say the same in a zone: the same
// day where the list has no more, else the same five minutes.
func (s sighting) agrees(loc *time.Location) bool {
	if !s.stamp.clock {
		y, month, d := s.ours.In(loc).Date()
		wall := s.stamp.wall(loc)
		return wall.Year() == y && wall.Month() == month && wall.Day() == d
	}
	return s.stamp.wall(loc).Sub(s.ours).Abs() <= together
}

// findShift looks for another clock, when the days of the list do not have as
// many lines as ours. It is taken only where the evidence is strong: almost all
// lines agree by it, and far fewer by the zone that was given.
func (m *Match) findShift() {
	pairs, clocks := m.sightings()
	if len(pairs) < leastPairs || m.sameDays() {
		return
	}
	best := Shift{Of: len(pairs)}
	first, last := 0, 0
	for q := firstOffset; q <= lastOffset; q++ {
		loc := time.FixedZone("", q*int(quarter.Seconds()))
		switch n := agreeing(pairs, loc); {
		case n > best.Agree:
			best.Agree, first, last = n, q, q
		case n == best.Agree && q == last+1:
			last = q
		}
	}
	best.offset = time.Duration(first+last) / 2 * quarter
	if !clocks {
		best.offset = time.Duration(simplest(first, last)) * quarter
	}
	best.Zone = utcName(best.offset)
	if first != last {
		best.Zone, best.UpTo = utcName(time.Duration(first)*quarter), utcName(time.Duration(last)*quarter)
	}
	for _, loc := range m.Zones {
		if n := agreeing(pairs, loc); n > best.Agree && (n-best.Agree)*20 >= len(pairs) {
			best = Shift{Zone: loc.String(), Agree: n, Of: len(pairs), location: loc}
		}
	}
	best.Now = agreeing(pairs, m.Zone)
	if !best.strong(clocks) {
		return
	}
	best.Message = best.text(m.Zone, clocks)
	m.shift = &best
}

// strong reports whether the evidence is. Dates agree by chance far more often
// than times do.
func (s *Shift) strong(clocks bool) bool {
	if clocks {
		return s.Agree*10 >= s.Of*8 && (s.Agree-s.Now)*2 >= s.Of
	}
	return s.Agree*20 >= s.Of*19 && s.Agree-s.Now >= max(leastPairs, s.Of/20)
}

func (s *Shift) text(given *time.Location, clocks bool) string {
	what := "fall on the same day as"
	if clocks {
		what = "are within 5 minutes of"
	}
	zone := s.Zone
	if s.UpTo != "" {
		zone += " to " + s.UpTo
	}
	return fmt.Sprintf("%d of %d lines %s ours if the list's clock is %s; by %s it is %d. The list is in %s, not %s: send it again with that tz.",
		s.Agree, s.Of, what, zone, given, s.Now, zone, given)
}

// sightings gives the lines whose conversion is known and whose clock is not,
// and whether they have a time of day.
func (m *Match) sightings() (pairs []sighting, clocks bool) {
	for i := range m.lines {
		l := &m.list.Lines[i]
		if l.At.IsZero() || l.Zoned || len(pairs) == mostPairs {
			continue
		}
		o := m.lines[i].mate
		if o < 0 {
			o = m.onlyCandidate(l)
		}
		if o < 0 {
			continue
		}
		clocks = clocks || l.Clock
		pairs = append(pairs, sighting{l.stamp, m.ours[o].OccurredAt})
	}
	return pairs, clocks
}

// onlyCandidate gives the one conversion that a line names, wherever it lies.
func (m *Match) onlyCandidate(l *Line) int32 {
	if i, ok := m.byID[l.ID]; ok && !l.ID.IsZero() {
		return i
	}
	if all := m.byClick[l.Click]; len(all) == 1 && !l.Click.IsZero() {
		return all[0]
	}
	if all := m.byOrder[orderKey(l.OrderID)]; len(all) == 1 && l.OrderID != "" && !m.otherClick(l, &m.ours[all[0]]) {
		return all[0]
	}
	return -1
}

// sameDays reports whether every day has as many lines as conversions.
func (m *Match) sameDays() bool {
	days := map[string]int{}
	for i := range m.lines {
		if l := &m.list.Lines[i]; !l.At.IsZero() && !m.lines[i].outside {
			days[l.At.In(m.Zone).Format(time.DateOnly)]++
		}
	}
	for i := range m.ours {
		if m.ours[i].counts {
			days[m.ours[i].OccurredAt.In(m.Zone).Format(time.DateOnly)]--
		}
	}
	for _, n := range days {
		if n != 0 {
			return false
		}
	}
	return true
}

func agreeing(pairs []sighting, loc *time.Location) int {
	n := 0
	for _, p := range pairs {
		if p.agrees(loc) {
			n++
		}
	}
	return n
}

// simplest gives the offset of a range that people would guess: the smallest
// whole hour.
func simplest(first, last int) int {
	best := first
	for q := first; q <= last; q++ {
		whole, bestWhole := q%4 == 0, best%4 == 0
		if whole && !bestWhole || whole == bestWhole && max(q, -q) < max(best, -best) {
			best = q
		}
	}
	return best
}

func utcName(offset time.Duration) string {
	sign := "+"
	if offset < 0 {
		sign, offset = "-", -offset
	}
	return fmt.Sprintf("UTC%s%02d:%02d", sign, int(offset.Hours()), int(offset.Minutes())%60)
}
