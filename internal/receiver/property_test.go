package receiver_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"waybill/internal/conversion"
	"waybill/internal/delivery"
	"waybill/internal/fault"
	"waybill/internal/macro"
	"waybill/internal/receiver"
)

// hostile are pieces of values that break what is not careful.
func hostile() []string {
	return []string{
		"", "a", "\r\n", "\nHost: evil.example", "\x00", "\"", "\\", "{sub1}", "&sig=0", "?", "#", "@evil.example/", "//", "%", "%0d%0a",
		"ü", "\xff", "\u2028", " ", "'", "<script>", ":", "..", "[", "null", "1e400", "-", "\u202e",
	}
}

// drawValues draws values for every macro.
func drawValues(t *rapid.T) map[string]string {
	piece := rapid.SampledFrom(hostile())
	values := map[string]string{}
	for n := range macro.NumNames {
		if rapid.Bool().Draw(t, "there") {
			values[n.String()] = strings.Join(rapid.SliceOfN(piece, 0, 5).Draw(t, n.String()), "")
		}
	}
	return values
}

// drawTemplate draws a text of literals and macros, right or wrong.
func drawTemplate(t *rapid.T, label string) string {
	pieces := []string{
		"a", "=", "&", "/", "?", "{sub1}", "{sub2|raw}", "{payout}", "{items}", "{click_time|rfc3339}", "{revenue}", "{aff_click_id|default:x}",
		"{user_agent}", "{sub3|base64url}", "&ts={timestamp}&sig={sig}", "{sig}", `"`, `"k":`, "{", "}", ",", "[", "]", " ", "%41", "ü", "\r\n", "#", ":",
	}
	return strings.Join(rapid.SliceOfN(rapid.SampledFrom(pieces), 0, 8).Draw(t, label), "")
}

// TestWhateverIsCompiledRenders: what Compile accepts gives, for any values, a
// request that net/http takes, to the host that was written, without a line
// break that a value brought.
func TestWhateverIsCompiledRenders(t *testing.T) {
	compiled := 0
	rapid.Check(t, func(t *rapid.T) {
		s := delivery.Default()
		s.Owner = rapid.SampledFrom([]delivery.Owner{{AffiliateID: 7}, {AdvertiserID: 2}, {Network: true}}).Draw(t, "owner")
		s.Format = rapid.SampledFrom([]delivery.Format{delivery.Get, delivery.Form, delivery.JSON, delivery.Webhook}).Draw(t, "format")
		s.URL = "https://t.example:8443/" + drawTemplate(t, "url")
		s.ShareVisitor = rapid.Bool().Draw(t, "share")
		switch s.Format {
		case delivery.Form:
			s.Body = drawTemplate(t, "body")
		case delivery.JSON:
			s.Body = rapid.SampledFrom([]string{``, `{"a":{sub1},"b":"{sub2}{payout}","c":{items},"d":[{amount},true]}`, `"{user_agent}"`, `{goal}`}).Draw(t, "json")
		default:
		}
		s.Secret = rapid.SampledFrom([]string{whsec, shush, ""}).Draw(t, "secret")
		if rapid.Bool().Draw(t, "headers") {
			s.Headers = map[string]string{"X-A": drawTemplate(t, "header"), "X-B": "{sub1}{aff_click_id}", "Authorization": "Bearer {timestamp}.{sig}"}
		}
		p, err := receiver.Compile(s)
		if err != nil {
			if len(fault.All(err)) == 0 {
				t.Fatalf("Compile(%+v) = %v, which is no fault", s, err)
			}
			return
		}
		compiled++
		o := &delivery.Owed{
			ID: "4d1k2h3j4g5fdxkb0z4y4zhtrgjhvsad", Event: conversion.EventCreated, CreatedAt: attempted().At, Values: drawValues(t),
		}
		r, err := p.Request(o, attempted())
		if err != nil {
			t.Fatalf("Request() = %v", err)
		}
		if err := sound(r, "https", "t.example:8443"); err != nil {
			t.Errorf("of %+v with %q came %+v: %v", s, o.Values, r, err)
		}
		masked := receiver.Mask(r, s)
		for _, secret := range []string{whsec, shush} {
			if s.Secret == secret && strings.Contains(masked.URL+string(masked.Body), secret) {
				t.Errorf("the secret is shown: %+v", masked)
			}
		}
	})
	if compiled == 0 {
		t.Error("nothing that was drawn was accepted")
	}
}

