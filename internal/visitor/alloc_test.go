//go:build !race

package visitor_test

import (
	"net/netip"
	"testing"
	"time"

	"waybill/internal/visitor"
)

// TestLookAllocations holds a look at an agent and a country met before to
// nothing: every click makes one.
func TestLookAllocations(t *testing.T) {
	guide, addr := visitor.NewGuide(world(t)), netip.MustParseAddr("8.8.8.8")
	guide.Look(addr, chromeWindows)
	if got := testing.AllocsPerRun(1000, func() { guide.Look(addr, chromeWindows) }); got != 0 {
		t.Errorf("a look makes %v allocations, want none", got)
	}
	if got := testing.AllocsPerRun(1000, func() { guide.Look(addr, "") }); got != 0 {
		t.Errorf("a look at no agent makes %v allocations, want none", got)
	}
}

// TestHashAllocations holds a hash to nothing, once the day has its salt.
func TestHashAllocations(t *testing.T) {
	var hasher visitor.Hasher
	ours, addr, noon := &keys{"ours"}, netip.MustParseAddr("8.8.8.8"), time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	hasher.Hash(ours, noon, addr, chromeWindows)
	if got := testing.AllocsPerRun(1000, func() { hasher.Hash(ours, noon, addr, chromeWindows) }); got != 0 {
		t.Errorf("a hash makes %v allocations, want none", got)
	}
}
