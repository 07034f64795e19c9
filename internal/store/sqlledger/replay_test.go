package sqlledger

import (
	"slices"
	"testing"
	"time"

	"waybill/internal/conversion"
	"waybill/internal/delivery"
	"waybill/internal/fault"
)

// states gives how deliveries stand, by ID.
func states(t testing.TB, db *DB, all []delivery.Owed) (out []string) {
	t.Helper()
	for _, d := range all {
		got, err := db.Delivery(t.Context(), d.ID)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, string(got.State))
	}
	return out
}

// carryOut steps until no job is open.
func carryOut(t testing.TB, db *DB, now time.Time) {
	t.Helper()
	for more := true; more; {
		var err error
		if more, err = db.StepReplay(t.Context(), now); err != nil {
			t.Fatal(err)
		}
	}
}

// jobIs fails the test unless a job stands so.
func jobIs(t testing.TB, db *DB, id string, state delivery.ReplayState, total, done, skipped, undone int64) {
	t.Helper()
	j, err := db.ReplayJob(t.Context(), id)
	if err != nil || j.State != state || j.Total != total || j.Done != done || j.Skipped != skipped || j.Undone != undone || j.Open() != j.FinishedAt.IsZero() {
		t.Errorf("job %s: %+v (%v); want %s, %d in all, %d done, %d skipped, %d undone", id, j, err, state, total, done, skipped, undone)
	}
}

func replaysMany(t *testing.T, db *DB) {
	ctx := t.Context()
	i := newIDs(t)
	all := queue(t, db, i, 1, 5)
	others := queue(t, db, i, 2, 1)
	finish(t, db, all[0], delivery.Delivered, clock)
	finish(t, db, all[1], delivery.Dead, clock)
	finish(t, db, all[2], delivery.Parked, clock)
	finish(t, db, others[0], delivery.Dead, clock)
	later := follow(t, db, i, all[0])
	now := clock.Add(time.Hour)

	j, err := db.BeginReplay(ctx, delivery.Filter{SubscriptionID: 1}, "key 1", now)
	if err != nil {
		t.Fatal(err)
	}
	jobIs(t, db, j.ID, delivery.ReplayRunning, 6, 0, 0, 0)
	carryOut(t, db, now)
	jobIs(t, db, j.ID, delivery.ReplayDone, 6, 3, 3, 0)
	same(t, "after the replay", []string{"waiting", "waiting", "waiting", "waiting", "waiting", "dead"}, states(t, db, append(all, others...)))
	got := claim(t, db, now, 9)
	if ids := idsOf(got); len(ids) != 5 || slices.Contains(ids, later.ID) {
		t.Errorf("claimed %v, want the five but not %s, which has one before it again", ids, later.ID)
	}
	first := got[slices.IndexFunc(got, func(d delivery.Owed) bool { return d.ID == all[0].ID })]
	if first.Attempts != 1 || first.Replayed != 1 || first.ReplayJob != j.ID {
		t.Errorf("a delivered one, sent again: %+v; want one attempt, made before the replay of job %s", first, j.ID)
	}
	report(t, db, first, delivery.ErrStatus, now, nil)

	if _, err := db.UndoReplay(ctx, j.ID); err != nil { // the leases hold: what is being sent is left alone
		t.Fatal(err)
	}
	carryOut(t, db, now)
	jobIs(t, db, j.ID, delivery.ReplayUndone, 6, 3, 3, 0)
	if _, err := db.UndoReplay(ctx, j.ID); fault.Of(err) != fault.Conflict {
		t.Errorf("undone twice: %v, want Conflict", err)
	}
	checkClean(t, db)
}

func undoesReplays(t *testing.T, db *DB) {
	ctx := t.Context()
	i := newIDs(t)
	all := queue(t, db, i, 1, 4)
	finish(t, db, all[0], delivery.Delivered, clock)
	finish(t, db, all[1], delivery.Dead, clock)
	finish(t, db, all[2], delivery.Parked, clock)
	finish(t, db, all[3], delivery.Dead, clock)
	behind := follow(t, db, i, all[1])
	now := clock.Add(time.Hour)
	db.now = func() time.Time { return now }
	j, err := db.BeginReplay(ctx, delivery.Filter{SubscriptionID: 1}, "key 1", now)
	if err != nil {
		t.Fatal(err)
	}
	carryOut(t, db, now)
	sent := claim(t, db, now, 1)[0]
	report(t, db, sent, delivery.ErrStatus, now, nil)
	held := claim(t, db, now, 9) // puts off what is behind, too
	for _, d := range held {
		if ok, err := db.Renew(ctx, d.ID, d.LeasedUntil, now); err != nil || !ok {
			t.Fatalf("%s was not given back: %v", d.ID, err)
		}
	}
	undone, err := db.UndoReplay(ctx, j.ID)
	if err != nil || undone.State != delivery.ReplayUndone || undone.Undone != 3 {
		t.Errorf("undone: %+v, %v; want the 3 that were not sent", undone, err)
	}
	want := []string{"delivered", "dead", "parked", "dead", "waiting"}
	want[slices.IndexFunc(all, func(d delivery.Owed) bool { return d.ID == sent.ID })] = "waiting"
	same(t, "as before, but for the one that was sent", want, states(t, db, append(all, behind)))
	for _, d := range all {
		if got, err := db.Delivery(ctx, d.ID); err != nil || d.ID != sent.ID && (got.ReplayJob != "" || got.Replayed != 0 || got.DoneAt.IsZero()) {
			t.Errorf("put back: %+v, %v; want it as it was", got, err)
		}
	}
	if sent.ID != all[1].ID {
		if ids := idsOf(claim(t, db, now, 9)); !slices.Contains(ids, behind.ID) {
			t.Errorf("claimed %v, want %s, which has nothing open before it again", ids, behind.ID)
		}
	}
	checkClean(t, db)
}

