package sqlledger

import (
	"context"
	"encoding/json"
	"fmt"

	"waybill/internal/offer"
	"waybill/internal/signal"
)

// keepConsidered keeps what the identifiers of v's signal led to. Most signals
// lead nowhere but to their own click, and cost nothing here.
func keepConsidered(ctx context.Context, s session, id string, v *signal.Verdict) error {
	if len(v.Candidates) == 0 {
		return nil
	}
	const upsert = `
		INSERT INTO considered (signal_id, transaction_id, candidates) VALUES ($1, $2, $3)
		ON CONFLICT (signal_id) DO UPDATE SET transaction_id = excluded.transaction_id, candidates = excluded.candidates`
	doc, err := json.Marshal(v.Candidates)
	if err != nil {
		return fmt.Errorf("encode the candidates: %w", err)
	}
	own := ""
	for _, c := range v.Candidates {
		if c.By == string(offer.ByTransactionID) && c.TransactionID != v.TransactionID {
			own = c.TransactionID
		}
	}
	return s.later(ctx, upsert, id, own, string(doc))
}

// addConsidered gives a verdict what its signal's identifiers led to.
func addConsidered(ctx context.Context, s session, v *signal.Verdict) error {
	const read = `SELECT candidates FROM considered WHERE signal_id = $1`
	var doc string
	found, err := s.get(ctx, []any{&doc}, read, v.SignalID)
	if err != nil || !found {
		return err
	}
	if err := json.Unmarshal([]byte(doc), &v.Candidates); err != nil {
		return fmt.Errorf("read the candidates of signal %s: %w", v.SignalID, err)
	}
	return nil
}

// consider gives verdicts what their signals' identifiers led to. read gives
// signals and candidates, maybe of more signals than those.
func consider(ctx context.Context, s session, all []signal.Verdict, read string, args ...any) error {
	place := make(map[string]int, len(all))
	for i := range all {
		place[all[i].SignalID] = i
	}
	return s.query(ctx, func(row scan) error {
		var id, doc string
		if err := row(&id, &doc); err != nil {
			return err
		}
		i, wanted := place[id]
		if !wanted {
			return nil
		}
		if err := json.Unmarshal([]byte(doc), &all[i].Candidates); err != nil {
			return fmt.Errorf("read the candidates of signal %s: %w", id, err)
		}
		return nil
	}, read, args...)
}
