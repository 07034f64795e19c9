package receiver_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/advertiser"
	"waybill/internal/conversion"
	"waybill/internal/delivery"
	"waybill/internal/receiver"
	"waybill/internal/signal"
)

// sale is a postback about a sale, with what an affiliate may know of it.
func sale() *delivery.Owed {
	return &delivery.Owed{
		ID: "4d1k2h3j4g5fdxkb0z4y4zhtrgjhvsad", Sequence: 2, Event: conversion.EventApproved,
		CreatedAt: time.Date(2026, time.November, 22, 11, 0, 0, 250e6, time.UTC),
		Values: map[string]string{
			"aff_click_id": "a b&c", "payout": "12.50", "sub1": "ü\r\nX: y", "offer_id": "3", "transaction_id": "t1",
			"conversion_id": "c1", "click_time": "2026-11-21T09:00:00.5Z", "items": `[{"sku":"A"}]`, "test": "1", "goal": "sale",
			"delivery_id": "d", "random": "r", "sig": "s", "timestamp": "2026-11-22T09:00:00Z", "date": "2026-11-22T09:00:00Z", // are of an attempt
		},
	}
}

// attempted is the moment of an attempt: 1795348800.
func attempted() receiver.Moment {
	return receiver.Moment{At: time.Date(2026, time.November, 22, 12, 0, 0, 0, time.UTC), Random: 36*36 + 35}
}