// stepsThroughMany: a job goes through more than a step in the order of their
// making, and can be stopped and undone half-way.
func stepsThroughMany(t *testing.T, db *DB) {
	ctx := t.Context()
	const n = 2*replayStep + 10
	fillQueues(t, db, n, 3)
	if err := raw(t, db, `UPDATE delivery SET state = 'dead', attempts = 11, done_at = 1, last_class = 'timeout'`); err != nil {
		t.Fatal(err)
	}
	yes := true
	if _, err := db.BeginReplay(ctx, delivery.Filter{Test: &yes}, "", clock); fault.Of(err) != fault.Invalid {
		t.Errorf("a replay of everything: %v, want Invalid", err)
	}
	j, err := db.BeginReplay(ctx, delivery.Filter{State: delivery.Dead, Class: delivery.ErrTimeout, Subscriptions: []int64{1, 2, 3}}, "key 1", clock)
	if err != nil {
		t.Fatal(err)
	}
	if more, err := db.StepReplay(ctx, clock); err != nil || !more {
		t.Fatalf("the first step: %v, %v; want more to do", more, err)
	}
	jobIs(t, db, j.ID, delivery.ReplayRunning, n, replayStep, 0, 0)
	if j, err = db.CancelReplay(ctx, j.ID); err != nil || j.State != delivery.ReplayCancelled {
		t.Errorf("cancelled: %+v, %v", j, err)
	}
	if more, err := db.StepReplay(ctx, clock); err != nil || more {
		t.Errorf("a step after that: %v, %v; want nothing to do", more, err)
	}
	if j, err = db.UndoReplay(ctx, j.ID); err != nil || j.Undone != replayStep || j.State != delivery.ReplayUndone {
		t.Errorf("undone: %+v, %v; want all of the one step", j, err)
	}
	again, err := db.BeginReplay(ctx, delivery.Filter{State: delivery.Dead}, "key 2", clock)
	if err != nil {
		t.Fatal(err)
	}
	carryOut(t, db, clock)
	jobIs(t, db, again.ID, delivery.ReplayDone, n, n, 0, 0)
	jobs := pages(t, func(p Page) ([]delivery.ReplayJob, string, error) {
		return db.ReplayJobs(ctx, delivery.Owner{Network: true}, p)
	}, func(j delivery.ReplayJob) string { return j.ID })
	same(t, "jobs", []string{again.ID, j.ID}, jobs)
	mine, _, err := db.ReplayJobs(ctx, delivery.Owner{AffiliateID: 7}, Page{})
	if err != nil || len(mine) != 0 {
		t.Errorf("an affiliate's jobs: %+v, %v; want none", mine, err)
	}
	if _, err := db.ReplayJob(ctx, "99"); fault.Of(err) != fault.NotFound {
		t.Errorf("no job: %v, want NotFound", err)
	}
}

