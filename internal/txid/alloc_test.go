//go:build !race

package txid_test

import (
	"testing"

	"waybill/internal/txid"
)

// TestNoAllocations holds what every click does with IDs to no allocation.
func TestNoAllocations(t *testing.T) {
	ring := oneRing(t)
	mint := txid.NewMint(ring, 1, 0)
	ticket := mint.Begin(noon, aClick)
	text := ticket.ID.String()
	buf := make([]byte, 0, len(text))
	tests := []struct {
		name string
		do   func()
	}{
		{name: "Begin and Done", do: func() { mint.Begin(noon, aClick).Done() }},
		{name: "Parse", do: func() { _, _ = txid.Parse(text) }},
		{name: "Open", do: func() { _, _ = ring.Open(ticket.ID) }},
		{name: "Derive", do: func() { _, _ = ring.Derive(ticket.ID, txid.Conversion) }},
		{name: "AppendText", do: func() { _, _ = ticket.ID.AppendText(buf) }},
		{name: "Low", do: func() { mint.Low() }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := testing.AllocsPerRun(1000, tt.do); got != 0 {
				t.Errorf("%v allocations, want none", got)
			}
		})
	}
}
