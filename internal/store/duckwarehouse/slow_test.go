//go:build slow

package duckwarehouse_test

import (
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"waybill/internal/fact"
	"waybill/internal/fault"
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
		b := fact.Batch{Clicks: m.Clicks(day, 130_000), Positions: []fact.Position{{Source: "click/1", At: uint64(i) + 1}}}
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

// killed is the environment variable that makes this test's binary the process
// that is killed.
const killed = "WAYBILL_KILLED_WAREHOUSE"

const rowsABatch = 300

// batchOf gives the batch that moves the positions to at: the same one for the
// same at.
func batchOf(at uint64) fact.Batch {
	m := warehousetest.NewMaker(at)
	return m.Batch(warehousetest.Noon().Add(time.Duration(at%5)*aDay), rowsABatch, at)
}

// appendUntilKilled appends batch after batch, while days are sorted and dropped.
func appendUntilKilled(t *testing.T, path string) {
	w := open(t, path, duckwarehouse.Options{})
	at := positionOf(t, w)
	go func() {
		for t.Context().Err() == nil {
			if err := w.Sort(t.Context(), warehousetest.Noon().Add(9*aDay)); err != nil && fault.Of(err) != fault.Unavailable {
				t.Errorf("Sort() = %v", err)
			}
		}
	}()
	for {
		at++
		if err := w.Append(t.Context(), batchOf(at)); err != nil {
			t.Fatal(err)
		}
	}
}

func positionOf(t *testing.T, w *duckwarehouse.Warehouse) uint64 {
	t.Helper()
	positions, err := w.Positions(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(positions) == 0 {
		return 0
	}
	return positions[0].At
}

// TestSlowAKilledProcessLeavesWholeBatches kills a process that appends and
// sorts, twenty times, and compares what is there with what its positions say.
func TestSlowAKilledProcessLeavesWholeBatches(t *testing.T) {
	if path := os.Getenv(killed); path != "" {
		appendUntilKilled(t, path)
	}
	path := filepath.Join(t.TempDir(), "warehouse.duckdb")
	reference := open(t, filepath.Join(t.TempDir(), "reference.duckdb"), duckwarehouse.Options{})
	defer reference.Close()
	random := rand.New(rand.NewPCG(1, 2))
	for round := range 20 {
		child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestSlowAKilledProcess", "-test.count=1")
		child.Env = append(os.Environ(), killed+"="+path)
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		ended := time.NewTimer(time.Duration(300+random.IntN(2500)) * time.Millisecond)
		<-ended.C
		if err := child.Process.Kill(); err != nil {
			t.Fatalf("round %d: the process ended by itself: %v", round, err)
		}
		_ = child.Wait()
		compare(t, round, path, reference)
	}
	if at := positionOf(t, reference); at < 20 {
		t.Errorf("%d batches were stored in all rounds together", at)
	}
}

// compare brings the reference to where the killed process had come, and
// compares the facts.
func compare(t *testing.T, round int, path string, reference *duckwarehouse.Warehouse) {
	t.Helper()
	w := open(t, path, duckwarehouse.Options{})
	defer w.Close()
	stored := positionOf(t, w)
	for at := positionOf(t, reference) + 1; at <= stored; at++ {
		if err := reference.Append(t.Context(), batchOf(at)); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := digests(t, w), digests(t, reference); !maps.Equal(got, want) {
		t.Fatalf("round %d: up to batch %d there are %v, want %v", round, stored, got, want)
	}
	if err := w.Verify(t.Context(), func(string, time.Time, int, int) {}); err != nil {
		t.Errorf("round %d: Verify() = %v", round, err)
	}
	t.Logf("round %d: whole up to batch %d", round, stored)
}
