package visitor_test

import (
	"bytes"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"waybill/internal/visitor"
)

func world(t testing.TB) *visitor.Atlas {
	t.Helper()
	atlas, err := visitor.World()
	if err != nil {
		t.Fatalf("World() = %v", err)
	}
	return atlas
}

func TestCountry(t *testing.T) {
	t.Parallel()
	atlas := world(t)
	tests := []struct{ name, addr, want string }{
		{"Google's resolver is in the United States", "8.8.8.8", "US"},
		{"the same as IPv6 writes it", "::ffff:8.8.8.8", "US"},
		{"a German university", "141.20.1.1", "DE"},
		{"the British broadcaster", "212.58.244.1", "GB"},
		{"a French provider", "212.27.48.10", "FR"},
		{"a Japanese university", "133.11.1.1", "JP"},
		{"a Brazilian provider", "200.160.2.3", "BR"},
		{"an Australian university", "130.102.1.1", "AU"},
		{"IPv6 in Germany", "2003::1", "DE"},
		{"IPv6 in the United States", "2600::1", "US"},
		{"a private address is nowhere", "192.168.1.1", ""},
		{"loopback is nowhere", "127.0.0.1", ""},
		{"IPv6 loopback is nowhere", "::1", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for range 2 { // read, then remembered
				if got := atlas.Country(netip.MustParseAddr(tt.addr)); got != tt.want {
					t.Errorf("Country(%s) = %q, want %q", tt.addr, got, tt.want)
				}
			}
		})
	}
}

func TestNoAddressIsNowhere(t *testing.T) {
	t.Parallel()
	if got := world(t).Country(netip.Addr{}); got != "" {
		t.Errorf("Country of no address = %q, want none", got)
	}
	if got := visitor.NewGuide(nil).Look(netip.MustParseAddr("8.8.8.8"), chromeWindows); got.Country != "" {
		t.Errorf("Look without an atlas = %+v, want no country", got)
	}
}

func TestLookFindsTheCountry(t *testing.T) {
	t.Parallel()
	guide := visitor.NewGuide(world(t))
	us, de := netip.MustParseAddr("8.8.8.8"), netip.MustParseAddr("141.20.1.1")
	// One agent, two countries: what is remembered of an agent has no country.
	for _, tt := range []struct {
		addr netip.Addr
		want string
	}{{us, "US"}, {de, "DE"}, {us, "US"}} {
		if got := guide.Look(tt.addr, chromeWindows); got.Country != tt.want {
			t.Errorf("Look(%s) = %+v, want country %s", tt.addr, got, tt.want)
		}
	}
}

func TestBuiltIsWhenTheDataWasMade(t *testing.T) {
	t.Parallel()
	if got := world(t).Built(); got.Before(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("Built() = %s, want 2026 or later", got)
	}
}

func TestOpenAtlasRefusesWhatIsNoCountryData(t *testing.T) {
	t.Parallel()
	whole, err := os.ReadFile("dbip-country.mmdb")
	if err != nil {
		t.Fatal(err)
	}
	renamed := bytes.ReplaceAll(whole, []byte("country_code"), []byte("another_name"))
	for _, tt := range []struct {
		name string
		data []byte
	}{
		{"nothing", nil},
		{"a text", []byte("country,US")},
		{"half a file", whole[:len(whole)/2]},
		{"records without a country", renamed},
	} {
		if _, err := visitor.OpenAtlas(tt.data); err == nil {
			t.Errorf("OpenAtlas(%s) opened it, want an error", tt.name)
		}
	}
}

// TestLookTogether looks from many goroutines at once; the race detector
// watches.
func TestLookTogether(t *testing.T) {
	t.Parallel()
	guide, addr := visitor.NewGuide(world(t)), netip.MustParseAddr("8.8.8.8")
	var wrong atomic.Int64
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 20 {
				for _, tt := range agents() {
					want := tt.want
					want.Country = "US"
					if guide.Look(addr, tt.ua) != want {
						wrong.Add(1)
					}
				}
			}
		})
	}
	wg.Wait()
	if got := wrong.Load(); got != 0 {
		t.Errorf("%d looks gave something else than one look alone", got)
	}
}
