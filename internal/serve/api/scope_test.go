package api

import (
	"strings"
	"testing"
)

// TestPostbacksThatWouldHearNothing: by a mistyped goal, and for another
// advertiser's offer, nothing would ever be sent; whoever saves that is told.
func TestPostbacksThatWouldHearNothing(t *testing.T) {
	w := newWorld(t)
	for _, tt := range []struct {
		name, as, scope string
		want            string
	}{
		{"a goal of the offer", asAffiliate1, `"offer_id":1,"goal":"DEFAULT"`, ""},
		{"a goal of some offer", asAffiliate1, `"goal":"default"`, ""},
		{"a goal that the offer does not have", asAffiliate1, `"offer_id":1,"goal":"defualt"`, `offer 1 has no goal \"defualt\"`},
		{"a goal that no offer has", asAffiliate1, `"goal":"defualt"`, `no offer has a goal \"defualt\"`},
		{"an offer of the advertiser", asAdvertiser1, `"offer_id":1`, ""},
		{"an offer of another advertiser", asNetwork, `"owner":{"advertiser_id":2},"offer_id":1`, "is no offer of this advertiser"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := w.do(t, tt.as, "POST", "postbacks", `{"url":"https://t.example/?c={aff_click_id}",`+tt.scope+`}`)
			if got.status != 201 || !strings.Contains(got.text, tt.want) || strings.Contains(got.text, `"warnings"`) != (tt.want != "") {
				t.Errorf("POST postbacks = %d %s; want a warning about %q", got.status, got.text, tt.want)
			}
		})
	}
}
