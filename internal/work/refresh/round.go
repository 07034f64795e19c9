package refresh

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"waybill/internal/catalog"
)

// round asks the ledger once, and publishes what is new. It reports whether the
// whole catalog was read.
func (w *Worker) round(ctx context.Context) (read bool, err error) {
	before := w.current
	read, err = w.follow(ctx)
	w.heard(ctx, err)
	if err == nil && (read || !time.Now().Before(w.capsAt)) {
		w.fill(ctx)
	}
	if w.current != before {
		w.Publish(w.current)
	}
	if w.unsaved && !time.Now().Before(w.saveAt) {
		w.save(ctx)
	}
	return read, err
}

// follow reads the catalog if it has changed.
func (w *Worker) follow(ctx context.Context) (read bool, err error) {
	asking, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	version, err := w.Ledger.CatalogVersion(asking)
	if err != nil {
		return false, fmt.Errorf("ask for the catalog's version: %w", err)
	}
	if !w.doubtful() && version == w.current.Version() {
		w.agreed.Store(time.Now().UnixNano())
		return false, nil
	}
	if w.failure != nil && version == w.failed && time.Now().Before(w.retryAt) {
		return false, w.failure
	}
	if err := w.read(ctx); err != nil {
		w.failed, w.failure, w.retryAt = version, err, time.Now().Add(pause)
		return true, err
	}
	return true, nil
}

// read reads the catalog, of which it may have the most, and makes it the present
// one.
func (w *Worker) read(ctx context.Context) error {
	began := time.Now()
	reading, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	c, err := w.next(reading)
	if err != nil {
		return err
	}
	w.agreed.Store(time.Now().UnixNano())
	w.current, w.copied, w.unsaved, w.failure = c, false, true, nil
	w.caps = capsOf(c, w.caps.reached)
	w.report(ctx, c, time.Since(began))
	return nil
}

// doubtful reports whether the ledger's version does not tell what was changed since
// the catalog was read. A copy may be of another ledger, or be what another version
// of this program made of it; and a ledger that was away may have been restored from
// a backup, and have got the versions that we hold by other changes.
func (w *Worker) doubtful() bool { return w.current == nil || w.copied || w.away }

// next gives the catalog as the ledger has it now.
func (w *Worker) next(ctx context.Context) (*catalog.Catalog, error) {
	if w.doubtful() {
		source, err := w.Ledger.Source(ctx)
		if err != nil {
			return nil, fmt.Errorf("read the catalog: %w", err)
		}
		if w.current != nil { // the ledger's does not say which caps are used up
			source.CapsReached = w.current.Source().CapsReached
		}
		return catalog.New(source)
	}
	source, err := w.Ledger.SourceSince(ctx, w.current.Source())
	if err != nil {
		return nil, fmt.Errorf("read the catalog: %w", err)
	}
	source.CapsReached = w.current.Source().CapsReached
	return w.current.Next(source)
}

// maxProblems bounds how many broken entities are named in the log.
const maxProblems = 20

func (w *Worker) report(ctx context.Context, c *catalog.Catalog, took time.Duration) {
	problems := c.Problems()
	w.Log.LogAttrs(ctx, slog.LevelInfo, "catalog read",
		slog.Int64("version", c.Version()), slog.Int("offers", len(c.Source().Offers)), slog.Int("links", len(c.Source().Links)),
		slog.Int("problems", len(problems)), slog.Duration("took", took))
	for _, p := range problems[:min(len(problems), maxProblems)] {
		w.Log.LogAttrs(ctx, slog.LevelWarn, "catalog entity is broken",
			slog.String("entity", p.What), slog.Any("error", p.Err))
	}
}

// heard logs when the ledger goes away and when it comes back, and not each
// time that it is asked.
func (w *Worker) heard(ctx context.Context, err error) {
	switch {
	case err != nil && ctx.Err() != nil: // we are leaving, not the ledger
	case err != nil && !w.away:
		w.Log.LogAttrs(ctx, slog.LevelWarn, "catalog cannot be read, the last one stays", slog.Any("error", err))
		w.away = true
	case err == nil && w.away:
		w.Log.LogAttrs(ctx, slog.LevelInfo, "catalog can be read again")
		w.away = false
	}
}
