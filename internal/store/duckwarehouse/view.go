package duckwarehouse

import (
	"context"
	"fmt"
	"time"

	"waybill/internal/report"
)

// snapshot is one state of the warehouse, that of the moment its View began.
type snapshot struct {
	c    *connection
	ends context.Context //nolint:containedctx // the View's: whatever is asked in it ends with it
	asOf time.Time
}

// View runs do on one state of all tables. A statement ends when ctx does, or the
// context that it is asked with.
func (w *Warehouse) View(ctx context.Context, do func(report.Reader) error) error {
	return w.with(ctx, func(c *connection) error {
		if _, err := c.exec(ctx, "BEGIN TRANSACTION"); err != nil {
			return fmt.Errorf("begin a view of the warehouse: %w", err)
		}
		defer func() { _, _ = c.exec(context.WithoutCancel(ctx), "ROLLBACK") }() // it changed nothing
		stored, err := positions(ctx, c)                                         // the state is that of the first read
		if err != nil {
			return fmt.Errorf("read the warehouse's positions: %w", err)
		}
		s := &snapshot{c: c, ends: ctx}
		for i, p := range stored {
			if i == 0 || p.Through.Before(s.asOf) {
				s.asOf = p.Through
			}
		}
		return do(s)
	})
}

// AsOf gives until when all that was received is in: the least of all sources'.
// It is zero when nothing was shipped yet.
func (s *snapshot) AsOf() time.Time { return s.asOf }

// Rows runs a statement and hands each row to row, as they come. row must keep
// nothing of it and run no other statement.
func (s *snapshot) Rows(ctx context.Context, st report.Statement, row func(report.Row) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(s.ends, cancel)() //nolint:contextcheck // the view's own end, beside the caller's
	return s.c.query(ctx, row, st.SQL, st.Args...)
}
