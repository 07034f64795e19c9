package report

import (
	"slices"
	"strconv"
	"strings"

	"waybill/internal/fact"
)

// table is the grouped part of a report: which rows there are, and their sums.
type table struct {
	*scope
	dims []dimension
	sums []measure
	wall bool // hours are those of the wall: see zone
	// where restricts the facts further: the values of a dimension that a
	// comparison is about.
	where []filter
}

// table gives the grouped part of q.
func (q *Query) table() table {
	return table{scope: &q.scope, dims: q.dims, sums: q.sums}
}

// formula is how a metric's cell is made of a row's sums: by their indexes, -1
// where there is none.
type formula struct {
	metric
	top, off, bottom int
	paid             bool
}

// settleSums lists the measures that the report needs, and where its metrics
// find them.
func (q *Query) settleSums() {
	for _, m := range q.metrics {
		q.formulas = append(q.formulas, formula{metric: m, top: q.need(m.sum), off: q.need(m.less), bottom: q.need(m.over), paid: m.paid()})
	}
	for _, h := range q.having {
		for _, name := range h.parts() {
			q.need(name)
		}
	}
}

// need gives the index of a measure among the sums, where it puts it.
func (q *Query) need(name string) int {
	if name == "" {
		return -1
	}
	at := slices.IndexFunc(q.sums, func(have measure) bool { return have.name == name })
	if at < 0 {
		at = len(q.sums)
		q.sums = append(q.sums, findMeasure(name).of(q.money))
	}
	return at
}

// Names of columns between the layers of a statement: d1, d2, … for dimensions,
// m1, m2, … for measures.
func names(letter string, n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = letter + strconv.Itoa(i+1)
	}
	return all
}

func commas(parts ...[]string) string { return strings.Join(slices.Concat(parts...), ", ") }

// branch is one SELECT that gives some of the sums, the others as 0.
type branch struct {
	sql   string
	sums  []int // which of the sums it gives
	whole bool  // each of its rows is a row of the report
}

// branches gives the SELECTs whose rows together hold all the sums.
func (t table) branches(w *writer) []branch {
	var all []branch
	for _, name := range []string{fact.Clicks, fact.Impressions, fact.Conversions, fact.Signals} {
		from := sourceOf(name, t.byClick)
		if !t.covers(from) {
			continue
		}
		var sums, unique []int
		for i, m := range t.sums {
			switch {
			case m.table != name:
			case m.name == uniqueClicks:
				unique = append(unique, i)
			default:
				sums = append(sums, i)
			}
		}
		if sums != nil {
			b := t.sum(w, from, sums)
			b.sums = sums
			all = append(all, b)
		}
		if unique != nil {
			b := t.unique(w, from, unique[0])
			b.sums = unique
			all = append(all, b)
		}
	}
	return all
}

// sum gives the branch of the sums of one table.
func (t table) sum(w *writer, from source, which []int) branch {
	from.counted = from.visits()
	if from.visits() && len(which) > 1 && !t.vast() {
		return t.byTraffic(w, from, which)
	}
	return branch{sql: t.grouped(w, from, which), whole: true}
}

// scattered reports whether the rows may be as many as the facts. Then they are
// grouped once only.
func (t table) scattered(from source) bool {
	return slices.ContainsFunc(t.dims, func(d dimension) bool { return d.kind == Text && from.has(d) && !from.word(d.name) })
}

// grouped sums the facts of each row.
func (t table) grouped(w *writer, from source, which []int) string {
	dims := names("d", len(t.dims))
	items := t.items(from, which)
	inner := w.facts(from, items, t.narrow(w, from)...)
	return "SELECT " + commas(t.texts(from, dims), t.columns(which, func(m measure) string {
		return "sum(" + m.adds("", t.test) + ")"
	})) + " FROM (" + inner + ") AS f" + groupBy("f", dims...)
}

// byTraffic counts the facts of each row by their kind of traffic first, since
// to sum up one condition after another over all facts takes twice the time.
func (t table) byTraffic(w *writer, from source, which []int) branch {
	dims := names("d", len(t.dims))
	inner := w.facts(from, t.items(from, which), t.narrow(w, from)...)
	counted := "SELECT " + commas(t.texts(from, dims), []string{"traffic", "count(*) AS n"}) +
		" FROM (" + inner + ") AS f" + groupBy("f", append(dims, "traffic")...)
	return branch{sql: "SELECT " + commas(dims, t.columns(which, func(m measure) string { return m.adds("n", t.test) })) + " FROM (" + counted + ") AS c"}
}

