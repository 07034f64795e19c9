package duckwarehouse

import "testing"

// A report may not take the disk that clicks are written to.
func TestSpillLeavesMostOfTheDisk(t *testing.T) {
	dir := t.TempDir()
	free, ok := freeSpace(dir)
	if !ok {
		t.Skip("this system does not tell how much is free")
	}
	if got := spill(dir); got > max(free/4, 64<<20) {
		t.Errorf("spill = %d of %d bytes free, want at most a quarter", got, free)
	}
	if got := spill("/there/is/no/such/folder"); got != 4<<30 {
		t.Errorf("spill where nothing is told = %d, want 4 GiB", got)
	}
}
