package sqlledger

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"waybill/internal/delivery"
	"waybill/internal/fault"
)

// TestNodesClaim lets several nodes claim and record at once. They die now and
// then: with deliveries on a lease, and in the midst of asking the ledger. No
// delivery is ever on two leases, none is forgotten, and those of one conversion
// and subscription go in their order.
func TestNodesClaim(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) {
		db := open(t, sqliteURL(t)) // has one node
		nodesClaim(t, []*DB{db, db, db, db})
	})
	t.Run("postgres", func(t *testing.T) {
		url := postgresURL(t)
		nodesClaim(t, []*DB{open(t, url), open(t, url), open(t, url), open(t, url)})
	})
}

func nodesClaim(t *testing.T, nodes []*DB) {
	const conversions, events = 15, 3
	i := newIDs(t)
	w := &witness{t: t, now: clock.Add(time.Hour), leases: make(map[try]time.Time)}
	for s := int64(1); s <= 2; s++ {
		for _, d := range queue(t, nodes[0], i, s, conversions) {
			w.all = append(w.all, d)
			for range events - 1 {
				d = follow(t, nodes[0], i, d)
				w.all = append(w.all, d)
			}
		}
	}
	_, err := nodes[0].Subscriptions().Update(t.Context(), 2, 0, func(u *delivery.Subscription) error {
		u.Backlog = delivery.Newest
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	for n, db := range nodes {
		running.Go(func() {
			random := rand.New(rand.NewPCG(7, uint64(n)))
			for more := true; more && !t.Failed(); {
				more = w.turn(db, random)
			}
		})
	}
	running.Wait()
	for _, d := range w.all {
		got, err := patiently(func() (delivery.Owed, error) { return nodes[0].Delivery(t.Context(), d.ID) })
		if err != nil || got.State != delivery.Delivered && got.State != delivery.Dead {
			t.Errorf("%s is forgotten: %+v, %v", d.ID, got, err)
		}
	}
	t.Logf("%d claims brought something, %d deliveries were left on their lease", w.claims, w.left)
	if w.left == 0 {
		t.Error("no node has ever died, so nothing is shown")
	}
	checkClean(t, nodes[0])
}

const leaseTime = time.Minute

// patiently asks again while the ledger cannot be reached, as it may be for a
// moment when every cancelled query costs a connection.
func patiently[T any](ask func() (T, error)) (T, error) {
	for tries := 0; ; tries++ {
		got, err := ask()
		if fault.Of(err) != fault.Unavailable || tries == 20 {
			return got, err
		}
	}
}

// witness sees what all nodes do.
type witness struct {
	t   *testing.T
	all []delivery.Owed

	mu     sync.Mutex
	now    time.Time         // for all nodes
	leases map[try]time.Time // that were given, and their ends
	claims int
	left   int
}

// try is a delivery and how many attempts were recorded when it was claimed. With
// the next one recorded all leases for it are over, also that of a node which has
// claimed it since from one that was late to record.
type try struct {
	id       string
	attempts int
}

// lifetime gives a context that may well end in the midst of what is asked.
func lifetime(random *rand.Rand) (context.Context, context.CancelFunc) {
	if random.IntN(4) > 0 {
		return context.WithTimeout(context.Background(), time.Minute)
	}
	return context.WithTimeout(context.Background(), time.Duration(random.IntN(4000))*time.Microsecond)
}

// turn claims, and records what was claimed unless the node dies. It reports
// false when nothing waits any more.
func (w *witness) turn(db *DB, random *rand.Rand) bool {
	w.mu.Lock()
	ask := delivery.Ask{Now: w.now, LeaseUntil: w.now.Add(leaseTime), Limit: 1 + random.IntN(6)}
	w.mu.Unlock()
	ctx, cancel := lifetime(random)
	got, err := db.Claim(ctx, ask)
	cancel()
	if err != nil {
		return true // it may have leased some all the same
	}
	if len(got) == 0 {
		return w.wait(db, ask)
	}
	w.lease(ask, got)
	for _, d := range got {
		if random.IntN(5) > 0 {
			w.attempt(db, random, d)
			continue
		}
		w.mu.Lock()
		w.left++
		w.mu.Unlock()
	}
	return true
}

// wait moves the time on to when something is due.
func (w *witness) wait(db *DB, ask delivery.Ask) bool {
	next, err := patiently(func() (time.Time, error) { return db.NextDue(context.Background(), ask) })
	if err != nil {
		w.t.Error(err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if next.After(w.now) {
		w.now = next
	}
	return !next.IsZero()
}

// lease notes leases, and that nobody else has one, and nothing goes before.
func (w *witness) lease(ask delivery.Ask, got []delivery.Owed) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.claims++
	for _, d := range got {
		of := try{d.ID, d.Attempts}
		until, held := w.leases[of] // which may be the later one: this node was slow to tell
		if held && until.After(ask.Now) && until.Add(-leaseTime).Before(d.LeasedUntil) {
			w.t.Errorf("%s was claimed at %s and is on a lease until %s", d.ID, ask.Now, until)
		}
		if d.LeasedUntil.After(until) {
			w.leases[of] = d.LeasedUntil
		}
		if !d.LeasedUntil.Equal(ask.LeaseUntil) || d.State != delivery.Waiting {
			w.t.Errorf("claimed %+v", d)
		}
	}
}

// attempt records an attempt. That a node is too late, cannot reach the ledger, or
// dies before it hears of it, is nothing to complain of: the lease ends.
func (w *witness) attempt(db *DB, random *rand.Rand, d delivery.Owed) {
	w.inOrder(db, d)
	a := delivery.Attempt{DeliveryID: d.ID, Number: d.Attempts + 1, At: d.LeasedUntil.Add(-leaseTime), Status: 200}
	if random.IntN(3) == 0 {
		a.Status, a.Error = 503, delivery.ErrStatus
	}
	after := d.After(a, nil, 0, random.Float64())
	ctx, cancel := lifetime(random)
	defer cancel()
	err := db.Record(ctx, delivery.Report{Attempt: a, After: after})
	if err != nil && ctx.Err() == nil && fault.Of(err) != fault.Stale && fault.Of(err) != fault.Unavailable {
		w.t.Errorf("record %s: %v", d.ID, err)
	}
}

// inOrder looks whether what goes before a delivery is over.
func (w *witness) inOrder(db *DB, d delivery.Owed) {
	for _, other := range w.all {
		if other.ConversionID != d.ConversionID || other.SubscriptionID != d.SubscriptionID || other.Sequence >= d.Sequence {
			continue
		}
		got, err := patiently(func() (delivery.Owed, error) { return db.Delivery(context.Background(), other.ID) })
		if err != nil || got.State == delivery.Waiting {
			w.t.Errorf("%s was claimed while %s is %s (%v)", d.ID, other.ID, got.State, fmt.Sprint(err))
		}
	}
}
