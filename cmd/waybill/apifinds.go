package main

import (
	"context"
	"errors"
	"slices"
	"time"

	"waybill/internal/store/pebblejournal"
	"waybill/internal/store/sqlledger"
	"waybill/internal/txid"
)

// apiFinds finds records by their IDs in the words of the API.
type apiFinds struct {
	*sqlledger.DB
	journal *pebblejournal.Journal
	own     func() uint16 // the node's number
}

// OtherNodes is as the API wants it: numbers of whoever has neither written into
// this journal nor been this node under another number.
func (f apiFinds) OtherNodes(ctx context.Context) ([]uint16, error) {
	all, err := f.NodesBeside(ctx, f.own())
	if err != nil {
		return nil, err
	}
	here, err := f.journal.Nodes(ctx)
	return slices.DeleteFunc(all, func(n uint16) bool { return slices.Contains(here, n) }), err
}

// errEnough ends a scan of the journal.
var errEnough = errors.New("enough was found")

// Minted is as the API wants it.
func (f apiFinds) Minted(ctx context.Context, k txid.Kind, from, to time.Time, each func(txid.ID) bool) error {
	nodes, err := f.journal.Nodes(ctx)
	if err != nil {
		return err
	}
	for _, node := range nodes {
		q := pebblejournal.Query{Kind: k, Node: node, From: txid.First(k, false, from).Tick(), To: txid.First(k, false, to).Tick()}
		err := f.journal.Scan(ctx, q, func(id txid.ID, _ []byte) error {
			if !each(id) {
				return errEnough
			}
			return nil
		})
		if errors.Is(err, errEnough) {
			return nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}
