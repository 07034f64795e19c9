package receiver_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"waybill/internal/delivery"
	"waybill/internal/receiver"
)

// TestMaskAnswer: who repeats in an error what it was sent brings no secret, and
// no person's digest, into what is kept.
func TestMaskAnswer(t *testing.T) {
	const digest = "62a14e44f765419d10fea99367361a727c12365e2520f32218d505ed9aa0f62f"
	s := tracker()
	s.Format, s.Method, s.Owner = delivery.Form, http.MethodPost, delivery.Owner{Network: true}
	s.URL += "?e={email_sha256}&token=in+the+query&cid={aff_click_id}"
	s.Body = "e={email_sha256|base64url}&api_key=in-the-form&ts={timestamp}&sig={sig}"
	s.Secret = "signs-what-is-sent"
	s.Headers = map[string]string{"Authorization": "Bearer in-the-header", "Content-Type": "text/plain"}
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
	decoded, err := url.QueryUnescape(sent.URL + " " + string(sent.Body))
	if err != nil {
		t.Fatal(err)
	}
	answer := "no: " + sent.URL + " " + string(sent.Body) + " " + decoded + " " + sent.Header.Get("Authorization") + ` {"em":["` + digest + `"]}`
	got := string(receiver.MaskAnswer([]byte(answer), sent, s))
	for _, secret := range []string{digest, "in+the+query", "in the query", "in-the-form", "in-the-header", "NjJhMTRl", "sig=" + string(sent.Body[strings.LastIndexByte(string(sent.Body), '=')+1:])} {
		if !strings.Contains(answer, secret) {
			t.Errorf("the request does not hold %q", secret)
		}
		if strings.Contains(got, secret) {
			t.Errorf("MaskAnswer() = %s; still holds %q", got, secret)
		}
	}
	if !strings.HasPrefix(got, "no: https://") || !strings.Contains(got, `{"em":["•••• f62f"]}`) {
		t.Errorf("MaskAnswer() = %s; want the rest as it was", got)
	}
	if kept := string(receiver.Mask(sent, s).Body); strings.Contains(kept, "in-the-form") {
		t.Errorf("Mask() keeps %s of a form that is sent by another type's name", kept)
	}
	if got := string(receiver.MaskAnswer([]byte("sig=OK"), sent, s)); got != "sig=OK" {
		t.Errorf("MaskAnswer() of a short answer = %s; want it as it is", got)
	}

	s.Format, s.Body, s.Headers = delivery.JSON, `{"token":"in-the-json","n":[{"client_secret":"deep\u0065r inside"}]}`, nil
	if p, err = receiver.Compile(s); err != nil {
		t.Fatal(err)
	}
	if sent, err = p.Request(o, attempted()); err != nil {
		t.Fatal(err)
	}
	if got := string(receiver.MaskAnswer([]byte("refused: in-the-json, deeper inside"), sent, s)); got != "refused: ••••, ••••" {
		t.Errorf("MaskAnswer() = %s; want the members of JSON taken out", got)
	}
}
