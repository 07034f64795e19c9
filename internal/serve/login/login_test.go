package login

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"waybill/internal/account"
	"waybill/internal/fault"
	"waybill/internal/user"
)

func TestLogIn(t *testing.T) {
	w := newWorld(t, Settings{})
	owner := w.join("owner@example.com", user.Owner)
	off := w.join("off@example.com", user.Analyst)
	if _, err := w.db.UpdateUser(t.Context(), user.By{}, off.ID, func(u *user.User) error { u.Status = user.Disabled; return nil }); err != nil {
		t.Fatal(err)
	}
	bare := user.Default()
	bare.Email, bare.Role = "bare@example.com", user.Analyst
	if _, err := w.db.CreateUser(t.Context(), user.By{}, bare, true); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name   string
		give   credentials
		status int
	}{
		{"the right password lets in", credentials{Email: "owner@example.com", Password: goodPassword}, 200},
		{"the case of the address does not matter", credentials{Email: " Owner@Example.COM ", Password: goodPassword}, 200},
		{"a wrong password does not", credentials{Email: "owner@example.com", Password: goodPassword + "x"}, 401},
		{"nor an address that nobody has", credentials{Email: "nobody@example.com", Password: goodPassword}, 401},
		{"nor that of somebody who is disabled", credentials{Email: "off@example.com", Password: goodPassword}, 401},
		{"nor that of somebody without a password", credentials{Email: "bare@example.com", Password: goodPassword}, 401},
		{"no password is no attempt", credentials{Email: "owner@example.com"}, 422},
		{"no address is no attempt", credentials{Password: goodPassword}, 422},
	}
	refusal := ""
	for i, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := w.browser()
			b.from = "192.0.2." + string(rune('1'+i))
			got := b.send("POST", "login", tt.give).want(tt.status)
			switch id := b.signedIn(); {
			case tt.status == 200 && id != owner.ID:
				t.Errorf("signed in as user %d; want %d", id, owner.ID)
			case tt.status != 200 && (id != 0 || len(b.jar) > 0):
				t.Errorf("signed in as user %d with cookies %v; want nobody", id, b.jar)
			}
			if tt.status == 401 {
				body, _, _ := strings.Cut(got.body, `"instance"`)
				if refusal != "" && body != refusal {
					t.Errorf("answered %s; want the same as the others, %s", body, refusal)
				}
				refusal = body
			}
		})
	}
	if n := w.notes(); !slices.Contains(n, "log_in") || !slices.Contains(n, "log_in_failed") {
		t.Errorf("the audit holds %v; want log_in and log_in_failed", n)
	}
}

// TestLogInTakesTheSameTime compares the time for an address that nobody has with
// that for a wrong password, by the shortest of each, which load does not
// lengthen. Without the work done in vain it is a hundredth.
func TestLogInTakesTheSameTime(t *testing.T) {
	w := newWorld(t, Settings{})
	var err error
	if w.hashing, err = newHashing(strong()); err != nil {
		t.Fatal(err)
	}
	w.join("owner@example.com", user.Owner)
	known, unknown := time.Hour, time.Hour
	for i := range 5 {
		for email, shortest := range map[string]*time.Duration{"owner@example.com": &known, "nobody@example.com": &unknown} {
			b := w.browser()
			b.from = "198.51.100." + itoa(int64(i))
			w.clock.pass(time.Hour)
			start := time.Now()
			b.send("POST", "login", credentials{Email: email, Password: "not the password"}).want(401)
			*shortest = min(*shortest, time.Since(start))
		}
	}
	if unknown < known/5 || known < unknown/5 {
		t.Errorf("an unknown address took %s, a wrong password %s; want about the same", unknown, known)
	}
}

// TestWeakHashIsReplaced makes a hash from before the work was raised stronger
// when its password is shown.
func TestWeakHashIsReplaced(t *testing.T) {
	w := newWorld(t, Settings{})
	u := w.join("owner@example.com", user.Owner)
	before, err := w.db.Credentials(t.Context(), u.ID)
	if err != nil {
		t.Fatal(err)
	}
	if w.hashing, err = newHashing(strong()); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the password is the same
		w.browser().logIn("owner@example.com")
	}
	after, err := w.db.Credentials(t.Context(), u.ID)
	if err != nil || !strings.HasPrefix(after.Password, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("the hash is %.40q, before %.40q, %v; want one of today's strength", after.Password, before.Password, err)
	}
}

