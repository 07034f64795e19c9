package login

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	virtual "github.com/descope/virtualwebauthn"

	"waybill/internal/account"
	"waybill/internal/store/sqlledger"
	"waybill/internal/user"
)

const confirmFirst = "urn:waybill:problem:confirm_first"

// asksFirst are the routes that nobody gets anywhere with who only has a session.
func asksFirst() []string {
	return []string{
		"DELETE passkeys/{id}", "POST passkey/register/begin", "POST passkey/register/finish",
		"POST totp/begin", "POST totp/confirm", "POST totp/disable",
	}
}

// TestConfirmFirst has a stolen session try everything.
func TestConfirmFirst(t *testing.T) {
	w := newWorld(t, Settings{})
	w.join("ann@example.com", user.Owner)
	b := w.browser().logIn("ann@example.com")
	asked := func(b *browser) (all []string) {
		for _, one := range w.all() {
			method, path, _ := strings.Cut(one.pattern, " ")
			if !one.signed || strings.HasPrefix(path, "sessions") || path == "passkey/confirm/begin" {
				continue
			}
			if strings.Contains(b.send(method, strings.ReplaceAll(path, "{id}", "1"), `{}`).body, confirmFirst) {
				all = append(all, one.pattern)
			}
		}
		slices.Sort(all)
		return all
	}
	if got := asked(w.browser().logIn("ann@example.com")); len(got) != 0 {
		t.Errorf("just signed in one is asked to confirm at %q", got)
	}
	w.clock.pass(user.ConfirmedFor)
	if got := asked(b.copied()); !slices.Equal(got, asksFirst()) {
		t.Errorf("a session that is not confirmed is stopped at\n%q, want\n%q", got, asksFirst())
	}
	if p := w.callerOf(b); !p.MustConfirm() {
		t.Error("the API takes it for confirmed")
	}
	b.confirm()
	if got := asked(b); len(got) != 0 {
		t.Errorf("confirmed, one is asked to confirm at %q", got)
	}
	if p := w.callerOf(b); p.MustConfirm() {
		t.Error("the API does not know that it is confirmed")
	}
}

// TestConfirm holds by what one confirms, and what that does.
func TestConfirm(t *testing.T) {
	w := newWorld(t, Settings{})
	ann := w.join("ann@example.com", user.Owner)
	b := w.browser().logIn("ann@example.com")
	b.send("GET", "confirm", nil).want(200).has(`{"confirmed_until":"2026-11-22T12:10:00Z","ways":["password"]}`)
	w.clock.pass(time.Hour)
	b.send("GET", "confirm", nil).want(200).has(`{"confirmed_until":null,"ways":["password"]}`)

	t.Run("a body that says nothing, or too much, is refused", func(*testing.T) {
		b.send("POST", "confirm", `{}`).want(422)
		b.send("POST", "confirm", secret{Password: "a", Code: "b"}).want(422)
		b.send("POST", "confirm", secret{Password: strings.Repeat("a", 1001)}).want(422)
		b.send("POST", "confirm", secret{Code: strings.Repeat("1", 129)}).want(422)
		w.browser().send("POST", "confirm", secret{Password: goodPassword}).want(401)
	})
	t.Run("whoever has copied the cookie has nothing once it is confirmed", func(t *testing.T) {
		thief := b.copied()
		if thief.signedIn() != ann.ID {
			t.Fatal("the copy is not good")
		}
		b.confirm()
		if thief.signedIn() != 0 || b.signedIn() != ann.ID {
			t.Errorf("the copy is user %d and the session user %d; want nobody and %d", thief.signedIn(), b.signedIn(), ann.ID)
		}
		thief.send("POST", "confirm", secret{Password: goodPassword}).want(401)
	})
	t.Run("a code is not what there is none of", func(*testing.T) {
		b.send("POST", "confirm", secret{Code: "123456"}).want(422).has("body.code")
	})
	t.Run("a code confirms, once", func(*testing.T) {
		key, recovery := b.withTOTP()
		w.clock.pass(time.Hour)
		typed := code(t, key, w.clock.now())
		b.send("POST", "confirm", secret{Code: typed}).want(200).has(`"ways":["code"]`)
		b.send("POST", "confirm", secret{Code: typed}).want(422).has("body.code")
		b.send("POST", "confirm", secret{Code: recovery[0]}).want(200)
		b.send("GET", "confirm", nil).want(200).has(`"ways":["password","code"]`)
	})
	t.Run("guesses are slowed down, and one is told apart from a session that ended", func(*testing.T) {
		w.clock.pass(24 * time.Hour)
		for range 5 {
			b.send("POST", "confirm", secret{Password: "not it at all"}).want(422).has("body.password")
		}
		b.send("POST", "confirm", secret{Password: goodPassword}).want(429)
		w.clock.pass(time.Hour)
		b.confirm()
	})
	if !slices.Contains(w.notes(), "confirm") {
		t.Errorf("the audit has no confirm: %q", w.notes())
	}
	in := ann.Principal().Actor()
	failed, _, err := w.db.Audit(t.Context(), sqlledger.AuditFilter{Action: "log_in_failed"})
	if err != nil || len(failed) == 0 || slices.ContainsFunc(failed, func(n sqlledger.Note) bool { return n.Actor != in || n.Address == "" }) {
		t.Errorf("the audit tells of guesses %+v, %v; want those of %s, who is signed in", failed, err, in)
	}
}

