package api

import (
	"fmt"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"waybill/internal/param"
	"waybill/internal/signal"
)

// TestSignalSearch: what came is found by what is known of it, and by no one who
// may not see it.
func TestSignalSearch(t *testing.T) {
	w := newWorld(t)
	shop := w.reject(t, 30*time.Minute, signal.GoalUnknown, func(s *signal.Signal) {
		s.Raw, s.IP = "goal=Deposit&note=J%C3%BCrgen", netip.MustParseAddr("203.0.113.40")
		s.Params = []signal.Param{{Name: param.OrderID, Value: "Z-9"}, {Name: param.Goal, Value: "Deposit"}}
		s.Extra = []signal.Extra{{Name: "note", Value: "Jürgen"}}
	})
	pixel := w.reject(t, 20*time.Minute, signal.ChannelNotAllowed, func(s *signal.Signal) {
		s.Channel, s.UserAgent = signal.Pixel, "Netscape"
		s.Raw = param.ScrubQuery(param.Signal, w.present.Settings().IdentityKey, "memo=ann@shop.example")
	})
	names := map[string]string{w.signal.String(): "signal", w.refused.String(): "refused", shop: "shop", pixel: "pixel"}
	tests := []struct{ name, as, query, want string }{
		{"everything", asNetwork, "", "refused signal pixel shop"},
		{"a parameter, decoded", asNetwork, "q=jürgen", "shop"},
		{"as it came", asNetwork, "q=J%25C3", "shop"},
		{"all words", asNetwork, "q=deposit+Z-9", "shop"},
		{"no such word", asNetwork, "q=deposit+nowhere", ""},
		{"a name with its value", asNetwork, "q=color%3Dred", "refused signal"},
		{"the verdict's message", asNetwork, "q=the+offer's", "refused"},
		{"an e-mail by its hash", asNetwork, "q=ann@shop.example", "pixel"},
		{"a user agent", asNetwork, "q=netscape", "pixel"},
		{"which others do not see", asAdvertiser1, "q=netscape", ""},
		{"its own", asAdvertiser1, "q=deposit", "shop"},
		{"another's", asAdvertiser2, "q=deposit", ""},
		{"an order", asAdvertiser1, "order_id=Z-9", "shop"},
		{"a channel", asNetwork, "channel=pixel", "pixel"},
		{"an address", asNetwork, "ip=198.51.100.9", "refused signal"},
		{"a block", asNetwork, "ip=203.0.113.0/24", "shop"},
		{"an affiliate", asNetwork, "affiliate_id=1&status=rejected", "refused pixel shop"},
		{"another affiliate", asNetwork, "affiliate_id=2", ""},
		{"an advertiser", asNetwork, "advertiser_id=1&code=goal_unknown", "shop"},
		{"another advertiser", asNetwork, "advertiser_id=2", ""},
		{"in a time", asNetwork, "from=2026-11-22T11:35:00Z&until=2026-11-22T11:59:00Z", "pixel"},
	}
	for _, tt := range tests {
		t.Run(tt.name+" as "+tt.as, func(t *testing.T) {
			var got []string
			for cursor, first := "", true; first || cursor != ""; first = false {
				page := w.do(t, tt.as, "GET", "signals?limit=1&cursor="+cursor+"&"+tt.query, "")
				if page.status != 200 {
					t.Fatalf("%d %s", page.status, page.text)
				}
				data, _ := page.body["data"].([]any)
				for _, one := range data {
					o, _ := one.(map[string]any)
					got = append(got, names[fmt.Sprint(o["request_id"])])
				}
				cursor, _ = page.body["next_cursor"].(string)
			}
			if strings.Join(got, " ") != tt.want {
				t.Errorf("%v; want %s", got, tt.want)
			}
		})
	}
	for _, tt := range []struct {
		as, query string
		status    int
	}{
		{asAffiliate1, "q=deposit", 403},
		{asAffiliate1, "order_id=Z-9", 403},
		{asAffiliate1, "ip=203.0.113.40", 403},
		{asAffiliate1, "advertiser_id=1", 403},
		{asAdvertiser1, "ip=203.0.113.40", 403},
		{asNetwork, "ip=here", 422},
		{asNetwork, "channel=fax", 422},
	} {
		if got := w.do(t, tt.as, "GET", "signals?"+tt.query, ""); got.status != tt.status {
			t.Errorf("%s as %s = %d; want %d", tt.query, tt.as, got.status, tt.status)
		}
	}
	whole := w.do(t, asNetwork, "GET", "signals?records=true&q="+url.QueryEscape("Z-9"), "").text
	if !strings.Contains(whole, `"raw":"goal=Deposit&note=J%C3%BCrgen"`) || !strings.Contains(whole, `"ip":"203.0.113.40"`) {
		t.Errorf("records are not whole: %s", whole)
	}
	if part := w.do(t, asAffiliate1, "GET", "signals?records=true", "").text; strings.Contains(part, `"raw"`) || strings.Contains(part, "203.0.113.40") {
		t.Errorf("an affiliate sees what came: %s", part)
	}
}

// TestNotesAreForThoseConcerned holds who reads what was said of a change through
// the API, and that what a postback calls a note stays with its advertiser.
func TestNotesAreForThoseConcerned(t *testing.T) {
	w := newWorld(t)
	note := func(s *signal.Signal) { s.Extra = []signal.Extra{{Name: "note", Value: "the order was returned"}} }
	changed := w.reject(t, 40*time.Minute, signal.Conflict, func(s *signal.Signal) { note(s); s.Channel = signal.API })
	posted := w.reject(t, 41*time.Minute, signal.Conflict, note)
	for _, tt := range []struct {
		as, id string
		parts  []string
	}{
		{asNetwork, changed, []string{`},"note":"the order was returned"`}},
		{asAdvertiser1, changed, []string{`"extra":{"note":"the order was returned"}`, `},"note":"the order was returned"`}},
		{asAffiliate1, changed, []string{`"note":"the order was returned"`, "!extra"}},
		{asAdvertiser1, posted, []string{`"extra":{"note":"the order was returned"}`, `!},"note"`}},
		{asAffiliate1, posted, []string{"!returned"}},
	} {
		w.answers(t, tt.as, "GET", "signals/"+tt.id, "", 200, tt.parts...)
	}
	w.answers(t, asAffiliate1, "GET", "signals?records=true", "", 200, `"note":"the order was returned"`)
	w.answers(t, asAffiliate2, "GET", "signals/"+changed, "", 404)
}
