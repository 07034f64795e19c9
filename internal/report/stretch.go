package report

import (
	"context"
	"time"
)

// A report whose rows stand in the order of time is read one stretch of the
// range after another, until it has the rows it may show: of a million rows by
// hour and affiliate the first thousand lie in the first day. A row lies in one
// stretch whole, since stretches end where the report's buckets do.

// firstDays and mostDays are how long the first stretch is, and the longest;
// each is four times as long as the one before.
const (
	firstDays = 1
	mostDays  = 16
)

// stretches cuts the range of q where its rows may be read piece by piece, in
// the order of its rows: where time comes first in that order, and rows of one
// time are several. It gives nil where the range is to be read at once.
func (q *Query) stretches() []scope {
	if len(q.sorts) == 0 || q.sorts[0].dim < 0 {
		return nil
	}
	lead := q.dims[q.sorts[0].dim]
	if lead.kind != Time || q.onlyTimes() {
		return nil
	}
	cuts := q.cuts(lead.unit, q.sorts[0].desc)
	if cuts == nil {
		return nil
	}
	all := make([]scope, 0, len(cuts)+1)
	rest := q.scope
	for _, at := range cuts {
		part := rest
		if q.sorts[0].desc {
			part.from, rest.to = at, at
		} else {
			part.to, rest.from = at, at
		}
		all = append(all, part)
	}
	return append(all, rest)
}

// onlyTimes reports whether there are no dimensions but times: then rows are few.
func (q *Query) onlyTimes() bool {
	for _, d := range q.dims {
		if d.kind != Time {
			return false
		}
	}
	return true
}

// cuts gives the instants between stretches, in the order of the rows.
func (q *Query) cuts(u unit, desc bool) []time.Time {
	var all []time.Time
	at, last, sign := q.from.In(q.loc), q.to, 1
	if desc {
		at, last, sign = q.to.In(q.loc), q.from, -1
	}
	days := firstDays
	for {
		at = u.begin(at.AddDate(0, 0, sign*days), desc)
		cut, err := dayStart(q.loc, at)
		if err != nil || desc && !cut.After(last) || !desc && !cut.Before(last) {
			return all
		}
		if n := len(all); n == 0 || !cut.Equal(all[n-1]) {
			all = append(all, cut)
		}
		at, days = cut.In(q.loc), min(4*days, mostDays)
	}
}

// begin gives a day on which a bucket begins: the one that date lies in, or,
// unless that is to go back, the one behind it.
func (u unit) begin(date time.Time, back bool) time.Time {
	y, m, d := date.Date()
	switch u {
	case weekly:
		monday := time.Date(y, m, d-(int(date.Weekday())+6)%7, 0, 0, 0, 0, time.UTC)
		if back {
			return monday
		}
		return monday.AddDate(0, 0, 7)
	case monthly:
		if back {
			return time.Date(y, m, 1, 0, 0, 0, 0, time.UTC)
		}
		return time.Date(y, m+1, 1, 0, 0, 0, 0, time.UTC)
	default:
		return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
	}
}

// during gives q as it is for a part of its range.
func (q *Query) during(part scope) *Query {
	one := *q
	one.scope = part
	return &one
}

// eachRow hands rows to use, in order, at most limit of them; all if it is 0.
func (q *Query) eachRow(ctx context.Context, r Reader, limit int, use func(entry) error) error {
	parts := q.stretches()
	if parts == nil {
		parts = []scope{q.scope}
	}
	left := limit
	for _, part := range parts {
		s, ok, err := q.during(part).page(left, false)
		if err != nil || !ok {
			return err
		}
		given := 0
		err = q.read(ctx, r, s, len(q.dims), func(e entry) error {
			given++
			return use(e)
		})
		if err != nil {
			return err
		}
		if limit == 0 {
			continue
		}
		if left -= given; left <= 0 {
			return nil
		}
	}
	return nil
}
