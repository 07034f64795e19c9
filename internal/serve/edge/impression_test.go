package edge_test

import (
	"bytes"
	"encoding/json"
	"image/gif"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/catalog"
	"waybill/internal/click"
	"waybill/internal/identity"
	"waybill/internal/offer"
	"waybill/internal/param"
	"waybill/internal/txid"
)

const viewOfMain = "/impression?offer_id=5&affiliate_id=7&aff_click_id=abc&sub1=spring&source=news"

// impression reads the only impression in the journal, which must hold nothing
// else.
func (w *world) impression() click.Click {
	w.Helper()
	all := w.visits(txid.Impression)
	if len(all) != 1 || len(w.journal.records) != 1 {
		w.Fatalf("the journal holds %d impressions in %d records, want 1", len(all), len(w.journal.records))
	}
	return all[0]
}

// wantPixel checks that an answer is the image, and that nobody keeps it.
func wantPixel(t testing.TB, rec *httptest.ResponseRecorder, status int) {
	t.Helper()
	h := rec.Header()
	if rec.Code != status || h.Get("Content-Type") != "image/gif" || h.Get("Cache-Control") != "no-store" ||
		h.Get("Content-Length") != "43" || h.Get("Cross-Origin-Resource-Policy") != "cross-origin" {
		t.Errorf("answered with %d, %v; want %d and an image that is not kept", rec.Code, h, status)
	}
	if img, err := gif.Decode(bytes.NewReader(rec.Body.Bytes())); err != nil || img.Bounds().Dx() != 1 || img.Bounds().Dy() != 1 || rec.Body.Len() != 43 {
		t.Errorf("the body is no image of one pixel: %v in %q", err, rec.Body)
	}
}

func TestImpressionIsRecorded(t *testing.T) {
	tests := []struct {
		name string
		send func(w *world) *httptest.ResponseRecorder
	}{
		{name: "from an image", send: func(w *world) *httptest.ResponseRecorder { return w.get(viewOfMain) }},
		{name: "from a form", send: func(w *world) *httptest.ResponseRecorder {
			return w.post("/impression?offer_id=5&affiliate_id=7&aff_click_id=abc", "sub1=spring&source=news", asForm)
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, nil)
			wantPixel(t, tt.send(w), http.StatusOK)
			c := w.impression()
			if c.OfferID != mainOffer || c.AffiliateID != blog || c.AffClickID != "abc" || c.Sub[0] != "spring" || c.Source != "news" {
				t.Errorf("recorded %+v", c)
			}
			if c.Location != "" || c.TurnedAway != click.Sent || c.VisitorHash == 0 || c.IP.String() != "203.0.113.9" || c.Visitor.OS != "Windows" {
				t.Errorf("recorded %+v", c)
			}
			parts := w.open(c.ID.String())
			if parts.Kind != txid.Impression || parts.Offer != mainOffer || parts.Affiliate != blog || parts.TurnedAway || parts.Test {
				t.Errorf("the ID says %+v", parts)
			}
			if w.count("waybill_impressions_total", "") != 1 || w.count("waybill_clicks_total", "") != 0 {
				t.Error("it is not counted as one impression and no click")
			}
		})
	}
}

// A view earns nothing where a click would lead nowhere, for the same reasons.
func TestImpressionThatCannotEarn(t *testing.T) {
	tests := []struct {
		name   string
		target string
		want   click.Reason
		status int // of the JSON; the image is there in any case
	}{
		{name: "of an unknown offer", target: "/impression?offer_id=99&affiliate_id=7", want: click.OfferUnknown, status: http.StatusNotFound},
		{name: "of an affiliate that was not approved", target: "/impression?offer_id=9&affiliate_id=7", want: click.NotApproved, status: http.StatusNotFound},
		{name: "of a blocked affiliate", target: "/impression?offer_id=5&affiliate_id=8", want: click.AffiliateBlocked, status: http.StatusNotFound},
		{name: "of a paused advertiser", target: "/impression?offer_id=7&affiliate_id=7", want: click.AdvertiserPaused, status: http.StatusGone},
		{name: "after the offer's cap", target: "/impression?offer_id=6&affiliate_id=7", want: click.CapReached, status: http.StatusGone},
	}
	for _, tt := range tests {
		for _, format := range []string{"", "&format=json"} {
			t.Run(tt.name+format, func(t *testing.T) {
				w := newWorld(t, func(s *catalog.Source) {
					s.CapsReached = []catalog.CapReached{{OfferID: plainOffer}}
					private := s.Offers[0]
					private.ID, private.Access = 9, offer.Private
					s.Offers = append(s.Offers, private)
				})
				rec := w.get(tt.target + format)
				if format == "" {
					wantPixel(t, rec, http.StatusOK)
				} else if rec.Code != tt.status {
					t.Errorf("answered with %d, want %d", rec.Code, tt.status)
				}
				if c := w.impression(); c.TurnedAway != tt.want || !c.ID.TurnedAway() {
					t.Errorf("recorded %q, and the ID says %t; want %q", c.TurnedAway, c.ID.TurnedAway(), tt.want)
				}
				if w.count("waybill_impressions_turned_away_total", string(tt.want)) != 1 || w.count("waybill_impressions_total", "") != 0 {
					t.Error("it is not counted by its reason")
				}
			})
		}
	}
}

