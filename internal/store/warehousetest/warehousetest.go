// Package warehousetest says what a warehouse must do, as tests that every
// engine's package runs on its own.
//
// It is plain SQL over the tables of package fact, as reports are, so what
// holds here for one engine holds for the next.
package warehousetest

import (
	"context"
	"testing"
	"time"

	"waybill/internal/fact"
	"waybill/internal/report"
	"waybill/internal/visitor"
)

// Warehouse is what is tested.
type Warehouse interface {
	Append(ctx context.Context, b fact.Batch) error
	Positions(ctx context.Context) ([]fact.Position, error)
	View(ctx context.Context, do func(report.Reader) error) error
	Sort(ctx context.Context, before time.Time) error
	Retain(ctx context.Context, table string, before time.Time) error
	Anonymise(ctx context.Context, before time.Time, a visitor.Anonymiser) error
	Close() error
}

// Run tests a warehouse. open gives an empty one.
func Run(t *testing.T, open func(t *testing.T) Warehouse) {
	tests := []struct {
		name string
		test func(t *testing.T, w Warehouse)
	}{
		{"facts come back as they went in", factsComeBack},
		{"texts come back whatever is in them", textsComeBack},
		{"IDs come back from their columns", idsComeBack},
		{"a batch counts once", aBatchCountsOnce},
		{"a batch that fails leaves nothing", aFailedBatchLeavesNothing},
		{"positions say how far all sources are read", positionsSayHowFar},
		{"what is taken back sums to nothing", takenBackSumsToNothing},
		{"new words are learned", newWordsAreLearned},
		{"a view sees one state", aViewSeesOneState},
		{"readers and writers do not wait for each other", nobodyWaits},
		{"a view that is left stops at once", aViewStops},
		{"sorting keeps the facts", sortingKeepsFacts},
		{"appends go on while days are sorted", appendsGoOn},
		{"retention drops whole days", retentionDropsDays},
		{"anonymised visits have no address and no agent", anonymisedVisits},
		{"a visit that comes late is anonymised too", lateVisits},
		{"a wrong statement harms nobody", aWrongStatement},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := open(t)
			t.Cleanup(func() {
				if err := w.Close(); err != nil {
					t.Errorf("Close() = %v", err)
				}
			})
			tt.test(t, w)
		})
	}
}

// soon bounds what a test waits for.
const soon = 30 * time.Second

func within(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), soon)
	t.Cleanup(cancel)
	return ctx
}

// rows reads the rows of a statement.
func rows(t *testing.T, w Warehouse, text string, args ...any) []report.Row {
	t.Helper()
	var all []report.Row
	err := w.View(within(t), func(r report.Reader) (err error) {
		all, err = read(t.Context(), r, text, args...)
		return err
	})
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return all
}

func read(ctx context.Context, r report.Reader, text string, args ...any) ([]report.Row, error) {
	var all []report.Row
	err := r.Rows(ctx, report.Statement{SQL: text, Args: args}, func(row report.Row) error {
		all = append(all, append(report.Row(nil), row...))
		return nil
	})
	return all, err
}

// number reads a single number.
func number(t *testing.T, w Warehouse, text string, args ...any) int64 {
	t.Helper()
	all := rows(t, w, text, args...)
	if len(all) != 1 || len(all[0]) != 1 || all[0][0].Null {
		t.Fatalf("%s gives %v, want one number", text, all)
	}
	return all[0][0].Number
}

func mustAppend(t *testing.T, w Warehouse, b fact.Batch) {
	t.Helper()
	if err := w.Append(within(t), b); err != nil {
		t.Fatal(err)
	}
}
