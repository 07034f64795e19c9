package pebblejournal

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"waybill/internal/fault"
)

const (
	// tick is how often free space is looked at, and the least time between
	// two openings of the store.
	tick = time.Second
	// takeover is how long the keeper of a broken store waits for its
	// committer before it answers the callers itself.
	takeover = 200 * time.Millisecond
	// maxGraves is how many broken stores may be winding down before none is
	// opened any more: each holds its memory.
	maxGraves = 3
	// closing is how long Close waits for the disk and for what Pebble has begun.
	closing = 3 * time.Second
	// spaceStep is how much is written before free space is looked at again.
	spaceStep = 16 << 20
)

// errShut breaks the fence of a store that is in order.
var errShut = errors.New("the store has been shut")

// keep watches over the store: it serves from one until it breaks, then opens
// the next, until the journal is closed. One goroutine runs it, so there is
// never more than one try at a time.
func (j *Journal) keep(s *store) {
	defer close(j.kept)
	for opened := time.Now(); s != nil; opened = time.Now() {
		if !j.serve(s) {
			j.shutErr = j.shut(s)
			return
		}
		j.lose(s)
		if s = j.reopen(s.fence, opened); s != nil {
			j.use(s)
		}
	}
}

// use puts a store into use: appends are let in, unless the journal has been
// closed meanwhile.
func (j *Journal) use(s *store) {
	go s.commit()
	j.current.Store(s)
	j.down.Store(nil)
	select {
	case <-j.stop:
		j.down.Store(&j.closed)
	default:
	}
}

// serve returns true when the store has broken, false when it is time to end.
func (j *Journal) serve(s *store) bool {
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	for {
		select {
		case <-s.fence.broken:
			return true
		case <-j.stop:
			return false
		case <-ticker.C:
			j.checkSpace()
		}
	}
}

// lose takes a broken store out of use. Whoever waits is answered.
func (j *Journal) lose(s *store) {
	cause := s.fence.failure()
	refusal := j.unwritten(cause)
	j.down.Store(&refusal)
	j.current.Store(nil)
	j.counters.failures.Add(1)
	j.log.LogAttrs(context.Background(), slog.LevelError, "journal store failed", slog.Any("error", cause))
	if !s.finish(takeover) {
		s.flight.land(refusal, &j.pool)
	}
	j.refuseWaiting(refusal)
	j.bury(s)
}

// reopen opens the folder again, as often as it takes, and gives nil when it
// is time to end. The broken store must have no write under way any more.
func (j *Journal) reopen(broken *fence, opened time.Time) *store {
	wait := time.NewTimer(max(0, tick-time.Since(opened)))
	defer wait.Stop()
	for {
		select {
		case <-j.stop:
			return nil
		case <-wait.C:
		}
		s, err := j.tryOpen(broken)
		if err == nil {
			j.counters.reopens.Add(1)
			j.log.LogAttrs(context.Background(), slog.LevelInfo, "journal store reopened")
			return s
		}
		refusal := j.unwritten(err)
		j.down.Store(&refusal)
		j.refuseWaiting(refusal)
		j.log.LogAttrs(context.Background(), slog.LevelError, "journal store cannot be reopened",
			slog.Any("error", err))
		wait.Reset(tick)
	}
}

func (j *Journal) tryOpen(broken *fence) (*store, error) {
	if !broken.quiet() {
		return nil, errors.New("the disk has not answered yet")
	}
	if j.graves.Load() >= maxGraves {
		return nil, errors.New("too many broken stores have not been closed")
	}
	return j.openStore()
}

// refuseWaiting answers everybody who waits in the queue.
func (j *Journal) refuseWaiting(refusal error) {
	for _, e := range j.queue.take(nil, maxWaiting, maxWaitingBytes*2, &j.pool) {
		e.answer(refusal, &j.pool)
	}
}

// shut ends a healthy store: what waits is written, and memory is flushed, so
// that the next start has nothing to replay. Then the fence is broken: closing
// would wait for compactions, and cutting them off is no worse than a crash.
func (j *Journal) shut(s *store) error {
	drained := s.finish(closing / 2)
	j.current.Store(nil)
	if !drained {
		err := errors.New("closed while the disk did not answer")
		s.fence.fail(err)
		j.bury(s)
		return err
	}
	if err := s.db.Flush(); err != nil {
		s.fence.fail(fmt.Errorf("flush: %w", err))
	}
	s.fence.fail(errShut)
	if err := s.close(); err != nil {
		return err
	}
	if cause := s.fence.failure(); !errors.Is(cause, errShut) {
		return cause
	}
	return nil
}

// unwritten makes the fault for records that cannot be written now.
func (j *Journal) unwritten(cause error) error {
	return fault.Because(cause, fault.Unavailable, "the journal cannot write now; try again")
}

// checkSpace stops and resumes appends by the disk's free space.
func (j *Journal) checkSpace() {
	usage, err := j.fs.GetDiskUsage(j.dir)
	if err != nil {
		if !errors.Is(err, vfs.ErrUnsupported) {
			j.counters.spaceErrors.Add(1)
		}
		return
	}
	j.counters.free.Store(usage.AvailBytes)
	floor := j.o.FreeFloor
	if floor == 0 {
		floor = max(defaultFloor, usage.TotalBytes/100)
	}
	if usage.AvailBytes >= floor {
		if j.full.Swap(nil) != nil {
			j.log.LogAttrs(context.Background(), slog.LevelInfo, "journal has disk space again",
				slog.Uint64("free_bytes", usage.AvailBytes))
		}
		return
	}
	refusal := fault.New(fault.Unavailable, "disk nearly full: %d MiB free, the journal needs %d",
		usage.AvailBytes>>20, floor>>20)
	if j.full.Swap(&refusal) == nil {
		j.log.LogAttrs(context.Background(), slog.LevelError, "journal stops: disk nearly full",
			slog.Uint64("free_bytes", usage.AvailBytes), slog.Uint64("floor_bytes", floor))
	}
}
