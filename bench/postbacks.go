package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// deliveryLimit is how long the last of a bout's postbacks to affiliates may
// take to come.
const deliveryLimit = time.Minute

// variant is what postbacks are measured on.
type variant struct {
	engine  string
	forward bool // every affiliate has a subscription
}

// bout is one round of one variant: a new installation, clicks, and a postback
// for each.
type bout struct {
	took       time.Duration // from the first postback to the last verdict
	p50, p99   time.Duration
	cpu        float64       // microseconds of Waybill's processor time per conversion
	again      int64         // postbacks that had to be sent again: the disk did not answer in time
	queued     int64         // postbacks whose verdict came later: the ledger did not
	missing    int64         // conversions of clicks that the disk did not record in time
	forwarded  int64         // postbacks that the affiliates' trackers received
	repeated   int64         // of them, again
	forwarding time.Duration // from the first postback in to the last one out
}

// postbackTest is the measurement of postbacks while it runs.
type postbackTest struct {
	o       *options
	cluster *cluster
}

// postbacks measures how many conversions callers that wait for each verdict
// can report, and counts what became of them.
func postbacks(ctx context.Context, o *options, rep *report) (err error) {
	t := &postbackTest{o: o}
	variants := []variant{{"SQLite", false}, {"SQLite", true}}
	if !o.sqlite {
		var stop func() error
		if t.cluster, stop, err = o.postgres(ctx); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, stop()) }()
		variants = append(variants, variant{"PostgreSQL", false}, variant{"PostgreSQL", true})
	}
	bouts := map[variant][]bout{}
	for i := range o.rounds {
		for k := range variants {
			v := variants[(k+i)%len(variants)]
			b, err := t.bout(ctx, v)
			if err != nil {
				return fmt.Errorf("%s: %w", v.engine, err)
			}
			bouts[v] = append(bouts[v], b)
		}
	}
	t.report(rep, variants, bouts)
	return nil
}

// report makes the table.
func (t *postbackTest) report(rep *report, variants []variant, bouts map[variant][]bout) {
	tab := rep.table("Conversions", "ledger", "owed to affiliates", "conversions/s", "p50 ms", "p99 ms", "CPU µs/conversion", "503", "202", "delivered/s", "twice")
	for _, v := range variants {
		all := bouts[v]
		owed, delivered, twice := "nothing", "", any("")
		if v.forward {
			owed = "one postback each"
			delivered = spread(all, func(b bout) float64 { return float64(b.forwarded) / b.forwarding.Seconds() }, "%.0f")
			twice = total(all, func(b bout) int64 { return b.repeated })
		}
		tab.row(v.engine, owed,
			spread(all, func(b bout) float64 { return float64(t.o.conversions) / b.took.Seconds() }, "%.0f"),
			fmt.Sprintf("%.1f", 1e3*median(each(all, func(b bout) float64 { return b.p50.Seconds() }))),
			fmt.Sprintf("%.1f", 1e3*median(each(all, func(b bout) float64 { return b.p99.Seconds() }))),
			fmt.Sprintf("%.0f", median(each(all, func(b bout) float64 { return b.cpu }))),
			total(all, func(b bout) int64 { return b.again }), total(all, func(b bout) int64 { return b.queued }),
			delivered, twice,
		)
	}
	tab.note("Medians of %d interleaved rounds, in brackets the lowest and the highest; 503, 202 and twice are of all rounds together. Each round is a "+
		"new installation: %s clicks, then as many postbacks by %d callers, each of which waits for its verdict before it sends the next. Every postback "+
		"became one conversion: the API lists as many, and \"waybill check\" found nothing wrong. One that is answered with 503 is sent again; one that "+
		"is answered with 202 is settled later. delivered/s runs from the first postback in to the last one out, which go on at the same time; twice "+
		"counts those that a tracker got again. The callers, the trackers and PostgreSQL share the processors with Waybill.",
		t.o.rounds, thousands(int64(t.o.conversions)), t.o.callers)
}

