package report

import (
	"slices"
	"strconv"
	"strings"

	"waybill/internal/account"
	"waybill/internal/fact"
)

// dimension is what rows can be told apart by, and filtered by.
type dimension struct {
	name   string
	kind   Kind
	unit   unit           // of a Time
	hidden []account.Role // who may not see it, sort by it or filter by it
	listed bool           // only lists filter by it: it is one value a fact, or nearly
	named  bool           // a number with a name
	doc    string
}

// dimensions gives all dimensions. Those of kind Time come first.
func dimensions() []dimension {
	all := []dimension{
		{name: "hour", kind: Time, unit: hourly, doc: "the hour, as the instant it begins, with the zone's offset"},
		{name: "day", kind: Time, unit: daily, doc: "the day, as 2026-11-22"},
		{name: "week", kind: Time, unit: weekly, doc: "the week, as the date of its Monday"},
		{name: "month", kind: Time, unit: monthly, doc: "the month, as 2026-11"},
		{name: "offer", kind: ID, named: true, doc: "the offer's number; 0 for none"},
		{name: "advertiser", kind: ID, named: true, hidden: affiliates(), doc: "the advertiser's number; 0 for none"},
		{name: "affiliate", kind: ID, named: true, doc: "the affiliate's number; 0 for none"},
		{name: "goal", kind: ID, named: true, doc: "the goal's number"},
		{name: "source", kind: Text, hidden: advertisers(), doc: "the affiliate's source"},
	}
	for i := range fact.Subs {
		all = append(all, dimension{name: "sub" + strconv.Itoa(i+1), kind: Text, hidden: advertisers(), doc: "the affiliate's free value"})
	}
	for i := range fact.Subs {
		all = append(all, dimension{name: "adv" + strconv.Itoa(i+1), kind: Text, hidden: affiliates(), doc: "the advertiser's free value"})
	}
	return append(all, []dimension{
		{name: "country", kind: Text, doc: "the country, by its two letters"},
		{name: "region", kind: Text, doc: "part of the country"},
		{name: "device", kind: Text, doc: "kind of device"},
		{name: "os", kind: Text, doc: "operating system"},
		{name: "browser", kind: Text, doc: "browser"},
		{name: "is_bot", kind: Flag, doc: "whether the visitor was a bot"},
		{name: "turned_away", kind: Text, doc: "why the visitor was not sent on; empty for those who were"},
		{name: "link", kind: Text, hidden: advertisers(), doc: "code of the short link"},
		{name: "attribution", kind: Text, doc: "the rule that credited the conversion"},
		{name: "channel", kind: Text, doc: "the door that the signal came through"},
		{name: "status", kind: Text, doc: "of a conversion, or of the verdict on a signal"},
		{name: "code", kind: Text, doc: "the verdict's reason"},
		{name: dimCurrency, kind: Text, doc: "ISO 4217 code"},
		{name: "test", kind: Flag, doc: "whether it is test traffic"},
		{name: "view_through", kind: Flag, listed: true, doc: "whether a view earned it, not a click"},
		{name: "transaction_id", kind: Text, listed: true, doc: "the click's or view's ID"},
		{name: "conversion_id", kind: Text, listed: true, doc: "the conversion's ID"},
		{name: "order_id", kind: Text, listed: true, doc: "the advertiser's order"},
		{name: "aff_click_id", kind: Text, listed: true, hidden: advertisers(), doc: "the affiliate's own ID of the click"},
		{name: "delivery_id", kind: Text, listed: true, doc: "the postback's ID"},
		{name: "subscription", kind: ID, listed: true, doc: "the subscription's number"},
		{name: "event", kind: Text, listed: true, doc: "what the postback tells of"},
		{name: "delivered", kind: Flag, listed: true, doc: "whether the attempt delivered it"},
	}...)
}

// affiliates are the roles that are kept from what is the advertiser's.
func affiliates() []account.Role { return []account.Role{account.Affiliate} }

