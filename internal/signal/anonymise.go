package signal

import (
	"net/netip"

	"waybill/internal/param"
)

// Anonymiser says what is kept of an address and of a user agent, and puts one
// text in place of another within a query or a JSON text.
type Anonymiser interface {
	Address(addr netip.Addr) netip.Addr
	Agent(ua string) string
	Within(text, old, fresh string) string
}

// Anonymise takes out of a signal the addresses and agents in it: of its sender,
// who may be the visitor, and those that the sender has named, in Raw too, and an
// e-mail's digest. It reports whether anything has changed. An address that is
// none is taken out.
func (s *Signal) Anonymise(a Anonymiser) bool {
	address, agent := a.Address(s.IP), a.Agent(s.UserAgent)
	changed := address != s.IP || agent != s.UserAgent
	changed = s.ForgetEmail() || changed
	s.IP, s.UserAgent = address, agent
	for i := range s.Params {
		p := &s.Params[i]
		var fresh string
		switch p.Name {
		case param.IP:
			fresh = addressText(a, p.Value)
		case param.UserAgent:
			fresh = a.Agent(p.Value)
		default:
			continue
		}
		if fresh != p.Value {
			s.Raw = a.Within(s.Raw, p.Value, fresh)
			p.Value, changed = fresh, true
		}
	}
	return changed
}

// ForgetEmail takes out of a signal the digest that was to be forwarded, and
// reports whether there was one. The keyed hash stays, by which conversions find
// their clicks.
func (s *Signal) ForgetEmail() bool {
	there := s.EmailSHA256 != ""
	s.EmailSHA256 = ""
	return there
}

func addressText(a Anonymiser, text string) string {
	addr, err := netip.ParseAddr(text)
	if err != nil {
		return ""
	}
	if addr = a.Address(addr); !addr.IsValid() {
		return ""
	}
	return addr.String()
}