// total adds up one number of each round.
func total(all []bout, of func(bout) int64) int64 {
	var sum int64
	for _, b := range all {
		sum += of(b)
	}
	return sum
}

// bout runs one round of v.
func (t *postbackTest) bout(ctx context.Context, v variant) (b bout, err error) {
	dir, remove, err := t.o.folder("postbacks")
	if err != nil {
		return b, err
	}
	defer remove()
	var ledger string
	if v.engine == "PostgreSQL" {
		if ledger, err = t.cluster.database(ctx); err != nil {
			return b, err
		}
	}
	var tr *trackers
	var subscribe func(int64) string
	if v.forward {
		if tr, err = startTrackers(ctx); err != nil {
			return b, err
		}
		defer func() { err = errors.Join(err, tr.stop()) }()
		subscribe = tr.url
	}
	n, err := startNode(ctx, t.o, dir, ledger)
	if err != nil {
		return b, err
	}
	defer func() { err = errors.Join(err, n.stop()) }()
	token, err := n.makeCatalog(ctx, offerCount, affiliateCount, subscribe)
	if err != nil {
		return b, err
	}
	return b, t.play(ctx, n, tr, token, &b)
}

// play makes the clicks, sends the postbacks and counts.
func (t *postbackTest) play(ctx context.Context, n *node, tr *trackers, token string, b *bout) error {
	c := newCallers(t.o.callers)
	defer c.close()
	ids, err := c.click(ctx, n, t.o.conversions)
	if err != nil {
		return err
	}
	if err := quiet(ctx, n.child); err != nil {
		return err
	}
	before, err := n.cpu()
	if err != nil {
		return err
	}
	began := time.Now()
	waits, err := c.report(ctx, n, token, ids, b)
	if err != nil {
		return err
	}
	b.took = time.Since(began)
	slices.Sort(waits)
	b.p50, b.p99 = waits[len(waits)/2], waits[len(waits)*99/100]
	if tr != nil {
		if err := tr.await(ctx, int64(len(ids)), deliveryLimit); err != nil {
			return err
		}
		var last time.Time
		b.forwarded, b.repeated, last = tr.count()
		b.forwarding = last.Sub(began)
	}
	after, err := n.cpu()
	if err != nil {
		return err
	}
	b.cpu = micros(after-before) / float64(len(ids))
	unrecorded, err := n.counter(ctx, "waybill_clicks_unrecorded_total", "")
	if err != nil {
		return err
	}
	if b.missing > unrecorded {
		return fmt.Errorf("%d clicks have no record, and only %d were answered without one", b.missing, unrecorded)
	}
	return count(ctx, n, len(ids))
}

// count holds the ledger to the verdicts. Those that were queued are given time.
func count(ctx context.Context, n *node, want int) error {
	limit, cancel := context.WithTimeout(ctx, deliveryLimit)
	defer cancel()
	for tick := time.Tick(100 * time.Millisecond); ; {
		got, err := conversions(ctx, n)
		switch {
		case err != nil:
			return err
		case got == want:
			return n.check(ctx)
		case got > want:
			return fmt.Errorf("%d postbacks were sent, and the ledger has %d conversions", want, got)
		}
		select {
		case <-limit.Done():
			return fmt.Errorf("%d postbacks were sent, and the ledger has %d conversions (%w)", want, got, limit.Err())
		case <-tick:
		}
	}
}

// conversions counts what the API lists.
func conversions(ctx context.Context, n *node) (int, error) {
	count, cursor := 0, ""
	for {
		var page struct {
			Data []json.RawMessage `json:"data"`
			Next string            `json:"next_cursor"`
		}
		if err := n.call(ctx, http.MethodGet, "/conversions?limit=1000&cursor="+url.QueryEscape(cursor), nil, &page); err != nil {
			return 0, err
		}
		count += len(page.Data)
		if cursor = page.Next; cursor == "" {
			return count, nil
		}
	}
}

