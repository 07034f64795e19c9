package api

import (
	"context"
	"errors"
	"sync"
	"time"
)

// How old an overview may be, and how much of the time may go into making one
// anew: where it takes long, it is made less often.
const (
	freshFor    = lookEvery - 200*time.Millisecond // so that a look finds a new one
	restFor     = 10                               // times what it took
	flightsKept = time.Minute
)

// flights makes what many ask for at once one time. Whoever comes first makes it,
// the others wait for it, and who comes a moment later is given the same. It has
// no goroutine of its own.
type flights struct {
	mu  sync.Mutex
	all map[overviewScope]*flight
}

// flight is one making. All but done is read only once done is closed.
type flight struct {
	done  chan struct{}
	until time.Time // it may be given to those who come up to then
	found *overviewRecord
	err   error
}

func newFlights() *flights { return &flights{all: map[overviewScope]*flight{}} }

// errAbandoned is what those who wait see when the one who makes it breaks down.
var errAbandoned = errors.New("the overview was not finished")

// get gives what making gives, or has given to another a moment ago. One that has
// begun is finished, even if the one who began it leaves: others may wait for it.
func (f *flights) get(ctx context.Context, s overviewScope, making func(context.Context) (*overviewRecord, error)) (*overviewRecord, error) {
	one, mine := f.join(s)
	if mine {
		f.fly(context.WithoutCancel(ctx), one, making)
	}
	select {
	case <-one.done:
		return one.found, one.err
	case <-ctx.Done():
		return nil, errGone
	}
}

// join gives the making that is under way or fresh, or a new one, which is the
// caller's to carry out.
func (f *flights) join(s overviewScope) (one *flight, mine bool) {
	now := time.Now()
	f.mu.Lock()
	defer f.mu.Unlock()
	if one, ok := f.all[s]; ok && !one.stale(now) {
		return one, false
	}
	for other, old := range f.all {
		if old.stale(now.Add(-flightsKept)) {
			delete(f.all, other)
		}
	}
	one = &flight{done: make(chan struct{}), err: errAbandoned}
	f.all[s] = one
	return one, true
}

// stale reports whether it is over and too old at a time.
func (f *flight) stale(now time.Time) bool {
	select {
	case <-f.done:
		return now.After(f.until)
	default:
		return false
	}
}

// fly carries one out.
func (f *flights) fly(ctx context.Context, one *flight, making func(context.Context) (*overviewRecord, error)) {
	start := time.Now()
	defer close(one.done)
	one.until = start // of one that breaks down
	one.found, one.err = making(ctx)
	end := time.Now()
	rest := end.Sub(start) // what has failed may be tried again after as long as it took
	if one.err == nil {
		rest = restFor * one.found.took
	}
	one.until = end.Add(max(freshFor, rest))
}
