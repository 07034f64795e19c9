package warehousetest

import (
	"cmp"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"

	"waybill/internal/account"
	"waybill/internal/fact"
	"waybill/internal/money"
	"waybill/internal/report"
)

// happening is one fact, as the model of reports sees it: values by the names
// of dimensions, and what it adds to which measure.
type happening struct {
	table      string
	at, click  time.Time
	advertiser int64
	affiliate  int64
	values     map[string]string // what the table does not have is missing
	adds       map[string]int64
	visitor    uint64 // of a click that counts
	currency   string
	columns    map[string]int64 // signed money of a conversion that is not rejected
}

// happenings gives all facts of a batch.
func happenings(b fact.Batch) []happening {
	var all []happening
	for i := range b.Clicks {
		all = append(all, ofVisit(fact.Clicks, &b.Clicks[i]))
	}
	for i := range b.Impressions {
		all = append(all, ofVisit(fact.Impressions, &b.Impressions[i]))
	}
	for i := range b.Conversions {
		all = append(all, ofConversion(&b.Conversions[i]))
	}
	for i := range b.Signals {
		all = append(all, ofSignal(&b.Signals[i]))
	}
	return all
}

func id(n int64) string { return strconv.FormatInt(n, 10) }

func ofVisit(table string, c *fact.Click) happening {
	h := happening{table: table, at: c.ID.Time(), advertiser: c.AdvertiserID, affiliate: c.AffiliateID, adds: map[string]int64{}}
	h.values = map[string]string{
		"offer": id(c.OfferID), "advertiser": id(c.AdvertiserID), "affiliate": id(c.AffiliateID), "source": c.Source,
		"country": c.Country, "region": c.Region, "device": c.Device, "os": c.OS, "browser": c.Browser, "link": c.Link,
		"is_bot": strconv.FormatBool(c.Bot), "turned_away": c.TurnedAway, "test": strconv.FormatBool(c.ID.Test()),
	}
	for i, v := range c.Sub {
		h.values[fmt.Sprintf("sub%d", i+1)] = v
	}
	net := !c.Bot && c.TurnedAway == ""
	switch {
	case table == fact.Impressions && net:
		h.adds["impressions"] = 1
	case table == fact.Impressions:
	case net:
		h.adds["clicks"], h.visitor = 1, c.Visitor
	case c.Bot:
		h.adds["bot_clicks"] = 1
	default:
		h.adds["blocked_clicks"] = 1
	}
	if table == fact.Clicks {
		h.adds["gross_clicks"] = 1
	}
	return h
}

func ofConversion(c *fact.Conversion) happening {
	h := happening{
		table: fact.Conversions, at: c.At, click: c.ClickAt, advertiser: c.AdvertiserID, affiliate: c.AffiliateID, currency: c.Currency,
		adds: map[string]int64{}, columns: map[string]int64{},
	}
	h.values = map[string]string{
		"offer": id(c.OfferID), "advertiser": id(c.AdvertiserID), "affiliate": id(c.AffiliateID), "goal": id(c.GoalID), "source": c.Source,
		"country": c.Country, "region": c.Region, "device": c.Device, "os": c.OS, "browser": c.Browser,
		"is_bot": strconv.FormatBool(c.Bot), "test": strconv.FormatBool(c.Test), "attribution": c.Attribution,
		"channel": c.Channel, "status": c.Status, "currency": c.Currency,
	}
	for i := range fact.Subs {
		h.values[fmt.Sprintf("sub%d", i+1)], h.values[fmt.Sprintf("adv%d", i+1)] = c.Sub[i], c.Adv[i]
	}
	sign := int64(c.Sign)
	h.adds["gross_conversions"] = sign
	if c.Status != "rejected" {
		h.columns = map[string]int64{"payout": sign * c.Payout, "revenue": sign * c.Revenue, "amount": sign * c.Amount}
		h.adds["conversions"] = sign
		if c.ViewThrough {
			h.adds["view_through"] = sign
		}
	}
	switch c.Status {
	case "rejected":
		h.adds["rejected"] = sign
	case "approved", "paid":
		h.adds["approved"], h.adds[approvedPaid] = sign, sign
		maps.Copy(h.adds, h.columns)
	default:
		h.adds["pending"] = sign
		for name, units := range h.columns {
			h.adds["pending_"+name] = units
		}
	}
	return h
}

