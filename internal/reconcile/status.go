package reconcile

import (
	"maps"
	"strings"

	"waybill/internal/conversion"
)

// words gives what partners call the statuses, with the caller's own words.
func words(own map[string]string) map[string]conversion.Status {
	all := map[string]conversion.Status{}
	for status, list := range map[conversion.Status]string{
		conversion.Approved: "approved accepted confirmed valid validated ok success successful completed complete locked shipped delivered sale approve bestätigt",
		conversion.Paid:     "paid billed invoiced settled",
		conversion.Pending:  "pending open new waiting processing inreview unconfirmed unapproved offen created received",
		conversion.Hold:     "hold onhold held",
		conversion.Rejected: "rejected declined cancelled canceled void voided reversed returned refunded refund invalid denied failed deleted " +
			"chargeback storno storniert reject trash duplicate return",
	} {
		for word := range strings.FieldsSeq(list) {
			all[word] = status
		}
	}
	more := map[string]conversion.Status{}
	for word, means := range own {
		if s, ok := conversion.ParseStatus(means); ok || means == string(conversion.Paid) {
			if means == string(conversion.Paid) {
				s = conversion.Paid
			}
			more[plainName(word)] = s
		}
	}
	maps.Copy(all, more)
	return all
}

// agree reports whether two statuses come to the same: what is approved and what
// is paid is owed, what is pending and what is held is waited for.
func agree(a, b conversion.Status) bool { return a == "" || b == "" || standing(a) == standing(b) }

func standing(s conversion.Status) conversion.Status {
	switch s {
	case conversion.Paid:
		return conversion.Approved
	case conversion.Hold:
		return conversion.Pending
	default:
		return s
	}
}
