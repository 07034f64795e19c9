package deliver

import (
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"waybill/internal/delivery"
)

// TestSeriesAreBounded: so many destinations have series of their own, the rest
// are counted together, and nothing is counted twice.
func TestSeriesAreBounded(t *testing.T) {
	registry := prometheus.NewRegistry()
	m := newMetrics(registry, 2, func(id int64) string { return string(rune('a'+id)) + ".example" })
	now := time.Date(2026, time.November, 22, 12, 0, 0, 0, time.UTC)
	for id := range int64(5) {
		m.begin(id + 1)
		r := delivery.Report{Attempt: delivery.Attempt{Error: delivery.ErrRefused}, After: delivery.Owed{SubscriptionID: id + 1, State: delivery.Waiting}}
		m.count(r, string(rune('a'+id+1))+".example", nil)
	}
	m.end(1)
	m.see([]delivery.Destination{
		{SubscriptionID: 1, Waiting: 3, OldestDue: now, Breaker: delivery.Breaker{State: delivery.BreakerOpen}},
		{SubscriptionID: 3, Waiting: 10, Dead: 1, OldestDue: now},
		{SubscriptionID: 4, Waiting: 20, Dead: 2, OldestDue: now.Add(-time.Hour), Breaker: delivery.Breaker{State: delivery.BreakerOpen}},
		{SubscriptionID: 5, Breaker: delivery.Breaker{State: delivery.BreakerHalfOpen}},
	})
	got := gather(t, registry)
	maps.DeleteFunc(got, func(name string, _ float64) bool { return !strings.HasPrefix(name, "waybill_destination_") })
	one, two, rest := `{host="b.example"}`, `{host="c.example"}`, `{host="other"}`
	want := map[string]float64{
		"waybill_destination_attempts_total" + one + `{outcome="refused"}{subscription="1"}`:      1,
		"waybill_destination_attempts_total" + two + `{outcome="refused"}{subscription="2"}`:      1,
		"waybill_destination_attempts_total" + rest + `{outcome="refused"}{subscription="other"}`: 3,
		"waybill_destination_in_flight" + one + `{subscription="1"}`:                              0,
		"waybill_destination_in_flight" + two + `{subscription="2"}`:                              1,
		"waybill_destination_in_flight" + rest + `{subscription="other"}`:                         3,

		"waybill_destination_waiting" + one + `{subscription="1"}`:                      3,
		"waybill_destination_dead" + one + `{subscription="1"}`:                         0,
		"waybill_destination_breaker_open" + one + `{subscription="1"}`:                 1,
		"waybill_destination_oldest_due_timestamp_seconds" + one + `{subscription="1"}`: float64(now.Unix()),

		"waybill_destination_waiting" + rest + `{subscription="other"}`:                      30,
		"waybill_destination_dead" + rest + `{subscription="other"}`:                         3,
		"waybill_destination_breaker_open" + rest + `{subscription="other"}`:                 2,
		"waybill_destination_oldest_due_timestamp_seconds" + rest + `{subscription="other"}`: float64(now.Add(-time.Hour).Unix()),
	}
	if !maps.Equal(got, want) {
		t.Errorf("the series are\n%v, want\n%v", got, want)
	}
}
