package sqlledger

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/account"
	"waybill/internal/advertiser"
	"waybill/internal/fault"
	"waybill/internal/user"
)

// TestUsers runs what must hold of people who log in on both engines.
func TestUsers(t *testing.T) {
	onEach(t, func(t *testing.T, at newURL) {
		for _, tt := range []struct {
			name string
			test func(t *testing.T, db *DB)
		}{
			{"people are kept as they were made and changed", keepsUsers},
			{"an e-mail address is one person's, whatever its case", refusesTwins},
			{"the last owner who can log in stays one", keepsAnOwner},
			{"of owners who demote each other at once, one stays", keepsAnOwnerAtOnce},
			{"who is disabled is logged out, and kept out", disablesUsers},
			{"who is removed keeps a name in the audit, and nothing else", removesUsers},
			{"a session is found until it ends", keepsSessions},
			{"a session's use is written down once a minute", touchesSessions},
			{"a new password ends the other sessions, and the links", changesPassword},
			{"a link is good once, whoever comes at once", usesLinksOnce},
			{"the first owner is made once", makesOneOwner},
			{"the owner is made among others", makesTheOwnerAmongOthers},
			{"an invited owner is the first", refusesASecondFirstOwner},
			{"a new link puts an end to the one before", replacesLinks},
			{"links that have expired go when one is made", dropsDeadLinks},
			{"a code of an authenticator is taken once", takesCodesOnce},
			{"a recovery code is taken once", takesRecoveryOnce},
			{"passkeys are added, used and removed", keepsPasskeys},
			{"attempts made at once are counted one after another", countsAttempts},
			{"who waits writes nothing", looksBeforeItCounts},
			{"the audit tells who did what, and from where", tellsWho},
		} {
			t.Run(tt.name, func(t *testing.T) { tt.test(t, open(t, at(t))) })
		}
	})
}

var byOwner = user.By{Actor: "user 1", Address: "192.0.2.1"}

func newUser(email string, role user.Role) user.User {
	u := user.Default()
	u.Email, u.Name, u.Role = email, "Jane", role
	return u
}

func createUser(t testing.TB, db *DB, email string, role user.Role) user.User {
	t.Helper()
	return must(t)(db.CreateUser(t.Context(), byOwner, newUser(email, role), true))
}

// must gives a value that nothing was to stand in the way of.
func must(t testing.TB) func(u user.User, err error) user.User {
	return func(u user.User, err error) user.User {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return u
	}
}

func keepsUsers(t *testing.T, db *DB) {
	ctx := t.Context()
	a := create(t, db.Advertisers(), newAdvertiser("one"))
	asked := newUser("jane@example.com", user.Advertiser)
	asked.AdvertiserID, asked.Zone, asked.Locale = a.ID, "Europe/Berlin", "de-DE"
	made := must(t)(db.CreateUser(ctx, byOwner, asked, false))
	want := asked
	want.ID, want.CreatedAt = 1, clock
	if diff := cmp.Diff(want, made); diff != "" {
		t.Errorf("made (-want +got):\n%s", diff)
	}
	changed := must(t)(db.UpdateUser(ctx, byOwner, 1, func(u *user.User) error {
		u.Name, u.ID, u.CreatedAt, u.TOTP = "Joan", 7, time.Time{}, true // the last three are not the caller's to set
		return nil
	}))
	want.Name = "Joan"
	for _, got := range []user.User{changed, must(t)(db.User(ctx, 1)), must(t)(db.UserByEmail(ctx, " Jane@Example.com"))} {
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("changed (-want +got):\n%s", diff)
		}
	}
	for _, odd := range []string{"jane\x00@example.com", "\x00jane@example.com", "jane@example.com\x00", "jane\xff@example.com"} {
		if u, err := db.UserByEmail(ctx, odd); fault.Of(err) != fault.NotFound {
			t.Errorf("by %q user %d is found, %v", odd, u.ID, err)
		}
	}
	createUser(t, db, "two@example.com", user.Analyst)
	if all, err := db.FindUsers(ctx, UserList{After: 1, Limit: 10}); err != nil || len(all) != 1 || all[0].ID != 2 {
		t.Errorf("behind the first are %v, %v; want the second", all, err)
	}
	refused := errors.New("not so")
	if _, err := db.UpdateUser(ctx, byOwner, 1, func(*user.User) error { return refused }); !errors.Is(err, refused) {
		t.Errorf("the change's own error came back as %v", err)
	}
	none := newUser("three@example.com", user.Affiliate)
	none.AffiliateID = 99
	if _, err := db.CreateUser(ctx, byOwner, none, false); fault.Of(err) != fault.Invalid || !strings.Contains(err.Error(), "affiliate_id") {
		t.Errorf("somebody of an affiliate that is not there: %v", err)
	}
	if _, err := db.User(ctx, 99); fault.Of(err) != fault.NotFound {
		t.Errorf("nobody is %v", err)
	}
}

