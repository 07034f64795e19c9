//go:build slow

package browser

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"
)

// stage is a tracker, a shop, a checkout on another registrable domain, and a
// browser that has seen none of them.
type stage struct {
	*tab
	world    *world
	tracker  *tracker
	shop     *pages
	checkout *pages
}

func newStage(t *testing.T, attributes ...string) *stage {
	t.Helper()
	script, err := os.ReadFile("../../sdk/js/dist/sdk.js")
	if err != nil {
		t.Fatalf("read the SDK: %v", err)
	}
	s := &stage{
		world: newWorld(t),
		tracker: &tracker{sdk: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/javascript")
			w.Write(script)
		})},
		shop:     &pages{tag: tag(attributes...), sent: make(chan string, 8)},
		checkout: &pages{tag: tag(attributes...), sent: make(chan string, 8)},
	}
	s.world.hosts[shop], s.world.hosts[checkout], s.world.hosts[tracking] = s.shop, s.checkout, s.tracker
	s.tab = open(startChromium(t, s.world.addr), t)
	return s
}

// waybill calls the SDK and gives what the call comes to, as JSON.
func (s *stage) waybill(arguments string) string {
	s.t.Helper()
	return eval[string](s.tab, `(async () => JSON.stringify(await waybill(`+arguments+`)))()`)
}

// settled waits until the SDK is there and every request that it has begun is
// with the tracker: a request of the page's own comes after them.
func (s *stage) settled() {
	s.t.Helper()
	s.loaded()
	eval[any](s.tab, `new Promise(done => setTimeout(done, 100))`)
	eval[any](s.tab, `fetch("`+tracking+`/settled").then(() => null)`)
}

func (s *stage) loaded() {
	s.t.Helper()
	until(s.t, "the SDK is loaded", func() bool { return eval[bool](s.tab, `!!(window.waybill && waybill.ready)`) })
}

// kept gives what the page keeps: cookies, local and session storage.
func (s *stage) kept() string {
	s.t.Helper()
	return eval[string](s.tab, `document.cookie + JSON.stringify({...localStorage}) + JSON.stringify({...sessionStorage})`)
}

const nothingKept = "{}{}"

func TestTheIDComesFromTheLandingPageToTheConversion(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.shop.body = `<form><input type="hidden" name="ref" data-waybill="transaction_id"></form>`
	s.visit(shop + "/landing?utm=x&transaction_id=" + ofVisit + "#top")
	s.loaded()
	if got := eval[string](s.tab, `document.querySelector("input").value`); got != ofVisit {
		t.Errorf("the hidden field holds %q, want %q", got, ofVisit)
	}
	if got := s.kept(); strings.Count(got, ofVisit) != 2 {
		t.Errorf("the page keeps %s, want the ID as cookie and in local storage", got)
	}

	s.visit(shop + "/thanks")
	s.loaded()
	if got := eval[string](s.tab, `document.querySelector("input").value`); got != ofVisit {
		t.Errorf("on a later page the hidden field holds %q, want %q", got, ofVisit)
	}
	if got, want := s.waybill(`"conversion", {goal: "sale", amount: 12.5, order_id: "A-1", items: [{sku: "k", quantity: 2}]}`), `"code":"ok"`; !strings.Contains(got, want) {
		t.Errorf("the conversion's answer is %s, want it to have %s", got, want)
	}
	hits := s.tracker.got("/sdk/")
	if len(hits) != 1 {
		t.Fatalf("the tracker got %+v, want one hit", hits)
	}
	got := hits[0]
	if got.method != "POST" || got.path != "/sdk/conversion" || got.origin != shop || got.cookie != "" || !strings.HasPrefix(got.contentType, "text/plain") {
		t.Errorf("the hit was %+v, want a POST of plain text to /sdk/conversion without a cookie", got)
	}
	for name, want := range map[string]string{"key": "wb_p_test", "transaction_id": ofVisit, "goal": "sale", "amount": "12.5", "order_id": "A-1", "items": "[map[quantity:2 sku:k]]"} {
		if got.field(name) != want {
			t.Errorf("the hit has %s = %q, want %q", name, got.field(name), want)
		}
	}
}

