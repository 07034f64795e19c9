package conversion

// Event is one change in a conversion's life, as subscribers hear of it.
type Event string

// The events. A change causes one at most.
const (
	EventCreated  Event = "conversion.created"
	EventApproved Event = "conversion.approved"
	EventRejected Event = "conversion.rejected" // from pending or hold, or from the start
	EventReversed Event = "conversion.reversed" // approved or paid, then rejected
	EventPaid     Event = "conversion.paid"
	EventUpdated  Event = "conversion.updated" // the amount alone
)

// EventOf gives the event that a change causes. before is the zero Conversion
// for a new one.
//
// A new status is the event, whatever else changed with it; only then is new
// money one. A conversion that is rejected from the start is not heard of as
// created, since nobody earns by it. A move between pending and hold, and one
// that changes neither status nor money, such as a second sighting, is no event
// at all.
func EventOf(before, after Conversion) (Event, bool) {
	if before.Status != after.Status {
		return moved(before, after)
	}
	if before.Amount != after.Amount || before.Payout != after.Payout || before.Revenue != after.Revenue {
		return EventUpdated, true
	}
	return "", false
}

func moved(before, after Conversion) (Event, bool) {
	switch after.Status {
	case Approved:
		if before.Status == "" {
			return EventCreated, true
		}
		return EventApproved, true
	case Rejected:
		if before.Status == Approved || before.Status == Paid {
			return EventReversed, true
		}
		return EventRejected, true
	case Paid:
		return EventPaid, true
	case Pending, Hold:
		if before.Status == "" {
			return EventCreated, true
		}
	}
	return "", false
}