func TestCookies(t *testing.T) {
	admin := place{scheme: "https", host: "admin.example.com"}
	tests := []struct {
		name, origin string
		set          Settings
		header       http.Header
		cookie       string
		secure       bool
	}{
		{"over http the cookie is plain", "http://localhost:8080", Settings{}, nil, "waybill_session", false},
		{"over https it is bound to the host", "https://admin.example.com", Settings{}, nil, "__Host-waybill", true},
		{"a trusted proxy's word on https counts", "http://admin.example.com", Settings{Proxied: func(*http.Request) bool { return true }}, http.Header{"X-Forwarded-Proto": {"https"}}, "__Host-waybill", true},
		{"anybody's word does not", "http://admin.example.com", Settings{}, http.Header{"X-Forwarded-Proto": {"https"}}, "waybill_session", false},
		{"the operator's word counts most", "http://10.0.0.1:8081", Settings{AdminURL: admin.setting()}, nil, "__Host-waybill", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, tt.set)
			u := w.join("owner@example.com", user.Owner)
			b := w.browser()
			b.origin, b.header = tt.origin, tt.header
			if strings.HasPrefix(tt.origin, "https:") {
				b.header = http.Header{}
			}
			got := b.send("POST", "login", credentials{Email: "owner@example.com", Password: goodPassword}).want(200)
			c, ok := b.jar[tt.cookie]
			if !ok {
				t.Fatalf("cookies %v; want %s", b.jar, tt.cookie)
			}
			if c.Secure != tt.secure || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" {
				t.Errorf("cookie %v; want HttpOnly, Lax, path /, no domain and Secure %v", c, tt.secure)
			}
			if cc := got.header.Get("Cache-Control"); cc != "no-store" {
				t.Errorf("Cache-Control is %q; want no-store", cc)
			}
			b.send("GET", "sessions", nil).want(200).has(`"current":true`)
			b.send("POST", "logout", nil).want(204)
			b.send("GET", "sessions", nil).want(401)
			if s, err := w.db.Sessions(t.Context(), u.ID, w.clock.now()); err != nil || len(s) != 0 {
				t.Errorf("after the log-out there are sessions %v, %v; want none", s, err)
			}
		})
	}
	t.Run("a cookie that a neighbour can plant is not read over https", func(t *testing.T) {
		w := newWorld(t, Settings{})
		w.join("owner@example.com", user.Owner)
		b := w.browser().logIn("owner@example.com")
		b.origin = "https://localhost:8080"
		b.send("GET", "sessions", nil).want(401)
	})
}