// confirms answers the first half of a confirmation.
func (d *device) confirms(b *browser) shownPasskey {
	b.w.t.Helper()
	var first begun
	b.send("POST", "passkey/confirm/begin", nil).want(200).into(&first)
	options, err := virtual.ParseAssertionOptions(string(first.PublicKey))
	if err != nil {
		b.w.t.Fatal(err)
	}
	return shownPasskey{first.Ceremony, "", json.RawMessage(virtual.CreateAssertionResponse(b.site(), d.Authenticator, d.key, *options))}
}

func TestConfirmByPasskey(t *testing.T) {
	w := newWorld(t, Settings{})
	w.join("ann@example.com", user.Owner)
	w.join("bob@example.com", user.Owner)
	b, other := w.browser().logIn("ann@example.com"), w.browser().logIn("bob@example.com")
	b.send("POST", "passkey/confirm/begin", nil).want(409)
	mine, theirs := newDevice(), newDevice()
	mine.register(b, b.site(), "mine").want(200)
	theirs.register(other, other.site(), "theirs").want(200)
	w.clock.pass(time.Hour)

	thief := b.copied()
	b.send("POST", "passkey/confirm/finish", mine.confirms(b)).want(200).has(`"ways":["passkey"]`)
	if thief.signedIn() != 0 {
		t.Error("the copied cookie is good still")
	}
	b.send("POST", "totp/begin", nil).want(200)
	b.send("POST", "passkey/confirm/finish", theirs.confirms(b)).want(422).has("body.credential")

	shown := mine.confirms(b)
	second := w.browser().logIn("ann@example.com")
	second.send("POST", "passkey/confirm/finish", shown).want(409)
	var first begun
	b.send("POST", "passkey/login/begin", nil).want(200).into(&first)
	b.send("POST", "passkey/confirm/finish", shownPasskey{Ceremony: first.Ceremony, Credential: shown.Credential}).want(409)
}

