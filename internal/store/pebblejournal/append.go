package pebblejournal

import (
	"context"
	"time"

	"waybill/internal/fault"
	"waybill/internal/txid"
)

// maxRecord is the size of the largest record.
const maxRecord = 4 << 20

// Append writes a record under its ticket's ID, and the ID under each of the
// identities. It returns nil only once all of it is on disk. Neither record
// nor identities are used after it has returned, whatever it returns.
//
// It fails with an Unavailable fault when the disk fails, is nearly full, or
// has not answered within AppendTimeout, and when ctx ends. If the commit had
// begun by then the record may still be found later; one that was still
// waiting is not written: its caller has told the sender that it is lost, and
// a disk that falls behind must not be kept busy with what nobody waits for.
//
// The ticket is done when that is decided, at the latest when the disk answers.
func (j *Journal) Append(
	ctx context.Context, t txid.Ticket, record []byte, identities ...[]byte,
) error {
	began := time.Now()
	err := j.refusal()
	if err == nil {
		err = checkSizes(record, identities)
	}
	if err != nil {
		t.Done()
		j.counters.refused.Add(1)
		return err
	}
	e := j.pool.get()
	e.fill(t, record, identities)
	if err := j.submit(ctx, e); err != nil {
		return err
	}
	j.counters.records.Add(1)
	j.counters.appendTime.time(time.Since(began))
	return nil
}

func checkSizes(record []byte, identities [][]byte) error {
	if len(record) > maxRecord {
		return fault.New(fault.Invalid, "a record of %d bytes is larger than %d", len(record), maxRecord)
	}
	for _, identity := range identities {
		if len(identity) == 0 || len(identity) > maxIdentity {
			return fault.New(fault.Invalid, "an identity of %d bytes is not within 1 and %d", len(identity), maxIdentity)
		}
	}
	return nil
}

// submit has e written and waits for it. The entry is not the caller's any
// more.
func (j *Journal) submit(ctx context.Context, e *entry) error {
	if !j.queue.push(e) {
		e.ticket.Done()
		j.pool.put(e)
		j.counters.refused.Add(1)
		return j.behind
	}
	e.timer.Reset(j.o.AppendTimeout)
	select {
	case err := <-e.done:
		e.timer.Stop()
		return j.decide(e, err)
	case <-e.timer.C:
		return j.leave(e)
	case <-ctx.Done():
		e.timer.Stop()
		return j.leave(e)
	}
}

// leave ends the wait for an entry that is not decided.
func (j *Journal) leave(e *entry) error {
	ticket := e.ticket // once the state is changed, the entry may be used again
	if e.state.CompareAndSwap(queued, dropped) {
		ticket.Done()
		j.counters.late.Add(1)
		return j.unsent
	}
	if e.state.CompareAndSwap(taken, left) {
		j.counters.late.Add(1)
		return j.unknown
	}
	return j.decide(e, <-e.done)
}

// decide ends an entry that the committer has answered.
func (j *Journal) decide(e *entry, err error) error {
	j.pool.put(e)
	if err != nil {
		j.counters.failed.Add(1)
	}
	return err
}

// refusal gives why nothing is written now, or nil.
func (j *Journal) refusal() error {
	if down := j.down.Load(); down != nil {
		return *down
	}
	if full := j.full.Load(); full != nil {
		return *full
	}
	return nil
}
