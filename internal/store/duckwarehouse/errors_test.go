package duckwarehouse

import (
	"testing"

	"waybill/internal/fault"
)

// TestWhatTheSystemRefusesIsNoDamage holds what passes apart from what has to be
// rebuilt.
func TestWhatTheSystemRefusesIsNoDamage(t *testing.T) {
	tests := []struct {
		message string
		want    fault.Kind
	}{
		{`IO Error: Cannot open file "w.duckdb.tmp/1": Too many open files`, fault.Unavailable},
		{`IO Error: Cannot open file "w.duckdb": Permission denied`, fault.Unavailable},
		{`IO Error: Could not write file "w.duckdb": No space left on device`, fault.Unavailable},
		{`IO Error: Could not read from file "w.duckdb": Input/output error`, fault.Damaged},
		{`IO Error: Corrupt database file: computed checksum 1 does not match stored checksum 2`, fault.Damaged},
	}
	for _, tt := range tests {
		if err := explain(tt.message); fault.Of(err) != tt.want {
			t.Errorf("%s: %v, want %v", tt.message, fault.Of(err), tt.want)
		}
	}
}
