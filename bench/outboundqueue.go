package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// paced is one bout of many postbacks that are due at once.
type paced struct {
	sent, repeated int64
	took           time.Duration
	cpu            float64 // microseconds of Waybill's processor time each
	peak           uint64  // bytes of memory at most
}

// pace measures how many postbacks leave in a second when more are due than can.
func (t *outboundTest) pace(ctx context.Context, rep *report, engines []string) error {
	tab := rep.table("Postbacks that leave", "ledger", "postbacks/s", "CPU µs each", "twice", "node's peak memory MB")
	for _, engine := range engines {
		var all []paced
		for range t.o.rounds {
			p, err := t.paced(ctx, engine)
			if err != nil {
				return fmt.Errorf("%s: %w", engine, err)
			}
			all = append(all, p)
		}
		var twice int64
		for _, p := range all {
			twice += p.repeated
		}
		tab.row(engine, spread(all, func(p paced) float64 { return float64(p.sent) / p.took.Seconds() }, "%.0f"),
			fmt.Sprintf("%.0f", median(each(all, func(p paced) float64 { return p.cpu }))), twice,
			fmt.Sprintf("%.0f", median(each(all, func(p paced) float64 { return float64(p.peak) / 1e6 }))))
	}
	tab.note("Medians of %d rounds, each on a new installation: %d conversions owe %d receivers a postback each, all due at the same second; 64 in flight, "+
		"as is the default. The receivers, on as many addresses of loopback, answer at once and share the processors with Waybill.",
		t.o.rounds, t.o.conversions/owedEach, owedEach)
	return nil
}

// paced runs one bout: the postbacks fall due once all conversions are made.
func (t *outboundTest) paced(ctx context.Context, engine string) (p paced, err error) {
	in, err := t.install(ctx, engine, 10, func(int) manner { return well })
	if err != nil {
		return p, err
	}
	defer func() { err = errors.Join(err, in.stop()) }()
	const delay = 20 * time.Second // longer than it takes to owe them
	for i := range owedEach {
		if err := in.subscribe(ctx, document{"owner": document{"network": true}, "url": in.to.url(i), "delay": delay.String()}); err != nil {
			return p, err
		}
	}
	c := newCallers(t.o.callers)
	defer c.close()
	count := t.o.conversions / owedEach
	ids, err := c.clickEach(ctx, in.node, count, 10, 1)
	if err != nil {
		return p, err
	}
	began := time.Now()
	err = c.each(ctx, count, func(ctx context.Context, i int) error {
		return c.convert(ctx, in.node, in.token, ids[i], fmt.Sprintf("q%d", i))
	})
	if err != nil {
		return p, err
	}
	if came, _, _ := in.to.count(); came > 0 {
		return p, fmt.Errorf("to owe all took %s, and %d postbacks have left meanwhile", time.Since(began), came)
	}
	before, err := in.cpu()
	if err != nil {
		return p, err
	}
	if err := in.to.await(ctx, 1, delay+deliveryLimit); err != nil {
		return p, err
	}
	first := time.Now()
	if err := in.to.await(ctx, int64(count*owedEach), 5*deliveryLimit); err != nil {
		return p, err
	}
	after, err := in.cpu()
	if err != nil {
		return p, err
	}
	var last time.Time
	p.sent, p.repeated, last = in.to.count()
	p.took = last.Sub(first)
	p.cpu = micros(after-before) / float64(p.sent)
	_, p.peak, err = in.memory()
	return p, err
}

// burdened is one bout of conversions beside a queue.
type burdened struct{ rate float64 }

// queued measures conversions, each of which owes a postback that leaves at
// once, beside a million postbacks that wait, and beside none.
func (t *outboundTest) queued(ctx context.Context, rep *report, engines []string) error {
	tab := rep.table("Conversions beside postbacks that wait", "ledger", "waiting", "conversions/s", "of none waiting", "node's memory MB")
	for _, engine := range engines {
		if err := t.queuedOn(ctx, tab, engine); err != nil {
			return fmt.Errorf("%s: %w", engine, err)
		}
	}
	tab.note("Medians of %d interleaved rounds of %d conversions by %d callers on two installations, one of which holds %s postbacks of %d subscriptions "+
		"that fall due in a month.", t.o.rounds, t.o.conversions, t.o.callers, thousands(queuedRows), queuedEach)
	return nil
}

func (t *outboundTest) queuedOn(ctx context.Context, tab *table, engine string) (err error) {
	var both [2]*installation
	for i := range both {
		in, err := t.install(ctx, engine, destinationCount, func(int) manner { return well })
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, in.stop()) }()
		both[i] = in
		if err := in.burden(ctx, t.o.callers, i == 1); err != nil {
			return err
		}
	}
	var bouts [2][]burdened
	for round := range t.o.rounds {
		for k := range both {
			i := (round + k) % len(both)
			rate, err := both[i].settled(ctx, t.o, round)
			if err != nil {
				return err
			}
			bouts[i] = append(bouts[i], burdened{rate})
		}
	}
	for i, in := range both {
		now, _, err := in.memory()
		if err != nil {
			return err
		}
		waiting := int64(i * queuedRows)
		is := func(b burdened) float64 { return b.rate }
		tab.row(engine, waiting, spread(bouts[i], is, "%.0f"), ratio(bouts[i], bouts[0], is), fmt.Sprintf("%.0f", float64(now)/1e6))
	}
	return nil
}

// burden makes as many conversions with or without the postbacks that wait, and
// subscribes every affiliate to the others.
func (in *installation) burden(ctx context.Context, callers int, wait bool) error {
	for i := range queuedEach {
		d := document{"owner": document{"network": true}, "url": in.to.url(i), "delay": "30d", "offer_id": 2}
		if !wait {
			d["status"] = "paused"
		}
		if err := in.subscribe(ctx, d); err != nil {
			return err
		}
	}
	for i := range destinationCount {
		if err := in.subscribe(ctx, document{"owner": document{"affiliate_id": i + 1}, "url": in.to.url(i), "offer_id": 1}); err != nil {
			return err
		}
	}
	c := newCallers(callers)
	defer c.close()
	count := queuedRows / queuedEach
	ids, err := c.clickEach(ctx, in.node, count, destinationCount, 2)
	if err != nil {
		return err
	}
	return c.each(ctx, count, func(ctx context.Context, i int) error {
		return c.convert(ctx, in.node, in.token, ids[i], fmt.Sprintf("w%d", i))
	})
}

// settled makes conversions and gives how many a second.
func (in *installation) settled(ctx context.Context, o *options, round int) (float64, error) {
	c := newCallers(o.callers)
	defer c.close()
	ids, err := c.clickEach(ctx, in.node, o.conversions, destinationCount, 1)
	if err != nil {
		return 0, err
	}
	if err := quiet(ctx, in.child); err != nil {
		return 0, err
	}
	began := time.Now()
	err = c.each(ctx, o.conversions, func(ctx context.Context, i int) error {
		return c.convert(ctx, in.node, in.token, ids[i], fmt.Sprintf("s%d-%d", round, i))
	})
	return float64(o.conversions) / time.Since(began).Seconds(), err
}
