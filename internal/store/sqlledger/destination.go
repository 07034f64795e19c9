package sqlledger

import (
	"context"
	"errors"
	"time"

	"waybill/internal/delivery"
	"waybill/internal/user"
)

const (
	insertDestination = `
		INSERT INTO destination (subscription_id, last_success, last_failure, last_class, last_status, last_detail,
			breaker, failures, opened_at, probe_at, trips, class, detail, probe, probe_until) `

	// breakerColumns are in the order of scanBreaker.
	breakerColumns = `subscription_id, breaker, failures, opened_at, probe_at, trips, class, detail`
)

// noteAttempt keeps how a destination's last attempt went.
func noteAttempt(ctx context.Context, s session, subscriptionID int64, a *delivery.Attempt) error {
	const success = insertDestination + `
		VALUES ($1, $2, 0, '', 0, '', 'closed', 0, 0, 0, 0, '', '', '', 0)
		ON CONFLICT (subscription_id) DO UPDATE SET last_success = excluded.last_success
		WHERE destination.last_success < excluded.last_success`
	const failure = insertDestination + `
		VALUES ($1, 0, $2, $3, $4, $5, 'closed', 0, 0, 0, 0, '', '', '', 0)
		ON CONFLICT (subscription_id) DO UPDATE SET last_failure = excluded.last_failure,
			last_class = excluded.last_class, last_status = excluded.last_status, last_detail = excluded.last_detail
		WHERE destination.last_failure < excluded.last_failure`
	if a.Error == "" {
		return s.later(ctx, success, subscriptionID, micros(a.At.Add(a.Took)))
	}
	return s.later(ctx, failure, subscriptionID, micros(a.At.Add(a.Took)), string(a.Error), int64(a.Status), a.Detail)
}

// saveBreaker keeps a breaker, and ends the probe that has led to it.
func saveBreaker(ctx context.Context, s session, b *delivery.Breaker) error {
	const save = insertDestination + `
		VALUES ($1, 0, 0, '', 0, '', $2, $3, $4, $5, $6, $7, $8, '', 0)
		ON CONFLICT (subscription_id) DO UPDATE SET breaker = excluded.breaker, failures = excluded.failures,
			opened_at = excluded.opened_at, probe_at = excluded.probe_at, trips = excluded.trips,
			class = excluded.class, detail = excluded.detail, probe = '', probe_until = 0`
	state := b.State
	if b.Closed() {
		state = delivery.BreakerClosed
	}
	return s.later(ctx, save, b.SubscriptionID, string(state), int64(b.Failures), micros(b.OpenedAt), micros(b.ProbeAt),
		int64(b.Trips), string(b.Class), b.Detail)
}

// Breakers gives those that know of failures.
func (db *DB) Breakers(ctx context.Context) ([]delivery.Breaker, error) {
	const read = `
		SELECT ` + breakerColumns + ` FROM destination
		WHERE breaker <> 'closed' OR failures > 0 ORDER BY subscription_id`
	var all []delivery.Breaker
	err := db.read().query(ctx, func(row scan) error {
		b, err := scanBreaker(row)
		all = append(all, b)
		return err
	}, read)
	return all, db.failed(err, "read the breakers")
}