func TestAFieldThatTheServerHasFilledInStays(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.shop.body = `<input type="hidden" value="` + ofBefore + `" data-waybill="transaction_id">`
	s.visit(shop + "/cart")
	s.loaded()
	if got := eval[string](s.tab, `document.querySelector("input").value`); got != ofBefore {
		t.Errorf("without an ID of the page's own the field holds %q, want the server's %q", got, ofBefore)
	}
	s.visit(shop + "/cart?tid=" + ofVisit)
	s.loaded()
	if got := eval[string](s.tab, `document.querySelector("input").value`); got != ofVisit {
		t.Errorf("with a newer ID the field holds %q, want %q", got, ofVisit)
	}
}

func TestWhatKeepsTheIDOutlivesEitherHalf(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.visit(shop + "/?tid=" + ofVisit)
	s.loaded()
	for _, lose := range []string{`localStorage.clear()`, `document.cookie = "wb_tid_js=;path=/;max-age=0;secure"`} {
		eval[any](s.tab, lose+`, null`)
		s.visit(shop + "/later")
		s.loaded()
		if got := s.waybill(`"id"`); got != `"`+ofVisit+`"` {
			t.Errorf("after %s the ID is %s, want %q", lose, got, ofVisit)
		}
		s.visit(shop + "/?tid=" + ofVisit) // the next round has both again
		s.loaded()
	}
}

func TestOnlyWhatLooksLikeAnIDIsTaken(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, url, want string }{
		{"under any of the names", "?cid=" + ofVisit, ofVisit},
		{"whatever the case of name and value", "?ClickID=" + strings.ToUpper(ofVisit), ofVisit},
		{"of several the first name that holds one", "?clickid=" + ofClick + "&tid=" + ofVisit, ofVisit},
		{"a value of another system is passed over", "?tid=0123456789abcdef0123456789abcdef&cid=" + ofVisit, ofVisit},
		{"in the fragment of an application of one page", "#/start?click_id=" + ofVisit, ofVisit},
		{"too short", "?tid=" + ofVisit[1:], "null"},
		{"too long", "?tid=" + ofVisit + "0", "null"},
		{"a letter that occurs in none", "?tid=" + strings.Replace(ofVisit, "h", "u", 1), "null"},
		{"a conversion's ID names no touch", "?tid=6" + ofVisit[1:], "null"},
		{"the ID of a visit that was turned away", "?tid=" + ofNobody, "null"},
		{"and one that was not behind it", "?tid=" + ofNobody + "&cid=" + ofVisit, ofVisit},
		{"a name that only ends so", "?sub_tid=" + ofVisit, "null"},
	}
	s := newStage(t, `data-consent="required"`) // so that nothing is kept from case to case
	s.shop.own = `waybill("consent", true)`
	for i, tt := range tests {
		s.visit(fmt.Sprintf("%s/%d%s", shop, i, tt.url))
		s.loaded()
		if got := strings.Trim(s.waybill(`"id"`), `"`); got != tt.want {
			t.Errorf("%s: %s gives %s, want %s", tt.name, tt.url, got, tt.want)
		}
		eval[any](s.tab, `waybill("consent", false)`)
	}
}

