package edge_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"waybill/internal/attribution"
	"waybill/internal/catalog"
	"waybill/internal/click"
	"waybill/internal/delivery"
	"waybill/internal/offer"
	"waybill/internal/settlement"
	"waybill/internal/signal"
	"waybill/internal/txid"
)

// ledgerless settles by the real rules in a ledger that knows nothing yet.
type ledgerless struct {
	w    *world
	seen signal.Signal
	from click.Click // the touch of every signal
}

func (l *ledgerless) Settle(_ context.Context, s signal.Signal) signal.Verdict {
	l.seen = s
	c := settlement.Prepare(settlement.Input{Signal: s, Catalog: l.w.catalog, Now: s.ReceivedAt, Touches: []attribution.Candidate{
		{By: offer.ByTransactionID, ID: s.Click, Record: &l.from},
	}})
	if c.Refusal != nil {
		return *c.Refusal
	}
	out, err := c.Judge(settlement.State{})
	if err != nil {
		l.w.Error(err)
	}
	return out.Verdict
}

// newPixelWorld is an edge whose affiliate has pixels of these formats and URLs.
func newPixelWorld(t testing.TB, pixels ...string) (*world, *ledgerless) {
	t.Helper()
	w := newWorld(t, func(s *catalog.Source) {
		for i, p := range pixels {
			sub := delivery.Default()
			format, address, _ := strings.Cut(p, " ")
			sub.ID, sub.Owner, sub.Format, sub.URL = int64(i)+1, delivery.Owner{AffiliateID: blog}, delivery.Format(format), address
			s.Subscriptions = append(s.Subscriptions, sub)
		}
	})
	for _, p := range w.catalog.Problems() {
		if strings.HasPrefix(p.What, "subscription") {
			t.Fatal(p.What, p.Err)
		}
	}
	l := &ledgerless{w: w, from: click.Click{OfferID: mainOffer, AffiliateID: blog, AffClickID: "their-click"}}
	w.edge.Settler = l
	return w, l
}

// asFrame is what a browser says when it asks for the page of a frame.
func asFrame() []string { return []string{"Sec-Fetch-Dest: iframe", "X-Forwarded-Proto: https"} }

// aged gives the ID of a click an hour ago.
func (w *world) aged() string {
	s := txid.Subject{Kind: txid.Click, Offer: mainOffer, Affiliate: blog}
	ticket := w.mint.Begin(time.Now().Add(-time.Hour), s)
	ticket.Done()
	return ticket.ID.String()
}

// loads lists what a page has its browser load, and fails on anything else in it.
func loads(t testing.TB, rec *httptest.ResponseRecorder) []string {
	t.Helper()
	page, err := html.Parse(rec.Body)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for n := range page.Descendants() {
		if n.Type == html.TextNode && strings.TrimSpace(n.Data) != "" && n.Parent.Data != "title" {
			t.Errorf("the page holds the text %q", n.Data)
		}
		if n.Type != html.ElementNode {
			continue
		}
		attributes := map[string]string{}
		for _, a := range n.Attr {
			attributes[a.Key] = a.Val
		}
		src := attributes["src"]
		delete(attributes, "src")
		want := map[string]map[string]string{
			"html": {"lang": "en"}, "head": {}, "meta": {"charset": "utf-8"}, "title": {}, "body": {},
			"img":    {"width": "1", "height": "1", "alt": "", "referrerpolicy": "no-referrer"},
			"iframe": {"width": "1", "height": "1", "title": "pixel", "sandbox": "allow-scripts", "referrerpolicy": "no-referrer"},
		}[n.Data]
		if want == nil || len(want) != len(attributes) {
			t.Errorf("the page holds <%s %v>", n.Data, n.Attr)
		}
		for name, value := range want {
			if attributes[name] != value {
				t.Errorf("the page holds <%s %v>, want %s=%q", n.Data, n.Attr, name, value)
			}
		}
		if src != "" {
			all = append(all, n.Data+" "+src)
		}
	}
	return all
}

