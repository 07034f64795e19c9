package deliver

import (
	"sync"
	"time"
)

// lanes say which claimed postbacks may be sent now. Each host has a lane with
// a bounded number in flight.
//
// A claim asks the ledger for no more than there are free slots, but cannot know
// the hosts. What it brings for a host that is full is held: a few, so that the
// host is never idle between two claims. The rest goes back to the ledger, put
// off until its turn would come by the pace at which the host answers. So what
// waits for a slow host costs a write now and then, takes no slot and no memory,
// and is free for other nodes.
type lanes struct {
	slots   int
	perHost int

	mu     sync.Mutex
	active int // in all lanes
	hosts  map[string]*lane
}

// lane is one host's. It is there as long as something is in flight.
type lane struct {
	active int
	held   []job
	took   time.Duration // how long an attempt takes, on average
	full   time.Time     // when what was put off has had its turn
}

// What is supposed of a host before it has answered, and how far a postback is
// put off at most.
const (
	supposed = 100 * time.Millisecond
	farthest = 30 * time.Second
)

// place is what becomes of a job.
type place uint8

const (
	start  place = iota + 1 // send it
	hold                    // the lane has it; leave gives it to a sender
	putOff                  // give it back
)

func newLanes(slots, perHost int) *lanes {
	return &lanes{slots: slots, perHost: perHost, hosts: make(map[string]*lane)}
}

// free gives the number of slots that are free.
func (l *lanes) free() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.slots - l.active
}

// enter gives a job its place, and the time until which it is put off.
func (l *lanes) enter(j job, now time.Time) (place, time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	h := l.hosts[j.host]
	if h == nil {
		h = &lane{took: supposed}
		l.hosts[j.host] = h
	}
	switch {
	case h.active < l.perHost:
		h.active++
		l.active++
		return start, time.Time{}
	case len(h.held) < 2*l.perHost:
		h.held = append(h.held, j)
		return hold, time.Time{}
	}
	if soonest := now.Add(2 * h.took); h.full.Before(soonest) {
		h.full = soonest // those that are held go first
	}
	h.full = h.full.Add(h.took / time.Duration(l.perHost))
	if last := now.Add(farthest); h.full.After(last) {
		h.full = last
	}
	return putOff, h.full
}

// leave ends an attempt that took a while, and gives the job that takes its
// place, if one is held for the host.
func (l *lanes) leave(host string, took time.Duration) (job, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	h := l.hosts[host]
	h.took = (3*h.took + took) / 4
	if len(h.held) > 0 {
		next := h.held[0]
		h.held = h.held[1:]
		return next, true
	}
	h.active--
	l.active--
	if h.active == 0 {
		delete(l.hosts, host)
	}
	return job{}, false
}

// drain takes out all jobs that are held.
func (l *lanes) drain() []job {
	l.mu.Lock()
	defer l.mu.Unlock()
	var all []job
	for _, h := range l.hosts {
		all = append(all, h.held...)
		h.held = nil
	}
	return all
}