func TestImpressionAsJSON(t *testing.T) {
	w := newWorld(t, nil)
	rec := w.get(viewOfMain+"&format=json&test=1", "Origin: https://page.example")
	var got map[string]string
	read(t, rec, &got)
	c := w.impression()
	if diff := cmp.Diff(map[string]string{"transaction_id": c.ID.String()}, got); diff != "" || rec.Code != http.StatusOK {
		t.Errorf("answered with %d; (-want +got)\n%s", rec.Code, diff)
	}
	if rec.Header().Get("Access-Control-Allow-Origin") != "*" || !c.Test || !c.ID.Test() {
		t.Errorf("headers %v, test %t", rec.Header(), c.Test)
	}
}

func TestWhatIsNoImpression(t *testing.T) {
	tests := []struct {
		name   string
		method string
		header string
		want   int
	}{
		{name: "HEAD", method: http.MethodHead, want: http.StatusOK},
		{name: "a prefetch", method: http.MethodGet, header: "Sec-Purpose: prefetch;prerender", want: http.StatusServiceUnavailable},
		{name: "a preflight", method: http.MethodOptions, header: "Origin: https://page.example", want: http.StatusNoContent},
		{name: "PUT", method: http.MethodPut, want: http.StatusMethodNotAllowed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, nil)
			fields := []string{"Accept: */*"}
			if tt.header != "" {
				fields = append(fields, tt.header)
			}
			last := w.mint.Last()
			if rec := w.do(httptest.NewRequest(tt.method, viewOfMain, nil), fields...); rec.Code != tt.want {
				t.Errorf("answered with %d, want %d", rec.Code, tt.want)
			}
			if len(w.journal.records) != 0 || w.mint.Last() != last || w.count("waybill_impressions_total", "") != 0 {
				t.Error("it was recorded, minted or counted")
			}
		})
	}
}

func TestImpressionIsAnsweredWhenTheJournalFails(t *testing.T) {
	w := newWorld(t, nil)
	w.journal.fail = func(int) bool { return true }
	wantPixel(t, w.get(viewOfMain), http.StatusOK)
	if w.count("waybill_clicks_unrecorded_total", "") != 1 {
		t.Error("the loss is not counted")
	}
}

// What a click or a view is found by beside its ID depends on the offer alone.
func TestIdentitiesOfVisits(t *testing.T) {
	key := source().Settings.IdentityKey
	const said = "&gaid=38400000-8CF0-11BD-B23E-10B96E40000D&customer_id=c-1&email=Jane@Example.com&username=jane"
	keyOf := func(by offer.Identifier, value string) []byte { return identity.Key(key, mainOffer, by, value) }
	saidOf := func(by offer.Identifier, value string) []byte { return identity.Hearsay(keyOf(by, value)) }
	tests := []struct {
		name    string
		credits []offer.Identifier
		want    [][]byte
		kept    [3]bool // customer, e-mail, user name
	}{
		{name: "are none where only the ID is credited", credits: []offer.Identifier{offer.ByTransactionID}},
		{
			name: "are the device where devices are credited", credits: []offer.Identifier{offer.ByTransactionID, offer.ByDeviceID},
			want: [][]byte{keyOf(offer.ByDeviceID, "38400000-8cf0-11bd-b23e-10b96e40000d")},
		},
		{
			name: "are all that the offer credits", credits: offer.Identifiers(), kept: [3]bool{true, true, true},
			want: [][]byte{
				keyOf(offer.ByDeviceID, "38400000-8cf0-11bd-b23e-10b96e40000d"), saidOf(offer.ByCustomerID, "c-1"),
				saidOf(offer.ByEmail, "jane@example.com"), saidOf(offer.ByUsername, "jane"), keyOf(offer.ByIPUserAgent, "203.0.113.9 "+chrome),
			},
		},
	}
	for _, tt := range tests {
		for kind, path := range map[txid.Kind]string{txid.Click: "/click", txid.Impression: "/impression"} {
			t.Run(kind.String()+"s "+tt.name, func(t *testing.T) {
				w := newWorld(t, func(s *catalog.Source) { s.Offers[0].Attribution = tt.credits })
				w.get(path + "?offer_id=5&affiliate_id=7" + said)
				if got := w.journal.records[0].identities; !slices.EqualFunc(got, tt.want, bytes.Equal) {
					t.Errorf("the journal got the identities %x\nwant %x", got, tt.want)
				}
				c := w.visits(kind)[0]
				if kept := [3]bool{c.CustomerID == "c-1", c.Email == param.Hash(key, "jane@example.com"), c.Username == param.Hash(key, "jane")}; kept != tt.kept {
					t.Errorf("customer %q, e-mail %q, user name %q are kept, want %t", c.CustomerID, c.Email, c.Username, tt.kept)
				}
				if record := strings.ToLower(string(w.journal.records[0].record)); strings.Contains(record, "jane@") {
					t.Errorf("the record holds the e-mail: %q", record)
				}
			})
		}
	}
}