func TestRequest(t *testing.T) {
	tests := []struct {
		name   string
		change func(*delivery.Subscription)
		want   receiver.Request
	}{
		{
			name: "a tracker's URL", change: func(s *delivery.Subscription) {
				s.URL = "https://t.example/{sub1}?cid={aff_click_id}&sum={payout}&of={offer_name}&at={click_time}&now={timestamp}&on={date}&r={random}&d={delivery_id}"
			},
			want: receiver.Request{
				Method: "GET", URL: "https://t.example/%C3%BC%0D%0AX%3A%20y?cid=a%20b%26c&sum=12.50&of=&at=1795251600&now=1795348800&on=2026-11-22&r=10z&d=4d1k2h3j4g5fdxkb0z4y4zhtrgjhvsad",
				Header: http.Header{},
			},
		},
		{
			name: "headers", change: func(s *delivery.Subscription) {
				s.URL, s.Headers = "https://t.example/", map[string]string{"x-click": "id {aff_click_id} {sub1}", "Authorization": "Bearer abc"}
			},
			want: receiver.Request{
				Method: "GET", URL: "https://t.example/",
				Header: http.Header{"X-Click": {"id a b&c %C3%BC%0D%0AX: y"}, "Authorization": {"Bearer abc"}},
			},
		},
		{
			name: "a form", change: both(formed, func(s *delivery.Subscription) { s.Method = "PUT" }),
			want: receiver.Request{
				Method: "PUT", URL: "https://tracker.example/postback", Body: []byte("cid=a%20b%26c&sum=12.50"),
				Header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}},
			},
		},
		{
			name: "JSON, of another name", change: both(jsoned, func(s *delivery.Subscription) {
				s.Body = `{"c":"{aff_click_id}","s":{payout},"n":{offer_name},"x":"{sub1}","i":{items}}`
				s.Headers = map[string]string{"content-type": "application/vnd.x+json"}
			}),
			want: receiver.Request{
				Method: "POST", URL: "https://tracker.example/postback",
				Body:   []byte(`{"c":"a b&c","s":12.50,"n":null,"x":"ü\r\nX: y","i":[{"sku":"A"}]}`),
				Header: http.Header{"Content-Type": {"application/vnd.x+json"}},
			},
		},
		{
			name: "a signed URL", change: signed,
			want: receiver.Request{
				Method: "GET",
				URL:    "https://tracker.example/postback?cid=a%20b%26c&sum=12.50&ts=1795348800&sig=" + mac("1795348800.cid=a%20b%26c&sum=12.50&ts=1795348800"),
				Header: http.Header{},
			},
		},
		{
			name: "a signed form", change: both(formed, func(s *delivery.Subscription) { s.Secret, s.Body = shush, s.Body+"&ts={timestamp}&sig={sig}" }),
			want: receiver.Request{
				Method: "POST", URL: "https://tracker.example/postback",
				Body:   []byte("cid=a%20b%26c&sum=12.50&ts=1795348800&sig=" + mac("1795348800.cid=a%20b%26c&sum=12.50&ts=1795348800")),
				Header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}},
			},
		},
		{
			name: "signed JSON", change: both(jsoned, func(s *delivery.Subscription) {
				s.Secret, s.Headers = shush, map[string]string{"Waybill-Signature": "t={timestamp},v1={sig}"}
			}),
			want: receiver.Request{
				Method: "POST", URL: "https://tracker.example/postback", Body: []byte(`{"cid":"a b&c","sum":12.50}`),
				Header: http.Header{
					"Content-Type":      {"application/json"},
					"Waybill-Signature": {"t=1795348800,v1=" + mac(`1795348800.{"cid":"a b&c","sum":12.50}`)},
				},
			},
		},
		{
			name: "an event as it is", change: both(jsoned, func(s *delivery.Subscription) { s.Body = "" }),
			want: receiver.Request{
				Method: "POST", URL: "https://tracker.example/postback", Body: []byte(whole),
				Header: http.Header{"Content-Type": {"application/json"}},
			},
		},
		{
			name: "a webhook", change: hooked,
			want: receiver.Request{
				Method: "POST", URL: "https://tracker.example/hooks", Body: []byte(whole),
				Header: http.Header{
					"Content-Type": {"application/json"}, "Webhook-Id": {sale().ID}, "Webhook-Timestamp": {"1795348800"},
					"Webhook-Signature": {standard(whsec)},
				},
			},
		},
		{
			name: "a webhook that changes over", change: both(hooked, func(s *delivery.Subscription) {
				s.PreviousSecret, s.PreviousUntil = older, attempted().At.Add(time.Second)
			}),
			want: receiver.Request{
				Method: "POST", URL: "https://tracker.example/hooks", Body: []byte(whole),
				Header: http.Header{
					"Content-Type": {"application/json"}, "Webhook-Id": {sale().ID}, "Webhook-Timestamp": {"1795348800"},
					"Webhook-Signature": {standard(whsec) + " " + standard(older)},
				},
			},
		},
		{
			name: "a webhook that has changed over", change: both(hooked, func(s *delivery.Subscription) {
				s.PreviousSecret, s.PreviousUntil = older, attempted().At
			}),
			want: receiver.Request{
				Method: "POST", URL: "https://tracker.example/hooks", Body: []byte(whole),
				Header: http.Header{
					"Content-Type": {"application/json"}, "Webhook-Id": {sale().ID}, "Webhook-Timestamp": {"1795348800"},
					"Webhook-Signature": {standard(whsec)},
				},
			},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := tracker()
			tt.change(&s)
			p, err := receiver.Compile(s)
			if err != nil {
				t.Fatal(err)
			}
			got, err := p.Request(sale(), attempted())
			if err != nil {
				t.Fatal(err)
			}
			tt.want.Header.Set(receiver.DeliveryHeader, sale().ID)
			if got.Method != tt.want.Method || got.URL != tt.want.URL || string(got.Body) != string(tt.want.Body) {
				t.Errorf("Request() = %s %s\n%s\nwant %s %s\n%s", got.Method, got.URL, got.Body, tt.want.Method, tt.want.URL, tt.want.Body)
			}
			if diff := cmp.Diff(tt.want.Header, got.Header); diff != "" {
				t.Errorf("the header, -want +got:\n%s", diff)
			}
		})
	}
}

const older = "whsec_C2FtcGxlLXNlY3JldC1vZi0yNC1ieXRlcw=="

// whole is the payload of sale.
const whole = `{"type":"conversion.approved","timestamp":"2026-11-22T11:00:00.25Z","data":{"delivery_id":"4d1k2h3j4g5fdxkb0z4y4zhtrgjhvsad","sequence":2,"test":false,` +
	`"offer_id":3,"transaction_id":"t1","aff_click_id":"a b\u0026c","sub1":"ü\r\nX: y","payout":"12.50",` +
	`"conversion_id":"c1","goal":"sale","click_time":"2026-11-21T09:00:00.5Z"}}`

// mac signs as {sig} does.
func mac(text string) string {
	m := hmac.New(sha256.New, []byte(shush))
	m.Write([]byte(text))
	return hex.EncodeToString(m.Sum(nil))
}

// standard signs sale as Standard Webhooks does.
func standard(secret string) string {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil {
		panic(err)
	}
	m := hmac.New(sha256.New, key)
	m.Write([]byte(sale().ID + ".1795348800." + whole))
	return "v1," + base64.StdEncoding.EncodeToString(m.Sum(nil))
}