func TestLinksAndFormsCarryTheIDAcrossTheFunnel(t *testing.T) {
	t.Parallel()
	s := newStage(t, `data-domains="pay.test, partner.test"`)
	s.shop.body = `
		<a id="plain" href="https://pay.test/buy?a=1&amp;b=%20#x">buy</a>
		<a id="sub" href="https://eu.pay.test/">buy in Europe</a>
		<a id="alike" href="https://notpay.test/">elsewhere</a>
		<a id="own" href="/cart">cart</a>
		<a id="has" href="https://pay.test/?cid=` + ofBefore + `">has one</a>
		<a id="mail" href="mailto:a@pay.test">mail</a>
		<form id="post" method="post" action="https://pay.test/order?x=1"><input type="hidden" name="ref" data-waybill="transaction_id"><button>order</button></form>
		<form id="get" action="https://pay.test/search"><input name="q" value="v"><button>search</button></form>`
	landing := shop + "/?tid=" + ofVisit
	s.visit(landing)
	s.loaded()

	pressed := `(id => { const a = document.getElementById(id); a.addEventListener("click", e => e.preventDefault()); a.click(); return a.getAttribute("href") })`
	for id, want := range map[string]string{
		"plain": "https://pay.test/buy?a=1&b=%20&transaction_id=" + ofVisit + "#x",
		"sub":   "https://eu.pay.test/?transaction_id=" + ofVisit,
		"alike": "https://notpay.test/",
		"own":   "/cart",
		"has":   "https://pay.test/?cid=" + ofBefore,
		"mail":  "mailto:a@pay.test",
	} {
		if got := eval[string](s.tab, pressed+`("`+id+`")`); got != want {
			t.Errorf("the link %q, pressed, leads to %s, want %s", id, got, want)
		}
	}
	eval[any](s.tab, `(() => { const a = document.createElement("a"); a.id = "late"; a.href = "https://pay.test/late"; a.innerText = "late"; document.body.append(a) })()`)
	s.follow("#late")
	if got, want := s.where(), checkout+"/late?transaction_id="+ofVisit; got != want {
		t.Errorf("a link that was made later leads to %s, want %s", got, want)
	}
	s.loaded()
	if got := s.waybill(`"id"`); got != `"`+ofVisit+`"` {
		t.Errorf("at the checkout the ID is %s, want %q", got, ofVisit)
	}

	s.visit(landing)
	s.loaded()
	s.follow("#get button")
	if got, want := s.where(), checkout+"/search?q=v&transaction_id="+ofVisit; got != want {
		t.Errorf("the form that asks leads to %s, want %s", got, want)
	}
	s.visit(landing)
	s.loaded()
	eval[any](s.tab, `document.querySelector("#post input").value = "", null`) // as if the form had been drawn anew
	s.follow("#post button")
	if got, want := <-s.checkout.sent, "x=1&transaction_id="+ofVisit+"|ref="+ofVisit+"<nil>"; got != want {
		t.Errorf("the form that sends came as %s, want %s", got, want)
	}
}

func TestNothingHappensBeforeConsent(t *testing.T) {
	t.Parallel()
	s := newStage(t, `data-consent="required"`, `data-domains="pay.test"`)
	s.shop.body = `<input type="hidden" data-waybill="transaction_id"><a href="https://pay.test/">pay</a>`
	s.shop.own = `waybill("conversion", {order_id: "early"}); waybill("identify", "customer-1");`
	s.visit(shop + "/?tid=" + ofVisit)
	s.settled()
	if got := s.kept(); got != nothingKept {
		t.Errorf("before consent the page keeps %s", got)
	}
	if got := s.tracker.got("/sdk/"); len(got) != 0 {
		t.Errorf("before consent the tracker got %+v", got)
	}
	if got := eval[string](s.tab, `document.querySelector("input").value`); got != "" {
		t.Errorf("before consent the hidden field holds %q", got)
	}

	eval[any](s.tab, `waybill("consent", "granted")`)
	until(t, "what waited is sent", func() bool { return len(s.tracker.got("/sdk/")) == 2 })
	if got := s.kept(); !strings.Contains(got, ofVisit) {
		t.Errorf("after consent the page keeps %s, want the ID", got)
	}
	if got := eval[string](s.tab, `document.querySelector("input").value`); got != ofVisit {
		t.Errorf("after consent the hidden field holds %q, want %q", got, ofVisit)
	}

	eval[any](s.tab, `waybill("consent", false)`)
	if got := s.kept(); got != nothingKept {
		t.Errorf("after the consent was withdrawn the page keeps %s", got)
	}
	if got := s.waybill(`"conversion", {order_id: "late"}`); got != "null" {
		t.Errorf("after the consent was withdrawn a conversion gives %s, want null", got)
	}
	s.settled()
	if got := s.tracker.got("/sdk/"); len(got) != 2 {
		t.Errorf("after the consent was withdrawn the tracker got %+v, want no more than two", got)
	}
}

