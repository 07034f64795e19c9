package edge_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"waybill/internal/advertiser"
	"waybill/internal/catalog"
	"waybill/internal/param"
	"waybill/internal/serve/edge"
	"waybill/internal/signal"
	"waybill/internal/txid"
)

func TestSenderMustProveItself(t *testing.T) {
	byToken := func(s *catalog.Source) { s.Advertisers[0].PostbackAuth = advertiser.AuthToken }
	bySignature := func(s *catalog.Source) { s.Advertisers[0].PostbackAuth = advertiser.AuthSignature }
	byAddress := func(s *catalog.Source) {
		s.Advertisers[0].IPAllow = []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")}
	}
	get := func(query string) func(*world, string) *httptest.ResponseRecorder {
		return func(w *world, tid string) *httptest.ResponseRecorder {
			return w.get("/postback?" + strings.ReplaceAll(query, "TID", tid))
		}
	}
	signed := func(behind string) func(*world, string) *httptest.ResponseRecorder {
		return func(w *world, tid string) *httptest.ResponseRecorder {
			return w.get("/postback?" + advertiser.SignQuery(secret, "tid="+tid, time.Now()) + behind)
		}
	}
	signedBody := func(query, body, added string) func(*world, string) *httptest.ResponseRecorder {
		return func(w *world, tid string) *httptest.ResponseRecorder {
			body := strings.ReplaceAll(body, "TID", tid)
			return w.post("/postback"+query, body+added, asJSON, "Waybill-Signature: "+advertiser.SignBody(secret, body, time.Now()))
		}
	}
	tests := []struct {
		name   string
		change func(*catalog.Source)
		send   func(w *world, tid string) *httptest.ResponseRecorder
		want   signal.Code
	}{
		{name: "not at all where nothing is asked", send: get("tid=TID"), want: signal.OK},
		{name: "never with a wrong token", send: get("tid=TID&token=wrong"), want: signal.TokenInvalid},
		{name: "with a token", change: byToken, send: get("tid=TID&token=" + token), want: signal.OK},
		{name: "with a token by another name", change: byToken, send: get("tid=TID&Security_Token=" + token), want: signal.OK},
		{name: "and is told that the token is missing", change: byToken, send: get("tid=TID"), want: signal.TokenMissing},
		{name: "and is told that the token is wrong", change: byToken, send: get("tid=TID&token=wrong"), want: signal.TokenInvalid},
		{name: "even for an offer that is not known here", send: get("offer_id=99"), want: signal.OfferUnknown},
		{
			name: "even for a click of an offer that is not known here", want: signal.OfferUnknown,
			send: func(w *world, _ string) *httptest.ResponseRecorder {
				return w.get("/postback?token=" + token + "&tid=" + w.transactionOf(txid.Subject{Offer: 99}))
			},
		},
		{name: "not where it names no offer at all", send: get("tid=no"), want: signal.OK},
		{name: "also when only the offer is named", change: byToken, send: get("offer_id=5"), want: signal.TokenMissing},
		{
			name: "with a token beside JSON", change: byToken, want: signal.OK,
			send: func(w *world, tid string) *httptest.ResponseRecorder {
				return w.post("/postback?token="+token, `{"tid":"`+tid+`"}`, asJSON)
			},
		},
		{name: "with a signed query", change: bySignature, send: signed(""), want: signal.OK},
		{name: "with a signature and not a token", change: bySignature, send: get("tid=TID&token=" + token), want: signal.SignatureInvalid},
		{name: "not with anything behind the signature", change: bySignature, send: signed("&amount=1000"), want: signal.SignatureInvalid},
		{name: "not with an empty parameter behind the signature", change: bySignature, send: signed("&"), want: signal.SignatureInvalid},
		{name: "not with another case of sig", change: bySignature, send: get("tid=TID&ts=1&SIG=00"), want: signal.SignatureInvalid},
		{
			name: "not with a body behind a signed query", change: bySignature, want: signal.SignatureInvalid,
			send: func(w *world, tid string) *httptest.ResponseRecorder {
				return w.post("/postback?"+advertiser.SignQuery(secret, "tid="+tid, time.Now()), "amount=1000", asForm)
			},
		},
		{
			name: "not with white space for a body behind a signed query", change: bySignature, want: signal.SignatureInvalid,
			send: func(w *world, tid string) *httptest.ResponseRecorder {
				return w.post("/postback?"+advertiser.SignQuery(secret, "tid="+tid, time.Now()), " ", asForm)
			},
		},
		{
			name: "not with ts and sig inside JSON, where nothing is signed", change: bySignature, want: signal.SignatureInvalid,
			send: func(w *world, tid string) *httptest.ResponseRecorder {
				unix, mac, _ := strings.Cut(advertiser.SignBody(secret, "", time.Now()), ",v1=")
				return w.post("/postback", `{"tid":"`+tid+`","ts":"`+unix[len("t="):]+`","sig":"`+mac+`"}`, asJSON)
			},
		},
		{
			name: "not with a signature that is too old", change: bySignature, want: signal.SignatureExpired,
			send: func(w *world, tid string) *httptest.ResponseRecorder {
				return w.get("/postback?" + advertiser.SignQuery(secret, "tid="+tid, time.Now().Add(-time.Hour)))
			},
		},
		{name: "with a signed body", change: bySignature, send: signedBody("", `{"tid":"TID"}`, ""), want: signal.OK},
		{name: "with a signed body, as it came", change: bySignature, send: signedBody("", " {\"tid\":\"TID\"}\r\n", ""), want: signal.OK},
		{name: "with a signed array", change: bySignature, send: signedBody("", `[{"tid":"TID"}]`, ""), want: signal.OK},
		{name: "with a signed form", change: bySignature, send: signedBody("", `tid=TID`, ""), want: signal.OK},
		{name: "not with a body that was changed", change: bySignature, send: signedBody("", `{"tid":"TID"}`, "\n"), want: signal.SignatureInvalid},
		{name: "from an address that is allowed", change: byAddress, send: get("tid=TID"), want: signal.IPNotAllowed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, tt.change)
			tt.send(w, w.transaction())
			s := w.signal()
			if s.Auth != tt.want || s.Malformed != "" {
				t.Errorf("Auth = %s, want %s; malformed %q", s.Auth, tt.want, s.Malformed)
			}
			if record := string(w.journal.records[0].record); strings.Contains(record, token) {
				t.Errorf("the record holds the token: %q", record)
			}
			for _, n := range []param.Name{param.Token, param.TS, param.Sig} {
				if s.Value(n) != "" {
					t.Errorf("the record holds %s = %q", n, s.Value(n))
				}
			}
		})
	}
}

