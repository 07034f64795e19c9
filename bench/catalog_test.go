package main

import (
	"context"
	"os"
	"path/filepath"
	"testing"
)

// TestACatalogIsKeptOnlyWhole makes one that is stopped on the way, and then one
// that is not: it is taken the next time, and nothing is written again.
func TestACatalogIsKeptOnlyWhole(t *testing.T) {
	o := &options{keep: t.TempDir(), catalog: 3}
	kept := filepath.Join(o.keep, "catalog-3.db")
	fill := func(ctx context.Context) (ledger string, err error) {
		test := &catalogTest{o: o, dir: t.TempDir(), size: sizeOf(o.catalog), tab: new(report).table("", "what", "measured")}
		return filepath.Join(test.dir, "data", "ledger.db"), test.fill(ctx)
	}
	stopped, stop := context.WithCancel(t.Context())
	stop()
	if _, err := fill(stopped); err == nil {
		t.Error("a catalog was made although it was stopped")
	}
	if _, err := os.Stat(kept); !os.IsNotExist(err) {
		t.Errorf("half a catalog is kept (%v)", err)
	}
	if err := os.WriteFile(kept+".unfinished", []byte("half a copy"), 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		ledger, err := fill(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		want, err := os.ReadFile(kept)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(ledger); err != nil || len(got) == 0 || string(got) != string(want) {
			t.Errorf("the ledger has %d bytes (%v), what is kept %d", len(got), err, len(want))
		}
	}
}
