package report

import (
	"context"
	"slices"
	"strings"

	"waybill/internal/fault"
	"waybill/internal/money"
)

// entry is one row as it was read: the values of the dimensions, and the sums.
type entry struct {
	dims []Value
	sums []int64
}

// Answer reads the report whole.
func (q *Query) Answer(ctx context.Context, r Reader) (Answer, error) {
	a, coin, err := q.begin(ctx, r)
	if err != nil {
		return Answer{}, err
	}
	shown, total, err := q.firstRows(ctx, r, q.limit+1)
	if err != nil {
		return Answer{}, err
	}
	if len(shown) > q.limit {
		shown, a.Truncated = shown[:q.limit], true
	}
	links := q.linker(q.dims)
	for _, e := range shown {
		line, err := q.line(e, coin)
		if err != nil {
			return Answer{}, err
		}
		line.Links = links.of(e)
		a.Rows = append(a.Rows, line)
	}
	if err := q.addTotals(ctx, r, &a, shown, total, coin); err != nil {
		return Answer{}, err
	}
	if q.previous == nil {
		return a, nil
	}
	return a, q.addPrevious(ctx, r, &a, shown, coin)
}

// Total reads the sums over all rows, and what they hold for, without the rows.
func (q *Query) Total(ctx context.Context, r Reader) (Answer, error) {
	a, coin, err := q.begin(ctx, r)
	if err != nil {
		return Answer{}, err
	}
	total, err := q.readTotal(ctx, r)
	if err != nil {
		return Answer{}, err
	}
	a.Total, err = q.line(total, coin)
	return a, err
}

// begin gives an answer without its numbers, and the currency of its money.
func (q *Query) begin(ctx context.Context, r Reader) (Answer, coin, error) {
	coin, err := q.coin(ctx, r)
	a := Answer{
		Fields: q.Fields(), From: q.from, To: q.to, Zone: q.loc.String(), AsOf: r.AsOf(), Rows: []Line{},
		Currency: string(coin.currency), Notes: q.notes(coin.mixed),
	}
	return a, coin, err
}

// Stream hands the report's rows to line, one after another, without totals and
// links, and says whether the limit has cut others off. A Line is good until
// line returns. Rows come in order, but for those by free values of the parties
// without sort and limit, which may be as many as the facts.
func (q *Query) Stream(ctx context.Context, r Reader, line func(Line) error) (truncated bool, err error) {
	coin, err := q.coin(ctx, r)
	if err != nil {
		return false, err
	}
	ask := q.limit
	if ask > 0 {
		ask++ // to know whether there are more
	}
	given := 0
	err = q.eachRow(ctx, r, ask, func(e entry) error {
		if given++; q.limit > 0 && given > q.limit {
			truncated = true
			return nil
		}
		l, err := q.line(e, coin)
		if err != nil {
			return err
		}
		return line(l)
	})
	return truncated, err
}

func (q *Query) firstRows(ctx context.Context, r Reader, limit int) (all []entry, total *entry, err error) {
	held := 0
	hold := func(e entry) error {
		if held += q.weight(e); held > maxHeld {
			return fault.New(fault.Limited, "the rows take more than %d MiB of memory; ask for fewer with limit, or for format=ndjson or csv", maxHeld>>20)
		}
		all = append(all, entry{dims: slices.Clone(e.dims), sums: slices.Clone(e.sums[:len(q.sums)])})
		return nil
	}
	if !q.totalsBeside() {
		err = q.eachRow(ctx, r, limit, hold)
		return all, nil, err
	}
	s, ok, err := q.page(limit, true)
	if err != nil || !ok {
		return nil, nil, err
	}
	err = q.read(ctx, r, s, len(q.dims), func(e entry) error {
		if total == nil {
			total = &entry{sums: slices.Clone(e.sums[len(q.sums):])}
		}
		return hold(e)
	})
	return all, total, err
}

// maxHeld bounds the memory that the rows of one answer take, in bytes. Free
// values may be so long that few rows need as much as many others.
const maxHeld = 512 << 20

// weight gives about how many bytes a row takes: its cells, and its texts once
// more in each of its links.
func (q *Query) weight(e entry) int {
	const cell, lists = 64, 4
	n := cell * (len(q.dims) + len(q.metrics))
	for _, v := range e.dims {
		n += (1 + lists) * len(v.Text)
	}
	return n
}

func (q *Query) nothing() entry { return entry{sums: make([]int64, len(q.sums))} }

