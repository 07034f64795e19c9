package receiver_test

import (
	"strings"
	"testing"

	"waybill/internal/delivery"
	"waybill/internal/fault"
	"waybill/internal/receiver"
)

// TestATrackerNeedsAClickID: what was made for one and has lost it is refused.
func TestATrackerNeedsAClickID(t *testing.T) {
	const lost = "Voluum cannot tell which click it is about: put {aff_click_id}"
	tests := []struct {
		name     string
		template string
		url      string
		says     string
	}{
		{"the affiliate's click ID", "voluum", "https://t.example/postback?cid={aff_click_id}&payout={payout}", ""},
		{"a sub that carries it", "voluum", "https://t.example/postback?cid={sub3}", ""},
		{"a network's own", "voluum", "https://t.example/postback?cid={transaction_id}", ""},
		{"none", "voluum", "https://t.example/postback?cid=&payout={payout}", lost},
		{"another number in its place", "voluum", "https://t.example/postback?cid={conversion_id}", lost},
		{"none, of nobody's template", "", "https://t.example/?payout={payout}", ""},
		{"none, of a template that is not known", "voluum9", "https://t.example/?payout={payout}", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := delivery.Default()
			s.Owner, s.Template, s.URL = delivery.Owner{AffiliateID: 7}, tt.template, tt.url
			receiver.Complete(&s)
			err := receiver.Validate(s)
			switch {
			case tt.says == "" && err != nil:
				t.Errorf("Validate() = %v, want nothing wrong", err)
			case tt.says != "" && (fault.Of(err) != fault.Invalid || !strings.Contains(err.Error(), tt.says) || !strings.Contains(err.Error(), "url")):
				t.Errorf("Validate() = %v, want an Invalid fault of the url that says %q", err, tt.says)
			}
		})
	}
}
