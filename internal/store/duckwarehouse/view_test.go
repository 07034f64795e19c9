package duckwarehouse

import (
	"context"
	"errors"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"waybill/internal/report"
)

// endless is a statement that runs until it is stopped.
const endless = "SELECT count(*) FROM range(1000000000) a, range(1000000000) b WHERE a.range * b.range % 7 = 8"

func fresh(t *testing.T) *Warehouse {
	t.Helper()
	w, err := Open(t.Context(), filepath.Join(t.TempDir(), "warehouse.duckdb"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	return w
}

// TestAStatementEndsWithItsView asks with a context that goes on, as a request's
// does when the warehouse is to be closed under it.
func TestAStatementEndsWithItsView(t *testing.T) {
	w := fresh(t)
	ctx, cancel := context.WithCancel(t.Context())
	asked, stop := context.WithTimeout(t.Context(), 20*time.Second)
	defer stop()
	err := w.View(ctx, func(r report.Reader) error {
		cancel()
		return r.Rows(asked, report.Statement{SQL: endless}, func(report.Row) error { return nil })
	})
	if !errors.Is(err, context.Canceled) || asked.Err() != nil {
		t.Errorf("View() = %v, with %v of the request; want it to end with its own context", err, asked.Err())
	}
}

// TestAPanicOfAReaderLeavesNothing panics in the middle of a result.
func TestAPanicOfAReaderLeavesNothing(t *testing.T) {
	w := fresh(t)
	ctx, cancel := context.WithCancel(t.Context())
	func() {
		defer func() {
			if p := recover(); p != "odd" {
				t.Errorf("recovered %v, want what the reader panicked with", p)
			}
		}()
		_ = w.View(ctx, func(r report.Reader) error {
			return r.Rows(ctx, report.Statement{SQL: "SELECT range FROM range(100000)"}, func(report.Row) error { panic("odd") })
		})
	}()
	cancel() // as the server does once a handler has left
	for range 20 {
		runtime.Gosched()
	}
	stacks := make([]byte, 1<<20)
	if all := string(stacks[:runtime.Stack(stacks, true)]); strings.Contains(all, ".interrupt(") {
		t.Error("what the panic left behind goes on being interrupted")
	}
	if _, err := w.Positions(t.Context()); err != nil {
		t.Errorf("afterwards Positions() = %v", err)
	}
}
