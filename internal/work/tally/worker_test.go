package tally

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"waybill/internal/click"
	"waybill/internal/conversion"
	"waybill/internal/fact"
	"waybill/internal/fault"
	"waybill/internal/signal"
	"waybill/internal/txid"
)

// rig is a worker that runs, in a bubble of synctest.
type rig struct {
	*world
	t        *testing.T
	store    *warehouse
	worker   *Worker
	registry *prometheus.Registry
	log      *bytes.Buffer
}

// run has a worker run while test does, in a bubble in which time passes only
// while everybody waits.
func run(t *testing.T, test func(r *rig)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := &rig{world: newWorld(t), t: t, store: newWarehouse(), registry: prometheus.NewRegistry(), log: new(bytes.Buffer)}
		r.worker = New(r.sources(), r.store, NewMetrics(r.registry), slog.New(slog.NewTextHandler(r.log, nil)))
		ctx, cancel := context.WithCancel(t.Context())
		stopped := make(chan error)
		go func() { stopped <- r.worker.Run(ctx) }()
		test(r)
		cancel()
		if err := <-stopped; err != nil {
			t.Errorf("Run() = %v", err)
		}
	})
}

// pass lets time pass.
func (r *rig) pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

// click writes down a click.
func (r *rig) click() txid.ID {
	ticket := r.mints[liveNode].Begin(time.Now(), txid.Subject{Kind: txid.Click, Offer: 7, Affiliate: 9})
	c := click.Click{ID: ticket.ID, At: time.Now(), OfferID: 7, AffiliateID: 9}
	r.journal.put(c.ID, c.Append(nil))
	ticket.Done()
	return c.ID
}

// signal writes down a signal.
func (r *rig) signal(node uint16) txid.ID {
	ticket := r.mints[node].Begin(time.Now(), txid.Subject{Kind: txid.Signal})
	s := signal.Signal{ID: ticket.ID, ReceivedAt: time.Now()}
	r.journal.put(s.ID, s.Append(nil))
	ticket.Done()
	return s.ID
}

func (r *rig) settle(id txid.ID) {
	r.ledger.set(func() { r.ledger.verdicts[id] = signal.Verdict{Status: signal.Rejected, Code: signal.Malformed} })
}

// stored fails the test unless there are n rows in a table.
func (r *rig) stored(when, table string, n int) {
	r.t.Helper()
	if got := r.store.count(table); got != n {
		r.t.Errorf("%s: %d rows in table %s, want %d", when, got, table, n)
	}
}

// lag fails the test unless the warehouse is behind by at least and at most so
// much.
func (r *rig) lag(when string, least, most time.Duration) {
	r.t.Helper()
	if got := time.Since(r.worker.State().Through); got < least || got > most {
		r.t.Errorf("%s: the warehouse is %v behind, want %v to %v", when, got, least, most)
	}
}

// said counts the lines of the log that hold a text.
func (r *rig) said(text string) int { return strings.Count(r.log.String(), text) }

func TestClickIsThereSoon(t *testing.T) {
	run(t, func(r *rig) {
		r.pass(10 * time.Second)
		r.lag("with nothing to do", 0, every)
		r.click()
		r.pass(every)
		r.stored("a second after a click", fact.Clicks, 1)
		r.lag("a second after a click", 0, every)
		appended := r.store.batches()
		r.pass(time.Minute)
		r.stored("a minute after it", fact.Clicks, 1)
		if beats := r.store.batches() - appended; beats < 55 || beats > 61 {
			t.Errorf("%d batches in a minute in which nothing came, want one a second, which says so", beats)
		}
	})
}

func TestOpenTicketHoldsBack(t *testing.T) {
	run(t, func(r *rig) {
		r.pass(5 * time.Second)
		ticket := r.mints[liveNode].Begin(time.Now(), txid.Subject{Kind: txid.Click, Offer: 7, Affiliate: 9})
		r.click() // behind it
		r.pass(30 * time.Second)
		r.stored("while one before it is open", fact.Clicks, 0)
		r.lag("while one is open", 30*time.Second, 30*time.Second+every)
		c := click.Click{ID: ticket.ID, At: time.Now(), OfferID: 7, AffiliateID: 9}
		r.journal.put(c.ID, c.Append(nil))
		ticket.Done()
		r.pass(every)
		r.stored("when it is done", fact.Clicks, 2)
		r.lag("when it is done", 0, every)
	})
}