func TestARefusalOutweighsWhatWasKept(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.visit(shop + "/?tid=" + ofVisit)
	s.loaded()
	s.shop.own = `waybill("conversion", {order_id: "1"}); waybill("consent", false);`
	s.visit(shop + "/thanks")
	s.settled()
	if got := s.kept(); got != nothingKept {
		t.Errorf("after a refusal the page keeps %s", got)
	}
	if got := s.tracker.got("/sdk/"); len(got) != 0 {
		t.Errorf("after a refusal the tracker got %+v", got)
	}
}

func TestAVisitorWhoObjectsIsNeitherRememberedNorNamed(t *testing.T) {
	t.Parallel()
	s := newStage(t, `data-domains="pay.test,shop.test"`)
	s.visit(shop + "/?tid=" + ofBefore)
	s.loaded()
	s.object()
	s.shop.body = `<a href="/cart">cart</a>`
	s.visit(shop + "/?tid=" + ofVisit)
	s.loaded()
	if got := s.kept(); got != nothingKept {
		t.Errorf("the page keeps %s, want nothing, not even what was kept before", got)
	}
	if got := s.waybill(`"identify", "customer-1"`); got != "null" {
		t.Errorf("identify gives %s, want null", got)
	}
	s.follow("a")
	if got, want := s.where(), shop+"/cart?transaction_id="+ofVisit; got != want {
		t.Errorf("a link within the funnel leads to %s, want %s: nothing else carries the ID", got, want)
	}
	s.loaded()
	s.waybill(`"conversion", {order_id: "A-1", customer_id: "c", email: "a@b.example"}`)
	s.settled()
	hits := s.tracker.got("/sdk/")
	if len(hits) != 1 || hits[0].field("transaction_id") != ofVisit {
		t.Fatalf("the tracker got %+v, want one conversion with the ID of the URL", hits)
	}
	for _, name := range []string{"customer_id", "email", "email_sha256"} {
		if got := hits[0].field(name); got != "" {
			t.Errorf("the conversion has %s = %q, want none", name, got)
		}
	}
	s.visit(shop + "/elsewhere")
	s.loaded()
	if got := s.waybill(`"id"`); got != "null" {
		t.Errorf("on a page without the ID in its URL it is %s, want null", got)
	}
}

func TestPeopleAreNamedByDigestsAlone(t *testing.T) {
	t.Parallel()
	digest := func(of string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(of))) }
	tests := []struct {
		name, customer string
		want           map[string]string
	}{
		{"an account by its number", `7`, map[string]string{"customer_id": "7"}},
		{"an e-mail as the digest of what it is written as by habit", `{email: " Ada Tag@Example.COM "}`, map[string]string{"email_sha256": digest("ada+tag@example.com")}},
		{"a user name alike, with the spaces it has", `{Username: "Ada L", customer_id: "c-7"}`, map[string]string{"username": digest("ada l"), "customer_id": "c-7"}},
		{"a digest as it is", `{email_sha256: "` + digest("x") + `"}`, map[string]string{"email_sha256": digest("x")}},
	}
	s := newStage(t)
	s.visit(shop + "/?tid=" + ofVisit)
	s.loaded()
	for i, tt := range tests {
		s.waybill(`"identify", ` + tt.customer)
		hits := s.tracker.got("/sdk/identify")
		if len(hits) != i+1 {
			t.Fatalf("%s: the tracker got %+v, want %d hits", tt.name, hits, i+1)
		}
		hit := hits[i]
		tt.want["transaction_id"] = ofVisit
		for _, name := range []string{"transaction_id", "customer_id", "email", "email_sha256", "username"} {
			if got := hit.field(name); got != tt.want[name] {
				t.Errorf("%s: the hit has %s = %q, want %q", tt.name, name, got, tt.want[name])
			}
		}
		if body := strings.ToLower(hit.body); strings.Contains(body, "example") || strings.Contains(body, "ada") {
			t.Errorf("%s: the hit was %s, want no e-mail and no user name", tt.name, hit.body)
		}
	}
	if got := s.waybill(`"identify", {adv1: "x"}`); got != "null" {
		t.Errorf("identify without anything that names a person gives %s, want null", got)
	}
}

