package pebblejournal

import (
	"fmt"
	"runtime"
	"sync"
	"time"

	"github.com/cockroachdb/pebble/v2"
)

// The most that one commit takes.
const (
	batchEntries = 512
	batchBytes   = 4 << 20
)

// flight is the entries of one commit while it is under way. Whoever takes them
// out decides them: the committer, or, if it never comes back, the keeper.
type flight struct {
	mu      sync.Mutex
	entries []*entry
	since   time.Time
}

func (f *flight) begin(entries []*entry, now time.Time) {
	f.mu.Lock()
	f.entries, f.since = entries, now
	f.mu.Unlock()
}

// land decides what is still in flight.
func (f *flight) land(err error, p *pool) {
	f.mu.Lock()
	entries := f.entries
	f.entries = nil
	f.mu.Unlock()
	for _, e := range entries {
		e.answer(err, p)
	}
	clear(entries)
}

// age says for how long the flight has been under way.
func (f *flight) age(now time.Time) time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.entries == nil {
		return 0
	}
	return now.Sub(f.since)
}

// commit takes entries from the queue and writes them, until the store breaks
// or, after stop, the queue is empty. One goroutine runs it: a second one,
// filling its batch while the first waits for its fsync, makes the batches
// smaller and costs more than it gains.
func (s *store) commit() {
	defer close(s.committed)
	defer func() {
		if r := recover(); r != nil { // a defect of Pebble: its locks are lost
			s.fence.fail(fmt.Errorf("commit: %v", r))
		}
		if cause := s.fence.failure(); cause != nil {
			s.flight.land(s.j.unwritten(cause), &s.j.pool)
		}
	}()
	var spare []*entry
	for {
		entries, ok := s.next(spare[:0])
		if !ok {
			return
		}
		spare = entries
		if len(entries) > 0 && !s.commitOne(entries) {
			return
		}
	}
}

// commitOne writes one batch and reports whether to go on.
func (s *store) commitOne(entries []*entry) bool {
	began := time.Now()
	s.flight.begin(entries, began)
	b, err := s.apply(entries)
	if err == nil {
		err = b.SyncWait()
	}
	// Only an unbroken fence says that the sync was one.
	if cause := s.fence.failure(); cause != nil {
		err = cause
	}
	if err != nil {
		s.fence.fail(fmt.Errorf("commit: %w", err))
		return false
	}
	_ = b.Close() // gives the memory back, and has no error to give

	c := &s.j.counters
	c.commits.Add(1)
	c.commitTime.time(time.Since(began))
	c.batchSize.size(len(entries))
	s.flight.land(nil, &s.j.pool)
	return true
}

// apply fills a batch and gives it to Pebble.
func (s *store) apply(entries []*entry) (*pebble.Batch, error) {
	b := s.db.NewBatch(pebble.WithMaxRetainedSizeBytes(batchBytes))
	for _, e := range entries {
		if err := e.addTo(b); err != nil {
			return nil, fmt.Errorf("fill batch: %w", err)
		}
	}
	s.grown(b.Len())
	return b, s.db.ApplyNoSyncWait(b, pebble.Sync)
}

// next waits for entries. It gives false when it is time to end.
func (s *store) next(dst []*entry) ([]*entry, bool) {
	for {
		if s.fence.failure() != nil {
			return dst, false
		}
		s.gather()
		dst = s.j.queue.take(dst, batchEntries, batchBytes, &s.j.pool)
		if len(dst) > 0 {
			return dst, true
		}
		select {
		case <-s.j.queue.ready:
		case <-s.fence.broken:
		case <-s.stop:
			return dst, len(s.j.queue.ready) > 0
		}
	}
}

// gather lets those callers run who are ready to, as long as more of them come
// to wait. The ones whose records were just committed are among them, so a
// commit serves nearly all callers instead of about half, with half the fsyncs.
// A lone caller does not wait for anybody.
func (s *store) gather() {
	for n, more := 0, s.j.queue.len(); more > n && more < batchEntries; {
		n = more
		runtime.Gosched()
		more = s.j.queue.len()
	}
}

// grown notes that n bytes are about to be written. The disk's free space is
// looked at before much more is.
func (s *store) grown(n int) {
	s.j.counters.bytes.Add(uint64(n)) //nolint:gosec // a length
	if s.unchecked += n; s.unchecked > spaceStep {
		s.unchecked = 0
		s.j.checkSpace()
	}
}
