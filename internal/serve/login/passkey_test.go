package login

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	virtual "github.com/descope/virtualwebauthn"

	"waybill/internal/user"
)

// device is an authenticator in somebody's hand.
type device struct {
	virtual.Authenticator
	key virtual.Credential
}

// coseKey is how long a P-256 public key is, both its coordinates whole.
const coseKey = 77

// newDevice is an authenticator with a new key. The library writes coordinates
// without their leading zeros, which no real one does: one key in 128.
func newDevice() *device {
	key := virtual.NewCredential(virtual.KeyTypeEC2)
	for len(key.Key.AttestationData()) != coseKey {
		key = virtual.NewCredential(virtual.KeyTypeEC2)
	}
	return &device{Authenticator: virtual.NewAuthenticator(), key: key}
}

// site is what a browser tells an authenticator of the place that it is at.
func (b *browser) site() virtual.RelyingParty {
	name, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(b.origin, "http://"), "https://"), ":")
	return virtual.RelyingParty{ID: name, Name: "Waybill", Origin: b.origin}
}

// begun is the first half of a ceremony as the browser sees it.
type begun struct {
	Ceremony  string          `json:"ceremony"`
	PublicKey json.RawMessage `json:"publicKey"`
}

func (d *device) register(b *browser, at virtual.RelyingParty, name string) reply {
	b.w.t.Helper()
	var first begun
	b.send("POST", "passkey/register/begin", nil).want(200).into(&first)
	options, err := virtual.ParseAttestationOptions(string(first.PublicKey))
	if err != nil {
		b.w.t.Fatal(err)
	}
	d.Options.UserHandle = []byte(options.UserID)
	made := virtual.CreateAttestationResponse(at, d.Authenticator, d.key, *options)
	return b.send("POST", "passkey/register/finish", shownPasskey{first.Ceremony, name, json.RawMessage(made)})
}

// shows answers the first half of a log-in.
func (d *device) shows(b *browser, at virtual.RelyingParty) shownPasskey {
	b.w.t.Helper()
	var first begun
	b.send("POST", "passkey/login/begin", nil).want(200).into(&first)
	options, err := virtual.ParseAssertionOptions(string(first.PublicKey))
	if err != nil {
		b.w.t.Fatal(err)
	}
	return shownPasskey{first.Ceremony, "", json.RawMessage(virtual.CreateAssertionResponse(at, d.Authenticator, d.key, *options))}
}

func (d *device) logIn(b *browser) reply {
	b.w.t.Helper()
	return b.send("POST", "passkey/login/finish", d.shows(b, b.site()))
}