func TestSessions(t *testing.T) {
	w := newWorld(t, Settings{})
	ann, bob := w.join("ann@example.com", user.Owner), w.join("bob@example.com", user.Manager)

	t.Run("signing in ends the session that the browser had", func(t *testing.T) {
		b := w.browser().logIn("ann@example.com")
		old := *b
		old.jar = map[string]*http.Cookie{sessionPlain: b.jar[sessionPlain]}
		b.logIn("bob@example.com")
		if id := b.signedIn(); id != bob.ID {
			t.Errorf("signed in as %d; want %d", id, bob.ID)
		}
		if id := old.signedIn(); id != 0 {
			t.Errorf("the old token is still good for user %d", id)
		}
	})
	t.Run("a new password ends all sessions but a new one", func(t *testing.T) {
		here, there := w.browser().logIn("ann@example.com"), w.browser().logIn("ann@example.com")
		before := *here
		before.jar = map[string]*http.Cookie{sessionPlain: here.jar[sessionPlain]}
		here.send("POST", "password", newPassword{Old: "not it at all", New: "another kettle of fish"}).want(422).has("body.old")
		here.send("POST", "password", newPassword{Old: goodPassword, New: "short"}).want(422).has("body.new")
		here.send("POST", "password", newPassword{Old: goodPassword, New: "another kettle of fish"}).want(200)
		if here.signedIn() != ann.ID || there.signedIn() != 0 || before.signedIn() != 0 {
			t.Errorf("signed in here as %d, there as %d, with the old token as %d; want %d, 0, 0", here.signedIn(), there.signedIn(), before.signedIn(), ann.ID)
		}
		here.send("POST", "password", newPassword{Old: "another kettle of fish", New: goodPassword}).want(200)
	})
	t.Run("sessions are seen and ended one by one, and others' are not", func(t *testing.T) {
		here, there := w.browser().logIn("ann@example.com"), w.browser().logIn("ann@example.com")
		other := w.browser().logIn("bob@example.com")
		var list []shown
		here.send("GET", "sessions", nil).want(200).into(&list)
		var elsewhere string
		for _, s := range list {
			if s.Address != "192.0.2.7" || s.UserAgent != "test browser" {
				t.Errorf("a session from %s with %q; want from 192.0.2.7 with the browser's name", s.Address, s.UserAgent)
			}
			if !s.Current && elsewhere == "" { // the latest stands first
				elsewhere = "sessions/" + itoa(s.ID)
			}
		}
		other.send("DELETE", elsewhere, nil).want(404)
		here.send("DELETE", elsewhere, nil).want(204)
		if there.signedIn() != 0 {
			t.Error("the session that was ended is good still")
		}
		third := w.browser().logIn("ann@example.com")
		here.send("POST", "sessions/revoke-others", nil).want(200)
		if here.signedIn() != ann.ID || third.signedIn() != 0 || other.signedIn() != bob.ID {
			t.Error("revoking the others ended this session, not the others, or another person's")
		}
	})
	t.Run("a session ends by itself", func(t *testing.T) {
		b := w.browser().logIn("ann@example.com")
		w.clock.pass(6 * 24 * time.Hour)
		if b.signedIn() != ann.ID {
			t.Error("after six days the session has ended")
		}
		w.clock.pass(7*24*time.Hour + time.Minute)
		if b.signedIn() != 0 {
			t.Error("after seven idle days the session is good still")
		}
	})
	t.Run("who is disabled is out at once", func(t *testing.T) {
		b := w.browser().logIn("bob@example.com")
		if _, err := w.db.UpdateUser(t.Context(), user.By{}, bob.ID, func(u *user.User) error { u.Status = user.Disabled; return nil }); err != nil {
			t.Fatal(err)
		}
		b.send("GET", "sessions", nil).want(401)
	})
}

func TestCaller(t *testing.T) {
	w := newWorld(t, Settings{})
	u := w.join("look@example.com", user.Analyst)
	b := w.browser().logIn("look@example.com")
	ask := func(method, site string) (account.Principal, error) {
		r := httptest.NewRequest(method, b.origin+"/api/v1/offers", http.NoBody)
		r.RemoteAddr = b.from + ":1"
		if site != "" {
			r.Header.Set("Sec-Fetch-Site", site)
		}
		b.put(r)
		if !w.HasSession(r) {
			t.Fatal("HasSession() = false with the cookie")
		}
		return w.Caller(r)
	}
	p, err := ask("POST", "same-origin")
	if err != nil || p.UserID != u.ID || p.Role != account.Network || p.Grade != account.Analyst || p.Address.String() != "192.0.2.7" || p.Session == 0 {
		t.Errorf("Caller() = %+v, %v; want the analyst at 192.0.2.7, and the session", p, err)
	}
	if _, err := ask("GET", "cross-site"); err != nil {
		t.Errorf("a GET from another site: %v; want it let through", err)
	}
	if _, err := ask("PATCH", "cross-site"); fault.Of(err) != fault.Forbidden {
		t.Errorf("a PATCH from another site: %v; want it forbidden", err)
	}
	b.jar[sessionPlain].Value = "made-up"
	if _, err := ask("GET", ""); fault.Of(err) != fault.Unauthorized {
		t.Errorf("a made-up token: %v; want it unauthorized", err)
	}
}

