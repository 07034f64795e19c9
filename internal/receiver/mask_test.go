package receiver_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/delivery"
	"waybill/internal/receiver"
)

func TestHidden(t *testing.T) {
	for secret, want := range map[string]string{
		"": "", "short": "••••", "15-letters-long": "••••", "16-letters--long": "•••• long", "sixteen-letters-ü": "••••", whsec: "•••• LaSw",
	} {
		if got := receiver.Hidden(secret); got != want {
			t.Errorf("Hidden(%q) = %q, want %q", secret, got, want)
		}
	}
}

func TestMask(t *testing.T) {
	const secret = `s3cret+/="with\everything`
	form, jsonType := "application/x-www-form-urlencoded", "application/json"
	tests := []struct {
		name, url, body, contentType string
		wantURL, wantBody            string
	}{
		{
			name: "names that authorize", url: "https://t.example/p?cid=7&key=k&Token=abc&ACCESS_token=abcdefghijklmnop&api-key=x&sig=0f&empty_token=&secure=1#f",
			wantURL: "https://t.example/p?cid=7&key=••••&Token=••••&ACCESS_token=•••• mnop&api-key=••••&sig=••••&empty_token=&secure=••••#f",
		},
		{name: "names that do not", url: "https://t.example/?keyword=a&tokens=b&idempotency_key=d&monkey=e", wantURL: "https://t.example/?keyword=a&tokens=b&idempotency_key=d&monkey=e"},
		{name: "an encoded name", url: "https://t.example/?%74oken=abc", wantURL: "https://t.example/?%74oken=••••"},
		{name: "a user's password", url: "https://joe:pw@t.example/a@b?c=d", wantURL: "https://••••@t.example/a@b?c=d"},
		{name: "a secret in the path", url: "https://t.example/" + url.PathEscape(secret) + "/x", wantURL: "https://t.example/•••• hing/x"},
		{name: "a secret under an innocent name", url: "https://t.example/?x=" + url.QueryEscape(secret), wantURL: "https://t.example/?x=•••• hing"},
		{name: "a form", contentType: form + "; charset=utf-8", body: "a=b&password=p&x=" + url.QueryEscape(secret), wantBody: "a=b&password=••••&x=•••• hing"},
		{
			name: "JSON", contentType: jsonType, body: `{"a":"b", "access_token" : "abcdefghijklmnop","x":["s3cret+/=\"with\\everything"],"n":{"client_secret":"q\"}"},"token":7,"token":"}`,
			wantBody: `{"a":"b", "access_token" : "•••• mnop","x":["•••• hing"],"n":{"client_secret":"••••"},"token":7,"token":""`,
		},
		{name: "what is no JSON", contentType: "text/plain", body: `token "token" : x`, wantBody: `token "token" : x`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := receiver.Request{Method: "POST", URL: tt.url, Header: http.Header{"Content-Type": {tt.contentType}}, Body: []byte(tt.body)}
			got := receiver.Mask(r, delivery.Subscription{Secret: secret, PreviousSecret: "s3cret+/"})
			if got.URL != tt.wantURL {
				t.Errorf("the URL is\n%s, want\n%s", got.URL, tt.wantURL)
			}
			if string(got.Body) != tt.wantBody {
				t.Errorf("the body is\n%s, want\n%s", got.Body, tt.wantBody)
			}
			if string(r.Body) != tt.body {
				t.Error("the request itself was changed")
			}
		})
	}
}

func TestMaskHeader(t *testing.T) {
	h := http.Header{
		"Authorization": {"Bearer abcdefghijklmnopqrst"}, "Cookie": {"a=b"}, "X-Api-Key": {"k"}, "Access-Token": {"t"},
		"Webhook-Signature": {"v1,abcdefghijklmnopqrst="}, "Waybill-Signature": {"t=1,v1=00"}, "X-Note": {"the secret is " + shush}, "Webhook-Id": {"d1"},
	}
	got := receiver.Mask(receiver.Request{Header: h}, delivery.Subscription{Secret: shush}).Header
	want := http.Header{
		"Authorization": {"•••• qrst"}, "Cookie": {"••••"}, "X-Api-Key": {"••••"}, "Access-Token": {"••••"},
		"Webhook-Signature": {"•••• rst="}, "Waybill-Signature": {"••••"}, "X-Note": {"the secret is •••• rs-x"}, "Webhook-Id": {"d1"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the header, -want +got:\n%s", diff)
	}
	if h.Get("Cookie") != "a=b" {
		t.Error("the request itself was changed")
	}
}

// TestMaskForgetsPersons: a person's digest is not kept with an attempt, however
// the template sends it.
func TestMaskForgetsPersons(t *testing.T) {
	const digest = "62a14e44f765419d10fea99367361a727c12365e2520f32218d505ed9aa0f62f"
	s := tracker()
	jsoned(&s)
	s.Owner = delivery.Owner{Network: true}
	s.URL += "?a={email_sha256}&b={email_sha256|base64url}&c={email_sha256|sha256}"
	s.Body, s.Headers = `{"em":["{email_sha256}"]}`, map[string]string{"X-Em": "{email_sha256}"}
	p, err := receiver.Compile(s)
	if err != nil {
		t.Fatal(err)
	}
	o := sale()
	o.Values["email_sha256"] = digest
	sent, err := p.Request(o, attempted())
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(sent.URL+string(sent.Body)+sent.Header.Get("X-Em"), digest); n != 3 {
		t.Errorf("the request holds the digest %d times, want 3: %+v", n, sent)
	}
	got := receiver.Mask(sent, s)
	if !strings.HasSuffix(got.URL, "?a=•••• f62f&b=•••• f62f&c=•••• f62f") || string(got.Body) != `{"em":["•••• f62f"]}` || got.Header.Get("X-Em") != "•••• f62f" {
		t.Errorf("Mask() = %s %s %s", got.URL, got.Body, got.Header)
	}
}
