package certificates

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"waybill/internal/fault"
	"waybill/internal/host"
)

func TestObtainsACertificate(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"http-01", "tls-alpn-01"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			name := "go-" + kind + ".shop.com"
			w := newWorld(t, domain(name, host.ACME))
			w.authority.Kinds = []string{kind}
			if got := w.state(name); got.Condition != Waiting {
				t.Errorf("before Run the state is %+v, want waiting", got)
			}
			w.run()
			w.until("the certificate is ready", func() bool { return w.state(name).Condition == Ready })

			if body, err := w.get(name, "/click"); err != nil || body != "hello /click" {
				t.Errorf("GET over TLS = %q, %v", body, err)
			}
			if got := w.authority.Passed(); !slices.Equal(got, []string{kind}) {
				t.Errorf("challenges passed: %v, want %s alone", got, kind)
			}
			s := w.state(name)
			if left := time.Until(s.ExpiresAt); left <= 0 || left > time.Hour || s.Problem != "" || !strings.Contains(s.Issuer, "Test authority") {
				t.Errorf("state = %+v, want an hour of the test authority's", s)
			}
			onlyOwnerReads(t, w.settings.Store)
		})
	}
}

// onlyOwnerReads checks the rights of all that is kept.
func onlyOwnerReads(t *testing.T, dir string) {
	t.Helper()
	files := 0
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		if !d.IsDir() && filepath.Ext(path) != ".lock" {
			files++
		}
		if d.IsDir() && path != dir && info.Mode().Perm()&0o077 != 0 ||
			!d.IsDir() && filepath.Ext(path) != ".lock" && info.Mode().Perm() != 0o600 {
			t.Errorf("%s has the rights %s", path, info.Mode())
		}
		return nil
	})
	if err != nil || files < 4 { // an account, its key, a certificate, its key
		t.Errorf("%d files in the store, %v", files, err)
	}
}

func TestGoesOnWithTheCertificateItHas(t *testing.T) {
	t.Parallel()
	const name = "again.shop.com"
	w := newWorld(t, domain(name, host.ACME))
	w.run()
	w.until("the certificate is ready", func() bool { return w.state(name).Condition == Ready })

	second := w.newKeeper() // as after a restart
	ctx, cancel := context.WithCancel(t.Context())
	stopped := make(chan error, 1)
	go func() { stopped <- second.Run(ctx) }()
	d, _ := w.current.Load().Domain(name)
	w.until("the second keeper has it", func() bool { return second.State(d).Condition == Ready })
	cancel()
	if err := <-stopped; !errors.Is(err, context.Canceled) {
		t.Errorf("Run() = %v, want that it was stopped", err)
	}
	if got := w.authority.Orders(); len(got) != 1 {
		t.Errorf("orders = %v, want the first keeper's alone", got)
	}
}

func TestRenewsACertificateInTime(t *testing.T) {
	t.Parallel()
	const name = "renew.shop.com"
	w := newWorld(t, domain(name, host.ACME))
	w.authority.Lifetime = 6 * time.Second
	w.run()
	w.until("the certificate is ready", func() bool { return w.state(name).Condition == Ready })
	first, err := w.shown(name, w.authority.Roots())
	if err != nil {
		t.Fatal(err)
	}
	w.until("another one is shown", func() bool {
		next, err := w.shown(name, w.authority.Roots())
		if err != nil {
			t.Fatalf("while it is renewed: %v", err)
		}
		return next.SerialNumber.Cmp(first.SerialNumber) > 0
	})
	if time.Now().After(first.NotAfter) {
		t.Error("the first one had expired by then")
	}
	if got := w.state(name); got.Condition != Ready || !got.ExpiresAt.After(first.NotAfter) {
		t.Errorf("state = %+v, want the new one's", got)
	}
}

func TestAFailedRenewalIsShownBesideTheCertificate(t *testing.T) {
	t.Parallel()
	name := strings.ToLower(rand.Text()[:8]) + ".shop.com" // certmagic remembers failures as long as the process lives
	w := newWorld(t, domain(name, host.ACME))
	w.authority.Lifetime = 6 * time.Second
	w.run()
	w.until("the certificate is ready", func() bool { return w.state(name).Condition == Ready })
	w.authority.Refuse(true)
	w.until("the failure is shown", func() bool {
		s := w.state(name)
		return s.Condition == Ready && strings.Contains(s.Problem, "gives no certificate")
	})
	if p := w.keeper.Problems()[name]; !strings.Contains(p, "gives no certificate") {
		t.Errorf("Problems() says %q of it", p)
	}
	w.until("it has expired", func() bool { return w.state(name).Condition == Expired })
	if _, err := w.shown(name, nil); err != nil {
		t.Errorf("an expired certificate is not shown at all: %v", err)
	}
}

