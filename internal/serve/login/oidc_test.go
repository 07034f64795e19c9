package login

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"waybill/internal/store/sqlledger"
	"waybill/internal/user"
)

// issuer is an identity provider that takes nothing for granted: it checks the
// client, the redirect, and the proof of who began (PKCE with S256), and gives
// each code out once.
type issuer struct {
	*httptest.Server
	t   *testing.T
	key *rsa.PrivateKey
	now func() time.Time

	mu    sync.Mutex
	codes map[string]url.Values // what was asked for
	claim map[string]any        // what is said of the person, over what is true
	sign  *rsa.PrivateKey       // what the word is signed with, the issuer's key when nil
	alg   string
}

func newIssuer(t *testing.T, now func() time.Time) *issuer {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	i := &issuer{t: t, key: key, now: now, codes: map[string]url.Values{}, claim: map[string]any{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", i.discovery)
	mux.HandleFunc("GET /keys", i.keys)
	mux.HandleFunc("POST /token", i.token)
	i.Server = httptest.NewServer(mux)
	t.Cleanup(i.Close)
	return i
}

func (i *issuer) answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(v); err != nil {
		i.t.Error(err)
	}
}

func (i *issuer) discovery(w http.ResponseWriter, _ *http.Request) {
	i.answer(w, map[string]any{
		"issuer": i.URL, "authorization_endpoint": i.URL + "/authorize", "token_endpoint": i.URL + "/token", "jwks_uri": i.URL + "/keys",
		"id_token_signing_alg_values_supported": []string{"RS256"},
	})
}

func (i *issuer) keys(w http.ResponseWriter, _ *http.Request) {
	i.answer(w, map[string]any{"keys": []any{map[string]string{
		"kty": "RSA", "use": "sig", "alg": "RS256", "kid": "1",
		"n": base64.RawURLEncoding.EncodeToString(i.key.N.Bytes()),
		"e": base64.RawURLEncoding.EncodeToString(big.NewInt(int64(i.key.E)).Bytes()),
	}}})
}

// authorize is the person saying yes at the provider. It gives where the browser
// is sent back.
func (i *issuer) authorize(t *testing.T, location string) string {
	t.Helper()
	u, err := url.Parse(location)
	if err != nil || !strings.HasPrefix(location, i.URL+"/authorize?") {
		t.Fatalf("led to %q, %v; want to the provider", location, err)
	}
	q := u.Query()
	if q.Get("client_id") != "waybill" || q.Get("response_type") != "code" || q.Get("code_challenge_method") != "S256" ||
		q.Get("code_challenge") == "" || len(q.Get("state")) < 32 || len(q.Get("nonce")) < 32 || !slices.Contains(strings.Fields(q.Get("scope")), "openid") ||
		q.Get("redirect_uri") != "https://admin.example.com/console/auth/oidc/callback" {
		t.Fatalf("asked for %v; want a code for waybill with state, nonce and a challenge", q)
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	code := rand.Text()
	i.codes[code] = q
	return "oidc/callback?" + url.Values{"code": {code}, "state": {q.Get("state")}, "iss": {i.URL}}.Encode()
}

func (i *issuer) token(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	defer i.mu.Unlock()
	id, secret, _ := r.BasicAuth()
	asked, ok := i.codes[r.FormValue("code")]
	delete(i.codes, r.FormValue("code"))
	sum := sha256.Sum256([]byte(r.FormValue("code_verifier")))
	if !ok || id != "waybill" || secret != "s3cret" || r.FormValue("grant_type") != "authorization_code" ||
		r.FormValue("redirect_uri") != asked.Get("redirect_uri") ||
		base64.RawURLEncoding.EncodeToString(sum[:]) != asked.Get("code_challenge") {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprint(w, `{"error":"invalid_grant"}`)
		return
	}
	claims := map[string]any{
		"iss": i.URL, "aud": "waybill", "iat": i.now().Unix(), "exp": i.now().Add(time.Minute).Unix(),
		"nonce": asked.Get("nonce"), "email": "ann@example.com", "email_verified": true, "name": "Ann",
	}
	for name, v := range i.claim {
		claims[name] = v
	}
	if _, said := i.claim["sub"]; !said { // each address is somebody
		claims["sub"] = fmt.Sprintf("of %v", strings.ToLower(fmt.Sprint(claims["email"])))
	}
	i.answer(w, map[string]any{"access_token": "at", "token_type": "Bearer", "id_token": i.word(claims)})
}

// word signs what is said.
func (i *issuer) word(claims map[string]any) string {
	alg, key := "RS256", i.key
	if i.alg != "" {
		alg = i.alg
	}
	if i.sign != nil {
		key = i.sign
	}
	head, err := json.Marshal(map[string]string{"alg": alg, "kid": "1", "typ": "JWT"})
	if err != nil {
		i.t.Error(err)
	}
	body, err := json.Marshal(claims)
	if err != nil {
		i.t.Error(err)
	}
	text := base64.RawURLEncoding.EncodeToString(head) + "." + base64.RawURLEncoding.EncodeToString(body)
	if alg == "none" {
		return text + "."
	}
	sum := sha256.Sum256([]byte(text))
	sig, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	if err != nil {
		i.t.Error(err)
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(sig)
}

// abroad is a world with an identity provider.
func abroad(t *testing.T, domains ...string) (*world, *issuer, func() *browser) {
	t.Helper()
	w := newWorld(t, Settings{})
	i := newIssuer(t, w.clock.now)
	if err := w.db.Close(); err != nil {
		t.Fatal(err)
	}
	w.open(Settings{
		AdminURL: place{scheme: "https", host: "admin.example.com"}.setting(),
		OIDC:     OIDC{Issuer: i.URL, ClientID: "waybill", ClientSecret: "s3cret", Name: "Example ID", Domains: domains},
	})
	w.join("ann@example.com", user.Manager)
	return w, i, func() *browser {
		b := w.browser()
		b.origin = "https://admin.example.com"
		return b
	}
}

// TestOIDCBelowAPrefix has a proxy put the console below a path, one that has to be
// escaped.
func TestOIDCBelowAPrefix(t *testing.T) {
	w, i, _ := abroad(t)
	if err := w.db.Close(); err != nil {
		t.Fatal(err)
	}
	w.open(Settings{
		AdminURL: place{scheme: "https", host: "ops.example.com", prefix: "/way%20bill"}.setting(),
		OIDC:     OIDC{Issuer: i.URL, ClientID: "waybill", ClientSecret: "s3cret"},
	})
	b := w.browser()
	b.origin = "https://ops.example.com"
	out := b.send("GET", "oidc", nil).want(302).header.Get("Location")
	to, err := url.Parse(out)
	if got := to.Query().Get("redirect_uri"); err != nil || got != "https://ops.example.com/way%20bill/console/auth/oidc/callback" {
		t.Fatalf("the provider is to send people back to %q (%v)", got, err)
	}
	back := "oidc/callback?error=access_denied&state=" + to.Query().Get("state")
	if got := b.send("GET", back, nil).want(302).header.Get("Location"); !strings.HasPrefix(got, "/way%20bill/console/login?error=oidc_") {
		t.Errorf("led to %q, want the log-in below the prefix", got)
	}
}

func TestOIDC(t *testing.T) {
	w, i, open := abroad(t, "company.example")
	off := w.join("off@example.com", user.Analyst)
	if _, err := w.db.UpdateUser(t.Context(), user.By{}, off.ID, func(u *user.User) error { u.Status = user.Disabled; return nil }); err != nil {
		t.Fatal(err)
	}
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name  string
		claim map[string]any
		sign  *rsa.PrivateKey
		alg   string
		want  string // where it leads
		email string // who is signed in
	}{
		{name: "a known person comes in", want: "/console/reports?by=day", email: "ann@example.com"},
		{name: "whatever the case of the address", claim: map[string]any{"email": "Ann@Example.com", "email_verified": "true"}, want: "/console/reports?by=day", email: "ann@example.com"},
		{name: "one of the company's own becomes an analyst", claim: map[string]any{"email": "new@company.example"}, want: "/console/reports?by=day", email: "new@company.example"},
		{name: "a stranger does not come in", claim: map[string]any{"email": "eve@evil.example"}, want: "/console/login?error=oidc_unknown"},
		{name: "nor one of a domain that only ends alike", claim: map[string]any{"email": "eve@notcompany.example"}, want: "/console/login?error=oidc_unknown"},
		{name: "nor one with two domains", claim: map[string]any{"email": "eve@company.example@evil.example"}, want: "/console/login?error=oidc_unknown"},
		{name: "nor one who is disabled", claim: map[string]any{"email": "off@example.com"}, want: "/console/login?error=oidc_unknown"},
		{name: "an address that was not verified is not believed", claim: map[string]any{"email_verified": false}, want: "/console/login?error=oidc_unverified"},
		{name: "nor one of which nothing is said", claim: map[string]any{"email_verified": nil}, want: "/console/login?error=oidc_unverified"},
		{name: "nor is no address at all", claim: map[string]any{"email": ""}, want: "/console/login?error=oidc_unverified"},
		{name: "a word for another request is refused", claim: map[string]any{"nonce": "another"}, want: "/console/login?error=oidc_failed"},
		{name: "a word for another client is refused", claim: map[string]any{"aud": "another"}, want: "/console/login?error=oidc_failed"},
		{name: "a word for several is refused, if another asked for it", claim: map[string]any{"aud": []string{"waybill", "another"}, "azp": "another"}, want: "/console/login?error=oidc_failed"},
		{name: "a word of another issuer is refused", claim: map[string]any{"iss": "https://evil.example"}, want: "/console/login?error=oidc_failed"},
		{name: "a word that is too old is refused", claim: map[string]any{"exp": noon.Add(-time.Minute).Unix()}, want: "/console/login?error=oidc_failed"},
		{name: "a word with another's signature is refused", sign: other, want: "/console/login?error=oidc_failed"},
		{name: "a word without a signature is refused", alg: "none", want: "/console/login?error=oidc_failed"},
		{name: "a word about another access token is refused", claim: map[string]any{"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"}, want: "/console/login?error=oidc_failed"},
	}
	for n, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			i.mu.Lock()
			i.claim, i.sign, i.alg = tt.claim, tt.sign, tt.alg
			i.mu.Unlock()
			b := open()
			b.from = fmt.Sprintf("198.51.100.%d", n+1)
			out := b.send("GET", "oidc?return=%2Fconsole%2Freports%3Fby%3Dday", nil).want(302)
			back := b.send("GET", i.authorize(t, out.header.Get("Location")), nil).want(302)
			if got := back.header.Get("Location"); got != tt.want {
				t.Errorf("led to %q; want %q\n%s", got, tt.want, w.log)
			}
			got := ""
			if id := b.signedIn(); id != 0 {
				u, err := w.db.User(t.Context(), id)
				if err != nil {
					t.Fatal(err)
				}
				got = u.Email
			}
			if got != tt.email {
				t.Errorf("signed in as %q; want %q", got, tt.email)
			}
		})
	}
	u, err := w.db.UserByEmail(t.Context(), "new@company.example")
	if err != nil || u.Role != user.Analyst || u.JoinedAt == nil {
		t.Errorf("the newcomer is %+v, %v; want an analyst who has joined", u, err)
	}
	if strings.Contains(w.log.String(), "s3cret") {
		t.Error("the log holds the client's secret")
	}
}

