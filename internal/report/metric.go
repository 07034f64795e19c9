package report

import (
	"waybill/internal/account"
	"waybill/internal/fact"
	"waybill/internal/money"
)

// measure is a sum over the rows of one table.
type measure struct {
	name  string
	table string
	kind  Kind
	where string // the condition on rows; "" for all
	kinds []int  // of visits in place of where: the kinds of traffic that count
	each  string // what a row that meets it adds; of clicks and views, 1
	reads []string
	paid  bool // of the chosen currency alone: money, and what is divided by
}

// metric is what a report says about each of its rows: a measure, one measure
// less another, or the quotient of two.
type metric struct {
	name   string
	kind   Kind
	sum    string // the measure
	less   string // what is taken off it
	over   string // what it is divided by
	times  int64  // what a quotient is multiplied with
	hidden []account.Role
	doc    string
}

// Conditions on the status of conversions.
const (
	isApproved = "status IN ('approved', 'paid')"
	isPending  = "status IN ('pending', 'hold')"
	isCounted  = "status IN ('approved', 'paid', 'pending', 'hold')"
)

// uniqueClicks is the measure that is counted and not summed.
const uniqueClicks = "unique_clicks"

// approvedPaid counts the approved conversions behind a sum of money: those of
// its currency. It is no metric.
const approvedPaid = "approved_paid"

func measures() []measure {
	const bot, away = fact.TrafficBot, fact.TrafficTurnedAway
	return []measure{
		visits("impressions", fact.Impressions, 0),
		visits("clicks", fact.Clicks, 0),
		visits("bot_clicks", fact.Clicks, bot, bot|away),
		visits("blocked_clicks", fact.Clicks, away),
		visits("gross_clicks", fact.Clicks, 0, bot, away, bot|away),
		visits(uniqueClicks, fact.Clicks, 0),
		conversions("conversions", isCounted),
		conversions("approved", isApproved),
		{name: approvedPaid, table: fact.Conversions, kind: Count, where: isApproved, each: "sign", reads: []string{"sign", "status"}, paid: true},
		conversions("pending", isPending),
		conversions("rejected", "status = 'rejected'"),
		conversions("gross_conversions", ""),
		conversions("view_through", isCounted+" AND view_through = TRUE", "view_through"),
		earned("payout", isApproved, "payout"),
		earned("revenue", isApproved, "revenue"),
		earned("amount", isApproved, "amount"),
		earned("pending_payout", isPending, "payout"),
		earned("pending_revenue", isPending, "revenue"),
		earned("pending_amount", isPending, "amount"),
		{name: "signals", table: fact.Signals, kind: Count, each: "1"},
		{name: "rejected_signals", table: fact.Signals, kind: Count, where: "status = 'rejected'", each: "1", reads: []string{"status"}},
	}
}

// visits counts visits of kinds of traffic, told without the bit of tests: they
// are a query's to choose.
func visits(name, table string, kinds ...int) measure {
	return measure{name: name, table: table, kind: Count, kinds: kinds, each: "1", reads: []string{"traffic"}}
}

func conversions(name, where string, reads ...string) measure {
	return measure{name: name, table: fact.Conversions, kind: Count, where: where, each: "sign", reads: append(reads, "sign", "status")}
}

func earned(name, where, column string) measure {
	return measure{
		name: name, table: fact.Conversions, kind: Money, where: where, each: "sign * " + column,
		reads: []string{"sign", "status", column}, paid: true,
	}
}

// of narrows a measure to a currency, if one is chosen and it is of one.
func (m measure) of(c money.Currency) measure {
	if c == "" || !m.paid {
		return m
	}
	m.where += " AND currency = '" + string(c) + "'"
	m.reads = append([]string{dimCurrency}, m.reads...)
	return m
}

// adds gives the expression of what a row adds, or n equal rows of clicks.
func (m measure) adds(n string, test traffic) string {
	each, where := m.each, m.where
	if n != "" {
		each = n
	}
	if m.kinds != nil {
		where = test.among(m.kinds)
	}
	if where == "" {
		return each
	}
	return "CASE WHEN " + where + " THEN " + each + " ELSE 0 END"
}

