package settle_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"waybill/internal/fault"
	"waybill/internal/signal"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestSettledAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		defer r.start()()
		v := r.settle()
		if v.Status != signal.Accepted || v.Code != signal.OK || v.ConversionID == "" {
			t.Errorf("verdict %+v, want it accepted: its click is on record", v)
		}
		for _, want := range []string{"signal settled", "signal=" + v.SignalID, "conversion=" + v.ConversionID, "code=ok", "way=direct", "took="} {
			if !strings.Contains(r.log.String(), want) {
				t.Errorf("the log lacks %q:\n%s", want, r.log)
			}
		}
	})
}

func TestLostAndDamagedClicks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		defer r.start()()
		r.journal.put(r.click, []byte{0xff, 0xff, 0xff})
		if v := r.settle(); v.Code != signal.RecordMissing {
			t.Errorf("a damaged click: %+v", v)
		}
		r.journal.mu.Lock()
		delete(r.journal.records, r.click)
		r.journal.mu.Unlock()
		if v := r.settle(); v.Code != signal.RecordMissing {
			t.Errorf("a lost click: %+v", v)
		}
	})
}

// TestLedgerAway goes through an outage: what comes is queued, the first without
// its settling having succeeded, those behind it without a try; then all are
// settled in order, and new ones at once again.
func TestLedgerAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		defer r.start()()
		r.settle()
		r.ledger.set(func() { r.ledger.away = true })

		var queued []string
		for range 600 { // more than two batches
			v := r.settle()
			if !isQueued(v) {
				t.Fatalf("verdict %+v, want it queued", v)
			}
			queued = append(queued, v.SignalID)
		}
		r.ledger.mu.Lock()
		calls := r.ledger.calls
		r.ledger.mu.Unlock()
		if calls > 3 {
			t.Errorf("the ledger was asked %d times while it was away", calls)
		}
		pass(time.Minute)
		if count, oldest := r.settler.Unsettled(); count != 600 || oldest < time.Minute || oldest > time.Minute+time.Second {
			t.Errorf("Unsettled() = %d, %s; want 600, a minute", count, oldest)
		}
		if v := r.settle(); !isQueued(v) {
			t.Errorf("verdict %+v, want it queued", v)
		} else {
			queued = append(queued, v.SignalID)
		}
		if n := strings.Count(r.log.String(), "level=WARN"); n > 2 {
			t.Errorf("an outage of a minute warns %d times", n)
		}

		r.ledger.set(func() { r.ledger.away, r.ledger.slow = false, 10*time.Millisecond })
		pass(4 * time.Second)
		if count, oldest := r.settler.Unsettled(); count == 0 || count > 500 || oldest < time.Minute {
			t.Errorf("in the middle of it Unsettled() = %d, %s", count, oldest)
		}
		if v := r.settle(); !isQueued(v) {
			t.Errorf("verdict %+v, want it queued behind the others", v)
		} else {
			queued = append(queued, v.SignalID)
		}
		pass(10 * time.Second)
		if got := r.ledger.order[1:]; !slices.Equal(got, queued) {
			t.Errorf("settled %d in another order than the %d came in", len(got), len(queued))
		}
		if count, oldest := r.settler.Unsettled(); count != 0 || oldest != 0 {
			t.Errorf("Unsettled() = %d, %s; want none", count, oldest)
		}
		if v := r.settle(); v.Status == signal.Queued {
			t.Errorf("verdict %+v, want it settled at once", v)
		}
	})
}

func TestTimeOutCountsAsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		defer r.start()()
		r.settle()
		r.ledger.set(func() { r.ledger.slow = time.Minute })
		began := time.Now()
		if v := r.settle(); !isQueued(v) || time.Since(began) > 5*time.Second {
			t.Errorf("after %s: %+v; want it queued within seconds", time.Since(began), v)
		}
		r.ledger.set(func() { r.ledger.slow = 0 })
		pass(2 * time.Minute) // what the sweep has asked meanwhile takes its minute
		if len(r.ledger.order) != 2 {
			t.Errorf("%d settled, want 2", len(r.ledger.order))
		}
	})
}

