package edge_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/catalog"
	"waybill/internal/click"
	"waybill/internal/offer"
	"waybill/internal/txid"
	"waybill/internal/visitor"
)

const toMain = "/click?offer_id=5&affiliate_id=7"

func TestClickGoesToTheOffer(t *testing.T) {
	tests := []struct {
		name string
		send func(w *world) *httptest.ResponseRecorder
		want string // of the Location; ID stands for the click's ID
		kept func(c *click.Click) bool
	}{
		{
			name: "by the canonical names",
			send: func(w *world) *httptest.ResponseRecorder {
				return w.get(toMain + "&aff_click_id=k1&sub1=a+b&sub10=z&source=news&coupon=TEN&gaid=g&idfa=i&idfv=v")
			},
			want: "https://shop.example/l?wb=ID&aff=7&s1=a%20b&c=k1",
			kept: func(c *click.Click) bool {
				return c.AffClickID == "k1" && c.Sub[0] == "a b" && c.Sub[9] == "z" && c.Source == "news" && c.Coupon == "TEN" &&
					c.GAID == "g" && c.IDFA == "i" && c.IDFV == "v"
			},
		},
		{
			name: "by other systems' names, in any case",
			send: func(w *world) *httptest.ResponseRecorder {
				return w.get("/click?OID=5&Aff_ID=7&clickid=k2&aff_sub=x&S2=y")
			},
			want: "https://shop.example/l?wb=ID&aff=7&s1=x&c=k2",
			kept: func(c *click.Click) bool { return c.AffClickID == "k2" && c.Sub[0] == "x" && c.Sub[1] == "y" },
		},
		{
			name: "by a form, of whose values the query's win",
			send: func(w *world) *httptest.ResponseRecorder {
				return w.post("/click?offer_id=5&sub1=query", "affiliate_id=7&sub1=form&sub2=form", "Content-Type: application/x-www-form-urlencoded; charset=utf-8")
			},
			want: "https://shop.example/l?wb=ID&aff=7&s1=query&c=",
			kept: func(c *click.Click) bool { return c.Sub[0] == "query" && c.Sub[1] == "form" },
		},
		{
			name: "by a POST whose body is no form",
			send: func(w *world) *httptest.ResponseRecorder {
				return w.post(toMain, `{"sub1":"x"}`, "Content-Type: application/json")
			},
			want: "https://shop.example/l?wb=ID&aff=7&s1=&c=",
		},
		{
			name: "by a POST whose form is too large",
			send: func(w *world) *httptest.ResponseRecorder {
				return w.post(toMain, "sub1=x&sub2="+strings.Repeat("y", 64<<10), "Content-Type: application/x-www-form-urlencoded")
			},
			want: "https://shop.example/l?wb=ID&aff=7&s1=&c=",
			kept: func(c *click.Click) bool { return slices.Equal(c.Marks, []string{"body dropped"}) },
		},
		{
			name: "by a short link with values of its own",
			send: func(w *world) *httptest.ResponseRecorder { return w.get("/c/spring?aff_click_id=k3") },
			want: "https://shop.example/l?wb=ID&aff=7&s1=may&c=k3",
			kept: func(c *click.Click) bool { return c.LinkCode == "spring" && c.Source == "news" && c.AffClickID == "k3" },
		},
		{
			name: "by a short link whose values the request's win over, under any name",
			send: func(w *world) *httptest.ResponseRecorder { return w.get("/c/spring?aff_sub=june&source_id=mail") },
			want: "https://shop.example/l?wb=ID&aff=7&s1=june&c=",
			kept: func(c *click.Click) bool { return c.Sub[0] == "june" && c.Source == "mail" },
		},
		{
			name: "by a short link that no request can turn to another offer or affiliate",
			send: func(w *world) *httptest.ResponseRecorder { return w.get("/c/spring?offer_id=6&affiliate_id=8") },
			want: "https://shop.example/l?wb=ID&aff=7&s1=may&c=",
		},
		{
			name: "without what is too long, and says so in the record",
			send: func(w *world) *httptest.ResponseRecorder {
				return w.get(toMain + "&aff_click_id=" + strings.Repeat("k", 1025) + "&sub1=" + strings.Repeat("s", 1023) + "%C3%A4")
			},
			want: "https://shop.example/l?wb=ID&aff=7&s1=" + strings.Repeat("s", 1023) + "&c=",
			kept: func(c *click.Click) bool {
				return c.AffClickID == "" && c.Sub[0] == strings.Repeat("s", 1023) && slices.Equal(c.Marks, []string{"sub1 cut", "aff_click_id dropped"})
			},
		},
		{
			name: "with numbers that have space around them",
			send: func(w *world) *httptest.ResponseRecorder { return w.get("/click?offer_id=%205&affiliate_id=7+") },
			want: "https://shop.example/l?wb=ID&aff=7&s1=&c=",
		},
		{
			name: "with line breaks made harmless",
			send: func(w *world) *httptest.ResponseRecorder {
				return w.get(toMain + "&sub1=a%0d%0aSet-Cookie:%20x&aff_click_id=%00%0a")
			},
			want: "https://shop.example/l?wb=ID&aff=7&s1=a%0D%0ASet-Cookie%3A%20x&c=%2500%0A",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, nil)
			rec := tt.send(w)
			c := w.click()
			if rec.Code != http.StatusFound || rec.Header().Get("Cache-Control") != "no-store" {
				t.Errorf("answered with %d and Cache-Control %q, want 302 and no-store", rec.Code, rec.Header().Get("Cache-Control"))
			}
			want := strings.Replace(tt.want, "ID", c.ID.String(), 1)
			if got := rec.Header().Get("Location"); got != want || c.Location != got {
				t.Errorf("Location = %s\nwant       %s\nrecorded   %s", got, want, c.Location)
			}
			if tt.kept != nil && !tt.kept(&c) {
				t.Errorf("recorded %+v", c)
			}
			parts := w.open(c.ID.String())
			if c.OfferID != mainOffer || c.AffiliateID != blog || parts.Offer != mainOffer || parts.Affiliate != blog || parts.Kind != txid.Click || parts.TurnedAway || parts.Test {
				t.Errorf("offer %d, affiliate %d; the ID says %+v", c.OfferID, c.AffiliateID, parts)
			}
			if got := w.count("waybill_clicks_total", "offer"); got != 1 || w.count("waybill_clicks_total", "") != 1 {
				t.Errorf("counted %v clicks sent to the offer, want 1", got)
			}
		})
	}
}

