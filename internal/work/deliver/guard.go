package deliver

import (
	"net"
	"net/http"
	"net/netip"
	"time"

	"code.dny.dev/ssrf"
)

// newTransport makes what carries postbacks. It uses no proxy, which would
// resolve names behind the guard's back. resolver is the system's if it is nil.
func newTransport(s Settings, resolver *net.Resolver) *http.Transport {
	dialer := &net.Dialer{
		Timeout:  s.ConnectTimeout, // with the resolving of the name
		Resolver: resolver,
		Control:  newGuard(s.AllowPrivate).Safe,
	}
	var plain http.Protocols
	plain.SetHTTP1(true) // HTTP/2 would put all of a host's postbacks on one connection
	return &http.Transport{
		Proxy:                  nil,
		DialContext:            dialer.DialContext,
		Protocols:              &plain,
		TLSHandshakeTimeout:    s.ConnectTimeout,
		MaxIdleConns:           s.InFlight,
		MaxIdleConnsPerHost:    s.PerHost,
		IdleConnTimeout:        30 * time.Second,
		MaxResponseHeaderBytes: maxHead,
		DisableCompression:     true, // a small answer cannot grow
	}
}

// newGuard makes what judges each address that is about to be dialed: public
// ones alone are safe, and those of allow.
func newGuard(allow []netip.Prefix) *ssrf.Guardian {
	var v4, v6 []netip.Prefix
	for _, p := range allow {
		switch {
		case p.Addr().Is4():
			v4 = append(v4, p)
		case p.Addr().Is4In6() && p.Bits() >= 96:
			v4 = append(v4, netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96))
		default:
			v6 = append(v6, p)
		}
	}
	return ssrf.New(
		ssrf.WithAnyPort(), // trackers listen where they like
		ssrf.WithAllowedV4Prefixes(v4...),
		ssrf.WithAllowedV6Prefixes(v6...),
		// Public by its number, but one cloud's own servant to its machines.
		ssrf.WithDeniedV4Prefixes(netip.PrefixFrom(netip.AddrFrom4([4]byte{168, 63, 129, 16}), 32)),
	)
}
