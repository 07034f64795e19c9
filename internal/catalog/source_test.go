package catalog_test

import (
	"bytes"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/catalog"
	"waybill/internal/tune"
)

func TestDecodeGivesWhatWasEncoded(t *testing.T) {
	t.Parallel()
	text, err := catalog.Encode(source())
	if err != nil {
		t.Fatal(err)
	}
	got, err := catalog.Decode(text)
	if err != nil {
		t.Fatal(err)
	}
	prefix := cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })
	if diff := cmp.Diff(source(), got, prefix); diff != "" {
		t.Errorf("Decode(Encode()) (-want +got):\n%s", diff)
	}
	if c := build(t, got); c.Problems() != nil {
		t.Errorf("the catalog of what was decoded has problems: %v", c.Problems())
	}
}

// TestDecodeReadsWhatKnowsNoAccess holds copies that nodes left on disk before
// offers could ask for approval: every offer is open.
func TestDecodeReadsWhatKnowsNoAccess(t *testing.T) {
	t.Parallel()
	s := source()
	s.Access = nil
	for i := range s.Offers {
		s.Offers[i].Access = ""
	}
	text, err := catalog.Encode(s)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(text, []byte("access")) {
		t.Fatalf("the text knows of access:\n%s", text)
	}
	got, err := catalog.Decode(text)
	if err != nil {
		t.Fatal(err)
	}
	c := build(t, got)
	for o := range c.Offers() {
		if !c.Admits(o, 7) || !c.Admits(o, 99) {
			t.Errorf("offer %d does not admit everybody", o.ID)
		}
	}
}

func TestDecodeRefuses(t *testing.T) {
	t.Parallel()
	whole, err := catalog.Encode(source())
	if err != nil {
		t.Fatal(err)
	}
	changed := bytes.Replace(whole, []byte(`"version":17`), []byte(`"version":18`), 1)
	later := bytes.Replace(whole, []byte("catalog 1"), []byte("catalog 2"), 1)
	tests := []struct {
		name string
		text []byte
	}{
		{"an empty file", nil},
		{"a file of zeros", make([]byte, 4096)},
		{"a file without its last byte", whole[:len(whole)-1]},
		{"half a file", whole[:len(whole)/2]},
		{"a file with something behind it", append(bytes.Clone(whole), 'x')},
		{"the head alone", whole[:bytes.IndexByte(whole, '\n')]},
		{"a changed file", changed},
		{"another form", later},
		{"JSON without a head", whole[bytes.IndexByte(whole, '\n')+1:]},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got, err := catalog.Decode(tt.text); err == nil || got.Version != 0 {
				t.Errorf("Decode() = version %d, %v; want an error", got.Version, err)
			}
		})
	}
	if bytes.Equal(changed, whole) || bytes.Equal(later, whole) {
		t.Fatal("the test changed nothing")
	}
}

func TestTuneRuleValidate(t *testing.T) {
	t.Parallel()
	err := catalog.Settings{TuneIDs: "guess", FallbackURL: "nowhere"}.Validate()
	if err == nil || !strings.Contains(err.Error(), "tune_ids: ") || !strings.Contains(err.Error(), "fallback_url: ") {
		t.Errorf("Validate() = %v, want both fields", err)
	}
	if err := (catalog.Settings{TuneIDs: tune.Refuse}).Validate(); err != nil {
		t.Error(err)
	}
}

func FuzzDecode(f *testing.F) {
	whole, err := catalog.Encode(source())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Add([]byte("waybill catalog 1 sha256:\n{}\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := catalog.Decode(text)
		if err != nil {
			return
		}
		if _, err := catalog.Encode(s); err != nil {
			t.Errorf("what was decoded cannot be encoded: %v", err)
		}
		_, _ = catalog.New(s)
	})
}

func TestSettingsValidate(t *testing.T) {
	t.Parallel()
	tests := []struct {
		url  string
		good bool
	}{
		{"", true},
		{"https://network.example/{sub1}", true},
		{"https://network.example/{payout}", false},
		{"network.example", false},
	}
	for _, tt := range tests {
		err := catalog.Settings{FallbackURL: tt.url}.Validate()
		if (err == nil) != tt.good || err != nil && !strings.HasPrefix(err.Error(), "fallback_url: ") {
			t.Errorf("Validate() of %q = %v, want it good: %t", tt.url, err, tt.good)
		}
	}
}
