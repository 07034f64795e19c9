package main

import (
	"context"
	"errors"
	"io/fs"
	"testing"
	"time"

	"waybill/internal/work/tally"
)

// TestRetentionWaitsForARebuild has what a rebuild reads left as it is.
func TestRetentionWaitsForARebuild(t *testing.T) {
	y := newYard(t)
	done := 0
	chore := y.unlessRebuilding(func(context.Context, time.Time) error { done++; return fs.ErrInvalid })
	y.warehouse.dropping.Lock()
	if err := chore(t.Context(), time.Now()); err != nil || done != 0 {
		t.Errorf("under a rebuild the chore is done %d times, %v", done, err)
	}
	y.warehouse.dropping.Unlock()
	if err := chore(t.Context(), time.Now()); !errors.Is(err, fs.ErrInvalid) || done != 1 {
		t.Errorf("without one it is done %d times, %v", done, err)
	}
	y.clicks(time.Now(), 1)
	from := y.sources
	y.sources = func(ctx context.Context) (s tally.Sources, err error) {
		if err := chore(ctx, time.Now()); err != nil || done != 1 {
			t.Errorf("amid a rebuild the chore is done %d times, %v", done, err)
		}
		return from(ctx)
	}
	y.mustRebuild()
	if err := chore(t.Context(), time.Now()); !errors.Is(err, fs.ErrInvalid) || done != 2 {
		t.Errorf("after it the chore is done %d times, %v", done, err)
	}
}
