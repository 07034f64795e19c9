package macro

import (
	"strings"
	"testing"
)

// TestTells goes through what a postback's owner is told unasked.
func TestTells(t *testing.T) {
	tests := []struct {
		use           Use
		told, untold  string
		ofOtherTraces string // untold, but a template may name it
	}{
		{
			use:           AffiliatePostback,
			told:          "aff_click_id sub1 sub10 source payout amount currency status order_id goal country fbclid coupon",
			untold:        "revenue ip user_agent email_sha256",
			ofOtherTraces: "advertiser_id customer_id items adv1 adv10",
		},
		{
			use:           AdvertiserPostback,
			told:          "revenue amount currency status order_id customer_id items adv1 adv10 affiliate_id coupon transaction_id",
			untold:        "payout ip user_agent",
			ofOtherTraces: "aff_click_id sub1 sub10 source fbclid gclid ttp gaid idfa idfv",
		},
		{use: NetworkPostback, told: "revenue payout ip aff_click_id customer_id items adv1 sub1"},
	}
	for _, tt := range tests {
		for list, want := range map[string][2]bool{tt.told: {true, true}, tt.untold: {false, false}, tt.ofOtherTraces: {false, true}} {
			for name := range strings.FieldsSeq(list) {
				n, ok := ParseName(name)
				if !ok {
					t.Fatalf("there is no macro %s", name)
				}
				if tells, allows := tt.use.Tells(n), tt.use.Allows(n); tells != want[0] || allows != want[1] {
					t.Errorf("%s, {%s}: tells %t and allows %t, want %t and %t", tt.use, name, tells, allows, want[0], want[1])
				}
			}
		}
	}
}