// read hands rows to use, of which dims values are dimensions and the rest are
// sums. An entry is good until use returns.
func (q *Query) read(ctx context.Context, r Reader, s Statement, dims int, use func(entry) error) error {
	e := entry{sums: make([]int64, len(s.Columns)-dims)}
	return r.Rows(ctx, s, func(row Row) error {
		e.dims = row[:dims]
		for i, v := range row[dims:] {
			if v.Null {
				return tooLarge(s.Columns[dims+i].Name)
			}
			e.sums[i] = v.Number
		}
		return use(e)
	})
}

// tooLarge makes the fault for what is beyond 64 bits.
func tooLarge(name string) error {
	return fault.New(fault.Invalid, "the sum of %s is too large: where a conversion has a wrong amount, reject it; else ask for a shorter range, or filter", name)
}

// addTotals adds the sums over all rows, and over those beyond the limit.
func (q *Query) addTotals(ctx context.Context, r Reader, a *Answer, shown []entry, known *entry, coin coin) error {
	total, err := q.totalOf(ctx, r, shown, known, a.Truncated)
	if err != nil {
		return err
	}
	if a.Total, err = q.line(total, coin); err != nil {
		return err
	}
	if len(q.having) == 0 { // a list knows no filters on metrics
		a.Total.Links = q.linker(nil).of(entry{})
	}
	if !q.other || !a.Truncated {
		return nil
	}
	rest, err := q.rest(ctx, r, total, shown)
	if err != nil {
		return err
	}
	line, err := q.line(rest, coin)
	a.Other = &line
	return err
}

// totalOf gives the sums over all rows: as they came with the rows, or from the
// rows where they are all at hand and no visitor may stand in several. Else the
// warehouse is asked again.
func (q *Query) totalOf(ctx context.Context, r Reader, shown []entry, known *entry, truncated bool) (entry, error) {
	if known != nil {
		return *known, nil
	}
	unique := slices.ContainsFunc(q.sums, func(m measure) bool { return m.name == uniqueClicks })
	if truncated || unique {
		return q.readTotal(ctx, r)
	}
	total := q.nothing()
	for _, e := range shown {
		for i := range q.sums {
			var err error
			if total.sums[i], err = money.Add(total.sums[i], e.sums[i]); err != nil {
				return q.readTotal(ctx, r) // what overflows on the way may fit in the end
			}
		}
	}
	return total, nil
}

// rest gives what the total holds beyond the rows shown. Visitors are counted,
// since one may stand in several rows.
func (q *Query) rest(ctx context.Context, r Reader, total entry, shown []entry) (entry, error) {
	rest := entry{sums: slices.Clone(total.sums)}
	for i, m := range q.sums {
		if m.name == uniqueClicks {
			n, err := q.countVisitors(ctx, r, len(shown))
			if err != nil {
				return rest, err
			}
			rest.sums[i] = n
			continue
		}
		for _, e := range shown {
			var ok bool
			if rest.sums[i], ok = minus(rest.sums[i], e.sums[i]); !ok {
				return rest, tooLarge(m.name)
			}
		}
	}
	return rest, nil
}

func (q *Query) readTotal(ctx context.Context, r Reader) (entry, error) {
	total := q.nothing()
	s, ok, err := q.total()
	if err != nil || !ok {
		return total, err
	}
	err = q.read(ctx, r, s, 0, func(e entry) error {
		copy(total.sums, e.sums)
		return nil
	})
	if err != nil || len(q.having) == 0 || len(q.dims) == 0 {
		return total, err
	}
	for i, m := range q.sums {
		if m.name == uniqueClicks {
			if total.sums[i], err = q.countVisitors(ctx, r, 0); err != nil {
				return total, err
			}
		}
	}
	return total, nil
}

func (q *Query) countVisitors(ctx context.Context, r Reader, skip int) (int64, error) {
	from := sourceOf(findMeasure(uniqueClicks).table, q.byClick)
	if !q.covers(from) {
		return 0, nil
	}
	s, err := q.visitors(from, skip)
	if err != nil {
		return 0, err
	}
	var n int64
	err = r.Rows(ctx, s, func(row Row) error {
		n = row[0].Number
		return nil
	})
	return n, err
}

// line gives an entry's cells. One without dimensions is a total.
func (q *Query) line(e entry, coin coin) (Line, error) {
	l := Line{Cells: make([]Cell, 0, len(q.dims)+len(q.metrics))}
	currency, known := coin.currency, !coin.mixed
	for i, d := range q.dims {
		if e.dims == nil {
			l.Cells = append(l.Cells, null(d.kind))
			continue
		}
		if d.name == dimCurrency {
			currency, known = money.Currency(e.dims[i].Text), true
		}
		l.Cells = append(l.Cells, q.zone.cell(d, e.dims[i]))
	}
	cells, err := q.metricCells(e, currency, known)
	l.Cells = append(l.Cells, cells...)
	return l, err
}

