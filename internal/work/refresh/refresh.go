// Package refresh keeps a node's catalog as the ledger has it.
//
// It asks the ledger for the catalog's version several times a second, which is
// cheap, and when that has changed reads what was changed. What it has read it
// publishes, and keeps a copy of on disk: of a large catalog that is written only so
// often that it takes a small part of the disk's time. While the ledger is away the
// last catalog stays in force, and a node that starts meanwhile takes the copy:
// visitors are sent on either way. Once it is back all of the catalog is read.
//
// Caps that fill change no version. They are asked for on their own, and only
// so that visitors are turned away in time: that a cap is never exceeded is the
// ledger's doing.
package refresh

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/settlement"
)

// Ledger is what refresh needs of the ledger.
type Ledger interface {
	CatalogVersion(ctx context.Context) (int64, error)
	// Source reads the whole catalog, and SourceSince what was changed since before
	// was read: the rest of the result is before's.
	Source(ctx context.Context) (catalog.Source, error)
	SourceSince(ctx context.Context, before catalog.Source) (catalog.Source, error)
	// Used gives how much of each cap is used in the period that its counter
	// names.
	Used(ctx context.Context, counters []settlement.Counter) (map[settlement.Counter]int64, error)
}

// The usual pace.
const (
	defaultEvery     = 300 * time.Millisecond
	defaultCapsEvery = time.Second
	// patience bounds what is asked of the ledger: one that hangs is away.
	patience = 5 * time.Second
	// longest bounds the reading of a whole catalog, by a ledger that answers.
	longest = time.Minute
	// courtesy is how long Refresh keeps its caller.
	courtesy = 250 * time.Millisecond
	// pause lies between two attempts to read a catalog that cannot be read.
	pause = 5 * time.Second
	// saveRate is how many bytes of copies are written a second, and saveLatest how
	// long a change waits at most. It goes by size: what is small is there at once,
	// however slow the disk is just now.
	saveRate   = 1 << 20
	saveLatest = time.Minute
)

// Worker keeps the catalog. Its fields are set before it is used and never
// changed.
type Worker struct {
	Ledger  Ledger
	Path    string // of the copy on disk; empty: none is kept
	Log     *slog.Logger
	Publish func(*catalog.Catalog)
	// Every is how often the version is asked for, CapsEvery how often the caps
	// are; zero: as usual.
	Every     time.Duration
	CapsEvery time.Duration

	once sync.Once
	bell chan struct{} // rung by who cannot wait for the next round

	mu      sync.Mutex
	waiting []chan error // for the round that begins next
	agreed  atomic.Int64 // when the catalog was last the ledger's, in Unix nanoseconds

	// What follows is touched by First, and then by Run alone.
	current *catalog.Catalog
	copied  bool // current is the copy from disk
	caps    caps
	capsAt  time.Time // when they are due
	failed  int64     // the version that could not be read
	failure error     // why
	retryAt time.Time // and when to try it again
	unsaved bool      // the copy on disk is older than current
	saveAt  time.Time // when to try to save it again
	away    bool      // the last round failed
}

// First gives the catalog to start with: the ledger's, or while that is away
// the copy on disk. It does not publish it.
func (w *Worker) First(ctx context.Context) (*catalog.Catalog, error) {
	w.agreed.Store(time.Now().UnixNano()) // until the ledger answers, the catalog's age counts from here
	err := w.answers(ctx)
	if err == nil {
		err = w.read(ctx)
	}
	if err == nil {
		w.fill(ctx)
		w.save(ctx)
		return w.current, nil
	}
	c, copyErr := Load(w.Path)
	if copyErr != nil {
		return nil, errors.Join(err, copyErr)
	}
	w.Log.LogAttrs(ctx, slog.LevelWarn, "ledger away, started with the copy of the catalog",
		slog.Int64("version", c.Version()), slog.Any("error", err))
	w.current, w.copied, w.away = c, true, true
	w.caps = capsOf(c, nil)
	return c, nil
}

// answers fails when the ledger is away.
func (w *Worker) answers(ctx context.Context) error {
	asking, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if _, err := w.Ledger.CatalogVersion(asking); err != nil {
		return fmt.Errorf("ask for the catalog's version: %w", err)
	}
	return nil
}

// Age is how long ago the catalog was last known to be the ledger's; since the
// start if it never was.
func (w *Worker) Age() time.Duration {
	at := w.agreed.Load()
	if at == 0 {
		return 0
	}
	return time.Since(time.Unix(0, at))
}

// Run follows the ledger until ctx is done.
func (w *Worker) Run(ctx context.Context) error {
	every := or(w.Every, defaultEvery)
	timer := time.NewTimer(every)
	defer timer.Stop()
	defer func() { w.answer(w.callers(), context.Canceled) }()
	defer w.saveLast(ctx)
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-w.ring():
		case <-timer.C:
		}
		callers := w.callers() // before the round, so that it sees their changes
		began := time.Now()
		read, err := w.round(ctx)
		w.answer(callers, err)
		if read {
			w.rest(ctx, time.Since(began))
		}
		timer.Reset(every)
	}
}

// rest pauses for as long as reading took, but not for long, so that a large
// catalog with many changes takes no more than half of the node's and the ledger's
// time.
func (w *Worker) rest(ctx context.Context, took time.Duration) {
	timer := time.NewTimer(min(took, pause))
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// Nudge has the ledger asked at once. It does not wait.
func (w *Worker) Nudge() {
	select {
	case w.ring() <- struct{}{}:
	default: // it is rung already
	}
}

// Refresh returns when whatever was changed before the call is published, so
// that who changed it meets it everywhere at once. A catalog too large to be
// read in a quarter of a second is published soon after.
func (w *Worker) Refresh(ctx context.Context) error {
	done := make(chan error, 1)
	w.mu.Lock()
	w.waiting = append(w.waiting, done)
	w.mu.Unlock()
	w.Nudge()

	timer := time.NewTimer(courtesy)
	defer timer.Stop()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

func (w *Worker) ring() chan struct{} {
	w.once.Do(func() { w.bell = make(chan struct{}, 1) })
	return w.bell
}

func (w *Worker) callers() []chan error {
	w.mu.Lock()
	defer w.mu.Unlock()
	all := w.waiting
	w.waiting = nil
	return all
}

func (w *Worker) answer(callers []chan error, err error) {
	for _, c := range callers {
		c <- err
	}
}

func or(d, usual time.Duration) time.Duration {
	if d > 0 {
		return d
	}
	return usual
}