func TestPasskeys(t *testing.T) {
	w := newWorld(t, Settings{})
	ann, bob := w.join("ann@example.com", user.Owner), w.join("bob@example.com", user.Analyst)
	b := w.browser().logIn("ann@example.com")
	mine := newDevice()

	mine.register(b, virtual.RelyingParty{ID: "localhost", Origin: "http://localhost:9999"}, "x").want(422).has("body.credential")
	mine.register(b, virtual.RelyingParty{ID: "evil.example", Origin: b.origin}, "x").want(422)
	mine.register(b, b.site(), strings.Repeat("x", 101)).want(422).has("body.name")
	mine.key.Counter = 1
	mine.register(b, b.site(), " My phone ").want(200).has(`"name":"My phone"`)
	mine.register(b, b.site(), "again").want(409)
	b.send("GET", "passkeys", nil).want(200).has(`"name":"My phone"`)

	t.Run("it signs in without a name or a password", func(t *testing.T) {
		mine.key.Counter = 2
		c := w.browser()
		mine.logIn(c).want(200).has("done")
		if c.signedIn() != ann.ID {
			t.Errorf("signed in as %d; want %d", c.signedIn(), ann.ID)
		}
		b.send("GET", "passkeys", nil).want(200).has(`"used_at":"2026-11-22T12:00:00Z"`)
	})
	t.Run("a log-in for another site is of no use here", func(*testing.T) {
		mine.key.Counter = 3
		c := w.browser()
		for _, at := range []virtual.RelyingParty{{ID: "localhost", Origin: "http://localhost:9999"}, {ID: "evil.example", Origin: c.origin}} {
			c.send("POST", "passkey/login/finish", mine.shows(c, at)).want(401)
		}
	})
	t.Run("a challenge is good once", func(*testing.T) {
		mine.key.Counter = 4
		c := w.browser()
		shown := mine.shows(c, c.site())
		c.send("POST", "passkey/login/finish", shown).want(200)
		w.browser().send("POST", "passkey/login/finish", shown).want(409)
	})
	t.Run("and not for ever", func(*testing.T) {
		mine.key.Counter = 5
		c := w.browser()
		shown := mine.shows(c, c.site())
		w.clock.pass(ceremonyLife)
		c.send("POST", "passkey/login/finish", shown).want(409)
	})
	t.Run("a challenge of another ceremony does not fit", func(*testing.T) {
		mine.key.Counter = 6
		c := w.browser()
		one, other := mine.shows(c, c.site()), mine.shows(c, c.site())
		one.Credential = other.Credential
		c.send("POST", "passkey/login/finish", one).want(401)
	})
	t.Run("a copy is noticed by its counter", func(*testing.T) {
		mine.key.Counter = 7
		mine.logIn(w.browser()).want(200)
		copied := *mine
		copied.key.Counter = 5
		copied.logIn(w.browser()).want(401).has("copied")
		mine.key.Counter = 8
		mine.logIn(w.browser()).want(200)
	})
	t.Run("one's passkey does not sign another in", func(t *testing.T) {
		w.clock.pass(time.Hour) // past any wait
		his := newDevice()
		his.register(w.browser().logIn("bob@example.com"), b.site(), "bob's").want(200)
		stolen := *his
		stolen.Options.UserHandle = handle(ann)
		stolen.key.Counter = 9
		c := w.browser()
		stolen.logIn(c).want(401)
		w.clock.pass(time.Hour)
		stranger := newDevice()
		stranger.Options.UserHandle = handle(bob)
		stranger.logIn(c).want(401)
		if c.signedIn() != 0 {
			t.Errorf("signed in as %d; want nobody", c.signedIn())
		}
	})
	t.Run("another session cannot finish what one has begun", func(*testing.T) {
		w.clock.pass(time.Hour)
		other := w.browser().logIn("ann@example.com")
		b.confirm()
		var first begun
		b.send("POST", "passkey/register/begin", nil).want(200).into(&first)
		other.send("POST", "passkey/register/finish", shownPasskey{first.Ceremony, "x", json.RawMessage(`{}`)}).want(409)
	})
	t.Run("with two-step codes it has to look whose hand it is in", func(*testing.T) {
		w.clock.pass(time.Hour)
		c := w.browser().logIn("ann@example.com")
		c.withTOTP()
		mine.Options.UserNotVerified = true
		mine.key.Counter = 20
		w.clock.pass(time.Hour)
		mine.logIn(w.browser()).want(401).has("two-step")
		mine.Options.UserNotVerified = false
		mine.key.Counter = 21
		w.clock.pass(time.Hour)
		mine.logIn(w.browser()).want(200)
		b = c
	})
	t.Run("browsers keep none for a bare address", func(*testing.T) {
		c := w.browser()
		c.origin = "http://127.0.0.1:8080"
		c.send("POST", "passkey/login/begin", nil).want(409).has("localhost")
		c.origin = "http://admin.example.com"
		c.send("POST", "passkey/login/begin", nil).want(409)
	})
	t.Run("one that was removed signs in no more", func(*testing.T) {
		var all []user.Passkey
		b.send("GET", "passkeys", nil).want(200).into(&all)
		w.clock.pass(time.Hour)
		w.browser().logIn("bob@example.com").send("DELETE", "passkeys/"+all[0].ID, nil).want(404)
		b.confirm()
		b.send("DELETE", "passkeys/"+all[0].ID, nil).want(204)
		mine.key.Counter = 30
		w.clock.pass(time.Hour)
		mine.logIn(w.browser()).want(401)
	})
	for _, want := range []string{"passkey_on", "passkey_off", "log_in_failed"} {
		if !slices.Contains(w.notes(), want) {
			t.Errorf("the audit has no %s", want)
		}
	}
}

// TestNoPasskeyForWhoIsOut signs a thief out in the moment in which the thief keeps a
// passkey, to come again by.
func TestNoPasskeyForWhoIsOut(t *testing.T) {
	w := newWorld(t, Settings{})
	ann := w.join("ann@example.com", user.Owner)
	thief := w.browser().logIn("ann@example.com")
	w.meanwhile = func() {
		token := w.link(user.LinkReset, ann.ID)
		w.browser().send("POST", "accept", acceptance{Token: token, Password: "another kettle of fish"}).want(200)
	}
	newDevice().register(thief, thief.site(), "mine now").want(401)
	if u, err := w.db.User(t.Context(), ann.ID); err != nil || u.Passkeys != 0 {
		t.Errorf("there are %d passkeys, %v; want none", u.Passkeys, err)
	}
}

// TestPasskeyAtAdminURL keeps passkeys for the name that people see, whatever the
// request says behind a proxy.
func TestPasskeyAtAdminURL(t *testing.T) {
	w := newWorld(t, Settings{AdminURL: place{scheme: "https", host: "admin.example.com"}.setting()})
	w.join("ann@example.com", user.Owner)
	b := w.browser()
	b.origin = "http://10.0.0.1:8081"
	b.logIn("ann@example.com")
	at := virtual.RelyingParty{ID: "admin.example.com", Origin: "https://admin.example.com"}
	mine := newDevice()
	b.header = http.Header{"Origin": {"https://admin.example.com"}}
	mine.register(b, at, "key").want(200)
	mine.key.Counter = 1
	b.send("POST", "passkey/login/finish", mine.shows(b, at)).want(200)
	mine.key.Counter = 2
	b.send("POST", "passkey/login/finish", mine.shows(b, virtual.RelyingParty{ID: "10.0.0.1", Origin: "http://10.0.0.1:8081"})).want(401)
}
