package api

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"waybill/internal/account"
	"waybill/internal/conversion"
	"waybill/internal/delivery"
	"waybill/internal/fault"
	"waybill/internal/report"
)

// listing is a list of facts, newest first, out of the warehouse.
type listing struct {
	table  string // of fact
	plural string // the resource
	// record gives the record that a fact is of, as it is read alone, with what
	// of it the caller sees; nil where that is nothing.
	record func(ctx context.Context, who account.Principal, f factRow) (object, error)
}

// factPage is the body of a list out of the warehouse.
type factPage struct {
	page
	AsOf *time.Time `json:"as_of"`
}

// listText tells what lists out of the warehouse have in common.
const listText = " With `to`, `tz`, `time`, `filter` or `format` the list is made of the facts that reports count, by the dimensions of reports: " +
	"the links of a report's row lead here, to as many as the row counts. `as_of` says up to when all are in. " +
	"csv and ndjson have the facts' own columns, and without `limit` all of them."

const visitText = "These are the facts that reports count. One whose record is no longer kept has what reports know of it. " +
	"`as_of` says up to when all are in. csv and ndjson have the facts' own columns, and without `limit` all of them."

func (p *reporter) registerLists(h huma.API, s *schemas) {
	type visitsIn struct{ caller }
	both := []account.Role{account.Advertiser, account.Affiliate}
	handleWritten(h, route{
		method: http.MethodGet, path: prefix + "/clicks", id: "list-clicks", tag: "Records", sheets: true,
		summary: "List clicks", roles: []account.Role{account.Affiliate}, out: s.factList("ClickList", schemaOf[clickRecord](s)),
		filters: append(factParams("from", "test"), pagingParams()...),
		text:    "Newest first, those by bots and those turned away too, test traffic only with `test=1`. " + visitText,
	}, func(ctx context.Context, in *visitsIn) (*answer, error) { return p.facts(ctx, in.x, p.clicks()) })
	handleWritten(h, route{
		method: http.MethodGet, path: prefix + "/impressions", id: "list-impressions", tag: "Records", sheets: true,
		summary: "List impressions", roles: []account.Role{account.Affiliate}, out: ref("ClickList"),
		filters: append(factParams("from", "test"), pagingParams()...),
		text:    "Newest first. " + visitText,
	}, func(ctx context.Context, in *visitsIn) (*answer, error) { return p.facts(ctx, in.x, impressions()) })
	handleWritten(h, route{
		method: http.MethodGet, path: prefix + "/conversions", id: "list-conversions", tag: "Conversions", sheets: true,
		summary: "List conversions", text: "Newest first." + listText, roles: both,
		out: s.factList("ConversionList", schemaOf[conversion.Conversion](s)), filters: factParams(),
	}, func(ctx context.Context, in *conversionsIn) (*answer, error) {
		if p.fromWarehouse(in.x) {
			return p.facts(ctx, in.x, p.conversions())
		}
		return p.listConversions(ctx, in)
	})
	handleWritten(h, route{
		method: http.MethodGet, path: prefix + "/signals", id: "list-signals", tag: "Records", sheets: true,
		summary: "List what became of signals", roles: both, filters: factParams(),
		text: "Newest first, rejections too. With `q`, `order_id` and `ip` what came is looked through, up to 20,000 signals a request: " +
			"a page may hold less than `limit` and lead on all the same, as long as `next_cursor` is not empty." + listText,
		out: s.factList("SignalList", schemaOf[verdictRecord](s)),
	}, func(ctx context.Context, in *signalsIn) (*answer, error) {
		if p.fromWarehouse(in.x) {
			return p.facts(ctx, in.x, p.verdicts())
		}
		return p.signals(ctx, in)
	})
	handleWritten(h, route{
		method: http.MethodGet, path: prefix + "/deliveries", id: "list-deliveries", tag: "Postbacks", sheets: true,
		summary: "List owed postbacks", roles: both, filters: factParams(),
		text: "Newest first, without their attempts." + listText +
			" Then it is the attempts that are listed, each with its postback, and only the network may.",
		out: s.factList("DeliveryList", schemaOf[listedDelivery](s)),
	}, func(ctx context.Context, in *deliveriesIn) (*answer, error) {
		if p.fromWarehouse(in.x) {
			return p.facts(ctx, in.x, p.attempts())
		}
		return p.listDeliveries(ctx, in)
	})
}

// factParams are the parameters that make a list one out of the warehouse, and
// those of also.
func factParams(also ...string) []filterDoc {
	var all []filterDoc
	for _, f := range append(periodParams(), formatParam()) {
		if slices.Contains(warehouseParams(), f.name) || slices.Contains(also, f.name) {
			all = append(all, f)
		}
	}
	return all
}

func pagingParams() []filterDoc {
	return []filterDoc{
		{name: "limit", doc: "How many at most: 100 when left out, up to 1000; in csv and ndjson all."},
		{name: "cursor", doc: "next_cursor of the page before."},
	}
}

// warehouseParams are those that only a list out of the warehouse takes.
func warehouseParams() []string { return []string{"to", "tz", "time", "filter", "format"} }

func (p *reporter) fromWarehouse(x *exchange) bool {
	values := x.r.URL.Query()
	return slices.ContainsFunc(warehouseParams(), values.Has)
}

