package sqlledger

import (
	"context"
	"fmt"

	"waybill/internal/conversion"
	"waybill/internal/fault"
	"waybill/internal/settlement"
)

// Targets gives the conversions that a signal names without a touch: the one of
// its conversion ID; if there is none, those of its order; if there are none,
// those of its transaction.
func (db *DB) Targets(ctx context.Context, t settlement.Target) ([]conversion.Conversion, error) {
	all, err := targets(ctx, db.read(), &t)
	return all, db.failed(err, "look up the conversion of a signal")
}

func targets(ctx context.Context, s session, t *settlement.Target) (all []conversion.Conversion, err error) {
	if t.ConversionID != "" {
		c, err := conversionOf(ctx, s, t.ConversionID)
		switch {
		case err == nil:
			return []conversion.Conversion{c}, nil
		case fault.Of(err) != fault.NotFound:
			return nil, fmt.Errorf("by its ID: %w", err)
		}
	}
	if t.OrderID != "" && len(t.GoalIDs) > 0 {
		if all, err = targetsOfOrder(ctx, s, t); err != nil || len(all) > 0 {
			return all, err
		}
	}
	if t.TransactionID != "" && len(t.GoalIDs) > 0 {
		args := goalArgs(t, t.TransactionID)
		all, err = readConversions(ctx, s, `
			SELECT `+conversionColumns+` FROM conversion
			WHERE transaction_id = $1 AND offer_id = $2 AND test = $3 AND goal_id IN (`+numbered(4, len(t.GoalIDs))+`)
			ORDER BY created_at, id`, args...)
	}
	return all, err
}

func targetsOfOrder(ctx context.Context, s session, t *settlement.Target) ([]conversion.Conversion, error) {
	args := goalArgs(t, t.OrderID)
	return readConversions(ctx, s, `
		SELECT `+conversionColumns+` FROM conversion WHERE id IN (
			SELECT conversion_id FROM taken_order
			WHERE order_id = $1 AND offer_id = $2 AND test = $3 AND goal_id IN (`+numbered(4, len(t.GoalIDs))+`)
		) ORDER BY created_at, id`, args...)
}

// goalArgs gives the arguments of a look-up among a target's goals.
func goalArgs(t *settlement.Target, of string) []any {
	args := []any{of, t.OfferID, t.Test}
	for _, id := range t.GoalIDs {
		args = append(args, id)
	}
	return args
}
