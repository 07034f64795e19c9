package delivery

import (
	"cmp"
	"time"

	"waybill/internal/conversion"
)

// DeadLetters are the postbacks of one subscription that were given up for one
// cause.
type DeadLetters struct {
	SubscriptionID int64
	Class          ErrorClass // of their last attempts
	Status         int        // of those attempts' answers, 0 where none came
	Count          int64
	Oldest, Newest time.Time // when they were made
	Example        string    // the newest one's ID
}

// Compare puts the largest groups first, and those of one size always in the same
// order.
func (d DeadLetters) Compare(other DeadLetters) int {
	return cmp.Or(cmp.Compare(other.Count, d.Count), cmp.Compare(d.SubscriptionID, other.SubscriptionID),
		cmp.Compare(d.Class, other.Class), cmp.Compare(d.Status, other.Status))
}

// Events lists all that a subscription can hear of.
func Events() []conversion.Event {
	return []conversion.Event{
		conversion.EventCreated, conversion.EventApproved, conversion.EventRejected, conversion.EventReversed,
		conversion.EventPaid, conversion.EventUpdated,
		EventDestinationOpened, EventDestinationClosed, EventDestinationDisabled, EventDestinationBacklog,
	}
}

// ErrorClasses lists all ways in which an attempt can go wrong.
func ErrorClasses() []ErrorClass {
	return []ErrorClass{
		ErrDNS, ErrRefused, ErrReset, ErrTLS, ErrTimeout, ErrForbidden, ErrTemplate, ErrRedirect, ErrStatus, ErrGone,
		ErrAnswer, ErrRejected, ErrUnmatched, ErrOther,
	}
}