func TestSignalWithoutVerdictHoldsItsNodeAlone(t *testing.T) {
	run(t, func(r *rig) {
		first, second, other := r.signal(liveNode), r.signal(liveNode), r.signal(gone)
		r.settle(second)
		r.settle(other)
		r.click()
		r.pass(10 * time.Second)
		r.stored("while the first waits", fact.Signals, 1)
		r.stored("while the first waits", fact.Clicks, 1)
		r.lag("while the first waits", 10*time.Second, 10*time.Second+every)
		r.settle(first)
		r.pass(every)
		r.stored("when it has its verdict", fact.Signals, 3)
		r.lag("when it has its verdict", 0, every)
	})
}

func TestLedgerIsAway(t *testing.T) {
	run(t, func(r *rig) {
		r.pass(3 * time.Second)
		r.ledger.set(func() { r.ledger.err = fault.New(fault.Unavailable, "the ledger cannot be reached now") })
		r.settle(r.signal(liveNode))
		for range 60 {
			r.click()
			r.pass(every)
		}
		r.pass(every)
		r.stored("while the ledger is away", fact.Clicks, 60)
		r.stored("while the ledger is away", fact.Signals, 0)
		r.lag("while the ledger is away", time.Minute, time.Minute+3*every)
		if n := r.said("part=ledger"); n != 1 {
			t.Errorf("the log speaks of it %d times, want once:\n%s", n, r.log)
		}
		if n := r.failures(ledgerPart); n < 5 || n > 15 {
			t.Errorf("it was asked %v times in a minute, want less and less often", n)
		}
		r.ledger.set(func() { r.ledger.err = nil })
		r.pass(mostBackoff + every)
		r.stored("when it is back", fact.Signals, 1)
		r.lag("when it is back", 0, every)
		if n := r.said("facts are shipped again"); n != 1 {
			t.Errorf("the log says %d times that it is over, want once:\n%s", n, r.log)
		}
	})
}

// failures gives the errors counted of a part.
func (r *rig) failures(part string) float64 {
	families, err := r.registry.Gather()
	if err != nil {
		r.t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if f.GetName() == "waybill_tally_errors_total" && m.GetLabel()[0].GetValue() == part {
				return m.GetCounter().GetValue()
			}
		}
	}
	return 0
}

func TestHungLedgerHoldsUpNoClicks(t *testing.T) {
	run(t, func(r *rig) {
		r.ledger.set(func() { r.ledger.hangs = true })
		worst := time.Duration(0)
		for range 60 {
			had := r.store.count(fact.Clicks)
			r.click()
			begun := time.Now()
			for r.store.count(fact.Clicks) == had {
				r.pass(100 * time.Millisecond)
			}
			worst = max(worst, time.Since(begun))
		}
		if limit := 2*live().patience + every; worst > limit {
			t.Errorf("a click was in the warehouse after %v, want at most %v", worst, limit)
		}
	})
}

func TestWarehouseIsAway(t *testing.T) {
	run(t, func(r *rig) {
		r.pass(3 * time.Second)
		r.store.set(func() { r.store.broken = errors.New("the disk is full") })
		for range 30 {
			r.click()
			r.pass(every)
		}
		r.stored("while it is away", fact.Clicks, 0)
		r.lag("while it is away", 30*time.Second, 32*time.Second)
		if n := r.said("the disk is full"); n != 1 {
			t.Errorf("the log speaks of it %d times, want once:\n%s", n, r.log)
		}
		r.store.set(func() { r.store.broken = nil })
		r.pass(mostBackoff + every)
		r.stored("when it is back", fact.Clicks, 30)
		if n := r.said("facts are shipped again"); n != 1 {
			t.Errorf("the log says %d times that it is over, want once:\n%s", n, r.log)
		}
	})
}

func TestDamagedWarehouseIsLeftAlone(t *testing.T) {
	run(t, func(r *rig) {
		r.click()
		r.pass(2 * time.Second)
		r.store.set(func() { r.store.broken = fault.New(fault.Damaged, "the file cannot be read") })
		r.click()
		r.pass(time.Hour)
		if n := r.failures(warehousePart); n != 1 {
			t.Errorf("it was tried %v times, want once", n)
		}
		if err := r.worker.State().Parked; fault.Of(err) != fault.Damaged {
			t.Errorf("parked: %v, want Damaged", err)
		}
		old := r.store
		r.store = newWarehouse()
		r.worker.Swap(r.store)
		r.pass(2 * time.Second)
		r.stored("in the new one", fact.Clicks, 2)
		r.lag("in the new one", 0, every)
		if err := r.worker.State().Parked; err != nil || old.count(fact.Clicks) != 1 {
			t.Errorf("afterwards parked: %v; the old one holds %d clicks, want 1", err, old.count(fact.Clicks))
		}
	})
}

