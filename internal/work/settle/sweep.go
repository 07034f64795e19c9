package settle

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"waybill/internal/settlement"
	"waybill/internal/signal"
	"waybill/internal/txid"
)

const (
	// batch is how many signals the sweep takes in hand at once.
	batch = 256
	// every is how often the sweep looks behind the direct way.
	every = 2 * time.Second
	// soon is how long it waits when it is behind and what lies before it is
	// still being written.
	soon = 10 * time.Millisecond
	// leastBackoff and mostBackoff bound how long it waits for the ledger.
	leastBackoff = 100 * time.Millisecond
	mostBackoff  = 2 * time.Second
	// tries is how often a signal is tried that fails although the ledger is
	// there.
	tries = 3
)

// Run settles what the direct way has not, until ctx is done.
func (s *Settler) Run(ctx context.Context) error {
	late := time.AfterFunc(patience, s.letIn)
	defer late.Stop()
	backoff := leastBackoff
	for ctx.Err() == nil {
		moved, err := s.pass(ctx)
		switch {
		case ctx.Err() != nil:
		case err != nil:
			s.failed(ctx, err, backoff == leastBackoff)
			s.pause(ctx, backoff, nil)
			backoff = min(2*backoff, mostBackoff)
			continue
		case s.catchUp(ctx):
			s.pause(ctx, every, s.wake)
		case !moved:
			s.pause(ctx, soon, nil)
		}
		backoff = leastBackoff
	}
	return nil
}

// failed makes new signals wait if the ledger is away. Of failures in a row the
// log has the first.
func (s *Settler) failed(ctx context.Context, err error, first bool) {
	if first {
		s.log.LogAttrs(ctx, slog.LevelWarn, "signals wait to be settled", slog.Any("error", err))
	}
	if away(err) {
		s.mu.Lock()
		s.state.behind = true
		s.mu.Unlock()
		s.letIn()
	}
}

// pause waits, or until it is woken.
func (s *Settler) pause(ctx context.Context, d time.Duration, wake <-chan struct{}) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	case <-wake:
	}
}

// catchUp ends the time of being behind if all that waited is settled.
func (s *Settler) catchUp(ctx context.Context) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	was := s.state.behind
	if !s.state.catchUp() {
		return false
	}
	select {
	case <-s.started:
		if was {
			s.log.LogAttrs(ctx, slog.LevelInfo, "all queued signals are settled")
		}
	default:
		s.letIn()
	}
	return true
}

// pass goes through all node numbers once, and reports whether any had signals.
func (s *Settler) pass(ctx context.Context) (moved bool, err error) {
	nodes, err := s.journal.Nodes(ctx)
	if err != nil {
		return false, fmt.Errorf("list the journal's nodes: %w", err)
	}
	for _, node := range nodes {
		more, err := s.sweep(ctx, node)
		if err != nil {
			return moved, fmt.Errorf("settle the signals of node %d: %w", node, err)
		}
		moved = moved || more
	}
	return moved, nil
}

// sweep settles what is unsettled of a node, in order, and notes in the ledger
// how far it came. It reports whether there were any signals.
func (s *Settler) sweep(ctx context.Context, node uint16) (moved bool, err error) {
	from, err := s.low(ctx, node)
	if err != nil {
		return false, err
	}
	bound := s.bound(node)
	s.mu.Lock()
	to := s.state.limit(node, bound)
	s.mu.Unlock()
	for full := true; full; {
		part, err := s.read(ctx, node, from, to)
		if err != nil || len(part) == 0 {
			return moved, err
		}
		if err := s.settleAll(ctx, part); err != nil {
			return moved, err
		}
		moved, full = true, len(part) == batch
		from = part[len(part)-1].id.Tick() + 1
		s.advance(node, from)
		if err := s.ledger.SetSettledThrough(ctx, node, from); err != nil {
			return moved, fmt.Errorf("note how far it is settled: %w", err)
		}
	}
	return moved, nil
}

// low gives the tick below which all of a node's signals are settled.
func (s *Settler) low(ctx context.Context, node uint16) (txid.Tick, error) {
	s.mu.Lock()
	low, ok := s.state.low[node]
	s.mu.Unlock()
	if ok {
		return low, nil
	}
	low, err := s.ledger.SettledThrough(ctx, node)
	if err != nil {
		return 0, fmt.Errorf("read how far it is settled: %w", err)
	}
	s.advance(node, low)
	return low, nil
}

