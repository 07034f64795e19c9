package pebblejournal

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"waybill/internal/txid"
)

// The states of an entry. Its caller may leave at any time, so the two ends
// agree by compare-and-swap who decides it, and who puts it back in the pool.
//
//	queued ──► taken ──► decided    the committer answers, the caller puts it back
//	   │         └─────► left       the caller has gone: the committer puts it back
//	   └──► dropped                 the caller has gone, nothing is written; who takes it from the queue puts it back
const (
	queued uint32 = iota
	taken
	decided
	left
	dropped
)

// entry is what one call wants written: a record with its identities, or
// anything else. It holds copies of the caller's bytes.
type entry struct {
	state  atomic.Uint32
	done   chan error // takes the one answer without blocking
	timer  *time.Timer
	ticket txid.Ticket

	// The record's key, its value, and the identities' keys, one behind the
	// other.
	buf  []byte
	ends []int // where each of them ends

	// write, if not nil, is what to write instead.
	write func(*pebble.Batch) error
}

// maxPooled is the size above which an entry's buffer is not kept.
const maxPooled = 64 << 10

// pool holds entries that are out of use. It is the journal's own, since timers
// may not travel between tests.
type pool struct {
	free sync.Pool
}

func (p *pool) get() *entry {
	if e, ok := p.free.Get().(*entry); ok {
		e.state.Store(queued)
		return e
	}
	e := &entry{done: make(chan error, 1), timer: time.NewTimer(time.Hour)}
	e.timer.Stop()
	return e
}

func (p *pool) put(e *entry) {
	e.ticket, e.write = txid.Ticket{}, nil
	e.buf, e.ends = e.buf[:0], e.ends[:0]
	if cap(e.buf) > maxPooled {
		e.buf = nil
	}
	p.free.Put(e)
}

// fill copies a record and its identities.
func (e *entry) fill(t txid.Ticket, record []byte, identities [][]byte) {
	e.ticket = t
	e.buf = appendRecordKey(e.buf, t.ID)
	e.buf = append(e.buf, record...)
	e.ends = append(e.ends, len(e.buf))
	for _, identity := range identities {
		e.buf = appendIdentityKey(e.buf, identity, t.ID)
		e.ends = append(e.ends, len(e.buf))
	}
}

// size is about how much e adds to a batch.
func (e *entry) size() int { return len(e.buf) + 16*len(e.ends) }

// addTo writes e into a batch.
func (e *entry) addTo(b *pebble.Batch) error {
	if e.write != nil {
		return e.write(b)
	}
	from := e.ends[0]
	if err := b.Set(e.buf[:recordLen], e.buf[recordLen:from], nil); err != nil {
		return err
	}
	for _, end := range e.ends[1:] {
		if err := b.Set(e.buf[from:end], nil, nil); err != nil {
			return err
		}
		from = end
	}
	return nil
}

// answer decides an entry that the committer has taken.
func (e *entry) answer(err error, p *pool) {
	e.ticket.Done()
	if e.state.CompareAndSwap(taken, decided) {
		e.done <- err
		return
	}
	p.put(e)
}
