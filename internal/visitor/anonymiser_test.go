package visitor

import (
	"net/netip"
	"strings"
	"testing"
)

func TestWhatIsKeptOfAnAddress(t *testing.T) {
	key := [32]byte{1}
	tests := []struct {
		name string
		care Care
		addr string
		want string // empty for none
	}{
		{name: "the network of IPv4", care: Shorten, addr: "203.0.113.77", want: "203.0.113.0"},
		{name: "the network of IPv4 within IPv6", care: Shorten, addr: "::ffff:203.0.113.77", want: "203.0.113.0"},
		{name: "the network of IPv6", care: Shorten, addr: "2001:db8:1:2:3:4:5:6", want: "2001:db8:1::"},
		{name: "no zone", care: Shorten, addr: "fe80::1%eth0", want: "fe80::"},
		{name: "nothing", care: Remove, addr: "203.0.113.77"},
		{name: "a hash of IPv4", care: Hash, addr: "203.0.113.77", want: "100::a225:462a:c3e8:cae1"},
		{name: "the same hash of IPv4 within IPv6", care: Hash, addr: "::ffff:203.0.113.77", want: "100::a225:462a:c3e8:cae1"},
		{name: "a hash that was made before", care: Shorten, addr: "100::a225:462a:c3e8:cae1", want: "100::a225:462a:c3e8:cae1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := Anonymiser{Care: tt.care, Key: key}
			got := a.Address(netip.MustParseAddr(tt.addr))
			if text := got.String(); tt.want == "" && got.IsValid() || tt.want != "" && text != tt.want {
				t.Errorf("Address(%s) = %s, want %q", tt.addr, text, tt.want)
			}
			if again := a.Address(got); again != got {
				t.Errorf("again it gives %s after %s", again, got)
			}
		})
	}
	if got := (Anonymiser{Care: Hash}).Address(netip.Addr{}); got.IsValid() {
		t.Errorf("Address() of none = %s", got)
	}
}

func TestHashesTellVisitorsApart(t *testing.T) {
	a, b := Anonymiser{Care: Hash, Key: [32]byte{1}}, Anonymiser{Care: Hash, Key: [32]byte{2}}
	one, two := netip.MustParseAddr("203.0.113.1"), netip.MustParseAddr("203.0.113.2")
	if a.Address(one) == a.Address(two) || a.Address(one) == b.Address(one) {
		t.Errorf("hashes %s, %s and %s with another key: want three", a.Address(one), a.Address(two), b.Address(one))
	}
	if a.Agent("x") == a.Agent("y") || a.Agent("x") == b.Agent("x") {
		t.Errorf("hashes %s, %s and %s with another key: want three", a.Agent("x"), a.Agent("y"), b.Agent("x"))
	}
}

func TestWhatIsKeptOfAnAgent(t *testing.T) {
	const chrome = "Mozilla/5.0 (Linux; Android 14; SM-S918B Build/UP1A.231005.007) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.6099.144 Mobile Safari/537.36"
	tests := []struct {
		name string
		care Care
		ua   string
		want string
	}{
		{name: "products and major versions", care: Shorten, ua: chrome, want: "Mozilla/5 AppleWebKit/537 Chrome/120 Mobile Safari/537"},
		{name: "no app's list of the device's traits", care: Shorten, ua: "Mozilla/5.0 Mobile/15E148 [FBAN/FBIOS;FBDV/iPhone14,5]", want: "Mozilla/5 Mobile"},
		{name: "no word that may name a device", care: Shorten, ua: "App/2.1 3f2a-99 user@example.com", want: "App/2"},
		{name: "no comment that does not end", care: Shorten, ua: "App/1 (iPhone; secret", want: "App/1"},
		{name: "no more than fits", care: Shorten, ua: strings.Repeat("a", 100) + " " + strings.Repeat("b", 100), want: strings.Repeat("a", 100)},
		{name: "a hash", care: Hash, ua: chrome, want: "hash:4768e571d8798fbd"},
		{name: "a hash that was made before", care: Shorten, ua: "hash:4768e571d8798fbd", want: "hash:4768e571d8798fbd"},
		{name: "nothing", care: Remove, ua: chrome},
		{name: "nothing of nothing", care: Hash},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := Anonymiser{Care: tt.care, Key: [32]byte{1}}
			got := a.Agent(tt.ua)
			if got != tt.want {
				t.Errorf("Agent(%q) = %q, want %q", tt.ua, got, tt.want)
			}
			if again := a.Agent(got); again != got {
				t.Errorf("again it gives %q after %q", again, got)
			}
		})
	}
}
