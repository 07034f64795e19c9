package warehousetest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"waybill/internal/account"
	"waybill/internal/fact"
	"waybill/internal/fault"
	"waybill/internal/report"
	"waybill/internal/txid"
)

// Reports holds what a warehouse answers against a count done by hand: facts
// around the nights when clocks change, and any query about them.
func Reports(t *testing.T, open func(t *testing.T) Warehouse) {
	for _, currencies := range [][]string{{"USD"}, {"USD", "USD", "USD", "EUR", "JPY"}} {
		t.Run(strings.Join(slices.Compact(slices.Clone(currencies)), " and "), func(t *testing.T) {
			w := opened(t, open)
			b := reported(uint64(len(currencies)), currencies)
			mustAppend(t, w, b)
			all := happenings(b)
			rapid.Check(t, func(rt *rapid.T) {
				a := drawAsked(rt)
				rt.Logf("%s %d/%d: %s", a.viewer.Role, a.viewer.AdvertiserID, a.viewer.AffiliateID, a.parameters().Encode())
				err := w.View(within(t), func(r report.Reader) error { return a.check(rt, r, all) })
				if err != nil {
					rt.Fatal(err)
				}
			})
		})
	}
}

// opened opens a warehouse for as long as the test runs.
func opened(t *testing.T, open func(t *testing.T) Warehouse) Warehouse {
	w := open(t)
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Errorf("Close() = %v", err)
		}
	})
	return w
}

// nights gives the instants at which clocks change in the zones that are asked
// about.
func nights() []time.Time {
	var all []time.Time
	for _, instant := range []string{
		"2026-03-08T07:00:00Z", "2026-11-01T06:00:00Z", // America/New_York
		"2026-03-29T01:00:00Z", "2026-10-25T01:00:00Z", // Europe/Berlin
		"2026-04-04T15:00:00Z", "2026-10-03T15:30:00Z", // Australia/Lord_Howe
	} {
		at, _ := time.Parse(time.RFC3339, instant)
		all = append(all, at)
	}
	return all
}

// now is after all facts.
func now() time.Time { return time.Date(2026, time.November, 4, 12, 0, 0, 0, time.UTC) }

// odd are texts that a careless statement trips over.
func odd() []string {
	return []string{"", "spring", "sprinh", "Spring sale", "a,b", `a\b`, `\,`, "o'neil", "100%_", "ÄÖÜ", "日本語", "spring-2", strings.Repeat("long", 50)}
}

// reported makes facts with few values each, so that rows have several.
func reported(seed uint64, currencies []string) fact.Batch {
	m := NewMaker(seed)
	m.rand = rand.New(rand.NewPCG(seed, 7)) //nolint:gosec // test data
	var b fact.Batch
	b.Positions = []fact.Position{{Source: "click/5", At: 1, Through: now()}}
	at := func() time.Time {
		night := nights()[m.rand.IntN(len(nights()))]
		return night.Add(time.Duration(m.rand.Int64N(int64(60 * time.Hour)))).Add(-24 * time.Hour).Truncate(time.Millisecond)
	}
	for range 1500 {
		b.Clicks = append(b.Clicks, m.visit(txid.Click, at()))
	}
	for range 400 {
		b.Impressions = append(b.Impressions, m.visit(txid.Impression, at()))
	}
	for range 300 {
		b.Conversions = append(b.Conversions, m.sale(at(), currencies)...)
	}
	for range 200 {
		s := m.Signal(at())
		s.OfferID, s.AdvertiserID, s.AffiliateID, s.GoalID = m.parties()
		s.Status, s.Code, s.Channel = m.pick("accepted", "rejected"), m.pick("ok", "click_expired"), m.pick("postback", "pixel")
		s.Test = m.rand.IntN(10) == 0
		b.Signals = append(b.Signals, s)
	}
	return b
}

func (m *Maker) parties() (offer, advertiser, affiliate, goal int64) {
	offer = m.rand.Int64N(4)
	return offer, (offer + 1) / 2, m.rand.Int64N(12), m.rand.Int64N(3)
}