func refusesTwins(t *testing.T, db *DB) {
	createUser(t, db, "jane@example.com", user.Owner)
	second := createUser(t, db, "joan@example.com", user.Analyst)
	_, errMade := db.CreateUser(t.Context(), byOwner, newUser("jane@example.com", user.Analyst), true)
	_, errUnfolded := db.CreateUser(t.Context(), byOwner, newUser("Jane@example.com", user.Analyst), true)
	_, errChanged := db.UpdateUser(t.Context(), byOwner, second.ID, func(u *user.User) error {
		u.Email = "jane@example.com"
		return nil
	})
	if fault.Of(errMade) != fault.Conflict || fault.Of(errChanged) != fault.Conflict || fault.Of(errUnfolded) != fault.Invalid {
		t.Errorf("a second jane: %v, %v, unfolded %v", errMade, errChanged, errUnfolded)
	}
	if err := db.RemoveUser(t.Context(), byOwner, second.ID, anybody); err != nil {
		t.Fatal(err)
	}
	createUser(t, db, "joan@example.com", user.Analyst) // the address is free again
}

func anybody(user.User) error { return nil }

func keepsAnOwner(t *testing.T, db *DB) {
	ctx := t.Context()
	first := createUser(t, db, "one@example.com", user.Owner)
	// Somebody invited who has never come is no owner who could undo anything.
	invited := must(t)(db.CreateUser(ctx, byOwner, newUser("two@example.com", user.Owner), false))
	tries := map[string]func() error{
		"demoted": func() error {
			_, err := db.UpdateUser(ctx, byOwner, first.ID, func(u *user.User) error { u.Role = user.Manager; return nil })
			return err
		},
		"disabled": func() error {
			_, err := db.UpdateUser(ctx, byOwner, first.ID, func(u *user.User) error { u.Status = user.Disabled; return nil })
			return err
		},
		"removed": func() error { return db.RemoveUser(ctx, byOwner, first.ID, anybody) },
	}
	for name, try := range tries {
		if err := try(); fault.Of(err) != fault.Conflict {
			t.Errorf("the last owner was %s: %v", name, err)
		}
	}
	if got := must(t)(db.User(ctx, first.ID)); got.Role != user.Owner || got.Status != user.Active {
		t.Errorf("the last owner is %s and %s", got.Role, got.Status)
	}
	if err := db.RemoveUser(ctx, byOwner, invited.ID, anybody); err != nil {
		t.Errorf("one of two owners: %v", err)
	}
	createUser(t, db, "three@example.com", user.Owner)
	if err := tries["demoted"](); err != nil {
		t.Errorf("one of two owners who can log in: %v", err)
	}
}

func keepsAnOwnerAtOnce(t *testing.T, db *DB) {
	ctx := t.Context()
	for i := range 4 {
		createUser(t, db, fmt.Sprintf("%d@example.com", i), user.Owner)
	}
	var all sync.WaitGroup
	for id := range int64(4) {
		all.Go(func() {
			_, err := db.UpdateUser(ctx, byOwner, id+1, func(u *user.User) error { u.Role = user.Analyst; return nil })
			if err != nil && fault.Of(err) != fault.Conflict {
				t.Error(err)
			}
		})
	}
	all.Wait()
	owners := 0
	people, err := db.FindUsers(ctx, UserList{Limit: 10})
	for _, u := range people {
		if u.Role == user.Owner {
			owners++
		}
	}
	if err != nil || owners != 1 {
		t.Errorf("%d owners are left (%v), want 1", owners, err)
	}
}

// logIn begins a session and gives it with its token's hash.
func logIn(t testing.TB, db *DB, userID int64, token string) (user.Session, string) {
	t.Helper()
	hash := user.Hash(token)
	begun := user.Session{UserID: userID, CreatedAt: clock, Address: "192.0.2.7", UserAgent: "Browser"}
	s, err := db.CreateSession(t.Context(), begun, hash, vouched(t, db, userID, clock))
	if err != nil {
		t.Fatal(err)
	}
	return s, hash
}

// vouched is what somebody has shown for whom a provider vouches.
func vouched(t testing.TB, db *DB, userID int64, at time.Time) user.Shown {
	t.Helper()
	return user.Shown{How: "oidc", Email: must(t)(db.User(t.Context(), userID)).Email, At: at}
}

