package sqlledger

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/delivery"
	"waybill/internal/fault"
)

// claimSome leases for a minute what an ask fits, and gives how many it got of
// each subscription.
func claimSome(t testing.TB, db *DB, ask delivery.Ask) map[int64]int {
	t.Helper()
	ask.LeaseUntil = ask.Now.Add(time.Minute)
	got, err := db.Claim(t.Context(), ask)
	if err != nil {
		t.Fatal(err)
	}
	of := make(map[int64]int)
	for _, d := range got {
		of[d.SubscriptionID]++
	}
	return of
}

func boundsClaims(t *testing.T, db *DB) {
	i := newIDs(t)
	for s := int64(1); s <= 3; s++ {
		queue(t, db, i, s, 6)
	}
	now := clock.Add(time.Minute)
	for _, tt := range []struct {
		name string
		ask  delivery.Ask
		want map[int64]int
	}{
		{"none of one, one of another", delivery.Ask{Limit: 4, Most: map[int64]int{1: 0, 2: 1}}, map[int64]int{2: 1, 3: 3}},
		{"one of each, but for those listed", delivery.Ask{Limit: 9, Each: 1, Most: map[int64]int{2: 2}}, map[int64]int{1: 1, 2: 2, 3: 1}},
		{"none of anybody", delivery.Ask{Limit: 9, Most: map[int64]int{1: 0, 2: 0, 3: 0}}, map[int64]int{}},
		{"evenly, and what is left of one goes to the others", delivery.Ask{Limit: 8}, map[int64]int{1: 3, 2: 3, 3: 2}},
	} {
		tt.ask.Now = now
		if diff := cmp.Diff(tt.want, claimSome(t, db, tt.ask)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
	ask := delivery.Ask{Most: map[int64]int{1: 0}}
	if got, err := db.NextDue(t.Context(), ask); err != nil || !got.Equal(now.Add(time.Minute)) {
		t.Errorf("without the first, next due %v (%v), want when the leases of the others are over", got, err)
	}
}

func takesTurns(t *testing.T, db *DB) {
	i := newIDs(t)
	queue(t, db, i, 1, 9)
	queue(t, db, i, 2, 3)
	queue(t, db, i, 3, 3)
	of := map[int64]int{}
	for range 9 {
		got := claim(t, db, clock.Add(time.Minute), 1)
		if len(got) != 1 {
			t.Fatalf("claimed %v, want one", idsOf(got))
		}
		of[got[0].SubscriptionID]++
	}
	if diff := cmp.Diff(map[int64]int{1: 3, 2: 3, 3: 3}, of); diff != "" {
		t.Errorf("of nine single claims (-want +got):\n%s", diff)
	}
}

func claimsNewest(t *testing.T, db *DB) {
	i := newIDs(t)
	all := queue(t, db, i, 1, 5)
	_, err := db.Subscriptions().Update(t.Context(), 1, 0, func(u *delivery.Subscription) error {
		u.Backlog = delivery.Newest
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	late := follow(t, db, i, all[1]) // due between the second and the third
	next := follow(t, db, i, all[4])
	now := clock.Add(time.Minute)
	same(t, "the newest conversions, by their first", []string{all[4].ID, all[3].ID}, idsOf(claim(t, db, now, 2)))
	finish(t, db, all[4], delivery.Delivered, now)
	same(t, "its next one", []string{next.ID}, idsOf(claim(t, db, now, 1)))
	same(t, "then the rest", []string{all[2].ID, all[1].ID, all[0].ID}, idsOf(claim(t, db, now, 9)))
	finish(t, db, all[1], delivery.Dead, now)
	same(t, "and what was behind", []string{late.ID}, idsOf(claim(t, db, now, 9)))
	checkClean(t, db)
}

// passesOver: of a conversion whose first postback waits for another try the
// others are not met again before that, however many there are.
func passesOver(t *testing.T, db *DB) {
	i := newIDs(t)
	first := queue(t, db, i, 1, 1)[0]
	for d, n := first, 0; n < 30; n++ {
		d = follow(t, db, i, d)
	}
	other := queue(t, db, i, 1, 2)[1]
	now := clock.Add(time.Hour)
	claim(t, db, now, 1)
	finish(t, db, first, delivery.Waiting, now.Add(10*time.Minute))
	got := claim(t, db, now.Add(2*time.Minute), 9)
	if len(got) != 2 {
		t.Fatalf("claimed %v, want both of the conversions that wait for nothing", idsOf(got))
	}
	finish(t, db, other, delivery.Delivered, now)
	finish(t, db, got[0], delivery.Delivered, now)
	next(t, db, now.Add(10*time.Minute))
}

func keepsBreakers(t *testing.T, db *DB) {
	i := newIDs(t)
	all := queue(t, db, i, 1, 3)
	free := queue(t, db, i, 2, 1)
	now := clock.Add(time.Minute)
	open := delivery.Breaker{
		SubscriptionID: 1, State: delivery.BreakerOpen, Failures: 10, Trips: 1, Class: delivery.ErrTimeout, Detail: "no answer in 10 s",
		OpenedAt: now, ProbeAt: now.Add(30 * time.Second),
	}
	report(t, db, all[0], delivery.ErrTimeout, now.Add(5*time.Second), &open)
	got, err := db.Breakers(t.Context())
	if diff := cmp.Diff([]delivery.Breaker{open}, got); diff != "" || err != nil {
		t.Errorf("breakers (%v), -want +got:\n%s", err, diff)
	}
	same(t, "while it is open", idsOf(free), idsOf(claim(t, db, now.Add(20*time.Second), 9)))
	finish(t, db, free[0], delivery.Delivered, now)
	next(t, db, open.ProbeAt)
	probe := claim(t, db, open.ProbeAt, 9)
	same(t, "one tries", []string{all[1].ID}, idsOf(probe))
	same(t, "and no other meanwhile", []string{}, idsOf(claim(t, db, open.ProbeAt.Add(time.Second), 9)))
	next(t, db, open.ProbeAt.Add(time.Minute))

	now = open.ProbeAt.Add(2 * time.Second)
	if ok, err := db.Renew(t.Context(), probe[0].ID, probe[0].LeasedUntil, now); err != nil || !ok {
		t.Fatalf("the probe was not given back: %v, %v", ok, err)
	}
	probe = claim(t, db, now, 9)
	same(t, "given back, the next may try", []string{all[2].ID}, idsOf(probe))
	report(t, db, probe[0], delivery.ErrTemplate, now, nil)
	probe = claim(t, db, now, 9)
	if len(probe) != 1 || probe[0].SubscriptionID != 1 {
		t.Errorf("after a probe that said nothing of the receiver: %v, want another", idsOf(probe))
	}
	report(t, db, probe[0], "", now, &delivery.Breaker{SubscriptionID: 1, State: delivery.BreakerClosed})
	if got, err := db.Breakers(t.Context()); err != nil || len(got) != 0 {
		t.Errorf("breakers of a receiver that is back: %+v, %v", got, err)
	}
	if got := claim(t, db, now.Add(time.Hour), 9); len(got) == 0 {
		t.Error("nothing is claimed for a receiver that is back")
	}
	checkClean(t, db)
}

// report records one more attempt on d: a failure of a class, after which it is
// due at a time or dead, or its delivery.
func report(t testing.TB, db *DB, d delivery.Owed, class delivery.ErrorClass, at time.Time, b *delivery.Breaker) {
	t.Helper()
	d.Attempts++
	a := delivery.Attempt{DeliveryID: d.ID, Number: d.Attempts, At: at, Error: class}
	switch {
	case class == "":
		a.Status, d.State, d.DoneAt = 200, delivery.Delivered, at
	case class == delivery.ErrUnmatched:
		d.State, d.DoneAt = delivery.Withdrawn, at
	case class.Permanent():
		d.State, d.DoneAt = delivery.Dead, at
	default:
		d.DueAt = at
	}
	if err := db.Record(t.Context(), delivery.Report{Attempt: a, After: d, Breaker: b}); err != nil {
		t.Fatal(err)
	}
}

func recordsRequests(t *testing.T, db *DB) {
	ctx := t.Context()
	subscribe(t, db, 1)
	d := delivery.Owed{
		ID: "alert 1", SubscriptionID: 1, ConversionID: "alert", Sequence: 1, Event: delivery.EventDestinationOpened,
		Values: map[string]string{"payout": "5", "email_sha256": "ab12"}, State: delivery.Waiting, CreatedAt: clock, DueAt: clock,
	}
	for range 2 { // whoever sees the same owes the same
		if err := db.Owe(ctx, []delivery.Owed{d}); err != nil {
			t.Fatal(err)
		}
	}
	same(t, "owed", []string{d.ID}, idsOf(claim(t, db, clock, 9)))
	a := delivery.Attempt{
		DeliveryID: d.ID, Number: 1, At: clock, Took: time.Second, Method: "POST", URL: "https://x.example/",
		RequestHeader: map[string]string{"Authorization": "••••", "Content-Type": "application/json"}, RequestBody: `{"a":1}`,
		Status: 200, Body: "OK",
	}
	if err := db.Record(ctx, delivery.Report{Attempt: a, After: d.After(a, nil, 0, 0.5)}); err != nil {
		t.Fatal(err)
	}
	kept, err := db.Attempts(ctx, d.ID)
	if diff := cmp.Diff([]delivery.Attempt{a}, kept); diff != "" || err != nil {
		t.Errorf("attempts (%v), -want +got:\n%s", err, diff)
	}
	got, err := db.Delivery(ctx, d.ID)
	if diff := cmp.Diff(map[string]string{"payout": "5"}, got.Values); diff != "" || err != nil {
		t.Errorf("values of what was delivered (%v), -want +got:\n%s", err, diff)
	}
	if facts, _, err := db.AttemptFacts(ctx, 0, 9); err != nil || len(facts) != 1 || facts[0].Event != "destination.opened" {
		t.Errorf("facts of an alert's attempt: %+v, %v", facts, err)
	}
	checkClean(t, db)
}

func forgetsDigests(t *testing.T, db *DB) {
	subscribe(t, db, 1)
	var owed []delivery.Owed
	for n := range 3 {
		owed = append(owed, delivery.Owed{
			ID: fmt.Sprint("d", n), SubscriptionID: 1, ConversionID: fmt.Sprint("c", n), Sequence: 1, Event: delivery.EventDestinationOpened,
			Values: map[string]string{"email_sha256": "ab12", "sub1": "x"}, State: delivery.Waiting,
			CreatedAt: clock.Add(time.Duration(n) * 24 * time.Hour), DueAt: clock,
		})
	}
	if err := db.Owe(t.Context(), owed); err != nil {
		t.Fatal(err)
	}
	if err := db.Tidy(t.Context(), clock.Add(digestsKept+30*time.Hour)); err != nil {
		t.Fatal(err)
	}
	for n, d := range owed {
		got, err := db.Delivery(t.Context(), d.ID)
		if err != nil || got.Personal() != (n == 2) || got.Values["sub1"] != "x" {
			t.Errorf("values of what was owed %d days later than the first: %v, %v", n, got.Values, err)
		}
	}
}

func tellsDestinations(t *testing.T, db *DB) {
	i := newIDs(t)
	all := queue(t, db, i, 1, 6)
	queue(t, db, i, 2, 1)
	subscribe(t, db, 3)
	at := clock.Add(time.Hour)
	open := delivery.Breaker{SubscriptionID: 1, State: delivery.BreakerOpen, Failures: 10, Class: delivery.ErrStatus, OpenedAt: at, ProbeAt: at, Trips: 2}
	finish(t, db, all[0], delivery.Delivered, at)
	finish(t, db, all[1], delivery.Dead, at.Add(time.Second))
	finish(t, db, all[2], delivery.Parked, at.Add(2*time.Second))
	report(t, db, all[3], delivery.ErrDNS, at.Add(4*time.Second), &open)
	report(t, db, all[5], delivery.ErrUnmatched, at.Add(20*time.Second), nil) // of which the receiver never heard
	db.now = func() time.Time { return clock.Add(10 * time.Second) }
	got, err := db.Destinations(t.Context())
	want := []delivery.Destination{
		{
			SubscriptionID: 1, Waiting: 2, Due: 1, Dead: 1, Parked: 1, OldestDue: all[4].DueAt,
			LastSuccess: at, LastFailure: at.Add(4 * time.Second), LastClass: delivery.ErrDNS, Breaker: open,
		},
		{SubscriptionID: 2, Waiting: 1, Due: 1, OldestDue: clock, Breaker: delivery.Breaker{SubscriptionID: 2, State: delivery.BreakerClosed}},
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("destinations (%v), -want +got:\n%s", err, diff)
	}
	if err := db.CloseBreaker(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	if left, err := db.Breakers(t.Context()); err != nil || len(left) != 0 {
		t.Errorf("breakers after the one was closed: %+v, %v", left, err)
	}
	depths, err := db.Depths(t.Context())
	if diff := cmp.Diff(map[delivery.State]int64{delivery.Waiting: 3, delivery.Dead: 1, delivery.Parked: 1}, depths); diff != "" || err != nil {
		t.Errorf("depths (%v), -want +got:\n%s", err, diff)
	}
}

func disables(t *testing.T, db *DB) {
	subscribe(t, db, 1)
	before, err := db.CatalogVersion(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for n, want := range []bool{true, false} {
		if did, err := db.Disable(t.Context(), 1, "410 Gone", clock); err != nil || did != want {
			t.Errorf("call %d disabled it: %v (%v), want %v", n+1, did, err, want)
		}
	}
	row, err := db.Subscriptions().Get(t.Context(), 1)
	if u := row.Value; err != nil || u.Status != delivery.Disabled || u.DisabledReason != "410 Gone" || !u.DisabledAt.Equal(clock) {
		t.Errorf("the subscription: %+v, %v", u, err)
	}
	if after, err := db.CatalogVersion(t.Context()); err != nil || after != before+1 {
		t.Errorf("the catalog's version went from %d to %d (%v), want one more", before, after, err)
	}
	if _, err := db.Disable(t.Context(), 9, "", clock); fault.Of(err) != fault.NotFound {
		t.Errorf("nobody was disabled: %v, want NotFound", err)
	}
}

func hidesSecrets(t *testing.T, db *DB) {
	u := delivery.Default()
	u.Owner.Network, u.Format, u.Secret = true, delivery.Webhook, "whsec_c2VjcmV0c2VjcmV0c2VjcmV0"
	u.Headers = map[string]string{"Authorization": "Bearer verysecrettoken"}
	create(t, db.Subscriptions(), u)
	notes, _, err := db.Audit(t.Context(), AuditFilter{Entity: "subscription"})
	if err != nil || len(notes) != 1 {
		t.Fatalf("%d notes (%v), want 1", len(notes), err)
	}
	for _, secret := range []string{"c2VjcmV0c2Vj", "verysecret"} {
		if all := fmt.Sprint(notes); strings.Contains(all, secret) {
			t.Errorf("the audit holds a secret: %s", all)
		}
	}
}

// tidiesInSteps: however many attempts have grown old, no write deletes more than
// a few, so that none holds the others up.
func tidiesInSteps(t *testing.T, db *DB) {
	const insert = `
		WITH RECURSIVE n (i) AS (SELECT CAST(1 AS BIGINT) UNION ALL SELECT i + 1 FROM n WHERE i < $1)
		INSERT INTO attempt (delivery_id, number, at, took, method, url, status, body, error, detail)
		SELECT 'd', i, $2 + i, 0, '', '', 0, '', '', '' FROM n`
	if err := raw(t, db, insert, int64(2*tidyBatch+5), micros(clock)); err != nil {
		t.Fatal(err)
	}
	tidy := func(now time.Time) uint64 {
		before := db.Stats().Transactions
		if err := db.Tidy(t.Context(), now); err != nil {
			t.Fatal(err)
		}
		return db.Stats().Transactions - before
	}
	few := tidy(clock.Add(attemptsKept + 3*time.Microsecond))
	if left, err := db.Attempts(t.Context(), "d"); err != nil || len(left) != 2*tidyBatch+3 {
		t.Errorf("%d attempts are left (%v), want all but the 2 that are older than 90 days", len(left), err)
	}
	many := tidy(clock.Add(attemptsKept + time.Hour))
	if left, err := db.Attempts(t.Context(), "d"); err != nil || len(left) != 0 {
		t.Errorf("%d attempts are left (%v), want none", len(left), err)
	}
	if many != few+2 {
		t.Errorf("it took %d writes to delete 2 and %d to delete the rest, want one more for every %d", few, many, tidyBatch)
	}
}
