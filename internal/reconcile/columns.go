package reconcile

import (
	"slices"
	"strconv"
	"strings"
	"unicode"

	"waybill/internal/fault"
	"waybill/internal/money"
	"waybill/internal/txid"
)

// Field is what a column holds.
type Field string

// The fields. FieldClock is a time of day in a column of its own, beside a date
// in FieldTime.
const (
	FieldTransaction Field = "transaction_id"
	FieldConversion  Field = "conversion_id"
	FieldOrder       Field = "order_id"
	FieldOffer       Field = "offer_id"
	FieldAmount      Field = "amount"
	FieldRevenue     Field = "revenue"
	FieldPayout      Field = "payout"
	FieldCurrency    Field = "currency"
	FieldStatus      Field = "status"
	FieldTime        Field = "time"
	FieldClock       Field = "clock"
)

// Fields gives all fields.
func Fields() []Field {
	return []Field{
		FieldTransaction, FieldConversion, FieldOrder, FieldOffer, FieldAmount, FieldRevenue, FieldPayout,
		FieldCurrency, FieldStatus, FieldTime, FieldClock,
	}
}

// Column is where a field is found in the list.
type Column struct {
	Field  Field  `json:"field"`
	Name   string `json:"name"`   // as the list's head has it; its number where there is no head
	Number int    `json:"number"` // from 1
	How    string `json:"how"`    // told, name or contents
}

// How a column was found.
const (
	byTold     = "told"
	byName     = "name"
	byContents = "contents"
)

// names gives the names that a field's column is found by, the likeliest first.
// They are compared without regard to case, spaces and punctuation. Those of an
// affiliate's tracker and of a shop mean different things: what the one calls
// revenue is its payout.
func names(f Field, s Side) []string {
	switch f {
	case FieldTransaction:
		return []string{
			"transactionid", "tid", "clickid", "cid", "clickref", "clickreference", "subid", "waybillid", "wbtid", "externalid",
			"transaction",
		}
	case FieldConversion:
		return []string{"conversionid", "convid", "actionid", "leadid"}
	case FieldOrder:
		return []string{
			"orderid", "txid", "conversionuniqueid", "txnid", "ordernumber", "orderno", "orderref", "orderreference", "order",
			"ordernr", "invoice", "invoicenumber", "bestellnummer", "auftragsnummer", "referencenumber", "reference", "advsub", "adv1",
		}
	case FieldOffer:
		return []string{"offerid", "oid", "offer", "campaignid"}
	case FieldAmount:
		if s == Affiliate {
			return nil
		}
		return []string{
			"amount", "saleamount", "sum", "sale", "sales", "ordervalue", "orderamount", "ordertotal", "basketvalue", "cartvalue",
			"total", "price", "value", "umsatz", "betrag", "bestellwert", "subtotal", "grandtotal", "turnover",
		}
	case FieldRevenue:
		if s == Affiliate {
			return nil
		}
		return []string{
			"revenue", "cost", "commission", "commissionamount", "charge", "fee", "payable", "provision", "payout", "cpa", "costs",
		}
	case FieldPayout:
		if s == Advertiser {
			return nil
		}
		return []string{
			"payout", "commission", "commissionamount", "revenue", "earnings", "earning", "reward", "income", "provision", "rate",
			"amount", "sum", "cpa", "total", "value",
		}
	case FieldCurrency:
		return []string{"currency", "currencycode", "cur", "waehrung", "währung", "iso"}
	case FieldStatus:
		return []string{"status", "state", "orderstatus", "conversionstatus", "transactionstatus", "approvalstatus"}
	case FieldTime:
		return []string{
			"occurredat", "conversiondate", "conversiontime", "datetime", "timestamp", "time", "date", "createdat", "created",
			"orderdate", "ordertime", "transactiondate", "transactiontime", "eventtime", "eventdate", "saledate", "purchasedate",
			"datum", "zeitpunkt", "day", "fecha", "data",
		}
	case FieldClock:
		return []string{"time", "timeofday", "hour", "clock", "uhrzeit", "ordertime", "zeit"}
	}
	return nil
}

// plainName leaves a name's letters and digits, in lower case.
func plainName(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, name)
}

