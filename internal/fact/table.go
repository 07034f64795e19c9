package fact

import "strconv"

// Type is what a column holds, in words that every engine can translate.
type Type string

// The types.
const (
	Int8   Type = "int8"
	Uint8  Type = "uint8"
	Uint16 Type = "uint16"
	Int32  Type = "int32"
	Uint32 Type = "uint32"
	Int64  Type = "int64"
	Uint64 Type = "uint64"
	Bool   Type = "bool"
	Text   Type = "text" // any text
	Word   Type = "word" // a text out of few
)

// Column is one column of a table.
type Column struct {
	Name     string
	Type     Type
	Personal bool   // it tells of a person: address, agent
	Doc      string // what it holds, for whoever reads an export
}

// Table is one kind of fact. Its rows are kept by UTC day, each day in the
// order of offer and ms.
type Table struct {
	Name    string
	Doc     string
	Columns []Column
}

// The tables' names.
const (
	Clicks      = "click"
	Impressions = "impression"
	Conversions = "conversion"
	Signals     = "signal"
	Deliveries  = "delivery"
)

// Tables gives the tables. The caller may change what it gets.
func Tables() []Table {
	return []Table{
		{Name: Clicks, Doc: "visits through tracking links", Columns: visitColumns()},
		{Name: Impressions, Doc: "views of advertisements", Columns: visitColumns()},
		{Name: Conversions, Doc: "what was earned: each row adds its sign times what it says", Columns: conversionColumns()},
		{Name: Signals, Doc: "inbound hits, with the verdict on each", Columns: signalColumns()},
		{Name: Deliveries, Doc: "tries to deliver a postback", Columns: deliveryColumns()},
	}
}

// TableOf gives a table by its name.
func TableOf(name string) (Table, bool) {
	for _, t := range Tables() {
		if t.Name == name {
			return t, true
		}
	}
	return Table{}, false
}

// Column gives a column by its name.
func (t Table) Column(name string) (Column, bool) {
	for _, c := range t.Columns {
		if c.Name == name {
			return c, true
		}
	}
	return Column{}, false
}

// visitColumns has an ID's numbers in place of the ID: see txid.Columns. The
// column ms is one of them.
func visitColumns() []Column {
	return join(
		when(),
		[]Column{
			{Name: "id_head", Type: Uint8, Doc: "the ID's version, kind and flags"},
			{Name: "id_node", Type: Uint16, Doc: "the ID's node"},
			{Name: "id_seq", Type: Uint16, Doc: "the ID's sequence"},
			{Name: "id_mask", Type: Uint64, Doc: "the ID's masked numbers"},
			{Name: "id_tag", Type: Uint32, Doc: "the ID's tag"},
			{Name: "traffic", Type: Uint8, Doc: "1 by a bot, 2 turned away, 4 test, added up"},
		},
		parties(),
		[]Column{
			{Name: "visitor", Type: Uint64, Doc: "hash of address and agent, salted anew at 00:00 UTC"},
			{Name: "turned_away", Type: Text, Doc: "why the visitor was not sent on"},
			{Name: "source", Type: Text, Doc: "the affiliate's source"},
		},
		numbered("sub", "the affiliate's free value"),
		visitor(),
		[]Column{
			{Name: "link", Type: Text, Doc: "code of the short link"},
			{Name: "aff_click_id", Type: Text, Doc: "the affiliate's own ID of the click"},
			{Name: "referrer", Type: Text, Doc: "the page the visitor came from"},
			{Name: "user_agent", Type: Text, Personal: true, Doc: "the visitor's user agent"},
			{Name: "ip", Type: Text, Personal: true, Doc: "the visitor's address"},
		},
	)
}

