package settle

import (
	"time"

	"waybill/internal/txid"
)

// state is what the direct way and the sweep have to tell each other.
//
// No signal slips between them: one that is left while the sweep is behind
// raises last, in the same critical section, and the sweep is up to date only
// when it has passed every last. The record of such a signal was in the journal
// before, so a pass whose bound lies above its tick has seen it.
type state struct {
	behind bool                 // new signals are left to the sweep
	first  map[uint16]txid.Tick // by node, the lowest tick that was left
	last   map[uint16]txid.Tick // by node, the highest
	low    map[uint16]txid.Tick // by node, the tick below which all is settled
	flying map[txid.ID]struct{} // taken up directly and not finished
	done   map[txid.ID]struct{} // settled directly, and not yet passed by the sweep
	held   map[string]struct{}  // subjects of signals that were left alone: those on them wait, too

	waiting int       // how many signals are known to wait for the sweep
	oldest  time.Time // when the first of them came
}

func newState() state {
	return state{
		behind: true, // until the sweep knows what an earlier process left
		first:  make(map[uint16]txid.Tick), last: make(map[uint16]txid.Tick), low: make(map[uint16]txid.Tick),
		flying: make(map[txid.ID]struct{}), done: make(map[txid.ID]struct{}),
		held: make(map[string]struct{}),
	}
}

// leave notes that a signal was left to the sweep.
func (s *state) leave(id txid.ID) {
	node, tick := id.Node(), id.Tick()
	if first, ok := s.first[node]; !ok || tick < first {
		s.first[node] = tick
	}
	s.last[node] = max(s.last[node], tick)
	s.wait(id)
}

// hold has signals on the same subjects wait for the one that was left.
func (s *state) hold(subjects []string) {
	for _, subject := range subjects {
		s.held[subject] = struct{}{}
	}
}

// waitsBehind reports whether a signal has to do with one that was left. What it
// has to do with besides waits for it in turn.
func (s *state) waitsBehind(subjects []string) bool {
	for _, subject := range subjects {
		if _, ok := s.held[subject]; ok {
			s.hold(subjects)
			return true
		}
	}
	return false
}

// wasLeft reports whether a signal was left to the sweep by this process, and so
// is counted already.
func (s *state) wasLeft(id txid.ID) bool {
	first, ok := s.first[id.Node()]
	return ok && id.Tick() >= first
}

func (s *state) wait(id txid.ID) {
	if at := id.Time(); s.waiting == 0 || at.Before(s.oldest) {
		s.oldest = at
	}
	s.waiting++
}

// swept notes that the sweep has settled a signal that waited. Those behind it
// came later.
func (s *state) swept(id txid.ID) {
	s.waiting = max(0, s.waiting-1)
	s.oldest = id.Time()
}

// finish notes that a signal was settled directly, for the sweep to skip.
func (s *state) finish(id txid.ID) {
	if id.Tick() >= s.low[id.Node()] {
		s.done[id] = struct{}{}
	}
}

// limit gives how far the sweep may go: up to the bound, and not past what is
// being settled directly.
func (s *state) limit(node uint16, bound txid.Tick) txid.Tick {
	for id := range s.flying {
		if id.Node() == node {
			bound = min(bound, id.Tick())
		}
	}
	return bound
}

// advance notes that all of a node's signals below low are settled, and forgets
// those of them that were settled directly.
func (s *state) advance(node uint16, low txid.Tick) {
	s.low[node] = max(s.low[node], low)
	for id := range s.done {
		if id.Tick() < s.low[id.Node()] {
			delete(s.done, id)
		}
	}
}

// catchUp ends the time of being behind if the sweep has passed all that was
// left to it, and reports whether it is up to date.
func (s *state) catchUp() bool {
	for node, last := range s.last {
		if s.low[node] <= last {
			return false
		}
	}
	clear(s.first)
	clear(s.last)
	clear(s.held)
	s.behind, s.waiting = false, 0
	return true
}
