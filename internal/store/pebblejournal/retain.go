package pebblejournal

import (
	"context"
	"encoding/binary"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"waybill/internal/txid"
)

// SetMark writes a small value under a name. It returns nil only once the value
// is on disk.
func (j *Journal) SetMark(ctx context.Context, name string, value []byte) error {
	key, value := appendMark(nil, name), append([]byte(nil), value...)
	if err := j.write(ctx, func(b *pebble.Batch) error { return b.Set(key, value, nil) }); err != nil {
		return fmt.Errorf("set mark %s: %w", name, err)
	}
	return nil
}

// Retain deletes what is older than before: all nodes' records of all kinds,
// and the identities' keys. The disk space comes back soon after, in the
// background. It works on a disk that is nearly full, too.
func (j *Journal) Retain(ctx context.Context, before time.Time) error {
	j.changing.Lock()
	defer j.changing.Unlock()
	horizon := tickOf(before)
	ranges, err := j.expired(ctx, horizon)
	if err != nil {
		return fmt.Errorf("find records older than %s: %w", before, err)
	}
	if len(ranges) == 0 {
		return nil
	}
	if err := j.write(ctx, func(b *pebble.Batch) error { return deleteRanges(b, ranges, horizon) }); err != nil {
		return fmt.Errorf("delete records older than %s: %w", before, err)
	}
	raise(&j.horizon, uint64(horizon))
	return j.read(ctx, func(s *store) error {
		_, err := s.db.AsyncFlush() // only flushed range deletions free space
		return err
	})
}

// Horizon gives the time before which records have been deleted, zero when none
// ever were.
func (j *Journal) Horizon() time.Time {
	tick := txid.Tick(j.horizon.Load())
	if tick == 0 {
		return time.Time{}
	}
	return tick.Time()
}

// span is a range of keys, without its end.
type span struct{ from, to []byte }

// raise lifts v to at least n.
func raise(v *atomic.Uint64, n uint64) {
	for old := v.Load(); old < n; old = v.Load() {
		if v.CompareAndSwap(old, n) {
			return
		}
	}
}

func deleteRanges(b *pebble.Batch, ranges []span, horizon txid.Tick) error {
	for _, r := range ranges {
		if err := b.DeleteRange(r.from, r.to, nil); err != nil {
			return err
		}
	}
	return b.Set(noteKey(noteHorizon), binary.BigEndian.AppendUint64(nil, uint64(horizon)), nil)
}

// expired gives the ranges that hold anything below the horizon. Identities
// go a bucket at a time; those of the bucket in which the horizon lies are
// not shown any more, and go with it.
func (j *Journal) expired(ctx context.Context, horizon txid.Tick) ([]span, error) {
	var ranges []span
	if horizon <= txid.Tick(j.horizon.Load()) {
		return nil, nil
	}
	err := j.iterate(ctx, []byte{spaceFirst}, []byte{spaceIdentity + 1}, func(s *store, it *pebble.Iterator) error {
		s.eachNode(it, func(k txid.Kind, node uint16) {
			from := append([]byte(nil), it.Key()...)
			if recordTick(from) < horizon {
				ranges = append(ranges, span{from: from, to: appendPlace(nil, k, node, horizon)})
			}
		})
		if oldest := appendBucket(nil, 0); it.SeekGE(oldest) && identityBucket(it.Key()) < bucketOf(horizon) {
			from := append([]byte(nil), it.Key()...)
			ranges = append(ranges, span{from: from, to: appendBucket(nil, bucketOf(horizon))})
		}
		return nil
	})
	return ranges, err
}

// write has f's changes written with the next commit, and waits for it.
func (j *Journal) write(ctx context.Context, f func(*pebble.Batch) error) error {
	if down := j.down.Load(); down != nil {
		return *down
	}
	e := j.pool.get()
	e.write = f
	return j.submit(ctx, e)
}

// Checkpoint makes a copy of the journal in a folder that does not exist yet,
// as it stands at one moment. Files that do not change any more are linked, if
// the folder is on the same disk.
func (j *Journal) Checkpoint(ctx context.Context, dir string) error {
	if err := j.read(ctx, func(s *store) error { return s.db.Checkpoint(dir) }); err != nil {
		return fmt.Errorf("copy the journal to %s: %w", dir, err)
	}
	return nil
}
