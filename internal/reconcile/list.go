package reconcile

import (
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"waybill/internal/conversion"
	"waybill/internal/fault"
	"waybill/internal/money"
	"waybill/internal/txid"
)

// Reading says how a list is to be read. What is left open is found out.
type Reading struct {
	Side     Side
	Zone     *time.Location // of the list's clock
	Columns  map[Field]string
	Order    DateOrder
	Decimal  Decimal
	Currency money.Currency    // of amounts that name none
	Words    map[string]string // the partner's words for statuses
	MaxLines int               // default MaxLines
	Verify   func(txid.ID) bool
	Now      time.Time // no date of a list lies behind it
}

// The bounds of a list.
const (
	MaxLines   = 1_000_000
	maxColumns = 500
	maxCell    = 4096 // bytes that are looked at
	maxID      = 255
	sampled    = 200 // lines that the columns are told by
	maxNoted   = 100 // problems that are kept
)

// Line is one line of a list, as it was understood.
type Line struct {
	Number   int     // in the file, from 1
	Click    txid.ID // the transaction ID, if it has the form of one
	Text     string  // what stood in its place, if it has not
	ID       txid.ID // the conversion ID
	OrderID  string
	OfferID  int64
	Currency money.Currency
	Status   conversion.Status
	At       time.Time // zero when the list has none
	Clock    bool      // At has a time of day
	Zoned    bool      // At was said with its zone

	stamp stamp
	money [numMeasures]value
}

// value is an amount that a line says.
type value struct {
	units int64
	set   bool
}

// Value gives what a line says of a measure, and whether it says anything.
func (l *Line) Value(m Measure) (int64, bool) { return l.money[m].units, l.money[m].set }

// worth gives what a line counts for: nothing when it was rejected.
func (l *Line) worth(m Measure) int64 {
	if l.Status == conversion.Rejected {
		return 0
	}
	return l.money[m].units
}

// named reports whether the line says which conversion it is about.
func (l *Line) named() bool {
	return !l.Click.IsZero() || l.Text != "" || !l.ID.IsZero() || l.OrderID != ""
}

// Problem is something in a line that could not be understood.
type Problem struct {
	Line    int    `json:"line"`
	Column  string `json:"column,omitempty"`
	Message string `json:"message"`
}

// List is a partner's list, understood.
type List struct {
	Lines     []Line
	Head      []string // as it stood; nil where the list has none
	Columns   []Column
	Separator string
	Encoding  string
	Order     DateOrder // as it was decided; empty where no date was in doubt
	Decimal   Decimal   // likewise
	Notes     []string  // what was decided for the whole list
	Problems  []Problem // the first of them
	Troubled  int       // how many problems there are
	Unsure    error     // what must be told before the list can be reconciled
	Skipped   int       // lines left out: empty ones and totals
}

// Read takes in a list. The error is an Invalid fault when the list cannot be
// read at all; what is wrong with single lines is among the problems.
func Read(from io.Reader, how Reading) (*List, error) {
	text, encoding, err := decode(from)
	if err != nil {
		return nil, fmt.Errorf("read list: %w", err)
	}
	r := reader{Reading: how, List: &List{Encoding: encoding}, words: words(how.Words)}
	if r.MaxLines == 0 {
		r.MaxLines = MaxLines
	}
	if err := r.open(text); err != nil {
		return nil, fmt.Errorf("read list: %w", err)
	}
	if err := r.lines(); err != nil {
		return nil, fmt.Errorf("read list: %w", err)
	}
	r.decide()
	return r.List, nil
}

// reader reads one list.
type reader struct {
	Reading
	*List
	csv     *csv.Reader
	words   map[string]conversion.Status
	place   [12]int // of each field, in the order of Fields; -1 where there is none
	held    []cells // read before the columns were known
	points  int     // amounts that tell a decimal point
	commas  int
	doubts  []doubt
	windows bool
	unknown map[string]bool // words for statuses
}

// cells is a line before it is understood.
type cells struct {
	number int
	values []string
}

// doubt is an amount that waits for what its column says.
type doubt struct {
	line    int
	measure Measure
	sign    Decimal
}

// next reads a line; io.EOF is behind the last.
func (r *reader) next() (cells, error) {
	record, err := r.csv.Read()
	if pe, ok := errors.AsType[*csv.ParseError](err); ok {
		return cells{}, fault.New(fault.Invalid, "line %d is not CSV: %v", pe.Line, pe.Err)
	}
	if err != nil {
		return cells{}, err
	}
	if len(record) > maxColumns {
		return cells{}, fault.New(fault.Invalid, "a line has %d columns, the most is %d", len(record), maxColumns)
	}
	number, _ := r.csv.FieldPos(0)
	for i, cell := range record {
		text, windows := toUTF8(short(cell, maxCell))
		if windows && !r.windows {
			r.windows, r.Encoding = true, encodingWindows
		}
		record[i] = strings.TrimSpace(strings.Trim(text, "\ufeff"))
	}
	return cells{number, record}, nil
}

