// Package coupon holds the codes that an affiliate hands out, and by which a sale
// is told to be his where no click says so.
package coupon

import (
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"

	"waybill/internal/fault"
)

// Coupon is a code of one offer that belongs to one affiliate. Whose it is may
// change; what it has earned stays with whom it was then.
type Coupon struct {
	ID          int64  `json:"id" readOnly:"true"`
	Code        string `json:"code" maxLength:"64" doc:"What the customer enters at the shop. Case does not matter."`
	OfferID     int64  `json:"offer_id" doc:"The offer whose sales it is entered with."`
	AffiliateID int64  `json:"affiliate_id" doc:"The affiliate who is credited."`
	Status      Status `json:"status,omitempty" enum:"active,retired" default:"active"`
}

// Status says whether a coupon still credits anybody.
type Status string

// The statuses.
const (
	Active  Status = "active"
	Retired Status = "retired"
)

// Default is a coupon before anything was said of it.
func Default() Coupon { return Coupon{Status: Active} }

const maxCode = 64

// Fold gives the one spelling of a code by which it is found: without the white
// space around it, in lower case.
func Fold(code string) string { return strings.ToLower(strings.TrimSpace(code)) }

// Validate reports every field that is wrong. The ID is the ledger's to give, and
// whether the offer and the affiliate exist is for it to say.
func (c *Coupon) Validate() error {
	errs := []error{validCode(c.Code)}
	if c.OfferID <= 0 {
		errs = append(errs, fault.At("offer_id", "is missing"))
	}
	if c.AffiliateID <= 0 {
		errs = append(errs, fault.At("affiliate_id", "is missing"))
	}
	switch c.Status {
	case Active, Retired:
	default:
		errs = append(errs, fault.At("status", "%.40q is not a status; use active or retired", c.Status))
	}
	return errors.Join(errs...)
}

func validCode(code string) error {
	switch {
	case code == "":
		return fault.At("code", "is missing")
	case utf8.RuneCountInString(code) > maxCode:
		return fault.At("code", "is longer than %d characters", maxCode)
	case strings.TrimSpace(code) != code:
		return fault.At("code", "%.70q has white space around it, which no signal brings", code)
	case strings.ContainsFunc(code, func(r rune) bool { return unicode.IsControl(r) || r == utf8.RuneError }):
		return fault.At("code", "holds what is no character")
	case strings.ContainsAny(code, "{}[]"):
		return fault.At("code", "%.70q looks like a macro that was not filled in", code)
	default:
		return nil
	}
}