func TestAPageWithoutTLSNamesNobody(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.before(`Object.defineProperty(Crypto.prototype, "subtle", {value: undefined})`) // as on a page without TLS
	s.visit(shop + "/?tid=" + ofVisit)
	s.loaded()
	s.waybill(`"conversion", {order_id: "A-1", email: "ada@example.com", username: "ada"}`)
	hits := s.tracker.got("/sdk/")
	if len(hits) != 1 || strings.Contains(hits[0].body, "ada") || hits[0].field("order_id") != "A-1" {
		t.Errorf("the tracker got %+v, want the conversion without its customer", hits)
	}
}

func TestAConversionWithoutATouchIsNotSent(t *testing.T) {
	t.Parallel()
	s := newStage(t, `data-offer-id="3"`)
	s.visit(shop + "/")
	s.loaded()
	for _, arguments := range []string{`"conversion"`, `"conversion", {order_id: "A-1", amount: 5, coupon: ""}`, `"identify", "c-7"`, `"nonsense"`, ``} {
		if got := s.waybill(arguments); got != "null" {
			t.Errorf("waybill(%s) gives %s, want null", arguments, got)
		}
	}
	s.settled()
	if got := s.tracker.got("/sdk/"); len(got) != 0 {
		t.Fatalf("the tracker got %+v, want nothing", got)
	}

	s.waybill(`"conversion", {order_id: "A-1", coupon: "TEA10"}`)
	s.waybill(`"conversion", {order_id: "A-2", tid: "` + ofBefore + `"}`)
	hits := s.tracker.got("/sdk/")
	if len(hits) != 2 {
		t.Fatalf("the tracker got %+v, want two hits", hits)
	}
	if got := hits[0]; got.field("coupon") != "TEA10" || got.field("offer_id") != "3" {
		t.Errorf("the first hit was %s, want the coupon and the page's offer", got.body)
	}
	if got := hits[1]; got.field("tid") != ofBefore || got.field("transaction_id") != "" || got.field("offer_id") != "" {
		t.Errorf("the second hit was %s, want the ID that was handed over, which names its offer itself", got.body)
	}
}

func TestAClickWithoutARedirect(t *testing.T) {
	t.Parallel()
	s := newStage(t, `data-offer-id="3"`)
	s.shop.own = `waybill("click", {sub2: "banner"}, answer => window.answer = answer)`
	s.visit(shop + "/kettle?aff_id=7&sub1=a%26b&pid=99&utm_source=x&email=a@b.example&url=https://evil.test")
	until(t, "the click is answered", func() bool { return eval[bool](s.tab, `!!window.answer`) })
	hits := s.tracker.got("/click")
	if len(hits) != 1 {
		t.Fatalf("the tracker got %+v, want one click", hits)
	}
	if got, want := hits[0].query, "format=json&offer_id=3&aff_id=7&sub1=a%26b&sub2=banner"; got != want || hits[0].cookie != "" {
		t.Errorf("the click was %s with cookie %q, want %s and none", got, hits[0].cookie, want)
	}
	if got := s.waybill(`"id"`); got != `"`+ofClick+`"` {
		t.Errorf("after the click the ID is %s, want %q", got, ofClick)
	}

	eval[any](s.tab, `delete window.answer`)
	s.visit(s.where())
	until(t, "the click is answered again", func() bool { return eval[bool](s.tab, `window.answer?.transaction_id === "`+ofClick+`"`) })
	s.visit(shop + "/kettle?utm_source=x")
	s.loaded()
	if got := s.waybill(`"click"`); got != "null" {
		t.Errorf("a click on a page that names no affiliate gives %s, want null", got)
	}
	s.visit(shop + "/kettle?aff_id=7&tid=" + ofVisit)
	s.loaded()
	if got := s.waybill(`"click"`); !strings.Contains(got, ofVisit) {
		t.Errorf("a click on a page that was reached by a link gives %s, want the link's ID", got)
	}
	s.settled()
	if got := s.tracker.got("/click"); len(got) != 1 {
		t.Errorf("in the end the tracker got %+v, want one click", got)
	}
}