// cell gives the cell of a dimension's value.
func (z *zone) cell(d dimension, v Value) Cell {
	switch d.kind {
	case Time:
		return text(Time, z.label(d.unit, v.Number))
	case Text:
		return text(Text, v.Text)
	default:
		return number(d.kind, v.Number)
	}
}

// metricCells gives the cells of the metrics. Money of several currencies is
// null.
func (q *Query) metricCells(e entry, currency money.Currency, known bool) ([]Cell, error) {
	cells := make([]Cell, len(q.formulas))
	for i, f := range q.formulas {
		sum := e.sums[f.top]
		switch {
		case f.paid && !known:
			cells[i] = null(f.kind)
		case f.bottom >= 0:
			cells[i] = quotient(sum, f.times, e.sums[f.bottom], f.paid)
		case f.off >= 0:
			units, ok := minus(sum, e.sums[f.off])
			if !ok {
				return nil, tooLarge(f.name)
			}
			cells[i] = amount(units, currency)
		case f.kind == Money:
			cells[i] = amount(sum, currency)
		default:
			cells[i] = number(f.kind, sum)
		}
	}
	return cells, nil
}

// coin is the currency of a report's money.
type coin struct {
	currency money.Currency
	mixed    bool // there are several; only rows by currency have one
}

// coin finds the currency of the report's money, and refuses to add up several.
func (q *Query) coin(ctx context.Context, r Reader) (coin, error) {
	columns := q.moneyColumns()
	if columns == nil {
		return coin{}, nil
	}
	found, err := q.currencies(ctx, r, columns)
	if err != nil {
		return coin{}, err
	}
	if q.previous != nil {
		before, err := q.previous.currencies(ctx, r, columns)
		if err != nil {
			return coin{}, err
		}
		found = append(found, before...)
		slices.Sort(found)
		found = slices.Compact(found)
	}
	byCurrency := slices.ContainsFunc(q.dims, func(d dimension) bool { return d.name == dimCurrency })
	switch {
	case len(found) == 0:
		return coin{}, nil
	case len(found) == 1:
		return coin{currency: money.Currency(found[0])}, nil
	case byCurrency:
		return coin{mixed: true}, nil
	}
	return coin{}, fault.At("query.currency", "there is money in %s, which is not added up: choose one, such as currency=%s, or add the dimension currency",
		strings.Join(found, ", "), found[len(found)-1])
}

// moneyColumns names the columns of money that the report sums up.
func (q *Query) moneyColumns() []string {
	var all []string
	for _, m := range q.sums {
		if m.kind != Money {
			continue
		}
		if c := m.reads[len(m.reads)-1]; !slices.Contains(all, c) {
			all = append(all, c)
		}
	}
	return all
}

// currencies gives the currencies of the money in columns, of conversions that
// are not rejected, in order.
func (s *scope) currencies(ctx context.Context, r Reader, columns []string) ([]string, error) {
	if s.money != "" {
		return []string{string(s.money)}, nil
	}
	for _, f := range s.filters {
		if f.name == dimCurrency && f.op == in && len(f.texts) == 1 {
			return f.texts, nil
		}
	}
	from := sourceOf(findMeasure("conversions").table, s.byClick)
	if !s.covers(from) {
		return nil, nil
	}
	w := &writer{scope: s}
	items := []item{col(dimCurrency), col("sign")}
	var sums, some []string
	for _, c := range columns {
		items = append(items, col(c))
		sums = append(sums, "sum(sign * "+c+") AS sum_"+c)
		some = append(some, "sum_"+c+" <> 0")
	}
	sql := "SELECT currency FROM (SELECT currency, " + commas(sums) + " FROM (" + w.facts(from, items, "status <> 'rejected'") +
		") AS f GROUP BY f.currency) AS g WHERE " + strings.Join(some, " OR ") + " ORDER BY currency"
	if w.err != nil {
		return nil, w.err
	}
	var all []string
	err := r.Rows(ctx, Statement{SQL: sql, Args: w.args, Columns: []Column{{Name: dimCurrency, Text: true}}}, func(row Row) error {
		all = append(all, row[0].Text)
		return nil
	})
	return all, err
}
