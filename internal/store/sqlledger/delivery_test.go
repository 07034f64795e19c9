package sqlledger

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/conversion"
	"waybill/internal/delivery"
	"waybill/internal/fault"
	"waybill/internal/settlement"
	"waybill/internal/signal"
)

// subscribe adds subscriptions up to number n.
func subscribe(t testing.TB, db *DB, n int64) {
	t.Helper()
	for {
		rows, err := db.Subscriptions().List(t.Context(), List[int64]{Limit: 1000})
		if err != nil {
			t.Fatal(err)
		}
		if int64(len(rows)) >= n {
			return
		}
		sub := delivery.Default()
		sub.Owner.Network = true
		create(t, db.Subscriptions(), sub)
	}
}

// queue makes n conversions that each owe a subscription one postback, due a
// second apart from clock on.
func queue(t testing.TB, db *DB, i *ids, subscription int64, n int) []delivery.Owed {
	t.Helper()
	subscribe(t, db, subscription)
	var all []delivery.Owed
	for k := range n {
		c := newCase(i, fmt.Sprintf("s%d-%d", subscription, k))
		conv := newConversion(i.conversionID(t, c.SignalID), c)
		d := owed(conv, subscription, clock.Add(time.Duration(k)*time.Second))
		c.Judge = func(settlement.State) (settlement.Outcome, error) {
			out := accepted(t, c, conv)
			out.Owed = []delivery.Owed{d}
			return out, nil
		}
		settle(t, db, c)
		all = append(all, d)
	}
	return all
}

// follow changes a conversion, which owes the next postback in its order.
func follow(t testing.TB, db *DB, i *ids, d delivery.Owed) delivery.Owed {
	t.Helper()
	c := newCase(i, d.TransactionID)
	next := d
	c.Judge = func(s settlement.State) (settlement.Outcome, error) {
		after := s.Conversions[0]
		after.Version++
		next = owed(after, d.SubscriptionID, d.DueAt.Add(time.Second))
		return settlement.Outcome{
			Verdict:    verdictOn(c, signal.Updated, signal.CodeUpdated, after.ID),
			Conversion: &after, Owed: []delivery.Owed{next},
		}, nil
	}
	settle(t, db, c)
	return next
}