func TestSwap(t *testing.T) {
	run(t, func(r *rig) {
		r.click()
		r.pass(2 * time.Second)
		r.worker.Swap(nil)
		appended := r.store.batches()
		r.click()
		r.pass(time.Minute)
		if r.store.batches() != appended {
			t.Error("the warehouse was used after it was taken away")
		}
		r.worker.Swap(r.store)
		r.pass(2 * time.Second)
		r.stored("given back", fact.Clicks, 2)
		r.worker.Swap(newWarehouse())
		last := newWarehouse()
		r.worker.Swap(last)
		r.store = last
		r.pass(2 * time.Second)
		r.stored("in the last of several", fact.Clicks, 2)
	})
}

// leaving is a warehouse that is found damaged just when it is taken away for the
// first time.
type leaving struct {
	*warehouse
	left atomic.Bool
}

func (l *leaving) Append(ctx context.Context, b fact.Batch) error {
	if l.left.Swap(true) {
		return l.warehouse.Append(ctx, b)
	}
	<-ctx.Done()
	return fault.New(fault.Damaged, "the file is being exchanged")
}

// TestSwapForItself replaces what is behind a warehouse: what was found out about
// it before does not count any more.
func TestSwapForItself(t *testing.T) {
	run(t, func(r *rig) {
		same := &leaving{warehouse: r.store}
		r.worker.Swap(same)
		r.click()
		r.pass(2 * time.Second)
		r.worker.Swap(same)
		r.pass(2 * time.Second)
		r.stored("after the exchange", fact.Clicks, 1)
		r.lag("after the exchange", 0, every)
		if err := r.worker.State().Parked; err != nil {
			t.Errorf("parked: %v, want what was found out before to be forgotten", err)
		}
	})
}

// slowly is a warehouse whose batches take their time.
type slowly struct {
	*warehouse
	takes time.Duration
}

func (s slowly) Append(ctx context.Context, b fact.Batch) error {
	<-time.After(s.takes)
	return s.warehouse.Append(ctx, b)
}

func TestRests(t *testing.T) {
	tests := []struct {
		name        string
		old         time.Duration // how long the clicks have waited
		within      time.Duration
		least, most int // batches of 100 ms
	}{
		{"as long as it works, when it is behind", time.Minute, 10 * time.Second, 48, 51},
		{"four times as long, while what is stored is fresh", 0, time.Second, 2, 3},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			run(t, func(r *rig) {
				r.worker.Swap(nil)
				for range 100 {
					r.click()
				}
				r.pass(tt.old)
				r.worker.limits.visits = 1 // a batch each
				r.worker.Swap(slowly{r.store, 100 * time.Millisecond})
				r.pass(tt.within + 50*time.Millisecond)
				if n := r.store.count(fact.Clicks); n < tt.least || n > tt.most {
					t.Errorf("%d batches of 100 ms in %s, want %d to %d", n, tt.within, tt.least, tt.most)
				}
			})
		})
	}
}

func TestDaysAreSorted(t *testing.T) {
	run(t, func(r *rig) {
		now := time.Now().UTC()
		midnight := now.Truncate(day).Add(day)
		r.pass(midnight.Sub(now) - time.Second)
		before := len(r.store.days())
		ticket := r.mints[liveNode].Begin(time.Now(), txid.Subject{Kind: txid.Click})
		r.pass(time.Hour)
		if n := len(r.store.days()); n != before {
			t.Errorf("the day was sorted %d times while something of it is open", n-before)
		}
		ticket.Done()
		r.pass(time.Hour)
		if n := len(r.store.days()); n != before+1 || !r.store.days()[n-1].Equal(midnight) {
			t.Errorf("sorted %v, want once more, before %v", r.store.days()[before:], midnight)
		}
		r.pass(day)
		if n := len(r.store.days()); n != before+2 || !r.store.days()[n-1].Equal(midnight.Add(day)) {
			t.Errorf("a day later %v, want once more, before %v", r.store.days()[before:], midnight.Add(day))
		}
	})
}

func TestDayThatCannotBeSorted(t *testing.T) {
	run(t, func(r *rig) {
		r.store.set(func() { r.store.unsorted = errors.New("too little memory") })
		r.pass(2 * time.Hour)
		if n := len(r.store.days()); n < 60 || r.said("too little memory") != 1 {
			t.Errorf("it was tried %d times and said %d times, want many and once:\n%s", n, r.said("too little memory"), r.log)
		}
		r.click()
		r.pass(every)
		r.stored("meanwhile", fact.Clicks, 1)
		r.store.set(func() { r.store.unsorted = fault.New(fault.Damaged, "a block cannot be read") })
		r.pass(2 * chores)
		if err := r.worker.State().Parked; fault.Of(err) != fault.Damaged {
			t.Errorf("parked: %v, want Damaged", err)
		}
		tried := len(r.store.days())
		r.pass(time.Hour)
		if n := len(r.store.days()); n != tried {
			t.Errorf("a damaged warehouse was sorted %d times more", n-tried)
		}
	})
}

