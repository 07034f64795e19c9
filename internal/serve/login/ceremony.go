package login

import (
	"container/list"
	"crypto/rand"
	"slices"
	"sync"
	"time"

	"waybill/internal/user"
)

// The bounds of what is remembered between the two halves of a ceremony.
// Whoever has no account can begin one, so none of it is written to disk. What is
// too much takes the place of the oldest, of the same source first: whoever begins
// thousands keeps nobody else from beginning.
const (
	ceremonyLife   = 10 * time.Minute
	maxCeremonies  = 50_000
	maxOfOneSource = 500
)

// ceremonies remembers what was begun until it is finished, once, or until it is
// too late.
type ceremonies struct {
	mu    sync.Mutex
	open  map[string]*list.Element   // by the token that the browser brings back
	order *list.List                 // of *ceremony, the oldest first
	of    map[string][]*list.Element // those of each source, the oldest first
}

// ceremony is the first half of one.
type ceremony struct {
	token, source string
	until         time.Time
	begun         any
}

func newCeremonies() *ceremonies {
	return &ceremonies{open: map[string]*list.Element{}, order: list.New(), of: map[string][]*list.Element{}}
}

// begin remembers the first half of a ceremony, and gives the token for the
// second.
func (c *ceremonies) begin(begun any, source string, now time.Time) (string, error) {
	token, err := user.NewToken(rand.Reader)
	if err != nil {
		return "", err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sweep(now)
	switch of := c.of[source]; {
	case len(of) >= maxOfOneSource:
		c.forget(of[0])
	case c.order.Len() >= maxCeremonies:
		c.forget(c.order.Front())
	}
	at := c.order.PushBack(&ceremony{token: token, source: source, until: now.Add(ceremonyLife), begun: begun})
	c.open[token] = at
	c.of[source] = append(c.of[source], at)
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
	left := slices.DeleteFunc(c.of[one.source], func(other *list.Element) bool { return other == at })
	if c.of[one.source] = left; len(left) == 0 {
		delete(c.of, one.source)
	}
	return one
}
