package reconcile

import (
	"slices"
	"strings"
	"time"

	"waybill/internal/txid"
)

// Params say what a list is compared with.
type Params struct {
	Side    Side
	Party   Owner // whose conversions
	OfferID int64 // 0 for all offers
	Zone    *time.Location
	From    time.Time // of the period; zero for the list's own first day
	Until   time.Time // not included
	// Insider says that the caller is the network, who may be told whose a
	// transaction ID is.
	Insider bool
	// Open verifies a transaction ID.
	Open func(txid.ID) (txid.Parts, error)
	// AdvertiserOf gives the advertiser of an offer, 0 when there is none.
	AdvertiserOf func(offer int64) int64
	// Zones are those that the list's clock may run in, beside fixed ones.
	Zones []*time.Location
}

// Match compares one list with our conversions.
type Match struct {
	Params
	list  *List
	lines []theirs
	ours  []ours

	linesByClick map[txid.ID][]int32
	linesByID    map[txid.ID][]int32
	linesByText  map[string][]int32
	linesByOrder map[string][]int32
	byClick      map[txid.ID][]int32 // ours
	byID         map[txid.ID]int32
	byOrder      map[string][]int32
	byDigits     map[string][]int32 // by orders that lost their leading zeros
	places       []int32            // each number in its own place, to make lists of one
	matched      bool
	factors      []factor
	shift        *Shift
	currencies   [numMeasures]currencies
}

// theirs is what became of a line.
type theirs struct {
	class   Class
	reason  Reason
	outside bool  // before or behind the period that was asked for
	mate    int32 // place in ours, or -1
	first   int32 // the line that this one repeats, or -1
	likely  int32 // place in ours, or -1
	near    Reason
	click   bool // its click is on record
	signal  *Signal
}

// ours is what became of a conversion.
type ours struct {
	Conversion
	counts bool  // in the period, and of what is compared
	mate   int32 // place in lines, or -1
	likely int32 // likewise
	reason Reason
}

// New prepares a match. The error is an Invalid fault when the period cannot be
// told.
func New(list *List, p Params) (*Match, error) {
	if list.Unsure != nil {
		return nil, list.Unsure
	}
	m := &Match{
		Params: p, list: list, lines: make([]theirs, len(list.Lines)),
		linesByClick: map[txid.ID][]int32{}, linesByID: map[txid.ID][]int32{}, linesByOrder: map[string][]int32{}, linesByText: map[string][]int32{},
		byClick: map[txid.ID][]int32{}, byID: map[txid.ID]int32{}, byOrder: map[string][]int32{}, byDigits: map[string][]int32{},
		places: make([]int32, len(list.Lines)),
	}
	if err := m.period(); err != nil {
		return nil, err
	}
	for i := range list.Lines {
		l, t := &list.Lines[i], &m.lines[i]
		*t = theirs{mate: -1, first: -1, likely: -1}
		m.places[i] = int32(i)
		t.outside = !l.At.IsZero() && !m.within(l.At)
		m.index(int32(i), l)
	}
	return m, nil
}

func (m *Match) index(i int32, l *Line) {
	if !l.Click.IsZero() {
		enter(m.linesByClick, l.Click, i, m.places)
	}
	if !l.ID.IsZero() {
		enter(m.linesByID, l.ID, i, m.places)
	}
	if l.Text != "" {
		enter(m.linesByText, l.Text, i, m.places)
	}
	if o := orderKey(l.OrderID); o != "" {
		enter(m.linesByOrder, o, i, m.places)
		if d := digitsKey(o); d != o {
			enter(m.linesByOrder, d, i, m.places)
		}
	}
}

// enter adds a number to a key's list. Almost all lists hold one, and lie within
// places.
func enter[K comparable](index map[K][]int32, key K, i int32, places []int32) {
	if have, ok := index[key]; ok {
		index[key] = append(have, i)
		return
	}
	index[key] = places[i : i+1 : i+1]
}

// Scope says which conversions are to be handed in: those of the period, and of
// some weeks around it, since a line may stand under another day.
func (m *Match) Scope() Scope {
	return Scope{Owner: m.Party, From: m.From.Add(-around), Until: m.Until.Add(around)}
}

