package duckwarehouse

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"waybill/internal/fact"
	"waybill/internal/fault"
	"waybill/internal/report"
	"waybill/internal/store/warehousetest"
)

// TestAFatalErrorPasses has a checkpoint fail half-way, after which DuckDB
// refuses everything until its file is opened again.
func TestAFatalErrorPasses(t *testing.T) {
	w, err := Open(t.Context(), filepath.Join(t.TempDir(), "warehouse.duckdb"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	m := warehousetest.NewMaker(1)
	if err := w.Append(t.Context(), m.Batch(warehousetest.Noon(), 10, 1)); err != nil {
		t.Fatal(err)
	}
	reading, done := make(chan struct{}), make(chan error)
	go func() {
		done <- w.View(t.Context(), func(r report.Reader) error {
			close(reading)
			for {
				err := r.Rows(t.Context(), report.Statement{SQL: "SELECT count(*) FROM click"}, func(report.Row) error { return nil })
				if err != nil {
					return err
				}
			}
		})
	}()
	<-reading
	err = w.with(t.Context(), func(c *connection) error {
		if _, err := c.exec(t.Context(), "SET debug_checkpoint_abort = 'before_header'"); err != nil {
			t.Fatal(err)
		}
		_, err := c.exec(t.Context(), "CHECKPOINT")
		return err
	})
	if !fatal(err) || fault.Of(err) != fault.Unavailable || !strings.Contains(err.Error(), advice) {
		t.Fatalf("CHECKPOINT = %v, want a fatal error that says what to do", err)
	}
	if err := <-done; fault.Of(err) != fault.Unavailable {
		t.Errorf("the report that was running ends with %v", err)
	}
	if err := w.Append(t.Context(), m.Batch(warehousetest.Noon(), 10, 2)); err != nil {
		t.Errorf("after a fatal error Append() = %v, want it stored", err)
	}
	all, err := w.Digests(t.Context())
	if err != nil || all[fact.Clicks].Rows != 20 {
		t.Errorf("there are %v, %v; want 20 clicks", all, err)
	}
}

func TestAReportThatNeedsTooMuchMemory(t *testing.T) {
	w, err := Open(t.Context(), filepath.Join(t.TempDir(), "warehouse.duckdb"), Options{Memory: 60 << 20})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	m := warehousetest.NewMaker(1)
	if err := w.Append(t.Context(), m.Batch(warehousetest.Noon(), 2000, 1)); err != nil {
		t.Fatal(err)
	}
	ask := func(text string) error {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		return w.View(ctx, func(r report.Reader) error {
			return r.Rows(ctx, report.Statement{SQL: text}, func(report.Row) error { return nil })
		})
	}
	err = ask("SELECT length(string_agg(a.user_agent || b.user_agent || b.sub5, '')) FROM click a, click b")
	if fault.Of(err) != fault.Limited {
		t.Errorf("View() = %v, want that it is too much", err)
	}
	if err := ask("SELECT offer, count(*) FROM click GROUP BY offer"); err != nil {
		t.Errorf("the next report ends with %v", err)
	}
}

func TestAClosedWarehouse(t *testing.T) {
	w, err := Open(t.Context(), filepath.Join(t.TempDir(), "warehouse.duckdb"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.Close(), w.Close()); err != nil {
		t.Errorf("Close(), twice = %v", err)
	}
	if _, err := w.Positions(t.Context()); fault.Of(err) != fault.Unavailable {
		t.Errorf("Positions() of a closed warehouse = %v", err)
	}
}