func ofSignal(s *fact.Signal) happening {
	h := happening{table: fact.Signals, at: s.At, advertiser: s.AdvertiserID, affiliate: s.AffiliateID, adds: map[string]int64{"signals": 1}}
	h.values = map[string]string{
		"offer": id(s.OfferID), "advertiser": id(s.AdvertiserID), "affiliate": id(s.AffiliateID), "goal": id(s.GoalID),
		"channel": s.Channel, "status": s.Status, "code": s.Code, "test": strconv.FormatBool(s.Test),
	}
	if s.Status == "rejected" {
		h.adds["rejected_signals"] = 1
	}
	return h
}

// quotients gives what the metrics that are not sums are made of.
func quotients() map[string]struct {
	top, bottom string
	times       int64
} {
	type q = struct {
		top, bottom string
		times       int64
	}
	return map[string]q{
		"cr": {"conversions", "clicks", 1}, "ctr": {"clicks", "impressions", 1},
		"epc": {"payout", "clicks", 1}, "rpc": {"revenue", "clicks", 1}, "cpa": {"payout", approvedPaid, 1}, "rpa": {"revenue", approvedPaid, 1},
		"ecpm": {"payout", "impressions", 1000}, "rpm": {"revenue", "impressions", 1000},
	}
}

// approvedPaid are the approved conversions behind a sum of money.
const approvedPaid = "approved_paid"

// parts names the sums that a metric is made of.
func parts(metric string) []string {
	if q, ok := quotients()[metric]; ok {
		return []string{q.top, q.bottom}
	}
	if metric == "profit" {
		return []string{"revenue", "payout"}
	}
	return []string{metric}
}

func isMoney(sum string) bool {
	return slices.Contains([]string{"payout", "revenue", "amount"}, strings.TrimPrefix(sum, "pending_"))
}

func isID(dim string) bool {
	return slices.Contains([]string{"offer", "advertiser", "affiliate", "goal"}, dim)
}

func isTime(dim string) bool { return slices.Contains([]string{"hour", "day", "week", "month"}, dim) }

// group is one row of the model.
type group struct {
	labels []string // of the dimensions, as they are shown
	place  []string // the same, times as numbers of buckets on the wall
	sums   map[string]int64
	seen   map[uint64]bool
}

func (g *group) add(h *happening) {
	for name, n := range h.adds {
		g.sums[name] += n
	}
	if h.adds["clicks"] != 0 {
		g.seen[h.visitor] = true
	}
	g.sums["unique_clicks"] = int64(len(g.seen))
}

// merged gives the row that all of groups are together.
func merged(groups []*group) *group {
	all := &group{sums: map[string]int64{}, seen: map[uint64]bool{}}
	for _, g := range groups {
		for name, n := range g.sums {
			all.sums[name] += n
		}
		maps.Copy(all.seen, g.seen)
	}
	all.sums["unique_clicks"] = int64(len(all.seen))
	return all
}

// label writes the bucket of a time, as a reader of the clock on the wall would.
func label(unit string, t time.Time) string {
	y, m, d := t.Date()
	switch unit {
	case "hour":
		_, offset := t.Zone()
		return time.Date(y, m, d, t.Hour(), 0, 0, 0, time.FixedZone("", offset)).Format(time.RFC3339)
	case "day":
		return t.Format(time.DateOnly)
	case "week":
		return time.Date(y, m, d-(int(t.Weekday())+6)%7, 0, 0, 0, 0, time.UTC).Format(time.DateOnly)
	default:
		return t.Format("2006-01")
	}
}

// bucketNumber numbers the buckets of a unit on the wall.
func bucketNumber(unit string, t time.Time) int64 {
	wall := time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), 0, 0, 0, time.UTC).Unix()
	switch unit {
	case "hour":
		return wall / 3600
	case "day":
		return wall / 86400
	case "week":
		return (wall/86400 + 3) / 7
	default:
		return int64(t.Year())*12 + int64(t.Month())
	}
}

