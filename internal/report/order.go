package report

import (
	"slices"
	"strconv"
	"strings"
)

// index gives the column of a measure.
func (t table) index(name string) string {
	i := slices.IndexFunc(t.sums, func(m measure) bool { return m.name == name })
	return "m" + strconv.Itoa(i+1)
}

// value gives the expression of a metric, for comparing. A quotient is a
// floating-point number in here, and nowhere else.
func (t table) value(m metric) string {
	switch {
	case m.over != "":
		top := "CAST(" + t.index(m.sum) + " AS DOUBLE)"
		if m.times != 1 {
			top += " * " + strconv.FormatInt(m.times, 10)
		}
		return "CASE WHEN " + t.index(m.over) + " <> 0 THEN " + top + " / CAST(" + t.index(m.over) + " AS DOUBLE) END"
	case m.less != "":
		return t.index(m.sum) + " - " + t.index(m.less)
	default:
		return t.index(m.sum)
	}
}

// kept gives the SELECT of the rows that are shown, on this page or another:
// something is in them, and the filters on metrics let them through. Without
// dimensions there is one row, whatever is in it.
func (q *Query) kept(w *writer, t table) string {
	rows := t.rows(w)
	if rows == "" {
		return ""
	}
	var where []string
	if len(t.dims) > 0 {
		something := make([]string, 0, len(t.sums))
		for _, m := range q.shown() {
			something = append(something, t.index(m)+" <> 0")
		}
		where = append(where, "("+strings.Join(something, " OR ")+")")
	}
	for _, h := range q.having {
		where = append(where, t.value(h.metric)+" "+h.compared())
	}
	if where == nil {
		return rows
	}
	columns := commas(names("d", len(t.dims)), names("m", len(t.sums)))
	return "SELECT " + columns + " FROM (" + rows + ") AS r WHERE " + strings.Join(where, " AND ")
}

// shown names the measures behind the metrics that were asked for.
func (q *Query) shown() []string {
	var all []string
	for _, m := range q.metrics {
		for _, name := range m.parts() {
			if !slices.Contains(all, name) {
				all = append(all, name)
			}
		}
	}
	return all
}

func (h having) compared() string {
	op := string(h.op)
	if h.op == notIn {
		op = "<>"
	}
	if h.kind == Ratio {
		return op + " " + strconv.FormatFloat(h.ratio, 'e', -1, 64)
	}
	return op + " " + strconv.FormatInt(h.number, 10)
}

// orderBy gives the order of rows, with rows that have no quotient behind those
// that have one.
func (q *Query) orderBy(t table) string {
	var keys []string
	for _, o := range q.sorts {
		direction := ""
		if o.desc {
			direction = " DESC"
		}
		if o.dim >= 0 {
			keys = append(keys, "d"+strconv.Itoa(o.dim+1)+direction)
			continue
		}
		if o.metric.over != "" {
			keys = append(keys, "CASE WHEN "+t.index(o.metric.over)+" <> 0 THEN 0 ELSE 1 END")
		}
		keys = append(keys, t.value(o.metric)+direction)
	}
	if keys == nil {
		return ""
	}
	return " ORDER BY " + strings.Join(keys, ", ")
}

// page gives the statement of the rows, in order, at most limit of them; all of
// them if it is 0. Behind its sums, each row may have those over all rows.
func (q *Query) page(limit int, totals bool) (Statement, bool, error) {
	t := q.table()
	w := &writer{scope: t.scope}
	kept := q.kept(w, t)
	if kept == "" {
		return Statement{}, false, w.err
	}
	if totals {
		kept, t = t.withTotals(kept)
	}
	sql := t.final(kept)
	if q.inOrder() {
		sql += q.orderBy(t)
	}
	if limit > 0 {
		sql += " LIMIT " + strconv.Itoa(limit)
	}
	return Statement{SQL: sql, Args: w.args, Columns: t.result()}, true, w.err
}

// withTotals gives the rows with the sums over all of them behind their own, and
// the table that reads both.
func (t table) withTotals(rows string) (string, table) {
	own := names("m", len(t.sums))
	over := names("m", 2*len(t.sums))[len(t.sums):]
	for i, name := range over {
		over[i] = "sum(" + own[i] + ") OVER () AS " + name
	}
	for _, m := range slices.Clone(t.sums) {
		m.name = "total_" + m.name
		t.sums = append(t.sums[:len(t.sums):len(t.sums)], m)
	}
	return "SELECT " + commas(names("d", len(t.dims)), own, over) + " FROM (" + rows + ") AS o", t
}

