package deliver

import (
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"code.dny.dev/ssrf"
)

// carriers carry postbacks, one for each time that a connection may take: that
// of the settings, and those that subscriptions set, in whole seconds.
type carriers struct {
	settings Settings
	resolver *net.Resolver // the system's if it is nil

	mu  sync.Mutex
	all map[time.Duration]*http.Transport
}

func newCarriers(s Settings, resolver *net.Resolver) *carriers {
	return &carriers{settings: s, resolver: resolver, all: make(map[time.Duration]*http.Transport)}
}

// of gives the carrier whose connections may take so long; 0 stands for what is
// usual.
func (c *carriers) of(connect time.Duration) *http.Transport {
	s := c.settings
	if connect > 0 {
		s.ConnectTimeout = max(connect.Round(time.Second), time.Second)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	t := c.all[s.ConnectTimeout]
	if t == nil {
		t = newTransport(s, c.resolver)
		c.all[s.ConnectTimeout] = t
	}
	return t
}

// close closes the connections that nobody uses.
func (c *carriers) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, t := range c.all {
		t.CloseIdleConnections()
	}
}

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
