package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"waybill/internal/catalog"
	"waybill/internal/serve/certificates"
	"waybill/internal/serve/console"
	"waybill/internal/serve/edge"
	"waybill/internal/serve/login"
	"waybill/internal/signal"
	"waybill/internal/store/pebblejournal"
	"waybill/internal/txid"
	"waybill/internal/visitor"
	"waybill/internal/work/deliver"
	"waybill/internal/work/pay"
	"waybill/internal/work/refresh"
	"waybill/internal/work/settle"
	"waybill/internal/work/tally"
	"waybill/sdk/js"
)

// shutdownTime is how long a node may take to finish what is in flight. What has
// been received whole is answered sooner, with a hung disk and a hung ledger too,
// and closing the stores has to fit into ten seconds beside it.
const shutdownTime = 6 * time.Second

// node is a running Waybill: the stores, the parts that work on them, and the
// doors.
type node struct {
	*installation
	settings *serveCmd
	minter   *minter
	current  atomic.Pointer[catalog.Catalog]
	refresh  *refresh.Worker
	settler  *settle.Settler
	deliver  *deliver.Worker
	pay      *pay.Worker
	tally    *tally.Worker
	metrics  *prometheus.Registry
	// certificates keeps those of advertisers' names; nil where TLS ends at a proxy.
	certificates *certificates.Keeper
	login        *login.Login
	console      *console.Console

	publicURL, adminURL string
	stopping            <-chan struct{} // closed when the node is told to stop
	group               *group
}

// startNode opens an installation and starts everything on it. The doors open
// last, when everything behind them is there.
func startNode(e *env, s *serveCmd) (*node, error) {
	in, err := openInstallation(e, s.common, true, s.MinFreeMiB)
	if err != nil {
		return nil, err
	}
	n := &node{installation: in, settings: s, metrics: prometheus.NewRegistry()}
	n.reportsFrom(s.reporting)
	if err = n.prepare(e.ctx); err == nil {
		err = n.open(e.ctx)
	}
	if err != nil {
		return nil, errors.Join(err, in.close())
	}
	return n, nil
}

// prepare makes the parts in the order in which they need each other.
func (n *node) prepare(ctx context.Context) error {
	number, err := n.node(ctx)
	if err != nil {
		return fmt.Errorf("find this node's number: %w", err)
	}
	n.refresh = &refresh.Worker{
		Ledger: n.ledger, Path: filepath.Join(n.dir, catalogFile), Log: n.log, Publish: n.publish,
	}
	first, err := n.refresh.First(ctx)
	if err != nil {
		return fmt.Errorf("load the catalog: %w", err)
	}
	if err := n.checkRetention(first); err != nil {
		return err
	}
	n.minter = &minter{now: n.now, journal: n.journal, take: n.takeNode, log: n.log}
	if err := n.minter.start(ctx, number, first.Ring()); err != nil {
		return err
	}
	n.publish(first)
	n.changed, n.sources = n.refresh.Refresh, n.sourcesOfNode
	n.makeWorkers()
	return n.makeTally(ctx)
}

// publish makes a catalog the present one.
func (n *node) publish(c *catalog.Catalog) {
	n.current.Store(c)
	n.minter.SetRing(c.Ring())
	if n.certificates != nil {
		n.certificates.Nudge()
	}
}

// Catalog gives the catalog as it stands.
func (n *node) Catalog() *catalog.Catalog { return n.current.Load() }

// makeWorkers makes what works behind the doors.
func (n *node) makeWorkers() {
	n.settler = settle.New(signals{n.journal}, n.ledger, n.Catalog, n.minter.Bound, n.log)
	n.settler.Now = n.now
	sending := n.settings.worker()
	sending.Metrics, sending.Now = n.metrics, n.now
	n.deliver = deliver.New(n.ledger, n.Catalog, sending, n.log)
}

