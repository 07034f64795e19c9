package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"
)

// What outbound postbacks are measured with.
const (
	// isolationRate is how many conversions a second each isolation bout makes.
	isolationRate = 300
	isolationTime = 15 * time.Second
	// owedEach is how many postbacks a conversion owes where their pace counts.
	owedEach = 10
	// queuedRows is how many postbacks wait while conversions are measured, and
	// queuedEach how many of them one conversion owes.
	queuedRows = 1_000_000
	queuedEach = 100
)

// outboundTest is the measurement of outbound postbacks.
type outboundTest struct {
	o       *options
	cluster *cluster
}

// outbound measures whether two bad receivers hold up ninety-eight good ones, how
// many postbacks leave in a second, and what a million that wait cost.
func outbound(ctx context.Context, o *options, rep *report) (err error) {
	t := &outboundTest{o: o}
	engines := []string{"SQLite"}
	if !o.sqlite {
		var stop func() error
		if t.cluster, stop, err = o.postgres(ctx); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, stop()) }()
		engines = append(engines, "PostgreSQL")
	}
	if err := t.isolation(ctx, rep, engines); err != nil {
		return err
	}
	if err := t.pace(ctx, rep, engines); err != nil {
		return err
	}
	return t.queued(ctx, rep, engines)
}

// installation is a node with its receivers.
type installation struct {
	*node
	to    *destinations
	token string
	stop  func() error
}

// install starts a node on an engine, with so many affiliates.
func (t *outboundTest) install(ctx context.Context, engine string, affiliates int, behave func(int) manner) (in *installation, err error) {
	dir, remove, err := t.o.folder("outbound")
	if err != nil {
		return nil, err
	}
	ledger := ""
	if engine == "PostgreSQL" {
		if ledger, err = t.cluster.database(ctx); err != nil {
			return nil, err
		}
	}
	to, err := startDestinations(ctx, behave)
	if err != nil {
		return nil, err
	}
	n, err := startNode(ctx, t.o, dir, ledger, "--warehouse", "off")
	if err != nil {
		return nil, errors.Join(err, to.stop())
	}
	in = &installation{node: n, to: to}
	in.stop = func() error {
		defer remove()
		return errors.Join(n.stop(), to.stop())
	}
	if in.token, err = n.makeCatalog(ctx, 2, affiliates, nil); err != nil {
		return nil, errors.Join(err, in.stop())
	}
	return in, nil
}

// subscribe makes a subscription.
func (in *installation) subscribe(ctx context.Context, d document) error {
	var answer created
	return in.call(ctx, http.MethodPost, "/postbacks", d, &answer)
}

// clickEach makes clicks of an offer, by affiliates in turn, and gives their IDs.
func (c *callers) clickEach(ctx context.Context, n *node, count, affiliates, offer int) ([]string, error) {
	ids := make([]string, count)
	err := c.each(ctx, count, func(ctx context.Context, i int) error {
		var answer struct {
			ID string `json:"transaction_id"`
		}
		address := fmt.Sprintf("%s?offer_id=%d&affiliate_id=%d&aff_click_id=a%07d&format=json", n.url("/click"), offer, 1+i%affiliates, i)
		err := c.get(ctx, address, &answer)
		if err == nil && answer.ID == "" {
			err = errors.New("a click got no ID")
		}
		ids[i] = answer.ID
		return err
	})
	return ids, err
}

// convert sends the postback of one click and gives its verdict.
func (c *callers) convert(ctx context.Context, n *node, token, id, order string) error {
	address := fmt.Sprintf("%s?transaction_id=%s&amount=12.50&order_id=%s&token=%s", n.url("/postback"), id, order, url.QueryEscape(token))
	for range mostAgain {
		var verdict struct{ Status, Code, Message string }
		if err := c.get(ctx, address, &verdict); err != nil {
			return fmt.Errorf("postback: %w", err)
		}
		switch {
		case verdict.Status == "accepted", verdict.Status == "duplicate", verdict.Status == "queued":
			return nil
		case verdict.Code != "unavailable":
			return fmt.Errorf("postback: got %s, %s: %s", verdict.Status, verdict.Code, verdict.Message)
		}
	}
	return fmt.Errorf("postback: could not be written down %d times in a row", mostAgain)
}

// parted is one bout of isolation: how long postbacks to good receivers took.
type parted struct{ p50, p99, most time.Duration }

