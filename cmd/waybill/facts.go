package main

import (
	"context"
	"math"
	"slices"
	"sync"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/fact"
	"waybill/internal/fault"
	"waybill/internal/store/pebblejournal"
	"waybill/internal/txid"
	"waybill/internal/work/tally"
)

// records is the journal as tally reads it.
type records struct{ *pebblejournal.Journal }

// Scan calls f for a node's records of a kind in a span of ticks.
func (r records) Scan(ctx context.Context, kind txid.Kind, node uint16, from, to txid.Tick, f func(txid.ID, []byte) error) error {
	return r.Journal.Scan(ctx, pebblejournal.Query{Kind: kind, Node: node, From: from, To: to}, f)
}

// sourcesAlone gives what facts are made of where no node runs: nobody writes
// records, and the catalog is the ledger's.
func (in *installation) sourcesAlone(ctx context.Context) (tally.Sources, error) {
	source, err := in.ledger.Source(ctx)
	if err != nil {
		return tally.Sources{}, err
	}
	c, err := catalog.New(source)
	if err != nil {
		return tally.Sources{}, err
	}
	return tally.Sources{
		Journal: records{in.journal}, Ledger: in.ledger,
		Bound:   func(uint16) (txid.Tick, bool) { return math.MaxInt64, false },
		Catalog: func() *catalog.Catalog { return c },
	}, nil
}

// sourcesOfNode gives what facts are made of while a node writes records.
func (n *node) sourcesOfNode(context.Context) (tally.Sources, error) {
	return tally.Sources{
		Journal: recordsOfNode{records{n.journal}, n.minter}, Ledger: n.ledger, Bound: n.minter.Reached, Catalog: n.Catalog,
	}, nil
}

// recordsOfNode is the journal of a node that writes records.
type recordsOfNode struct {
	records
	minter *minter
}

// Nodes lists the node numbers of the journal, and the present one before its
// first record too: what is minted under it may still be on its way.
func (r recordsOfNode) Nodes(ctx context.Context) ([]uint16, error) {
	all, err := r.records.Nodes(ctx)
	if present := r.minter.Node(); err == nil && !slices.Contains(all, present) {
		all = append(all, present)
	}
	return all, err
}

// feed is the warehouse as tally fills it. What is appended has to follow on what
// the file holds: so when the file was exchanged, tally has to ask anew how far
// it is.
type feed struct {
	*warehouse
	mu    sync.Mutex
	asked *openFile // whose positions were asked for last
}

// Positions gives how far each source is stored.
func (f *feed) Positions(ctx context.Context) (all []fact.Position, err error) {
	err = f.use(ctx, func(ctx context.Context, file *openFile) error {
		all, err = file.Positions(ctx)
		f.mu.Lock()
		defer f.mu.Unlock()
		f.asked = file
		return err
	})
	return all, err
}

// Append stores a batch of facts.
func (f *feed) Append(ctx context.Context, b fact.Batch) error {
	return f.use(ctx, func(ctx context.Context, file *openFile) error {
		f.mu.Lock()
		follows := f.asked == file
		f.mu.Unlock()
		if !follows {
			return fault.New(fault.Conflict, "the warehouse was exchanged meanwhile")
		}
		if err := f.spare(); err != nil {
			return err
		}
		return file.Append(ctx, b)
	})
}

// Sort puts closed days into order.
func (f *feed) Sort(ctx context.Context, before time.Time) error {
	return f.use(ctx, func(ctx context.Context, file *openFile) error {
		if err := f.spare(); err != nil {
			return err
		}
		return file.Sort(ctx, before)
	})
}
