package edge_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"waybill/internal/param"
	"waybill/internal/txid"
)

// request makes what net/http would hand on, but for header values, which it
// would check. It gives nil for a target that it would refuse.
func request(method, target, body string, headers http.Header) *http.Request {
	u, err := url.ParseRequestURI(target)
	if err != nil || target == "*" {
		return nil
	}
	return &http.Request{
		Method: method, URL: u, RequestURI: target, Header: headers, Host: "go.example", RemoteAddr: "203.0.113.9:1",
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Body: io.NopCloser(strings.NewReader(body)),
	}
}

// fromTheCatalog reports whether visitors may be sent to a location.
func fromTheCatalog(location string) bool {
	for i := range len(location) {
		if location[i] < 0x21 || location[i] == 0x7f {
			return false
		}
	}
	u, err := url.Parse(location)
	if err != nil || u.User != nil {
		return false
	}
	host := strings.ToLower(strings.TrimSuffix(u.Hostname(), "."))
	known := host == "shop.example" || strings.HasSuffix(host, ".shop.example")
	return known && (u.Scheme == "https" || u.Scheme == "http") || u.Scheme == "https" && (host == "other.example" || host == "network.example")
}

func FuzzClick(f *testing.F) {
	f.Add("GET", "/click?offer_id=5&affiliate_id=7&sub1=a%0d%0aX:1", "", chrome, "https://x.example/?a@b.example", "")
	f.Add("POST", "/click?offer_id=5&affiliate_id=7&format=json", "url=https://de.shop.example/%0a?x=y%23z", "a\r\nb", "", "application/x-www-form-urlencoded")
	f.Add("GET", "/click?offer_id=5&affiliate_id=7&url=https://shop.example%5c.evil.example/", "", "", "", "")
	f.Add("GET", "/click?offer_id=5&affiliate_id=7&url=http://SHOP.example.:80/%2e%2e//?{sub1}%23", "", "", "", "")
	f.Add("HEAD", "/c/spring?sub1=%ff%00", "", "\xff", "\xfe@x.example", "")
	f.Add("GET", "/c/%3Cscript%3E@x.example", "", "", "", "")
	f.Add("GET", "//evil.example/..//click?offer_id=5", "", "", "", "")
	f.Add("OPTIONS", "/click", "", "", "", "")
	allowed := []int{200, 204, 302, 307, 404, 405, 410, 414}
	w := newWorld(f, nil)
	f.Fuzz(func(t *testing.T, method, target, body, agent, referrer, contentType string) {
		r := request(method, target, body, http.Header{"User-Agent": {agent}, "Referer": {referrer}, "Content-Type": {contentType}})
		if r == nil {
			return
		}
		w.TB, w.journal.records = t, nil
		rec := httptest.NewRecorder()
		w.handler.ServeHTTP(rec, r)
		locations := rec.Header()["Location"]
		if !slices.Contains(allowed, rec.Code) || len(locations) > 1 || (len(locations) == 1) != (rec.Code == 302 || rec.Code == 307) {
			t.Fatalf("answered with %d, Location %q", rec.Code, locations)
		}
		var sent string
		switch {
		case rec.Code == http.StatusFound:
			sent = locations[0]
		case rec.Code == http.StatusTemporaryRedirect: // ServeMux mends the path
			if loc := locations[0]; !strings.HasPrefix(loc, "/") || strings.HasPrefix(loc, "//") || strings.HasPrefix(loc, `/\`) {
				t.Fatalf("the mended path is %q", loc)
			}
		case rec.Header().Get("Content-Type") == "application/json" && method != http.MethodHead:
			var got map[string]string
			if err := json.Unmarshal(rec.Body.Bytes(), &got); err != nil {
				t.Fatalf("%v in %q", err, rec.Body)
			}
			sent = got["url"]
		}
		if sent != "" && !fromTheCatalog(sent) {
			t.Fatalf("the visitor is sent to %q", sent)
		}
		checkClicks(t, w, sent)
	})
}

// checkClicks reads the records back.
func checkClicks(t *testing.T, w *world, sent string) {
	t.Helper()
	clicks := w.clicks()
	if len(clicks) > 1 {
		t.Fatalf("%d clicks are recorded", len(clicks))
	}
	for i, c := range clicks {
		if !bytes.Equal(c.Append(nil), w.journal.records[i].record) {
			t.Errorf("the record reads as %+v", c)
		}
		if (c.TurnedAway != "") != c.ID.TurnedAway() || c.Test != c.ID.Test() {
			t.Errorf("the ID says turned away %t, test %t; the record %q, %t", c.ID.TurnedAway(), c.ID.Test(), c.TurnedAway, c.Test)
		}
		if c.Location != sent && !strings.Contains(c.Location, param.Hashed) && !strings.Contains(sent, "\ufffd") {
			t.Errorf("recorded %q, sent to %q", c.Location, sent)
		}
	}
}

func FuzzPostback(f *testing.F) {
	f.Add("GET", "transaction_id=TID&amount=1", "", "", "")
	f.Add("POST", "", `{"tid":"TID","token":"x","email":"a@b.example"}`, "t=1,v1=00", "application/json")
	f.Add("POST", "token=x", `[{"tid":"TID"},{"tid":"TID","items":[{"sku":"1"}]},{}]`, "", "")
	f.Add("POST", "tid=TID", "amount=1&email=a%40b.example&goal=x\r\n", "", "application/x-www-form-urlencoded")
	f.Add("POST", "tid=TID&ts=1&sig=00", "[[[{{\"", "", "")
	f.Add("POST", "tid=TID", "--X\r\nContent-Disposition: form-data; name=\"a\"\r\n", "", "multipart/form-data; boundary=X")
	f.Add("DELETE", "", "", "", "")
	allowed := []int{200, 400, 401, 404, 405, 414, 422}
	const hidden = "Zq9HiddenZq9"
	w := newWorld(f, nil)
	tid := w.transaction()
	f.Fuzz(func(t *testing.T, method, query, body, signature, contentType string) {
		target := "/postback?" + strings.ReplaceAll(query, "TID", tid) + "&token=" + hidden
		r := request(method, target, strings.ReplaceAll(body, "TID", tid), http.Header{"Waybill-Signature": {signature}, "Content-Type": {contentType}})
		if r == nil {
			return
		}
		w.TB, w.journal.records, w.settler.seen = t, nil, nil
		rec := httptest.NewRecorder()
		w.handler.ServeHTTP(rec, r)
		if !slices.Contains(allowed, rec.Code) || rec.Header()["Location"] != nil {
			t.Fatalf("answered with %d, %v", rec.Code, rec.Header())
		}
		signals := w.signals()
		if rec.Code == http.StatusMethodNotAllowed || rec.Code == http.StatusRequestURITooLong {
			if len(signals) != 0 {
				t.Fatalf("answered with %d and recorded %d signals", rec.Code, len(signals))
			}
			return
		}
		var got struct {
			answer
			Data []answer `json:"data"`
		}
		if err := json.Unmarshal(rec.Body.Bytes(), &got); err != nil {
			t.Fatalf("%v in %q", err, rec.Body)
		}
		if got.Data == nil {
			got.Data = []answer{got.answer}
		}
		if len(got.Data) != len(signals) || len(w.settler.seen) != len(signals) {
			t.Fatalf("%d verdicts on %d signals, %d settled", len(got.Data), len(signals), len(w.settler.seen))
		}
		for i, s := range signals {
			record := w.journal.records[i].record
			if got.Data[i].RequestID != s.ID.String() || s.ID.Kind() != txid.Signal || s.Index != i {
				t.Errorf("verdict %d is for %s, recorded %s as number %d", i, got.Data[i].RequestID, s.ID, s.Index)
			}
			if !bytes.Equal(s.Append(nil), record) {
				t.Errorf("the record reads as %+v", s)
			}
			if bytes.Contains(record, []byte(hidden)) {
				t.Errorf("the record holds the token: %q", record)
			}
		}
	})
}
