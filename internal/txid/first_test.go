package txid

import (
	"strings"
	"testing"
	"time"
)

func TestFirstPartsIDsByTheirTime(t *testing.T) {
	key, err := NewKey(1, time.Time{}, strings.NewReader(strings.Repeat("k", 32)))
	if err != nil {
		t.Fatal(err)
	}
	ring, err := NewRing([]Key{key})
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)
	bound := First(Signal, true, at).String()
	tests := []struct {
		name  string
		parts Parts
		below bool
	}{
		{name: "the millisecond before", parts: Parts{Kind: Signal, Test: true, Time: at.Add(-time.Millisecond), Node: MaxNode, Seq: MaxSeq}, below: true},
		{name: "the millisecond itself", parts: Parts{Kind: Signal, Test: true, Time: at}},
		{name: "real traffic", parts: Parts{Kind: Signal, Time: at.AddDate(1, 0, 0)}, below: true},
		{name: "an earlier kind", parts: Parts{Kind: Click, Test: true, Time: at.AddDate(1, 0, 0)}, below: true},
		{name: "a later kind", parts: Parts{Kind: Conversion, Test: true, Time: at.AddDate(-1, 0, 0)}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			id, err := ring.Seal(tt.parts)
			if err != nil {
				t.Fatal(err)
			}
			if got := id.String() < bound; got != tt.below {
				t.Errorf("%s < %s is %v, want %v", id, bound, got, tt.below)
			}
		})
	}
	if got := First(Signal, false, time.Time{}).Time(); !got.Equal(time.UnixMilli(0)) {
		t.Errorf("the bound of no time is %v, want the beginning", got)
	}
}
