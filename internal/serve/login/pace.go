package login

import (
	"net/netip"
	"sync"
	"time"

	"waybill/internal/user"
)

// The pace at which one source may ask who is not signed in. Every attempt is
// written down, so whoever sends thousands must be turned away before that.
const (
	paceEvery   = 200 * time.Millisecond
	paceBurst   = 100
	mostSources = 20_000
)

// pace holds sources back in memory. When there are too many to remember, all
// start anew: what counts failures is the ledger.
type pace struct {
	mu   sync.Mutex
	next map[string]time.Time // when a source would have used up what it sent
}

// step counts one request, and refuses it when its source is too far ahead.
func (p *pace) step(from netip.Addr, now time.Time) error {
	source := user.AddressDoor(from).Name
	p.mu.Lock()
	defer p.mu.Unlock()
	at := p.next[source]
	if at.Before(now) {
		at = now
	}
	at = at.Add(paceEvery)
	if at.Sub(now) > paceBurst*paceEvery {
		return &waitError{paceEvery}
	}
	if len(p.next) >= mostSources {
		clear(p.next)
	}
	p.next[source] = at
	return nil
}
