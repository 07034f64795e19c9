package report

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"waybill/internal/fact"
	"waybill/internal/fault"
	"waybill/internal/money"
	"waybill/internal/txid"
)

// List is a list of facts that was asked for, newest first. Of conversions it
// has what holds now, not the rows that were taken back.
type List struct {
	scope
	from   source
	fields []listField
	keys   []string // the columns that tell facts of one millisecond apart
	after  []Value  // where the page begins: ms, and the keys; nil for the first
	limit  int
}

// Page is a piece of a list.
type Page struct {
	Fields []Field
	Rows   []Line // their cells stand in the order of the fields
	Next   string // the cursor of what follows; empty at the end
	AsOf   time.Time
}

// listField is a field of a list with the column it is read from.
type listField struct {
	Field
	column string
}

// ParseList reads the parameters of a list of one of fact's tables: from, to,
// tz, time, filter, currency, test, limit and cursor. Filters may name what tells
// single facts apart as well: transaction_id, order_id and so on.
func ParseList(table string, values url.Values, now time.Time, viewer Viewer) (*List, error) {
	p := parser{values: values, viewer: viewer, now: now}
	cursor := values.Get("cursor")
	end, place, placed := cutCursor(cursor)
	if placed && values.Get("to") == "" {
		p.now = end // where the first page ended: so all pages are of one range
	}
	l := &List{scope: p.scope()}
	p.only("from", "to", "tz", "time", "filter", "currency", "test", "limit", "cursor")
	p.parseFilters(&l.scope, nil)
	p.parseCurrency(&l.scope)
	l.settleTest(p.flag("test"), nil)
	l.limit = p.limit(defaultPage, maxPage)
	l.from = sourceOf(table, l.byClick)
	if !viewer.lists(l.from) {
		p.errs = append(p.errs, fault.New(fault.Forbidden, "a key of role %s cannot list %s", viewer.Role, l.from.plural()))
	}
	for _, f := range l.filters {
		if !l.from.has(f.dimension) || !viewer.reads(l.from, f.name) {
			p.fail(fieldFilter, "%s cannot be filtered by %s", l.from.plural(), f.name)
		}
	}
	l.fields, l.keys = l.from.fields(viewer), l.from.keys()
	if cursor != "" {
		var ok bool
		if l.after, ok = l.from.parsePlace(place, l.keys); !placed || !ok {
			p.fail("query.cursor", "is not a next_cursor of this list")
		}
	}
	if err := errors.Join(p.errs...); err != nil {
		return nil, err
	}
	return l, nil
}

// keys names the columns that, after ms, order a table's rows.
func (s source) keys() []string {
	switch s.Name {
	case fact.Conversions:
		return []string{"conversion_id"}
	case fact.Signals:
		return []string{"signal_id"}
	case fact.Deliveries:
		return []string{"number"}
	default:
		return []string{"id_node", "id_seq", "id_mask", "id_tag", "id_head"}
	}
}

// fields gives what a list shows of the table's rows to the viewer. The parts
// of an ID, and what only engines need, are left out.
func (s source) fields(v Viewer) []listField {
	var all []listField
	if s.visits() {
		all = append(all, listField{Field: Field{Name: "transaction_id", Kind: Text, Doc: "its ID"}})
	}
	for _, c := range s.Columns {
		if f, ok := s.field(c); ok && v.reads(s, c.Name) {
			f.Named = false
			if d, ok := findDimension(c.Name, v); ok {
				f.Named = d.mayName(v)
			}
			all = append(all, f)
		}
		if c.Name == "traffic" {
			all = append(all,
				listField{Field: Field{Name: "is_bot", Kind: Flag, Doc: "whether the visitor was a bot"}},
				listField{Field: Field{Name: "test", Kind: Flag, Doc: "whether it is test traffic"}})
		}
	}
	return all
}