func TestClickRecordsWhoCame(t *testing.T) {
	w := newWorld(t, nil)
	before := time.Now()
	w.get(toMain+"&test=1",
		"Referer: https://mail.example/?to=jane.doe@example.com&x="+strings.Repeat("r", 2000),
		"User-Agent: "+chrome+strings.Repeat(" x", 600))
	c := w.click()
	if !c.Test || !w.open(c.ID.String()).Test {
		t.Error("a test click is not marked as one in record and ID")
	}
	if c.IP != netip.MustParseAddr("203.0.113.9") || c.Visitor.Device != visitor.Desktop || c.Visitor.OS != "Windows" {
		t.Errorf("recorded address %s, visitor %+v", c.IP, c.Visitor)
	}
	if strings.Contains(c.Referrer, "jane") || !strings.HasPrefix(c.Referrer, "https://mail.example/?to=emailhash:") || len(c.Referrer) != 1024 {
		t.Errorf("Referrer = %d bytes %.80s, want 1024 without the e-mail", len(c.Referrer), c.Referrer)
	}
	if len(c.UserAgent) != 1024 || !slices.Equal(c.Marks, []string{"user_agent cut", "referrer cut"}) {
		t.Errorf("UserAgent has %d bytes, marks %q", len(c.UserAgent), c.Marks)
	}
	if c.At.Before(before.Truncate(time.Microsecond)) || c.At.After(time.Now()) {
		t.Errorf("At = %s, the request came at %s", c.At, before)
	}
}

// onRequest has the main offer ask for approval, and tells how the blog stands to
// it.
func onRequest(standing ...offer.Standing) func(*catalog.Source) {
	return func(s *catalog.Source) {
		s.Offers[0].Access = offer.OnRequest
		for _, one := range standing {
			s.Access = append(s.Access, offer.Permission{OfferID: mainOffer, AffiliateID: blog, Standing: one})
		}
	}
}

