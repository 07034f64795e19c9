package login

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"waybill/internal/user"
)

// code is what an authenticator shows at a time.
func code(t *testing.T, secret string, at time.Time) string {
	t.Helper()
	c, err := totp.GenerateCode(secret, at)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// withTOTP sets an authenticator up for whoever is signed in.
func (b *browser) withTOTP() (secret string, recovery []string) {
	b.w.t.Helper()
	var key totpKey
	b.send("POST", "totp/begin", nil).want(200).into(&key)
	var answered struct {
		RecoveryCodes []string `json:"recovery_codes"`
	}
	b.send("POST", "totp/confirm", map[string]string{"code": code(b.w.t, key.Secret, b.w.clock.now())}).want(200).into(&answered)
	return key.Secret, answered.RecoveryCodes
}

func TestTOTP(t *testing.T) {
	w := newWorld(t, Settings{})
	ann := w.join("ann@example.com", user.Owner)
	b := w.browser().logIn("ann@example.com")
	before := *b.jar[sessionPlain]

	b.send("POST", "totp/confirm", map[string]string{"code": "123456"}).want(409)
	b.send("POST", "totp/begin", nil).want(200).has("otpauth://totp/Waybill:ann@example.com")
	b.send("POST", "totp/confirm", map[string]string{"code": "000000"}).want(422).has("body.code")
	logInWith := func(typed string) reply {
		c := w.browser()
		w.clock.pass(2 * time.Hour) // past any wait
		return c.send("POST", "login", credentials{Email: "ann@example.com", Password: goodPassword, Code: typed})
	}
	logInWith("").want(200).has("done") // one that was not confirmed asks for nothing

	b.confirm()
	secret, recovery := b.withTOTP()
	if len(recovery) != 10 {
		t.Fatalf("%d recovery codes; want 10", len(recovery))
	}
	if b.jar[sessionPlain].Value == before.Value {
		t.Error("the session is the one from before the authenticator was set up")
	}
	b.send("POST", "totp/begin", nil).want(409)

	in := func(d time.Duration) string { return code(t, secret, w.clock.now().Add(2*time.Hour+d)) }
	logInWith("").want(200).has(`{"next":"totp"}`)
	logInWith("000000").want(401).has("body.code")
	logInWith(in(-30 * time.Second)).want(200).has("done")
	logInWith(in(30 * time.Second)).want(200).has("done")
	logInWith(in(-60 * time.Second)).want(401)
	logInWith(in(60 * time.Second)).want(401)
	good := in(0)
	logInWith(good[:3] + " " + good[3:]).want(200)
	c := w.browser()
	c.send("POST", "login", credentials{Email: "ann@example.com", Password: goodPassword, Code: good}).want(401)

	t.Run("one code lets one in, however many try at once", func(t *testing.T) {
		w.clock.pass(3 * time.Hour)
		typed := code(t, secret, w.clock.now())
		var mu sync.Mutex
		var wg sync.WaitGroup
		in := 0
		for i := range 4 {
			wg.Go(func() {
				c := w.browser()
				c.from = "203.0.113." + itoa(int64(i+1))
				if c.send("POST", "login", credentials{Email: "ann@example.com", Password: goodPassword, Code: typed}).status == 200 {
					mu.Lock()
					in++
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		if in != 1 {
			t.Errorf("one code let %d in; want 1", in)
		}
	})
	t.Run("a recovery code is good once, however it is typed", func(*testing.T) {
		logInWith("  " + recovery[0] + " ").want(200).has("done")
		logInWith(recovery[0]).want(401)
		logInWith(recovery[1]).want(200)
	})
	t.Run("guessing the code is slowed down, and the password does not help", func(*testing.T) {
		w.clock.pass(24 * time.Hour)
		c := w.browser()
		for range 3 {
			c.send("POST", "login", credentials{Email: "ann@example.com", Password: goodPassword, Code: "000000"}).want(401)
			c.send("POST", "login", credentials{Email: "ann@example.com", Password: goodPassword})
		}
		c.send("POST", "login", credentials{Email: "ann@example.com", Password: goodPassword, Code: "000000"}).want(429)
	})
	t.Run("a link does not get around the code", func(t *testing.T) {
		c := w.browser()
		c.send("POST", "accept", acceptance{Token: w.link(user.LinkReset, ann.ID), Password: goodPassword}).want(200).has(`{"next":"totp"}`)
		if c.signedIn() != 0 {
			t.Error("a link for a new password signed in without a code")
		}
	})
	t.Run("it is turned off", func(t *testing.T) {
		w.clock.pass(24 * time.Hour)
		c := w.browser()
		c.send("POST", "login", credentials{Email: "ann@example.com", Password: goodPassword, Code: code(t, secret, w.clock.now())}).want(200)
		c.send("POST", "totp/disable", nil).want(204)
		logInWith("").want(200).has("done")
	})
	notes := w.notes()
	for _, want := range []string{"totp_on", "totp_off", "recovery_code", "log_in_failed"} {
		if !slices.Contains(notes, want) {
			t.Errorf("the audit has no %s", want)
		}
	}
}