// ParseColumns reads what a caller says about the columns: field and name, or
// field and #number, in pairs with a colon, parted by commas. \, is a comma
// within a name.
func ParseColumns(text string) (map[Field]string, error) {
	told := map[Field]string{}
	if strings.TrimSpace(text) == "" {
		return told, nil
	}
	const comma = "\x00"
	for pair := range strings.SplitSeq(strings.ReplaceAll(text, `\,`, comma), ",") {
		field, name, ok := strings.Cut(pair, ":")
		f := Field(strings.TrimSpace(field))
		name = strings.TrimSpace(strings.ReplaceAll(name, comma, ","))
		if !slices.Contains(Fields(), f) {
			return nil, fault.At("query.columns", "%.40q is not one of %s", string(f), fieldList())
		}
		if !ok || name == "" {
			return nil, fault.At("query.columns", "say which column holds %s: %s:Name, or %s:#3 for the third", f, f, f)
		}
		if _, twice := told[f]; twice {
			return nil, fault.At("query.columns", "names two columns for %s", f)
		}
		told[f] = name
	}
	return told, nil
}

func fieldList() string {
	var all []string
	for _, f := range Fields() {
		all = append(all, string(f))
	}
	return strings.Join(all, ", ")
}

// mapping finds the columns.
type mapping struct {
	side   Side
	head   []string   // the names; nil where the list has no head
	sample [][]string // the first lines behind the head
	width  int
	verify func(txid.ID) bool
	found  []Column
}

// find puts the told columns first, then those whose contents are ours without
// doubt, then goes by name.
func (m *mapping) find(told map[Field]string) error {
	for _, f := range Fields() {
		if name, ok := told[f]; ok {
			if err := m.told(f, name); err != nil {
				return err
			}
		}
	}
	m.byIDs()
	for _, f := range Fields() {
		if f != FieldClock && !m.has(f) {
			m.byName(f)
		}
	}
	if !m.has(FieldTime) {
		m.byTimes()
	}
	m.findClock()
	if !m.has(FieldTransaction) && !m.has(FieldOrder) && !m.has(FieldConversion) {
		return fault.At("query.columns",
			"no column with transaction IDs or order IDs was found among %s; say which it is, as in columns=order_id:NAME", m.columnList())
	}
	slices.SortFunc(m.found, func(a, b Column) int { return a.Number - b.Number })
	return nil
}

func (m *mapping) told(f Field, name string) error {
	if number, ok := strings.CutPrefix(name, "#"); ok {
		if n, err := strconv.Atoi(number); err == nil && n >= 1 && n <= m.width {
			m.add(f, n-1, byTold)
			return nil
		}
	}
	for i, head := range m.head {
		if strings.EqualFold(strings.TrimSpace(head), name) || plainName(name) != "" && plainName(head) == plainName(name) {
			m.add(f, i, byTold)
			return nil
		}
	}
	return fault.At("query.columns", "the list has no column %.80q; it has %s", name, m.columnList())
}

func (m *mapping) columnList() string {
	if m.head == nil {
		return "its " + strconv.Itoa(m.width) + " columns, which have no names"
	}
	const most = 40
	shown := m.head[:min(len(m.head), most)]
	return strings.Join(shown, ", ")
}

func (m *mapping) add(f Field, at int, how string) {
	name := strconv.Itoa(at + 1)
	if m.head != nil && at < len(m.head) {
		name = strings.TrimSpace(m.head[at])
	}
	m.found = append(m.found, Column{Field: f, Name: name, Number: at + 1, How: how})
}

func (m *mapping) has(f Field) bool { return m.at(f) >= 0 }

// at gives the place of a field's column, from 0, or -1.
func (m *mapping) at(f Field) int {
	for _, c := range m.found {
		if c.Field == f {
			return c.Number - 1
		}
	}
	return -1
}

func (m *mapping) taken(at int) bool {
	return slices.ContainsFunc(m.found, func(c Column) bool { return c.Number == at+1 })
}

func (m *mapping) byName(f Field) {
	for _, bare := range [...]bool{false, true} {
		for _, name := range names(f, m.side) {
			for i, head := range m.head {
				if bare {
					head, _ = unit(head)
				}
				if plainName(head) == name && !m.taken(i) {
					m.add(f, i, byName)
					return
				}
			}
		}
	}
}

// unit parts the name of a column from the currency that it says behind it:
// Amount (EUR), Betrag in €, Payout USD.
func unit(head string) (name string, currency money.Currency) {
	words := strings.FieldsFunc(head, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune("()[]_-/,:", r) })
	last := len(words) - 1
	if last < 1 || words[last] != strings.ToUpper(words[last]) {
		return head, ""
	}
	p, err := money.Parse("1 " + words[last])
	if err != nil || p.Currency == "" && p.Sign == "" {
		return head, ""
	}
	if last > 1 && strings.EqualFold(words[last-1], "in") {
		last--
	}
	return strings.Join(words[:last], " "), p.Currency
}

