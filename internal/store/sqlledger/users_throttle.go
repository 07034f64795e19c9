package sqlledger

import (
	"context"
	"slices"
	"strings"
	"time"

	"waybill/internal/user"
)

// Attempt counts an attempt to log in at each door, such as an account and an
// address, and lets it through; or it tells how long the attempt has to wait, and
// counts nothing. Attempts made at once are counted one after another. Whoever
// has to wait costs no more than a look: only what is let through is written.
func (db *DB) Attempt(ctx context.Context, now time.Time, doors ...user.Door) (wait time.Duration, err error) {
	const read = `SELECT failures, last_at, until_at FROM throttle WHERE name = $1`
	counts, err := throttles(ctx, db.read(), read, doors)
	if err == nil {
		wait = longest(counts, now)
	}
	if err != nil || wait > 0 {
		return wait, db.failed(err, "look how long a log-in waits")
	}
	err = db.write(ctx, func(ctx context.Context, s session) error {
		counts, err := lockThrottles(ctx, s, doors)
		if err != nil {
			return err
		}
		if wait = longest(counts, now); wait > 0 { // others came first
			return nil
		}
		for door, t := range counts {
			counts[door] = door.Attempt(t, now)
		}
		if err := storeThrottles(ctx, s, counts); err != nil {
			return err
		}
		return db.forgetThrottles(ctx, s, now)
	})
	return wait, db.failed(err, "count an attempt to log in")
}

// AttemptSucceeded takes an attempt at some doors back: it was a success.
func (db *DB) AttemptSucceeded(ctx context.Context, doors ...user.Door) error {
	err := db.write(ctx, func(ctx context.Context, s session) error {
		counts, err := lockThrottles(ctx, s, doors)
		if err != nil {
			return err
		}
		for door, t := range counts {
			counts[door] = door.Succeeded(t)
		}
		return storeThrottles(ctx, s, counts)
	})
	return db.failed(err, "count a log-in")
}

// longest gives the longest wait at a time.
func longest(counts map[user.Door]user.Throttle, now time.Time) (wait time.Duration) {
	for _, t := range counts {
		wait = max(wait, t.Wait(now))
	}
	return wait
}

// lockThrottles takes the counts of all doors, always in the same order.
func lockThrottles(ctx context.Context, s session, doors []user.Door) (map[user.Door]user.Throttle, error) {
	const lock = `
		INSERT INTO throttle (name, failures, last_at, until_at) VALUES ($1, 0, 0, 0)
		ON CONFLICT (name) DO UPDATE SET failures = throttle.failures
		RETURNING failures, last_at, until_at`
	return throttles(ctx, s, lock, doors)
}

// throttles reads the counts of all doors, ordered by their names. A door of
// which there are none is left out.
func throttles(ctx context.Context, s session, text string, doors []user.Door) (map[user.Door]user.Throttle, error) {
	counts := make(map[user.Door]user.Throttle, len(doors))
	for _, door := range slices.SortedFunc(slices.Values(doors), func(a, b user.Door) int { return strings.Compare(a.Name, b.Name) }) {
		var t user.Throttle
		var last, until int64
		found, err := s.get(ctx, []any{&t.Failures, &last, &until}, text, door.Name)
		if err != nil {
			return nil, err
		}
		if found {
			t.LastAt, t.Until = instant(last), instant(until)
			counts[door] = t
		}
	}
	return counts, nil
}

func storeThrottles(ctx context.Context, s session, counts map[user.Door]user.Throttle) error {
	for door, t := range counts {
		_, err := s.exec(ctx, `UPDATE throttle SET failures = $2, last_at = $3, until_at = $4 WHERE name = $1`,
			door.Name, t.Failures, micros(t.LastAt), micros(t.Until))
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