func disablesUsers(t *testing.T, db *DB) {
	ctx := t.Context()
	createUser(t, db, "one@example.com", user.Owner)
	u := createUser(t, db, "two@example.com", user.Manager)
	_, hash := logIn(t, db, u.ID, "token")
	addLink(t, db, user.LinkReset, u.ID, "link")
	if _, err := db.UpdateUser(ctx, byOwner, u.ID, func(u *user.User) error { u.Status = user.Disabled; return nil }); err != nil {
		t.Fatal(err)
	}
	_, _, errSession := db.SessionByHash(ctx, hash, clock)
	_, errLink := db.LinkByHash(ctx, user.Hash("link"), clock)
	_, errLogin := db.CreateSession(ctx, user.Session{UserID: u.ID, CreatedAt: clock}, "other", vouched(t, db, u.ID, clock))
	errNew := db.CreateLink(ctx, byOwner, user.NewLink(user.LinkReset, u.ID, clock), "new")
	if fault.Of(errSession) != fault.NotFound || fault.Of(errLink) != fault.NotFound || fault.Of(errLogin) != fault.Unauthorized || fault.Of(errNew) != fault.Conflict {
		t.Errorf("session %v, link %v, log-in %v, new link %v", errSession, errLink, errLogin, errNew)
	}
}

func removesUsers(t *testing.T, db *DB) {
	ctx := t.Context()
	createUser(t, db, "one@example.com", user.Owner)
	u := createUser(t, db, "two@example.com", user.Manager)
	_, hash := logIn(t, db, u.ID, "token")
	if err := db.SetPassword(ctx, user.ByOf(u.Principal()), u.ID, "", "hash", 1); err != nil {
		t.Fatal(err)
	}
	denied := fault.New(fault.Forbidden, "not yours")
	if err := db.RemoveUser(ctx, byOwner, u.ID, func(user.User) error { return denied }); !errors.Is(err, denied) {
		t.Errorf("who may not: %v", err)
	}
	if err := db.RemoveUser(ctx, byOwner, u.ID, anybody); err != nil {
		t.Fatal(err)
	}
	_, errUser := db.User(ctx, u.ID)
	_, _, errSession := db.SessionByHash(ctx, hash, clock)
	_, errCredentials := db.Credentials(ctx, u.ID)
	for _, err := range []error{errUser, errSession, errCredentials, db.SetPassword(ctx, byOwner, u.ID, "", "new", 0), db.RemoveUser(ctx, byOwner, u.ID, anybody)} {
		if fault.Of(err) != fault.NotFound {
			t.Errorf("who was removed is there: %v", err)
		}
	}
	notes, _, err := db.Audit(ctx, AuditFilter{Actor: fmt.Sprintf("user %d", u.ID), Action: "password"})
	if err != nil || len(notes) != 1 || notes[0].ActorName != "Jane" {
		t.Errorf("the audit has %+v, %v; want Jane", notes, err)
	}
	var password string
	if err := db.read().must(ctx, "row", []any{&password}, `SELECT password FROM users WHERE id = $1`, u.ID); err != nil || password != "" {
		t.Errorf("the password's hash %q stays (%v)", password, err)
	}
}

func keepsSessions(t *testing.T, db *DB) {
	ctx := t.Context()
	u := createUser(t, db, "one@example.com", user.Owner)
	first, hash := logIn(t, db, u.ID, "first")
	second, _ := logIn(t, db, u.ID, "second")
	want := user.Session{ID: first.ID, UserID: u.ID, CreatedAt: clock, SeenAt: clock, Address: "192.0.2.7", UserAgent: "Browser", ConfirmedAt: clock}
	got, whose, err := db.SessionByHash(ctx, hash, clock.Add(user.SessionIdle-1))
	if err != nil || whose.ID != u.ID || whose.LastSeenAt == nil || cmp.Diff(want, got) != "" {
		t.Errorf("session of user %d (%v): %s", whose.ID, err, cmp.Diff(want, got))
	}
	if _, _, err := db.SessionByHash(ctx, hash, clock.Add(user.SessionIdle)); fault.Of(err) != fault.NotFound {
		t.Errorf("idle for too long: %v", err)
	}
	if _, _, err := db.SessionByHash(ctx, user.Hash("third"), clock); fault.Of(err) != fault.NotFound {
		t.Errorf("never begun: %v", err)
	}
	if err := db.EndSession(ctx, byOwner, u.ID+1, first.ID, "log_out"); fault.Of(err) != fault.NotFound {
		t.Errorf("another's session: %v", err)
	}
	if err := db.EndSession(ctx, byOwner, u.ID, first.ID, "log_out"); err != nil {
		t.Fatal(err)
	}
	if _, _, err := db.SessionByHash(ctx, hash, clock); fault.Of(err) != fault.NotFound {
		t.Errorf("ended: %v", err)
	}
	third, _ := logIn(t, db, u.ID, "third")
	if n, err := db.EndSessions(ctx, byOwner, u.ID, third.ID); n != 1 || err != nil {
		t.Errorf("ended %d others, %v; want 1", n, err)
	}
	left, err := db.Sessions(ctx, u.ID, clock)
	if err != nil || len(left) != 1 || left[0].ID != third.ID || second.ID == third.ID {
		t.Errorf("left are %v, %v; want session %d", left, err, third.ID)
	}
	// Those that have ended by themselves go when somebody logs in.
	later := user.Session{UserID: u.ID, CreatedAt: clock.Add(user.SessionIdle)}
	if _, err := db.CreateSession(ctx, later, "later", vouched(t, db, u.ID, later.CreatedAt)); err != nil {
		t.Fatal(err)
	}
	var n int
	if err := db.read().must(ctx, "count", []any{&n}, `SELECT COUNT(*) FROM user_session`); err != nil || n != 1 {
		t.Errorf("%d sessions are kept (%v), want 1", n, err)
	}
}

