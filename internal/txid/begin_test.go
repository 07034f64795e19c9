package txid_test

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"waybill/internal/txid"
)

func TestBeginningRefusesWhatNoIDBeginsWith(t *testing.T) {
	id := txid.First(txid.Click, false, time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)).String()
	for _, tt := range []struct {
		name, text string
		want       bool
	}{
		{"an ID", id, true},
		{"its first letters", id[:8], true},
		{"in capitals", strings.ToUpper(id[:8]), true},
		{"nothing", "", false},
		{"more than an ID", id + "0", false},
		{"a letter that is in none", id[:8] + "u", false},
		{"a sign", id[:8] + "-", false},
		{"another version", "z" + id[1:8], false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, _, got := txid.Beginning(tt.text); got != tt.want {
				t.Errorf("Beginning(%q) = %t, want %t", tt.text, got, tt.want)
			}
		})
	}
}

// TestBeginningHoldsEveryIDThatBeginsSo holds the bounds against IDs as minted.
func TestBeginningHoldsEveryIDThatBeginsSo(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		at := time.UnixMilli(rapid.Int64Range(0, 1<<42).Draw(t, "at"))
		id := txid.First(rapid.SampledFrom([]txid.Kind{txid.Click, txid.Signal, txid.Conversion}).Draw(t, "kind"), rapid.Bool().Draw(t, "test"), at)
		n := rapid.IntRange(1, 32).Draw(t, "letters")
		first, last, ok := txid.Beginning(id.String()[:n])
		if !ok || first.String() > id.String() || last.String() < id.String() {
			t.Fatalf("Beginning(%q) = %s to %s, %t; want %s among them", id.String()[:n], first, last, ok, id)
		}
		if !strings.HasPrefix(first.String(), id.String()[:n]) || !strings.HasPrefix(last.String(), id.String()[:n]) {
			t.Fatalf("Beginning(%q) = %s to %s", id.String()[:n], first, last)
		}
		if n >= 2 && (first.Kind() != id.Kind() || last.Test() != id.Test()) {
			t.Fatalf("Beginning(%q) = %s to %s, of other kinds", id.String()[:n], first, last)
		}
	})
}
