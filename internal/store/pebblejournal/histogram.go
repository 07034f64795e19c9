package pebblejournal

import (
	"math/bits"
	"sync/atomic"
	"time"
)

// Histogram says how often something took how long, or was how large.
type Histogram struct {
	Bounds []float64 // upper bounds, inclusive, rising; all above the last one is one more bucket
	Counts []uint64  // by bucket, not cumulated; one more than Bounds
	Sum    float64
}

// Count gives how many there were in all.
func (h Histogram) Count() uint64 {
	var n uint64
	for _, c := range h.Counts {
		n += c
	}
	return n
}

const (
	buckets = 17
	// The first bounds: 50 µs, which doubles up to 1.6 s, and 1 record, up to
	// 32768.
	firstTime = 50 * time.Microsecond
	firstSize = 1
)

// counts is a histogram that is being written, from many goroutines. Its
// bounds are doubles of a first one.
type counts struct {
	n   [buckets]atomic.Uint64
	sum atomic.Uint64
}

// observe counts v, in units of the first bound.
func (c *counts) observe(v, first uint64) {
	i := 0
	if v > first {
		i = bits.Len64((v - 1) / first)
	}
	c.n[min(i, buckets-1)].Add(1)
	c.sum.Add(v)
}

func (c *counts) time(d time.Duration) { c.observe(uint64(max(d, 0)), uint64(firstTime)) }

func (c *counts) size(n int) { c.observe(uint64(max(n, 0)), firstSize) }

// read gives what was counted so far, with bounds and sum divided by unit.
func (c *counts) read(first uint64, unit float64) Histogram {
	h := Histogram{
		Bounds: make([]float64, buckets-1),
		Counts: make([]uint64, buckets),
		Sum:    float64(c.sum.Load()) / unit,
	}
	for i := range h.Bounds {
		h.Bounds[i] = float64(first<<i) / unit
	}
	for i := range h.Counts {
		h.Counts[i] = c.n[i].Load()
	}
	return h
}