func TestApprovedAffiliatesSendVisitors(t *testing.T) {
	for _, access := range []offer.Access{offer.OnRequest, offer.Private} {
		w := newWorld(t, func(s *catalog.Source) {
			onRequest(offer.Approved)(s)
			s.Offers[0].Access = access
			// Standing to another offer, and another's standing, say nothing.
			s.Access = append(s.Access, offer.Permission{OfferID: plainOffer, AffiliateID: blog, Standing: offer.Rejected},
				offer.Permission{OfferID: mainOffer, AffiliateID: spam, Standing: offer.Rejected})
		})
		w.get(toMain)
		if got := w.clicks()[0].TurnedAway; got != click.Sent {
			t.Errorf("a visitor of an approved affiliate at a %s offer is turned away: %s", access, got)
		}
	}
}

func TestVisitorWhoCannotBeSentToTheOffer(t *testing.T) {
	const fallback, network = "https://other.example/?o=5&s1=x", "https://network.example/?s1=x"
	change := func(f func(s *catalog.Source)) func(*catalog.Source) { return f }
	tests := []struct {
		name   string
		change func(s *catalog.Source)
		target string
		reason click.Reason
		want   string
	}{
		{name: "of no offer", target: "/click?affiliate_id=7", reason: click.OfferUnknown, want: network},
		{name: "of an unknown offer", target: "/click?offer_id=99&affiliate_id=7", reason: click.OfferUnknown, want: network},
		{name: "of an offer that is no number", target: "/click?offer_id=5x&affiliate_id=7", reason: click.OfferUnknown, want: network},
		{name: "of an offer number beyond all", target: "/click?offer_id=99999999999999999999&affiliate_id=7", reason: click.OfferUnknown, want: network},
		{name: "of no affiliate", target: "/click?offer_id=5", reason: click.AffiliateUnknown, want: fallback},
		{name: "of an unknown affiliate", target: "/click?offer_id=5&affiliate_id=9", reason: click.AffiliateUnknown, want: fallback},
		{name: "of a blocked affiliate", target: "/click?offer_id=5&affiliate_id=8", reason: click.AffiliateBlocked, want: fallback},
		{name: "of an affiliate that was not approved", target: toMain, reason: click.NotApproved, want: fallback, change: onRequest()},
		{name: "of an affiliate that has only asked", target: toMain, reason: click.NotApproved, want: fallback, change: onRequest(offer.Requested)},
		{name: "of an affiliate that was refused a private offer", target: "/c/spring?sub1=x", reason: click.NotApproved, want: fallback, change: change(func(s *catalog.Source) {
			onRequest(offer.Rejected)(s)
			s.Offers[0].Access = offer.Private
		})},
		{name: "of a paused advertiser", target: "/click?offer_id=7&affiliate_id=7", reason: click.AdvertiserPaused, want: "https://other.example/?o=7&s1=x"},
		{name: "of a broken offer", target: "/click?offer_id=8&affiliate_id=7", reason: click.DestinationBroken, want: "https://other.example/?o=8&s1=x"},
		{name: "of a paused offer", target: toMain, reason: click.OfferPaused, want: fallback, change: change(func(s *catalog.Source) { s.Offers[0].Status = "paused" })},
		{name: "of an archived offer", target: toMain, reason: click.OfferEnded, want: fallback, change: change(func(s *catalog.Source) { s.Offers[0].Status = "archived" })},
		{name: "before an offer starts", target: toMain, reason: click.OfferNotStarted, want: fallback, change: change(func(s *catalog.Source) { s.Offers[0].StartsAt = time.Now().Add(time.Hour) })},
		{name: "after an offer's end", target: toMain, reason: click.OfferEnded, want: fallback, change: change(func(s *catalog.Source) { s.Offers[0].EndsAt = time.Now().Add(-time.Hour) })},
		{name: "from another country", target: toMain, reason: click.CountryNotTaken, want: fallback, change: change(func(s *catalog.Source) { s.Offers[0].Targeting.Countries = []string{"DE"} })},
		{name: "on another device", target: toMain, reason: click.DeviceNotTaken, want: fallback, change: change(func(s *catalog.Source) { s.Offers[0].Targeting.Devices = []string{"mobile"} })},
		{name: "after the offer's cap", target: toMain, reason: click.CapReached, want: fallback, change: change(func(s *catalog.Source) { s.CapsReached = []catalog.CapReached{{OfferID: mainOffer}} })},
		{name: "after the affiliate's cap", target: toMain, reason: click.CapReached, want: fallback, change: change(func(s *catalog.Source) {
			s.CapsReached = []catalog.CapReached{{OfferID: mainOffer, AffiliateID: blog, Until: time.Now().Add(time.Hour).Unix()}}
		})},
		{name: "with nowhere to go but the installation's fallback", target: "/click?offer_id=6&affiliate_id=8", reason: click.AffiliateBlocked, want: network},
		{name: "by an unknown short link", target: "/c/nowhere?offer_id=5&affiliate_id=7", reason: click.LinkUnknown, want: network},
		{name: "by a retired short link", target: "/c/gone?", reason: click.LinkRetired, want: fallback},
		{name: "by a deleted short link", target: "/c/deleted?", reason: click.LinkRetired, want: fallback},
		{name: "by a short link to no offer", target: "/c/lost?", reason: click.OfferUnknown, want: network},
		{name: "whose URL came out too long", target: toMain, reason: click.DestinationBroken, want: fallback, change: change(func(s *catalog.Source) {
			s.Offers[0].DestinationURL = "https://shop.example/?" + strings.Repeat("{user_agent}&", 200) + "{transaction_id}"
		})},
		{name: "whose fallback came out too long", target: "/click?offer_id=5&affiliate_id=8", reason: click.AffiliateBlocked, want: network, change: change(func(s *catalog.Source) {
			s.Offers[0].FallbackURL = "https://shop.example/?" + strings.Repeat("{user_agent}&", 200)
		})},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, tt.change)
			rec := w.get(tt.target + "&sub1=x")
			c := w.click()
			if got := rec.Header().Get("Location"); rec.Code != http.StatusFound || got != tt.want || c.Location != got {
				t.Errorf("answered with %d to %.200q, recorded %.200q; want 302 to %q", rec.Code, got, c.Location, tt.want)
			}
			if c.TurnedAway != tt.reason {
				t.Errorf("recorded the reason %q, want %q", c.TurnedAway, tt.reason)
			}
			if !c.ID.TurnedAway() {
				t.Error("the ID does not say that the visitor was turned away")
			}
			if w.count("waybill_clicks_turned_away_total", string(tt.reason)) != 1 || w.count("waybill_clicks_total", "fallback") != 1 {
				t.Error("the click is not counted by its reason and as sent to a fallback")
			}
		})
	}
}

