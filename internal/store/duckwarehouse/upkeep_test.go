package duckwarehouse_test

import (
	"maps"
	"os"
	"path/filepath"
	"testing"
	"time"

	"waybill/internal/fact"
	"waybill/internal/fault"
	"waybill/internal/report"
	"waybill/internal/store/duckwarehouse"
	"waybill/internal/store/warehousetest"
)

const aDay = 24 * time.Hour

// disorder counts the rows of a table that lie before one of a lesser offer or
// time of their day.
func disorder(t *testing.T, w *duckwarehouse.Warehouse, table string) int64 {
	t.Helper()
	var n int64
	err := w.View(t.Context(), func(r report.Reader) error {
		text := `SELECT count(*) FROM (SELECT offer, ms, lead(offer) OVER w AS next_offer, lead(ms) OVER w AS next_ms
			FROM ` + table + ` WINDOW w AS (PARTITION BY quarter // 96 ORDER BY rowid))
			WHERE next_offer < offer OR next_offer = offer AND next_ms < ms`
		return r.Rows(t.Context(), report.Statement{SQL: text}, func(row report.Row) error {
			n = row[0].Number
			return nil
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func digests(t *testing.T, w *duckwarehouse.Warehouse) map[string]duckwarehouse.Digest {
	t.Helper()
	all, err := w.Digests(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestSortedDaysLieInOrder also has days of more rows than DuckDB keeps in one
// group of rows, and looks at what becomes of the file.
func TestSortedDaysLieInOrder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "warehouse.duckdb")
	w := open(t, path, duckwarehouse.Options{})
	m := warehousetest.NewMaker(1)
	for i := range uint64(4) {
		clicks := m.Clicks(warehousetest.Noon().Add(time.Duration(i/2)*aDay), 70_000)
		if err := w.Append(t.Context(), fact.Batch{Clicks: clicks, Positions: []fact.Position{{Source: "click/1", At: i + 1}}}); err != nil {
			t.Fatal(err)
		}
	}
	before := digests(t, w)
	if disorder(t, w, fact.Clicks) == 0 {
		t.Fatal("the days are in order before they are sorted")
	}
	if err := w.Sort(t.Context(), warehousetest.Noon().Add(9*aDay)); err != nil {
		t.Fatal(err)
	}
	if n := disorder(t, w, fact.Clicks); n != 0 {
		t.Errorf("%d rows lie out of order", n)
	}
	if after := digests(t, w); !maps.Equal(before, after) {
		t.Errorf("the facts were %v, sorted they are %v", before, after)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	size := fileSize(t, path)
	w = open(t, path, duckwarehouse.Options{})
	for range 3 {
		late := fact.Batch{Clicks: m.Clicks(warehousetest.Noon(), 10), Positions: []fact.Position{{Source: "click/1", At: uint64(time.Now().UnixNano())}}}
		if err := w.Append(t.Context(), late); err != nil {
			t.Fatal(err)
		}
		if err := w.Sort(t.Context(), warehousetest.Noon().Add(9*aDay)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if again := fileSize(t, path); again > size*3/2 {
		t.Errorf("a day sorted three times more makes the file %d bytes, from %d", again, size)
	}
}

func fileSize(t *testing.T, path string) int64 {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

func TestCopyDays(t *testing.T) {
	old := filepath.Join(t.TempDir(), "it's old.duckdb")
	m := warehousetest.NewMaker(3)
	former := open(t, old, duckwarehouse.Options{})
	var batches []fact.Batch
	for i := range 3 {
		b := m.Batch(warehousetest.Noon().Add(time.Duration(i)*aDay), 50, uint64(i)+1)
		b.Clicks[0].Browser = "A browser of old"
		batches = append(batches, b)
		if err := former.Append(t.Context(), b); err != nil {
			t.Fatal(err)
		}
	}
	if err := former.Close(); err != nil {
		t.Fatal(err)
	}

	w, want := empty(t), empty(t)
	for i := range 2 {
		if err := want.Append(t.Context(), batches[i]); err != nil {
			t.Fatal(err)
		}
	}
	told := 0
	tell := func(string, time.Time, int, int) { told++ }
	for range 2 {
		for _, table := range fact.Tables() {
			if err := w.CopyDays(t.Context(), old, table.Name, warehousetest.Noon().Add(2*aDay), tell); err != nil {
				t.Fatal(err)
			}
		}
	}
	if told != 2*len(fact.Tables()) {
		t.Errorf("told of %d days, want of each once", told)
	}
	if got, want := digests(t, w), digests(t, want); !maps.Equal(got, want) {
		t.Errorf("copied are %v, want %v", got, want)
	}
	if err := w.Verify(t.Context(), tell); err != nil {
		t.Errorf("Verify() = %v", err)
	}
	if positions, err := w.Positions(t.Context()); err != nil || len(positions) != 0 {
		t.Errorf("Positions() = %v, %v; want none", positions, err)
	}
	if err := w.CopyDays(t.Context(), filepath.Join(t.TempDir(), "none.duckdb"), fact.Clicks, warehousetest.Noon(), tell); fault.Of(err) != fault.Damaged {
		t.Errorf("CopyDays() of no file = %v", err)
	}
}

func empty(t *testing.T) *duckwarehouse.Warehouse {
	t.Helper()
	w := open(t, filepath.Join(t.TempDir(), "warehouse.duckdb"), duckwarehouse.Options{})
	t.Cleanup(func() { w.Close() })
	return w
}
