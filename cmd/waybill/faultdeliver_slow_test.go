//go:build slow

package main

import (
	"testing"

	"waybill/internal/store/pgtest"
)

// TestSlowKillNineDelivering kills nodes that deliver twenty times, on both
// engines.
func TestSlowKillNineDelivering(t *testing.T) {
	long := delivering{kills: 20, receivers: 8, conversions: 40}
	t.Run("SQLite", func(t *testing.T) { killDelivering(t, long) })
	t.Run("PostgreSQL", func(t *testing.T) {
		long.args = []string{"--ledger", pgtest.Own(t).URL(t)}
		killDelivering(t, long)
	})
}
