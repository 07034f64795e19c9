//go:build !race

package identity_test

import (
	"net/netip"
	"testing"

	"waybill/internal/click"
	"waybill/internal/identity"
	"waybill/internal/offer"
)

// TestAnOfferThatCreditsByIDAloneCostsNothing: most clicks and signals are of such
// offers.
func TestAnOfferThatCreditsByIDAloneCostsNothing(t *testing.T) {
	o := offer.Default()
	c := click.Click{GAID: "38400000-8cf0-11bd-b23e-10b96e40000d", IP: netip.MustParseAddr("192.0.2.1"), UserAgent: "agent"}
	s := bound(t)
	key := secret()
	n := testing.AllocsPerRun(100, func() {
		if identity.OfClick(key, &o, &c) != nil || identity.OfSignal(key, &o, &s) != nil {
			t.Error("there are keys for an offer that credits by its ID alone")
		}
	})
	if n != 0 {
		t.Errorf("%v allocations; want none", n)
	}
}
