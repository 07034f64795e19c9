//go:build slow

package browser

import (
	"strings"
	"testing"
)

// ownTracking is Waybill under a name of the advertiser's own.
const ownTracking = "https://go.shop.test"

// ownDomain puts Waybill under the advertiser's own name.
func (m *market) ownDomain() {
	m.t.Helper()
	m.node.make("domains", `{"host":"go.shop.test","advertiser_id":1,"certificate":"none"}`)
	m.world.hosts[ownTracking] = m.node.proxy()
}

func TestUnderTheAdvertisersOwnNameAPixelFindsTheClick(t *testing.T) {
	t.Parallel()
	for name, door := range doors(ownTracking) {
		t.Run(name, func(t *testing.T) {
			m := newMarket(t)
			m.ownDomain()
			m.shop.tag = "" // no SDK keeps anything
			m.visit(ownTracking + "/click?offer_id=1&affiliate_id=1")
			_, id, _ := strings.Cut(m.where(), "tid=")
			m.visit(ownTracking + "/livez")
			if got := m.cookie("wb_tid"); got.Value != id || !got.Secure || !got.HTTPOnly || got.SameSite != "Lax" || got.Domain != "go.shop.test" {
				t.Errorf("the click has left the cookie %+v, want %s, secure, for HTTP alone, lax and for the host alone", got, id)
			}

			m.thank(checkout, ownTracking, door, "order_id=A-1") // another site: the cookie stays behind
			if got := m.heard(); got != "pixel transaction_id_missing" {
				t.Errorf("from another site Waybill heard %q, want a hit without an ID", got)
			}
			m.thank(shop, ownTracking, door, "order_id=A-1")
			if got := m.heard(); !strings.HasSuffix(got, "pixel ok") {
				t.Errorf("from the advertiser's site Waybill heard %q, want a conversion", got)
			}
			m.credited(id, "click")
		})
	}
}

func TestTheSDKLeavesWhatIsForgottenToTheClicksCookie(t *testing.T) {
	t.Parallel()
	m := newMarket(t, `data-first-party`, `data-host="`+ownTracking+`"`)
	m.ownDomain()
	m.shop.csp = strings.ReplaceAll(policy, tracking, tracking+" "+ownTracking)
	m.visit(ownTracking + "/click?offer_id=1&affiliate_id=1")
	m.loaded()
	id := strings.Trim(m.waybill(`"id"`), `"`)
	m.waybill(`"consent", false`) // a browser that deletes what scripts keep after seven days
	m.visit(shop + "/thanks")
	m.loaded()
	m.wants(m.waybill(`"id"`), "null")
	m.wants(m.waybill(`"conversion", {order_id: "A-1"}`), "null") // no page may read the answer
	until(t, "the conversion is there", func() bool { return len(m.node.list("conversions")) == 1 })
	m.credited(id, "click")
}
