package report

import (
	"errors"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"waybill/internal/fault"
	"waybill/internal/money"
)

// What a report may ask for at most.
const (
	maxDimensions = 10
	maxMetrics    = 40
	maxFilters    = 50
	linkFilters   = 3    // that the link of a row adds besides its dimensions
	maxValues     = 1000 // of one filter
	maxText       = 1024 // bytes of one value
	maxDays       = 1100 // three years and a bit
	maxLimit      = 100_000
	defaultLimit  = 1000
	maxPage       = 1000
	defaultPage   = 100
)

// Query is a report that was asked for.
type Query struct {
	scope
	format   Format
	names    bool
	dims     []dimension
	metrics  []metric
	formulas []formula // of the metrics
	sums     []measure // that metrics and filters are made of, each once
	having   []having
	sorts    []order
	sorted   bool // the order was asked for
	limit    int  // 0 for none
	other    bool
	previous *scope // the period to compare with
}

// order is one key that rows are sorted by: a dimension or a metric.
type order struct {
	dim    int // its index; -1 for a metric
	metric metric
	desc   bool
}

// Parse reads the parameters of a report. Its faults say which parameter is
// wrong and how to mend it; what the viewer may not see is refused like what
// does not exist. now is where a range without an end ends.
func Parse(values url.Values, now time.Time, viewer Viewer) (*Query, error) {
	p := parser{values: values, viewer: viewer, now: now}
	q := &Query{scope: p.scope(), format: JSON}
	p.only(
		"dimensions", "metrics", "from", "to", "tz", "time", "filter", "sort", "limit", "other", "compare", "currency", "test",
		"format", "names",
	)
	p.parseFormat(q)
	p.parseDimensions(q)
	p.parseMetrics(q)
	p.parseFilters(&q.scope, &q.having)
	p.parseMoney(&q.scope, q.dims)
	p.parseSort(q)
	p.parseLimit(q)
	q.names, q.other = p.flag("names"), p.flag("other")
	q.settleTest(p.flag("test"), q.dims)
	q.previous = p.parseCompare(&q.scope)
	if q.format != JSON && (q.other || q.previous != nil) {
		p.fail("query.format", "other and compare need format=json")
	}
	if err := errors.Join(p.errs...); err != nil {
		return nil, err
	}
	q.settleSums()
	return q, nil
}

// parser reads parameters, and keeps what is wrong with them.
type parser struct {
	values url.Values
	viewer Viewer
	now    time.Time
	errs   []error
}

func (p *parser) fail(field, format string, args ...any) {
	p.errs = append(p.errs, fault.At(field, format, args...))
}

func (p *parser) failed(err error) bool {
	if err != nil {
		p.errs = append(p.errs, err)
	}
	return err != nil
}

// only refuses parameters that do not exist: one that was mistyped would else
// give a report that nobody asked for.
func (p *parser) only(names ...string) {
	for _, name := range slices.Sorted(maps.Keys(p.values)) {
		times := len(p.values[name])
		if !slices.Contains(names, name) {
			p.failed(unknown("query."+name, "parameter", name, names))
		} else if times > 1 && name != "filter" {
			p.fail("query."+name, "is there %d times; write it once", times)
		}
	}
}

// list gives the values of a comma list; nothing for an empty one.
func (p *parser) list(name string) []string {
	text := p.values.Get(name)
	if text == "" {
		return nil
	}
	all := strings.Split(text, ",")
	for i := range all {
		all[i] = strings.TrimSpace(all[i])
	}
	return all
}

func (p *parser) flag(name string) bool {
	switch v := p.values.Get(name); v {
	case "", "0", "false":
		return false
	case "1", "true":
		return true
	default:
		p.fail("query."+name, "%.40q is neither true nor false", v)
		return false
	}
}

func (p *parser) parseFormat(q *Query) {
	switch f := Format(p.values.Get("format")); f {
	case "":
	case JSON, CSV, NDJSON:
		q.format = f
	default:
		p.fail("query.format", "%.40q is not a format; use json, csv or ndjson", f)
	}
}

func (p *parser) parseDimensions(q *Query) {
	names := p.list("dimensions")
	if len(names) > maxDimensions {
		p.fail("query.dimensions", "are %d; there can be %d", len(names), maxDimensions)
		return
	}
	for i, name := range names {
		d, ok := findDimension(name, p.viewer)
		switch {
		case !ok || d.listed:
			p.failed(unknown("query.dimensions", "dimension", name, dimensionNames(p.viewer)))
		case slices.Contains(names[:i], name):
			p.fail("query.dimensions", "has %s twice", name)
		default:
			q.dims = append(q.dims, d)
		}
	}
}

func (p *parser) parseMetrics(q *Query) {
	names := p.list("metrics")
	if names == nil {
		names = []string{"clicks", "conversions", "cr"}
	}
	if len(names) > maxMetrics {
		p.fail("query.metrics", "are %d; there can be %d", len(names), maxMetrics)
		return
	}
	for i, name := range names {
		m, ok := findMetric(name, p.viewer)
		switch {
		case !ok:
			p.failed(unknown("query.metrics", "metric", name, metricNames(p.viewer)))
		case slices.Contains(names[:i], name):
			p.fail("query.metrics", "has %s twice", name)
		default:
			q.metrics = append(q.metrics, m)
		}
	}
}

// parseFilters reads the filters into s, those on metrics into h. Without h
// there are none on metrics, and those that only lists have are allowed.
func (p *parser) parseFilters(s *scope, h *[]having) {
	all, most := p.values["filter"], maxFilters
	if h == nil {
		most += maxDimensions + linkFilters
	}
	if len(all) > most {
		p.fail(fieldFilter, "is there %d times; there can be %d", len(all), most)
		return
	}
	for _, text := range all {
		p.parseFilter(text, s, h)
	}
}

