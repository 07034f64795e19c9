package sqlledger

import (
	"context"
	"time"

	"waybill/internal/fault"
	"waybill/internal/user"
)

const sessionColumns = `s.id, s.user_id, s.created_at, s.seen_at, s.address, s.user_agent, s.confirmed_at`

// sessionRow reads sessionColumns.
type sessionRow struct {
	value                    user.Session
	created, seen, confirmed int64
}

func (r *sessionRow) dest() []any {
	return []any{&r.value.ID, &r.value.UserID, &r.created, &r.seen, &r.value.Address, &r.value.UserAgent, &r.confirmed}
}

func (r *sessionRow) session() user.Session {
	r.value.CreatedAt, r.value.SeenAt, r.value.ConfirmedAt = instant(r.created), instant(r.seen), instant(r.confirmed)
	return r.value
}

// maxUserAgent is how much of a browser's name is kept, in bytes.
const maxUserAgent = 300

// CreateSession logs a person in: n has whom, when, from where and with what. Its
// token is known by its hash. What was shown must let the person in at this very
// moment, whatever was changed since it was looked at.
func (db *DB) CreateSession(ctx context.Context, n user.Session, hash string, shown user.Shown) (user.Session, error) {
	const insert = `
		INSERT INTO user_session (id, hash, user_id, created_at, seen_at, address, user_agent, confirmed_at)
		VALUES ($1, $2, $3, $4, $4, $5, $6, $7)`
	n.UserAgent = n.UserAgent[:min(len(n.UserAgent), maxUserAgent)]
	n.CreatedAt = instant(micros(n.CreatedAt))
	n.SeenAt, n.ConfirmedAt = n.CreatedAt, instant(micros(shown.At))
	err := db.changeUsers(ctx, user.By{}, func(ctx context.Context, s session) (*Note, error) {
		u, err := stillGood(ctx, s, n.UserID, shown, shown.LetsIn)
		if err != nil {
			return nil, err
		}
		if n.ID, err = nextNumber(ctx, s, "user_session"); err != nil {
			return nil, err
		}
		if _, err := s.exec(ctx, insert, n.ID, hash, n.UserID, micros(n.CreatedAt), n.Address, n.UserAgent, micros(n.ConfirmedAt)); err != nil {
			return nil, err
		}
		if err := keepAccount(ctx, s, n.UserID, shown.Account); err != nil {
			return nil, err
		}
		if err := arrive(ctx, s, &u, n.CreatedAt); err != nil {
			return nil, err
		}
		if err := dropDeadSessions(ctx, s, n.CreatedAt); err != nil {
			return nil, err
		}
		by := user.ByOf(u.Principal())
		by.Address = n.Address
		done, err := noteOf(by, n.CreatedAt, "log_in", "user", n.UserID).with(nil, map[string]string{"how": shown.How})
		return &done, err
	})
	return n, db.failed(err, "log user %d in", n.UserID)
}

// stillGood gives a person of whom what was shown is good now.
func stillGood(ctx context.Context, s session, userID int64, shown user.Shown, good func(user.User, user.Credentials) bool) (user.User, error) {
	u, err := userOf(ctx, s, userID)
	if err != nil {
		return u, err
	}
	c, err := credentialsOf(ctx, s, userID)
	if err != nil {
		return u, err
	}
	found := true
	if shown.Passkey != "" {
		var id string
		found, err = s.get(ctx, []any{&id}, `SELECT id FROM user_passkey WHERE id = $2 AND user_id = $1`, userID, shown.Passkey)
	}
	if err == nil && (!found || !good(u, c)) {
		err = fault.New(fault.Unauthorized, "what you sign in with was changed at this moment; sign in again")
	}
	return u, err
}

// RenewSession gives a session another token in place of the one that was brought,
// both known by their hashes: whoever else has the old one has nothing any more.
// What was shown must still be good; from then on the session is confirmed.
func (db *DB) RenewSession(ctx context.Context, by user.By, n user.Session, hash, next string, shown user.Shown) error {
	const update = `UPDATE user_session SET hash = $3, confirmed_at = $4 WHERE id = $1 AND hash = $2`
	err := db.changeUsers(ctx, by, func(ctx context.Context, s session) (*Note, error) {
		if _, err := stillGood(ctx, s, n.UserID, shown, shown.Holds); err != nil {
			return nil, err
		}
		changed, err := s.exec(ctx, update, n.ID, hash, next, micros(shown.At))
		if err != nil {
			return nil, err
		}
		if changed == 0 {
			return nil, notFound("such session")
		}
		if !shown.At.After(n.ConfirmedAt) {
			return nil, nil //nolint:nilnil // nothing was confirmed, and nothing is wrong
		}
		done, err := noteOf(by, db.now(), "confirm", "user", n.UserID).with(nil, map[string]string{"how": shown.How})
		return &done, err
	})
	return db.failed(err, "renew session %d", n.ID)
}

