package offer

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"waybill/internal/fault"
)

// Term is a special price for those it fits: conditions left open fit all.
// Of several that fit, the one with the most conditions holds; of equals, the
// one with affiliate before goal before country; of those, the newest.
type Term struct {
	ID          int64     `json:"id" readOnly:"true"`
	OfferID     int64     `json:"offer_id"`
	AffiliateID int64     `json:"affiliate_id,omitempty"`
	Goal        string    `json:"goal,omitempty"`
	Country     string    `json:"country,omitempty"`
	Payout      *Price    `json:"payout,omitempty"`
	Revenue     *Price    `json:"revenue,omitempty"`
	From        time.Time `json:"from,omitzero"`
	Until       time.Time `json:"until,omitzero"`
	Note        string    `json:"note,omitempty" maxLength:"200"`
}

// Validate reports every field that is wrong. Whether the offer, the affiliate
// and the goal exist is for the ledger to say.
func (t *Term) Validate() error {
	var errs []error
	if t.OfferID <= 0 {
		errs = append(errs, fault.At("offer_id", "is missing"))
	}
	if t.AffiliateID < 0 {
		errs = append(errs, fault.At("affiliate_id", "is not an affiliate"))
	}
	if t.Goal != "" {
		errs = append(errs, validCode("goal", t.Goal))
	}
	if t.Country != "" {
		errs = append(errs, validCountry("country", t.Country))
	}
	if t.Payout == nil && t.Revenue == nil {
		errs = append(errs, fault.At("payout", "is missing: a term sets the payout, the revenue or both"))
	}
	if !t.Until.IsZero() && !t.Until.After(t.From) {
		errs = append(errs, fault.At("until", "does not lie after from"))
	}
	if t.Note != "" {
		errs = append(errs, fault.Name("note", t.Note))
	}
	return errors.Join(append(errs, validPrices(t.Payout, t.Revenue))...)
}

// Fit is what the conditions of terms are compared with.
type Fit struct {
	AffiliateID int64
	Goal        string // the goal's code
	Country     string // the visitor's; empty when nobody knows
	At          time.Time
}

// Fits reports whether all of the term's conditions hold.
func (t *Term) Fits(who Fit) bool {
	return (t.AffiliateID == 0 || t.AffiliateID == who.AffiliateID) &&
		(t.Goal == "" || strings.EqualFold(t.Goal, who.Goal)) &&
		(t.Country == "" || strings.EqualFold(t.Country, who.Country)) &&
		(t.From.IsZero() || !who.At.Before(t.From)) &&
		(t.Until.IsZero() || who.At.Before(t.Until))
}

// String names the term and its conditions, for people: "term 12: affiliate 7,
// goal sale".
func (t *Term) String() string {
	var conditions []string
	if t.AffiliateID != 0 {
		conditions = append(conditions, "affiliate "+strconv.FormatInt(t.AffiliateID, 10))
	}
	if t.Goal != "" {
		conditions = append(conditions, "goal "+t.Goal)
	}
	if t.Country != "" {
		conditions = append(conditions, "country "+strings.ToUpper(t.Country))
	}
	if conditions == nil {
		conditions = []string{"everybody"}
	}
	return "term " + strconv.FormatInt(t.ID, 10) + ": " + strings.Join(conditions, ", ")
}

// weight orders terms: first by the number of conditions, then by which.
func (t *Term) weight() int {
	count, which := 0, 0
	if t.AffiliateID != 0 {
		count, which = count+1, which|4
	}
	if t.Goal != "" {
		count, which = count+1, which|2
	}
	if t.Country != "" {
		count, which = count+1, which|1
	}
	return count<<3 | which
}

func payoutOf(t *Term) *Price { return t.Payout }

func revenueOf(t *Term) *Price { return t.Revenue }

// best gives the term of the offer that fits best and has a price; nil if none
// does.
func best(terms []Term, offerID int64, who Fit, of func(*Term) *Price) *Term {
	var found *Term
	for i := range terms {
		t := &terms[i]
		if t.OfferID != offerID || of(t) == nil || !t.Fits(who) {
			continue
		}
		if found == nil || t.weight() > found.weight() || t.weight() == found.weight() && t.ID > found.ID {
			found = t
		}
	}
	return found
}