func TestARefusalIsShownAndHoldsUpNobody(t *testing.T) {
	t.Parallel()
	const bad, good = "refused.shop.com", "fine.shop.com"
	w := newWorld(t, domain(bad, host.ACME))
	w.authority.Refuse(true)
	w.run()
	w.until("the refusal is shown", func() bool { return w.state(bad).Condition == Failing })
	s := w.state(bad)
	if !strings.Contains(s.Problem, "gives no certificate to "+bad) || !s.ExpiresAt.IsZero() || time.Until(s.NextAt) > time.Minute {
		t.Errorf("state = %+v, want the authority's reason, and another attempt within a minute", s)
	}
	if _, err := w.shown(bad, nil); err == nil || !strings.Contains(err.Error(), "unrecognized name") {
		t.Errorf("a handshake ends with %v, want unrecognized name", err)
	}

	w.authority.Refuse(false)
	w.know(domain(bad, host.ACME), domain(good, host.ACME))
	w.until("another domain gets its own", func() bool { return w.state(good).Condition == Ready })
	if got := w.state(bad); got.Condition != Failing {
		t.Errorf("a refused domain is asked for again at once: %+v", got)
	}

	w.keeper.mu.Lock()
	w.keeper.known[bad].next = time.Time{} // the pause is over
	w.keeper.mu.Unlock()
	w.until("the next attempt succeeds", func() bool { s := w.state(bad); return s.Condition == Ready && s.Problem == "" })
}

func TestAsksOnlyForDomainsOfTheCatalog(t *testing.T) {
	t.Parallel()
	paused, proxied := domain("paused.shop.com", host.ACME), domain("proxied.shop.com", host.None)
	paused.Status = host.Paused
	known := domain("known.shop.com", host.ACME)
	w := newWorld(t, paused, proxied, known)
	w.run()
	w.until("the known domain is ready", func() bool { return w.state(known.Host).Condition == Ready })
	for _, name := range []string{"stranger.shop.com", "shop.com", "a.known.shop.com", paused.Host, proxied.Host, ""} {
		if _, err := w.shown(name, nil); err == nil || !strings.Contains(err.Error(), "unrecognized name") {
			t.Errorf("a handshake for %q ends with %v, want unrecognized name", name, err)
		}
	}
	if _, err := w.shown("KNOWN.shop.com", w.authority.Roots()); err != nil {
		t.Errorf("a handshake in upper case: %v", err)
	}
	if got := w.authority.Orders(); !slices.Equal(got, []string{known.Host}) {
		t.Errorf("orders = %v, want %s alone", got, known.Host)
	}
	for _, d := range []host.Domain{paused, proxied} {
		if got := w.state(d.Host); got != (State{Condition: Idle}) {
			t.Errorf("state of %s = %+v, want idle", d.Host, got)
		}
	}
}

func TestTheInstallationsOwnName(t *testing.T) {
	t.Parallel()
	const own = "own.network.com"
	w := newWorldWith(t, Settings{Own: own})
	w.run()
	w.until("it is shown", func() bool { _, err := w.shown("OWN.network.com", w.authority.Roots()); return err == nil })
	for _, name := range []string{"other.network.com", ""} {
		if _, err := w.shown(name, nil); err == nil {
			t.Errorf("%q is shown a certificate", name)
		}
	}
	if got := w.authority.Orders(); !slices.Equal(got, []string{own}) {
		t.Errorf("orders = %v, want %s alone", got, own)
	}
}

func TestTheGateHoldsWhoeverAsks(t *testing.T) {
	t.Parallel()
	w := newWorld(t, domain("gate.shop.com", host.ACME), domain("files.shop.com", host.File))
	w.run()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	requests := map[string]x509.CertificateRequest{
		"a stranger":             {DNSNames: []string{"stranger.shop.com"}},
		"a stranger beside":      {DNSNames: []string{"gate.shop.com", "stranger.shop.com"}},
		"a wildcard":             {DNSNames: []string{"*.shop.com"}},
		"a domain with files":    {DNSNames: []string{"files.shop.com"}},
		"no name":                {},
		"an address beside":      {DNSNames: []string{"gate.shop.com"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}},
		"a URI beside":           {DNSNames: []string{"gate.shop.com"}, URIs: []*url.URL{{Scheme: "spiffe", Host: "x"}}},
		"a mail address beside":  {DNSNames: []string{"gate.shop.com"}, EmailAddresses: []string{"me@shop.com"}},
		"a name in another form": {DNSNames: []string{"GATE.shop.com"}},
	}
	for what, request := range requests {
		der, err := x509.CreateCertificateRequest(rand.Reader, &request, key)
		if err != nil {
			t.Fatal(err)
		}
		csr, err := x509.ParseCertificateRequest(der)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.keeper.magic.Issuers[0].Issue(t.Context(), csr); fault.Of(err) != fault.Forbidden {
			t.Errorf("Issue() of %s = %v, want that it is forbidden", what, err)
		}
	}
	for _, name := range w.authority.Orders() {
		if name != "gate.shop.com" {
			t.Errorf("the authority was asked for %s", name)
		}
	}
}

