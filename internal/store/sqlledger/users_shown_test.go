package sqlledger

import (
	"database/sql"
	"errors"
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/pressly/goose/v3"

	"waybill/internal/fault"
	"waybill/internal/user"
)

// TestShown holds both engines to it that what somebody has shown is looked at in
// the moment in which it counts.
func TestShown(t *testing.T) {
	onEach(t, func(t *testing.T, at newURL) {
		for _, tt := range []struct {
			name string
			test func(t *testing.T, db *DB)
		}{
			{"nobody is let in by what has changed since it was looked at", letsInByWhatIsGood},
			{"a passkey that was removed lets nobody in", letsInByPasskeysThatAre},
			{"a session that is confirmed has another token", renewsSessions},
			{"a session is not confirmed by what has changed", renewsByWhatIsGood},
			{"of two new passwords at once the second is refused", setsOnePassword},
		} {
			t.Run(tt.name, func(t *testing.T) { tt.test(t, open(t, at(t))) })
		}
	})
}

// withPassword makes somebody who has a password, known by its hash.
func withPassword(t *testing.T, db *DB, email, hash string) user.User {
	t.Helper()
	u := createUser(t, db, email, user.Owner)
	if err := db.SetPassword(t.Context(), byOwner, u.ID, "", hash, 0); err != nil {
		t.Fatal(err)
	}
	return u
}

func letsInByWhatIsGood(t *testing.T, db *DB) {
	ctx := t.Context()
	createUser(t, db, "other@example.com", user.Owner)
	u := withPassword(t, db, "one@example.com", "hash")
	enter := func(token string, s user.Shown) error {
		s.How, s.At = "test", clock
		_, err := db.CreateSession(ctx, user.Session{UserID: u.ID, CreatedAt: clock}, user.Hash(token), s)
		return err
	}
	if err := enter("first", user.Shown{Password: "hash"}); err != nil {
		t.Fatal(err)
	}
	changes := []struct {
		name   string
		change func() error
		shown  user.Shown
	}{
		{"the password was changed", func() error { return db.SetPassword(ctx, byOwner, u.ID, "hash", "new", 0) }, user.Shown{Password: "hash"}},
		{"an authenticator was set up", func() error {
			return errors.Join(db.BeginTOTP(ctx, u.ID, "secret"), db.ConfirmTOTP(ctx, byOwner, u.ID, "secret", 1, nil))
		}, user.Shown{Password: "new"}},
		{"the person was disabled", func() error {
			_, err := db.UpdateUser(ctx, byOwner, u.ID, func(u *user.User) error { u.Status = user.Disabled; return nil })
			return err
		}, user.Shown{Password: "new", Authenticator: "secret"}},
	}
	for _, c := range changes {
		if err := enter("before "+c.name, c.shown); err != nil {
			t.Fatalf("before %s: %v", c.name, err)
		}
		if err := c.change(); err != nil {
			t.Fatal(err)
		}
		if err := enter("after "+c.name, c.shown); fault.Of(err) != fault.Unauthorized {
			t.Errorf("once %s one is let in by what was good before: %v", c.name, err)
		}
	}
}

func letsInByPasskeysThatAre(t *testing.T, db *DB) {
	ctx := t.Context()
	u, other := createUser(t, db, "one@example.com", user.Owner), createUser(t, db, "two@example.com", user.Owner)
	if err := db.AddPasskey(ctx, byOwner, user.Passkey{ID: "key", UserID: u.ID, Name: "laptop", CreatedAt: clock}); err != nil {
		t.Fatal(err)
	}
	enter := func(userID int64, token string) error {
		s := user.Session{UserID: userID, CreatedAt: clock}
		_, err := db.CreateSession(ctx, s, user.Hash(token), user.Shown{How: "passkey", Passkey: "key", At: clock})
		return err
	}
	if err := enter(u.ID, "first"); err != nil {
		t.Fatal(err)
	}
	if err := enter(other.ID, "second"); fault.Of(err) != fault.Unauthorized {
		t.Errorf("by somebody else's passkey: %v", err)
	}
	if err := db.RemovePasskey(ctx, byOwner, u.ID, "key"); err != nil {
		t.Fatal(err)
	}
	if err := enter(u.ID, "third"); fault.Of(err) != fault.Unauthorized {
		t.Errorf("by a passkey that is removed: %v", err)
	}
}

func renewsSessions(t *testing.T, db *DB) {
	ctx := t.Context()
	u := withPassword(t, db, "one@example.com", "hash")
	s, old := logIn(t, db, u.ID, "old")
	later := clock.Add(time.Hour)
	next := user.Hash("next")
	shown := user.Shown{How: "password", Password: "hash", At: later}
	if err := db.RenewSession(ctx, byOwner, s, old, next, shown); err != nil {
		t.Fatal(err)
	}
	got, whose, err := db.SessionByHash(ctx, next, later)
	if err != nil || got.ID != s.ID || whose.ID != u.ID || !got.ConfirmedAt.Equal(later) || !got.CreatedAt.Equal(s.CreatedAt) {
		t.Errorf("the session is %+v of user %d, %v; want the same one, confirmed at %s", got, whose.ID, err, later)
	}
	if _, _, err := db.SessionByHash(ctx, old, later); fault.Of(err) != fault.NotFound {
		t.Errorf("whoever has the old token: %v", err)
	}
	if err := db.RenewSession(ctx, byOwner, s, old, user.Hash("third"), shown); fault.Of(err) != fault.NotFound {
		t.Errorf("renewed by the old token: %v", err)
	}
	notes, _, err := db.Audit(ctx, AuditFilter{Action: "confirm"})
	if err != nil || len(notes) != 1 || notes[0].After != `{"how":"password"}` {
		t.Errorf("the audit has %+v, %v; want one confirmation", notes, err)
	}
	if err := db.RenewSession(ctx, byOwner, got, next, user.Hash("fourth"), user.Shown{At: got.ConfirmedAt}); err != nil {
		t.Fatal(err)
	}
	if notes, _, err := db.Audit(ctx, AuditFilter{Action: "confirm"}); err != nil || len(notes) != 1 {
		t.Errorf("another token alone is noted as a confirmation: %+v, %v", notes, err)
	}
}

