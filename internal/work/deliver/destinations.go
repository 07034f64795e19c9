package deliver

import (
	"math"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"waybill/internal/catalog"
	"waybill/internal/delivery"
)

// destinations know of each subscription what bounds it by itself: its rate, its
// breaker, and for how long its receiver asked to be left alone.
//
// Breakers are kept in the ledger. What is here follows it within a second, and
// goes ahead of it only while a change of this node's own is being written.
type destinations struct {
	mu      sync.Mutex
	present *catalog.Catalog // that rates and hosts were read from
	all     map[int64]*destination
	hosts   map[string][]int64 // active subscriptions by host
	longest time.Duration      // of the total time-outs that subscriptions set
}

// destination is what is known of one subscription.
type destination struct {
	limiter *rate.Limiter // nil: no limit
	hungry  bool          // it took all that its rate allowed
	quiet   time.Time     // its receiver asked to be left alone until then
	breaker delivery.Breaker
	writing sync.Mutex // held while the breaker is written
	writes  int        // of the breaker, under way
	unsaved bool       // the ledger does not know the breaker as it is
	changed time.Time  // when the ledger last took it from here
}

func newDestinations() *destinations {
	return &destinations{all: make(map[int64]*destination), hosts: make(map[string][]int64)}
}

// of gives what is known of a subscription.
func (d *destinations) of(id int64) *destination {
	one := d.all[id]
	if one == nil {
		one = &destination{breaker: delivery.Breaker{SubscriptionID: id}}
		d.all[id] = one
	}
	return one
}

// follow reads rates, hosts and time-outs from the catalog, if it is another one.
func (d *destinations) follow(c *catalog.Catalog) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if c == d.present {
		return
	}
	d.present, d.longest = c, 0
	d.hosts = make(map[string][]int64)
	for _, source := range c.Source().Subscriptions {
		sub, ok := c.Subscription(source.ID)
		if !ok || sub.Plan == nil || sub.Status != delivery.Active {
			continue
		}
		d.hosts[sub.Plan.Host()] = append(d.hosts[sub.Plan.Host()], sub.ID)
		d.longest = max(d.longest, sub.Timeout.Duration())
		d.setRate(sub.ID, sub.Rate)
	}
}

// setRate bounds a subscription to so many a second. A tenth of a second's worth
// may go at once, so that the bound holds for those who look less often.
func (d *destinations) setRate(id int64, perSecond float64) {
	one := d.all[id]
	switch {
	case perSecond <= 0 && one == nil:
	case perSecond <= 0:
		one.limiter, one.hungry = nil, false
	default:
		one = d.of(id)
		limit, burst := rate.Limit(perSecond), max(1, int(math.Ceil(perSecond/10)))
		if one.limiter == nil || one.limiter.Limit() != limit {
			one.limiter = rate.NewLimiter(limit, burst)
		}
	}
}

// timeout gives the largest total time-out that a subscription sets.
func (d *destinations) timeout() time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.longest
}

// bound lowers what may be claimed by what bounds each subscription by itself,
// and leaves out all on hosts that are full. each is what may be claimed of those
// that are not listed.
func (d *destinations) bound(v view, each int, now time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, name := range v.full {
		for _, id := range d.hosts[name] {
			if _, listed := v.most[id]; !listed {
				v.most[id] = 0
			}
		}
	}
	for id, one := range d.all {
		n, listed := v.most[id]
		if !listed {
			n = each
		}
		m := one.bound(n, v.busy[id], now)
		if listed || m != each || one.limiter != nil {
			v.most[id] = m
		}
	}
}

// bound gives how many of n may be claimed.
func (o *destination) bound(n int, busy bool, now time.Time) int {
	state := o.breaker.At(now)
	switch {
	case now.Before(o.quiet), state == delivery.BreakerOpen, state == delivery.BreakerHalfOpen && busy:
		return 0
	case state == delivery.BreakerHalfOpen:
		return min(n, 1)
	case o.limiter != nil:
		return min(n, int(o.limiter.TokensAt(now)+1e-9))
	default:
		return n
	}
}

// took notes how many were claimed of each subscription.
func (d *destinations) took(claimed map[int64]int, ask delivery.Ask) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for id, one := range d.all {
		switch most := ask.Of(id); {
		case one.limiter == nil, most == 0:
		case claimed[id] > 0:
			one.limiter.AllowN(ask.Now, claimed[id])
			one.hungry = claimed[id] >= most
		default:
			one.hungry = false
		}
	}
}

// ripe gives when the next of those that wait for their rate, a probe or the end
// of a silence may go on; zero if there is none.
func (d *destinations) ripe(now time.Time) time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	var first time.Time
	sooner := func(at time.Time) {
		if at.After(now) && (first.IsZero() || at.Before(first)) {
			first = at
		}
	}
	for _, one := range d.all {
		sooner(one.quiet)
		sooner(one.breaker.ProbeAt)
		if one.limiter == nil || !one.hungry || !one.breaker.Closed() {
			continue
		}
		if missing := 1 - one.limiter.TokensAt(now); missing > 0 { // else NextDue tells
			sooner(now.Add(time.Duration(missing/float64(one.limiter.Limit())*float64(time.Second)) + time.Millisecond))
		}
	}
	return first
}

// lets reports whether a postback may be sent to a subscription now. A probe may
// that was claimed as one.
func (d *destinations) lets(id int64, probe bool, now time.Time) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	one := d.all[id]
	return one == nil || !now.Before(one.quiet) && (probe || one.breaker.Closed())
}

// silence keeps a subscription's postbacks back until a time.
func (d *destinations) silence(id int64, until time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if one := d.of(id); one.quiet.Before(until) {
		one.quiet = until
	}
}

// probing reports whether what is claimed of a subscription now is a probe.
func (d *destinations) probing(id int64, now time.Time) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	one := d.all[id]
	return one != nil && one.breaker.At(now) == delivery.BreakerHalfOpen
}