func touchesSessions(t *testing.T, db *DB) {
	ctx := t.Context()
	u := createUser(t, db, "one@example.com", user.Owner)
	s, hash := logIn(t, db, u.ID, "token")
	for _, step := range []struct {
		after time.Duration
		want  time.Time
	}{
		{59 * time.Second, clock},
		{time.Minute, clock.Add(time.Minute)},
		{3 * time.Minute, clock.Add(3 * time.Minute)},
		{2 * time.Minute, clock.Add(3 * time.Minute)}, // another node is behind
	} {
		if err := db.TouchSession(ctx, s, s.Address, clock.Add(step.after)); err != nil {
			t.Fatal(err)
		}
		got, whose, err := db.SessionByHash(ctx, hash, clock)
		if err != nil || !got.SeenAt.Equal(step.want) || !whose.LastSeenAt.Equal(step.want) {
			t.Errorf("after %s seen at %v and %v (%v), want %v", step.after, got.SeenAt, whose.LastSeenAt, err, step.want)
		}
	}
}

func changesPassword(t *testing.T, db *DB) {
	ctx := t.Context()
	u := createUser(t, db, "one@example.com", user.Owner)
	mine, hash := logIn(t, db, u.ID, "mine")
	_, other := logIn(t, db, u.ID, "other")
	addLink(t, db, user.LinkReset, u.ID, "link")
	if err := db.SetPassword(ctx, byOwner, u.ID, "", "new", mine.ID); err != nil {
		t.Fatal(err)
	}
	_, _, errMine := db.SessionByHash(ctx, hash, clock)
	_, _, errOther := db.SessionByHash(ctx, other, clock)
	_, errLink := db.LinkByHash(ctx, user.Hash("link"), clock)
	if errMine != nil || fault.Of(errOther) != fault.NotFound || fault.Of(errLink) != fault.NotFound {
		t.Errorf("mine %v, other %v, link %v", errMine, errOther, errLink)
	}
	if err := errors.Join(db.Rehash(ctx, u.ID, "old", "stale"), db.Rehash(ctx, u.ID, "new", "stronger")); err != nil {
		t.Fatal(err)
	}
	if c, err := db.Credentials(ctx, u.ID); err != nil || c.Password != "stronger" {
		t.Errorf("the password is %q, %v", c.Password, err)
	}
}

func addLink(t testing.TB, db *DB, kind user.LinkKind, userID int64, token string) {
	t.Helper()
	if err := db.CreateLink(t.Context(), byOwner, user.NewLink(kind, userID, clock), user.Hash(token)); err != nil {
		t.Fatal(err)
	}
}

// atOnce runs f so many times at once, and gives how often it succeeded. Any
// other failure than want fails the test.
func atOnce(t *testing.T, n int, want fault.Kind, f func(ctx context.Context) error) int {
	t.Helper()
	var all sync.WaitGroup
	var good atomic.Int64
	for range n {
		all.Go(func() {
			switch err := f(t.Context()); {
			case err == nil:
				good.Add(1)
			case fault.Of(err) != want:
				t.Error(err)
			}
		})
	}
	all.Wait()
	return int(good.Load())
}

