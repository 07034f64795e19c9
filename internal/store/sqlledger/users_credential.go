package sqlledger

import (
	"context"
	"time"

	"waybill/internal/fault"
	"waybill/internal/user"
)

// Credentials gives what a person logs in with. It must not leave the machine.
func (db *DB) Credentials(ctx context.Context, userID int64) (user.Credentials, error) {
	c, err := credentialsOf(ctx, db.read(), userID)
	return c, db.failed(err, "read what user %d logs in with", userID)
}

func credentialsOf(ctx context.Context, s session, userID int64) (c user.Credentials, err error) {
	err = s.must(ctx, "such user", []any{&c.Password, &c.TOTPSecret, &c.TOTPStep, &c.Account.Provider, &c.Account.Subject},
		`SELECT password, totp_secret, totp_step, provider, provider_subject FROM users WHERE id = $1 AND removed_at = 0`, userID)
	return c, err
}

// SetPassword puts a password in place of the old one, both known by their hashes,
// unless that was changed meanwhile. All sessions but keep end, and so do the links
// that would set another.
func (db *DB) SetPassword(ctx context.Context, by user.By, userID int64, old, hash string, keep int64) error {
	err := db.changeUsers(ctx, by, func(ctx context.Context, s session) (*Note, error) {
		now, err := credentialsOf(ctx, s, userID)
		if err != nil {
			return nil, err
		}
		if now.Password != old {
			return nil, fault.New(fault.Conflict, "the password was changed at this moment, by somebody else or in another window")
		}
		if err := setPassword(ctx, s, userID, hash, keep); err != nil {
			return nil, err
		}
		n := noteOf(by, db.now(), "password", "user", userID)
		return &n, nil
	})
	return db.failed(err, "set the password of user %d", userID)
}

func setPassword(ctx context.Context, s session, userID int64, hash string, keep int64) error {
	changed, err := s.exec(ctx, `UPDATE users SET password = $2 WHERE id = $1 AND removed_at = 0`, userID, hash)
	if err != nil {
		return err
	}
	if changed == 0 {
		return notFound("such user")
	}
	if _, err := endSessions(ctx, s, userID, keep); err != nil {
		return err
	}
	return dropLinks(ctx, s, userID)
}

// Rehash puts a stronger hash of the same password in place of the one that was
// read, unless the password was changed meanwhile.
func (db *DB) Rehash(ctx context.Context, userID int64, old, hash string) error {
	err := db.write(ctx, func(ctx context.Context, s session) error {
		_, err := s.exec(ctx, `UPDATE users SET password = $3 WHERE id = $1 AND password = $2`, userID, old, hash)
		return err
	})
	return db.failed(err, "keep the password of user %d", userID)
}

// BeginTOTP keeps the secret of an authenticator that is being set up. It is of
// no use until ConfirmTOTP.
func (db *DB) BeginTOTP(ctx context.Context, userID int64, secret string) error {
	err := db.write(ctx, func(ctx context.Context, s session) error {
		changed, err := s.exec(ctx, `UPDATE users SET totp_draft = $2 WHERE id = $1 AND removed_at = 0`, userID, secret)
		if err == nil && changed == 0 {
			err = notFound("such user")
		}
		return err
	})
	return db.failed(err, "set up an authenticator for user %d", userID)
}

// TOTPDraft gives the secret of the authenticator that is being set up, empty
// for none.
func (db *DB) TOTPDraft(ctx context.Context, userID int64) (string, error) {
	var secret string
	err := db.read().must(ctx, "such user", []any{&secret}, `SELECT totp_draft FROM users WHERE id = $1 AND removed_at = 0`, userID)
	return secret, db.failed(err, "read the authenticator of user %d", userID)
}

// ConfirmTOTP makes the authenticator good that was set up with a secret, the
// code of a step having been taken, and replaces the recovery codes.
func (db *DB) ConfirmTOTP(ctx context.Context, by user.By, userID int64, secret string, step int64, recovery []string) error {
	const confirm = `
		UPDATE users SET totp_secret = totp_draft, totp_draft = '', totp_step = $3
		WHERE id = $1 AND totp_draft = $2 AND totp_draft <> '' AND removed_at = 0`
	err := db.changeUsers(ctx, by, func(ctx context.Context, s session) (*Note, error) {
		changed, err := s.exec(ctx, confirm, userID, secret, step)
		if err != nil {
			return nil, err
		}
		if changed == 0 {
			return nil, fault.New(fault.Conflict, "no authenticator is being set up, or another one: begin again")
		}
		if err := replaceRecovery(ctx, s, userID, recovery); err != nil {
			return nil, err
		}
		n := noteOf(by, db.now(), "totp_on", "user", userID)
		return &n, nil
	})
	return db.failed(err, "confirm the authenticator of user %d", userID)
}

func replaceRecovery(ctx context.Context, s session, userID int64, hashes []string) error {
	if _, err := s.exec(ctx, `DELETE FROM user_recovery WHERE user_id = $1`, userID); err != nil {
		return err
	}
	insert := rows{head: `INSERT INTO user_recovery (user_id, hash) VALUES `, columns: 2}
	for _, hash := range hashes {
		insert.add(userID, hash)
	}
	return insert.run(ctx, s)
}

// UseTOTPStep takes the code of a step, and reports whether it was good: none of
// that step or a later one was taken before.
func (db *DB) UseTOTPStep(ctx context.Context, userID, step int64) (bool, error) {
	var good bool
	err := db.write(ctx, func(ctx context.Context, s session) error {
		changed, err := s.exec(ctx, `
			UPDATE users SET totp_step = $2
			WHERE id = $1 AND totp_step < $2 AND totp_secret <> '' AND removed_at = 0`, userID, step)
		good = changed == 1
		return err
	})
	return good, db.failed(err, "take a code of user %d", userID)
}

