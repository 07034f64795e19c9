package duckwarehouse_test

import (
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"waybill/internal/fact"
	"waybill/internal/fault"
	"waybill/internal/report"
	"waybill/internal/store/duckwarehouse"
	"waybill/internal/store/warehousetest"
)

// exported writes a batch into a warehouse, with another of the next day, and
// exports the day.
func exported(t *testing.T, b fact.Batch, table, format string) (*duckwarehouse.Warehouse, string) {
	t.Helper()
	w := open(t, filepath.Join(t.TempDir(), "warehouse.duckdb"), duckwarehouse.Options{})
	t.Cleanup(func() { w.Close() })
	next := warehousetest.NewMaker(99).Batch(warehousetest.Noon().Add(24*time.Hour), 5, b.Positions[0].At+1)
	for _, one := range []fact.Batch{b, next} {
		if err := w.Append(t.Context(), one); err != nil {
			t.Fatal(err)
		}
	}
	dir := filepath.Join(t.TempDir(), "it's for BI")
	name, err := w.Export(t.Context(), table, warehousetest.Noon(), format, dir)
	if err != nil {
		t.Fatal(err)
	}
	if want := filepath.Join(dir, table, "day=2026-03-14."+format); name != want {
		t.Errorf("Export() wrote %s, want %s", name, want)
	}
	left, err := os.ReadDir(filepath.Dir(name))
	if err != nil || len(left) != 1 {
		t.Errorf("the folder holds %v, %v; want the file alone", left, err)
	}
	if info, err := os.Stat(name); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file is %v, %v; want it for its owner alone", info, err)
	}
	return w, name
}

func TestExportedClicks(t *testing.T) {
	b := warehousetest.NewMaker(1).Batch(warehousetest.Noon(), 100, 1)
	b.Clicks[0].Source = `a "quoted", comma` + "\nand a line"
	_, name := exported(t, b, fact.Clicks, duckwarehouse.CSV)
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines, err := csv.NewReader(f).ReadAll()
	if err != nil || len(lines) != 101 {
		t.Fatalf("the file has %d lines, %v; want a header and 100", len(lines), err)
	}
	place := map[string]int{}
	for i, column := range duckwarehouse.Columns(fact.Clicks) {
		place[column.Name] = i
		if lines[0][i] != column.Name || column.Doc == "" {
			t.Errorf("column %d is %s, want %s with words", i, lines[0][i], column.Name)
		}
	}
	for _, c := range b.Clicks {
		i := slices.IndexFunc(lines, func(l []string) bool { return l[place["transaction_id"]] == c.ID.String() })
		if i < 0 {
			t.Fatalf("%s is not in the file", c.ID)
		}
		want := map[string]string{
			"time": c.ID.Time().Format("2006-01-02T15:04:05.000Z"), "offer": fmt.Sprint(c.OfferID), "visitor": fmt.Sprint(c.Visitor),
			"bot": fmt.Sprint(c.Bot), "test": fmt.Sprint(c.ID.Test()), "turned_away": c.TurnedAway, "source": c.Source,
			"sub1": c.Sub[0], "sub10": c.Sub[9], "country": c.Country, "ip": c.IP,
		}
		for name, value := range want {
			if got := lines[i][place[name]]; got != value {
				t.Errorf("%s of %s is %q, want %q", name, c.ID, got, value)
			}
		}
	}
}

func TestExportedConversions(t *testing.T) {
	b := warehousetest.NewMaker(2).Batch(warehousetest.Noon(), 2, 1)
	b.Conversions[0].Amount, b.Conversions[0].Payout, b.Conversions[0].Revenue = 1<<63-1, -1, 12_500_000
	b.Conversions[0].ClickAt, b.Conversions[0].OrderID = time.Time{}, "extreme"
	w, name := exported(t, b, fact.Conversions, duckwarehouse.Parquet)
	var got []string
	err := w.View(t.Context(), func(r report.Reader) error {
		text := fmt.Sprintf(`SELECT typeof(amount), typeof("time"), amount::VARCHAR, payout::VARCHAR, revenue::VARCHAR, click_time IS NULL, "time"::VARCHAR
			FROM read_parquet('%s') WHERE order_id = 'extreme'`, strings.ReplaceAll(name, "'", "''"))
		return r.Rows(t.Context(), report.Statement{SQL: text}, func(row report.Row) error {
			for _, v := range row {
				got = append(got, fmt.Sprint(v.Text, v.Number))
			}
			return nil
		})
	})
	want := []string{
		"DECIMAL(19,6)0", "TIMESTAMP0", "9223372036854.7758070", "-0.0000010", "12.5000000", "1", "2026-03-14 12:00:000",
	}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("the file holds %q, %v; want %q", got, err, want)
	}
}

func TestEveryTableIsExported(t *testing.T) {
	for _, table := range fact.Tables() {
		for _, format := range []string{duckwarehouse.Parquet, duckwarehouse.CSV} {
			exported(t, warehousetest.NewMaker(3).Batch(warehousetest.Noon(), 3, 1), table.Name, format)
		}
	}
}

func TestExportsThatCannotBe(t *testing.T) {
	w := open(t, filepath.Join(t.TempDir(), "warehouse.duckdb"), duckwarehouse.Options{})
	defer w.Close()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, table, format, dir string
		kind                     fault.Kind
	}{
		{"no such table", "visits", duckwarehouse.CSV, t.TempDir(), fault.Invalid},
		{"no such format", fact.Clicks, "xls", t.TempDir(), fault.Invalid},
		{"no folder", fact.Clicks, duckwarehouse.CSV, file, fault.Internal},
	}
	for _, tt := range tests {
		if _, err := w.Export(t.Context(), tt.table, warehousetest.Noon(), tt.format, tt.dir); err == nil || fault.Of(err) != tt.kind {
			t.Errorf("%s: Export() = %v, want a fault that is %s", tt.name, err, tt.kind)
		}
	}
}

func TestExportsOfOneDayAtOnce(t *testing.T) {
	w := open(t, filepath.Join(t.TempDir(), "warehouse.duckdb"), duckwarehouse.Options{})
	defer w.Close()
	if err := w.Append(t.Context(), warehousetest.NewMaker(1).Batch(warehousetest.Noon(), 5000, 1)); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	const name = "day=2026-03-14.csv"
	folder := filepath.Join(dir, fact.Clicks)
	old, young := filepath.Join(folder, name+".1.unfinished"), filepath.Join(folder, name+".2.unfinished")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	for path, age := range map[string]time.Duration{old: 25 * time.Hour, young: time.Hour} {
		at := time.Now().Add(-age)
		if err := errors.Join(os.WriteFile(path, nil, 0o600), os.Chtimes(path, at, at)); err != nil {
			t.Fatal(err)
		}
	}
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			if _, err := w.Export(t.Context(), fact.Clicks, warehousetest.Noon(), duckwarehouse.CSV, dir); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	b, err := os.ReadFile(filepath.Join(folder, name))
	if lines, again := csv.NewReader(strings.NewReader(string(b))).ReadAll(); err != nil || again != nil || len(lines) != 5001 {
		t.Errorf("the file has %d lines, %v %v; want a header and 5000", len(lines), err, again)
	}
	left, err := os.ReadDir(folder)
	if err != nil || len(left) != 2 || left[1].Name() != filepath.Base(young) {
		t.Errorf("the folder holds %v, %v; want the file and what another may still be writing", left, err)
	}
}
