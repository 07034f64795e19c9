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
//   - What is claimed can be sent: the ledger is asked for no more than slots,
//     windows, rates and breakers allow. What waits for a receiver costs nothing
//     until then.
//   - A receiver that hangs or refuses takes nothing from the others. See lanes
//     for slots and windows, and destinations for rates and breakers.
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

// Queue is the ledger as the queue of what is owed.
type Queue interface {
	// Claim leases some of what is due.
	Claim(ctx context.Context, ask delivery.Ask) ([]delivery.Owed, error)
	// Renew moves the end of a lease that ended at held, and reports whether it
	// was still the caller's.
	Renew(ctx context.Context, id string, held, until time.Time) (bool, error)
	// Record notes an attempt and what became of the postback and its breaker, in
	// one transaction. It is Stale if another attempt was recorded meanwhile.
	Record(ctx context.Context, r delivery.Report) error
	// NextDue gives the earliest time at which something of what is asked for may
	// be claimed, zero when nothing waits.
	NextDue(ctx context.Context, ask delivery.Ask) (time.Time, error)
}

// Watch is what the ledger knows of destinations.
type Watch interface {
	// Breakers gives those that are not closed.
	Breakers(ctx context.Context) ([]delivery.Breaker, error)
	// Destinations tells of all queues.
	Destinations(ctx context.Context) ([]delivery.Destination, error)
	// Disable disables a subscription, and reports whether this call did.
	Disable(ctx context.Context, subscriptionID int64, reason string, at time.Time) (bool, error)
}

// Ledger is what deliver needs of the ledger.
type Ledger interface {
	Queue
	Watch
	// Owe adds what is owed without a conversion. What is there already stays as
	// it is.
	Owe(ctx context.Context, all []delivery.Owed) error
	// StepReplay does a part of the replays that were begun, and reports whether
	// there is more to do.
	StepReplay(ctx context.Context, now time.Time) (bool, error)
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
	BacklogAge     time.Duration         // how old a queue grows before somebody is told; 1 h
	Series         int                   // destinations with metrics of their own; 200
	Metrics        prometheus.Registerer // where metrics are registered; nowhere
	Now            func() time.Time      // the clock; time.Now
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
	if s.Now == nil {
		s.Now = time.Now
	}
	if s.BacklogAge <= 0 {
		s.BacklogAge = time.Hour
	}
	if s.Series <= 0 {
		s.Series = 200
	}
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
	ledger       Ledger
	catalog      func() *catalog.Catalog
	settings     Settings
	log          *slog.Logger
	metrics      *metrics
	transport    http.RoundTripper // as usual
	carriers     *carriers         // for subscriptions that set how long a connection may take
	tokens       *tokens
	lanes        *lanes
	destinations *destinations
	told         map[int64]bool // of whose backlog
	wake         chan struct{}  // something may be due, or a slot is free
	tests        chan struct{}  // one for each test that is being sent
	sending      sync.WaitGroup
}

// New makes a worker. present gives the catalog as it stands.
func New(ledger Ledger, present func() *catalog.Catalog, s Settings, log *slog.Logger) *Worker {
	s = s.withDefaults()
	w := &Worker{
		ledger: ledger, catalog: present, settings: s, log: log,
		carriers: newCarriers(s, nil), lanes: newLanes(s.InFlight, s.PerHost), destinations: newDestinations(),
		told: make(map[int64]bool), wake: make(chan struct{}, 1), tests: make(chan struct{}, maxTests),
	}
	w.transport = w.carriers.of(0)
	w.tokens = newTokens(w.exchange, s.Timeout, s.Now)
	w.metrics = newMetrics(s.Metrics, s.Series, w.hostOf)
	return w
}

// now tells the time by which postbacks are due, and that attempts are dated by.
// How long something takes is measured apart from it.
func (w *Worker) now() time.Time { return w.settings.Now() }

// carrier gives what carries a postback.
func (w *Worker) carrier(j job) http.RoundTripper {
	if own := j.sub.ConnectTimeout.Duration(); own > 0 {
		return w.carriers.of(own)
	}
	return w.transport
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
	if err := w.follow(ctx); err != nil { // claims heed the ledger's breakers anyway
		w.log.LogAttrs(ctx, slog.LevelWarn, "breakers are not known yet", slog.Any("error", err))
	}
	var others sync.WaitGroup
	others.Go(func() { w.keepHouse(ctx) })
	others.Go(func() { w.replay(ctx) })
	w.dispatch(ctx, sending)
	now := w.now()
	var back []putBack
	for _, j := range w.lanes.drain() {
		back = append(back, putBack{j.owed, now})
	}
	w.giveBack(sending, back)
	w.sending.Wait()
	others.Wait()
	w.carriers.close()
	return nil
}

// SendDue sends what is due by the clock, and returns when what came of it is
// recorded. It is for a worker that does not Run.
func (w *Worker) SendDue(ctx context.Context) error {
	for {
		now := w.now()
		w.destinations.follow(w.catalog())
		ask := w.ask(w.lanes.room(now), now)
		claimed, err := w.ledger.Claim(ctx, ask)
		if err != nil || len(claimed) == 0 {
			return err
		}
		w.place(ctx, claimed, ask)
		w.sending.Wait()
	}
}

// dispatch looks into the ledger again and again until ctx is done.
func (w *Worker) dispatch(ctx, sending context.Context) {
	for away := 0; ctx.Err() == nil; {
		pause, err := w.look(ctx, sending)
		if err == nil {
			away = 0
			w.rest(ctx, pause)
			continue
		}
		if ctx.Err() != nil {
			return
		}
		away++
		pause = backoff(away)
		w.log.LogAttrs(ctx, slog.LevelWarn, "postbacks wait for the ledger",
			slog.Duration("again_in", pause), slog.Any("error", err))
		sleep(ctx, pause) // whatever nudges
	}
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