// short cuts a text at the beginning of a letter.
func short(text string, most int) string {
	if len(text) <= most {
		return text
	}
	for most > 0 && !utf8.RuneStart(text[most]) {
		most--
	}
	return text[:most]
}

// open finds out separator and columns.
func (r *reader) open(text io.Reader) error {
	source, separator, err := separated(text)
	if err != nil {
		return err
	}
	r.Separator = string(separator)
	r.csv = csv.NewReader(source)
	r.csv.Comma, r.csv.LazyQuotes, r.csv.FieldsPerRecord = separator, true, -1

	if err := r.begin(); err != nil {
		return err
	}
	m := mapping{side: r.Side, verify: r.Verify, head: r.Head}
	for len(r.held) < sampled {
		line, err := r.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		r.held = append(r.held, line)
	}
	m.width = len(m.head)
	for _, line := range r.held {
		m.sample = append(m.sample, line.values)
		m.width = max(m.width, len(line.values))
	}
	if err := m.find(r.Reading.Columns); err != nil {
		return err
	}
	r.settle(&m)
	return nil
}

// settle keeps what was found out about the columns.
func (r *reader) settle(m *mapping) {
	r.List.Columns = m.found
	for i, f := range Fields() {
		r.place[i] = m.at(f)
	}
	if said := m.currency(); r.Currency == "" && said != "" {
		r.Currency = said
		r.Notes = append(r.Notes, fmt.Sprintf("Amounts that name no currency are %s, as the head of their column says.", said))
	}
}

func (r *reader) lines() error {
	for _, line := range r.held {
		if err := r.take(line); err != nil {
			return err
		}
	}
	r.held = nil
	r.csv.ReuseRecord = true
	for {
		line, err := r.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := r.take(line); err != nil {
			return err
		}
	}
}

func (r *reader) value(line cells, f Field) string {
	at := r.place[slices.Index(Fields(), f)]
	if at < 0 || at >= len(line.values) {
		return ""
	}
	return line.values[at]
}

func (r *reader) problem(line cells, f Field, format string, args ...any) {
	r.Troubled++
	if len(r.Problems) >= maxNoted {
		return
	}
	p := Problem{Line: line.number, Message: fmt.Sprintf(format, args...)}
	for _, c := range r.List.Columns {
		if c.Field == f {
			p.Column = c.Name
		}
	}
	r.Problems = append(r.Problems, p)
}

// take understands one line.
func (r *reader) take(c cells) error {
	if strings.Join(c.values, "") == "" {
		return nil
	}
	l := Line{Number: c.number}
	r.identify(c, &l)
	if isTotal(c.values) && l.Click.IsZero() && l.ID.IsZero() && namesTotal(l.Text) && namesTotal(l.OrderID) {
		r.Skipped++
		return nil
	}
	if !l.named() {
		r.problem(c, "", "names neither a transaction nor an order")
	}
	for _, m := range r.Side.Measures() {
		r.amount(c, &l, m)
	}
	r.currency(c, &l)
	r.status(c, &l)
	r.time(c, &l)
	if len(r.Lines) == r.MaxLines {
		return fault.New(fault.Invalid, "the list has more than %d lines; send it in parts, such as a month each", r.MaxLines)
	}
	r.Lines = append(r.Lines, l)
	return nil
}

// isTotal recognises the line under a list that sums it up.
func isTotal(values []string) bool {
	for _, v := range values {
		if v == "" {
			continue
		}
		return namesTotal(v)
	}
	return false
}

// namesTotal reports whether a text is a word for a total, or nothing.
func namesTotal(text string) bool {
	words := [...]string{"total", "totals", "sum", "summe", "gesamt", "gesamtsumme", "grandtotal", "subtotal", "итого", "totale"}
	return text == "" || slices.Contains(words[:], plainName(text))
}

