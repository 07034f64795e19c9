package pebblejournal

import (
	"sync/atomic"
	"time"

	"waybill/internal/fault"
)

// counters is what the journal counts while it works.
type counters struct {
	records, bytes, commits                      atomic.Uint64
	refused, failed, late                        atomic.Uint64
	failures, reopens                            atomic.Uint64
	background, corruptions, stalls, spaceErrors atomic.Uint64
	free                                         atomic.Uint64
	appendTime, commitTime, batchSize            counts
}

// Stats says what the journal has done since it was opened, and how it is. All
// but those marked as now only ever rise.
type Stats struct {
	Records uint64 // appended
	Bytes   uint64 // given to the write-ahead log
	Commits uint64 // each one fsync

	Refused uint64 // appends that were not tried: down, disk full, too many waiting, invalid
	Failed  uint64 // appends whose commit failed
	Late    uint64 // appends whose caller did not wait for the end

	Failures         uint64 // stores that broke
	Reopens          uint64 // stores that were opened in their place
	BackgroundErrors uint64 // of flushes and compactions, which are repeated
	Corruptions      uint64 // damaged files met
	Stalls           uint64 // times that writing waited for flushes or compactions
	SpaceErrors      uint64 // times that free space could not be learned

	AppendSeconds Histogram // of appends that succeeded
	CommitSeconds Histogram // from taking entries to the end of their fsync
	CommitEntries Histogram // how many entries a commit had

	Waiting   int    // entries in the queue now
	FreeBytes uint64 // on the disk, now
	DiskBytes uint64 // of the journal, now; 0 while it is down
	ReadAmp   int    // how many files a read has to look into, now
	Winding   int    // broken stores that are not closed yet, now
}

// Stats gives the journal's counters.
func (j *Journal) Stats() Stats {
	c := &j.counters
	st := Stats{
		Records: c.records.Load(), Bytes: c.bytes.Load(), Commits: c.commits.Load(),
		Refused: c.refused.Load(), Failed: c.failed.Load(), Late: c.late.Load(),
		Failures: c.failures.Load(), Reopens: c.reopens.Load(),
		BackgroundErrors: c.background.Load(), Corruptions: c.corruptions.Load(),
		Stalls: c.stalls.Load(), SpaceErrors: c.spaceErrors.Load(),
		AppendSeconds: c.appendTime.read(uint64(firstTime), float64(time.Second)),
		CommitSeconds: c.commitTime.read(uint64(firstTime), float64(time.Second)),
		CommitEntries: c.batchSize.read(firstSize, 1),
		Waiting:       j.queue.len(), FreeBytes: c.free.Load(), Winding: int(j.graves.Load()),
	}
	s := j.current.Load()
	if s == nil || !s.use.TryRLock() {
		return st
	}
	defer s.use.RUnlock()
	m := s.db.Metrics()
	st.DiskBytes, st.ReadAmp = m.DiskSpaceUsage(), m.ReadAmp()
	return st
}

// Health gives nil, or why appends fail now: the store is broken, the disk is
// nearly full, or it does not answer.
func (j *Journal) Health() error {
	if err := j.refusal(); err != nil {
		return err
	}
	s := j.current.Load()
	if s == nil {
		return j.unreadable()
	}
	if cause := s.fence.failure(); cause != nil {
		return j.unwritten(cause)
	}
	if age := s.flight.age(time.Now()); age > j.o.AppendTimeout {
		return fault.New(fault.Unavailable, "the disk has not answered the journal for %s", age.Round(time.Millisecond))
	}
	return nil
}