// TestOIDCAccounts: an address that the provider gives to somebody else lets nobody
// in as whoever had it before; who has another address there is still the same.
func TestOIDCAccounts(t *testing.T) {
	w, i, open := abroad(t, "company.example")
	come := func(email, sub, want string) {
		t.Helper()
		i.mu.Lock()
		i.claim = map[string]any{"email": email, "sub": sub}
		i.mu.Unlock()
		b := open()
		out := b.send("GET", "oidc?return=%2Fconsole%2F", nil).want(302)
		back := b.send("GET", i.authorize(t, out.header.Get("Location")), nil).want(302)
		got := back.header.Get("Location")
		if id := b.signedIn(); id != 0 {
			u, err := w.db.User(t.Context(), id)
			if err != nil {
				t.Fatal(err)
			}
			got = u.Email
		}
		if got != want {
			t.Errorf("%s as %s: %s, want %s\n%s", email, sub, got, want, w.log)
		}
	}
	const refused = "/console/login?error=oidc_other_account"
	ann, err := w.db.UserByEmail(t.Context(), "ann@example.com")
	if err != nil {
		t.Fatal(err)
	}
	come("ann@example.com", "1", "ann@example.com")
	come("ann@example.com", "2", refused)
	come("ann@company.example", "1", "ann@example.com") // married, and nobody new
	come("ann@company.example", "2", "ann@company.example")
	come("ann@example.com", "2", "ann@company.example")

	_, err = w.db.UpdateUser(t.Context(), user.By{}, ann.ID, func(u *user.User) error { u.Email = "annie@example.com"; return nil })
	if err != nil {
		t.Fatal(err)
	}
	come("annie@example.com", "3", "annie@example.com")
	come("annie@example.com", "1", refused)
	l := user.Link{Kind: user.LinkReset, UserID: ann.ID, CreatedAt: w.clock.now(), ExpiresAt: w.clock.now().Add(time.Hour)}
	if err := w.db.CreateLink(t.Context(), user.By{}, l, "hash"); err != nil {
		t.Fatal(err)
	}
	if _, _, err := w.db.AcceptLink(t.Context(), "hash", sqlledger.Accepted{Password: "hash"}, w.clock.now()); err != nil {
		t.Fatal(err)
	}
	come("annie@example.com", "1", "annie@example.com")
	come("annie@example.com", "3", refused)
	if err := w.db.RemoveUser(t.Context(), user.By{}, ann.ID, func(user.User) error { return nil }); err != nil {
		t.Fatal(err)
	}
	come("annie@example.com", "1", "/console/login?error=oidc_unknown")

	if err := w.db.Close(); err != nil { // the company moves to another provider
		t.Fatal(err)
	}
	i = newIssuer(t, w.clock.now)
	w.open(Settings{
		AdminURL: place{scheme: "https", host: "admin.example.com"}.setting(),
		OIDC:     OIDC{Issuer: i.URL, ClientID: "waybill", ClientSecret: "s3cret"},
	})
	come("ann@company.example", "9", "ann@company.example")
	come("ann@company.example", "2", refused)
}