// unique counts the visitors of each row. Their hashes are salted anew each
// day, so that different ones are told apart over several days as well.
func (t table) unique(w *writer, from source, which int) branch {
	from.counted = true
	dims := names("d", len(t.dims))
	inner := w.facts(from, append(t.dimItems(from), col("visitor")), append(t.narrow(w, from), t.test.net())...)
	visitors := "SELECT " + commas(dims, []string{"visitor"}) + " FROM (" + inner + ") AS f" + groupBy("f", append(dims, "visitor")...)
	sql := "SELECT " + commas(t.texts(from, dims), t.columns([]int{which}, func(measure) string { return "count(*)" })) +
		" FROM (" + visitors + ") AS v" + groupBy("v", dims...)
	return branch{sql: sql, whole: true}
}

func (m measure) nothing() string { return "0" }

// columns gives the columns of all sums: those of this branch by their
// expression, the others 0.
func (t table) columns(which []int, expression func(measure) string) []string {
	all := make([]string, len(t.sums))
	for i, m := range t.sums {
		all[i] = "0"
		if slices.Contains(which, i) {
			all[i] = expression(m)
		}
		all[i] += " AS m" + strconv.Itoa(i+1)
	}
	return all
}

// texts gives the dimensions' columns, as texts where an engine keeps words as
// numbers: branches agree in their types, and words sort as texts do.
func (t table) texts(from source, dims []string) []string {
	all := slices.Clone(dims)
	for i, d := range t.dims {
		if from.word(d.name) {
			all[i] = asText(dims[i]) + " AS " + dims[i]
		}
	}
	return all
}

// items gives what a branch reads of each fact.
func (t table) items(from source, which []int) []item {
	all := t.dimItems(from)
	var read []string
	for _, i := range which {
		for _, c := range t.sums[i].reads {
			if !slices.Contains(read, c) {
				read = append(read, c)
				all = append(all, col(c))
			}
		}
	}
	if len(all) == 0 {
		all = append(all, item{as: "one", expression: "1"})
	}
	return all
}

func (t table) dimItems(from source) []item {
	all := make([]item, len(t.dims))
	for i, d := range t.dims {
		all[i] = item{as: "d" + strconv.Itoa(i+1), expression: from.value(d, t.zone, t.wall)}
		if from.has(d) {
			all[i].columns = []string{d.name}
		}
	}
	return all
}

func (t table) narrow(w *writer, from source) []string {
	var all []string
	for _, f := range t.where {
		if from.has(f.dimension) {
			all = append(all, w.filter(from, f))
		}
	}
	return all
}

// groupBy names the columns by the SELECT they come from, which the result's
// names must not be taken for.
func groupBy(from string, columns ...string) string {
	if len(columns) == 0 {
		return ""
	}
	all := make([]string, len(columns))
	for i, c := range columns {
		all[i] = from + "." + c
	}
	return " GROUP BY " + commas(all)
}

// rows gives the SELECT of all rows with their sums: d1, …, m1, …. It is ""
// where the filters leave no table to read. Without dimensions there is always
// one row.
func (t table) rows(w *writer) string {
	all := t.branches(w)
	switch {
	case len(all) == 0 && len(t.dims) == 0:
		return "SELECT " + commas(t.columns(nil, measure.nothing))
	case len(all) == 0:
		return ""
	case len(all) == 1 && all[0].whole && len(t.dims) > 0:
		return all[0].sql
	case t.vast():
		return t.joined(all)
	}
	parts := make([]string, len(all))
	for i, b := range all {
		parts[i] = b.sql
	}
	dims := names("d", len(t.dims))
	return "SELECT " + commas(dims, summed("u", len(t.sums))) + " FROM (" + strings.Join(parts, " UNION ALL ") + ") AS u" + groupBy("u", dims...)
}

// vast reports whether the rows may be as many as the facts of some table. Then
// every branch gives whole rows.
func (t table) vast() bool {
	for _, name := range []string{fact.Clicks, fact.Impressions, fact.Conversions, fact.Signals} {
		if t.scattered(sourceOf(name, t.byClick)) {
			return true
		}
	}
	return false
}

// joined puts whole rows of several branches side by side. To group them all
// once more would take the memory of the largest branch twice; a join takes
// that of the smaller ones.
func (t table) joined(all []branch) string {
	from, sums := "", make([]string, len(t.sums))
	for i := range sums {
		sums[i] = "0 AS m" + strconv.Itoa(i+1)
	}
	dims := names("d", len(t.dims))
	for i, b := range all {
		name := "b" + strconv.Itoa(i+1)
		for _, s := range b.sums {
			m := "m" + strconv.Itoa(s+1)
			sums[s] = "coalesce(" + name + "." + m + ", 0) AS " + m
		}
		if i > 0 {
			from += " FULL OUTER JOIN "
		}
		from += "(" + b.sql + ") AS " + name
		if i > 0 {
			from += " USING (" + commas(dims) + ")"
		}
	}
	return "SELECT " + commas(dims, sums) + " FROM " + from
}

// summed sums up columns m1, …; nothing sums up to 0.
func summed(from string, n int) []string {
	all := names("m", n)
	for i, m := range all {
		all[i] = "coalesce(sum(" + from + "." + m + "), 0) AS " + m
	}
	return all
}