func (m *Maker) visit(kind txid.Kind, at time.Time) fact.Click {
	c := m.Click(at)
	columns := c.ID.Columns()
	columns.Head = 1<<5 | uint8(kind)<<2
	if m.rand.IntN(10) == 0 {
		columns.Head |= 1 << 1 // test
	}
	c.TurnedAway = m.pick("", "", "", "", "cap_reached", "paused")
	if c.TurnedAway != "" {
		columns.Head |= 1
	}
	c.ID = columns.ID()
	c.OfferID, c.AdvertiserID, c.AffiliateID, _ = m.parties()
	c.Bot, c.Visitor = m.rand.IntN(8) == 0, m.rand.Uint64N(40)
	c.Source, c.Sub[1], c.Region = m.pick(odd()...), m.pick(odd()...), m.pick("", "BY")
	return c
}

// sale makes a conversion, and sometimes what became of it later.
func (m *Maker) sale(at time.Time, currencies []string) []fact.Conversion {
	c := m.Conversion(at)
	c.OfferID, c.AdvertiserID, c.AffiliateID, c.GoalID = m.parties()
	c.Status = m.pick("approved", "approved", "pending", "hold", "rejected", "paid")
	c.Currency, c.Test, c.Bot = m.pick(currencies...), m.rand.IntN(10) == 0, m.rand.IntN(10) == 0
	c.Source, c.Sub[1], c.Adv[0], c.Region = m.pick(odd()...), m.pick(odd()...), m.pick(odd()...), m.pick("", "BY")
	c.ClickAt = at.Add(-time.Duration(m.rand.Int64N(int64(30 * time.Hour)))).Truncate(time.Millisecond)
	switch m.rand.IntN(8) {
	case 0:
		c.ClickAt = time.Time{}
	case 1:
		c.ClickAt = at.Add(2 * time.Minute) // clocks differ
	case 2:
		c.ClickAt = at.Add(-time.Duration(m.rand.Int64N(int64(40 * 24 * time.Hour)))).Truncate(time.Millisecond)
	}
	all := []fact.Conversion{c}
	for m.rand.IntN(3) == 0 {
		minus, plus := all[len(all)-1], all[len(all)-1]
		minus.Sign = -1
		plus.Status, plus.Payout = m.pick("approved", "rejected", "paid"), m.rand.Int64N(1e8)
		plus.ChangeID++
		minus.ChangeID = plus.ChangeID
		all = append(all, minus, plus)
	}
	return all
}

// asked is a query, in the model's words.
type asked struct {
	viewer        report.Viewer
	dims, metrics []string
	loc           *time.Location
	from, to      string
	conditions    []condition
	having        string // a metric that is at least threshold
	threshold     string
	sort          string
	limit         int
	byClick       bool
	onlyTest      bool
	currency      string
	compare       string
}

// sees lists what a role may ask for, in the words of the documentation.
func sees(role account.Role) (dims, metrics []string) {
	dims = strings.Fields("hour day week month offer advertiser affiliate goal source sub1 sub2 adv1 country region device os browser is_bot turned_away attribution channel status code currency test")
	metrics = strings.Fields("impressions clicks unique_clicks bot_clicks blocked_clicks gross_clicks conversions approved pending rejected gross_conversions view_through " +
		"payout revenue profit amount pending_payout pending_revenue pending_amount cr ctr epc rpc cpa rpa ecpm rpm signals rejected_signals")
	hidden := map[account.Role][]string{
		account.Affiliate:  strings.Fields("advertiser adv1 revenue profit pending_revenue rpc rpa rpm"),
		account.Advertiser: strings.Fields("source sub1 sub2 payout profit pending_payout epc cpa ecpm"),
	}[role]
	gone := func(name string) bool { return slices.Contains(hidden, name) }
	return slices.DeleteFunc(dims, gone), slices.DeleteFunc(metrics, gone)
}