// A click that is sent to a fallback has an ID too, and earns nothing.
func TestAClickThatIsTurnedAwayTakesNoCredit(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.visit(shop + "/?tid=" + ofVisit)
	s.loaded()
	s.visit(shop + "/kettle")
	s.loaded()
	s.tracker.close()
	if got := s.waybill(`"click", {offer_id: 3, affiliate_id: 7}`); !strings.Contains(got, ofNobody) {
		t.Fatalf("the click gives %s, want %s", got, ofNobody)
	}
	if got := s.waybill(`"id"`); got != `"`+ofVisit+`"` {
		t.Errorf("afterwards the ID is %s, want %q as before", got, ofVisit)
	}
}

func TestAViewNamesTheVisitorUntilAClickDoes(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.visit(shop + "/")
	s.loaded()
	s.waybill(`"impression", {offer_id: 3, affiliate_id: 7}`)
	if got := s.waybill(`"id"`); got != `"`+ofView+`"` {
		t.Errorf("after a view the ID is %s, want %q", got, ofView)
	}
	s.waybill(`"click", {offer_id: 3, affiliate_id: 7}`)
	s.waybill(`"impression", {offer_id: 3, affiliate_id: 8}`)
	if got := s.waybill(`"id"`); got != `"`+ofClick+`"` {
		t.Errorf("after a click and another view the ID is %s, want %q", got, ofClick)
	}
	if got := s.tracker.got("/impression"); len(got) != 2 || got[0].query != "format=json&offer_id=3&affiliate_id=7" {
		t.Errorf("the tracker got %+v, want two views", got)
	}
}

func TestANetworkThatFailsIsTriedOnceMore(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.visit(shop + "/?tid=" + ofVisit)
	s.loaded()
	s.tracker.failNext(1)
	if got := s.waybill(`"conversion", {order_id: "A-1"}`); !strings.Contains(got, "accepted") {
		t.Errorf("after one failure the answer is %s, want it accepted", got)
	}
	if got := s.tracker.got("/sdk/"); len(got) != 2 || got[0].body != got[1].body {
		t.Errorf("the tracker got %+v, want the same hit twice", got)
	}
	s.tracker.failNext(9)
	if got := s.waybill(`"conversion", {order_id: "A-2"}`); got != "null" {
		t.Errorf("on a network that is down the answer is %s, want null", got)
	}
	if got := s.tracker.got("/sdk/"); len(got) != 4 {
		t.Errorf("the tracker got %d hits, want two of each conversion", len(got))
	}
}

