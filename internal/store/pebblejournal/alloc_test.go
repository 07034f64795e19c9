//go:build !race

package pebblejournal

import (
	"testing"

	"waybill/internal/txid"
)

// TestAppendAllocations holds an append to its budget: nothing of its own. The
// commit makes one or two, which callers share.
func TestAppendAllocations(t *testing.T) {
	const budget = 3
	j := open(t, t.TempDir(), Options{MemTableSize: memTableSize})
	m := txid.NewMint(testRing, 1, 0)
	record, who := make([]byte, 350), []byte("0123456789abcdef")

	got := testing.AllocsPerRun(2000, func() {
		ticket := m.Begin(noon, txid.Subject{Kind: txid.Click, Offer: 7, Affiliate: 9})
		if err := j.Append(t.Context(), ticket, record, who); err != nil {
			t.Fatal(err)
		}
	})
	if got > budget {
		t.Errorf("an append makes %v allocations, budget %d", got, budget)
	}
	t.Logf("%v allocations", got)
}
