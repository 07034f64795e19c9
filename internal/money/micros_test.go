package money

import (
	"encoding/json"
	"testing"
)

func TestMicrosJSON(t *testing.T) {
	tests := []struct {
		name, json string
		want       Micros
		back       string
	}{
		{name: "reads a whole amount", json: `"100"`, want: 100_000_000, back: `"100"`},
		{name: "reads cents", json: `"12.50"`, want: 12_500_000, back: `"12.50"`},
		{name: "reads one decimal and writes two", json: `"12.5"`, want: 12_500_000, back: `"12.50"`},
		{name: "reads all six decimals", json: `"0.000001"`, want: 1, back: `"0.000001"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got Micros
			if err := json.Unmarshal([]byte(tt.json), &got); err != nil || got != tt.want {
				t.Errorf("Unmarshal(%s) = %d, %v; want %d", tt.json, got, err, tt.want)
			}
			if b, _ := json.Marshal(got); string(b) != tt.back {
				t.Errorf("Marshal() = %s, want %s", b, tt.back)
			}
		})
	}
	for _, bad := range []string{`12.5`, `"-1"`, `"1e3"`, `"1,000"`, `""`, `null`, `true`} {
		var got Micros
		if err := json.Unmarshal([]byte(bad), &got); err == nil {
			t.Errorf("Unmarshal(%s) = %d, want an error", bad, got)
		}
	}
}
