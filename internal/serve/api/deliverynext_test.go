package api

import (
	"context"
	"strings"
	"testing"
	"time"

	"waybill/internal/delivery"
)

// standing is a queue that stands as it is told to.
type standing struct {
	breakers []delivery.Breaker
	stopped  bool
}

func (s standing) DestinationsOf(context.Context, []int64) ([]delivery.Destination, error) {
	return nil, nil
}
func (s standing) Breakers(context.Context) ([]delivery.Breaker, error) { return s.breakers, nil }

func (s standing) Parked(context.Context) (bool, error) { return s.stopped, nil }

func (s standing) DeadLetters(context.Context, delivery.Filter) ([]delivery.DeadLetters, error) {
	return nil, nil
}

// owedList is what is owed about one conversion.
type owedList []delivery.Owed

func (l owedList) Delivery(context.Context, string) (delivery.Owed, error) { return l[0], nil }
func (l owedList) Deliveries(_ context.Context, f DeliveryFilter) ([]delivery.Owed, string, error) {
	var all []delivery.Owed
	for _, d := range l {
		if d.ConversionID == f.ConversionID && d.SubscriptionID == f.SubscriptionID {
			all = append(all, d)
		}
	}
	return all, "", nil
}
func (l owedList) Attempts(context.Context, string) ([]delivery.Attempt, error) { return nil, nil }