// field gives the field that shows a column.
func (s source) field(c fact.Column) (listField, bool) {
	f := listField{Field: Field{Name: c.Name, Kind: Count, Doc: c.Doc}, column: c.Name}
	switch {
	case strings.HasPrefix(c.Name, "id_"), strings.HasSuffix(c.Name, "quarter"),
		c.Name == "sign", c.Name == "traffic", c.Name == "visitor", c.Name == "change_id", c.Name == "day":
		return f, false
	case c.Name == "ms":
		f.Name, f.Kind, f.Doc = "at", Time, "when it happened"
	case c.Name == "click_ms":
		f.Name, f.Kind, f.Doc = "click_at", Time, "when the click or view was"
	case c.Name == "amount", c.Name == "payout", c.Name == "revenue":
		f.Kind, f.Doc = Money, strings.TrimSuffix(c.Doc, ", in millionths of the currency's unit")
	case c.Type == fact.Bool:
		f.Kind = Flag
	case c.Type == fact.Text, c.Type == fact.Word:
		f.Kind = Text
	default:
		if d, ok := findDimension(c.Name, Viewer{}); ok && d.kind == ID {
			f.Kind = ID
		}
	}
	return f, true
}

// Fields says what the cells of each row are.
func (l *List) Fields() []Field {
	all := make([]Field, len(l.fields))
	for i, f := range l.fields {
		all[i] = f.Field
	}
	return all
}

// Read gives a page.
func (l *List) Read(ctx context.Context, r Reader) (Page, error) {
	page := Page{Fields: l.Fields(), Rows: []Line{}, AsOf: r.AsOf()}
	s, err := l.statement()
	if err != nil {
		return Page{}, err
	}
	at := positions(s.Columns)
	err = r.Rows(ctx, s, func(row Row) error {
		if len(page.Rows) == l.limit {
			page.Next = "more"
			return nil
		}
		page.Rows = append(page.Rows, l.line(row, at))
		if len(page.Rows) == l.limit {
			l.after = l.place(row, at)
		}
		return nil
	})
	if err != nil {
		return Page{}, err
	}
	if page.Next != "" {
		page.Next = l.cursor()
	}
	return page, nil
}

func positions(columns []Column) map[string]int {
	at := make(map[string]int, len(columns))
	for i, c := range columns {
		at[c.Name] = i
	}
	return at
}

// columns names what the list reads: all that its fields show, and the keys.
func (l *List) columns() []string {
	names := append([]string{l.from.milli()}, l.keys...)
	if l.from.traffic() {
		names = append(names, "traffic")
	}
	for _, f := range l.fields {
		if f.column != "" && !slices.Contains(names, f.column) {
			names = append(names, f.column)
		}
	}
	return names
}

// statement reads one row more than the page holds, to know whether more follow.
func (l *List) statement() (Statement, error) {
	w := &writer{scope: &l.scope}
	var items []item
	var columns, order []string
	var result []Column
	for i, name := range l.columns() {
		c, _ := l.from.Column(name)
		it := item{as: "c" + strconv.Itoa(i+1), expression: name, columns: []string{name}}
		isText := c.Type == fact.Text || c.Type == fact.Word
		switch {
		case c.Type == fact.Bool:
			it.expression = "CASE WHEN " + name + " = TRUE THEN 1 ELSE 0 END"
		case c.Type == fact.Word:
			it.expression = asText(name)
		case !isText:
			it.expression = "CAST(" + name + " AS BIGINT)"
		}
		items, columns, result = append(items, it), append(columns, it.as), append(result, Column{Name: name, Text: isText})
		if i <= len(l.keys) {
			order = append(order, it.as+" DESC")
		}
	}
	var where []string
	if l.after != nil {
		where = l.behind(w)
	}
	sql := "SELECT " + commas(columns) + " FROM (" + l.rows(w, items, columns, where) + ") AS l ORDER BY " + commas(order) +
		" LIMIT " + strconv.Itoa(l.limit+1)
	return Statement{SQL: sql, Args: w.args, Columns: result}, w.err
}

// rows gives the SELECT of the facts. A conversion's row that was taken back
// later is equal to the row that takes it back, but for the sign.
func (l *List) rows(w *writer, items []item, columns, where []string) string {
	if l.from.Name != fact.Conversions {
		return w.facts(l.from, items, where...)
	}
	inner := w.facts(l.from, append(items, col("sign")), where...)
	return "SELECT " + commas(columns) + " FROM (" + inner + ") AS s" + groupBy("s", columns...) + " HAVING sum(s.sign) > 0"
}

