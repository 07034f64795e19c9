package sqlledger

import (
	"context"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"waybill/internal/delivery"
)

// Of the queues that benchmarks fill.
const (
	manyQueued = 1_000_000
	manyQueues = 100
)

// fillQueues owes n postbacks, each of a conversion of its own, to the first
// subscriptions, in turn. All are due at clock.
func fillQueues(t testing.TB, db *DB, n, subscriptions int64) {
	t.Helper()
	const insert = `
		WITH RECURSIVE n (i) AS (SELECT CAST($1 AS BIGINT) UNION ALL SELECT i + 1 FROM n WHERE i < $2)
		INSERT INTO delivery (id, subscription_id, conversion_id, transaction_id, sequence, event, test, frozen,
			state, attempts, created_at, due_at, leased_until, done_at, claim_at)
		SELECT '7000000000000' || CAST(1000000000000000000 + i AS TEXT), 1 + i % $3,
			'6000000000000' || CAST(1000000000000000000 + i AS TEXT),
			'4000000000000' || CAST(1000000000000000000 + i AS TEXT), 1, 'conversion.created', FALSE,
			'{"aff_click_id":"a1b2c3d4e5f6","amount":"70.00","conversion_id":"6000000000000","currency":"USD",' ||
			'"event":"conversion.created","goal":"default","offer_id":"3","payout":"5.00","status":"approved",' ||
			'"sub1":"may","transaction_id":"4000000000000"}',
			'waiting', 0, $4 + i, $4 + i, 0, 0, $4 + i FROM n`
	subscribe(t, db, subscriptions)
	const step = 50_000
	for from := int64(1); from <= n; from += step {
		err := db.writer.long(t.Context(), func(ctx context.Context, s session) error {
			_, err := s.exec(ctx, insert, from, min(n, from+step-1), subscriptions, micros(clock.Add(-time.Hour)))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// BenchmarkDeliver claims and records with 64 in flight, as a worker does whose
// receivers answer at once, while a million postbacks are due in a hundred
// queues.
func BenchmarkDeliver(b *testing.B) {
	for _, e := range engines {
		b.Run(e.name, func(b *testing.B) {
			db := open(b, e.at(b))
			fillQueues(b, db, manyQueued, manyQueues)
			b.ResetTimer()
			before := cpuTime(b)
			claims := deliverAll(b, db, 64, b.N)
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "delivered/s")
			b.ReportMetric(float64(b.N)/float64(claims), "deliveries/claim")
			b.ReportMetric(float64((cpuTime(b)-before).Microseconds())/float64(b.N), "cpu-µs/op")
			s := db.Stats()
			b.ReportMetric(float64(s.Transactions)/float64(max(s.Commits, 1)), "writes/commit")
		})
	}
}

// BenchmarkSettleQueued settles conversions that are owed to somebody, with
// nothing in the queues and with a million postbacks in them: the second shall
// take little more than the first.
func BenchmarkSettleQueued(b *testing.B) {
	for _, e := range engines {
		for _, queued := range []struct {
			name string
			n    int64
		}{{"empty", 0}, {"million", manyQueued}} {
			b.Run(e.name+"/"+queued.name, func(b *testing.B) {
				db := open(b, e.at(b))
				fillQueues(b, db, queued.n, manyQueues)
				before := cpuTime(b)
				benchmarkSettle(b, db, uncapped)
				b.ReportMetric(float64((cpuTime(b)-before).Microseconds())/float64(b.N), "cpu-µs/op")
			})
		}
	}
}

// cpuTime gives what this process has used so far. It tells more than the time
// that passes on a machine that does other things, too.
func cpuTime(t testing.TB) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// deliverAll claims and records n postbacks, and gives how many claims that took.
func deliverAll(t testing.TB, db *DB, inFlight, n int) (claims int) {
	t.Helper()
	slots := make(chan struct{}, inFlight) // one for each in flight
	var sending sync.WaitGroup
	var failed atomic.Bool
	for taken := 0; taken < n && !failed.Load(); claims++ {
		slots <- struct{}{}
		room := min(inFlight-len(slots)+1, n-taken)
		<-slots
		got, err := db.Claim(t.Context(), delivery.Ask{Now: clock, LeaseUntil: clock.Add(time.Minute), Limit: room})
		if err != nil || len(got) == 0 {
			t.Errorf("claimed %d, %v", len(got), err)
			break
		}
		taken += len(got)
		for _, d := range got {
			slots <- struct{}{}
			sending.Go(func() {
				defer func() { <-slots }()
				a := delivery.Attempt{
					DeliveryID: d.ID, Number: 1, At: clock, Took: time.Millisecond, Method: "GET",
					URL: "https://tracker.example/postback?cid=a1b2c3d4e5f6&payout=5.00&status=approved", Status: 200, Body: "OK",
				}
				if err := db.Record(context.Background(), delivery.Report{Attempt: a, After: d.After(a, nil, 0, 0.5)}); err != nil {
					failed.Store(true)
					t.Error(err)
				}
			})
		}
	}
	sending.Wait()
	return claims
}
