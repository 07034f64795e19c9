package edge_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"waybill/internal/account"
	"waybill/internal/advertiser"
	"waybill/internal/catalog"
	"waybill/internal/identity"
	"waybill/internal/offer"
	"waybill/internal/param"
	"waybill/internal/signal"
	"waybill/internal/txid"
)

// The keys of these tests.
const (
	shopKey    = "wb_p_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	otherKey   = "wb_p_bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb" // of advertiser 4
	networkKey = "wb_n_cccccccccccccccccccccccccccccccccccccccccccccccccccc"
	serverKey  = "wb_d_eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee" // of the shop
	revokedKey = "wb_p_dddddddddddddddddddddddddddddddddddddddddddddddddddd"
)

// withKeys gives the shop a publishable key, and a site whose pages need none.
func withKeys(s *catalog.Source) {
	gone := time.Unix(1, 0)
	s.Keys = []catalog.HashedKey{
		{Key: account.Key{ID: 1, Role: account.Publishable, AdvertiserID: 3}, Hash: account.Hash(shopKey)},
		{Key: account.Key{ID: 2, Role: account.Publishable, AdvertiserID: 4}, Hash: account.Hash(otherKey)},
		{Key: account.Key{ID: 3, Role: account.Network}, Hash: account.Hash(networkKey)},
		{Key: account.Key{ID: 5, Role: account.Advertiser, AdvertiserID: 3}, Hash: account.Hash(serverKey)},
		{Key: account.Key{ID: 4, Role: account.Publishable, AdvertiserID: 3, RevokedAt: &gone}, Hash: account.Hash(revokedKey)},
	}
	s.Offers[0].AllowedDomains = []string{"shop.example", "*.shop.example"}
	s.Offers[0].Attribution = offer.Identifiers()
	s.Advertisers[0].PostbackAuth = advertiser.AuthToken
}

const fromElsewhere = "Origin: https://elsewhere.example"

func TestPageMayReportByItsKeyOrItsSite(t *testing.T) {
	tests := []struct {
		name   string
		body   string // by the side of the transaction ID
		fields []string
		want   signal.Code
	}{
		{name: "with the advertiser's key", body: `"key":"` + shopKey + `"`, fields: []string{fromElsewhere}, want: signal.OK},
		{name: "with the key in a header", fields: []string{fromElsewhere, "Authorization: bearer " + shopKey}, want: signal.OK},
		{name: "with another advertiser's key", body: `"key":"` + otherKey + `"`, want: signal.TokenInvalid},
		{name: "with a key that is for servers", body: `"key":"` + serverKey + `"`, want: signal.TokenInvalid},
		{name: "with the network's key", body: `"key":"` + networkKey + `"`, want: signal.TokenInvalid},
		{name: "with a key that was revoked", body: `"key":"` + revokedKey + `"`, want: signal.TokenInvalid},
		{name: "with a key that there is not", body: `"key":"wb_p_x"`, want: signal.TokenInvalid},
		{name: "with a wrong key from a site that is allowed", body: `"key":"wb_p_x"`, fields: []string{"Origin: https://shop.example"}, want: signal.TokenInvalid},
		{name: "from a site that is allowed", fields: []string{"Origin: https://shop.example"}, want: signal.OK},
		{name: "from below one, on any port", fields: []string{"Origin: http://www.Shop.Example:8080"}, want: signal.OK},
		{name: "from a site whose name only ends alike", fields: []string{"Origin: https://evilshop.example"}, want: signal.TokenMissing},
		{name: "from a site whose name only begins alike", fields: []string{"Origin: https://shop.example.evil.example"}, want: signal.TokenMissing},
		{name: "from elsewhere", fields: []string{fromElsewhere}, want: signal.TokenMissing},
		{name: "from a frame without an origin", fields: []string{"Origin: null"}, want: signal.TokenMissing},
		{name: "from nowhere", want: signal.TokenMissing},
		{name: "with an empty key", body: `"key":""`, want: signal.TokenMissing},
		{name: "with a wrong token beside the key", body: `"token":"x","key":"` + shopKey + `"`, want: signal.TokenInvalid},
	}
	for _, tt := range tests {
		for _, path := range []string{"/sdk/conversion", "/sdk/identify"} {
			t.Run(path+" "+tt.name, func(t *testing.T) {
				w := newWorld(t, withKeys)
				body := `{"transaction_id":"` + w.transaction() + `","customer_id":"c-1"`
				if tt.body != "" {
					body += "," + tt.body
				}
				rec := w.post(path, body+"}", append(tt.fields, "Content-Type: text/plain;charset=UTF-8")...)
				s := w.signal()
				if s.Auth != tt.want || s.Malformed != "" || s.Binds != (path == "/sdk/identify") {
					t.Errorf("Auth = %s, binds %t; want %s", s.Auth, s.Binds, tt.want)
				}
				if rec.Header().Get("Access-Control-Allow-Origin") != "*" {
					t.Errorf("headers %v: the page cannot read the answer", rec.Header())
				}
				for _, key := range []string{shopKey, otherKey, networkKey, serverKey, revokedKey} {
					if bytes.Contains(w.journal.records[0].record, []byte(key)) {
						t.Errorf("the record holds the key %s", key)
					}
				}
			})
		}
	}
}

