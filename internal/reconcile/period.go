package reconcile

import (
	"time"

	"waybill/internal/fault"
)

// period settles what is compared: what was asked for, or from the list's first
// day to its last, by its own clock.
func (m *Match) period() error {
	first, last := m.list.Span()
	if m.From.IsZero() && !first.IsZero() {
		m.From = midnight(first.In(m.Zone), 0)
	}
	if m.Until.IsZero() && !last.IsZero() {
		m.Until = midnight(last.In(m.Zone), 1)
	}
	switch {
	case m.From.IsZero() || m.Until.IsZero():
		return fault.At("query.from", "the list has no times; say which days it is about with from and to")
	case !m.From.Before(m.Until):
		return fault.At("query.to", "lies before from")
	case m.Until.Sub(m.From) > maxPeriod:
		return fault.At("query.from", "the period from %s to %s is longer than %d days; is the order of day and month right (date_order)?",
			m.From.Format(time.DateOnly), m.Until.Add(-1).Format(time.DateOnly), int(maxPeriod.Hours()/24))
	}
	return nil
}

// maxPeriod is the longest period that is compared.
const maxPeriod = 800 * 24 * time.Hour

// Span gives the first and the last time of a list.
func (l *List) Span() (first, last time.Time) {
	for i := range l.Lines {
		at := l.Lines[i].At
		if at.IsZero() {
			continue
		}
		if first.IsZero() || at.Before(first) {
			first = at
		}
		if at.After(last) {
			last = at
		}
	}
	return first, last
}

// midnight gives the beginning of a day so many days on.
func midnight(t time.Time, days int) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day()+days, 0, 0, 0, 0, t.Location())
}

// Parties tells from the transaction IDs in a list whose it is: the offers and
// affiliates that they name, with how many lines each.
func (l *List) Parties(p Params) (offers, affiliates map[int64]int) {
	offers, affiliates = map[int64]int{}, map[int64]int{}
	for i := range l.Lines {
		id := l.Lines[i].Click
		if id.IsZero() {
			id = l.Lines[i].ID
		}
		if id.IsZero() {
			continue
		}
		if parts, err := p.Open(id); err == nil {
			offers[parts.Offer]++
			affiliates[parts.Affiliate]++
		}
	}
	return offers, affiliates
}
