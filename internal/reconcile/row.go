package reconcile

import (
	"fmt"
	"strconv"
	"time"

	"waybill/internal/money"
	"waybill/internal/signal"
)

// Row is one line or conversion, with all that is known about why it is in its
// class.
type Row struct {
	Class       Class        `json:"class"`
	Reason      Reason       `json:"reason"`
	Message     string       `json:"message" doc:"The reason in words."`
	Line        int          `json:"line,omitempty" doc:"Its line in the list."`
	Theirs      *Entry       `json:"theirs,omitempty" doc:"What the list says."`
	Ours        *Entry       `json:"ours,omitempty" doc:"What we have."`
	Differences []Difference `json:"differences,omitempty" doc:"Where the money differs."`
	Signal      *Heard       `json:"signal,omitempty" doc:"The signal that tells why."`
	See         *See         `json:"see,omitempty" doc:"What it has to do with, or looks like. It is not matched with it."`
}

// Entry is one side of a row.
type Entry struct {
	ConversionID  string     `json:"conversion_id,omitempty"`
	TransactionID string     `json:"transaction_id,omitempty"`
	OrderID       string     `json:"order_id,omitempty"`
	OfferID       int64      `json:"offer_id,omitempty"`
	AffiliateID   int64      `json:"affiliate_id,omitempty"`
	Goal          string     `json:"goal,omitempty"`
	Channel       string     `json:"channel,omitempty"`
	Status        string     `json:"status,omitempty"`
	At            *time.Time `json:"at,omitempty"`
	Amount        string     `json:"amount,omitempty"`
	Revenue       string     `json:"revenue,omitempty"`
	Payout        string     `json:"payout,omitempty"`
	Currency      string     `json:"currency,omitempty"`
}

// Difference is how the money of a pair differs.
type Difference struct {
	Measure    string `json:"measure"`
	Theirs     string `json:"theirs"`
	Ours       string `json:"ours"`
	Difference string `json:"difference,omitempty" doc:"Theirs less ours; empty where the currencies differ."`
	Reason     Reason `json:"reason"`
	Message    string `json:"message"`
}

// Heard is the signal behind a reason.
type Heard struct {
	RequestID string        `json:"request_id"`
	At        time.Time     `json:"at"`
	Status    signal.Status `json:"status"`
	Code      signal.Code   `json:"code"`
	Message   string        `json:"message"`
}

// See leads to the other side.
type See struct {
	ConversionID string     `json:"conversion_id,omitempty"`
	Line         int        `json:"line,omitempty"`
	Likely       bool       `json:"likely" doc:"It is only a guess."`
	Why          string     `json:"why"`
	At           *time.Time `json:"at,omitempty"`
}

// Rows calls each with the rows of a class, in the list's order, or by time
// where the list has no line.
func (m *Match) Rows(c Class, each func(Row) error) error {
	if c == MissingThere {
		return m.absentRows(each)
	}
	for i := range m.lines {
		t := &m.lines[i]
		if t.outside || t.class != c {
			continue
		}
		if err := each(m.row(&m.list.Lines[i], t)); err != nil {
			return err
		}
	}
	return nil
}

func (m *Match) row(l *Line, t *theirs) Row {
	r := Row{Class: t.class, Reason: t.reason, Line: l.Number}
	var mate *ours
	if t.mate >= 0 {
		mate = &m.ours[t.mate]
		r.Ours = m.showOurs(mate)
		r.Differences = m.differences(l, mate)
	}
	r.Theirs = m.showTheirs(l, mate)
	if t.first >= 0 {
		r.See = &See{Line: m.list.Lines[t.first].Number, Why: "the line that is compared"}
	}
	if t.signal != nil && t.class == MissingHere {
		s := t.signal
		r.Signal = &Heard{RequestID: s.ID.String(), At: s.At, Status: s.Status, Code: s.Code, Message: s.Message}
	}
	if t.likely >= 0 && t.class == MissingHere && t.reason != OtherParty && t.reason != UnknownID {
		o := &m.ours[t.likely]
		at := o.OccurredAt.UTC()
		r.See = &See{ConversionID: o.ID.String(), Likely: m.guessed(t), Why: m.whyNear(l, t, o), At: &at}
	}
	r.Message = m.message(l, t)
	return r
}

func (m *Match) absentRows(each func(Row) error) error {
	for _, i := range m.absentByTime() {
		o := &m.ours[i]
		r := Row{Class: MissingThere, Reason: o.reason, Ours: m.showOurs(o), Message: m.messageAbsent(o)}
		if o.likely >= 0 {
			l, t := &m.list.Lines[o.likely], &m.lines[o.likely]
			r.See = &See{Line: l.Number, Likely: m.guessed(t), Why: m.whyNear(l, t, o)}
		} else if at := m.listedOutside(o); at >= 0 {
			l := &m.list.Lines[at]
			when := l.At.UTC()
			r.See = &See{Line: l.Number, Why: "the list has it on another day", At: &when}
		}
		if err := each(r); err != nil {
			return err
		}
	}
	return nil
}

func (m *Match) showTheirs(l *Line, mate *ours) *Entry {
	return l.show(m.Side, func(measure Measure) money.Currency { return m.currencyOf(l, mate, measure) })
}