func conversionColumns() []Column {
	return join(
		[]Column{{Name: "sign", Type: Int8, Doc: "1, or -1 where the row takes back what an earlier one said"}},
		when(),
		[]Column{
			{Name: "click_ms", Type: Int64, Doc: "when the click or view was, in Unix milliseconds; 0 when unknown"},
			{Name: "click_quarter", Type: Int32, Doc: "the quarter of an hour of click_ms, counted from 1970 in UTC"},
			{Name: "conversion_id", Type: Text, Doc: "the conversion's ID"},
			{Name: "transaction_id", Type: Text, Doc: "the click's or view's ID"},
			{Name: "change_id", Type: Int64, Doc: "the ledger's change that says so"},
			{Name: "traffic", Type: Uint8, Doc: "1 by a bot, 4 test, added up"},
		},
		parties(),
		[]Column{
			{Name: "goal", Type: Int64, Doc: "the goal's number"},
			{Name: "status", Type: Text, Doc: "pending, hold, approved, rejected or paid"},
			{Name: "channel", Type: Text, Doc: "the door its first signal came through"},
			{Name: "attribution", Type: Text, Doc: "the rule that credited it"},
			{Name: "view_through", Type: Bool, Doc: "whether a view earned it, not a click"},
			{Name: "amount", Type: Int64, Doc: "of the sale, in millionths of the currency's unit"},
			{Name: "payout", Type: Int64, Doc: "what the affiliate earns, in millionths of the currency's unit"},
			{Name: "revenue", Type: Int64, Doc: "what the advertiser owes, in millionths of the currency's unit"},
			{Name: "currency", Type: Text, Doc: "ISO 4217 code"},
			{Name: "order_id", Type: Text, Doc: "the advertiser's order"},
			{Name: "source", Type: Text, Doc: "the affiliate's source"},
		},
		numbered("sub", "the affiliate's free value"),
		numbered("adv", "the advertiser's free value"),
		visitor(),
	)
}

func signalColumns() []Column {
	return join(
		when(),
		[]Column{
			{Name: "signal_id", Type: Text, Doc: "the signal's ID"},
			{Name: "channel", Type: Text, Doc: "the door it came through"},
			{Name: "status", Type: Text, Doc: "what became of it, in one word"},
			{Name: "code", Type: Text, Doc: "the reason behind the status"},
			{Name: "transaction_id", Type: Text, Doc: "the ID of the click or view it names"},
			{Name: "conversion_id", Type: Text, Doc: "the conversion it made or changed"},
			{Name: "order_id", Type: Text, Doc: "the advertiser's order"},
		},
		parties(),
		[]Column{
			{Name: "goal", Type: Int64, Doc: "the goal's number"},
			{Name: "amount_sent", Type: Text, Doc: "the amount, as it came"},
			{Name: "test", Type: Bool, Doc: "whether it is test traffic"},
			{Name: "correction", Type: Bool, Doc: "whether it corrected or paid a conversion, and reports none"},
		},
	)
}

func deliveryColumns() []Column {
	return join(
		when(),
		[]Column{
			{Name: "number", Type: Int64, Doc: "the attempt's place in the ledger's order"},
			{Name: "delivery_id", Type: Text, Doc: "the postback's ID"},
			{Name: "conversion_id", Type: Text, Doc: "the conversion it tells of"},
			{Name: "transaction_id", Type: Text, Doc: "the ID of that conversion's click or view"},
			{Name: "event", Type: Text, Doc: "what it tells of"},
			{Name: "took_ms", Type: Int64, Doc: "how long the attempt took, in milliseconds"},
			{Name: "subscription", Type: Int64, Doc: "the subscription's number"},
		},
		parties(),
		[]Column{
			{Name: "http_status", Type: Int32, Doc: "the answer's status; 0 when none came"},
			{Name: "error", Type: Text, Doc: "what went wrong, in one word"},
			{Name: "delivered", Type: Bool, Doc: "whether it was delivered"},
			{Name: "test", Type: Bool, Doc: "whether it is test traffic"},
		},
	)
}

// when begins every table but conversion, whose sign stands before it.
func when() []Column {
	return []Column{
		{Name: "ms", Type: Int64, Doc: "when it happened, in Unix milliseconds"},
		{Name: "quarter", Type: Int32, Doc: "the quarter of an hour of ms, counted from 1970 in UTC"},
		{Name: "day", Type: Int32, Doc: "the day of ms, counted from 1970 in UTC"},
	}
}

func parties() []Column {
	return []Column{
		{Name: "offer", Type: Int64, Doc: "the offer's number; 0 for none"},
		{Name: "advertiser", Type: Int64, Doc: "the advertiser's number; 0 for none"},
		{Name: "affiliate", Type: Int64, Doc: "the affiliate's number; 0 for none"},
	}
}

func visitor() []Column {
	return []Column{
		{Name: "country", Type: Word, Doc: "ISO 3166-1 alpha-2 code"},
		{Name: "region", Type: Text, Doc: "part of the country"},
		{Name: "device", Type: Word, Doc: "kind of device"},
		{Name: "os", Type: Word, Doc: "operating system"},
		{Name: "browser", Type: Word, Doc: "browser, or the app with its window"},
	}
}

func numbered(name, doc string) []Column {
	all := make([]Column, 0, Subs)
	for i := range Subs {
		all = append(all, Column{Name: name + strconv.Itoa(i+1), Type: Text, Doc: doc})
	}
	return all
}

func join(parts ...[]Column) []Column {
	var all []Column
	for _, p := range parts {
		all = append(all, p...)
	}
	return all
}
