package signal

import (
	"net/netip"
	"strings"
	"testing"

	"waybill/internal/param"
)

// cutter keeps the first two bytes of everything.
type cutter struct{}

func (cutter) Address(a netip.Addr) netip.Addr {
	return netip.PrefixFrom(a, 16).Masked().Addr()
}

func (cutter) Agent(ua string) string { return ua[:min(2, len(ua))] }

func (cutter) Within(text, old, fresh string) string { return strings.ReplaceAll(text, old, fresh) }

func TestAnonymiseTakesOutAddressesAndAgents(t *testing.T) {
	s := Signal{
		IP: netip.MustParseAddr("203.0.113.77"), UserAgent: "curl/8.5", Raw: "tid=x&ip=198.51.100.7&ua=Safari&amount=5",
		Params:      []Param{{param.IP, "198.51.100.7"}, {param.UserAgent, "Safari"}, {param.Amount, "5"}},
		EmailSHA256: param.Digest("ann@example.com"),
	}
	if !s.Anonymise(cutter{}) {
		t.Error("nothing has changed")
	}
	if got, want := s.IP.String(), "203.0.0.0"; got != want {
		t.Errorf("IP = %s, want %s", got, want)
	}
	if s.EmailSHA256 != "" {
		t.Errorf("EmailSHA256 = %q, want none", s.EmailSHA256)
	}
	if s.UserAgent != "cu" {
		t.Errorf("UserAgent = %q, want cu", s.UserAgent)
	}
	if want := "tid=x&ip=198.51.0.0&ua=Sa&amount=5"; s.Raw != want {
		t.Errorf("Raw = %q, want %q", s.Raw, want)
	}
	if got := []string{s.Value(param.IP), s.Value(param.UserAgent), s.Value(param.Amount)}; strings.Join(got, " ") != "198.51.0.0 Sa 5" {
		t.Errorf("parameters are %q", got)
	}
	if s.Anonymise(cutter{}) {
		t.Error("again it changes something")
	}
}

func TestAnonymiseTakesOutWhatIsNoAddress(t *testing.T) {
	s := Signal{IP: netip.MustParseAddr("203.0.0.0"), Raw: "ip=198.51.100.7:99", Params: []Param{{param.IP, "198.51.100.7:99"}}}
	if !s.Anonymise(cutter{}) || s.Raw != "ip=" || s.Value(param.IP) != "" {
		t.Errorf("Raw = %q, ip = %q", s.Raw, s.Value(param.IP))
	}
}

func TestForgetEmail(t *testing.T) {
	s := Signal{EmailSHA256: param.Digest("ann@example.com"), Params: []Param{{param.Email, "emailhash:0e"}}}
	if !s.ForgetEmail() || s.EmailSHA256 != "" || s.Value(param.Email) != "emailhash:0e" {
		t.Errorf("after ForgetEmail the signal is %+v, want it without the digest alone", s)
	}
	if s.ForgetEmail() {
		t.Error("there is another digest to forget")
	}
}
