// Package ledger holds money as double entry: append-only entries that sum to
// zero in each currency, transaction by transaction.
//
// A conversion has a position: what its status, payout and revenue amount to in
// entries. Every change books the difference between the position before and
// the position after, so the sum of a conversion's entries is always its
// position, and nothing is ever edited. What corrects a partner's balance, and
// what settles such corrections, are transactions of their own, which no
// conversion's position counts in.
//
// Signs: what an advertiser owes is positive, what is owed to an affiliate is
// negative, and the network's own account takes what remains. Payouts and
// revenues themselves are never negative.
package ledger

import (
	"time"

	"waybill/internal/money"
)

// Party is whose account an entry is in.
type Party string

// The parties.
const (
	Advertiser Party = "advertiser"
	Affiliate  Party = "affiliate"
	Network    Party = "network"
)

// Book says how certain the money is.
type Book string

// The books. Pending money (pending and hold) may still come to nothing. What
// is paid has been settled with the partner: payouts settle an affiliate's, one
// conversion at a time, and an advertiser pays on account.
const (
	Pending  Book = "pending"
	Approved Book = "approved"
	Paid     Book = "paid"
)

// Account is one balance of one party.
type Account struct {
	Party Party `json:"party"`
	ID    int64 `json:"party_id"` // 0 for the network
	Book  Book  `json:"book"`
	Test  bool  `json:"test"` // test money never meets real money
}

// Entry is one line of a transaction. Which transaction it is of, one of
// SignalID, PayoutID and AdjustmentID says.
type Entry struct {
	Account      Account      `json:"account"`
	Amount       money.Amount `json:"amount"`
	ConversionID string       `json:"conversion_id,omitempty"`
	SignalID     string       `json:"signal_id,omitempty" doc:"The transaction: all entries that this signal has booked."`
	PayoutID     int64        `json:"payout_id,omitempty" doc:"The transaction: what this payout has settled beside its conversions."`
	AdjustmentID int64        `json:"adjustment_id,omitempty" doc:"The transaction: what this adjustment has booked."`
	Reason       string       `json:"reason" doc:"The event that booked it."`
	At           time.Time    `json:"at"`
}
