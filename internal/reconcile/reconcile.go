// Package reconcile compares a partner's list of conversions with ours and says,
// line by line, what differs and why.
//
// It works in steps, each of them pure. Read takes in the partner's file,
// whatever its columns, separators and clocks. New prepares a Match, to which
// the caller hands our conversions (Add), and then what is known about the lines
// that none of them fits: signals (AddSignal) and clicks (AddClick). Result sums
// it up, and Rows gives it line by line.
//
// What always holds:
//
//   - Every line of the list and every conversion of ours in the period is in
//     exactly one class, and a conversion is matched with one line at most.
//   - The difference of the totals is the sum of the classes' differences, to
//     the micro-unit, in each currency.
//   - A line that merely looks like a conversion (the same amount at about the
//     same time, an ID with a letter wrong) is marked as likely, and never
//     counted as matched.
//   - What is shown of our conversions depends on whose list it is: an
//     affiliate's shows payouts and never revenue, an advertiser's the reverse.
package reconcile

import (
	"time"

	"waybill/internal/conversion"
	"waybill/internal/money"
	"waybill/internal/txid"
)

// Side is whose list it is.
type Side string

// The sides.
const (
	Advertiser Side = "advertiser" // sale amounts, and what the advertiser pays
	Affiliate  Side = "affiliate"  // what the affiliate is paid
)

// Measure is a sum of money that is compared.
type Measure uint8

// The measures.
const (
	Amount Measure = iota
	Revenue
	Payout
	numMeasures
)

// String gives the name that the API uses.
func (m Measure) String() string { return [...]string{"amount", "revenue", "payout"}[m] }

// Measures gives what is compared in a side's list.
func (s Side) Measures() []Measure {
	if s == Affiliate {
		return []Measure{Payout}
	}
	return []Measure{Amount, Revenue}
}

// Class is what became of a line, or of a conversion of ours.
type Class string

// The classes.
const (
	Matched       Class = "matched"           // one of each, and they agree
	AmountDiffers Class = "amount_differs"    // one of each, with different money
	StatusDiffers Class = "status_differs"    // one of each, with different statuses
	MissingHere   Class = "missing_here"      // in their list alone
	MissingThere  Class = "missing_there"     // with us alone
	Duplicate     Class = "duplicate_in_list" // the list has it more than once
)

// Classes gives all classes, in the order of the summary.
func Classes() []Class {
	return []Class{Matched, AmountDiffers, StatusDiffers, MissingHere, MissingThere, Duplicate}
}

// ParseClass reads a class from outside.
func ParseClass(text string) (Class, bool) {
	for _, c := range Classes() {
		if string(c) == text {
			return c, true
		}
	}
	return "", false
}

// Owner is whose reconciliation it is. The zero Owner is the network.
type Owner struct {
	AdvertiserID int64 `json:"advertiser_id,omitempty"`
	AffiliateID  int64 `json:"affiliate_id,omitempty"`
}

// Scope says which conversions may be looked at. What is 0 leaves all.
type Scope struct {
	Owner
	From, Until time.Time // when they happened; Until not included
}

// Conversion is as much of a conversion of ours as is compared.
type Conversion struct {
	ID            txid.ID
	TransactionID txid.ID
	OfferID       int64
	AffiliateID   int64
	Goal          string
	OrderID       string
	Channel       string
	Status        conversion.Status
	Money         [3]money.Amount // by Measure
	AmountKnown   bool
	ByServer      bool
	Test          bool
	OccurredAt    time.Time
	UpdatedAt     time.Time
	Version       int
}

// worth gives what a conversion counts for: nothing when it was rejected.
func (c *Conversion) worth(m Measure) int64 {
	if c.Status == conversion.Rejected {
		return 0
	}
	return c.Money[m].Units
}
