package report

import (
	"strings"
	"testing"
	"time"

	"waybill/internal/account"
	"waybill/internal/fact"
	"waybill/internal/fault"
)

func TestFindLooksOnlyWhereTheViewerMay(t *testing.T) {
	network, shop, blog := Viewer{Role: account.Network}, Viewer{Role: account.Advertiser, AdvertiserID: 3}, Viewer{Role: account.Affiliate, AffiliateID: 5}
	tests := []struct {
		name          string
		viewer        Viewer
		table, column string
		own           string // the condition that the statement has
		refused       fault.Kind
	}{
		{"the network looks for clicks", network, fact.Clicks, "aff_click_id", "", 0},
		{"an affiliate for its own", blog, fact.Clicks, "aff_click_id", "affiliate = 5 AND", 0},
		{"an advertiser not for clicks", shop, fact.Clicks, "aff_click_id", "", fault.Forbidden},
		{"but for its orders", shop, fact.Conversions, "order_id", "advertiser = 3 AND", 0},
		{"and for its signals", shop, fact.Signals, "order_id", "advertiser = 3 AND", 0},
		{"an affiliate not for what signals say", blog, fact.Signals, "order_id", "", fault.Forbidden},
		{"nor by addresses", blog, fact.Clicks, "ip", "", fault.Forbidden},
		{"a browser for nothing", Viewer{Role: account.Publishable}, fact.Clicks, "aff_click_id", "", fault.Forbidden},
		{"what is no text is not looked for", network, fact.Clicks, "offer", "", fault.Invalid},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f, err := NewFind(tt.table, tt.column, "abc", noon().Add(-time.Hour), noon(), 10, tt.viewer)
			if tt.refused != 0 {
				if fault.Of(err) != tt.refused {
					t.Errorf("NewFind() = %v, want %s", err, tt.refused)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			s, err := f.statement()
			if err != nil || !strings.Contains(s.SQL, "WHERE "+tt.own) || s.Args[0] != "abc" || strings.Contains(s.SQL, "abc") {
				t.Errorf("statement %s with %v, %v; want the condition %q, and what was typed as an argument", s.SQL, s.Args, err, tt.own)
			}
		})
	}
}
