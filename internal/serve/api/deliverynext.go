package api

import (
	"context"
	"fmt"
	"time"

	"waybill/internal/delivery"
	"waybill/internal/fault"
)

// What a postback waits for.
const (
	waitsForTime     = "time"         // until it is due
	waitsForAnswer   = "answer"       // it is being sent
	waitsForEarlier  = "earlier"      // one of its conversion goes first
	waitsForTurn     = "turn"         // it is due, and others are, too
	waitsForBreaker  = "breaker"      // its receiver is down
	waitsForOwner    = "subscription" // which is paused or disabled
	waitsForRelease  = "installation" // all deliveries are stopped
	waitsForDecision = "person"       // it is parked
)

// deliveryNext is what comes next for a postback that is not over.
type deliveryNext struct {
	WaitsFor string     `json:"waits_for" enum:"time,answer,earlier,turn,breaker,subscription,installation,person" doc:"Why it is not sent now."`
	At       *time.Time `json:"at,omitempty" doc:"When it is tried next at the earliest, where that is known."`
	Behind   string     `json:"behind,omitempty" doc:"The delivery that goes first."`
	Text     string     `json:"text" doc:"The same in words, with what to do where something is to be done."`
}

// nextOf says what comes next for d; nil when it is over.
func (a *API) nextOf(ctx context.Context, d *delivery.Owed, s *delivery.Subscription) (*deliveryNext, error) {
	now := a.now()
	if d.State == delivery.Parked {
		return &deliveryNext{
			WaitsFor: waitsForDecision,
			Text:     "It is parked, since a value that it needs is lost: replay it to send it as it is, or withdraw it.",
		}, nil
	}
	if d.State != delivery.Waiting {
		return nil, nil //nolint:nilnil // nothing comes next
	}
	for _, look := range [...]func(context.Context, *delivery.Owed, *delivery.Subscription, time.Time) (*deliveryNext, error){
		a.nextByLease, a.nextByInstallation, a.nextBySubscription, a.nextByOrder, a.nextByBreaker,
	} {
		if n, err := look(ctx, d, s, now); n != nil || err != nil {
			return n, err
		}
	}
	return nextByTime(d, s, now), nil
}

func (a *API) nextByLease(_ context.Context, d *delivery.Owed, _ *delivery.Subscription, now time.Time) (*deliveryNext, error) {
	if !d.LeasedUntil.After(now) {
		return nil, nil //nolint:nilnil // it waits for something else
	}
	return &deliveryNext{WaitsFor: waitsForAnswer, At: instant(d.LeasedUntil), Text: "It is being sent. Should the node that sends it die, it is taken up again at this time."}, nil
}

func (a *API) nextByInstallation(ctx context.Context, _ *delivery.Owed, _ *delivery.Subscription, _ time.Time) (*deliveryNext, error) {
	stopped, err := a.Standing.Parked(ctx)
	if err != nil || !stopped {
		return nil, err
	}
	return &deliveryNext{
		WaitsFor: waitsForRelease,
		Text:     "All deliveries of this installation are stopped, as after a restore; the operator starts them again with waybill restore --resume.",
	}, nil
}

func (a *API) nextBySubscription(_ context.Context, _ *delivery.Owed, s *delivery.Subscription, _ time.Time) (*deliveryNext, error) {
	if s.Status == delivery.Active {
		return nil, nil //nolint:nilnil // it waits for something else
	}
	return &deliveryNext{
		WaitsFor: waitsForOwner,
		Text:     fmt.Sprintf("Subscription %d is %s: POST destinations/%d/resume lets what waits go out.", s.ID, s.Status, s.ID),
	}, nil
}

// nextByOrder looks for what goes first: of a conversion and a subscription one
// follows the other.
func (a *API) nextByOrder(ctx context.Context, d *delivery.Owed, _ *delivery.Subscription, _ time.Time) (*deliveryNext, error) {
	if d.Sequence <= 1 {
		return nil, nil //nolint:nilnil // it is the first
	}
	all, _, err := a.Deliveries.Deliveries(ctx, DeliveryFilter{
		Filter: delivery.Filter{ConversionID: d.ConversionID, SubscriptionID: d.SubscriptionID}, Limit: maxBatch,
	})
	if err != nil {
		return nil, err
	}
	var first *delivery.Owed
	for i := range all {
		one := &all[i]
		open := one.State == delivery.Waiting || one.State == delivery.Parked
		if open && one.Sequence < d.Sequence && (first == nil || one.Sequence < first.Sequence) {
			first = one
		}
	}
	if first == nil {
		return nil, nil //nolint:nilnil // what went before is over
	}
	return &deliveryNext{
		WaitsFor: waitsForEarlier, Behind: first.ID,
		Text: fmt.Sprintf("An earlier postback about the same conversion is still %s, and goes first (%s); withdraw that one to let this one pass.", first.State, first.Event),
	}, nil
}

func (a *API) nextByBreaker(ctx context.Context, _ *delivery.Owed, s *delivery.Subscription, now time.Time) (*deliveryNext, error) {
	all, err := a.Standing.Breakers(ctx)
	if err != nil {
		return nil, err
	}
	for i := range all {
		b := &all[i]
		if b.SubscriptionID != s.ID || b.Closed() {
			continue
		}
		text := fmt.Sprintf("Its receiver failed %d times in a row, last by %s: one postback is let through %s, and the rest when that is taken.",
			b.Failures, failureText(b.Class, 0, b.Detail), probeText(b, now))
		return &deliveryNext{WaitsFor: waitsForBreaker, At: instant(b.ProbeAt), Text: text}, nil
	}
	return nil, nil //nolint:nilnil // it waits for something else
}

func probeText(b *delivery.Breaker, now time.Time) string {
	if b.At(now) == delivery.BreakerHalfOpen {
		return "now"
	}
	return "at " + b.ProbeAt.UTC().Format(time.RFC3339)
}

func nextByTime(d *delivery.Owed, s *delivery.Subscription, now time.Time) *deliveryNext {
	n := &deliveryNext{WaitsFor: waitsForTime, At: instant(d.DueAt), Text: "It is tried again at this time."}
	switch {
	case !d.DueAt.After(now):
		n.WaitsFor, n.Text = waitsForTurn, "It is due, and goes out when its turn comes."
		if s.Rate > 0 {
			n.Text = fmt.Sprintf("It is due, and goes out when its turn comes: the subscription takes %v a second at most.", s.Rate)
		}
	case d.Attempts == 0:
		n.Text = "It is sent for the first time at this time."
	}
	return n
}

// subscriptionOf gives the subscription of a postback. One that is gone is
// paused: nothing is sent for it.
func (a *API) subscriptionOf(ctx context.Context, id int64) (delivery.Subscription, error) {
	row, err := a.Subscriptions.Get(ctx, id)
	if fault.Of(err) == fault.NotFound {
		return delivery.Subscription{ID: id, Status: delivery.Paused}, nil
	}
	return row.Value, err
}
