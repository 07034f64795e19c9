package receiver

import (
	"fmt"
	"slices"
	"strings"

	"waybill/internal/conversion"
	"waybill/internal/delivery"
)

// unheard says which of the events that a subscription hears of never leave a
// conversion in one of the statuses that it asks for; empty when each may.
func unheard(s *delivery.Subscription) string {
	if len(s.Statuses) == 0 {
		return ""
	}
	var never []string
	for _, e := range s.On {
		after := statusesAfter(e)
		if len(after) > 0 && !slices.ContainsFunc(after, func(status conversion.Status) bool { return slices.Contains(s.Statuses, status) }) {
			never = append(never, fmt.Sprintf("%s, after which a conversion is %s", e, words(after)))
		}
	}
	if len(never) == 0 {
		return ""
	}
	return "keep it from ever hearing of " + strings.Join(never, "; and of ")
}

// statusesAfter gives what a conversion may be right after an event; nothing
// where that may be anything.
func statusesAfter(e conversion.Event) []conversion.Status {
	switch e {
	case conversion.EventCreated:
		return []conversion.Status{conversion.Pending, conversion.Hold, conversion.Approved}
	case conversion.EventApproved:
		return []conversion.Status{conversion.Approved}
	case conversion.EventRejected, conversion.EventReversed:
		return []conversion.Status{conversion.Rejected}
	case conversion.EventPaid:
		return []conversion.Status{conversion.Paid}
	default:
		return nil
	}
}

// words lists statuses as they read in a sentence.
func words(statuses []conversion.Status) string {
	all := make([]string, len(statuses))
	for i, s := range statuses {
		all[i] = string(s)
	}
	return strings.Join(all, " or ")
}
