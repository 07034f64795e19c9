package deliver

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/delivery"
	"waybill/internal/receiver"
)

// How long the dispatcher rests between two looks into the ledger.
const (
	shortest = 5 * time.Millisecond   // so that a burst of nudges is one look
	crowded  = 100 * time.Millisecond // while hosts are full: each look gives some back
	longest  = time.Second            // other nodes owe too, and do not nudge
)

// unknownFor is how long a postback waits to be looked at again whose
// subscription the catalog does not have, or has as paused, or with a URL that
// does not parse. None of that is the postback's fault: the catalog may be old,
// and a URL can be mended.
const unknownFor = 5 * time.Second

// job is one claimed postback on its way.
type job struct {
	owed delivery.Owed
	sub  delivery.Subscription
	plan *receiver.Plan
	host string
}

// pause is how long the dispatcher rests. A deaf one is not cut short.
type pause struct {
	wait time.Duration
	deaf bool
}

// putBack is a claimed postback that is given back, not to be claimed until a
// time.
type putBack struct {
	owed  delivery.Owed
	until time.Time
}

// look claims what is due and sets it on its way.
func (w *Worker) look(ctx, sending context.Context) (pause, error) {
	room := w.lanes.free()
	if room == 0 {
		return pause{wait: longest}, nil // a sender that is done wakes it
	}
	now := time.Now()
	claimed, err := w.ledger.Claim(ctx, now, now.Add(w.settings.Lease), room)
	if err != nil {
		return pause{}, err
	}
	if full := w.place(sending, claimed, now); full {
		return pause{wait: crowded, deaf: true}, nil
	}
	if len(claimed) == room {
		return pause{}, nil // there may be more
	}
	next, err := w.ledger.NextDue(ctx)
	if err != nil {
		return pause{}, err
	}
	if next.IsZero() {
		return pause{wait: longest}, nil
	}
	return pause{wait: min(max(time.Until(next), shortest), longest)}, nil
}

// rest waits until the pause is over, or something happens.
func (w *Worker) rest(ctx context.Context, p pause) {
	if p.deaf {
		sleep(ctx, p.wait)
		return
	}
	t := time.NewTimer(p.wait)
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

// place sets what was claimed on its way, and reports whether some of it met a
// host that is full.
func (w *Worker) place(sending context.Context, claimed []delivery.Owed, now time.Time) (full bool) {
	present := w.catalog()
	var back []putBack
	for _, o := range claimed {
		j, ready := prepare(present, o)
		if !ready {
			back = append(back, putBack{o, now.Add(unknownFor)})
			continue
		}
		switch where, until := w.lanes.enter(j, now); where {
		case start:
			w.sending.Go(func() { w.work(sending, j) })
		case putOff:
			full = true
			back = append(back, putBack{o, until})
		case hold:
		}
	}
	w.giveBack(sending, back)
	return full
}

// prepare finds out where a postback goes. It is not ready while the catalog
// cannot tell. The ledger gives no postbacks of subscriptions that are paused, and
// none is ever removed, so what the catalog does not have it does not have yet.
func prepare(c *catalog.Catalog, o delivery.Owed) (j job, ready bool) {
	sub, ok := c.Subscription(o.SubscriptionID)
	if !ok || sub.Plan == nil || sub.Status != delivery.Active {
		return job{}, false
	}
	return job{owed: o, sub: sub.Subscription, plan: sub.Plan, host: sub.Plan.Host()}, true
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
