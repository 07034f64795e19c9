package reconcile

import (
	"cmp"
	"errors"
	"slices"
	"strings"
	"time"

	"waybill/internal/conversion"
	"waybill/internal/signal"
	"waybill/internal/txid"
)

// Signal is what is known about a signal that may be a line's.
type Signal struct {
	ID            txid.ID
	At            time.Time
	TransactionID txid.ID // the click that it named; zero when none verified
	Text          string  // what it sent as transaction ID
	OrderID       string
	ConversionID  string
	Status        signal.Status
	Code          signal.Code
	Message       string
}

// Unexplained gives the clicks of the lines that no conversion fits, for which
// signals and click records are to be handed in, and whether there are lines
// that only a signal's order or text can explain.
func (m *Match) Unexplained() (clicks []txid.ID, others bool) {
	m.match()
	seen := map[txid.ID]bool{}
	for i := range m.lines {
		l, t := &m.list.Lines[i], &m.lines[i]
		if t.mate >= 0 || t.first >= 0 || t.outside {
			continue
		}
		if parts, err := m.Open(l.Click); err == nil && !l.Click.IsZero() {
			if !seen[l.Click] && m.mine(parts) { // what became of others' clicks is not theirs to know
				seen[l.Click] = true
				clicks = append(clicks, l.Click)
			}
			continue
		}
		others = others || l.Text != "" || l.OrderID != "" || !l.Click.IsZero()
	}
	return clicks, others
}

// AddSignal takes in a signal. Of several about one line, the latest that was
// rejected says most, then the latest of all.
func (m *Match) AddSignal(s Signal) {
	for _, i := range m.about(s) {
		t := &m.lines[i]
		if t.mate >= 0 || t.first >= 0 {
			continue
		}
		if order := m.list.Lines[i].OrderID; order != "" && s.OrderID != "" && orderKey(order) != orderKey(s.OrderID) {
			continue
		}
		if t.signal == nil || telling(s) > telling(*t.signal) || telling(s) == telling(*t.signal) && s.At.After(t.signal.At) {
			kept := s
			t.signal = &kept
		}
	}
}

// about gives the lines that a signal may be about: by its click, by what it
// sent in place of one, by its order.
func (m *Match) about(s Signal) []int32 {
	if found := m.linesByClick[s.TransactionID]; found != nil {
		return found
	}
	if id, err := txid.Parse(s.Text); err == nil && m.linesByClick[id] != nil {
		return m.linesByClick[id]
	}
	if found := m.linesByText[s.Text]; found != nil {
		return found
	}
	return slices.DeleteFunc(slices.Clone(m.linesByOrder[orderKey(s.OrderID)]), func(i int32) bool {
		return !m.list.Lines[i].Click.IsZero() && !s.TransactionID.IsZero()
	})
}

// telling says how much a signal's verdict explains why a line has no
// conversion.
func telling(s Signal) int {
	switch s.Status {
	case signal.Rejected:
		return 2
	case signal.Queued:
		return 0
	default:
		return 1
	}
}

// AddClick says that a click is on record.
func (m *Match) AddClick(id txid.ID) {
	for _, i := range m.linesByClick[id] {
		m.lines[i].click = true
	}
}

// explain puts every line and every conversion into its class. What is counted
// in another place is found before anything is guessed.
func (m *Match) explain() {
	m.match()
	for i := range m.lines {
		if t := &m.lines[i]; !t.outside && t.mate < 0 && t.first < 0 {
			t.reason = m.elsewhere(&m.list.Lines[i], t, int32(i))
		}
	}
	m.findLikely()
	for i := range m.lines {
		if t := &m.lines[i]; !t.outside {
			m.classify(&m.list.Lines[i], t)
		}
	}
	for i := range m.ours {
		if o := &m.ours[i]; o.counts && o.mate < 0 {
			o.reason = m.absent(o)
		}
	}
}