// TestConfirmByProvider has people confirm who came by the identity provider, and
// may have nothing else.
func TestConfirmByProvider(t *testing.T) {
	w, i, open := abroad(t, "company.example")
	says := func(claim map[string]any) {
		i.mu.Lock()
		defer i.mu.Unlock()
		i.claim = claim
	}
	round := func(b *browser, query string) string {
		t.Helper()
		out := b.send("GET", "oidc"+query, nil).want(302).header.Get("Location")
		if anew := strings.Contains(out, "prompt=login") && strings.Contains(out, "max_age=0"); anew != strings.Contains(query, "confirm") {
			t.Fatalf("the provider is not asked to look anew: %s", out)
		}
		return b.send("GET", i.authorize(t, out), nil).want(302).header.Get("Location")
	}
	const confirm = "?confirm=1&return=%2Fconsole%2Fconfirmed"
	at := func(d time.Duration) int64 { return w.clock.now().Add(d).Unix() }
	fresh := map[string]any{"email": "new@company.example"}
	says(fresh)
	b := open()
	round(b, "")
	b.send("GET", "confirm", nil).want(200).has(`"ways":["oidc"]`)
	w.clock.pass(time.Hour)
	b.send("POST", "password", newPassword{New: "another kettle of fish"}).want(403).has(confirmFirst)

	tests := []struct {
		name  string
		claim map[string]any
		want  string
	}{
		{"somebody else", map[string]any{"email": "ann@example.com"}, "/console/confirmed?error=oidc_another"},
		{"an address that was not verified", map[string]any{"email": "new@company.example", "email_verified": false}, "/console/confirmed?error=oidc_unverified"},
		{"a look of long ago", map[string]any{"email": "new@company.example", "auth_time": at(-time.Hour)}, "/console/confirmed?error=oidc_not_anew"},
	}
	for _, tt := range tests {
		t.Run(tt.name+" confirms nothing", func(t *testing.T) {
			says(tt.claim)
			if got := round(b, confirm); got != tt.want {
				t.Errorf("led to %q, want %q", got, tt.want)
			}
			b.send("POST", "totp/begin", nil).want(403).has(confirmFirst)
		})
	}
	t.Run("another session is not confirmed", func(t *testing.T) {
		says(fresh)
		second := open()
		round(second, "")
		back := i.authorize(t, b.send("GET", "oidc"+confirm, nil).want(302).header.Get("Location"))
		b.jar[sessionSecure], second.jar[sessionSecure] = second.jar[sessionSecure], b.jar[sessionSecure]
		if got := b.send("GET", back, nil).want(302).header.Get("Location"); got != "/console/confirmed?error=oidc_expired" {
			t.Errorf("led to %q", got)
		}
		b.jar[sessionSecure], second.jar[sessionSecure] = second.jar[sessionSecure], b.jar[sessionSecure]
	})
	t.Run("a fresh look does, and the copied cookie is worth nothing", func(t *testing.T) {
		thief := b.copied()
		says(map[string]any{"email": "New@Company.example", "auth_time": at(-30 * time.Second)})
		if got := round(b, confirm); got != "/console/confirmed" {
			t.Errorf("led to %q", got)
		}
		if thief.signedIn() != 0 {
			t.Error("the copied cookie is good still")
		}
		b.send("POST", "password", newPassword{New: "another kettle of fish"}).want(200)
	})
	t.Run("a log-in by a look of long ago confirms nothing", func(*testing.T) {
		says(map[string]any{"email": "new@company.example", "auth_time": at(-time.Hour)})
		c := open()
		round(c, "")
		c.send("POST", "totp/begin", nil).want(403).has(confirmFirst)
	})
	t.Run("nobody who is not signed in can confirm", func(t *testing.T) {
		if got := open().send("GET", "oidc"+confirm, nil).want(302).header.Get("Location"); got != "/console/login?error=oidc_expired" {
			t.Errorf("led to %q", got)
		}
	})
}

// TestLogInIsOfTheMoment has something change between the look at what somebody
// shows and the session.
func TestLogInIsOfTheMoment(t *testing.T) {
	tests := []struct {
		name      string
		meanwhile func(w *world, u user.User) error
	}{
		{"the person is disabled", func(w *world, u user.User) error {
			_, err := w.db.UpdateUser(w.t.Context(), user.By{}, u.ID, func(u *user.User) error { u.Status = user.Disabled; return nil })
			return err
		}},
		{"the password is changed", func(w *world, u user.User) error {
			c, err := w.db.Credentials(w.t.Context(), u.ID)
			return errors.Join(err, w.db.SetPassword(w.t.Context(), user.By{}, u.ID, c.Password, "another", 0))
		}},
		{"codes are turned on", func(w *world, u user.User) error {
			return errors.Join(w.db.BeginTOTP(w.t.Context(), u.ID, "secret"), w.db.ConfirmTOTP(w.t.Context(), user.By{}, u.ID, "secret", 1, nil))
		}},
		{"the person is removed", func(w *world, u user.User) error {
			return w.db.RemoveUser(w.t.Context(), user.By{}, u.ID, func(user.User) error { return nil })
		}},
	}
	for n, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, Settings{})
			w.join("other@example.com", user.Owner)
			u := w.join(fmt.Sprintf("%d@example.com", n), user.Analyst)
			w.meanwhile = func() {
				if err := tt.meanwhile(w, u); err != nil {
					t.Fatal(err)
				}
			}
			b := w.browser()
			b.send("POST", "login", credentials{Email: u.Email, Password: goodPassword}).want(401)
			if b.signedIn() != 0 {
				t.Error("somebody is signed in")
			}
		})
	}
}

// callerOf is who the API takes a browser for.
func (w *world) callerOf(b *browser) account.Principal {
	w.t.Helper()
	r := httptest.NewRequest(http.MethodGet, b.origin+"/api/v1/me", http.NoBody)
	r.RemoteAddr = b.from + ":4711"
	b.put(r)
	p, err := w.Caller(r)
	if err != nil {
		w.t.Fatal(err)
	}
	return p
}