// advance notes that all of a node's signals below low are settled.
func (s *Settler) advance(node uint16, low txid.Tick) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state.advance(node, low)
}

// read gives the first signals of a node between two ticks, a batch at most.
func (s *Settler) read(ctx context.Context, node uint16, from, to txid.Tick) ([]found, error) {
	var part []found
	full := errors.New("the batch is full")
	err := s.journal.Signals(ctx, node, from, to, func(id txid.ID, record []byte) error {
		sig, err := signal.Read(id, record)
		part = append(part, found{id: id, signal: sig, damage: err})
		if len(part) == batch {
			return full
		}
		return nil
	})
	if err != nil && !errors.Is(err, full) {
		return nil, fmt.Errorf("read the journal: %w", err)
	}
	return part, nil
}

// settleAll settles those of a batch that have no verdict: in the order of their
// receipt, but side by side where the order can matter to none of them.
func (s *Settler) settleAll(ctx context.Context, part []found) error {
	part = s.unknown(part)
	if len(part) == 0 {
		return nil
	}
	ids := make([]txid.ID, len(part))
	for i, f := range part {
		ids[i] = f.id
	}
	settled, err := s.ledger.Settled(ctx, ids)
	if err != nil {
		return fmt.Errorf("ask which are settled: %w", err)
	}
	for i := range part {
		part[i].settled = settled[i]
	}
	s.count(part)
	return sideBySide(ctx, lanes(part, s.catalog()), s.settleLane)
}

// settleLane settles the signals of a lane, one after another.
func (s *Settler) settleLane(ctx context.Context, l lane) error {
	for _, f := range l {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if !f.settled {
			if err := s.settleFound(ctx, f); err != nil {
				return fmt.Errorf("settle %s: %w", f.id, err)
			}
		}
		s.swept(f.id, f.settled)
	}
	return nil
}

// unknown picks those that were not settled directly.
func (s *Settler) unknown(part []found) []found {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []found
	for _, f := range part {
		if _, done := s.state.done[f.id]; !done {
			all = append(all, f)
		}
	}
	return all
}

// count takes those that this process did not leave behind itself among those
// that are known to wait.
func (s *Settler) count(part []found) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range part {
		if !f.settled && !s.state.wasLeft(f.id) {
			s.state.wait(f.id)
		}
	}
}

// swept notes that one of those that were counted waits no more.
func (s *Settler) swept(id txid.ID, before bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !before || s.state.wasLeft(id) {
		s.state.swept(id)
	}
}

// settleFound settles one signal of the journal. One that cannot be settled
// must not hold up those behind it.
func (s *Settler) settleFound(ctx context.Context, f found) error {
	if f.damage != nil {
		why := "its record in the journal is damaged"
		return s.park(ctx, f.id, f.damage, signal.Verdict{
			Status: signal.Rejected, Code: signal.Malformed,
			Message: signal.Explain(signal.Malformed, signal.Detail{Why: why}), Rule: why,
		})
	}
	for try := 1; ; try++ {
		_, err := s.settle(ctx, f.signal, sweep)
		switch {
		case err == nil, away(err), held(err), ctx.Err() != nil:
			return err
		case try < tries:
			s.pause(ctx, leastBackoff, nil)
		default:
			v := queued(&f.signal)
			v.Rule = "could not be settled, and waits for a person: " + err.Error()
			return s.park(ctx, f.id, err, v)
		}
	}
}

// park stores a verdict on a signal that cannot be judged.
func (s *Settler) park(ctx context.Context, id txid.ID, cause error, v signal.Verdict) error {
	s.log.LogAttrs(ctx, slog.LevelError, "signal cannot be judged",
		slog.String("signal", id.String()), slog.Any("error", cause))
	v.SignalID, v.SettledAt = id.String(), s.now().UTC().Truncate(time.Microsecond)
	_, err := s.ledger.Settle(ctx, settlement.Case{SignalID: v.SignalID, Refusal: &v})
	return err
}