func (p *parser) parseFilter(text string, s *scope, h *[]having) {
	name, op, values, err := splitFilter(text)
	if p.failed(err) {
		return
	}
	d, isDim := findDimension(name, p.viewer)
	m, isMetric := findMetric(name, p.viewer)
	switch {
	case isDim && d.kind == Time:
		p.fail(fieldFilter, "%s is chosen by from and to", name)
	case isDim && (h == nil || !d.listed):
		f, err := parseFilter(d, op, values, text)
		if !p.failed(err) {
			s.filters = append(s.filters, f)
		}
	case isMetric && h != nil:
		one, err := parseHaving(m, op, values, text)
		if !p.failed(err) {
			*h = append(*h, one)
		}
	default:
		p.failed(unknown(fieldFilter, "dimension or metric", name, p.filterNames(h != nil)))
	}
}

func (p *parser) filterNames(metrics bool) []string {
	names := dimensionNames(p.viewer)
	if metrics {
		return append(names, metricNames(p.viewer)...)
	}
	for _, d := range dimensions() {
		if d.listed && p.viewer.sees(d.hidden) {
			names = append(names, d.name)
		}
	}
	return names
}

// currency reads currency=USD; "" where there is none.
func (p *parser) currency() money.Currency {
	text := p.values.Get("currency")
	if text == "" {
		return ""
	}
	c, err := money.ParseCurrency(text)
	if err != nil {
		p.failed(fault.Within("query.currency", err))
	}
	return c
}

// parseCurrency turns currency=USD into the filter that it is where conversions
// are listed or counted alone.
func (p *parser) parseCurrency(s *scope) {
	if c := p.currency(); c != "" {
		s.filters = append(s.filters, ofCurrency(c))
	}
}

// parseMoney makes currency=USD that of the money. Traffic has no currency and
// conversions happen in each, so that both are counted whole, whichever is
// chosen. Only where rows are told apart by currency those of others go.
func (p *parser) parseMoney(s *scope, dims []dimension) {
	s.money = p.currency()
	if s.money != "" && slices.ContainsFunc(dims, func(d dimension) bool { return d.name == dimCurrency }) {
		f := ofCurrency(s.money)
		f.loose = true
		s.filters = append(s.filters, f)
	}
}

func (p *parser) parseSort(q *Query) {
	for _, key := range p.list("sort") {
		name, desc := strings.CutPrefix(key, "-")
		dim := slices.IndexFunc(q.dims, func(d dimension) bool { return d.name == name })
		at := slices.IndexFunc(q.metrics, func(m metric) bool { return m.name == name })
		switch {
		case dim >= 0:
			q.sorts = append(q.sorts, order{dim: dim, desc: desc})
		case at >= 0:
			q.sorts = append(q.sorts, order{dim: -1, metric: q.metrics[at], desc: desc})
		default:
			p.failed(unknown("query.sort", "column of this report", name, q.columnNames()))
		}
		q.sorted = true
	}
	q.completeSort()
}

// completeSort puts an order behind the one that was asked for, so that equal
// rows stand in the same order on every reading: time, the first metric from
// the top, the dimensions.
func (q *Query) completeSort() {
	if !q.sorted {
		for i, d := range q.dims {
			if d.kind == Time {
				q.sorts = append(q.sorts, order{dim: i})
			}
		}
		if len(q.metrics) > 0 {
			q.sorts = append(q.sorts, order{dim: -1, metric: q.metrics[0], desc: true})
		}
	}
	for i := range q.dims {
		if !slices.ContainsFunc(q.sorts, func(o order) bool { return o.dim == i }) {
			q.sorts = append(q.sorts, order{dim: i})
		}
	}
}

func (q *Query) columnNames() []string {
	var names []string
	for _, d := range q.dims {
		names = append(names, d.name)
	}
	for _, m := range q.metrics {
		names = append(names, m.name)
	}
	return names
}

func (p *parser) parseLimit(q *Query) {
	if q.format == JSON {
		q.limit = p.limit(defaultLimit, maxLimit)
		return
	}
	const all = 1 << 31
	q.limit = p.limit(0, all)
}

func (p *parser) limit(usual, most int) int {
	text := p.values.Get("limit")
	if text == "" {
		return usual
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > most {
		p.fail("query.limit", "%.40q is not a number from 1 to %d", text, most)
		return usual
	}
	return n
}

// Format says how the answer is to be written.
func (q *Query) Format() Format { return q.format }

// Names says whether the names of numbers were asked for.
func (q *Query) Names() bool { return q.names }

// Fields says what the cells of each line are: dimensions, then metrics.
func (q *Query) Fields() []Field {
	fields := make([]Field, 0, len(q.dims)+len(q.metrics))
	for _, d := range q.dims {
		fields = append(fields, Field{Name: d.name, Kind: d.kind, Dimension: true, Named: d.mayName(q.viewer), Doc: d.doc})
	}
	for _, m := range q.metrics {
		fields = append(fields, Field{Name: m.name, Kind: m.kind, Doc: m.doc})
	}
	return fields
}

// scope reads what every query has: whose it is, when and where.
func (p *parser) scope() scope {
	s := scope{viewer: p.viewer, loc: time.UTC}
	if !p.viewer.valid() {
		p.errs = append(p.errs, fault.New(fault.Forbidden, "a key of role %s sees no reports", p.viewer.Role))
	}
	p.parseRange(&s)
	switch v := p.values.Get("time"); v {
	case "", "event":
	case "click":
		s.byClick = true
	default:
		p.fail("query.time", "%.40q is neither event nor click", v)
	}
	return s
}
