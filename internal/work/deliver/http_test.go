package deliver

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"code.dny.dev/ssrf"

	"waybill/internal/delivery"
)

// loopback allows what tests listen on.
func loopback() []netip.Prefix {
	return []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
}

// sender is a worker that sends over the network, and nothing else.
func sender(t testing.TB, s Settings) *Worker {
	t.Helper()
	w := New(newBook(), nil, s, quiet())
	t.Cleanup(w.transport.(*http.Transport).CloseIdleConnections)
	return w
}

// to is a subscription of affiliate 7 to a URL.
func to(url string) delivery.Subscription {
	s := delivery.Default()
	s.ID, s.Owner.AffiliateID, s.URL = 1, 7, url
	return s
}

// serve starts a receiver on loopback.
func serve(t testing.TB, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

func TestReceivers(t *testing.T) {
	tests := []struct {
		name   string
		answer http.HandlerFunc
		status int
		class  delivery.ErrorClass
		body   string
		detail string // a part of it
	}{
		{
			name:   "an answer is kept",
			answer: func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("OK\x00 thanks")) },
			status: 200, body: "OK\ufffd thanks",
		},
		{
			name:   "the beginning of a long one",
			answer: func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, 1<<20)) },
			status: 200, body: strings.Repeat("\ufffd", 682),
		},
		{
			name:   "an error is kept too",
			answer: func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no such click", http.StatusNotFound) },
			status: 404, class: delivery.ErrStatus, body: "no such click\n", detail: "404 Not Found",
		},
		{
			name:   "gone",
			answer: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusGone) },
			status: 410, class: delivery.ErrGone, detail: "410",
		},
		{
			name:   "the connection breaks before an answer",
			answer: func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
			class:  delivery.ErrReset, detail: "EOF",
		},
		{
			name: "it breaks within the body",
			answer: func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Length", "100")
				_, _ = w.Write([]byte("half"))
				_ = http.NewResponseController(w).Flush()
				panic(http.ErrAbortHandler)
			},
			status: 200, body: "half",
		},
		{
			name: "a head without end",
			answer: func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("X-Long", strings.Repeat("x", 2*maxHead))
			},
			class: delivery.ErrOther, detail: "headers exceeded",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := sender(t, Settings{AllowPrivate: loopback()})
			a := w.Send(t.Context(), to(serve(t, tt.answer)+"/{aff_click_id}?key=secret"), owed("d1"))
			if a.Status != tt.status || a.Error != tt.class || a.Body != tt.body {
				t.Errorf("Send() = status %d, error %q, body %.40q; want %d, %q, %.40q (detail %q)",
					a.Status, a.Error, a.Body, tt.status, tt.class, tt.body, a.Detail)
			}
			if !strings.Contains(a.Detail, tt.detail) || (a.Detail == "") != (tt.class == "") || strings.Contains(a.Detail, "secret") {
				t.Errorf("detail %q, want one about %q, without the keys", a.Detail, tt.detail)
			}
			if !strings.HasSuffix(a.URL, "/click%20of%20d1?key=••••") || a.Took <= 0 || a.At.IsZero() {
				t.Errorf("the attempt is %+v", a)
			}
		})
	}
}

// TestRedirects: nobody is led on, not even to where it would be allowed.
func TestRedirects(t *testing.T) {
	var hits atomic.Int32
	target := serve(t, func(http.ResponseWriter, *http.Request) { hits.Add(1) })
	for _, status := range []int{301, 302, 303, 307, 308} {
		for _, location := range []string{target, "http://169.254.169.254/latest/meta-data/", "//127.0.0.1/"} {
			from := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Location", location)
				w.WriteHeader(status)
			})
			a := sender(t, Settings{AllowPrivate: loopback()}).Send(t.Context(), to(from), owed("d1"))
			if a.Error != delivery.ErrRedirect || a.Status != status || !strings.Contains(a.Detail, "not redirected") {
				t.Errorf("%d to %s: %+v", status, location, a)
			}
		}
	}
	if hits.Load() != 0 {
		t.Errorf("%d redirects were followed", hits.Load())
	}
}

// TestNothingIsCarriedOver: nothing of one answer goes into the next request,
// and no proxy stands between the guard and the receiver.
func TestNothingIsCarriedOver(t *testing.T) {
	var cookies atomic.Int32
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		cookies.Add(int32(len(r.Cookies())))
		http.SetCookie(w, &http.Cookie{Name: "a", Value: "b"})
	})
	w := sender(t, Settings{AllowPrivate: loopback()})
	if w.transport.(*http.Transport).Proxy != nil {
		t.Error("a proxy may be used")
	}
	for range 2 {
		if a := w.Send(t.Context(), to(url), owed("d1")); a.Error != "" {
			t.Errorf("Send() = %+v", a)
		}
	}
	if cookies.Load() != 0 {
		t.Error("a cookie came back")
	}
}

