package payout

import (
	"errors"
	"strings"
	"time"

	"waybill/internal/conversion"
	"waybill/internal/fault"
	"waybill/internal/ledger"
	"waybill/internal/money"
)

// Kind says why a balance is adjusted.
type Kind string

// The kinds.
const (
	Correction Kind = "correction"
	Bonus      Kind = "bonus"
	Clawback   Kind = "clawback" // takes back what a conversion has paid
	Payment    Kind = "payment"  // of an advertiser, on account; negative where one is taken back
)

// Kinds lists the kinds.
func Kinds() []Kind { return []Kind{Correction, Bonus, Clawback, Payment} }

// Adjustment corrects a partner's balance: an advertiser's or an affiliate's.
type Adjustment struct {
	ID           int64
	AdvertiserID int64
	AffiliateID  int64
	Kind         Kind
	Amount       money.Amount // in the partner's favour when positive
	ConversionID string       // which it is about; may be empty
	Note         string       // the partner reads it
	PayoutID     int64        // that has settled it; 0 while it is open, and for an advertiser
	CreatedAt    time.Time
}

// Account gives the partner's account, in a book.
func (a *Adjustment) Account(b ledger.Book) ledger.Account {
	if a.AdvertiserID != 0 {
		return ledger.Account{Party: ledger.Advertiser, ID: a.AdvertiserID, Book: b}
	}
	return ledger.Account{Party: ledger.Affiliate, ID: a.AffiliateID, Book: b}
}

// Reason is what the entries of a say.
func (a *Adjustment) Reason() string { return "adjustment." + string(a.Kind) }

// Entries gives what a books. A payment moves what the advertiser owes to what it
// has paid, and a negative one back again; all else is at the network's cost, or to
// its good.
func (a *Adjustment) Entries() ([]ledger.Entry, error) {
	if a.Kind == Payment {
		return move(a.Account(ledger.Paid), a.Account(ledger.Approved), a.Amount)
	}
	return move(ledger.Account{Party: ledger.Network, Book: ledger.Approved}, a.Account(ledger.Approved), a.Amount)
}

// Validate looks at what a says by itself, and mends its note.
func (a *Adjustment) Validate() error {
	a.Note = strings.TrimSpace(a.Note)
	var errs []error
	wrong := func(field, format string, args ...any) { errs = append(errs, fault.At(field, format, args...)) }
	switch {
	case (a.AdvertiserID != 0) == (a.AffiliateID != 0):
		wrong("affiliate_id", "name one partner: affiliate_id or advertiser_id")
	case a.AdvertiserID < 0 || a.AffiliateID < 0:
		wrong("affiliate_id", "there is no such partner")
	}
	switch {
	case a.Amount.Currency == "":
		wrong("amount.currency", `is missing; write {"amount":"12.50","currency":"USD"}`)
	case a.Amount.Zero():
		wrong("amount", "is nothing; it is positive in the partner's favour, else negative")
	case a.Amount.Units > money.Max || a.Amount.Units < -money.Max:
		wrong("amount", "is beyond %s", money.Amount{Units: money.Max, Currency: a.Amount.Currency})
	}
	if a.Note == "" {
		wrong("note", "is missing; say what it is for, the partner reads it")
	}
	return errors.Join(append(errs, fault.Note("note", a.Note), a.checkKind())...)
}

// checkKind looks at what each kind asks for.
func (a *Adjustment) checkKind() error {
	switch {
	case a.Kind == Correction:
		return nil
	case a.Kind == Bonus && a.Amount.Units < 0:
		return fault.At("amount", "a bonus is positive")
	case a.Kind == Bonus:
		return nil
	case a.Kind == Payment && a.AdvertiserID == 0:
		return fault.At("kind", "a payment is an advertiser's; affiliates are paid by payouts")
	case a.Kind == Payment && a.ConversionID != "":
		return fault.At("conversion_id", "a payment is on account, and for no conversion")
	case a.Kind == Payment:
		return nil
	case a.Kind == Clawback && a.AffiliateID == 0:
		return fault.At("kind", "a clawback takes back what an affiliate was paid; use correction for an advertiser")
	case a.Kind == Clawback && a.ConversionID == "":
		return fault.At("conversion_id", "is missing: say which conversion is clawed back")
	case a.Kind == Clawback && a.Amount.Units > 0:
		return fault.At("amount", "a clawback is negative")
	case a.Kind == Clawback:
		return nil
	default:
		return fault.At("kind", "%.40q is not a kind; use correction, bonus, clawback or payment", string(a.Kind))
	}
}

// About refuses an adjustment that names a conversion which is not the partner's,
// or takes back more of it than it has paid. clawed is what earlier ones have
// taken back, as a negative amount.
func (a *Adjustment) About(c *conversion.Conversion, clawed int64) error {
	switch {
	case a.AdvertiserID != 0 && c.AdvertiserID != a.AdvertiserID, a.AffiliateID != 0 && c.AffiliateID != a.AffiliateID:
		return fault.At("conversion_id", "conversion %s is another partner's", c.ID)
	case c.Test:
		return fault.At("conversion_id", "conversion %s is a test, and pays nobody", c.ID)
	case a.Kind != Clawback:
		return nil
	case c.Status != conversion.Paid:
		return fault.New(fault.Conflict, "conversion %s is %s: only what is paid is clawed back; reject it instead", c.ID, c.Status)
	case c.Payout.Currency != a.Amount.Currency:
		return fault.At("amount.currency", "conversion %s was paid in %s", c.ID, c.Payout.Currency)
	}
	left := money.Amount{Units: c.Payout.Units + clawed, Currency: c.Payout.Currency}
	if a.Amount.Units < -left.Units {
		return fault.New(fault.Conflict, "conversion %s has paid %s, of which %s is left to be clawed back", c.ID, c.Payout, left)
	}
	return nil
}
