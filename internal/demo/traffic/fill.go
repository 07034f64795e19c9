package traffic

import (
	"context"
	"fmt"
	"runtime"
	"sync"

	"waybill/internal/fact"
)

// Warehouse is where the facts go.
type Warehouse interface {
	Append(ctx context.Context, b fact.Batch) error
	Positions(ctx context.Context) ([]fact.Position, error)
}

// Source is the name under which a warehouse keeps how much made-up traffic it
// holds: no journal and no ledger is called so.
const Source = "traffic"

// Count is how many facts there are.
type Count struct {
	Clicks      int64
	Conversions int64 // rows, those that take back among them
	Signals     int64
	Attempts    int64
}

func (c *Count) add(b *fact.Batch) {
	c.Clicks += int64(len(b.Clicks))
	c.Conversions += int64(len(b.Conversions))
	c.Signals += int64(len(b.Signals))
	c.Attempts += int64(len(b.Attempts))
}

// batchClicks is about how many clicks a transaction holds: few enough that its
// rows wait in memory to be packed with those of the next ones.
const batchClicks = 100_000

// span is the hours of one batch, and where its facts come when they are made.
type span struct {
	from, to int
	made     chan *fact.Batch
}

// Fill makes all the traffic and appends it, in order, to a warehouse. While
// one batch is appended the next ones are made. It calls progress after each
// with what there is so far.
func (t *Traffic) Fill(ctx context.Context, w Warehouse, progress func(Count)) (Count, error) {
	position, err := stored(ctx, w)
	if err != nil {
		return Count{}, err
	}
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	makers := runtime.GOMAXPROCS(0)
	todo, order := make(chan span), make(chan span, makers)
	used := sync.Pool{New: func() any { return new(fact.Batch) }}
	wg.Go(func() { t.plot(ctx, todo, order) })
	for range makers {
		wg.Go(func() {
			for s := range todo {
				b := used.Get().(*fact.Batch)
				t.batch(s, b)
				s.made <- b
			}
		})
	}
	var sum Count
	var n numbers
	for s := range order {
		b, made := <-s.made
		if !made {
			break
		}
		n.follow(b)
		position.At++
		position.Through = t.begins(s.to)
		b.Positions = append(b.Positions[:0], position)
		if err := w.Append(ctx, *b); err != nil {
			return sum, fmt.Errorf("append the traffic from %s on: %w", t.begins(s.from), err)
		}
		sum.add(b)
		progress(sum)
		clear(b.Clicks) // its texts are not kept
		b.Clicks, b.Conversions, b.Signals, b.Attempts = b.Clicks[:0], b.Conversions[:0], b.Signals[:0], b.Attempts[:0]
		used.Put(b)
	}
	return sum, ctx.Err()
}

// stored gives how much traffic the warehouse holds already.
func stored(ctx context.Context, w Warehouse) (fact.Position, error) {
	all, err := w.Positions(ctx)
	if err != nil {
		return fact.Position{}, fmt.Errorf("see what the warehouse holds: %w", err)
	}
	for _, p := range all {
		if p.Source == Source {
			return p, nil
		}
	}
	return fact.Position{Source: Source}, nil
}

// plot cuts the hours into batches, for the makers, and in order for the
// warehouse.
func (t *Traffic) plot(ctx context.Context, todo, order chan<- span) {
	defer close(order)
	defer close(todo)
	for from := 0; from < t.Hours(); {
		to := from + 1
		for to < t.Hours() && t.clicksBefore(to+1)-t.clicksBefore(from) <= batchClicks {
			to++
		}
		s := span{from: from, to: to, made: make(chan *fact.Batch, 1)}
		select {
		case order <- s:
		case <-ctx.Done():
			return
		}
		select {
		case todo <- s:
		case <-ctx.Done():
			close(s.made)
			return
		}
		from = to
	}
}

// batch makes the facts of a span, whose changes and attempts count from 1.
func (t *Traffic) batch(s span, b *fact.Batch) {
	m := &maker{Traffic: t, out: b}
	for hour := s.from; hour < s.to; hour++ {
		m.hour(hour)
	}
}

// numbers are the last ones of what is counted through.
type numbers struct{ change, attempt int64 }

// follow makes a batch's numbers go on where the last one's ended.
func (n *numbers) follow(b *fact.Batch) {
	change, attempt := n.change, n.attempt
	for i := range b.Conversions {
		c := &b.Conversions[i]
		c.ChangeID += change
		n.change = c.ChangeID
	}
	for i := range b.Attempts {
		a := &b.Attempts[i]
		a.Number += attempt
		n.attempt = a.Number
	}
}
