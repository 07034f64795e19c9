package settle

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"waybill/internal/fault"
	"waybill/internal/signal"
)

// way is how a signal came to be settled, for the log.
type way string

const (
	direct way = "direct"
	sweep  way = "sweep"
	again  way = "again"
)

// away reports whether an error means that settling may succeed later.
func away(err error) bool {
	return fault.Of(err) == fault.Unavailable || errors.Is(err, context.DeadlineExceeded)
}

// held reports whether an error means that the ledger is there, and somebody
// holds what one signal needs of it.
func held(err error) bool { return fault.Of(err) == fault.Limited }

// settle judges one signal and has the verdict written.
func (s *Settler) settle(ctx context.Context, sig signal.Signal, by way) (v signal.Verdict, err error) {
	// A defect that one signal meets must hold up no other, now or after a
	// restart: it is an error like any other, and the signal is put aside.
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("settle signal %s: %v\n%s", sig.ID, p, debug.Stack())
		}
	}()
	began := time.Now()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), deadline)
	defer cancel()
	c, err := s.prepare(ctx, sig, s.now())
	if err != nil {
		return signal.Verdict{}, err
	}
	v, err = s.ledger.Settle(ctx, c)
	if err != nil {
		return signal.Verdict{}, err
	}
	s.logSettled(ctx, &v, by, time.Since(began))
	return v, nil
}

func (s *Settler) logSettled(ctx context.Context, v *signal.Verdict, by way, took time.Duration) {
	s.log.LogAttrs(ctx, slog.LevelInfo, "signal settled",
		slog.String("signal", v.SignalID), slog.String("way", string(by)),
		slog.String("status", string(v.Status)), slog.String("code", string(v.Code)),
		slog.String("conversion", v.ConversionID), slog.String("transaction", v.TransactionID),
		slog.Int64("offer", v.OfferID), slog.Int64("goal", v.GoalID), slog.String("channel", string(v.Channel)),
		slog.Bool("test", v.Test), slog.Duration("took", took))
}
