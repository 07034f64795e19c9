package sqlledger

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/delivery"
)

// TestDeadLetters holds both engines to the same groups.
func TestDeadLetters(t *testing.T) {
	onEach(t, func(t *testing.T, at newURL) { groupsDeadLetters(t, open(t, at(t))) })
}

func groupsDeadLetters(t *testing.T, db *DB) {
	i := newIDs(t)
	first, second := queue(t, db, i, 1, 4), queue(t, db, i, 2, 2)
	give := func(d delivery.Owed, state delivery.State, class delivery.ErrorClass, status int) {
		t.Helper()
		d.Attempts++
		d.State, d.DoneAt, d.LastClass, d.LastStatus = state, clock.Add(time.Hour), class, status
		a := delivery.Attempt{DeliveryID: d.ID, Number: d.Attempts, At: clock, Error: class, Status: status}
		if err := db.Record(t.Context(), delivery.Report{Attempt: a, After: d}); err != nil {
			t.Fatal(err)
		}
	}
	give(first[0], delivery.Dead, delivery.ErrTimeout, 0)
	give(first[1], delivery.Dead, delivery.ErrStatus, 404)
	give(first[2], delivery.Dead, delivery.ErrStatus, 404)
	give(first[3], delivery.Parked, delivery.ErrStatus, 404)
	give(second[0], delivery.Dead, delivery.ErrStatus, 404)

	group := func(s int64, class delivery.ErrorClass, status int, all ...delivery.Owed) delivery.DeadLetters {
		g := delivery.DeadLetters{SubscriptionID: s, Class: class, Status: status, Count: int64(len(all)), Oldest: all[0].CreatedAt, Newest: all[0].CreatedAt}
		for _, d := range all {
			g.Example = max(g.Example, d.ID)
			if d.CreatedAt.Before(g.Oldest) {
				g.Oldest = d.CreatedAt
			}
			if d.CreatedAt.After(g.Newest) {
				g.Newest = d.CreatedAt
			}
		}
		return g
	}
	found := group(1, delivery.ErrStatus, 404, first[1], first[2])
	timedOut, others := group(1, delivery.ErrTimeout, 0, first[0]), group(2, delivery.ErrStatus, 404, second[0])
	for _, tt := range []struct {
		name   string
		filter delivery.Filter
		want   []delivery.DeadLetters
	}{
		{"all, the largest group first", delivery.Filter{}, []delivery.DeadLetters{found, timedOut, others}},
		{"whatever state is asked for", delivery.Filter{State: delivery.Parked}, []delivery.DeadLetters{found, timedOut, others}},
		{"a subscription's", delivery.Filter{SubscriptionID: 2}, []delivery.DeadLetters{others}},
		{"some subscriptions'", delivery.Filter{Subscriptions: []int64{2, 9}}, []delivery.DeadLetters{others}},
		{"an affiliate's that has none", delivery.Filter{AffiliateID: 7}, nil},
		{"by one error", delivery.Filter{Class: delivery.ErrTimeout}, []delivery.DeadLetters{timedOut}},
	} {
		got, err := db.DeadLetters(t.Context(), tt.filter)
		if diff := cmp.Diff(tt.want, got); err != nil || diff != "" {
			t.Errorf("%s: %v (-want +got):\n%s", tt.name, err, diff)
		}
	}
	for state, want := range map[delivery.State]int64{delivery.Dead: 4, delivery.Parked: 1, delivery.Waiting: 1, "": 6} {
		if got, err := db.CountDeliveries(t.Context(), delivery.Filter{State: state}); err != nil || got != want {
			t.Errorf("%d deliveries are counted as %q (%v), want %d", got, state, err, want)
		}
	}
}

// TestCloseBreaker holds both engines to letting everything through at once.
func TestCloseBreaker(t *testing.T) {
	onEach(t, func(t *testing.T, at newURL) { closesBreaker(t, open(t, at(t))) })
}

func closesBreaker(t *testing.T, db *DB) {
	i := newIDs(t)
	all := queue(t, db, i, 1, 3)
	other := queue(t, db, i, 2, 1)
	for _, d := range []delivery.Owed{all[0], other[0]} {
		b := delivery.Breaker{
			SubscriptionID: d.SubscriptionID, State: delivery.BreakerOpen, Failures: 10, OpenedAt: clock, ProbeAt: clock.Add(time.Hour), Trips: 3,
			Class: delivery.ErrRefused, Detail: "refused",
		}
		d.Attempts++
		a := delivery.Attempt{DeliveryID: d.ID, Number: 1, At: clock, Error: delivery.ErrRefused}
		if err := db.Record(t.Context(), delivery.Report{Attempt: a, After: d, Breaker: &b}); err != nil {
			t.Fatal(err)
		}
	}
	now := clock.Add(time.Minute)
	ask := delivery.Ask{Now: now, LeaseUntil: now.Add(time.Minute), Limit: 10}
	if got, err := db.Claim(t.Context(), ask); err != nil || len(got) != 0 {
		t.Fatalf("with their breakers open %v are claimed (%v)", idsOf(got), err)
	}
	if err := db.CloseBreaker(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	breakers, err := db.Breakers(t.Context())
	if err != nil || len(breakers) != 1 || breakers[0].SubscriptionID != 2 {
		t.Errorf("the breakers left are %+v (%v); want that of subscription 2", breakers, err)
	}
	got, err := db.Claim(t.Context(), ask)
	if err != nil || len(got) != 3 {
		t.Errorf("with its breaker closed %v are claimed (%v), want all of subscription 1", idsOf(got), err)
	}
	list, err := db.Destinations(t.Context())
	if err != nil || len(list) != 2 || list[0].LastFailure.IsZero() {
		t.Errorf("the destinations are %+v (%v); want what the last attempt was to stay", list, err)
	}
	if err := db.CloseBreaker(t.Context(), 99); err != nil {
		t.Errorf("closing the breaker of a subscription without one: %v", err)
	}
}