func TestADomainThatIsPausedIsNoLongerServed(t *testing.T) {
	t.Parallel()
	d, f := domain("leaving.shop.com", host.ACME), domain("leaving-files.shop.com", host.File)
	w := newWorldWith(t, Settings{Every: time.Hour}, d, f)
	cert, key := pair(t, time.Now().Add(time.Hour), f.Host)
	w.write(f.Host, cert, key)
	w.run()
	w.until("both are ready", func() bool { return w.state(d.Host).Condition == Ready && w.state(f.Host).Condition == Ready })
	d.Status, f.Status = host.Paused, host.Paused
	w.change(d, f)
	for _, name := range []string{d.Host, f.Host} {
		if _, err := w.shown(name, nil); err == nil || !strings.Contains(err.Error(), "unrecognized name") {
			t.Errorf("as soon as %s is paused, a handshake ends with %v; want unrecognized name", name, err)
		}
	}
	w.know(d, f)
	w.until("it is forgotten", func() bool { return w.keeper.managed(d.Host) == nil })
	d.Status = host.Active
	w.know(d)
	w.until("it is there again", func() bool { _, err := w.shown(d.Host, w.authority.Roots()); return err == nil })
	if got := w.authority.Orders(); len(got) != 1 {
		t.Errorf("orders = %v, want the first alone", got)
	}
}

func TestChallengesOfOthersGoOn(t *testing.T) {
	t.Parallel()
	w := newWorld(t, domain("mine.shop.com", host.ACME), domain("files2.shop.com", host.File))
	next := http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusTeapot) })
	w.run()
	for _, name := range []string{"stranger.shop.com", "files2.shop.com", "mine.shop.com"} {
		rec := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodGet, "http://"+name+"/.well-known/acme-challenge/guess", http.NoBody)
		w.keeper.Challenges(next).ServeHTTP(rec, r)
		if rec.Code != http.StatusTeapot {
			t.Errorf("a made-up challenge for %s is answered %d: %s", name, rec.Code, rec.Body)
		}
	}
}

func TestListenHost(t *testing.T) {
	t.Parallel()
	for want, addrs := range map[string][2]string{
		"":            {"[::]:443", "0.0.0.0:80"},
		"127.0.0.1":   {"0.0.0.0:443", "127.0.0.1:80"},
		"203.0.113.7": {"203.0.113.7:443", "0.0.0.0:80"},
	} {
		a, b := netip.MustParseAddrPort(addrs[0]).Addr(), netip.MustParseAddrPort(addrs[1]).Addr()
		if got := listenHost(a, b); got != want {
			t.Errorf("listenHost(%s, %s) = %q, want %q", a, b, got, want)
		}
	}
}

func TestReasonIsOneLine(t *testing.T) {
	t.Parallel()
	long := "a" + strings.Repeat("é", longestReason)
	tests := []struct {
		name string
		err  error
		want string
	}{
		{"as it was said", errors.New("DNS problem: NXDOMAIN"), "DNS problem: NXDOMAIN"},
		{"with line breaks and controls", errors.New("one\r\nready\x1b[2J\x00two"), "one  ready [2J two"},
		{"in invalid UTF-8", errors.New("a\xffb"), "ab"},
		{"too long, cut within a letter", errors.New(long), "a" + strings.Repeat("é", longestReason/2-1) + "…"},
		{"no answer", fmt.Errorf("obtain: %w", context.DeadlineExceeded), "the authority gave no answer within 5m0s"},
	}
	for _, tt := range tests {
		if got := reason(tt.err); got != tt.want {
			t.Errorf("%s: reason() = %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestPause(t *testing.T) {
	t.Parallel()
	for failures, want := range map[int]time.Duration{0: time.Minute, 4: 20 * time.Minute, 5: 30 * time.Minute, 1000: 30 * time.Minute} {
		if got := pause(failures); got != want {
			t.Errorf("pause(%d) = %s, want %s", failures, got, want)
		}
	}
}