func usesLinksOnce(t *testing.T, db *DB) {
	ctx := t.Context()
	createUser(t, db, "one@example.com", user.Owner)
	u := must(t)(db.CreateUser(ctx, byOwner, newUser("two@example.com", user.Manager), false))
	addLink(t, db, user.LinkInvitation, u.ID, "invitation")
	_, err := db.LinkByHash(ctx, user.Hash("invitation"), clock)
	_, errLate := db.LinkByHash(ctx, user.Hash("invitation"), clock.Add(user.LinkInvitation.Life()))
	_, _, errTooLate := db.AcceptLink(ctx, user.Hash("invitation"), Accepted{Password: "p"}, clock.Add(user.LinkInvitation.Life()))
	if err != nil || fault.Of(errLate) != fault.NotFound || fault.Of(errTooLate) != fault.NotFound {
		t.Fatalf("in time %v, late %v and %v", err, errLate, errTooLate)
	}
	_, _, errWrong := db.AcceptLink(ctx, user.Hash("invitation"), Accepted{Name: "a\nb", Password: "p"}, clock)
	if fault.Of(errWrong) != fault.Invalid {
		t.Fatalf("a name that cannot be: %v", errWrong) // and the link is still good
	}
	n := atOnce(t, 8, fault.NotFound, func(ctx context.Context) error {
		_, _, err := db.AcceptLink(ctx, user.Hash("invitation"), Accepted{Name: "Joan", Password: "hash", Zone: "UTC"}, clock)
		return err
	})
	got := must(t)(db.User(ctx, u.ID))
	c, err := db.Credentials(ctx, u.ID)
	if n != 1 || got.Name != "Joan" || got.Zone != "UTC" || got.JoinedAt == nil || c.Password != "hash" || err != nil {
		t.Errorf("accepted %d times; %+v has the password %q (%v)", n, got, c.Password, err)
	}
}

func makesOneOwner(t *testing.T, db *DB) {
	ctx := t.Context()
	for i := range 8 {
		addLink(t, db, user.LinkOwner, 0, fmt.Sprint(i))
	}
	var next atomic.Int64
	n := atOnce(t, 8, fault.NotFound, func(ctx context.Context) error {
		i := next.Add(1) - 1
		_, _, err := db.AcceptLink(ctx, user.Hash(fmt.Sprint(i)), Accepted{Email: fmt.Sprintf("%d@Example.com", i), Password: "hash"}, clock)
		if fault.Of(err) == fault.Conflict {
			return fault.New(fault.NotFound, "another was first")
		}
		return err
	})
	all, err := db.FindUsers(ctx, UserList{Limit: 10})
	if n != 1 || err != nil || len(all) != 1 || all[0].Role != user.Owner || all[0].JoinedAt == nil || strings.ToLower(all[0].Email) != all[0].Email {
		t.Errorf("%d made an owner: %+v, %v", n, all, err)
	}
	if err := db.CreateLink(ctx, byOwner, user.NewLink(user.LinkOwner, 0, clock), "late"); fault.Of(err) != fault.Conflict {
		t.Errorf("a link for another first owner: %v", err)
	}
	if found, err := db.AnyUser(ctx); !found || err != nil {
		t.Errorf("anybody: %t, %v", found, err)
	}
}

// makesTheOwnerAmongOthers: people may have been invited, and an owner too who
// never came, before somebody becomes the owner.
func makesTheOwnerAmongOthers(t *testing.T, db *DB) {
	ctx := t.Context()
	addLink(t, db, user.LinkOwner, 0, "first")
	createUser(t, db, "manager@example.com", user.Manager)
	u := user.Default()
	u.Email, u.Role = "never@example.com", user.Owner
	never := must(t)(db.CreateUser(ctx, byOwner, u, false))
	addLink(t, db, user.LinkInvitation, never.ID, "invitation")
	addLink(t, db, user.LinkOwner, 0, "second")
	if found, err := db.AnyOwner(ctx); found || err != nil {
		t.Errorf("an owner before one came: %t, %v", found, err)
	}
	_, _, err := db.AcceptLink(ctx, user.Hash("first"), Accepted{Email: "manager@example.com", Password: "hash"}, clock)
	if fault.Of(err) != fault.Conflict {
		t.Errorf("with the address of somebody else: %v", err)
	}
	if _, got, err := db.AcceptLink(ctx, user.Hash("first"), Accepted{Email: "owner@example.com", Password: "hash"}, clock); err != nil || got.Role != user.Owner {
		t.Fatalf("the owner's link made %+v, %v", got, err)
	}
	if found, err := db.AnyOwner(ctx); !found || err != nil {
		t.Errorf("an owner after one came: %t, %v", found, err)
	}
	_, _, err = db.AcceptLink(ctx, user.Hash("second"), Accepted{Email: "eve@example.com", Password: "hash"}, clock)
	if fault.Of(err) != fault.NotFound {
		t.Errorf("another owner's link afterwards: %v", err)
	}
}

