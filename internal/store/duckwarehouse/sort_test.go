package duckwarehouse

import (
	"bytes"
	"cmp"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"waybill/internal/fact"
	"waybill/internal/store/warehousetest"
)

// TestADayInOrderIsNotWrittenAnew appends days of more rows than DuckDB reads at
// a time, and looks at which of them Sort writes anew.
func TestADayInOrderIsNotWrittenAnew(t *testing.T) {
	const rows = 5_000
	byOffer := func(a, b fact.Click) int {
		return cmp.Or(cmp.Compare(a.OfferID, b.OfferID), a.ID.Time().Compare(b.ID.Time()))
	}
	for _, test := range []struct {
		name    string
		change  func(clicks []fact.Click)
		rewrite bool
	}{
		{"a day in order", func([]fact.Click) {}, false},
		{"the first row lies last", func(c []fact.Click) { c[0], c[rows-1] = c[rows-1], c[0] }, true},
		{"two neighbours are exchanged", func(c []fact.Click) {
			i := slices.IndexFunc(c, func(k fact.Click) bool { return k.OfferID > c[0].OfferID })
			c[i-1], c[i] = c[i], c[i-1]
		}, true},
		{"two times of an offer are exchanged", func(c []fact.Click) {
			i := slices.IndexFunc(c, func(k fact.Click) bool { return k.ID.Time().After(c[0].ID.Time()) })
			c[0], c[i] = c[i], c[0]
		}, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			var log bytes.Buffer
			w, err := Open(t.Context(), filepath.Join(t.TempDir(), "warehouse.duckdb"), Options{Log: slog.New(slog.NewTextHandler(&log, nil))})
			if err != nil {
				t.Fatal(err)
			}
			defer w.Close()
			clicks := warehousetest.NewMaker(1).Clicks(warehousetest.Noon(), rows)
			slices.SortFunc(clicks, byOffer)
			test.change(clicks)
			at := uint64(0)
			for some := range slices.Chunk(clicks, 1000) { // DuckDB may exchange parts of what it is given at once
				at++
				if err := w.Append(t.Context(), fact.Batch{Clicks: some, Positions: []fact.Position{{Source: "click/1", At: at}}}); err != nil {
					t.Fatal(err)
				}
			}
			for range 2 {
				if err := w.Sort(t.Context(), warehousetest.Noon().Add(48*time.Hour)); err != nil {
					t.Fatal(err)
				}
			}
			if got := strings.Count(log.String(), "warehouse day rewritten"); (got == 1) != test.rewrite || got > 1 {
				t.Errorf("the day was written anew %d times: %s", got, log.String())
			}
		})
	}
}