// A header's signature covers the body alone: the query beside it is nobody's
// word.
func TestSignedBodyBesideAQuery(t *testing.T) {
	for _, body := range []string{`{"tid":"TID"}`, "tid=TID"} {
		w := newWorld(t, func(s *catalog.Source) { s.Advertisers[0].PostbackAuth = advertiser.AuthSignature })
		body = strings.ReplaceAll(body, "TID", w.transaction())
		rec := w.post("/postback?amount=1000&status=approved", body, "Waybill-Signature: "+advertiser.SignBody(secret, body, time.Now()))
		s := w.signal()
		if rec.Code != http.StatusOK || s.Value(param.Amount) != "" || s.Value(param.Status) != "" {
			t.Errorf("answered with %d and believed %+v", rec.Code, s.Params)
		}
		if !slices.Equal(s.Marks, []string{"query ignored: the signature covers the body"}) || !strings.HasPrefix(s.Raw, "amount=1000") {
			t.Errorf("marks %q, raw %q", s.Marks, s.Raw)
		}
	}
}

func TestSignatureOfNoBody(t *testing.T) {
	w := newWorld(t, func(s *catalog.Source) { s.Advertisers[0].PostbackAuth = advertiser.AuthSignature })
	rec := w.get("/postback?tid="+w.transaction(), "Waybill-Signature: "+advertiser.SignBody(secret, "", time.Now()))
	if s := w.signal(); rec.Code != http.StatusBadRequest || !strings.Contains(s.Malformed, "none came") {
		t.Errorf("answered with %d, malformed %q", rec.Code, s.Malformed)
	}
}