func (m *Match) classify(l *Line, t *theirs) {
	switch {
	case t.mate >= 0:
		t.class, t.reason = m.compare(l, &m.ours[t.mate])
	case t.first >= 0:
		t.class, t.reason = Duplicate, SameInList
		if m.takesBack(l, &m.list.Lines[t.first]) {
			t.reason = ReversedInList
		}
	default:
		t.class, t.reason = MissingHere, cmp.Or(t.reason, m.missing(l, t))
	}
}

// takesBack reports whether a line is a refund of an earlier one.
func (m *Match) takesBack(l, first *Line) bool {
	for _, measure := range m.Side.Measures() {
		a, _ := l.Value(measure)
		b, ok := first.Value(measure)
		if ok && a < 0 && b > 0 {
			return true
		}
	}
	return false
}

// compare tells how a pair differs.
func (m *Match) compare(l *Line, o *ours) (Class, Reason) {
	rejected := l.Status == conversion.Rejected
	here := o.Status == conversion.Rejected
	switch {
	case rejected && here:
		return Matched, m.how(l, o)
	case here:
		return StatusDiffers, RejectedHere
	case rejected:
		return StatusDiffers, StatusOtherwise
	}
	for _, measure := range m.Side.Measures() {
		if d := m.difference(l, o, measure); d.differs {
			return AmountDiffers, d.reason
		}
	}
	if !agree(l.Status, o.Status) {
		return StatusDiffers, StatusOtherwise
	}
	return Matched, m.how(l, o)
}

// how says what a pair was matched by.
func (m *Match) how(l *Line, o *ours) Reason {
	same := orderKey(l.OrderID) == orderKey(o.OrderID)
	switch {
	case !l.ID.IsZero() && l.ID == o.ID:
		return MatchedByID
	case l.Click == o.TransactionID && !same && l.OrderID != "" && o.OrderID != "":
		return OrderWritten
	case l.Click == o.TransactionID:
		return MatchedByClick
	case same:
		return MatchedByOrder
	default:
		return MatchedByNumbers
	}
}

// missing says why a line has no conversion here.
func (m *Match) missing(l *Line, t *theirs) Reason {
	if !l.named() {
		return Unnamed
	}
	if l.Click.IsZero() && l.Text == "" && l.ID.IsZero() {
		return cmp.Or(bySignal(t.signal), OrderUnknown)
	}
	id := l.Click
	if id.IsZero() {
		id = l.ID
	}
	parts, err := m.Open(id)
	if id.IsZero() || err != nil {
		return cmp.Or(bySignal(t.signal), BadID)
	}
	switch {
	case !m.mine(parts) && m.Insider:
		return OtherParty
	case !m.mine(parts):
		return UnknownID
	case parts.Test:
		return TestTraffic
	case m.OfferID != 0 && parts.Offer != m.OfferID:
		return OtherOffer
	case t.signal != nil:
		return bySignal(t.signal)
	case parts.Kind == txid.Signal || parts.Kind == txid.Conversion:
		return WrongKind
	case parts.TurnedAway:
		return ClickTurnedAway
	case t.click:
		return NoSignal
	}
	return ClickUnknown
}

func bySignal(s *Signal) Reason {
	switch {
	case s == nil:
		return ""
	case s.Status == signal.Rejected:
		return Refused
	case s.Status == signal.Duplicate:
		return CountedBefore
	}
	return CountedElsewhere
}

// mine reports whether an ID is the party's whose list it is.
func (m *Match) mine(p txid.Parts) bool {
	if m.Party.AffiliateID != 0 {
		return p.Affiliate == m.Party.AffiliateID
	}
	return m.Party.AdvertiserID == 0 || m.AdvertiserOf(p.Offer) == m.Party.AdvertiserID
}

