package sqlledger

import (
	"context"
	"slices"
	"time"

	"waybill/internal/user"
)

// Attempt counts an attempt to log in against each name, such as an account and
// an address, and lets it through; or it tells how long the attempt has to wait,
// and counts nothing. Attempts made at once are counted one after another.
func (db *DB) Attempt(ctx context.Context, now time.Time, names ...string) (wait time.Duration, err error) {
	err = db.write(ctx, func(ctx context.Context, s session) error {
		counts, err := lockThrottles(ctx, s, names)
		if err != nil {
			return err
		}
		wait = 0
		for _, t := range counts {
			wait = max(wait, t.Wait(now))
		}
		if wait > 0 {
			return nil
		}
		for name, t := range counts {
			counts[name] = t.Attempt(now)
		}
		if err := storeThrottles(ctx, s, counts); err != nil {
			return err
		}
		return db.forgetThrottles(ctx, s, now)
	})
	return wait, db.failed(err, "count an attempt to log in")
}

// AttemptSucceeded takes an attempt back: it was a success. The account starts
// anew; the address only has one failure less, or else whoever has one account
// could try all others from there.
func (db *DB) AttemptSucceeded(ctx context.Context, account, address string) error {
	err := db.write(ctx, func(ctx context.Context, s session) error {
		counts, err := lockThrottles(ctx, s, []string{account, address})
		if err != nil {
			return err
		}
		counts[account], counts[address] = user.Throttle{}, counts[address].Succeeded()
		return storeThrottles(ctx, s, counts)
	})
	return db.failed(err, "count a log-in")
}

// lockThrottles takes the counts of all names, always in the same order.
func lockThrottles(ctx context.Context, s session, names []string) (map[string]user.Throttle, error) {
	const lock = `
		INSERT INTO throttle (name, failures, last_at, until_at) VALUES ($1, 0, 0, 0)
		ON CONFLICT (name) DO UPDATE SET failures = throttle.failures
		RETURNING failures, last_at, until_at`
	counts := make(map[string]user.Throttle, len(names))
	for _, name := range slices.Sorted(slices.Values(names)) {
		var t user.Throttle
		var last, until int64
		if _, err := s.get(ctx, []any{&t.Failures, &last, &until}, lock, name); err != nil {
			return nil, err
		}
		t.LastAt, t.Until = instant(last), instant(until)
		counts[name] = t
	}
	return counts, nil
}

func storeThrottles(ctx context.Context, s session, counts map[string]user.Throttle) error {
	for name, t := range counts {
		_, err := s.exec(ctx, `UPDATE throttle SET failures = $2, last_at = $3, until_at = $4 WHERE name = $1`,
			name, t.Failures, micros(t.LastAt), micros(t.Until))
		if err != nil {
			return err
		}
	}
	return nil
}

// forgetThrottles takes out counts that are of no use any more, some at a time.
func (db *DB) forgetThrottles(ctx context.Context, s session, now time.Time) error {
	_, err := s.exec(ctx, `DELETE FROM throttle WHERE name IN (
		SELECT name FROM throttle WHERE last_at < $1 ORDER BY last_at LIMIT 100`+db.engine.skipLocked()+`)`, micros(user.Forgotten(now)))
	return err
}