// advertisers are the roles that are kept from what is the affiliate's.
func advertisers() []account.Role { return []account.Role{account.Advertiser} }

// dimensionNames lists what v may group by.
func dimensionNames(v Viewer) []string {
	var names []string
	for _, d := range dimensions() {
		if !d.listed && v.sees(d.hidden) {
			names = append(names, d.name)
		}
	}
	return names
}

// findDimension gives the dimension that v may see under a name.
func findDimension(name string, v Viewer) (dimension, bool) {
	for _, d := range dimensions() {
		if d.name == name {
			return d, v.sees(d.hidden)
		}
	}
	return dimension{}, false
}

func (v Viewer) sees(hidden []account.Role) bool { return !slices.Contains(hidden, v.Role) }

// mayName reports whether the viewer may know the names behind the numbers of
// d. To an advertiser, affiliates are numbers.
func (d dimension) mayName(v Viewer) bool {
	return d.named && (v.Role != account.Advertiser || d.name != "affiliate")
}

// source is a table of facts as a query reads it.
type source struct {
	fact.Table
	byClick bool // by the time of the click, not of the conversion
	// counted is set where visits are counted by their kind of traffic. Then
	// tests are told apart there and not beforehand: a condition on every row
	// takes longer than to count it.
	counted bool
}

func sourceOf(table string, byClick bool) source {
	t, _ := fact.TableOf(table)
	return source{Table: t, byClick: byClick && table == fact.Conversions}
}

// has reports whether the table's rows have a value of d.
func (s source) has(d dimension) bool {
	switch {
	case d.kind == Time, d.name == "test":
		return true
	case d.name == "is_bot":
		return s.traffic()
	case d.name == "transaction_id" && s.visits():
		return true
	}
	_, ok := s.Column(d.name)
	return ok
}

func (s source) traffic() bool {
	_, ok := s.Column("traffic")
	return ok
}

// visits reports whether it is the table of clicks or that of impressions,
// which have an ID in parts.
func (s source) visits() bool { return s.Name == fact.Clicks || s.Name == fact.Impressions }

func (s source) word(name string) bool {
	c, ok := s.Column(name)
	return ok && c.Type == fact.Word
}

// plural names the table's rows in a sentence.
func (s source) plural() string {
	if s.Name == fact.Deliveries {
		return "deliveries"
	}
	return s.Name + "s"
}

// flag gives the condition under which a row's flag is set.
func (s source) flag(d dimension) string {
	switch {
	case d.name == "is_bot":
		return "traffic % 2 = 1"
	case d.name == "test" && s.traffic():
		return "traffic >= " + strconv.Itoa(fact.TrafficTest)
	default:
		return d.name + " = TRUE"
	}
}

// value gives the expression of d's value, of the same type in every table: an
// integer or a text.
func (s source) value(d dimension, z *zone, wall bool) string {
	switch {
	case d.kind == Time:
		return z.bucket(d.unit, s.clock(), wall)
	case !s.has(d):
		return d.nothing()
	case d.kind == Flag:
		return "CASE WHEN " + s.flag(d) + " THEN 1 ELSE 0 END"
	default:
		return d.name
	}
}

// nothing is the value of d in a table that has none.
func (d dimension) nothing() string {
	if d.kind == Text {
		return "''"
	}
	return "0"
}

func (s source) quarter() string {
	if s.byClick {
		return "click_quarter"
	}
	return "quarter"
}

func (s source) clock() clock {
	if s.byClick {
		return clock{quarter: s.quarter(), milli: s.milli()}
	}
	return clock{quarter: s.quarter(), milli: s.milli(), day: "day"}
}

func (s source) milli() string {
	if s.byClick {
		return "click_ms"
	}
	return "ms"
}

// listOf writes names for a sentence: "a, b or c".
func listOf(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " or " + names[last]
}
