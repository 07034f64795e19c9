package report

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"waybill/internal/account"
	"waybill/internal/fact"
	"waybill/internal/fault"
	"waybill/internal/money"
)

// scope is which facts a query is about.
type scope struct {
	viewer   Viewer
	from, to time.Time // whole milliseconds, UTC
	loc      *time.Location
	zone     *zone
	filters  []filter
	test     traffic
	byClick  bool // conversions by the time of their click
	// money is the currency that sums of money are of; "" for that of all there
	// is, which then has to be one.
	money money.Currency
}

// traffic is whether test traffic is counted.
type traffic uint8

const (
	noTest traffic = iota
	onlyTest
	anyTest
)

// settleTest leaves test traffic out, unless it was asked for: alone, or by a
// dimension or filter that tells it from the rest.
func (s *scope) settleTest(only bool, dims []dimension) {
	isTest := func(d dimension) bool { return d.name == "test" }
	switch {
	case only:
		s.test = onlyTest
	case slices.ContainsFunc(dims, isTest), slices.ContainsFunc(s.filters, func(f filter) bool { return isTest(f.dimension) }):
		s.test = anyTest
	}
}

// covers reports whether the table's rows have all that the filters ask about.
// A table that has not is left out.
func (s *scope) covers(t source) bool {
	return !slices.ContainsFunc(s.filters, func(f filter) bool { return f.asks(t) && !t.has(f.dimension) })
}

// valid reports whether the viewer is somebody who may see reports.
func (v Viewer) valid() bool {
	switch v.Role {
	case account.Network:
		return true
	case account.Advertiser:
		return v.AdvertiserID > 0
	case account.Affiliate:
		return v.AffiliateID > 0
	case account.Publishable:
		return false
	}
	return false
}

// own gives the condition that a row of a table is the viewer's to see; "" for the
// network, whose all rows are. A signal whose sender had no such offer was sent with
// another advertiser's key, and is nothing to the one whose offer it was for.
func (v Viewer) own(t source) string {
	switch v.Role {
	case account.Network:
		return ""
	case account.Advertiser:
		own := "advertiser = " + strconv.FormatInt(v.AdvertiserID, 10)
		if t.Name == fact.Signals {
			own += " AND code <> 'offer_unknown'"
		}
		return own
	case account.Affiliate:
		return "affiliate = " + strconv.FormatInt(v.AffiliateID, 10)
	case account.Publishable:
		return "1 = 0"
	}
	return "1 = 0"
}

// reads reports whether a statement for the viewer may read a column: not what
// the other side earns or owes, nor what is the other side's own.
func (v Viewer) reads(t source, column string) bool {
	d, ok := findDimension(column, v)
	switch {
	case v.Role == account.Network:
		return true
	case t.Name == fact.Signals && column == "order_id":
		return v.Role == account.Advertiser
	case column == "ip", column == "user_agent":
		return false
	case column == "revenue":
		return v.Role == account.Advertiser
	case column == "payout":
		return v.Role == account.Affiliate
	case column == "referrer":
		return v.Role == account.Affiliate
	case column == "amount_sent":
		return v.Role == account.Advertiser
	default:
		return ok || d.name == ""
	}
}

// item is one column of an innermost SELECT: an expression over columns of the
// table.
type item struct {
	as, expression string
	columns        []string // what it reads
}

// col selects a column as it is.
func col(name string) item { return item{as: name, expression: name, columns: []string{name}} }

// writer writes one statement.
type writer struct {
	scope *scope
	args  []any
	err   error
}

// arg takes an argument and gives its place.
func (w *writer) arg(v string) string {
	w.args = append(w.args, v)
	return "$" + strconv.Itoa(len(w.args))
}

// facts gives the SELECT that all statements are built around: the rows of one
// table that the viewer may see, in the range, as the filters say. No statement
// reads a table in any other way.
func (w *writer) facts(t source, items []item, where ...string) string {
	selected := make([]string, len(items))
	for i, it := range items {
		for _, c := range it.columns {
			if !w.scope.viewer.reads(t, c) && w.err == nil {
				w.err = fault.New(fault.Forbidden, "a key of role %s cannot see %s", w.scope.viewer.Role, c)
			}
		}
		selected[i] = it.expression
		if it.as != it.expression {
			selected[i] += " AS " + it.as
		}
	}
	return "SELECT " + strings.Join(selected, ", ") + " FROM " + t.Name + " WHERE " + strings.Join(w.conditions(t, where), " AND ")
}

func (w *writer) conditions(t source, more []string) []string {
	var all []string
	if own := w.scope.viewer.own(t); own != "" {
		all = append(all, own)
	}
	all = append(all, w.scope.within(t)...)
	if test := w.scope.test.condition(t); test != "" {
		all = append(all, test)
	}
	for _, f := range w.scope.filters {
		if f.asks(t) {
			all = append(all, w.filter(t, f))
		}
	}
	return append(all, more...)
}

// within gives the conditions of the range. The engine leaves out what it need
// not read by the column quarter; milliseconds are asked about only where the
// range does not begin or end with a quarter.
func (s *scope) within(t source) []string {
	from, to := s.from.UnixMilli(), s.to.UnixMilli()
	all := []string{
		t.quarter() + " >= " + strconv.FormatInt(from/quarterMilli, 10),
		t.quarter() + " < " + strconv.FormatInt((to+quarterMilli-1)/quarterMilli, 10),
	}
	if from%quarterMilli != 0 {
		all = append(all, t.milli()+" >= "+strconv.FormatInt(from, 10))
	}
	if to%quarterMilli != 0 {
		all = append(all, t.milli()+" < "+strconv.FormatInt(to, 10))
	}
	return all
}

