package pebblejournal

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/sstable/block"
)

// Sizes of memory. Memtables count against the cache, so what is left of it
// for blocks is the cache less two or three memtables.
const (
	memTableSize = 64 << 20
	cacheSize    = 160 << 20
	// Blocks of 32 KiB are a sixth smaller on disk than such of 8 KiB, and
	// cost a point read little.
	blockSize = 32 << 10
)

// pebbleOptions gives how a store is opened behind a fence.
func (j *Journal) pebbleOptions(f *fence) *pebble.Options {
	o := &pebble.Options{
		FS:                          f,
		Cache:                       j.cache,
		Comparer:                    pebble.DefaultComparer,
		FormatMajorVersion:          pebble.FormatNewest,
		Logger:                      &pebbleLog{log: j.log, fence: f},
		EventListener:               j.events(f),
		MemTableSize:                j.o.MemTableSize,
		MemTableStopWritesThreshold: 3,
		L0CompactionThreshold:       4,
		L0StopWritesThreshold:       24,
		CompactionConcurrencyRange:  func() (int, int) { return 1, 2 },
		MaxOpenFiles:                1000,
	}
	// Records come in the order of their keys, so most are written once and
	// then only moved from level to level: what the flush does not compress
	// stays so. Zstd makes a third less of them than MinLZ, for 1 µs each.
	o.ApplyCompressionSettings(func() pebble.DBCompressionSettings {
		return pebble.UniformDBCompressionSettings(block.BalancedCompression)
	})
	for i := range o.Levels {
		o.Levels[i].BlockSize = blockSize
	}
	return o
}

// events counts what goes on inside Pebble.
func (j *Journal) events(f *fence) *pebble.EventListener {
	return &pebble.EventListener{
		BackgroundError: func(err error) {
			j.counters.background.Add(1)
			if f.failure() == nil && !errors.Is(err, pebble.ErrCancelledCompaction) {
				j.log.LogAttrs(context.Background(), slog.LevelWarn, "journal's background work failed",
					slog.Any("error", err))
			}
		},
		DataCorruption: func(info pebble.DataCorruptionInfo) {
			j.counters.corruptions.Add(1)
			j.log.LogAttrs(context.Background(), slog.LevelError, "journal file damaged",
				slog.String("path", info.Path), slog.Any("error", info.Details))
		},
		WriteStallBegin: func(pebble.WriteStallBeginInfo) { j.counters.stalls.Add(1) },
	}
}

// pebbleLog is what Pebble logs to.
type pebbleLog struct {
	log   *slog.Logger
	fence *fence
}

// Infof passes Pebble's chatter on to those who debug.
func (l *pebbleLog) Infof(format string, args ...any) { l.print(slog.LevelDebug, format, args) }

// Errorf passes on what Pebble could not do and bears.
func (l *pebbleLog) Errorf(format string, args ...any) { l.print(slog.LevelWarn, format, args) }

// Fatalf breaks the fence and holds its goroutine for good: Pebble does not
// expect to go on, and its locks are as they are. No failure of the disk leads
// here, only a defect.
func (l *pebbleLog) Fatalf(format string, args ...any) {
	l.print(slog.LevelError, format, args)
	l.fence.fail(fmt.Errorf("pebble: "+format, args...))
	select {}
}

func (l *pebbleLog) print(level slog.Level, format string, args []any) {
	ctx := context.Background()
	if l.log.Enabled(ctx, level) {
		l.log.LogAttrs(ctx, level, "pebble", slog.String("text", fmt.Sprintf(format, args...)))
	}
}