// TestConnectionsAreKept: answers are read to their end, so that the next
// attempt finds the connection open.
func TestConnectionsAreKept(t *testing.T) {
	var connections atomic.Int32
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write(make([]byte, 20<<10))
	}))
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	s.Start()
	t.Cleanup(s.Close)
	w := sender(t, Settings{AllowPrivate: loopback()})
	for range 5 {
		w.Send(t.Context(), to(s.URL), owed("d1"))
	}
	if got := connections.Load(); got != 1 {
		t.Errorf("%d connections for 5 attempts, want 1", got)
	}
}

func TestCertificates(t *testing.T) {
	s, old := serveTLS(t, nil), serveTLS(t, &tls.Config{MaxVersion: tls.VersionTLS10, MinVersion: tls.VersionTLS10})
	plain := serve(t, func(http.ResponseWriter, *http.Request) {})
	for name, url := range map[string]string{
		"a certificate nobody knows":  s,
		"a version that is too old":   old,
		"a receiver that has no TLS":  strings.Replace(plain, "http://", "https://", 1),
		"an answer that is not HTTPS": strings.Replace(speak(t, "SSH-2.0-OpenSSH_9.6\r\n"), "http://", "https://", 1),
	} {
		w := sender(t, Settings{AllowPrivate: loopback()})
		if a := w.Send(t.Context(), to(url), owed("d1")); a.Error != delivery.ErrTLS || a.Status != 0 {
			t.Errorf("%s: %+v", name, a)
		}
	}
}

// serveTLS starts a receiver with a certificate that nobody knows.
func serveTLS(t testing.TB, config *tls.Config) string {
	t.Helper()
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	s.TLS, s.Config.ErrorLog = config, slog.NewLogLogger(slog.DiscardHandler, 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	return s.URL
}

// speak starts a listener that says one thing to everybody, and gives its URL.
func speak(t testing.TB, text string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = bufio.NewReader(c).Peek(1)
			_, _ = c.Write([]byte(text))
			_ = c.Close()
		}
	}()
	t.Cleanup(func() {
		_ = l.Close()
		<-done
	})
	return "http://" + l.Addr().String()
}

func TestClassify(t *testing.T) {
	dial := func(err error) error { return &net.OpError{Op: "dial", Err: err} }
	tests := []struct {
		name string
		err  error
		want delivery.ErrorClass
	}{
		{"no such name", dial(&net.DNSError{Err: "no such host", IsNotFound: true}), delivery.ErrDNS},
		{"no answer about a name", dial(&net.DNSError{Err: "i/o timeout", IsTimeout: true}), delivery.ErrDNS},
		{"a forbidden address", dial(fmt.Errorf("%w: 10.0.0.1", ssrf.ErrProhibitedIP)), delivery.ErrForbidden},
		{"a forbidden protocol", dial(ssrf.ErrProhibitedNetwork), delivery.ErrForbidden},
		{"nobody listens", dial(os.NewSyscallError("connect", syscall.ECONNREFUSED)), delivery.ErrRefused},
		{"no way there", dial(os.NewSyscallError("connect", syscall.EHOSTUNREACH)), delivery.ErrOther},
		{"nobody there", dial(os.NewSyscallError("connect", syscall.ETIMEDOUT)), delivery.ErrTimeout},
		{"our time is up", fmt.Errorf("x: %w", context.DeadlineExceeded), delivery.ErrTimeout},
		{"the socket's time is up", &net.OpError{Op: "read", Err: os.ErrDeadlineExceeded}, delivery.ErrTimeout},
		{"reset", &net.OpError{Op: "read", Err: os.NewSyscallError("read", syscall.ECONNRESET)}, delivery.ErrReset},
		{"broken pipe", &net.OpError{Op: "write", Err: os.NewSyscallError("write", syscall.EPIPE)}, delivery.ErrReset},
		{"the end", io.EOF, delivery.ErrReset},
		{"the end in between", fmt.Errorf("x: %w", io.ErrUnexpectedEOF), delivery.ErrReset},
		{"an alert", &net.OpError{Op: "remote error", Err: errors.New("tls: handshake failure")}, delivery.ErrTLS},
		{"a certificate", &tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}, delivery.ErrTLS},
		{"another protocol", http.ErrSchemeMismatch, delivery.ErrTLS},
		{"no common version", errors.New("tls: server selected unsupported protocol version 301"), delivery.ErrTLS},
		{"anything else", errors.New("malformed HTTP response"), delivery.ErrOther},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := classify(tt.err); got != tt.want {
				t.Errorf("classify(%v) = %s, want %s", tt.err, got, tt.want)
			}
		})
	}
}

func TestConnections(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := "http://" + l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	hangs := serve(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	tests := []struct {
		name string
		url  string
		want delivery.ErrorClass
	}{
		{"nobody listens", nobody, delivery.ErrRefused},
		{"nobody answers", hangs, delivery.ErrTimeout},
		{"what is said is not HTTP", speak(t, "hello there\r\n\r\n"), delivery.ErrOther},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := sender(t, Settings{AllowPrivate: loopback(), Timeout: 300 * time.Millisecond})
			a := w.Send(t.Context(), to(tt.url), owed("d1"))
			if a.Error != tt.want || a.Status != 0 || a.Detail == "" {
				t.Errorf("Send() = %+v, want %s", a, tt.want)
			}
		})
	}
}
