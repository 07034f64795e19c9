package pebblejournal

import (
	"context"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"waybill/internal/fault"
	"waybill/internal/txid"
)

// How much Rewrite reads and writes at once. It is little, so that appends do
// not wait behind it.
const (
	rewriteRecords = 1024
	rewriteBytes   = 1 << 20
)

// Rewrite puts what f makes of each record that q asks for in its place, in the
// order of ticks. Where f gives nil, the record stays as it is. It is for taking
// out what must not be kept any longer; nothing else changes a record.
//
// When it returns nil, all of q is rewritten, on disk, and the old texts are gone
// from the journal's tables. Otherwise a part of it may be rewritten: asked
// again, it goes over that part again. Records above the mint's Low may be
// missed. An error of f ends it and is passed on as it is.
func (j *Journal) Rewrite(ctx context.Context, q Query, f func(id txid.ID, record []byte) ([]byte, error)) error {
	changed := false
	for from := q.From; from < q.To; {
		part := q
		part.From = from
		n, next, err := j.rewritePart(ctx, part, f)
		if err != nil {
			return err
		}
		changed = changed || n > 0
		from = next
	}
	if !changed {
		return nil
	}
	return j.compact(ctx, appendPlace(nil, q.Kind, q.Node, q.From), appendPlace(nil, q.Kind, q.Node, q.To))
}

// rewritten is one record's key and its new value.
type rewritten struct{ key, value []byte }

// rewritePart rewrites the first records of q, and gives how many and from which
// tick to go on. Retain keeps out meanwhile, or it would see what it has deleted
// come back.
func (j *Journal) rewritePart(
	ctx context.Context, q Query, f func(txid.ID, []byte) ([]byte, error),
) (changed int, next txid.Tick, err error) {
	j.changing.Lock()
	defer j.changing.Unlock()
	parts, next, err := j.readPart(ctx, q, f)
	if err != nil || len(parts) == 0 {
		return 0, next, err
	}
	err = j.write(ctx, func(b *pebble.Batch) error {
		for _, p := range parts {
			if err := b.Set(p.key, p.value, nil); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return 0, 0, fmt.Errorf("rewrite records: %w", err)
	}
	return len(parts), next, nil
}

// readPart has f make what takes the place of the first records of q.
func (j *Journal) readPart(
	ctx context.Context, q Query, f func(txid.ID, []byte) ([]byte, error),
) (parts []rewritten, next txid.Tick, err error) {
	read, size := 0, 0
	next = q.To
	err = j.Scan(ctx, q, func(id txid.ID, record []byte) error {
		if read++; read > rewriteRecords || size > rewriteBytes {
			next = id.Tick()
			return errPartFull
		}
		fresh, err := f(id, record)
		if err != nil || fresh == nil {
			return err
		}
		if len(fresh) > maxRecord {
			return fault.New(fault.Invalid, "a record of %d bytes is larger than %d", len(fresh), maxRecord)
		}
		size += len(record) + len(fresh)
		parts = append(parts, rewritten{appendRecordKey(nil, id), append([]byte(nil), fresh...)})
		return nil
	})
	if errors.Is(err, errPartFull) {
		err = nil
	}
	return parts, next, err
}

// errPartFull ends the scan of one part.
var errPartFull = errors.New("the part is full")

// compact has the tables between two keys written anew, without what was
// overwritten.
func (j *Journal) compact(ctx context.Context, from, to []byte) error {
	err := j.read(ctx, func(s *store) error { return s.db.Compact(ctx, from, to, false) })
	if err != nil {
		return fmt.Errorf("write rewritten tables: %w", err)
	}
	return nil
}
