package offer

import (
	"errors"
	"strings"
	"unicode/utf8"

	"waybill/internal/fault"
)

// DefaultGoal is the code of the goal that every offer has, and the one meant
// when a signal names none.
const DefaultGoal = "default"

// Goal is one step that a visitor may take, counted on its own.
type Goal struct {
	ID            int64  `json:"id" readOnly:"true"`
	OfferID       int64  `json:"offer_id" readOnly:"true"`
	Code          string `json:"code" maxLength:"64" doc:"What postbacks call it; letters, digits, dot, dash and underscore."`
	Name          string `json:"name,omitempty" maxLength:"200"`
	Payout        *Price `json:"payout,omitempty" doc:"In place of the offer's."`
	Revenue       *Price `json:"revenue,omitempty" doc:"In place of the offer's."`
	Dedupe        Dedupe `json:"dedupe,omitempty" enum:"once,per_order,every" default:"once" doc:"What is counted: one conversion per transaction, per order, or every hit."`
	OnRepeat      string `json:"on_repeat,omitempty" enum:"ignore,update,conflict" default:"ignore" doc:"What a repeated hit with other contents does."`
	DefaultStatus string `json:"default_status,omitempty" enum:"approved,pending,hold" doc:"In place of the offer's."`
	// PartnerMaySetPayout lets the postback's payout parameter set the price.
	PartnerMaySetPayout bool `json:"partner_may_set_payout" default:"false" doc:"Whether a postback's payout parameter sets the payout."`
}

// Dedupe is a goal's rule of counting.
type Dedupe string

// The rules; see package settlement for what each means hit by hit.
const (
	Once     Dedupe = "once"
	PerOrder Dedupe = "per_order"
	Every    Dedupe = "every"
)

// NewGoal is a goal before anything was said of it.
func NewGoal(offerID int64) Goal {
	return Goal{OfferID: offerID, Dedupe: Once, OnRepeat: "ignore"}
}

const maxCode = 64

// Validate reports every field that is wrong. The IDs are the ledger's to give
// and not looked at.
func (g *Goal) Validate() error {
	errs := []error{validCode("code", g.Code)}
	if g.Name != "" {
		errs = append(errs, fault.Name("name", g.Name))
	}
	errs = append(errs,
		validPrices(g.Payout, g.Revenue),
		oneOf("dedupe", g.Dedupe, Once, PerOrder, Every),
		oneOf("on_repeat", g.OnRepeat, "ignore", "update", "conflict"),
	)
	if g.DefaultStatus != "" {
		errs = append(errs, oneOf("default_status", g.DefaultStatus, "approved", "pending", "hold"))
	}
	return errors.Join(errs...)
}

// Is reports whether code means this goal; case does not matter.
func (g *Goal) Is(code string) bool { return strings.EqualFold(g.Code, code) }

func validCode(field, code string) error {
	switch {
	case code == "":
		return fault.At(field, "is missing")
	case len(code) > maxCode:
		return fault.At(field, "is longer than %d characters", maxCode)
	case strings.ContainsFunc(code, notInCode):
		return fault.At(field, "%.64q holds more than letters, digits, dot, dash and underscore", code)
	default:
		return nil
	}
}

func notInCode(r rune) bool {
	return r >= utf8.RuneSelf || !alphanumeric(r) && !strings.ContainsRune("._-", r)
}

func alphanumeric(r rune) bool {
	return r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
}