func TestAHitOutlivesThePage(t *testing.T) {
	t.Parallel()
	const (
		conversion = `waybill("conversion", {order_id: "A"})`
		lost       = `window.fetch = () => new Promise(() => {});`
		kept       = `window.fetch = (fetch => (url, how) => how.keepalive ? fetch(url, how) : new Promise(() => {}))(window.fetch);`
	)
	tests := []struct{ name, before, leave string }{
		{"made as the page goes", lost, `addEventListener("pagehide", () => ` + conversion + `)`},
		{"on its way as the page goes", kept, conversion},
		{"in a browser that ends requests with the page", lost + `delete Request.prototype.keepalive`, conversion},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newStage(t)
			s.before(tt.before) // requests that would end with the page are lost at once
			s.visit(shop + "/?tid=" + ofVisit)
			s.loaded()
			eval[any](s.tab, tt.leave+`; location.href = "/next"; null`)
			until(t, "the hit is there", func() bool { return len(s.tracker.got("/sdk/conversion")) == 1 })
			if got := s.tracker.got("/sdk/conversion")[0]; got.field("transaction_id") != ofVisit || !strings.HasPrefix(got.contentType, "text/plain") {
				t.Errorf("the hit was %+v, want plain text with the ID", got)
			}
		})
	}
}

func TestAPageWithoutStorageWorksFromItsURL(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.shop.csp = "sandbox allow-scripts" // a page of no origin, whose cookies and storage throw
	s.visit(shop + "/?tid=" + ofVisit)
	s.loaded()
	if got := s.waybill(`"conversion", {order_id: "A-1"}`); !strings.Contains(got, "accepted") {
		t.Errorf("the conversion gives %s, want it accepted", got)
	}
	if got := s.waybill(`"click", {affiliate_id: 7}`); !strings.Contains(got, ofVisit) {
		t.Errorf("the click gives %s, want the ID of the URL", got)
	}
}

func TestAPageThatIsOnlyPreparedDoesNothing(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.before(`Object.defineProperty(Document.prototype, "prerendering", {value: true, configurable: true})`)
	s.shop.own = `waybill("conversion", {order_id: "A-1"})`
	s.visit(shop + "/?tid=" + ofVisit)
	if got := s.kept(); got != nothingKept || eval[bool](s.tab, `!!waybill.ready`) {
		t.Errorf("a page that nobody sees yet keeps %s", got)
	}
	if got := s.tracker.got("/sdk/"); len(got) != 0 {
		t.Errorf("of a page that nobody sees yet the tracker got %+v", got)
	}
	eval[any](s.tab, `document.dispatchEvent(new Event("prerenderingchange")), null`)
	until(t, "the page that is seen sends its conversion", func() bool { return len(s.tracker.got("/sdk/")) == 1 })
}

func TestThePolicyToPasteIsEnough(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.shop.nonce = "r4nd0m"
	s.shop.csp = "default-src 'none'; script-src 'nonce-r4nd0m' " + tracking + "; connect-src " + tracking + "; report-uri /violation"
	s.shop.own = `waybill("conversion", {order_id: "A-1"}, answer => { window.answer = answer })`
	s.visit(shop + "/?tid=" + ofVisit)
	until(t, "the page has its answer", func() bool { return eval[bool](s.tab, `window.answer?.code === "ok"`) })
}

func TestTheCookieIsForTheDomainAndTimeThatThePageAllows(t *testing.T) {
	t.Parallel()
	s := newStage(t, `data-cookie-domain="shop.test"`, `data-days="30"`)
	s.world.hosts["https://cart.shop.test"] = s.shop
	s.visit(shop + "/?tid=" + ofVisit)
	s.loaded()
	cookie := s.cookie("wb_tid_js")
	if cookie.Domain != ".shop.test" || !cookie.Secure || cookie.HTTPOnly || cookie.SameSite != "Lax" {
		t.Errorf("the cookie is %+v, want it secure, lax and for shop.test", cookie)
	}
	if days := time.Until(time.Unix(int64(cookie.Expires), 0)).Hours() / 24; days < 29.9 || days > 30 {
		t.Errorf("the cookie lasts for %.2f days, want 30", days)
	}
	s.visit("https://cart.shop.test/")
	s.loaded()
	if got := s.waybill(`"id"`); got != `"`+ofVisit+`"` {
		t.Errorf("on another host of the domain the ID is %s, want %q", got, ofVisit)
	}
}
