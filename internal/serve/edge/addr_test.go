package edge

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
)

func TestClientAddress(t *testing.T) {
	proxies := Proxies{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
	tests := []struct {
		name    string
		proxies Proxies
		peer    string
		headers map[string][]string
		want    string
	}{
		{name: "is the peer's", peer: "203.0.113.9:4711", want: "203.0.113.9"},
		{name: "is the peer's over IPv6", peer: "[2001:db8::1]:4711", want: "2001:db8::1"},
		{
			name: "is the peer's when it is no trusted proxy", proxies: proxies, peer: "203.0.113.9:1",
			headers: map[string][]string{"X-Forwarded-For": {"198.51.100.7"}}, want: "203.0.113.9",
		},
		{
			name: "is never taken from a header without trusted proxies", peer: "10.0.0.1:1",
			headers: map[string][]string{"X-Forwarded-For": {"198.51.100.7"}}, want: "10.0.0.1",
		},
		{
			name: "is the rightmost untrusted one", proxies: proxies, peer: "10.0.0.1:1",
			headers: map[string][]string{"X-Forwarded-For": {"1.1.1.1, 198.51.100.7, 10.0.0.3"}}, want: "198.51.100.7",
		},
		{
			name: "runs over several header lines", proxies: proxies, peer: "10.0.0.1:1",
			headers: map[string][]string{"X-Forwarded-For": {"198.51.100.7", "10.0.0.3,10.0.0.4"}}, want: "198.51.100.7",
		},
		{
			name: "is the farthest proxy when all are trusted", proxies: proxies, peer: "10.0.0.1:1",
			headers: map[string][]string{"X-Forwarded-For": {"10.0.0.9, 10.0.0.3"}}, want: "10.0.0.9",
		},
		{
			name: "stops at what cannot be read", proxies: proxies, peer: "10.0.0.1:1",
			headers: map[string][]string{"X-Forwarded-For": {"198.51.100.7, unknown, 10.0.0.3"}}, want: "10.0.0.3",
		},
		{
			name: "is read from Forwarded", proxies: proxies, peer: "10.0.0.1:1",
			headers: map[string][]string{"Forwarded": {`for=1.1.1.1, for="[2001:db8::7]:443";proto=https`}}, want: "2001:db8::7",
		},
		{
			name: "is what both headers say", proxies: proxies, peer: "10.0.0.1:1",
			headers: map[string][]string{"Forwarded": {"for=198.51.100.7"}, "X-Forwarded-For": {"1.1.1.1, 198.51.100.7"}}, want: "198.51.100.7",
		},
		{
			name: "is the proxy's when the headers differ, since a client wrote one of them", proxies: proxies, peer: "10.0.0.1:1",
			headers: map[string][]string{"Forwarded": {"for=192.0.2.1"}, "X-Forwarded-For": {"198.51.100.7"}}, want: "10.0.0.1",
		},
		{
			name: "may carry a port", proxies: proxies, peer: "[fd00::1]:1",
			headers: map[string][]string{"X-Forwarded-For": {"198.51.100.7:1234"}}, want: "198.51.100.7",
		},
		{
			name: "is nobody's over a Unix socket", peer: "@", want: "invalid IP",
		},
		{
			name: "is IPv4 when it came mapped into IPv6", peer: "[::ffff:203.0.113.9]:1", want: "203.0.113.9",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodGet, "/click", nil)
			r.RemoteAddr = tt.peer
			for k, v := range tt.headers {
				r.Header[k] = v
			}
			if got := tt.proxies.Client(r).String(); got != tt.want {
				t.Errorf("Client() = %s, want %s", got, tt.want)
			}
		})
	}
}

func FuzzForwarded(f *testing.F) {
	f.Add("for=1.2.3.4", "1.2.3.4, 10.0.0.1")
	f.Add(`for="[::1]:80";by=x`, ",,,")
	proxies := Proxies{netip.MustParsePrefix("10.0.0.0/8")}
	f.Fuzz(func(t *testing.T, forwarded, xff string) {
		r := httptest.NewRequest(http.MethodGet, "/click", nil)
		r.RemoteAddr = "10.0.0.1:1"
		r.Header["X-Forwarded-For"] = []string{xff}
		if !proxies.Client(r).IsValid() {
			t.Errorf("no address from X-Forwarded-For %q", xff)
		}
		r.Header["Forwarded"] = []string{forwarded}
		if !proxies.Client(r).IsValid() {
			t.Errorf("no address from Forwarded %q", forwarded)
		}
	})
}
