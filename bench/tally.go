package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// arrivalLimit is how long the last click may take to be in a report.
const arrivalLimit = time.Minute

// The ways in which the same clicks come in.
const (
	withoutTally = iota
	withTally
	withReports // with tally, and reports asked for all the time
	wayCount
)

// tallyTest is the measurement of what shipping to the warehouse costs.
type tallyTest struct {
	o        *options
	nodes    [2]*node // without tally, and with it
	streams  [2]*steady
	answered int64 // by the node with tally
	began    time.Time

	clicks [wayCount][]stream
	idle   [][]float64 // by report, milliseconds
	loaded [][]float64
}

// tally measures the same steady clicks on a node that ships them to its
// warehouse and on one that has none, and reports while they come in.
func tally(ctx context.Context, o *options, rep *report) (err error) {
	dir, remove, err := o.folder("tally")
	if err != nil {
		return err
	}
	defer remove()
	t := &tallyTest{o: o, idle: make([][]float64, len(tallyQueries())), loaded: make([][]float64, len(tallyQueries()))}
	defer func() { err = errors.Join(err, t.stop()) }()
	if err := t.start(ctx, dir); err != nil {
		return err
	}
	for i := range o.rounds {
		if err := t.round(ctx, i); err != nil {
			return err
		}
	}
	t.report(rep)
	return t.arrived(ctx, rep)
}

// tallyQueries are the reports asked for: the small ones.
func tallyQueries() []query {
	all := wholeQueries()
	return []query{all[0], all[2], all[4]}
}

// start makes the two nodes, of which one has a history in its warehouse.
func (t *tallyTest) start(ctx context.Context, dir string) (err error) {
	for i, flags := range [][]string{{"--warehouse", "off"}, nil} {
		own := filepath.Join(dir, []string{"without", "with"}[i])
		if t.nodes[i], err = t.install(ctx, own, flags); err != nil {
			return err
		}
		t.streams[i] = newSteady(t.nodes[i].address, newCrowd(5, offerCount, affiliateCount))
	}
	t.began = time.Now().UTC().Truncate(time.Second)
	for i, s := range t.streams { // to warm up
		seen, err := s.send(ctx, t.o.offered/4, 2*time.Second)
		if err != nil {
			return err
		}
		if i == withTally {
			t.answered += seen.answered
		}
	}
	return nil
}

// install makes an installation and starts its node.
func (t *tallyTest) install(ctx context.Context, dir string, flags []string) (*node, error) {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make a folder: %w", err)
	}
	n, err := startNode(ctx, t.o, dir, "", flags...)
	if err != nil {
		return nil, err
	}
	_, err = n.makeCatalog(ctx, offerCount, affiliateCount, nil)
	if err != nil || flags != nil {
		return n, err
	}
	if err := n.stop(); err != nil {
		return nil, err
	}
	if _, err := generate(ctx, t.o.waybill, filepath.Join(n.data, "warehouse.duckdb"), t.o.tallied, "--append"); err != nil {
		return nil, err
	}
	key := n.key
	if n, err = startNode(ctx, t.o, dir, "", flags...); err != nil {
		return nil, err
	}
	n.key = key
	return n, nil
}

// stop ends the nodes that run.
func (t *tallyTest) stop() (err error) {
	for i, n := range t.nodes {
		if n != nil {
			err = errors.Join(err, n.stop())
			t.nodes[i] = nil
		}
	}
	return err
}

// round measures each way once, each round in another order, and the reports
// without any clicks.
func (t *tallyTest) round(ctx context.Context, number int) error {
	if err := quiet(ctx, t.nodes[0].child, t.nodes[1].child); err != nil {
		return err
	}
	for range t.o.runs {
		if err := t.ask(ctx, t.idle); err != nil {
			return err
		}
	}
	for i := range wayCount {
		if err := t.way(ctx, (i+number)%wayCount); err != nil {
			return err
		}
	}
	return nil
}

// way measures one way.
func (t *tallyTest) way(ctx context.Context, way int) error {
	if err := quiet(ctx, t.nodes[0].child, t.nodes[1].child); err != nil {
		return err
	}
	s := t.streams[min(way, withTally)]
	asking, stop := context.WithCancel(ctx)
	var wg sync.WaitGroup
	var failed error
	if way == withReports {
		wg.Go(func() {
			for asking.Err() == nil && failed == nil {
				failed = t.ask(asking, t.loaded)
			}
		})
	}
	seen, err := s.send(ctx, t.o.offered, t.o.bout)
	stop()
	wg.Wait()
	if err != nil {
		return err
	}
	if failed != nil && !errors.Is(failed, context.Canceled) {
		return failed
	}
	t.clicks[way] = append(t.clicks[way], seen)
	if way != withoutTally {
		t.answered += seen.answered
	}
	return nil
}

