//go:build slow

package browser

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
)

// Where the affiliate's pixels are, and where one of them leads on to.
const (
	pixelHost = "https://px.blog.test"
	frameHost = "https://frame.blog.test"
	elsewhere = "https://elsewhere.test"
)

// beacon is one of the affiliate's hosts. It keeps what comes.
type beacon struct {
	page string // that it answers with, under a path that ends in a slash
	lead string // where it sends whoever asks for /lead

	mu   sync.Mutex
	came []*http.Request
}

func (b *beacon) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/favicon.ico" {
		return
	}
	b.mu.Lock()
	b.came = append(b.came, r)
	b.mu.Unlock()
	http.SetCookie(w, &http.Cookie{Name: "own", Value: "1", Secure: true, HttpOnly: true, SameSite: http.SameSiteNoneMode})
	switch {
	case strings.HasSuffix(r.URL.Path, "/lead"):
		http.Redirect(w, r, b.lead, http.StatusFound)
	case strings.HasSuffix(r.URL.Path, "/"):
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprint(w, b.page)
	default:
		w.Header().Set("Content-Type", "image/gif")
		fmt.Fprint(w, "GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x01\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;")
	}
}

// got gives the requests for a path so far.
func (b *beacon) got(path string) []*http.Request {
	b.mu.Lock()
	defer b.mu.Unlock()
	var all []*http.Request
	for _, r := range b.came {
		if r.URL.Path == path {
			all = append(all, r)
		}
	}
	return all
}

// escape is what the page in the affiliate's frame tries: to reach the pages
// around it, to keep something, and to take the whole tab somewhere. It tells its
// own host how that went.
const escape = `<!doctype html><title>frame</title><script>
const tried = [];
function attempt(name, what) { try { what(); tried.push(name); } catch (e) { tried.push("no-" + name); } }
attempt("parent", () => parent.document.title);
attempt("top", () => top.document.title);
attempt("cookie", () => { document.cookie = "kept=1"; if (!document.cookie) throw 0; });
attempt("storage", () => localStorage.setItem("kept", "1"));
attempt("away", () => { top.location = "` + elsewhere + `/"; });
fetch("/ran?" + tried.join("&"), {mode: "no-cors"});
</script>`

// pixelMarket is a market whose affiliate has pixels of these formats and URLs.
func newPixelMarket(t *testing.T, pixels ...string) (m *market, images, frames *beacon) {
	t.Helper()
	m = newMarket(t)
	images, frames = &beacon{lead: elsewhere + "/led"}, &beacon{page: escape}
	m.world.hosts[pixelHost], m.world.hosts[frameHost] = images, frames
	for _, p := range pixels {
		format, address, _ := strings.Cut(p, " ")
		m.node.make("postbacks", fmt.Sprintf(`{"owner":{"affiliate_id":1},"format":%q,"url":%q}`, format, address))
	}
	return m, images, frames
}

// spoiled is a value that would end an attribute, a tag or a URL if it were let.
const spoiled = `"><script>document.title='spoiled'</script>' onerror='x` + "`" + `&amp;{sub1}#?;/../`

// arriveWith lets the visitor follow the affiliate's link with values of his own
// that mean harm.
func (m *market) arriveWith(value string) string {
	m.t.Helper()
	m.visit(tracking + "/click?offer_id=1&affiliate_id=1&aff_click_id=their-1&sub1=" + url.QueryEscape(value))
	_, id, _ := strings.Cut(m.where(), "tid=")
	return id
}

