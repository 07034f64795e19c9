// Package fact holds the rows that reports are made of: what came in and what
// became of it, flat, one row a thing that happened.
//
// Facts are derived. They are made from the journal's records and from the
// ledger's changes, and from nothing else, so that the same history gives the
// same facts. A fact is never changed: a conversion that changes is a row that
// takes back what was said before, with the sign -1, and a row that says what
// holds now.
//
// Tables says, for every engine and for whoever writes queries, which columns
// the facts have. A text that is not set is empty there, never missing.
package fact

import (
	"time"

	"waybill/internal/txid"
)

// Batch is what one transaction ships: facts, and up to where each source is
// read once they are stored.
type Batch struct {
	Clicks      []Click
	Impressions []Click
	Conversions []Conversion
	Signals     []Signal
	Attempts    []Attempt
	Positions   []Position
}

// Len gives how many facts the batch holds.
func (b *Batch) Len() int {
	return len(b.Clicks) + len(b.Impressions) + len(b.Conversions) + len(b.Signals) + len(b.Attempts)
}

// Position is how far a source has been read. Sources are "click/12",
// "impression/12" and "signal/12", of node 12's journal, and "change" and
// "attempt", of the ledger.
type Position struct {
	Source  string
	At      uint64    // all before it is stored, in the source's own order
	Through time.Time // all that was received before it is stored
}

// Click is one visit, or one view: a row of the tables click and impression.
type Click struct {
	ID           txid.ID // its time is the fact's
	OfferID      int64   // 0 when it named none that exists
	AdvertiserID int64
	AffiliateID  int64
	Visitor      uint64 // a hash of address and agent, salted anew at 00:00 UTC
	Bot          bool
	TurnedAway   string // why the visitor was not sent on; empty otherwise
	Source       string
	Sub          [Subs]string
	Country      string
	Region       string
	Device       string
	OS           string
	Browser      string
	Link         string
	AffClickID   string
	Referrer     string
	UserAgent    string
	IP           string
}

// Subs is how many free values each side may send.
const Subs = 10

// Conversion is what became of a conversion, or, with the sign -1, what no
// longer holds of it.
type Conversion struct {
	Sign          int8
	ID            string
	TransactionID string
	ChangeID      int64 // the ledger's change that says so
	At            time.Time
	ClickAt       time.Time // when its click or view was; zero when that is unknown
	OfferID       int64
	AdvertiserID  int64
	AffiliateID   int64
	GoalID        int64
	Status        string
	Channel       string
	Attribution   string // the rule that credited it
	ViewThrough   bool
	Test          bool
	Bot           bool
	Amount        int64 // micro-units, as Payout and Revenue
	Payout        int64
	Revenue       int64
	Currency      string
	OrderID       string
	Source        string
	Sub           [Subs]string
	Adv           [Subs]string
	Country       string
	Region        string
	Device        string
	OS            string
	Browser       string
}

// Signal is an inbound hit with its verdict.
type Signal struct {
	ID            txid.ID
	At            time.Time // when it was received
	Channel       string
	Status        string
	Code          string
	TransactionID string
	ConversionID  string
	OrderID       string
	OfferID       int64
	AdvertiserID  int64
	AffiliateID   int64
	GoalID        int64
	Amount        string // as it came
	Test          bool
	Correction    bool // it changed or paid a conversion on purpose, and reports none
}

// Attempt is one try to deliver a postback: a row of the table delivery.
type Attempt struct {
	Number         int64 // its place in the ledger's order
	DeliveryID     string
	ConversionID   string
	TransactionID  string
	Event          string
	At             time.Time
	Took           time.Duration
	SubscriptionID int64
	OfferID        int64
	AdvertiserID   int64
	AffiliateID    int64
	Status         int // of HTTP; 0 when no answer came
	Error          string
	Delivered      bool
	Test           bool
}
