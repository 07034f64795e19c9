//go:build !race

package signal_test

import "testing"

// TestAppendAllocations holds a signal's record to one allocation: the names of
// its parameters as words.
func TestAppendAllocations(t *testing.T) {
	const budget = 1
	s := full(t)
	buf := make([]byte, 0, 4096)
	if got := testing.AllocsPerRun(1000, func() { buf = s.Append(buf[:0]) }); got > budget {
		t.Errorf("Append() makes %v allocations, budget %d", got, budget)
	}
}
