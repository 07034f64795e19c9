package main

import (
	"context"
	"fmt"

	"waybill/internal/store/pebblejournal"
	"waybill/internal/store/sqlledger"
	"waybill/internal/txid"
)

// checkBatch is how many signals are looked up at once.
const checkBatch = 500

// checkSignals reports signals that the ledger counts as settled although they
// have no verdict.
func (in *installation) checkSignals(ctx context.Context, report func(sqlledger.Problem)) error {
	nodes, err := in.journal.Nodes(ctx)
	if err != nil {
		return err
	}
	for _, node := range nodes {
		through, err := in.ledger.SettledThrough(ctx, node)
		if err != nil {
			return err
		}
		if err := in.checkNode(ctx, node, through, report); err != nil {
			return fmt.Errorf("check the signals of node %d: %w", node, err)
		}
	}
	return nil
}

// checkNode checks the signals of one node number that count as settled.
func (in *installation) checkNode(ctx context.Context, node uint16, through txid.Tick, report func(sqlledger.Problem)) error {
	var batch []txid.ID
	look := func() error {
		settled, err := in.ledger.Settled(ctx, batch)
		if err != nil {
			return err
		}
		for i, id := range batch {
			if !settled[i] {
				report(sqlledger.Problem{Subject: "signal " + id.String(), Text: "counts as settled and has no verdict"})
			}
		}
		batch = batch[:0]
		return nil
	}
	q := pebblejournal.Query{Kind: txid.Signal, Node: node, To: through}
	err := in.journal.Scan(ctx, q, func(id txid.ID, _ []byte) error {
		batch = append(batch, id)
		if len(batch) < checkBatch {
			return nil
		}
		return look()
	})
	if err != nil || len(batch) == 0 {
		return err
	}
	return look()
}
