// Package settle takes signals from the journal to a verdict in the ledger.
//
// A signal is on disk before it comes here. Settle judges it at once and
// answers with the verdict. When the ledger cannot be reached the answer is
// "queued", and the signal is left to the sweep: from then on every new signal
// is, until the sweep has settled all that came before, since a node's unsettled
// signals are settled in the order of their receipt wherever that can matter:
// within a transaction, an order ID, a conversion, an offer with caps or one that
// credits by more than the transaction ID.
//
// The sweep reads the journal behind the direct way all the time, so it also
// finds what never came here: signals of a process that was killed, and those
// whose sender was told that they could not be written down, and which were
// after all. It notes in the ledger how far everything is settled.
//
// A signal that needs what somebody else holds in the ledger is no outage: it is
// left to the sweep alone, and so are those that come after it on the same
// subjects.
//
// Settling a signal twice is harmless: the ledger keeps the first verdict. So a
// signal that both ways take up at once needs no lock.
package settle

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/conversion"
	"waybill/internal/settlement"
	"waybill/internal/signal"
	"waybill/internal/txid"
)

const (
	// deadline is how long the ledger has for one signal. It is settle's own: a
	// sender who hangs up loses nothing.
	deadline = 3 * time.Second
	// patience is how long signals wait, at the start, for the sweep to have
	// settled what an earlier process left.
	patience = time.Second
)

// Journal is what settle reads of the journal.
type Journal interface {
	Get(ctx context.Context, id txid.ID) ([]byte, error)
	Nodes(ctx context.Context) ([]uint16, error)
	// Signals calls f for a node's signals with ticks from from up to and
	// without to, in order, until f gives an error. A record is valid until f
	// returns.
	Signals(ctx context.Context, node uint16, from, to txid.Tick, f func(id txid.ID, record []byte) error) error
	// Identity calls f for the IDs that stand under an identity, the newest first.
	Identity(ctx context.Context, key []byte, f func(id txid.ID) error) error
}

// Ledger is where verdicts are kept.
type Ledger interface {
	Settle(ctx context.Context, c settlement.Case) (signal.Verdict, error)
	// Targets gives the conversions that a signal without a touch of its own names.
	Targets(ctx context.Context, t settlement.Target) ([]conversion.Conversion, error)
	Progress
}

// Progress is how the ledger tells what is settled.
type Progress interface {
	Settled(ctx context.Context, ids []txid.ID) ([]bool, error)
	SettledThrough(ctx context.Context, node uint16) (txid.Tick, error)
	SetSettledThrough(ctx context.Context, node uint16, t txid.Tick) error
}

// Settler settles signals. It is safe for concurrent use; Run must be running.
type Settler struct {
	journal Journal
	ledger  Ledger
	catalog func() *catalog.Catalog
	bound   func(node uint16) txid.Tick
	log     *slog.Logger

	// Now is the clock that verdicts are dated by; time.Now when nil. It is set
	// before the first signal comes.
	Now func() time.Time

	wake    chan struct{} // tells the sweep that signals wait for it
	started chan struct{} // closed when signals wait for the start no more
	start   sync.Once     // of closing it

	mu    sync.Mutex
	state state
}

// New makes a settler. present gives the catalog as it stands. bound gives the
// tick below which all of a node's records are written or given up.
func New(j Journal, l Ledger, present func() *catalog.Catalog, bound func(node uint16) txid.Tick, log *slog.Logger) *Settler {
	return &Settler{
		journal: j, ledger: l, catalog: present, bound: bound, log: log,
		wake: make(chan struct{}, 1), started: make(chan struct{}), state: newState(),
	}
}

func (s *Settler) now() time.Time {
	if s.Now == nil {
		return time.Now()
	}
	return s.Now()
}

// Settle judges a signal that is in the journal, or leaves it to the sweep.
func (s *Settler) Settle(ctx context.Context, sig signal.Signal) signal.Verdict {
	s.awaitStart(ctx)
	if !s.begin(&sig) {
		return queued(&sig)
	}
	sig.ReceivedAt = sig.ReceivedAt.Truncate(time.Microsecond) // as the journal gives it back
	v, err := s.settle(ctx, sig, direct)
	s.end(ctx, &sig, err)
	if err != nil {
		return queued(&sig)
	}
	return v
}

// awaitStart waits a little for the sweep to catch up after the start.
func (s *Settler) awaitStart(ctx context.Context) {
	select {
	case <-s.started:
		return
	default:
	}
	limit := time.NewTimer(patience)
	defer limit.Stop()
	select {
	case <-s.started:
	case <-limit.C:
	case <-ctx.Done():
	}
}

// letIn ends the wait at the start: the sweep has caught up, takes too long, or
// finds the ledger away.
func (s *Settler) letIn() { s.start.Do(func() { close(s.started) }) }

// begin takes a signal up, unless it has to wait for those before it.
func (s *Settler) begin(sig *signal.Signal) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state.behind || s.state.waitsBehind(s.subjects(sig)) {
		s.state.leave(sig.ID)
		return false
	}
	s.state.flying[sig.ID] = struct{}{}
	return true
}

// subjects names what a signal must wait for its turn on, if any signal does.
func (s *Settler) subjects(sig *signal.Signal) []string {
	if len(s.state.held) == 0 {
		return nil
	}
	return subjects(&found{signal: *sig}, s.catalog())
}

// end notes what came of a signal that was taken up. One that the ledger was
// away for makes all that follow wait; one that needs what somebody else holds,
// those that have to do with it.
func (s *Settler) end(ctx context.Context, sig *signal.Signal, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.state.flying, sig.ID)
	if err == nil {
		s.state.finish(sig.ID)
		return
	}
	s.state.leave(sig.ID)
	if held(err) {
		s.state.hold(subjects(&found{signal: *sig}, s.catalog()))
	}
	if !away(err) || s.state.behind {
		return
	}
	s.state.behind = true
	s.log.LogAttrs(ctx, slog.LevelWarn, "ledger is away: signals are queued", slog.Any("error", err))
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// Unsettled gives how many signals are known to wait for the sweep, and how long
// ago the oldest came.
func (s *Settler) Unsettled() (count int, oldest time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state.waiting == 0 {
		return 0, 0
	}
	return s.state.waiting, s.now().Sub(s.state.oldest)
}

// queued answers for a signal that the sweep will settle.
func queued(sig *signal.Signal) signal.Verdict {
	return signal.Verdict{
		Status: signal.Queued, Code: signal.CodeQueued, SignalID: sig.ID.String(), TransactionID: sig.Click.String(),
		Test: sig.Test || sig.Click.Test(), Message: signal.Explain(signal.CodeQueued, signal.Detail{}), Channel: sig.Channel,
	}
}
