package login

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"waybill/internal/store/sqlledger"
	"waybill/internal/user"
)

func TestOwnerLink(t *testing.T) {
	w := newWorld(t, Settings{})
	token := w.link(user.LinkOwner, 0)
	b := w.browser()
	b.send("POST", "link", map[string]string{"token": "nonsense"}).want(404)
	b.send("POST", "link", map[string]string{}).want(422).has("body.token")
	b.send("POST", "link", map[string]string{"token": token}).want(200).has(`"kind":"owner"`).has(`"role":"owner"`)
	b.send("POST", "accept", acceptance{Token: token, Email: "ann@example.com", Password: "password12345"}).want(422).has("body.password")
	b.send("POST", "accept", acceptance{Token: token, Email: "ann", Password: goodPassword}).want(422).has("body.email")
	b.send("POST", "accept", acceptance{Token: token, Email: "Ann@Example.com", Name: "Ann", Password: goodPassword, Zone: "Europe/Berlin"}).want(200).has("done")
	u, err := w.db.User(t.Context(), b.signedIn())
	if err != nil || u.Role != user.Owner || u.Email != "ann@example.com" || u.Zone != "Europe/Berlin" {
		t.Errorf("signed in as %+v, %v; want the owner", u, err)
	}
	b.send("POST", "accept", acceptance{Token: token, Email: "eve@example.com", Password: goodPassword}).want(404)
	w.browser().logIn("ann@example.com")
}

// TestLinkOnce has many follow one link at the same moment.
func TestLinkOnce(t *testing.T) {
	w := newWorld(t, Settings{})
	token := w.link(user.LinkOwner, 0)
	var mu sync.Mutex
	var wg sync.WaitGroup
	var took []string
	for i := range 12 {
		wg.Go(func() {
			b := w.browser()
			email := fmt.Sprintf("owner%d@example.com", i)
			if got := b.send("POST", "accept", acceptance{Token: token, Email: email, Password: goodPassword}); got.status == 200 {
				mu.Lock()
				took = append(took, email)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	all, err := w.db.FindUsers(t.Context(), sqlledger.UserList{Limit: 100})
	if err != nil || len(took) != 1 || len(all) != 1 || all[0].Email != took[0] {
		t.Errorf("the link was taken by %v, and there are users %v, %v; want one", took, all, err)
	}
}

func TestInvitationAndReset(t *testing.T) {
	w := newWorld(t, Settings{PartyName: func(user.User) string { return "Tea blog" }})
	w.join("ann@example.com", user.Owner)
	bob := user.Default()
	bob.Email, bob.Role = "bob@example.com", user.Manager
	bob, err := w.db.CreateUser(t.Context(), user.By{}, bob, false)
	if err != nil {
		t.Fatal(err)
	}
	invitation := w.link(user.LinkInvitation, bob.ID)
	b := w.browser()
	b.send("POST", "link", map[string]string{"token": invitation}).want(200).
		has(`"kind":"invitation"`).has(`"email":"bob@example.com"`).has(`"party_name":"Tea blog"`)
	b.send("POST", "accept", acceptance{Token: invitation, Email: "eve@example.com", Password: "bob@example.com"}).want(422)
	b.send("POST", "accept", acceptance{Token: invitation, Email: "eve@example.com", Password: goodPassword}).want(200)
	if u, err := w.db.User(t.Context(), bob.ID); err != nil || u.Email != "bob@example.com" || u.JoinedAt == nil {
		t.Errorf("the invited user is %+v, %v; want bob@example.com, who has joined", u, err)
	}
	if b.signedIn() != bob.ID {
		t.Error("who accepts an invitation is not signed in")
	}

	reset := w.link(user.LinkReset, bob.ID)
	w.clock.pass(time.Hour)
	w.browser().send("POST", "accept", acceptance{Token: reset, Password: "another kettle of fish"}).want(404)
	reset = w.link(user.LinkReset, bob.ID)
	c := w.browser()
	c.send("POST", "accept", acceptance{Token: reset, Password: "another kettle of fish"}).want(200)
	if b.signedIn() != 0 || c.signedIn() != bob.ID {
		t.Error("a reset left the sessions that there were, or did not sign in")
	}
}

// outbox keeps what would be mailed.
type outbox struct {
	mu   sync.Mutex
	to   []string
	last string
	fail bool
}

func (o *outbox) send(_ context.Context, u user.User, token string, _ time.Time) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.fail {
		return errors.New("the mail server hung up")
	}
	o.to, o.last = append(o.to, u.Email), token
	return nil
}

func TestForgot(t *testing.T) {
	post := new(outbox)
	w := newWorld(t, Settings{SendReset: post.send})
	ann := w.join("ann@example.com", user.Owner)
	off := w.join("off@example.com", user.Analyst)
	if _, err := w.db.UpdateUser(t.Context(), user.By{}, off.ID, func(u *user.User) error { u.Status = user.Disabled; return nil }); err != nil {
		t.Fatal(err)
	}
	b := w.browser()
	for _, email := range []string{"nobody@example.com", "off@example.com", "Ann@example.com"} {
		b.send("POST", "forgot", map[string]string{"email": email}).want(202).has(`{"mail":true}`)
	}
	for range 3 { // the mail goes out behind the callers' backs
		w.remind(t.Context(), <-w.forgot)
	}
	if strings.Contains(w.log.String(), "was not sent") {
		t.Errorf("the log holds %s; want nothing of those who get no mail", w.log)
	}
	if !slices.Equal(post.to, []string{"ann@example.com"}) {
		t.Fatalf("mail went to %v; want to ann@example.com alone", post.to)
	}
	asked, _, err := w.db.Audit(t.Context(), sqlledger.AuditFilter{Action: "link_reset"})
	if err != nil || len(asked) != 1 || asked[0].Actor != "visitor" || asked[0].Address != "192.0.2.7" {
		t.Errorf("the audit holds %+v, %v; want that a visitor at 192.0.2.7 has asked, who need not be Ann", asked, err)
	}
	c := w.browser()
	c.send("POST", "accept", acceptance{Token: post.last, Password: "another kettle of fish"}).want(200)
	if c.signedIn() != ann.ID {
		t.Error("the link in the mail does not sign in")
	}
	t.Run("nobody is flooded with mail", func(*testing.T) {
		for range 4 { // beside the one above
			b.send("POST", "forgot", map[string]string{"email": "ann@example.com"})
			b.from = "203.0.113." + itoa(int64(len(w.forgot)+1))
		}
		b.send("POST", "forgot", map[string]string{"email": "ann@example.com"}).want(429)
		w.browser().logInWith("ann@example.com", "another kettle of fish")
	})
	t.Run("a mail server that is away is told to the operator", func(t *testing.T) {
		post.fail = true
		w.remind(t.Context(), plea{email: "ann@example.com"})
		if !strings.Contains(w.log.String(), "the mail server hung up") {
			t.Errorf("the log holds %s; want the failure", w.log)
		}
	})
	t.Run("without mail it says so", func(t *testing.T) {
		w := newWorld(t, Settings{})
		w.browser().send("POST", "forgot", map[string]string{"email": "a@example.com"}).want(202).has(`{"mail":false}`)
	})
}

// TestRun stops when it is told to.
func TestRun(t *testing.T) {
	post := new(outbox)
	w := newWorld(t, Settings{SendReset: post.send})
	w.join("ann@example.com", user.Owner)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- w.Run(ctx) }()
	w.browser().send("POST", "forgot", map[string]string{"email": "ann@example.com"}).want(202)
	for len(post.sent()) == 0 {
		select {
		case err := <-done:
			t.Fatalf("Run() = %v before it was told to stop", err)
		case <-time.After(5 * time.Millisecond):
		}
	}
	cancel()
	if err := <-done; err != nil {
		t.Errorf("Run() = %v; want nil", err)
	}
}

func (o *outbox) sent() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.to)
}

