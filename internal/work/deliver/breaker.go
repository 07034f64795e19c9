package deliver

import (
	"time"

	"waybill/internal/delivery"
)

// turn is what an attempt did to its subscription's breaker.
type turn struct {
	before, after delivery.Breaker
	one           *destination
	save          bool // the ledger is to be told
}

// opened and closed report whether the turn let postbacks through no more, or
// again.
func (t turn) opened() bool { return t.before.Closed() && !t.after.Closed() }
func (t turn) closed() bool { return !t.before.Closed() && t.after.Closed() }

// note counts an attempt.
func (d *destinations) note(id int64, a delivery.Attempt, retryAfter time.Duration, jitter float64) turn {
	d.mu.Lock()
	defer d.mu.Unlock()
	one := d.all[id]
	if one == nil && a.Error == "" {
		return turn{}
	}
	one = d.of(id)
	t := turn{before: one.breaker, after: one.breaker.After(a, retryAfter, jitter), one: one}
	one.breaker = t.after
	moved := t.before.Closed() != t.after.Closed() || !t.before.ProbeAt.Equal(t.after.ProbeAt)
	if t.save = moved || one.unsaved; t.save {
		one.writes++
	}
	return t
}

// begin gives the breaker to write; nil if there is nothing to be written. Only
// one write of a breaker is under way at a time, and the last one has it as it
// is. What begins must end.
func (d *destinations) begin(t turn) *delivery.Breaker {
	if !t.save {
		return nil
	}
	t.one.writing.Lock()
	d.mu.Lock()
	defer d.mu.Unlock()
	b := t.one.breaker
	return &b
}

// end notes whether the ledger took a breaker.
func (d *destinations) end(t turn, err error, now time.Time) {
	if !t.save {
		return
	}
	d.mu.Lock()
	t.one.writes--
	t.one.unsaved = err != nil
	t.one.changed = now
	d.mu.Unlock()
	t.one.writing.Unlock()
}

// adopt takes over the breakers as the ledger had them at a time. Those that are
// not among them are closed there. It gives those that were closed or opened by
// it.
func (d *destinations) adopt(kept []delivery.Breaker, read time.Time) (closed []int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	open := make(map[int64]bool, len(kept))
	for _, b := range kept {
		open[b.SubscriptionID] = !b.Closed()
		if one := d.of(b.SubscriptionID); !b.Closed() && one.follows(read) {
			one.breaker = b
		}
	}
	for id, one := range d.all {
		if !open[id] && !one.breaker.Closed() && one.follows(read) {
			one.breaker = delivery.Breaker{SubscriptionID: id, State: delivery.BreakerClosed}
			closed = append(closed, id)
		}
	}
	return closed
}

// follows reports whether what the ledger said at a time is news.
func (o *destination) follows(read time.Time) bool {
	return o.writes == 0 && !o.unsaved && o.changed.Before(read)
}