// sound reports what is wrong with a request.
func sound(r receiver.Request, scheme, host string) error {
	u, err := url.Parse(r.URL)
	if err != nil {
		return err
	}
	if u.Scheme != scheme || u.Host != host || u.User != nil {
		return errors.New("it goes to " + u.Scheme + "://" + u.Host)
	}
	if strings.ContainsAny(r.URL, "\r\n\x00 ") {
		return errors.New("the URL holds what none may")
	}
	ask, err := http.NewRequest(r.Method, r.URL, bytes.NewReader(r.Body))
	if err != nil {
		return err
	}
	ask.Header = r.Header
	var wire bytes.Buffer
	if err := ask.Write(&wire); err != nil { // which checks the names and values of headers
		return err
	}
	head, _, _ := strings.Cut(wire.String(), "\r\n\r\n")
	if lines := strings.Count(head, "\r\n"); lines > len(r.Header)+4 { // Host, User-Agent, Content-Length and their line
		return errors.New("a value brought a line: " + head)
	}
	switch content := r.Header.Get("Content-Type"); {
	case content == "application/json" && !json.Valid(r.Body):
		return errors.New("the body is no JSON")
	case content == "application/x-www-form-urlencoded" && bytes.ContainsAny(r.Body, "\r\n\x00"):
		return errors.New("the form has lines")
	}
	return nil
}

// FuzzCompile: nothing that is saved and nothing that is delivered breaks it.
func FuzzCompile(f *testing.F) {
	f.Add("get", "https://t.example/?c={aff_click_id}", "", "X-A", "{sub1}", "", "a\r\nb")
	f.Add("get", "https://t.example/?c={sub1|raw}&ts={timestamp}&sig={sig}", "", "", "", shush, "&x=?#")
	f.Add("form", "https://t.example/", "c={sub1}&ts={timestamp}&sig={sig}", "X-A", "b", shush, "ü")
	f.Add("json", "https://t.example/{sub1}", `{"c":{sub1},"d":"{sub1}"}`, "X-A", "t={timestamp},v1={sig}", shush, `"`)
	f.Add("webhook", "https://t.example/", "", "", "", whsec, `"`)
	f.Add("image", "https://t.example/{sub1}?#", "", "", "", "", "")
	f.Add("get", "https://t.example&a={timestamp}&sig={sig}", "", "", "", shush, "")
	f.Fuzz(func(t *testing.T, format, target, body, name, header, secret, value string) {
		s := delivery.Default()
		s.Owner, s.Format, s.URL, s.Body, s.Secret = delivery.Owner{AffiliateID: 7}, delivery.Format(format), target, body, secret
		if name != "" {
			s.Headers = map[string]string{name: header}
		}
		p, err := receiver.Compile(s)
		if err != nil {
			return
		}
		values := map[string]string{}
		for n := range macro.NumNames {
			values[n.String()] = value
		}
		r, err := p.Request(&delivery.Owed{ID: "d1", Event: conversion.EventCreated, CreatedAt: time.Unix(0, 0), Values: values}, attempted())
		if err != nil {
			return // a platform that lacks something
		}
		scheme, _, _ := strings.Cut(strings.ToLower(target), ":")
		u, err := url.Parse(r.URL)
		if err != nil {
			t.Fatalf("%q became %q: %v", target, r.URL, err)
		}
		if strings.ToLower(u.Host) != p.Host() {
			t.Errorf("%q became %q, which goes to %q, not %q", target, r.URL, u.Host, p.Host())
		}
		if err := sound(r, scheme, u.Host); err != nil {
			t.Errorf("of %+v came %+v: %v", s, r, err)
		}
		receiver.Mask(r, s)
	})
}

// FuzzMask: whatever is sent can be kept, and what stays of it is no longer than
// it was by much.
func FuzzMask(f *testing.F) {
	f.Add("https://t.example/?token=abc", `{"token":"x"}`, "application/json", shush)
	f.Add("//?&=&token", `"token":"`, "application/x-www-form-urlencoded", "\\")
	f.Fuzz(func(t *testing.T, target, body, content, secret string) {
		r := receiver.Request{URL: target, Body: []byte(body), Header: http.Header{"Content-Type": {content}}}
		s := delivery.Subscription{Secret: secret}
		once := receiver.Mask(r, s)
		if len(secret) >= 8 && !strings.Contains(receiver.Hidden(secret), secret) && strings.Contains(string(once.Body), secret) &&
			!strings.Contains(secret, "•") {
			t.Errorf("%q still holds %q", once.Body, secret)
		}
	})
}
