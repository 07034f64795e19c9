package sqlledger

import (
	"context"
	"errors"
	"fmt"

	"waybill/internal/conversion"
	"waybill/internal/fault"
	"waybill/internal/money"
	"waybill/internal/settlement"
	"waybill/internal/signal"
)

// Settle writes what a signal leads to, all of it or nothing, and gives the
// verdict. A signal that has one already keeps it, and nothing else happens.
//
// Rows are locked in one order by everybody: verdict, claim, order, counters.
// c.Judge may run more than once, if the transaction has to be run again.
func (db *DB) Settle(ctx context.Context, c settlement.Case) (signal.Verdict, error) {
	var v signal.Verdict
	err := db.writer.do(ctx, func(ctx context.Context, s session) (err error) {
		v, err = db.settle(ctx, s, &c)
		return err
	})
	if _, ok := errors.AsType[*unsure](err); ok {
		if known, e := db.Verdict(ctx, c.SignalID); e == nil {
			return known, nil
		}
	}
	if err != nil {
		return signal.Verdict{}, fmt.Errorf("settle signal %s: %w", c.SignalID, db.engine.explain(err))
	}
	return v, nil
}

func (db *DB) settle(ctx context.Context, s session, c *settlement.Case) (signal.Verdict, error) {
	first := openVerdict(c)
	added, err := insertVerdict(ctx, s, c.SignalID, first, db.now())
	if err != nil {
		return first, fmt.Errorf("insert the verdict: %w", err)
	}
	if !added {
		return verdictOf(ctx, s, c.SignalID)
	}
	if c.Refusal != nil {
		return first, nil
	}
	state, taken, err := lockCase(ctx, s, c)
	if err != nil {
		return first, err
	}
	out, err := c.Judge(state)
	if err != nil {
		return first, fmt.Errorf("judge: %w", err)
	}
	out.Verdict.SignalID = c.SignalID
	if out.Verdict.SettledAt.IsZero() {
		out.Verdict.SettledAt = db.now()
	}
	if err := writeOutcome(ctx, s, c, state, &out, taken); err != nil {
		return first, err
	}
	return out.Verdict, nil
}

// openVerdict gives the verdict that is inserted to hold the signal's place: the
// refusal, or what is known of the signal before it is judged.
func openVerdict(c *settlement.Case) signal.Verdict {
	if c.Refusal != nil {
		return *c.Refusal
	}
	return signal.Verdict{
		Status: signal.Queued, Code: signal.CodeQueued, SignalID: c.SignalID, Test: c.Claim.Test,
		TransactionID: c.Claim.TransactionID, OfferID: c.Claim.OfferID, GoalID: c.Claim.GoalID,
	}
}

// lockCase takes the case's rows and reads what they say. It reports whether the
// order ID was free and is held now.
func lockCase(ctx context.Context, s session, c *settlement.Case) (state settlement.State, taken bool, err error) {
	known, err := lockClaim(ctx, s, c.Claim)
	if err != nil {
		return state, false, fmt.Errorf("lock the claim: %w", err)
	}
	if c.OrderID != "" {
		if state.Order, taken, err = lockOrder(ctx, s, c); err != nil {
			return state, false, fmt.Errorf("lock order %q: %w", c.OrderID, err)
		}
	}
	if state.Used, err = lockCounters(ctx, s, c.Counters); err != nil {
		return state, false, fmt.Errorf("lock the caps: %w", err)
	}
	if known {
		if state.Conversions, err = conversionsOfClaim(ctx, s, c.Claim); err != nil {
			return state, false, fmt.Errorf("read the claim's conversions: %w", err)
		}
	}
	return state, taken, nil
}

// lockClaim takes the claim's row and reports whether there was one.
func lockClaim(ctx context.Context, s session, c settlement.Claim) (known bool, err error) {
	const insert = `
		INSERT INTO claim (transaction_id, goal_id, offer_id, test, signals)
		VALUES ($1, $2, $3, $4, 1)
		ON CONFLICT (transaction_id, goal_id, offer_id, test) DO NOTHING`
	const again = `
		UPDATE claim SET signals = signals + 1
		WHERE transaction_id = $1 AND goal_id = $2 AND offer_id = $3 AND test = $4`
	added, err := s.exec(ctx, insert, c.TransactionID, c.GoalID, c.OfferID, c.Test)
	if err != nil || added == 1 {
		return false, err
	}
	locked, err := s.exec(ctx, again, c.TransactionID, c.GoalID, c.OfferID, c.Test)
	if err == nil && locked != 1 {
		err = errAgain
	}
	return true, err
}

