package sqlledger

import (
	"cmp"
	"context"
	"slices"
	"time"

	"waybill/internal/delivery"
)

// How claims stay cheap with a million postbacks waiting: each subscription has
// its own queue in the index delivery_waiting, ordered by claim_at. The
// subscriptions that have anything waiting are found by stepping through that
// index from one to the next, and each gives its share of a claim, so one with a
// long queue holds up no other. What was claimed moves behind by its lease; what
// has an earlier one of its conversion before it is put off when it is met.

// queues are the active subscriptions that something waits for, with the
// earliest time at which one may be claimed.
const queues = `
	WITH RECURSIVE waiting (id) AS (
		SELECT MIN(subscription_id) FROM delivery WHERE state = 'waiting'
		UNION ALL
		SELECT (SELECT MIN(d.subscription_id) FROM delivery d WHERE d.state = 'waiting' AND d.subscription_id > w.id)
		FROM waiting w WHERE w.id IS NOT NULL
	), queue (id, first) AS (
		SELECT s.id, (SELECT MIN(d.claim_at) FROM delivery d WHERE d.state = 'waiting' AND d.subscription_id = s.id)
		FROM waiting w JOIN subscription s ON s.id = w.id WHERE s.status = 'active'
	)
	SELECT id, first FROM queue`

// putOff is how long a delivery whose turn has not come is not looked at, if
// nothing releases it before.
const putOff = 30 * time.Second

// mostRounds bounds how often one claim goes back to a queue in which it met only
// deliveries whose turn has not come.
const mostRounds = 8

// Claim leases up to limit owed postbacks that are due, until leaseUntil: the
// lowest open sequence of its conversion and subscription each, of active
// subscriptions, shared out evenly. It gives none while deliveries are parked.
func (db *DB) Claim(ctx context.Context, now, leaseUntil time.Time, limit int) ([]delivery.Owed, error) {
	due, err := db.dueQueues(ctx, now)
	if err != nil || len(due) == 0 {
		return nil, db.failed(err, "claim deliveries")
	}
	var claimed []delivery.Owed
	err = db.writeSure(ctx, func(ctx context.Context, s session) error {
		claimed = claimed[:0]
		parked, err := settingOf(ctx, s, parkedSetting)
		if err != nil || parked != "" {
			return err
		}
		for i, id := range due {
			share := (limit - len(claimed) + len(due) - i - 1) / (len(due) - i)
			got, err := db.claimOf(ctx, s, id, now, leaseUntil, share)
			if err != nil {
				return err
			}
			claimed = append(claimed, got...)
		}
		return nil
	})
	if err != nil {
		return nil, db.failed(err, "claim deliveries")
	}
	return claimed, nil
}

// dueQueues gives the subscriptions with anything to be claimed, the longest
// waiting first.
func (db *DB) dueQueues(ctx context.Context, now time.Time) ([]int64, error) {
	const read = queues + ` WHERE first <= $1 ORDER BY first, id`
	var due []int64
	err := db.read().query(ctx, func(row scan) error {
		var id, first int64
		err := row(&id, &first)
		due = append(due, id)
		return err
	}, read, micros(now))
	return due, err
}

// claimOf leases up to n of one subscription's postbacks.
func (db *DB) claimOf(ctx context.Context, s session, id int64, now, leaseUntil time.Time, n int) ([]delivery.Owed, error) {
	const blocked = `EXISTS (
		SELECT 1 FROM delivery b
		WHERE b.conversion_id = delivery.conversion_id AND b.subscription_id = delivery.subscription_id
			AND b.sequence < delivery.sequence AND b.state IN ('waiting', 'parked'))`
	// All that are met are moved behind, in one statement; those whose turn has
	// not come are not leased by it.
	claim := `
		WITH met AS (
			SELECT d.id FROM delivery d
			WHERE d.subscription_id = $3 AND d.state = 'waiting' AND d.claim_at <= $4
			ORDER BY d.claim_at, d.id LIMIT $5` + db.engine.skipLocked() + `
		)
		UPDATE delivery SET
			leased_until = CASE WHEN ` + blocked + ` THEN 0 ELSE CAST($1 AS BIGINT) END,
			claim_at = CASE WHEN ` + blocked + ` THEN CAST($2 AS BIGINT) ELSE CAST($1 AS BIGINT) END
		WHERE id IN (SELECT id FROM met)
		RETURNING ` + deliveryColumns
	var claimed []delivery.Owed
	for met, round := n, 0; met > 0 && len(claimed) < n && round < mostRounds; round++ {
		met = 0
		err := s.query(ctx, func(row scan) error {
			met++
			d, err := scanDelivery(row)
			if !d.LeasedUntil.IsZero() {
				claimed = append(claimed, d)
			}
			return err
		}, claim, micros(leaseUntil), micros(now.Add(putOff)), id, micros(now), int64(n-len(claimed)))
		if err != nil {
			return nil, err
		}
	}
	slices.SortFunc(claimed, func(a, b delivery.Owed) int {
		return cmp.Or(a.DueAt.Compare(b.DueAt), cmp.Compare(a.ID, b.ID))
	})
	return claimed, nil
}

// Renew extends a lease that ended at held, and reports whether it is still the
// caller's.
func (db *DB) Renew(ctx context.Context, id string, held, until time.Time) (bool, error) {
	const update = `
		UPDATE delivery SET leased_until = $3, claim_at = $3
		WHERE id = $1 AND leased_until = $2 AND state = 'waiting'`
	var changed int64
	err := db.writeSure(ctx, func(ctx context.Context, s session) (err error) {
		changed, err = s.exec(ctx, update, id, micros(held), micros(until))
		return err
	})
	return changed == 1, db.failed(err, "renew the lease of delivery %s", id)
}

// NextDue gives the earliest time at which a postback may be claimed, zero when
// none waits or deliveries are parked.
func (db *DB) NextDue(ctx context.Context) (time.Time, error) {
	if parked, err := db.Parked(ctx); err != nil || parked {
		return time.Time{}, err
	}
	const read = queues + ` ORDER BY first LIMIT 1`
	var id, first int64
	_, err := db.read().get(ctx, []any{&id, &first}, read)
	return instant(first), db.failed(err, "read when the next delivery is due")
}
