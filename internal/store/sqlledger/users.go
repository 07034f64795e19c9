package sqlledger

import (
	"context"
	"strconv"
	"strings"
	"time"

	"waybill/internal/fault"
	"waybill/internal/user"
)

// userColumns are in the order of scanUser.
const userColumns = `u.id, u.email, u.name, u.role, COALESCE(u.advertiser_id, 0), COALESCE(u.affiliate_id, 0), u.status, u.locale, u.zone,
	u.totp_secret <> '', (SELECT COUNT(*) FROM user_passkey p WHERE p.user_id = u.id), u.created_at, u.joined_at, u.seen_at`

// userRow reads userColumns.
type userRow struct {
	user                     user.User
	created, joined, lastSaw int64
}

func (r *userRow) dest() []any {
	u := &r.user
	return []any{
		&u.ID, &u.Email, &u.Name, &u.Role, &u.AdvertiserID, &u.AffiliateID, &u.Status, &u.Locale, &u.Zone,
		&u.TOTP, &u.Passkeys, &r.created, &r.joined, &r.lastSaw,
	}
}

func (r *userRow) value() user.User {
	u := r.user
	u.CreatedAt, u.JoinedAt, u.LastSeenAt = instant(r.created), sometime(r.joined), sometime(r.lastSaw)
	return u
}

// sometime is instant for what may not have happened.
func sometime(us int64) *time.Time {
	if us == 0 {
		return nil
	}
	at := instant(us)
	return &at
}

// User gives one person. One who was removed is not found.
func (db *DB) User(ctx context.Context, id int64) (user.User, error) {
	u, err := userOf(ctx, db.read(), id)
	return u, db.failed(err, "read user %d", id)
}

func userOf(ctx context.Context, s session, id int64) (user.User, error) {
	var r userRow
	err := s.must(ctx, "user "+strconv.FormatInt(id, 10), r.dest(),
		`SELECT `+userColumns+` FROM users u WHERE u.id = $1 AND u.removed_at = 0`, id)
	return r.value(), err
}

// UserByEmail gives the person who logs in with an e-mail address. One that would have
// to be mended to be looked up is nobody's: it would be counted as another.
func (db *DB) UserByEmail(ctx context.Context, email string) (user.User, error) {
	var r userRow
	if strings.ContainsRune(email, 0) {
		return user.User{}, db.failed(notFound("such user"), "read a user")
	}
	err := db.read().must(ctx, "such user", r.dest(),
		`SELECT `+userColumns+` FROM users u WHERE u.email = $1 AND u.removed_at = 0`, user.FoldEmail(email))
	return r.value(), db.failed(err, "read a user")
}

// UserByAccount gives the person who has signed in by an account at an identity
// provider.
func (db *DB) UserByAccount(ctx context.Context, a user.ProviderAccount) (user.User, error) {
	var r userRow
	err := db.read().must(ctx, "such user", r.dest(),
		`SELECT `+userColumns+` FROM users u WHERE u.provider <> '' AND u.provider = $1 AND u.provider_subject = $2 AND u.removed_at = 0`,
		a.Provider, a.Subject)
	return r.value(), db.failed(err, "read a user")
}

// keepAccount notes who a person is at an identity provider; nothing where nobody
// says.
func keepAccount(ctx context.Context, s session, id int64, a user.ProviderAccount) error {
	if a == (user.ProviderAccount{}) {
		return nil
	}
	_, err := s.exec(ctx, `UPDATE users SET provider = $2, provider_subject = $3 WHERE id = $1 AND provider <> $2`, id, a.Provider, a.Subject)
	return err
}

// dropAccount forgets who a person is at an identity provider: it is the account by
// which the person signs in next.
func dropAccount(ctx context.Context, s session, id int64) error {
	_, err := s.exec(ctx, `UPDATE users SET provider = '', provider_subject = '' WHERE id = $1 AND provider <> ''`, id)
	return err
}

// AnyUser reports whether there is anybody yet.
func (db *DB) AnyUser(ctx context.Context) (bool, error) {
	found, err := anyUser(ctx, db.read())
	return found, db.failed(err, "look for users")
}

func anyUser(ctx context.Context, s session) (bool, error) {
	var id int64
	return s.get(ctx, []any{&id}, `SELECT id FROM users WHERE removed_at = 0 LIMIT 1`)
}

// AnyOwner reports whether there is an owner who can log in.
func (db *DB) AnyOwner(ctx context.Context) (bool, error) {
	found, err := anyOwner(ctx, db.read())
	return found, db.failed(err, "look for an owner")
}

