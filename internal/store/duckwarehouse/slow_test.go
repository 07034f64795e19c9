//go:build slow

package duckwarehouse_test

import (
	"path/filepath"
	"testing"
	"time"

	"waybill/internal/fact"
	"waybill/internal/store/duckwarehouse"
	"waybill/internal/store/warehousetest"
)

func TestSlowRoomOfDroppedDaysIsUsedAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "warehouse.duckdb")
	w := open(t, path, duckwarehouse.Options{})
	defer w.Close()
	m := warehousetest.NewMaker(2)
	var first int64
	for i := range 8 {
		day := warehousetest.Noon().Add(time.Duration(i) * aDay)
		b := fact.Batch{Clicks: m.Clicks(day, 130_000), Positions: []fact.Position{{Source: "click/1", At: uint64(i) + 1}}} //nolint:gosec // small
		if err := w.Append(t.Context(), b); err != nil {
			t.Fatal(err)
		}
		if err := w.Retain(t.Context(), fact.Clicks, day.Add(-aDay)); err != nil {
			t.Fatal(err)
		}
		if i == 3 {
			first = fileSize(t, path)
		}
	}
	if days, err := w.Days(t.Context(), fact.Clicks); err != nil || len(days) != 2 || !days[1].Equal(warehousetest.Noon().Add(7*aDay).Truncate(aDay)) {
		t.Errorf("Days() = %v, %v; want the last two", days, err)
	}
	if last := fileSize(t, path); last > first*3/2 {
		t.Errorf("with two days kept the file has %d bytes after four and %d after eight", first, last)
	}
}
