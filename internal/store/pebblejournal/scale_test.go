//go:build slow && !race

package pebblejournal

import "testing"

func TestTenMillionClicks(t *testing.T) { checkLoad(t, 10_000_000) }
