package sqlledger

import (
	"context"
	"database/sql"
	"strings"
	"time"
	"unicode/utf8"

	"waybill/internal/fault"
)

// runner is what statements run on: a pool, a transaction, the prepared
// statements of SQLite's one writer, or a pipeline of PostgreSQL's. It may hold
// statements back until now is called; what they answer is there afterwards.
type runner interface {
	// change runs a statement and puts the number of changed rows into n.
	change(ctx context.Context, n *int64, text string, args []any) error
	// rows runs a statement and calls row for each row of its answer.
	rows(ctx context.Context, row func(scan) error, text string, args []any) error
	now(ctx context.Context) error
}

// session runs statements that are written for both engines.
type session struct {
	on    runner
	texts *texts
}

// later runs a statement whose answer is not needed before now, exec or query is
// called next, or at all. It may fail only then.
func (s session) later(ctx context.Context, text string, args ...any) error {
	return s.laterChange(ctx, new(int64), text, args...)
}

// laterChange is later, and the number of changed rows is in n afterwards.
func (s session) laterChange(ctx context.Context, n *int64, text string, args ...any) error {
	clean(args)
	return s.on.change(ctx, n, s.texts.of(text), args)
}

// each is later, and row is called for each row of the answer. row must not run
// statements on the same session.
func (s session) each(ctx context.Context, row func(scan) error, text string, args ...any) error {
	clean(args)
	return s.on.rows(ctx, row, s.texts.of(text), args)
}

// laterGet is later, and the one row of the answer is in dest afterwards.
func (s session) laterGet(ctx context.Context, dest []any, text string, args ...any) error {
	return s.each(ctx, func(read scan) error { return read(dest...) }, text, args...)
}

// now waits for the answers of all that later has begun.
func (s session) now(ctx context.Context) error { return s.on.now(ctx) }

// exec runs a statement and gives the number of rows that it has changed.
func (s session) exec(ctx context.Context, text string, args ...any) (n int64, err error) {
	if err := s.laterChange(ctx, &n, text, args...); err != nil {
		return 0, err
	}
	return n, s.now(ctx)
}

// query runs a statement and calls row for each row of its answer. row must not
// run statements on the same session.
func (s session) query(ctx context.Context, row func(scan) error, text string, args ...any) error {
	if err := s.each(ctx, row, text, args...); err != nil {
		return err
	}
	return s.now(ctx)
}

// scan reads the columns of the row at hand.
type scan func(dest ...any) error

// get reads the one row that a statement answers with, and reports whether there
// was one.
func (s session) get(ctx context.Context, dest []any, text string, args ...any) (bool, error) {
	found := false
	err := s.query(ctx, func(read scan) error {
		found = true
		return read(dest...)
	}, text, args...)
	return found, err
}

// must is get for a row that the caller has named: none is NotFound.
func (s session) must(ctx context.Context, what string, dest []any, text string, args ...any) error {
	found, err := s.get(ctx, dest, text, args...)
	if err == nil && !found {
		return notFound(what)
	}
	return err
}

func notFound(what string) error { return fault.New(fault.NotFound, "there is no %s", what) }

// clean takes out of texts what PostgreSQL cannot keep, NUL and what is not
// UTF-8, on both engines alike: what senders write must never make a signal
// impossible to settle.
func clean(args []any) {
	for i, a := range args {
		text, ok := a.(string)
		if !ok || utf8.ValidString(text) && strings.IndexByte(text, 0) < 0 {
			continue
		}
		args[i] = strings.ReplaceAll(strings.ToValidUTF8(text, "\ufffd"), "\x00", "")
	}
}

// plain runs statements by database/sql, each at once.
type plain struct {
	on interface {
		ExecContext(ctx context.Context, text string, args ...any) (sql.Result, error)
		QueryContext(ctx context.Context, text string, args ...any) (*sql.Rows, error)
	}
}

func (p plain) change(ctx context.Context, n *int64, text string, args []any) error {
	r, err := p.on.ExecContext(ctx, text, args...)
	if err != nil {
		return err
	}
	*n, err = r.RowsAffected()
	return err
}

func (p plain) rows(ctx context.Context, row func(scan) error, text string, args []any) error {
	rows, err := p.on.QueryContext(ctx, text, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := row(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

func (plain) now(context.Context) error { return nil } // nothing was held back

// micros is how a time is kept.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// instant is the time that micros has kept.
func instant(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(us).UTC()
}
