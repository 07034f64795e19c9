package duckwarehouse_test

import (
	"path/filepath"
	"testing"

	"waybill/internal/fact"
	"waybill/internal/store/duckwarehouse"
	"waybill/internal/store/warehousetest"
)

// BenchmarkAppend appends clicks in batches of several sizes: that of a second
// of heavy traffic, and those of a rebuild. Of whole groups of 122,880 rows the
// last is made: they go into the file at once, not by way of the log.
func BenchmarkAppend(b *testing.B) {
	for _, bench := range []struct {
		name string
		size int
	}{{"10k", 10_000}, {"100k", 100_000}, {"492k", 4 * 122_880}} {
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
