package report

import (
	"net/url"
	"slices"
	"strconv"
	"time"

	"waybill/internal/account"
	"waybill/internal/fact"
)

// linker makes the links of an answer's rows: to the lists of the facts behind
// each, those that clicks, impressions, conversions and signals count. There is
// no list of what cannot be told by filters, or what the viewer may only count.
// What all rows have alike is put together once.
//
// A link that servers might refuse for its length is left out: a row of long
// free values has some.
type linker struct {
	q     *Query
	dims  []dimension
	lists []list
}

// maxLink bounds a link's parameters, in bytes. With the list's path and the
// rest of a request's first line they take less than 8 KiB, which is what
// servers and proxies let through.
const maxLink = 8<<10 - 128

// list is a list that rows lead to.
type list struct {
	name   string
	always string // the parameters of every row, encoded
	has    []bool // for each dimension, whether the list's facts have it
}

// linker gives what makes the links of rows by dims.
func (q *Query) linker(dims []dimension) linker {
	all := linker{q: q, dims: dims}
	shown := q.shown()
	for _, name := range []string{fact.Clicks, fact.Impressions, fact.Conversions, fact.Signals} {
		from := sourceOf(name, q.byClick)
		counted := slices.ContainsFunc(shown, func(m string) bool { return findMeasure(m).table == name })
		if !counted || !q.covers(from) || !q.viewer.lists(from) {
			continue
		}
		one := list{name: from.plural(), always: q.listed(from, dims).Encode()}
		for _, d := range dims {
			one.has = append(one.has, from.has(d))
		}
		all.lists = append(all.lists, one)
	}
	return all
}

// listed gives the parameters that every row's link to a list has.
func (q *Query) listed(from source, dims []dimension) url.Values {
	values := url.Values{"tz": {q.loc.String()}}
	told := slices.ContainsFunc(dims, func(d dimension) bool { return d.name == "test" })
	for _, f := range q.filters {
		if f.asks(from) {
			values.Add("filter", f.text)
		}
		told = told || f.name == "test"
	}
	switch {
	case from.visits():
		values.Add("filter", joinFilter("is_bot", in, "false"))
		values.Add("filter", joinFilter("turned_away", in, ""))
	case from.Name == fact.Conversions:
		values.Add("filter", joinFilter("status", in, "approved", "paid", "pending", "hold"))
	}
	if q.test == anyTest && !told {
		values.Add("filter", joinFilter("test", in, "true", "false"))
	}
	if q.test == onlyTest {
		values.Set("test", "1")
	}
	if from.byClick {
		values.Set("time", "click")
	}
	return values
}

// of gives a row's links.
func (l linker) of(e entry) []Link {
	var all []Link
	for _, to := range l.lists {
		if query, ok := l.link(to, e); ok {
			all = append(all, Link{Name: to.name, Query: query})
		}
	}
	return all
}

func (l linker) link(to list, e entry) (string, bool) {
	q := l.q
	when := span{from: q.from.UnixMilli(), to: q.to.UnixMilli()}
	query := append(make([]byte, 0, 256), to.always...)
	for i, d := range l.dims {
		switch v := e.dims[i]; {
		case d.kind == Time:
			s, ok := q.zone.spanOf(d.unit, v.Number)
			if !ok {
				return "", false
			}
			when.from, when.to = max(when.from, s.from), min(when.to, s.to)
		case to.has[i]:
			query = append(query, "&filter="...)
			query = append(query, url.QueryEscape(joinFilter(d.name, in, q.filterValue(d, v)))...)
		case v != Value{}:
			return "", false // the row holds facts of other tables alone
		}
	}
	if when.from >= when.to {
		return "", false
	}
	query = appendInstant(query, "&from=", when.from)
	query = appendInstant(query, "&to=", when.to)
	return string(query), len(query) <= maxLink
}

func appendInstant(query []byte, name string, milli int64) []byte {
	query = append(query, name...)
	return append(query, url.QueryEscape(time.UnixMilli(milli).UTC().Format(time.RFC3339Nano))...)
}

// lists reports whether the viewer may list a table's rows. An advertiser sees
// visits as numbers only. Whose postback was delivered is not among the facts,
// so that only the network may list deliveries.
func (v Viewer) lists(t source) bool {
	switch {
	case v.Role == account.Network:
		return true
	case t.Name == fact.Deliveries:
		return false
	default:
		return !t.visits() || v.Role == account.Affiliate
	}
}

func (q *Query) filterValue(d dimension, v Value) string {
	switch d.kind {
	case Flag:
		return strconv.FormatBool(v.Number != 0)
	case ID:
		return strconv.FormatInt(v.Number, 10)
	default:
		return v.Text
	}
}
