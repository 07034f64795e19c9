package receiver_test

import (
	"strings"
	"testing"

	"waybill/internal/delivery"
	"waybill/internal/receiver"
)

func TestWhatAPixelMayTell(t *testing.T) {
	tests := []struct {
		name   string
		change func(*delivery.Subscription)
		want   string // of the complaint; empty when there is none
	}{
		{name: "the affiliate's own values and its payout"},
		{name: "nothing of the visitor, even where the network shares that", change: func(s *delivery.Subscription) {
			s.URL, s.ShareVisitor = s.URL+"&ip={ip}", true
		}, want: "{ip} cannot stand"},
		{name: "nor whose e-mail it is", change: func(s *delivery.Subscription) {
			s.URL, s.ShareVisitor = s.URL+"&e={email_sha256}", true
		}, want: "{email_sha256} cannot stand"},
		{name: "never the revenue", change: func(s *delivery.Subscription) { s.URL += "&r={revenue}" }, want: "{revenue} cannot stand"},
		{name: "nor for an advertiser", change: func(s *delivery.Subscription) {
			s.Owner, s.URL = delivery.Owner{AdvertiserID: 2}, "https://t.example/?o={order_id}"
		}, want: "in an affiliate's name"},
		{name: "to a host that a policy can name", change: func(s *delivery.Subscription) { s.URL = "https://[2001:db8::1]/?c={sub1}" }, want: "cannot name"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := delivery.Default()
			s.Owner, s.Format, s.URL = delivery.Owner{AffiliateID: 1}, delivery.Image, "https://t.example/?c={aff_click_id}&p={payout}"
			if tt.change != nil {
				tt.change(&s)
			}
			_, err := receiver.Compile(s)
			switch {
			case tt.want == "" && err != nil:
				t.Errorf("Compile() = %v, want none", err)
			case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
				t.Errorf("Compile() = %v, want %q", err, tt.want)
			}
		})
	}
}

func TestOrigin(t *testing.T) {
	tests := []struct{ address, want string }{
		{"https://a.example/x?y=z", "https://a.example"},
		{"HTTPS://A.Example:8443?x", "https://a.example:8443"},
		{"http://192.0.2.1#x", "http://192.0.2.1"},
		{"https://xn--bcher-kva.example", "https://xn--bcher-kva.example"},
		{"https://[2001:db8::1]/", ""},
		{"https://a.example;script-src/", ""},
		{"https://a.example https://b.example/", ""},
		{"https://a.example,b.example/", ""},
		{"https://*.example/", ""},
		{"https:///x", ""},
		{"javascript:alert(1)//x", ""},
		{"data://a.example/", ""},
		{"//a.example/", ""},
		{"", ""},
	}
	for _, tt := range tests {
		got, ok := receiver.Origin(tt.address)
		if got != tt.want || ok != (tt.want != "") {
			t.Errorf("Origin(%q) = %q, %v, want %q", tt.address, got, ok, tt.want)
		}
	}
}

// FuzzOrigin holds whatever a policy names to one scheme, one host and one port.
func FuzzOrigin(f *testing.F) {
	f.Add("https://a.example/x")
	f.Add("https://a.example;x:1/")
	f.Add("https://'none'/")
	f.Fuzz(func(t *testing.T, address string) {
		got, ok := receiver.Origin(address)
		if !ok {
			return
		}
		rest, http := strings.CutPrefix(got, "http://")
		rest, https := strings.CutPrefix(rest, "https://")
		if !http && !https || rest == "" || strings.Trim(rest, "abcdefghijklmnopqrstuvwxyz0123456789-._:") != "" {
			t.Errorf("Origin(%q) = %q", address, got)
		}
	})
}

// TestAPixelMayLeadIntoAPrivateNetwork: it is the visitor's browser that goes
// there, and no guard of ours refuses it.
func TestAPixelMayLeadIntoAPrivateNetwork(t *testing.T) {
	s := delivery.Default()
	s.Owner, s.URL = delivery.Owner{AffiliateID: 1}, "https://10.0.0.7/?c={aff_click_id}"
	for format, want := range map[delivery.Format]int{delivery.Get: 1, delivery.Image: 0, delivery.Iframe: 0} {
		s.Format = format
		if got := receiver.Warnings(s); len(got) != want {
			t.Errorf("as %s it is warned of %v, want %d warnings", format, got, want)
		}
	}
}
