package sqlledger

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/account"
	"waybill/internal/fault"
	"waybill/internal/user"
)

// TestLinksEnd holds both engines to what puts an end to a link that lies around.
func TestLinksEnd(t *testing.T) {
	onEach(t, func(t *testing.T, at newURL) {
		for _, tt := range []struct {
			name string
			test func(t *testing.T, db *DB)
		}{
			{"a partner's link does not make its holder one of the network's", endsLinksOfPartners},
			{"what a partner logged in with is nothing to the network", endsLogInsOfPartners},
			{"who comes by another way than the invitation has joined", joinsByLogIn},
			{"who was signed out meanwhile changes nothing", refusesWhoIsOut},
		} {
			t.Run(tt.name, func(t *testing.T) { tt.test(t, open(t, at(t))) })
		}
	})
}

// endsLinksOfPartners has a manager, who may make links for partners and sees
// them, keep one until an owner makes more of the person.
func endsLinksOfPartners(t *testing.T, db *DB) {
	ctx := t.Context()
	a := create(t, db.Advertisers(), newAdvertiser("one"))
	for _, kind := range []user.LinkKind{user.LinkInvitation, user.LinkReset} {
		u := newUser(string(kind)+"@example.com", user.Advertiser)
		u.AdvertiserID = a.ID
		u = must(t)(db.CreateUser(ctx, byOwner, u, kind == user.LinkReset))
		addLink(t, db, kind, u.ID, string(kind))
		must(t)(db.UpdateUser(ctx, byOwner, u.ID, func(u *user.User) error { u.Name = "Jane Roe"; return nil }))
		if _, err := db.LinkByHash(ctx, user.Hash(string(kind)), clock); err != nil {
			t.Fatalf("LinkByHash() of kind %s after a new name = %v, want the link", kind, err)
		}
		must(t)(db.UpdateUser(ctx, byOwner, u.ID, func(u *user.User) error {
			u.Role, u.AdvertiserID = user.Owner, 0
			return nil
		}))
		_, _, err := db.AcceptLink(ctx, user.Hash(string(kind)), Accepted{Password: "hash"}, clock)
		if fault.Of(err) != fault.NotFound {
			t.Errorf("AcceptLink() of kind %s once the person is an owner = %v, want NotFound", kind, err)
		}
	}
}

// endsLogInsOfPartners makes an owner of somebody whose password may have been
// set by a link that a manager kept.
func endsLogInsOfPartners(t *testing.T, db *DB) {
	ctx := t.Context()
	a := create(t, db.Affiliates(), newAffiliate("one"))
	u := newUser("jane@example.com", user.Affiliate)
	u.AffiliateID = a.ID
	u = must(t)(db.CreateUser(ctx, byOwner, u, true))
	if err := errors.Join(
		db.SetPassword(ctx, byOwner, u.ID, "", "hash", 0),
		db.AddPasskey(ctx, byOwner, user.Passkey{ID: "key", UserID: u.ID, CreatedAt: clock}),
		db.BeginTOTP(ctx, u.ID, "secret"), db.ConfirmTOTP(ctx, byOwner, u.ID, "secret", 1, []string{"code"}), db.BeginTOTP(ctx, u.ID, "draft"),
	); err != nil {
		t.Fatal(err)
	}
	_, hash := logIn(t, db, u.ID, "token")
	raised := must(t)(db.UpdateUser(ctx, byOwner, u.ID, func(u *user.User) error {
		u.Role, u.AffiliateID = user.Owner, 0
		return nil
	}))
	if stored := must(t)(db.User(ctx, u.ID)); raised.Passkeys != 0 || raised.TOTP || raised.JoinedAt != nil || !cmp.Equal(stored, raised) {
		t.Errorf("the owner is told as %+v and kept as %+v, want one who has yet to join", raised, stored)
	}
	if _, _, err := db.SessionByHash(ctx, hash, clock); fault.Of(err) != fault.NotFound {
		t.Errorf("SessionByHash() of the affiliate's session = %v, want NotFound", err)
	}
	draft, err := db.TOTPDraft(ctx, u.ID)
	c, errRead := db.Credentials(ctx, u.ID)
	left, errLeft := db.RecoveryCodesLeft(ctx, u.ID)
	if err := errors.Join(err, errRead, errLeft); err != nil || c.Password != "" || c.TOTPSecret != "" || draft != "" || left != 0 {
		t.Errorf("Credentials() = %+v, draft %q, %d recovery codes (%v); want none", c, draft, left, err)
	}
	addLink(t, db, user.LinkReset, u.ID, "reset")
	_, joined, err := db.AcceptLink(ctx, user.Hash("reset"), Accepted{Password: "new"}, clock)
	if c, errRead := db.Credentials(ctx, u.ID); err != nil || errRead != nil || joined.JoinedAt == nil || c.Password != "new" {
		t.Errorf("AcceptLink() of a new link = %+v (%v) with the password %q; want the owner joined", joined, err, c.Password)
	}
}