// refusesASecondFirstOwner: an owner who came by an invitation puts an end to the
// links that make one.
func refusesASecondFirstOwner(t *testing.T, db *DB) {
	ctx := t.Context()
	addLink(t, db, user.LinkOwner, 0, "owner")
	u := user.Default()
	u.Email, u.Role = "invited@example.com", user.Owner
	invited := must(t)(db.CreateUser(ctx, byOwner, u, false))
	addLink(t, db, user.LinkInvitation, invited.ID, "invitation")
	if _, _, err := db.AcceptLink(ctx, user.Hash("invitation"), Accepted{Password: "hash"}, clock); err != nil {
		t.Fatal(err)
	}
	_, _, err := db.AcceptLink(ctx, user.Hash("owner"), Accepted{Email: "eve@example.com", Password: "hash"}, clock)
	if fault.Of(err) != fault.Conflict || !strings.Contains(err.Error(), "there is an owner already") {
		t.Errorf("a second first owner: %v", err)
	}
	u.Email = "never@example.com"
	never := must(t)(db.CreateUser(ctx, byOwner, u, false))
	anybody := func(user.User) error { return nil }
	if err := db.RemoveUser(ctx, byOwner, never.ID, anybody); err != nil {
		t.Errorf("an owner who never came is removed: %v", err)
	}
	if err := db.RemoveUser(ctx, byOwner, invited.ID, anybody); fault.Of(err) != fault.Conflict {
		t.Errorf("the last owner is removed: %v", err)
	}
}

func replacesLinks(t *testing.T, db *DB) {
	ctx := t.Context()
	u := createUser(t, db, "one@example.com", user.Owner)
	addLink(t, db, user.LinkInvitation, u.ID, "invitation")
	addLink(t, db, user.LinkReset, u.ID, "first")
	addLink(t, db, user.LinkReset, u.ID, "second")
	_, errFirst := db.LinkByHash(ctx, user.Hash("first"), clock)
	_, errSecond := db.LinkByHash(ctx, user.Hash("second"), clock)
	_, errOther := db.LinkByHash(ctx, user.Hash("invitation"), clock)
	if fault.Of(errFirst) != fault.NotFound || errSecond != nil || errOther != nil {
		t.Errorf("first %v, second %v, of another kind %v", errFirst, errSecond, errOther)
	}
	_, hash := logIn(t, db, u.ID, "session")
	if _, _, err := db.AcceptLink(ctx, user.Hash("second"), Accepted{Password: "hash"}, clock); err != nil {
		t.Fatal(err)
	}
	if _, _, err := db.SessionByHash(ctx, hash, clock); fault.Of(err) != fault.NotFound {
		t.Errorf("a session from before the reset: %v", err)
	}
	if got := must(t)(db.User(ctx, u.ID)); got.Name != "Jane" {
		t.Errorf("a reset has changed the name to %q", got.Name)
	}
}

func dropsDeadLinks(t *testing.T, db *DB) {
	ctx := t.Context()
	first, second := createUser(t, db, "one@example.com", user.Owner), createUser(t, db, "two@example.com", user.Owner)
	addLink(t, db, user.LinkReset, first.ID, "first")
	later := user.NewLink(user.LinkReset, second.ID, clock.Add(48*time.Hour))
	if err := db.CreateLink(ctx, byOwner, later, "later"); err != nil {
		t.Fatal(err)
	}
	var left int
	if err := db.read().must(ctx, "count", []any{&left}, `SELECT COUNT(*) FROM user_link`); err != nil || left != 1 {
		t.Errorf("%d links are kept (%v), want the one that is good", left, err)
	}
	if err := db.CreateLink(ctx, byOwner, user.NewLink("ceremony", first.ID, clock), "other"); fault.Of(err) != fault.Internal {
		t.Errorf("a link of a kind that there is not: %v", err)
	}
}

func takesCodesOnce(t *testing.T, db *DB) {
	ctx := t.Context()
	u := createUser(t, db, "one@example.com", user.Owner)
	if good, err := db.UseTOTPStep(ctx, u.ID, 100); good || err != nil {
		t.Errorf("a code without an authenticator: %t, %v", good, err)
	}
	if err := db.BeginTOTP(ctx, u.ID, "secret"); err != nil {
		t.Fatal(err)
	}
	if got := must(t)(db.User(ctx, u.ID)); got.TOTP {
		t.Error("an authenticator that was not confirmed is good")
	}
	if err := db.ConfirmTOTP(ctx, byOwner, u.ID, "another", 100, nil); fault.Of(err) != fault.Conflict {
		t.Errorf("another's secret: %v", err)
	}
	if err := db.ConfirmTOTP(ctx, byOwner, u.ID, "secret", 100, []string{"a", "b"}); err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		step int64
		want bool
	}{{100, false}, {99, false}, {101, true}, {101, false}} {
		if good, err := db.UseTOTPStep(ctx, u.ID, step.step); good != step.want || err != nil {
			t.Errorf("step %d is good: %t, %v; want %t", step.step, good, err, step.want)
		}
	}
	if err := db.DropTOTP(ctx, byOwner, u.ID); err != nil {
		t.Fatal(err)
	}
	left, err := db.RecoveryCodesLeft(ctx, u.ID)
	c, errCredentials := db.Credentials(ctx, u.ID)
	if left != 0 || c.TOTPSecret != "" || err != nil || errCredentials != nil {
		t.Errorf("after it was taken away %d codes and the secret %q are left", left, c.TOTPSecret)
	}
}

