// Package tally ships what happened into the warehouse, as facts: clicks,
// impressions and signals from the journal, conversions and attempts from the
// ledger.
//
// Each source has a position in the warehouse, which moves in the same
// transaction in which its facts are stored. So after a crash, or an error that
// leaves open whether a batch was stored, tally asks the warehouse how far it is
// and goes on from there: every fact is stored exactly once. A record of the
// journal is taken once it lies below all that may still be written, a row of
// the ledger once none can appear in front of it any more.
//
// A signal is shipped with its verdict, which never changes. One that has none
// yet holds up the signals of its node behind it and nothing else. Settling gives
// every signal a verdict in the end: one that cannot be judged is parked with the
// status queued, and is shipped with that.
//
// A position also says through when everything received is stored. Signals are
// read before conversions, so what a signal that is in has led to is in, too.
//
// Nothing waits for tally. It reads what others have written, keeps a bounded
// batch in memory, and rests as long as it worked while it is behind. When the
// ledger is away the journal's clicks go on being shipped; when the warehouse is
// away everything waits where it is kept anyway. A warehouse that is damaged is
// left alone until it is replaced, by Rebuild and Swap.
package tally

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/fact"
	"waybill/internal/signal"
	"waybill/internal/txid"
)

// Journal is what tally reads of a node's journal.
type Journal interface {
	// Nodes gives the node numbers that may have records: those that have, and
	// the one that IDs are minted under.
	Nodes(ctx context.Context) ([]uint16, error)
	// Scan calls f for the records of a kind and node with ticks from from up to
	// and without to, in order, until f gives an error, which it passes on. A
	// record is valid until f returns.
	Scan(ctx context.Context, kind txid.Kind, node uint16, from, to txid.Tick, f func(id txid.ID, record []byte) error) error
}

// Ledger is what tally reads of the ledger.
type Ledger interface {
	// VerdictsOn gives the verdicts on signals, in their order; those without a
	// status are not there yet.
	VerdictsOn(ctx context.Context, ids []txid.ID) ([]signal.Verdict, error)
	// ConversionFacts gives the facts of changes after a number, up to limit
	// changes, the number of the last of them, and whether that is all there is.
	ConversionFacts(ctx context.Context, after int64, limit int) (facts []fact.Conversion, last int64, whole bool, err error)
	// AttemptFacts gives the facts of attempts after a number, up to limit, and
	// whether that is all there is.
	AttemptFacts(ctx context.Context, after int64, limit int) (facts []fact.Attempt, whole bool, err error)
	// LastChange gives the number of the last change.
	LastChange(ctx context.Context) (int64, error)
	// ConversionSums adds up the conversions that happened at a time or later, at
	// one moment, and gives the facts of the changes after a number at the same
	// moment.
	ConversionSums(
		ctx context.Context, since time.Time, after int64,
		sum func(fact.Book, fact.Sums), facts func([]fact.Conversion),
	) error
}

// Sources are what facts are made of.
type Sources struct {
	Journal Journal
	Ledger  Ledger
	// Bound gives the tick below which all of a node's records are written or
	// given up, and whether one with this tick is open: minted and not yet
	// written. Where none is, all that was received before the call is below.
	Bound   func(node uint16) (below txid.Tick, open bool)
	Catalog func() *catalog.Catalog
}

// Warehouse is where facts go.
type Warehouse interface {
	// Append stores facts and positions, all or nothing. A batch whose positions
	// are stored already is a Conflict.
	Append(ctx context.Context, b fact.Batch) error
	Positions(ctx context.Context) ([]fact.Position, error)
	// Sort puts the closed days before a time into order.
	Sort(ctx context.Context, before time.Time) error
}

// Worker ships facts as they come. Run must run once; everything else is safe
// for concurrent use.
type Worker struct {
	sources Sources
	metrics *Metrics
	log     *slog.Logger
	limits  limits
	swapped chan struct{} // tells Run that there is another warehouse

	mu        sync.Mutex
	warehouse Warehouse
	turn      *turn     // of Run with the present warehouse
	through   time.Time // all received before is stored
	parked    error     // why the present warehouse is left alone
}

// turn is the time for which Run works on one warehouse.
type turn struct {
	cancel context.CancelFunc
	over   chan struct{} // closed when it uses the warehouse no more
	left   bool          // there is another warehouse; guarded by Worker.mu
}

// New makes a worker that ships into a warehouse. Without one, nil, it waits
// for Swap.
func New(from Sources, into Warehouse, m *Metrics, log *slog.Logger) *Worker {
	w := &Worker{sources: from, warehouse: into, metrics: m, log: log, limits: live(), swapped: make(chan struct{}, 1)}
	m.follow(w)
	return w
}

// Swap makes the worker go on with another warehouse, from the positions that
// it holds, or with none. When it returns, the one before is not used any more.
func (w *Worker) Swap(to Warehouse) {
	w.mu.Lock()
	w.warehouse, w.through, w.parked = to, time.Time{}, nil
	before := w.turn
	if before != nil {
		before.left = true
	}
	w.mu.Unlock()
	select {
	case w.swapped <- struct{}{}:
	default:
	}
	if before != nil {
		before.cancel()
		<-before.over
	}
}

// State says how far the warehouse is.
type State struct {
	Through time.Time // all received before is stored; zero when that is unknown
	Parked  error     // why nothing is shipped until the warehouse is replaced
}

// State gives the worker's state.
func (w *Worker) State() State {
	w.mu.Lock()
	defer w.mu.Unlock()
	return State{Through: w.through, Parked: w.parked}
}

// Run ships until ctx is done.
func (w *Worker) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		to, t, mine := w.begin(ctx)
		if to != nil {
			w.serve(mine, t, to)
		}
		close(t.over)
		select {
		case <-ctx.Done():
		case <-w.swapped:
		}
		t.cancel()
	}
	return nil
}

// begin takes up the present warehouse.
func (w *Worker) begin(ctx context.Context) (Warehouse, *turn, context.Context) {
	mine, cancel := context.WithCancel(ctx)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.turn = &turn{cancel: cancel, over: make(chan struct{})}
	select {
	case <-w.swapped: // this is the other one
	default:
	}
	return w.warehouse, w.turn, mine
}

// serve works on one warehouse until ctx is done or it is found damaged.
func (w *Worker) serve(ctx context.Context, t *turn, to Warehouse) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var beside sync.WaitGroup
	beside.Go(func() {
		if err := w.tend(ctx, to); err != nil {
			cancel(err)
		}
	})
	err := w.ship(ctx, t, to)
	cancel(err)
	beside.Wait()
	if cause := context.Cause(ctx); damaged(cause) {
		w.park(ctx, t, cause)
	}
}

// park notes that a warehouse is left alone.
func (w *Worker) park(ctx context.Context, t *turn, cause error) {
	w.metrics.failed(warehousePart)
	w.mu.Lock()
	present := w.present(t)
	if present {
		w.parked = cause
	}
	w.mu.Unlock()
	if present {
		w.log.LogAttrs(ctx, slog.LevelError, "warehouse is left alone until it is rebuilt", slog.Any("error", cause))
	}
}

// present reports whether a turn's warehouse is still the one. w.mu is held.
func (w *Worker) present(t *turn) bool { return w.turn == t && (t == nil || !t.left) }