// TestSameOrigin holds a proxy's other name for the console to what the operator says.
func TestSameOrigin(t *testing.T) {
	w := newWorld(t, Settings{AdminURL: place{scheme: "https", host: "admin.example.com"}.setting()})
	for origin, good := range map[string]bool{"https://admin.example.com": true, "https://evil.example": false} {
		r := httptest.NewRequest(http.MethodPatch, "http://10.0.0.1:8081/api/v1/offers/1", http.NoBody)
		r.Header.Set("Origin", origin)
		if err := w.SameOrigin(r); (err == nil) != good {
			t.Errorf("SameOrigin() of a page of %s = %v, want it let through: %t", origin, err, good)
		}
	}
}

// TestNothingFromOtherSites asks every route that changes something from another
// site, signed in.
func TestNothingFromOtherSites(t *testing.T) {
	w := newWorld(t, Settings{})
	w.join("owner@example.com", user.Owner)
	b := w.browser().logIn("owner@example.com")
	asked := 0
	for _, one := range w.all() {
		method, path, _ := strings.Cut(one.pattern, " ")
		if method == http.MethodGet {
			continue
		}
		for _, h := range []http.Header{{"Sec-Fetch-Site": {"cross-site"}}, {"Sec-Fetch-Site": {"same-site"}}, {"Origin": {"https://evil.example"}}} {
			b.header = h
			b.send(method, strings.ReplaceAll(path, "{id}", "1"), `{}`).want(403)
			asked++
		}
	}
	if asked < 40 {
		t.Errorf("asked %d times; want all routes three times", asked)
	}
	b.header = http.Header{}
	if b.signedIn() == 0 {
		t.Error("a log-out from another site was carried out")
	}
}

func TestBodies(t *testing.T) {
	w := newWorld(t, Settings{})
	w.join("owner@example.com", user.Owner)
	tests := []struct {
		name, media, body string
		status            int
	}{
		{"a form is not read", "application/x-www-form-urlencoded", "email=a&password=b", 415},
		{"nor is JSON that says it is text", "text/plain", `{"email":"a","password":"b"}`, 415},
		{"a body that is too large is refused", "application/json", `{"email":"` + strings.Repeat("a", maxBody) + `"}`, 413},
		{"a list is no object", "application/json", `[]`, 400},
		{"an unknown field is refused", "application/json", `{"email":"a","password":"b","admin":true}`, 400},
		{"what stands behind the object is refused", "application/json", `{"email":"a","password":"b"}{}`, 400},
		{"a number is no password", "application/json", `{"email":"a","password":5}`, 422},
		{"half an object is refused", "application/json", `{"email":"a"`, 400},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := w.browser()
			b.header = http.Header{"Content-Type": {tt.media}}
			got := b.send("POST", "login", tt.body).want(tt.status)
			if media := got.header.Get("Content-Type"); media != "application/problem+json" {
				t.Errorf("Content-Type is %q; want a problem", media)
			}
		})
	}
	w.browser().send("POST", "nowhere", nil).want(404)
}

func TestMethods(t *testing.T) {
	w := newWorld(t, Settings{})
	for _, tt := range []struct{ method, path, allow string }{
		{"GET", "login", "POST"},
		{"PUT", "state", "GET, HEAD"},
		{"OPTIONS", "oidc/callback", "GET, HEAD"},
		{"POST", "sessions/7", "DELETE"},
		{"GET", "sessions/revoke-others", "DELETE, POST"},
		{"POST", "passkeys/a/b", ""},
	} {
		got := w.browser().send(tt.method, tt.path, nil)
		status := 405
		if tt.allow == "" {
			status = 404
		}
		if got.want(status); got.header.Get("Allow") != tt.allow || got.header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s %s allows %q; want %q, and a problem: %s", tt.method, tt.path, got.header.Get("Allow"), tt.allow, got.body)
		}
	}
}

