package pebblejournal

import (
	"context"
	"encoding/binary"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"waybill/internal/fault"
	"waybill/internal/txid"
)

// store is one opening of the Pebble store, from pebble.Open to the first
// failed write.
type store struct {
	j     *Journal
	db    *pebble.DB
	fence *fence

	use       sync.RWMutex // held for reading by readers, for writing once it is closed
	flight    flight
	unchecked int           // bytes written since free space was looked at
	stop      chan struct{} // closed to end the committer
	committed chan struct{} // closed when it has ended
}

// openStore opens the folder. It may be called while broken stores of the same
// folder wind down.
func (j *Journal) openStore() (s *store, err error) {
	s = &store{
		j: j, fence: newFence(j.fs, j.dir),
		stop: make(chan struct{}), committed: make(chan struct{}),
	}
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("open: %v", r)
		}
		if cause := s.fence.failure(); cause != nil {
			err = cause
		}
		if err == nil {
			return
		}
		s.fence.fail(err)
		if s.db != nil {
			close(s.committed)
			j.bury(s)
		}
		s = nil
	}()
	s.db, err = pebble.Open(j.dir, j.pebbleOptions(s.fence))
	if err != nil {
		return s, err
	}
	return s, s.readNotes()
}

// readNotes checks the format and learns the horizon.
func (s *store) readNotes() error {
	switch got, err := s.note(noteFormat); {
	case err != nil:
		return fmt.Errorf("read format: %w", err)
	case got == nil:
		if err := s.db.Set(noteKey(noteFormat), []byte(format), pebble.Sync); err != nil {
			return fmt.Errorf("write format: %w", err)
		}
	case string(got) != format:
		return fmt.Errorf("the journal has format %q, this program reads %q", got, format)
	}
	switch got, err := s.note(noteHorizon); {
	case err != nil:
		return fmt.Errorf("read horizon: %w", err)
	case len(got) == 8:
		raise(&s.j.horizon, binary.BigEndian.Uint64(got))
	}
	return nil
}

func (s *store) note(name string) ([]byte, error) {
	v, err := get(s.db, noteKey(name))
	if fault.Of(err) == fault.NotFound {
		return nil, nil
	}
	return v, err
}

// finish ends the committer and reports whether it did in time. That of a
// store that is whole writes what waits first.
func (s *store) finish(within time.Duration) bool {
	close(s.stop)
	limit := time.NewTimer(within)
	defer limit.Stop()
	select {
	case <-s.committed:
		return true
	case <-limit.C:
		return false
	}
}

// close gives the store's memory and files back, once its committer and readers
// are gone.
func (s *store) close() (err error) {
	<-s.committed
	s.use.Lock() // for good: nobody reads from a closed store
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("close: %v", r)
		}
	}()
	return s.db.Close()
}

// bury closes a broken store behind the journal's back: its readers may take
// their time, and a defect may keep it from ever closing.
func (j *Journal) bury(s *store) {
	j.graves.Add(1)
	j.undertakers.Add(1)
	go func() {
		defer j.undertakers.Done()
		if err := s.close(); err != nil {
			j.log.LogAttrs(context.Background(), slog.LevelDebug, "broken journal store closed",
				slog.Any("error", err))
		}
		j.graves.Add(-1)
	}()
}

// lastTick gives the highest tick of a node's records of one kind, 0 if none.
func lastTick(it *pebble.Iterator, k txid.Kind, node uint16) txid.Tick {
	if !it.SeekLT(appendPlace(nil, k, node+1, 0)) {
		return 0
	}
	id, ok := recordID(it.Key())
	if !ok || id.Kind() != k || id.Node() != node {
		return 0
	}
	return id.Tick()
}