// around is how far beyond the period a line's conversion is looked for.
const around = 32 * 24 * time.Hour

// Add takes in a conversion of ours. One that has nothing to do with the list
// is forgotten at once.
func (m *Match) Add(c Conversion) {
	o := ours{Conversion: c, mate: -1, likely: -1}
	o.counts = m.within(c.OccurredAt) && !c.Test && (m.OfferID == 0 || m.OfferID == c.OfferID)
	order := orderKey(c.OrderID)
	if !o.counts && m.linesByClick[c.TransactionID] == nil && m.linesByID[c.ID] == nil &&
		(order == "" || m.linesByOrder[order] == nil && m.linesByOrder[digitsKey(order)] == nil) {
		return
	}
	i := int32(len(m.ours)) //nolint:gosec // far fewer than 2^31 fit into memory
	m.ours = append(m.ours, o)
	for int(i) >= len(m.places) {
		m.places = append(m.places, int32(len(m.places))) //nolint:gosec // as above
	}
	m.byID[c.ID] = i
	if !c.TransactionID.IsZero() {
		enter(m.byClick, c.TransactionID, i, m.places)
	}
	if order != "" {
		enter(m.byOrder, order, i, m.places)
		if d := digitsKey(order); d != order {
			enter(m.byDigits, d, i, m.places)
		}
	}
}

func (m *Match) within(t time.Time) bool { return !t.Before(m.From) && t.Before(m.Until) }

// orderKey is what order IDs are compared by: the case of letters, white space
// and a # in front mean nothing.
func orderKey(order string) string {
	return strings.ToLower(strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(order), "#")))
}

// digitsKey is an order's key as a spreadsheet leaves it, which takes digits for
// a number.
func digitsKey(order string) string {
	if strings.Trim(order, "0123456789") != "" {
		return order
	}
	if d := strings.TrimLeft(order, "0"); d != "" {
		return d
	}
	return order
}

// match finds each line's conversion: what names it most exactly goes first, so
// that a line never takes the conversion that another one names better.
func (m *Match) match() {
	if m.matched {
		return
	}
	m.matched = true
	m.learnCurrencies()
	for _, pass := range []func(*Line) []int32{m.sameID, m.sameClickAndOrder, m.sameClick, m.sameOrder, m.onlyClick, m.sameDigits} {
		for i := range m.lines {
			if t := &m.lines[i]; !t.outside && t.mate < 0 {
				m.pair(int32(i), pass(&m.list.Lines[i]))
			}
		}
	}
	m.findRepetitions()
	m.findShift()
	m.findFactors()
}

// pair joins a line with the best of its candidates that is still free.
func (m *Match) pair(i int32, candidates []int32) {
	l, best := &m.list.Lines[i], int32(-1)
	for _, c := range candidates {
		o := &m.ours[c]
		if o.mate >= 0 || !o.counts {
			continue
		}
		if best < 0 || m.closer(l, o, &m.ours[best]) {
			best = c
		}
	}
	if best >= 0 {
		m.lines[i].mate, m.ours[best].mate = best, i
	}
}

// closer reports whether a fits a line better than b: by its money, else by its
// time.
func (m *Match) closer(l *Line, a, b *ours) bool {
	if x, y := m.sameMoney(l, a), m.sameMoney(l, b); x != y {
		return x
	}
	if l.At.IsZero() {
		return false
	}
	return l.At.Sub(a.OccurredAt).Abs() < l.At.Sub(b.OccurredAt).Abs()
}

// sameMoney reports whether every measure that a line names is the same.
func (m *Match) sameMoney(l *Line, o *ours) bool {
	said := false
	for _, measure := range m.Side.Measures() {
		if v, ok := l.Value(measure); ok {
			if v != o.Money[measure].Units {
				return false
			}
			said = true
		}
	}
	return said
}

func (m *Match) sameID(l *Line) []int32 {
	if i, ok := m.byID[l.ID]; ok && !l.ID.IsZero() {
		return []int32{i}
	}
	return nil
}

