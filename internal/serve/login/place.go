package login

import (
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

// place is where a browser sees the console.
type place struct {
	scheme, host string // host with its port, if it has one
	prefix       string // what a proxy puts before the paths, such as /waybill, escaped
}

// origin is the place as browsers write it.
func (p place) origin() string { return p.scheme + "://" + p.host }

// url gives where a browser sees one of our paths.
func (p place) url(path string) string { return p.origin() + p.prefix + path }

// The schemes there are.
const (
	schemePlain  = "http"
	schemeSecure = "https"
)

// secure reports whether what is sent there is encrypted on its way.
func (p place) secure() bool { return p.scheme == schemeSecure }

// name is the place's host without its port.
func (p place) name() string {
	u := url.URL{Host: p.host}
	return strings.ToLower(u.Hostname())
}

// namesPasskeys reports whether browsers keep passkeys for the place: they do for
// names, over https or on the browser's own machine, and for no bare address.
func (p place) namesPasskeys() bool {
	name := p.name()
	if _, err := netip.ParseAddr(name); err == nil || name == "" {
		return false
	}
	return p.secure() || name == "localhost" || strings.HasSuffix(name, ".localhost")
}

// placeOf gives where r's browser sees the console: where the operator says it
// is, else where a trusted proxy says that the request came to, else where it came
// to here. Nothing that is sent to somebody else is made of it.
func (l *Login) placeOf(r *http.Request) place {
	p, _ := l.placeToldOf(r)
	return p
}

// placeToldOf tells, too, whether the operator or a trusted proxy has said so.
func (l *Login) placeToldOf(r *http.Request) (p place, told bool) {
	if l.set.AdminURL != nil {
		u := l.set.AdminURL
		return place{scheme: u.Scheme, host: u.Host, prefix: u.EscapedPath()}, true
	}
	p = place{scheme: schemePlain, host: r.Host}
	if r.TLS != nil {
		p.scheme = schemeSecure
	}
	if !l.proxied(r) {
		return p, false
	}
	f := forwardedOf(r.Header)
	if f.scheme != "" {
		p.scheme = f.scheme
	}
	if f.host != "" {
		p.host = f.host
	}
	return p, f != place{}
}

// Base gives what the console's addresses begin with as r's browser sees them,
// without a slash at the end, and whether the operator or a trusted proxy has told
// so. Links made of it are for the one who has asked alone.
func (l *Login) Base(r *http.Request) (base string, told bool) {
	p, told := l.placeToldOf(r)
	return p.url(""), told
}

// proxied reports whether a trusted proxy has handed the request on.
func (l *Login) proxied(r *http.Request) bool { return l.set.Proxied != nil && l.set.Proxied(r) }

// client gives the address of whoever sent r.
func (l *Login) client(r *http.Request) netip.Addr {
	if l.set.ClientIP != nil {
		return l.set.ClientIP(r)
	}
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return peer.Addr().Unmap().WithZone("")
}

// consolePath is what every page of the console begins with.
const consolePath = "/console/"

// wayBack gives the page to return to: a path of the console, or its first page
// for anything else. A browser is led nowhere but there.
func wayBack(wanted string) string {
	const longest = 2048
	u, err := url.Parse(wanted)
	switch {
	case err != nil, len(wanted) > longest, u.IsAbs(), u.Host != "", u.User != nil, u.Opaque != "",
		!strings.HasPrefix(wanted, consolePath), !strings.HasPrefix(u.Path, consolePath),
		strings.ContainsAny(u.Path, "\\") || strings.Contains(u.Path, "//") || strings.Contains(u.Path, "/.."),
		strings.HasPrefix(wanted, Prefix), strings.ContainsFunc(wanted, unprintable):
		return consolePath
	default:
		return wanted
	}
}

// unprintable reports whether r has no place in a header.
func unprintable(r rune) bool { return r <= ' ' || r >= 0x7f || r == '\\' }
