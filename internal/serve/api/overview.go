package api

import (
	"context"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"waybill/internal/account"
	"waybill/internal/fault"
	"waybill/internal/money"
	"waybill/internal/overview"
	"waybill/internal/report"
)

// overviewRecord is what the first page of the console shows.
type overviewRecord struct {
	AsOf          *time.Time      `json:"as_of" doc:"Up to when everything is counted; null when nothing is yet."`
	TZ            string          `json:"tz" doc:"The zone of days and hours."`
	Currencies    []string        `json:"currencies" doc:"In which there was money since last week's day, the one with the most conversions first."`
	Currency      string          `json:"currency,omitempty" doc:"Of all money here: the one asked for, or the first."`
	Periods       periodsRecord   `json:"periods"`
	Hours         []figures       `json:"hours" doc:"Every hour since yesterday began, with hour, clicks, conversions and money."`
	TopOffers     []figures       `json:"top_offers" doc:"Today's, with id, name, clicks, conversions and money."`
	TopAffiliates []figures       `json:"top_affiliates,omitempty" doc:"In the same way; for the network alone."`
	Health        overviewHealths `json:"health"`

	took time.Duration // to count it, once it was its turn
}

type periodsRecord struct {
	Today     periodRecord `json:"today"`
	Yesterday periodRecord `json:"yesterday" doc:"Up to the same time of the day."`
	LastWeek  periodRecord `json:"last_week" doc:"The same day a week ago, up to the same time of the day."`
}

type periodRecord struct {
	From    time.Time    `json:"from"`
	To      time.Time    `json:"to" doc:"Not part of it."`
	Metrics figures      `json:"metrics"`
	Whole   *wholeRecord `json:"whole,omitempty" doc:"The whole day, of a day that is over."`
}

type wholeRecord struct {
	From    time.Time `json:"from"`
	To      time.Time `json:"to"`
	Metrics figures   `json:"metrics"`
}

// figures are named numbers, those that the caller may see.
type figures struct{ object }

func (f *figures) set(name string, v any) error {
	o, err := f.with(name, v)
	f.object = o
	return err
}

// take takes over the cells of a line that are metrics.
func (f *figures) take(a *report.Answer, l *report.Line) error {
	for i, field := range a.Fields {
		if field.Dimension || i >= len(l.Cells) {
			continue
		}
		if err := f.set(field.Name, l.Cells[i]); err != nil {
			return err
		}
	}
	return nil
}

// overseer answers what the first page of the console asks.
type overseer struct {
	*reporter
	shared  *flights
	streams *streams
	make    func(ctx context.Context, who account.Principal, s overviewScope) (*overviewRecord, error)
}

func newOverseer(p *reporter) *overseer {
	o := &overseer{reporter: p, shared: newFlights(), streams: newStreams()}
	o.make = o.compute
	return o
}

// registerConsole adds the routes that are there for the console's pages.
func (a *API) registerConsole(h huma.API, s *schemas, p *reporter) {
	newOverseer(p).registerOverview(h, s)
	newFinder(p).registerSearch(h, s)
	a.registerSavedReports(h, s)
	newSharer(a).registerShares(h, s)
}

func (o *overseer) registerOverview(h huma.API, s *schemas) {
	type overviewIn struct{ caller }
	both := []account.Role{account.Advertiser, account.Affiliate}
	s.figures()
	out := schemaOf[overviewRecord](s)
	asked := []filterDoc{
		{name: "tz", doc: "IANA time zone of days and hours; UTC when left out."},
		{name: "currency", doc: "ISO 4217 code of the money; the one with the most conversions when left out."},
	}
	handle(h, route{
		method: http.MethodGet, path: prefix + "/overview", id: "get-overview", tag: "Reports",
		summary: "Today against yesterday and last week, and what needs attention", roles: both, out: out, filters: asked,
		text: "Counted as reports count. With money in several currencies, what is money or made of it (epc, cpa, …) is of `currency` alone, " +
			"its clicks being those on offers in that currency; the other numbers are of all. The best offers and affiliates are of `currency`, too.",
	}, func(ctx context.Context, in *overviewIn) (*answer, error) { return o.overview(ctx, in.x) })
	handleWritten(h, route{
		method: http.MethodGet, path: prefix + "/overview/live", id: "watch-overview", tag: "Reports",
		summary: "The overview as it changes", roles: both, out: out, filters: asked, events: true,
		text: "Server-sent events (text/event-stream): `overview` with the same JSON, at once and then when its numbers change, at most every 2 s, " +
			"and every 15 s that, or a comment. The stream ends with the node and with the session or key.",
	}, func(ctx context.Context, in *overviewIn) (*answer, error) { return nil, o.live(ctx, in.x) })
}