func takesRecoveryOnce(t *testing.T, db *DB) {
	ctx := t.Context()
	u := createUser(t, db, "one@example.com", user.Owner)
	errBegin := db.BeginTOTP(ctx, u.ID, "secret")
	if err := errors.Join(errBegin, db.ConfirmTOTP(ctx, byOwner, u.ID, "secret", 1, []string{"a", "b"})); err != nil {
		t.Fatal(err)
	}
	n := atOnce(t, 8, fault.NotFound, func(ctx context.Context) error {
		good, err := db.UseRecoveryCode(ctx, byOwner, u.ID, "a")
		if err == nil && !good {
			err = fault.New(fault.NotFound, "used")
		}
		return err
	})
	if left, err := db.RecoveryCodesLeft(ctx, u.ID); n != 1 || left != 1 || err != nil {
		t.Errorf("taken %d times; %d codes are left (%v)", n, left, err)
	}
}

func keepsPasskeys(t *testing.T, db *DB) {
	ctx := t.Context()
	u := createUser(t, db, "one@example.com", user.Owner)
	other := createUser(t, db, "two@example.com", user.Owner)
	p := user.Passkey{ID: "id", UserID: u.ID, Name: "laptop", Doc: "{}", CreatedAt: clock}
	if err := db.AddPasskey(ctx, byOwner, p); err != nil {
		t.Fatal(err)
	}
	twice := p
	twice.UserID = other.ID
	if err := db.AddPasskey(ctx, byOwner, twice); fault.Of(err) != fault.Conflict {
		t.Errorf("another's passkey: %v", err)
	}
	if err := db.UsePasskey(ctx, other.ID, "id", "stolen", clock); fault.Of(err) != fault.NotFound {
		t.Errorf("used as another's: %v", err)
	}
	used := clock.Add(time.Hour)
	if err := db.UsePasskey(ctx, u.ID, "id", `{"count":1}`, used); err != nil {
		t.Fatal(err)
	}
	p.Doc, p.UsedAt = `{"count":1}`, &used
	got, err := db.Passkeys(ctx, u.ID)
	if diff := cmp.Diff([]user.Passkey{p}, got); diff != "" || err != nil {
		t.Errorf("passkeys (%v, -want +got):\n%s", err, diff)
	}
	if got := must(t)(db.User(ctx, u.ID)); got.Passkeys != 1 {
		t.Errorf("the user has %d passkeys", got.Passkeys)
	}
	if err := db.RemovePasskey(ctx, byOwner, other.ID, "id"); fault.Of(err) != fault.NotFound {
		t.Errorf("removed as another's: %v", err)
	}
	if err := db.RemovePasskey(ctx, byOwner, u.ID, "id"); err != nil {
		t.Error(err)
	}
	for i := range mostPasskeys + 1 {
		p.ID = fmt.Sprint(i)
		if err := db.AddPasskey(ctx, byOwner, p); (err == nil) != (i < mostPasskeys) {
			t.Errorf("passkey %d: %v", i, err)
		}
	}
}

func countsAttempts(t *testing.T, db *DB) {
	ctx := t.Context()
	one := func(name string) user.Door { return user.Door{Name: "account " + name} }
	home, office := user.Door{Name: "address b", Shared: true}, user.Door{Name: "address d", Shared: true}
	attempt := func(at time.Time, doors ...user.Door) time.Duration {
		t.Helper()
		wait, err := db.Attempt(ctx, at, doors...)
		if err != nil {
			t.Fatal(err)
		}
		return wait
	}
	var let atomic.Int64
	var all sync.WaitGroup
	for range 12 {
		all.Go(func() {
			wait, err := db.Attempt(ctx, clock, one("a"), home)
			if err != nil {
				t.Error(err)
			}
			if wait == 0 {
				let.Add(1)
			}
		})
	}
	all.Wait()
	if let.Load() != 5 {
		t.Errorf("%d attempts at once were let through, want 5", let.Load())
	}
	if wait := attempt(clock, one("other"), home); wait != 0 {
		t.Errorf("another account from there waits %s", wait)
	}
	if err := db.AttemptSucceeded(ctx, one("a"), home); err != nil {
		t.Fatal(err)
	}
	if wait := attempt(clock, one("a"), office); wait != 0 {
		t.Errorf("after a success the account waits %s", wait)
	}
	for i := range 45 { // five of twelve and another were counted, and one taken back
		if wait := attempt(clock, one(fmt.Sprint(i)), home); wait != 0 {
			t.Fatalf("account %d from there waits %s", i, wait)
		}
	}
	if wait := attempt(clock, one("last"), home); wait == 0 {
		t.Error("one success has let the address begin anew")
	}
	if wait := attempt(clock, one("last"), office); wait != 0 {
		t.Errorf("from elsewhere one waits %s", wait)
	}
	attempt(clock.Add(25*time.Hour), one("z"))
	var n int
	if err := db.read().must(ctx, "count", []any{&n}, `SELECT COUNT(*) FROM throttle`); err != nil || n != 1 {
		t.Errorf("%d counts are kept (%v), want 1", n, err)
	}
}

