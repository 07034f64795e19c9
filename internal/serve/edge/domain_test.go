package edge_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"waybill/internal/catalog"
	"waybill/internal/click"
	"waybill/internal/host"
	"waybill/internal/span"
)

// withDomains gives the advertisers names of their own.
func withDomains(s *catalog.Source) {
	shop, closed := host.Default(), host.Default()
	shop.ID, shop.Host, shop.AdvertiserID = 1, "go.shop.example", 3
	closed.ID, closed.Host, closed.AdvertiserID = 2, "go.closed.example", 4
	s.Domains = []host.Domain{shop, closed}
	s.Offers[0].ClickWindow = span.Days(7)
}

// at sends a request to a name that Waybill answers under.
func (w *world) at(name, target string, fields ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, target, nil)
	r.Host = name
	return w.do(r, fields...)
}

func TestClickUnderAnAdvertisersName(t *testing.T) {
	const sevenDays = "; Path=/; Max-Age=604800; Secure; HttpOnly; SameSite=Lax"
	tests := []struct {
		name   string
		host   string
		target string
		fields []string
		cookie bool
		reason click.Reason
	}{
		{name: "leaves its ID in a cookie", host: "go.shop.example", target: toMain, cookie: true},
		{name: "with a port and in capitals too", host: "GO.Shop.Example:8443", target: toMain, cookie: true},
		{name: "as JSON too", host: "go.shop.example", target: toMain + "&format=json", cookie: true},
		{name: "also when the visitor does not object", host: "go.shop.example", target: toMain, fields: []string{"Sec-GPC: 0"}, cookie: true},
		{name: "leaves none when he objects by Global Privacy Control", host: "go.shop.example", target: toMain, fields: []string{"Sec-GPC: 1"}},
		{name: "leaves none under the installation's own name", host: "go.network.example", target: toMain},
		{name: "leaves none when the visitor is turned away", host: "go.shop.example", target: "/click?offer_id=5&affiliate_id=8", reason: click.AffiliateBlocked},
		{name: "leaves none when the offer is unknown", host: "go.shop.example", target: "/click?offer_id=99&affiliate_id=7", reason: click.OfferUnknown},
		{name: "finds no offer of another advertiser", host: "go.closed.example", target: toMain, reason: click.OfferUnknown},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, withDomains)
			rec := w.at(tt.host, tt.target, tt.fields...)
			c := w.click()
			want := ""
			if tt.cookie {
				want = "wb_tid=" + c.ID.String() + sevenDays
			}
			if got := rec.Header().Get("Set-Cookie"); got != want {
				t.Errorf("Set-Cookie = %q, want %q", got, want)
			}
			if c.TurnedAway != tt.reason {
				t.Errorf("turned away for %q, want %q", c.TurnedAway, tt.reason)
			}
		})
	}
}

func TestHeadAndImpressionLeaveNoCookie(t *testing.T) {
	w := newWorld(t, withDomains)
	head := httptest.NewRequest(http.MethodHead, toMain, nil)
	head.Host = "go.shop.example"
	for name, rec := range map[string]*httptest.ResponseRecorder{"HEAD": w.do(head), "an impression": w.at("go.shop.example", viewOfMain)} {
		if got := rec.Header().Get("Set-Cookie"); got != "" {
			t.Errorf("%s leaves the cookie %q", name, got)
		}
	}
}
