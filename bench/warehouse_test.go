package main

import (
	"testing"

	"waybill/internal/account"
	reports "waybill/internal/report"
)

// TestQueriesAreReports holds what is measured to what the API takes.
func TestQueriesAreReports(t *testing.T) {
	t.Parallel()
	all := wholeQueries()
	names := pairDimensions()
	for i, a := range names {
		for _, b := range names[i+1:] {
			all = append(all, pair(a, b))
		}
	}
	if len(all) < 12+19*18/2 {
		t.Errorf("there are %d reports", len(all))
	}
	for _, q := range all {
		if _, err := reports.Parse(q.values(), historyUntil(), reports.Viewer{Role: account.Network}); err != nil {
			t.Errorf("%s: %v", q.name, err)
		}
	}
}
