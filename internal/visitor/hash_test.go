package visitor_test

import (
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"waybill/internal/visitor"
)

// keys draws secrets that anybody can, each use its own.
type keys struct{ name string }

func (k *keys) Subkey(use string) (key [32]byte) {
	copy(key[:], k.name+" "+use)
	return key
}

func TestHashTellsVisitorsApartWithinADay(t *testing.T) {
	ours, noon := &keys{"ours"}, time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	midnight := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	addr := netip.MustParseAddr("203.0.113.9")
	want := new(visitor.Hasher).Hash(ours, noon, addr, chromeWindows)
	tests := []struct {
		name string
		keys visitor.Keys
		at   time.Time
		addr string
		ua   string
		same bool
	}{
		{name: "the same visitor again", keys: ours, at: noon, addr: "203.0.113.9", ua: chromeWindows, same: true},
		{name: "in the day's first millisecond", keys: ours, at: midnight.AddDate(0, 0, -1), addr: "203.0.113.9", ua: chromeWindows, same: true},
		{name: "in the day's last millisecond", keys: ours, at: midnight.Add(-time.Millisecond), addr: "203.0.113.9", ua: chromeWindows, same: true},
		{name: "at 00:00 UTC", keys: ours, at: midnight, addr: "203.0.113.9", ua: chromeWindows},
		{name: "after midnight in another zone", keys: ours, at: noon.In(time.FixedZone("", 13*3600)), addr: "203.0.113.9", ua: chromeWindows, same: true},
		{name: "a year later", keys: ours, at: noon.AddDate(1, 0, 0), addr: "203.0.113.9", ua: chromeWindows},
		{name: "the same address within IPv6", keys: ours, at: noon, addr: "::ffff:203.0.113.9", ua: chromeWindows, same: true},
		{name: "an equal ring of the next catalog", keys: &keys{"ours"}, at: noon, addr: "203.0.113.9", ua: chromeWindows, same: true},
		{name: "another installation", keys: &keys{"theirs"}, at: noon, addr: "203.0.113.9", ua: chromeWindows},
		{name: "another address", keys: ours, at: noon, addr: "203.0.113.8", ua: chromeWindows},
		{name: "another agent", keys: ours, at: noon, addr: "203.0.113.9", ua: chromeWindows + " Edg/142.0.0.0"},
		{name: "no agent", keys: ours, at: noon, addr: "203.0.113.9"},
	}
	var hasher visitor.Hasher // one for all, so that salts follow each other
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := hasher.Hash(tt.keys, tt.at, netip.MustParseAddr(tt.addr), tt.ua)
			if (got == want) != tt.same {
				t.Errorf("Hash() = %x, the first was %x; want the same: %t", got, want, tt.same)
			}
		})
	}
}

// TestHashStays holds the hash to what it has been: a node that is upgraded
// during a day must not count its visitors anew.
func TestHashStays(t *testing.T) {
	noon := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	got := new(visitor.Hasher).Hash(&keys{"ours"}, noon, netip.MustParseAddr("203.0.113.9"), "Mozilla/5.0")
	if want := uint64(0x118b12f99e988537); got != want {
		t.Errorf("Hash() = %#x, want %#x", got, want)
	}
}

// TestHashOfUnusualVisitors holds it to any address and agent there may be.
func TestHashOfUnusualVisitors(t *testing.T) {
	var hasher visitor.Hasher
	ours, noon := &keys{"ours"}, time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	seen := map[uint64]string{}
	for _, addr := range []netip.Addr{{}, netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("2001:db8::2")} {
		for _, ua := range []string{"", "x", strings.Repeat("x", 1024)} {
			who := fmt.Sprintf("%s with %d bytes of agent", addr, len(ua))
			got := hasher.Hash(ours, noon, addr, ua)
			if other, ok := seen[got]; ok {
				t.Errorf("%s and %s have the same hash", who, other)
			}
			seen[got] = who
		}
	}
	long := strings.Repeat("x", 1024)
	if a, b := hasher.Hash(ours, noon, netip.Addr{}, long), hasher.Hash(ours, noon, netip.Addr{}, long+"y"); a != b {
		t.Errorf("Hash() looks beyond 1,024 bytes of agent: %x, then %x", a, b)
	}
}

// TestHashFromManyGoroutines lets two days be hashed at the same time.
func TestHashFromManyGoroutines(t *testing.T) {
	var hasher visitor.Hasher
	ours, addr := &keys{"ours"}, netip.MustParseAddr("203.0.113.9")
	noon := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	days := [2]time.Time{noon, noon.AddDate(0, 0, 1)}
	want := [2]uint64{hasher.Hash(ours, days[0], addr, "x"), hasher.Hash(ours, days[1], addr, "x")}
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for i := range 1000 {
				if got := hasher.Hash(ours, days[i%2], addr, "x"); got != want[i%2] {
					t.Errorf("Hash() on day %d = %x, want %x", i%2, got, want[i%2])
				}
			}
		})
	}
	all.Wait()
}
