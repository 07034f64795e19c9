package duckwarehouse

import (
	"context"
	"fmt"
)

// turn is a lock whose wait ends with a context. Who has waited longest has it
// next: what takes it again and again, for one piece of work at a time, lets
// everybody else in between.
type turn chan struct{}

func newTurn() turn { return make(turn, 1) }

// take waits for the turn. Who has it gives it back.
func (t turn) take(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case t <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait for what else changes the warehouse: %w", ctx.Err())
	}
}

func (t turn) give() { <-t }

// change runs do, which changes what is stored already.
func (w *Warehouse) change(ctx context.Context, do func() error) error {
	if err := w.changing.take(ctx); err != nil {
		return err
	}
	defer w.changing.give()
	return do()
}

// alone runs do, which changes which days there are. No batch is appended
// meanwhile: what is known of the days changes too.
func (w *Warehouse) alone(ctx context.Context, do func() error) error {
	return w.change(ctx, func() error {
		if err := w.appending.take(ctx); err != nil {
			return err
		}
		defer w.appending.give()
		return do()
	})
}
