package login

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alexedwards/argon2id"

	"waybill/internal/fault"
	"waybill/internal/store/sqlitetest"
	"waybill/internal/store/sqlledger"
	"waybill/internal/user"
)

// noon is when everything in these tests begins.
var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

const goodPassword = "kettle on the stove"

// clock is a clock that tests move.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// realLedger is the ledger in the words of log-in.
type realLedger struct {
	*sqlledger.DB
	w *world
}

// happen lets a test have something happen in the last moment.
func (l realLedger) happen() {
	if now := l.w.meanwhile; now != nil {
		l.w.meanwhile = nil
		now()
	}
}

func (l realLedger) CreateSession(ctx context.Context, s user.Session, hash string, shown user.Shown) (user.Session, error) {
	l.happen()
	return l.DB.CreateSession(ctx, s, hash, shown)
}

func (l realLedger) AddPasskey(ctx context.Context, by user.By, p user.Passkey) error {
	l.happen()
	return l.DB.AddPasskey(ctx, by, p)
}

func (l realLedger) AcceptLink(ctx context.Context, hash string, a Accepted, now time.Time) (user.Link, user.User, error) {
	return l.DB.AcceptLink(ctx, hash, sqlledger.Accepted(a), now)
}

// safe is a buffer that several write to.
type safe struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safe) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safe) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// world is log-in on a real ledger.
type world struct {
	*Login
	t     *testing.T
	db    *sqlledger.DB
	path  string
	clock *clock
	log   *safe

	meanwhile func() // what happens, once, between a look at who calls and what that leads to
}

// ledgers are those of a new installation.
var ledgers = sqlitetest.Template{Fill: func(path string) error {
	db, err := sqlledger.Open(context.Background(), path, sqlledger.Options{Now: func() time.Time { return noon }})
	if err != nil {
		return err
	}
	return db.Close()
}}

func newWorld(t *testing.T, set Settings) *world {
	t.Helper()
	w := &world{t: t, clock: &clock{at: noon}, log: new(safe), path: ledgers.Copy(t, filepath.Join(t.TempDir(), "ledger.db"))}
	w.open(set)
	t.Cleanup(func() {
		if err := w.db.Close(); err != nil {
			t.Error(err)
		}
	})
	return w
}

// open opens the ledger, and log-in on it.
func (w *world) open(set Settings) {
	w.t.Helper()
	db, err := sqlledger.Open(w.t.Context(), w.path, sqlledger.Options{Now: w.clock.now})
	if err != nil {
		w.t.Fatal(err)
	}
	set.Now = w.clock.now
	l, err := New(realLedger{db, w}, set, slog.New(slog.NewTextHandler(w.log, nil)))
	if err != nil {
		w.t.Fatal(err)
	}
	if l.hashing, err = newHashing(weak()); err != nil { // what these tests are about is not how hard it is
		w.t.Fatal(err)
	}
	w.db, w.Login = db, l
}

// weak is as little work as there is.
func weak() *argon2id.Params {
	return &argon2id.Params{Memory: 64, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32}
}

// join makes somebody who signs in with goodPassword.
func (w *world) join(email string, role user.Role) user.User {
	w.t.Helper()
	u := user.Default()
	u.Email, u.Role = email, role
	made, err := w.db.CreateUser(w.t.Context(), user.By{Actor: "test"}, u, true)
	if err != nil {
		w.t.Fatal(err)
	}
	hash, err := w.hashing.hash(w.t.Context(), goodPassword)
	if err != nil {
		w.t.Fatal(err)
	}
	if err := w.db.SetPassword(w.t.Context(), user.By{Actor: "test"}, made.ID, "", hash, 0); err != nil {
		w.t.Fatal(err)
	}
	return made
}

// link makes a link and gives its token.
func (w *world) link(kind user.LinkKind, userID int64) string {
	w.t.Helper()
	token := "token-" + string(kind) + "-" + w.clock.now().Format("150405.000000")
	err := w.db.CreateLink(w.t.Context(), user.By{Actor: "test"}, user.NewLink(kind, userID, w.clock.now()), user.Hash(token))
	if err != nil {
		w.t.Fatal(err)
	}
	return token
}

