package report

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"waybill/internal/money"
)

// narrowest bounds how many values of a dimension are named to leave out, of the
// period before, what no row is compared with.
const narrowest = 1000

// addPrevious adds what the rows shown and the total were in the period before.
// A row is compared with the row of the same values; a time, with the time at
// the same place in its period: the third day with the third, 14:00 of it with
// 14:00.
func (q *Query) addPrevious(ctx context.Context, r Reader, a *Answer, shown []entry, coin coin) error {
	before := *q
	before.scope, before.previous = *q.previous, nil
	total, err := before.readTotal(ctx, r)
	if err != nil {
		return err
	}
	a.Previous = &Previous{From: before.from, To: before.to}
	if a.Previous.Total, err = before.line(total, coin); err != nil {
		return err
	}
	wanted := make(map[string]int, len(shown))
	for _, e := range shown {
		wanted[q.place(e, false)] = -1
	}
	found, err := before.matching(ctx, r, wanted, narrowing(q.dims, shown))
	if err != nil {
		return err
	}
	for i, e := range shown {
		was := q.nothing()
		if at := wanted[q.place(e, false)]; at >= 0 {
			was = found[at]
		}
		currency, known := coin.currency, !coin.mixed
		if at := slices.IndexFunc(q.dims, func(d dimension) bool { return d.name == dimCurrency }); at >= 0 {
			currency, known = money.Currency(e.dims[at].Text), true
		}
		if a.Rows[i].Previous, err = before.metricCells(was, currency, known); err != nil {
			return err
		}
	}
	return nil
}

// matching reads the rows of the period before, and keeps those that are
// wanted. It says in wanted where it keeps them.
func (q *Query) matching(ctx context.Context, r Reader, wanted map[string]int, where []filter) ([]entry, error) {
	t := q.table()
	t.wall, t.where = true, where
	w := &writer{scope: t.scope}
	rows := t.rows(w)
	if rows == "" || len(wanted) == 0 || w.err != nil {
		return nil, w.err
	}
	s := Statement{SQL: t.final(rows), Args: w.args, Columns: t.result()}
	var found []entry
	err := q.read(ctx, r, s, len(q.dims), func(e entry) error {
		key := q.place(e, true)
		if _, ok := wanted[key]; ok {
			wanted[key] = len(found)
			found = append(found, entry{sums: slices.Clone(e.sums)})
		}
		return nil
	})
	return found, err
}

// place names a row by what it is compared with: its values, times by their
// place in the period.
func (q *Query) place(e entry, wall bool) string {
	var b strings.Builder
	for i, d := range q.dims {
		switch d.kind {
		case Text:
			b.WriteString(strconv.Quote(e.dims[i].Text))
		case Time:
			b.WriteString(strconv.FormatInt(place(d.unit, e.dims[i].Number, wall)-q.zone.placeOf(d.unit), 10))
		default:
			b.WriteString(strconv.FormatInt(e.dims[i].Number, 10))
		}
		b.WriteByte(' ')
	}
	return b.String()
}

// narrowing gives filters that let through the rows shown and few others.
func narrowing(dims []dimension, shown []entry) []filter {
	clicks := sourceOf(findMeasure("clicks").table, false)
	var all []filter
	for i, d := range dims {
		if d.kind != ID && d.kind != Text || clicks.word(d.name) {
			continue
		}
		f := filter{dimension: d, op: in}
		seen := map[Value]bool{}
		for _, e := range shown {
			if v := e.dims[i]; !seen[v] {
				seen[v] = true
				f.numbers, f.texts = append(f.numbers, v.Number), append(f.texts, v.Text)
			}
		}
		if len(seen) <= narrowest {
			all = append(all, f)
		}
	}
	return all
}
