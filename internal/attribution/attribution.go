// Package attribution decides which touch earned a signal, and whether any did.
//
// Each identifier that a signal carries and its offer allows leads to
// candidates. They are judged in the order in which the identifiers are trusted;
// of those that one identifier leads to, what a server has said goes before what
// a browser has, and then the offer's touch decides, the first or the last. The
// first that can be credited wins, but every click goes before any view. One that
// is turned away, too young, too old or lost falls through to the next; if none
// is left, the first one's reason stands.
//
// A coupon or an affiliate that is named alone leads to no touch. It is credited
// by the order, which it must come with.
//
// Ages are judged as of the signal's receipt, so it does not matter when it is
// settled. Clocks differ: a signal up to five minutes before its click counts
// as one of the same instant.
package attribution

import (
	"bytes"
	"cmp"
	"slices"
	"time"

	"waybill/internal/click"
	"waybill/internal/offer"
	"waybill/internal/param"
	"waybill/internal/signal"
	"waybill/internal/txid"
)

// ClockSkew is how far a signal may lie before its click.
const ClockSkew = 5 * time.Minute

// Candidate is a click or view that one of the signal's identifiers led to, or
// the affiliate that one names.
type Candidate struct {
	By     offer.Identifier
	Named  string       // what led to it, where that is no secret: the coupon
	ID     txid.ID      // zero when there is no touch
	Parts  txid.Parts   // what the ID says; it was verified
	Record *click.Click // nil when only the ID is left of it

	BoundAt   time.Time // when a signal tied the identity to it; zero when it showed it itself
	Browser   bool      // only a browser has said that the identity is the touch's
	Affiliate int64     // who is named, when there is no touch
}

// Touchless reports whether the candidate is an affiliate without a touch.
func (c Candidate) Touchless() bool { return c.ID.IsZero() && c.Affiliate != 0 }

// View reports whether the candidate is a view, and no click.
func (c Candidate) View() bool { return c.Parts.Kind == txid.Impression }

// Earner gives the affiliate who would be credited.
func (c Candidate) Earner() int64 { return cmp.Or(c.Affiliate, c.Parts.Affiliate) }

// At gives when the touch was: by the true clock where its record has it, else
// by its ID.
func (c Candidate) At() time.Time {
	if c.Record != nil && !c.Record.At.IsZero() {
		return c.Record.At
	}
	return c.Parts.Time
}

// Judged is a candidate and what was found about it.
type Judged struct {
	Candidate
	Code   signal.Code   // OK, RecordMissing, or why it cannot be credited
	Rule   string        // in words
	Detail signal.Detail // for the one who sent the signal
	Lost   string        // why it is not the winner, in words; empty for the winner
}

// Creditable reports whether the candidate can earn the signal.
func (j Judged) Creditable() bool { return j.Code == signal.OK || j.Code == signal.RecordMissing }

// Decision is what came of a signal's candidates.
type Decision struct {
	Judged          // the winner; when there is none, the one whose reason stands
	All    []Judged // all candidates in the order in which they were considered
}

// Decide picks the candidate that earned s. Without any, nothing that the signal
// says leads to a touch.
func Decide(o *offer.Offer, s *signal.Signal, candidates ...Candidate) Decision {
	order := candidates
	if len(candidates) > 1 {
		order = slices.Clone(candidates)
		slices.SortStableFunc(order, func(a, b Candidate) int { return compare(o.Touch, a, b) })
	}
	hasOrder := s.Value(param.OrderID) != ""
	d := Decision{All: make([]Judged, 0, len(order))}
	for _, c := range order {
		d.All = append(d.All, judge(o, s.ReceivedAt, hasOrder, c))
	}
	if len(d.All) == 0 {
		d.Judged = Judged{Code: signal.ClickNotFound, Rule: "nothing in the signal leads to a click"}
		return d
	}
	won := winner(d.All)
	for i := range d.All {
		if i != won {
			d.All[i].Lost = lost(d.All, i, won)
		}
	}
	d.Judged = d.All[max(won, 0)]
	return d
}

// compare orders candidates: by trust, then servers before browsers, then by the
// touch that the offer credits.
func compare(touch offer.Touch, a, b Candidate) int {
	if n := cmp.Compare(a.By.Trust(), b.By.Trust()); n != 0 {
		return n
	}
	if a.Browser != b.Browser {
		if b.Browser {
			return -1
		}
		return 1
	}
	n := cmp.Or(a.At().Compare(b.At()), bytes.Compare(a.ID[:], b.ID[:]))
	if touch == offer.FirstTouch {
		return n
	}
	return -n
}

// winner gives the place of the candidate that is credited, -1 when none is.
func winner(all []Judged) int {
	if i := slices.IndexFunc(all, func(j Judged) bool { return j.Creditable() && !j.View() }); i >= 0 {
		return i
	}
	return slices.IndexFunc(all, Judged.Creditable)
}

// lost says why the candidate i is not credited, and won is.
func lost(all []Judged, i, won int) string {
	j := &all[i]
	switch {
	case !j.Creditable():
		return j.Rule
	case j.View() && !all[won].View():
		return "a click goes before any view"
	case j.By != all[won].By:
		return string(all[won].By) + " is trusted more than " + string(j.By)
	case j.Browser && !all[won].Browser:
		return "what a server has said goes before what a browser has"
	default:
		return "of several touches that " + string(j.By) + " leads to, another is the one that the offer credits"
	}
}
