//go:build !race

package receiver_test

import (
	"testing"

	"waybill/internal/delivery"
	"waybill/internal/receiver"
)

// TestRequestAllocations holds requests to their budgets: the URL's string, the
// header's map (two) and the slice of the delivery ID; for another header its
// string and its slice; for a body the request on the heap, the body, and the
// slice of its type.
func TestRequestAllocations(t *testing.T) {
	tests := []struct {
		name   string
		change func(*delivery.Subscription)
		budget float64
	}{
		{"a tracker's URL", func(*delivery.Subscription) {}, 4},
		{"with a header", func(s *delivery.Subscription) { s.Headers = map[string]string{"X-Click": "{aff_click_id}"} }, 6},
		{"a form", formed, 7},
		{"JSON", jsoned, 7},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := tracker()
			tt.change(&s)
			p, err := receiver.Compile(s)
			if err != nil {
				t.Fatal(err)
			}
			o, m := sale(), attempted()
			got := testing.AllocsPerRun(1000, func() {
				if _, err := p.Request(o, m); err != nil {
					t.Fatal(err)
				}
			})
			if got > tt.budget {
				t.Errorf("%v allocations, budget %v", got, tt.budget)
			}
		})
	}
}

func BenchmarkRequest(b *testing.B) {
	p, err := receiver.Compile(tracker())
	if err != nil {
		b.Fatal(err)
	}
	o, m := sale(), attempted()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := p.Request(o, m); err != nil {
			b.Fatal(err)
		}
	}
}