// among gives the condition that a visit is of one of the kinds, which are told
// without the bit of tests, and of the tests or not as k says.
func (k traffic) among(kinds []int) string {
	var all []string
	for _, n := range kinds {
		if k != onlyTest {
			all = append(all, strconv.Itoa(n))
		}
		if k != noTest {
			all = append(all, strconv.Itoa(n|fact.TrafficTest))
		}
	}
	if len(all) == 1 {
		return "traffic = " + all[0]
	}
	return "traffic IN (" + strings.Join(all, ", ") + ")"
}

// net gives the condition that a visit is neither by a bot nor turned away.
func (k traffic) net() string { return k.among([]int{0}) }

func (k traffic) condition(t source) string {
	switch {
	case k == anyTest, t.counted:
		return ""
	case t.traffic() && k == onlyTest:
		return "traffic >= " + strconv.Itoa(fact.TrafficTest)
	case t.traffic():
		return "traffic < " + strconv.Itoa(fact.TrafficTest)
	case k == onlyTest:
		return "test = TRUE"
	default:
		return "test = FALSE"
	}
}

// filter gives the condition of a filter.
func (w *writer) filter(t source, f filter) string {
	if !w.scope.viewer.reads(t, f.name) && w.err == nil {
		w.err = fault.New(fault.Forbidden, "a key of role %s cannot see %s", w.scope.viewer.Role, f.name)
	}
	switch {
	case f.kind == ID:
		return f.number()
	case f.kind == Flag:
		return f.flag(t.flag(f.dimension))
	case f.ids != nil && t.visits():
		return f.id()
	}
	name := f.name
	if t.word(name) {
		if f.op == in || f.op == notIn {
			return w.words(f)
		}
		name = asText(name)
	}
	switch f.op {
	case prefix:
		return w.begins(name, f.texts[0])
	case contains:
		return "position(lower(" + w.arg(f.texts[0]) + ") IN lower(" + name + ")) > 0"
	case notIn:
		return name + " NOT IN (" + w.list(f.texts) + ")"
	default:
		return name + " IN (" + w.list(f.texts) + ")"
	}
}

// words compares a column that holds one of a few words. Engines keep those as
// numbers, and compare them so only with words in the statement's own text:
// plain words are written there, and others, which no fact of ours has, go the
// long way.
func (w *writer) words(f filter) string {
	not := ""
	if f.op == notIn {
		not = "NOT "
	}
	if !slices.ContainsFunc(f.texts, func(text string) bool { return !plainWord(text) }) {
		return f.name + " " + not + "IN ('" + strings.Join(f.texts, "', '") + "')"
	}
	return asText(f.name) + " " + not + "IN (" + w.list(f.texts) + ")"
}

// plainWord reports whether a text means itself between quotes in every engine.
func plainWord(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool {
		return (r < 'a' || 'z' < r) && (r < 'A' || 'Z' < r) && (r < '0' || '9' < r) && !strings.ContainsRune(" ._-", r)
	})
}

func asText(name string) string { return "CAST(" + name + " AS VARCHAR)" }

func (w *writer) list(texts []string) string {
	places := make([]string, len(texts))
	for i, text := range texts {
		places[i] = w.arg(text)
	}
	return strings.Join(places, ", ")
}

// begins compares a text with the first one that begins so and with the first
// one behind them all, which an engine does by its order.
func (w *writer) begins(name, text string) string {
	from := name + " >= " + w.arg(text)
	if end, ok := afterPrefix(text); ok {
		return from + " AND " + name + " < " + w.arg(end)
	}
	return from
}

// afterPrefix gives the first text behind all that begin with text, in the
// order of bytes, which is that of code points.
func afterPrefix(text string) (string, bool) {
	runes := []rune(text)
	for i := len(runes) - 1; i >= 0; i-- {
		switch r := runes[i]; r {
		case 0x10FFFF:
			continue
		case 0xD7FF:
			runes[i] = 0xE000 // between them lie surrogates, which are no characters
		default:
			runes[i] = r + 1
		}
		return string(runes[:i+1]), true
	}
	return "", false
}

func (f filter) number() string {
	switch f.op {
	case in, notIn:
		not := ""
		if f.op == notIn {
			not = "NOT "
		}
		all := make([]string, len(f.numbers))
		for i, n := range f.numbers {
			all[i] = strconv.FormatInt(n, 10)
		}
		return f.name + " " + not + "IN (" + strings.Join(all, ", ") + ")"
	default:
		return f.name + " " + string(f.op) + " " + strconv.FormatInt(f.numbers[0], 10)
	}
}

func (f filter) flag(set string) string {
	wants := func(n int64) bool { return slices.Contains(f.numbers, n) == (f.op == in) }
	switch yes, no := wants(1), wants(0); {
	case yes && no:
		return "1 = 1"
	case yes:
		return set
	case no:
		return "NOT (" + set + ")"
	default:
		return "1 = 0"
	}
}

// id gives the condition that an ID kept in parts is one of the filter's.
func (f filter) id() string {
	all := make([]string, len(f.ids))
	for i, id := range f.ids {
		c := id.Columns()
		all[i] = "(ms = " + strconv.FormatInt(c.Milli, 10) +
			" AND id_head = " + strconv.FormatUint(uint64(c.Head), 10) +
			" AND id_node = " + strconv.FormatUint(uint64(c.Node), 10) +
			" AND id_seq = " + strconv.FormatUint(uint64(c.Seq), 10) +
			" AND id_mask = " + strconv.FormatUint(c.Mask, 10) +
			" AND id_tag = " + strconv.FormatUint(uint64(c.Tag), 10) + ")"
	}
	either := "(" + strings.Join(all, " OR ") + ")"
	if f.op == notIn {
		return "NOT " + either
	}
	return either
}
