package reconcile

import (
	"fmt"
	"slices"
	"time"

	"waybill/internal/conversion"
	"waybill/internal/money"
)

// message says a line's reason in words.
func (m *Match) message(l *Line, t *theirs) string {
	switch t.class {
	case Matched:
		return m.sayMatched(t)
	case AmountDiffers, StatusDiffers:
		return m.sayDiffers(l, t)
	case Duplicate:
		if t.reason == ReversedInList {
			return "the list takes back what it says in another line"
		}
		return "the list says this in another line already"
	case MissingHere, MissingThere:
	}
	return m.sayMissing(l, t)
}

func (m *Match) sayMatched(t *theirs) string {
	switch t.reason {
	case MatchedByID:
		return "matched by its conversion ID"
	case MatchedByOrder:
		return "matched by its order"
	case MatchedByNumbers:
		return "matched by its order, without the zeros in front"
	case OrderWritten:
		return "matched by its transaction ID; the order is written otherwise"
	default:
		return "matched by its transaction ID"
	}
}

func (m *Match) sayDiffers(l *Line, t *theirs) string {
	o := &m.ours[t.mate]
	if t.class == AmountDiffers {
		for _, measure := range m.Side.Measures() {
			if d := m.difference(l, o, measure); d.differs {
				return m.whyDiffers(d, o, measure)
			}
		}
	}
	there := string(l.Status)
	if there == "" {
		there = "listed"
	}
	return fmt.Sprintf("%s there, %s here%s", there, o.Status, m.sinceWhen(o))
}

func (m *Match) sinceWhen(o *ours) string {
	if o.Version < 2 || o.UpdatedAt.IsZero() {
		return ""
	}
	return " since " + m.clock(o.UpdatedAt)
}

// clock shows a time as the list's clock does.
func (m *Match) clock(t time.Time) string { return t.In(m.Zone).Format("2006-01-02 15:04 MST") }

func (m *Match) whyDiffers(d difference, o *ours, measure Measure) string {
	switch d.reason {
	case CurrencyDiffers:
		return fmt.Sprintf("theirs is %s, ours is %s", d.theirs, d.ours)
	case AmountUnsaid:
		return "the line says no " + measure.String()
	case AmountUnknown:
		return "no signal has named an amount"
	case Rounding:
		return "differs by rounding"
	case ConstantFactor:
		if f, ok := m.factorOf(measure, d); ok {
			return f.text(money.Percent(f.ratio * 100).String())
		}
	case ChangedHere:
		return "ours was changed" + m.sinceWhen(o) + "; theirs may be what it was before"
	default:
	}
	if d.percents == 0 {
		return fmt.Sprintf("theirs is %s, ours is %s", d.theirs, d.ours)
	}
	sign, p := "more", d.percents
	if p < 0 {
		sign, p = "less", -p
	}
	return fmt.Sprintf("theirs is %d.%02d%% %s than ours", p/100, p%100, sign)
}

func (m *Match) sayMissing(l *Line, t *theirs) string {
	switch t.reason {
	case Refused:
		return fmt.Sprintf("its signal was rejected (%s): %s", t.signal.Code, t.signal.Message)
	case BadID:
		return "the transaction ID is not ours: " + m.whyBad(l) + m.nearHint(l, t)
	case CountedBefore:
		return "its signal was taken for a repetition of another conversion, and nothing was counted: " + t.signal.Message
	case CountedElsewhere:
		return "it was counted as conversion " + t.signal.ConversionID + ", which lies far outside the period or under another offer"
	case OtherParty:
		return m.sayParty(l)
	case OtherOffer, OtherOrder, OtherTransaction, OutsidePeriod:
		return m.sayElsewhere(t) + m.signalHint(t)
	case NoSignal:
		return "its click is on record, and no signal for it ever came: the postback was not sent, or not to us" + m.nearHint(l, t)
	case OrderUnknown:
		return "no signal with this order ever came: the postback was not sent, or without its order ID" + m.nearHint(l, t)
	default:
		return plainReason(t.reason) + m.nearHint(l, t)
	}
}

func plainReason(r Reason) string {
	switch r {
	case UnknownID:
		return "the transaction ID is not one of yours"
	case WrongKind:
		return "the ID is ours, but it is the number of a signal or of a conversion that is not there, not of a click"
	case ClickUnknown:
		return "the transaction ID is ours, but no signal for it ever came, and its click is not on record on this node"
	case ClickTurnedAway:
		return "the visitor was not sent to the offer when the link was clicked, and no signal ever came"
	case OrderAmbiguous:
		return "several offers have this order; name the offer in a column offer_id, or reconcile one offer"
	case TestTraffic:
		return "it is test traffic, which earns nothing"
	case Unnamed:
		return "the line names neither a transaction nor an order, so nothing can be looked up"
	default:
		return string(r)
	}
}

