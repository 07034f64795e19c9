package api

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"waybill/internal/account"
	"waybill/internal/catalog"
	"waybill/internal/fault"
	"waybill/internal/report"
)

// Warehouse holds the facts that reports are made of.
type Warehouse interface {
	// View lets f read one snapshot. It stops when ctx is done.
	View(ctx context.Context, f func(report.Reader) error) error
}

// reporter answers out of the warehouse: reports, and lists of facts.
type reporter struct {
	*API
	desk *desk
}

func newReporter(a *API) *reporter { return &reporter{API: a, desk: newDesk(a.Reports)} }

// registerReports adds the routes of reports.
func (p *reporter) registerReports(h huma.API, s *schemas) {
	type reportIn struct{ caller }
	both := []account.Role{account.Advertiser, account.Affiliate}
	handleWritten(h, route{
		method: http.MethodGet, path: prefix + "/reports", id: "get-report", tag: "Reports",
		summary: "Sums by any dimensions", roles: both, out: reportSchemaOf(s), sheets: true, filters: reportParams(),
		text: "Rows are flat: dimensions first, then metrics. Money is a decimal string in the report's currency, a quotient a number " +
			"made of the row's sums, null where there is nothing to divide by. `as_of` says up to when everything is counted, " +
			"`notes` what to know to read it right, `links` where the facts behind a row are listed.\n\n" +
			"As csv and ndjson all rows are streamed unless `limit` is set. An answer that breaks off ends the connection. " +
			"The trailer `Waybill-Rows` has the number of rows, `Waybill-Truncated` says whether a limit cut others off, and so does " +
			"the last line of ndjson, which is no row: it holds `total`, `as_of`, `truncated` and `rows`.",
	}, func(ctx context.Context, in *reportIn) (*answer, error) { return p.report(ctx, in.x) })
	handleWritten(h, route{
		method: http.MethodGet, path: prefix + "/reports/click-to-conversion", id: "report-click-to-conversion", tag: "Reports",
		summary: "How long after their clicks conversions happen", roles: both, out: schemaOf[delayRecord](s), filters: delayParams(),
		text: "A histogram of the time from click to conversion, with its exact median and 90th percentile.",
	}, func(ctx context.Context, in *reportIn) (*answer, error) { return p.delay(ctx, in.x) })
	handleWritten(h, route{
		method: http.MethodGet, path: prefix + "/reports/cohort", id: "report-cohort", tag: "Reports",
		summary: "What became of each day's clicks", roles: both, out: schemaOf[cohortRecord](s), filters: cohortParams(),
		text: "A row for each day of clicks: how many conversions followed within 24 hours of the click, on the day after that, and so on.",
	}, func(ctx context.Context, in *reportIn) (*answer, error) { return p.cohort(ctx, in.x) })
	handleWritten(h, route{
		method: http.MethodGet, path: prefix + "/reports/discrepancy", id: "report-discrepancy", tag: "Reports",
		summary: "Pixel against postback", roles: []account.Role{account.Advertiser}, out: schemaOf[discrepancyRecord](s), filters: discrepancyParams(),
		text: "How many conversions both channels have seen, only the pixel (or SDK), only the postback (or import, API), by day and offer: " +
			"amounts that differ, the time between the two, what each channel loses with its 95 % confidence interval, and why, as far as it shows.",
	}, func(ctx context.Context, in *reportIn) (*answer, error) { return p.discrepancy(ctx, in.x) })
}

// reportParams are the parameters of a report, which report.Parse reads.
func reportParams() []filterDoc {
	return append(periodParams(),
		filterDoc{name: "dimensions", doc: "What rows are by, with commas between: hour, day, week, month, offer, advertiser, affiliate, goal, source, " +
			"sub1 to sub10, adv1 to adv10, country, region, device, os, browser, is_bot, attribution, channel, currency, test, status, code, link. Left out: one row."},
		filterDoc{name: "metrics", doc: "What is counted, with commas between: impressions, clicks, unique_clicks, bot_clicks, blocked_clicks, gross_clicks, " +
			"conversions, approved, pending, rejected, gross_conversions, view_through, payout, revenue, profit, amount, pending_payout, pending_revenue, " +
			"pending_amount, cr, epc, rpc, ctr, cpa, rpa, ecpm, rpm, signals, rejected_signals."},
		filterDoc{name: "sort", doc: "Dimensions or metrics of the report, with commas between; a minus turns the order: -revenue,day."},
		filterDoc{name: "limit", doc: "How many rows at most; 1000, and up to 100000, in json; all in csv and ndjson."},
		filterDoc{name: "other", doc: "true: what is beyond the limit as one row more."},
		filterDoc{name: "compare", doc: "previous: the period of the same length before. Or the date on which such a period begins."},
		moneyParam(),
		filterDoc{name: "names", doc: "true: names beside numbers: offer_name, affiliate_name and so on."},
		formatParam(),
	)
}