// The browser SDK sends user names as digests under their own name, and so do
// partners with e-mails.
func TestCustomersOfAClickMayComeHashed(t *testing.T) {
	key := source().Settings.IdentityKey
	for _, said := range []string{"email_sha256=" + param.Digest("jane@example.com"), "email=" + param.Digest("jane@example.com")} {
		w := newWorld(t, func(s *catalog.Source) { s.Offers[0].Attribution = offer.Identifiers() })
		w.get(toMain + "&" + said + "&username=" + param.Digest("jane"))
		c := w.click()
		if want := param.Hash(key, "jane@example.com"); c.Email != want {
			t.Errorf("%s: Email = %q, want %q, as for the address", said, c.Email, want)
		}
		if want := param.Hash(key, "jane"); c.Username != want {
			t.Errorf("Username = %q, want %q, as for the name", c.Username, want)
		}
	}
}

func FuzzImpression(f *testing.F) {
	f.Add("GET", "/impression?offer_id=5&affiliate_id=7&sub1=a%0d%0aX:1", "", chrome, "https://x.example/?a@b.example", "")
	f.Add("POST", "/impression?offer_id=5&affiliate_id=7&format=json", "gaid=\x00%ff&sub1=%0a", "a\r\nb", "", "application/x-www-form-urlencoded")
	f.Add("HEAD", "/impression?%ff&url=https://shop.example", "", "\xff", "\xfe@x.example", "")
	f.Add("OPTIONS", "/impression", "", "", "", "")
	allowed := []int{200, 204, 307, 404, 405, 410, 414}
	w := newWorld(f, func(s *catalog.Source) { s.Offers[0].Attribution = offer.Identifiers() })
	f.Fuzz(func(t *testing.T, method, target, body, agent, referrer, contentType string) {
		if !strings.HasPrefix(target, "/impression") {
			return
		}
		r := request(method, target, body, http.Header{"User-Agent": {agent}, "Referer": {referrer}, "Content-Type": {contentType}})
		if r == nil {
			return
		}
		w.TB, w.journal.records = t, nil
		rec := httptest.NewRecorder()
		w.handler.ServeHTTP(rec, r)
		if !slices.Contains(allowed, rec.Code) {
			t.Fatalf("answered with %d, %v", rec.Code, rec.Header())
		}
		wantPlainHeaders(t, rec, rec.Code == http.StatusTemporaryRedirect)
		for i, c := range w.visits(txid.Impression) {
			if !bytes.Equal(c.Append(nil), w.journal.records[i].record) || c.Location != "" {
				t.Errorf("the record reads as %+v", c)
			}
			if rec.Header().Get("Content-Type") == "application/json" {
				var got map[string]string
				if err := json.Unmarshal(rec.Body.Bytes(), &got); err != nil || got["transaction_id"] != c.ID.String() {
					t.Errorf("%v in %q, want %s", err, rec.Body, c.ID)
				}
			}
		}
	})
}

// Shops that call their customers by e-mail have them found again, and kept
// nowhere.
func TestCustomersCalledByTheirEmails(t *testing.T) {
	w := newWorld(t, func(s *catalog.Source) {
		s.Offers[0].Attribution = []offer.Identifier{offer.ByTransactionID, offer.ByCustomerID}
	})
	w.get(toMain + "&customer_id=Jane@Example.com")
	w.get("/pixel.gif?tid=" + w.transaction() + "&customer_id=jane%40example.com")
	clicked, reported := w.journal.records[0], w.journal.records[1]
	if !slices.EqualFunc(clicked.identities, reported.identities, bytes.Equal) || len(clicked.identities) != 1 {
		t.Errorf("the click has the identities %x, the report %x; want one and the same", clicked.identities, reported.identities)
	}
	for _, r := range w.journal.records {
		if strings.Contains(strings.ToLower(string(r.record)), "jane") {
			t.Errorf("the record holds the e-mail: %q", r.record)
		}
	}
}
