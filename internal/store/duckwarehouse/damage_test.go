package duckwarehouse_test

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"waybill/internal/fact"
	"waybill/internal/fault"
	"waybill/internal/report"
	"waybill/internal/store/duckwarehouse"
	"waybill/internal/store/warehousetest"
)

// madeFile gives the bytes of a closed warehouse and what is in it.
func madeFile(t *testing.T, rows int) ([]byte, map[string]duckwarehouse.Digest) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "warehouse.duckdb")
	w := open(t, path, duckwarehouse.Options{})
	m := warehousetest.NewMaker(1)
	for i := range uint64(2) {
		if err := w.Append(t.Context(), m.Batch(warehousetest.Noon().Add(time.Duration(i)*aDay), rows, i+1)); err != nil {
			t.Fatal(err)
		}
	}
	want := digests(t, w)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b, want
}

// saysSo fails unless err tells the operator what to do about a broken file.
func saysSo(t *testing.T, what string, err error) {
	t.Helper()
	if fault.Of(err) != fault.Damaged || !strings.Contains(err.Error(), `run "waybill rebuild warehouse"`) {
		t.Errorf("%s: %v, want a fault that says what to do", what, err)
	}
}

// look opens a file and reads all of it. It gives the first error, or what is
// in the file.
func look(t *testing.T, what, path string) (map[string]duckwarehouse.Digest, error) {
	t.Helper()
	w, err := duckwarehouse.Open(t.Context(), path, duckwarehouse.Options{})
	if err != nil {
		return nil, err
	}
	defer w.Close()
	if err := w.Verify(t.Context(), func(string, time.Time, int, int) {}); err != nil {
		for _, table := range fact.Tables() { // reports fail one by one, and the program lives
			err := w.View(t.Context(), func(r report.Reader) error {
				return r.Rows(t.Context(), report.Statement{SQL: "SELECT * FROM " + table.Name}, func(report.Row) error { return nil })
			})
			if err != nil {
				saysSo(t, what+", a report", err)
			}
		}
		return nil, err
	}
	return w.Digests(t.Context())
}

// TestAFlippedByteIsFound flips one all over the file: in its headers, its
// blocks of data and those that say where they are.
func TestAFlippedByteIsFound(t *testing.T) {
	file, want := madeFile(t, 500)
	places := []int{0, 9, 20, 4096, 4104, 4120, 8192, 8200, 8216}
	for at := 12_300; at < len(file); at += len(file) / 30 {
		places = append(places, at)
	}
	found := 0
	for _, at := range places {
		path := filepath.Join(t.TempDir(), "warehouse.duckdb")
		broken := bytes.Clone(file)
		broken[at] ^= 0x10
		if err := os.WriteFile(path, broken, 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := look(t, "a flipped byte", path)
		switch {
		case err != nil:
			saysSo(t, "a flipped byte", err)
			found++
		case !maps.Equal(got, want):
			t.Errorf("with byte %d flipped it holds %v and nothing is said, want %v", at, got, want)
		}
	}
	if found < len(places)*3/4 {
		t.Errorf("%d of %d flipped bytes were found, want nearly all", found, len(places))
	}
}

// TestABrokenLog flips bytes of the write-ahead log that a process has left
// behind: it holds whole batches or is said to be broken.
func TestABrokenLog(t *testing.T) {
	path := filepath.Join(t.TempDir(), "warehouse.duckdb")
	w := open(t, path, duckwarehouse.Options{})
	defer w.Close()
	m := warehousetest.NewMaker(4)
	states := []map[string]duckwarehouse.Digest{digests(t, w)}
	for i := range uint64(4) {
		if err := w.Append(t.Context(), m.Batch(warehousetest.Noon(), 200, i+1)); err != nil {
			t.Fatal(err)
		}
		states = append(states, digests(t, w))
	}
	file, log := readFile(t, path), readFile(t, path+".wal")
	if len(log) < 10_000 {
		t.Fatalf("the log has %d bytes", len(log))
	}
	for i := range 25 {
		copied := filepath.Join(t.TempDir(), "warehouse.duckdb")
		broken := bytes.Clone(log)
		if i%2 == 0 {
			broken[len(log)*i/25] ^= 0x10
		} else {
			broken = broken[:len(log)*i/25]
		}
		for name, b := range map[string][]byte{copied: file, copied + ".wal": broken} {
			if err := os.WriteFile(name, b, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		got, err := look(t, "a broken log", copied)
		if err != nil {
			saysSo(t, "a broken log", err)
		} else if !slices.ContainsFunc(states, func(s map[string]duckwarehouse.Digest) bool { return maps.Equal(s, got) }) {
			t.Errorf("case %d: it holds %v, which it never did", i, got)
		}
	}
}

func readFile(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestAFileThatIsGone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "warehouse.duckdb")
	w := open(t, path, duckwarehouse.Options{})
	if err := w.Append(t.Context(), warehousetest.NewMaker(5).Batch(warehousetest.Noon(), 10, 1)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	_, err := look(t, "a file that is gone", path)
	saysSo(t, "a file that is gone", err)
	if err := duckwarehouse.Remove(path); err != nil {
		t.Fatal(err)
	}
	if got, err := look(t, "a warehouse begun anew", path); err != nil || got[fact.Clicks].Rows != 0 {
		t.Errorf("after Remove() there is %v, %v; want an empty warehouse", got, err)
	}
}

func TestReplace(t *testing.T) {
	dir := t.TempDir()
	path, made := filepath.Join(dir, "warehouse.duckdb"), filepath.Join(dir, "made.duckdb")
	m := warehousetest.NewMaker(6)
	var want map[string]duckwarehouse.Digest
	for i, name := range []string{path, made} {
		w := open(t, name, duckwarehouse.Options{})
		if err := w.Append(t.Context(), m.Batch(warehousetest.Noon(), 10*(i+1), 1)); err != nil {
			t.Fatal(err)
		}
		want = digests(t, w)
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(path+".wal", []byte("a log of the old file"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := duckwarehouse.Replace(made, path); err != nil {
		t.Fatal(err)
	}
	if got, err := look(t, "the new file", path); err != nil || !maps.Equal(got, want) {
		t.Errorf("after Replace() there is %v, %v; want %v", got, err, want)
	}
	if left, err := filepath.Glob(filepath.Join(dir, "made*")); err != nil || left != nil {
		t.Errorf("%v is left", left)
	}
}

func TestBrokenFiles(t *testing.T) {
	file, want := madeFile(t, 500)
	tests := []struct {
		name string
		file []byte
	}{
		{"garbage", bytes.Repeat([]byte("garbage "), 10_000)},
		{"a text", []byte("not a database")},
		{"half of it", file[:len(file)/2]},
		{"all but the last byte", file[:len(file)-1]},
		{"all but the last block", file[:len(file)-256<<10]},
		{"the header alone", file[:12<<10]},
		{"a part of the header", file[:5000]},
		{"zeros", make([]byte, len(file))},
		{"zeros behind the header", append(bytes.Clone(file[:12<<10]), make([]byte, len(file)-12<<10)...)},
		{"nothing", nil},
	}
	for _, tt := range tests {
		path := filepath.Join(t.TempDir(), "warehouse.duckdb")
		if err := os.WriteFile(path, tt.file, 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := look(t, tt.name, path)
		if err != nil {
			saysSo(t, tt.name, err)
		} else if !maps.Equal(got, want) {
			t.Errorf("%s: nothing is said", tt.name)
		}
	}
}
