//go:build !race

package click_test

import (
	"testing"

	"waybill/internal/click"
)

// TestAppendDoesNotAllocate holds a click's record to the hot path's budget.
func TestAppendDoesNotAllocate(t *testing.T) {
	c := full(t)
	buf := make([]byte, 0, 4096)
	if got := testing.AllocsPerRun(1000, func() { buf = c.Append(buf[:0]) }); got != 0 {
		t.Errorf("Append() makes %v allocations, want none", got)
	}
}

// TestReadAllocations holds reading to one copy of all text, the location, the
// ID's text within it, and the list of marks.
func TestReadAllocations(t *testing.T) {
	const budget = 5
	c := full(t)
	b := c.Append(nil)
	got := testing.AllocsPerRun(1000, func() {
		if _, err := click.Read(c.ID, b); err != nil {
			t.Error(err)
		}
	})
	if got > budget {
		t.Errorf("Read() makes %v allocations, budget %d", got, budget)
	}
}