func (m *Match) sameClickAndOrder(l *Line) []int32 {
	return m.ofClick(l, func(o *ours) bool { return l.OrderID != "" && orderKey(l.OrderID) == orderKey(o.OrderID) })
}

// sameClick takes those of a click where one side names no order.
func (m *Match) sameClick(l *Line) []int32 {
	return m.ofClick(l, func(o *ours) bool { return l.OrderID == "" || o.OrderID == "" })
}

// onlyClick takes the one conversion of a click whose order is written another
// way, if the list has the click once.
func (m *Match) onlyClick(l *Line) []int32 {
	if all := m.byClick[l.Click]; len(all) == 1 && len(m.linesByClick[l.Click]) == 1 {
		return all
	}
	return nil
}

func (m *Match) ofClick(l *Line, fits func(*ours) bool) []int32 {
	if l.Click.IsZero() {
		return nil
	}
	var all []int32
	for _, i := range m.byClick[l.Click] {
		if fits(&m.ours[i]) {
			all = append(all, i)
		}
	}
	return all
}

func (m *Match) sameOrder(l *Line) []int32 { return m.ofOrder(l, m.byOrder[orderKey(l.OrderID)]) }

func (m *Match) sameDigits(l *Line) []int32 {
	d := digitsKey(orderKey(l.OrderID))
	return m.ofOrder(l, slices.Concat(m.byOrder[d], m.byDigits[d]))
}

// ofOrder leaves the conversions of an order that a line may mean: of its offer,
// if it names one, and not of another click. An order that several offers know
// is told apart by its money alone.
func (m *Match) ofOrder(l *Line, found []int32) []int32 {
	if l.OrderID == "" || len(found) == 0 {
		return nil
	}
	all := slices.DeleteFunc(slices.Clone(found), func(i int32) bool {
		o := &m.ours[i]
		return l.OfferID != 0 && l.OfferID != o.OfferID || m.otherClick(l, o) || o.mate >= 0 || !o.counts
	})
	several := slices.ContainsFunc(all, func(i int32) bool { return m.ours[i].OfferID != m.ours[all[0]].OfferID })
	if several {
		all = slices.DeleteFunc(all, func(i int32) bool { return !m.sameMoney(l, &m.ours[i]) })
		if len(all) != 1 {
			return nil
		}
	}
	return all
}

// otherClick reports whether a line names a click of ours that is not the
// conversion's.
func (m *Match) otherClick(l *Line, o *ours) bool {
	if l.Click.IsZero() || l.Click == o.TransactionID {
		return false
	}
	_, err := m.Open(l.Click)
	return err == nil
}

// identity is what a line says of what it is about.
type identity struct {
	click, id   txid.ID
	text, order string
}

// findRepetitions marks the lines that say again what another one says.
func (m *Match) findRepetitions() {
	seen := map[identity]int32{}
	for i := range m.lines {
		l, t := &m.list.Lines[i], &m.lines[i]
		at := int32(i)
		if t.outside || !l.named() {
			continue
		}
		who := identity{l.Click, l.ID, l.Text, orderKey(l.OrderID)}
		if t.mate < 0 {
			t.first = m.claimant(l)
			if first, ok := seen[who]; ok && t.first < 0 {
				t.first = first
			}
		}
		if _, ok := seen[who]; !ok {
			seen[who] = at
		}
	}
}

// claimant gives the line that has taken the conversion which l is about, too.
func (m *Match) claimant(l *Line) int32 {
	for _, candidates := range [][]int32{m.sameID(l), m.sameClickAndOrder(l), m.sameClick(l)} {
		for _, c := range candidates {
			if m.ours[c].mate >= 0 {
				return m.ours[c].mate
			}
		}
	}
	if l.OrderID == "" {
		return -1
	}
	for _, c := range m.byOrder[orderKey(l.OrderID)] {
		o := &m.ours[c]
		if o.mate >= 0 && !m.otherClick(l, o) && (l.OfferID == 0 || l.OfferID == o.OfferID) {
			return o.mate
		}
	}
	return -1
}
