package report

import (
	"net/url"
	"slices"
	"strconv"
	"time"

	"waybill/internal/account"
	"waybill/internal/fact"
)

// links gives the lists of the facts behind a row: those that clicks,
// impressions, conversions and signals count. There is no list of what cannot
// be told by filters, or what the viewer may only count.
func (q *Query) links(e entry, dims []dimension) []Link {
	var all []Link
	shown := q.shown()
	for _, name := range []string{fact.Clicks, fact.Impressions, fact.Conversions, fact.Signals} {
		from := sourceOf(name, q.byClick)
		if !slices.ContainsFunc(shown, func(m string) bool { return findMeasure(m).table == name }) || !q.covers(from) || !q.viewer.lists(from) {
			continue
		}
		if query, ok := q.link(from, e, dims); ok {
			all = append(all, Link{Name: from.plural(), Query: query})
		}
	}
	return all
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

func (q *Query) link(from source, e entry, dims []dimension) (string, bool) {
	when := span{from: q.from.UnixMilli(), to: q.to.UnixMilli()}
	values := url.Values{}
	for _, f := range q.filters {
		values.Add("filter", f.text)
	}
	for i, d := range dims {
		switch v := e.dims[i]; {
		case d.kind == Time:
			s, ok := q.zone.spanOf(d.unit, v.Number)
			if !ok {
				return "", false
			}
			when.from, when.to = max(when.from, s.from), min(when.to, s.to)
		case from.has(d):
			values.Add("filter", joinFilter(d.name, in, q.filterValue(d, v)))
		case v != Value{}:
			return "", false // the row holds facts of other tables alone
		}
	}
	switch {
	case when.from >= when.to:
		return "", false
	case from.visits():
		values.Add("filter", joinFilter("is_bot", in, "false"))
		values.Add("filter", joinFilter("turned_away", in, ""))
	case from.Name == fact.Conversions:
		values.Add("filter", joinFilter("status", in, "approved", "paid", "pending", "hold"))
	}
	values.Set("from", time.UnixMilli(when.from).UTC().Format(time.RFC3339Nano))
	values.Set("to", time.UnixMilli(when.to).UTC().Format(time.RFC3339Nano))
	values.Set("tz", q.loc.String())
	if q.test == onlyTest {
		values.Set("test", "1")
	}
	if from.byClick {
		values.Set("time", "click")
	}
	return values.Encode(), true
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
