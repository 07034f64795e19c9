package api

import (
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// How often one address may ask for what needs no key, and how many addresses are
// remembered.
const (
	callsASecond  = 1
	callsAtOnce   = 30
	mostRemember  = 10_000
	networkLength = 64 // an IPv6 network is one caller
)

// callers holds back addresses that ask without a key too often.
type callers struct {
	mu    sync.Mutex
	known map[netip.Prefix]*rate.Limiter
}

func newCallers() *callers { return &callers{known: map[netip.Prefix]*rate.Limiter{}} }

// let reports whether an address may ask at a time.
func (c *callers) let(from netip.Addr, now time.Time) bool {
	bits := from.BitLen()
	if from.Is6() {
		bits = networkLength
	}
	network, err := from.Prefix(bits)
	if err != nil {
		network = netip.Prefix{} // all that have no address share one
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	l, ok := c.known[network]
	if !ok {
		c.forget(now)
		l = rate.NewLimiter(callsASecond, callsAtOnce)
		c.known[network] = l
	}
	return l.AllowN(now, 1)
}

// forget makes room: those who may ask as often as anybody need not be known. When
// all others are too many, too, it forgets them as well.
func (c *callers) forget(now time.Time) {
	if len(c.known) < mostRemember {
		return
	}
	for network, l := range c.known {
		if l.TokensAt(now) >= callsAtOnce {
			delete(c.known, network)
		}
	}
	if len(c.known) >= mostRemember {
		clear(c.known)
	}
}
