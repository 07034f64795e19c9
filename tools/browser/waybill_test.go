//go:build slow

package browser

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
)

// market is a real Waybill with an advertiser, whose shop and checkout are on
// two registrable domains, an affiliate, and a browser that has seen nothing.
type market struct {
	*stage
	node *node
}

// newMarket makes offer 1, whose pages bring a publishable key, of advertiser 1,
// and affiliate 1.
func newMarket(t *testing.T, attributes ...string) *market {
	t.Helper()
	n := startNode(t)
	n.make("advertisers", `{"name":"Kettle shop"}`)
	n.make("affiliates", `{"name":"Tea blog"}`)
	n.make("offers", `{"advertiser_id":1,"name":"Kettles","destination_url":"`+shop+`/landing?tid={transaction_id}","view_window":"1d",
		"attribution":["transaction_id","customer_id","email"],"payout":{"type":"cpa","amount":"4.00"},"revenue":{"type":"cpa","amount":"5.00"}}`)
	key := n.newKey("--role", "publishable", "--advertiser", "1")
	attributes = append(attributes, `data-offer-id="1"`, `data-domains="pay.test"`)
	own := fmt.Sprintf(`<script async src="%s/sdk.js" data-key="%s" %s></script>`, tracking, key, strings.Join(attributes, " "))
	s := &stage{
		world:    newWorld(t),
		shop:     &pages{tag: own, body: `<a href="` + checkout + `/buy">buy</a>`},
		checkout: &pages{tag: own},
	}
	s.world.hosts[shop], s.world.hosts[checkout], s.world.hosts[tracking] = s.shop, s.checkout, n.proxy()
	s.tab = open(startChromium(t, s.world.addr), t)
	return &market{stage: s, node: n}
}

// arrive lets the visitor follow the affiliate's link, and gives the ID that he
// lands with.
func (m *market) arrive() string {
	m.t.Helper()
	m.visit(tracking + "/click?offer_id=1&affiliate_id=1&sub1=x")
	m.loaded()
	landed, err := url.Parse(m.where())
	if err != nil || landed.Query().Get("tid") == "" {
		m.t.Fatalf("the link led to %s, want the shop with an ID", m.where())
	}
	return landed.Query().Get("tid")
}

// heard gives the channels and codes of what the node got, the oldest first.
func (m *market) heard() string {
	m.t.Helper()
	var all []string
	for _, s := range m.node.list("signals") {
		all = append([]string{text(s, "channel") + " " + text(s, "code")}, all...)
	}
	return strings.Join(all, ", ")
}

// conversion gives the one conversion there is.
func (m *market) conversion() map[string]any {
	m.t.Helper()
	all := m.node.list("conversions")
	if len(all) != 1 {
		m.t.Fatalf("there are conversions %v, want one", all)
	}
	return all[0]
}

// credited fails the test unless the one conversion is credited to id.
func (m *market) credited(id, kind string) {
	m.t.Helper()
	touch, _ := m.conversion()["touch"].(map[string]any)
	if text(touch, "transaction_id") != id || text(touch, "kind") != kind {
		m.t.Errorf("the conversion is credited to %v, want the %s %s", touch, kind, id)
	}
}

// wants fails the test unless an answer holds all parts.
func (m *market) wants(answer string, parts ...string) {
	m.t.Helper()
	for _, part := range parts {
		if !strings.Contains(answer, part) {
			m.t.Errorf("the page learns %s, want it to have %s", answer, part)
		}
	}
}

func TestASaleIsCreditedAcrossTwoSites(t *testing.T) {
	t.Parallel()
	m := newMarket(t)
	id := m.arrive()
	m.follow("a")
	if got, want := m.where(), checkout+"/buy?transaction_id="+id; got != want {
		t.Errorf("the shop's link leads to %s, want %s", got, want)
	}
	m.visit(checkout + "/thanks")
	m.loaded()
	const sale = `"conversion", {order_id: "A-1", amount: "12.50"}`
	m.wants(m.waybill(sale), `"status":"accepted"`, `"code":"ok"`, `"transaction_id":"`+id+`"`, `"http":200`)
	m.wants(m.waybill(sale), `"status":"duplicate"`)
	m.credited(id, "click")
	got := m.conversion()
	if text(got, "channel") != "sdk" || text(got, "status") != "pending" || text(got, "amount") != "map[amount:12.50 currency:USD]" {
		t.Errorf("the conversion is %v, want a pending one of 12.50 by the SDK", got)
	}
}

func TestWithoutConsentWaybillHearsNothing(t *testing.T) {
	t.Parallel()
	m := newMarket(t, `data-consent="required"`)
	m.arrive()
	m.shop.own = `waybill("conversion", {order_id: "A-1"}); waybill("consent", "denied");`
	m.visit(shop + "/thanks")
	m.loaded()
	m.waybill(`"conversion", {order_id: "A-2"}`)
	m.waybill(`"identify", "c-7"`)
	if got := m.heard(); got != "" || m.kept() != nothingKept {
		t.Errorf("Waybill heard %q, and the page keeps %s", got, m.kept())
	}
	m.waybill(`"consent", true`)
	m.waybill(`"conversion", {order_id: "A-3", coupon: "none"}`)
	if got := m.heard(); got == "" {
		t.Error("after consent Waybill heard nothing either: the test would not notice a hit")
	}
}

