package sqlledger

import (
	"context"
	"database/sql"
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"waybill/internal/fault"
)

// groupWriter is SQLite's one writer. It takes all writes that wait, up to a
// limit, into one transaction, so that they share one fsync. Each has its own
// savepoint: one that fails takes no other down. Each caller waits for the
// commit; if that fails, all have failed.
type groupWriter struct {
	db    *sql.DB
	stmts *prepared
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
	ctx   context.Context //nolint:containedctx // of the caller, who waits for the request
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

func newGroupWriter(db *sql.DB, texts *texts, stats *counts, o Options) *groupWriter {
	w := &groupWriter{
		db: db, stmts: &prepared{db: db}, texts: texts, stats: stats,
		limit: o.GroupLimit, time: o.GroupTime,
		queue: make(chan *request, o.GroupLimit), quit: make(chan struct{}),
	}
	w.idle.Go(w.run)
	return w
}

// do hands f to the writer and waits for its commit. A caller who gives up
// before the write has begun takes it back; afterwards it waits for the outcome,
// which is near.
func (w *groupWriter) do(ctx context.Context, f func(context.Context, session) error) error {
	r := &request{f: f, ctx: ctx, done: make(chan struct{})}
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
	err := w.stmts.close()
	if e := w.db.Close(); err == nil {
		err = e
	}
	return err
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
	err := w.begin(ctx)
	begun := time.Now()
	for r := first; r != nil; r = w.next(begun) {
		if !r.state.CompareAndSwap(waiting, started) {
			continue
		}
		w.group = append(w.group, r)
		if err == nil {
			err = w.one(ctx, r)
		}
	}
	if err == nil {
		err = w.commit(ctx)
	}
	if err != nil {
		w.stmts.rollback(ctx)
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
	if err := w.stmts.run(ctx, text); err == nil {
		return nil
	}
	if err := w.stmts.close(); err != nil {
		return err
	}
	return w.stmts.run(ctx, text)
}

// one runs a write under its savepoint. What it fails by is its own; an error
// returned here is that of the whole transaction.
func (w *groupWriter) one(ctx context.Context, r *request) error {
	if err := w.stmts.run(ctx, "SAVEPOINT one"); err != nil {
		return err
	}
	r.err = guarded(ctx, r.f, session{on: plain{w.stmts}, texts: w.texts})
	if r.err != nil {
		// Where the transaction is gone (a full disk takes it all), so is the
		// savepoint, and this fails.
		if err := w.stmts.run(ctx, "ROLLBACK TO one"); err != nil {
			return fmt.Errorf("%w (and on going back: %w)", r.err, err)
		}
	}
	return w.stmts.run(ctx, "RELEASE one")
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
	if err := w.stmts.run(ctx, "COMMIT"); err != nil {
		return err
	}
	w.stats.commit(len(w.group), time.Since(begun))
	return nil
}

// prepared keeps the statements of one connection prepared.
type prepared struct {
	db   *sql.DB
	conn *sql.Conn
	made map[string]*sql.Stmt
}

func (p *prepared) stmt(ctx context.Context, text string) (*sql.Stmt, error) {
	if st, ok := p.made[text]; ok {
		return st, nil
	}
	if p.conn == nil {
		conn, err := p.db.Conn(ctx)
		if err != nil {
			return nil, err
		}
		p.conn, p.made = conn, make(map[string]*sql.Stmt)
	}
	st, err := p.conn.PrepareContext(ctx, text)
	if err != nil {
		return nil, err
	}
	p.made[text] = st
	return st, nil
}

// ExecContext runs a prepared statement.
func (p *prepared) ExecContext(ctx context.Context, text string, args ...any) (sql.Result, error) {
	st, err := p.stmt(ctx, text) //nolint:sqlclosecheck // closed with the connection
	if err != nil {
		return nil, err
	}
	return st.ExecContext(ctx, args...)
}

// QueryContext runs a prepared query.
func (p *prepared) QueryContext(ctx context.Context, text string, args ...any) (*sql.Rows, error) {
	st, err := p.stmt(ctx, text) //nolint:sqlclosecheck // closed with the connection
	if err != nil {
		return nil, err
	}
	return st.QueryContext(ctx, args...)
}

func (p *prepared) run(ctx context.Context, text string) error {
	_, err := p.ExecContext(ctx, text)
	return err
}

// rollback leaves the transaction, if there still is one; if it cannot, the
// connection goes, and the transaction with it.
func (p *prepared) rollback(ctx context.Context) {
	if err := p.run(ctx, "ROLLBACK"); err != nil {
		_ = p.close()
	}
}

// close gives up the connection; the next statement takes a new one.
func (p *prepared) close() error {
	if p.conn == nil {
		return nil
	}
	for _, st := range p.made {
		_ = st.Close()
	}
	err := p.conn.Close()
	p.conn, p.made = nil, nil
	return err
}