func TestOIDCState(t *testing.T) {
	w, i, open := abroad(t)
	w.browser().send("GET", "state", nil).want(200).has(`"oidc":{"name":"Example ID"}`)
	setOut := func(b *browser) string {
		return i.authorize(t, b.send("GET", "oidc", nil).want(302).header.Get("Location"))
	}
	lost := func(r reply) {
		t.Helper()
		if got := r.want(302).header.Get("Location"); got != "/console/login?error=oidc_expired" {
			t.Errorf("led to %q; want to the log-in page", got)
		}
	}
	b := open()
	back := setOut(b)
	kept := *b.jar[waySecure]
	if c := b.jar[waySecure]; !c.HttpOnly || !c.Secure || c.SameSite != http.SameSiteLaxMode {
		t.Errorf("cookie %v; want HttpOnly, Secure, Lax", c)
	}
	b.send("GET", back, nil).want(302)
	if b.signedIn() == 0 {
		t.Fatal("nobody is signed in")
	}
	b.jar = map[string]*http.Cookie{waySecure: &kept}
	lost(b.send("GET", back, nil)) // replayed
	lost(open().send("GET", setOut(open()), nil))

	one, other := open(), open()
	setOut(one)
	lost(one.send("GET", setOut(other), nil)) // a stranger's answer, planted

	late := open()
	back = setOut(late)
	w.clock.pass(ceremonyLife)
	lost(late.send("GET", back, nil))

	mixed := open()
	back = strings.Replace(setOut(mixed), url.QueryEscape(i.URL), url.QueryEscape("https://evil.example"), 1)
	if got := mixed.send("GET", back, nil).header.Get("Location"); got != "/console/login?error=oidc_failed" {
		t.Errorf("an answer of another issuer led to %q; want to the log-in page", got)
	}
	denied := open()
	q, err := url.Parse(setOut(denied))
	if err != nil {
		t.Fatal(err)
	}
	got := denied.send("GET", "oidc/callback?error=access_denied&state="+q.Query().Get("state"), nil).header.Get("Location")
	if got != "/console/login?error=oidc_denied" {
		t.Errorf("a no at the provider led to %q; want to the log-in page", got)
	}
}