func TestVisitorWithNowhereToGo(t *testing.T) {
	tests := []struct {
		name   string
		target string
		want   int
	}{
		{name: "sees that an unknown offer is not found", target: "/click?offer_id=99&affiliate_id=7", want: http.StatusNotFound},
		{name: "sees that an unknown link is not found", target: "/c/%3Cscript%3E", want: http.StatusNotFound},
		{name: "sees that a capped offer is gone", target: "/click?offer_id=6&affiliate_id=7", want: http.StatusGone},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, func(s *catalog.Source) {
				s.Settings.FallbackURL = ""
				s.CapsReached = []catalog.CapReached{{OfferID: plainOffer}}
			})
			rec := w.get(tt.target)
			if rec.Code != tt.want || rec.Header().Get("Location") != "" || rec.Header().Get("Cache-Control") != "no-store" {
				t.Errorf("answered with %d, %v; want %d, no Location, not stored", rec.Code, rec.Header(), tt.want)
			}
			if strings.Contains(rec.Body.String(), "script") || rec.Body.Len() == 0 {
				t.Errorf("the page says %q", rec.Body)
			}
			if c := w.click(); c.Location != "" || c.TurnedAway == click.Sent {
				t.Errorf("recorded %q with the reason %q", c.Location, c.TurnedAway)
			}
			if w.count("waybill_clicks_total", "nowhere") != 1 {
				t.Error("the click is not counted as sent nowhere")
			}
		})
	}
}

func TestStrangeLinkCodeIsKeptWithoutHarm(t *testing.T) {
	tests := []struct{ name, code, want string }{
		{name: "as it came", code: "NoSuchCode", want: "NoSuchCode"},
		{name: "not when it is longer than any", code: strings.Repeat("x", 65), want: ""},
		{name: "with its e-mail hashed", code: "jane@example.com", want: "emailhash:"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, nil)
			w.get("/c/" + tt.code)
			if got := w.click().LinkCode; !strings.HasPrefix(got, tt.want) || tt.want == "" && got != "" || strings.Contains(got, "jane") {
				t.Errorf("LinkCode = %q, want %q", got, tt.want)
			}
		})
	}
}