// A key that was sent where none belongs is not kept either.
func TestKeysThatTurnUpAnywhereAreNotKept(t *testing.T) {
	for name, send := range map[string]func(*world){
		"in a postback":                func(w *world) { w.get("/postback?tid=x&api_key=" + networkKey) },
		"in a parameter that is known": func(w *world) { w.get("/postback?tid=x&adv1=" + networkKey) },
		"in place of a customer":       func(w *world) { w.get("/postback?tid=x&customer_id=" + networkKey) },
		"as a parameter's name":        func(w *world) { w.get("/postback?tid=x&" + networkKey + "=1") },
		"in a pixel":                   func(w *world) { w.get("/pixel.gif?tid=x&key=" + networkKey) },
		"in the page's address":        func(w *world) { w.get("/pixel.gif?tid=x", "Referer: https://shop.example/?k="+networkKey) },
		"in JSON that cannot be read":  func(w *world) { w.post("/sdk/conversion", `{"key":"`+networkKey+`",`) },
	} {
		w := newWorld(t, withKeys)
		send(w)
		if record := w.journal.records[0].record; bytes.Contains(record, []byte(networkKey)) || !bytes.Contains(record, []byte("wb_n_cccccc")) {
			t.Errorf("%s: the record is %q, want the key's beginning alone", name, record)
		}
	}
}

func TestPageIsToldWhatToSend(t *testing.T) {
	w := newWorld(t, withKeys)
	rec := w.post("/sdk/conversion", `{"transaction_id":"`+w.transaction()+`"}`)
	var got answer
	read(t, rec, &got)
	if rec.Code != http.StatusUnauthorized || got.Code != "token_missing" || !strings.Contains(got.Message, "publishable key") {
		t.Errorf("answered with %d, %+v", rec.Code, got)
	}
}

func TestSDKReadsWhatBrowsersSend(t *testing.T) {
	form := func(tid string) string {
		return url.Values{"transaction_id": {tid}, "amount": {"12.50"}, "Key": {shopKey}}.Encode()
	}
	object := func(tid string) string {
		return `{"transaction_id":"` + tid + `","amount":12.50,"key":"` + shopKey + `"}`
	}
	tests := []struct {
		name string
		body func(tid string) string
		kind string
	}{
		{name: "a form", body: form, kind: "application/x-www-form-urlencoded"},
		{name: "JSON", body: object, kind: "application/json"},
		{name: "JSON as text, as sendBeacon sends it", body: object, kind: "text/plain;charset=UTF-8"},
		{name: "a form without a type", body: form},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, withKeys)
			tid := w.transaction()
			rec := w.post("/sdk/conversion", tt.body(tid), "Content-Type: "+tt.kind, fromElsewhere)
			var got answer
			read(t, rec, &got)
			s := w.signal()
			if rec.Code != http.StatusOK || got.Code != "ok" || got.TID != tid || got.RequestID != s.ID.String() {
				t.Errorf("answered with %d, %+v", rec.Code, got)
			}
			if s.Channel != signal.SDK || s.Auth != signal.OK || s.Value(param.Amount) != "12.50" || len(s.Extra) != 0 {
				t.Errorf("recorded %+v", s)
			}
			if !strings.Contains(s.Raw, "wb_p_aaaaaa") || strings.Contains(s.Raw, shopKey) {
				t.Errorf("Raw = %q, want the key's beginning alone", s.Raw)
			}
		})
	}
}

