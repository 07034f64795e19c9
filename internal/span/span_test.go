package span_test

import (
	"encoding/json"
	"math"
	"testing"
	"time"

	"waybill/internal/fault"
	"waybill/internal/span"
)

func TestParse(t *testing.T) {
	tests := []struct {
		name string
		text string
		want time.Duration
		back string // what String gives
	}{
		{"reads days", "30d", 720 * time.Hour, "30d"},
		{"reads Go's hours and shows them as days", "720h", 720 * time.Hour, "30d"},
		{"keeps hours that are no whole days", "36h", 36 * time.Hour, "36h"},
		{"shows minutes when hours do not fit", "1h30m", 90 * time.Minute, "90m"},
		{"reads nothing at all", "0s", 0, "0s"},
		{"reads no days", "0d", 0, "0s"},
		{"reads fractions", "1.5h", 90 * time.Minute, "90m"},
		{"reads milliseconds", "1500ms", 1500 * time.Millisecond, "1500ms"},
		{"reads microseconds", "7us", 7 * time.Microsecond, "7us"},
		{"reads nanoseconds", "86400000000001ns", 24*time.Hour + 1, "86400000000001ns"},
		{"reads the most days there are", "106751d", 106751 * 24 * time.Hour, "106751d"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := span.Parse(tt.text)
			if err != nil || got.Duration() != tt.want || got.String() != tt.back {
				t.Errorf("Parse(%q) = %s (%v), %v; want %s (%v)", tt.text, got, got.Duration(), err, tt.back, tt.want)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	for _, text := range []string{
		"", "0", "30", "d", "-1d", "+1d", "-1h", "1.5d", "30D", "1d12h", "2y", "off", "106752d",
		"99999999999999999999d", "2562048h", "1h-30m", " 30d", "30d ", "- 1d", string(make([]byte, 200)),
	} {
		got, err := span.Parse(text)
		if fault.Of(err) != fault.Invalid || got != 0 {
			t.Errorf("Parse(%q) = %v, %v; want an Invalid fault", text, got, err)
		}
	}
}

func TestJSON(t *testing.T) {
	type window struct {
		Click span.Span `json:"click_window"`
	}
	var w window
	if err := json.Unmarshal([]byte(`{"click_window":"720h"}`), &w); err != nil || w.Click != span.Days(30) {
		t.Fatalf("Unmarshal = %v, %v; want 30d", w.Click, err)
	}
	out, err := json.Marshal(w)
	if want := `{"click_window":"30d"}`; err != nil || string(out) != want {
		t.Errorf("Marshal = %s, %v; want %s", out, err, want)
	}
	if err := json.Unmarshal([]byte(`{"click_window":"soon"}`), &w); fault.Of(err) != fault.Invalid {
		t.Errorf("Unmarshal of nonsense = %v, want an Invalid fault", err)
	}
	if _, err := json.Marshal(window{Click: -1}); err == nil {
		t.Error("a negative span was written out")
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"30d", "1h30m", "0s", "1.5h", "-1h", "106751d", "9223372036854775807ns"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := span.Parse(text)
		if err != nil {
			return
		}
		again, err := span.Parse(s.String())
		if s < 0 || err != nil || again != s {
			t.Errorf("Parse(%q) = %d, whose text %q reads as %d, %v", text, s, s, again, err)
		}
	})
}

func TestEverySpanReadsBack(t *testing.T) {
	for _, s := range []span.Span{1, span.Day - 1, span.Day + 1, math.MaxInt64, span.Span(time.Second) * 86401} {
		if got, err := span.Parse(s.String()); err != nil || got != s {
			t.Errorf("Parse(%q) = %d, %v; want %d", s.String(), got, err, s)
		}
	}
}
