//go:build slow

package main

import (
	"testing"

	"waybill/internal/store/pgtest"
)

// TestSlowKillNineWhileShipping kills a node many times while it ships facts, on
// both engines of the ledger.
func TestSlowKillNineWhileShipping(t *testing.T) {
	long := shipping{rounds: 20, clients: 16}
	t.Run("SQLite", func(t *testing.T) { killNineWhileShipping(t, long) })
	t.Run("PostgreSQL", func(t *testing.T) {
		long.args = []string{"--ledger", pgtest.Own(t).URL(t)}
		killNineWhileShipping(t, long)
	})
}
