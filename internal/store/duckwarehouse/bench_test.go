package duckwarehouse_test

import (
	"path/filepath"
	"testing"

	"waybill/internal/fact"
	"waybill/internal/store/duckwarehouse"
	"waybill/internal/store/warehousetest"
)

// BenchmarkAppend appends clicks in batches of two sizes: that of a second of
// heavy traffic, and that of a rebuild.
func BenchmarkAppend(b *testing.B) {
	for _, bench := range []struct {
		name string
		size int
	}{{"10k", 10_000}, {"100k", 100_000}} {
		b.Run(bench.name, func(b *testing.B) {
			w := open(b, filepath.Join(b.TempDir(), "warehouse.duckdb"), duckwarehouse.Options{})
			defer w.Close()
			clicks := warehousetest.NewMaker(1).Clicks(warehousetest.Noon(), bench.size)
			at := uint64(0)
			for b.Loop() {
				at++
				batch := fact.Batch{Clicks: clicks, Positions: []fact.Position{{Source: "click/1", At: at}}}
				if err := w.Append(b.Context(), batch); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(bench.size*b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}