// behind gives the condition that a row comes after the last one of the page
// before: that one of its keys is less, and those in front of it are equal.
func (l *List) behind(w *writer) []string {
	keys := append([]string{l.from.milli()}, l.keys...)
	places := make([]string, len(keys))
	for i, k := range keys {
		places[i] = strconv.FormatInt(l.after[i].Number, 10)
		if c, _ := l.from.Column(k); c.Type == fact.Text {
			places[i] = w.arg(l.after[i].Text)
		}
	}
	var either []string
	equal := ""
	for i, k := range keys {
		either = append(either, "("+equal+k+" < "+places[i]+")")
		equal += k + " = " + places[i] + " AND "
	}
	quarter := l.from.quarter() + " <= " + strconv.FormatInt(l.after[0].Number/quarterMilli, 10)
	return []string{quarter, "(" + strings.Join(either, " OR ") + ")"}
}

// line gives the cells of a row.
func (l *List) line(row Row, at map[string]int) Line {
	line := Line{Cells: make([]Cell, 0, len(l.fields))}
	for _, f := range l.fields {
		line.Cells = append(line.Cells, l.cell(f, row, at))
	}
	return line
}

func (l *List) cell(f listField, row Row, at map[string]int) Cell {
	switch {
	case f.column == "" && f.Name == "transaction_id":
		return text(Text, idOf(row, at).String())
	case f.column == "" && f.Name == "is_bot":
		return number(Flag, row[at["traffic"]].Number&fact.TrafficBot)
	case f.column == "":
		return number(Flag, row[at["traffic"]].Number&fact.TrafficTest)
	}
	v := row[at[f.column]]
	switch f.Kind {
	case Text:
		return text(Text, v.Text)
	case Money:
		return amount(v.Number, money.Currency(row[at["currency"]].Text))
	case Time:
		if v.Number == 0 {
			return null(Time)
		}
		return text(Time, time.UnixMilli(v.Number).UTC().Format("2006-01-02T15:04:05.000Z07:00"))
	default:
		return number(f.Kind, v.Number)
	}
}

// idOf puts an ID together that is kept in parts.
func idOf(row Row, at map[string]int) txid.ID {
	n := func(name string) int64 { return row[at[name]].Number }
	return txid.Columns{
		Head: uint8(n("id_head")), Milli: row[0].Number, Node: uint16(n("id_node")), Seq: uint16(n("id_seq")), //nolint:gosec // as it was cut from an ID
		Mask: uint64(n("id_mask")), Tag: uint32(n("id_tag")), //nolint:gosec // likewise
	}.ID()
}

// place gives the values that the page after the row begins with.
func (l *List) place(row Row, at map[string]int) []Value {
	all := []Value{row[at[l.from.milli()]]}
	for _, k := range l.keys {
		all = append(all, row[at[k]])
	}
	return all
}

// cursor names the page that follows: the end of the list's range, and the
// place behind which it begins.
func (l *List) cursor() string {
	parts := []string{strconv.FormatInt(l.to.UnixMilli(), 10)}
	for _, v := range l.after {
		if v.Text == "" {
			v.Text = strconv.FormatInt(v.Number, 10)
		}
		parts = append(parts, v.Text)
	}
	return base64.RawURLEncoding.EncodeToString(fmt.Append(nil, strings.Join(parts, " ")))
}

// cutCursor reads what cursor writes: the end, and the parts of the place. All
// of it is checked, since it comes back from outside.
func cutCursor(text string) (end time.Time, place []string, ok bool) {
	plain, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return time.Time{}, nil, false
	}
	parts := strings.Split(string(plain), " ")
	milli, err := strconv.ParseInt(parts[0], 10, 64)
	if err != nil || milli <= earliest().UnixMilli() || milli > latest().UnixMilli() {
		return time.Time{}, nil, false
	}
	return time.UnixMilli(milli).UTC(), parts[1:], true
}

// parsePlace reads the place of a row: when it was, and its keys.
func (s source) parsePlace(parts, keys []string) ([]Value, bool) {
	if len(parts) != len(keys)+1 {
		return nil, false
	}
	all := make([]Value, len(parts))
	for i, part := range parts {
		key := s.milli()
		if i > 0 {
			key = keys[i-1]
		}
		var ok bool
		if all[i], ok = s.parseKey(key, part); !ok {
			return nil, false
		}
	}
	return all, true
}

// parseKey reads the value of one key column.
func (s source) parseKey(key, part string) (Value, bool) {
	if c, _ := s.Column(key); c.Type == fact.Text {
		return Value{Text: part}, isText(part)
	}
	n, err := strconv.ParseInt(part, 10, 64)
	return Value{Number: n}, err == nil && n >= 0
}
