package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"waybill/internal/fact"
	"waybill/internal/fault"
	"waybill/internal/store/duckwarehouse"
)

// Reports must not take the disk that clicks and postbacks need: what writes for
// them stops while the journal still goes on.

const (
	// leastFree is how much disk the journal leaves free by default, where that is
	// more than a hundredth of it.
	leastFree = 256 << 20
	// aheadOfJournal is how many times as much reports leave free.
	aheadOfJournal = 2
)

// diskUsage tells how much of a folder's disk is free, as the journal is told.
func diskUsage(dir string) (vfs.DiskUsage, error) { return vfs.Default.GetDiskUsage(dir) }

// room is Unavailable when a folder's disk has less room than what reports leave
// free and need bytes beside. Where it cannot be told there is room: a disk that
// is full says so itself.
func (w *warehouse) room(dir string, need uint64) error {
	usage, err := w.usage(existing(dir))
	if err != nil {
		return nil //nolint:nilerr // as above
	}
	floor := w.settings.MinFreeMiB << 20
	if floor == 0 {
		floor = max(leastFree, usage.TotalBytes/100)
	}
	floor *= aheadOfJournal
	if usage.AvailBytes >= floor+need {
		return nil
	}
	if need == 0 {
		return fault.New(fault.Unavailable, "disk nearly full: %d MiB free, reports leave %d to clicks and postbacks", usage.AvailBytes>>20, floor>>20)
	}
	return fault.New(fault.Unavailable, "disk too full: %d MiB free, this needs about %d and leaves %d to clicks and postbacks", usage.AvailBytes>>20, need>>20, floor>>20)
}

// existing gives the folder itself, or the nearest above it that there is.
func existing(dir string) string {
	for {
		_, err := os.Stat(dir)
		above := filepath.Dir(dir)
		if !errors.Is(err, fs.ErrNotExist) || above == dir {
			return dir
		}
		dir = above
	}
}

// spare is room in the warehouse's own folder.
func (w *warehouse) spare() error { return w.room(filepath.Dir(w.path), 0) }

// spareForAnother makes sure that another file of the present one's size can be
// made beside it.
func (w *warehouse) spareForAnother() error {
	var size int64
	for _, path := range []string{w.path, w.path + walSuffix} {
		if info, err := os.Stat(path); err == nil {
			size += info.Size()
		}
	}
	err := w.room(filepath.Dir(w.path), uint64(size))
	if old := w.path + oldSuffix; err != nil && !missing(old) {
		return fault.New(fault.Unavailable, "%s; %s is from the last rebuild and may be deleted", err, old)
	}
	return err
}

// sparing is a new file as a rebuild fills it: no further than the disk has room.
type sparing struct {
	*duckwarehouse.Warehouse
	beside *warehouse
}

// Append stores a batch of facts.
func (s sparing) Append(ctx context.Context, b fact.Batch) error {
	if err := s.beside.spare(); err != nil {
		return err
	}
	return s.Warehouse.Append(ctx, b)
}

// Sort puts closed days into order.
func (s sparing) Sort(ctx context.Context, before time.Time) error {
	if err := s.beside.spare(); err != nil {
		return err
	}
	return s.Warehouse.Sort(ctx, before)
}
