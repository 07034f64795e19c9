package api

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// all reads a list to its end, two a page, and gives a field of each document.
func (w *world) all(t *testing.T, as, path, field string) []string {
	t.Helper()
	got := []string{}
	for cursor := ""; ; {
		page := w.do(t, as, "GET", path+"&limit=2&cursor="+cursor, "")
		if page.status != http.StatusOK {
			t.Fatalf("GET %s = %d %s", path, page.status, page.text)
		}
		data, _ := page.body["data"].([]any)
		if len(data) > 2 {
			t.Fatalf("GET %s gives %d, want at most 2", path, len(data))
		}
		for _, one := range data {
			o, _ := one.(map[string]any)
			got = append(got, fmt.Sprint(o[field]))
		}
		if cursor, _ = page.body["next_cursor"].(string); cursor == "" {
			return got
		}
	}
}

func TestListsGoEitherWay(t *testing.T) {
	w := newWorld(t)
	for path, make := range map[string]func(n int) string{
		"advertisers": func(n int) string { return fmt.Sprintf(`{"name":"shop %d"}`, n) },
		"affiliates":  func(n int) string { return fmt.Sprintf(`{"name":"blog %d"}`, n) },
		"offers": func(n int) string {
			return fmt.Sprintf(`{"advertiser_id":1,"name":"offer %d","destination_url":"https://shop.example/?t={transaction_id}"}`, n)
		},
		"terms":   func(int) string { return `{"offer_id":1,"affiliate_id":1,"payout":{"type":"cpa","amount":"5.00"}}` },
		"coupons": func(n int) string { return fmt.Sprintf(`{"offer_id":1,"affiliate_id":1,"code":"MAY%d"}`, n) },
		"postbacks": func(n int) string {
			return fmt.Sprintf(`{"owner":{"affiliate_id":1},"name":"pixel %d","url":"https://t.example/?c={aff_click_id}"}`, n)
		},
		"domains":        func(n int) string { return fmt.Sprintf(`{"advertiser_id":1,"host":"go%d.shop.example"}`, n) },
		"offers/1/goals": func(n int) string { return fmt.Sprintf(`{"code":"goal%d"}`, n) },
		"keys":           func(n int) string { return fmt.Sprintf(`{"role":"network","name":"key %d"}`, n) },
		"users":          func(n int) string { return fmt.Sprintf(`{"role":"analyst","email":"a%d@example.com"}`, n) },
	} {
		for n := range 3 {
			if got := w.do(t, asNetwork, "POST", path, make(n)); got.status != http.StatusCreated {
				t.Fatalf("POST %s = %d %s", path, got.status, got.text)
			}
		}
		rising, falling := w.all(t, asNetwork, path+"?order=asc", "id"), w.all(t, asNetwork, path+"?order=desc", "id")
		if usual := w.all(t, asNetwork, path+"?", "id"); !slices.Equal(usual, rising) || len(rising) < 3 {
			t.Errorf("%s without an order: %v, want as with asc: %v", path, usual, rising)
		}
		slices.Reverse(rising)
		if !slices.Equal(rising, falling) {
			t.Errorf("%s, the newest first: %v, want %v", path, falling, rising)
		}
	}
	if got := w.all(t, asNetwork, "postbacks?order=desc&q=PIXEL+1", "name"); !slices.Equal(got, []string{"pixel 1"}) {
		t.Errorf("postbacks called pixel 1: %v", got)
	}
	if got := w.all(t, asNetwork, "keys?q=KEY+1", "name"); !slices.Equal(got, []string{"key 1"}) {
		t.Errorf("keys called key 1: %v", got)
	}
}

func TestLinksGoEitherWay(t *testing.T) {
	w := newWorld(t)
	for _, code := range []string{"mmm", "zzz", "aaa"} {
		if got := w.do(t, asNetwork, "POST", "links", fmt.Sprintf(`{"code":%q,"offer_id":1,"affiliate_id":1}`, code)); got.status != http.StatusCreated {
			t.Fatalf("POST links = %d %s", got.status, got.text)
		}
	}
	ours := func(codes []string) []string {
		return slices.DeleteFunc(codes, func(c string) bool { return len(c) != 3 || c[0] != c[2] })
	}
	if got, want := ours(w.all(t, asNetwork, "links?", "code")), []string{"aaa", "mmm", "zzz"}; !slices.Equal(got, want) {
		t.Errorf("links: %v, want by code %v", got, want)
	}
	// The clock stands: all were made at the same time.
	if got, want := ours(w.all(t, asNetwork, "links?order=desc", "code")), []string{"zzz", "mmm", "aaa"}; !slices.Equal(got, want) {
		t.Errorf("links, the newest first: %v, want %v", got, want)
	}
}

func TestACursorGoesWithItsOrder(t *testing.T) {
	w := newWorld(t)
	for n := range 3 {
		w.do(t, asNetwork, "POST", "affiliates", fmt.Sprintf(`{"name":"blog %d"}`, n))
	}
	for _, tt := range []struct{ given, used string }{{"asc", "desc"}, {"desc", "asc"}} {
		first := w.do(t, asNetwork, "GET", "affiliates?limit=1&order="+tt.given, "")
		next, _ := first.body["next_cursor"].(string)
		got := w.do(t, asNetwork, "GET", "affiliates?limit=1&order="+tt.used+"&cursor="+next, "")
		if got.status != http.StatusUnprocessableEntity || !strings.Contains(got.text, "query.cursor") {
			t.Errorf("a cursor of %s with %s: %d %s, want 422 at query.cursor", tt.given, tt.used, got.status, got.text)
		}
	}
	if got := w.do(t, asNetwork, "GET", "affiliates?order=newest", ""); got.status != http.StatusUnprocessableEntity {
		t.Errorf("an order there is not: %d, want 422", got.status)
	}
}

func TestPartnersListTheirOwn(t *testing.T) {
	w := newWorld(t)
	for n := range 5 {
		body := fmt.Sprintf(`{"owner":{"affiliate_id":%d},"name":"pixel %d","url":"https://t.example/?c={aff_click_id}"}`, n%2+1, n)
		if got := w.do(t, asNetwork, "POST", "postbacks", body); got.status != http.StatusCreated {
			t.Fatalf("POST postbacks = %d %s", got.status, got.text)
		}
	}
	mine := w.all(t, asAffiliate1, "postbacks?order=desc&q=pixel", "name")
	if want := []string{"pixel 4", "pixel 2", "pixel 0"}; !slices.Equal(mine, want) {
		t.Errorf("an affiliate's postbacks: %v, want %v", mine, want)
	}
	if got := w.all(t, asNetwork, "postbacks?affiliate_id=2&q=pixel", "name"); !slices.Equal(got, []string{"pixel 1", "pixel 3"}) {
		t.Errorf("the second affiliate's: %v", got)
	}
	if got := w.all(t, asNetwork, "users?affiliate_id=1", "id"); len(got) != 0 {
		t.Errorf("people of an affiliate that has none: %v", got)
	}
}
