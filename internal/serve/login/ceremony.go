package login

import (
	"container/list"
	"crypto/rand"
	"net/netip"
	"sync"
	"time"

	"waybill/internal/fault"
	"waybill/internal/user"
)

// The bounds of what is remembered between the two halves of a ceremony.
// Whoever has no account can begin one, so none of it is written to disk, and
// one address can begin only so many.
const (
	ceremonyLife   = 10 * time.Minute
	maxCeremonies  = 50_000
	maxOfOneSource = 500
)

// ceremonies remembers what was begun until it is finished, once, or until it is
// too late.
type ceremonies struct {
	mu    sync.Mutex
	open  map[string]*list.Element // by the token that the browser brings back
	order *list.List               // of *ceremony, the oldest first
	of    map[string]int           // how many are open, by source
}

// ceremony is the first half of one.
type ceremony struct {
	token, source string
	until         time.Time
	begun         any
}

func newCeremonies() *ceremonies {
	return &ceremonies{open: map[string]*list.Element{}, order: list.New(), of: map[string]int{}}
}

// begin remembers the first half of a ceremony, and gives the token for the
// second.
func (c *ceremonies) begin(begun any, from netip.Addr, now time.Time) (string, error) {
	token, err := user.NewToken(rand.Reader)
	if err != nil {
		return "", err
	}
	source := user.AddressDoor(from).Name
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sweep(now)
	switch {
	case c.of[source] >= maxOfOneSource:
		return "", fault.New(fault.Limited, "too many sign-ins were begun from this address; wait some minutes")
	case c.order.Len() >= maxCeremonies:
		return "", fault.New(fault.Limited, "too many sign-ins were begun at once; try again in some minutes")
	}
	c.open[token] = c.order.PushBack(&ceremony{token: token, source: source, until: now.Add(ceremonyLife), begun: begun})
	c.of[source]++
	return token, nil
}

// finish gives what was remembered under a token, and forgets it: nobody gets it
// a second time.
func (c *ceremonies) finish(token string, now time.Time) (any, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sweep(now)
	at, ok := c.open[token]
	if !ok {
		return nil, false
	}
	return c.forget(at).begun, true
}

// sweep forgets what is too late, which stands in front.
func (c *ceremonies) sweep(now time.Time) {
	for at := c.order.Front(); at != nil; at = c.order.Front() {
		if one, ok := at.Value.(*ceremony); ok && now.Before(one.until) {
			return
		}
		c.forget(at)
	}
}

func (c *ceremonies) forget(at *list.Element) *ceremony {
	one, _ := c.order.Remove(at).(*ceremony)
	delete(c.open, one.token)
	if c.of[one.source]--; c.of[one.source] <= 0 {
		delete(c.of, one.source)
	}
	return one
}
