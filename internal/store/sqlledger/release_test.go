package sqlledger

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"waybill/internal/delivery"
)

// TestReleaseMeetsAClaim: what a claim puts off behind a delivery whose end is
// recorded at the same moment may be claimed at once, and not when that one's
// lease is over.
func TestReleaseMeetsAClaim(t *testing.T) {
	db := open(t, postgresURL(t)) // SQLite has one writer
	i := newIDs(t)
	first := queue(t, db, i, 1, 1)[0]
	behind := follow(t, db, i, first)
	now := clock.Add(time.Minute)
	same(t, "claimed first", []string{first.ID}, idsOf(claim(t, db, now, 1)))

	ask := delivery.Ask{Now: now, LeaseUntil: now.Add(time.Minute), Limit: 9}
	due, err := db.due(t.Context(), ask)
	if err != nil || len(due) != 1 {
		t.Fatalf("due are %v, %v; want one queue", due, err)
	}
	met, recorded, claimed := make(chan struct{}), make(chan struct{}), make(chan error)
	go func() {
		claimed <- db.write(t.Context(), func(ctx context.Context, s session) error {
			c := claiming{s: s, engine: db.engine, ask: ask, shares: due}
			got, err := c.run(ctx)
			if len(got) != 0 {
				t.Errorf("claimed %v before what goes first was over", idsOf(got))
			}
			close(met)
			untilWaiting(ctx, t, db, recorded)
			return err
		})
	}()
	<-met
	finish(t, db, first, delivery.Delivered, now)
	close(recorded)
	if err := <-claimed; err != nil {
		t.Fatal(err)
	}
	next(t, db, behind.DueAt)
	same(t, "and then what was behind", []string{behind.ID}, idsOf(claim(t, db, now, 9)))
}

// untilWaiting waits until somebody waits for a lock in the ledger, or is done.
func untilWaiting(ctx context.Context, t *testing.T, db *DB, done <-chan struct{}) {
	const read = `SELECT COUNT(*) FROM pg_locks WHERE NOT granted AND pid IN (
		SELECT pid FROM pg_stat_activity WHERE datname = current_database())`
	for waiting := 0; waiting == 0 && ctx.Err() == nil; {
		select {
		case <-done:
			return
		case <-time.After(5 * time.Millisecond):
		}
		if err := db.reader.QueryRowContext(ctx, read).Scan(&waiting); err != nil {
			t.Error(err)
			return
		}
	}
}

// TestReleaseUnderLoad: however claims and records meet, nothing waits longer than
// for what goes before it.
func TestReleaseUnderLoad(t *testing.T) {
	db := open(t, postgresURL(t))
	i := newIDs(t)
	for _, d := range queue(t, db, i, 1, 60) {
		for range 4 {
			d = follow(t, db, i, d)
		}
	}
	now := clock.Add(time.Hour)
	var running sync.WaitGroup
	var left atomic.Int64
	left.Store(60 * 5)
	for range 6 {
		running.Go(func() {
			for idle := 0; left.Load() > 0 && idle < 200 && !t.Failed(); idle++ {
				got, err := db.Claim(t.Context(), delivery.Ask{Now: now, LeaseUntil: now.Add(time.Minute), Limit: 5})
				if err != nil {
					t.Error(err)
				}
				for _, d := range got {
					idle = 0
					finish(t, db, d, delivery.Delivered, now)
					left.Add(-1)
				}
			}
		})
	}
	running.Wait()
	if n := left.Load(); n > 0 {
		t.Errorf("%d are put off though nothing goes before them", n)
	}
}
