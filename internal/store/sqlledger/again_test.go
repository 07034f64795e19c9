package sqlledger

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/delivery"
	"waybill/internal/fault"
	"waybill/internal/settlement"
	"waybill/internal/signal"
)

// rejectFirst settles a case with a rejection, and gives it back to be judged again.
func rejectFirst(t testing.TB, db *DB, c settlement.Case, code signal.Code) settlement.Case {
	t.Helper()
	v := verdictOn(c, signal.Rejected, code, "")
	v.Candidates = []signal.Considered{{By: "customer_id", TransactionID: "old", Code: code}}
	refused := c
	refused.Refusal = &v
	settle(t, db, refused)
	return c
}

func settleAgain(t testing.TB, db *DB, c settlement.Case, r signal.Replay) signal.Verdict {
	t.Helper()
	v, err := db.SettleAgain(t.Context(), c, r)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func settlesAgain(t *testing.T, db *DB) {
	i := newIDs(t)
	c := newCase(i, "t1")
	c.OrderID = "o1"
	rejectFirst(t, db, c, signal.TokenInvalid)
	old, err := db.Verdict(t.Context(), c.SignalID)
	if err != nil {
		t.Fatal(err)
	}
	want := newConversion(i.conversionID(t, c.SignalID), c)
	c.Judge = func(settlement.State) (settlement.Outcome, error) {
		out := accepted(t, c, want)
		out.Owed = []delivery.Owed{owed(want, 1, clock)}
		return out, nil
	}
	got := settleAgain(t, db, c, signal.Replay{By: "key 3", Trust: true})
	if diff := cmp.Diff(verdictOn(c, signal.Accepted, signal.OK, want.ID), got); diff != "" {
		t.Errorf("the new verdict (-want +got):\n%s", diff)
	}
	if now, err := db.Verdict(t.Context(), c.SignalID); err != nil || now.Candidates != nil {
		t.Errorf("its candidates are still %+v (%v), those of the old verdict", now.Candidates, err)
	}
	if kept, err := db.Conversion(t.Context(), want.ID); err != nil || !cmp.Equal(want, kept) {
		t.Errorf("the conversion (%v):\n%s", err, cmp.Diff(want, kept))
	}
	earlier, err := db.EarlierVerdicts(t.Context(), c.SignalID)
	if err != nil {
		t.Fatal(err)
	}
	old.Candidates = nil // the earlier verdict is kept without them
	if diff := cmp.Diff([]signal.Earlier{{Verdict: old, ReplacedAt: clock, By: "key 3", Trusted: true}}, earlier); diff != "" {
		t.Errorf("earlier verdicts (-want +got):\n%s", diff)
	}
	trace, err := db.Trace(t.Context(), "t1")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(earlier, trace.Earlier); diff != "" {
		t.Errorf("earlier verdicts in the trace (-want +got):\n%s", diff)
	}
	checkClean(t, db)
}

func settlesAgainOnce(t *testing.T, db *DB) {
	i := newIDs(t)
	c := newCase(i, "t1")
	c.OrderID = "o1"
	other := newCase(i, "t2") // of the same order
	other.OrderID = "o1"
	for _, one := range []*settlement.Case{&c, &other} {
		rejectFirst(t, db, *one, signal.OfferInactive)
		one.Judge = once(t, i, *one)
	}
	var wg sync.WaitGroup
	for n := range 8 {
		wg.Go(func() {
			one := c
			if n%2 == 1 {
				one = other
			}
			if _, err := db.SettleAgain(t.Context(), one, signal.Replay{By: fmt.Sprintf("key %d", n)}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	all, _, err := db.Conversions(t.Context(), ConversionFilter{OrderID: "o1"})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != 1 {
		t.Errorf("%d conversions of one order, want 1", len(all))
	}
	var statuses []signal.Status
	for _, one := range []settlement.Case{c, other} {
		v, err := db.Verdict(t.Context(), one.SignalID)
		if err != nil {
			t.Fatal(err)
		}
		statuses = append(statuses, v.Status)
		earlier, err := db.EarlierVerdicts(t.Context(), one.SignalID)
		if err != nil || len(earlier) != 1 {
			t.Errorf("%d earlier verdicts (%v), want 1", len(earlier), err)
		}
	}
	if !cmp.Equal(statuses, []signal.Status{signal.Accepted, signal.Duplicate}) &&
		!cmp.Equal(statuses, []signal.Status{signal.Duplicate, signal.Accepted}) {
		t.Errorf("statuses %v, want one accepted and one duplicate", statuses)
	}
	checkClean(t, db)
}

// settlesAside: a signal that could not be settled, for a defect, counts once that
// is mended.
func settlesAside(t *testing.T, db *DB) {
	i := newIDs(t)
	c := newCase(i, "t1")
	aside := c
	v := verdictOn(c, signal.Queued, signal.CodeQueued, "")
	aside.Refusal = &v
	settle(t, db, aside)
	want := newConversion(i.conversionID(t, c.SignalID), c)
	c.Judge = func(settlement.State) (settlement.Outcome, error) { return accepted(t, c, want), nil }
	if got := settleAgain(t, db, c, signal.Replay{By: "key 3"}); got.Status != signal.Accepted || got.ConversionID != want.ID {
		t.Errorf("judged again it is %+v, want accepted", got)
	}
	earlier, err := db.EarlierVerdicts(t.Context(), c.SignalID)
	if err != nil || len(earlier) != 1 || earlier[0].Status != signal.Queued {
		t.Errorf("earlier verdicts %+v (%v), want the one that put it aside", earlier, err)
	}
	checkClean(t, db)
}

func settlesAgainInVain(t *testing.T, db *DB) {
	i := newIDs(t)
	ctx := t.Context()
	c := newCase(i, "t1")
	rejectFirst(t, db, c, signal.CapReached)
	old, err := db.Verdict(ctx, c.SignalID)
	if err != nil {
		t.Fatal(err)
	}
	c.Judge = func(settlement.State) (settlement.Outcome, error) {
		v := verdictOn(c, signal.Rejected, signal.CapReached, "")
		v.Message = "in other words"
		return settlement.Outcome{Verdict: v}, nil
	}
	if got := settleAgain(t, db, c, signal.Replay{By: "key 1"}); !cmp.Equal(old, got) {
		t.Errorf("the verdict changed (-old +new):\n%s", cmp.Diff(old, got))
	}
	if earlier, err := db.EarlierVerdicts(ctx, c.SignalID); err != nil || len(earlier) != 0 {
		t.Errorf("%d earlier verdicts (%v), want none", len(earlier), err)
	}
	other := verdictOn(c, signal.Rejected, signal.ClickExpired, "")
	c.Refusal = &other
	if got := settleAgain(t, db, c, signal.Replay{By: "key 1"}); got.Code != signal.ClickExpired {
		t.Errorf("rejected by another code: %s, want %s", got.Code, signal.ClickExpired)
	}

	done := newCase(i, "t2")
	done.Judge = once(t, i, done)
	was := settle(t, db, done)
	done.Judge = func(settlement.State) (settlement.Outcome, error) {
		t.Error("what is accepted must not be judged again")
		return settlement.Outcome{}, nil
	}
	if got := settleAgain(t, db, done, signal.Replay{}); !cmp.Equal(was, got) {
		t.Errorf("what was accepted changed (-old +new):\n%s", cmp.Diff(was, got))
	}
	if _, err := db.SettleAgain(ctx, newCase(i, "t3"), signal.Replay{}); fault.Of(err) != fault.NotFound {
		t.Errorf("a signal without a verdict: %v, want NotFound", err)
	}
	checkClean(t, db)
}

func foresees(t *testing.T, db *DB) {
	i := newIDs(t)
	first := newCase(i, "t1")
	first.OrderID = "o1"
	first.Counters = []settlement.Counter{{OfferID: 3, Metric: "conversions", Period: "total"}}
	first.Judge = func(settlement.State) (settlement.Outcome, error) {
		out := accepted(t, first, newConversion(i.conversionID(t, first.SignalID), first))
		out.Use = map[settlement.Counter]int64{first.Counters[0]: 1}
		out.Conversion.Memory.CapUse = nil
		return out, nil
	}
	settle(t, db, first)
	second := newCase(i, "t1")
	second.OrderID, second.Counters = "o1", first.Counters
	foreseen, err := db.Foresee(t.Context(), second)
	if err != nil {
		t.Fatal(err)
	}
	second.Judge = func(got settlement.State) (settlement.Outcome, error) {
		if diff := cmp.Diff(got, foreseen); diff != "" {
			t.Errorf("foreseen (-judged +foreseen):\n%s", diff)
		}
		return settlement.Outcome{Verdict: verdictOn(second, signal.Duplicate, signal.CodeDuplicate, "")}, nil
	}
	settle(t, db, second)
	if foreseen.Order == nil || len(foreseen.Conversions) != 1 || foreseen.Used[first.Counters[0]] != 1 {
		t.Errorf("foreseen %+v, want the order, its conversion and the cap's use", foreseen)
	}
	free, err := db.Foresee(t.Context(), settlement.Case{OrderID: "o2", Claim: second.Claim})
	if err != nil || free.Order != nil {
		t.Errorf("a free order is %v's (%v)", free.Order, err)
	}
}

func listsRejected(t *testing.T, db *DB) {
	i := newIDs(t)
	var want []string
	for n := range 6 {
		c := newCase(i, fmt.Sprintf("t%d", n))
		if n%3 == 2 {
			c.Judge = once(t, i, c)
			settle(t, db, c)
			continue
		}
		rejectFirst(t, db, c, signal.GoalUnknown)
		want = append(want, c.SignalID)
	}
	var got []string
	f := VerdictFilter{Code: signal.GoalUnknown, Channel: signal.Postback, OfferID: 3, From: clock, Until: clock.Add(time.Hour), Page: Page{Limit: 3}}
	for {
		page, next, err := db.Rejected(t.Context(), f)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range page {
			got = append(got, v.SignalID)
		}
		if next == "" {
			break
		}
		f.Cursor = next
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("rejected (-want +got):\n%s", diff)
	}
	for name, f := range map[string]VerdictFilter{
		"another code":    {Code: signal.TooFast},
		"another channel": {Channel: signal.Pixel},
		"another time":    {From: clock.Add(time.Hour)},
		"tests":           {Test: true},
	} {
		if page, _, err := db.Rejected(t.Context(), f); err != nil || len(page) != 0 {
			t.Errorf("%s: %d verdicts (%v), want none", name, len(page), err)
		}
	}
}