// TestAfterAStart settles what an earlier process left, of this node number and
// of others, and only then what comes now.
func TestAfterAStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		old := []signal.Signal{r.leftBehind(1), r.leftBehind(1), r.receive()}
		r.ledger.through[1] = old[0].ID.Tick() + 1
		r.ledger.verdicts[old[0].ID.String()] = signal.Verdict{Status: signal.Accepted}

		answered := make(chan signal.Verdict, 1)
		go func() { answered <- r.settle() }()
		synctest.Wait()
		defer r.start()()
		v := <-answered
		if v.Status != signal.Accepted {
			t.Errorf("verdict %+v: a signal at the start waits a little for those before it", v)
		}
		want := []string{old[1].ID.String(), old[2].ID.String(), v.SignalID}
		slices.Sort(want[1:])
		got := slices.Clone(r.ledger.order)
		slices.Sort(got[1:])
		if !slices.Equal(got, want) {
			t.Errorf("settled %q, want %q", r.ledger.order, want)
		}
		pass(3 * time.Second)
		if through := r.ledger.through[1]; through != old[1].ID.Tick()+1 {
			t.Errorf("node 1 is settled through %d, want behind %d", through, old[1].ID.Tick())
		}
	})
}

func TestAtTheStartWithoutTheLedger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.ledger.away = true
		defer r.start()()
		began := time.Now()
		for range 10 { // one after another: only the first may wait
			if v := r.settle(); !isQueued(v) || time.Since(began) > 2*time.Second {
				t.Fatalf("after %s: %+v; want them queued within two seconds", time.Since(began), v)
			}
		}
	})
}

// TestALongBacklogAtTheStart keeps no sender for longer than the patience that
// all of them share.
func TestALongBacklogAtTheStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		for range 100 {
			r.receive()
		}
		r.ledger.slow = time.Second
		defer r.start()()
		began := time.Now()
		for range 10 {
			if v := r.settle(); !isQueued(v) || time.Since(began) > 2*time.Second {
				t.Fatalf("after %s: %+v; want them queued within two seconds", time.Since(began), v)
			}
		}
	})
}

// TestSignalThatNobodyHandedOver is settled all the same: its sender was told
// that it could not be written down, and it was.
func TestSignalThatNobodyHandedOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		defer r.start()()
		r.settle()
		s := r.receive()
		r.settle()
		pass(3 * time.Second)
		if v := r.verdict(s); v.Status != signal.Accepted {
			t.Errorf("verdict %+v, want it accepted", v)
		}
	})
}

// TestSettledThrough never passes what may still be unsettled.
func TestSettledThrough(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		defer r.start()()
		first := r.settle()
		unwritten, ticket := r.begin()
		r.settle()
		pass(5 * time.Second)
		if through := r.ledger.through[liveNode]; through > unwritten.ID.Tick() || through == 0 {
			t.Errorf("settled through %d, past %d, which is not written yet (first %s)", through, unwritten.ID.Tick(), first.SignalID)
		}
		r.journal.put(unwritten.ID, unwritten.Append(nil))
		ticket.Done()

		r.ledger.set(func() { r.ledger.slow = 2900 * time.Millisecond })
		flying := r.receive()
		done := make(chan struct{})
		go func() { defer close(done); r.settler.Settle(t.Context(), flying) }()
		pass(2500 * time.Millisecond)
		if through := r.ledger.through[liveNode]; through > flying.ID.Tick() {
			t.Errorf("settled through %d, past %d, which is being settled", through, flying.ID.Tick())
		}
		<-done
		r.ledger.set(func() { r.ledger.slow = 0 })
		pass(5 * time.Second)
		if through := r.ledger.through[liveNode]; through != flying.ID.Tick()+1 {
			t.Errorf("settled through %d, want behind %d", through, flying.ID.Tick())
		}
	})
}

// TestWhatCannotBeJudged gets a verdict that says so, and holds up nobody.
func TestWhatCannotBeJudged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		defer r.start()()
		r.settle()
		damaged, poisoned := r.receive(), r.receive()
		r.journal.put(damaged.ID, []byte{0xff, 0xff, 0xff})
		r.ledger.set(func() { r.ledger.poison[poisoned.ID.String()] = errors.New("a defect") })
		if v := r.settler.Settle(t.Context(), poisoned); !isQueued(v) {
			t.Errorf("verdict %+v, want it queued", v)
		}
		if v := r.settle(); v.Status != signal.Accepted {
			t.Errorf("verdict %+v: a signal that cannot be judged is no outage", v)
		}
		pass(5 * time.Second)
		if v := r.verdict(damaged); v.Code != signal.Malformed || v.SignalID != damaged.ID.String() || v.SettledAt.IsZero() || v.Message == "" {
			t.Errorf("the damaged one: %+v", v)
		}
		if v := r.verdict(poisoned); v.Code != signal.CodeQueued || !strings.Contains(v.Rule, "a defect") {
			t.Errorf("the poisoned one: %+v", v)
		}
		if n := strings.Count(r.log.String(), "signal cannot be judged"); n != 2 {
			t.Errorf("%d lines in the log, want 2", n)
		}
		if count, _ := r.settler.Unsettled(); count != 0 {
			t.Errorf("%d unsettled, want none", count)
		}
	})
}