// claim leases for a minute what is due at a time.
func claim(t testing.TB, db *DB, now time.Time, limit int) []delivery.Owed {
	t.Helper()
	got, err := db.Claim(t.Context(), delivery.Ask{Now: now, LeaseUntil: now.Add(time.Minute), Limit: limit})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func idsOf(all []delivery.Owed) []string {
	out := []string{}
	for _, d := range all {
		out = append(out, d.ID)
	}
	return out
}

// finish records one more attempt that leaves d in a state.
func finish(t testing.TB, db *DB, d delivery.Owed, state delivery.State, due time.Time) {
	t.Helper()
	d.Attempts++
	d.State, d.DueAt = state, due
	if state != delivery.Waiting {
		d.DoneAt = due
	}
	r := delivery.Report{Attempt: delivery.Attempt{DeliveryID: d.ID, Number: d.Attempts, At: due}, After: d}
	if state != delivery.Delivered {
		r.Attempt.Status, r.Attempt.Error = 500, delivery.ErrStatus
	}
	if err := db.Record(t.Context(), r); err != nil {
		t.Fatal(err)
	}
}

func next(t testing.TB, db *DB, want time.Time) {
	t.Helper()
	if got, err := db.NextDue(t.Context(), delivery.Ask{}); err != nil || !got.Equal(want) {
		t.Errorf("next due %v (%v), want %v", got, err, want)
	}
}

func claimsDue(t *testing.T, db *DB) {
	next(t, db, time.Time{})
	all := queue(t, db, newIDs(t), 1, 3)
	next(t, db, clock)
	if got := claim(t, db, clock.Add(-time.Second), 10); len(got) != 0 {
		t.Errorf("claimed %v before anything was due", idsOf(got))
	}
	got := claim(t, db, clock.Add(time.Second), 10)
	want := slices.Clone(all[:2])
	for n := range want {
		want[n].LeasedUntil = clock.Add(time.Second + time.Minute)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("claimed (-want +got):\n%s", diff)
	}
	next(t, db, all[2].DueAt)
	same(t, "the rest", []string{all[2].ID}, idsOf(claim(t, db, clock.Add(10*time.Second), 10)))
}

func keepsSequence(t *testing.T, db *DB) {
	i := newIDs(t)
	first := queue(t, db, i, 1, 1)[0]
	second := follow(t, db, i, first)
	third := follow(t, db, i, second)
	now := clock.Add(time.Minute)
	same(t, "first", []string{first.ID}, idsOf(claim(t, db, now, 10)))
	finish(t, db, first, delivery.Waiting, now.Add(time.Hour)) // fails, to be tried again
	same(t, "while the first waits", []string{}, idsOf(claim(t, db, now.Add(time.Minute), 10)))
	now = now.Add(time.Hour)
	same(t, "first again", []string{first.ID}, idsOf(claim(t, db, now, 10)))
	first.Attempts++
	finish(t, db, first, delivery.Dead, now)
	same(t, "second, at once", []string{second.ID}, idsOf(claim(t, db, now, 10)))
	finish(t, db, second, delivery.Delivered, now)
	same(t, "third", []string{third.ID}, idsOf(claim(t, db, now, 10)))

	parked := queue(t, db, i, 2, 1)[0]
	finish(t, db, parked, delivery.Parked, now)
	follow(t, db, i, parked)
	same(t, "behind a parked one", []string{}, idsOf(claim(t, db, now.Add(24*time.Hour), 1)[1:]))
	checkClean(t, db)
}

func leases(t *testing.T, db *DB) {
	d := queue(t, db, newIDs(t), 1, 1)[0]
	held := claim(t, db, clock, 1)[0].LeasedUntil
	same(t, "while leased", []string{}, idsOf(claim(t, db, held.Add(-time.Second), 1)))
	longer := held.Add(time.Minute)
	for _, tt := range []struct {
		name  string
		held  time.Time
		until time.Time
		want  bool
	}{
		{"with a lease that is not his", held.Add(-time.Second), longer, false},
		{"with his lease", held, longer, true},
		{"with the lease that he has renewed", held, longer.Add(time.Minute), false},
	} {
		if got, err := db.Renew(t.Context(), d.ID, tt.held, tt.until); err != nil || got != tt.want {
			t.Errorf("renewed %s: %v (%v), want %v", tt.name, got, err, tt.want)
		}
	}
	next(t, db, longer)
	same(t, "when it is over", []string{d.ID}, idsOf(claim(t, db, longer, 1)))
	if ok, err := db.Renew(t.Context(), d.ID, longer, longer.Add(time.Hour)); err != nil || ok {
		t.Errorf("the lease was renewed by somebody who has lost it (%v)", err)
	}
}

func sharesClaims(t *testing.T, db *DB) {
	i := newIDs(t)
	queue(t, db, i, 1, 30)
	queue(t, db, i, 2, 1)
	queue(t, db, i, 3, 5)
	got := claim(t, db, clock.Add(time.Hour), 9)
	of := map[int64]int{}
	for _, d := range got {
		of[d.SubscriptionID]++
	}
	if want := map[int64]int{1: 3, 2: 1, 3: 5}; len(got) != 9 || of[2] != want[2] || of[1] < 3 || of[3] < 3 {
		t.Errorf("of 9 the subscriptions got %v, want about %v", of, want)
	}
}

func waitsWhileParked(t *testing.T, db *DB) {
	ctx := t.Context()
	i := newIDs(t)
	queue(t, db, i, 1, 2)
	other := queue(t, db, i, 2, 1)
	set := func(s delivery.Status) {
		t.Helper()
		_, err := db.Subscriptions().Update(ctx, 1, 0, func(u *delivery.Subscription) error { u.Status = s; return nil })
		if err != nil {
			t.Fatal(err)
		}
	}
	set(delivery.Paused)
	now := clock.Add(time.Minute)
	same(t, "with one paused", idsOf(other), idsOf(claim(t, db, now, 10)))
	next(t, db, now.Add(time.Minute))
	set(delivery.Active)
	if err := db.ParkDeliveries(ctx, true); err != nil {
		t.Fatal(err)
	}
	same(t, "while parked", []string{}, idsOf(claim(t, db, now, 10)))
	next(t, db, time.Time{})
	if parked, err := db.Parked(ctx); err != nil || !parked {
		t.Errorf("parked: %v, %v", parked, err)
	}
	if err := db.ParkDeliveries(ctx, false); err != nil {
		t.Fatal(err)
	}
	if got := claim(t, db, now, 10); len(got) != 2 {
		t.Errorf("afterwards %d are claimed, want 2", len(got))
	}
}

func recordsOnce(t *testing.T, db *DB) {
	ctx := t.Context()
	queue(t, db, newIDs(t), 1, 1)
	d := claim(t, db, clock, 1)[0]
	a := delivery.Attempt{
		DeliveryID: d.ID, Number: 1, At: clock, Took: 1500 * time.Microsecond, Method: "GET", URL: "https://x.example/?a=1",
		Status: 503, Body: "busy \x00", Error: delivery.ErrStatus, Detail: "503 Service Unavailable",
	}
	d.Attempts, d.DueAt = 1, clock.Add(5*time.Second)
	if err := db.Record(ctx, delivery.Report{Attempt: a, After: d}); err != nil {
		t.Fatal(err)
	}
	if err := db.Record(ctx, delivery.Report{Attempt: a, After: d}); fault.Of(err) != fault.Stale {
		t.Errorf("the same attempt again: %v, want Stale", err)
	}
	a.Body = "busy "
	attempts, err := db.Attempts(ctx, d.ID)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]delivery.Attempt{a}, attempts); diff != "" {
		t.Errorf("attempts (-want +got):\n%s", diff)
	}
	d.LeasedUntil = time.Time{} // the attempt has ended the lease
	d.LastClass, d.LastStatus = a.Error, a.Status
	got, err := db.Delivery(ctx, d.ID)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(d, got); diff != "" {
		t.Errorf("delivery (-want +got):\n%s", diff)
	}
	next(t, db, d.DueAt)
	if _, err := db.Delivery(ctx, "no"); fault.Of(err) != fault.NotFound {
		t.Errorf("an unknown delivery: %v, want NotFound", err)
	}
}

