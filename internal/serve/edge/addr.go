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
// proves nothing. Proxies write one of the two headers and pass the other on as
// the client sent it, so where they differ neither is believed.
func (p Proxies) Client(r *http.Request) netip.Addr {
	peer := peerAddr(r.RemoteAddr)
	if len(p) == 0 || !p.trusts(peer) {
		return peer
	}
	forwarded, list := r.Header["Forwarded"], r.Header["X-Forwarded-For"]
	switch {
	case len(forwarded) == 0:
		return p.rightmost(peer, list, parseHop)
	case len(list) == 0:
		return p.rightmost(peer, forwarded, forwardedFor)
	}
	client := p.rightmost(peer, list, parseHop)
	if client != p.rightmost(peer, forwarded, forwardedFor) {
		return peer
	}
	return client
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
	a := peerAddr(s)
	return a, a.IsValid()
}

// peerAddr reads the address of a connection's other end. What is none, such as
// a Unix socket's, gives the zero address.
func peerAddr(remote string) netip.Addr {
	ap, err := netip.ParseAddrPort(remote)
	if err != nil {
		return netip.Addr{}
	}
	return ap.Addr().Unmap().WithZone("")
}
