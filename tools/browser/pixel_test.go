//go:build slow

package browser

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// pixelPolicy lets a page show an image and a frame of one host, and nothing
// else at all.
func pixelPolicy(host string) string {
	return "default-src 'none'; img-src " + host + "; frame-src " + host + "; script-src 'self'; connect-src " + host + "; report-uri /violation"
}

// doors gives the two pixels as a page shows them.
func doors(host string) map[string]string {
	return map[string]string{
		"image": `<img src="` + host + `/pixel.gif?%s" width="1" height="1" alt="">`,
		"frame": `<iframe src="` + host + `/pixel?%s" width="1" height="1" title="pixel"></iframe>`,
	}
}

// thank shows the page that ends a sale, whose pixel is all that it loads.
func (m *market) thank(site, host, door, query string) {
	m.t.Helper()
	p := &pages{csp: pixelPolicy(host), body: fmt.Sprintf(door, strings.ReplaceAll(query, "&", "&amp;"))}
	m.world.hosts[site] = p
	before := len(m.node.list("signals"))
	m.visit(site + "/thanks")
	until(m.t, "the pixel is there", func() bool { return len(m.node.list("signals")) == before+1 })
}

func TestTheBrowserBlocksThirdPartyCookies(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	got := make(chan string, 9)
	w.hosts[tracking] = http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/favicon.ico" {
			return
		}
		got <- r.Header.Get("Cookie")
		http.SetCookie(rw, &http.Cookie{Name: "third", Value: "party", Secure: true, HttpOnly: true, SameSite: http.SameSiteNoneMode})
	})
	w.hosts[shop] = &pages{csp: "img-src " + tracking, body: `<img src="` + tracking + `/image">`}
	b := open(startChromium(t, w.addr), t)
	b.visit(tracking + "/")
	b.visit(tracking + "/")
	if first, second := <-got, <-got; first != "" || second != "third=party" {
		t.Fatalf("as first party the cookie came as %q, then %q, want none, then third=party", first, second)
	}
	b.visit(shop + "/")
	if third := <-got; third != "" {
		t.Errorf("as third party the cookie came as %q, want none: these tests would prove nothing", third)
	}
}

func TestAPixelWithTheIDNeedsNoCookie(t *testing.T) {
	t.Parallel()
	for name, door := range doors(tracking) {
		t.Run(name, func(t *testing.T) {
			m := newMarket(t)
			id := m.arrive()
			m.thank(checkout, tracking, door, "transaction_id="+id+"&order_id=A-1&amount=12.50")
			m.thank(checkout, tracking, door, "transaction_id="+id+"&order_id=A-1&amount=12.50") // the page is shown again
			if got := m.heard(); got != "pixel ok, pixel duplicate" {
				t.Errorf("Waybill heard %q, want one conversion and its repetition", got)
			}
			m.credited(id, "click")
		})
	}
}
