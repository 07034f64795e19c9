// Package pay works off payouts that are written down.
//
// Each conversion that a payout covers is paid by a signal of its own, which is
// written to the journal and judged like any other. The payout is gone through by
// the conversions' IDs, a piece at a time, and how far it is stands in the
// ledger; so whoever takes it up after a crash, here or on another node, goes on
// where it was, and a conversion that is met twice is paid once. Payouts take
// turns, piece by piece.
//
// When the ledger or the journal is away, a piece is left undone and taken up
// again. A conversion that is refused, because it was rejected meanwhile, is
// passed over. Behind the last one the payout is finished.
package pay

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"waybill/internal/conversion"
	"waybill/internal/fault"
	"waybill/internal/payout"
	"waybill/internal/signal"
)

const (
	piece   = 256             // conversions that are paid before it is noted how far a payout is
	abreast = 16              // of them at once
	lease   = 5 * time.Second // how long a piece may take before somebody else takes it up
	rest    = 2 * time.Second // how often it is looked whether there is anything to do
)

// Ledger is where payouts stand.
type Ledger interface {
	// ClaimPayout gives the payout whose turn it is until a time, and how far it
	// is; nil where there is none.
	ClaimPayout(ctx context.Context, now, until time.Time) (p *payout.Payout, through string, err error)
	// ToBePaid gives the conversions behind one that a payout covers.
	ToBePaid(ctx context.Context, p *payout.Payout, after string, limit int) ([]conversion.Conversion, error)
	// AdvancePayout notes how far a payout is, and lets it go at a time.
	AdvancePayout(ctx context.Context, id int64, from, through string, at time.Time) error
	FinishPayout(ctx context.Context, id int64, now time.Time) (payout.Payout, error)
}

// Worker works payouts off. It is safe for concurrent use.
type Worker struct {
	ledger Ledger
	pay    func(ctx context.Context, c *conversion.Conversion, payoutID int64) signal.Verdict
	now    func() time.Time
	log    *slog.Logger
	wake   chan struct{}
}

// New makes a worker. pay writes down that a payout pays a conversion, and gives
// the verdict on that.
func New(l Ledger, pay func(context.Context, *conversion.Conversion, int64) signal.Verdict, now func() time.Time, log *slog.Logger) *Worker {
	return &Worker{ledger: l, pay: pay, now: now, log: log, wake: make(chan struct{}, 1)}
}

// Nudge has the worker look at once.
func (w *Worker) Nudge() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// Run works off what there is and what comes, until ctx is done.
func (w *Worker) Run(ctx context.Context) error {
	look := time.NewTicker(rest)
	defer look.Stop()
	for {
		if err := w.WorkOff(ctx); err != nil && ctx.Err() == nil {
			level := slog.LevelError
			if later(err) {
				level = slog.LevelWarn
			}
			w.log.LogAttrs(ctx, level, "payout put off", slog.Any("error", err))
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-look.C:
		case <-w.wake:
		}
	}
}

// WorkOff works off all that nobody else is at, and returns when nothing is left
// or something is in the way.
func (w *Worker) WorkOff(ctx context.Context) error {
	for {
		more, err := w.step(ctx)
		if err != nil || !more {
			return err
		}
	}
}

// step works off a piece of one payout, and reports whether there was any.
func (w *Worker) step(ctx context.Context) (bool, error) {
	now := w.now()
	p, through, err := w.ledger.ClaimPayout(ctx, now, now.Add(lease))
	if err != nil || p == nil {
		return false, err
	}
	all, err := w.ledger.ToBePaid(ctx, p, through, piece)
	if err != nil {
		return false, err
	}
	if len(all) == 0 {
		done, err := w.ledger.FinishPayout(ctx, p.ID, w.now())
		if err == nil {
			w.log.LogAttrs(ctx, slog.LevelInfo, "payout booked",
				slog.Int64("payout", done.ID), slog.Int64("affiliate", done.AffiliateID), slog.String("amount", done.Amount.String()),
				slog.Int64("conversions", done.Conversions), slog.Int64("adjustments", done.Adjustments))
		}
		return true, err
	}
	if err := w.payAll(ctx, p.ID, all); err != nil {
		return false, fmt.Errorf("pay conversions of payout %d: %w", p.ID, err)
	}
	return true, w.ledger.AdvancePayout(ctx, p.ID, through, all[len(all)-1].ID, w.now())
}

// payAll pays conversions side by side. It is an error where one is not judged:
// nothing is begun behind it.
func (w *Worker) payAll(ctx context.Context, id int64, all []conversion.Conversion) error {
	var next atomic.Int64
	var wg sync.WaitGroup
	errs := make([]error, abreast)
	var stop atomic.Bool
	for lane := range abreast {
		wg.Go(func() {
			for !stop.Load() {
				i := int(next.Add(1)) - 1
				if i >= len(all) {
					return
				}
				if errs[lane] = w.one(ctx, id, &all[i]); errs[lane] != nil {
					stop.Store(true)
				}
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

func (w *Worker) one(ctx context.Context, id int64, c *conversion.Conversion) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	switch v := w.pay(ctx, c, id); v.Status {
	case signal.Updated, signal.Duplicate:
		return nil
	case signal.Rejected: // and so it is not in the payout
		if v.Code == signal.Unavailable || v.Code == signal.RateLimited {
			return fault.New(fault.Unavailable, "conversion %s: %s", c.ID, v.Message)
		}
		w.log.LogAttrs(ctx, slog.LevelInfo, "conversion left out of a payout",
			slog.Int64("payout", id), slog.String("conversion", c.ID), slog.String("signal", v.SignalID), slog.String("rule", v.Rule))
		return nil
	default:
		return fault.New(fault.Unavailable, "conversion %s is not judged yet: %s", c.ID, v.Message)
	}
}

// later reports whether an error may well be over when it is tried again.
func later(err error) bool {
	k := fault.Of(err)
	return k == fault.Unavailable || k == fault.Limited || k == fault.Stale
}