// periodParams are what reports and lists of facts have in common.
func periodParams() []filterDoc {
	return []filterDoc{
		{name: "from", doc: "The first day (2026-11-01), in tz, or an instant (RFC 3339). The last 7 days when left out."},
		{name: "to", doc: "The last day, or an instant that is not part of it. Up to now when left out."},
		{name: "tz", doc: "IANA time zone of days and hours; UTC when left out."},
		{name: "time", doc: "event: conversions count when they happened; click: when their click did."},
		{name: "filter", many: true, doc: "May stand there more than once, and all hold: country=DE,FR; device!=mobile; sub1^=camp (begins with); " +
			"sub2~=abc (holds, in whatever case); offer>=10; in reports also a metric, clicks>=100. \\, is a comma."},
		{name: "test", doc: "1: test traffic alone. Else it is left out."},
	}
}

func formatParam() filterDoc {
	return filterDoc{name: "format", doc: "json, csv or ndjson (a JSON object a line)."}
}

// moneyParam is the currency of a report's money.
func moneyParam() filterDoc {
	return filterDoc{name: "currency", doc: "ISO 4217 code that money is in. Clicks, views and conversions are counted whatever the currency; " +
		"filter=currency=USD counts the conversions of one."}
}

func delayParams() []filterDoc {
	return append(periodParams(), filterDoc{name: "currency", doc: "ISO 4217 code: only conversions in this currency."})
}

func discrepancyParams() []filterDoc {
	return []filterDoc{
		{name: "from", doc: "The first day (2026-11-01), in tz, or an instant (RFC 3339). The last 7 days when left out."},
		{name: "to", doc: "The last day, or an instant that is not part of it. Up to now when left out."},
		{name: "tz", doc: "IANA time zone of days; UTC when left out."},
		{name: "filter", many: true, doc: "offer, advertiser, affiliate or goal: offer=7,8. May stand there more than once, and all hold."},
		{name: "test", doc: "1: test traffic alone. Else it is left out."},
	}
}

func cohortParams() []filterDoc {
	return append(periodParams(), moneyParam())
}

// report answers GET reports.
func (p *reporter) report(ctx context.Context, x *exchange) (*answer, error) {
	q, err := report.Parse(x.r.URL.Query(), p.now(), report.ViewerOf(x.who))
	if err != nil {
		return nil, err
	}
	w := lineWriter{fields: q.Fields(), names: p.names(x.who, q.Names())}
	if q.Format() != report.JSON {
		return nil, p.stream(ctx, x, sheet{lineWriter: w, format: q.Format(), name: "report"}, reportRows(q))
	}
	var found report.Answer
	err = p.ask(ctx, x, p.desk.Answer, func(ctx context.Context, r report.Reader) error {
		found, err = q.Answer(ctx, r)
		return err
	})
	if err != nil {
		return nil, err
	}
	x.sendJSON(w.writeAnswer(&found, x.sendJSON))
	return nil, nil //nolint:nilnil // the answer is written
}

// ask lets f read the warehouse when it is the request's turn.
func (p *reporter) ask(ctx context.Context, x *exchange, limit time.Duration, f func(context.Context, report.Reader) error) error {
	patient(x, p.desk.Queue+limit)
	return p.look(ctx, x.who, limit, f)
}