func (r *reader) identify(c cells, l *Line) {
	var other string
	l.Click, l.Text = parseID(r.value(c, FieldTransaction))
	l.ID, other = parseID(r.value(c, FieldConversion))
	if l.Click.IsZero() && l.Text == "" {
		l.Text = other
	}
	if l.Click.Kind() == txid.Conversion && l.ID.IsZero() { // ours, under another name
		l.Click, l.ID = txid.ID{}, l.Click
	}
	if text := r.value(c, FieldOrder); len(text) > maxID {
		r.problem(c, FieldOrder, "has %d characters; an order ID has at most %d", len(text), maxID)
	} else {
		l.OrderID = strings.Clone(text)
	}
	if text := r.value(c, FieldOffer); text != "" {
		if n, err := strconv.ParseInt(text, 10, 64); err == nil && n > 0 {
			l.OfferID = n
		}
	}
}

// parseID reads an ID; what is none is given as it stood.
func parseID(text string) (txid.ID, string) {
	if text == "" {
		return txid.ID{}, ""
	}
	if id, err := txid.Parse(text); err == nil {
		return id, ""
	}
	return txid.ID{}, strings.Clone(short(text, maxID))
}

func (r *reader) amount(c cells, l *Line, m Measure) {
	f := Field(m.String())
	text := r.value(c, f)
	if text == "" {
		return
	}
	n, err := parseNumber(text)
	if err != nil {
		r.problem(c, f, "%s", plainText(err))
		return
	}
	switch n.tells {
	case Point:
		r.points++
	case Comma:
		r.commas++
	}
	if n.doubt {
		sign, _ := lastSign(text)
		r.doubts = append(r.doubts, doubt{len(r.Lines), m, decimalOf(sign)})
	}
	l.money[m] = value{n.units, true}
	l.Currency = cmp.Or(l.Currency, n.currency)
}

func (r *reader) currency(c cells, l *Line) {
	text := r.value(c, FieldCurrency)
	if text != "" {
		got, err := money.ParseCurrency(text)
		if p, e := money.Parse("1 " + text); err != nil && e == nil && p.Currency != "" { // €
			got, err = p.Currency, nil
		}
		if err != nil {
			r.problem(c, FieldCurrency, "%s", plainText(err))
		} else {
			l.Currency = got
		}
	}
	l.Currency = cmp.Or(l.Currency, r.Currency)
}

func (r *reader) status(c cells, l *Line) {
	text := r.value(c, FieldStatus)
	if text == "" {
		return
	}
	s, ok := r.words[plainName(text)]
	if ok {
		l.Status = s
		return
	}
	if !r.unknown[text] {
		if r.unknown == nil {
			r.unknown = map[string]bool{}
		}
		r.problem(c, FieldStatus, "the status %.40q is not known; say what it means with status_words=%.40s:approved", text, text)
		if len(r.unknown) < maxNoted {
			r.unknown[strings.Clone(text)] = true
		}
	}
}

func (r *reader) time(c cells, l *Line) {
	text := r.value(c, FieldTime)
	if text == "" {
		return
	}
	if clock := r.value(c, FieldClock); clock != "" {
		text += " " + clock
	}
	s, err := parseStamp(text)
	if err != nil {
		r.problem(c, FieldTime, "%s", plainText(err))
		return
	}
	l.stamp = s
}

// plainText gives what a fault says, without its place.
func plainText(err error) string {
	for _, f := range fault.All(err) {
		return f.Text
	}
	return err.Error()
}

// decide settles what only the whole list can tell.
func (r *reader) decide() {
	r.noteAmounts()
	if r.windows {
		r.Notes = append(r.Notes, "The list is not UTF-8 throughout; the rest was read as Windows-1252.")
	}
	r.decideNumbers()
	r.decideDates()
	for i := range r.Lines {
		l := &r.Lines[i]
		if !l.stamp.set {
			continue
		}
		l.stamp = l.stamp.resolve(r.List.Order)
		l.At = l.stamp.wall(r.Zone)
		l.Clock, l.Zoned = l.stamp.clock, l.stamp.zoned
	}
	if len(r.Lines) == 0 && r.Unsure == nil {
		r.Unsure = fault.New(fault.Invalid, "the list has no lines")
	}
	if r.unknown != nil {
		unknown := slices.Sorted(maps.Keys(r.unknown))
		r.Notes = append(r.Notes, fmt.Sprintf("Statuses that are not known were left out of the comparison: %.200s.", strings.Join(unknown, ", ")))
	}
}

// noteAmounts says that no money is compared where no column has any, so that
// nobody takes what is matched for what is paid alike.
func (r *reader) noteAmounts() {
	var fields []string
	for _, m := range r.Side.Measures() {
		if r.place[slices.Index(Fields(), Field(m.String()))] >= 0 {
			return
		}
		fields = append(fields, m.String())
	}
	r.Notes = append(r.Notes, fmt.Sprintf("No column with amounts was found, so no money is compared; say which it is, as in columns=%s:NAME.", fields[0]))
}