// metrics gives all metrics.
func metrics() []metric {
	const thousand = 1000
	return []metric{
		plain("impressions", Count, "views, without bots and those turned away"),
		plain("clicks", Count, "visits sent on to the offer, without bots"),
		plain(uniqueClicks, Count, "different visitors among clicks, told apart by address and agent; who comes on two days (UTC) counts twice"),
		plain("bot_clicks", Count, "visits by bots, sent on or not"),
		plain("blocked_clicks", Count, "visits not sent on, without bots"),
		plain("gross_clicks", Count, "clicks, bot_clicks and blocked_clicks together"),
		plain("conversions", Count, "conversions that are approved, paid, pending or on hold"),
		plain("approved", Count, "conversions that are approved or paid"),
		plain("pending", Count, "conversions that are pending or on hold"),
		plain("rejected", Count, "conversions that are rejected"),
		plain("gross_conversions", Count, "conversions of every status"),
		plain("view_through", Count, "those among conversions that a view earned, not a click"),
		plain("payout", Money, "what affiliates earn for approved and paid conversions", advertisers()...),
		plain("revenue", Money, "what advertisers owe for approved and paid conversions", affiliates()...),
		{name: "profit", kind: Money, sum: "revenue", less: "payout", hidden: append(affiliates(), advertisers()...), doc: "revenue less payout"},
		plain("amount", Money, "the sales behind approved and paid conversions"),
		plain("pending_payout", Money, "payout of conversions pending or on hold", advertisers()...),
		plain("pending_revenue", Money, "revenue of conversions pending or on hold", affiliates()...),
		plain("pending_amount", Money, "the sales behind conversions pending or on hold"),
		{name: "cr", kind: Ratio, sum: "conversions", over: "clicks", times: 1, doc: "conversions per click"},
		{name: "ctr", kind: Ratio, sum: "clicks", over: "impressions", times: 1, doc: "clicks per impression"},
		{name: "epc", kind: Ratio, sum: "payout", over: "clicks", times: 1, hidden: advertisers(), doc: "payout per click"},
		{name: "rpc", kind: Ratio, sum: "revenue", over: "clicks", times: 1, hidden: affiliates(), doc: "revenue per click"},
		{name: "cpa", kind: Ratio, sum: "payout", over: approvedPaid, times: 1, hidden: advertisers(), doc: "payout per approved conversion"},
		{name: "rpa", kind: Ratio, sum: "revenue", over: approvedPaid, times: 1, hidden: affiliates(), doc: "revenue per approved conversion"},
		{name: "ecpm", kind: Ratio, sum: "payout", over: "impressions", times: thousand, hidden: advertisers(), doc: "payout per 1,000 impressions"},
		{name: "rpm", kind: Ratio, sum: "revenue", over: "impressions", times: thousand, hidden: affiliates(), doc: "revenue per 1,000 impressions"},
		plain("signals", Count, "inbound hits"),
		plain("rejected_signals", Count, "inbound hits that were rejected"),
	}
}

func plain(name string, k Kind, doc string, hidden ...account.Role) metric {
	return metric{name: name, kind: k, sum: name, hidden: hidden, doc: doc}
}

// findMetric gives the metric that v may see under a name.
func findMetric(name string, v Viewer) (metric, bool) {
	for _, m := range metrics() {
		if m.name == name {
			return m, v.sees(m.hidden)
		}
	}
	return metric{}, false
}

// metricNames lists what v may ask for.
func metricNames(v Viewer) []string {
	var names []string
	for _, m := range metrics() {
		if v.sees(m.hidden) {
			names = append(names, m.name)
		}
	}
	return names
}

// parts names the measures that m is made of.
func (m metric) parts() []string {
	all := []string{m.sum}
	if m.less != "" {
		all = append(all, m.less)
	}
	if m.over != "" {
		all = append(all, m.over)
	}
	return all
}

func findMeasure(name string) measure {
	for _, m := range measures() {
		if m.name == name {
			return m
		}
	}
	return measure{}
}

// paid reports whether the metric is made of money, so that it has a currency.
func (m metric) paid() bool { return findMeasure(m.sum).kind == Money }
