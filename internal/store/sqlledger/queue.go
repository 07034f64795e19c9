package sqlledger

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"waybill/internal/delivery"
)

// backlog is what waits for one active subscription.
type backlog struct {
	id     int64
	newest bool // the conversions that were last go first
	probe  bool // its breaker is not closed: one is let through at a time
	first  time.Time
}

// queues gives those that anything waits in, with the time from which something
// may be claimed of each; none while deliveries are parked. They are found by
// stepping through the index delivery_waiting from one subscription to the next,
// so that their number counts and not what waits in them.
func (db *DB) queues(ctx context.Context) ([]backlog, error) {
	const read = `
		WITH RECURSIVE waiting (id) AS (
			SELECT MIN(subscription_id) FROM delivery WHERE state = 'waiting'
			UNION ALL
			SELECT (SELECT MIN(d.subscription_id) FROM delivery d WHERE d.state = 'waiting' AND d.subscription_id > w.id)
			FROM waiting w WHERE w.id IS NOT NULL
		)
		SELECT s.id, s.backlog, COALESCE(b.breaker, ''), COALESCE(b.probe_at, 0), COALESCE(b.probe_until, 0),
			(SELECT MIN(d.claim_at) FROM delivery d WHERE d.state = 'waiting' AND d.subscription_id = s.id)
		FROM waiting w
		JOIN subscription s ON s.id = w.id
		LEFT JOIN destination b ON b.subscription_id = s.id
		WHERE s.status = 'active' AND NOT EXISTS (SELECT 1 FROM setting p WHERE p.name = '` + parkedSetting + `')`
	var all []backlog
	err := db.read().query(ctx, func(row scan) error {
		var q backlog
		var order delivery.Backlog
		var b delivery.Breaker
		var probeAt, probeUntil, first int64
		err := row(&q.id, &order, &b.State, &probeAt, &probeUntil, &first)
		q.newest, q.probe = order == delivery.Newest, !b.Closed()
		if q.probe {
			first = max(first, probeAt, probeUntil)
		}
		q.first = instant(first)
		all = append(all, q)
		return err
	}, read)
	return all, err
}

// turns remembers which subscription was served when, so that each has its turn
// before another has its next, however long the others' queues are.
type turns struct {
	mu   sync.Mutex
	n    uint64
	last map[int64]uint64
}

// order sorts queues by whose turn it is; of those that were never served the
// one that has waited longest goes first.
func (t *turns) order(all []backlog) {
	t.mu.Lock()
	defer t.mu.Unlock()
	slices.SortFunc(all, func(a, b backlog) int {
		return cmp.Or(cmp.Compare(t.last[a.id], t.last[b.id]), a.first.Compare(b.first), cmp.Compare(a.id, b.id))
	})
}

// served notes that the queues which were asked have had their turn.
func (t *turns) served(all []share) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.last == nil {
		t.last = make(map[int64]uint64)
	}
	for i := range all {
		if all[i].asked {
			t.n++
			t.last[all[i].id] = t.n
		}
	}
}

// NextDue gives the earliest time at which a postback may be claimed, of the
// subscriptions that the ask leaves room for; zero when none waits or deliveries
// are parked.
func (db *DB) NextDue(ctx context.Context, ask delivery.Ask) (time.Time, error) {
	all, err := db.queues(ctx)
	if err != nil {
		return time.Time{}, db.failed(err, "read when the next delivery is due")
	}
	var next time.Time
	for _, q := range all {
		if n, bounded := ask.Most[q.id]; bounded && n <= 0 {
			continue
		}
		if next.IsZero() || q.first.Before(next) {
			next = q.first
		}
	}
	return next, nil
}