func replays(t *testing.T, db *DB) {
	ctx := t.Context()
	i := newIDs(t)
	all := queue(t, db, i, 1, 3)
	finish(t, db, all[1], delivery.Dead, clock)
	list := func(f DeliveryFilter) []string {
		return pages(t, func(p Page) ([]delivery.Owed, string, error) {
			f.Page = p
			return db.Deliveries(ctx, f)
		}, func(d delivery.Owed) string { return d.ID })
	}
	newest := []string{all[2].ID, all[1].ID, all[0].ID}
	same(t, "all", newest, list(DeliveryFilter{}))
	same(t, "dead ones", []string{all[1].ID}, list(DeliveryFilter{Filter: delivery.Filter{State: delivery.Dead}}))
	same(t, "of a conversion", []string{all[0].ID}, list(DeliveryFilter{Filter: delivery.Filter{ConversionID: all[0].ConversionID}}))
	same(t, "of a transaction", []string{all[2].ID}, list(DeliveryFilter{Filter: delivery.Filter{TransactionID: "s1-2"}}))
	same(t, "of another subscription", nil, list(DeliveryFilter{Filter: delivery.Filter{SubscriptionID: 2}}))
	same(t, "of an affiliate's subscriptions", nil, list(DeliveryFilter{Filter: delivery.Filter{AffiliateID: 1}}))
	same(t, "by event", newest, list(DeliveryFilter{Filter: delivery.Filter{Event: conversion.EventCreated}}))
	same(t, "later", nil, list(DeliveryFilter{Filter: delivery.Filter{From: clock.Add(time.Second)}}))
	if err := db.Replay(ctx, all[1].ID, clock.Add(-time.Hour)); err != nil {
		t.Fatal(err)
	}
	got := claim(t, db, clock.Add(-time.Minute), 10)
	if len(got) != 1 || got[0].ID != all[1].ID || got[0].Attempts != 1 {
		t.Errorf("claimed after the replay: %+v, want delivery %s with its one attempt", got, all[1].ID)
	}
	if err := db.Replay(ctx, all[0].ID, clock); fault.Of(err) != fault.Conflict {
		t.Errorf("a replay of one that waits: %v, want Conflict", err)
	}
	if err := db.Replay(ctx, "no", clock); fault.Of(err) != fault.NotFound {
		t.Errorf("a replay of nothing: %v, want NotFound", err)
	}
}

func claimsApart(t *testing.T, db *DB) {
	i := newIDs(t)
	const queued = 40
	for s := int64(1); s <= 2; s++ {
		queue(t, db, i, s, queued/2)
	}
	var mu sync.Mutex
	seen := map[string]int{}
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			for {
				got, err := db.Claim(t.Context(), delivery.Ask{Now: clock.Add(time.Hour), LeaseUntil: clock.Add(2 * time.Hour), Limit: 3})
				if err != nil {
					t.Error(err)
					return
				}
				if len(got) == 0 {
					return
				}
				mu.Lock()
				for _, d := range got {
					seen[d.ID]++
				}
				mu.Unlock()
			}
		})
	}
	wait.Wait()
	for id, n := range seen {
		if n != 1 {
			t.Errorf("delivery %s was claimed %d times", id, n)
		}
	}
	for _, d := range claim(t, db, clock.Add(time.Hour), queued) { // skipped while others held their rows
		seen[d.ID]++
	}
	if len(seen) != queued {
		t.Errorf("%d deliveries were claimed, want %d", len(seen), queued)
	}
}