func TestOIDCAway(t *testing.T) {
	w, i, open := abroad(t)
	i.Close()
	for range 2 {
		if got := open().send("GET", "oidc", nil).want(302).header.Get("Location"); got != "/console/login?error=oidc_unavailable" {
			t.Errorf("led to %q; want to the log-in page", got)
		}
	}
	if !strings.Contains(w.log.String(), "identity provider cannot be reached") {
		t.Errorf("the log holds %s; want the reason", w.log)
	}
	open().logIn("ann@example.com") // passwords go on
}

func TestWayBack(t *testing.T) {
	tests := []struct{ name, wanted, want string }{
		{"a page of the console", "/console/trace/abc?x=1#y", "/console/trace/abc?x=1#y"},
		{"the console itself", "/console/", "/console/"},
		{"nothing", "", "/console/"},
		{"another site", "https://evil.example/console/", "/console/"},
		{"another site without a scheme", "//evil.example/console/", "/console/"},
		{"another site behind a backslash", `/\evil.example/console/`, "/console/"},
		{"a backslash within", `/console/\evil.example`, "/console/"},
		{"a way up", "/console/../click", "/console/"},
		{"a way up, encoded", "/console/%2e%2e/click", "/console/"},
		{"two slashes within", "/console//evil.example", "/console/"},
		{"another path", "/api/v1/keys", "/console/"},
		{"a log-out", "/console/auth/logout", "/console/"},
		{"a script", "javascript:alert(1)", "/console/"},
		{"a line break", "/console/\r\nSet-Cookie: a=b", "/console/"},
		{"a space", "/console/ x", "/console/"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := wayBack(tt.wanted); got != tt.want {
				t.Errorf("wayBack(%q) = %q; want %q", tt.wanted, got, tt.want)
			}
		})
	}
}

