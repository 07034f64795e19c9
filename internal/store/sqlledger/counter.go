package sqlledger

import (
	"context"

	"waybill/internal/settlement"
)

// lockCounter takes the row of a cap and has its use put into used.
func lockCounter(ctx context.Context, s session, c *settlement.Counter, used *int64) error {
	const lock = `
		INSERT INTO counter (offer_id, affiliate_id, goal, metric, period, used, raised_at)
		VALUES ($1, $2, $3, $4, $5, 0, 0)
		ON CONFLICT (offer_id, affiliate_id, goal, metric, period) DO UPDATE SET used = counter.used
		RETURNING used`
	return s.laterGet(ctx, []any{used}, lock, c.OfferID, c.AffiliateID, c.Goal, c.Metric, c.Period)
}

// addUse adds what the outcome uses, or gives back, to the counters that are held.
func addUse(ctx context.Context, s session, c *settlement.Case, out *settlement.Outcome) error {
	const add = `
		UPDATE counter SET used = used + $1, raised_at = $2
		WHERE offer_id = $3 AND affiliate_id = $4 AND goal = $5 AND metric = $6 AND period = $7`
	for _, k := range c.Counters {
		n := out.Use[k]
		if n == 0 {
			continue
		}
		err := s.later(ctx, add, n, micros(out.Verdict.SettledAt), k.OfferID, k.AffiliateID, k.Goal, k.Metric, k.Period)
		if err != nil {
			return err
		}
	}
	return nil
}

// Used gives the use of counters, 0 for one that nothing has used.
func (db *DB) Used(ctx context.Context, counters []settlement.Counter) (map[settlement.Counter]int64, error) {
	used, err := usedIn(ctx, db.read(), counters)
	return used, db.failed(err, "read the use of caps")
}

func usedIn(ctx context.Context, s session, counters []settlement.Counter) (map[settlement.Counter]int64, error) {
	const read = `
		SELECT used FROM counter
		WHERE offer_id = $1 AND affiliate_id = $2 AND goal = $3 AND metric = $4 AND period = $5`
	used := make(map[settlement.Counter]int64, len(counters))
	for _, c := range counters {
		var n int64
		_, err := s.get(ctx, []any{&n}, read, c.OfferID, c.AffiliateID, c.Goal, c.Metric, c.Period)
		if err != nil {
			return nil, err
		}
		used[c] = n
	}
	return used, nil
}
