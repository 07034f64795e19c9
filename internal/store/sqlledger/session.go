package sqlledger

import (
	"context"
	"database/sql"
	"strings"
	"time"
	"unicode/utf8"

	"waybill/internal/fault"
)

// runner is what statements run on: a pool, a transaction, or the prepared
// statements of SQLite's one writer.
type runner interface {
	ExecContext(ctx context.Context, text string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, text string, args ...any) (*sql.Rows, error)
}

// session runs statements that are written for both engines.
type session struct {
	on    runner
	texts *texts
}

// exec runs a statement and gives the number of rows that it has changed.
func (s session) exec(ctx context.Context, text string, args ...any) (int64, error) {
	clean(args)
	r, err := s.on.ExecContext(ctx, s.texts.of(text), args...)
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

// query runs a statement and calls row for each row of its answer. row must not
// run statements of its own.
func (s session) query(ctx context.Context, row func(scan) error, text string, args ...any) error {
	clean(args)
	rows, err := s.on.QueryContext(ctx, s.texts.of(text), args...)
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
