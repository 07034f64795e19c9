package refresh_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/fault"
	"waybill/internal/settlement"
	"waybill/internal/txid"
	"waybill/internal/work/refresh"
)

// ledger is a ledger whose catalog a test changes.
type ledger struct {
	mu     sync.Mutex
	source catalog.Source
	used   map[settlement.Counter]int64
	slow   time.Duration // how long reading the source takes

	versionErr, sourceErr, usedErr error

	reads int                    // of the source
	asked [][]settlement.Counter // of Used, call by call
}

func newLedger() *ledger {
	return &ledger{source: catalog.Source{Version: 1, Ring: []txid.Key{{Number: 1, Secret: [32]byte{1}}}}}
}

// change changes the ledger while nobody reads it.
func (l *ledger) change(do func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	do()
}

func (l *ledger) CatalogVersion(context.Context) (int64, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.source.Version, l.versionErr
}

func (l *ledger) Source(ctx context.Context) (catalog.Source, error) {
	l.mu.Lock()
	l.reads++
	s, err, slow := l.source, l.sourceErr, l.slow
	l.mu.Unlock()
	if slow > 0 {
		select {
		case <-ctx.Done():
			return catalog.Source{}, ctx.Err()
		case <-time.After(slow):
		}
	}
	return s, err
}

// SourceSince keeps the settings that were read before: in this ledger all else may
// have been changed since.
func (l *ledger) SourceSince(ctx context.Context, before catalog.Source) (catalog.Source, error) {
	s, err := l.Source(ctx)
	s.Settings = before.Settings
	return s, err
}

func (l *ledger) Used(_ context.Context, counters []settlement.Counter) (map[settlement.Counter]int64, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.asked = append(l.asked, counters)
	if l.usedErr != nil {
		return nil, l.usedErr
	}
	used := make(map[settlement.Counter]int64)
	for _, c := range counters {
		used[c] = l.used[c]
	}
	return used, nil
}

// bench is a worker with all that a test wants to see of it.
type bench struct {
	*refresh.Worker
	ledger *ledger
	log    bytes.Buffer

	mu        sync.Mutex
	published []*catalog.Catalog
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{ledger: newLedger()}
	b.Worker = &refresh.Worker{
		Ledger: b.ledger, Path: filepath.Join(t.TempDir(), "catalog"),
		Log: slog.New(slog.NewTextHandler(&b.log, nil)),
		Publish: func(c *catalog.Catalog) {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.published = append(b.published, c)
		},
	}
	return b
}

// run runs the worker until the test's part is over.
func (b *bench) run(t *testing.T, part func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- b.Run(ctx) }()
	part()
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("Run() = %v, want the end of its context", err)
	}
}

// latest gives the version that was published last, and how many were.
func (b *bench) latest() (version int64, times int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.published) == 0 {
		return 0, 0
	}
	return b.published[len(b.published)-1].Version(), len(b.published)
}

func (b *bench) wantPublished(t *testing.T, version int64, times int) {
	t.Helper()
	if v, n := b.latest(); v != version || n != times {
		t.Errorf("published version %d, %d times in all; want version %d, %d times", v, n, version, times)
	}
}

// pass lets time go by, and everything that is due happen.
func pass(d time.Duration) {
	time.Sleep(d) //nolint:forbidigo // the bubble's clock, which does not wait
	synctest.Wait()
}

func first(t *testing.T, b *bench) *catalog.Catalog {
	t.Helper()
	c, err := b.First(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestFirstTakesTheLedgers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		if c := first(t, b); c.Version() != 1 {
			t.Errorf("First() = version %d, want 1", c.Version())
		}
		b.wantPublished(t, 0, 0)
		info, err := os.Stat(b.Path)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("the copy has the mode %v, %v; want 0600", info.Mode(), err)
		}
		entries, err := os.ReadDir(filepath.Dir(b.Path))
		if err != nil || len(entries) != 1 {
			t.Errorf("beside the copy lie %v, %v; want nothing", entries, err)
		}
		if c, err := refresh.Load(b.Path); err != nil || c.Version() != 1 {
			t.Errorf("Load() = %v, %v; want version 1", c, err)
		}
	})
}

func TestFirstTakesTheCopyWhileTheLedgerIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		before := newBench(t)
		first(t, before)
		b := newBench(t)
		b.Path = before.Path
		b.ledger.sourceErr = fault.New(fault.Unavailable, "away")
		b.ledger.versionErr = b.ledger.sourceErr
		if c := first(t, b); c.Version() != 1 {
			t.Errorf("First() = version %d, want the copy's", c.Version())
		}
		b.run(t, func() {
			pass(time.Minute)
			if got := b.Age(); got < time.Minute {
				t.Errorf("Age() = %s, want a minute", got)
			}
			b.wantPublished(t, 0, 0)
			b.ledger.change(func() { // another ledger may have the same version
				b.ledger.sourceErr, b.ledger.versionErr = nil, nil
			})
			pass(300 * time.Millisecond)
			b.wantPublished(t, 1, 1)
			if got := b.Age(); got > time.Second {
				t.Errorf("Age() = %s once the ledger is back, want next to nothing", got)
			}
		})
		if got := strings.Count(b.log.String(), "catalog can be read again"); got != 1 {
			t.Errorf("the log says %d times that the ledger is back, want once:\n%s", got, &b.log)
		}
	})
}

func TestFirstWithNeitherFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.ledger.sourceErr = fault.New(fault.Unavailable, "away")
		c, err := b.First(t.Context())
		if c != nil || fault.Of(err) != fault.Unavailable || !errors.Is(err, os.ErrNotExist) {
			t.Errorf("First() = %v, %v; want both errors", c, err)
		}
	})
}

func TestFirstDoesNotTrustATornCopy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		first(t, b)
		text, err := os.ReadFile(b.Path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(b.Path, text[:len(text)-10], 0o600); err != nil {
			t.Fatal(err)
		}
		b.ledger.sourceErr = fault.New(fault.Unavailable, "away")
		if c, err := b.First(t.Context()); err == nil {
			t.Errorf("First() = %v, want an error", c)
		}
	})
}

func TestRunPublishesChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		first(t, b)
		b.run(t, func() {
			pass(10 * time.Second)
			b.wantPublished(t, 0, 0)
			b.ledger.change(func() { b.ledger.source.Version = 2 })
			pass(300 * time.Millisecond)
			b.wantPublished(t, 2, 1)
			pass(10 * time.Second)
			b.wantPublished(t, 2, 1)
			b.ledger.change(func() { b.ledger.source.Version = 1 }) // an older backup was restored
			pass(300 * time.Millisecond)
			b.wantPublished(t, 1, 2)
		})
		if b.ledger.reads != 3 {
			t.Errorf("the catalog was read %d times, want 3", b.ledger.reads)
		}
		if c, err := refresh.Load(b.Path); err != nil || c.Version() != 1 {
			t.Errorf("Load() = %v, %v; want the last version", c, err)
		}
	})
}

func TestRunKeepsTheLastWhileTheLedgerIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		first(t, b)
		b.run(t, func() {
			b.ledger.change(func() { b.ledger.versionErr = fault.New(fault.Unavailable, "away") })
			pass(time.Minute)
			b.ledger.change(func() { b.ledger.versionErr, b.ledger.source.Version = nil, 5 })
			pass(300 * time.Millisecond)
			b.wantPublished(t, 5, 1)
		})
		for _, line := range []string{"the last one stays", "can be read again"} {
			if got := strings.Count(b.log.String(), line); got != 1 {
				t.Errorf("the log says %d times %q, want once:\n%s", got, line, &b.log)
			}
		}
	})
}

func TestALedgerThatWasAwayIsReadWhole(t *testing.T) {
	restored := "https://restored.example/"
	tests := []struct {
		name    string
		version int64
		fails   func(*ledger) *error
	}{
		{name: "with a later version", version: 5, fails: func(l *ledger) *error { return &l.versionErr }},
		{name: "with the same version", version: 1, fails: func(l *ledger) *error { return &l.versionErr }},
		{name: "when only reading failed", version: 5, fails: func(l *ledger) *error { return &l.sourceErr }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t)
				first(t, b)
				b.run(t, func() {
					b.ledger.change(func() {
						b.ledger.source.Version = 2
						*tt.fails(b.ledger) = fault.New(fault.Unavailable, "away")
					})
					pass(time.Minute)
					b.ledger.change(func() {
						*tt.fails(b.ledger) = nil
						b.ledger.source.Version, b.ledger.source.Settings.FallbackURL = tt.version, restored
					})
					pass(300 * time.Millisecond)
					b.wantPublished(t, tt.version, 1)
					for _, c := range b.published {
						if got := c.Source().Settings.FallbackURL; got != restored {
							t.Errorf("the catalog falls back to %q, want the restored ledger's %q", got, restored)
						}
					}
					reads := b.ledger.reads
					pass(time.Minute)
					if b.ledger.reads != reads {
						t.Errorf("it was read %d times more, want once", b.ledger.reads-reads)
					}
				})
			})
		})
	}
}

func TestRunDoesNotHammerABrokenCatalog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		first(t, b)
		b.run(t, func() {
			b.ledger.change(func() { b.ledger.source.Version, b.ledger.source.Ring = 2, nil })
			pass(time.Minute)
			b.wantPublished(t, 0, 0)
			if got := b.Age(); got < 59*time.Second {
				t.Errorf("Age() = %s, want about a minute", got)
			}
			if err := b.Refresh(t.Context()); err == nil {
				t.Error("Refresh() = nil, want why the catalog cannot be read")
			}
			b.ledger.change(func() { b.ledger.source = newLedger().source; b.ledger.source.Version = 3 })
			pass(300 * time.Millisecond)
			b.wantPublished(t, 3, 1)
		})
		if b.ledger.reads < 10 || b.ledger.reads > 15 {
			t.Errorf("the broken catalog was read %d times in a minute, want about 12", b.ledger.reads)
		}
		if got := strings.Count(b.log.String(), "the last one stays"); got != 1 {
			t.Errorf("the log tells of it %d times, want once:\n%s", got, &b.log)
		}
	})
}

