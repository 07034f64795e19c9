//go:build !race

package visitor_test

import (
	"net/netip"
	"testing"

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
