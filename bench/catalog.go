package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

const (
	catalogRate    = 1000             // clicks a second that a large catalog is measured under
	catalogBout    = 10 * time.Second // for how long, with changes and without
	catalogChanges = 5                // of an offer, one after another
	changeEvery    = 2 * time.Second  // under clicks
	catalogAsked   = 7                // times each list is asked for, after once to warm up
)

// catalogTest is the measurement of a large catalog while it runs.
type catalogTest struct {
	o    *options
	dir  string
	size catalogSize
	node *node
	tab  *table
}

// largeCatalog measures what a large catalog costs: how long a node takes to
// start, until a change is in force and what that does to clicks, how long lists
// take, and pages of the console.
func largeCatalog(ctx context.Context, o *options, rep *report) (err error) {
	dir, remove, err := o.folder("catalog")
	if err != nil {
		return err
	}
	defer remove()
	t := &catalogTest{o: o, dir: dir, size: sizeOf(o.catalog)}
	t.tab = rep.table("A catalog of "+t.size.String(), "what", "measured")
	if err := t.fill(ctx); err != nil {
		return err
	}
	defer func() {
		if t.node != nil {
			err = errors.Join(err, t.node.stop())
		}
	}()
	for _, part := range []func(context.Context) error{t.start, t.changes, t.clicks} {
		if err := part(ctx); err != nil {
			return err
		}
	}
	if err := t.lists(ctx, rep); err != nil {
		return err
	}
	if !o.pages {
		return nil
	}
	taken, err := t.node.browse(ctx, "lists")
	if err != nil {
		return err
	}
	tellPages(rep, taken)
	return nil
}

// fill makes the ledger, or takes the one that was kept.
func (t *catalogTest) fill(ctx context.Context) error {
	path := filepath.Join(t.dir, "data", "ledger.db")
	if t.o.keep == "" {
		return t.made(ctx, path)
	}
	kept := filepath.Join(t.o.keep, fmt.Sprintf("catalog-%d.db", t.o.catalog))
	if _, err := os.Stat(kept); errors.Is(err, os.ErrNotExist) {
		if err := t.made(ctx, path); err != nil {
			return err
		}
		return keepFile(kept, path)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("make the data folder: %w", err)
	}
	return copyFile(path, kept)
}

func (t *catalogTest) made(ctx context.Context, path string) error {
	began := time.Now()
	if err := fillCatalog(ctx, path, t.size); err != nil {
		return err
	}
	t.tab.row("written one by one", fmt.Sprintf("%.0f s", time.Since(began).Seconds()))
	return nil
}

// start starts a node on it, and once more with everything in place.
func (t *catalogTest) start(ctx context.Context) (err error) {
	var took []string
	for range 3 {
		if t.node != nil {
			if err := t.node.stop(); err != nil {
				return err
			}
		}
		if t.node, err = startNode(ctx, t.o, t.dir, ""); err != nil {
			return err
		}
		took = append(took, fmt.Sprintf("%.1f s", t.node.ready.Seconds()))
	}
	t.tab.row("start until ready", strings.Join(took, ", "))
	if err := t.node.createKey(ctx); err != nil {
		return err
	}
	now, most, err := t.node.memory()
	if err != nil {
		return err
	}
	t.tab.row("memory of the node", fmt.Sprintf("%.0f MB, at most %.0f MB", float64(now)/1e6, float64(most)/1e6))
	return nil
}

// changes measures how long the API takes to answer a change of an offer, and
// until a click is sent by it.
func (t *catalogTest) changes(ctx context.Context) error {
	var answered, inForce []float64
	cpu, err := t.node.cpu()
	if err != nil {
		return err
	}
	for i := range catalogChanges {
		began := time.Now()
		if err := t.change(ctx, i); err != nil {
			return err
		}
		answered = append(answered, time.Since(began).Seconds()*1e3)
		if err := t.inForce(ctx, i); err != nil {
			return err
		}
		inForce = append(inForce, time.Since(began).Seconds()*1e3)
		if err := quiet(ctx, t.node.child); err != nil {
			return err
		}
	}
	after, err := t.node.cpu()
	if err != nil {
		return err
	}
	is := func(v float64) float64 { return v }
	t.tab.row("a change is answered after", spread(answered, is, "%.0f")+" ms")
	t.tab.row("a change is in force after", spread(inForce, is, "%.0f")+" ms")
	t.tab.row("processor time of a change", fmt.Sprintf("%.1f s", (after-cpu).Seconds()/catalogChanges))
	return nil
}

// change sends the first offer's visitors somewhere else.
func (t *catalogTest) change(ctx context.Context, i int) error {
	var answer document
	return t.node.call(ctx, http.MethodPatch, "/offers/1", document{"destination_url": changedTo(i) + "?wb={transaction_id}"}, &answer)
}

func changedTo(i int) string { return fmt.Sprintf("https://shop.example/change/%d/", i) }

