package txid

import (
	"sync"
	"sync/atomic"
	"time"
)

// Mint makes the IDs of one node number. A process has one for each number it
// holds, and no other process has one for the same number at the same time. It
// may be used from many goroutines.
type Mint struct {
	ring atomic.Pointer[Ring]
	node uint16

	mu   sync.Mutex
	last Tick
	open window
}

// Subject is what an ID to be minted says, beside time, node and sequence.
// Kind is one of the kinds. An offer or affiliate that an ID has no room for is
// written as 0, which names none.
type Subject struct {
	Kind       Kind
	Test       bool
	TurnedAway bool
	Offer      int64
	Affiliate  int64
}

// NewMint makes a mint for a node number, of which only the bits of MaxNode
// count. Every ID it makes is above floor: the highest tick that the number has
// ever borne.
func NewMint(ring *Ring, node uint16, floor Tick) *Mint {
	m := &Mint{node: node & MaxNode, last: floor, open: newWindow()}
	m.ring.Store(ring)
	return m
}

// SetRing makes the IDs that follow use other keys.
func (m *Mint) SetRing(ring *Ring) { m.ring.Store(ring) }

// Begin makes an ID that is above all before it. It bears the time now, or the
// next free place after the last one where the clock stands, has stepped back,
// or has no place left in this millisecond. The ticket is open until its Done.
func (m *Mint) Begin(now time.Time, s Subject) Ticket {
	// Half of all time leaves even a senseless clock's ticks room to rise.
	tick := tickOf(min(max(now.UnixMilli(), 0), maxMilli/2))

	m.mu.Lock()
	tick = max(tick, m.last+1)
	m.last = tick
	place := m.open.push(tick)
	m.mu.Unlock()

	if s.Offer < 0 || s.Offer > MaxOffer {
		s.Offer = 0
	}
	if s.Affiliate < 0 || s.Affiliate > MaxAffiliate {
		s.Affiliate = 0
	}
	return Ticket{ID: m.ring.Load().seal(tick, m.node, s), mint: m, place: place}
}

// Last gives the highest tick minted, or the floor.
func (m *Mint) Last() Tick {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.last
}

// Low gives the tick below which all is finished: minted and done, or never to
// be minted. What reads a node's records in order may go up to it, and misses
// nothing.
func (m *Mint) Low() Tick {
	m.mu.Lock()
	defer m.mu.Unlock()
	if oldest, ok := m.open.oldest(); ok {
		return oldest
	}
	return m.last + 1
}

// Ticket is a minted ID whose record is not yet written or given up.
type Ticket struct {
	ID ID

	mint  *Mint
	place uint64
}

// Done says that the ID's record is written, or never will be. It is due
// exactly once for each ticket, from any goroutine: a ticket left open holds
// Low back for good.
func (t Ticket) Done() {
	if t.mint == nil {
		return
	}
	t.mint.mu.Lock()
	defer t.mint.mu.Unlock()
	t.mint.open.finish(t.place)
}
