package sqlledger

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// pipeline runs the statements of one transaction on PostgreSQL. It holds them
// back until an answer is waited for and sends them together, the last of them
// with the commit: a conversion takes two or three round trips in place of a
// dozen, and holds its locks for less time.
type pipeline struct {
	conn    *pgx.Conn
	batch   *pgx.Batch // nil when nothing is queued
	answers []func(pgx.BatchResults) error
}

// queue holds a statement back; answer reads what comes of it.
func (p *pipeline) queue(answer func(pgx.BatchResults) error, text string, args []any) {
	if p.batch == nil {
		p.batch = new(pgx.Batch)
	}
	p.batch.Queue(text, args...)
	p.answers = append(p.answers, answer)
}

func (p *pipeline) change(_ context.Context, n *int64, text string, args []any) error {
	p.queue(func(results pgx.BatchResults) error {
		tag, err := results.Exec()
		*n = tag.RowsAffected()
		return err
	}, text, args)
	return nil
}

func (p *pipeline) rows(_ context.Context, row func(scan) error, text string, args []any) error {
	p.queue(func(results pgx.BatchResults) error {
		rows, err := results.Query()
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
	}, text, args)
	return nil
}

// now sends what is queued and reads the answers. A statement that fails keeps
// the server from running those behind it.
func (p *pipeline) now(ctx context.Context) (err error) {
	if p.batch == nil {
		return nil
	}
	results := p.conn.SendBatch(ctx, p.batch)
	answers := p.answers
	p.batch, p.answers = nil, nil
	defer func() {
		if e := results.Close(); err == nil {
			err = e
		}
	}()
	for _, answer := range answers {
		if err := answer(results); err != nil {
			return err
		}
	}
	return nil
}

func (p *pipeline) begin() {
	p.queue(func(results pgx.BatchResults) error {
		_, err := results.Exec()
		return err
	}, "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE", nil)
}

// commit sends what is left, and the commit behind it. A failure is unsure
// unless the server itself has answered.
func (p *pipeline) commit(ctx context.Context) error {
	p.queue(func(results pgx.BatchResults) error {
		tag, err := results.Exec()
		if err == nil && tag.String() != "COMMIT" {
			err = fmt.Errorf("the server answered the commit with %s", tag)
		}
		return err
	}, "COMMIT", nil)
	err := p.now(ctx)
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*pgconn.PgError](err); ok {
		return err
	}
	return &unsure{err}
}

// rollbackTime is how long a connection may take to leave a transaction before
// it is thrown away.
const rollbackTime = time.Second

// rollback leaves the transaction. What was queued is not sent.
func (p *pipeline) rollback(ctx context.Context) {
	if p.conn.IsClosed() || p.conn.PgConn().TxStatus() == 'I' {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), rollbackTime)
	defer cancel()
	if _, err := p.conn.Exec(ctx, "ROLLBACK"); err != nil {
		_ = p.conn.Close(ctx) // the pool sees that it is closed
	}
}
