package sqlledger

import (
	"context"
	"fmt"
	"slices"

	"waybill/internal/delivery"
)

// mostGrouped is how many dead letters of a subscription are looked at, the
// latest.
const mostGrouped = 50_000

// DeadLetters groups what was given up of what a filter fits by subscription and
// cause, the largest group first. Of very many the latest are looked at.
func (db *DB) DeadLetters(ctx context.Context, f delivery.Filter) ([]delivery.DeadLetters, error) {
	f.State = delivery.Dead
	all, err := db.deadLetters(ctx, &f)
	slices.SortFunc(all, delivery.DeadLetters.Compare)
	return all, db.failed(err, "group the dead letters")
}

func (db *DB) deadLetters(ctx context.Context, f *delivery.Filter) ([]delivery.DeadLetters, error) {
	of, bounded, err := db.subscriptionsOf(ctx, f)
	if err != nil {
		return nil, err
	}
	if !bounded || len(of) > mostApart || ofConversion(f) {
		return db.deadLettersOf(ctx, f, of, bounded)
	}
	var all []delivery.DeadLetters
	for i := range of {
		some, err := db.deadLettersOf(ctx, f, of[i:i+1], true)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	return all, nil
}

func (db *DB) deadLettersOf(ctx context.Context, f *delivery.Filter, of []int64, bounded bool) ([]delivery.DeadLetters, error) {
	if bounded && len(of) == 0 {
		return nil, nil
	}
	q, err := db.ordered(ctx, `SELECT id, subscription_id, last_class, last_status, created_at FROM delivery`, f, of)
	if err != nil {
		return nil, err
	}
	text := `
		SELECT subscription_id, last_class, last_status, COUNT(*), MIN(created_at), MAX(created_at), MAX(id) FROM (` +
		q.withConditions() + fmt.Sprintf(" ORDER BY %s DESC LIMIT %d", q.key, mostGrouped) + `) AS latest
		GROUP BY subscription_id, last_class, last_status`
	var all []delivery.DeadLetters
	err = db.read().query(ctx, func(row scan) error {
		var g delivery.DeadLetters
		var oldest, newest int64
		err := row(&g.SubscriptionID, &g.Class, &g.Status, &g.Count, &oldest, &newest, &g.Example)
		g.Oldest, g.Newest = instant(oldest), instant(newest)
		all = append(all, g)
		return err
	}, text, q.args...)
	return all, err
}

// CountDeliveries counts the deliveries that a filter fits.
func (db *DB) CountDeliveries(ctx context.Context, f delivery.Filter) (int64, error) {
	n, err := db.countDeliveries(ctx, &f)
	return n, db.failed(err, "count deliveries")
}

func (db *DB) countDeliveries(ctx context.Context, f *delivery.Filter) (n int64, err error) {
	of, bounded, err := db.subscriptionsOf(ctx, f)
	if err != nil || bounded && len(of) == 0 {
		return 0, err
	}
	q := newSelection("SELECT COUNT(*) FROM delivery", "created_at")
	q.fits(f, "subscription_id", of)
	_, err = db.read().get(ctx, []any{&n}, q.withConditions(), q.args...)
	return n, err
}
