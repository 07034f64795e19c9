package main

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"

	"waybill/internal/serve/login"
)

// TestConsoleFor holds what links begin with that somebody is shown: behind a proxy
// that ends TLS they lead there, and a stranger's headers lead nowhere.
func TestConsoleFor(t *testing.T) {
	forwarded := http.Header{"X-Forwarded-Proto": {"https"}, "X-Forwarded-Host": {"console.example.com"}}
	tests := []struct {
		name                 string
		admin, public, other string // --admin-url, --public-url, --admin-listen
		peer                 string
		header               http.Header
		want                 string
	}{
		{"the operator's word", "https://admin.example.com", "https://go.example.com", "", "10.0.0.1:1", forwarded, "https://admin.example.com"},
		{"with what a proxy puts before it", "https://ops.example.com/waybill/", "https://go.example.com", "", "10.0.0.1:1", forwarded, "https://ops.example.com/waybill"},
		{"with a prefix that has to be escaped", "https://ops.example.com/way%20bill%2Fx/", "", "", "10.0.0.1:1", nil, "https://ops.example.com/way%20bill%2Fx"},
		{"as a browser writes it", "https://Admin.Example.com:443/", "", "", "10.0.0.1:1", nil, "https://admin.example.com"},
		{"with a port of its own", "https://admin.example.com:8443", "", "", "10.0.0.1:1", nil, "https://admin.example.com:8443"},
		{"a trusted proxy's", "", "https://go.example.com", "", "10.0.0.1:1", forwarded, "https://console.example.com"},
		{"the public name, where one listener answers all", "", "https://go.example.com/", "", "10.0.0.1:1", nil, "https://go.example.com"},
		{"not where the console has a listener of its own", "", "https://go.example.com", "127.0.0.1:8081", "10.0.0.1:1", nil, "http://node:8080"},
		{"where it came to", "", "", "", "203.0.113.9:1", nil, "http://node:8080"},
		{"whatever a stranger says", "", "", "", "203.0.113.9:1", forwarded, "http://node:8080"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := &serveCmd{Trusted: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}
			s.AdminURL, s.PublicURL, s.AdminListen = tt.admin, tt.public, tt.other
			l, err := login.New(nil, login.Settings{AdminURL: s.base(), Proxied: s.proxied}, nil)
			if err != nil {
				t.Fatal(err)
			}
			n := &node{installation: &installation{}, settings: s, login: l, adminURL: "http://127.0.0.1:8080"}
			n.placeConsole()
			r := httptest.NewRequest(http.MethodPost, "http://node:8080/api/v1/users", http.NoBody)
			r.RemoteAddr = tt.peer
			for name, values := range tt.header {
				r.Header[name] = values
			}
			if got := n.consoleFor(r); got != tt.want {
				t.Errorf("consoleFor() = %q, want %q", got, tt.want)
			}
			if tt.admin != "" && n.consoleURL != tt.want {
				t.Errorf("the console is said to be at %q, want %q", n.consoleURL, tt.want)
			}
		})
	}
}

func TestPrivate(t *testing.T) {
	for text, want := range map[string]bool{
		"https://id.example.com": true, "http://localhost:9000/x": true, "http://127.0.0.1": true, "http://[::1]:1": true,
		"http://id.example.com": false, "http://localhost.example.com": false, "http://10.0.0.1": false, "ftp://localhost": false,
		"https://": false, "id.example.com": false, "": false, "https://a b": false,
	} {
		if got := private(text); got != want {
			t.Errorf("private(%q) = %t, want %t", text, got, want)
		}
	}
}