// notes gives the actions of the audit, the latest first.
func (w *world) notes() []string {
	w.t.Helper()
	list, _, err := w.db.Audit(w.t.Context(), sqlledger.AuditFilter{})
	if err != nil {
		w.t.Fatal(err)
	}
	var all []string
	for _, n := range list {
		all = append(all, n.Action)
	}
	return all
}

// browser keeps cookies as browsers do, for one origin.
type browser struct {
	w      *world
	origin string // http://localhost:8080
	from   string // its address
	header http.Header
	jar    map[string]*http.Cookie
}

func (w *world) browser() *browser {
	return &browser{w: w, origin: "http://localhost:8080", from: "192.0.2.7", header: http.Header{}, jar: map[string]*http.Cookie{}}
}

// reply is an answer.
type reply struct {
	t      *testing.T
	status int
	header http.Header
	body   string
}

// send makes a request; body is JSON, a value to be written as such, or nil.
func (b *browser) send(method, path string, body any) reply {
	b.w.t.Helper()
	var in io.Reader = http.NoBody
	switch v := body.(type) {
	case nil:
	case string:
		in = strings.NewReader(v)
	default:
		text, err := json.Marshal(v)
		if err != nil {
			b.w.t.Fatal(err)
		}
		in = bytes.NewReader(text)
	}
	r := httptest.NewRequest(method, b.origin+Prefix+path, in)
	r.RemoteAddr = b.from + ":4711"
	r.Header.Set("User-Agent", "test browser")
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	for name, values := range b.header {
		r.Header[name] = values
	}
	b.put(r)
	rec := httptest.NewRecorder()
	b.w.ServeHTTP(rec, r)
	for _, c := range rec.Result().Cookies() {
		if c.MaxAge < 0 {
			delete(b.jar, c.Name)
			continue
		}
		b.jar[c.Name] = c
	}
	return reply{b.w.t, rec.Code, rec.Header(), rec.Body.String()}
}

// put gives a request the cookies.
func (b *browser) put(r *http.Request) {
	for _, c := range b.jar {
		r.AddCookie(&http.Cookie{Name: c.Name, Value: c.Value})
	}
}

// want fails the test when an answer has another status.
func (r reply) want(status int) reply {
	r.t.Helper()
	if r.status != status {
		r.t.Fatalf("answered %d %s; want %d", r.status, r.body, status)
	}
	return r
}

// has fails the test when the body does not hold a text.
func (r reply) has(text string) reply {
	r.t.Helper()
	if !strings.Contains(r.body, text) {
		r.t.Fatalf("answered %s; want it to hold %s", r.body, text)
	}
	return r
}

// into reads the body.
func (r reply) into(v any) reply {
	r.t.Helper()
	if err := json.Unmarshal([]byte(r.body), v); err != nil {
		r.t.Fatalf("read %s: %v", r.body, err)
	}
	return r
}

// logIn signs a browser in with goodPassword.
func (b *browser) logIn(email string) *browser {
	b.w.t.Helper()
	b.send("POST", "login", credentials{Email: email, Password: goodPassword}).want(200).has(`"next":"done"`)
	return b
}

// signedIn reports who the API would take the browser for; 0 for nobody.
func (b *browser) signedIn() int64 {
	b.w.t.Helper()
	r := httptest.NewRequest(http.MethodGet, b.origin+"/api/v1/me", http.NoBody)
	r.RemoteAddr = b.from + ":4711"
	b.put(r)
	p, err := b.w.Caller(r)
	if err != nil && fault.Of(err) != fault.Unauthorized {
		b.w.t.Fatal(err)
	}
	return p.UserID
}

// confirm shows goodPassword again.
func (b *browser) confirm() *browser {
	b.w.t.Helper()
	b.send("POST", "confirm", secret{Password: goodPassword}).want(200).has("confirmed_until")
	return b
}

// copied is another browser with the same cookies, as a thief has them.
func (b *browser) copied() *browser {
	thief := b.w.browser()
	thief.origin, thief.from = b.origin, "203.0.113.66"
	for name, c := range b.jar {
		thief.jar[name] = c
	}
	return thief
}
