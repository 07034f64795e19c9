package host_test

import (
	"strings"
	"testing"

	"waybill/internal/fault"
	"waybill/internal/host"
)

func valid() host.Domain {
	d := host.Default()
	d.Host, d.AdvertiserID = "go.shop.example", 3
	return d
}

func TestValidate(t *testing.T) {
	t.Parallel()
	file := func(d *host.Domain) {
		d.Certificate, d.CertFile, d.KeyFile = host.File, "shop/cert.pem", "shop/key.pem"
	}
	tests := []struct {
		name   string
		change func(*host.Domain)
		field  string // empty for a domain that is valid
		says   string
	}{
		{"a host with ACME", func(*host.Domain) {}, "", ""},
		{"certificate files", file, "", ""},
		{"a proxy in front", func(d *host.Domain) { d.Certificate = host.None }, "", ""},
		{"paused", func(d *host.Domain) { d.Status = host.Paused }, "", ""},
		{"no host", func(d *host.Domain) { d.Host = "" }, "host", "missing"},
		{"a host that was not normalised", func(d *host.Domain) { d.Host = "Go.Shop.Example" }, "host", "go.shop.example"},
		{"an address", func(d *host.Domain) { d.Host = "203.0.113.7" }, "host", "address"},
		{"an unknown status", func(d *host.Domain) { d.Status = "on" }, "status", "active or paused"},
		{"an unknown certificate", func(d *host.Domain) { d.Certificate = "letsencrypt" }, "certificate", "acme, file or none"},
		{"files without a key", func(d *host.Domain) { file(d); d.KeyFile = "" }, "key_file", "missing"},
		{"files without a certificate", func(d *host.Domain) { file(d); d.CertFile = "" }, "cert_file", "missing"},
		{"a file from the root", func(d *host.Domain) { file(d); d.KeyFile = "/etc/shadow" }, "key_file", "within the folder"},
		{"a file by a way out", func(d *host.Domain) { file(d); d.CertFile = "shop/../../etc/passwd" }, "cert_file", "within the folder"},
		{"a file with a line break", func(d *host.Domain) { file(d); d.CertFile = "a\nb" }, "cert_file", "control"},
		{"a file with a long name", func(d *host.Domain) { file(d); d.CertFile = strings.Repeat("a", 501) }, "cert_file", "500"},
		{"a file beside ACME", func(d *host.Domain) { d.CertFile = "shop/cert.pem" }, "cert_file", "acme"},
		{"a key beside none", func(d *host.Domain) { d.Certificate, d.KeyFile = host.None, "shop/key.pem" }, "key_file", "none"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := valid()
			tt.change(&d)
			faults := fault.All(d.Validate())
			if tt.field == "" {
				if len(faults) != 0 {
					t.Errorf("Validate() = %v, want none", faults)
				}
				return
			}
			if len(faults) != 1 || faults[0].Field != tt.field || !strings.Contains(faults[0].Text, tt.says) {
				t.Errorf("Validate() = %v, want one at %s that says %q", faults, tt.field, tt.says)
			}
		})
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, text, want string
		says             string // of what is refused
	}{
		{"as it is kept", "go.shop.example", "go.shop.example", ""},
		{"upper case", "GO.Shop.Example", "go.shop.example", ""},
		{"a final dot", "go.shop.example.", "go.shop.example", ""},
		{"space around it", "  go.shop.example ", "go.shop.example", ""},
		{"another script", "klick.bücher.example", "klick.xn--bcher-kva.example", ""},
		{"another script in upper case", "KLICK.BÜCHER.example", "klick.xn--bcher-kva.example", ""},
		{"its ASCII form", "klick.xn--bcher-kva.example", "klick.xn--bcher-kva.example", ""},
		{"a full stop of another script", "go。shop。example", "go.shop.example", ""},
		{"digits and hyphens", "a-1.2b.shop.example", "a-1.2b.shop.example", ""},
		{"nothing", " ", "", "missing"},
		{"one label", "localhost", "", "full host name"},
		{"a URL", "https://go.shop.example/", "", "without https://"},
		{"a port", "go.shop.example:443", "", "without a port"},
		{"an IPv4 address", "203.0.113.7", "", "address"},
		{"an IPv6 address", "2001:db8::1", "", "address"},
		{"an IPv6 address in brackets", "[2001:db8::1]", "", "address"},
		{"what browsers take for an address", "1.2.3", "", "number"},
		{"an address in other digits", "１２７.0.0.1", "", "number"},
		{"a wildcard", "*.shop.example", "", "wildcard"},
		{"a user", "me@shop.example", "", "alone"},
		{"an underscore", "go_now.shop.example", "", "not a host name"},
		{"an empty part", "go..example", "", "not a host name"},
		{"a hyphen in front", "-go.shop.example", "", "not a host name"},
		{"a space within", "go shop.example", "", "not a host name"},
		{"a broken ASCII form", "xn--a.example", "", "not a host name"},
		{"a part that is too long", strings.Repeat("a", 64) + ".example", "", "not a host name"},
		{"a name that is too long", strings.Repeat("abcdefg.", 32) + "example", "", "longer"},
		{"a control character", "go\x00.example", "", "not a host name"},
		{"invalid UTF-8", "go\xff.example", "", "not a host name"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := host.Parse(tt.text)
			if tt.says == "" && (err != nil || got != tt.want) {
				t.Errorf("Parse(%q) = %q, %v; want %q", tt.text, got, err, tt.want)
			}
			if tt.says != "" && (err == nil || got != "" || !strings.Contains(err.Error(), tt.says)) {
				t.Errorf("Parse(%q) = %q, %v; want an error that says %q", tt.text, got, err, tt.says)
			}
		})
	}
}