func renewsByWhatIsGood(t *testing.T, db *DB) {
	ctx := t.Context()
	u := withPassword(t, db, "one@example.com", "hash")
	s, hash := logIn(t, db, u.ID, "token")
	err := db.RenewSession(ctx, byOwner, s, hash, user.Hash("next"), user.Shown{How: "password", Password: "old", At: clock.Add(time.Hour)})
	if fault.Of(err) != fault.Unauthorized {
		t.Errorf("by a password that was changed: %v", err)
	}
	if got, _, err := db.SessionByHash(ctx, hash, clock); err != nil || !got.ConfirmedAt.Equal(clock) {
		t.Errorf("the session is %+v, %v; want it as it was", got, err)
	}
}

func setsOnePassword(t *testing.T, db *DB) {
	u := withPassword(t, db, "one@example.com", "hash")
	if err := db.SetPassword(t.Context(), byOwner, u.ID, "hash", "first", 0); err != nil {
		t.Fatal(err)
	}
	if err := db.SetPassword(t.Context(), byOwner, u.ID, "hash", "second", 0); fault.Of(err) != fault.Conflict {
		t.Errorf("in place of a password that is no more: %v", err)
	}
	if c, err := db.Credentials(t.Context(), u.ID); err != nil || c.Password != "first" {
		t.Errorf("the password is %q, %v; want the first", c.Password, err)
	}
}

// before is the schema of the release before.
const before = 11

// TestUpgradeOfSessions holds that whoever was signed in before an upgrade stays
// so, and is asked to confirm; and that a link stays good.
func TestUpgradeOfSessions(t *testing.T) {
	onEach(t, func(t *testing.T, at newURL) {
		url := at(t)
		us := micros(clock)
		asItWas(t, url,
			`INSERT INTO users (id, email, name, role, status, locale, zone, created_at, joined_at) VALUES (1, 'one@example.com', '', 'owner', 'active', '', '', 1, 1)`,
			fmt.Sprintf(`INSERT INTO user_session (id, hash, user_id, created_at, seen_at, address, user_agent) VALUES (1, '%s', 1, %d, %d, '', '')`, user.Hash("token"), us, us),
			fmt.Sprintf(`INSERT INTO user_link (hash, kind, user_id, doc, created_at, expires_at) VALUES ('ceremony', 'ceremony', 0, '{}', %d, %d)`, us, us*2),
			fmt.Sprintf(`INSERT INTO user_link (hash, kind, user_id, doc, created_at, expires_at) VALUES ('%s', 'reset', 1, '', %d, %d)`, user.Hash("reset"), us, us*2),
		)
		db := open(t, url)
		s, u, err := db.SessionByHash(t.Context(), user.Hash("token"), clock)
		if err != nil || u.ID != 1 || s.Confirmed(clock) {
			t.Errorf("the session is %+v of user %d, %v; want user 1 signed in, and not confirmed", s, u.ID, err)
		}
		if l, err := db.LinkByHash(t.Context(), user.Hash("reset"), clock); err != nil || l.Kind != user.LinkReset {
			t.Errorf("the link is %+v, %v; want the reset", l, err)
		}
		if _, err := db.LinkByHash(t.Context(), "ceremony", clock); fault.Of(err) != fault.NotFound {
			t.Errorf("a link of a kind that there is not any more: %v", err)
		}
	})
}

// asItWas makes the ledger at url one of the release before, with some rows.
func asItWas(t *testing.T, url string, rows ...string) {
	t.Helper()
	e, dialect, driver := engineOf(url), goose.DialectSQLite3, "sqlite"
	if e == postgres {
		dialect, driver = goose.DialectPostgres, "pgx"
	} else {
		if err := os.Remove(url); err != nil { // what is there is a ledger of today
			t.Fatal(err)
		}
		url = fileURL(url)
	}
	db, err := sql.Open(driver, url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}()
	run := func(text string) {
		t.Helper()
		if _, err := db.ExecContext(t.Context(), text); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
	}
	if e == postgres {
		run(`DROP SCHEMA public CASCADE`)
		run(`CREATE SCHEMA public`)
	}
	all, err := steps(e)
	if err != nil {
		t.Fatal(err)
	}
	old := slices.DeleteFunc(all, func(m *goose.Migration) bool { return m.Version > before })
	p, err := goose.NewProvider(dialect, db, nil, goose.WithGoMigrations(old...), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Up(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, text := range rows {
		run(text)
	}
}
