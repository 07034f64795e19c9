// Package settlement turns a signal into a verdict and everything that follows
// from it: the conversion, its entries, the use of caps, the postbacks owed.
//
// It works in steps around the ledger's one transaction. LeadOf says what is to be
// looked up beside the signal's own click: the touches of a customer, the
// conversion that an order names. Prepare looks at
// what needs no lock: the form of the signal, the sender, the touch, the terms.
// It ends in a refusal or in a Case, which says what must be locked and looked
// up. Judge then sees that State and gives the Outcome, to be written whole or
// not at all. Both are pure: the same signal, touch, catalog and state give the
// same outcome in a test, after a crash, and in a replay.
//
// # What is credited
//
// The touch that attribution.Decide picks is what the conversion is counted
// under: its transaction. A coupon or an affiliate alone has none, and its order
// is. A signal without a transaction ID that names a conversion, or an order that
// was counted, is about that one. One whose click can be credited no longer may
// still move the status of what it earned.
//
// Windows, credentials and the periods of caps are judged as of the signal's
// receipt, terms and statuses as of settling.
//
// # What is counted
//
// A goal's rule of counting says which hits speak of the same conversion. An
// order ID that is another transaction's is a duplicate of that one under every
// rule, unless a server has the better word on whose it is.
//
//	once       All hits of a transaction, whatever their orders.
//	per_order  Those of one order ID. A hit without one joins the oldest
//	           conversion of its transaction, or makes one, which the first hit
//	           with a new order ID adopts.
//	every      Those of one order ID or one hit_id. A server's hit without
//	           either counts each time. A browser's is only a sighting of the
//	           latest conversion, and is asked for an ID where there is none.
//
// A conversion without an order ID takes the first that a hit on it brings, but for
// a browser's that only names the conversion.
//
// # Whose an order is
//
// Anybody can write what a browser sends, and an order's number can be seen or
// guessed. So an order that only browsers have tied to a click is given up to a
// server that proves who it is (by token, signature or key) and names another
// click for it. Its hit is judged as if that browser had not spoken: where it
// makes a conversion of the order, or its own conversion takes the order over,
// the browser's is superseded in the same outcome, unless it is paid. It is
// rejected, its money taken back by entries, what it has of the caps is given
// back, and those who heard of it hear of that. It stays so: nothing said later
// changes it, and it counts for nothing in its transaction. Where a server has
// reported that conversion too, by its click and without the order, it only
// loses the order. A hit that is refused, or does not take the order, takes it
// from nobody.
//
// What a server has said once no other word changes: a later one that names
// another click is a duplicate, as is a browser's. A decision through the API is
// about a conversion as it stands, and no word on whose the order is.
//
// # A repeated hit
//
// Servers (postback, api, import) and browsers (pixel, sdk) are two channels
// that see the same thing. What a server has set, no browser changes; the first
// word of a server replaces what browsers have said, and confirms a conversion
// that waited for it. A server may move the status at any time, along the
// transitions that conversion.Status allows, and the amount that comes with the
// move counts; only a rejection leaves the amount as it is. A hit with the
// contents of an earlier one is a duplicate for ever. All else is up to the
// goal's on_repeat.
//
// A correction made through the API is a person's word and no repetition. One of
// the amount alone is no server's word either: what waits for a server goes on
// waiting, and what was corrected stays when it comes, unless on_repeat is
// update. A correction may name the version that it is meant for.
//
// A hit in another currency than its conversion's is refused. A hit that is
// refused changes nothing, not even what was seen.
//
// # Caps
//
// A conversion takes of each cap that fits it, in the period in which its
// signal came, and keeps note of what it took: a cap's counter is the sum of
// those notes. It gives back when it is rejected, and what changes with its
// amount changes there, as long as the period lasts; what a period has counted
// stands once it is over. One that goes beyond a cap that pends takes of none
// and waits for a person, who approves it through the API; no postback does.
// Test traffic takes of none.
//
// # What is paid
//
// A payout pays a conversion by a signal that names it, which is judged under the
// conversion's claim and with the payout held: what payout.Payout.Covers says then
// decides, so that a signal which was left over from a payout that has ended pays
// nothing. What is paid stays so, whatever is said of it later: neither its status
// nor its money changes, and its order is given up to nobody.
//
// # What is owed
//
// Every change is heard of as conversion.EventOf says, by the active
// subscriptions that fit. Test conversions are delivered like real ones, so that
// a chain can be tried to its end; their values say test=1.
package settlement

import (
	"slices"
	"time"

	"waybill/internal/attribution"
	"waybill/internal/catalog"
	"waybill/internal/conversion"
	"waybill/internal/delivery"
	"waybill/internal/ledger"
	"waybill/internal/payout"
	"waybill/internal/signal"
)

// Input is what a signal is judged by, beside the state of the ledger.
type Input struct {
	Signal  signal.Signal
	Catalog *catalog.Catalog
	// Touches are the clicks and views that the signal's identifiers led to: the
	// record of Signal.Click, by its transaction ID, unless it is lost, and those
	// that Lead.Identities led to. What their IDs say need not be filled in.
	Touches []attribution.Candidate
	Targets []conversion.Conversion // that Lead.Target led to
	Now     time.Time               // of settling
}

// Claim is the row that one transaction's conversions of one goal are counted
// under. Whoever settles a signal holds it alone. What a coupon or an affiliate
// alone earned has no transaction: its order stands in for it (see ClaimOf).
type Claim struct {
	Test          bool
	OfferID       int64
	GoalID        int64
	TransactionID string
}

// Counter is one cap's use in one period.
type Counter struct {
	OfferID     int64
	AffiliateID int64  // 0 when the cap is everybody's
	Goal        string // empty when the cap counts all goals
	Metric      string // conversions, payout, revenue
	Period      string // "day 2026-11-22", "month 2026-11", "total"; with the zone when it is not UTC
}

// Case is what the ledger locks and looks up for one signal.
type Case struct {
	SignalID string
	// Refusal is set when no state can change the verdict: it is only stored.
	Refusal  *signal.Verdict
	Claim    Claim
	OrderID  string    // taken with the claim when not empty
	Counters []Counter // in an order that is the same for everybody
	PayoutID int64     // held with the state, for the signal of a payout; 0 for none
	Judge    func(State) (Outcome, error)
}

// With gives the case, holding more counters.
func (c Case) With(more []Counter) Case {
	c.Counters = inOrder(slices.Concat(c.Counters, more))
	return c
}

// State is what the ledger found, and holds locked until the outcome is written.
type State struct {
	Conversions []conversion.Conversion // of the claim, oldest first
	Order       *conversion.Conversion  // whose the order ID is already, of whatever transaction
	Used        map[Counter]int64       // conversions, or micro-units
	Payout      *payout.Payout          // of the case's PayoutID; nil when there is none
	Asked       map[string]int          // the versions that it was asked to pay, of Conversions by ID
}

// Outcome is what is written, all of it or nothing.
type Outcome struct {
	Verdict    signal.Verdict
	Conversion *conversion.Conversion // new when its version is 1, else changed; nil when untouched
	TakeOrder  bool                   // the case's order ID is from now on this conversion's
	Entries    []ledger.Entry
	Use        map[Counter]int64 // to be added to the counters
	Owed       []delivery.Owed

	// Beside is the conversion that has lost the case's order ID to Conversion,
	// State.Order as it is from now on; nil where none has. Entries, use and
	// postbacks are of both.
	Beside *conversion.Conversion

	// Lacking is what the case has to hold beside what it holds, to be judged at
	// all. Nothing else of the outcome is set then: see Case.With.
	Lacking []Counter
}