// looksBeforeItCounts: whoever has to wait writes nothing, so that hammering at
// one door keeps nobody else from the ledger.
func looksBeforeItCounts(t *testing.T, db *DB) {
	ctx := t.Context()
	account, address := user.Door{Name: "account a"}, user.Door{Name: "address b", Shared: true}
	for range 5 {
		if wait, err := db.Attempt(ctx, clock, account); wait != 0 || err != nil {
			t.Fatalf("waits %s, %v", wait, err)
		}
	}
	err := db.write(ctx, func(ctx context.Context, s session) error { // others are writing
		if _, err := lockThrottles(ctx, s, []user.Door{account, address}); err != nil {
			return err
		}
		soon, cancel := context.WithTimeout(ctx, 5*time.Second)
		defer cancel()
		if wait, err := db.Attempt(soon, clock, account, address); wait != 2*time.Second || err != nil {
			t.Errorf("while others write one waits %s, %v; want to hear of 2s at once", wait, err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	var n int
	if err := db.read().must(ctx, "count", []any{&n}, `SELECT failures FROM throttle WHERE name = $1`, account.Name); err != nil || n != 5 {
		t.Errorf("%d failures (%v), want 5: who waits is not counted", n, err)
	}
}

func tellsWho(t *testing.T, db *DB) {
	ctx := t.Context()
	u := createUser(t, db, "one@example.com", user.Owner)
	k, err := db.CreateKey(ctx, user.By{Actor: "user 1", Address: "192.0.2.1"}, account.Key{Role: account.Network, Name: "ours"}, "h")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Advertisers().By(user.By{Actor: "key 1", Address: "192.0.2.2"}).Create(ctx, newAdvertiser("one")); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Advertisers().By(user.By{Actor: "user 1"}).Update(ctx, 1, 0, func(a *advertiser.Advertiser) error { a.Name = "two"; return nil }); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(db.RevokeKey(ctx, byOwner, k.ID, clock), db.RevokeKey(ctx, byOwner, k.ID, clock)); err != nil {
		t.Fatal(err)
	}
	if err := db.Note(ctx, user.By{Address: "192.0.2.9"}, "log_in_failed", "user", "1", ""); err != nil {
		t.Fatal(err)
	}
	logIn(t, db, u.ID, "token")
	type row struct{ actor, name, address, action, entity, key string }
	want := []row{
		{"user 1", "Jane", "192.0.2.7", "log_in", "user", "1"},
		{"", "", "192.0.2.9", "log_in_failed", "user", "1"},
		{"user 1", "Jane", "192.0.2.1", "revoke", "key", "1"},
		{"user 1", "Jane", "", "change", "advertiser", "1"},
		{"key 1", "ours", "192.0.2.2", "create", "advertiser", "1"},
		{"user 1", "Jane", "192.0.2.1", "create", "key", "1"},
		{"user 1", "Jane", "192.0.2.1", "create", "user", "1"},
	}
	var got []row
	f := AuditFilter{Page: Page{Limit: 2}}
	for more := true; more; more = f.Cursor != "" {
		notes, next, err := db.Audit(ctx, f)
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range notes {
			got = append(got, row{n.Actor, n.ActorName, n.Address, n.Action, n.Entity, n.Key})
		}
		f.Cursor = next
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("the audit tells\n%v, want\n%v", got, want)
	}
	for _, one := range []struct {
		filter AuditFilter
		want   int
	}{{AuditFilter{Actor: "key 1"}, 1}, {AuditFilter{Action: "create"}, 3}, {AuditFilter{Entity: "key", Key: "1"}, 2}} {
		if notes, _, err := db.Audit(ctx, one.filter); err != nil || len(notes) != one.want {
			t.Errorf("%+v gives %d notes, %v; want %d", one.filter, len(notes), err, one.want)
		}
	}
}
