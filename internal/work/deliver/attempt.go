package deliver

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"net/url"
	"time"

	"waybill/internal/delivery"
	"waybill/internal/fault"
)

// work makes attempts until nothing is held for the host any more.
func (w *Worker) work(ctx context.Context, j job) {
	w.metrics.inFlight.Inc()
	defer w.metrics.inFlight.Dec()
	for more := true; more; {
		began := time.Now()
		host := j.host
		w.attempt(ctx, j)
		j, more = w.lanes.leave(host, time.Since(began))
	}
	w.Nudge() // a slot is free, and the next of its conversion may be due
}

// attempt sends one claimed postback and records what came of it.
func (w *Worker) attempt(ctx context.Context, j job) {
	if !w.keep(ctx, &j.owed) {
		return
	}
	a, retryAfter := w.send(ctx, j)
	if a.Error != "" && ctx.Err() != nil {
		// It was broken off here, which says nothing about the receiver.
		later, cancel := outlive(ctx, lastRecords)
		defer cancel()
		w.giveBack(later, []putBack{{j.owed, time.Now()}})
		return
	}
	after := j.owed.After(a, j.sub.Retry, retryAfter, rand.Float64()) //nolint:gosec // spreads attempts, guards nothing
	err := w.record(ctx, a, after, j.owed.LeasedUntil)
	w.metrics.count(a, after, err)
	w.report(ctx, a, after, err)
}

// keep makes sure that the lease is ours for the time of an attempt. One that
// has most of its time left was claimed just now, and is believed: asking costs
// a transaction for each postback.
func (w *Worker) keep(ctx context.Context, o *delivery.Owed) bool {
	now := time.Now()
	if o.LeasedUntil.Sub(now) > 2*w.settings.Timeout {
		return true
	}
	until := now.Add(w.settings.Lease).Truncate(time.Microsecond) // as the ledger keeps it
	ours, err := w.ledger.Renew(ctx, o.ID, o.LeasedUntil, until)
	if err != nil || !ours {
		w.log.LogAttrs(ctx, slog.LevelInfo, "postback passed on with its lease",
			slog.String("delivery_id", o.ID), slog.Any("error", err))
		return false
	}
	o.LeasedUntil = until
	return true
}

// record writes an attempt down. While the ledger is away it tries again until
// the lease ends: from then on somebody else may send the postback once more.
func (w *Worker) record(ctx context.Context, a delivery.Attempt, after delivery.Owed, lease time.Time) error {
	ctx, cancel := outlive(ctx, lastRecords)
	defer cancel()
	ctx, cancel = context.WithDeadline(ctx, lease)
	defer cancel()
	for n := 1; ; n++ {
		err := w.ledger.Record(ctx, a, after)
		if err == nil || final(err) || !sleep(ctx, backoff(n)) {
			return err
		}
	}
}

// final reports whether the ledger will not change its mind: somebody else was
// faster.
func final(err error) bool {
	switch fault.Of(err) {
	case fault.Internal, fault.Unavailable, fault.Limited:
		return false
	default:
		return true
	}
}

// report writes the one log line of an attempt. The URL's query stays out of it:
// it holds the receiver's keys.
func (w *Worker) report(ctx context.Context, a delivery.Attempt, after delivery.Owed, err error) {
	attrs := []slog.Attr{
		slog.String("delivery_id", a.DeliveryID),
		slog.Int64("subscription_id", after.SubscriptionID),
		slog.String("conversion_id", after.ConversionID),
		slog.String("event", string(after.Event)),
		slog.Int("attempt", a.Number),
		slog.String("outcome", outcome(a)),
		slog.Int("status", a.Status),
		slog.Duration("took", a.Took),
		slog.String("state", string(after.State)),
	}
	if u, bad := url.Parse(a.URL); bad == nil && a.URL != "" {
		attrs = append(attrs, slog.String("host", u.Host), slog.String("path", u.EscapedPath()))
	}
	if a.Detail != "" {
		attrs = append(attrs, slog.String("detail", a.Detail))
	}
	if after.State == delivery.Waiting {
		attrs = append(attrs, slog.Time("due_at", after.DueAt))
	}
	level := slog.LevelInfo
	if err != nil { // it will be sent again, with the same ID
		level = slog.LevelError
		attrs = append(attrs, slog.Any("unrecorded", err))
	}
	w.log.LogAttrs(ctx, level, "postback attempted", attrs...)
}

// outcome names what came of an attempt.
func outcome(a delivery.Attempt) string {
	if a.Error == "" {
		return string(delivery.Delivered)
	}
	return string(a.Error)
}