func TestThrottle(t *testing.T) {
	wrong := credentials{Email: "ann@example.com", Password: "not the password"}
	right := credentials{Email: "ann@example.com", Password: goodPassword}

	t.Run("failures make an account wait, also after a restart, and not for good", func(t *testing.T) {
		w := newWorld(t, Settings{})
		w.join("ann@example.com", user.Owner)
		b := w.browser()
		for range 5 {
			b.send("POST", "login", wrong).want(401)
		}
		got := b.send("POST", "login", right).want(429)
		if got.header.Get("Retry-After") != "2" {
			t.Errorf("Retry-After is %q; want 2", got.header.Get("Retry-After"))
		}
		if err := w.db.Close(); err != nil {
			t.Fatal(err)
		}
		w.open(Settings{})
		elsewhere := w.browser()
		elsewhere.from = "203.0.113.9"
		elsewhere.send("POST", "login", right).want(429)
		w.clock.pass(2 * time.Second)
		elsewhere.send("POST", "login", right).want(200)
		b.from = "203.0.113.10"
		b.send("POST", "login", wrong).want(401) // the account has begun anew
	})
	t.Run("an address that nobody has waits alike", func(t *testing.T) {
		w := newWorld(t, Settings{})
		w.join("ann@example.com", user.Owner)
		b := w.browser()
		for range 5 {
			b.send("POST", "login", credentials{Email: "nobody@example.com", Password: "x"}).want(401)
		}
		b.send("POST", "login", credentials{Email: "nobody@example.com", Password: "x"}).want(429)
	})
	t.Run("however its name is written, an account is one", func(t *testing.T) {
		w := newWorld(t, Settings{})
		w.join("ann@example.com", user.Owner)
		written := map[string]int{
			"ANN@example.com": 200, " ann@example.com": 200, "ann@example.com\n": 200,
			"\x00ann@example.com": 401, "ann@exa\x00mple.com": 401, "Ann@Example.Com\x00": 401,
		}
		for email, status := range written {
			w.browser().send("POST", "login", credentials{Email: email, Password: goodPassword}).want(status)
		}
	})
	t.Run("one network waits for all accounts", func(t *testing.T) {
		w := newWorld(t, Settings{})
		w.join("ann@example.com", user.Owner)
		b := w.browser()
		for i := range 50 {
			b.from = "[2001:db8::" + itoa(int64(i)) + "]"
			b.send("POST", "login", credentials{Email: itoa(int64(i)) + "@example.com", Password: "x"}).want(401)
		}
		b.from = "[2001:db8::ffff]"
		b.send("POST", "login", right).want(429)
		b.from = "[2001:db8:0:1::1]"
		b.send("POST", "login", right).want(200)
	})
	t.Run("many guesses at once are no way around", func(t *testing.T) {
		w := newWorld(t, Settings{})
		w.join("ann@example.com", user.Owner)
		var mu sync.Mutex
		var wg sync.WaitGroup
		looked := 0
		for i := range 40 {
			wg.Go(func() {
				b := w.browser()
				b.from = "198.51.100." + itoa(int64(i))
				if got := b.send("POST", "login", wrong); got.status != 429 {
					mu.Lock()
					looked++
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		if looked != 5 {
			t.Errorf("%d of 40 guesses were looked at; want 5", looked)
		}
	})
	t.Run("who sends thousands is turned away before they are written down", func(t *testing.T) {
		w := newWorld(t, Settings{})
		b := w.browser()
		for range paceBurst {
			b.send("GET", "state", nil).want(200)
		}
		b.send("GET", "state", nil).want(429)
		w.clock.pass(time.Second)
		b.send("GET", "state", nil).want(200)
	})
}

func TestProfile(t *testing.T) {
	w := newWorld(t, Settings{})
	w.join("ann@example.com", user.Owner)
	b := w.browser().logIn("ann@example.com")
	b.send("PATCH", "profile", `{"name":"Ann","zone":"Europe/Berlin","locale":"de-DE"}`).want(200).has(`"zone":"Europe/Berlin"`)
	b.send("PATCH", "profile", `{"zone":"Mars/Olympus"}`).want(422).has("body.zone")
	b.send("PATCH", "profile", `{"zone":"Local"}`).want(422)
	b.send("PATCH", "profile", `{"role":"owner"}`).want(400)
	b.send("PATCH", "profile", `{}`).want(200).has(`"name":"Ann"`)
}

func TestState(t *testing.T) {
	w := newWorld(t, Settings{})
	w.browser().send("GET", "state", nil).want(200).has(`{"setup_needed":true,"oidc":null,"mail":false,"passkeys":true}`)
	w.join("ann@example.com", user.Owner)
	b := w.browser()
	b.origin = "http://127.0.0.1:8080"
	b.send("GET", "state", nil).want(200).has(`"setup_needed":false`).has(`"passkeys":false`)
}