// bad is how two of the receivers behave in the bouts with bad ones.
func bad(i int) manner {
	switch i {
	case 0:
		return well // its port is everybody's
	case 1:
		return hangs
	case 2:
		return flees
	default:
		return well
	}
}

// isolation compares the delay of ninety-eight receivers' postbacks with and
// without two bad receivers beside them.
func (t *outboundTest) isolation(ctx context.Context, rep *report, engines []string) error {
	tab := rep.table("Postbacks to 98 good receivers", "ledger", "the other two", "p50 ms", "p99 ms", "longest ms", "p99 of all good")
	for _, engine := range engines {
		bouts, err := t.sides(ctx, engine)
		if err != nil {
			return fmt.Errorf("%s: %w", engine, err)
		}
		for way, title := range [...]string{"good, too", "one hangs, one refuses"} {
			p99 := func(p parted) float64 { return p.p99.Seconds() * 1e3 }
			tab.row(engine, title,
				fmt.Sprintf("%.1f", median(each(bouts[way], func(p parted) float64 { return p.p50.Seconds() * 1e3 }))),
				spread(bouts[way], p99, "%.1f"),
				fmt.Sprintf("%.0f", median(each(bouts[way], func(p parted) float64 { return p.most.Seconds() * 1e3 }))),
				ratio(bouts[way], bouts[0], p99))
		}
	}
	tab.note("Medians of %d interleaved rounds of %s, each on a new installation: %d conversions a second, each of which owes one of %d receivers a "+
		"postback; the time runs from the verdict's answer to the postback's arrival. The receivers share the processors with Waybill.",
		t.o.rounds, isolationTime, isolationRate, destinationCount)
	return nil
}

// sides runs the bouts without and with bad receivers, in turns.
func (t *outboundTest) sides(ctx context.Context, engine string) (bouts [2][]parted, err error) {
	for i := range t.o.rounds {
		for k := range bouts {
			way := (i + k) % len(bouts)
			behave := func(int) manner { return well }
			if way == 1 {
				behave = bad
			}
			p, err := t.parted(ctx, engine, behave)
			if err != nil {
				return bouts, err
			}
			bouts[way] = append(bouts[way], p)
		}
	}
	return bouts, nil
}

// parted runs one bout.
func (t *outboundTest) parted(ctx context.Context, engine string, behave func(int) manner) (p parted, err error) {
	in, err := t.install(ctx, engine, destinationCount, behave)
	if err != nil {
		return p, err
	}
	defer func() { err = errors.Join(err, in.stop()) }()
	for i := range destinationCount {
		if err := in.subscribe(ctx, document{"owner": document{"affiliate_id": i + 1}, "url": in.to.url(i)}); err != nil {
			return p, err
		}
	}
	c := newCallers(t.o.callers)
	defer c.close()
	total := int(isolationRate * isolationTime.Seconds())
	ids, err := c.clickEach(ctx, in.node, total, destinationCount, 1)
	if err != nil {
		return p, err
	}
	if err := quiet(ctx, in.child); err != nil {
		return p, err
	}
	answered, err := in.steadily(ctx, c, ids)
	if err != nil {
		return p, err
	}
	good := map[string]time.Time{}
	for order, at := range answered {
		var n int
		if _, err := fmt.Sscanf(order, "p%d", &n); err != nil {
			return p, fmt.Errorf("read order %s: %w", order, err)
		}
		if i := n % destinationCount; bad(i) == well {
			good[order] = at
		}
	}
	all, err := in.to.delays(ctx, good)
	if err != nil {
		return p, err
	}
	slices.Sort(all)
	return parted{p50: all[len(all)/2], p99: all[len(all)*99/100], most: all[len(all)-1]}, nil
}

// steadily sends the postbacks of clicks at a rate of their own, and gives when
// each was answered, by its order ID.
func (in *installation) steadily(ctx context.Context, c *callers, ids []string) (map[string]time.Time, error) {
	queue := make(chan due, len(ids))
	paced, cancel := context.WithCancel(ctx)
	defer cancel()
	go pace(paced, queue, time.Now(), isolationRate, len(ids))
	var mu sync.Mutex
	answered := make(map[string]time.Time, len(ids))
	err := c.each(ctx, c.count, func(ctx context.Context, _ int) error {
		for next := range queue {
			order := fmt.Sprintf("p%d", next.number)
			if err := c.convert(ctx, in.node, in.token, ids[next.number], order); err != nil {
				return err
			}
			mu.Lock()
			answered[order] = time.Now()
			mu.Unlock()
		}
		return nil
	})
	return answered, err
}
