//go:build slow

package browser

import (
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// The hosts. The advertiser has three, on two registrable domains; Waybill is on
// a third, and on one of the advertiser's.
const (
	shop     = "https://www.shop.test"
	checkout = "https://pay.test"
	tracking = "https://go.track.test"
)

// policy is as strict as a page can be that loads the SDK and nothing else: no
// inline script, no eval, no inline style, no sinks for text.
const policy = "default-src 'none'; script-src 'self' " + tracking + "; connect-src " + tracking +
	"; base-uri 'none'; require-trusted-types-for 'script'; trusted-types 'none'; report-uri /violation"

// stub is what a page has in its own script before the SDK is there.
const stub = `window.waybill=window.waybill||function(){(waybill.q=waybill.q||[]).push(arguments)};`

// world is every server there is: it answers by host name.
type world struct {
	t     *testing.T
	addr  string
	hosts map[string]http.Handler

	mu         sync.Mutex
	violations []string
}

// newWorld starts the server. Its pages break no policy.
func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, hosts: map[string]http.Handler{}}
	server := httptest.NewUnstartedServer(w)
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // the browser's own attempts without TLS
	server.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	server.StartTLS()
	t.Cleanup(server.Close)
	w.addr = server.Listener.Addr().String()
	t.Cleanup(func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		for _, v := range w.violations {
			t.Errorf("the page's policy was violated: %s", v)
		}
	})
	return w
}

func (w *world) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	host, _, err := net.SplitHostPort(r.Host)
	if err != nil {
		host = r.Host
	}
	if r.URL.Path == "/violation" {
		report, err := io.ReadAll(io.LimitReader(r.Body, 64<<10))
		w.mu.Lock()
		defer w.mu.Unlock()
		w.violations = append(w.violations, fmt.Sprint(string(report), err))
		return
	}
	if h, ok := w.hosts["https://"+host]; ok {
		h.ServeHTTP(rw, r)
		return
	}
	http.NotFound(rw, r)
}

// pages answers every path of a host with a page that loads the SDK by tag, with
// body, under csp. The page's own script is own: at /own.js, or within the page
// under nonce.
type pages struct {
	tag, body, csp, own, nonce string
	sent                       chan string // forms that came, as the browser sent them
}

func (p *pages) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.URL.Path == "/own.js":
		w.Header().Set("Content-Type", "text/javascript")
		fmt.Fprint(w, stub, p.own)
		return
	case r.URL.Path == "/favicon.ico":
		http.NotFound(w, r)
		return
	case r.Method == http.MethodPost:
		body, err := io.ReadAll(io.LimitReader(r.Body, 64<<10))
		p.sent <- fmt.Sprint(r.URL.RawQuery, "|", string(body), err)
	}
	csp := p.csp
	if csp == "" {
		csp = policy
	}
	w.Header().Set("Content-Security-Policy", csp)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	own := `<script src="/own.js"></script>`
	if p.nonce != "" {
		own = fmt.Sprintf(`<script nonce="%s">%s%s</script>`, p.nonce, stub, p.own)
	}
	fmt.Fprintf(w, `<!doctype html><title>page</title>%s%s<body>%s`, own, p.tag, p.body)
}

// tag is the SDK's script tag with attributes. It does not wait for the page.
func tag(attributes ...string) string {
	return fmt.Sprintf(`<script async src="%s/sdk.js" data-key="wb_p_test" %s></script>`, tracking, strings.Join(attributes, " "))
}

// until waits for a condition, and says what it waited for if it never comes.
func until(t *testing.T, what string, condition func() bool) {
	t.Helper()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !condition() {
		select {
		case <-tick.C:
		case <-deadline.C:
			t.Fatalf("waited in vain until %s", what)
		}
	}
}

// lockedBuffer takes what a process writes.
type lockedBuffer struct {
	mu  sync.Mutex
	buf strings.Builder
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}
