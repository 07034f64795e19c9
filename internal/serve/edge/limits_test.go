package edge_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"waybill/internal/catalog"
	"waybill/internal/param"
	"waybill/internal/txid"
)

// door is one of the addresses that the public may ask, by the method that its
// callers use.
type door struct{ method, path string }

func doors() []door {
	return []door{
		{http.MethodGet, "/click"},
		{http.MethodGet, "/c/spring"},
		{http.MethodPost, "/click"},
		{http.MethodGet, "/impression"},
		{http.MethodPost, "/impression"},
		{http.MethodGet, "/postback"},
		{http.MethodPost, "/postback"},
		{http.MethodGet, "/pixel.gif"},
		{http.MethodGet, "/pixel"},
		{http.MethodPost, "/sdk/conversion"},
		{http.MethodPost, "/sdk/identify"},
		{http.MethodGet, "/sdk.js"},
	}
}

func withAll(s *catalog.Source) {
	withKeys(s)
	withDomains(s)
	s.Settings.FallbackURL = ""
}

func TestNoDoorReadsALongerLine(t *testing.T) {
	for _, d := range doors() {
		t.Run(d.method+" "+d.path, func(t *testing.T) {
			w := newWorld(t, withAll)
			target := d.path + "?x="
			target += strings.Repeat("y", 8<<10-len(target)+1)
			rec := w.do(httptest.NewRequest(d.method, target, nil))
			if rec.Code != http.StatusRequestURITooLong || len(w.journal.records) != 0 {
				t.Errorf("8 KiB and a byte are answered with %d and %d records", rec.Code, len(w.journal.records))
			}
			wantPlainHeaders(t, rec, false)
		})
	}
}

// What is sent back could be turned against whoever reads it, so nothing is: no
// header and no page holds a part of the request, and what JSON quotes of it is
// escaped and never taken for a page.
func TestNothingOfARequestIsRepeated(t *testing.T) {
	const mark = "mArK"
	hostile := url.QueryEscape(mark + "\r\nX-Injected: 1\r\n\r\n\"'><script>alert(1)</script>\x00\xff{{.}}%s")
	names := []string{"x" + hostile, "key", "format", "url", "test", "callback", "token"}
	for n := range param.NumNames {
		names = append(names, n.String())
	}
	for _, d := range doors() {
		w := newWorld(t, withAll)
		for _, name := range names {
			given := name + "=" + hostile
			target, sent := d.path+"?"+given, ""
			if d.method == http.MethodPost {
				target, sent = d.path, given
			}
			r := httptest.NewRequest(d.method, target, strings.NewReader(sent))
			r.Host = "go.shop.example"
			raw := mark + "<script>\"'"
			rec := w.do(r, asForm, "Origin: https://"+raw, "Referer: "+raw, "User-Agent: "+raw, "Cookie: wb_tid="+mark, "Authorization: Bearer "+raw,
				"Accept-Encoding: "+raw, "If-None-Match: "+raw, "X-Forwarded-For: "+raw, "Waybill-Signature: "+raw)
			if rec.Code == http.StatusFound { // a destination may hold what the link says, escaped
				if u, err := url.Parse(rec.Header().Get("Location")); err != nil || u.Host != "shop.example" {
					t.Errorf("%s %s with %s leads to %q", d.method, d.path, name, rec.Header().Get("Location"))
				}
				rec.Header().Del("Location")
			}
			wantPlainHeaders(t, rec, false)
			answer := rec.Body.String()
			switch rec.Header().Get("Content-Type") {
			case "application/json":
				if !json.Valid(rec.Body.Bytes()) || rec.Header().Get("X-Content-Type-Options") != "nosniff" {
					t.Errorf("%s %s with %s is answered with %q, %v", d.method, d.path, name, answer, rec.Header())
				}
			default:
				if strings.Contains(answer, mark) {
					t.Errorf("%s %s with %s is answered with %q", d.method, d.path, name, answer)
				}
			}
		}
	}
}

// What is no text stays percent-encoded, so that whoever reads a record later
// reads text.
func TestWhatIsNoTextIsKeptEscaped(t *testing.T) {
	const sent, kept = "a%ff%00%c3%28b", "a%FF%00%C3(b"
	for _, d := range doors() {
		if d.path == "/sdk.js" || d.path == "/c/spring" {
			continue
		}
		t.Run(d.method+" "+d.path, func(t *testing.T) {
			w := newWorld(t, withAll)
			query, form := "?offer_id=5&affiliate_id=7&source="+sent+"&adv1="+sent, ""
			if d.method == http.MethodPost {
				query, form = "", query[1:]
			}
			w.do(httptest.NewRequest(d.method, d.path+query, strings.NewReader(form)), asForm)
			if signals := w.signals(); len(signals) == 1 {
				if got := signals[0].Value(param.Adv1); got != kept {
					t.Errorf("adv1 = %q, want %q", got, kept)
				}
				return
			}
			visits := append(w.clicks(), w.visits(txid.Impression)...)
			if len(visits) != 1 || visits[0].Source != kept {
				t.Errorf("recorded %+v, want the source %q", visits, kept)
			}
		})
	}
}

// A hash is many times as long as the e-mail that it stands for, and nobody has
// more kept by that than he could send.
func TestWhatIsHashedIsKeptToItsLength(t *testing.T) {
	w := newWorld(t, nil)
	w.post("/postback", `{"tid":"x","zz":"`+strings.Repeat("a@b.cc ", 9000)+`"}`)
	s := w.signal()
	if n := len(w.journal.records[0].record); n > 80<<10 || !slices.Contains(s.Marks, "raw cut") || !strings.HasPrefix(s.Raw, `{"tid":"x","zz":"emailhash:`) {
		t.Errorf("the record has %d bytes and the marks %q, and begins with %.40q; want at most 80 KiB of it, marked", n, s.Marks, s.Raw)
	}
}

// Values have their bounds at every door that takes claims.
func TestBoundsOfAClaim(t *testing.T) {
	long := strings.Repeat("x", 1025)
	tests := []struct {
		name, body, want string
	}{
		{name: "of a value", body: `{"tid":"TID","order_id":"` + long + `"}`, want: "order_id: has more than 1024 bytes"},
		{name: "of a body", body: `{"tid":"TID","adv1":"` + strings.Repeat("x", 64<<10) + `"}`, want: "longer than 64 KiB"},
		{name: "of an array", body: "[" + strings.Repeat(`{"tid":"TID"},`, 100) + `{"tid":"TID"}]`, want: "more than 100"},
	}
	for _, path := range []string{"/postback", "/sdk/conversion", "/sdk/identify"} {
		for _, tt := range tests {
			t.Run(path+" "+tt.name, func(t *testing.T) {
				w := newWorld(t, withAll)
				rec := w.post(path+"?key="+shopKey, strings.ReplaceAll(tt.body, "TID", "x"), "Content-Type: text/plain")
				s := w.signal()
				if rec.Code != http.StatusBadRequest || !strings.Contains(s.Malformed, tt.want) {
					t.Errorf("answered with %d, malformed %q; want it to say %q", rec.Code, s.Malformed, tt.want)
				}
			})
		}
	}
}