func TestClickAsJSON(t *testing.T) {
	tests := []struct {
		name   string
		target string
		want   int
		sent   bool
	}{
		{name: "gives ID and URL", target: toMain + "&format=json&sub1=%3Ca%26b%3E", want: http.StatusOK, sent: true},
		{name: "gives the fallback", target: "/click?offer_id=5&affiliate_id=8&format=JSON", want: http.StatusOK},
		{name: "says that the offer is over", target: "/click?offer_id=6&affiliate_id=7&format=json", want: http.StatusGone},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, func(s *catalog.Source) {
				s.Settings.FallbackURL = ""
				s.CapsReached = []catalog.CapReached{{OfferID: plainOffer}}
			})
			rec := w.get(tt.target, "Origin: https://page.example")
			c := w.click()
			var got map[string]string
			if err := json.Unmarshal(rec.Body.Bytes(), &got); err != nil {
				t.Fatalf("%v in %s", err, rec.Body)
			}
			want := map[string]string{"transaction_id": c.ID.String(), "url": c.Location}
			if diff := cmp.Diff(want, got); diff != "" || rec.Code != tt.want {
				t.Errorf("answered with %d, want %d; (-want +got)\n%s", rec.Code, tt.want, diff)
			}
			h := rec.Header()
			if h.Get("Access-Control-Allow-Origin") != "*" || h.Get("Content-Type") != "application/json" || h.Get("Location") != "" || h.Get("Cache-Control") != "no-store" {
				t.Errorf("headers %v", h)
			}
			if sent := c.TurnedAway == click.Sent; sent != tt.sent {
				t.Errorf("sent to the offer = %t, want %t", sent, tt.sent)
			}
		})
	}
}

func TestPreflightOfAClick(t *testing.T) {
	w := newWorld(t, nil)
	rec := w.do(httptest.NewRequest(http.MethodOptions, toMain+"&format=json", nil),
		"Origin: https://page.example", "Access-Control-Request-Method: GET", "Access-Control-Request-Headers: x-requested-with")
	h := rec.Header()
	if rec.Code != http.StatusNoContent || h.Get("Access-Control-Allow-Origin") != "*" || h.Get("Access-Control-Allow-Headers") != "*" ||
		!strings.Contains(h.Get("Access-Control-Allow-Methods"), http.MethodGet) {
		t.Errorf("answered with %d, %v", rec.Code, h)
	}
	if len(w.journal.records) != 0 {
		t.Error("a preflight was recorded")
	}
}

func TestWhatCountsNowhere(t *testing.T) {
	tests := []struct {
		name   string
		method string
		header string
		want   int
		to     string
	}{
		{name: "HEAD, which sees the redirect with an empty ID", method: http.MethodHead, want: http.StatusFound, to: "https://shop.example/l?wb=&aff=7&s1=&c="},
		{name: "a prefetch", method: http.MethodGet, header: "Sec-Purpose: prefetch", want: http.StatusServiceUnavailable},
		{name: "a prerender", method: http.MethodGet, header: "Sec-Purpose: prefetch;prerender", want: http.StatusServiceUnavailable},
		{name: "an older browser's prefetch", method: http.MethodGet, header: "Purpose: prefetch", want: http.StatusServiceUnavailable},
		{name: "a preview", method: http.MethodGet, header: "X-Purpose: preview", want: http.StatusServiceUnavailable},
		{name: "PUT", method: http.MethodPut, want: http.StatusMethodNotAllowed},
		{name: "DELETE", method: http.MethodDelete, want: http.StatusMethodNotAllowed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, nil)
			fields := []string{"Accept: */*"}
			if tt.header != "" {
				fields = append(fields, tt.header)
			}
			last := w.mint.Last()
			rec := w.do(httptest.NewRequest(tt.method, toMain, nil), fields...)
			if rec.Code != tt.want || rec.Header().Get("Location") != tt.to || rec.Header().Get("Cache-Control") != "no-store" {
				t.Errorf("answered with %d, %v; want %d to %q, not stored", rec.Code, rec.Header(), tt.want, tt.to)
			}
			if len(w.journal.records) != 0 || w.mint.Last() != last || w.count("waybill_clicks_total", "") != 0 {
				t.Error("it was recorded, minted or counted")
			}
		})
	}
}

