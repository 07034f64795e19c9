package reconcile

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"waybill/internal/conversion"
)

// likelyWindow is how far apart the times of a likely pair may be.
const likelyWindow = 15 * time.Minute

// leastCut is how much of a transaction ID must be left to know it by: the time,
// the node and the sequence.
const leastCut = 17

// findLikely looks for lines without a conversion that look like one: a
// transaction ID that was cut or mistyped, or the same amount at about the same
// time. Only what is free on both sides, and fits nothing else, is marked.
func (m *Match) findLikely() {
	m.byBrokenID()
	m.byMoneyAndTime()
}

// free reports whether a line has nothing yet.
func (t *theirs) free() bool { return !t.outside && t.mate < 0 && t.first < 0 && t.likely < 0 }

func (o *ours) free() bool { return o.counts && o.mate < 0 && o.likely < 0 }

// spelling is a conversion's transaction ID by its letters.
type spelling struct {
	text string
	at   int32
}

func (m *Match) byBrokenID() {
	var spelled []spelling
	halves := map[string][]int32{} // by the first and by the last half
	for i := range m.lines {
		if !m.lines[i].free() || m.spelledWrong(&m.list.Lines[i]) == "" {
			continue
		}
		if spelled == nil {
			spelled = m.spellings(halves)
		}
		text := m.spelledWrong(&m.list.Lines[i])
		near, reason := m.cut(text, spelled), nearByCut
		if near < 0 {
			near, reason = m.mistyped(text, halves), nearByLetter
		}
		if near >= 0 && m.ours[near].free() {
			m.lines[i].likely, m.lines[i].near = near, reason
			m.ours[near].likely = int32(i)
		}
	}
}

// spelledWrong gives a line's transaction ID if it is none of ours.
func (m *Match) spelledWrong(l *Line) string {
	if l.Text != "" {
		return strings.ToLower(l.Text)
	}
	if l.Click.IsZero() {
		return ""
	}
	if _, err := m.Open(l.Click); err == nil {
		return ""
	}
	return l.Click.String()
}

func (m *Match) spellings(halves map[string][]int32) []spelling {
	spelled := []spelling{}
	for i := range m.ours {
		if !m.ours[i].free() || m.ours[i].TransactionID.IsZero() {
			continue
		}
		text, at := m.ours[i].TransactionID.String(), int32(i)
		spelled = append(spelled, spelling{text, at})
		half := len(text) / 2
		halves[text[:half]] = append(halves[text[:half]], at)
		halves["…"+text[half:]] = append(halves["…"+text[half:]], at)
	}
	slices.SortFunc(spelled, func(a, b spelling) int { return cmp.Compare(a.text, b.text) })
	return spelled
}

// cut gives the one conversion whose transaction ID begins with text.
func (m *Match) cut(text string, spelled []spelling) int32 {
	if len(text) < leastCut {
		return -1
	}
	at, _ := slices.BinarySearchFunc(spelled, text, func(s spelling, text string) int { return cmp.Compare(s.text, text) })
	if at == len(spelled) || !strings.HasPrefix(spelled[at].text, text) || len(spelled[at].text) == len(text) {
		return -1
	}
	if at+1 < len(spelled) && strings.HasPrefix(spelled[at+1].text, text) {
		return -1
	}
	return spelled[at].at
}

// mistyped gives the one conversion whose transaction ID differs from text in
// one or two letters.
func (m *Match) mistyped(text string, halves map[string][]int32) int32 {
	const most = 2
	if len(text) != 2*16 {
		return -1
	}
	best, several := int32(-1), false
	for _, key := range [...]string{text[:16], "…" + text[16:]} {
		for _, i := range halves[key] {
			if wrong := lettersApart(m.ours[i].TransactionID.String(), text); wrong <= most && i != best {
				several = best >= 0
				best = i
			}
		}
	}
	if several {
		return -1
	}
	return best
}

func lettersApart(a, b string) int {
	n := 0
	for i := range len(a) {
		if a[i] != b[i] {
			n++
		}
	}
	return n
}

// price is one amount of one measure.
type price struct {
	measure Measure
	units   int64
}

// byMoneyAndTime joins a line and a conversion that have no other of the same
// amount within the window.
func (m *Match) byMoneyAndTime() {
	prices := m.prices()
	wanted := map[int32][]int32{} // the lines that a conversion may be
	for i := range m.lines {
		l := &m.list.Lines[i]
		if !m.lines[i].free() || !l.Clock {
			continue
		}
		if found := m.around(prices[m.priceOf(l)], l); found >= 0 {
			wanted[found] = append(wanted[found], int32(i))
		}
	}
	for o, lines := range wanted {
		if len(lines) == 1 {
			m.ours[o].likely = lines[0]
			m.lines[lines[0]].likely, m.lines[lines[0]].near = o, nearByMoneyAndTime
		}
	}
}

// prices gives the conversions that have nothing yet by their money, each list
// in order of time.
func (m *Match) prices() map[price][]int32 {
	prices := map[price][]int32{}
	for i := range m.ours {
		o := &m.ours[i]
		if !o.free() || o.Status == conversion.Rejected {
			continue
		}
		for _, measure := range m.Side.Measures() {
			if units := o.Money[measure].Units; units != 0 {
				prices[price{measure, units}] = append(prices[price{measure, units}], int32(i))
			}
		}
	}
	for _, list := range prices {
		slices.SortFunc(list, func(a, b int32) int { return m.ours[a].OccurredAt.Compare(m.ours[b].OccurredAt) })
	}
	return prices
}

// priceOf gives the first money that a line says.
func (m *Match) priceOf(l *Line) price {
	for _, measure := range m.Side.Measures() {
		if units, ok := l.Value(measure); ok && units != 0 {
			return price{measure, units}
		}
	}
	return price{}
}

// around gives the only conversion within the window around a line, -1 when
// there is none or more than one.
func (m *Match) around(sorted []int32, l *Line) int32 {
	from := l.At.Add(-likelyWindow)
	at, _ := slices.BinarySearchFunc(sorted, from, func(i int32, t time.Time) int { return m.ours[i].OccurredAt.Compare(t) })
	found := int32(-1)
	for ; at < len(sorted) && m.ours[sorted[at]].OccurredAt.Sub(l.At) <= likelyWindow; at++ {
		o := &m.ours[sorted[at]]
		if !o.free() || l.Currency != "" && l.Currency != o.Money[m.Side.Measures()[0]].Currency || l.OfferID != 0 && l.OfferID != o.OfferID {
			continue
		}
		if found >= 0 {
			return -1
		}
		found = sorted[at]
	}
	return found
}