func scanBreaker(read scan) (delivery.Breaker, error) {
	var b delivery.Breaker
	var opened, probe int64
	err := read(&b.SubscriptionID, &b.State, &b.Failures, &opened, &probe, &b.Trips, &b.Class, &b.Detail)
	b.OpenedAt, b.ProbeAt = instant(opened), instant(probe)
	return b, err
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

// Destinations gives, by their subscription's ID, where anything was ever owed.
// How long a queue is, is counted up to
// delivery.MostCounted.
func (db *DB) Destinations(ctx context.Context) ([]delivery.Destination, error) {
	var all []delivery.Destination
	err := db.snapshot(ctx, func(s session) (err error) {
		all, err = destinations(ctx, s, db.now(), nil)
		return err
	})
	return all, db.failed(err, "read the destinations")
}

// DestinationsOf is Destinations for a few subscriptions.
func (db *DB) DestinationsOf(ctx context.Context, subscriptions []int64) ([]delivery.Destination, error) {
	if len(subscriptions) == 0 {
		return nil, nil
	}
	var all []delivery.Destination
	err := db.snapshot(ctx, func(s session) (err error) {
		all, err = destinations(ctx, s, db.now(), subscriptions)
		return err
	})
	return all, db.failed(err, "read the destinations of %d subscriptions", len(subscriptions))
}

// destinations reads those of some subscriptions, or all for none.
func destinations(ctx context.Context, s session, now time.Time, of []int64) ([]delivery.Destination, error) {
	const read = `
		SELECT s.id,
			(SELECT COUNT(*) FROM (SELECT 1 FROM delivery d WHERE d.subscription_id = s.id AND d.state = 'waiting'
				LIMIT $1) AS w),
			(SELECT COUNT(*) FROM (SELECT 1 FROM delivery d WHERE d.subscription_id = s.id AND d.state = 'waiting'
				AND d.claim_at <= $2 LIMIT $1) AS w),
			(SELECT COUNT(*) FROM (SELECT 1 FROM delivery d WHERE d.subscription_id = s.id AND d.state = 'dead'
				LIMIT $1) AS w),
			(SELECT COUNT(*) FROM (SELECT 1 FROM delivery d WHERE d.subscription_id = s.id AND d.state = 'parked'
				LIMIT $1) AS w),
			COALESCE((SELECT MIN(d.claim_at) FROM delivery d WHERE d.subscription_id = s.id AND d.state = 'waiting'
				AND d.claim_at <= $2), 0),
			COALESCE(t.last_success, 0), COALESCE(t.last_failure, 0), COALESCE(t.last_class, ''),
			COALESCE(t.last_status, 0), COALESCE(t.last_detail, ''),
			s.id, COALESCE(t.breaker, 'closed'), COALESCE(t.failures, 0), COALESCE(t.opened_at, 0),
			COALESCE(t.probe_at, 0), COALESCE(t.trips, 0), COALESCE(t.class, ''), COALESCE(t.detail, '')
		FROM subscription s LEFT JOIN destination t ON t.subscription_id = s.id
		WHERE (t.subscription_id IS NOT NULL OR EXISTS (SELECT 1 FROM delivery d WHERE d.subscription_id = s.id))`
	text, args := read, []any{int64(delivery.MostCounted), micros(now)}
	if of != nil {
		text += ` AND s.id IN (` + numbered(len(args)+1, len(of)) + `)`
		for _, id := range of {
			args = append(args, id)
		}
	}
	var all []delivery.Destination
	err := s.query(ctx, func(row scan) error {
		var d delivery.Destination
		var oldest, success, failure int64
		b, err := scanBreaker(func(dest ...any) error {
			return row(append([]any{
				&d.SubscriptionID, &d.Waiting, &d.Due, &d.Dead, &d.Parked, &oldest,
				&success, &failure, &d.LastClass, &d.LastStatus, &d.LastDetail,
			}, dest...)...)
		})
		d.OldestDue, d.LastSuccess, d.LastFailure = instant(oldest), instant(success), instant(failure)
		d.Breaker = b
		all = append(all, d)
		return err
	}, text+` ORDER BY s.id`, args...)
	return all, err
}

// errUnchanged ends a change that would change nothing.
var errUnchanged = errors.New("nothing changes")

// Disable stops a subscription whose receiver wants no more, and reports whether
// it was this call that did: one that is not active stays as it is.
func (db *DB) Disable(ctx context.Context, subscriptionID int64, reason string, at time.Time) (bool, error) {
	_, err := db.Subscriptions().By(user.By{Actor: "deliver"}).Update(ctx, subscriptionID, 0, func(u *delivery.Subscription) error {
		if u.Status != delivery.Active {
			return errUnchanged
		}
		u.Status, u.DisabledAt, u.DisabledReason = delivery.Disabled, at.UTC(), reason
		return nil
	})
	if errors.Is(err, errUnchanged) {
		return false, nil
	}
	return err == nil, err
}

// Owe adds postbacks that no conversion causes: what subscribers are told about
// the installation itself. One that is owed already stays as it is.
func (db *DB) Owe(ctx context.Context, owed []delivery.Owed) error {
	insert, err := deliveryRows(owed)
	if err == nil {
		insert.tail = " ON CONFLICT (id) DO NOTHING"
		err = db.write(ctx, func(ctx context.Context, s session) error { return insert.run(ctx, s) })
	}
	return db.failed(err, "owe %d postbacks", len(owed))
}