// TestAlertPayload: what a destination event's data say.
func TestAlertPayload(t *testing.T) {
	s := tracker()
	hooked(&s)
	s.On = []conversion.Event{delivery.EventDestinationOpened}
	p, err := receiver.Compile(s)
	if err != nil {
		t.Fatal(err)
	}
	r, err := p.Request(&delivery.Owed{
		ID: "d1", Event: delivery.EventDestinationOpened, CreatedAt: attempted().At,
		Values: map[string]string{"subscription_id": "7", "host": "t.example", "reason": `it said "no"`, "failures": "10", "waiting": "010", "name": "12"},
	}, attempted())
	if err != nil {
		t.Fatal(err)
	}
	want := `{"type":"destination.opened","timestamp":"2026-11-22T12:00:00Z","data":{"delivery_id":"d1",` +
		`"failures":10,"host":"t.example","name":"12","reason":"it said \"no\"","subscription_id":7,"waiting":"010"}}`
	if got := string(r.Body); got != want || !json.Valid(r.Body) {
		t.Errorf("the payload is\n%s\nwant\n%s", got, want)
	}
}

// TestRequestsAreApart: what one request is told, the next one is not.
func TestRequestsAreApart(t *testing.T) {
	p, err := receiver.Compile(tracker())
	if err != nil {
		t.Fatal(err)
	}
	first, _ := p.Request(sale(), attempted())
	other := sale()
	other.Values = maps.Clone(other.Values)
	delete(other.Values, "aff_click_id")
	second, _ := p.Request(other, attempted())
	if first.URL == second.URL || !strings.HasSuffix(second.URL, "cid=&sum=12.50") {
		t.Errorf("after %s came %s", first.URL, second.URL)
	}
}

func TestNewSecret(t *testing.T) {
	got, err := receiver.NewSecret(strings.NewReader("0123456789abcdef0123456789abcdef"))
	if want := "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="; err != nil || got != want {
		t.Errorf("NewSecret() = %q, %v; want %q", got, err, want)
	}
	if got, err := receiver.NewSecret(strings.NewReader("too short")); err == nil {
		t.Errorf("of too little, NewSecret() = %q", got)
	}
	s := tracker()
	hooked(&s)
	s.Secret = got
	if err := receiver.Validate(s); err != nil {
		t.Errorf("a drawn secret is refused: %v", err)
	}
}

// TestSignaturesAreReadByWaybill: the next Waybill of a chain believes what is
// signed with its secret, wherever {sig} may stand, and nothing else.
func TestSignaturesAreReadByWaybill(t *testing.T) {
	there := advertiser.Advertiser{PostbackAuth: advertiser.AuthSignature, SigSecret: shush}
	tests := []struct {
		name   string
		change func(*delivery.Subscription)
		proof  func(receiver.Request) advertiser.Credential
	}{
		{
			name: "a URL", change: signed,
			proof: func(r receiver.Request) advertiser.Credential {
				_, query, _ := strings.Cut(r.URL, "?")
				return ofQuery(query)
			},
		},
		{
			name: "a form", change: both(formed, func(s *delivery.Subscription) { s.Secret, s.Body = shush, s.Body+"&ts={timestamp}&sig={sig}" }),
			proof: func(r receiver.Request) advertiser.Credential { return ofQuery(string(r.Body)) },
		},
		{
			name: "JSON", change: both(jsoned, func(s *delivery.Subscription) {
				s.Secret, s.Headers = shush, map[string]string{"Waybill-Signature": "t={timestamp},v1={sig}"}
			}),
			proof: func(r receiver.Request) advertiser.Credential {
				return advertiser.Credential{Header: r.Header.Get("Waybill-Signature"), Payload: string(r.Body)}
			},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := tracker()
			tt.change(&s)
			p, err := receiver.Compile(s)
			if err != nil {
				t.Fatal(err)
			}
			r, err := p.Request(sale(), attempted())
			if err != nil {
				t.Fatal(err)
			}
			proof := tt.proof(r)
			if code := there.Check(proof, attempted().At); code != signal.OK {
				t.Errorf("%s %s %s is judged %s", r.URL, r.Header, r.Body, code)
			}
			proof.Payload += "0"
			if code := there.Check(proof, attempted().At); code != signal.SignatureInvalid {
				t.Errorf("what was changed on its way is judged %s", code)
			}
		})
	}
}

// ofQuery gives the proof in a query or a form.
func ofQuery(query string) advertiser.Credential {
	payload, sig, _ := strings.Cut(query, "&sig=")
	_, ts, _ := strings.Cut(payload, "&ts=")
	return advertiser.Credential{Timestamp: ts, Signature: sig, Payload: payload}
}
