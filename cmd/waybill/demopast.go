package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"waybill/internal/demo/bustle"
	"waybill/internal/serve/edge"
	"waybill/internal/txid"
)

// past is what a demo has behind it when it begins. It is lived through, on a
// clock that leaps from one event to the next: visitors follow links, shops send
// postbacks, somebody reviews orders, and what is owed is delivered, all through
// the doors and by the parts of a node, which serves nobody else meanwhile.
type past struct {
	*demo

	node  *node
	clock atomic.Int64 // in Unix nanoseconds

	visits      []bustle.Visit
	ids         []string // transaction IDs, by visit
	conversions []string // by visit

	coming sync.WaitGroup // visitors on their way
	minted chan struct{}  // told when one has his ID
	mu     sync.Mutex
	lost   error // what kept one from coming
}

// event is something that happens to one of the visits.
type event struct {
	at    time.Time
	visit int
	what  func(*past, context.Context, int) error // nil: he comes
}

// makePast lives through some days up to now, and gives where the node is to
// serve from now on, and the key to it. The port is held meanwhile, so that
// whoever has it else is met at once.
func (d *demo) makePast(listen string, days int) (address, key string, err error) {
	l, err := net.Listen("tcp", listen) //nolint:noctx // a listener opens at once
	if err != nil {
		return "", "", fmt.Errorf("listen on %s: %w; choose another with --listen", listen, err)
	}
	address = l.Addr().String()
	began, until := time.Now(), time.Now().Truncate(time.Millisecond)
	d.progress(days, 0)
	p := &past{demo: d, minted: make(chan struct{}, 1)}
	from := until.AddDate(0, 0, -days)
	p.clock.Store(from.UnixNano())
	err = p.live(address, from, until, days)
	if p.node != nil {
		key = d.node.key
		err = errors.Join(err, p.node.wait())
	}
	if err := errors.Join(err, l.Close()); err != nil {
		return "", "", err
	}
	d.progress(days, 100)
	d.say("%s in %s.", p.summary(days), time.Since(began).Round(100*time.Millisecond))
	return address, key, nil
}

// live opens the node and lets everything happen, then stops it.
func (p *past) live(address string, from, until time.Time, days int) error {
	ctx, err := p.open(address)
	if err != nil {
		return err
	}
	defer p.node.group.cancel()
	if err := p.catalog(); err != nil {
		return err
	}
	p.visits = bustle.New(bustleSeed, p.market()).Past(from.Add(time.Hour), until)
	p.ids, p.conversions = make([]string, len(p.visits)), make([]string, len(p.visits))
	if err := p.books(ctx); err != nil {
		return err
	}
	all := p.events(from, until)
	for i, e := range all {
		if i%500 == 499 {
			p.progress(days, 100*i/len(all))
		}
		if err := p.happen(ctx, e); err != nil {
			return fmt.Errorf("at %s: %w", e.at.Format(time.RFC3339), err)
		}
	}
	p.coming.Wait()
	p.clock.Store(until.UnixNano())
	return errors.Join(p.lost, p.node.deliver.SendDue(ctx))
}

// happen lets an event happen at its time. Visitors come one after another, and
// are written down side by side; whatever is said of them waits until they are.
func (p *past) happen(ctx context.Context, e event) error {
	if e.what == nil {
		p.clock.Store(e.at.UnixNano())
		p.send(ctx, e.visit)
		return nil
	}
	p.coming.Wait()
	if p.lost != nil {
		return p.lost
	}
	p.clock.Store(e.at.UnixNano())
	return e.what(p, ctx, e.visit)
}

// send sends a visitor, and returns when he has his ID: then the next may come.
func (p *past) send(ctx context.Context, i int) {
	done := make(chan struct{})
	p.coming.Go(func() {
		defer close(done)
		if err := p.come(ctx, i); err != nil {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.lost = errors.Join(p.lost, err)
		}
	})
	select {
	case <-p.minted:
	case <-done:
		select { // he may have had his ID and gone by now
		case <-p.minted:
		default:
		}
	}
}

// orderly is the mint, which tells of each ID.
type orderly struct {
	edge.Mint

	minted chan<- struct{}
}

// Begin mints an ID.
func (o orderly) Begin(now time.Time, s txid.Subject) txid.Ticket {
	t := o.Mint.Begin(now, s)
	if s.Kind != txid.Signal {
		o.minted <- struct{}{}
	}
	return t
}

