package edge_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"waybill/internal/catalog"
	"waybill/internal/param"
	"waybill/internal/signal"
	"waybill/internal/txid"
)

// pixels are the two forms of a pixel.
func pixels() []string { return []string{"/pixel.gif", "/pixel"} }

// wantFired checks that an answer is a pixel's, and what it says of the hit.
func wantFired(t testing.TB, path string, rec *httptest.ResponseRecorder, status int, code signal.Code) {
	t.Helper()
	h := rec.Header()
	if path == "/pixel.gif" {
		wantPixel(t, rec, status)
	} else if rec.Code != status || h.Get("Content-Type") != "text/html; charset=utf-8" || h.Get("Cache-Control") != "no-store" ||
		h.Get("Content-Security-Policy") != "default-src 'none'; base-uri 'none'; form-action 'none'; sandbox" {
		t.Errorf("answered with %d, %v; want %d and a page that can do nothing", rec.Code, h, status)
	}
	if got := h.Get("Waybill-Verdict"); got != string(code) {
		t.Errorf("Waybill-Verdict = %q, want %q", got, code)
	}
	wantPlainHeaders(t, rec, false)
}

func TestPixelReportsAConversion(t *testing.T) {
	for _, path := range pixels() {
		t.Run(path, func(t *testing.T) {
			w := newWorld(t, nil)
			tid := w.transaction()
			rec := w.get(path+"?transaction_id="+tid+"&amount=12.50&order_id=A-1&email=jane@example.com", "Referer: https://shop.example/thanks")
			wantFired(t, path, rec, http.StatusOK, signal.OK)
			s := w.signal()
			if s.Channel != signal.Pixel || s.Auth != signal.OK || s.Click.String() != tid || s.Path != path || s.Binds {
				t.Errorf("recorded %+v", s)
			}
			if s.Value(param.Amount) != "12.50" || s.Value(param.OrderID) != "A-1" || s.Referrer != "https://shop.example/thanks" {
				t.Errorf("recorded %+v, from %q", s.Params, s.Referrer)
			}
			if strings.Contains(string(w.journal.records[0].record), "jane") || strings.Contains(rec.Body.String(), tid) {
				t.Error("the record holds the e-mail, or the answer the transaction ID")
			}
		})
	}
}

// The page must not look broken, whatever becomes of the hit.
func TestPixelShowsItsVerdictInAHeaderAlone(t *testing.T) {
	tests := []struct {
		name  string
		query string
		want  signal.Code
	}{
		{name: "of a hit without an ID", query: "?amount=1", want: signal.TransactionIDMissing},
		{name: "of an ID that is not ours", query: "?tid=%22onload=%22x%3C", want: signal.TransactionIDInvalid},
		{name: "of a macro that nobody filled in", query: "?tid={click_id}", want: signal.MacroUnexpanded},
		{name: "of a wrong token", query: "?tid=TID&token=wrong", want: signal.TokenInvalid},
		{name: "of a value that is too long", query: "?tid=TID&order_id=" + strings.Repeat("x", 1025), want: signal.Malformed},
		{name: "of a goal that there is not", query: "?tid=TID&goal=%0d%0aX:1", want: signal.GoalUnknown},
	}
	for _, tt := range tests {
		for _, path := range pixels() {
			t.Run(path+" "+tt.name, func(t *testing.T) {
				w := newWorld(t, nil)
				rec := w.get(path + strings.ReplaceAll(tt.query, "TID", w.transaction()))
				wantFired(t, path, rec, http.StatusOK, tt.want)
				if len(w.signals()) != 1 {
					t.Error("the hit is not kept")
				}
			})
		}
	}
}

func TestPixelThatCannotBeWrittenDownIsNoSuccess(t *testing.T) {
	for _, path := range pixels() {
		w := newWorld(t, nil)
		w.journal.fail = func(int) bool { return true }
		rec := w.get(path + "?tid=" + w.transaction())
		wantFired(t, path, rec, http.StatusServiceUnavailable, signal.Unavailable)
		if rec.Header().Get("Retry-After") != "5" {
			t.Errorf("Retry-After = %q, want 5", rec.Header().Get("Retry-After"))
		}
	}
}

func TestWhatIsNoPixel(t *testing.T) {
	tests := []struct {
		method string
		want   int
	}{{http.MethodHead, http.StatusOK}, {http.MethodPost, http.StatusMethodNotAllowed}, {http.MethodOptions, http.StatusMethodNotAllowed}}
	for _, tt := range tests {
		for _, path := range pixels() {
			w := newWorld(t, nil)
			rec := w.do(httptest.NewRequest(tt.method, path+"?tid="+w.transaction(), nil))
			if rec.Code != tt.want || rec.Header().Get("Waybill-Verdict") != "" || len(w.journal.records) != 0 {
				t.Errorf("%s %s is answered with %d, %v and %d records; want %d and none", tt.method, path, rec.Code, rec.Header(), len(w.journal.records), tt.want)
			}
		}
	}
}

