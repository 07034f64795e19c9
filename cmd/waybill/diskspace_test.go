package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"waybill/internal/fact"
	"waybill/internal/fault"
)

func TestReportsLeaveTwiceWhatTheJournalDoes(t *testing.T) {
	const mib, gib = 1 << 20, 1 << 30
	tests := []struct {
		name              string
		minFree           uint64 // in MiB
		free, total, need uint64
		refused           bool
	}{
		{name: "a large disk with a fiftieth free", free: 2 * gib, total: 100 * gib},
		{name: "a large disk with less", free: 2*gib - 1, total: 100 * gib, refused: true},
		{name: "a small disk with 512 MiB free", free: 512 * mib, total: 10 * gib},
		{name: "a small disk with less", free: 512*mib - 1, total: 10 * gib, refused: true},
		{name: "twice the setting", minFree: 1, free: 2 * mib, total: 100 * gib},
		{name: "less than twice the setting", minFree: 1, free: 2*mib - 1, total: 100 * gib, refused: true},
		{name: "just what is needed beside", minFree: 1, free: 12 * mib, total: 100 * gib, need: 10 * mib},
		{name: "less than is needed beside", minFree: 1, free: 12*mib - 1, total: 100 * gib, need: 10 * mib, refused: true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWarehouse(reporting{bounds: bounds{MinFreeMiB: tt.minFree}}, t.TempDir(), nil)
			w.usage = func(string) (vfs.DiskUsage, error) {
				return vfs.DiskUsage{AvailBytes: tt.free, TotalBytes: tt.total}, nil
			}
			err := w.room(t.TempDir(), tt.need)
			if refused := err != nil; refused != tt.refused || refused && fault.Of(err) != fault.Unavailable {
				t.Errorf("room() = %v, want it refused: %t", err, tt.refused)
			}
		})
	}
}

func TestRoomOfAFolderThatIsNotThereYet(t *testing.T) {
	dir := t.TempDir()
	w := newWarehouse(reporting{bounds: bounds{MinFreeMiB: 1}}, dir, nil)
	if err := w.room(filepath.Join(dir, "a", "b"), 0); err != nil {
		t.Errorf("room() = %v", err)
	}
	if err := w.room(filepath.Join(dir, "a", "b"), 1<<60); fault.Of(err) != fault.Unavailable {
		t.Errorf("room() for an exbibyte = %v, want it refused", err)
	}
	w.usage = func(string) (vfs.DiskUsage, error) { return vfs.DiskUsage{}, errors.New("not told") }
	if err := w.room(dir, 1<<60); err != nil {
		t.Errorf("room() where nobody tells = %v", err)
	}
}

// freeDisk makes a yard's disk seem to have so much free.
func (y *yard) freeDisk(free uint64) {
	y.warehouse.usage = func(string) (vfs.DiskUsage, error) { return vfs.DiskUsage{AvailBytes: free, TotalBytes: 1 << 40}, nil }
}

// TestReportsStopBeforeTheDiskIsFull has everything that writes for reports meet a
// disk that is nearly full, and then one with room.
func TestReportsStopBeforeTheDiskIsFull(t *testing.T) {
	y := newYard(t)
	day := time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, -3)
	y.clicks(day.Add(time.Hour), 5)
	y.mustRebuild()
	f := &feed{warehouse: y.warehouse}
	if _, err := f.Positions(t.Context()); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "exports")
	writers := map[string]func() error{
		"a batch": func() error {
			return f.Append(t.Context(), fact.Batch{Positions: []fact.Position{{Source: "click/2", At: 1, Through: time.Now()}}})
		},
		"a sort": func() error { return f.Sort(t.Context(), time.Now()) },
		"an export": func() error {
			_, err := y.warehouse.exportDay(t.Context(), fact.Clicks, day, "csv", dir)
			return err
		},
		"a rebuild": func() error { return y.rebuild(rebuild{}) },
	}
	y.freeDisk(2<<20 - 1)
	for name, write := range writers {
		if err := write(); fault.Of(err) != fault.Unavailable || !strings.Contains(err.Error(), "disk") {
			t.Errorf("on a disk that is nearly full %s gives %v, want a refusal", name, err)
		}
	}
	if !missing(dir) || !missing(y.warehouse.fresh()) {
		t.Error("something was written all the same")
	}
	y.freeDisk(1 << 30)
	for _, name := range []string{"a batch", "a sort", "an export", "a rebuild"} {
		if err := writers[name](); err != nil {
			t.Errorf("with room again, %s gives %v", name, err)
		}
	}
}

func TestARebuildNeedsTheOldFilesSizeBeside(t *testing.T) {
	y := newYard(t)
	y.clicks(time.Now().UTC().AddDate(0, 0, -3), 5)
	y.mustRebuild()
	y.mustRebuild() // there is an old file now
	info, err := os.Stat(y.warehouse.path)
	if err != nil {
		t.Fatal(err)
	}
	y.freeDisk(2<<20 + uint64(info.Size()) - 1)
	err = y.rebuild(rebuild{})
	if fault.Of(err) != fault.Unavailable || !strings.Contains(err.Error(), oldSuffix) {
		t.Errorf("rebuild = %v, want a refusal that names the file to delete", err)
	}
	if got := y.digests()[fact.Clicks].Rows; got != 5 {
		t.Errorf("afterwards the warehouse holds %d clicks, want 5", got)
	}
}

// TestADiskThatFillsUpEndsARebuild has the space end while older days are copied.
func TestADiskThatFillsUpEndsARebuild(t *testing.T) {
	y, shipped := older(t)
	into := &copying{y: y}
	y.warehouse.usage = into.usage
	err := y.rebuild(rebuild{})
	if fault.Of(err) != fault.Unavailable || !strings.Contains(err.Error(), "disk nearly full") {
		t.Errorf("rebuild = %v, want it refused for want of space", err)
	}
	if !missing(y.warehouse.fresh()) {
		t.Error("the new file is left there")
	}
	if got := y.digests(); got[fact.Clicks] != shipped[fact.Clicks] {
		t.Errorf("the old file holds %v, before %v", got, shipped)
	}
}

// copying is a disk that is full once the old file is lent.
type copying struct{ y *yard }

func (c *copying) usage(string) (vfs.DiskUsage, error) {
	u := vfs.DiskUsage{AvailBytes: 1 << 40, TotalBytes: 1 << 40}
	if c.y.warehouse.lent {
		u.AvailBytes = 0
	}
	return u, nil
}
