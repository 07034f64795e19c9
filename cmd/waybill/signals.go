package main

import (
	"context"
	"fmt"
	"time"

	"waybill/internal/store/pebblejournal"
	"waybill/internal/store/sqlledger"
	"waybill/internal/txid"
)

// checkBatch is how many signals are looked up at once.
const checkBatch = 500

// settledWithin is how long a signal may wait for its verdict before check speaks
// of it.
const settledWithin = 5 * time.Minute

// checkSignals reports signals without a verdict: those that the ledger counts as
// settled, and those that have waited for too long.
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
		err = in.checkSpan(ctx, pebblejournal.Query{Kind: txid.Signal, Node: node, To: through},
			"counts as settled and has no verdict", report)
		if err == nil {
			waited := pebblejournal.Query{Kind: txid.Signal, Node: node, From: through, To: tickAt(time.Now().Add(-settledWithin))}
			err = in.checkSpan(ctx, waited, "has waited for its verdict for more than "+settledWithin.String(), report)
		}
		if err != nil {
			return fmt.Errorf("check the signals of node %d: %w", node, err)
		}
	}
	return nil
}

// checkSpan reports the signals of a span that have no verdict.
func (in *installation) checkSpan(ctx context.Context, q pebblejournal.Query, problem string, report func(sqlledger.Problem)) error {
	if q.From >= q.To {
		return nil
	}
	var batch []txid.ID
	look := func() error {
		settled, err := in.ledger.Settled(ctx, batch)
		if err != nil {
			return err
		}
		for i, id := range batch {
			if !settled[i] {
				report(sqlledger.Problem{Subject: "signal " + id.String(), Text: problem})
			}
		}
		batch = batch[:0]
		return nil
	}
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
