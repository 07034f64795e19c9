// Package pebblejournal keeps what came in, as it came: clicks, impressions
// and signals, and the keys that lead from an identity to them. It is
// append-only, and the truth that all else is derived from. Pebble is the
// engine; a node has one journal, on its own disk.
//
// # What always holds
//
// Append returns nil only once the record is on disk, fsynced. Records leave by
// age alone, with Retain, and are changed only to take out what must not be kept
// any longer, with Rewrite. Each ticket handed to Append is done when its fate is
// decided, so the mint's Low passes it. The process never ends, hangs or panics
// because the disk fails, and no fsync is repeated on a file on which one has
// failed.
//
// # Commit
//
// Callers copy their record into an entry and queue it. One committer takes
// what waits, writes it as one Pebble batch, waits for one fsync and answers
// everybody. A caller waits for 500 ms at most. One who leaves before the
// commit has begun takes the entry along; later, the record may still be found.
//
// # Failure
//
// Pebble answers a failed write of its log or manifest by ending the process,
// partly in ways that no recover catches, and repeats a failed flush without
// end. So it never meets one: all its files stand behind a fence (see there)
// that drops every change from the first failed one on, and reports it as done.
// The committer looks at the fence after each fsync and before it answers.
//
// The keeper, one goroutine, then answers who waits, opens the folder again
// beside the broken store, about once a second until that works, and goes on.
// Meanwhile appends and reads fail at once. The broken store is closed when its
// readers have left; should a defect of Pebble keep it from closing, it is left
// behind, up to three of them. When free space falls below the floor, appends
// are refused before the disk is full; reads, marks and Retain work on.
//
// # Reading
//
// Pebble shows a record from the moment it is in memory, before its fsync. Scan
// is exact all the same: callers ask up to the mint's Low, below which all is
// decided, and nothing read from a broken store is passed on. Get and Identity
// may show a record whose fsync is under way and which a power loss would still
// undo. That is harmless: whoever acts on it appends to the same log, behind
// it, so what it leads to is durable only if it is; and a conversion keeps a
// copy of the click that earned it.
package pebblejournal

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"waybill/internal/fault"
)

// Options are a journal's settings. The zero value of each is its default.
type Options struct {
	FreeFloor     uint64        // bytes of free disk below which appends are refused; 256 MiB, or 1% of the disk if more
	AppendTimeout time.Duration // how long an append waits for the disk; 500 ms
	MemTableSize  uint64        // bytes collected in memory before they become a file; 64 MiB
	FS            vfs.FS        // the disk
	Log           *slog.Logger  // nothing is logged
}

const (
	defaultFloor   = 256 << 20
	defaultTimeout = 500 * time.Millisecond
)

// Journal is an open journal. It may be used from many goroutines.
type Journal struct {
	dir   string
	o     Options
	fs    vfs.FS
	log   *slog.Logger
	lock  io.Closer
	cache *pebble.Cache

	current atomic.Pointer[store] // nil while there is none
	down    atomic.Pointer[error] // why nothing can be written at all
	full    atomic.Pointer[error] // why no record can be written
	horizon atomic.Uint64         // the tick below which all has been deleted

	changing sync.Mutex // held by whoever deletes or rewrites records

	queue    *queue
	pool     pool
	counters counters

	behind  error // too many are waiting
	unsent  error // the caller left before the commit
	unknown error // the caller left during the commit
	closed  error // the journal has been closed

	stop        chan struct{} // closed by Close
	once        sync.Once     // of Close
	ended       error         // its result
	kept        chan struct{} // closed when the keeper has ended
	shutErr     error         // the keeper's, once kept is closed
	graves      atomic.Int32
	undertakers sync.WaitGroup
}

// Open opens the journal in a folder, which it makes if there is none. No other
// process can have it open.
func Open(dir string, o Options) (*Journal, error) {
	if o.FS == nil {
		o.FS = vfs.Default
	}
	if o.AppendTimeout <= 0 {
		o.AppendTimeout = defaultTimeout
	}
	if o.MemTableSize == 0 {
		o.MemTableSize = memTableSize
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	j := &Journal{
		dir: dir, o: o, fs: o.FS, log: o.Log, queue: newQueue(),
		behind:  fault.New(fault.Unavailable, "too many records wait for the disk; try again"),
		unsent:  fault.New(fault.Unavailable, "the disk has not answered in time: the record is not written; try again"),
		unknown: fault.New(fault.Unavailable, "the disk has not answered in time: the record may be written or not"),
		closed:  fault.New(fault.Unavailable, "the journal is closed"),
		stop:    make(chan struct{}), kept: make(chan struct{}),
	}
	if err := j.open(); err != nil {
		return nil, fmt.Errorf("open journal %s: %w", dir, err)
	}
	return j, nil
}

func (j *Journal) open() error {
	if err := j.fs.MkdirAll(j.dir, 0o700); err != nil {
		return err
	}
	lock, err := pebble.LockDirectory(j.dir, j.fs)
	if err != nil {
		return fmt.Errorf("lock: %w", err)
	}
	j.lock, j.cache = lock, pebble.NewCache(cacheSize)
	j.checkSpace()
	s, err := j.openStore()
	if err != nil {
		j.undertakers.Wait()
		j.cache.Unref()
		return errors.Join(err, lock.Close())
	}
	j.use(s)
	go j.keep(s)
	return nil
}

// ErrUnfinished is what Close gives when it could not wait for the end: the disk
// does not answer, or Pebble is in the middle of a large compaction. Nothing is
// lost when the process ends then, since every record that Append has answered
// for is in the synced log, which the next start reads back.
var ErrUnfinished = errors.New("the disk has not answered, or is still at work")

// Close writes what waits, and gives everything back. It does not wait for ever
// for the disk: then it gives ErrUnfinished, and the folder stays
// locked until nothing can write to it any more. Closing again gives the first
// result.
func (j *Journal) Close() error {
	j.once.Do(func() {
		if err := j.end(); err != nil {
			j.ended = fmt.Errorf("close journal %s: %w", j.dir, err)
		}
	})
	return j.ended
}

func (j *Journal) end() error {
	close(j.stop)
	j.down.Store(&j.closed)
	ended := make(chan error, 1)
	go func() {
		<-j.kept
		j.refuseWaiting(j.closed)
		j.undertakers.Wait()
		j.cache.Unref()
		ended <- errors.Join(j.shutErr, j.lock.Close())
	}()
	limit := time.NewTimer(closing)
	defer limit.Stop()
	select {
	case <-limit.C:
		return ErrUnfinished
	case err := <-ended:
		return err
	}
}
