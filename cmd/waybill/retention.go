package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"log/slog"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/fault"
)

const (
	// retainEvery is how often what is past its time is removed.
	retainEvery = time.Hour
	// stride is how much further each removal may reach than the one before. A
	// clock that has leapt ahead by years takes days to eat up the journal, and
	// somebody notices.
	stride = 48 * time.Hour
	// horizonMark is where the journal keeps how far the last removal reached.
	horizonMark = "retention"
)

// checkRetention refuses to start with a retention that would remove clicks
// which offers still look back to.
func (n *node) checkRetention(c *catalog.Catalog) error {
	for o := range c.Offers() {
		if longest := max(o.ClickWindow, o.ViewWindow); longest > n.settings.Retention {
			return fault.New(fault.Invalid, "--retention %s is shorter than the %s that offer %d looks back: keep clicks longer, or make its window shorter",
				n.settings.Retention, longest, o.ID)
		}
	}
	return nil
}

// retain removes what is past its time, once an hour: clicks and signals by the
// retention, kept answers and attempts by the ledger's own terms.
func (n *node) retain(ctx context.Context) error {
	tick := time.NewTicker(retainEvery)
	defer tick.Stop()
	for {
		if err := n.forget(ctx, time.Now()); err != nil && ctx.Err() == nil {
			n.log.LogAttrs(ctx, slog.LevelError, "old records could not be removed", slog.Any("error", err))
		}
		if err := n.ledger.Tidy(ctx, time.Now()); err != nil && ctx.Err() == nil {
			n.log.LogAttrs(ctx, slog.LevelWarn, "the ledger could not be tidied", slog.Any("error", err))
		}
		if err := n.forgetPeople(ctx, time.Now()); err != nil && ctx.Err() == nil {
			n.log.LogAttrs(ctx, slog.LevelError, "personal data could not be taken out of old records", slog.Any("error", err))
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// forgetPeople takes personal data out of what is older than the settings say.
func (n *node) forgetPeople(ctx context.Context, now time.Time) error {
	p := n.settings.privacy
	if !p.on() {
		return nil
	}
	return n.anonymiseJournal(ctx, p.before(now), p.anonymiser(n.Catalog().Ring()))
}

// forget removes the journal's records that are older than the retention.
func (n *node) forget(ctx context.Context, now time.Time) error {
	before := now.Add(-n.settings.Retention.Duration())
	b, err := n.journal.Mark(ctx, horizonMark)
	if err != nil && fault.Of(err) != fault.NotFound {
		return fmt.Errorf("read how far was removed: %w", err)
	}
	if len(b) == 8 {
		last := time.UnixMilli(int64(binary.BigEndian.Uint64(b))) //nolint:gosec // written below
		if furthest := last.Add(stride); before.After(furthest) {
			before = furthest
		}
	}
	if err := n.journal.Retain(ctx, before); err != nil {
		return err
	}
	return n.journal.SetMark(ctx, horizonMark, binary.BigEndian.AppendUint64(nil, uint64(before.UnixMilli())))
}