// ask asks for each report once.
func (t *tallyTest) ask(ctx context.Context, times [][]float64) error {
	for i, q := range tallyQueries() {
		began := time.Now()
		if err := t.nodes[withTally].fetch(ctx, "/reports?"+q.values().Encode()); err != nil {
			return err
		}
		times[i] = append(times[i], time.Since(began).Seconds()*1e3)
	}
	return nil
}

// fetch reads an answer of the API and does nothing with it.
func (n *node) fetch(ctx context.Context, path string) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, n.url("/api/v1"+path), http.NoBody)
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+n.key)
	resp, err := n.client.Do(r)
	if err != nil {
		return fmt.Errorf("GET %s: %w", path, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		b, _ := io.ReadAll(io.LimitReader(resp.Body, 2000)) // a help, no more
		return fmt.Errorf("GET %s: %s: %s", path, resp.Status, b)
	}
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return fmt.Errorf("GET %s: %w", path, err)
	}
	return nil
}

// report makes the tables.
func (t *tallyTest) report(rep *report) {
	tab := rep.table(fmt.Sprintf("Clicks with tally, %s offered a second", thousands(int64(t.o.offered))),
		"node", "clicks/s", "p50 ms", "p99 ms", "longest ms", "p99 of without")
	p99 := func(s stream) float64 { return s.p99.Seconds() * 1e3 }
	for way, title := range [...]string{"without a warehouse", "with tally", "with tally, and reports one after another"} {
		all := t.clicks[way]
		tab.row(title,
			fmt.Sprintf("%.0f", median(each(all, func(s stream) float64 { return float64(s.answered) / s.took.Seconds() }))),
			fmt.Sprintf("%.2f", median(each(all, func(s stream) float64 { return s.p50.Seconds() * 1e3 }))),
			spread(all, p99, "%.2f"),
			fmt.Sprintf("%.0f", median(each(all, func(s stream) float64 { return s.max.Seconds() * 1e3 }))),
			ratio(all, t.clicks[withoutTally], p99))
	}
	tab.note("Medians of %d interleaved rounds of %s over %d connections that stay open; clicks are sent when they are due, whether or not the ones before "+
		"were answered, and their time counts from then. The generator shares the processors with the node.", t.o.rounds, t.o.bout, steadyConnections)
	tab = rep.table("Reports under that load", "report", "idle ms", "under load ms", "of idle")
	for i, q := range tallyQueries() {
		idle, loaded := median(t.idle[i]), 0.0
		if len(t.loaded[i]) > 0 {
			loaded = median(t.loaded[i])
		}
		tab.row(q.name, fmt.Sprintf("%.0f", idle), fmt.Sprintf("%.0f", loaded), fmt.Sprintf("%.2f", loaded/idle))
	}
	tab.note("Through the API, on a warehouse of %s clicks made up before; medians.", thousands(t.o.tallied))
}

// arrived holds the warehouse to the clicks that were answered. One whose
// visitor left before the disk had answered may be recorded or not.
func (t *tallyTest) arrived(ctx context.Context, rep *report) error {
	n := t.nodes[withTally]
	unrecorded, err := n.counter(ctx, "waybill_clicks_unrecorded_total", "")
	if err != nil {
		return err
	}
	began := time.Now()
	got, err := t.await(ctx, t.answered-unrecorded)
	if err != nil {
		return fmt.Errorf("of %d clicks answered, %d of them unrecorded, %d are in the reports: %w", t.answered, unrecorded, got, err)
	}
	tab := rep.table("Clicks counted", "what", "count")
	tab.row("answered by the node with tally", t.answered)
	tab.row("of these after 500 ms without the disk's answer, by waybill_clicks_unrecorded_total", unrecorded)
	tab.row("in its reports", got)
	tab.note("The last were in %.1f s after the measurement ended.", time.Since(began).Seconds())
	if got > t.answered {
		return fmt.Errorf("%d clicks were answered, and the reports have %d", t.answered, got)
	}
	return nil
}

// await waits until a report counts so many clicks, and gives how many it does.
func (t *tallyTest) await(ctx context.Context, want int64) (got int64, err error) {
	ctx, cancel := context.WithTimeout(ctx, arrivalLimit)
	defer cancel()
	path := "/reports?" + url.Values{
		"metrics": {"gross_clicks"}, "from": {t.began.Format(time.RFC3339)}, "to": {t.began.Add(24 * time.Hour).Format(time.RFC3339)},
	}.Encode()
	for tick := time.Tick(100 * time.Millisecond); ; {
		var answer struct {
			Total struct {
				Clicks int64 `json:"gross_clicks"`
			} `json:"total"`
		}
		if err := t.nodes[withTally].call(ctx, http.MethodGet, path, nil, &answer); err != nil {
			return got, err
		}
		if got = answer.Total.Clicks; got >= want {
			return got, nil
		}
		select {
		case <-ctx.Done():
			return got, ctx.Err()
		case <-tick:
		}
	}
}
