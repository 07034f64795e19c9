package sqlledger

import (
	"context"
	"time"

	"waybill/internal/delivery"
	"waybill/internal/fault"
)

// Replay makes a delivery that is over or parked wait again, due at a time. Its
// ID and its values stay, its attempts go on counting, and its schedule begins
// anew.
func (db *DB) Replay(ctx context.Context, id string, due time.Time) error {
	err := db.write(ctx, func(ctx context.Context, s session) error {
		changed, err := s.exec(ctx, replayOf+` WHERE id = $3 AND state <> 'waiting'`, micros(due), int64(0), id)
		if err != nil || changed == 1 {
			return err
		}
		if _, _, err := standing(ctx, s, id); err != nil {
			return err
		}
		return fault.New(fault.Conflict, "delivery %s waits already", id)
	})
	return db.failed(err, "replay delivery %s", id)
}

// What a delivery was before is kept beside what it becomes, by whatever job.
const (
	keepBefore = `
		UPDATE delivery SET before_state = state, before_due = due_at, before_done = done_at, before_replayed = replayed,
			replay_job = $2, leased_until = 0, `
	replayOf   = keepBefore + `state = 'waiting', due_at = $1, claim_at = $1, done_at = 0, replayed = attempts`
	withdrawOf = keepBefore + `state = 'withdrawn', done_at = $1`
)

// Withdraw takes back a delivery that waits or is parked. One that is under way
// cannot be caught.
func (db *DB) Withdraw(ctx context.Context, id string, now time.Time) error {
	err := db.write(ctx, func(ctx context.Context, s session) error {
		changed, err := s.exec(ctx, withdrawOf+` WHERE id = $3 AND state IN ('waiting', 'parked') AND leased_until <= $1`,
			micros(now), int64(0), id)
		if err != nil {
			return err
		}
		if changed == 1 {
			return release(ctx, s, []string{id})
		}
		state, leased, err := standing(ctx, s, id)
		switch {
		case err != nil:
			return err
		case leased > micros(now):
			return fault.New(fault.Conflict, "delivery %s is being sent", id)
		default:
			return fault.New(fault.Conflict, "delivery %s is %s: only what waits or is parked can be withdrawn", id, state)
		}
	})
	return db.failed(err, "withdraw delivery %s", id)
}

// standing gives how a delivery stands.
func standing(ctx context.Context, s session, id string) (state delivery.State, leased int64, err error) {
	err = s.must(ctx, "delivery "+id, []any{&state, &leased}, `SELECT state, leased_until FROM delivery WHERE id = $1`, id)
	return state, leased, err
}

// idsTogether is how many deliveries are named in one statement. Fewer are filled
// up, so that there is one statement to be kept prepared.
const idsTogether = 100

// release lets what is behind deliveries be claimed when it is due, now that these
// are over: all of it, as releaseNext does.
func release(ctx context.Context, s session, ids []string) error {
	text := `
		UPDATE delivery SET claim_at = due_at
		WHERE state = 'waiting' AND leased_until = 0
			AND (conversion_id, subscription_id) IN (
				SELECT b.conversion_id, b.subscription_id FROM delivery b WHERE b.id IN (` + numbered(1, idsTogether) + `))`
	for len(ids) > 0 {
		args, rest := named(nil, ids)
		if err := s.later(ctx, text, args...); err != nil {
			return err
		}
		ids = rest
	}
	return nil
}

// named appends the next IDs to args, filled up to idsTogether.
func named(args []any, ids []string) (all []any, rest []string) {
	n := min(len(ids), idsTogether)
	for _, id := range ids[:n] {
		args = append(args, id)
	}
	for range idsTogether - n {
		args = append(args, "")
	}
	return args, ids[n:]
}