func TestAnAffiliatesPixelsFireInTheFrame(t *testing.T) {
	t.Parallel()
	m, images, frames := newPixelMarket(t,
		"image "+pixelHost+"/i.gif?c={aff_click_id}&s={sub1}&status={status}",
		"image "+pixelHost+"/raw.gif?s={sub1|raw}",
		"iframe "+frameHost+"/{sub1}/?c={aff_click_id}&s={sub1}",
	)
	m.visit(pixelHost + "/first.gif") // the affiliate's host has been visited, and has left its cookie
	m.visit(frameHost + "/first.gif")
	id := m.arriveWith(spoiled)
	m.thank(checkout, tracking, doors(tracking)["frame"], "transaction_id="+id+"&order_id=A-1")
	until(t, "the image, the raw image and the frame have fired", func() bool {
		return len(images.got("/i.gif")) == 1 && len(images.got("/raw.gif")) == 1 && len(frames.got("/ran")) == 1
	})
	q := images.got("/i.gif")[0].URL.Query()
	if q.Get("c") != "their-1" || q.Get("s") != spoiled || q.Get("status") != "pending" || len(q) != 3 {
		t.Errorf("the image was told %q, want the affiliate's own values as they came", q)
	}
	if got := frames.got("/ran")[0].URL.RawQuery; got != "no-parent&no-top&no-cookie&no-storage&no-away" {
		t.Errorf("the page in the frame tried %s, want that it reaches nothing", got)
	}
	for _, r := range append(images.got("/i.gif"), frames.got("/"+spoiled+"/")...) {
		if r.Header.Get("Referer") != "" || r.Header.Get("Cookie") != "" {
			t.Errorf("%s came with the referrer %q and the cookie %q, want neither", r.URL, r.Header.Get("Referer"), r.Header.Get("Cookie"))
		}
	}
	if got := m.where(); !strings.HasPrefix(got, checkout) {
		t.Errorf("the visitor was taken to %s", got)
	}
	if got := eval[string](m.tab, "document.title"); got != "page" {
		t.Errorf("the page is called %q: a value ran as a script", got)
	}
	trace := fmt.Sprint(m.node.record("trace/" + id)["steps"])
	if strings.Count(trace, "kind:pixel") != 3 || !strings.Contains(trace, "image from "+pixelHost) {
		t.Errorf("the trace tells %s, want three pixels", trace)
	}
}

func TestAnAffiliatesPixelsFireOnce(t *testing.T) {
	t.Parallel()
	m, images, _ := newPixelMarket(t, "image "+pixelHost+"/i.gif?c={aff_click_id}")
	id := m.arriveWith("x")
	for range 2 { // the page is shown again
		m.thank(checkout, tracking, doors(tracking)["frame"], "transaction_id="+id+"&order_id=A-1")
	}
	other := m.arriveWith("y")
	m.thank(checkout, tracking, doors(tracking)["image"], "transaction_id="+other+"&order_id=A-2") // no page of ours
	last := m.arriveWith("z")
	m.thank(checkout, tracking, doors(tracking)["frame"], "transaction_id="+last+"&order_id=A-3")
	until(t, "the last conversion's pixel has fired", func() bool { return len(images.got("/i.gif")) >= 2 })
	if got := len(images.got("/i.gif")); got != 2 {
		t.Errorf("the pixel fired %d times, want once for each of the two conversions that came by the frame", got)
	}
	if got := m.heard(); got != "pixel ok, pixel duplicate, pixel ok, pixel ok" {
		t.Errorf("Waybill heard %q", got)
	}
}

func TestAPixelLeadsNowhereElse(t *testing.T) {
	t.Parallel()
	m, images, _ := newPixelMarket(t, "image "+pixelHost+"/lead?c={aff_click_id}", "image "+pixelHost+"/i.gif?c={aff_click_id}")
	away := new(beacon)
	m.world.hosts[elsewhere] = away
	id := m.arriveWith("x")
	m.thank(checkout, tracking, doors(tracking)["frame"], "transaction_id="+id)
	until(t, "both pixels have fired", func() bool { // Chromium may ask again for an image whose redirect was refused
		return len(images.got("/lead")) > 0 && len(images.got("/i.gif")) == 1
	})
	m.visit(shop + "/") // whatever the page still had to load is over
	if got := away.got("/led"); len(got) != 0 {
		t.Errorf("a pixel led to a host that the page's policy does not name: %v", got[0].URL)
	}
}