func TestSenderBehindATrustedProxy(t *testing.T) {
	w := newWorld(t, func(s *catalog.Source) {
		s.Advertisers[0].IPAllow = []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")}
	})
	w.edge.Proxies = edge.Proxies{netip.MustParsePrefix("203.0.113.0/24")}
	rec := w.get("/postback?tid="+w.transaction(), "X-Forwarded-For: 198.51.100.7")
	if s := w.signal(); rec.Code != http.StatusOK || s.IP.String() != "198.51.100.7" {
		t.Errorf("answered with %d, recorded %s", rec.Code, s.IP)
	}
}

func TestSignalIsKeptWithoutSecrets(t *testing.T) {
	const hidden = "jane"
	bodies := map[string]string{
		"in a query":           "",
		"in a form":            "email=jane@example.com&username=jane&email_sha256=&token=jane&note=mail+jane@example.com+please",
		"in JSON":              `{"email":"jane@example.com","UserName":"jane","security_token":"jane","note":"mail jane@example.com please"}`,
		"in JSON that is none": `{"email":"jane@example.com","username":"jane","token":"jane","note":"mail jane@example.com please"`,
	}
	for name, body := range bodies {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, nil)
			query := ""
			if body == "" {
				query = "&Email=jane%40example.com&username=jane&secure=jane&note=mail+jane@example.com+please&jane@example.com=1"
			}
			w.post("/postback?tid="+w.transaction()+query, body, "Referer: https://mail.example/?to=jane@example.com")
			s := w.signal()
			if record := string(w.journal.records[0].record); strings.Contains(record, hidden) {
				t.Errorf("the record holds %q: %q", hidden, record)
			}
			if s.Malformed == "" && (!strings.HasPrefix(s.Value(param.Email), "emailhash:") || s.Value(param.Email) == s.Value(param.Username)) {
				t.Errorf("e-mail %q, user name %q", s.Value(param.Email), s.Value(param.Username))
			}
			if !strings.HasPrefix(s.Referrer, "https://mail.example/?to=emailhash:") {
				t.Errorf("referrer %q", s.Referrer)
			}
		})
	}
}

func TestSignalIsMarkedWhereItWasMended(t *testing.T) {
	w := newWorld(t, nil)
	var many strings.Builder
	for i := range 70 {
		many.WriteString("&x" + string(rune('a'+i%26)) + string(rune('a'+i/26)) + "=1")
	}
	w.get("/postback?tid="+w.transaction()+"&amp;goal=default&adv1="+strings.Repeat("a", 1025)+many.String(),
		"User-Agent: "+strings.Repeat("u", 1025), "Referer: https://x.example/"+strings.Repeat("r", 1025))
	s := w.signal()
	want := []string{"user_agent cut", "referrer cut", "amp; removed", "adv1 cut", "unknown parameters dropped"}
	if !slices.Equal(s.Marks, want) || len(s.UserAgent) != 1024 || len(s.Referrer) != 1024 || len(s.Value(param.Adv1)) != 1024 || len(s.Extra) != 64 {
		t.Errorf("marks %q, want %q; agent %d, referrer %d, adv1 %d bytes, %d extra", s.Marks, want,
			len(s.UserAgent), len(s.Referrer), len(s.Value(param.Adv1)), len(s.Extra))
	}
}