// makeTally makes what fills the warehouse. Without one it has nothing to do.
func (n *node) makeTally(ctx context.Context) error {
	from, err := n.sources(ctx)
	if err != nil {
		return err
	}
	if n.settings.off() {
		return nil
	}
	into := &feed{warehouse: n.warehouse}
	n.tally = tally.New(from, into, tally.NewMetrics(n.metrics), n.log)
	n.exchanged = func() { n.tally.Swap(into) }
	n.warehouse.renewed = n.exchanged
	return nil
}

// ship fills the warehouse once it is open.
func (n *node) ship(ctx context.Context) error {
	select {
	case <-n.warehouse.tried:
	case <-ctx.Done():
	}
	return n.tally.Run(ctx)
}

// edge makes what answers the public.
func (n *node) edge() (*edge.Edge, error) {
	atlas, err := visitor.World()
	if err != nil {
		return nil, fmt.Errorf("open the country data: %w", err)
	}
	return &edge.Edge{
		Catalog: n.Catalog, Journal: n.journal, Mint: n.minter, Settler: prompt{n.settler, n.deliver},
		Guide: visitor.NewGuide(atlas), Proxies: n.settings.Trusted, Metrics: edge.NewMetrics(n.metrics),
		Throttle: n.settings.throttle(), Rejections: n.settings.rejections(), Script: js.Script(), Now: n.now,
	}, nil
}

// prompt settles signals and lets what they owe go out at once.
type prompt struct {
	settler *settle.Settler
	deliver *deliver.Worker
}

// Settle judges a signal and wakes the delivery of what it owes.
func (p prompt) Settle(ctx context.Context, s signal.Signal) signal.Verdict {
	v := p.settler.Settle(ctx, s)
	if v.Status == signal.Accepted || v.Status == signal.Updated {
		p.deliver.Nudge()
	}
	return v
}

// signals is the journal as settle reads it.
type signals struct{ *pebblejournal.Journal }

// Signals calls f for a node's signals in a span of ticks.
func (s signals) Signals(ctx context.Context, node uint16, from, to txid.Tick, f func(txid.ID, []byte) error) error {
	return s.Scan(ctx, pebblejournal.Query{Kind: txid.Signal, Node: node, From: from, To: to}, f)
}

// open opens the doors and sets the workers to work.
func (n *node) open(ctx context.Context) error {
	public, err := n.edge()
	if err != nil {
		return err
	}
	if err := n.makeLogin(public); err != nil {
		return err
	}
	n.makePay(public)
	if n.console, err = console.New(); err != nil {
		return err
	}
	n.register()
	n.group, ctx = newGroup(ctx)
	n.stopping = ctx.Done()
	tracking := public.Handler()
	mux := http.NewServeMux()
	mux.Handle("/", tracking)
	n.health(mux)
	admin := mux
	if n.settings.AdminListen != "" {
		admin = http.NewServeMux()
		n.health(admin)
	}
	doors, err := n.listen(tracking, mux, admin)
	if err != nil {
		return err
	}
	n.administration(admin, public)
	n.group.start(ctx, "mint", n.minter.Run)
	n.group.start(ctx, "refresh", n.refresh.Run)
	n.group.start(ctx, "settle", n.settler.Run)
	n.group.start(ctx, "deliver", n.deliver.Run)
	n.group.start(ctx, "pay", n.pay.Run)
	n.group.start(ctx, "login", n.login.Run)
	n.group.start(ctx, "retention", n.retain)
	n.group.start(ctx, "warehouse", n.warehouse.keep)
	if n.tally != nil {
		n.group.start(ctx, "tally", n.ship)
	}
	if n.certificates != nil {
		n.group.start(ctx, "certificates", n.certificates.Run)
	}
	if x := n.settings.exports; x.Dir != "" && !n.settings.off() {
		n.group.start(ctx, "export", (&exporter{settings: x, warehouse: n.warehouse, log: n.log}).run)
	}
	for _, d := range doors { // last: everything behind them is there
		n.serve(ctx, d)
	}
	return nil
}