func withdraws(t *testing.T, db *DB) {
	ctx := t.Context()
	i := newIDs(t)
	all := queue(t, db, i, 1, 4)
	behind := follow(t, db, i, all[0])
	now := clock.Add(time.Hour)
	db.now = func() time.Time { return now }
	finish(t, db, all[2], delivery.Parked, clock)
	finish(t, db, all[3], delivery.Dead, clock)
	same(t, "being sent", []string{all[0].ID}, idsOf(claim(t, db, clock, 1)))
	for _, tt := range []struct {
		name string
		d    delivery.Owed
		want fault.Kind
	}{{"one that is being sent", all[0], fault.Conflict}, {"a dead one", all[3], fault.Conflict}, {"none", delivery.Owed{ID: "no"}, fault.NotFound}} {
		if err := db.Withdraw(ctx, tt.d.ID, clock); fault.Of(err) != tt.want {
			t.Errorf("%s is withdrawn: %v, want %v", tt.name, err, tt.want)
		}
	}
	if err := db.Withdraw(ctx, all[0].ID, now); err != nil { // its lease is over
		t.Fatal(err)
	}
	same(t, "the next of its conversion, and the others", []string{behind.ID, all[1].ID}, idsOf(claim(t, db, now, 9)))
	sent := all[0]
	sent.Attempts++
	sent.DueAt = now
	r := delivery.Report{Attempt: delivery.Attempt{DeliveryID: sent.ID, Number: 1, At: now, Error: delivery.ErrTimeout}, After: sent}
	if err := db.Record(ctx, r); err != nil { // by whoever had lost the lease
		t.Fatal(err)
	}
	same(t, "it stays so", []string{"withdrawn"}, states(t, db, all[:1]))
	if got, err := db.Delivery(ctx, sent.ID); err != nil || !got.DoneAt.Equal(now) || got.Attempts != 1 {
		t.Errorf("after a late attempt: %+v, %v; want it over since %v, and the attempt counted", got, err, now)
	}

	later := now.Add(time.Hour)
	db.now = func() time.Time { return later }
	j, err := db.BeginWithdraw(ctx, delivery.Filter{State: delivery.Waiting, SubscriptionID: 1}, "key 1", later)
	if err != nil {
		t.Fatal(err)
	}
	carryOut(t, db, later)
	jobIs(t, db, j.ID, delivery.ReplayDone, 2, 2, 0, 0)
	same(t, "withdrawn", []string{"withdrawn", "withdrawn", "parked", "dead", "withdrawn"}, states(t, db, append(all, behind)))
	if j, err = db.UndoReplay(ctx, j.ID); err != nil || j.Undone != 2 {
		t.Errorf("undone: %+v, %v", j, err)
	}
	same(t, "put back", []string{"withdrawn", "waiting", "parked", "dead", "waiting"}, states(t, db, append(all, behind)))
	checkClean(t, db)
}

func picksDeliveries(t *testing.T, db *DB) {
	ctx := t.Context()
	i := newIDs(t)
	f := create(t, db.Affiliates(), newAffiliate("one"))
	u := delivery.Default()
	u.Owner.AffiliateID = f.ID
	create(t, db.Subscriptions(), u) // 1
	all := queue(t, db, i, 2, 3)
	mine := queue(t, db, i, 1, 2)
	finish(t, db, all[1], delivery.Dead, clock)
	report(t, db, mine[0], delivery.ErrTimeout, clock.Add(time.Hour), nil)
	list := func(f delivery.Filter) []string {
		return pages(t, func(p Page) ([]delivery.Owed, string, error) {
			return db.Deliveries(ctx, DeliveryFilter{f, p})
		}, func(d delivery.Owed) string { return d.ID })
	}
	everything := []string{mine[1].ID, mine[0].ID, all[2].ID, all[1].ID, all[0].ID}
	no := false
	for _, tt := range []struct {
		name string
		f    delivery.Filter
		want []string
	}{
		{"all", delivery.Filter{}, everything},
		{"an affiliate's", delivery.Filter{AffiliateID: f.ID}, everything[:2]},
		{"nobody's", delivery.Filter{AffiliateID: 99}, nil},
		{"those of some subscriptions", delivery.Filter{Subscriptions: []int64{1, 2}}, everything},
		{"those of one of them", delivery.Filter{Subscriptions: []int64{2, 9}}, everything[2:]},
		{"those that wait", delivery.Filter{State: delivery.Waiting}, []string{mine[1].ID, mine[0].ID, all[2].ID, all[0].ID}},
		{"those of a subscription that are dead", delivery.Filter{SubscriptionID: 2, State: delivery.Dead}, []string{all[1].ID}},
		{"by class", delivery.Filter{Class: delivery.ErrTimeout}, []string{mine[0].ID}},
		{"by status", delivery.Filter{HTTPStatus: 500}, []string{all[1].ID}},
		{"by offer", delivery.Filter{OfferID: 3}, everything},
		{"by another offer", delivery.Filter{OfferID: 4}, nil},
		{"due from", delivery.Filter{DueFrom: clock.Add(time.Minute)}, []string{mine[0].ID}},
		{"due until", delivery.Filter{DueUntil: clock.Add(time.Second), State: delivery.Waiting}, []string{mine[0].ID, all[0].ID}[1:]},
		{"real ones", delivery.Filter{Test: &no, Event: conversion.EventCreated}, everything},
		{"made before", delivery.Filter{Until: clock}, nil},
		{"in a state that there is not", delivery.Filter{State: "lost"}, nil},
	} {
		same(t, tt.name, tt.want, list(tt.f))
		if n, err := db.CountDeliveries(ctx, tt.f); err != nil || int(n) != len(tt.want) {
			t.Errorf("%s: counted %d (%v), want %d", tt.name, n, err, len(tt.want))
		}
	}
	if _, _, err := db.Deliveries(ctx, DeliveryFilter{Page: Page{Cursor: "x"}}); fault.Of(err) != fault.Invalid {
		t.Errorf("a made-up cursor: %v, want Invalid", err)
	}
}