func TestNormaliseLeavesWhatIsNoName(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{"Go.Shop.Example.": "go.shop.example", "https://go": "https://go"} {
		d := host.Domain{Host: given}
		if d.Normalise(); d.Host != want {
			t.Errorf("Normalise() of %q = %q, want %q", given, d.Host, want)
		}
	}
}

func TestAppendKey(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]string{
		"go.shop.example":        "go.shop.example",
		"GO.shop.Example:8443":   "go.shop.example",
		"go.shop.example.":       "go.shop.example",
		"go.shop.example.:80":    "go.shop.example",
		"":                       "",
		":80":                    "",
		strings.Repeat("a", 254): "",
	} {
		if got := string(host.AppendKey(nil, header)); got != want {
			t.Errorf("AppendKey(%q) = %q, want %q", header, got, want)
		}
	}
}

func TestWarnsOfNamesThatNoAuthorityKnows(t *testing.T) {
	t.Parallel()
	d := valid()
	if w := d.Warnings(); len(w) != 1 || w[0].Field != "certificate" {
		t.Errorf("Warnings() of %s = %v, want one at certificate", d.Host, w)
	}
	d.Host = "go.shop.com"
	if w := d.Warnings(); w != nil {
		t.Errorf("Warnings() of %s = %v, want none", d.Host, w)
	}
	d.Host, d.Certificate = "go.shop.example", host.None
	if w := d.Warnings(); w != nil {
		t.Errorf("Warnings() without ACME = %v, want none", w)
	}
}

// FuzzParse holds that a name which is taken is taken again as it is written,
// and found by what a browser sends.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{"go.shop.example", "Bücher.example", "1.2.3.4", "xn--a.b", "a。b", "*.a.b", "faß.example"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		name, err := host.Parse(text)
		if err != nil {
			if name != "" || fault.Of(err) != fault.Invalid {
				t.Fatalf("Parse(%q) = %q, %v", text, name, err)
			}
			return
		}
		again, err := host.Parse(name)
		if err != nil || again != name {
			t.Errorf("Parse(%q) = %q, and of that %q, %v", text, name, again, err)
		}
		if key := string(host.AppendKey(nil, strings.ToUpper(name)+":443")); key != name {
			t.Errorf("AppendKey of %q = %q", name, key)
		}
	})
}
