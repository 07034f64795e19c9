package sqlledger

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"waybill/internal/store/pgtest"
	"waybill/internal/store/sqlitetest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

// clock is a time for tests, in whole microseconds like all that is kept.
var clock = time.Date(2026, 11, 22, 9, 30, 0, 0, time.UTC)

// newURL gives the place of a new, empty ledger.
type newURL func(t testing.TB) string

var files = sqlitetest.Template{Fill: layOut}

// sqliteURL gives a file with the schema of a new ledger.
func sqliteURL(t testing.TB) string {
	return files.Copy(t, filepath.Join(t.TempDir(), "ledger #1?.db"))
}

// postgresURL gives a database with the schema of a new ledger.
func postgresURL(t testing.TB) string { return pgtest.Copy(t, layOut) }

// layOut makes a new ledger.
func layOut(url string) error {
	db, err := Open(context.Background(), url, Options{})
	if err != nil {
		return err
	}
	return db.Close()
}

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

// checkClean fails the test if the ledger contradicts itself. Subscriptions that
// tests have not made are none of its business.
func checkClean(t testing.TB, db *DB) {
	t.Helper()
	later := *db
	later.now = func() time.Time { return clock.Add(48 * time.Hour) } // tests run ahead of it
	err := later.Check(t.Context(), func(p Problem) {
		if !strings.HasSuffix(p.Text, "subscription that does not exist") {
			t.Errorf("check: %s", p)
		}
	})
	if err != nil {
		t.Error(err)
	}
}
