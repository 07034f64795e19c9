package login

import (
	"testing"
	"time"

	"waybill/internal/user"
)

// TestStrangersKeepNobodyOut has strangers use up the account of somebody, and the
// address that it is reached from. Browsers that are known are not kept out.
func TestStrangersKeepNobodyOut(t *testing.T) {
	w := newWorld(t, Settings{})
	ann := w.join("ann@example.com", user.Owner)
	w.join("bob@example.com", user.Analyst)
	right := credentials{Email: "ann@example.com", Password: goodPassword}
	wrong := credentials{Email: "ann@example.com", Password: "not the password"}
	known := w.browser().logIn("ann@example.com")
	bobs := w.browser().logIn("bob@example.com")
	for _, b := range []*browser{known, bobs} {
		if c := b.jar[markPlain]; !c.HttpOnly || c.MaxAge != int(markLife/time.Second) {
			t.Fatalf("cookie %v; want one that lasts, and that scripts cannot read", c)
		}
		b.send("POST", "logout", nil).want(204)
	}
	inside, mine := w.browser().logIn("ann@example.com"), newDevice()
	mine.register(inside, inside.site(), "mine").want(200)

	besieged := func() {
		t.Helper()
		for i := range 60 { // one address tries many accounts, and Ann's from everywhere
			w.browser().send("POST", "login", credentials{Email: itoa(int64(i)) + "@example.com", Password: "x"})
			far := w.browser()
			far.from = "203.0.113." + itoa(int64(i+1))
			far.send("POST", "login", wrong)
		}
		w.browser().send("POST", "login", right).want(429)
	}
	besieged()
	t.Run("one who is signed in can confirm", func(*testing.T) { inside.confirm() })
	t.Run("a passkey lets in", func(*testing.T) {
		mine.key.Counter = 1
		mine.logIn(w.browser()).want(200)
	})
	t.Run("another's browser is not known", func(*testing.T) { bobs.send("POST", "login", right).want(429) })
	t.Run("one's own is, also when mistyped", func(t *testing.T) {
		known.send("POST", "login", wrong).want(401)
		known.logIn("ann@example.com")
		if known.signedIn() != ann.ID {
			t.Error("nobody is signed in")
		}
		known.send("POST", "logout", nil).want(204)
	})
	t.Run("who sits at it cannot guess without end", func(*testing.T) {
		seat := known.copied()
		for range 5 {
			seat.send("POST", "login", wrong).want(401)
		}
		seat.send("POST", "login", right).want(429)
		w.clock.pass(time.Hour)
	})
	t.Run("a new password makes it unknown, but where it was set", func(*testing.T) {
		const fresh = "another kettle of fish"
		inside.confirm().send("POST", "password", newPassword{Old: goodPassword, New: fresh}).want(200)
		inside.send("POST", "logout", nil).want(204)
		besieged()
		known.send("POST", "login", credentials{Email: "ann@example.com", Password: fresh}).want(429)
		inside.logInWith("ann@example.com", fresh)
	})
}