// TestJournalAway: a click that cannot be read now is not taken for lost.
func TestJournalAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		defer r.start()()
		r.settle()
		s := r.receive()
		r.journal.mu.Lock()
		r.journal.err = fault.New(fault.Unavailable, "the journal is away")
		r.journal.mu.Unlock()
		if v := r.settler.Settle(t.Context(), s); !isQueued(v) {
			t.Errorf("verdict %+v, want it queued", v)
		}
		r.journal.mu.Lock()
		r.journal.err = nil
		r.journal.mu.Unlock()
		pass(5 * time.Second)
		if v := r.verdict(s); v.Code != signal.OK {
			t.Errorf("verdict %+v, want it ok", v)
		}
	})
}

// TestDefectThatPasses is tried again before a signal is given up.
func TestDefectThatPasses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		defer r.start()()
		r.settle()
		s := r.receive()
		r.ledger.set(func() { r.ledger.poison[s.ID.String()], r.ledger.cures = errors.New("a defect"), 2 })
		pass(5 * time.Second)
		if v := r.verdict(s); v.Status != signal.Accepted {
			t.Errorf("verdict %+v, want it accepted at the third try", v)
		}
	})
}

// TestHeld: a signal that needs what somebody holds waits, and with it those of
// its transaction, in their order. All others are settled at once.
func TestHeld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		defer r.start()()
		r.settle()
		first := r.receive()
		r.ledger.set(func() { r.ledger.poison[first.ID.String()] = fault.New(fault.Limited, "held") })
		if v := r.settler.Settle(t.Context(), first); !isQueued(v) {
			t.Errorf("the one that is held: %+v, want it queued", v)
		}
		second := r.receive()
		if v := r.settler.Settle(t.Context(), second); !isQueued(v) {
			t.Errorf("one of the same transaction: %+v, want it queued behind", v)
		}
		pass(time.Minute)
		for range 3 {
			if v := r.settler.Settle(t.Context(), r.stranger()); v.Status != signal.Accepted {
				t.Errorf("one of another transaction: %+v, want it accepted at once", v)
			}
		}
		if v := r.verdict(first); v.SignalID != "" {
			t.Errorf("the one that is held has the verdict %+v, want none yet", v)
		}
		r.ledger.set(func() { delete(r.ledger.poison, first.ID.String()) })
		pass(10 * time.Second)
		at := func(s signal.Signal) int { return slices.Index(r.ledger.order, s.ID.String()) }
		if at(first) < 0 || at(second) < at(first) {
			t.Errorf("settled in places %d and %d, want the first before the second", at(first), at(second))
		}
		if v := r.settle(); v.Status == signal.Queued {
			t.Errorf("afterwards %+v, want it settled at once", v)
		}
	})
}

// TestPanic: a defect that one signal meets holds up no other.
func TestPanic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		defer r.start()()
		r.settle()
		s := r.receive()
		r.ledger.set(func() { r.ledger.poison[s.ID.String()] = errPanic })
		if v := r.settler.Settle(t.Context(), s); v.Status != signal.Queued {
			t.Errorf("verdict %+v, want it queued", v)
		}
		pass(time.Minute)
		if v := r.verdict(s); v.Status != signal.Queued || !strings.Contains(v.Rule, "a defect in the rules") {
			t.Errorf("verdict %+v, want it put aside for a person", v)
		}
		if v := r.settle(); v.Status != signal.Accepted {
			t.Errorf("the next one's verdict %+v, want it accepted", v)
		}
	})
}

// TestSweepNoticesTheOutageFirst: nothing is tried behind its back.
func TestSweepNoticesTheOutageFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		defer r.start()()
		r.settle()
		r.ledger.set(func() { r.ledger.away = true })
		r.receive()
		pass(5 * time.Second)
		calls := r.ledger.calls
		if v := r.settle(); !isQueued(v) || r.ledger.calls != calls {
			t.Errorf("after %d calls: %+v; want it queued without a try", r.ledger.calls-calls, v)
		}
	})
}

