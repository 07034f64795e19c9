package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"waybill/internal/fault"
	"waybill/internal/store/duckwarehouse"
)

// The files beside the warehouse's.
const (
	oldSuffix = ".old" // the one before the last rebuild
	newSuffix = ".new" // one that is being made
	walSuffix = ".wal" // what one holds that is not in it yet
)

// fresh is where a new file is made.
func (w *warehouse) fresh() string { return w.path + newSuffix }

// exchange puts the new file in the place of the present one, which is kept as
// the old one until the next time. A crash in between leaves one of them there,
// whole: at worst the present one without what stood in its log alone, which is
// shipped again.
func (w *warehouse) exchange(ctx context.Context) error {
	exchanged := fault.New(fault.Unavailable, "the warehouse is being exchanged; try again")
	w.interrupt(exchanged)
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.closeLocked(exchanged); err != nil {
		w.log.LogAttrs(ctx, slog.LevelWarn, "old warehouse was not closed in good order", slog.Any("error", err))
	}
	if err := w.shift(); err != nil {
		return errors.Join(fmt.Errorf("put the new warehouse in its place: %w", err), w.openLocked(ctx))
	}
	return w.openLocked(ctx)
}

// shift renames the files.
func (w *warehouse) shift() error {
	old := w.path + oldSuffix
	err := duckwarehouse.Remove(old)
	if err == nil {
		err = optional(os.Link(w.path, old))
	}
	if err == nil {
		err = optional(os.Rename(w.path+walSuffix, old+walSuffix))
	}
	if err == nil {
		err = duckwarehouse.Replace(w.fresh(), w.path)
	}
	if err == nil {
		err = syncDir(filepath.Dir(w.path))
	}
	return err
}

// optional forgives that there is no such file.
func optional(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// copyInto copies a table's days before a time into another file. Nobody else may
// have the file open meanwhile, so reports wait for as long as that takes.
func (w *warehouse) copyInto(ctx context.Context, into *duckwarehouse.Warehouse, table string, before time.Time, say func(string, ...any)) error {
	days, err := w.days(ctx, table)
	if err != nil || len(days) == 0 || !days[0].Before(before) {
		return err
	}
	if err := w.lend(fault.New(fault.Unavailable, "older days are being copied into a new warehouse; try again later")); err != nil {
		w.log.LogAttrs(ctx, slog.LevelWarn, "old warehouse was not closed in good order", slog.Any("error", err))
	}
	say("Copying the %s from before %s …", pluralOf(table), before.Format(time.DateOnly))
	copying, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	err = into.CopyDays(copying, w.path, table, before, func(string, time.Time, int, int) {
		if err := w.spare(); err != nil {
			stop(err)
		}
	})
	if err != nil && copying.Err() != nil {
		err = context.Cause(copying)
	}
	return errors.Join(err, w.takeBack(context.WithoutCancel(ctx)))
}

// lend closes the file until takeBack, so that somebody else can open it. Whoever
// wants to open it meanwhile is told why: DuckDB's lock does not keep one process
// from opening a file twice.
func (w *warehouse) lend(why error) error {
	w.interrupt(why)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.lent = true
	return w.closeLocked(why)
}

// takeBack opens a file that was lent.
func (w *warehouse) takeBack(ctx context.Context) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.lent = false
	return w.openLocked(ctx)
}
