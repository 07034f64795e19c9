package edge

import (
	"net/http"
	"net/netip"
	"strings"
)

// Proxies are the addresses whose word on the client's address is believed.
type Proxies []netip.Prefix

// trusts reports whether a is one of the proxies.
func (p Proxies) trusts(a netip.Addr) bool {
	for _, prefix := range p {
		if prefix.Contains(a) {
			return true
		}
	}
	return false
}

// Client gives the address of whoever sent r: the peer's, or, when the peer is
// a trusted proxy, the rightmost untrusted address of Forwarded (RFC 7239) or
// X-Forwarded-For. What stands further left was written by the client and
// proves nothing.
func (p Proxies) Client(r *http.Request) netip.Addr {
	peer := peerAddr(r.RemoteAddr)
	if len(p) == 0 || !p.trusts(peer) {
		return peer
	}
	if lines := r.Header["Forwarded"]; len(lines) > 0 {
		return p.rightmost(peer, lines, forwardedFor)
	}
	return p.rightmost(peer, r.Header["X-Forwarded-For"], parseHop)
}

// rightmost walks the hops from the nearest to the farthest and stops at the
// first that is no trusted proxy. A hop that cannot be read ends the walk: what
// is left of it cannot be trusted either.
func (p Proxies) rightmost(peer netip.Addr, lines []string, parse func(string) (netip.Addr, bool)) netip.Addr {
	last := peer
	for i := len(lines) - 1; i >= 0; i-- {
		rest := lines[i]
		for rest != "" {
			hop := rest
			if comma := strings.LastIndexByte(rest, ','); comma >= 0 {
				rest, hop = rest[:comma], rest[comma+1:]
			} else {
				rest = ""
			}
			a, ok := parse(strings.TrimSpace(hop))
			if !ok {
				return last
			}
			if !p.trusts(a) {
				return a
			}
			last = a
		}
	}
	return last
}

// forwardedFor reads the for= of one element of a Forwarded header.
func forwardedFor(element string) (netip.Addr, bool) {
	for pair := range strings.SplitSeq(element, ";") {
		name, value, ok := strings.Cut(strings.TrimSpace(pair), "=")
		if ok && strings.EqualFold(name, "for") {
			return parseHop(strings.Trim(value, `"`))
		}
	}
	return netip.Addr{}, false
}

// parseHop reads an address as proxies write it: with or without a port, IPv6
// with or without brackets.
func parseHop(s string) (netip.Addr, bool) {
	if a, err := netip.ParseAddr(strings.Trim(s, "[]")); err == nil {
		return a.Unmap().WithZone(""), true
	}
	if ap, err := netip.ParseAddrPort(s); err == nil {
		return ap.Addr().Unmap().WithZone(""), true
	}
	return netip.Addr{}, false
}

// peerAddr reads the address of a connection's other end.
func peerAddr(remote string) netip.Addr {
	a, _ := parseHop(remote)
	return a
}
