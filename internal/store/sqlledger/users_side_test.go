package sqlledger

import (
	"testing"

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
			{"who comes by another way than the invitation has joined", joinsByLogIn},
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
