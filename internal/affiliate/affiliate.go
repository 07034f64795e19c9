// Package affiliate holds the side of the trade that sends visitors and is paid
// for what they do.
package affiliate

import (
	"errors"

	"waybill/internal/fault"
)

// MaxID is the largest affiliate number that fits a transaction ID.
const MaxID = 1<<24 - 1

// Status says whether an affiliate may send traffic.
type Status string

// The statuses. Visitors of a blocked affiliate go to the fallback, and its
// later conversions are refused.
const (
	Active  Status = "active"
	Pending Status = "pending"
	Blocked Status = "blocked"
)

// Affiliate is one partner who sends visitors.
type Affiliate struct {
	ID     int64  `json:"id" readOnly:"true"`
	Name   string `json:"name" maxLength:"200" doc:"What people call it."`
	Status Status `json:"status,omitempty" enum:"active,pending,blocked" default:"active" doc:"Only an active affiliate's clicks reach an offer; a blocked one's conversions are refused."`
}

// Default is an affiliate before anything was said of it.
func Default() Affiliate { return Affiliate{Status: Active} }

// Validate reports every field that is wrong. The ID is the ledger's to give
// and not looked at.
func (a Affiliate) Validate() error {
	errs := []error{fault.Name("name", a.Name)}
	switch a.Status {
	case Active, Pending, Blocked:
	default:
		errs = append(errs, fault.At("status", "%.40q is not a status; use active, pending or blocked", a.Status))
	}
	return errors.Join(errs...)
}
