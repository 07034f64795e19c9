package sqlledger

import (
	"context"
	"math"
	"time"

	"waybill/internal/fact"
	"waybill/internal/money"
)

// ConversionSums adds up the conversions that happened at a time or later, as
// they are at one moment. sum is called for each book with
// what its conversions come to; facts with what the changes behind the number
// after say, all those that there are at that moment.
func (db *DB) ConversionSums(
	ctx context.Context, since time.Time, after int64, sum func(fact.Book, fact.Sums), facts func([]fact.Conversion),
) error {
	read := `
		SELECT offer_id, test, status, CASE WHEN amount_currency <> '' THEN amount_currency ELSE payout_currency END AS currency,
			COUNT(*), ` + totalOf("amount") + `, ` + totalOf("payout") + `, ` + totalOf("revenue") + `
		FROM conversion
		WHERE occurred_at >= $1
		GROUP BY offer_id, test, status, currency`
	err := db.snapshot(ctx, func(s session) error {
		err := s.query(ctx, func(row scan) error {
			var of fact.Book
			var s fact.Sums
			var units, micro [3]int64
			err := row(&of.OfferID, &of.Test, &of.Status, &of.Currency, &s.Count, &units[0], &micro[0], &units[1], &micro[1], &units[2], &micro[2])
			if err != nil {
				return err
			}
			for n, into := range [...]*money.Sum{&s.Amount, &s.Payout, &s.Revenue} {
				*into = money.Total(units[n], micro[n], money.Currency(of.Currency))
			}
			sum(of, s)
			return nil
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