// arrive notes that a person has come. Whoever came by another way than the
// invitation, such as the identity provider, has joined by that, and needs the
// invitation no more.
func arrive(ctx context.Context, s session, u *user.User, at time.Time) error {
	const seen = `UPDATE users SET seen_at = $2, joined_at = CASE WHEN joined_at = 0 THEN $2 ELSE joined_at END WHERE id = $1`
	if _, err := s.exec(ctx, seen, u.ID, micros(at)); err != nil || u.JoinedAt != nil {
		return err
	}
	_, err := s.exec(ctx, `DELETE FROM user_link WHERE user_id = $1 AND kind = 'invitation'`, u.ID)
	return err
}

// dropDeadSessions takes out what has ended by itself.
func dropDeadSessions(ctx context.Context, s session, now time.Time) error {
	_, err := s.exec(ctx, `DELETE FROM user_session WHERE seen_at <= $1 OR created_at <= $2`,
		micros(now.Add(-user.SessionIdle)), micros(now.Add(-user.SessionLife)))
	return err
}

// SessionByHash gives the session of a token, known by its hash, with its person.
// One that has ended, or whose person may not log in any more, is not found.
func (db *DB) SessionByHash(ctx context.Context, hash string, now time.Time) (user.Session, user.User, error) {
	var n sessionRow
	var r userRow
	err := db.read().must(ctx, "such session", append(n.dest(), r.dest()...), `
		SELECT `+sessionColumns+`, `+userColumns+`
		FROM user_session s JOIN users u ON u.id = s.user_id
		WHERE s.hash = $1 AND u.status = 'active' AND u.removed_at = 0`, hash)
	found := n.session()
	if err == nil && !found.Alive(now) {
		err = notFound("such session")
	}
	if err != nil {
		return user.Session{}, user.User{}, db.failed(err, "read a session")
	}
	return found, r.value(), nil
}

// TouchSession writes down that a session is used. That is cheap when it was
// written down less than a minute ago, for then nothing is.
func (db *DB) TouchSession(ctx context.Context, n user.Session, address string, now time.Time) error {
	if !n.SeenAgain(now) && n.Address == address {
		return nil
	}
	err := db.write(ctx, func(ctx context.Context, s session) error {
		if _, err := s.exec(ctx, `UPDATE user_session SET seen_at = $2, address = $3 WHERE id = $1 AND seen_at <= $2`, n.ID, micros(now), address); err != nil {
			return err
		}
		_, err := s.exec(ctx, `UPDATE users SET seen_at = $2 WHERE id = $1 AND seen_at < $2`, n.UserID, micros(now))
		return err
	})
	return db.failed(err, "note the use of session %d", n.ID)
}

// Sessions lists where a person is logged in, the latest log-in first.
func (db *DB) Sessions(ctx context.Context, userID int64, now time.Time) ([]user.Session, error) {
	var all []user.Session
	err := db.read().query(ctx, func(row scan) error {
		var r sessionRow
		if err := row(r.dest()...); err != nil {
			return err
		}
		if n := r.session(); n.Alive(now) {
			all = append(all, n)
		}
		return nil
	}, `SELECT `+sessionColumns+` FROM user_session s WHERE s.user_id = $1 ORDER BY s.id DESC`, userID)
	return all, db.failed(err, "list the sessions of user %d", userID)
}

// EndSession logs a person out in one place. action is what the audit calls it.
func (db *DB) EndSession(ctx context.Context, by user.By, userID, id int64, action string) error {
	err := db.changeUsers(ctx, by, func(ctx context.Context, s session) (*Note, error) {
		changed, err := s.exec(ctx, `DELETE FROM user_session WHERE id = $2 AND user_id = $1`, userID, id)
		if err != nil {
			return nil, err
		}
		if changed == 0 {
			return nil, notFound("such session")
		}
		n, err := noteOf(by, db.now(), action, "user", userID).with(map[string]int64{"session": id}, nil)
		return &n, err
	})
	return db.failed(err, "end session %d", id)
}

// EndSessions logs a person out everywhere but in one session, 0 for everywhere,
// and tells how many sessions that were.
func (db *DB) EndSessions(ctx context.Context, by user.By, userID, except int64) (int64, error) {
	var ended int64
	err := db.changeUsers(ctx, by, func(ctx context.Context, s session) (_ *Note, err error) {
		if ended, err = endSessions(ctx, s, userID, except); err != nil || ended == 0 {
			return nil, err
		}
		n, err := noteOf(by, db.now(), "sessions_revoked", "user", userID).with(nil, map[string]int64{"sessions": ended})
		return &n, err
	})
	return ended, db.failed(err, "end the sessions of user %d", userID)
}

func endSessions(ctx context.Context, s session, userID, except int64) (int64, error) {
	return s.exec(ctx, `DELETE FROM user_session WHERE user_id = $1 AND id <> $2`, userID, except)
}
