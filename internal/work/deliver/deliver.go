// Package deliver sends owed postbacks to those who subscribed to them.
//
// The ledger is the queue. A dispatcher claims what is due, each on a lease, and
// hands it to a sender, which sends it and writes the attempt down together with
// what becomes of the postback. These hold:
//
//   - What was claimed is recorded, or its lease ends and it is claimed again.
//     So a postback is sent at least once, always under the same delivery ID,
//     and the attempts that are recorded are never more than those made.
//   - Nothing is sent on a lease that may have passed to somebody else: one that
//     has lost some of its time is renewed right before the dial.
//   - A postback reaches only public addresses, and those the operator allows.
//     That is judged by the address that is dialed, after the name was resolved,
//     so a name that changes its mind gains nothing. Redirects are not followed.
//   - A host has a bounded number of postbacks in flight, so that a slow one
//     does not take all slots. See lanes for what becomes of the others.
//   - The dispatcher sleeps while nothing is due, and looks once a second since
//     other nodes owe too.
package deliver

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"waybill/internal/catalog"
	"waybill/internal/delivery"
	"waybill/internal/fault"
)

// Ledger is what deliver needs of the ledger.
type Ledger interface {
	// Claim leases up to limit postbacks that are due, until a time.
	Claim(ctx context.Context, now, leaseUntil time.Time, limit int) ([]delivery.Owed, error)
	// Renew moves the end of a lease that ended at held, and reports whether it
	// was still the caller's.
	Renew(ctx context.Context, id string, held, until time.Time) (bool, error)
	// Record notes an attempt and what became of the postback, in one
	// transaction. It is Stale if another attempt was recorded meanwhile.
	Record(ctx context.Context, a delivery.Attempt, after delivery.Owed) error
	// NextDue gives the earliest time at which something may be claimed, zero
	// when nothing waits.
	NextDue(ctx context.Context) (time.Time, error)
}

// Settings hold for one worker. The zero value of each is its default.
type Settings struct {
	Version        string                // of Waybill, as receivers see it
	AllowPrivate   []netip.Prefix        // private destinations that are allowed; none
	InFlight       int                   // postbacks at once; 64
	PerHost        int                   // of these to one host; 8
	ConnectTimeout time.Duration         // name and connection; 3 s
	Timeout        time.Duration         // the whole attempt; 10 s
	Lease          time.Duration         // at least three times Timeout, and that by default with a half more
	Metrics        prometheus.Registerer // where metrics are registered; nowhere
}

func (s Settings) withDefaults() Settings {
	if s.InFlight <= 0 {
		s.InFlight = 64
	}
	if s.PerHost <= 0 {
		s.PerHost = 8
	}
	if s.ConnectTimeout <= 0 {
		s.ConnectTimeout = 3 * time.Second
	}
	if s.Timeout <= 0 {
		s.Timeout = 10 * time.Second
	}
	if s.Lease <= 0 {
		s.Lease = 9 * s.Timeout / 2
	}
	s.Lease = max(s.Lease, 3*s.Timeout)
	return s
}

// How long a worker that was told to stop waits for the answers of receivers,
// and then for the ledger.
const (
	lastAnswers = 5 * time.Second
	lastRecords = 2 * time.Second
)

// maxTests is how many tests are sent at once.
const maxTests = 8

// Worker sends owed postbacks. Make it with New.
type Worker struct {
	ledger    Ledger
	catalog   func() *catalog.Catalog
	settings  Settings
	log       *slog.Logger
	metrics   *metrics
	transport http.RoundTripper
	lanes     *lanes
	wake      chan struct{} // something may be due, or a slot is free
	tests     chan struct{} // one for each test that is being sent
	sending   sync.WaitGroup
}

// New makes a worker. present gives the catalog as it stands.
func New(ledger Ledger, present func() *catalog.Catalog, s Settings, log *slog.Logger) *Worker {
	s = s.withDefaults()
	return &Worker{
		ledger: ledger, catalog: present, settings: s, log: log,
		metrics: newMetrics(s.Metrics), transport: newTransport(s, nil), lanes: newLanes(s.InFlight, s.PerHost),
		wake: make(chan struct{}, 1), tests: make(chan struct{}, maxTests),
	}
}

// Nudge tells the worker that something may be due now. It never blocks.
func (w *Worker) Nudge() {
	select {
	case w.wake <- struct{}{}:
	default: // it is awake already
	}
}

// Run sends what is owed until ctx is done. Then it claims nothing more, gives
// back what it has not begun, and waits a few seconds for what it has; the rest
// is left to its lease. It may be called once.
func (w *Worker) Run(ctx context.Context) error {
	sending, stop := outlive(ctx, lastAnswers)
	defer stop()
	away := 0
	for ctx.Err() == nil {
		p, err := w.look(ctx, sending)
		if err == nil {
			away = 0
			w.rest(ctx, p)
			continue
		}
		if ctx.Err() != nil {
			break
		}
		away++
		p = pause{wait: backoff(away), deaf: true}
		w.log.LogAttrs(ctx, slog.LevelWarn, "postbacks wait for the ledger",
			slog.Duration("again_in", p.wait), slog.Any("error", err))
		w.rest(ctx, p)
	}
	now := time.Now()
	var back []putBack
	for _, j := range w.lanes.drain() {
		back = append(back, putBack{j.owed, now})
	}
	w.giveBack(sending, back)
	w.sending.Wait()
	if t, ok := w.transport.(*http.Transport); ok {
		t.CloseIdleConnections()
	}
	return nil
}

// Test sends one postback now, outside the queue, and tells what came of it.
// Nothing is kept. It is Limited while too many others are being tested.
func (w *Worker) Test(ctx context.Context, s delivery.Subscription, o delivery.Owed) (delivery.Attempt, error) {
	select {
	case w.tests <- struct{}{}:
		defer func() { <-w.tests }()
	default:
		return delivery.Attempt{}, fault.New(fault.Limited, "%d postbacks are being tested already; try again in a moment", maxTests)
	}
	return w.Send(ctx, s, o), nil
}

// outlive gives a context that is done a while after ctx is.
func outlive(ctx context.Context, while time.Duration) (context.Context, context.CancelFunc) {
	later, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		t := time.AfterFunc(while, cancel)
		context.AfterFunc(later, func() { t.Stop() })
	})
	return later, func() {
		stop()
		cancel()
	}
}

// backoff gives how long to wait after the nth failure in a row: half a second,
// twice as long each time, 15 seconds at most.
func backoff(n int) time.Duration {
	return min(500*time.Millisecond<<min(n-1, 10), 15*time.Second)
}
