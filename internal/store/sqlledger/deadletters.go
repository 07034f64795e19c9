package sqlledger

import (
	"context"

	"waybill/internal/delivery"
)

// DeadLetters groups the deliveries that a filter fits and that were given up, by
// subscription and by the cause of their last failure, the largest group first.
func (db *DB) DeadLetters(ctx context.Context, f delivery.Filter) ([]delivery.DeadLetters, error) {
	const group = `
		SELECT subscription_id, last_class, last_status, COUNT(*), MIN(created_at), MAX(created_at), MAX(id) FROM delivery`
	f.State = delivery.Dead
	of, bounded, err := db.subscriptionsOf(ctx, &f)
	if err != nil || bounded && len(of) == 0 {
		return nil, db.failed(err, "group dead letters")
	}
	q, err := db.narrowed(ctx, group, &f, of)
	if err != nil {
		return nil, db.failed(err, "group dead letters")
	}
	var all []delivery.DeadLetters
	err = db.read().query(ctx, func(row scan) error {
		var d delivery.DeadLetters
		var oldest, newest int64
		err := row(&d.SubscriptionID, &d.Class, &d.Status, &d.Count, &oldest, &newest, &d.Example)
		d.Oldest, d.Newest = instant(oldest), instant(newest)
		all = append(all, d)
		return err
	}, q.withConditions()+` GROUP BY subscription_id, last_class, last_status ORDER BY 4 DESC, 1, 2, 3 LIMIT 1000`, q.args...)
	return all, db.failed(err, "group dead letters")
}

// CountDeliveries counts the deliveries that a filter fits.
func (db *DB) CountDeliveries(ctx context.Context, f delivery.Filter) (int64, error) {
	n, err := db.countDeliveries(ctx, &f)
	return n, db.failed(err, "count deliveries")
}

// CloseBreaker lets the postbacks of a subscription through again, as if none had
// failed.
func (db *DB) CloseBreaker(ctx context.Context, subscriptionID int64) error {
	const update = `
		UPDATE destination SET breaker = 'closed', failures = 0, opened_at = 0, probe_at = 0, trips = 0, class = '',
			detail = '', probe = '', probe_until = 0
		WHERE subscription_id = $1 AND (breaker <> 'closed' OR failures > 0)`
	err := db.write(ctx, func(ctx context.Context, s session) error {
		_, err := s.exec(ctx, update, subscriptionID)
		return err
	})
	return db.failed(err, "close the breaker of subscription %d", subscriptionID)
}
