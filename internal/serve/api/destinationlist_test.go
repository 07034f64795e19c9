package api

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"waybill/internal/conversion"
	"waybill/internal/delivery"
)

func TestDestinationsArePaged(t *testing.T) {
	w := newWorld(t)
	for n := range 5 {
		body := fmt.Sprintf(`{"owner":{"affiliate_id":%d},"name":"pixel %d","url":"https://h%d.example/?c={aff_click_id}"}`, n%2+1, n, n%2)
		if got := w.do(t, asNetwork, "POST", "postbacks", body); got.status != http.StatusCreated {
			t.Fatalf("POST postbacks = %d %s", got.status, got.text)
		}
	}
	rising := w.all(t, asNetwork, "destinations?", "id")
	falling := w.all(t, asNetwork, "destinations?order=desc", "id")
	if slices.Reverse(falling); !slices.Equal(rising, falling) || len(rising) < 5 {
		t.Errorf("destinations rise as %v and fall as the reverse of %v", rising, falling)
	}
	of := func(name string) string {
		for _, id := range rising {
			if got := w.do(t, asNetwork, "GET", "destinations/"+id, ""); got.body["name"] == name {
				return id
			}
		}
		t.Fatalf("there is no destination %s", name)
		return ""
	}
	first, second, third := of("pixel 0"), of("pixel 1"), of("pixel 2")
	for _, id := range []string{first, third} {
		w.outage(t, id)
	}
	for _, tt := range []struct {
		as, query string
		want      []string
	}{
		{asNetwork, "host=h1.example", []string{"pixel 1", "pixel 3"}},
		{asNetwork, "host=h1.example&order=desc", []string{"pixel 3", "pixel 1"}},
		{asNetwork, "host=H0.EXAMPLE&status=active", []string{"pixel 0", "pixel 2", "pixel 4"}},
		{asNetwork, "host=nowhere.example", []string{}},
		{asNetwork, "breaker=open", []string{"pixel 0", "pixel 2"}},
		{asNetwork, "breaker=open&order=desc", []string{"pixel 2", "pixel 0"}},
		{asNetwork, "breaker=open&host=h1.example", []string{}},
		{asNetwork, "breaker=closed&host=h0.example", []string{"pixel 4"}},
		{asNetwork, "ids=" + third + "," + second + "," + third + ",99999", []string{"pixel 1", "pixel 2"}},
		{asNetwork, "ids=" + third + "," + second + "&affiliate_id=1", []string{"pixel 2"}},
		{asAffiliate1, "ids=" + third + "," + second, []string{"pixel 2"}},
		{asAffiliate2, "breaker=open", []string{}},
	} {
		if got := w.all(t, tt.as, "destinations?"+tt.query, "name"); !slices.Equal(got, tt.want) {
			t.Errorf("destinations?%s of %s: %v, want %v", tt.query, tt.as, got, tt.want)
		}
	}
	for _, query := range []string{"ids=x", "ids=1," + strings.Repeat("1,", 200) + "1"} {
		if got := w.do(t, asNetwork, "GET", "destinations?"+query, ""); got.status != http.StatusUnprocessableEntity {
			t.Errorf("destinations?%.20s = %d, want 422", query, got.status)
		}
	}
}

// outage has a destination's breaker opened.
func (w *world) outage(t *testing.T, id string) {
	t.Helper()
	var n int64
	if _, err := fmt.Sscan(id, &n); err != nil {
		t.Fatal(err)
	}
	ids := w.owe(t, n, 1, func(o *delivery.Owed) { o.Event = conversion.EventPaid })
	owed, err := w.db.Delivery(t.Context(), ids[0])
	if err != nil {
		t.Fatal(err)
	}
	owed.Attempts++
	owed.DueAt = noon.Add(time.Hour)
	report := delivery.Report{
		Attempt: delivery.Attempt{DeliveryID: ids[0], Number: owed.Attempts, At: noon, Method: "GET", URL: "https://h.example/", Error: delivery.ErrRefused},
		After:   owed,
		Breaker: &delivery.Breaker{
			SubscriptionID: n, State: delivery.BreakerOpen, Failures: 20, OpenedAt: noon, ProbeAt: noon.Add(time.Hour), Class: delivery.ErrRefused,
		},
	}
	if err := w.db.Record(t.Context(), report); err != nil {
		t.Fatal(err)
	}
}

func TestDeadLettersArePaged(t *testing.T) {
	w := newWorld(t)
	for i, id := range w.owe(t, 1, 9, nil) {
		w.fail(t, id, delivery.Dead, delivery.ErrStatus, []int{400, 401, 401, 402, 402, 402, 403, 403, 404}[i])
	}
	whole := w.do(t, asNetwork, "GET", "deliveries/dead", "")
	data, _ := whole.body["data"].([]any)
	if whole.body["next_cursor"] != "" || len(data) != 5 {
		t.Fatalf("dead letters: %d groups, next %v; want all 5", len(data), whole.body["next_cursor"])
	}
	var want []string
	for _, one := range data {
		o, _ := one.(map[string]any)
		want = append(want, fmt.Sprint(o["http_status"]))
	}
	if got := w.all(t, asNetwork, "deliveries/dead?", "http_status"); !slices.Equal(got, want) {
		t.Errorf("dead letters, page by page: %v, want %v", got, want)
	}
	if got := w.all(t, asNetwork, "deliveries/dead?subscription_id=2", "http_status"); len(got) != 0 {
		t.Errorf("of another subscription: %v", got)
	}
	for _, cursor := range []string{"%21", "YQ", "MSAyIDM", "eCB5IHogdw"} {
		if got := w.do(t, asNetwork, "GET", "deliveries/dead?cursor="+cursor, ""); got.status != http.StatusUnprocessableEntity {
			t.Errorf("cursor %s = %d %s, want 422", cursor, got.status, got.text)
		}
	}
}
