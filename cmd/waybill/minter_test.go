package main

import (
	"bytes"
	"context"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"waybill/internal/fault"
	"waybill/internal/store/pebblejournal"
	"waybill/internal/txid"
)

// clock is a node's clock, its journal, and the numbers that its ledger hands
// out.
type clock struct {
	t      *testing.T
	now    time.Time
	dir    string
	number uint16 // the node's, as its folder keeps it
	taken  uint16 // the last one handed out
	away   bool   // the ledger is
	ring   *txid.Ring

	journal *pebblejournal.Journal
	minter  *minter
	last    map[uint16]txid.Tick // by node number, the last tick given out
}

// newClock starts a minter at a time, under node number 1.
func newClock(t *testing.T) *clock {
	t.Helper()
	key, err := txid.NewKey(1, time.Unix(0, 0), bytes.NewReader(bytes.Repeat([]byte{7}, 32)))
	if err != nil {
		t.Fatal(err)
	}
	ring, err := txid.NewRing([]txid.Key{key})
	if err != nil {
		t.Fatal(err)
	}
	c := &clock{
		t: t, now: time.Date(2026, 3, 29, 12, 0, 0, 0, time.UTC), dir: filepath.Join(t.TempDir(), "journal"),
		number: 1, taken: 1, ring: ring, last: map[uint16]txid.Tick{},
	}
	c.start()
	t.Cleanup(func() { c.journal.Close() })
	return c
}

func (c *clock) start() {
	c.t.Helper()
	var err error
	if c.journal, err = pebblejournal.Open(c.dir, pebblejournal.Options{FreeFloor: 1, AppendTimeout: time.Minute}); err != nil {
		c.t.Fatal(err)
	}
	c.minter = &minter{
		now: func() time.Time { return c.now }, journal: c.journal, log: slog.New(slog.DiscardHandler), take: c.take,
	}
	if err := c.minter.start(c.t.Context(), c.number, c.ring); err != nil {
		c.t.Fatal(err)
	}
}

// take hands out a number, as the ledger does.
func (c *clock) take(context.Context) (uint16, error) {
	if c.away {
		return 0, fault.New(fault.Unavailable, "the ledger is away")
	}
	c.taken++
	c.number = c.taken
	return c.number, nil
}

// restart ends the process and starts another. One that is killed has no time to
// note how far it has minted.
func (c *clock) restart(killed bool) {
	c.t.Helper()
	if !killed {
		if err := c.minter.release(c.t.Context()); err != nil {
			c.t.Fatal(err)
		}
	}
	if err := c.journal.Close(); err != nil {
		c.t.Fatal(err)
	}
	c.start()
}

// mint makes IDs, of which every second one is recorded, and holds them to the
// rule: within a node number they rise, so none is there twice.
func (c *clock) mint(n int) {
	c.t.Helper()
	for i := range n {
		ticket := c.minter.Begin(c.now, txid.Subject{Kind: txid.Click, Offer: 7, Affiliate: 9})
		id := ticket.ID
		if last := c.last[id.Node()]; id.Tick() <= last {
			c.t.Errorf("node %d minted tick %d (%s) after %d (%s)", id.Node(), id.Tick(), id.Time(), last, last.Time())
		}
		c.last[id.Node()] = id.Tick()
		if i%2 == 0 {
			ticket.Done()
			continue
		}
		if err := c.journal.Append(c.t.Context(), ticket, []byte("record")); err != nil {
			c.t.Error(err)
		}
	}
}

// tick lets the time between two looks at the clock go by, and looks.
func (c *clock) tick() {
	c.t.Helper()
	if err := c.minter.reserve(c.t.Context()); err != nil {
		c.t.Fatal(err)
	}
	c.minter.watch(c.t.Context())
}

