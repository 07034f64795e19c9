package report

import (
	"fmt"
	"testing"
)

// TestLossRate compares with intervals worked out by hand, and those that R. G.
// Newcombe gives (Two-sided confidence intervals for the single proportion,
// 1998, table I, method 3).
func TestLossRate(t *testing.T) {
	tests := []struct {
		loss Loss
		want string
	}{
		{Loss{81, 263}, "0.3080 0.2553 0.3662"},
		{Loss{15, 148}, "0.1014 0.0624 0.1605"},
		{Loss{0, 20}, "0.0000 0.0000 0.1611"},
		{Loss{1, 29}, "0.0345 0.0061 0.1718"},
		{Loss{20, 20}, "1.0000 0.8389 1.0000"},
	}
	for _, tt := range tests {
		rate, low, high, ok := tt.loss.Rate()
		if got := fmt.Sprintf("%.4f %.4f %.4f", rate, low, high); got != tt.want || !ok {
			t.Errorf("Rate() of %d of %d = %s, %v; want %s", tt.loss.Missed, tt.loss.Of, got, ok, tt.want)
		}
	}
	if _, _, _, ok := (Loss{}).Rate(); ok {
		t.Error("where nothing was, a rate is given")
	}
}
