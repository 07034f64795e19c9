//go:build slow

package main

import (
	"testing"

	"waybill/internal/store/pgtest"
)

// TestSlowKillPayout kills nodes in the midst of a payout of some thousand
// conversions, again and again, on both engines.
func TestSlowKillPayout(t *testing.T) {
	t.Run("SQLite", func(t *testing.T) { killPayout(t, 5000, 8) })
	t.Run("PostgreSQL", func(t *testing.T) { killPayout(t, 3000, 5, "--ledger", pgtest.Own(t).URL(t)) })
}
