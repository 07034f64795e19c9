package sqlledger

import (
	"context"
	"time"

	"waybill/internal/fault"
)

// Answer is what a request with an Idempotency-Key was answered.
type Answer struct {
	Status int
	Body   []byte // UTF-8
}

// answerAbandoned is how long a request may be worked on before its key may be
// taken over: whoever began it is gone.
const answerAbandoned = 2 * time.Minute

// Idempotent begins a request under a key that its sender has chosen. It gives
// the answer that was given before, if there is one; nil says that the caller
// shall carry the request out and then call Answered. A key whose request is
// still worked on is a Conflict; one that came with another body is Invalid.
func (db *DB) Idempotent(ctx context.Context, key, scope, bodyHash string) (*Answer, error) {
	var known *Answer
	err := db.write(ctx, func(ctx context.Context, s session) (err error) {
		known, err = db.beginAnswer(ctx, s, key, scope, bodyHash)
		return err
	})
	if err != nil {
		return nil, db.failed(err, "begin the request")
	}
	return known, nil
}

func (db *DB) beginAnswer(ctx context.Context, s session, key, scope, bodyHash string) (*Answer, error) {
	const insert = `
		INSERT INTO answer (scope, key, body_hash, status, body, begun_at)
		VALUES ($1, $2, $3, 0, '', $4)
		ON CONFLICT (scope, key) DO NOTHING`
	const read = `SELECT body_hash, status, body FROM answer WHERE scope = $1 AND key = $2`
	const takeOver = `
		UPDATE answer SET begun_at = $4
		WHERE scope = $1 AND key = $2 AND body_hash = $3 AND status = 0 AND begun_at < $5`
	now := db.now()
	added, err := s.exec(ctx, insert, scope, key, bodyHash, micros(now))
	if err != nil || added == 1 {
		return nil, err
	}
	var a Answer
	var hash, body string
	if err := s.must(ctx, "answer", []any{&hash, &a.Status, &body}, read, scope, key); err != nil {
		return nil, err
	}
	a.Body = []byte(body)
	if hash != bodyHash {
		return nil, fault.New(fault.Invalid, "this Idempotency-Key came with another request before: use a new one")
	}
	if a.Status != 0 {
		return &a, nil
	}
	taken, err := s.exec(ctx, takeOver, scope, key, bodyHash, micros(now), micros(now.Add(-answerAbandoned)))
	if err == nil && taken == 0 {
		err = fault.New(fault.Conflict, "the request with this Idempotency-Key is being worked on")
	}
	return nil, err
}

// Answered keeps the answer of a request that Idempotent has begun. An answer of
// status 0 lets go of the key, for a request that came to nothing.
func (db *DB) Answered(ctx context.Context, key, scope string, a Answer) error {
	const update = `UPDATE answer SET status = $3, body = $4 WHERE scope = $1 AND key = $2`
	const letGo = `DELETE FROM answer WHERE scope = $1 AND key = $2 AND status = 0`
	err := db.write(ctx, func(ctx context.Context, s session) (err error) {
		if a.Status == 0 {
			_, err = s.exec(ctx, letGo, scope, key)
		} else {
			_, err = s.exec(ctx, update, scope, key, int64(a.Status), string(a.Body))
		}
		return err
	})
	return db.failed(err, "keep the request's answer")
}

// How long is kept what grows and is not money.
const (
	answersKept  = 48 * time.Hour
	attemptsKept = 90 * 24 * time.Hour
)

// tidyBatch is how many rows one write deletes, so that none holds the others up.
const tidyBatch = 1000

// Tidy deletes answers, attempts, reconciliations and the digests of persons that
// have grown old.
func (db *DB) Tidy(ctx context.Context, now time.Time) error {
	const answers = `
		DELETE FROM answer WHERE (scope, key) IN (
			SELECT scope, key FROM answer WHERE begun_at < $1 ORDER BY begun_at LIMIT $2)`
	const attempts = `
		DELETE FROM attempt WHERE (delivery_id, number) IN (
			SELECT delivery_id, number FROM attempt WHERE at < $1 ORDER BY at LIMIT $2)`
	for _, old := range []struct {
		text string
		kept time.Duration
	}{{answers, answersKept}, {attempts, attemptsKept}} {
		for n := int64(tidyBatch); n == tidyBatch; {
			err := db.write(ctx, func(ctx context.Context, s session) (err error) {
				n, err = s.exec(ctx, old.text, micros(now.Add(-old.kept)), int64(tidyBatch))
				return err
			})
			if err != nil {
				return db.failed(err, "tidy the ledger")
			}
		}
	}
	err := db.tidyDigests(ctx, now)
	if err == nil {
		err = db.tidyReconciliations(ctx, now)
	}
	if err == nil {
		err = db.tidyShares(ctx, now)
	}
	return db.failed(err, "tidy the ledger")
}