func TestPurposesThatAreNoPrefetch(t *testing.T) {
	w := newWorld(t, nil)
	if rec := w.get(toMain, "Sec-Fetch-Mode: navigate", "Purpose: navigation"); rec.Code != http.StatusFound || len(w.clicks()) != 1 {
		t.Errorf("answered with %d and %d records", rec.Code, len(w.clicks()))
	}
}

func TestVisitorLeavesWhenTheJournalFails(t *testing.T) {
	w := newWorld(t, nil)
	w.journal.fail = func(int) bool { return true }
	rec := w.get(toMain)
	u, err := url.Parse(rec.Header().Get("Location"))
	if err != nil || rec.Code != http.StatusFound {
		t.Fatalf("answered with %d, %v", rec.Code, err)
	}
	if parts := w.open(u.Query().Get("wb")); parts.Offer != mainOffer || parts.Affiliate != blog {
		t.Errorf("the ID says %+v", parts)
	}
	if w.count("waybill_clicks_unrecorded_total", "") != 1 || w.count("waybill_clicks_total", "offer") != 1 {
		t.Error("the loss is not counted")
	}
}

func TestRequestLine(t *testing.T) {
	pad := func(n int) string {
		target := toMain + "&x="
		return target + strings.Repeat("y", n-len(target))
	}
	w := newWorld(t, nil)
	if rec := w.get(pad(8 << 10)); rec.Code != http.StatusFound {
		t.Errorf("8 KiB are answered with %d, want 302", rec.Code)
	}
	for _, path := range []string{pad(8<<10 + 1), "/postback?" + strings.Repeat("x", 8<<10), "/c/" + strings.Repeat("x", 8<<10)} {
		if rec := w.get(path); rec.Code != http.StatusRequestURITooLong || len(w.journal.records) != 1 {
			t.Errorf("%.20s… of %d bytes is answered with %d, want 414", path, len(path), rec.Code)
		}
	}
}

func TestUnknownPathsAreNotFound(t *testing.T) {
	w := newWorld(t, nil)
	for _, path := range []string{"/", "/clicks", "/click/x", "/c/", "/c/a/b", "/postback/x"} {
		if rec := w.get(path); rec.Code != http.StatusNotFound || len(w.journal.records) != 0 {
			t.Errorf("%s is answered with %d, want 404", path, rec.Code)
		}
	}
}

func TestAffiliateNumberBeyondAll(t *testing.T) {
	w := newWorld(t, nil)
	w.get("/click?offer_id=5&affiliate_id=16777223") // 7 above what an ID has room for
	if c := w.click(); c.AffiliateID != 0 || c.TurnedAway != click.AffiliateUnknown {
		t.Errorf("recorded affiliate %d, reason %q; want 0, which is nobody's", c.AffiliateID, c.TurnedAway)
	}
}

func TestLinksShareNothing(t *testing.T) {
	w := newWorld(t, nil)
	for range 20 {
		w.get("/c/spring")
		w.get("/c/autumn")
	}
	for _, c := range w.clicks() {
		if spring := c.LinkCode == "spring"; (c.Source == "news") != spring || (c.Sub[0] == "may") != spring || (c.Sub[1] == "fall") == spring {
			t.Fatalf("the click of %s has source %q and subs %q", c.LinkCode, c.Source, c.Sub)
		}
	}
}

// TestVisitsShareNothing sends a visitor with everything and then one with
// nothing, who must not be given the other's values.
func TestVisitsShareNothing(t *testing.T) {
	w := newWorld(t, nil)
	for range 100 {
		w.get("/c/spring?format=json&test=1&aff_click_id=k&sub1=secret&sub2=secret&coupon=secret&url=https://shop.example/secret&aff_click_id="+strings.Repeat("s", 2000), "Referer: https://secret.example/")
		rec := w.get(toMain)
		if want := "https://shop.example/l?wb=" + w.journal.records[len(w.journal.records)-1].id.String() + "&aff=7&s1=&c="; rec.Header().Get("Location") != want {
			t.Fatalf("Location = %s\nwant       %s", rec.Header().Get("Location"), want)
		}
	}
	for i, c := range w.clicks() {
		if record := string(w.journal.records[i].record); i%2 == 1 && (strings.Contains(record, "secret") || c.Test || c.LinkCode != "" || c.Marks != nil) {
			t.Fatalf("click %d was given another's values: %+v", i, c)
		}
	}
}
