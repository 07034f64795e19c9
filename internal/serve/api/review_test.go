package api

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"waybill/internal/account"
	"waybill/internal/fault"
	"waybill/internal/money"
	"waybill/internal/signal"
)

const dryReview = `{"ids":["CONVERSION"],"status":"rejected","dry_run":true}`

// TestReviewsAreFewAtOnce keeps one review under way, of one partner.
func TestReviewsAreFewAtOnce(t *testing.T) {
	w := newWorld(t)
	begun, end := make(chan struct{}), make(chan struct{})
	w.Rehearse = func() func(context.Context, Hit) (signal.Verdict, error) {
		return func(context.Context, Hit) (signal.Verdict, error) {
			begun <- struct{}{}
			<-end
			return signal.Verdict{Status: signal.Updated, Code: signal.OK}, nil
		}
	}
	w.handler = w.Handler()
	under := make(chan reply)
	go func() { under <- w.do(t, asAdvertiser1, "POST", "conversions/review", dryReview) }()
	<-begun
	got := w.do(t, asAdvertiser1, "POST", "conversions/review", dryReview)
	if got.status != http.StatusTooManyRequests || got.header.Get("Retry-After") != retryPlace {
		t.Errorf("the second one: %d %s, Retry-After %q; want 429 and %s", got.status, got.text, got.header.Get("Retry-After"), retryPlace)
	}
	go func() { under <- w.do(t, asNetwork, "POST", "conversions/review", dryReview) }()
	<-begun // the network has a place of its own
	close(end)
	for range 2 {
		if got := <-under; got.status != http.StatusOK {
			t.Errorf("one that was under way: %d %s; want 200", got.status, got.text)
		}
	}
}

// TestAReviewEnds holds both kinds of review, and the looking up, to the time.
func TestAReviewEnds(t *testing.T) {
	w := newWorld(t)
	asked := 0
	w.Rehearse = func() func(context.Context, Hit) (signal.Verdict, error) {
		return func(context.Context, Hit) (signal.Verdict, error) {
			asked++
			return signal.Verdict{Status: signal.Updated, Code: signal.OK}, nil
		}
	}
	newRun := func(dry bool, until time.Time) *reviewRun {
		return &reviewRun{
			API: w.API, who: userOfNetwork(1, account.Owner), until: until, sums: map[money.Currency]*tally{},
			request: &reviewRequest{IDs: []string{w.conversion.ID}, Status: "rejected", DryRun: dry},
		}
	}
	early, late := time.Now().Add(-time.Second), time.Now().Add(time.Hour)
	for _, dry := range []bool{true, false} {
		looked := newRun(dry, early)
		if all, err := looked.meant(t.Context()); err != nil || len(all) != 0 || !refusedForTime(looked) {
			t.Errorf("meant() with no time left, dry %t = %v (%v), refused %+v; want none looked up", dry, all, err, looked.out.Refused)
		}
		run := newRun(dry, late)
		all, err := run.meant(t.Context())
		if err != nil || len(all) != 1 {
			t.Fatalf("meant() = %v, %v; want the conversion", all, err)
		}
		run.until = early
		if err := run.all(t.Context(), all); err != nil || !refusedForTime(run) || asked+len(w.door.hits) != 0 {
			t.Errorf("all() with no time left, dry %t: %v, refused %+v after %d were tried; want it left", dry, err, run.out.Refused, asked+len(w.door.hits))
		}
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	run := newRun(true, late)
	if _, err := run.meant(gone); !errors.Is(err, errGone) {
		t.Errorf("meant() for a client that has left = %v, want %v", err, errGone)
	}
	all, err := run.meant(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := run.all(gone, all); !errors.Is(err, errGone) || asked != 0 {
		t.Errorf("all() for a client that has left = %v after %d were tried, want %v", err, asked, errGone)
	}
}

func refusedForTime(r *reviewRun) bool {
	return r.again && len(r.out.Refused) == 1 && r.out.Refused[0].Code == "no_time"
}

// TestSiftingCausesTakesAPlace fills what affiliates have of the places.
func TestSiftingCausesTakesAPlace(t *testing.T) {
	w := newWorld(t)
	sift := newPlaces(2)
	affiliate := account.Principal{Role: account.Affiliate, AffiliateID: 1}
	leave, ok := sift.enter(t.Context(), affiliate)
	if !ok {
		t.Fatal("there is no place")
	}
	if _, _, err := w.causesFor(t.Context(), affiliate, CauseFilter{Until: noon}, sift); problemOf(err).Status != http.StatusTooManyRequests {
		t.Errorf("causesFor() of an affiliate = %v, want it limited", err)
	}
	if _, _, err := w.causesFor(t.Context(), userOfNetwork(1, account.Owner), CauseFilter{Until: noon}, sift); err != nil {
		t.Errorf("causesFor() of the network = %v (%s), want no place needed", err, fault.Of(err))
	}
	leave()
	if _, _, err := w.causesFor(t.Context(), affiliate, CauseFilter{Until: noon}, sift); err != nil || len(sift.slots) != 0 {
		t.Errorf("causesFor() once there is a place = %v, %d are taken; want it answered and left", err, len(sift.slots))
	}
}

// TestTheAuditSaysWhoDecides holds who is noted, and of what.
func TestTheAuditSaysWhoDecides(t *testing.T) {
	w := newWorld(t)
	w.Rehearse = func() func(context.Context, Hit) (signal.Verdict, error) {
		return func(context.Context, Hit) (signal.Verdict, error) { return signal.Verdict{Status: signal.Updated}, nil }
	}
	owner, byKey := userOfNetwork(1, account.Owner), account.Principal{KeyID: 1, Role: account.Network, Grade: account.Owner}
	for _, tt := range []struct {
		name               string
		who                account.Principal
		method, path, body string
		want               string // who, action, key and what was asked for
	}{
		{"a rehearsal is nothing", owner, "POST", "conversions/review", dryReview, ""},
		{"one changed by a program", byKey, "PATCH", "conversions/CONVERSION", `{"status":"rejected"}`, ""},
		{"one changed", owner, "PATCH", "conversions/CONVERSION", `{"status":"rejected","note":"fraud"}`, `user 1 change CONVERSION {"status":"rejected","note":"fraud"}`},
		{"many reviewed", owner, "POST", "conversions/review", `{"filter":{"offer_id":1},"status":"rejected"}`, `user 1 review  {"status":"rejected","filter":{"offer_id":1},"conversions":1}`},
		{"by a program, too", byKey, "POST", "conversions/review", `{"ids":["CONVERSION"],"status":"hold"}`, `key 1 review  {"status":"hold","conversions":1}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := w.sendAs(tt.who, tt.method, tt.path, tt.body); got.status != http.StatusOK {
				t.Fatalf("%s %s: %d %s", tt.method, tt.path, got.status, got.text)
			}
			notes, _, err := w.AuditLog.Audit(t.Context(), AuditFilter{Entity: "conversion", Limit: 1})
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			if len(notes) > 0 {
				got = notes[0].Actor + " " + notes[0].Action + " " + notes[0].Key + " " + notes[0].After
			}
			if want := w.fill(tt.want); got != want {
				t.Errorf("the audit says %q, want %q", got, want)
			}
		})
	}
}