// Understood is a line as it was understood.
type Understood struct {
	Line int `json:"line"`
	Entry
}

// First gives the first lines as they were understood.
func (l *List) First(n int, s Side) []Understood {
	shown := []Understood{}
	for i := range l.Lines[:min(n, len(l.Lines))] {
		line := &l.Lines[i]
		e := line.show(s, func(Measure) money.Currency { return line.Currency })
		shown = append(shown, Understood{Line: line.Number, Entry: *e})
	}
	return shown
}

func (l *Line) show(s Side, currency func(Measure) money.Currency) *Entry {
	e := &Entry{
		ConversionID: l.ID.String(), TransactionID: l.Text, OrderID: l.OrderID, OfferID: l.OfferID, Status: string(l.Status),
	}
	if !l.Click.IsZero() {
		e.TransactionID = l.Click.String()
	}
	if !l.At.IsZero() {
		at := l.At
		e.At = &at
	}
	for _, measure := range s.Measures() {
		v, ok := l.Value(measure)
		if !ok {
			continue
		}
		c := currency(measure)
		*e.money(measure), e.Currency = money.Decimal(v, c), string(c)
	}
	return e
}

func (m *Match) showOurs(o *ours) *Entry {
	at := o.OccurredAt.UTC()
	e := &Entry{
		ConversionID: o.ID.String(), TransactionID: o.TransactionID.String(), OrderID: o.OrderID, OfferID: o.OfferID,
		AffiliateID: o.AffiliateID, Goal: o.Goal, Channel: o.Channel, Status: string(o.Status), At: &at,
	}
	for _, measure := range m.Side.Measures() {
		a := o.Money[measure]
		*e.money(measure), e.Currency = money.Decimal(a.Units, a.Currency), string(a.Currency)
	}
	return e
}

func (e *Entry) money(measure Measure) *string {
	switch measure {
	case Revenue:
		return &e.Revenue
	case Payout:
		return &e.Payout
	default:
		return &e.Amount
	}
}

func (m *Match) differences(l *Line, o *ours) []Difference {
	var all []Difference
	for _, measure := range m.Side.Measures() {
		d := m.difference(l, o, measure)
		if !d.differs {
			continue
		}
		shown := Difference{
			Measure: measure.String(), Theirs: money.Decimal(d.theirs.Units, d.theirs.Currency),
			Ours: money.Decimal(d.ours.Units, d.ours.Currency), Reason: d.reason, Message: m.whyDiffers(d, o, measure),
		}
		if d.theirs.Currency == d.ours.Currency {
			shown.Difference = money.Decimal(d.theirs.Units-d.ours.Units, d.ours.Currency)
		}
		all = append(all, shown)
	}
	return all
}

// Header gives the columns of a row as CSV, in the order of Cells.
func Header() []string {
	return []string{
		"class", "reason", "message", "line",
		"their_transaction_id", "their_order_id", "their_conversion_id", "their_status", "their_time",
		"their_amount", "their_revenue", "their_payout", "their_currency",
		"conversion_id", "transaction_id", "order_id", "offer_id", "affiliate_id", "goal", "channel", "status", "time",
		"amount", "revenue", "payout", "currency",
		"difference_amount", "difference_revenue", "difference_payout",
		"request_id", "code", "see_conversion_id", "see_line", "see_likely",
	}
}

// Cells gives a row as CSV.
func (r *Row) Cells() []string {
	cells := []string{string(r.Class), string(r.Reason), r.Message, count(r.Line)}
	t, o := r.Theirs, r.Ours
	if t == nil {
		t = &Entry{}
	}
	if o == nil {
		o = &Entry{}
	}
	cells = append(cells, t.TransactionID, t.OrderID, t.ConversionID, t.Status, timeCell(t.At), t.Amount, t.Revenue, t.Payout, t.Currency)
	cells = append(cells, o.ConversionID, o.TransactionID, o.OrderID, count64(o.OfferID), count64(o.AffiliateID), o.Goal, o.Channel,
		o.Status, timeCell(o.At), o.Amount, o.Revenue, o.Payout, o.Currency)
	for _, measure := range [...]Measure{Amount, Revenue, Payout} {
		text := ""
		for _, d := range r.Differences {
			if d.Measure == measure.String() {
				text = d.Difference
			}
		}
		cells = append(cells, text)
	}
	var heard Heard
	if r.Signal != nil {
		heard = *r.Signal
	}
	var see See
	likely := ""
	if r.See != nil {
		see, likely = *r.See, fmt.Sprint(r.See.Likely)
	}
	cells = append(cells, heard.RequestID, string(heard.Code), see.ConversionID, count(see.Line), likely)
	for i := range cells {
		cells[i] = harmless(cells[i])
	}
	return cells
}

// harmless keeps a spreadsheet from running a cell as a formula. A negative
// number stays one.
func harmless(cell string) string {
	if cell == "" {
		return cell
	}
	switch cell[0] {
	case '-':
		if _, err := strconv.ParseFloat(cell, 64); err == nil {
			return cell
		}
		return "'" + cell
	case '=', '+', '@', '\t', '\r':
		return "'" + cell
	}
	return cell
}

func count(n int) string { return count64(int64(n)) }

func count64(n int64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatInt(n, 10)
}

func timeCell(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.Format(time.RFC3339)
}
