//go:build !race

package catalog_test

import (
	"testing"
	"time"
)

// TestLookUpsDoNotAllocate holds the hot path's look-ups to their budget.
func TestLookUpsDoNotAllocate(t *testing.T) {
	c, at := build(t, source()), time.Date(2026, 11, 22, 11, 0, 0, 0, time.UTC)
	tests := []struct {
		name string
		do   func() bool
	}{
		{"Link", func() bool { _, ok := c.Link("spring"); return ok }},
		{"Domain", func() bool { _, ok := c.Domain("GO.shop.example:443"); return ok }},
		{"Affiliate", func() bool { _, ok := c.Affiliate(7); return ok }},
		{"Advertiser", func() bool { _, ok := c.Advertiser(3); return ok }},
		{"Offer", func() bool { o, ok := c.Offer(5); return ok && !o.Paused() }},
		{"Goal", func() bool { o, _ := c.Offer(5); _, ok := o.Goal("SALE"); return ok }},
		{"KeyByHash", func() bool { _, ok := c.KeyByHash("aa"); return ok }},
		{"Admits", func() bool { o, _ := c.Offer(6); return c.Admits(o, 7) && !c.Admits(o, 8) }},
		{"CapReached", func() bool { return c.CapReached(5, 8, at) && !c.CapReached(5, 7, at) }},
		{"the rest", func() bool { return c.Ring() != nil && c.Fallback() != nil && c.Settings().IdentityKey != nil }},
	}
	for _, tt := range tests {
		if got := testing.AllocsPerRun(100, func() {
			if !tt.do() {
				t.Fatalf("%s finds nothing", tt.name)
			}
		}); got != 0 {
			t.Errorf("%s makes %v allocations, want none", tt.name, got)
		}
	}
}
