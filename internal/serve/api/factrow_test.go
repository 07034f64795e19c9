package api

import (
	"strings"
	"testing"
)

// TestConversionsGoneFromTheLedger have what reports know of them, to each role
// what is theirs.
func TestConversionsGoneFromTheLedger(t *testing.T) {
	w, s := newReportingWorld(t)
	tests := []struct{ as, shows, hides string }{
		{asNetwork, `"amount":AMOUNT "payout":PAYOUT "revenue":REVENUE "kind":"click" "at":"2026-11-20T09:30:00Z" "sub":["may-a"] "adv":["adv-red"] "device":"desktop"`, ``},
		{asAffiliate1, `"amount":AMOUNT "payout":PAYOUT "source":"news" "sub":["may-a"]`, `revenue 7.50 adv`},
		{asAdvertiser1, `"amount":AMOUNT "revenue":REVENUE "adv":["adv-red"]`, `payout "5.00" source sub`},
	}
	amounts := strings.NewReplacer("AMOUNT", `{"amount":"15.00","currency":"USD"}`, "PAYOUT", `{"amount":"5.00","currency":"USD"}`,
		"REVENUE", `{"amount":"7.50","currency":"USD"}`)
	for _, tt := range tests {
		t.Run(tt.as, func(t *testing.T) {
			got := w.do(t, tt.as, "GET", "conversions?from=2026-11-20&to=2026-11-22&filter=transaction_id%3D"+s.visits["c2"].ID.String(), "")
			for _, want := range strings.Fields(tt.shows) {
				if !strings.Contains(got.text, amounts.Replace(want)) {
					t.Errorf("%s is missing in %d %s", amounts.Replace(want), got.status, got.text)
				}
			}
			for _, hidden := range strings.Fields(tt.hides) {
				if strings.Contains(got.text, hidden) {
					t.Errorf("%s is in %s", hidden, got.text)
				}
			}
		})
	}
}
