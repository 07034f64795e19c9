package duckwarehouse

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"waybill/internal/fact"
	"waybill/internal/report"
	"waybill/internal/store/warehousetest"
)

// formerFile gives the closed file of a version whose signals do not say whether
// they correct a conversion. It has four of one day: a postback, and by the API
// a report, a correction, and a correction that failed.
func formerFile(t *testing.T) (path string, day time.Time) {
	t.Helper()
	path, day = filepath.Join(t.TempDir(), "former.duckdb"), warehousetest.Noon()
	w, err := Open(t.Context(), path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	m := warehousetest.NewMaker(1)
	var signals []fact.Signal
	for _, said := range [][2]string{{"postback", "updated"}, {"api", "accepted"}, {"api", "updated"}, {"api", "rejected"}} {
		s := m.Signal(day)
		s.Channel, s.Status, s.Correction = said[0], said[1], false
		signals = append(signals, s)
	}
	if err := w.Append(t.Context(), fact.Batch{Signals: signals, Positions: []fact.Position{{Source: "signal/1", At: 1, Through: day}}}); err != nil {
		t.Fatal(err)
	}
	err = w.with(t.Context(), func(c *connection) error {
		for _, text := range []string{`ALTER TABLE signal DROP COLUMN correction`, `UPDATE schema_version SET version = 2`} {
			if _, err := c.exec(t.Context(), text); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return path, day
}

// knowsCorrections fails unless the warehouse tells the signals of the former
// file apart, and takes new ones.
func knowsCorrections(t *testing.T, w *Warehouse, day time.Time) {
	t.Helper()
	s := warehousetest.NewMaker(2).Signal(day)
	s.Channel, s.Status, s.Correction = "sdk", "updated", true
	if err := w.Append(t.Context(), fact.Batch{Signals: []fact.Signal{s}, Positions: []fact.Position{{Source: "signal/1", At: 2, Through: day}}}); err != nil {
		t.Fatal(err)
	}
	got := ""
	err := w.View(t.Context(), func(r report.Reader) error {
		s := report.Statement{SQL: "SELECT channel, status, CAST(correction AS VARCHAR) FROM signal ORDER BY channel, status", Columns: []report.Column{
			{Name: "channel", Text: true}, {Name: "status", Text: true}, {Name: "correction", Text: true},
		}}
		return r.Rows(t.Context(), s, func(row report.Row) error {
			got += row[0].Text + " " + row[1].Text + " " + row[2].Text + "; "
			return nil
		})
	})
	want := "api accepted false; api rejected true; api updated true; postback updated false; sdk updated true; "
	if err != nil || got != want {
		t.Errorf("signals are %q, %v; want %q", got, err, want)
	}
}

// TestAFormerFileIsBroughtUpToDate opens it twice, and puts its day in order,
// which writes all its rows anew.
func TestAFormerFileIsBroughtUpToDate(t *testing.T) {
	path, day := formerFile(t)
	for range 2 {
		w, err := Open(t.Context(), path, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	w, err := Open(t.Context(), path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	knowsCorrections(t, w, day)
	if err := w.Sort(t.Context(), day.AddDate(0, 0, 2)); err != nil {
		t.Error(err)
	}
	if err := w.Verify(t.Context(), func(string, time.Time, int, int) {}); err != nil {
		t.Error(err)
	}
}

// TestDaysOfAFormerFileAreCopied has a rebuild take over what only that file
// has.
func TestDaysOfAFormerFileAreCopied(t *testing.T) {
	path, day := formerFile(t)
	w := fresh(t)
	if err := w.CopyDays(context.WithoutCancel(t.Context()), path, fact.Signals, day.AddDate(0, 0, 2), func(string, time.Time, int, int) {}); err != nil {
		t.Fatal(err)
	}
	knowsCorrections(t, w, day)
}
