package pebblejournal

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/cockroachdb/pebble/v2"

	"waybill/internal/fault"
	"waybill/internal/txid"
)

// Query says which records Scan gives: those of one kind and node, of ticks
// from From up to and without To.
type Query struct {
	Kind txid.Kind
	Node uint16
	From txid.Tick
	To   txid.Tick
}

// checkEvery is how many records a scan gives between two looks at its context
// and its store.
const checkEvery = 512

// Get gives the record of id. It is the caller's. A record whose fsync is still
// under way may be given too; see the package comment.
func (j *Journal) Get(ctx context.Context, id txid.ID) ([]byte, error) {
	var record []byte
	err := j.read(ctx, func(s *store) (err error) {
		record, err = get(s.db, appendRecordKey(make([]byte, 0, recordLen), id))
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("get record %s: %w", id, err)
	}
	return record, nil
}

// Scan calls f for the records that q asks for, in the order of their ticks,
// until there are no more or f gives an error, which it passes on as it is. A
// record is valid until f returns. Records above the mint's Low may be missed:
// ask only up to it.
func (j *Journal) Scan(ctx context.Context, q Query, f func(id txid.ID, record []byte) error) error {
	if q.From >= q.To {
		return nil
	}
	return j.iterate(ctx, appendPlace(nil, q.Kind, q.Node, q.From), appendPlace(nil, q.Kind, q.Node, q.To),
		func(s *store, it *pebble.Iterator) error { return s.scan(ctx, it, f) })
}

func (s *store) scan(ctx context.Context, it *pebble.Iterator, f func(txid.ID, []byte) error) error {
	n := 0
	for ok := it.First(); ok; ok = it.Next() {
		if n++; n%checkEvery == 0 {
			if err := s.usable(ctx); err != nil {
				return err
			}
		}
		id, known := recordID(it.Key())
		if !known {
			continue
		}
		record, err := it.ValueAndErr()
		if err != nil {
			return err
		}
		if err := f(id, record); err != nil {
			return &stopped{err}
		}
	}
	return nil
}

// Nodes gives the node numbers that have records, in order.
func (j *Journal) Nodes(ctx context.Context) ([]uint16, error) {
	var nodes []uint16
	err := j.iterate(ctx, []byte{spaceFirst}, []byte{spaceLast + 1}, func(s *store, it *pebble.Iterator) error {
		s.eachNode(it, func(_ txid.Kind, node uint16) { nodes = append(nodes, node) })
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list nodes: %w", err)
	}
	slices.Sort(nodes)
	return slices.Compact(nodes), nil
}

// eachNode calls f for each kind and node that have records, skipping from one
// to the next.
func (s *store) eachNode(it *pebble.Iterator, f func(txid.Kind, uint16)) {
	for ok := it.First(); ok && it.Key()[0] <= spaceLast; {
		key := it.Key()
		k, node := txid.Kind(key[0]), binary.BigEndian.Uint16(key[nodeAt:])
		f(k, node)
		ok = it.SeekGE(appendPlace(nil, k, node, ^txid.Tick(0)))
	}
}

// Last gives the highest tick of any of a node's records, 0 if it has none.
func (j *Journal) Last(ctx context.Context, node uint16) (txid.Tick, error) {
	var last txid.Tick
	err := j.iterate(ctx, []byte{spaceFirst}, []byte{spaceLast + 1}, func(_ *store, it *pebble.Iterator) error {
		for k := txid.Kind(spaceFirst); k <= spaceLast; k++ {
			last = max(last, lastTick(it, k, node))
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("last tick of node %d: %w", node, err)
	}
	return last, nil
}

// Identity calls f for the IDs that were written under an identity, the newest
// first, until there are no more or f gives an error, which it passes on as it
// is.
func (j *Journal) Identity(ctx context.Context, key []byte, f func(id txid.ID) error) error {
	return j.iterate(ctx, []byte{spaceIdentity}, []byte{spaceIdentity + 1},
		func(s *store, it *pebble.Iterator) error { return s.identity(ctx, it, key, f) })
}

func (s *store) identity(
	ctx context.Context, it *pebble.Iterator, key []byte, f func(id txid.ID) error,
) error {
	horizon := txid.Tick(s.j.horizon.Load())
	prefix := make([]byte, 0, identityAt+len(key))
	for ok := it.Last(); ok; {
		bucket := identityBucket(it.Key())
		prefix = appendIdentity(prefix[:0], bucket, key)
		for found := it.SeekGE(prefix); found; found = it.Next() {
			id, known := identityID(it.Key())
			if !known || !hasPrefix(it.Key(), prefix) || id.Tick() < horizon {
				break
			}
			if err := f(id); err != nil {
				return &stopped{err}
			}
		}
		if err := s.usable(ctx); err != nil {
			return err
		}
		ok = it.SeekLT(appendBucket(prefix[:0], bucket))
	}
	return nil
}

func hasPrefix(key, prefix []byte) bool {
	return len(key) >= len(prefix) && string(key[:len(prefix)]) == string(prefix)
}

// Mark gives what SetMark last wrote under a name.
func (j *Journal) Mark(ctx context.Context, name string) ([]byte, error) {
	var value []byte
	err := j.read(ctx, func(s *store) (err error) {
		value, err = get(s.db, appendMark(nil, name))
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read mark %s: %w", name, err)
	}
	return value, nil
}

// get gives a key's value, as the caller's own bytes.
func get(db *pebble.DB, key []byte) ([]byte, error) {
	v, closer, err := db.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return nil, fault.New(fault.NotFound, "there is no such record")
	}
	if err != nil {
		return nil, err
	}
	v = append(make([]byte, 0, len(v)), v...)
	return v, closer.Close()
}

// stopped carries an error of the caller's own function out of a read.
type stopped struct{ err error }

// Error gives the caller's error.
func (s *stopped) Error() string { return s.err.Error() }

// iterate has f read the keys between two bounds.
func (j *Journal) iterate(
	ctx context.Context, lower, upper []byte, f func(*store, *pebble.Iterator) error,
) error {
	err := j.read(ctx, func(s *store) (err error) {
		it, err := s.db.NewIterWithContext(ctx, &pebble.IterOptions{LowerBound: lower, UpperBound: upper})
		if err != nil {
			return err
		}
		err = f(s, it)
		if closed := it.Close(); err == nil {
			err = closed // the iterator's own error
		}
		return err
	})
	if own, ok := errors.AsType[*stopped](err); ok {
		return own.err
	}
	return err
}

// read has f read from the store that is open. What was read counts only if
// the store is whole afterwards: a broken one also shows what was never
// written.
func (j *Journal) read(ctx context.Context, f func(s *store) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s := j.current.Load()
	if s == nil || !s.use.TryRLock() {
		return j.unreadable()
	}
	defer s.use.RUnlock()
	err := f(s)
	if s.fence.failure() != nil {
		return j.unreadable()
	}
	return err
}

// usable reports why a long read should end.
func (s *store) usable(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if s.fence.failure() != nil {
		return s.j.unreadable()
	}
	return nil
}

func (j *Journal) unreadable() error {
	var cause error
	if down := j.down.Load(); down != nil {
		cause = *down
	}
	return fault.Because(cause, fault.Unavailable, "the journal cannot be read now; try again")
}
