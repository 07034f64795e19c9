package login

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"waybill/internal/user"
)

// fromProxy has 10.0.0.1 be the one trusted proxy.
func fromProxy(r *http.Request) bool { return strings.HasPrefix(r.RemoteAddr, "10.0.0.1:") }

// TestOrigin holds where the console is taken to be: a trusted proxy is believed,
// and nobody else.
func TestOrigin(t *testing.T) {
	const proxy, stranger = "10.0.0.1:443", "203.0.113.9:443"
	tests := []struct {
		name   string
		peer   string
		tls    bool
		header http.Header
		want   string
		told   bool
	}{
		{"no proxy", stranger, false, nil, "http://node:8080", false},
		{"TLS here", stranger, true, nil, "https://node:8080", false},
		{"a stranger's word", stranger, false, http.Header{"X-Forwarded-Proto": {"https"}, "X-Forwarded-Host": {"evil.example"}, "Forwarded": {"proto=https;host=evil.example"}}, "http://node:8080", false},
		{"a proxy that says nothing", proxy, false, nil, "http://node:8080", false},
		{"a proxy that says how", proxy, false, http.Header{"X-Forwarded-Proto": {"HTTPS"}}, "https://node:8080", true},
		{"a proxy that says where", proxy, false, http.Header{"X-Forwarded-Proto": {"https"}, "X-Forwarded-Host": {"Console.Example.com"}}, "https://console.example.com", true},
		{"a proxy in words of the standard", proxy, false, http.Header{"Forwarded": {`for=192.0.2.1;proto=https;Host="console.example.com:8443"`}}, "https://console.example.com:8443", true},
		{"plain HTTP before it", proxy, true, http.Header{"X-Forwarded-Proto": {"http"}}, "http://node:8080", true},
		{"of a list what stands last", proxy, false, http.Header{"X-Forwarded-Proto": {"http", "gopher, https"}, "X-Forwarded-Host": {"evil.example, console.example.com"}}, "https://console.example.com", true},
		{"a client's word beside the proxy's", proxy, false, http.Header{"X-Forwarded-Proto": {"https"}, "X-Forwarded-Host": {"console.example.com"}, "Forwarded": {"host=evil.example;proto=https"}}, "https://node:8080", true},
		{"a client's word where the proxy says only whose it is", proxy, false, http.Header{"X-Forwarded-For": {"192.0.2.1"}, "Forwarded": {"host=evil.example;proto=https"}}, "http://node:8080", false},
		{"both in agreement", proxy, false, http.Header{"X-Forwarded-Host": {"console.example.com"}, "Forwarded": {"host=console.example.com"}}, "http://console.example.com", true},
		{"what is no host", proxy, false, http.Header{"X-Forwarded-Proto": {"javascript"}, "X-Forwarded-Host": {"evil.example/x?"}}, "http://node:8080", false},
		{"a host with somebody in it", proxy, false, http.Header{"X-Forwarded-Host": {"a@evil.example"}}, "http://node:8080", false},
		{"a host that is a header", proxy, false, http.Header{"X-Forwarded-Host": {"a\r\nSet-Cookie: x"}}, "http://node:8080", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, Settings{Proxied: fromProxy})
			r := httptest.NewRequest(http.MethodGet, "http://node:8080/console/", http.NoBody)
			r.RemoteAddr, r.TLS = tt.peer, nil
			if tt.tls {
				r.TLS = &tls.ConnectionState{}
			}
			for name, values := range tt.header {
				r.Header[name] = values
			}
			if got, told := w.Base(r); got != tt.want || told != tt.told {
				t.Errorf("Origin() = %q, told: %t; want %q, %t", got, told, tt.want, tt.told)
			}
			own := newWorld(t, Settings{Proxied: fromProxy, AdminURL: place{scheme: "https", host: "admin.example.com"}.setting()})
			if got, told := own.Base(r); got != "https://admin.example.com" || !told {
				t.Errorf("with the operator's word Origin() = %q, told: %t", got, told)
			}
		})
	}
}

// TestBehindAProxy signs in, with a passkey too, where a proxy ends TLS and asks
// the node by another name, though nobody has said where the console is.
func TestBehindAProxy(t *testing.T) {
	w := newWorld(t, Settings{Proxied: fromProxy})
	ann := w.join("ann@example.com", user.Owner)
	b := w.browser()
	b.from, b.origin = "10.0.0.1", "http://node:8080"
	b.header = http.Header{
		"X-Forwarded-Proto": {"https"}, "X-Forwarded-Host": {"console.example.com"}, "X-Forwarded-For": {"192.0.2.1"},
		"Origin": {"https://console.example.com"}, // a browser that says no more of where it comes from
	}
	b.logIn("ann@example.com")
	if c := b.jar[sessionSecure]; c == nil || !c.Secure {
		t.Fatalf("the cookies are %v, want a secure one", b.jar)
	}
	d := newDevice()
	seen := b.site()
	seen.ID, seen.Origin = "console.example.com", "https://console.example.com"
	d.register(b, seen, "laptop").want(200)
	c := w.browser()
	c.from, c.origin, c.header = b.from, b.origin, b.header
	c.send("POST", "passkey/login/finish", d.shows(c, seen)).want(200)
	b.send("POST", "logout", nil).want(204)

	c.header = http.Header{"X-Forwarded-Proto": {"https"}, "X-Forwarded-Host": {"console.example.com"}, "Origin": {"https://evil.example"}}
	c.send("POST", "logout", nil).want(403)
	r := httptest.NewRequest(http.MethodPost, "http://node:8080/api/v1/offers", http.NoBody)
	r.RemoteAddr = "10.0.0.1:443"
	for name, values := range b.header {
		r.Header[name] = values
	}
	c.put(r)
	if p, err := w.Caller(r); err != nil || p.UserID != ann.ID {
		t.Errorf("the API takes a page of the console for %+v, %v", p, err)
	}
	r.RemoteAddr = "203.0.113.9:443" // who is no proxy plants the same
	if _, err := w.Caller(r); err == nil {
		t.Error("a stranger's headers are believed")
	}
}

func FuzzForwarded(f *testing.F) {
	f.Add("https", "console.example.com", `for=1;proto=https;host="x"`)
	f.Add(",", "[::1]:8", `;;=,"`)
	f.Fuzz(func(t *testing.T, proto, host, standard string) {
		for _, h := range []http.Header{
			{"X-Forwarded-Proto": {proto}, "X-Forwarded-Host": {host}},
			{"Forwarded": {standard}},
			{"X-Forwarded-Proto": {proto}, "X-Forwarded-Host": {host}, "Forwarded": {standard}},
		} {
			p := forwardedOf(h)
			if p.scheme != "" && p.scheme != "http" && p.scheme != "https" {
				t.Errorf("%v leads to the scheme %q", h, p.scheme)
			}
			if strings.ContainsAny(p.host, "/\\?#@ \r\n\"<>%") {
				t.Errorf("%v leads to the host %q", h, p.host)
			}
		}
	})
}