// TestOlderLedger restores an older state of the ledger beside a warehouse.
func TestOlderLedger(t *testing.T) {
	run(t, func(r *rig) {
		for range 3 {
			r.ledger.set(func() {
				r.ledger.changes = append(r.ledger.changes, change{after: conversion.Conversion{ID: "c"}})
			})
		}
		r.pass(2 * time.Second)
		r.stored("with three changes", fact.Conversions, 3)
		r.worker.Swap(nil)
		r.ledger.set(func() { r.ledger.changes = r.ledger.changes[:1] })
		r.worker.Swap(r.store)
		r.pass(2 * time.Second)
		if err := r.worker.State().Parked; fault.Of(err) != fault.Damaged || !strings.Contains(err.Error(), "rebuild warehouse") {
			t.Errorf("parked: %v, want to be told to rebuild", err)
		}
	})
}

// TestOlderLedgerMeanwhile restores it while the worker runs, or cannot reach it:
// the numbers that it gives out again must not be passed over.
func TestOlderLedgerMeanwhile(t *testing.T) {
	for _, away := range []bool{false, true} {
		run(t, func(r *rig) {
			add := func() {
				r.ledger.changes = append(r.ledger.changes, change{after: conversion.Conversion{ID: "c"}})
			}
			r.ledger.set(func() { add(); add(); add() })
			r.pass(2 * time.Second)
			r.stored("with three changes", fact.Conversions, 3)
			if away {
				r.ledger.set(func() { r.ledger.err = fault.New(fault.Unavailable, "the ledger cannot be reached now") })
				r.worker.Swap(nil)
				r.worker.Swap(r.store)
				r.pass(5 * time.Second)
			}
			r.ledger.set(func() { r.ledger.err, r.ledger.changes = nil, r.ledger.changes[:1] })
			r.pass(mostBackoff + every)
			r.ledger.set(add)
			r.pass(every)
			if err := r.worker.State().Parked; fault.Of(err) != fault.Damaged {
				t.Errorf("with a ledger that was away: %v: parked: %v, want to be told to rebuild", away, err)
			}
		})
	}
}

func TestDamagedRecordsAreSaid(t *testing.T) {
	run(t, func(r *rig) {
		r.worker.Swap(nil)
		id := r.click()
		r.journal.put(id, []byte{0xff})
		s := r.signal(liveNode)
		r.journal.put(s, []byte{0xff})
		r.worker.Swap(r.store)
		r.pass(20 * time.Second)
		r.settle(s)
		r.pass(2 * time.Second)
		r.stored("damaged", fact.Clicks, 1)
		r.stored("damaged", fact.Signals, 1)
		if n := r.failures(recordPart); n != 2 || r.said("records of the journal are damaged") != 2 {
			t.Errorf("%v damaged records were counted, want 2; the log:\n%s", n, r.log)
		}
	})
}

// TestRebuildSaysHowFarItIs follows the progress of a rebuild.
func TestRebuildSaysHowFarItIs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &rig{world: newWorld(t), t: t, store: newWarehouse()}
		for range 100 {
			r.click()
			<-time.After(time.Second)
		}
		var all []Progress
		from := Rebuilding{Sources: r.sources(), limits: limits{visits: 10, bytes: 1 << 20, signals: 10, rows: 10, patience: time.Second}}
		err := Rebuild(t.Context(), from, slowly{r.store, time.Second}, func(p Progress) { all = append(all, p) })
		if err != nil {
			t.Fatal(err)
		}
		for i, p := range all {
			share := float64(i+1) / 10
			left := time.Duration(9-i) * time.Second
			if i < 9 && (p.Done < share-0.05 || p.Done > share+0.05 || p.Left < left-2*time.Second || p.Left > left+2*time.Second) {
				t.Errorf("after %d of 10 batches: %+v, want %v and about %v left", i+1, p, share, left)
			}
		}
		if last := all[len(all)-1]; last.Rows != 100 || last.Done != 1 || last.Left != 0 {
			t.Errorf("in the end %+v, want 100 rows, all of it", last)
		}
		if err := Rebuild(t.Context(), from, failing{newWarehouse()}, func(Progress) {}); err == nil {
			t.Error("a rebuild into a warehouse that stores nothing succeeded")
		}
		r.journal.fail(errors.New("cannot be read"), nil)
		if err := Rebuild(t.Context(), from, newWarehouse(), func(Progress) {}); err == nil {
			t.Error("a rebuild from a journal that cannot be read succeeded")
		}
	})
}

// failing stores nothing.
type failing struct{ *warehouse }

func (failing) Append(context.Context, fact.Batch) error { return errors.New("broken on purpose") }