// inForce waits until a click is sent to where the change says.
func (t *catalogTest) inForce(ctx context.Context, i int) error {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	for tick := time.Tick(10 * time.Millisecond); ; {
		where, err := t.node.sentTo(ctx)
		if err != nil {
			return err
		}
		if strings.HasPrefix(where, changedTo(i)) {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("a visitor is still sent to %s, not to %s", where, changedTo(i))
		case <-tick:
		}
	}
}

// sentTo follows a tracking link as far as Waybill.
func (n *node) sentTo(ctx context.Context) (string, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, n.url("/click?offer_id=1&affiliate_id=1"), http.NoBody)
	if err != nil {
		return "", err
	}
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return "", fmt.Errorf("click: %w", err)
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	return resp.Header.Get("Location"), err
}

// clicks measures steady clicks without changes, and with one every two seconds.
func (t *catalogTest) clicks(ctx context.Context) error {
	s := newSteady(t.node.address, newCrowd(7, t.size.offers, t.size.affiliates))
	if _, err := s.send(ctx, catalogRate, catalogBout/5); err != nil { // to warm up
		return err
	}
	for _, changing := range []bool{false, true, false, true} {
		what := fmt.Sprintf("%d clicks/s, no change", catalogRate)
		bout, end := context.WithCancel(ctx)
		changed := make(chan error, 1)
		if changing {
			what = fmt.Sprintf("%d clicks/s, a change every %s", catalogRate, changeEvery)
			go func() { changed <- t.keepChanging(bout) }()
		} else {
			changed <- nil
		}
		seen, err := s.send(ctx, catalogRate, catalogBout)
		end()
		if err = errors.Join(err, <-changed); err != nil {
			return err
		}
		t.tab.row(what, fmt.Sprintf("p50 %.2f ms, p99 %.1f ms, longest %.0f ms", seen.p50.Seconds()*1e3, seen.p99.Seconds()*1e3, seen.max.Seconds()*1e3))
	}
	lost, err := t.node.counter(ctx, "waybill_clicks_unrecorded_total", "")
	if err != nil {
		return err
	}
	t.tab.row("clicks unrecorded", lost)
	return nil
}

func (t *catalogTest) keepChanging(ctx context.Context) error {
	tick := time.NewTicker(changeEvery)
	defer tick.Stop()
	for i := 0; ; i++ {
		if err := t.change(context.WithoutCancel(ctx), i); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// catalogQuery is something that the console asks for.
type catalogQuery struct{ name, path string }

func (s catalogSize) queries() []catalogQuery {
	last := fmt.Sprintf("affiliate_id=%d", s.affiliates)
	all := []catalogQuery{
		{"offers, the newest", "/offers?limit=100&order=desc"},
		{"offers by name", fmt.Sprintf("/offers?limit=50&q=sale+%d", s.offers)},
		{"offers by a name that none has", "/offers?limit=50&q=nothing"},
		{"affiliates by name", "/affiliates?limit=50&q=garden"},
		{"offers of an advertiser", fmt.Sprintf("/offers?limit=100&order=desc&advertiser_id=%d", s.advertisers)},
		{"offers, archived", "/offers?limit=100&order=desc&status=archived"},
		{"postbacks, the newest", "/postbacks?limit=100&order=desc"},
		{"postbacks by name", fmt.Sprintf("/postbacks?limit=100&order=desc&q=tracker+%d", s.postbacks)},
		{"postbacks of an affiliate", "/postbacks?limit=100&order=desc&" + last},
		{"short links, the newest", "/links?limit=100&order=desc"},
		{"short links by code", "/links?limit=100&order=desc&q=sab"},
		{"short links of an affiliate", "/links?limit=100&order=desc&" + last},
		{"coupons, the newest", "/coupons?limit=100&order=desc&status=active"},
		{"coupons by code", fmt.Sprintf("/coupons?limit=100&order=desc&q=may%d", s.coupons)},
		{"coupons of an affiliate", "/coupons?limit=100&order=desc&" + last},
		{"destinations, the newest", "/destinations?limit=100&order=desc"},
		{"destinations, failing", "/destinations?limit=100&order=desc&breaker=open"},
		{"destinations of a host", "/destinations?limit=100&order=desc&host=t499.tracker.example"},
		{"dead letters", "/deliveries/dead"},
		{"search by name", "/search?q=garden"},
	}
	return all
}

// lists measures what the console asks for.
func (t *catalogTest) lists(ctx context.Context, rep *report) error {
	tab := rep.table("Lists of that catalog through the API", "list", "median ms (lowest–highest)", "KB")
	for _, q := range t.size.queries() {
		var took []float64
		size := 0
		for i := range catalogAsked + 1 {
			began := time.Now()
			var answer json.RawMessage
			if err := t.node.call(ctx, http.MethodGet, q.path, nil, &answer); err != nil {
				return err
			}
			if i > 0 {
				took = append(took, time.Since(began).Seconds()*1e3)
			}
			size = len(answer)
		}
		slices.Sort(took)
		is := func(v float64) float64 { return v }
		tab.row(q.name, spread(took, is, "%.1f"), fmt.Sprintf("%.0f", float64(size)/1e3))
	}
	return nil
}
