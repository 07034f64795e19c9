package deliver

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/url"
	"time"

	"waybill/internal/delivery"
	"waybill/internal/fault"
)

// fly makes an attempt, and sets those on their way that have waited for it.
func (w *Worker) fly(ctx context.Context, f *flight) {
	id := f.job.owed.SubscriptionID
	w.metrics.begin(id)
	w.attempt(ctx, f.job, func(a *delivery.Attempt) { w.lanes.hear(f, a.Status != 0, a.Took) })
	w.metrics.end(id)
	if idle := w.lanes.land(f, w.now()); idle {
		w.Nudge() // there is room for it, and the next of its conversion may be due
	}
	w.launch(ctx)
}

// attempt sends one claimed postback and records what came of it, of which heard
// is told first.
func (w *Worker) attempt(ctx context.Context, j job, heard func(*delivery.Attempt)) {
	present, ready := prepare(w.catalog(), j.owed)
	switch now := w.now(); {
	case !ready:
		w.handBack(ctx, j, now.Add(unknownFor))
		return
	case !w.destinations.lets(j.owed.SubscriptionID, j.probe, now):
		w.handBack(ctx, j, now)
		return
	}
	j.sub = present.sub
	if !w.keep(ctx, &j) {
		return
	}
	s := w.send(ctx, j)
	if s.attempt.Error != "" && ctx.Err() != nil {
		// It was broken off here, which says nothing about the receiver.
		w.handBack(ctx, j, w.now())
		return
	}
	heard(&s.attempt)
	w.conclude(ctx, j, s)
}

// handBack gives a postback back that was not sent.
func (w *Worker) handBack(ctx context.Context, j job, until time.Time) {
	ctx, cancel := outlive(ctx, lastRecords)
	defer cancel()
	w.giveBack(ctx, []putBack{{j.owed, until}})
}

// conclude draws all consequences of an attempt.
func (w *Worker) conclude(ctx context.Context, j job, s sent) {
	jitter := rand.Float64() //nolint:gosec // spreads attempts, guards nothing
	id := j.owed.SubscriptionID
	after := j.owed.After(s.attempt, j.sub.Retry, s.retryAfter, jitter)
	t := w.destinations.note(id, s.attempt, s.retryAfter, jitter)
	quiet := s.quiet(j.sub.Format)
	if quiet > 0 {
		w.destinations.silence(id, w.now().Add(quiet))
	}
	if quiet > 0 || t.opened() || s.attempt.Error == delivery.ErrTimeout {
		w.recall(ctx, id)
	}
	report := delivery.Report{Attempt: s.attempt, After: after, Breaker: w.destinations.begin(t)}
	err := w.record(ctx, report, j.owed.LeasedUntil)
	w.destinations.end(t, err, w.now())
	w.metrics.count(report, j.host, err)
	w.report(ctx, report, err)

	later, cancel := outlive(ctx, lastRecords)
	defer cancel()
	w.turned(later, j.sub.Subscription, t)
	if s.gone(j.sub.Format) {
		w.disable(later, j.sub.Subscription, s.attempt)
	}
}

// gone reports whether the receiver wants no more of what it subscribed to.
func (s *sent) gone(f delivery.Format) bool {
	return s.attempt.Error == delivery.ErrGone && f == delivery.Webhook
}

// longestQuiet is the most that one answer silences a subscription for. Answers
// in a row open its breaker, whose pauses may be longer.
const longestQuiet = time.Minute

// quiet gives for how long an answer silences the whole subscription.
func (s *sent) quiet(f delivery.Format) time.Duration {
	switch status := s.attempt.Status; {
	case status == http.StatusTooManyRequests, status == http.StatusServiceUnavailable:
		return min(s.retryAfter, longestQuiet)
	case s.gone(f):
		return unknownFor // until it is disabled
	default:
		return 0
	}
}

// recall gives back what is held for a subscription.
func (w *Worker) recall(ctx context.Context, id int64) {
	var back []putBack
	now := w.now()
	for _, j := range w.lanes.recall(id) {
		back = append(back, putBack{j.owed, now})
	}
	w.giveBack(ctx, back)
}

// keep makes sure that the lease is ours for the time of an attempt. One that
// has most of its time left was claimed just now, and is believed: asking costs
// a transaction for each postback. What is left covers the attempt, and clocks
// that go differently elsewhere.
func (w *Worker) keep(ctx context.Context, j *job) bool {
	now := w.now()
	if j.owed.LeasedUntil.Sub(now) > 2*max(w.timeout(j), w.settings.Timeout) {
		return true
	}
	until := now.Add(w.lease()).Truncate(time.Microsecond) // as the ledger keeps it
	ours, err := w.ledger.Renew(ctx, j.owed.ID, j.owed.LeasedUntil, until)
	if err != nil || !ours {
		w.log.LogAttrs(ctx, slog.LevelInfo, "postback passed on with its lease",
			slog.String("delivery_id", j.owed.ID), slog.Any("error", err))
		return false
	}
	j.owed.LeasedUntil = until
	return true
}

// timeout gives the time of a whole attempt.
func (w *Worker) timeout(j *job) time.Duration {
	if own := j.sub.Timeout.Duration(); own > 0 {
		return own
	}
	return w.settings.Timeout
}

// record writes an attempt down. While the ledger is away it tries again until
// the lease ends: from then on somebody else may send the postback once more.
func (w *Worker) record(ctx context.Context, r delivery.Report, lease time.Time) error {
	ctx, cancel := outlive(ctx, lastRecords)
	defer cancel()
	ctx, cancel = context.WithTimeout(ctx, lease.Sub(w.now()))
	defer cancel()
	for n := 1; ; n++ {
		err := w.ledger.Record(ctx, r)
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
func (w *Worker) report(ctx context.Context, r delivery.Report, err error) {
	a, after := r.Attempt, r.After
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