// anyOwner leaves out an owner who was invited and never came.
func anyOwner(ctx context.Context, s session) (bool, error) {
	var id int64
	return s.get(ctx, []any{&id}, `
		SELECT id FROM users
		WHERE role = 'owner' AND status = 'active' AND joined_at <> 0 AND removed_at = 0 LIMIT 1`)
}

// changeUsers runs f, which says what there is to note, if anything. Changes of
// people go one after another: the number of the note is drawn first. Whoever has been
// signed out meanwhile changes nothing.
func (db *DB) changeUsers(ctx context.Context, by user.By, f func(ctx context.Context, s session) (*Note, error)) error {
	return db.write(ctx, func(ctx context.Context, s session) error {
		number, err := nextNumber(ctx, s, "audit")
		if err != nil {
			return err
		}
		if err := stillIn(ctx, s, by.Session); err != nil {
			return err
		}
		n, err := f(ctx, s)
		if err != nil || n == nil {
			return err
		}
		n.ID = number
		return insertNote(ctx, s, n)
	})
}

// stillIn refuses what is done in a session that has ended.
func stillIn(ctx context.Context, s session, id int64) error {
	if id == 0 {
		return nil
	}
	found, err := s.get(ctx, []any{&id}, `SELECT id FROM user_session WHERE id = $1`, id)
	if err == nil && !found {
		err = fault.New(fault.Unauthorized, "you were signed out at this moment; sign in again")
	}
	return err
}

// CreateUser adds a person. joined says that no invitation need be accepted
// first.
func (db *DB) CreateUser(ctx context.Context, by user.By, u user.User, joined bool) (user.User, error) {
	var made user.User
	err := db.changeUsers(ctx, by, func(ctx context.Context, s session) (_ *Note, err error) {
		if made, err = db.insertUser(ctx, s, u, joined); err != nil {
			return nil, err
		}
		n, err := noteOf(by, db.now(), ActionCreate, "user", made.ID).with(nil, made)
		return &n, err
	})
	return made, db.failed(err, "create a user")
}

func (db *DB) insertUser(ctx context.Context, s session, u user.User, joined bool) (user.User, error) {
	const insert = `
		INSERT INTO users (id, email, name, role, advertiser_id, affiliate_id, status, locale, zone, created_at, joined_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`
	if err := checkUser(ctx, s, u); err != nil {
		return u, err
	}
	id, err := nextNumber(ctx, s, "users")
	if err != nil {
		return u, err
	}
	now := micros(db.now())
	u.ID, u.TOTP, u.Passkeys, u.CreatedAt, u.JoinedAt, u.LastSeenAt = id, false, 0, instant(now), nil, nil
	joinedAt := int64(0)
	if joined {
		joinedAt = now
		u.JoinedAt = sometime(now)
	}
	_, err = s.exec(ctx, insert, u.ID, u.Email, u.Name, string(u.Role), orNull(u.AdvertiserID), orNull(u.AffiliateID),
		string(u.Status), u.Locale, u.Zone, now, joinedAt)
	return u, clashOfUsers(err, u.Email)
}

// checkUser refuses what is wrong, and a partner who does not exist.
func checkUser(ctx context.Context, s session, u user.User) error {
	if err := u.Validate(); err != nil {
		return err
	}
	parents := append(ifSet("advertiser_id", "advertiser", u.AdvertiserID), ifSet("affiliate_id", "affiliate", u.AffiliateID)...)
	for _, p := range parents {
		if err := checkParent(ctx, s, p); err != nil {
			return err
		}
	}
	return nil
}

func clashOfUsers(err error, email string) error {
	if err != nil && doubled(err) {
		return taken("email", "there is a user with the e-mail address %s already", email)
	}
	return err
}

// UpdateUser changes a person. change may run more than once, and its error is
// given back as it is. Who is disabled is logged out at once; a new e-mail
// address ends the links that were sent to the old one. A partner's who becomes
// one of the network's keeps nothing to log in with, and joins anew. The last
// owner who can log in stays one.
func (db *DB) UpdateUser(ctx context.Context, by user.By, id int64, change func(*user.User) error) (user.User, error) {
	var after user.User
	err := db.changeUsers(ctx, by, func(ctx context.Context, s session) (*Note, error) {
		before, err := userOf(ctx, s, id)
		if err != nil {
			return nil, err
		}
		after = before
		if err := change(&after); err != nil {
			return nil, err
		}
		after.ID, after.TOTP, after.Passkeys = before.ID, before.TOTP, before.Passkeys
		after.CreatedAt, after.JoinedAt, after.LastSeenAt = before.CreatedAt, before.JoinedAt, before.LastSeenAt
		if err := db.storeUser(ctx, s, &before, &after); err != nil {
			return nil, err
		}
		n, err := noteOf(by, db.now(), ActionChange, "user", id).with(before, after)
		return &n, err
	})
	return after, db.failed(err, "change user %d", id)
}

