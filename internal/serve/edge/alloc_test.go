//go:build !race

package edge_test

import (
	"net/http"
	"testing"

	"waybill/internal/catalog"
	"waybill/internal/offer"
)

// TestClickAllocations holds a click to its budget: the text of its ID and
// numbers, the Location, and the slice in which http.Header keeps it. A short
// link costs ServeMux one more, for what its path matches; a deep link two, for
// the URL that is taken apart when it is checked and when its host is read.
func TestClickAllocations(t *testing.T) {
	tests := []struct {
		name   string
		target string
		budget float64
		change func(*catalog.Source)
	}{
		{name: "a link", target: "/click?offer_id=5&affiliate_id=7&aff_click_id=wj2k81x0qmz7b5h3n9c4d6fa&sub1=spring&sub2=x&source=news", budget: 3},
		{name: "a link to an offer on request", target: "/click?offer_id=5&affiliate_id=7&sub1=spring", budget: 3, change: onRequest(offer.Approved)},
		{name: "a visitor of an affiliate without approval", target: "/click?offer_id=5&affiliate_id=7&sub1=spring", budget: 3, change: onRequest()},
		{name: "a short link", target: "/c/spring?aff_click_id=wj2k81x0qmz7b5h3n9c4d6fa", budget: 4},
		{name: "a visitor who is turned away", target: "/click?offer_id=5&affiliate_id=8&sub1=spring", budget: 3},
		{name: "a deep link", target: "/click?offer_id=5&affiliate_id=7&url=https://shop.example/shoes?size=42", budget: 5},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, tt.change)
			w.edge.Journal = forgetful{}
			r := clickRequest(tt.target)
			answer := &discard{header: http.Header{}}
			got := testing.AllocsPerRun(1000, func() { w.handler.ServeHTTP(answer, r) })
			if got > tt.budget {
				t.Errorf("%s makes %v allocations, budget %v", tt.name, got, tt.budget)
			}
			if answer.status != http.StatusFound {
				t.Errorf("%s is answered with %d, want 302", tt.name, answer.status)
			}
		})
	}
}

// TestImpressionAllocations holds a view to no garbage at all: its answer is the
// same for everybody.
func TestImpressionAllocations(t *testing.T) {
	w := newWorld(t, nil)
	w.edge.Journal = forgetful{}
	r := clickRequest("/impression?offer_id=5&affiliate_id=7&aff_click_id=wj2k81x0qmz7b5h3n9c4d6fa&sub1=spring")
	answer := &discard{header: http.Header{}}
	got := testing.AllocsPerRun(1000, func() { w.handler.ServeHTTP(answer, r) })
	if got > 0 || answer.status != http.StatusOK {
		t.Errorf("a view makes %v allocations and is answered with %d, budget 0", got, answer.status)
	}
}