// currency gives the one that the heads of the columns with money say; none where
// they say several.
func (m *mapping) currency() money.Currency {
	var said money.Currency
	for _, measure := range m.side.Measures() {
		at := m.at(Field(measure.String()))
		if at < 0 || at >= len(m.head) {
			continue
		}
		switch _, c := unit(m.head[at]); {
		case c == "" || c == said:
		case said != "":
			return ""
		default:
			said = c
		}
	}
	return said
}

// byIDs finds columns that hold our own IDs, whatever they are called: what
// verifies is ours.
func (m *mapping) byIDs() {
	for at := range m.width {
		if m.taken(at) {
			continue
		}
		clicks, conversions := m.ids(at)
		switch {
		case clicks > 0 && clicks >= conversions && !m.has(FieldTransaction):
			m.add(FieldTransaction, at, byContents)
		case conversions > clicks && !m.has(FieldConversion):
			m.add(FieldConversion, at, byContents)
		}
	}
}

// ids counts a column's values that are IDs of ours.
func (m *mapping) ids(at int) (clicks, conversions int) {
	for _, line := range m.sample {
		if at >= len(line) {
			continue
		}
		id, err := txid.Parse(line[at])
		switch {
		case err != nil || !m.verify(id):
		case id.Kind() == txid.Conversion:
			conversions++
		default:
			clicks++
		}
	}
	return clicks, conversions
}

// byTimes takes the first column in which every value is a time with a date.
func (m *mapping) byTimes() {
	for at := range m.width {
		times, others := m.count(at, func(text string) bool {
			_, err := parseStamp(text)
			return err == nil && strings.Trim(text, "0123456789") != ""
		})
		if times > 0 && others == 0 && !m.taken(at) {
			m.add(FieldTime, at, byContents)
			return
		}
	}
}

// findClock looks for the time of day where the dates stand alone. A column
// called time may hold nothing else, and one called date be beside it.
func (m *mapping) findClock() {
	at := m.at(FieldTime)
	if at < 0 || m.has(FieldClock) {
		return
	}
	if clocks, others := m.count(at, isClock); clocks > 0 && others == 0 {
		date := slices.IndexFunc(m.head, func(h string) bool {
			return slices.Contains([]string{"date", "day", "datum", "orderdate"}, plainName(h))
		})
		if date < 0 || m.taken(date) {
			return
		}
		i := slices.IndexFunc(m.found, func(c Column) bool { return c.Field == FieldTime })
		m.found[i].Field = FieldClock
		m.add(FieldTime, date, byName)
		return
	}
	before := len(m.found)
	m.byName(FieldClock)
	if len(m.found) == before {
		return
	}
	if clocks, others := m.count(m.at(FieldClock), isClock); clocks == 0 || others > 0 {
		m.found = m.found[:before]
	}
}

func isClock(text string) bool {
	var s stamp
	p := scanner{rest: text}
	return p.clock(&s) && p.zone(&s)
}

// count gives how many values of a column in the sample are of a kind, and how
// many are not.
func (m *mapping) count(at int, is func(string) bool) (yes, no int) {
	for _, line := range m.sample {
		if at >= len(line) || strings.TrimSpace(line[at]) == "" {
			continue
		}
		if is(strings.TrimSpace(line[at])) {
			yes++
		} else {
			no++
		}
	}
	return yes, no
}

// isHead reports whether a list's first line names its columns: it has a name
// that is known or was told, or nothing in it looks like data.
func isHead(line []string, side Side, told map[Field]string) bool {
	return hasName(line, side, told) || !slices.ContainsFunc(line, func(cell string) bool { return strings.ContainsAny(cell, "0123456789") })
}

// hasName reports whether a line has the name of a column, known or told.
func hasName(line []string, side Side, told map[Field]string) bool {
	for _, cell := range line {
		for _, name := range told {
			if strings.EqualFold(strings.TrimSpace(cell), name) {
				return true
			}
		}
		for _, f := range Fields() {
			name, _ := unit(cell)
			if known := names(f, side); slices.Contains(known, plainName(cell)) || slices.Contains(known, plainName(name)) {
				return true
			}
		}
	}
	return false
}