// figures describes named numbers.
func (s *schemas) figures() {
	s.types["Figures"] = reflect.TypeFor[figures]()
	s.all["Figures"] = &huma.Schema{
		Type: huma.TypeObject, Description: "Numbers by the names of report metrics: counts are integers, money is a decimal string, a quotient a number or null. " +
			"What the caller may not see is left out.",
		AdditionalProperties: true,
	}
}

// overviewScope is which overview is meant. Those who may see the same share it.
type overviewScope struct {
	viewer   report.Viewer
	zone     string
	currency string
}

// scopeOf reads the parameters.
func (o *overseer) scopeOf(x *exchange) (overviewScope, error) {
	values := x.r.URL.Query()
	s := overviewScope{viewer: report.ViewerOf(x.who), zone: values.Get("tz")}
	if s.zone == "" {
		s.zone = "UTC"
	}
	if _, err := time.LoadLocation(s.zone); err != nil || s.zone == "Local" {
		return s, fault.At("query.tz", "%.60q is not a time zone: write its IANA name, such as Europe/Berlin", s.zone)
	}
	if text := values.Get("currency"); text != "" {
		c, err := money.ParseCurrency(text)
		if err != nil {
			return s, fault.Within("query.currency", err)
		}
		s.currency = string(c)
	}
	return s, nil
}

func (o *overseer) overview(ctx context.Context, x *exchange) (*answer, error) {
	s, err := o.scopeOf(x)
	if err != nil {
		return nil, err
	}
	patient(x, o.desk.Queue+o.desk.Answer)
	found, err := o.latest(ctx, x.who, s)
	if err != nil {
		return nil, err
	}
	return &answer{Body: found}, nil
}

// latest gives the overview of a scope, not older than a moment.
func (o *overseer) latest(ctx context.Context, who account.Principal, s overviewScope) (*overviewRecord, error) {
	return o.shared.get(ctx, s, func(ctx context.Context) (*overviewRecord, error) { return o.make(ctx, who, s) })
}

// compute makes an overview.
func (o *overseer) compute(ctx context.Context, who account.Principal, s overviewScope) (*overviewRecord, error) {
	loc, err := time.LoadLocation(s.zone)
	if err != nil {
		return nil, fault.At("query.tz", "%.60q is not a time zone", s.zone)
	}
	now := o.now()
	c := counting{overseer: o, who: who, viewer: s.viewer, now: now, loc: loc, periods: overview.At(now, loc)}
	c.out.TZ = s.zone
	if err := o.queues(ctx, who, &c.out.Health); err != nil {
		return nil, err
	}
	err = o.look(ctx, who, o.desk.Answer, func(ctx context.Context, r report.Reader) error {
		start := time.Now()
		defer func() { c.out.took = time.Since(start) }()
		c.ask = func(q url.Values) (report.Answer, error) { return c.answer(ctx, r, q) }
		return c.all(ctx, r, s.currency)
	})
	return &c.out, err
}

// counting fills in what of an overview is counted.
type counting struct {
	*overseer
	who     account.Principal
	viewer  report.Viewer
	now     time.Time
	loc     *time.Location
	periods overview.Periods
	several bool    // currencies
	offers  []int64 // in the currency, where there are several
	ask     func(url.Values) (report.Answer, error)
	out     overviewRecord
}

func (c *counting) answer(ctx context.Context, r report.Reader, values url.Values) (report.Answer, error) {
	q, err := report.Parse(values, c.now, c.viewer)
	if err != nil {
		return report.Answer{}, err
	}
	return q.Answer(ctx, r)
}

func (c *counting) all(ctx context.Context, r report.Reader, currency string) error {
	c.out.AsOf = instant(r.AsOf())
	if err := c.choose(currency); err != nil {
		return err
	}
	for _, p := range []struct {
		of   overview.Period
		into *periodRecord
		over bool
	}{
		{c.periods.Today, &c.out.Periods.Today, false},
		{c.periods.Yesterday, &c.out.Periods.Yesterday, true},
		{c.periods.LastWeek, &c.out.Periods.LastWeek, true},
	} {
		if err := c.period(p.of, p.into, p.over); err != nil {
			return err
		}
	}
	if err := c.hours(); err != nil {
		return err
	}
	var err error
	if c.out.TopOffers, err = c.best("offer"); err != nil {
		return err
	}
	if c.viewer.Role == account.Network {
		if c.out.TopAffiliates, err = c.best("affiliate"); err != nil {
			return err
		}
	}
	return c.health(ctx, r)
}