// totalsBeside reports whether there are several rows that are read at once, few
// enough for the engine to hold them all while it sums them up, and none of their
// sums counts visitors, who may stand in several rows.
func (q *Query) totalsBeside() bool {
	return len(q.dims) > 0 && !q.table().vast() && q.stretches() == nil &&
		!slices.ContainsFunc(q.sums, func(m measure) bool { return m.name == uniqueClicks })
}

// inOrder reports whether the rows must come in order. A stream of rows that may
// be as many as the facts is not sorted unless that was asked for.
func (q *Query) inOrder() bool {
	return q.format == JSON || q.sorted || q.limit > 0 || !slices.ContainsFunc(q.dims, func(d dimension) bool {
		return strings.HasPrefix(d.name, "sub") || strings.HasPrefix(d.name, "adv") && d.kind == Text
	})
}

// final reads rows as the integers and texts that a Row has. A sum of money
// beyond 64 bits becomes null.
func (t table) final(rows string) string {
	columns := names("d", len(t.dims))
	for i, d := range t.dims {
		if d.kind != Text {
			columns[i] = "CAST(" + columns[i] + " AS BIGINT)"
		}
	}
	for i, m := range t.sums {
		name := "m" + strconv.Itoa(i+1)
		integer := "CAST(" + name + " AS BIGINT)"
		if m.kind == Money {
			integer = bounded(name)
		}
		columns = append(columns, integer)
	}
	return "SELECT " + strings.Join(columns, ", ") + " FROM (" + rows + ") AS k"
}

// bounded reads a sum as an integer of 64 bits, and as null beyond that.
func bounded(sum string) string {
	return "CASE WHEN " + sum + " BETWEEN -9223372036854775807 AND 9223372036854775807 THEN CAST(" + sum + " AS BIGINT) END"
}

func (t table) result() []Column {
	var all []Column
	for _, d := range t.dims {
		all = append(all, Column{Name: d.name, Text: d.kind == Text})
	}
	for _, m := range t.sums {
		all = append(all, Column{Name: m.name})
	}
	return all
}

// total gives the statement of the sums over all rows.
func (q *Query) total() (Statement, bool, error) {
	t := q.table()
	w := &writer{scope: t.scope}
	if len(q.having) == 0 {
		t.dims = nil
		rows := t.rows(w)
		return Statement{SQL: t.final(rows), Args: w.args, Columns: t.result()}, rows != "", w.err
	}
	kept := q.kept(w, t)
	t.dims = nil
	if kept == "" {
		return Statement{}, false, w.err
	}
	sums := "SELECT " + commas(summed("k", len(t.sums))) + " FROM (" + kept + ") AS k"
	return Statement{SQL: t.final(sums), Args: w.args, Columns: t.result()}, true, w.err
}

// visitors gives the statement that counts the visitors of all rows behind the
// first skip ones. Their counts cannot be summed up, since one visitor may
// stand in many rows.
func (q *Query) visitors(from source, skip int) (Statement, error) {
	t := q.table()
	w := &writer{scope: t.scope}
	dims := names("d", len(t.dims))
	chosen := "SELECT " + commas(dims) + " FROM (" + q.kept(w, t) + ") AS k"
	if skip > 0 {
		chosen += q.orderBy(t) + " OFFSET " + strconv.Itoa(skip)
	}
	from.counted = true
	inner := w.facts(from, append(t.dimItems(from), col("visitor")), t.test.net())
	seen := "SELECT " + commas(t.texts(from, dims), []string{"visitor"}) + " FROM (" + inner + ") AS f"
	same := make([]string, len(dims))
	for i, d := range dims {
		same[i] = "s." + d + " = c." + d
	}
	sql := "SELECT count(*) FROM (SELECT s.visitor FROM (" + seen + ") AS s JOIN (" + chosen + ") AS c ON " +
		strings.Join(same, " AND ") + " GROUP BY s.visitor) AS v"
	return Statement{SQL: sql, Args: w.args, Columns: []Column{{Name: uniqueClicks}}}, w.err
}
