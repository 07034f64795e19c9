package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"log/slog"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"waybill/internal/fault"
	"waybill/internal/store/pebblejournal"
	"waybill/internal/txid"
)

const (
	// backstep is how far the clock may step back before the node takes a new
	// number; less is bridged by IDs that run ahead of it.
	backstep = time.Second
	// ahead is how far in front of the last look at the clock IDs are reserved
	// on disk, so that a node that was killed starts behind all it has minted.
	ahead = time.Second
	// slack is how many IDs past the last one are reserved at least, where they run
	// ahead of the clock: more than a node mints between two reservations.
	slack = txid.Tick(160_000)
	// markEvery is how often the reservation moves on.
	markEvery = ahead / 2
)

// minter mints this node's transaction IDs and changes to a new node number
// when the clock has stepped back. It is safe for concurrent use.
type minter struct {
	now     func() time.Time
	journal *pebblejournal.Journal
	take    func(context.Context) (uint16, error) // a new node number, kept in the folder
	log     *slog.Logger

	current atomic.Pointer[numbered]
	mu      sync.Mutex
	all     map[uint16]*txid.Mint // of this process: readers ask for their bounds
	ring    *txid.Ring
}

// numbered is a mint with its node number.
type numbered struct {
	node uint16
	mint *txid.Mint
}

// start begins to mint under node, above everything this number has minted.
func (m *minter) start(ctx context.Context, node uint16, ring *txid.Ring) error {
	floor, err := m.floor(ctx, node)
	if err != nil {
		return err
	}
	if behind := floor.Time().Sub(m.now()); behind > backstep {
		taken, err := m.take(ctx)
		switch {
		case err == nil:
			m.log.LogAttrs(ctx, slog.LevelWarn, "clock stands behind this node's last transaction ID: new node number taken",
				slog.Duration("behind", behind), slog.Int("old_node", int(node)), slog.Int("node", int(taken)))
			node, floor = taken, 0
		case fault.Of(err) != fault.Unavailable:
			return err
		}
	}
	m.mu.Lock()
	m.ring = ring
	m.mu.Unlock()
	m.use(node, floor)
	return m.reserve(ctx)
}

// use mints under node from now on.
func (m *minter) use(node uint16, floor txid.Tick) {
	m.mu.Lock()
	defer m.mu.Unlock()
	mint := txid.NewMint(m.ring, node, floor)
	if m.all == nil {
		m.all = map[uint16]*txid.Mint{}
	}
	m.all[node] = mint
	m.current.Store(&numbered{node, mint})
}

// SetRing mints with another key ring from now on.
func (m *minter) SetRing(ring *txid.Ring) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.ring = ring
	for _, mint := range m.all {
		mint.SetRing(ring)
	}
}

// Begin mints an ID; see txid.Mint.
func (m *minter) Begin(now time.Time, s txid.Subject) txid.Ticket {
	return m.current.Load().mint.Begin(now, s)
}

// Bound gives the tick below which a node's records are all written or given
// up. A node number that this process does not mint under is finished.
func (m *minter) Bound(node uint16) txid.Tick {
	m.mu.Lock()
	defer m.mu.Unlock()
	if mint, ok := m.all[node]; ok {
		return mint.Low()
	}
	return math.MaxUint64
}

// Reached gives the bound of a node, and whether an ID that stands on it is
// minted and not yet written or given up.
func (m *minter) Reached(node uint16) (below txid.Tick, open bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	mint, ok := m.all[node]
	if !ok {
		return math.MaxInt64, false
	}
	last := mint.Last() // first: what is minted from now on does not count
	low := mint.Low()
	return low, low <= last
}

// Node gives the number that IDs are minted under now.
func (m *minter) Node() uint16 { return m.current.Load().node }

// Run keeps the reservation ahead of the clock and watches the clock for steps
// back, until ctx is done.
func (m *minter) Run(ctx context.Context) error {
	tick := time.NewTicker(markEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		if err := m.reserve(ctx); err != nil && ctx.Err() == nil {
			m.log.LogAttrs(ctx, slog.LevelWarn, "transaction IDs could not be reserved ahead", slog.Any("error", err))
		}
		m.watch(ctx)
	}
}

// watch takes a new node number when the clock has stepped back. While the
// ledger cannot hand one out, IDs go on rising ahead of the clock.
func (m *minter) watch(ctx context.Context) {
	n := m.current.Load()
	behind := n.mint.Last().Time().Sub(m.now())
	if behind <= backstep {
		return
	}
	node, err := m.take(ctx)
	if err != nil {
		m.log.LogAttrs(ctx, slog.LevelWarn, "clock has stepped back and no new node number could be had",
			slog.Duration("behind", behind), slog.Any("error", err))
		return
	}
	m.log.LogAttrs(ctx, slog.LevelWarn, "clock has stepped back: new node number taken",
		slog.Duration("behind", behind), slog.Int("old_node", int(n.node)), slog.Int("node", int(node)))
	m.use(node, 0)
}

// floor is the highest tick that may have been minted under node: the journal's
// last record, or the reservation.
func (m *minter) floor(ctx context.Context, node uint16) (txid.Tick, error) {
	last, err := m.journal.Last(ctx, node)
	if err != nil {
		return 0, fmt.Errorf("find the last transaction ID of node %d: %w", node, err)
	}
	b, err := m.journal.Mark(ctx, markName(node))
	if err != nil && fault.Of(err) != fault.NotFound {
		return 0, fmt.Errorf("read the reservation of node %d: %w", node, err)
	}
	if len(b) == 8 {
		last = max(last, txid.Tick(binary.BigEndian.Uint64(b)))
	}
	return last, nil
}

// reserve writes down how far IDs may be minted before the next reservation.
func (m *minter) reserve(ctx context.Context) error {
	n := m.current.Load()
	until := max(tickAt(m.now().Add(ahead)), n.mint.Last()+slack)
	return m.journal.SetMark(ctx, markName(n.node), binary.BigEndian.AppendUint64(nil, uint64(until)))
}

// release writes down exactly how far was minted, at an orderly stop: the next
// start need not begin ahead of the clock.
func (m *minter) release(ctx context.Context) error {
	n := m.current.Load()
	return m.journal.SetMark(ctx, markName(n.node), binary.BigEndian.AppendUint64(nil, uint64(n.mint.Last())))
}

// markName is where a node number's reservation is kept.
func markName(node uint16) string { return fmt.Sprintf("mint/%d", node) }

// tickAt is the first tick of t's millisecond.
func tickAt(t time.Time) txid.Tick { return txid.Tick(t.UnixMilli()) << 14 }
