//go:build slow

package main

import (
	"testing"

	"waybill/internal/store/pgtest"
)

// TestSlowKillNine kills a node many times, on both engines, also while it
// starts, and waits until every postback has arrived.
func TestSlowKillNine(t *testing.T) {
	long := killing{rounds: 20, clients: 32, early: true, deliver: true}
	t.Run("SQLite", func(t *testing.T) { killNine(t, long) })
	t.Run("PostgreSQL", func(t *testing.T) {
		long.args = []string{"--ledger", pgtest.Own(t).URL(t)}
		killNine(t, long)
	})
}