// open makes a node on the demo's folder, and a way in that needs no listener.
func (p *past) open(address string) (context.Context, error) {
	then := *p.env
	then.now = func() time.Time { return time.Unix(0, p.clock.Load()) }
	settings, err := parseServe(serving(filepath.Join(p.dir, "data"), address))
	if err != nil {
		return nil, err
	}
	settings.Warehouse = noWarehouse // the node fills it from the journal when it starts
	in, err := openInstallation(&then, settings.common, true, settings.MinFreeMiB)
	if err != nil {
		return nil, err
	}
	n := &node{installation: in, settings: settings, metrics: prometheus.NewRegistry()}
	n.reportsFrom(settings.reporting)
	if err := n.prepare(then.ctx); err != nil {
		return nil, errors.Join(err, in.close())
	}
	n.publicURL, n.adminURL = "http://"+address, "http://"+address
	n.placeConsole()
	public, err := n.edge()
	if err == nil {
		err = n.makeLogin(public)
	}
	if err != nil {
		return nil, errors.Join(err, in.close())
	}
	n.makePay(public)
	public.Mint = orderly{public.Mint, p.minted}
	ctx := n.begin(then.ctx)
	p.node = n
	mux := http.NewServeMux()
	mux.Handle("/", public.Handler())
	mux.Handle("/api/v1/", n.api(public))
	indoors := p.troupe
	indoors.client = &http.Client{Transport: inside{mux}}
	p.demo.node = &demoNode{troupe: &indoors, url: n.publicURL, data: in.dir}
	var key bytes.Buffer
	if err := (&keyCreate{Role: "network", Name: "demo"}).do(ctx, in, &key); err != nil {
		return nil, err
	}
	p.demo.node.key = string(bytes.TrimSpace(key.Bytes()))
	return ctx, nil
}

// begin sets those workers to work that the past needs beside what is asked of
// it.
func (n *node) begin(ctx context.Context) context.Context {
	n.group, ctx = newGroup(ctx)
	n.stopping = ctx.Done()
	n.group.start(ctx, "mint", n.minter.Run)
	n.group.start(ctx, "refresh", n.refresh.Run)
	n.group.start(ctx, "settle", n.settler.Run)
	return ctx
}

// books tells the first affiliate's tracker of the clicks that it has sent on, as
// if it had kept them.
func (p *past) books(ctx context.Context) error {
	type click struct {
		ID       string    `json:"id"`
		Campaign string    `json:"campaign"`
		Sent     string    `json:"sent"`
		At       time.Time `json:"at"`
	}
	var clicks []click
	for i := range p.visits {
		if v := &p.visits[i]; p.tracked(v) {
			clicks = append(clicks, click{ID: v.ClickID, Campaign: p.offers[v.Campaign].campaign, Sent: p.link(&v.Visitor, v.ClickID), At: v.At})
		}
	}
	return p.demo.send(ctx, http.MethodPost, p.tracker+"/clicks", "", clicks, new(struct{}))
}

// tracked reports whether a visitor came through the first affiliate's tracker.
func (p *past) tracked(v *bustle.Visit) bool {
	return v.Affiliate == 0 && !v.Seen
}

// events lists what happens, in order.
func (p *past) events(from, until time.Time) []event {
	all := p.treasury(from, until)
	for i, v := range p.visits {
		all = append(all, event{v.At, i, nil})
		if !v.Told.IsZero() {
			all = append(all, event{v.Told, i, (*past).told})
		}
		if !v.Reviewed.IsZero() {
			all = append(all, event{v.Reviewed, i, (*past).review})
		}
	}
	slices.SortStableFunc(all, func(x, y event) int { return cmp.Compare(x.at.UnixNano(), y.at.UnixNano()) })
	return all
}

// come lets a visitor follow a link, or see a banner.
func (p *past) come(ctx context.Context, i int) error {
	v := &p.visits[i]
	if v.Seen {
		return p.see(ctx, v)
	}
	clickID := ""
	if p.tracked(v) {
		clickID = v.ClickID
	}
	landing, err := p.redirect(ctx, p.link(&v.Visitor, clickID), v.Visitor)
	if err != nil {
		return err
	}
	p.ids[i], err = transactionIn(landing)
	return err
}

// told lets the shop speak of a visitor, and what is owed for it go out.
func (p *past) told(ctx context.Context, i int) (err error) {
	v := &p.visits[i]
	said := p.postback(v.Visitor, p.ids[i])
	if p.conversions[i], err = p.tell(ctx, said); err != nil {
		return err
	}
	if v.Deed == bustle.ToldTwice {
		if _, err := p.tell(ctx, said); err != nil {
			return err
		}
	}
	return p.node.deliver.SendDue(ctx)
}

// review decides about an order that waits.
func (p *past) review(ctx context.Context, i int) error {
	if p.conversions[i] == "" {
		return nil
	}
	decided := map[string]string{"status": "approved", "note": "paid and shipped"}
	if p.visits[i].Rejected {
		decided = map[string]string{"status": "rejected", "note": "sent back within 14 days"}
	}
	err := p.demo.node.send(ctx, http.MethodPatch, p.demo.node.url+"/api/v1/conversions/"+p.conversions[i], p.demo.node.key, decided, new(struct{}))
	if err != nil {
		return err
	}
	return p.node.deliver.SendDue(ctx)
}
