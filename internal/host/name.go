package host

import (
	"net/netip"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"

	"waybill/internal/fault"
)

// maxName is the longest host name, in bytes.
const maxName = 253

// Parse gives a host name in the one way it is written here. What else could
// stand in its place (a URL, an address, a name with a port) is refused with
// what is wrong about it.
func Parse(text string) (string, error) {
	name := strings.TrimSuffix(strings.TrimSpace(text), ".")
	if err := refused(name); err != nil {
		return "", err
	}
	ascii, err := idna.Lookup.ToASCII(name)
	if err != nil {
		return "", fault.New(fault.Invalid, "%.100q is not a host name: %s", text, strings.TrimPrefix(err.Error(), "idna: "))
	}
	if len(ascii) > maxName {
		return "", fault.New(fault.Invalid, "is longer than %d bytes", maxName)
	}
	labels := strings.Split(ascii, ".")
	for _, label := range labels {
		if !validLabel(label) {
			return "", fault.New(fault.Invalid, "%.100q is not a host name: its part %.64q must be 1 to 63 letters, digits and hyphens", text, label)
		}
	}
	switch top := labels[len(labels)-1]; {
	case len(labels) == 1:
		return "", fault.New(fault.Invalid, "must be a full host name, such as go.shop.example")
	case strings.Trim(top, "0123456789") == "":
		return "", fault.New(fault.Invalid, "ends in a number, as addresses do; use a host name")
	default:
		return ascii, nil
	}
}

// refused tells what is often given in place of a host name.
func refused(name string) error {
	_, isAddr := netip.ParseAddr(strings.Trim(name, "[]"))
	switch {
	case name == "":
		return fault.New(fault.Invalid, "is missing")
	case !utf8.ValidString(name):
		return fault.New(fault.Invalid, "%.100q is not a host name: it is not UTF-8", name)
	case isAddr == nil:
		return fault.New(fault.Invalid, "is an address; use a host name")
	case strings.ContainsAny(name, "/@?#"):
		return fault.New(fault.Invalid, "must be the host name alone, without https:// and path")
	case strings.Contains(name, ":"):
		return fault.New(fault.Invalid, "must be the host name alone, without a port")
	case strings.Contains(name, "*"):
		return fault.New(fault.Invalid, "must be one host name: a wildcard is not served")
	default:
		return nil
	}
}

const maxLabel = 63

func validLabel(label string) bool {
	if label == "" || len(label) > maxLabel || label[0] == '-' || label[len(label)-1] == '-' {
		return false
	}
	for i := range len(label) {
		if c := label[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return true
}

// Key is room for the name that AppendKey writes.
type Key [maxName]byte

// AppendKey writes the name in a request's Host header into dst, as Parse would
// write it, and nothing when it cannot be one: without its port and final dot,
// in lower case. It does not check the rest, since it is for looking up names
// that were checked, and it allocates nothing while dst has room.
func AppendKey(dst []byte, header string) []byte {
	if colon := strings.LastIndexByte(header, ':'); colon >= 0 {
		header = header[:colon]
	}
	header = strings.TrimSuffix(header, ".")
	if len(header) > maxName {
		return dst
	}
	for i := range len(header) {
		c := header[i]
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		dst = append(dst, c)
	}
	return dst
}