// UseRecoveryCode takes a recovery code, known by its hash, and reports whether
// it was good. It never is again.
func (db *DB) UseRecoveryCode(ctx context.Context, by user.By, userID int64, hash string) (bool, error) {
	var good bool
	err := db.changeUsers(ctx, by, func(ctx context.Context, s session) (*Note, error) {
		changed, err := s.exec(ctx, `DELETE FROM user_recovery WHERE user_id = $1 AND hash = $2`, userID, hash)
		if good = changed == 1; err != nil || !good {
			return nil, err
		}
		n := noteOf(by, db.now(), "recovery_code", "user", userID)
		return &n, nil
	})
	return good, db.failed(err, "take a recovery code of user %d", userID)
}

// RecoveryCodesLeft tells how many recovery codes a person still has.
func (db *DB) RecoveryCodesLeft(ctx context.Context, userID int64) (int, error) {
	var n int
	_, err := db.read().get(ctx, []any{&n}, `SELECT COUNT(*) FROM user_recovery WHERE user_id = $1`, userID)
	return n, db.failed(err, "count the recovery codes of user %d", userID)
}

// DropTOTP takes a person's authenticator away, and the recovery codes with it.
func (db *DB) DropTOTP(ctx context.Context, by user.By, userID int64) error {
	const drop = `UPDATE users SET totp_secret = '', totp_draft = '' WHERE id = $1 AND (totp_secret <> '' OR totp_draft <> '')`
	err := db.changeUsers(ctx, by, func(ctx context.Context, s session) (*Note, error) {
		changed, err := s.exec(ctx, drop, userID)
		if err != nil || changed == 0 {
			return nil, err
		}
		if err := replaceRecovery(ctx, s, userID, nil); err != nil {
			return nil, err
		}
		n := noteOf(by, db.now(), "totp_off", "user", userID)
		return &n, nil
	})
	return db.failed(err, "take away the authenticator of user %d", userID)
}

const webauthnColumns = `id, user_id, name, doc, created_at, used_at`

func scanPasskey(row scan) (user.Passkey, error) {
	var p user.Passkey
	var created, used int64
	err := row(&p.ID, &p.UserID, &p.Name, &p.Doc, &created, &used)
	p.CreatedAt, p.UsedAt = instant(created), sometime(used)
	return p, err
}

// Passkeys lists a person's passkeys, the oldest first.
func (db *DB) Passkeys(ctx context.Context, userID int64) ([]user.Passkey, error) {
	var all []user.Passkey
	err := db.read().query(ctx, func(row scan) error {
		p, err := scanPasskey(row)
		all = append(all, p)
		return err
	}, `SELECT `+webauthnColumns+` FROM user_passkey WHERE user_id = $1 ORDER BY created_at, id`, userID)
	return all, db.failed(err, "list the passkeys of user %d", userID)
}

// mostPasskeys is how many one person may have.
const mostPasskeys = 20

// AddPasskey gives a person another passkey.
func (db *DB) AddPasskey(ctx context.Context, by user.By, p user.Passkey) error {
	const insert = `INSERT INTO user_passkey (` + webauthnColumns + `) VALUES ($1, $2, $3, $4, $5, 0)`
	err := db.changeUsers(ctx, by, func(ctx context.Context, s session) (*Note, error) {
		u, err := userOf(ctx, s, p.UserID)
		if err != nil {
			return nil, err
		}
		if u.Passkeys >= mostPasskeys {
			return nil, fault.New(fault.Limited, "there are %d passkeys already, as many as one person may have: remove one first", mostPasskeys)
		}
		if _, err := s.exec(ctx, insert, p.ID, p.UserID, p.Name, p.Doc, micros(p.CreatedAt)); err != nil {
			if doubled(err) {
				err = fault.New(fault.Conflict, "this passkey is known already")
			}
			return nil, err
		}
		n, err := noteOf(by, db.now(), "passkey_on", "user", p.UserID).with(nil, p)
		return &n, err
	})
	return db.failed(err, "add a passkey to user %d", p.UserID)
}

// UsePasskey keeps what a passkey is after it was used: its counter has risen.
func (db *DB) UsePasskey(ctx context.Context, userID int64, id, doc string, at time.Time) error {
	err := db.write(ctx, func(ctx context.Context, s session) error {
		changed, err := s.exec(ctx, `UPDATE user_passkey SET doc = $3, used_at = $4 WHERE id = $2 AND user_id = $1`, userID, id, doc, micros(at))
		if err == nil && changed == 0 {
			err = notFound("such passkey")
		}
		return err
	})
	return db.failed(err, "use a passkey of user %d", userID)
}

// RemovePasskey takes one of a person's passkeys away.
func (db *DB) RemovePasskey(ctx context.Context, by user.By, userID int64, id string) error {
	err := db.changeUsers(ctx, by, func(ctx context.Context, s session) (*Note, error) {
		var p user.Passkey
		row := []any{&p.ID, &p.Name}
		if err := s.must(ctx, "such passkey", row, `DELETE FROM user_passkey WHERE id = $2 AND user_id = $1 RETURNING id, name`, userID, id); err != nil {
			return nil, err
		}
		n, err := noteOf(by, db.now(), "passkey_off", "user", userID).with(p, nil)
		return &n, err
	})
	return db.failed(err, "remove a passkey of user %d", userID)
}