// TestSweepKnowsWhatWasSettled: it asks for and settles nothing twice.
func TestSweepKnowsWhatWasSettled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		old := r.receive()
		r.ledger.verdicts[old.ID.String()] = signal.Verdict{Status: signal.Accepted}
		defer r.start()()
		pass(time.Millisecond)
		for range 10 {
			r.settle()
		}
		pass(5 * time.Second)
		if r.ledger.calls != 10 || r.ledger.asked != 1 {
			t.Errorf("the ledger settled %d times and was asked for %d; want 10, and 1, which an earlier process settled",
				r.ledger.calls, r.ledger.asked)
		}
	})
}

// TestSenderHangsUp: what is on disk is settled all the same.
func TestSenderHangsUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		defer r.start()()
		r.settle()
		r.ledger.set(func() { r.ledger.slow = time.Second })
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		if v := r.settler.Settle(gone, r.receive()); v.Status != signal.Accepted {
			t.Errorf("verdict %+v, want it accepted", v)
		}
	})
}

// TestNoneSlipsBetween lets many send through one outage after another. In the
// end every signal that is written down has its verdict, those that were queued
// in the order in which they came.
func TestNoneSlipsBetween(t *testing.T) {
	for seed := range uint64(4) {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t)
			defer r.start()()
			over := outages(r, seed)
			sent := senders(r, seed)
			<-over
			r.ledger.set(func() { r.ledger.away, r.ledger.slow = false, 0 })
			pass(10 * time.Second)

			all := r.journal.ids()
			if got := len(r.ledger.order); got != len(all) {
				t.Errorf("%d of %d settled", got, len(all))
			}
			if last := all[len(all)-1]; r.ledger.through[liveNode] != last.Tick()+1 {
				t.Errorf("settled through %d, want behind %d", r.ledger.through[liveNode], last.Tick())
			}
			if count, _ := r.settler.Unsettled(); count != 0 {
				t.Errorf("%d unsettled", count)
			}
			checkOrder(t, r.ledger.order, sent)
		})
	}
}

// checkOrder holds that what was queued was settled in the order in which it
// came, and before all that was received after its answer.
func checkOrder(t *testing.T, settled []string, sent []sending) {
	t.Helper()
	place := map[string]int{}
	for i, id := range settled {
		place[id] = i
	}
	queued := 0
	for _, q := range sent {
		if !q.queued {
			continue
		}
		queued++
		for _, later := range sent {
			waits := later.began > q.answered || later.queued && later.signal.ID.Tick() > q.signal.ID.Tick()
			if waits && place[later.signal.ID.String()] < place[q.signal.ID.String()] {
				t.Errorf("%s, which was queued, was settled after %s, which came later", q.signal.ID, later.signal.ID)
				return
			}
		}
	}
	if queued == 0 || queued == len(sent) {
		t.Errorf("%d of %d were queued: nothing was tried", queued, len(sent))
	}
}

// outages makes the ledger slow, and away, now and then, until what it gives is
// closed.
func outages(r *rig, seed uint64) <-chan struct{} {
	random := rand.New(rand.NewPCG(seed, 1))
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range 20 {
			<-time.After(time.Duration(random.Int64N(int64(time.Second))))
			r.ledger.set(func() {
				r.ledger.away = !r.ledger.away
				r.ledger.slow = time.Duration(random.Int64N(int64(3 * time.Millisecond)))
			})
		}
	}()
	return done
}

// sending is a signal that was handed over. Events are numbered in their order.
type sending struct {
	signal          signal.Signal
	began, answered int64
	queued          bool
}

// senders sends signals by many at once, some of which are never handed over,
// and gives the others.
func senders(r *rig, seed uint64) []sending {
	var mu sync.Mutex
	var sent []sending
	var events atomic.Int64
	var all sync.WaitGroup
	for sender := range uint64(8) {
		all.Go(func() {
			random := rand.New(rand.NewPCG(seed, 100+sender))
			for range 40 {
				<-time.After(time.Duration(random.Int64N(int64(300 * time.Millisecond))))
				one := sending{signal: r.receive(), began: events.Add(1)}
				if random.IntN(10) == 0 {
					continue
				}
				one.queued = r.settler.Settle(r.t.Context(), one.signal).Status == signal.Queued
				one.answered = events.Add(1)
				mu.Lock()
				sent = append(sent, one)
				mu.Unlock()
			}
		})
	}
	all.Wait()
	return sent
}