// A server identifies a customer with what it proves its postbacks with, and
// then counts as a server.
func TestServerMayIdentify(t *testing.T) {
	signed := func(s *catalog.Source) { s.Advertisers[0].PostbackAuth = advertiser.AuthSignature }
	listed := func(s *catalog.Source) {
		s.Advertisers[0].IPAllow = []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")}
	}
	tests := []struct {
		name    string
		change  func(*catalog.Source)
		query   string
		sign    bool
		want    signal.Code
		channel signal.Channel
	}{
		{name: "with the token", query: "?token=" + token, want: signal.OK, channel: signal.Postback},
		{name: "with a wrong token", query: "?token=x", want: signal.TokenInvalid, channel: signal.Postback},
		{name: "with a signature", change: signed, sign: true, want: signal.OK, channel: signal.Postback},
		{name: "with a token where a signature is asked for", change: signed, query: "?token=" + token, want: signal.SignatureInvalid, channel: signal.Postback},
		{name: "with the token from a wrong address", change: listed, query: "?token=" + token, want: signal.IPNotAllowed, channel: signal.Postback},
		{name: "as a page does, from any address", change: listed, query: "?key=" + shopKey, want: signal.OK, channel: signal.SDK},
		{name: "with nothing", want: signal.TokenMissing, channel: signal.SDK},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, func(s *catalog.Source) {
				withKeys(s)
				if tt.change != nil {
					tt.change(s)
				}
			})
			body := `{"transaction_id":"` + w.transaction() + `","customer_id":"c-1"}`
			fields := []string{asJSON}
			if tt.sign {
				fields = append(fields, "Waybill-Signature: "+advertiser.SignBody(secret, body, time.Now()))
			}
			w.post("/sdk/identify"+tt.query, body, fields...)
			s := w.signal()
			if s.Auth != tt.want || s.Channel != tt.channel || !s.Binds {
				t.Errorf("Auth = %s by %s, binds %t; want %s by %s", s.Auth, s.Channel, s.Binds, tt.want, tt.channel)
			}
			key := identity.Key(source().Settings.IdentityKey, mainOffer, offer.ByCustomerID, "c-1")
			if tt.channel == signal.SDK {
				key = identity.Hearsay(key)
			}
			var want [][]byte
			if tt.want == signal.OK {
				want = [][]byte{key}
			}
			if got := w.journal.records[0].identities; !slices.EqualFunc(got, want, bytes.Equal) {
				t.Errorf("the journal got the identities %x, want %x", got, want)
			}
		})
	}
}

// A conversion stays a page's word, whatever is sent with it.
func TestConversionByTheSDKIsNeverAServers(t *testing.T) {
	w := newWorld(t, withKeys)
	w.post("/sdk/conversion?token="+token, `{"transaction_id":"`+w.transaction()+`","status":"approved"}`, asJSON)
	if s := w.signal(); s.Channel != signal.SDK || s.Auth != signal.OK {
		t.Errorf("Auth = %s by %s, want ok by sdk", s.Auth, s.Channel)
	}
}

func TestSDKFindsTheIDInTheCookie(t *testing.T) {
	w := newWorld(t, func(s *catalog.Source) { withKeys(s); withDomains(s) })
	tid := w.transaction()
	r := httptest.NewRequest(http.MethodPost, "/sdk/conversion", strings.NewReader(`{"key":"`+shopKey+`"}`))
	r.Host = "go.shop.example"
	w.do(r, "Cookie: wb_tid="+tid)
	if s := w.signal(); s.Click.String() != tid || s.Auth != signal.OK {
		t.Errorf("the hit is of %q, Auth %s; want %s", s.Click, s.Auth, tid)
	}
}

func TestSDKMethods(t *testing.T) {
	for _, path := range []string{"/sdk/conversion", "/sdk/identify"} {
		w := newWorld(t, withKeys)
		rec := w.do(httptest.NewRequest(http.MethodOptions, path, nil), fromElsewhere,
			"Access-Control-Request-Method: POST", "Access-Control-Request-Headers: authorization,content-type")
		h := rec.Header()
		if rec.Code != http.StatusNoContent || h.Get("Access-Control-Allow-Origin") != "*" || h.Get("Access-Control-Allow-Methods") != "POST" ||
			h.Get("Access-Control-Allow-Headers") != "*, Authorization" {
			t.Errorf("a preflight of %s is answered with %d, %v", path, rec.Code, h)
		}
		if rec := w.get(path + "?tid=" + w.transaction()); rec.Code != http.StatusMethodNotAllowed || rec.Header().Get("Allow") != "OPTIONS, POST" {
			t.Errorf("GET %s is answered with %d, %v", path, rec.Code, rec.Header())
		}
		if len(w.journal.records) != 0 {
			t.Error("it was recorded")
		}
	}
}