// groups gives the rows of the facts chosen, from the beginning start on.
func (a *asked) groups(chosen []*happening, start time.Time) map[string]*group {
	all := map[string]*group{}
	for _, h := range chosen {
		g := &group{sums: map[string]int64{}, seen: map[uint64]bool{}, labels: []string{}}
		for _, dim := range a.dims {
			if isTime(dim) {
				t := a.timeOf(h).In(a.loc)
				g.labels = append(g.labels, label(dim, t))
				g.place = append(g.place, id(bucketNumber(dim, t)-bucketNumber(dim, start.In(a.loc))))
				continue
			}
			v, has := h.values[dim]
			if !has && isID(dim) {
				v = "0"
			} else if !has && dim == "is_bot" {
				v = "false"
			}
			g.labels, g.place = append(g.labels, v), append(g.place, v)
		}
		key := fmt.Sprintf("%q", g.labels)
		if all[key] == nil {
			all[key] = g
		}
		all[key].add(h)
	}
	return all
}

func (a *asked) timeOf(h *happening) time.Time {
	if a.byClick && h.table == fact.Conversions {
		return h.click
	}
	return h.at
}

// choose gives the facts that the query is about.
func (a *asked) choose(all []happening, in func(time.Time) bool) []*happening {
	var chosen []*happening
	for i := range all {
		h := &all[i]
		own := a.viewer.Role == account.Network ||
			a.viewer.Role == account.Affiliate && h.affiliate == a.viewer.AffiliateID ||
			a.viewer.Role == account.Advertiser && h.advertiser == a.viewer.AdvertiserID
		t := a.timeOf(h)
		if own && !t.IsZero() && in(t) && a.lets(h) {
			chosen = append(chosen, a.priced(h))
		}
	}
	return chosen
}

// priced gives the fact without the money that is not of the currency asked for.
func (a *asked) priced(h *happening) *happening {
	if a.currency == "" || h.currency == "" || h.currency == a.currency {
		return h
	}
	other := *h
	other.columns, other.adds = nil, maps.Clone(h.adds)
	maps.DeleteFunc(other.adds, func(name string, _ int64) bool { return isMoney(name) || name == approvedPaid })
	return &other
}

// lets reports whether the filters let a fact through.
func (a *asked) lets(h *happening) bool {
	for _, c := range a.conditions {
		v, has := h.values[c.name]
		if !has || !c.holds(v) {
			return false
		}
	}
	if a.currency != "" && h.currency != "" && h.currency != a.currency && slices.Contains(a.dims, "currency") {
		return false
	}
	byTest := slices.Contains(a.dims, "test") || slices.ContainsFunc(a.conditions, func(c condition) bool { return c.name == "test" })
	if a.onlyTest {
		return h.values["test"] == "true"
	}
	return byTest || h.values["test"] == "false"
}

// condition is a filter of the model.
type condition struct {
	name, op string
	values   []string
}

func (c condition) holds(v string) bool {
	number := func(s string) int64 { n, _ := strconv.ParseInt(s, 10, 64); return n }
	switch c.op {
	case "=":
		return slices.Contains(c.values, v)
	case "!=":
		return !slices.Contains(c.values, v)
	case "^=":
		return strings.HasPrefix(v, c.values[0])
	case "~=":
		return strings.Contains(strings.ToLower(v), strings.ToLower(c.values[0]))
	case ">=":
		return number(v) >= number(c.values[0])
	default:
		return number(v) <= number(c.values[0])
	}
}

// compare orders two rows by a column.
func (a *asked) order(x, y *group, column string) int {
	i := slices.Index(a.dims, column)
	if i < 0 {
		return cmp.Compare(a.value(x, column), a.value(y, column))
	}
	v, w := x.labels[i], y.labels[i]
	switch {
	case column == "hour":
		s, _ := time.Parse(time.RFC3339, v)
		t, _ := time.Parse(time.RFC3339, w)
		return s.Compare(t)
	case isID(column):
		return cmp.Or(cmp.Compare(len(v), len(w)), cmp.Compare(v, w))
	default:
		return cmp.Compare(v, w)
	}
}

