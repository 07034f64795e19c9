package deliver

import (
	"context"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"waybill/internal/delivery"
)

// BenchmarkDelivery sends what is owed by a ledger on SQLite to a receiver on
// loopback.
func BenchmarkDelivery(b *testing.B) {
	var arrived atomic.Int64
	url := serve(b, func(http.ResponseWriter, *http.Request) { arrived.Add(1) })
	db, present := newLedger(b, url+"/?c={conversion_id}&s={status}")
	for n := range (b.N + 1) / 2 {
		owe(b, db, present().Ring(), n)
	}
	ctx, cancel := context.WithTimeout(b.Context(), 5*time.Minute)
	defer cancel()
	b.ResetTimer()
	w := begin(b, New(db, present, Settings{AllowPrivate: loopback(), PerHost: 64}, quiet()))
	for sleep(ctx, 5*time.Millisecond) {
		if arrived.Load() >= int64(b.N) {
			break
		}
	}
	b.StopTimer()
	w.end()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "deliveries/s")
	if got := arrived.Load(); got < int64(b.N) {
		b.Errorf("%d of %d arrived", got, b.N)
	}
	if left, err := db.CountDeliveries(b.Context(), delivery.Filter{State: delivery.Dead}); err != nil || left > 0 {
		b.Errorf("%d died (%v)", left, err)
	}
}