func FuzzSDK(f *testing.F) {
	f.Add("/sdk/conversion", "", `{"transaction_id":"TID","key":"KEY","email":"a@b.example"}`, "https://shop.example", "", "text/plain")
	f.Add("/sdk/identify", "key=KEY", "tid=TID&customer_id=%ff%00&amount=%0d%0a", "null", "Bearer KEY", "application/x-www-form-urlencoded")
	f.Add("/sdk/identify", "", `[{"tid":"TID","key":"KEY","items":[{}]},{"tid":1,"key":{}},[]]`, "http://[::1", "Bearer", "")
	f.Add("/sdk/conversion", "tid=TID&key=", "{{{", "https://shop.example:99999\r\nX: 1", "Basic KEY", "application/json")
	f.Add("/sdk/conversion", "", "\xff\xfe=\x00", "file://shop.example", "bearer \xff", "")
	allowed := []int{200, 400, 401, 404, 414, 422}
	const hidden = "Zq9HiddenZq9"
	w := newWorld(f, func(s *catalog.Source) { withKeys(s); withDomains(s) })
	tid := w.transaction()
	f.Fuzz(func(t *testing.T, path, query, body, origin, authorization, contentType string) {
		if path != "/sdk/conversion" && path != "/sdk/identify" {
			return
		}
		fill := strings.NewReplacer("TID", tid, "KEY", shopKey).Replace
		r := request(http.MethodPost, path+"?"+fill(query)+"&token="+hidden, fill(body), http.Header{
			"Origin": {origin}, "Authorization": {fill(authorization)}, "Content-Type": {contentType},
		})
		if r == nil {
			return
		}
		w.TB, w.journal.records = t, nil
		rec := httptest.NewRecorder()
		w.handler.ServeHTTP(rec, r)
		wantPlainHeaders(t, rec, false)
		if !slices.Contains(allowed, rec.Code) || !json.Valid(rec.Body.Bytes()) && rec.Code != http.StatusRequestURITooLong {
			t.Fatalf("answered with %d, %q", rec.Code, rec.Body)
		}
		signals := w.signals()
		if (len(signals) > 0) != (rec.Code != http.StatusRequestURITooLong) {
			t.Fatalf("answered with %d, and %d signals are recorded", rec.Code, len(signals))
		}
		for i, s := range signals {
			record := w.journal.records[i].record
			if !bytes.Equal(s.Append(nil), record) || bytes.Contains(record, []byte(hidden)) || s.ID.Kind() != txid.Signal || s.Binds != (path == "/sdk/identify") {
				t.Errorf("the record %q reads as %+v", record, s)
			}
		}
	})
}

// A key that every page shows must not ask whose visit a customer came by.
func TestAPageIsToldNoIDThatItDoesNotKnow(t *testing.T) {
	w := newWorld(t, withKeys)
	theirs, own := w.transaction(), w.transaction()
	w.settler.answer = &signal.Verdict{Status: signal.Duplicate, Code: signal.CodeDuplicate, TransactionID: theirs}
	for _, tt := range []struct{ path, body, told, want string }{
		{path: "/sdk/conversion", body: `{"offer_id":5,"customer_id":"c-1","key":"` + shopKey + `"}`, told: theirs},
		{path: "/sdk/conversion", body: `{"transaction_id":"` + own + `","key":"` + shopKey + `"}`, told: own, want: own},
		{path: "/postback", body: `{"offer_id":5,"customer_id":"c-1"}`, told: theirs, want: theirs},
	} {
		w.settler.answer.TransactionID = tt.told
		var got signal.Verdict
		read(t, w.post(tt.path, tt.body), &got)
		if got.TransactionID != tt.want || got.Code != signal.CodeDuplicate {
			t.Errorf("%s %s is told %+v, want the transaction %q", tt.path, tt.body, got, tt.want)
		}
	}
}
