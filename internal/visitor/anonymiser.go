package visitor

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/netip"
	"strings"
)

// Care is what is done with addresses and user agents that have served their
// purpose.
type Care string

// The kinds of care.
const (
	// Shorten keeps the network of an address (/24 of IPv4, /48 of IPv6), and the
	// products of an agent with their major versions.
	Shorten Care = "shorten"
	// Hash keeps what tells two visitors apart and no more: a keyed hash.
	Hash Care = "hash"
	// Remove keeps nothing.
	Remove Care = "remove"
)

// Anonymiser takes out of addresses and user agents what tells of a person. What
// it has anonymised it leaves as it is, whatever is done again; so the same text
// comes out wherever a copy of it lies.
type Anonymiser struct {
	Care Care
	Key  [32]byte // of the hashes
}

const (
	ipv4Kept = 24
	ipv6Kept = 48
	// agentKept is the most of a shortened agent, in bytes.
	agentKept = 128
	// hashedAgent stands before the hash of an agent.
	hashedAgent = "hash:"
)

// hashedNet is the network in which the hash of an address stands for it. It is
// the one that the Internet discards (RFC 6666), so nobody has such an address.
func hashedNet() netip.Prefix {
	return netip.PrefixFrom(netip.AddrFrom16([16]byte{0: 0x01}), 64)
}

// Address gives what is kept of an address.
func (a Anonymiser) Address(addr netip.Addr) netip.Addr {
	addr = addr.Unmap().WithZone("")
	switch {
	case !addr.IsValid() || a.Care == Remove:
		return netip.Addr{}
	case hashedNet().Contains(addr):
		return addr
	case a.Care == Hash:
		sum := a.sum(addr.AsSlice())
		hashed := hashedNet().Addr().As16()
		copy(hashed[8:], sum[:8])
		return netip.AddrFrom16(hashed)
	case addr.Is4():
		return netip.PrefixFrom(addr, ipv4Kept).Masked().Addr()
	default:
		return netip.PrefixFrom(addr, ipv6Kept).Masked().Addr()
	}
}

// Agent gives what is kept of a user agent.
func (a Anonymiser) Agent(ua string) string {
	switch {
	case ua == "" || a.Care == Remove:
		return ""
	case isHashedAgent(ua):
		return ua
	case a.Care == Hash:
		sum := a.sum([]byte(ua))
		return hashedAgent + hex.EncodeToString(sum[:8])
	default:
		return products(ua)
	}
}

func (a Anonymiser) sum(b []byte) [sha256.Size]byte {
	var sum [sha256.Size]byte
	mac := hmac.New(sha256.New, a.Key[:])
	mac.Write(b)
	mac.Sum(sum[:0])
	return sum
}

func isHashedAgent(ua string) bool {
	digits, ok := strings.CutPrefix(ua, hashedAgent)
	if !ok || len(digits) != 16 {
		return false
	}
	return strings.Trim(digits, "0123456789abcdef") == ""
}

// products gives an agent without its comments, each product with its major
// version alone.
func products(ua string) string {
	var out strings.Builder
	for _, word := range strings.Fields(withoutComments(ua)) {
		name, release, _ := strings.Cut(word, "/")
		major, _, _ := strings.Cut(release, ".")
		if name == "" || !plain(name) {
			continue
		}
		if digits(major) {
			name += "/" + major
		}
		if out.Len()+1+len(name) > agentKept {
			break
		}
		if out.Len() > 0 {
			out.WriteByte(' ')
		}
		out.WriteString(name)
	}
	return out.String()
}

// withoutComments cuts out what stands in brackets, nested ones too.
func withoutComments(ua string) string {
	var out strings.Builder
	depth := 0
	for i := range len(ua) {
		switch c := ua[i]; c {
		case '(', '[', '{':
			depth++
		case ')', ']', '}':
			depth = max(depth-1, 0)
			out.WriteByte(' ')
		default:
			if depth == 0 {
				out.WriteByte(c)
			}
		}
	}
	return out.String()
}

// plain reports whether a product's name is one: letters and dashes. What holds
// digits may be the number of a device.
func plain(name string) bool {
	for i := range len(name) {
		if c := name[i] | 0x20; (c < 'a' || c > 'z') && name[i] != '-' {
			return false
		}
	}
	return true
}

// digits reports whether s is a version of up to four digits.
func digits(s string) bool {
	if s == "" || len(s) > 4 {
		return false
	}
	return strings.Trim(s, "0123456789") == ""
}
