package pebblejournal

import (
	"testing"
	"time"
)

func TestHistogram(t *testing.T) {
	tests := []struct {
		name   string
		took   time.Duration
		bucket int
	}{
		{name: "nothing is in the first bucket", took: 0, bucket: 0},
		{name: "time stepping back is nothing", took: -time.Second, bucket: 0},
		{name: "a bound is inclusive", took: firstTime, bucket: 0},
		{name: "just above a bound is the next bucket", took: firstTime + 1, bucket: 1},
		{name: "the second bound is inclusive", took: 2 * firstTime, bucket: 1},
		{name: "just above the second", took: 2*firstTime + 1, bucket: 2},
		{name: "half a second", took: 500 * time.Millisecond, bucket: 14},
		{name: "an hour is above all bounds", took: time.Hour, bucket: buckets - 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var c counts
			c.time(tt.took)
			h := c.read(uint64(firstTime), float64(time.Second))
			if h.Counts[tt.bucket] != 1 || h.Count() != 1 {
				t.Errorf("time(%v) gives %v, want a 1 at %d", tt.took, h.Counts, tt.bucket)
			}
			if tt.bucket < len(h.Bounds) && tt.took.Seconds() > h.Bounds[tt.bucket] {
				t.Errorf("%v is above its bound %v s", tt.took, h.Bounds[tt.bucket])
			}
			if tt.bucket > 0 && tt.took.Seconds() <= h.Bounds[tt.bucket-1] {
				t.Errorf("%v is not above the bound before, %v s", tt.took, h.Bounds[tt.bucket-1])
			}
		})
	}
}
