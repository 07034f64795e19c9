package macro

import (
	"net/url"
	"strconv"
	"strings"

	"waybill/internal/fault"
)

// CheckURL reports why nobody may be sent to text: it is not an absolute http or
// https URL, names no host, carries a user name, or holds what browsers and
// servers read differently.
func CheckURL(text string) error {
	if len(text) > maxURL {
		return fault.New(fault.Invalid, "the URL has %d bytes, the most is %d", len(text), maxURL)
	}
	if at := strings.IndexFunc(text, func(r rune) bool { return r <= ' ' || r == 0x7f || r == '\\' }); at >= 0 {
		return fault.New(fault.Invalid, "the URL holds %q, which must be percent-encoded", text[at:at+1])
	}
	start, end := splitAuthority(text)
	if scheme := strings.ToLower(text[:start]); scheme != "http://" && scheme != "https://" {
		return fault.New(fault.Invalid, "the URL must begin with https:// or http://")
	}
	host := text[start:end]
	if strings.Contains(host, "@") {
		return fault.New(fault.Invalid, "the URL must not hold a user name or password")
	}
	if strings.IndexFunc(host, func(r rune) bool { return r >= 0x7f }) >= 0 {
		return fault.New(fault.Invalid, "write the host %q in its ASCII form (xn--…)", host)
	}
	return checkHost(text[:end], host)
}

func checkHost(text, host string) error {
	u, err := url.Parse(text)
	if err != nil || strings.Trim(u.Hostname(), ".-_") == "" {
		return fault.New(fault.Invalid, "the URL names no host that can be reached: %q", host)
	}
	if name := u.Hostname(); !strings.HasPrefix(host, "[") && strings.IndexFunc(name, notInHost) >= 0 {
		return fault.New(fault.Invalid, "%q is not the name of a host", name)
	}
	if strings.HasSuffix(host, ":") {
		return fault.New(fault.Invalid, "the URL ends its host with a colon, but names no port")
	}
	if port := u.Port(); port != "" {
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return fault.New(fault.Invalid, "%q is not a port", port)
		}
	}
	return nil
}

func notInHost(r rune) bool {
	letter := r|0x20 >= 'a' && r|0x20 <= 'z'
	return !letter && (r < '0' || r > '9') && r != '-' && r != '.' && r != '_'
}

// splitAuthority gives the bounds of host and port in a URL; start is 0 where
// there is no scheme.
func splitAuthority(text string) (start, end int) {
	if at := strings.Index(text, "://"); at >= 0 && !strings.ContainsAny(text[:at], "/?#") {
		start = at + len("://")
	}
	if n := strings.IndexAny(text[start:], "/?#"); n >= 0 {
		return start, start + n
	}
	return start, len(text)
}
