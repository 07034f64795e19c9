package sqlledger

import (
	"context"
	"errors"
	"time"

	"waybill/internal/fault"
	"waybill/internal/user"
)

// CreateLink keeps a link, known by the hash of its token. An invitation or a
// reset puts an end to those before it, and needs somebody who may log in. A link
// for the first owner is refused once there is an owner who can log in.
func (db *DB) CreateLink(ctx context.Context, by user.By, l user.Link, hash string) error {
	err := db.changeUsers(ctx, by, func(ctx context.Context, s session) (*Note, error) {
		if err := makeWay(ctx, s, &l); err != nil {
			return nil, err
		}
		return db.insertLink(ctx, s, by, &l, hash)
	})
	return db.failed(err, "make a link")
}

// makeWay checks whom a link is for, and takes away those that it replaces.
func makeWay(ctx context.Context, s session, l *user.Link) error {
	switch l.Kind {
	case user.LinkOwner:
		return noOwnerYet(ctx, s)
	case user.LinkInvitation, user.LinkReset:
		u, err := userOf(ctx, s, l.UserID)
		if err != nil {
			return err
		}
		if u.Status != user.Active {
			return fault.New(fault.Conflict, "user %d is disabled", u.ID)
		}
		_, err = s.exec(ctx, `DELETE FROM user_link WHERE user_id = $1 AND kind = $2`, l.UserID, string(l.Kind))
		return err
	default:
		return fault.New(fault.Internal, "%q is no kind of link", l.Kind)
	}
}

// noOwnerYet asks for owners alone: people who were invited before there was an
// owner keep nobody from becoming it. Since the last owner stays one, a link that
// was refused once is never good again.
func noOwnerYet(ctx context.Context, s session) error {
	found, err := anyOwner(ctx, s)
	if err == nil && found {
		err = fault.New(fault.Conflict, "there is an owner already")
	}
	return err
}

// deadLinks is how many links that have expired go when one is made.
const deadLinks = "100"

func (db *DB) insertLink(ctx context.Context, s session, by user.By, l *user.Link, hash string) (*Note, error) {
	drop := `DELETE FROM user_link WHERE hash IN (
		SELECT hash FROM user_link WHERE expires_at <= $1 ORDER BY expires_at LIMIT ` + deadLinks + db.engine.skipLocked() + `)`
	const insert = `INSERT INTO user_link (hash, kind, user_id, created_at, expires_at) VALUES ($1, $2, $3, $4, $5)`
	if _, err := s.exec(ctx, drop, micros(l.CreatedAt)); err != nil {
		return nil, err
	}
	if _, err := s.exec(ctx, insert, hash, string(l.Kind), l.UserID, micros(l.CreatedAt), micros(l.ExpiresAt)); err != nil {
		return nil, err
	}
	n := noteOf(by, db.now(), "link_"+string(l.Kind), "user", l.UserID)
	return &n, nil
}

const linkColumns = `kind, user_id, created_at, expires_at`

func scanLink(row scan) (user.Link, error) {
	var l user.Link
	var created, expires int64
	err := row(&l.Kind, &l.UserID, &created, &expires)
	l.CreatedAt, l.ExpiresAt = instant(created), instant(expires)
	return l, err
}

// linkIn reads the one link that a statement answers with. One that has expired
// is not found, like one that was used.
func linkIn(ctx context.Context, s session, now time.Time, text string, args ...any) (user.Link, error) {
	var l user.Link
	found := false
	err := s.query(ctx, func(row scan) (err error) {
		found = true
		l, err = scanLink(row)
		return err
	}, text, args...)
	if err == nil && (!found || !l.Alive(now)) {
		err = fault.New(fault.NotFound, "the link was used, or is too old: ask for another")
	}
	return l, err
}

// LinkByHash gives the link of a token, known by its hash, and leaves it as it
// is.
func (db *DB) LinkByHash(ctx context.Context, hash string, now time.Time) (user.Link, error) {
	l, err := linkIn(ctx, db.read(), now, `SELECT `+linkColumns+` FROM user_link WHERE hash = $1`, hash)
	return l, db.failed(err, "read a link")
}

// Accepted is what somebody says who follows a link.
type Accepted struct {
	Email    string // of the first owner; others have one
	Name     string // left as it is when empty
	Password string // hash
	Zone     string // left as it is when empty
	Locale   string
	Address  string
}

// AcceptLink uses a link up and does what it is for: it makes the first owner,
// lets an invited person in, or sets a new password, which ends all sessions. Of
// several who try at once, one succeeds; the link of one who may not log in is
// not found.
func (db *DB) AcceptLink(ctx context.Context, hash string, a Accepted, now time.Time) (user.Link, user.User, error) {
	var l user.Link
	var u user.User
	err := db.changeUsers(ctx, user.By{}, func(ctx context.Context, s session) (_ *Note, err error) {
		l, err = linkIn(ctx, s, now, `DELETE FROM user_link WHERE hash = $1 RETURNING `+linkColumns, hash)
		if err != nil {
			return nil, err
		}
		switch l.Kind {
		case user.LinkOwner:
			u, err = db.acceptOwner(ctx, s, &a)
		case user.LinkInvitation, user.LinkReset:
			u, err = db.acceptUser(ctx, s, &l, &a)
		}
		if err != nil {
			return nil, err
		}
		by := user.ByOf(u.Principal())
		by.Address = a.Address
		n, err := noteOf(by, now, "accept_"+string(l.Kind), "user", u.ID).with(nil, u)
		return &n, err
	})
	return l, u, db.failed(err, "accept a link")
}

func (db *DB) acceptOwner(ctx context.Context, s session, a *Accepted) (user.User, error) {
	if err := noOwnerYet(ctx, s); err != nil {
		return user.User{}, err
	}
	first := user.Default()
	first.Email, first.Name, first.Role, first.Zone, first.Locale = user.FoldEmail(a.Email), a.Name, user.Owner, a.Zone, a.Locale
	u, err := db.insertUser(ctx, s, first, true)
	if err != nil {
		return u, err
	}
	_, errOthers := s.exec(ctx, `DELETE FROM user_link WHERE kind = 'owner'`)
	return u, errors.Join(errOthers, setPassword(ctx, s, u.ID, a.Password, 0))
}

func (db *DB) acceptUser(ctx context.Context, s session, l *user.Link, a *Accepted) (user.User, error) {
	const joined = `UPDATE users SET joined_at = $2 WHERE id = $1 AND joined_at = 0`
	before, err := userOf(ctx, s, l.UserID)
	if err != nil {
		return before, err
	}
	after := before
	for _, p := range []struct {
		into *string
		said string
	}{{&after.Name, a.Name}, {&after.Zone, a.Zone}, {&after.Locale, a.Locale}} {
		if p.said != "" {
			*p.into = p.said
		}
	}
	if err := db.storeUser(ctx, s, &before, &after); err != nil {
		return before, err
	}
	if _, err := s.exec(ctx, joined, l.UserID, micros(db.now())); err != nil {
		return before, err
	}
	if err := setPassword(ctx, s, l.UserID, a.Password, 0); err != nil {
		return before, err
	}
	if err := dropAccount(ctx, s, l.UserID); err != nil {
		return before, err
	}
	return userOf(ctx, s, l.UserID)
}

func dropLinks(ctx context.Context, s session, userID int64) error {
	_, err := s.exec(ctx, `DELETE FROM user_link WHERE user_id = $1`, userID)
	return err
}