// sayParty tells the network whose a transaction ID is.
func (m *Match) sayParty(l *Line) string {
	id := l.Click
	if id.IsZero() {
		id = l.ID
	}
	p, err := m.Open(id)
	if err != nil {
		return "the transaction ID is of another party"
	}
	return fmt.Sprintf("the transaction ID is of offer %d and affiliate %d, not of the party whose list this is", p.Offer, p.Affiliate)
}

func (m *Match) sayElsewhere(t *theirs) string {
	if t.likely < 0 {
		return "it is of another offer"
	}
	o := &m.ours[t.likely]
	switch t.reason {
	case OtherOffer:
		return fmt.Sprintf("it is conversion %s, which is of offer %d", o.ID, o.OfferID)
	case OtherOrder:
		return fmt.Sprintf("its transaction is conversion %s with order %q; this order is not known", o.ID, o.OrderID)
	case OtherTransaction:
		return fmt.Sprintf("its order is conversion %s, which another click earned: %s", o.ID, o.TransactionID)
	default:
		way, apart := "before", m.From.Sub(o.OccurredAt)
		if !o.OccurredAt.Before(m.Until) {
			way, apart = "after", o.OccurredAt.Sub(m.Until)
		}
		return fmt.Sprintf("it is conversion %s of %s, %s %s the period", o.ID, m.clock(o.OccurredAt), roughly(apart), way)
	}
}

func roughly(d time.Duration) string {
	if d >= 48*time.Hour {
		return fmt.Sprintf("%d days", int(d.Hours()/24))
	}
	return d.Round(time.Minute).String()
}

func (m *Match) signalHint(t *theirs) string {
	if t.signal == nil || t.reason == OutsidePeriod {
		return ""
	}
	return fmt.Sprintf(" (its signal: %s)", t.signal.Code)
}

// nearHint says what a line looks like.
func (m *Match) nearHint(l *Line, t *theirs) string {
	if t.likely < 0 || !m.guessed(t) {
		return ""
	}
	return ". It is likely conversion " + m.ours[t.likely].ID.String() + ": " + m.whyNear(l, t, &m.ours[t.likely])
}

func (m *Match) whyNear(l *Line, t *theirs, o *ours) string {
	switch t.near {
	case nearByCut:
		return "its transaction ID begins like this one, which was cut"
	case nearByLetter:
		return fmt.Sprintf("its transaction ID %s differs in %d letters", o.TransactionID, lettersApart(o.TransactionID.String(), m.spelledWrong(l)))
	case nearByMoneyAndTime:
		return "the same amount within " + l.At.Sub(o.OccurredAt).Abs().Round(time.Second).String()
	case OtherTransaction:
		return "the same order, for another click"
	case OtherOrder:
		return "the same transaction, with another order"
	case OtherOffer:
		return "it counts under another offer"
	case OutsidePeriod:
		return "it lies outside the period"
	default:
		return string(t.near)
	}
}

// messageAbsent says why a conversion of ours is not in the list.
func (m *Match) messageAbsent(o *ours) string {
	switch o.reason {
	case RejectedHere:
		return "we rejected it" + m.sinceWhen(o) + ", so that it counts for nothing on either side"
	case PendingHere:
		return fmt.Sprintf("it is %s here; the list may have only what is approved", o.Status)
	case PixelOnly:
		return "only a browser reported it, by " + o.Channel + "; their server never did"
	case NearEdge:
		return "it happened on " + m.clock(o.OccurredAt) + ", close to the end of the period: by another clock it lies outside"
	case ListedOutside:
		return "the list has it on a day outside the period"
	case ListedOtherwise:
		return "the list has its order with the transaction ID of another click"
	case ListedMistyped:
		return "a line of the list looks like it, see there"
	default:
	}
	if standing(o.Status) == conversion.Pending {
		return "the list does not have it; it is " + string(o.Status) + " here"
	}
	return "the list does not have it; a server reported it by " + o.Channel + " on " + m.clock(o.OccurredAt)
}

// absentByTime gives the conversions that the list does not have.
func (m *Match) absentByTime() []int32 {
	var all []int32
	for i := range m.ours {
		if o := &m.ours[i]; o.counts && o.mate < 0 {
			all = append(all, int32(i))
		}
	}
	slices.SortFunc(all, func(a, b int32) int {
		if c := m.ours[a].OccurredAt.Compare(m.ours[b].OccurredAt); c != 0 {
			return c
		}
		return int(a - b)
	})
	return all
}