func (db *DB) storeUser(ctx context.Context, s session, before, after *user.User) error {
	const update = `
		UPDATE users SET email = $2, name = $3, role = $4, advertiser_id = $5, affiliate_id = $6, status = $7, locale = $8, zone = $9
		WHERE id = $1`
	if err := checkUser(ctx, s, *after); err != nil {
		return err
	}
	_, err := s.exec(ctx, update, after.ID, after.Email, after.Name, string(after.Role), orNull(after.AdvertiserID),
		orNull(after.AffiliateID), string(after.Status), after.Locale, after.Zone)
	if err != nil {
		return clashOfUsers(err, after.Email)
	}
	if isOwner(before) && !isOwner(after) {
		if err := anOwnerStays(ctx, s); err != nil {
			return err
		}
	}
	return dropWhatIsVoid(ctx, s, before, after)
}

// dropWhatIsVoid takes out what a change of a person has made void.
func dropWhatIsVoid(ctx context.Context, s session, before, after *user.User) error {
	if after.Status != user.Active {
		if _, err := endSessions(ctx, s, after.ID, 0); err != nil {
			return err
		}
	}
	if after.Email != before.Email {
		if err := dropAccount(ctx, s, after.ID); err != nil {
			return err
		}
	}
	if after.Role.OfNetwork() && !before.Role.OfNetwork() {
		return beginAnew(ctx, s, after)
	}
	if after.Status != user.Active || after.Email != before.Email {
		return dropLinks(ctx, s, after.ID)
	}
	return nil
}

// beginAnew has a person log in by a new link alone: what a partner's people log
// in with was set by links that others saw, who must not be as much as the network's.
func beginAnew(ctx context.Context, s session, u *user.User) error {
	if err := dropCredentials(ctx, s, u.ID); err != nil {
		return err
	}
	u.TOTP, u.Passkeys, u.JoinedAt = false, 0, nil
	_, err := s.exec(ctx, `UPDATE users SET joined_at = 0 WHERE id = $1`, u.ID)
	return err
}

// isOwner says of one person what anyOwner asks of all.
func isOwner(u *user.User) bool {
	return u.Role == user.Owner && u.Status == user.Active && u.JoinedAt != nil
}

// anOwnerStays refuses a change that leaves nobody who could undo it.
func anOwnerStays(ctx context.Context, s session) error {
	found, err := anyOwner(ctx, s)
	if err == nil && !found {
		err = fault.New(fault.Conflict, "this is the last owner who can log in: make somebody else an owner first")
	}
	return err
}

// RemoveUser takes a person out for good. The number and the name stay for the
// audit; what it logged in with does not. allowed is asked first, about the
// person as it is.
func (db *DB) RemoveUser(ctx context.Context, by user.By, id int64, allowed func(user.User) error) error {
	err := db.changeUsers(ctx, by, func(ctx context.Context, s session) (*Note, error) {
		u, err := userOf(ctx, s, id)
		if err != nil {
			return nil, err
		}
		if err := allowed(u); err != nil {
			return nil, err
		}
		if err := wipeUser(ctx, s, id, db.now()); err != nil {
			return nil, err
		}
		if isOwner(&u) {
			if err := anOwnerStays(ctx, s); err != nil {
				return nil, err
			}
		}
		n, err := noteOf(by, db.now(), ActionRemove, "user", id).with(u, nil)
		return &n, err
	})
	return db.failed(err, "remove user %d", id)
}

// wipeUser takes out all that a person logs in with.
func wipeUser(ctx context.Context, s session, id int64, at time.Time) error {
	const remove = `UPDATE users SET removed_at = $2, status = 'disabled' WHERE id = $1`
	if _, err := s.exec(ctx, remove, id, micros(at)); err != nil {
		return err
	}
	return dropCredentials(ctx, s, id)
}

// dropCredentials takes out what a person logs in with, and where it is logged in.
func dropCredentials(ctx context.Context, s session, id int64) error {
	const drop = `UPDATE users SET password = '', totp_secret = '', totp_draft = '' WHERE id = $1`
	if _, err := s.exec(ctx, drop, id); err != nil {
		return err
	}
	if err := dropAccount(ctx, s, id); err != nil {
		return err
	}
	for _, from := range [...]string{"user_session", "user_link", "user_passkey", "user_recovery"} {
		if _, err := s.exec(ctx, `DELETE FROM `+from+` WHERE user_id = $1`, id); err != nil {
			return err
		}
	}
	return nil
}
