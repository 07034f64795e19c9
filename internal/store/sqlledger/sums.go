package sqlledger

import (
	"context"
	"math"
	"time"

	"waybill/internal/conversion"
	"waybill/internal/fact"
)

// ConversionSums adds up the conversions that happened at a time or later, as
// they are at one moment. sum is called for each offer, currency, status and
// traffic with the number of its conversions and one conversion that holds their
// sums; facts with what the changes behind the number after say, all those that
// there are at that moment.
func (db *DB) ConversionSums(
	ctx context.Context, since time.Time, after int64, sum func(count int64, c conversion.Conversion), facts func([]fact.Conversion),
) error {
	const read = `
		SELECT offer_id, test, status, amount_currency, payout_currency, COUNT(*),
			CAST(SUM(amount) AS BIGINT), CAST(SUM(payout) AS BIGINT), CAST(SUM(revenue) AS BIGINT)
		FROM conversion
		WHERE occurred_at >= $1
		GROUP BY offer_id, test, status, amount_currency, payout_currency`
	err := db.snapshot(ctx, func(s session) error {
		err := s.query(ctx, func(row scan) error {
			var count int64
			var c conversion.Conversion
			err := row(&c.OfferID, &c.Test, &c.Status, &c.Amount.Currency, &c.Payout.Currency, &count,
				&c.Amount.Units, &c.Payout.Units, &c.Revenue.Units)
			if err == nil {
				sum(count, c)
			}
			return err
		}, read, micros(since))
		if err != nil {
			return err
		}
		return eachFact(ctx, s, after, facts)
	})
	return db.failed(err, "add up the conversions")
}

// changesRead is how many changes are read at once.
const changesRead = 1000

// eachFact gives the facts of all changes after one that a snapshot shows.
func eachFact(ctx context.Context, s session, after int64, facts func([]fact.Conversion)) error {
	for {
		changes, err := readChanges(ctx, s, after, math.MaxInt64, changesRead)
		if err != nil || len(changes) == 0 {
			return err
		}
		some, last := factsOf(changes, after)
		facts(some)
		after = last
	}
}
