package fault_test

import (
	"strings"
	"testing"

	"waybill/internal/fault"
)

func TestNearest(t *testing.T) {
	names := []string{"offer", "country", "clicks", "cr"}
	tests := []struct{ name, text, want string }{
		{"a letter too much is forgiven", "offfer", "offer"},
		{"neighbours that changed places are one mistake", "cuontry", "country"},
		{"case is nothing", "CLICK", "clicks"},
		{"what is far from all means none of them", "warehouse", ""},
		{"a short name is not made of nothing", "", ""},
		{"what is longer than any name is not compared", strings.Repeat("c", 1000), ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := fault.Nearest(tt.text, names); got != tt.want {
				t.Errorf("Nearest(%.20q) = %q, want %q", tt.text, got, tt.want)
			}
		})
	}
}