// look lets f read the warehouse when it is the caller's turn.
func (p *reporter) look(ctx context.Context, who account.Principal, limit time.Duration, f func(context.Context, report.Reader) error) error {
	if p.Warehouse == nil {
		return fault.New(fault.Unavailable, "this node has no warehouse to report from")
	}
	leave, err := p.desk.enter(ctx, who)
	if err != nil {
		return err
	}
	defer leave()
	bounded, cancel := context.WithTimeoutCause(ctx, limit, errTooLong)
	defer cancel()
	err = p.Warehouse.View(bounded, func(r report.Reader) error { return f(bounded, r) })
	if err == nil {
		return nil
	}
	return p.desk.explained(bounded, limit, err)
}

// names gives what numbers are called, nil when that is not asked for.
func (p *reporter) names(who account.Principal, wanted bool) func(field string, id int64) string {
	if !wanted {
		return nil
	}
	c := p.Catalog()
	return func(field string, id int64) string {
		if o, ok := c.Offer(id); field == "offer" {
			if ok && p.knowsOffer(who, &o.Offer) {
				return o.Name
			}
			return ""
		}
		return partyName(c, field, id)
	}
}

// partyName gives what an advertiser, an affiliate or a goal is called, nothing
// where there is none.
func partyName(c *catalog.Catalog, field string, id int64) string {
	switch field {
	case "advertiser":
		if a, ok := c.Advertiser(id); ok {
			return a.Name
		}
	case "affiliate":
		if a, ok := c.Affiliate(id); ok {
			return a.Name
		}
	case "goal":
		if g, ok := c.Goal(id); ok {
			return g.Name
		}
	}
	return ""
}

// listed gives the address of a list of facts.
func listed(l report.Link) string {
	return prefix + "/" + l.Name + "?" + strings.TrimPrefix(l.Query, "?")
}

// reportRows gives the rows of a report and, behind them, its total.
func reportRows(q *report.Query) rowSource {
	return func(ctx context.Context, r report.Reader, line func(*report.Line) error) (ending, error) {
		truncated, err := q.Stream(ctx, r, func(l report.Line) error { return line(&l) })
		if err != nil || q.Format() == report.CSV {
			return ending{truncated: truncated}, err
		}
		sums, err := q.Total(ctx, r)
		if err != nil {
			return ending{}, err
		}
		w := lineWriter{fields: q.Fields()}
		members := w.appendCells([]byte(`"total":`), sums.Total.Cells, metrics)
		return ending{members: append(appendFrame(members, &sums), ','), truncated: truncated}, nil
	}
}

// reportSchemaOf describes a report: which members its rows have depends on
// what was asked for.
func reportSchemaOf(s *schemas) *huma.Schema {
	text := func(doc string) *huma.Schema { return &huma.Schema{Type: huma.TypeString, Description: doc} }
	instant := func(doc string) *huma.Schema {
		return &huma.Schema{Type: huma.TypeString, Format: "date-time", Description: doc}
	}
	sums := func(doc string) *huma.Schema {
		return &huma.Schema{Type: huma.TypeObject, AdditionalProperties: true, Description: doc}
	}
	s.all["Report"] = &huma.Schema{
		Type: huma.TypeObject, Required: []string{"rows", "total", "from", "to", "tz", "as_of", "notes", "truncated"},
		Properties: map[string]*huma.Schema{
			"rows": {Type: huma.TypeArray, Items: sums("The row's dimensions and metrics; `links` to the lists of what is behind it, but for those longer than 8 KiB; " +
				"with compare, `previous`: its metrics in the period before.")},
			"total": sums("The metrics over all rows, shown or not."),
			"other": sums("The metrics of what is beyond the limit, if asked for."),
			"previous": {Type: huma.TypeObject, Description: "With compare.", Properties: map[string]*huma.Schema{
				"from": instant(""), "to": instant(""), "total": sums(""),
			}},
			"currency":  text("Of all money; left out where rows have their own, or there is none."),
			"from":      instant(""),
			"to":        instant("Not part of it."),
			"tz":        text("The zone of days and hours."),
			"as_of":     instant("Up to when everything is counted; null when nothing is yet."),
			"notes":     {Type: huma.TypeArray, Items: text(""), Description: "What to know to read it right."},
			"truncated": {Type: huma.TypeBoolean, Description: "There are more rows than the limit."},
		},
	}
	return ref("Report")
}