// onlyFacts refuses parameters that the ledger's lists have and facts do not:
// they would be passed over.
func onlyFacts(values url.Values) error {
	same := map[string]string{
		"offer_id": "filter=offer=…", "affiliate_id": "filter=affiliate=…", "advertiser_id": "filter=advertiser=…",
		"subscription_id": "filter=subscription=…", "host": "filter=subscription=…", "due_from": "from", "due_until": "to", "goal": "filter=goal=…, with the goal's number", "until": "to",
		"q": "from and until with it", "ip": "from and until with it", "records": "from and until with it",
	}
	for name := range values {
		switch name {
		case "from", "to", "tz", "time", "filter", "test", "format", "limit", "cursor":
		default:
			instead := same[name]
			if instead == "" {
				instead = "filter=" + name + "=…"
			}
			return fault.At("query."+name, "does not go with %s; use %s", strings.Join(warehouseParams(), ", "), instead)
		}
	}
	return nil
}

// facts answers with a page of facts, or all of them row by row.
func (p *reporter) facts(ctx context.Context, x *exchange, l listing) (*answer, error) {
	values := x.r.URL.Query()
	if err := onlyFacts(values); err != nil {
		return nil, err
	}
	format, err := formatOf(values)
	if err != nil {
		return nil, err
	}
	if format != report.JSON {
		return nil, p.streamFacts(ctx, x, l, format, values)
	}
	q, err := report.ParseList(l.table, values, p.now(), report.ViewerOf(x.who))
	if err != nil {
		return nil, err
	}
	var found report.Page
	err = p.ask(ctx, x, p.desk.Answer, func(ctx context.Context, r report.Reader) error {
		found, err = q.Read(ctx, r)
		return err
	})
	if err != nil {
		return nil, err
	}
	out := factPage{page: page{Data: make([]object, 0, len(found.Rows)), Next: found.Next}, AsOf: instant(found.AsOf)}
	for i := range found.Rows {
		o, err := l.record(ctx, x.who, factRow{found.Fields, found.Rows[i].Cells})
		if err != nil {
			return nil, err
		}
		if o == nil { // what is known by now says that it is not the caller's
			continue
		}
		out.Data = append(out.Data, o)
	}
	return &answer{Body: out}, nil
}

// formatOf takes the format out of the parameters.
func formatOf(values url.Values) (report.Format, error) {
	f := report.Format(values.Get("format"))
	values.Del("format")
	switch f {
	case "", report.JSON:
		return report.JSON, nil
	case report.CSV, report.NDJSON:
		return f, nil
	default:
		return "", fault.At("query.format", "%.40q is not a format; use json, csv or ndjson", f)
	}
}

// pageAtOnce is how many facts are read at once while all are streamed.
const pageAtOnce = 1000

// streamFacts answers with facts row by row, in their own columns.
func (p *reporter) streamFacts(ctx context.Context, x *exchange, l listing, format report.Format, values url.Values) error {
	pages := factPages{table: l.table, values: values, now: p.now(), viewer: report.ViewerOf(x.who), left: -1}
	if text := values.Get("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return fault.At("query.limit", "%.40q is not a number from 1 on", text)
		}
		pages.left = n
	}
	first, err := pages.next(values.Get("cursor"))
	if err != nil {
		return err
	}
	s := sheet{lineWriter: lineWriter{fields: first.Fields()}, format: format, name: l.plural}
	return p.stream(ctx, x, s, pages.rows)
}

// factPages reads a list page after page, all of one snapshot.
type factPages struct {
	table  string
	values url.Values
	now    time.Time
	viewer report.Viewer
	left   int // how many facts are still wanted; less than 0 for all
}

// next gives the page behind a cursor.
func (f *factPages) next(cursor string) (*report.List, error) {
	size := pageAtOnce
	if f.left >= 0 {
		size = min(size, f.left)
	}
	f.values.Set("limit", strconv.Itoa(size))
	f.values.Set("cursor", cursor)
	return report.ParseList(f.table, f.values, f.now, f.viewer)
}

func (f *factPages) rows(ctx context.Context, r report.Reader, line func(*report.Line) error) (ending, error) {
	members := append(appendTime([]byte(`"as_of":`), r.AsOf(), ""), ',')
	for at := f.values.Get("cursor"); ; {
		q, err := f.next(at)
		if err != nil {
			return ending{}, err
		}
		found, err := q.Read(ctx, r)
		if err != nil {
			return ending{}, err
		}
		for i := range found.Rows {
			if err := line(&found.Rows[i]); err != nil {
				return ending{}, err
			}
		}
		if f.left >= 0 {
			f.left -= len(found.Rows)
		}
		if found.Next == "" || f.left == 0 {
			return ending{members: members, truncated: found.Next != ""}, nil
		}
		at = found.Next
	}
}

// factList describes a list that may be out of the warehouse.
func (s *schemas) factList(name string, item *huma.Schema) *huma.Schema {
	list := s.list(name, item)
	s.all[name].Properties["as_of"] = &huma.Schema{
		Type: huma.TypeString, Format: "date-time", Description: "Of a list out of the warehouse: up to when all are in.",
	}
	return list
}

// listedDelivery is an owed postback as lists show it.
type listedDelivery struct {
	delivery.Owed
	Host  string          `json:"host,omitempty" doc:"Where its subscription leads now."`
	Tries []attemptRecord `json:"tries,omitempty" doc:"Of a list out of the warehouse: the attempt that is listed."`
}