// TestMinterRises moves the clock about, and kills the process. Within a node
// number IDs rise all the same, and a clock that steps back far costs a number.
func TestMinterRises(t *testing.T) {
	tests := []struct {
		name string
		do   func(c *clock)
		node uint16 // the number in the end
	}{
		{"while the clock stands", func(c *clock) { c.tick() }, 1},
		{"when it steps back a little", func(c *clock) {
			c.now = c.now.Add(-900 * time.Millisecond)
			c.mint(10)
			c.tick()
		}, 1},
		{"when it steps back a second, to the millisecond", func(c *clock) {
			c.now = c.now.Add(-backstep)
			c.tick()
		}, 1},
		{"when it steps back far", func(c *clock) {
			c.now = c.now.Add(-time.Hour)
			c.mint(10) // before anybody has noticed
			c.tick()
		}, 2},
		{"when it jumps ahead and comes back", func(c *clock) {
			c.now = c.now.Add(time.Hour)
			c.mint(10)
			c.tick()
			c.now = c.now.Add(-time.Hour)
			c.mint(10)
			c.tick()
		}, 2},
		{"when it steps back far, twice", func(c *clock) {
			for range 2 {
				c.now = c.now.Add(-time.Hour)
				c.tick()
				c.mint(10)
			}
		}, 3},
		{"when it steps back far while the ledger is away", func(c *clock) {
			c.away = true
			c.now = c.now.Add(-time.Hour)
			c.tick()
			c.mint(10)
			c.tick()
		}, 1},
		{"and takes the number when the ledger is there again", func(c *clock) {
			c.away = true
			c.now = c.now.Add(-time.Hour)
			c.tick()
			c.mint(10)
			c.away = false
			c.tick()
		}, 2},
		{"over a restart", func(c *clock) { c.restart(false) }, 1},
		{"over a kill", func(c *clock) { c.restart(true) }, 1},
		{"over many kills in a moment", func(c *clock) {
			for range 5 {
				c.now = c.now.Add(50 * time.Millisecond)
				c.restart(true)
				c.mint(3)
			}
		}, 1},
		{"over many kills while the clock stands", func(c *clock) {
			for range 5 {
				c.restart(true)
				c.mint(3)
			}
		}, 3},
		{"when the clock steps back a little over a restart", func(c *clock) {
			c.now = c.now.Add(-900 * time.Millisecond)
			c.restart(false)
		}, 1},
		{"when it steps back far over a restart", func(c *clock) {
			c.now = c.now.Add(-time.Hour)
			c.restart(false)
		}, 2},
		{"when it steps back over a kill", func(c *clock) {
			c.now = c.now.Add(-900 * time.Millisecond)
			c.restart(true)
		}, 2},
		{"when it steps back far over a kill while the ledger is away", func(c *clock) {
			c.away = true
			c.now = c.now.Add(-time.Hour)
			c.restart(true)
		}, 1},
		{"when a process that ran ahead of the clock is killed", func(c *clock) {
			c.away = true
			c.now = c.now.Add(-time.Hour)
			c.tick()
			c.mint(1001) // the last one is not recorded
			c.restart(true)
		}, 1},
		{"when one that took a number is killed, and the clock steps back again", func(c *clock) {
			c.now = c.now.Add(-time.Hour)
			c.tick()
			c.mint(10)
			c.now = c.now.Add(-time.Hour)
			c.restart(true)
		}, 3},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := newClock(t)
			c.mint(101)
			tt.do(c)
			c.mint(101)
			if got := c.minter.Node(); got != tt.node || got != c.number {
				t.Errorf("IDs bear node number %d, want %d; the folder keeps %d", got, tt.node, c.number)
			}
			bound := c.minter.Bound(c.minter.Node())
			if want := c.last[c.number] + 1; bound != want {
				t.Errorf("node %d is finished below %d, want %d", c.number, bound, want)
			}
			if tt.node > 1 && c.minter.Bound(1) <= c.last[1] {
				t.Errorf("node number 1 is finished below %d, and its last ID has %d", c.minter.Bound(1), c.last[1])
			}
		})
	}
}

// TestMinterRefusesToGuess: when the ledger fails otherwise than by being away,
// the node does not start under a number that may not be safe.
func TestMinterRefusesToGuess(t *testing.T) {
	c := newClock(t)
	c.mint(1)
	c.now = c.now.Add(-time.Hour)
	broken := fault.New(fault.Internal, "a defect")
	m := &minter{
		now: func() time.Time { return c.now }, journal: c.journal, log: slog.New(slog.DiscardHandler),
		take: func(context.Context) (uint16, error) { return 0, broken },
	}
	if err := m.start(t.Context(), c.number, c.ring); err == nil {
		t.Error("it started")
	}
}
