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
		if longest := max(o.ClickWindow, o.ViewWindow, o.CustomerWindow); longest > n.settings.Retention {
			return fault.New(fault.Invalid, "--retention %s is shorter than the %s that offer %d looks back: keep clicks longer, or make its window shorter",
				n.settings.Retention, longest, o.ID)
		}
	}
	return nil
}

// retain removes what is past its time, once an hour: clicks and signals by the
// retention, kept answers and attempts by the ledger's own terms, e-mails that
// were forwarded after some days, personal data and the rows of reports by their
// settings.
func (n *node) retain(ctx context.Context) error {
	tick := time.NewTicker(retainEvery)
	defer tick.Stop()
	for {
		n.tidy(ctx, time.Now())
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// tidy does all of it once. What fails is said, and tried again the next time.
func (n *node) tidy(ctx context.Context, now time.Time) {
	steps := []struct {
		do      func(context.Context, time.Time) error
		message string
	}{
		{n.unlessRebuilding(n.forget), "old records could not be removed"},
		{n.unlessRebuilding(n.ledger.Tidy), "the ledger could not be tidied"},
		{n.forgetEmails, "e-mails that were forwarded could not be taken out of old records"},
		{n.forgetPeople, "personal data could not be taken out of old records"},
		{n.forgetReports, "old days could not be removed from the warehouse"},
	}
	for _, step := range steps {
		if err := step.do(ctx, now); err != nil && ctx.Err() == nil {
			n.log.LogAttrs(ctx, slog.LevelError, "a chore failed and is tried again in an hour", slog.String("failed", step.message), slog.Any("error", err))
		}
	}
}

// unlessRebuilding leaves a chore for the next time while the warehouse is made
// anew: what journal and ledger hold is not to change at its old end under a
// rebuild that reads it.
func (in *installation) unlessRebuilding(do func(context.Context, time.Time) error) func(context.Context, time.Time) error {
	return func(ctx context.Context, now time.Time) error {
		if !in.warehouse.dropping.TryLock() {
			return nil
		}
		defer in.warehouse.dropping.Unlock()
		return do(ctx, now)
	}
}

// forget removes the journal's records that are older than the retention.
func (n *node) forget(ctx context.Context, now time.Time) error {
	return n.stepwise(ctx, horizonMark, now.Add(-n.settings.Retention.Duration()), n.journal.Retain)
}

// stepwise has do reach back to a time, at most a stride further than the last
// time, and keeps in the journal how far it reached.
func (in *installation) stepwise(ctx context.Context, mark string, before time.Time, do func(context.Context, time.Time) error) error {
	b, err := in.journal.Mark(ctx, mark)
	if err != nil && fault.Of(err) != fault.NotFound {
		return fmt.Errorf("read how far was removed: %w", err)
	}
	if len(b) == 8 {
		last := time.UnixMilli(int64(binary.BigEndian.Uint64(b))) //nolint:gosec // written below
		if furthest := last.Add(stride); before.After(furthest) {
			before = furthest
		}
	}
	if err := do(ctx, before); err != nil {
		return err
	}
	return in.journal.SetMark(ctx, mark, binary.BigEndian.AppendUint64(nil, uint64(before.UnixMilli())))
}

// forgetPeople takes personal data out of what is older than the settings say,
// in the journal first, so that nothing is shipped anew as it came.
func (n *node) forgetPeople(ctx context.Context, now time.Time) error {
	p := n.settings.privacy
	if !p.on() {
		return nil
	}
	a := p.anonymiser(n.Catalog().Ring())
	if err := n.anonymiseJournal(ctx, p.before(now), a); err != nil || n.warehouse.ready(ctx) != nil {
		return err
	}
	return n.stepwise(ctx, "warehouse/personal/"+string(p.Care), p.before(now), func(ctx context.Context, before time.Time) error {
		if err := n.warehouse.spare(); err != nil {
			return err
		}
		return n.warehouse.use(ctx, func(ctx context.Context, f *openFile) error { return f.Anonymise(ctx, before, a) })
	})
}

// forgetReports drops the warehouse's days that are past their time.
func (n *node) forgetReports(ctx context.Context, now time.Time) error {
	if n.warehouse.ready(ctx) != nil {
		return nil //nolint:nilerr // there is none, or it is said elsewhere why not
	}
	for table, kept := range n.settings.Keep {
		before := now.Add(-kept.Duration()).UTC().Truncate(24 * time.Hour)
		err := n.stepwise(ctx, "warehouse/retention/"+table, before, func(ctx context.Context, before time.Time) error {
			return n.warehouse.use(ctx, func(ctx context.Context, f *openFile) error { return f.Retain(ctx, table, before) })
		})
		if err != nil {
			return err
		}
	}
	return nil
}