// callers calls a node from several connections at a time.
type callers struct {
	client *http.Client
	count  int
}

func newCallers(count int) *callers {
	transport := &http.Transport{MaxIdleConnsPerHost: count, MaxConnsPerHost: count}
	return &callers{client: &http.Client{Transport: transport, Timeout: 30 * time.Second}, count: count}
}

func (c *callers) close() { c.client.CloseIdleConnections() }

// each calls f for the numbers below n, shared among the callers. The first
// error ends all.
func (c *callers) each(ctx context.Context, n int, f func(ctx context.Context, i int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var next atomic.Int64
	var wg sync.WaitGroup
	for range c.count {
		wg.Go(func() {
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				if err := f(ctx, i); err != nil {
					cancel(err)
				}
			}
		})
	}
	wg.Wait()
	return context.Cause(ctx)
}

// get asks for a path and reads the JSON that comes back, whatever its status.
func (c *callers) get(ctx context.Context, url string, out any) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return err
	}
	resp, err := c.client.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(b, out); err != nil {
		return fmt.Errorf("read the answer %q: %w", b, err)
	}
	return nil
}

// click makes so many clicks and gives their transaction IDs.
func (c *callers) click(ctx context.Context, n *node, count int) ([]string, error) {
	crowd := newCrowd(3, offerCount, affiliateCount)
	urls := make([]string, count)
	for i := range urls {
		v := crowd.next()
		urls[i] = n.url(v.query(fmt.Sprintf("w%023d", i))) + "&format=json"
	}
	ids := make([]string, count)
	err := c.each(ctx, count, func(ctx context.Context, i int) error {
		var answer struct {
			ID     string `json:"transaction_id"`
			Turned string `json:"turned_away"`
		}
		if err := c.get(ctx, urls[i], &answer); err != nil {
			return fmt.Errorf("click: %w", err)
		}
		if answer.ID == "" || answer.Turned != "" {
			return fmt.Errorf("click: got ID %q, turned away: %q", answer.ID, answer.Turned)
		}
		ids[i] = answer.ID
		return nil
	})
	return ids, err
}

// mostAgain is how often a caller sends a postback before it gives up.
const mostAgain = 20

// report sends a postback for each transaction ID and gives how long each
// caller waited for its verdict. What could not be written down is sent again,
// as any sender does; b counts that.
func (c *callers) report(ctx context.Context, n *node, token string, ids []string, b *bout) ([]time.Duration, error) {
	waits := make([]time.Duration, len(ids))
	var again, queued, missing atomic.Int64
	err := c.each(ctx, len(ids), func(ctx context.Context, i int) error {
		address := fmt.Sprintf("%s?transaction_id=%s&amount=%d.%02d&currency=USD&order_id=A-%06d&token=%s",
			n.url("/postback"), ids[i], 10+i%190, i%100, i, url.QueryEscape(token))
		began := time.Now()
		defer func() { waits[i] = time.Since(began) }()
		for try := range mostAgain {
			var verdict struct{ Status, Code, Message string }
			if err := c.get(ctx, address, &verdict); err != nil {
				return fmt.Errorf("postback: %w", err)
			}
			switch {
			case verdict.Status == "accepted" && verdict.Code == "ok",
				try > 0 && verdict.Status == "duplicate": // the disk had it after all
				return nil
			case verdict.Status == "accepted" && verdict.Code == "record_missing":
				missing.Add(1)
				return nil
			case verdict.Status == "queued":
				queued.Add(1)
				return nil
			case verdict.Code != "unavailable":
				return fmt.Errorf("postback: got %s, %s: %s", verdict.Status, verdict.Code, verdict.Message)
			}
			again.Add(1)
		}
		return fmt.Errorf("postback: could not be written down %d times in a row", mostAgain)
	})
	b.again, b.queued, b.missing = again.Load(), queued.Load(), missing.Load()
	return waits, err
}
