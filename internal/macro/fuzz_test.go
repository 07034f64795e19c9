package macro_test

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"

	"waybill/internal/fault"
	"waybill/internal/macro"
)

func filled(s string) *macro.Values {
	v := new(macro.Values)
	for n := range macro.NumNames {
		v.Set(n, s)
	}
	v.SetTime(macro.ClickTime, time.Unix(1741478523, 0))
	return v
}

func seeds(f *testing.F) {
	f.Helper()
	for _, text := range []string{
		"https://s.example/?a=$sub1&b=:cid&c=__x__&d=[[x]]&e=!!!x!!!&f=*|x|*&g=%%x%%&h=REPLACE&i=(cid)&j={{a.b}}",
		"https://shop.example/?t={transaction_id}&s={sub1|raw}#{sub2}",
		"http://shop.example:80?{url|raw}", "https://[::1]/{sub1|default:a b|lower}", "https://{sub1}/", "https://s.example/{sub1|sha256|base64url}?%zz",
		"https://s.example/?{click_time|Jan 2006}", "https://s.example/[cid]/#a#", "https://s.example\\@x/{sub1}",
	} {
		f.Add(text, "a b\r\n%2\x00é#?&=/\\@[]{}")
	}
	f.Add(`{"a":"{sub1}","b":{amount},"c":[{items}]}`, `"\`)
	f.Add(`a={sub1}&b={sub1|raw}`, "\x7f")
}

// FuzzURL holds a rendered URL to what keeps a redirect safe: it is plain ASCII
// without spaces and control characters, and leads where the template does.
func FuzzURL(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, text, value string) {
		tmpl, err := macro.Parse(text, macro.URL, macro.NetworkPostback)
		if err != nil {
			if fault.Of(err) != fault.Invalid {
				t.Fatalf("Parse(%q) = %v, want an Invalid fault", text, err)
			}
			return
		}
		empty, err := url.Parse(tmpl.Render(new(macro.Values)))
		if err != nil {
			t.Fatalf("Parse(%q) renders what is no URL: %v", text, err)
		}
		v := filled(value)
		for _, got := range []string{tmpl.Render(v), string(tmpl.AppendDeepLink(nil, text, v))} {
			if strings.IndexFunc(got, func(r rune) bool { return r < 0x21 || r >= 0x7f }) >= 0 {
				t.Fatalf("Parse(%q) with %q renders %q", text, value, got)
			}
			u, err := url.Parse(got)
			if err != nil || u.Scheme != empty.Scheme || u.Host != empty.Host || u.Host != tmpl.Host() || u.User != nil {
				t.Fatalf("Parse(%q) with %q leads to %q (%v), not to %s://%s", text, value, got, err, empty.Scheme, empty.Host)
			}
		}
	})
}

// FuzzBody holds rendered bodies and headers to being well formed.
func FuzzBody(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, text, value string) {
		v := filled(value)
		if tmpl, err := macro.Parse(text, macro.JSON, macro.NetworkPostback); err == nil {
			if got := tmpl.Render(v); !json.Valid([]byte(got)) {
				t.Errorf("the JSON %q with %q renders %q", text, value, got)
			}
		}
		for _, as := range []macro.Encoding{macro.Form, macro.Header} {
			tmpl, err := macro.Parse(text, as, macro.NetworkPostback)
			if err != nil {
				continue
			}
			got := tmpl.Render(v)
			if strings.IndexFunc(got, func(r rune) bool { return r < ' ' || r >= 0x7f }) >= 0 {
				t.Errorf("encoding %d: %q with %q renders %q", as, text, value, got)
			}
		}
	})
}

// FuzzValues holds what was frozen to coming back as it was: thawed and frozen
// again it is the same.
func FuzzValues(f *testing.F) {
	for _, s := range []string{
		`{"sub1":"a","click_time":"2026-11-22T08:30:00.123Z","conversion_time":"soon"}`, `{"from_the_future":"b"}`, `{}`, `null`, `[]`, `{"sub1":1}`,
		`{"click_time":"-0001-01-01T00:00:00Z"}`, `{"date":"2026-11-22T08:30:00.123456+01:00"}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var v, again macro.Values
		if err := json.Unmarshal(data, &v); err != nil {
			return
		}
		frozen, err := json.Marshal(&v)
		if err != nil {
			t.Fatalf("%q thaws into what cannot be frozen: %v", data, err)
		}
		if err := json.Unmarshal(frozen, &again); err != nil {
			t.Fatalf("%q freezes to %s, which cannot be thawed: %v", data, frozen, err)
		}
		for n := range macro.NumNames {
			if v.Get(n) != again.Get(n) {
				t.Errorf("%q: %s is %q, and %q once frozen", data, n, v.Get(n), again.Get(n))
			}
		}
	})
}

func FuzzCheckURL(f *testing.F) {
	for _, s := range []string{"https://shop.example/", "http://a@b/", "https://[::1]:80", "https:/x", "https://a\\b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if macro.CheckURL(text) != nil {
			return
		}
		u, err := url.Parse(strings.Split(strings.Split(text, "#")[0], "?")[0])
		if err != nil {
			return // a broken escape in the path; the host is checked by itself
		}
		if u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil {
			t.Errorf("CheckURL(%q) finds nothing, but it leads to %q of %q", text, u.Hostname(), u.Scheme)
		}
	})
}