// choose finds out which currencies there are, and the one that is shown.
func (c *counting) choose(wanted string) error {
	a, err := c.ask(overview.Currencies(overview.Span{From: c.periods.LastWeek.From, To: c.periods.Today.To}))
	if err != nil {
		return err
	}
	c.out.Currencies = []string{}
	for _, row := range a.Rows {
		if name := row.Cells[0].Text; name != "" {
			c.out.Currencies = append(c.out.Currencies, name)
		}
	}
	c.out.Currency = wanted
	if wanted == "" && len(c.out.Currencies) > 0 {
		c.out.Currency = c.out.Currencies[0]
	}
	c.several = len(c.out.Currencies) > 1 || len(c.out.Currencies) == 1 && c.out.Currency != c.out.Currencies[0]
	if !c.several {
		return nil
	}
	for offer := range c.Catalog().Offers() {
		if string(offer.Currency) == c.out.Currency {
			c.offers = append(c.offers, offer.ID)
		}
	}
	slices.Sort(c.offers)
	return nil
}

func (c *counting) period(p overview.Period, into *periodRecord, over bool) error {
	into.From, into.To = p.From.UTC(), p.To.UTC()
	if err := c.metrics(p.Span, &into.Metrics); err != nil || !over {
		return err
	}
	into.Whole = &wholeRecord{From: p.Whole.From.UTC(), To: p.Whole.To.UTC()}
	return c.metrics(p.Whole, &into.Whole.Metrics)
}

// metrics counts a span.
func (c *counting) metrics(s overview.Span, into *figures) error {
	counts, paid := overview.Metrics(c.viewer)
	for _, q := range c.questions(counts, paid, func(metrics []string) url.Values { return overview.Query(s, c.loc, metrics) }) {
		a, err := c.ask(q)
		if err != nil {
			return err
		}
		if err := into.take(&a, &a.Total); err != nil {
			return err
		}
	}
	return nil
}

// questions are what is asked to know counts and money: one question where there is
// one currency, else one about what has none and one about what has.
func (c *counting) questions(counts, paid []string, about func(metrics []string) url.Values) []url.Values {
	if !c.several {
		return []url.Values{about(slices.Concat(counts, paid))}
	}
	return []url.Values{about(counts), overview.InCurrency(about(paid), c.out.Currency, c.offers)}
}

// hours counts by the hour since yesterday began.
func (c *counting) hours() error {
	span := overview.Span{From: c.periods.Yesterday.From, To: c.periods.Today.To}
	counts, paid := overview.ByHour(c.viewer)
	questions := c.questions(counts, paid, func(metrics []string) url.Values { return overview.Hourly(span, c.loc, metrics) })
	found := make([]map[string]*report.Line, len(questions))
	answers := make([]report.Answer, len(questions))
	for i, q := range questions {
		a, err := c.ask(q)
		if err != nil {
			return err
		}
		answers[i], found[i] = a, make(map[string]*report.Line, len(a.Rows))
		for j := range a.Rows {
			found[i][a.Rows[j].Cells[0].Text] = &a.Rows[j]
		}
	}
	for _, hour := range overview.Hours(span, c.loc) {
		f, err := c.hour(hour.Format(time.RFC3339), answers, found)
		if err != nil {
			return err
		}
		c.out.Hours = append(c.out.Hours, f)
	}
	return nil
}

// hour puts an hour together of what answers have found of it.
func (c *counting) hour(label string, answers []report.Answer, found []map[string]*report.Line) (figures, error) {
	var f figures
	if err := f.set("hour", label); err != nil {
		return f, err
	}
	for i := range answers {
		line, ok := found[i][label]
		if !ok {
			line = zeros(&answers[i], c.out.Currency)
		}
		if err := f.take(&answers[i], line); err != nil {
			return f, err
		}
	}
	return f, nil
}

// zeros is a line of an answer in which nothing happened.
func zeros(a *report.Answer, currency string) *report.Line {
	l := report.Line{Cells: make([]report.Cell, len(a.Fields))}
	for i, field := range a.Fields {
		l.Cells[i] = report.Cell{Kind: field.Kind}
		if field.Kind == report.Money {
			l.Cells[i].Text = money.Decimal(0, money.Currency(currency))
		}
	}
	return &l
}

// best gives the best of a dimension: offer or affiliate.
func (c *counting) best(dimension string) ([]figures, error) {
	q := overview.Best(c.periods.Today.Span, c.loc, c.viewer, dimension)
	if c.several {
		q = overview.InCurrency(q, c.out.Currency, c.offers)
	}
	a, err := c.ask(q)
	if err != nil {
		return nil, err
	}
	all := []figures{}
	name := c.names(c.who, true)
	for i := range a.Rows {
		id := a.Rows[i].Cells[0].Number
		if id == 0 { // of nobody: a click on what does not exist
			continue
		}
		var f figures
		if err := f.set("id", id); err != nil {
			return nil, err
		}
		if err := f.set("name", name(dimension, id)); err != nil {
			return nil, err
		}
		if err := f.take(&a, &a.Rows[i]); err != nil {
			return nil, err
		}
		all = append(all, f)
	}
	return all, nil
}