func drawAsked(t *rapid.T) *asked {
	a := &asked{viewer: report.Viewer{Role: rapid.SampledFrom([]account.Role{account.Network, account.Network, account.Affiliate, account.Advertiser}).Draw(t, "role")}}
	switch a.viewer.Role {
	case account.Affiliate:
		a.viewer.AffiliateID = rapid.Int64Range(1, 3).Draw(t, "affiliate")
	case account.Advertiser:
		a.viewer.AdvertiserID = rapid.Int64Range(1, 2).Draw(t, "advertiser")
	case account.Network, account.Publishable:
	}
	dims, metrics := sees(a.viewer.Role)
	a.dims = rapid.SliceOfNDistinct(rapid.SampledFrom(dims), 0, 3, rapid.ID).Draw(t, "dims")
	if rapid.Bool().Draw(t, "by time") {
		unit := rapid.SampledFrom([]string{"hour", "day", "week", "month"}).Draw(t, "unit")
		a.dims = append(slices.DeleteFunc(a.dims, func(d string) bool { return d == unit }), unit)
	}
	a.metrics = rapid.SliceOfNDistinct(rapid.SampledFrom(metrics), 1, 5, rapid.ID).Draw(t, "metrics")
	a.drawRange(t)
	for range rapid.IntRange(0, 2).Draw(t, "filters") {
		a.conditions = append(a.conditions, drawCondition(t, dims))
	}
	if rapid.IntRange(0, 3).Draw(t, "having?") == 0 {
		a.having = rapid.SampledFrom(a.metrics).Draw(t, "having")
		a.threshold = rapid.SampledFrom([]string{"0", "1", "2", "10"}).Draw(t, "threshold")
	}
	a.sort = rapid.SampledFrom([]string{"", "-"}).Draw(t, "desc") + rapid.SampledFrom(append(slices.Clone(a.metrics), a.dims...)).Draw(t, "sort")
	a.limit = rapid.SampledFrom([]int{1, 3, 10, 1000}).Draw(t, "limit")
	a.byClick = rapid.IntRange(0, 3).Draw(t, "time") == 0
	a.onlyTest = rapid.IntRange(0, 5).Draw(t, "test") == 0
	a.currency = rapid.SampledFrom([]string{"", "USD", "EUR"}).Draw(t, "currency")
	a.compare = rapid.SampledFrom([]string{"", "previous", "2026-03-29", "2026-10-25"}).Draw(t, "compare")
	return a
}

func (a *asked) drawRange(t *rapid.T) {
	name := rapid.SampledFrom([]string{
		"UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "Asia/Kathmandu", "Asia/Tokyo",
	}).Draw(t, "tz")
	a.loc, _ = time.LoadLocation(name)
	at := rapid.SampledFrom(nights()).Draw(t, "night").Add(time.Duration(rapid.Int64Range(-30*3600*1000, 20*3600*1000).Draw(t, "from")) * time.Millisecond)
	length := time.Duration(rapid.SampledFrom([]int64{3, 26, 60, 24 * 40}).Draw(t, "hours"))*time.Hour + time.Duration(rapid.Int64Range(1, 3600*1000).Draw(t, "and"))*time.Millisecond
	a.from, a.to = at.Format(time.RFC3339Nano), at.Add(length).Format(time.RFC3339Nano)
	if rapid.Bool().Draw(t, "whole days") {
		a.from, a.to = at.Format(time.DateOnly), at.Add(length).Format(time.DateOnly)
	}
}

func drawCondition(t *rapid.T, dims []string) condition {
	c := condition{name: rapid.SampledFrom(slices.DeleteFunc(slices.Clone(dims), isTime)).Draw(t, "filter"), op: "="}
	words := map[string][]string{
		"country": {"DE", "FR", "XX", ""}, "device": {"mobile", "tablet", "it's none"}, "os": {"iOS", ""}, "browser": {"Chrome", "Safari"},
		"region": {"BY"}, "turned_away": {"", "cap_reached"}, "attribution": {"transaction_id"}, "channel": {"postback", "pixel"},
		"status": {"approved", "pending", "rejected"}, "code": {"ok"}, "currency": {"USD", "JPY"}, "is_bot": {"true", "false"}, "test": {"true", "false"},
	}
	values, ok := words[c.name]
	switch {
	case isID(c.name):
		values = []string{"0", "1", "2", "3"}
		c.op = rapid.SampledFrom([]string{"=", "!=", ">=", "<="}).Draw(t, "op")
	case c.name == "is_bot", c.name == "test":
		c.op = rapid.SampledFrom([]string{"=", "!="}).Draw(t, "op")
	case !ok:
		values = odd()
		fallthrough
	default:
		c.op = rapid.SampledFrom([]string{"=", "!=", "^=", "~="}).Draw(t, "op")
	}
	most := 3
	if c.op != "=" && c.op != "!=" {
		most = 1
	}
	c.values = rapid.SliceOfN(rapid.SampledFrom(values), 1, most).Draw(t, "values")
	if (c.op == "^=" || c.op == "~=") && c.values[0] == "" {
		c.values[0] = "s"
	}
	return c
}

