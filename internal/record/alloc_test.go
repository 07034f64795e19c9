//go:build !race

package record_test

import "testing"

// TestAppendDoesNotAllocate also builds the record within: neither it nor what
// writes it leaves the stack.
func TestAppendDoesNotAllocate(t *testing.T) {
	like := full()
	buf := make([]byte, 0, 4096)
	got := testing.AllocsPerRun(1000, func() {
		visit := like
		buf = visit.Append(buf[:0])
	})
	if got != 0 {
		t.Errorf("Append() makes %v allocations, want none", got)
	}
}

// TestReadAllocations holds reading to one copy of all text, one of raw bytes,
// and the growth of the two lists.
func TestReadAllocations(t *testing.T) {
	const budget = 1 + 1 + 3 + 3
	visit := full()
	b := visit.Append(nil)
	got := testing.AllocsPerRun(1000, func() {
		var v Visit
		if err := v.Read(b); err != nil {
			t.Error(err)
		}
	})
	if got > budget {
		t.Errorf("Read() makes %v allocations, budget %d", got, budget)
	}
}
