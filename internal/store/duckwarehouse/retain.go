package duckwarehouse

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"waybill/internal/fact"
)

// Retain drops the days of a table that end before a time.
func (w *Warehouse) Retain(ctx context.Context, table string, before time.Time) error {
	if err := isTable(table); err != nil {
		return err
	}
	err := w.with(ctx, func(c *connection) error {
		if err := w.tidying.take(ctx); err != nil {
			return err
		}
		defer w.tidying.give()
		return w.alone(ctx, func() error { return w.drop(ctx, c, day{table, dayNumber(before)}) })
	})
	if err != nil {
		return fmt.Errorf("drop old days of %s: %w", table, err)
	}
	return nil
}

// drop deletes all days before first. It is run alone.
func (w *Warehouse) drop(ctx context.Context, c *connection, first day) error {
	kept := days{}
	for d, s := range w.days {
		if d.table != first.table || d.number >= first.number {
			kept[d] = s
		}
	}
	if len(kept) == len(w.days) {
		return nil
	}
	var dropped int64
	err := c.transaction(ctx, func() (err error) {
		dropped, err = c.exec(ctx, fmt.Sprintf("DELETE FROM %s WHERE quarter < $1", first.table), first.number*fact.QuartersADay)
		if err != nil {
			return err
		}
		_, err = c.exec(ctx, `DELETE FROM day WHERE tbl = $1 AND day < $2`, first.table, first.number)
		return err
	})
	if err != nil {
		return err
	}
	gone := len(w.days) - len(kept)
	w.days = kept
	w.log.LogAttrs(ctx, slog.LevelInfo, "warehouse days dropped", slog.String("table", first.table),
		slog.String("before", first.time().Format(time.DateOnly)), slog.Int("days", gone), slog.Int64("rows", dropped))
	return reclaim(ctx, c)
}
