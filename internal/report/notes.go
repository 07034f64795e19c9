package report

import (
	"slices"

	"waybill/internal/fact"
)

// notes says what a reader should know to read the answer right.
func (q *Query) notes(mixed bool) []string {
	notes := []string{}
	asked := q.sums
	tables := []source{}
	for _, name := range []string{fact.Clicks, fact.Impressions, fact.Conversions, fact.Signals} {
		if slices.ContainsFunc(asked, func(m measure) bool { return m.table == name }) {
			tables = append(tables, sourceOf(name, q.byClick))
		}
	}
	if slices.ContainsFunc(asked, func(m measure) bool { return m.name == uniqueClicks }) {
		notes = append(notes, "unique_clicks tells visitors apart by a hash that is renewed at 00:00 UTC: who comes on two days counts twice")
	}
	for _, t := range tables {
		notes = append(notes, q.lacks(t)...)
	}
	notes = append(notes, q.coined()...)
	notes = append(notes, q.scope.notes(tables)...)
	if q.previous != nil && len(q.having) > 0 {
		notes = append(notes, "previous of a row is there whatever the filter on metrics says; previous.total covers the rows that it lets through in the period before, which may be others")
	}
	if mixed {
		notes = append(notes, "totals hold no money, since it is in several currencies")
	}
	return notes
}

// coined says what a chosen currency is that of, and what it is not.
func (q *Query) coined() []string {
	switch code := string(q.money); {
	case code == "":
		return nil
	case slices.ContainsFunc(q.dims, func(d dimension) bool { return d.name == dimCurrency }):
		return []string{"currency=" + code + " leaves out conversions in other currencies; what has no currency is counted whole"}
	default:
		return []string{inOneCurrency(code)}
	}
}

// inOneCurrency is the note of an answer whose money is in a chosen currency.
func inOneCurrency(code string) string {
	return "money is in " + code + " alone, while clicks, views and conversions are counted whatever the currency: filter=currency=" + code +
		" counts the conversions of one currency"
}

// lacks says what rows of the table have no value of.
func (q *Query) lacks(t source) []string {
	if !q.covers(t) {
		return nil
	}
	var none []string
	for _, d := range q.dims {
		if !t.has(d) {
			none = append(none, d.name)
		}
	}
	if none == nil {
		return nil
	}
	return []string{t.plural() + " have no " + listOf(none) + ": they stand in the rows where it is empty or 0"}
}

// notes says what the range and the filters leave out.
func (s *scope) notes(tables []source) []string {
	var notes []string
	for _, t := range tables {
		var without []string
		for _, f := range s.filters {
			if f.asks(t) && !t.has(f.dimension) && !slices.Contains(without, f.name) {
				without = append(without, f.name)
			}
		}
		if without != nil {
			notes = append(notes, t.plural()+" have no "+listOf(without)+": the filter leaves them out")
		}
	}
	byClick := func(t source) bool { return t.byClick }
	if slices.ContainsFunc(tables, byClick) {
		notes = append(notes, "conversions stand at the time of their click; those whose click's time is unknown are left out")
	}
	if s.test == onlyTest {
		notes = append(notes, "test traffic alone")
	}
	return notes
}
