package click

import (
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/txid"
	"waybill/internal/visitor"
)

func TestAnonymiseTakesOutAddressAndAgentAndNothingElse(t *testing.T) {
	c := Click{
		At: time.Now(), OfferID: 7, AffiliateID: 9, AffClickID: "own", Sub: [Subs]string{"a"}, GAID: "g", Coupon: "c",
		IP: netip.MustParseAddr("203.0.113.77"), UserAgent: "App/2.1 (iPhone14,5)", Referrer: "https://blog.example/",
		Visitor:  visitor.Visitor{Country: "DE", Device: visitor.Mobile},
		Location: "https://shop.example/?tid=0&ip=203.0.113.77&ua=App%2F2.1+%28iPhone14%2C5%29", VisitorHash: 5, Test: true,
	}
	tests := []struct {
		care                visitor.Care
		ip, agent, location string
	}{
		{care: visitor.Shorten, ip: "203.0.113.0", agent: "App/2", location: "https://shop.example/?tid=0&ip=203.0.113.0&ua=App%2F2"},
		{
			care: visitor.Hash, ip: "100::1b0a:d35:80ef:b2e5", agent: "hash:414ad2b9528d1b2e",
			location: "https://shop.example/?tid=0&ip=100::1b0a:d35:80ef:b2e5&ua=hash%3A414ad2b9528d1b2e",
		},
		{care: visitor.Remove, ip: "", agent: "", location: "https://shop.example/?tid=0&ip=&ua="},
	}
	for _, tt := range tests {
		t.Run(string(tt.care), func(t *testing.T) {
			a := visitor.Anonymiser{Care: tt.care}
			got, want := c, c
			if !got.Anonymise(a) {
				t.Error("nothing has changed")
			}
			want.IP, want.UserAgent, want.Location = netip.Addr{}, tt.agent, tt.location
			if tt.ip != "" {
				want.IP = netip.MustParseAddr(tt.ip)
			}
			if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b netip.Addr) bool { return a == b }), cmp.Comparer(func(a, b txid.ID) bool { return a == b })); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if again := got; again.Anonymise(a) {
				t.Errorf("again it changes %+v into %+v", got, again)
			}
		})
	}
}
