package deliver

import (
	"context"
	"log/slog"
	"strconv"
	"time"

	"waybill/internal/delivery"
)

// How often the breakers of other nodes are looked at, and the queues.
const (
	breakersEvery = time.Second
	queuesEvery   = 15 * time.Second
)

// How long a replay rests between two steps, so that what is due goes on
// meanwhile, and how long it is looked for when there is none.
const (
	stepRest = 50 * time.Millisecond
	noReplay = time.Second
)

// follow takes over the breakers as the ledger has them.
func (w *Worker) follow(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, longestLook)
	defer cancel()
	read := w.now()
	kept, err := w.ledger.Breakers(ctx)
	if err != nil {
		return err
	}
	if closed := w.destinations.adopt(kept, read); len(closed) > 0 {
		w.Nudge()
	}
	return nil
}

// keepHouse follows the breakers and watches the queues until ctx is done.
func (w *Worker) keepHouse(ctx context.Context) {
	watched := time.Time{}
	for sleep(ctx, breakersEvery) {
		if err := w.follow(ctx); err != nil {
			continue // the dispatcher says so
		}
		if w.now().Sub(watched) < queuesEvery {
			continue
		}
		watched = w.now()
		all, err := w.queues(ctx)
		if err != nil {
			continue
		}
		w.metrics.see(all)
		for _, d := range all {
			w.watch(ctx, d, w.now())
		}
	}
}

// queues tells of all queues.
func (w *Worker) queues(ctx context.Context) ([]delivery.Destination, error) {
	ctx, cancel := context.WithTimeout(ctx, longestLook)
	defer cancel()
	return w.ledger.Destinations(ctx)
}

// watch tells of a queue that has grown old, once until it is young again.
func (w *Worker) watch(ctx context.Context, d delivery.Destination, now time.Time) {
	age := d.Backlog(now)
	limit := w.settings.BacklogAge
	switch told := w.told[d.SubscriptionID]; {
	case age < limit/2:
		delete(w.told, d.SubscriptionID)
		return
	case told, age < limit:
		return
	}
	sub, ok := w.catalog().Subscription(d.SubscriptionID)
	if !ok || sub.Status != delivery.Active {
		return
	}
	w.told[d.SubscriptionID] = true
	at := d.OldestDue.Truncate(time.Hour) // the same for all nodes, and after a restart
	if !d.Breaker.Closed() {
		at = d.Breaker.OpenedAt
	}
	w.log.LogAttrs(ctx, slog.LevelWarn, "destination has an old backlog",
		w.logged(d.SubscriptionID, slog.Duration("age", age), slog.Int64("waiting", d.Waiting))...)
	w.tell(ctx, news{delivery.EventDestinationBacklog, sub.Subscription, at, map[string]string{
		"waiting": strconv.FormatInt(d.Waiting, 10), "since": stamp(d.OldestDue),
	}})
}

// replay steps replays on until ctx is done.
func (w *Worker) replay(ctx context.Context) {
	rest := noReplay
	for sleep(ctx, rest) {
		more, err := w.ledger.StepReplay(ctx, w.now())
		switch {
		case err != nil && ctx.Err() == nil:
			w.log.LogAttrs(ctx, slog.LevelWarn, "replay waits", slog.Any("error", err))
			rest = backoff(4)
		case more:
			rest = stepRest
			w.Nudge()
		default:
			rest = noReplay
		}
	}
}