// parameters writes the query as it is asked.
func (a *asked) parameters() url.Values {
	v := url.Values{
		"dimensions": {strings.Join(a.dims, ",")}, "metrics": {strings.Join(a.metrics, ",")}, "tz": {a.loc.String()},
		"from": {a.from}, "to": {a.to}, "sort": {a.sort}, "limit": {strconv.Itoa(a.limit)}, "other": {"true"},
		"compare": {a.compare}, "currency": {a.currency},
	}
	escape := strings.NewReplacer(`\`, `\\`, `,`, `\,`)
	for _, c := range a.conditions {
		var values []string
		for _, value := range c.values {
			values = append(values, escape.Replace(value))
		}
		v.Add("filter", c.name+c.op+strings.Join(values, ","))
	}
	if a.having != "" {
		v.Add("filter", a.having+">="+a.threshold)
	}
	if a.byClick {
		v.Set("time", "click")
	}
	if a.onlyTest {
		v.Set("test", "1")
	}
	return v
}

// in reports whether a time is in the range.
func (a *asked) in(t time.Time) bool {
	from, err := time.Parse(time.RFC3339Nano, a.from)
	if err != nil {
		day := t.In(a.loc).Format(time.DateOnly)
		return a.from <= day && day <= a.to
	}
	to, _ := time.Parse(time.RFC3339Nano, a.to)
	return !t.Before(from) && t.Before(to)
}

// check compares the warehouse's answer with the model's.
func (a *asked) check(t *rapid.T, r report.Reader, all []happening) error {
	q, err := report.Parse(a.parameters(), now(), a.viewer)
	if err != nil {
		return fmt.Errorf("parse: %w", err)
	}
	got, err := q.Answer(t.Context(), r)
	chosen := a.choose(all, a.in)
	mixed := len(a.coins(chosen)) > 1
	if fault.Of(err) == fault.Invalid && strings.Contains(err.Error(), "currency=") {
		if !slices.Contains(a.dims, "currency") && (mixed || a.compare != "") {
			return nil
		}
	}
	if err != nil {
		return err
	}
	if a.compare != "" {
		before := a.choose(all, func(at time.Time) bool { return !at.Before(got.Previous.From) && at.Before(got.Previous.To) })
		mixed = len(a.coins(slices.Concat(chosen, before))) > 1
		a.checkPrevious(t, got, chosen, before)
	}
	currency := got.Currency
	if mixed {
		currency = "?"
	}
	want := a.sorted(a.withNothing(a.groups(chosen, got.From)))
	shown := want[:min(len(want), a.limit)]
	a.checkLine(t, "total", got.Total, merged(want), currency)
	if len(got.Rows) != len(shown) || got.Truncated != (len(want) > a.limit) || (got.Other != nil) != got.Truncated {
		t.Fatalf("%d rows, truncated %v, other %v; want %d of %d", len(got.Rows), got.Truncated, got.Other, len(shown), len(want))
	}
	for i, g := range shown {
		a.checkLine(t, fmt.Sprintf("row %d", i+1), got.Rows[i], g, currency)
	}
	if got.Other != nil {
		a.checkLine(t, "other", *got.Other, merged(want[a.limit:]), currency)
	}
	return a.checkLinks(t, r, got)
}

// withNothing adds the one row that a report without dimensions always has.
func (a *asked) withNothing(groups map[string]*group) map[string]*group {
	if len(a.dims) == 0 && len(groups) == 0 {
		groups["[]"] = &group{labels: []string{}, sums: map[string]int64{}}
	}
	return groups
}

// coins lists the currencies of the money that is asked for.
func (a *asked) coins(chosen []*happening) []string {
	asked := map[string]bool{}
	for _, m := range a.metrics {
		for _, p := range parts(m) {
			asked[strings.TrimPrefix(p, "pending_")] = true
		}
	}
	type column struct{ currency, name string }
	sums := map[column]int64{}
	for _, h := range chosen {
		for name, units := range h.columns {
			if asked[name] {
				sums[column{h.currency, name}] += units
			}
		}
	}
	var all []string
	for c, units := range sums {
		if units != 0 && !slices.Contains(all, c.currency) {
			all = append(all, c.currency)
		}
	}
	return all
}

func (a *asked) checkLine(t *rapid.T, what string, got report.Line, want *group, currency string) {
	labels := want.labels
	if labels == nil {
		labels = make([]string, len(a.dims))
	}
	if diff := cmp.Diff(append(slices.Clone(labels), a.cells(want, currency)...), texts(got.Cells)); diff != "" {
		t.Fatalf("%s of %v and %v, -want +got:\n%s", what, a.dims, a.metrics, diff)
	}
}

// checkPrevious compares what stands beside the rows with the period before.
func (a *asked) checkPrevious(t *rapid.T, got report.Answer, chosen, before []*happening) {
	currency := got.Currency
	if len(a.coins(slices.Concat(chosen, before))) > 1 {
		currency = "?"
	}
	earlier := a.sorted(a.withNothing(a.groups(before, got.Previous.From)))
	a.checkLine(t, "previous total", got.Previous.Total, merged(earlier), currency)

	places := map[string][]*group{}
	for _, g := range a.groups(before, got.Previous.From) {
		key := fmt.Sprintf("%q", g.place)
		places[key] = append(places[key], g)
	}
	want := a.sorted(a.withNothing(a.groups(chosen, got.From)))
	for i, line := range got.Rows {
		was := merged(places[fmt.Sprintf("%q", want[i].place)])
		was.labels = want[i].labels
		if diff := cmp.Diff(a.cells(was, currency), texts(line.Previous)); diff != "" {
			t.Fatalf("previous of row %d, %v, -want +got:\n%s", i+1, want[i].labels, diff)
		}
	}
}

// checkLinks reads the lists behind rows and counts what is in them.
func (a *asked) checkLinks(t *rapid.T, r report.Reader, got report.Answer) error {
	counts := map[string]string{"clicks": "clicks", "impressions": "impressions", "conversions": "conversions", "signals": "signals"}
	for i, line := range got.Rows[:min(len(got.Rows), 2)] {
		for _, l := range line.Links {
			at := slices.Index(a.metrics, counts[l.Name])
			if at < 0 {
				continue
			}
			n, err := count(t.Context(), r, l, a.viewer)
			if err != nil {
				return fmt.Errorf("list %s of row %d: %w", l.Query, i+1, err)
			}
			if want := line.Cells[len(a.dims)+at].String(); id(int64(n)) != want {
				t.Fatalf("row %d has %s %s, and a list of %d: %s", i+1, want, l.Name, n, l.Query)
			}
		}
	}
	return nil
}

// count reads a list to its end.
func count(ctx context.Context, r report.Reader, l report.Link, v report.Viewer) (int, error) {
	values, err := url.ParseQuery(l.Query)
	if err != nil {
		return 0, err
	}
	values.Set("limit", "7")
	seen := map[string]bool{}
	for {
		list, err := report.ParseList(strings.TrimSuffix(l.Name, "s"), values, now(), v)
		if err != nil {
			return 0, err
		}
		page, err := list.Read(ctx, r)
		if err != nil {
			return 0, err
		}
		for _, line := range page.Rows {
			seen[strings.Join(texts(line.Cells), "\x00")] = true
		}
		if page.Next == "" {
			return len(seen), nil
		}
		values.Set("cursor", page.Next)
	}
}