func TestProblemsAreLogged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.ledger.source.Settings.FallbackURL = "nonsense"
		first(t, b)
		if !strings.Contains(b.log.String(), `entity="settings fallback_url"`) {
			t.Errorf("the log does not name what is broken:\n%s", &b.log)
		}
	})
}

func TestRefreshWaitsForTheChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		first(t, b)
		b.run(t, func() {
			synctest.Wait()
			began := time.Now()
			for version := int64(2); version < 10; version++ {
				b.ledger.change(func() { b.ledger.source.Version = version })
				if err := b.Refresh(t.Context()); err != nil {
					t.Errorf("Refresh() = %v", err)
				}
				b.wantPublished(t, version, int(version)-1)
			}
			if took := time.Since(began); took != 0 {
				t.Errorf("the changes took %s, want them at once", took)
			}
		})
	})
}

func TestRefreshOfALargeCatalogDoesNotKeepItsCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		first(t, b)
		b.run(t, func() {
			synctest.Wait()
			b.ledger.change(func() { b.ledger.source.Version, b.ledger.slow = 2, 2*time.Second })
			began := time.Now()
			if err := b.Refresh(t.Context()); err != nil || time.Since(began) != 250*time.Millisecond {
				t.Errorf("Refresh() = %v after %s; want nil after 250ms", err, time.Since(began))
			}
			b.wantPublished(t, 0, 0)
			b.ledger.change(func() { b.ledger.source.Version = 3 })
			b.Nudge()
			pass(2 * time.Second)
			b.wantPublished(t, 2, 1)
			pass(3 * time.Second) // it rests as long as it has read
			b.wantPublished(t, 2, 1)
			pass(time.Second)
			b.wantPublished(t, 3, 2)
		})
	})
}

func TestRefreshEndsWithItsCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := b.Refresh(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("Refresh() = %v, want the end of its context", err)
		}
	})
}

func TestNudgeDoesNotWaitForTheRound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.Every = time.Hour
		first(t, b)
		b.run(t, func() {
			b.ledger.change(func() { b.ledger.source.Version = 2 })
			pass(time.Minute)
			b.wantPublished(t, 0, 0)
			b.Nudge()
			b.Nudge()
			synctest.Wait()
			b.wantPublished(t, 2, 1)
		})
	})
}

func TestAHangingLedgerIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		first(t, b)
		b.run(t, func() {
			b.ledger.change(func() { b.ledger.source.Version, b.ledger.slow = 2, time.Hour })
			pass(time.Minute + time.Second)
			if !strings.Contains(b.log.String(), "the last one stays") {
				t.Errorf("the log does not tell of it:\n%s", &b.log)
			}
			b.ledger.change(func() { b.ledger.slow = 0 })
			pass(15 * time.Second)
			b.wantPublished(t, 2, 1)
		})
	})
}

func TestACopyThatCannotBeWrittenIsTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		folder := filepath.Join(t.TempDir(), "later")
		b.Path = filepath.Join(folder, "catalog")
		if c := first(t, b); c.Version() != 1 {
			t.Errorf("First() = version %d, want 1 all the same", c.Version())
		}
		b.run(t, func() {
			pass(time.Second)
			if err := os.Mkdir(folder, 0o700); err != nil {
				t.Fatal(err)
			}
			pass(10 * time.Second)
		})
		if c, err := refresh.Load(b.Path); err != nil || c.Version() != 1 {
			t.Errorf("Load() = %v, %v; want the copy, written later", c, err)
		}
		if got := strings.Count(b.log.String(), "copy of the catalog cannot be written"); got != 1 {
			t.Errorf("the log tells of it %d times, want once:\n%s", got, &b.log)
		}
	})
}

func TestWithoutAPathNoCopyIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.Path = ""
		first(t, b)
		b.ledger.sourceErr = fault.New(fault.Unavailable, "away")
		if _, err := b.First(t.Context()); fault.Of(err) != fault.Unavailable {
			t.Errorf("First() = %v, want that the ledger is away", err)
		}
		if strings.Contains(b.log.String(), "cannot be written") {
			t.Errorf("a copy was tried to be written:\n%s", &b.log)
		}
	})
}

func TestANodeThatStopsLeavesACopy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		folder := filepath.Join(t.TempDir(), "later")
		b.Path = filepath.Join(folder, "catalog")
		first(t, b)
		b.run(t, func() {
			if err := os.Mkdir(folder, 0o700); err != nil {
				t.Fatal(err)
			}
			pass(time.Second) // less than a pause
			if _, err := refresh.Load(b.Path); err == nil {
				t.Error("the copy was written before its time")
			}
		})
		if c, err := refresh.Load(b.Path); err != nil || c.Version() != 1 {
			t.Errorf("a node that stops leaves the copy %v (%v), want version 1", c, err)
		}
	})
}