// FuzzWayBack holds the way back to the console.
func FuzzWayBack(f *testing.F) {
	for _, s := range []string{"/console/x", "//e/console/", "/console/%5c", "https://e", "/console/%2e%2e%2f"} {
		f.Add(s)
	}
	base, err := url.Parse("https://admin.example.com/console/auth/oidc/callback")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, wanted string) {
		u, err := base.Parse(wayBack(wanted))
		if err != nil || u.Host != base.Host || u.Scheme != "https" || !strings.HasPrefix(u.Path, "/console/") {
			t.Errorf("wayBack(%q) leads to %v, %v", wanted, u, err)
		}
	})
}

// FuzzDecode looks for bodies that break the reader, or come through with what was
// not asked for.
func FuzzDecode(f *testing.F) {
	for _, s := range []string{`{"email":"a","password":"b"}`, `{}`, `[]`, `{"email":1}`, `{"a":{}}`, `{"email":"a"}x`, "\x00", `{"email":"\ud800"}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var c credentials
		if err := decode(body, &c); err != nil {
			if p := problemOf(err); p.Status < 400 || p.Status >= 500 || p.Detail == "" {
				t.Errorf("decode(%q) is answered %+v; want a refusal", body, p)
			}
			return
		}
		var all map[string]any
		if err := json.Unmarshal(body, &all); err != nil {
			t.Errorf("decode(%q) took what is no JSON: %v", body, err)
		}
		for name := range all {
			if !slices.ContainsFunc([]string{"email", "password", "code"}, func(s string) bool { return strings.EqualFold(s, name) }) {
				t.Errorf("decode(%q) took the field %q", body, name)
			}
		}
	})
}

func TestCeremonies(t *testing.T) {
	at := noon
	c := newCeremonies()
	begin := func(begun any, source string) string {
		t.Helper()
		token, err := c.begin(begun, source, at)
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	first := begin("first", "one")
	if got, ok := c.finish(first, at); !ok || got != "first" {
		t.Errorf("finish() = %v, %v; want the first", got, ok)
	}
	if _, ok := c.finish(first, at); ok {
		t.Error("a ceremony was finished twice")
	}
	oldest, other := begin("oldest", "one"), begin("other", "two")
	for range maxOfOneSource {
		begin("more", "one")
	}
	if _, ok := c.finish(oldest, at); ok || len(c.of["one"]) != maxOfOneSource {
		t.Errorf("one source has %d open, its oldest among them: %t; want %d, and the oldest to be given up", len(c.of["one"]), ok, maxOfOneSource)
	}
	if _, ok := c.finish(other, at); !ok {
		t.Error("another source's was given up for it")
	}
	at = at.Add(ceremonyLife)
	begin("again", "one")
	if len(c.open) != 1 || c.order.Len() != 1 || len(c.of) != 1 {
		t.Errorf("%d, %d and %d are remembered; want 1", len(c.open), c.order.Len(), len(c.of))
	}
}

// TestNobodyIsKeptFromBeginning has strangers from everywhere begin more than is
// remembered.
func TestNobodyIsKeptFromBeginning(t *testing.T) {
	c := newCeremonies()
	for i := range maxCeremonies + 10 {
		if _, err := c.begin("stranger", itoa(int64(i/maxOfOneSource)), noon); err != nil {
			t.Fatalf("ceremony %d: %v", i, err)
		}
	}
	token, err := c.begin("mine", "me", noon)
	if _, ok := c.finish(token, noon); err != nil || !ok || c.order.Len() > maxCeremonies {
		t.Errorf("finish() = %t, %v, with %d open; want it to be there, and no more than %d", ok, err, c.order.Len(), maxCeremonies)
	}
}

// TestOIDCGuesses sends a browser back from the provider with what it has not said,
// again and again: each time is told to the audit, so it must have an end.
func TestOIDCGuesses(t *testing.T) {
	w, i, open := abroad(t)
	guess := func() reply {
		b := open()
		back := strings.Replace(i.authorize(t, b.send("GET", "oidc", nil).want(302).header.Get("Location")), "code=", "code=not", 1)
		w.clock.pass(time.Second) // the pace is another matter
		return b.send("GET", back, nil)
	}
	noted := 0
	for range 60 {
		if got := guess(); got.status != http.StatusFound {
			got.want(http.StatusTooManyRequests)
			continue
		}
		noted++
	}
	if notes := w.notes(); noted > 52 || !slices.Contains(notes, "log_in_failed") {
		t.Errorf("%d of 60 guesses were looked at; want the last to be turned away", noted)
	}
	open().logIn("ann@example.com") // passwords are counted by themselves
}

// TestOIDCGivenUp has the first to look for the provider leave at once: the next
// finds it all the same.
func TestOIDCGivenUp(t *testing.T) {
	_, i, _ := abroad(t)
	p := newProvider(OIDC{Issuer: i.URL}, time.Now)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := p.discover(gone); err != nil {
		t.Errorf("who has left makes the provider unknown: %v", err)
	}
	if _, err := p.discover(t.Context()); err != nil {
		t.Errorf("the next finds no provider: %v", err)
	}
}
