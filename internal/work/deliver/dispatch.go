package deliver

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/delivery"
)

// How long the dispatcher rests between two looks into the ledger.
const (
	shortest = 5 * time.Millisecond // so that a burst of nudges is one look
	longest  = time.Second          // other nodes owe too, and do not nudge
)

// longestLook is how long the ledger may take to answer a look. A server that
// vanished from the network would not end it by itself.
const longestLook = 30 * time.Second

// first is how many are claimed of a subscription of which nothing is known: one
// to be sent, and one to follow.
const first = 2

// unknownFor is how long a postback waits to be looked at again whose
// subscription the catalog does not have, or has as paused, or as one that is
// broken. None of that is the postback's fault: the catalog may be old, and a
// subscription can be mended.
const unknownFor = 5 * time.Second

// job is one claimed postback on its way.
type job struct {
	owed  delivery.Owed
	sub   *catalog.Subscription
	host  string
	probe bool // its breaker is half open
}

// putBack is a claimed postback that is given back, not to be claimed until a
// time.
type putBack struct {
	owed  delivery.Owed
	until time.Time
}

// look claims what is due and sets it on its way. It gives how long to rest.
func (w *Worker) look(ctx, sending context.Context) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, longestLook)
	defer cancel()
	now := w.now()
	w.destinations.follow(w.catalog())
	w.launch(sending)
	room := w.lanes.room(now)
	if room == 0 {
		return w.until(w.lanes.relief(), now), nil // a sender that is done wakes it, too
	}
	ask := w.ask(room, now)
	claimed, err := w.ledger.Claim(ctx, ask)
	if err != nil {
		return 0, err
	}
	w.place(sending, claimed, ask)
	if len(claimed) == room {
		return 0, nil // there may be more
	}
	ask = w.ask(room, w.now()) // less than before of what was claimed
	next, err := w.ledger.NextDue(ctx, ask)
	if err != nil {
		return 0, err
	}
	pause := w.until(next, now)
	for _, at := range []time.Time{w.destinations.ripe(now), w.lanes.relief()} {
		pause = min(pause, w.until(at, now))
	}
	return pause, nil
}

// until gives how long to rest before a time: neither too short nor too long.
// Zero is no time.
func (w *Worker) until(at, now time.Time) time.Duration {
	if at.IsZero() {
		return longest
	}
	return min(max(at.Sub(now), shortest), longest)
}

// ask says what can be taken now.
func (w *Worker) ask(room int, now time.Time) delivery.Ask {
	v := w.lanes.look(now)
	w.destinations.bound(v, first, now)
	return delivery.Ask{Now: now, LeaseUntil: now.Add(w.lease()), Limit: room, Most: v.most, Each: first}
}

// lease gives how long a claim lasts: at least three times as long as any
// attempt.
func (w *Worker) lease() time.Duration {
	return max(w.settings.Lease, 3*w.destinations.timeout())
}

// rest waits until the pause is over, or something happens.
func (w *Worker) rest(ctx context.Context, pause time.Duration) {
	t := time.NewTimer(pause)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	case <-w.wake:
		sleep(ctx, shortest)
	}
}

// sleep waits, and reports whether it was left to.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// place sets what was claimed on its way.
func (w *Worker) place(sending context.Context, claimed []delivery.Owed, ask delivery.Ask) {
	present := w.catalog()
	var back []putBack
	count := make(map[int64]int)
	for _, o := range claimed {
		j, ready := prepare(present, o)
		if !ready {
			until := ask.Now.Add(unknownFor)
			w.destinations.silence(o.SubscriptionID, until) // or all that wait for it are claimed in turn
			back = append(back, putBack{o, until})
			continue
		}
		count[o.SubscriptionID]++
		j.probe = w.destinations.probing(o.SubscriptionID, ask.Now)
		if !w.lanes.enter(j, ask.Now) {
			back = append(back, putBack{o, ask.Now})
		}
	}
	w.destinations.took(count, ask)
	w.launch(sending)
	w.giveBack(sending, back)
}

// launch sends what may be sent.
func (w *Worker) launch(sending context.Context) {
	for _, f := range w.lanes.next(w.now()) {
		w.sending.Go(func() { w.fly(sending, f) })
	}
}

// prepare finds out where a postback goes. It is not ready while the catalog
// cannot tell. The ledger gives no postbacks of subscriptions that are paused, and
// none is ever removed, so what the catalog does not have it does not have yet.
func prepare(c *catalog.Catalog, o delivery.Owed) (j job, ready bool) {
	sub, ok := c.Subscription(o.SubscriptionID)
	if !ok || sub.Plan == nil || sub.Status != delivery.Active {
		return job{}, false
	}
	return job{owed: o, sub: sub, host: sub.Plan.Host()}, true
}

// giveBack ends leases early. What cannot be given back is left to its lease.
func (w *Worker) giveBack(ctx context.Context, back []putBack) {
	if len(back) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, lastRecords)
	defer cancel()
	var all sync.WaitGroup
	for _, b := range back { // side by side: the ledger commits them together
		all.Go(func() {
			if _, err := w.ledger.Renew(ctx, b.owed.ID, b.owed.LeasedUntil, b.until); err != nil {
				w.log.LogAttrs(ctx, slog.LevelDebug, "postback left to its lease",
					slog.String("delivery_id", b.owed.ID), slog.Any("error", err))
			}
		})
	}
	all.Wait()
}
