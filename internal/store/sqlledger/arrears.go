package sqlledger

import (
	"context"
	"time"

	"waybill/internal/delivery"
)

// mostDeadLooked is how many deliveries that were given up Arrears looks at,
// the latest made.
const mostDeadLooked = 50_000

// Arrears tells how the queues of an owner stand, the network's own question
// being about all, and how many were given up since a time.
func (db *DB) Arrears(ctx context.Context, of delivery.Owner, since time.Time) (delivery.Arrears, error) {
	const (
		ofAll = `
		SELECT
			(SELECT COUNT(*) FROM (SELECT 1 FROM delivery WHERE state = 'waiting' LIMIT $1) AS w),
			(SELECT COUNT(*) FROM (SELECT 1 FROM subscription s JOIN delivery d ON d.subscription_id = s.id
				WHERE d.state = 'waiting' AND d.claim_at <= $2 LIMIT $1) AS w),
			COALESCE((SELECT MIN((SELECT MIN(d.claim_at) FROM delivery d WHERE d.subscription_id = s.id
				AND d.state = 'waiting' AND d.claim_at <= $2)) FROM subscription s), 0),
			(SELECT COUNT(*) FROM (SELECT 1 FROM (SELECT done_at FROM delivery WHERE state = 'dead'
				ORDER BY created_at DESC LIMIT $3) AS latest WHERE done_at >= $4 LIMIT $1) AS w)`
		ofOwn = `
		SELECT
			(SELECT COUNT(*) FROM (SELECT 1 FROM subscription s JOIN delivery d ON d.subscription_id = s.id
				WHERE (s.affiliate_id = $5 OR s.advertiser_id = $6) AND d.state = 'waiting' LIMIT $1) AS w),
			(SELECT COUNT(*) FROM (SELECT 1 FROM subscription s JOIN delivery d ON d.subscription_id = s.id
				WHERE (s.affiliate_id = $5 OR s.advertiser_id = $6) AND d.state = 'waiting' AND d.claim_at <= $2 LIMIT $1) AS w),
			COALESCE((SELECT MIN((SELECT MIN(d.claim_at) FROM delivery d WHERE d.subscription_id = s.id
				AND d.state = 'waiting' AND d.claim_at <= $2)) FROM subscription s
				WHERE s.affiliate_id = $5 OR s.advertiser_id = $6), 0),
			(SELECT COUNT(*) FROM (SELECT 1 FROM (SELECT d.done_at FROM subscription s JOIN delivery d ON d.subscription_id = s.id
				WHERE (s.affiliate_id = $5 OR s.advertiser_id = $6) AND d.state = 'dead' LIMIT $3) AS latest
				WHERE done_at >= $4 LIMIT $1) AS w)`
	)
	var b delivery.Arrears
	var oldest int64
	into := []any{&b.Waiting, &b.Due, &oldest, &b.Dead}
	args := []any{int64(delivery.MostCounted), micros(db.now()), int64(mostDeadLooked), micros(since)}
	text := ofAll
	if !of.Network {
		text, args = ofOwn, append(args, of.AffiliateID, of.AdvertiserID)
	}
	_, err := db.read().get(ctx, into, text, args...)
	b.OldestDue = instant(oldest)
	return b, db.failed(err, "count what is owed")
}

// Waiting gives how many owed postbacks of subscriptions wait, counted to
// delivery.MostCounted each.
func (db *DB) Waiting(ctx context.Context, subscriptions []int64) (map[int64]int64, error) {
	const count = `
		SELECT COUNT(*) FROM (SELECT 1 FROM delivery WHERE subscription_id = $1 AND state = 'waiting' LIMIT $2) AS w`
	all := make(map[int64]int64, len(subscriptions))
	for _, id := range subscriptions {
		var n int64
		if _, err := db.read().get(ctx, []any{&n}, count, id, int64(delivery.MostCounted)); err != nil {
			return nil, db.failed(err, "count what subscription %d is owed", id)
		}
		all[id] = n
	}
	return all, nil
}
