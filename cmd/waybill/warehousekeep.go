package main

import (
	"context"
	"log/slog"
	"time"

	"waybill/internal/fault"
)

// keepEvery is how often the file is looked at, and reopenEvery how often one
// that could not be opened is tried again.
const (
	keepEvery   = time.Second
	reopenEvery = 15 * keepEvery
)

// keep opens the file and looks after it until ctx is done: one that has
// disappeared is made anew, and one that could not be opened is tried again,
// unless it is damaged. What is under way then is interrupted.
func (w *warehouse) keep(ctx context.Context) error {
	if w.settings.off() {
		<-ctx.Done()
		return nil
	}
	if err := w.open(ctx); err != nil && ctx.Err() == nil {
		w.log.LogAttrs(ctx, slog.LevelError, "warehouse cannot be opened; clicks and postbacks go on, reports answer 503", slog.Any("error", err))
	}
	close(w.tried)
	tick := time.NewTicker(keepEvery)
	defer tick.Stop()
	for n := 1; ; n++ {
		select {
		case <-ctx.Done():
			w.interrupt(errStopping)
			return nil
		case <-tick.C:
		}
		if !w.rebuilding.TryLock() {
			continue // who rebuilds opens and closes it
		}
		w.look(ctx, n%int(reopenEvery/keepEvery) == 0)
		w.rebuilding.Unlock()
	}
}

// look looks after the file once.
func (w *warehouse) look(ctx context.Context, again bool) {
	switch why := w.state(); {
	case why == nil && w.lost():
		w.renew(ctx)
	case why != nil && fault.Of(why) != fault.Damaged && again:
		w.tryAgain(ctx)
	}
}

// renew opens what is there in place of a file that was removed while it was
// open, or makes one.
func (w *warehouse) renew(ctx context.Context) {
	closed := w.close(fault.New(fault.Unavailable, "the warehouse's file was removed while it was in use"))
	err := w.open(ctx)
	w.log.LogAttrs(ctx, slog.LevelError, "warehouse's file was removed while it was in use",
		slog.String("path", w.path), slog.Any("closed", closed), slog.Any("opened", err))
	w.renewed()
}

// tryAgain opens a file that could not be opened before.
func (w *warehouse) tryAgain(ctx context.Context) {
	if err := w.open(ctx); err != nil {
		return // it was said when it was tried first, and readiness tells
	}
	w.log.LogAttrs(ctx, slog.LevelWarn, "warehouse is open again", slog.String("path", w.path))
}

// closing is how long an orderly stop waits for the file to be closed. What was
// not moved into it by then stands in its log, which the next start reads.
const closing = 2 * time.Second

// errStopping is what is answered by a node that stops.
var errStopping = fault.New(fault.Unavailable, "the node stops")

// leave closes the file, or leaves it to its log where that takes long.
func (w *warehouse) leave() error {
	closed := make(chan error, 1)
	go func() { closed <- w.close(errStopping) }()
	limit := time.NewTimer(closing)
	defer limit.Stop()
	select {
	case err := <-closed:
		return err
	case <-limit.C:
		w.log.LogAttrs(context.Background(), slog.LevelWarn, "warehouse left at work; the next start reads back its log")
		return nil
	}
}
