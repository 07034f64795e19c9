// Package payout settles what is owed to affiliates, and corrects what partners'
// balances say.
//
// A payout pays one affiliate, in one currency, for particular conversions: those
// that were approved when it was asked for and happened before a time. With them
// go the adjustments that are open. It is written down before the first
// conversion is paid, and worked off in pieces, so whatever stops a node, it is
// gone on with and comes to its end once. Each conversion is paid by a signal of
// its own, which is judged like any other and finds under lock whether Covers
// still holds: none is ever in two payouts, and what was rejected meanwhile is in
// none.
//
// An adjustment is a correction that is never changed: a mistake is corrected by
// its opposite. Amounts of both are in the partner's favour when positive, which
// is the other sign than that of entries (see ledger).
package payout

import (
	"errors"
	"time"

	"waybill/internal/conversion"
	"waybill/internal/fault"
	"waybill/internal/ledger"
	"waybill/internal/money"
)

// Status is how far a payout has come.
type Status string

// The statuses.
const (
	Planned Status = "planned" // only asked what it would be
	Booking Status = "booking" // its conversions are being paid
	Booked  Status = "booked"  // nothing is added any more
)

// Payout pays one affiliate in one currency.
type Payout struct {
	ID          int64
	AffiliateID int64
	Until       time.Time // what happened before is paid
	Status      Status
	Amount      money.Amount // of all it pays; while it is booking, what it has come to
	Conversions int64
	Adjustments int64
	Reference   string // what the payment is called where it was made; the affiliate reads it
	Note        string // the network's own
	CreatedAt   time.Time
	BookedAt    time.Time // zero while it is booking
	Version     int64
}

// Covers reports whether p pays for c as it stands. asked is the version of c that
// p was asked to pay, 0 for none: what has changed since waits for the next one.
func (p *Payout) Covers(c *conversion.Conversion, asked int) bool {
	return p.Status == Booking && c.Status == conversion.Approved && !c.Test &&
		c.AffiliateID == p.AffiliateID && c.Payout.Currency == p.Amount.Currency &&
		c.OccurredAt.Before(p.Until) && c.Version == asked
}

// Due is what one affiliate would be paid in one currency.
type Due struct {
	AffiliateID int64          `json:"affiliate_id"`
	Currency    money.Currency `json:"currency"`
	Conversions int64          `json:"conversions"`
	Adjustments int64          `json:"adjustments"`
	Earned      money.Sum      `json:"earned" doc:"What the conversions come to."`
	Adjusted    money.Sum      `json:"adjusted" doc:"What the adjustments come to."`
	Amount      money.Sum      `json:"amount" doc:"Both together."`
}

// Add adds what conversions, or adjustments, come to.
func (d *Due) Add(conversions int64, earned money.Sum, adjustments int64, adjusted money.Sum) {
	d.Conversions, d.Earned = d.Conversions+conversions, d.Earned.Add(earned)
	d.Adjustments, d.Adjusted = d.Adjustments+adjustments, d.Adjusted.Add(adjusted)
	d.Amount = d.Earned.Add(d.Adjusted)
}

// payable gives what is to be paid, or why it cannot be.
func (d *Due) payable() (money.Amount, error) {
	amount, err := d.Amount.Amount()
	for _, part := range [...]money.Sum{d.Earned, d.Adjusted} {
		if _, beyond := part.Amount(); err == nil {
			err = beyond
		}
	}
	if err != nil {
		return amount, fault.New(fault.Conflict, "affiliate %d has earned %s and its adjustments are %s: that is more than one payout can say; choose an earlier until, or look for wrong amounts",
			d.AffiliateID, d.Earned, d.Adjusted)
	}
	switch {
	case amount.Units > 0:
		return amount, nil
	case d.Conversions == 0 && d.Adjustments == 0:
		return amount, fault.New(fault.Conflict, "nothing is owed to affiliate %d in %s", d.AffiliateID, d.Currency)
	case amount.Units < 0:
		return amount, fault.New(fault.Conflict, "the adjustments of affiliate %d outweigh what it has earned in %s: %s; they stay open, and what is earned from now on goes against them",
			d.AffiliateID, d.Currency, d.Amount)
	default:
		return amount, fault.New(fault.Conflict, "what is owed to affiliate %d in %s comes to nothing", d.AffiliateID, d.Currency)
	}
}

// Reason is what the entries of a payout say that are no conversion's.
const Reason = "payout.booked"

// Settled gives the entries that settle adjustments by which p pays so much more,
// or less, than its conversions come to. There are none for nothing.
func (p *Payout) Settled(units int64) ([]ledger.Entry, error) {
	owed := ledger.Account{Party: ledger.Affiliate, ID: p.AffiliateID, Book: ledger.Approved}
	paid := owed
	paid.Book = ledger.Paid
	return move(owed, paid, money.Amount{Units: units, Currency: p.Amount.Currency})
}

// move gives the entries that take so much out of one account and into another,
// both as owed to their party.
func move(from, to ledger.Account, a money.Amount) ([]ledger.Entry, error) {
	if a.Zero() {
		return nil, nil
	}
	back, err := a.Neg()
	if err != nil {
		return nil, err
	}
	return []ledger.Entry{{Account: from, Amount: a}, {Account: to, Amount: back}}, nil
}

// Validate looks at what is said of p.
func (p *Payout) Validate() error {
	return errors.Join(fault.Line("reference", p.Reference), fault.Note("note", p.Note))
}

// Order asks for a payout.
type Order struct {
	AffiliateID int64
	Currency    money.Currency
	Until       time.Time
	Expect      *int64 // what it should come to; nil where nobody says
	Reference   string
	Note        string
	At          time.Time // when it is asked for
}

// Plan gives the payout that o comes to where d is due, or why there is none.
func (o *Order) Plan(d *Due) (Payout, error) {
	amount, err := d.payable()
	if err != nil {
		return Payout{}, err
	}
	if o.Expect != nil && *o.Expect != amount.Units {
		return Payout{}, fault.New(fault.Conflict, "the payout would be %s, and %s was expected",
			amount, money.Amount{Units: *o.Expect, Currency: amount.Currency})
	}
	return Payout{
		AffiliateID: o.AffiliateID, Until: o.Until, Status: Planned, Amount: amount,
		Conversions: d.Conversions, Adjustments: d.Adjustments, Reference: o.Reference, Note: o.Note, CreatedAt: o.At,
	}, nil
}
