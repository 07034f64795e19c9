package sqlledger

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"modernc.org/sqlite"

	"waybill/internal/fault"
)

// groupWriter is SQLite's one writer. It takes all writes that wait, up to a
// limit, into one transaction, so that they share one fsync. Each caller waits
// for the commit; if that fails, all have failed.
//
// A write that fails takes no other down. Those that may well fail have a
// savepoint each, for which SQLite copies every page that they touch. The others
// do without: should one fail all the same when it has changed something, the
// transaction is rolled back and all of its writes are run again, each under a
// savepoint.
type groupWriter struct {
	conn  *connection
	texts *texts
	stats *counts

	limit int
	time  time.Duration

	queue  chan *request
	quit   chan struct{}
	closed sync.Once
	idle   sync.WaitGroup
	group  []*request // the writes of the running transaction
}

// request is one write that waits for its turn, and then for its commit.
type request struct {
	f     func(context.Context, session) error
	sure  bool // it is not expected to fail
	state atomic.Int32
	err   error
	done  chan struct{}
}

// The states of a request. Whoever moves it on from waiting owns it.
const (
	waiting int32 = iota
	started
	abandoned
)

func newGroupWriter(open func() (driver.Conn, error), texts *texts, stats *counts, o Options) *groupWriter {
	w := &groupWriter{
		conn: &connection{open: open}, texts: texts, stats: stats,
		limit: o.GroupLimit, time: o.GroupTime,
		queue: make(chan *request, o.GroupLimit), quit: make(chan struct{}),
	}
	w.idle.Go(w.run)
	return w
}

// do runs f under a savepoint.
func (w *groupWriter) do(ctx context.Context, f func(context.Context, session) error) error {
	return w.await(ctx, &request{f: f, done: make(chan struct{})})
}

// sure runs f without a savepoint, unless it fails.
func (w *groupWriter) sure(ctx context.Context, f func(context.Context, session) error) error {
	return w.await(ctx, &request{f: f, sure: true, done: make(chan struct{})})
}

// await hands r to the writer and waits for its commit. A caller who gives up
// before the write has begun takes it back; afterwards it waits for the outcome,
// which is near.
func (w *groupWriter) await(ctx context.Context, r *request) error {
	select {
	case w.queue <- r:
	case <-ctx.Done():
		return ctx.Err()
	case <-w.quit:
		return errClosed()
	}
	select {
	case <-r.done:
		return r.err
	case <-ctx.Done():
		if r.state.CompareAndSwap(waiting, abandoned) {
			return ctx.Err()
		}
	case <-w.quit:
		if r.state.CompareAndSwap(waiting, abandoned) {
			return errClosed()
		}
	}
	<-r.done
	return r.err
}

// long is do: a write on SQLite has no time limit.
func (w *groupWriter) long(ctx context.Context, f func(context.Context, session) error) error {
	return w.do(ctx, f)
}

func errClosed() error { return fault.New(fault.Unavailable, "the ledger is closed") }

// close waits for the transaction under way. Writes that wait are given up.
func (w *groupWriter) close() error {
	w.closed.Do(func() { close(w.quit) })
	w.idle.Wait()
	return w.conn.close()
}

func (w *groupWriter) run() {
	for {
		select {
		case <-w.quit:
			return
		default:
		}
		select {
		case <-w.quit:
			return
		case r := <-w.queue:
			w.serve(r)
		}
	}
}

// serve runs a transaction of first and those that wait behind it. Statements
// run without the callers' contexts: an interrupted write rolls the whole
// transaction back.
func (w *groupWriter) serve(first *request) {
	ctx := context.Background()
	w.group = w.group[:0]
	err := w.together(ctx, first)
	if errors.Is(err, errBroken) {
		w.conn.rollback(ctx)
		w.stats.retried.Add(1)
		err = w.apart(ctx)
	}
	if err == nil {
		err = w.commit(ctx)
	}
	if err != nil {
		w.conn.rollback(ctx)
		err = fault.Because(err, fault.Unavailable, "the ledger could not be written")
		w.stats.failed.Add(1)
	}
	for _, r := range w.group {
		if err != nil {
			r.err = err
		}
		close(r.done)
	}
	clear(w.group)
}

// errBroken says that a write without a savepoint has failed, and that what it
// has changed can only be taken back with all the others.
var errBroken = errors.New("a write has failed half-way")

// together runs first and those that wait behind it. However that ends, whoever
// was taken up is in the group.
func (w *groupWriter) together(ctx context.Context, first *request) error {
	err := w.begin(ctx)
	begun := time.Now()
	for r := first; r != nil; r = w.next(begun) {
		if !r.state.CompareAndSwap(waiting, started) {
			continue
		}
		w.group = append(w.group, r)
		switch {
		case err != nil:
		case r.sure:
			err = w.bare(ctx, r)
		default:
			err = w.one(ctx, r)
		}
	}
	return err
}

// apart runs the group's writes again, each under a savepoint.
func (w *groupWriter) apart(ctx context.Context) error {
	err := w.begin(ctx)
	for _, r := range w.group {
		if err != nil {
			return err
		}
		err = w.one(ctx, r)
	}
	return err
}

// next gives the next write of the running transaction, nil when it is time to
// commit.
func (w *groupWriter) next(begun time.Time) *request {
	if len(w.group) >= w.limit || time.Since(begun) > w.time {
		return nil
	}
	select {
	case r := <-w.queue:
		return r
	default:
		return nil
	}
}

// begin opens a transaction, over a new connection if the old one is of no use.
func (w *groupWriter) begin(ctx context.Context) error {
	const text = "BEGIN IMMEDIATE"
	if err := w.conn.run(ctx, text); err == nil {
		return nil
	}
	if err := w.conn.close(); err != nil {
		return err
	}
	return w.conn.run(ctx, text)
}

// bare runs a write without a savepoint. One that is refused before it has
// changed anything has failed alone. What the engine complains of may have taken
// the transaction with it (a full disk does).
func (w *groupWriter) bare(ctx context.Context, r *request) error {
	w.conn.changed = false
	r.err = guarded(ctx, r.f, session{on: w.conn, texts: w.texts})
	if r.err == nil {
		return nil
	}
	if _, engine := errors.AsType[*sqlite.Error](r.err); engine || w.conn.changed {
		return errBroken
	}
	return nil
}

// one runs a write under its savepoint. What it fails by is its own; an error
// returned here is that of the whole transaction.
func (w *groupWriter) one(ctx context.Context, r *request) error {
	if err := w.conn.run(ctx, "SAVEPOINT one"); err != nil {
		return err
	}
	r.err = guarded(ctx, r.f, session{on: w.conn, texts: w.texts})
	if r.err != nil {
		// Where the transaction is gone (a full disk takes it all), so is the
		// savepoint, and this fails.
		if err := w.conn.run(ctx, "ROLLBACK TO one"); err != nil {
			return fmt.Errorf("%w (and on going back: %w)", r.err, err)
		}
	}
	return w.conn.run(ctx, "RELEASE one")
}

// guarded turns a panic of one write into its error, since the goroutine is
// everybody's.
func guarded(ctx context.Context, f func(context.Context, session) error, s session) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("a write panicked: %v\n%s", p, debug.Stack())
		}
	}()
	return f(ctx, s)
}

func (w *groupWriter) commit(ctx context.Context) error {
	begun := time.Now()
	if err := w.conn.run(ctx, "COMMIT"); err != nil {
		return err
	}
	w.stats.commit(len(w.group), time.Since(begun))
	return nil
}
