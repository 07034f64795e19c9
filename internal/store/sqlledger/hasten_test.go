package sqlledger

import (
	"slices"
	"testing"
	"time"

	"waybill/internal/delivery"
)

// TestHasten holds both engines to making due what was tried in vain, once its
// receiver is back.
func TestHasten(t *testing.T) {
	onEach(t, func(t *testing.T, at newURL) { hastens(t, open(t, at(t))) })
}

func hastens(t *testing.T, db *DB) {
	i := newIDs(t)
	all, other := queue(t, db, i, 1, 4), queue(t, db, i, 2, 1)
	record := func(d delivery.Owed, at time.Time, class delivery.ErrorClass, b *delivery.Breaker) {
		t.Helper()
		d.Attempts++
		d.State, d.DueAt = delivery.Waiting, at.Add(10*time.Hour)
		if class == "" {
			d.State, d.DoneAt = delivery.Delivered, at
		}
		a := delivery.Attempt{DeliveryID: d.ID, Number: d.Attempts, At: at, Error: class}
		if err := db.Record(t.Context(), delivery.Report{Attempt: a, After: d, Breaker: b}); err != nil {
			t.Fatal(err)
		}
	}
	open := delivery.Breaker{SubscriptionID: 1, State: delivery.BreakerOpen, OpenedAt: clock, ProbeAt: clock}
	record(all[0], clock, delivery.ErrRefused, &open)
	record(all[1], clock, delivery.ErrRefused, nil)
	record(other[0], clock, delivery.ErrRefused, nil)

	now := clock.Add(time.Minute)
	probe := claim(t, db, now, 9)
	if len(probe) != 1 || probe[0].ID != all[2].ID {
		t.Fatalf("claimed are %v, want %s to try", idsOf(probe), all[2].ID)
	}
	record(probe[0], now, delivery.ErrRefused, &open)
	if got := claim(t, db, now, 9); len(got) != 1 || got[0].ID != all[3].ID {
		t.Fatalf("after a probe in vain %v are claimed, want %s", idsOf(got), all[3].ID)
	}
	record(all[3], now, "", &delivery.Breaker{SubscriptionID: 1, State: delivery.BreakerClosed})
	got := idsOf(claim(t, db, now, 9))
	slices.Sort(got)
	want := []string{all[0].ID, all[1].ID, all[2].ID}
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("after one was delivered %v are due, want %v and nothing of another destination", got, want)
	}
}