func TestPixelFindsTheIDInItsCookie(t *testing.T) {
	const own = "go.shop.example"
	tests := []struct {
		name   string
		host   string
		query  string
		cookie string // OLD stands for the cookie's ID, TID for another
		gpc    string
		want   string
		marks  []string
	}{
		{name: "that the click has left", host: own, query: "?amount=1", cookie: "OLD", want: "OLD", marks: []string{"transaction_id from the cookie wb_tid"}},
		{name: "in capitals", host: own, cookie: "UPPER", want: "OLD", marks: []string{"transaction_id from the cookie wb_tid"}},
		{name: "where the URL's was not filled in", host: own, query: "?tid={transaction_id}", cookie: "OLD", want: "OLD", marks: []string{"transaction_id from the cookie wb_tid"}},
		{name: "but the URL's own comes first", host: own, query: "?tid=TID", cookie: "OLD", want: "TID"},
		{name: "also when it is none of ours", host: own, query: "?tid=nonsense", cookie: "OLD"},
		{name: "but not that of another offer", host: own, query: "?offer_id=6", cookie: "OLD", marks: []string{"wb_tid ignored: it is of another offer"}},
		{name: "with its offer named", host: own, query: "?offer_id=5", cookie: "OLD", want: "OLD", marks: []string{"transaction_id from the cookie wb_tid"}},
		{name: "but not under the installation's own name", host: "go.network.example", cookie: "OLD"},
		{name: "and not where the visitor objects by now", host: own, cookie: "OLD", gpc: "1"},
		{name: "unless it is none of ours", host: own, cookie: "zzzz"},
	}
	for _, tt := range tests {
		for _, path := range pixels() {
			t.Run(path+" "+tt.name, func(t *testing.T) {
				w := newWorld(t, withDomains)
				old, other := w.transaction(), w.transaction()
				fill := strings.NewReplacer("OLD", old, "TID", other, "UPPER", strings.ToUpper(old)).Replace
				w.at(tt.host, path+fill(tt.query), "Cookie: a=b; wb_tid="+fill(tt.cookie), "Sec-GPC: "+tt.gpc)
				s := w.signal()
				if got := s.Click.String(); got != fill(tt.want) {
					t.Errorf("the hit is of %q, want %q", got, fill(tt.want))
				}
				if tt.want != "" && s.Value(param.TransactionID) != fill(tt.want) || !slices.Equal(s.Marks, tt.marks) {
					t.Errorf("transaction_id = %q, marks %q; want marks %q", s.Value(param.TransactionID), s.Marks, tt.marks)
				}
			})
		}
	}
}

// What a server must not find in a cookie: whoever sends postbacks has none of
// the visitor's.
func TestPostbackHasNoCookie(t *testing.T) {
	w := newWorld(t, withDomains)
	w.at("go.shop.example", "/postback?amount=1", "Cookie: wb_tid="+w.transaction())
	if s := w.signal(); !s.Click.IsZero() {
		t.Errorf("the postback is of %s, want none", s.Click)
	}
}

func TestPixelNeedsNoProofOfItsAdvertiser(t *testing.T) {
	w := newWorld(t, func(s *catalog.Source) { s.Advertisers[0].PostbackAuth = "signature" })
	wantFired(t, "/pixel.gif", w.get("/pixel.gif?tid="+w.transaction()), http.StatusOK, signal.OK)
}

func FuzzPixel(f *testing.F) {
	f.Add("GET", "/pixel.gif", "tid=TID&amount=1&email=a%40b.example", "wb_tid=TID", "go.shop.example", "https://shop.example/?a@b.example")
	f.Add("GET", "/pixel", "tid=%0d%0aSet-Cookie:x&goal=%ff%00", "wb_tid=\"\x00", "go.shop.example:443", "\r\nX: 1")
	f.Add("GET", "/pixel", "tid={x}&offer_id=99999999999999999999", "wb_tid=TID", "GO.SHOP.EXAMPLE.", "")
	f.Add("HEAD", "/pixel.gif", "&&&=&tid", "", "", "")
	f.Add("POST", "/pixel", "tid=TID", "", "go.closed.example", "")
	const hidden = "Zq9HiddenZq9"
	w := newWorld(f, withDomains)
	tid := w.transaction()
	f.Fuzz(func(t *testing.T, method, path, query, cookie, name, referrer string) {
		if !slices.Contains(pixels(), path) {
			return
		}
		target := path + "?" + strings.ReplaceAll(query, "TID", tid) + "&token=" + hidden
		r := request(method, target, "", http.Header{"Cookie": {strings.ReplaceAll(cookie, "TID", tid)}, "Referer": {referrer}})
		if r == nil {
			return
		}
		r.Host = name
		w.TB, w.journal.records = t, nil
		rec := httptest.NewRecorder()
		w.handler.ServeHTTP(rec, r)
		wantPlainHeaders(t, rec, false)
		signals := w.signals()
		if (rec.Code == http.StatusOK && method == http.MethodGet) != (len(signals) == 1) || len(signals) > 1 {
			t.Fatalf("%s is answered with %d, and %d signals are recorded", method, rec.Code, len(signals))
		}
		if !slices.Contains([]int{200, 405, 414}, rec.Code) {
			t.Fatalf("answered with %d, %v", rec.Code, rec.Header())
		}
		for _, s := range signals {
			record := w.journal.records[0].record
			if !bytes.Equal(s.Append(nil), record) || bytes.Contains(record, []byte(hidden)) || s.ID.Kind() != txid.Signal || s.Channel != signal.Pixel {
				t.Errorf("the record %q reads as %+v", record, s)
			}
		}
	})
}
