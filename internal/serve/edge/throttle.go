package edge

import (
	"net/netip"
	"sync"
	"time"
)

// maxSources bounds how many sources are remembered.
const maxSources = 1 << 14

// Throttle holds sources back that send what could be guesses: a source is an
// IPv4 address, or the 64 bits of an IPv6 network. Each may send a burst, and
// from then on so many a second. It remembers a bounded number of sources; when
// there are more, one that has sent little of late is forgotten, and with it
// what little it has used.
//
// A nil Throttle holds back nobody. It is safe for concurrent use.
type Throttle struct {
	perSecond, burst float64

	mu      sync.Mutex
	sources map[netip.Addr]allowance
}

// allowance is what a source may still send.
type allowance struct {
	left float64
	at   time.Time // as of when
}

// NewThrottle lets each source send burst hits at once and perSecond ever after.
// Without either there is no limit, and no Throttle.
func NewThrottle(perSecond float64, burst int) *Throttle {
	if perSecond <= 0 || burst <= 0 {
		return nil
	}
	return &Throttle{perSecond: perSecond, burst: float64(burst), sources: make(map[netip.Addr]allowance)}
}

// take lets a source send one more, or says how long it must wait.
func (t *Throttle) take(from netip.Addr, now time.Time) (wait time.Duration, ok bool) {
	if t == nil {
		return 0, true
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	source := sourceOf(from)
	a := t.allowance(source, now)
	if a.left < 1 {
		return time.Duration((1 - a.left) / t.perSecond * float64(time.Second)), false
	}
	a.left--
	t.sources[source] = a
	return 0, true
}

// giveBack undoes a take.
func (t *Throttle) giveBack(to netip.Addr) {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	source := sourceOf(to)
	if a, known := t.sources[source]; known {
		a.left = min(t.burst, a.left+1)
		t.sources[source] = a
	}
}

// allowance gives what a source has left now, and makes room for it.
func (t *Throttle) allowance(source netip.Addr, now time.Time) allowance {
	a, known := t.sources[source]
	if known {
		return t.grown(a, now)
	}
	if len(t.sources) >= maxSources {
		t.forget(now)
	}
	return allowance{left: t.burst, at: now}
}

// grown gives an allowance as it is by now. A clock that steps back takes
// nothing away.
func (t *Throttle) grown(a allowance, now time.Time) allowance {
	if since := now.Sub(a.at); since > 0 {
		a.left = min(t.burst, a.left+since.Seconds()*t.perSecond)
		a.at = now
	}
	return a
}

// forget drops, of a few sources picked at random, the one that has the most
// left.
func (t *Throttle) forget(now time.Time) {
	const few = 8
	var best netip.Addr
	most, seen := -1.0, 0
	for source, a := range t.sources {
		if left := t.grown(a, now).left; left > most {
			best, most = source, left
		}
		if seen++; seen == few {
			break
		}
	}
	delete(t.sources, best)
}

// sourceOf gives who stands behind an address: within IPv6 whoever has one
// address has the other 2^64 of its network too.
func sourceOf(a netip.Addr) netip.Addr {
	a = a.Unmap().WithZone("")
	if !a.Is6() {
		return a
	}
	p, err := a.Prefix(64)
	if err != nil {
		return a
	}
	return p.Addr()
}