// joinsByLogIn has an invited person come by the identity provider.
func joinsByLogIn(t *testing.T, db *DB) {
	ctx := t.Context()
	u := must(t)(db.CreateUser(ctx, byOwner, newUser("jane@example.com", user.Owner), false))
	addLink(t, db, user.LinkInvitation, u.ID, "invitation")
	logIn(t, db, u.ID, "first")
	joined := must(t)(db.User(ctx, u.ID)).JoinedAt
	if joined == nil {
		t.Fatal("JoinedAt after the first log-in = nil, want its time")
	}
	if _, err := db.LinkByHash(ctx, user.Hash("invitation"), clock); fault.Of(err) != fault.NotFound {
		t.Errorf("LinkByHash() of the invitation after a log-in = %v, want NotFound", err)
	}
	logIn(t, db, u.ID, "second")
	if again := must(t)(db.User(ctx, u.ID)).JoinedAt; again == nil || !again.Equal(*joined) {
		t.Errorf("JoinedAt after the second log-in = %v, want %v as before", again, joined)
	}
	err := db.RemoveUser(ctx, byOwner, u.ID, anybody)
	if fault.Of(err) != fault.Conflict {
		t.Errorf("RemoveUser() of the only owner, who never used the invitation = %v, want Conflict", err)
	}
}

// refusesWhoIsOut has somebody be signed out between the look at a session and what
// is done in it.
func refusesWhoIsOut(t *testing.T, db *DB) {
	ctx := t.Context()
	u := createUser(t, db, "jane@example.com", user.Owner)
	in, _ := logIn(t, db, u.ID, "token")
	by := user.By{Actor: "user 1", Session: in.ID}
	key := user.Passkey{ID: "key", UserID: u.ID, CreatedAt: clock}
	errEnd := func() error { _, err := db.EndSessions(ctx, byOwner, u.ID, 0); return err }
	if err := errors.Join(db.AddPasskey(ctx, by, key), db.BeginTOTP(ctx, u.ID, "secret"), errEnd()); err != nil {
		t.Fatal(err)
	}
	before := must(t)(db.User(ctx, u.ID))
	key.ID = "another"
	for name, change := range map[string]func() error{
		"AddPasskey":    func() error { return db.AddPasskey(ctx, by, key) },
		"RemovePasskey": func() error { return db.RemovePasskey(ctx, by, u.ID, "key") },
		"ConfirmTOTP":   func() error { return db.ConfirmTOTP(ctx, by, u.ID, "secret", 1, nil) },
		"DropTOTP":      func() error { return db.DropTOTP(ctx, by, u.ID) },
		"SetPassword":   func() error { return db.SetPassword(ctx, by, u.ID, "", "hash", in.ID) },
		"UpdateUser": func() error {
			_, err := db.UpdateUser(ctx, by, u.ID, func(u *user.User) error { u.Name = "Thief"; return nil })
			return err
		},
		"CreateKey": func() error {
			_, err := db.CreateKey(ctx, by, account.Key{Role: account.Network, Name: "thief’s"}, "hash of it")
			return err
		},
	} {
		if err := change(); fault.Of(err) != fault.Unauthorized {
			t.Errorf("%s() by who was signed out = %v, want Unauthorized", name, err)
		}
	}
	c, err := db.Credentials(ctx, u.ID)
	if after := must(t)(db.User(ctx, u.ID)); err != nil || c.Password != "" || !cmp.Equal(after, before) {
		t.Errorf("the user is %+v with password %q (%v), want %+v as before", after, c.Password, err, before)
	}
}
