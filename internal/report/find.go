package report

import (
	"context"
	"strconv"
	"time"

	"waybill/internal/fact"
	"waybill/internal/fault"
)

// Find looks for facts by how one text of theirs begins: an order ID, an
// affiliate's click ID. It reads that one column and what names the fact, in the
// form that engines can compare without a look at each text, so that it takes a
// fraction of the time of a list.
type Find struct {
	scope
	from   source
	column string
	begin  string
	most   int
}

// Found is a fact that was found.
type Found struct {
	ID   string // of the visit, the conversion or the signal
	Text string
}

// NewFind looks in a table for facts from one time up to and without another, test
// traffic too, the latest first, at most so many. What the viewer may not see, or
// list, is refused.
func NewFind(table, column, begin string, from, to time.Time, most int, viewer Viewer) (*Find, error) {
	f := &Find{
		scope: scope{viewer: viewer, from: from.Truncate(time.Millisecond).UTC(), to: to.Truncate(time.Millisecond).UTC(), loc: time.UTC, test: anyTest},
		from:  sourceOf(table, false), column: column, begin: begin, most: most,
	}
	c, ok := f.from.Column(column)
	switch {
	case !viewer.valid() || !viewer.lists(f.from) || !viewer.reads(f.from, column):
		return nil, fault.New(fault.Forbidden, "a key of role %s cannot look for %s", viewer.Role, column)
	case !ok || c.Type != fact.Text || begin == "":
		return nil, fault.New(fault.Invalid, "%s cannot be looked for by %.40q", column, begin)
	case !f.scope.from.Before(f.to):
		return nil, fault.New(fault.Invalid, "there is no time to look in")
	}
	return f, nil
}

// Read gives what is found. A conversion of which several rows fit is given once.
func (f *Find) Read(ctx context.Context, r Reader) ([]Found, error) {
	s, err := f.statement()
	if err != nil {
		return nil, err
	}
	at := positions(s.Columns)
	var all []Found
	known := map[string]bool{}
	err = r.Rows(ctx, s, func(row Row) error {
		one := Found{Text: row[at[f.column]].Text}
		if f.from.visits() {
			one.ID = idOf(row, at).String()
		} else {
			one.ID = row[1].Text
		}
		if !known[one.ID] && len(all) < f.most {
			known[one.ID] = true
			all = append(all, one)
		}
		return nil
	})
	return all, err
}

// beyond stands behind every text that begins alike.
const beyond = "\U0010FFFF"

// rowsOfOne is how many rows one conversion may have among those that are read.
const rowsOfOne = 8

func (f *Find) statement() (Statement, error) {
	w := &writer{scope: &f.scope}
	names := append([]string{"ms"}, f.from.keys()...)
	names = append(names, f.column)
	var items []item
	var columns, order []string
	var result []Column
	for i, name := range names {
		it := item{as: "c" + strconv.Itoa(i+1), expression: name, columns: []string{name}}
		c, _ := f.from.Column(name)
		if c.Type != fact.Text {
			it.expression = "CAST(" + name + " AS BIGINT)"
		}
		items, columns, result = append(items, it), append(columns, it.as), append(result, Column{Name: name, Text: c.Type == fact.Text})
		if i <= 1 {
			order = append(order, it.as+" DESC")
		}
	}
	begins := []string{f.column + " >= " + w.arg(f.begin), f.column + " < " + w.arg(f.begin+beyond)}
	limit := f.most
	if !f.from.visits() {
		limit *= rowsOfOne
	}
	sql := "SELECT " + commas(columns) + " FROM (" + w.facts(f.from, items, begins...) + ") AS f ORDER BY " + commas(order) + " LIMIT " + strconv.Itoa(limit)
	return Statement{SQL: sql, Args: w.args, Columns: result}, w.err
}