// elsewhere looks for the line's conversion among those that do not count here,
// and those that other lines have taken.
func (m *Match) elsewhere(l *Line, t *theirs, place int32) Reason {
	candidates := slices.Concat(m.sameID(l), m.byClick[l.Click])
	if l.Click.IsZero() {
		candidates = m.sameID(l)
	}
	for _, c := range candidates {
		o := &m.ours[c]
		switch {
		case o.Test:
			return TestTraffic
		case l.OrderID != "" && o.OrderID != "" && orderKey(l.OrderID) != orderKey(o.OrderID):
			t.likely, t.near = c, OtherOrder
		case m.OfferID != 0 && o.OfferID != m.OfferID:
			t.likely, t.near = c, OtherOffer
			return OtherOffer
		case !o.counts:
			t.likely, t.near = c, OutsidePeriod
			return OutsidePeriod
		}
	}
	if t.near == OtherOrder {
		return cmp.Or(bySignal(t.signal), OtherOrder)
	}
	if l.OrderID == "" {
		return ""
	}
	return m.ofOtherOrder(l, t, place)
}

func (m *Match) ofOtherOrder(l *Line, t *theirs, place int32) Reason {
	offers := map[int64]bool{}
	for _, c := range m.byOrder[orderKey(l.OrderID)] {
		o := &m.ours[c]
		reason := OutsidePeriod
		switch {
		case m.otherClick(l, o):
			reason = OtherTransaction
		case o.Test:
			reason = TestTraffic
		case m.OfferID != 0 && o.OfferID != m.OfferID, l.OfferID != 0 && o.OfferID != l.OfferID:
			reason = OtherOffer
		case o.counts && o.mate < 0:
			offers[o.OfferID] = true
			continue
		case o.counts:
			continue
		}
		t.likely, t.near = c, reason
		if o.mate < 0 && o.counts {
			o.likely = place
		}
		return reason
	}
	if len(offers) > 1 {
		return OrderAmbiguous
	}
	return ""
}

// absent says why a conversion of ours is not in the list.
func (m *Match) absent(o *ours) Reason {
	if o.likely >= 0 {
		if t := m.lines[o.likely]; t.reason == OtherTransaction {
			return ListedOtherwise
		}
	}
	switch {
	case o.Status == conversion.Rejected:
		return RejectedHere
	case m.listedOutside(o) >= 0:
		return ListedOutside
	case o.likely >= 0:
		return ListedMistyped
	case m.nearEdge(o.OccurredAt):
		return NearEdge
	case !o.ByServer:
		return PixelOnly
	case standing(o.Status) == conversion.Pending:
		return PendingHere
	}
	return NotListed
}

// listedOutside gives the line outside the period that is this conversion, -1
// when there is none.
func (m *Match) listedOutside(o *ours) int32 {
	for _, list := range [][]int32{m.linesByID[o.ID], m.linesByClick[o.TransactionID], m.linesByOrder[orderKey(o.OrderID)]} {
		for _, i := range list {
			if m.lines[i].outside {
				return i
			}
		}
	}
	return -1
}

// edge is how far from the period's ends a clock in another zone may put a
// conversion.
const edge = 14 * time.Hour

// nearEdge reports whether a conversion lies where the list's clock, if it is
// another one, shows another period: by the offset that was found, else within a
// margin that leaves most of the period untouched.
func (m *Match) nearEdge(t time.Time) bool {
	if m.shift != nil {
		return !m.within(m.shift.apply(t, m.Zone))
	}
	margin := min(edge, m.Until.Sub(m.From)/10)
	return t.Sub(m.From) < margin || m.Until.Sub(t) <= margin
}

// whyBad says what is wrong with a transaction ID that is not ours.
func (m *Match) whyBad(l *Line) string {
	text := l.Text
	id := l.Click
	if id.IsZero() {
		id = l.ID
	}
	var err error
	if id.IsZero() {
		_, err = txid.Parse(text)
	} else {
		_, err = m.Open(id)
	}
	if err == nil {
		return ""
	}
	return strings.TrimSuffix(plainText(errors.Join(err)), ".")
}
