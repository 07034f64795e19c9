package deliver

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"waybill/internal/delivery"
	"waybill/internal/fault"
)

// book is a ledger in memory that keeps what the ledger's queue promises, and
// whose failures tests choose.
type book struct {
	mu       sync.Mutex
	rows     map[string]*row
	sorted   map[int64][]*row          // of those that wait, as long as it holds
	open     map[int64]map[string]*row // those that wait or are parked, by subscription
	attempts []delivery.Attempt
	breakers map[int64]delivery.Breaker
	newest   map[int64]bool // subscriptions whose newest conversions go first
	disabled map[int64]string
	alerts   []delivery.Owed
	steps    int // of replays that are left
	stepped  []time.Time
	looks    int
	given    int // postbacks that were claimed
	returned int // and given back before their time
	turn     int
	fail     func(operation string) error // nil: nothing fails
}

type row struct {
	delivery.Owed
	claimAt time.Time
	due     time.Time // at first
}

func newBook(owed ...delivery.Owed) *book {
	b := &book{
		rows: make(map[string]*row), sorted: make(map[int64][]*row), open: make(map[int64]map[string]*row), breakers: make(map[int64]delivery.Breaker),
		newest: make(map[int64]bool), disabled: make(map[int64]string),
	}
	b.owe(owed...)
	return b
}

func (b *book) owe(owed ...delivery.Owed) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, o := range owed {
		b.put(&row{o, o.DueAt, o.DueAt})
	}
}

// begin locks the book and says whether the operation fails.
func (b *book) begin(operation string) error {
	b.mu.Lock()
	if b.fail == nil {
		return nil
	}
	return b.fail(operation)
}

func (b *book) setFail(fail func(string) error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.fail = fail
}

// put adds a row, or takes note of what became of it.
func (b *book) put(r *row) {
	delete(b.sorted, r.SubscriptionID)
	b.rows[r.ID] = r
	if r.State != delivery.Waiting && r.State != delivery.Parked {
		delete(b.open[r.SubscriptionID], r.ID)
		return
	}
	if b.open[r.SubscriptionID] == nil {
		b.open[r.SubscriptionID] = make(map[string]*row)
	}
	b.open[r.SubscriptionID][r.ID] = r
}

// queue gives what waits for a subscription, the lowest sequence of each
// conversion alone, in the order in which it is served.
func (b *book) queue(id int64) []*row {
	if b.disabled[id] != "" {
		return nil
	}
	if q, known := b.sorted[id]; known {
		return q
	}
	heads := make(map[string]*row)
	for _, r := range b.open[id] {
		if h := heads[r.ConversionID]; h == nil || r.Sequence < h.Sequence {
			heads[r.ConversionID] = r
		}
	}
	var q []*row
	for _, r := range heads {
		if r.State == delivery.Waiting {
			q = append(q, r)
		}
	}
	slices.SortFunc(q, func(x, y *row) int {
		order := cmp.Or(x.claimAt.Compare(y.claimAt), cmp.Compare(x.ID, y.ID))
		if b.newest[id] {
			return -order
		}
		return order
	})
	b.sorted[id] = q
	return q
}

// lets gives how many are let through to a subscription.
func (b *book) lets(id int64, now time.Time) int {
	switch b.breakers[id].At(now) {
	case delivery.BreakerClosed:
		return len(b.open[id])
	case delivery.BreakerHalfOpen:
		for _, r := range b.open[id] {
			if r.LeasedUntil.After(now) {
				return 0
			}
		}
		return 1
	case delivery.BreakerOpen:
	}
	return 0
}

func (b *book) Claim(_ context.Context, ask delivery.Ask) ([]delivery.Owed, error) {
	err := b.begin("claim")
	defer b.mu.Unlock()
	b.looks++
	if err != nil {
		return nil, err
	}
	var queues [][]*row
	for _, id := range slices.Sorted(maps.Keys(b.open)) {
		n := min(ask.Of(id), b.lets(id, ask.Now))
		if n == 0 {
			continue
		}
		if q := b.queue(id); len(q) == 0 || !b.newest[id] && q[0].claimAt.After(ask.Now) {
			continue
		}
		q := slices.DeleteFunc(slices.Clone(b.queue(id)), func(r *row) bool { return r.claimAt.After(ask.Now) })
		if q = q[:min(n, len(q))]; len(q) > 0 {
			queues = append(queues, q)
		}
	}
	var claimed []delivery.Owed
	for b.turn++; len(queues) > 0 && len(claimed) < ask.Limit; b.turn++ {
		i := b.turn % len(queues)
		r := queues[i][0]
		r.LeasedUntil, r.claimAt = ask.LeaseUntil, ask.LeaseUntil
		delete(b.sorted, r.SubscriptionID)
		claimed = append(claimed, r.Owed)
		if queues[i] = queues[i][1:]; len(queues[i]) == 0 {
			queues = slices.Delete(queues, i, i+1)
		}
	}
	b.given += len(claimed)
	return claimed, nil
}