func TestWhatADeliveryWaitsFor(t *testing.T) {
	open := delivery.Breaker{
		SubscriptionID: 7, State: delivery.BreakerOpen, Failures: 12, OpenedAt: noon.Add(-time.Minute), ProbeAt: noon.Add(30 * time.Second),
		Class: delivery.ErrTimeout, Detail: "no answer in 10 s",
	}
	another := open
	another.SubscriptionID = 8
	probing := open
	probing.ProbeAt = noon.Add(-time.Second)
	earlier := delivery.Owed{ID: "first", SubscriptionID: 7, ConversionID: "c", Sequence: 1, State: delivery.Parked, Event: "conversion.created"}
	later := delivery.Owed{ID: "third", SubscriptionID: 7, ConversionID: "c", Sequence: 3, State: delivery.Waiting}
	over := earlier
	over.State = delivery.Dead
	others := earlier
	others.SubscriptionID = 8
	tests := []struct {
		name   string
		state  delivery.State
		change func(*delivery.Owed)
		status delivery.Status
		rate   float64
		with   standing
		beside []delivery.Owed
		want   string
		at     time.Time
		behind string
		text   string
	}{
		{name: "its schedule", want: waitsForTime, at: noon.Add(time.Hour), text: "again"},
		{name: "its delay", change: func(o *delivery.Owed) { o.Attempts = 0 }, want: waitsForTime, at: noon.Add(time.Hour), text: "first time"},
		{name: "its turn", change: func(o *delivery.Owed) { o.DueAt = noon }, want: waitsForTurn, at: noon},
		{name: "its turn at a rate", rate: 2.5, change: func(o *delivery.Owed) { o.DueAt = noon }, want: waitsForTurn, at: noon, text: "2.5 a second"},
		{name: "the answer of its receiver", change: func(o *delivery.Owed) { o.LeasedUntil = noon.Add(time.Minute) }, want: waitsForAnswer, at: noon.Add(time.Minute)},
		{name: "a lease that is over is none", change: func(o *delivery.Owed) { o.LeasedUntil = noon }, want: waitsForTime, at: noon.Add(time.Hour)},
		{name: "a receiver that is down", with: standing{breakers: []delivery.Breaker{another, open}}, want: waitsForBreaker, at: open.ProbeAt, text: "12 times in a row, last by timeout (no answer in 10 s)"},
		{name: "a probe of the receiver", with: standing{breakers: []delivery.Breaker{probing}}, want: waitsForBreaker, at: probing.ProbeAt, text: "let through now"},
		{name: "another's breaker is nothing to it", with: standing{breakers: []delivery.Breaker{another}}, want: waitsForTime, at: noon.Add(time.Hour)},
		{name: "a breaker with failures is closed still", with: standing{breakers: []delivery.Breaker{{SubscriptionID: 7, Failures: 3}}}, want: waitsForTime, at: noon.Add(time.Hour)},
		{name: "a paused subscription", status: delivery.Paused, with: standing{breakers: []delivery.Breaker{open}}, want: waitsForOwner, text: "destinations/7/resume"},
		{name: "a disabled one", status: delivery.Disabled, want: waitsForOwner, text: "disabled"},
		{name: "the installation", status: delivery.Paused, with: standing{stopped: true}, want: waitsForRelease, text: "--resume"},
		{name: "an earlier one of its conversion", beside: []delivery.Owed{later, earlier}, want: waitsForEarlier, behind: "first", text: "still parked"},
		{name: "what went before is over", beside: []delivery.Owed{later, over}, want: waitsForTime, at: noon.Add(time.Hour)},
		{name: "what another subscription is owed goes its own way", beside: []delivery.Owed{others}, want: waitsForTime, at: noon.Add(time.Hour)},
		{name: "a person", state: delivery.Parked, status: delivery.Paused, want: waitsForDecision, text: "withdraw"},
		{name: "nothing, since it is delivered", state: delivery.Delivered},
		{name: "nothing, since it was given up", state: delivery.Dead},
		{name: "nothing, since it was withdrawn", state: delivery.Withdrawn},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := delivery.Owed{
				ID: "second", SubscriptionID: 7, ConversionID: "c", Sequence: 2, State: delivery.Waiting, Attempts: 1, DueAt: noon.Add(time.Hour),
			}
			if tt.change != nil {
				tt.change(&o)
			}
			if tt.state != "" {
				o.State = tt.state
			}
			s := delivery.Subscription{ID: 7, Status: delivery.Active, Rate: tt.rate}
			if tt.status != "" {
				s.Status = tt.status
			}
			a := &API{Deliveries: append(owedList{o}, tt.beside...), Standing: tt.with, Now: func() time.Time { return noon }}
			got, err := a.nextOf(t.Context(), &o, &s)
			if err != nil {
				t.Fatal(err)
			}
			if tt.want == "" {
				if got != nil {
					t.Errorf("nextOf() = %+v; want nothing", *got)
				}
				return
			}
			if got == nil || got.WaitsFor != tt.want || got.Behind != tt.behind || !timeOf(got.At).Equal(tt.at) || !strings.Contains(got.Text, tt.text) {
				t.Errorf("nextOf() = %+v; want %s at %s behind %q with %q", got, tt.want, tt.at, tt.behind, tt.text)
			}
		})
	}
}

// TestEachFailureHasAHint: whoever reads of a failure is told what to do, and of
// a success nothing.
func TestEachFailureHasAHint(t *testing.T) {
	seen := map[string]delivery.ErrorClass{}
	for _, class := range delivery.ErrorClasses() {
		hint := hintOf(class, 0)
		if len(hint) < 40 || !strings.Contains(hint, "replay") {
			t.Errorf("the hint at %s is %q; want what to do, up to the replay", class, hint)
		}
		if other, twice := seen[hint]; twice && class != delivery.ErrStatus {
			t.Errorf("%s and %s have the same hint %q", class, other, hint)
		}
		seen[hint] = class
	}
	for status, want := range map[int]string{401: "signature", 404: "path", 429: "rate", 414: "too long", 503: "failed by itself", 418: "refuses the request"} {
		if hint := hintOf(delivery.ErrStatus, status); !strings.Contains(hint, want) {
			t.Errorf("the hint at HTTP %d is %q; want something about %q", status, hint, want)
		}
	}
	if hint := hintOf("", 200); hint != "" {
		t.Errorf("the hint at a success is %q", hint)
	}
}
