package offer

import (
	"strings"
	"unicode/utf8"

	"waybill/internal/fault"
)

// maxHost is the longest name of a host, by RFC 1035.
const maxHost = 253

// HostAllowed reports whether a list of hosts holds host: by its name, or by
// *.name, which stands for all below name, but not name itself. host comes
// without a port; case and a dot at its end do not matter.
func HostAllowed(list []string, host string) bool {
	host = strings.TrimSuffix(host, ".")
	if host == "" {
		return false
	}
	for _, one := range list {
		below, all := strings.CutPrefix(one, "*")
		if !all && strings.EqualFold(one, host) {
			return true
		}
		if n := len(host) - len(below); all && n > 0 && strings.EqualFold(host[n:], below) {
			return true
		}
	}
	return false
}

func validHost(field, s string) error {
	name, _ := strings.CutPrefix(s, "*.")
	switch {
	case strings.ContainsAny(s, "/:@?#"):
		return fault.At(field, "%.80q is more than a host; write it without https://, port and path", s)
	case strings.ContainsFunc(s, func(r rune) bool { return r >= utf8.RuneSelf }):
		return fault.At(field, "write %.80q in its ASCII form (xn--…)", s)
	case strings.Contains(name, "*"):
		return fault.At(field, "%.80q: a * stands only at the beginning, as in *.example.com", s)
	case len(name) > maxHost || !validLabels(name):
		return fault.At(field, "%.80q is not a host such as shop.example.com, nor *.example.com", s)
	case name != s && !strings.Contains(name, "."):
		return fault.At(field, "%.80q would allow a whole top-level domain", s)
	default:
		return nil
	}
}

func validLabels(name string) bool {
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		if strings.ContainsFunc(label, func(r rune) bool { return !alphanumeric(r) && r != '-' && r != '_' }) {
			return false
		}
	}
	return true
}