func TestSubmit(t *testing.T) {
	tests := []struct {
		name       string
		advertiser int64
		subject    txid.Subject
		parameters string
		want       signal.Code
	}{
		{name: "by the network is believed", subject: txid.Subject{Offer: mainOffer}, parameters: `{"transaction_id":"TID"}`, want: signal.OK},
		{name: "by the offer's advertiser is believed without a token", advertiser: 3, subject: txid.Subject{Offer: mainOffer}, parameters: `{"transaction_id":"TID"}`, want: signal.OK},
		{name: "by another advertiser finds no such offer", advertiser: 4, subject: txid.Subject{Offer: mainOffer}, parameters: `{"transaction_id":"TID"}`, want: signal.OfferUnknown},
		{name: "by another advertiser finds no offer that it names", advertiser: 4, subject: txid.Subject{Offer: mainOffer}, parameters: `{"transaction_id":"TID","offer_id":7}`, want: signal.OfferUnknown},
		{name: "by an advertiser of an offer that is not known here finds none", advertiser: 3, subject: txid.Subject{Offer: 99}, parameters: `{"transaction_id":"TID"}`, want: signal.OfferUnknown},
		{name: "of a nested value is malformed", subject: txid.Subject{Offer: mainOffer}, parameters: `{"transaction_id":"TID","amount":{}}`, want: signal.Malformed},
		{name: "of no object is malformed", parameters: `[]`, want: signal.Malformed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, func(s *catalog.Source) { s.Advertisers[0].PostbackAuth = advertiser.AuthToken })
			tid := w.transactionOf(tt.subject)
			v := w.edge.Submit(t.Context(), edge.Claim{
				AdvertiserID: tt.advertiser, From: netip.MustParseAddr("192.0.2.1"), UserAgent: "shop/1", Index: 3, IfVersion: 2,
				Method: http.MethodPost, Path: "/api/v1/conversions", Parameters: json.RawMessage(strings.ReplaceAll(tt.parameters, "TID", tid)),
			})
			s := w.signal()
			if v.Code != tt.want || v.SignalID != s.ID.String() {
				t.Errorf("Submit() = %+v, want %s for %s", v, tt.want, s.ID)
			}
			if s.Channel != signal.API || s.Path != "/api/v1/conversions" || s.Index != 3 || s.IfVersion != 2 || s.IP.String() != "192.0.2.1" || s.UserAgent != "shop/1" {
				t.Errorf("recorded %+v", s)
			}
		})
	}
}

// An offer that only the network's own node knows yet is not for anybody to
// speak of, but for the network.
func TestNetworkIsBelievedOfAnUnknownOffer(t *testing.T) {
	w := newWorld(t, nil)
	w.edge.Submit(t.Context(), edge.Claim{
		Method: http.MethodPost, Path: "/api/v1/conversions",
		Parameters: json.RawMessage(`{"transaction_id":"` + w.transactionOf(txid.Subject{Offer: 99}) + `"}`),
	})
	if s := w.signal(); s.Auth != signal.OK {
		t.Errorf("Auth = %s, want %s", s.Auth, signal.OK)
	}
}

// White space around a value is no part of it, but line items are kept as they
// came.
func TestWhiteSpaceAroundValues(t *testing.T) {
	w := newWorld(t, nil)
	rec := w.get("/postback?tid=%20" + w.transaction() + "&offer_id=+5&goal=default%0A&order_id=%09A+1+&status=approved+" +
		"&currency=+USD&amount=+12.50&coupon=+&items=+%5B%5D+&x=+y")
	s := w.signal()
	if rec.Code != http.StatusOK || len(s.Marks) != 0 {
		t.Errorf("answered with %d %s, marks %q", rec.Code, rec.Body, s.Marks)
	}
	for n, want := range map[param.Name]string{
		param.OfferID: "5", param.Goal: "default", param.OrderID: "A 1", param.Status: "approved", param.Currency: "USD",
		param.Amount: "12.50", param.Coupon: "", param.Items: " [] ",
	} {
		if got := s.Value(n); got != want {
			t.Errorf("%s is kept as %q, want %q", n, got, want)
		}
	}
	if !slices.Equal(s.Extra, []signal.Extra{{Name: "x", Value: " y"}}) {
		t.Errorf("extra %+v, want it as it came", s.Extra)
	}
}
