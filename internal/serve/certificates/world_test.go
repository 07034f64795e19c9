package certificates

import (
	"cmp"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"waybill/internal/advertiser"
	"waybill/internal/catalog"
	"waybill/internal/host"
	"waybill/internal/serve/acmetest"
	"waybill/internal/txid"
)

// world is a keeper with an authority, and a node's two listeners before it.
type world struct {
	t         *testing.T
	authority *acmetest.Authority
	keeper    *Keeper
	current   atomic.Pointer[catalog.Catalog]
	plain     net.Listener
	tls       net.Listener
	settings  Settings
	stop      context.CancelFunc
	stopped   chan error
}

// newWorld makes a world whose keeper does not run yet.
func newWorld(t *testing.T, domains ...host.Domain) *world {
	t.Helper()
	return newWorldWith(t, Settings{}, domains...)
}

func newWorldWith(t *testing.T, s Settings, domains ...host.Domain) *world {
	t.Helper()
	w := &world{t: t, plain: listen(t), tls: listen(t)}
	var err error
	if w.authority, err = acmetest.New(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.authority.Close)
	w.authority.Plain, w.authority.TLS = w.plain.Addr().String(), w.tls.Addr().String()
	dir := folder(t)
	s.Store, s.Files = filepath.Join(dir, "acme"), filepath.Join(dir, "certificates")
	s.Email, s.Directory = "ops@network.example", w.authority.Directory()
	s.Plain, s.TLS = netip.MustParseAddrPort(w.plain.Addr().String()), netip.MustParseAddrPort(w.tls.Addr().String())
	s.Every, s.RenewEvery = cmp.Or(s.Every, 50*time.Millisecond), 50*time.Millisecond
	w.settings = s
	if err := os.Mkdir(w.settings.Files, 0o700); err != nil {
		t.Fatal(err)
	}
	w.know(domains...)
	w.keeper = w.newKeeper()
	w.serve()
	return w
}

// folder gives a folder for the test. A renewal that is under way when the keeper
// stops may still write its last file there.
func folder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "certificates")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		deadline, tick := time.Now().Add(5*time.Second), time.NewTicker(10*time.Millisecond)
		defer tick.Stop()
		for err := os.RemoveAll(dir); err != nil; err = os.RemoveAll(dir) {
			if time.Now().After(deadline) {
				t.Error(err)
				return
			}
			<-tick.C
		}
	})
	return dir
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

func (w *world) newKeeper() *Keeper {
	return New(w.current.Load, w.settings, slog.New(slog.DiscardHandler))
}

// serve answers on both listeners, as a node does.
func (w *world) serve() {
	hello := http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { fmt.Fprintf(rw, "hello %s", r.URL.Path) })
	plain := &http.Server{Handler: w.keeper.Challenges(hello), ReadHeaderTimeout: time.Second}
	secure := &http.Server{
		Handler: hello, TLSConfig: w.keeper.TLSConfig(), ReadHeaderTimeout: time.Second,
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug),
	}
	go func() { _ = plain.Serve(w.plain) }()
	go func() { _ = secure.ServeTLS(w.tls, "", "") }()
	w.t.Cleanup(func() { _, _ = plain.Close(), secure.Close() })
}

// run runs the keeper until the test ends.
func (w *world) run() {
	ctx, cancel := context.WithCancel(context.Background())
	w.stop, w.stopped = cancel, make(chan error, 1)
	go func() { w.stopped <- w.keeper.Run(ctx) }()
	w.t.Cleanup(func() {
		cancel()
		select {
		case err := <-w.stopped:
			if !errors.Is(err, context.Canceled) {
				w.t.Errorf("Run() = %v, want that it was stopped", err)
			}
		case <-time.After(10 * time.Second):
			w.t.Error("Run() does not stop")
		}
	})
}

// know makes a catalog of these domains the present one, and tells the keeper.
func (w *world) know(domains ...host.Domain) {
	w.t.Helper()
	w.change(domains...)
	if w.keeper != nil {
		w.keeper.Nudge()
	}
}

// change makes a catalog of these domains the present one.
func (w *world) change(domains ...host.Domain) {
	w.t.Helper()
	for i := range domains {
		domains[i].ID = int64(i + 1)
	}
	shop := advertiser.Default()
	shop.ID, shop.Name = 3, "Shop"
	c, err := catalog.New(catalog.Source{
		Version: 1, Advertisers: []advertiser.Advertiser{shop}, Domains: domains,
		Ring: []txid.Key{{Number: 1, ActiveFrom: time.Unix(0, 0), Secret: [32]byte{1}}},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.current.Store(c)
}

// domain gives an active domain.
func domain(name string, from host.Certificate) host.Domain {
	d := host.Domain{Host: name, AdvertiserID: 3, Certificate: from, Status: host.Active}
	if from == host.File {
		d.CertFile, d.KeyFile = name+"/cert.pem", name+"/key.pem"
	}
	return d
}

// shown gives the certificate that a browser is shown for a name, checked by
// the roots when there are some.
func (w *world) shown(name string, roots *x509.CertPool) (*x509.Certificate, error) {
	d := tls.Dialer{
		NetDialer: &net.Dialer{Timeout: 5 * time.Second},
		Config:    &tls.Config{ServerName: name, RootCAs: roots, InsecureSkipVerify: roots == nil},
	}
	conn, err := d.DialContext(w.t.Context(), "tcp", w.tls.Addr().String())
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	return conn.(*tls.Conn).ConnectionState().PeerCertificates[0], nil
}

// get asks for a page over TLS.
func (w *world) get(name, path string) (string, error) {
	client := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{
		DisableKeepAlives: true,
		TLSClientConfig:   &tls.Config{RootCAs: w.authority.Roots()},
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, w.tls.Addr().String())
		},
	}}
	resp, err := client.Get("https://" + name + path)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return string(body), err
}

// until waits for a condition.
func (w *world) until(what string, ok func() bool) {
	w.t.Helper()
	deadline, tick := time.Now().Add(20*time.Second), time.NewTicker(10*time.Millisecond)
	defer tick.Stop()
	for !ok() {
		if time.Now().After(deadline) {
			w.t.Fatalf("never: %s", what)
		}
		<-tick.C
	}
}

// state gives how a domain stands, by its host.
func (w *world) state(name string) State {
	d, ok := w.current.Load().Domain(name)
	if !ok {
		w.t.Fatalf("there is no domain %s", name)
	}
	return w.keeper.State(d)
}

// pair makes a certificate of its own and its key, as PEM.
func pair(t *testing.T, expires time.Time, names ...string) (cert, key []byte) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<60))
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: serial, DNSNames: names, NotBefore: expires.Add(-time.Hour), NotAfter: expires}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &k.PublicKey, k)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})
}

// write puts a certificate where the domain's files are.
func (w *world) write(name string, cert, key []byte) {
	w.t.Helper()
	dir := filepath.Join(w.settings.Files, name)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		w.t.Fatal(err)
	}
	for file, text := range map[string][]byte{"cert.pem": cert, "key.pem": key} {
		if err := os.WriteFile(filepath.Join(dir, file), text, 0o600); err != nil {
			w.t.Fatal(err)
		}
	}
}
