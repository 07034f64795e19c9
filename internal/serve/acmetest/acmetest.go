// Package acmetest is a certificate authority for tests: it speaks as much of
// ACME (RFC 8555) as it takes to get a certificate, and really checks that who
// asks for a name answers under it, by HTTP-01 and TLS-ALPN-01.
//
// Names are not looked up. Whatever the name, the authority connects to the
// addresses that it was given, as if DNS led there.
package acmetest

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"time"
)

// Authority is a running authority. Its fields are set before it is asked.
type Authority struct {
	Plain string   // where HTTP-01 is checked, as host:port
	TLS   string   // where TLS-ALPN-01 is checked
	Kinds []string // of challenges that are offered; both when empty
	// Lifetime is how long a certificate holds; an hour when zero.
	Lifetime time.Duration

	server *httptest.Server
	key    *ecdsa.PrivateKey
	root   *x509.Certificate

	mu       sync.Mutex
	refusing bool
	accounts []account
	orders   []*order
	passed   []string // the kinds of challenges that were passed
}

// New starts an authority. It must be closed.
func New() (*Authority, error) {
	a := &Authority{}
	var err error
	if a.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		return nil, err
	}
	now := time.Now()
	root := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Test authority"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, root, root, &a.key.PublicKey, a.key)
	if err != nil {
		return nil, err
	}
	if a.root, err = x509.ParseCertificate(der); err != nil {
		return nil, err
	}
	a.server = httptest.NewServer(a.routes())
	return a, nil
}

// Close stops the authority.
func (a *Authority) Close() { a.server.Close() }

// Directory gives the URL that an ACME client begins at.
func (a *Authority) Directory() string { return a.server.URL + "/directory" }

// Roots gives what the authority's certificates are checked by.
func (a *Authority) Roots() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.root)
	return pool
}

// Root gives the root as PEM.
func (a *Authority) Root() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.root.Raw})
}

// Refuse makes the authority refuse every order, or take them again.
func (a *Authority) Refuse(yes bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.refusing = yes
}

// Orders gives the names that certificates were asked for, in order.
func (a *Authority) Orders() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	var names []string
	for _, o := range a.orders {
		names = append(names, o.name)
	}
	return names
}

// Passed gives the kinds of challenges that were passed, in order.
func (a *Authority) Passed() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.passed)
}

func (a *Authority) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /directory", func(w http.ResponseWriter, _ *http.Request) {
		a.answer(w, http.StatusOK, map[string]string{
			"newNonce": a.url("/nonce"), "newAccount": a.url("/account"), "newOrder": a.url("/order"),
		})
	})
	mux.HandleFunc("/nonce", func(w http.ResponseWriter, _ *http.Request) { a.answer(w, http.StatusOK, nil) })
	mux.HandleFunc("POST /account", a.signed(a.newAccount))
	mux.HandleFunc("POST /order", a.signed(a.newOrder))
	mux.HandleFunc("POST /order/{id}", a.signed(a.readOrder))
	mux.HandleFunc("POST /authorization/{id}", a.signed(a.readAuthorization))
	mux.HandleFunc("POST /challenge/{id}/{kind}", a.signed(a.answerChallenge))
	mux.HandleFunc("POST /finalize/{id}", a.signed(a.finalize))
	mux.HandleFunc("POST /certificate/{id}", a.signed(a.certificate))
	return mux
}

func (a *Authority) url(path string) string { return a.server.URL + path }

func (a *Authority) answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Replay-Nonce", rand.Text())
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if body != nil {
		_ = json.NewEncoder(w).Encode(body) // a client that has gone sees nothing anyway
	}
}

func (a *Authority) problem(w http.ResponseWriter, status int, kind, detail string) {
	w.Header().Set("Replay-Nonce", rand.Text())
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{ // as above
		"type": "urn:ietf:params:acme:error:" + kind, "detail": detail, "status": status,
	})
}

// lifetime gives how long a certificate holds.
func (a *Authority) lifetime() time.Duration {
	if a.Lifetime > 0 {
		return a.Lifetime
	}
	return time.Hour
}

// checkTime is how long a challenge may take.
const checkTime = 5 * time.Second

func (a *Authority) check(ctx context.Context, kind string, o *order) error {
	ctx, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	if kind == http01 {
		return a.checkHTTP(ctx, o)
	}
	return a.checkTLS(ctx, o)
}
