package sqlledger

import (
	"context"
	"testing"

	"waybill/internal/signal"
)

// TestConnectionReads gives values of SQLite to what the ledger keeps them in.
func TestConnectionReads(t *testing.T) {
	db := open(t, sqliteURL(t))
	tests := []struct {
		name  string
		value any
		dest  any
		fits  func(dest any) bool // nil: it must not fit
	}{
		{"a text", "x", new(string), func(d any) bool { return *d.(*string) == "x" }},
		{"a text of a type of its own", "accepted", new(signal.Status), func(d any) bool { return *d.(*signal.Status) == signal.Accepted }},
		{"a number", int64(-5), new(int64), func(d any) bool { return *d.(*int64) == -5 }},
		{"a number of another size", int64(7), new(int), func(d any) bool { return *d.(*int) == 7 }},
		{"a number without a sign", int64(7), new(uint16), func(d any) bool { return *d.(*uint16) == 7 }},
		{"true", true, new(bool), func(d any) bool { return *d.(*bool) }},
		{"false", false, new(bool), func(d any) bool { return !*d.(*bool) }},
		{"anything", "x", new(any), func(d any) bool { return *d.(*any) == "x" }},
		{"nothing", nil, new(any), func(d any) bool { return *d.(*any) == nil }},
		{"nothing into a text", nil, new(string), nil},
		{"a number into a text", int64(1), new(string), nil},
		{"a number into a text of a type of its own", int64(1), new(signal.Status), nil},
		{"a text into a number", "1", new(int64), nil},
		{"a number that is too large", int64(1 << 40), new(uint16), nil},
		{"a number below zero without a sign", int64(-1), new(uint16), nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := db.write(t.Context(), func(ctx context.Context, s session) error {
				return s.must(ctx, "value", []any{tt.dest}, "SELECT $1", tt.value)
			})
			if tt.fits == nil {
				if err == nil {
					t.Errorf("%v was read into %T", tt.value, tt.dest)
				}
				return
			}
			if err != nil || !tt.fits(tt.dest) {
				t.Errorf("%v was read into %T as %v, %v", tt.value, tt.dest, tt.dest, err)
			}
		})
	}
}
