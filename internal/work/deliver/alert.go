package deliver

import (
	"context"
	"log/slog"
	"strconv"
	"time"

	"waybill/internal/conversion"
	"waybill/internal/delivery"
)

// news is something that became of a destination.
type news struct {
	event  conversion.Event
	about  delivery.Subscription
	at     time.Time // by which the same news is known again
	values map[string]string
}

// tell owes news to those who listen.
func (w *Worker) tell(ctx context.Context, n news) {
	owed := w.owed(n)
	if len(owed) == 0 {
		return
	}
	if err := w.ledger.Owe(ctx, owed); err != nil {
		w.log.LogAttrs(ctx, slog.LevelError, "alert not owed", slog.String("event", string(n.event)),
			slog.Int64("subscription_id", n.about.ID), slog.Any("error", err))
		return
	}
	w.Nudge()
}

// logged gives what lines about a destination begin with, and the rest.
func (w *Worker) logged(id int64, attrs ...slog.Attr) []slog.Attr {
	return append([]slog.Attr{slog.Int64("subscription_id", id), slog.String("host", w.hostOf(id))}, attrs...)
}

// owed gives what is owed for news.
func (w *Worker) owed(n news) []delivery.Owed {
	n.values["host"] = w.hostOf(n.about.ID)
	n.values["subscription_id"] = strconv.FormatInt(n.about.ID, 10)
	for name, value := range map[string]string{"name": n.about.Name, "reason": n.about.DisabledReason} {
		if value != "" {
			n.values[name] = value
		}
	}
	for name, id := range map[string]int64{"affiliate_id": n.about.Owner.AffiliateID, "advertiser_id": n.about.Owner.AdvertiserID} {
		if id != 0 {
			n.values[name] = strconv.FormatInt(id, 10)
		}
	}
	alert := delivery.AlertID(n.event, n.about.ID, n.at)
	now := w.now()
	var all []delivery.Owed
	for _, s := range w.catalog().Alerted(n.about, n.event) {
		all = append(all, delivery.Owed{
			ID: delivery.AlertDeliveryID(alert, n.at, s.ID), SubscriptionID: s.ID, ConversionID: alert, Sequence: 1,
			Event: n.event, Values: n.values, State: delivery.Waiting, CreatedAt: now, DueAt: now.Add(s.Delay.Duration()),
		})
	}
	return all
}

// hostOf gives where a subscription leads, as far as the catalog knows.
func (w *Worker) hostOf(id int64) string {
	if sub, ok := w.catalog().Subscription(id); ok && sub.Plan != nil {
		return sub.Plan.Host()
	}
	return ""
}

// turned tells of a breaker that opened or closed.
func (w *Worker) turned(ctx context.Context, s delivery.Subscription, t turn) {
	switch {
	case t.opened():
		b := t.after
		w.log.LogAttrs(ctx, slog.LevelWarn, "destination is given a rest", w.logged(s.ID, slog.Int("failures", b.Failures),
			slog.String("class", string(b.Class)), slog.String("detail", b.Detail), slog.Time("next_try", b.ProbeAt))...)
		w.tell(ctx, news{delivery.EventDestinationOpened, s, b.OpenedAt, map[string]string{
			"failures": strconv.Itoa(b.Failures), "class": string(b.Class), "detail": b.Detail,
			"since": stamp(b.OpenedAt), "next_try": stamp(b.ProbeAt),
		}})
	case t.closed():
		b := t.before
		w.log.LogAttrs(ctx, slog.LevelInfo, "destination is well again",
			w.logged(s.ID, slog.Time("since", b.OpenedAt), slog.Int("trips", b.Trips))...)
		w.tell(ctx, news{delivery.EventDestinationClosed, s, b.OpenedAt, map[string]string{
			"since": stamp(b.OpenedAt), "trips": strconv.Itoa(b.Trips),
		}})
	}
}

// disable disables a webhook whose receiver is gone.
func (w *Worker) disable(ctx context.Context, s delivery.Subscription, a delivery.Attempt) {
	at := a.At.Add(a.Took)
	did, err := w.ledger.Disable(ctx, s.ID, a.Detail, at)
	if err != nil {
		w.log.LogAttrs(ctx, slog.LevelError, "webhook not disabled", slog.Int64("subscription_id", s.ID), slog.Any("error", err))
		return
	}
	if !did { // another answer was faster
		return
	}
	w.log.LogAttrs(ctx, slog.LevelWarn, "destination is disabled", w.logged(s.ID, slog.String("reason", a.Detail))...)
	w.tell(ctx, news{delivery.EventDestinationDisabled, s, at, map[string]string{
		"detail": a.Detail, "status": strconv.Itoa(a.Status), "since": stamp(at),
	}})
}

// stamp writes a time as alerts have it.
func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
