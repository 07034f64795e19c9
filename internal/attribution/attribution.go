// Package attribution decides which touch earned a signal, and whether any did.
//
// Each identifier that a signal carries and its offer allows leads to
// candidates. They are judged in a fixed order, and the first that can be
// credited wins. One that is turned away, too young, too old or lost falls
// through to the next; if none is left, the first one's reason stands.
//
// Ages are judged as of the signal's receipt, so it does not matter when it is
// settled. Clocks differ: a signal up to five minutes before its click counts
// as one of the same instant.
package attribution

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"time"

	"waybill/internal/click"
	"waybill/internal/offer"
	"waybill/internal/signal"
	"waybill/internal/txid"
)

// ClockSkew is how far a signal may lie before its click.
const ClockSkew = 5 * time.Minute

// creditReject is the word of an offer that credits no click whose record is
// lost.
const creditReject = "reject"

// Candidate is a click that one of the signal's identifiers led to.
type Candidate struct {
	By     offer.Identifier
	ID     txid.ID
	Parts  txid.Parts   // what the ID says; it was verified
	Record *click.Click // nil when only the ID is left of it
}

// At gives when the click was: by the true clock where its record has it, else
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
}

// Creditable reports whether the candidate can earn the signal.
func (j Judged) Creditable() bool { return j.Code == signal.OK || j.Code == signal.RecordMissing }

// Decision is what came of a signal's candidates.
type Decision struct {
	Judged          // the winner; when there is none, the one whose reason stands
	All    []Judged // all candidates in the order in which they were considered
}

// Decide picks the candidate that earned s. At least one is needed: a signal
// without any was never attributable.
func Decide(o offer.Offer, s *signal.Signal, candidates ...Candidate) Decision {
	order := slices.Clone(candidates)
	slices.SortStableFunc(order, func(a, b Candidate) int { return cmp.Compare(rank(a.By), rank(b.By)) })

	var d Decision
	for _, c := range order {
		d.All = append(d.All, judge(o, s.ReceivedAt, c))
	}
	if len(d.All) == 0 {
		d.Judged = Judged{Code: signal.ClickNotFound, Rule: "nothing in the signal leads to a click"}
		return d
	}
	d.Judged = d.All[0]
	if i := slices.IndexFunc(d.All, Judged.Creditable); i >= 0 {
		d.Judged = d.All[i]
	}
	return d
}

// rank gives the place of an identifier in the order of trust.
func rank(by offer.Identifier) int {
	if by == offer.ByTransactionID {
		return 0
	}
	return 1
}

func judge(o offer.Offer, received time.Time, c Candidate) Judged {
	j := Judged{Candidate: c}
	if c.Parts.Offer != o.ID {
		j.Code, j.Rule = signal.OfferMismatch, fmt.Sprintf("the click is of offer %d, not of offer %d", c.Parts.Offer, o.ID)
		j.Detail.Got = strconv.FormatInt(o.ID, 10)
		return j
	}
	if why := c.turnedAway(); why != "" {
		j.Code, j.Rule, j.Detail.Why = signal.TurnedAway, "the visitor was not sent to the offer: "+why, why
		return j
	}
	age := received.Sub(c.At())
	if age < 0 && age >= -ClockSkew {
		age = 0
	}
	j.judgeAge(o, age)
	if j.Creditable() && c.Record == nil {
		j.judgeLost(o)
	}
	return j
}

// turnedAway says why the visitor was not sent to the offer, empty when he was.
func (c Candidate) turnedAway() string {
	switch {
	case c.Record != nil && c.Record.TurnedAway != click.Sent:
		return string(c.Record.TurnedAway)
	case c.Parts.TurnedAway:
		return "so its ID says"
	default:
		return ""
	}
}

func (j *Judged) judgeAge(o offer.Offer, age time.Duration) {
	j.Detail.Got = age.Round(time.Millisecond).String()
	switch {
	case age < 0:
		j.Code, j.Detail.Want = signal.TooFast, o.MinConversionTime.String()
		j.Rule = fmt.Sprintf("received %s before its click; at most %s are put down to clocks", -age, ClockSkew)
	case age < o.MinConversionTime.Duration():
		j.Code, j.Detail.Want = signal.TooFast, o.MinConversionTime.String()
		j.Rule = fmt.Sprintf("received %s after its click; the offer takes none before %s", age, o.MinConversionTime)
	case age > o.ClickWindow.Duration():
		j.Code, j.Detail.Want = signal.ClickExpired, o.ClickWindow.String()
		j.Rule = fmt.Sprintf("received %s after its click; the click window is %s", age, o.ClickWindow)
	default:
		j.Code = signal.OK
		j.Rule = fmt.Sprintf("%s: received %s after its click, within the window of %s", j.By, age, o.ClickWindow)
	}
}

// judgeLost says what a click is worth that is only known from its ID.
func (j *Judged) judgeLost(o offer.Offer) {
	if o.CreditWithoutClick == creditReject {
		j.Code = signal.ClickNotFound
		j.Rule = "the click's record is lost, and the offer credits none without it"
		j.Detail = signal.Detail{Got: j.ID.String()}
		return
	}
	j.Code = signal.RecordMissing
	j.Rule += "; from the ID alone, since the click's record is lost"
}