// lockOrder takes the row of an order ID. If it was free it is held now; if not,
// it gives the conversion whose it is.
func lockOrder(ctx context.Context, s session, c *settlement.Case) (whose *conversion.Conversion, taken bool, err error) {
	const insert = `
		INSERT INTO taken_order (offer_id, goal_id, test, order_id, conversion_id)
		VALUES ($1, $2, $3, $4, '')
		ON CONFLICT (offer_id, goal_id, test, order_id) DO NOTHING`
	const read = `
		SELECT conversion_id FROM taken_order
		WHERE offer_id = $1 AND goal_id = $2 AND test = $3 AND order_id = $4`
	added, err := s.exec(ctx, insert, c.Claim.OfferID, c.Claim.GoalID, c.Claim.Test, c.OrderID)
	if err != nil || added == 1 {
		return nil, added == 1, err
	}
	var id string
	found, err := s.get(ctx, []any{&id}, read, c.Claim.OfferID, c.Claim.GoalID, c.Claim.Test, c.OrderID)
	if err != nil {
		return nil, false, err
	}
	if !found {
		return nil, false, errAgain // it was given back in between
	}
	conv, err := conversionOf(ctx, s, id)
	return &conv, false, err
}

// writeOutcome writes what Judge has decided.
func writeOutcome(ctx context.Context, s session, c *settlement.Case, state settlement.State, out *settlement.Outcome, taken bool) error {
	if err := checkOutcome(c, state, out, taken); err != nil {
		return err
	}
	if conv := out.Conversion; conv != nil {
		if err := writeConversion(ctx, s, c.Claim, state, conv); err != nil {
			return fmt.Errorf("write conversion %s: %w", conv.ID, err)
		}
	}
	if taken {
		if err := settleOrder(ctx, s, c, out); err != nil {
			return fmt.Errorf("write order %q: %w", c.OrderID, err)
		}
	}
	if err := insertEntries(ctx, s, c.SignalID, out.Entries); err != nil {
		return fmt.Errorf("write the entries: %w", err)
	}
	if err := addUse(ctx, s, c, out); err != nil {
		return fmt.Errorf("write the use of caps: %w", err)
	}
	if err := insertDeliveries(ctx, s, out.Owed); err != nil {
		return fmt.Errorf("write the owed postbacks: %w", err)
	}
	if err := updateVerdict(ctx, s, &out.Verdict); err != nil {
		return fmt.Errorf("write the verdict: %w", err)
	}
	return nil
}

// checkOutcome refuses an outcome that the case has not locked for, which would
// be written without protection, and money that comes from nowhere.
func checkOutcome(c *settlement.Case, state settlement.State, out *settlement.Outcome, taken bool) error {
	if out.TakeOrder && (out.Conversion == nil || !taken) {
		return fault.New(fault.Internal, "the outcome takes order %q, which is not its own to take", c.OrderID)
	}
	for counter := range out.Use {
		if _, ok := state.Used[counter]; !ok {
			return fault.New(fault.Internal, "the outcome uses the cap %v, which the case does not hold", counter)
		}
	}
	sums := make(map[money.Currency]int64, 1)
	for i := range out.Entries {
		sums[out.Entries[i].Amount.Currency] += out.Entries[i].Amount.Units
	}
	for currency, sum := range sums {
		if sum != 0 {
			return fault.New(fault.Internal, "the outcome's entries in %s do not sum to zero", currency)
		}
	}
	return nil
}

// settleOrder gives the held order ID to the outcome's conversion, or back.
func settleOrder(ctx context.Context, s session, c *settlement.Case, out *settlement.Outcome) error {
	const take = `
		UPDATE taken_order SET conversion_id = $1
		WHERE offer_id = $2 AND goal_id = $3 AND test = $4 AND order_id = $5`
	const giveBack = `
		DELETE FROM taken_order
		WHERE offer_id = $1 AND goal_id = $2 AND test = $3 AND order_id = $4`
	if out.TakeOrder {
		_, err := s.exec(ctx, take, out.Conversion.ID, c.Claim.OfferID, c.Claim.GoalID, c.Claim.Test, c.OrderID)
		return err
	}
	_, err := s.exec(ctx, giveBack, c.Claim.OfferID, c.Claim.GoalID, c.Claim.Test, c.OrderID)
	return err
}
