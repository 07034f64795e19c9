package sqlledger

import (
	"context"
	"time"

	"waybill/internal/fault"
	shared "waybill/internal/share"
	"waybill/internal/user"
)

// shareColumns are in the order of scanShare.
const shareColumns = `id, transaction_id, role, party_id, note, made_by, user_id, created_at, expires_at, revoked_at`

func scanShare(read scan) (shared.Share, error) {
	var s shared.Share
	var created, expires, revoked int64
	err := read(&s.ID, &s.TransactionID, &s.As, &s.PartyID, &s.Note, &s.By, &s.UserID, &created, &expires, &revoked)
	s.CreatedAt, s.ExpiresAt = instant(created), instant(expires)
	if revoked != 0 {
		at := instant(revoked)
		s.RevokedAt = &at
	}
	return s, err
}

// AddShare keeps a new share, known by the hash of its token, and gives it with
// its ID.
func (db *DB) AddShare(ctx context.Context, by user.By, made shared.Share, hash string) (shared.Share, error) {
	const insert = `
		INSERT INTO share (id, hash, transaction_id, role, party_id, note, made_by, user_id, created_at, expires_at, revoked_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 0)`
	err := db.write(ctx, func(ctx context.Context, s session) (err error) {
		if made.ID, err = nextNumber(ctx, s, "share"); err != nil {
			return err
		}
		_, err = s.exec(ctx, insert, made.ID, hash, made.TransactionID, string(made.As), made.PartyID, made.Note,
			made.By, made.UserID, micros(made.CreatedAt), micros(made.ExpiresAt))
		if err != nil && doubled(err) {
			err = fault.New(fault.Conflict, "there is a share with this token already")
		}
		if err != nil {
			return err
		}
		return noteShare(ctx, s, by, db.now(), ActionCreate, &made)
	})
	return made, db.failed(err, "share transaction %s", made.TransactionID)
}

// Shares gives those of a transaction that are kept, the newest first, also those
// that have expired or were revoked.
func (db *DB) Shares(ctx context.Context, transactionID string) ([]shared.Share, error) {
	const read = `SELECT ` + shareColumns + ` FROM share WHERE transaction_id = $1 ORDER BY id DESC LIMIT $2`
	var all []shared.Share
	err := db.read().query(ctx, func(row scan) error {
		s, err := scanShare(row)
		all = append(all, s)
		return err
	}, read, transactionID, int64(mostTraced))
	return all, db.failed(err, "list the shares of %s", transactionID)
}

// ShareByHash gives the share whose token has a hash. One that does not exist is
// NotFound; one that is over is given as it is.
func (db *DB) ShareByHash(ctx context.Context, hash string) (shared.Share, error) {
	s, err := oneShare(ctx, db.read(), `SELECT `+shareColumns+` FROM share WHERE hash = $1`, hash)
	return s, db.failed(err, "read a share")
}

func oneShare(ctx context.Context, s session, read string, arg any) (found shared.Share, err error) {
	there := false
	err = s.query(ctx, func(row scan) (err error) {
		there = true
		found, err = scanShare(row)
		return err
	}, read, arg)
	if err == nil && !there {
		err = notFound("such share")
	}
	return found, err
}

// RevokeShare ends a share, and gives it as it is then. One that is revoked
// already stays as it is.
func (db *DB) RevokeShare(ctx context.Context, by user.By, id int64, at time.Time) (shared.Share, error) {
	var ended shared.Share
	err := db.write(ctx, func(ctx context.Context, s session) error {
		changed, err := s.exec(ctx, `UPDATE share SET revoked_at = $2 WHERE id = $1 AND revoked_at = 0`, id, micros(at))
		if err == nil {
			ended, err = oneShare(ctx, s, `SELECT `+shareColumns+` FROM share WHERE id = $1`, id)
		}
		if err != nil || changed == 0 {
			return err
		}
		return noteShare(ctx, s, by, db.now(), ActionRevoke, &ended)
	})
	return ended, db.failed(err, "revoke share %d", id)
}

// noteShare notes who has shown what to whom, or shows it no more.
func noteShare(ctx context.Context, s session, by user.By, at time.Time, action string, of *shared.Share) error {
	n, err := noteOf(by, at, action, "share", of.ID).with(nil, of)
	if err != nil {
		return err
	}
	return note(ctx, s, &n)
}

// sharesKept is how long a share that is over can still be listed.
const sharesKept = 90 * 24 * time.Hour

// tidyShares deletes shares that were over long ago.
func (db *DB) tidyShares(ctx context.Context, now time.Time) error {
	const remove = `
		DELETE FROM share WHERE id IN (SELECT id FROM share WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)`
	for n := int64(tidyBatch); n == tidyBatch; {
		err := db.write(ctx, func(ctx context.Context, s session) (err error) {
			n, err = s.exec(ctx, remove, micros(now.Add(-sharesKept)), int64(tidyBatch))
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}
