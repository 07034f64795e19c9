package sqlledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"

	"waybill/internal/fault"
)

// poolWriter runs each write as a transaction of its own, at READ COMMITTED.
// Whoever needs a row unchanged locks it.
type poolWriter struct {
	db      *sql.DB
	texts   *texts
	stats   *counts
	timeout time.Duration
}

// mostTries is how often a transaction is run that others get in the way of.
const mostTries = 6

// do runs f, again when the server asks for it or the connection was lost before
// the commit was sent. It ends within the timeout, whatever the server does.
func (w *poolWriter) do(ctx context.Context, f func(context.Context, session) error) error {
	ctx, cancel := context.WithTimeout(ctx, w.timeout)
	defer cancel()
	for try := 1; ; try++ {
		err := w.once(ctx, f)
		if err == nil || try == mostTries || !runAgain(err) || !pause(ctx, try) {
			return err
		}
		w.stats.retried.Add(1)
	}
}

// sure is do: a transaction of its own costs the same whatever it ends in.
func (w *poolWriter) sure(ctx context.Context, f func(context.Context, session) error) error {
	return w.do(ctx, f)
}

// errAgain is returned by a write that has met a row changed under it.
var errAgain = fault.New(fault.Stale, "it was changed by somebody else at the same time")

// runAgain reports whether a transaction that failed by err has left nothing
// behind and may go through now.
func runAgain(err error) bool {
	if errors.Is(err, errAgain) {
		return true
	}
	if _, ok := errors.AsType[*unsure](err); ok {
		return false
	}
	if pe, ok := errors.AsType[*pgconn.PgError](err); ok {
		return transient(pe.Code)
	}
	if _, ok := errors.AsType[*pgconn.ConnectError](err); ok {
		return false // nobody listens: the caller shall know at once
	}
	return broken(err)
}

// pause waits a little, longer with each try, and reports whether there is time
// for another.
func pause(ctx context.Context, try int) bool {
	most := 5 * time.Millisecond << try
	select {
	case <-time.After(rand.N(most)): //nolint:gosec // spread, not secrecy
		return true
	case <-ctx.Done():
		return false
	}
}

// long runs f once, without the timeout.
func (w *poolWriter) long(ctx context.Context, f func(context.Context, session) error) error {
	return w.once(ctx, f)
}

func (w *poolWriter) once(ctx context.Context, f func(context.Context, session) error) error {
	conn, err := w.db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close() //nolint:errcheck // gives it back to the pool
	return conn.Raw(func(driver any) error {
		p := &pipeline{conn: driver.(*stdlib.Conn).Conn()} //nolint:forcetypeassert // the pool's own driver
		p.begin()
		if err := f(ctx, session{on: p, texts: w.texts}); err != nil {
			p.rollback(ctx)
			return err
		}
		begun := time.Now()
		if err := p.commit(ctx); err != nil {
			w.stats.failed.Add(1)
			p.rollback(ctx)
			return err
		}
		w.stats.commit(1, time.Since(begun))
		return nil
	})
}

func (w *poolWriter) close() error { return nil } // the pool is the reader's

// unsure is the failure of a commit that may have come about: it was sent, and
// no answer came.
type unsure struct{ cause error }

func (u *unsure) Error() string {
	return fmt.Sprintf("the connection was lost during the commit: %v", u.cause)
}

func (u *unsure) Unwrap() error { return u.cause }