func (b *book) Renew(_ context.Context, id string, held, until time.Time) (bool, error) {
	err := b.begin("renew")
	defer b.mu.Unlock()
	r := b.rows[id]
	if err != nil || r.State != delivery.Waiting || !r.LeasedUntil.Equal(held) {
		return false, err
	}
	if until.Before(held) {
		b.returned++
	}
	r.LeasedUntil, r.claimAt = until, until
	delete(b.sorted, r.SubscriptionID)
	return true, nil
}

func (b *book) Record(ctx context.Context, report delivery.Report) error {
	err := b.begin("record")
	defer b.mu.Unlock()
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return err
	}
	a, after := report.Attempt, report.After
	r := b.rows[a.DeliveryID]
	if r.Attempts != after.Attempts-1 {
		return fault.New(fault.Stale, "attempt %d of %s comes too late", a.Number, a.DeliveryID)
	}
	r.Owed, r.claimAt = after, after.DueAt
	b.put(r)
	b.attempts = append(b.attempts, a)
	if report.Breaker == nil {
		return nil
	}
	b.breakers[after.SubscriptionID] = *report.Breaker
	if now := a.At.Add(a.Took); a.Error == "" && report.Breaker.Closed() {
		for _, r := range b.open[after.SubscriptionID] {
			if r.Attempts > 0 && r.LeasedUntil.IsZero() && r.claimAt.After(now) {
				r.DueAt, r.claimAt = now, now
			}
		}
	}
	return nil
}

func (b *book) NextDue(_ context.Context, ask delivery.Ask) (time.Time, error) {
	err := b.begin("next due")
	defer b.mu.Unlock()
	var next time.Time
	for id := range b.open {
		if ask.Of(id) == 0 || b.disabled[id] != "" {
			continue
		}
		q := b.queue(id)
		if len(q) > 0 && !b.newest[id] {
			q = q[:1] // the first is the first that is due
		}
		for _, r := range q {
			at := r.claimAt
			if probe := b.breakers[id].ProbeAt; probe.After(at) {
				at = probe
			}
			if next.IsZero() || at.Before(next) {
				next = at
			}
		}
	}
	return next, err
}

func (b *book) Breakers(context.Context) ([]delivery.Breaker, error) {
	err := b.begin("breakers")
	defer b.mu.Unlock()
	var all []delivery.Breaker
	for _, one := range b.breakers {
		if !one.Closed() {
			all = append(all, one)
		}
	}
	return all, err
}

func (b *book) Destinations(context.Context) ([]delivery.Destination, error) {
	err := b.begin("destinations")
	defer b.mu.Unlock()
	all := make(map[int64]*delivery.Destination)
	for _, r := range b.rows {
		d := all[r.SubscriptionID]
		if d == nil {
			d = &delivery.Destination{SubscriptionID: r.SubscriptionID, Breaker: b.breakers[r.SubscriptionID]}
			all[r.SubscriptionID] = d
		}
		if r.State == delivery.Dead {
			d.Dead++
		}
		if r.State != delivery.Waiting {
			continue
		}
		d.Waiting++
		if !r.DueAt.After(time.Now()) && (d.OldestDue.IsZero() || r.DueAt.Before(d.OldestDue)) {
			d.OldestDue = r.DueAt
		}
	}
	var list []delivery.Destination
	for _, id := range slices.Sorted(maps.Keys(all)) {
		list = append(list, *all[id])
	}
	return list, err
}

func (b *book) Disable(_ context.Context, id int64, reason string, _ time.Time) (bool, error) {
	err := b.begin("disable")
	defer b.mu.Unlock()
	if err != nil || b.disabled[id] != "" {
		return false, err
	}
	b.disabled[id] = reason
	return true, nil
}

func (b *book) Owe(_ context.Context, all []delivery.Owed) error {
	err := b.begin("owe")
	defer b.mu.Unlock()
	if err != nil {
		return err
	}
	for _, o := range all {
		if _, there := b.rows[o.ID]; !there {
			b.put(&row{o, o.DueAt, o.DueAt})
			b.alerts = append(b.alerts, o)
		}
	}
	return nil
}

func (b *book) StepReplay(_ context.Context, now time.Time) (bool, error) {
	err := b.begin("step")
	defer b.mu.Unlock()
	if err != nil || b.steps == 0 {
		return false, err
	}
	b.steps--
	b.stepped = append(b.stepped, now)
	return b.steps > 0, nil
}

func (b *book) get(id string) delivery.Owed {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.rows[id].Owed
}

func (b *book) recorded() []delivery.Attempt {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.attempts)
}

func (b *book) breaker(id int64) delivery.Breaker {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.breakers[id]
}

// told gives the alerts that were owed.
func (b *book) told() []delivery.Owed {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.alerts)
}

// looked gives how often something was claimed, or nothing found.
func (b *book) looked() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.looks
}

// count gives how many are in a state.
func (b *book) count(s delivery.State) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := 0
	for _, r := range b.rows {
		if r.State == s {
			n++
		}
	}
	return n
}