func TestFrameLoadsTheAffiliatesPixels(t *testing.T) {
	const (
		image = "image https://a.example/i.gif?c={aff_click_id}&p={payout}"
		other = "image https://b.example/i.gif?c={aff_click_id}"
		again = "image https://a.example/j.gif?c={aff_click_id}"
		frame = "iframe https://f.example:8443/?c={aff_click_id}"
		plain = "image http://a.example/i.gif?c={aff_click_id}"
	)
	tests := []struct {
		name   string
		pixels []string
		path   string
		fields []string
		want   []string
		policy string
	}{
		{name: "none, where there are none", policy: "sandbox"},
		{name: "an image", pixels: []string{image}, want: []string{"img https://a.example/i.gif?c=their-click&p=0.00"}, policy: "img-src https://a.example; sandbox"},
		{name: "one whose parameter reads like an entity", pixels: []string{"image https://a.example/i.gif?c={aff_click_id}&copy;={currency}"}, want: []string{"img https://a.example/i.gif?c=their-click&copy;=USD"}, policy: "img-src https://a.example; sandbox"},
		{name: "a frame, which may run its scripts", pixels: []string{frame}, want: []string{"iframe https://f.example:8443/?c=their-click"}, policy: "frame-src https://f.example:8443; sandbox allow-scripts"},
		{
			name: "several, each host named once", pixels: []string{other, frame, image, again},
			want:   []string{"img https://b.example/i.gif?c=their-click", "iframe https://f.example:8443/?c=their-click", "img https://a.example/i.gif?c=their-click&p=0.00", "img https://a.example/j.gif?c=their-click"},
			policy: "img-src https://a.example https://b.example; frame-src https://f.example:8443; sandbox allow-scripts",
		},
		{name: "under TUNE's address too", path: "/aff_l", pixels: []string{image}, want: []string{"img https://a.example/i.gif?c=their-click&p=0.00"}, policy: "img-src https://a.example; sandbox"},
		{name: "none by http in a page with TLS", pixels: []string{plain}, policy: "sandbox"},
		{name: "one by http in a page without", pixels: []string{plain}, fields: []string{"X-Forwarded-Proto: http"}, want: []string{"img http://a.example/i.gif?c=their-click"}, policy: "img-src http://a.example; sandbox"},
		{name: "none where the visitor objects", pixels: []string{image}, fields: []string{"Sec-GPC: 1"}, policy: "sandbox"},
		{name: "none where a script asks, which could read them", pixels: []string{image}, fields: []string{"Sec-Fetch-Dest: empty"}, policy: "sandbox"},
		{name: "an old browser's too", pixels: []string{image}, fields: []string{"Sec-Fetch-Dest: ", "Accept: text/html,*/*"}, want: []string{"img https://a.example/i.gif?c=their-click&p=0.00"}, policy: "img-src https://a.example; sandbox"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w, _ := newPixelWorld(t, tt.pixels...)
			path := tt.path
			if path == "" {
				path = "/pixel"
			}
			rec := w.get(path+"?transaction_id="+w.aged()+"&amount=4", append(asFrame(), tt.fields...)...)
			h := rec.Header()
			if got := h.Get("Waybill-Verdict"); got != "ok" || rec.Code != http.StatusOK || h.Get("Referrer-Policy") != "no-referrer" {
				t.Errorf("answered with %d, %v", rec.Code, h)
			}
			if got, want := h.Get("Content-Security-Policy"), "default-src 'none'; base-uri 'none'; form-action 'none'; "+tt.policy; got != want {
				t.Errorf("the policy is %q, want %q", got, want)
			}
			if readable := h.Get("Access-Control-Allow-Origin") != ""; readable != (len(tt.want) == 0) {
				t.Errorf("the page may be read by others: %v, with %d pixels in it", readable, len(tt.want))
			}
			if got := loads(t, rec); !slices.Equal(got, tt.want) {
				t.Errorf("the page loads %q, want %q", got, tt.want)
			}
			if got := w.count("waybill_browser_pixels_total", ""); int(got) != len(tt.want) {
				t.Errorf("%v pixels are counted, want %d", got, len(tt.want))
			}
		})
	}
}

func TestAnImageLoadsNoPixels(t *testing.T) {
	w, l := newPixelWorld(t, "image https://a.example/i.gif?c={aff_click_id}")
	rec := w.get("/pixel.gif?transaction_id="+w.aged(), asFrame()...) // wherever it is shown
	wantFired(t, "/pixel.gif", rec, http.StatusOK, signal.OK)
	if l.seen.Page != "" {
		t.Errorf("the hit is said to have a page by %q", l.seen.Page)
	}
}

// hostile are values that would end an attribute, a tag, a URL or a policy if
// they were let.
func hostile() []string {
	return []string{
		`"><script>alert(1)</script>`, `' onerror='alert(1)`, `"onload="alert(1)`, "`", `javascript:alert(1)`, `&quot;&#34;&#x22;`,
		"a\r\nSet-Cookie: x=1", "; script-src *", `</iframe><iframe srcdoc="<script>1</script>">`, "\x00\xff<", "..//@evil.example/#", "{sub1}",
	}
}

func TestHostileValuesAreHarmlessInAFrame(t *testing.T) {
	w, l := newPixelWorld(t, pixelsOfValues()...)
	for _, value := range hostile() {
		wantHarmless(t, w, l, value)
	}
}

// pixelsOfValues hand a value on wherever one can stand, encoded and raw.
func pixelsOfValues() []string {
	return []string{
		"image https://a.example/{sub1|raw}?c={sub1}&r={sub1|raw}#{sub1}", "iframe https://f.example/{sub1}?r={sub1|raw}&l={sub1|lower}",
	}
}

// wantHarmless shows a page whose pixels are told a value: it loads two things
// from two hosts, and nothing else is in it.
func wantHarmless(t testing.TB, w *world, l *ledgerless, value string) {
	t.Helper()
	l.from.Sub[0] = value
	rec := w.get("/pixel?transaction_id="+w.aged(), asFrame()...)
	if got, want := rec.Header().Get("Content-Security-Policy"),
		"default-src 'none'; base-uri 'none'; form-action 'none'; img-src https://a.example; frame-src https://f.example; sandbox allow-scripts"; got != want {
		t.Errorf("with %q the policy is %q, want %q", value, got, want)
	}
	all := loads(t, rec)
	if len(all) != 2 {
		t.Fatalf("with %q the page loads %q", value, all)
	}
	for i, host := range []string{"a.example", "f.example"} {
		_, address, _ := strings.Cut(all[i], " ")
		if u, err := url.Parse(address); err != nil || u.Scheme != "https" || u.Host != host {
			t.Errorf("with %q the page loads %q: %v", value, address, err)
		}
	}
}

func FuzzFramePage(f *testing.F) {
	for _, value := range hostile() {
		f.Add(value)
	}
	w, l := newPixelWorld(f, pixelsOfValues()...)
	f.Fuzz(func(t *testing.T, value string) {
		w.TB, w.journal.records = t, nil
		wantHarmless(t, w, l, value)
	})
}