func TestAVisitorWhoObjectsIsCreditedByTheURLAlone(t *testing.T) {
	t.Parallel()
	m := newMarket(t)
	m.object()
	id := m.arrive()
	m.waybill(`"identify", "c-7"`)
	m.follow("a")
	m.loaded()
	m.wants(m.waybill(`"conversion", {order_id: "A-1", customer_id: "c-7", email: "a@b.example"}`), `"accepted"`)
	if got := m.heard(); got != "sdk ok" || m.kept() != nothingKept {
		t.Errorf("Waybill heard %q, want one conversion; the page keeps %s", got, m.kept())
	}
	m.credited(id, "click")
	signal := m.node.record("signals/" + text(m.node.list("signals")[0], "request_id"))
	if raw := text(signal, "raw"); strings.Contains(raw, "c-7") || strings.Contains(raw, "email") {
		t.Errorf("Waybill got %s, want nothing that names the visitor", raw)
	}
}

func TestACustomerIsKnownAgainInAnotherBrowser(t *testing.T) {
	t.Parallel()
	m := newMarket(t)
	id := m.arrive()
	m.wants(m.waybill(`"identify", {customer_id: "c-7", email: " Ada@Example.com"}`), `"accepted"`)
	other := *m
	other.stage = &stage{tab: open(startChromium(t, m.world.addr), t), world: m.world, shop: m.shop}
	other.visit(shop + "/thanks")
	other.loaded()
	m.wants(other.waybill(`"id"`), `null`)
	answer := other.waybill(`"conversion", {order_id: "A-1", email: "ada@example.com"}`)
	m.wants(answer, `"accepted"`)
	if strings.Contains(answer, id) {
		t.Errorf("the page is told whose visit the customer came by: %s", answer)
	}
	m.credited(id, "click")
}

func TestAClickWithoutARedirectEarns(t *testing.T) {
	t.Parallel()
	m := newMarket(t)
	m.visit(shop + "/kettle?affiliate_id=1&sub1=direct")
	m.loaded()
	m.wants(m.waybill(`"click"`), `"url":"`+shop+`/landing?tid=`, `"http":200`)
	id := strings.Trim(m.waybill(`"id"`), `"`)
	m.wants(m.waybill(`"conversion", {order_id: "A-1"}`), `"accepted"`)
	m.credited(id, "click")
	touch, _ := m.conversion()["touch"].(map[string]any)
	if got := text(touch, "sub"); got != "[direct]" {
		t.Errorf("the click has the affiliate's values %s, want [direct]", got)
	}
}

func TestAClickOnAClosedOfferIsNotKept(t *testing.T) {
	t.Parallel()
	m := newMarket(t)
	m.node.make("offers", `{"advertiser_id":1,"name":"Gone","status":"paused","destination_url":"`+shop+`/?tid={transaction_id}"}`)
	m.visit(shop + "/kettle")
	m.loaded()
	m.wants(m.waybill(`"click", {offer_id: 2, affiliate_id: 1}`), `"url":""`, `"http":410`)
	m.wants(m.waybill(`"impression", {offer_id: 2, affiliate_id: 1}`), `"http":410`)
	m.wants(m.waybill(`"id"`), `null`)
}

func TestAViewEarns(t *testing.T) {
	t.Parallel()
	m := newMarket(t)
	m.visit(shop + "/")
	m.loaded()
	m.wants(m.waybill(`"impression", {affiliate_id: 1}`), `"http":200`)
	id := strings.Trim(m.waybill(`"id"`), `"`)
	m.wants(m.waybill(`"conversion", {order_id: "A-1"}`), `"accepted"`)
	m.credited(id, "impression")
}

func TestAPageNeedsAKeyOrAnAllowedSite(t *testing.T) {
	t.Parallel()
	m := newMarket(t)
	m.node.make("offers", `{"advertiser_id":1,"name":"Pots","destination_url":"`+shop+`/landing?tid={transaction_id}","allowed_domains":["*.shop.test"]}`)
	tests := []struct{ name, key, offer, code string }{
		{"a key that is none", "wb_p_none", "1", "token_invalid"},
		{"no key, on a site that the offer does not allow", "", "1", "token_missing"},
		{"no key, on a site that the offer allows", "", "2", "ok"},
	}
	for _, tt := range tests {
		m.shop.tag = strings.Replace(tag(), `data-key="wb_p_test"`, "", 1)
		if tt.key != "" {
			m.shop.tag = strings.Replace(tag(), "wb_p_test", tt.key, 1)
		}
		m.visit(tracking + "/click?affiliate_id=1&offer_id=" + tt.offer)
		m.loaded()
		if got := m.waybill(`"conversion", {order_id: "A-1"}`); !strings.Contains(got, `"code":"`+tt.code+`"`) {
			t.Errorf("%s: the page learns %s, want %s", tt.name, got, tt.code)
		}
	}
}