func (b *browser) logInWith(email, password string) {
	b.w.t.Helper()
	b.send("POST", "login", credentials{Email: email, Password: password}).want(200).has("done")
}

// TestNoSecretInTheLog goes through everything with secrets, and looks for them.
func TestNoSecretInTheLog(t *testing.T) {
	w := newWorld(t, Settings{})
	token := w.link(user.LinkOwner, 0)
	b := w.browser()
	b.send("POST", "accept", acceptance{Token: token, Email: "ann@example.com", Password: goodPassword}).want(200)
	session := b.jar[sessionPlain].Value
	b.send("POST", "login", credentials{Email: "typed-a-password-here", Password: "and-another-one"}).want(401)
	b.send("GET", "oidc/callback?code=secret-code&state=secret-state", nil).want(404)
	b.send("GET", "nothing/"+token, nil).want(404)
	b.send("POST", "link", `{"token":"`+token+`","`+goodPassword+`":1}`).want(400)
	for _, secret := range []string{token, goodPassword, session, "typed-a-password-here", "and-another-one", "secret-code", "secret-state"} {
		if strings.Contains(w.log.String(), secret) {
			t.Errorf("the log holds %q:\n%s", secret, w.log)
		}
	}
	notes, _, err := w.db.Audit(t.Context(), auditOf())
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range notes {
		for _, secret := range []string{token, goodPassword, session, "typed-a-password-here", "and-another-one"} {
			if strings.Contains(n.Before+n.After+n.Key, secret) {
				t.Errorf("the audit holds %q in %+v", secret, n)
			}
		}
	}
}