func defined(g *group, metric string) bool {
	q, ok := quotients()[metric]
	return !ok || g.sums[q.bottom] != 0
}

func (a *asked) value(g *group, metric string) float64 {
	q, ok := quotients()[metric]
	switch {
	case ok && !defined(g, metric):
		return 0
	case ok:
		return float64(g.sums[q.top]) * float64(q.times) / float64(g.sums[q.bottom])
	case metric == "profit":
		return float64(g.sums["revenue"] - g.sums["payout"])
	default:
		return float64(g.sums[metric])
	}
}

// sorted gives the rows that are in the report, in order.
func (a *asked) sorted(groups map[string]*group) []*group {
	var all []*group
	for _, g := range groups {
		if a.something(g) && (a.having == "" || defined(g, a.having) && a.value(g, a.having) >= a.atLeast()) {
			all = append(all, g)
		}
	}
	slices.SortFunc(all, a.sortOrder)
	return all
}

// something reports whether a row holds anything that is asked for.
func (a *asked) something(g *group) bool {
	found := len(a.dims) == 0
	for _, m := range a.metrics {
		for _, p := range parts(m) {
			found = found || g.sums[p] != 0
		}
	}
	return found
}

// sortOrder orders rows as they are asked for: those without a quotient last.
func (a *asked) sortOrder(x, y *group) int {
	column, desc := strings.CutPrefix(a.sort, "-")
	switch dx, dy := defined(x, column), defined(y, column); {
	case dx && !dy:
		return -1
	case dy && !dx:
		return 1
	}
	c := a.order(x, y, column)
	if desc {
		c = -c
	}
	for _, dim := range a.dims {
		c = cmp.Or(c, a.order(x, y, dim))
	}
	return c
}

func (a *asked) atLeast() float64 {
	f, _ := strconv.ParseFloat(a.threshold, 64)
	if isMoney(parts(a.having)[0]) {
		f *= money.Unit
	}
	return f
}

// cells writes a row's metrics. currency is "?" where money is in several.
func (a *asked) cells(g *group, currency string) []string {
	var all []string
	if i := slices.Index(a.dims, "currency"); i >= 0 && g.labels != nil {
		currency = g.labels[i]
	}
	for _, m := range a.metrics {
		q, isQuotient := quotients()[m]
		switch {
		case isMoney(parts(m)[0]) && currency == "?", !defined(g, m):
			all = append(all, "")
		case isQuotient:
			times := q.times * money.Unit
			if isMoney(q.top) {
				times = q.times
			}
			all = append(all, rounded(big.NewRat(g.sums[q.top], g.sums[q.bottom]), times))
		case m == "profit":
			all = append(all, money.Decimal(g.sums["revenue"]-g.sums["payout"], money.Currency(currency)))
		case isMoney(m):
			all = append(all, money.Decimal(g.sums[m], money.Currency(currency)))
		default:
			all = append(all, id(g.sums[m]))
		}
	}
	return all
}

// rounded writes r*times in millionths, half to even.
func rounded(r *big.Rat, times int64) string {
	r = new(big.Rat).Mul(r, big.NewRat(times, 1))
	twice := new(big.Int).Add(new(big.Int).Mul(r.Num(), big.NewInt(2)), r.Denom())
	double := new(big.Int).Mul(r.Denom(), big.NewInt(2))
	n, rest := new(big.Int).DivMod(twice, double, new(big.Int)) // floor(r + 1/2)
	if rest.Sign() == 0 && n.Bit(0) == 1 {
		n.Sub(n, big.NewInt(1))
	}
	return new(big.Rat).SetFrac(n, big.NewInt(money.Unit)).FloatString(6)
}

// texts writes the cells of an answer.
func texts(cells []report.Cell) []string {
	var all []string
	for _, c := range cells {
		all = append(all, c.String())
	}
	return all
}
