package api

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

func TestListsAreLookedThrough(t *testing.T) {
	w := newWorld(t)
	for n := range 7 {
		body := fmt.Sprintf(`{"advertiser_id":1,"name":"Winter Shoes %d","destination_url":"https://shop.example/?t={transaction_id}"}`, n)
		if got := w.do(t, asNetwork, "POST", "offers", body); got.status != 201 {
			t.Fatalf("POST offers = %d %s", got.status, got.text)
		}
	}
	first := w.do(t, asNetwork, "GET", "offers?q=winter&limit=3", "")
	next, _ := first.body["next_cursor"].(string)
	second := w.do(t, asNetwork, "GET", "offers?limit=3&q=winter&cursor="+next, "")
	rest, _ := second.body["next_cursor"].(string)
	third := w.do(t, asNetwork, "GET", "offers?limit=3&q=winter&cursor="+rest, "")
	for i, page := range []reply{first, second, third} {
		data, _ := page.body["data"].([]any)
		if want := []int{3, 3, 1}[i]; len(data) != want || page.status != 200 {
			t.Errorf("page %d of winter: %d, %d rows, want %d: %s", i+1, page.status, len(data), want, page.text)
		}
	}
	for path, want := range map[string]struct {
		status int
		has    string
	}{
		"offers?q=SHOES+6":                         {200, "Winter Shoes 6"},
		"offers?q=1&status=active":                 {200, `"id":1`},
		"offers?q=%20%20":                          {200, `"id":1`},
		"offers?q=nothing":                         {200, `"data":[]`},
		"offers?q=" + strings.Repeat("x", 401):     {422, "query.q"},
		"advertisers?q=zzz":                        {200, `"data":[]`},
		"affiliates?q=1":                           {200, `"id":1`},
		"links?q=zzz":                              {200, `"data":[]`},
		"domains?q=zzz":                            {200, `"data":[]`},
		"coupons?q=zzz":                            {200, `"data":[]`},
		"terms?q=x":                                {422, "query.q"},
		"offers?ids=3,+4&order=desc&limit=1":       {200, `"id":4`},
		"offers?ids=3,4&q=Shoes+0":                 {200, `Winter Shoes 0`},
		"offers?ids=999":                           {200, `"data":[]`},
		"affiliates?ids=1":                         {200, `"id":1`},
		"offers?ids=3,x":                           {422, "query.ids"},
		"offers?ids=3" + strings.Repeat(",1", 200): {422, "query.ids"},
		"links?ids=1":                              {422, "query.ids"},
	} {
		if got := w.do(t, asNetwork, "GET", path, ""); got.status != want.status || !strings.Contains(got.text, want.has) {
			t.Errorf("GET %s = %d %s; want %d with %s", path, got.status, got.text, want.status, want.has)
		}
	}
	if got := w.do(t, asAdvertiser2, "GET", "offers?q=winter", ""); !strings.Contains(got.text, `"data":[]`) {
		t.Errorf("another advertiser finds %s", got.text)
	}
	if got := w.do(t, asAdvertiser2, "GET", "offers?ids=3,4", ""); !strings.Contains(got.text, `"data":[]`) {
		t.Errorf("another advertiser reads by number %s", got.text)
	}
}

func TestWhatIsNoTextIsRefused(t *testing.T) {
	w := newWorld(t)
	for path, place := range map[string]string{
		"offers?q=a%00b":                                "query.q",
		"offers?q=%ff":                                  "query.q",
		"offers?status=%00":                             "query.status",
		"advertisers?cursor=%C3%28":                     "query.cursor",
		"conversions?transaction_id=%00":                "query.transaction_id",
		"reports?filter=source%3D%00":                   "query.filter",
		"reports?filter=country%3DDE&filter=sub1%3D%ff": "query.filter",
		"reports?tz=%00":                                "query.tz",
		"reports?%ff=1":                                 "query.",
		"signals?code=%00":                              "query.code",
		"deliveries?state=%ed%a0%80":                    "query.state",
		"search?q=%00%00%00":                            "query.q",
		"audit?key=%00":                                 "query.key",
		"links/a%00b":                                   "path",
		"conversions/%ff":                               "path",
		"offers?q=%zz":                                  "cannot be read",
		"offers?status=active;limit=1":                  "cannot be read",
	} {
		got := w.do(t, asNetwork, "GET", path, "")
		want := http.StatusBadRequest
		if place == "query." { // there is no such parameter, which is said first
			want = got.status
		}
		if got.status != want || got.status >= 500 || !strings.Contains(got.text, place) {
			t.Errorf("GET %s = %d %s; want 400 that names %s", path, got.status, got.text, place)
		}
	}
}

// TestNoQueryBreaksAList asks lists and reports for what nobody would.
func TestNoQueryBreaksAList(t *testing.T) {
	w := newWorld(t)
	r := rand.New(rand.NewPCG(1, 2))
	words := []string{
		"", "1", "-1", "9223372036854775808", "x", "\x00", "\xff", "a=b", "country=DE", "sub1~=\x00", "clicks>=1", "offer>=9e9", "%", "'", "\U0010ffff",
		strings.Repeat("é", 5000), "2026-11-22", "2026-02-30", "0001-01-01", "9999-12-31T23:59:59Z", "true", "Europe/Berlin", "currency=usd", "-clicks",
	}
	names := []string{"q", "limit", "cursor", "status", "from", "to", "tz", "filter", "sort", "dimensions", "metrics", "compare", "currency", "offer_id", "transaction_id", "test", "time"}
	paths := []string{
		"offers", "advertisers", "affiliates", "links", "users", "domains", "coupons", "postbacks", "conversions", "signals", "deliveries",
		"destinations", "clicks", "audit", "entries", "search", "reports", "reports/cohort", "reports/click-to-conversion", "reports/discrepancy",
	}
	for range 3000 {
		query := url.Values{}
		for range 1 + r.IntN(3) {
			query.Add(names[r.IntN(len(names))], words[r.IntN(len(words))])
		}
		path := "/api/v1/" + paths[r.IntN(len(paths))] + "?" + query.Encode()
		req := httptest.NewRequest(http.MethodGet, path, nil)
		req.Header.Set("Authorization", "Bearer "+w.keys[asNetwork])
		rec := httptest.NewRecorder()
		w.handler.ServeHTTP(rec, req)
		if rec.Code >= 500 && rec.Code != http.StatusServiceUnavailable {
			t.Fatalf("GET %s = %d %s", path, rec.Code, rec.Body)
		}
	}
}
