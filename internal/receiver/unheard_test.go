package receiver_test

import (
	"strings"
	"testing"

	"waybill/internal/conversion"
	"waybill/internal/receiver"
)

// TestStatusesThatAnEventNeverLeadsTo: whoever filters out what an event always
// brings waits for ever.
func TestStatusesThatAnEventNeverLeadsTo(t *testing.T) {
	type events = []conversion.Event
	type statuses = []conversion.Status
	for _, tt := range []struct {
		name     string
		on       events
		statuses statuses
		want     string
	}{
		{"no filter", events{conversion.EventRejected}, nil, ""},
		{"created and approved with approved", events{conversion.EventCreated, conversion.EventApproved}, statuses{conversion.Approved}, ""},
		{"updated with anything", events{conversion.EventUpdated}, statuses{conversion.Hold}, ""},
		{"rejected without rejected", events{conversion.EventRejected}, statuses{conversion.Approved}, "conversion.rejected, after which a conversion is rejected"},
		{"reversed without rejected", events{conversion.EventCreated, conversion.EventReversed}, statuses{conversion.Approved}, "conversion.reversed, after which a conversion is rejected"},
		{"approved with pending", events{conversion.EventApproved}, statuses{conversion.Pending}, "conversion.approved, after which a conversion is approved"},
		{"paid with approved", events{conversion.EventPaid}, statuses{conversion.Approved}, "conversion.paid, after which a conversion is paid"},
		{"created with rejected", events{conversion.EventCreated}, statuses{conversion.Rejected}, "pending or hold or approved"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := tracker()
			s.On, s.Statuses = tt.on, tt.statuses
			var got string
			for _, w := range receiver.Warnings(s) {
				if w.Field == "statuses" {
					got += w.Text
				}
			}
			if !strings.Contains(got, tt.want) || (got == "") != (tt.want == "") {
				t.Errorf("warned of %q, want one about %q", got, tt.want)
			}
		})
	}
}
