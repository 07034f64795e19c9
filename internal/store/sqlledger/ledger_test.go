package sqlledger

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"waybill/internal/store/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

// clock is a time for tests, in whole microseconds like all that is kept.
var clock = time.Date(2026, 11, 22, 9, 30, 0, 0, time.UTC)

// newURL gives the place of a new, empty ledger.
type newURL func(t testing.TB) string

func sqliteURL(t testing.TB) string   { return filepath.Join(t.TempDir(), "ledger #1?.db") }
func postgresURL(t testing.TB) string { return pgtest.URL(t) }

// onEach runs a test on both engines.
func onEach(t *testing.T, test func(t *testing.T, at newURL)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { test(t, sqliteURL) })
	t.Run("postgres", func(t *testing.T) { test(t, postgresURL) })
}

// open opens the ledger at url until the test ends.
func open(t testing.TB, url string) *DB {
	t.Helper()
	db, err := Open(t.Context(), url, Options{Now: func() time.Time { return clock }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}