// door is a listener and what answers on it.
type door struct {
	name     string
	listener net.Listener
	handler  http.Handler
	patient  bool        // answers may take as long as they take
	tls      *tls.Config // nil: plain HTTP
}

// listen opens the listeners, which answer only once they are served. Under an
// advertiser's own name nothing answers but tracking, whatever the listener.
func (n *node) listen(tracking, public, admin http.Handler) (doors []door, err error) {
	defer func() {
		if err != nil {
			for _, d := range doors {
				err = errors.Join(err, d.listener.Close())
			}
		}
	}()
	l, err := net.Listen("tcp", n.settings.Listen) //nolint:noctx // a listener opens at once
	if err != nil {
		return doors, fmt.Errorf("listen on %s: %w; choose another with --listen", n.settings.Listen, err)
	}
	doors = append(doors, door{name: "public", listener: l, handler: byName(n.Catalog, tracking, public)})
	n.adminURL = "http://" + l.Addr().String()
	n.publicURL = cmp.Or(n.settings.PublicURL, n.adminURL)
	if n.settings.TLSListen != "" {
		secured, err := n.listenTLS(l, tracking, public)
		if err != nil {
			return doors, err
		}
		doors[0].handler = n.certificates.Challenges(doors[0].handler)
		doors = append(doors, secured)
	}
	if n.settings.AdminListen != "" {
		l, err := net.Listen("tcp", n.settings.AdminListen) //nolint:noctx // as above
		if err != nil {
			return doors, fmt.Errorf("listen on %s: %w; choose another with --admin-listen", n.settings.AdminListen, err)
		}
		doors = append(doors, door{name: "admin", listener: l, handler: byName(n.Catalog, http.NotFoundHandler(), admin)})
		n.adminURL = "http://" + l.Addr().String()
	}
	n.placeConsole()
	control, err := listenControl(n.dir)
	if err != nil {
		return doors, err
	}
	return append(doors, door{name: "control", listener: control, handler: controlHandler(n.installation), patient: true}), nil
}

// serve answers on one listener until ctx is done, then finishes what is in
// flight.
func (n *node) serve(ctx context.Context, d door) {
	s := &http.Server{
		Handler:           d.handler,
		ReadHeaderTimeout: 5 * time.Second, // slow clients are cut off
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       75 * time.Second,
		MaxHeaderBytes:    16 << 10,
	}
	if d.tls != nil { // whoever knocks with another protocol is no news
		s.ErrorLog = slog.NewLogLogger(n.log.Handler(), slog.LevelDebug)
	}
	if d.patient {
		s.ReadTimeout, s.WriteTimeout = 0, 0
		s.BaseContext = func(net.Listener) context.Context { return ctx } // a stop does not wait for what takes long
	}
	n.group.start(ctx, d.name, func(ctx context.Context) error {
		stopped := make(chan struct{})
		go func() {
			defer close(stopped)
			<-ctx.Done()
			n.finish(context.WithoutCancel(ctx), d.name, s)
		}()
		err := d.accept(s)
		if !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		<-stopped
		return nil
	})
}

// finish lets a server end what is in flight, and cuts off what takes too long:
// whoever sends that slowly has not finished a request that could be lost.
func (n *node) finish(ctx context.Context, name string, s *http.Server) {
	limit, cancel := context.WithTimeout(ctx, shutdownTime)
	defer cancel()
	if err := s.Shutdown(limit); err != nil {
		n.log.LogAttrs(limit, slog.LevelWarn, "connections cut off at the stop", slog.String("listener", name), slog.Any("error", err))
		_ = s.Close() // what is left is only closed
	}
}

// wait blocks until the node has stopped, and closes it.
func (n *node) wait() error {
	err := n.group.wait()
	ctx := context.Background()
	if late := n.minter.release(ctx); late != nil { // the next start goes on above the reservation, as after a kill
		n.log.LogAttrs(ctx, slog.LevelWarn, "transaction IDs reserved ahead are left reserved", slog.Any("error", late))
	}
	return errors.Join(err, n.close())
}
