package report_test

import (
	"strings"
	"testing"

	"waybill/internal/report"
)

// TestLinksAreNotTooLong has values so long that a server would refuse them.
func TestLinksAreNotTooLong(t *testing.T) {
	for size, want := range map[int]bool{10: true, 1000: true, 3000: false} {
		q, err := parse(t, "dimensions=sub1,sub2,sub3&metrics=clicks", network)
		if err != nil {
			t.Fatal(err)
		}
		long := s(strings.Repeat("x", size))
		a, err := q.Answer(t.Context(), given("sub1 sub2 sub3 clicks", report.Row{long, long, long, n(1)}))
		if err != nil || len(a.Rows) != 1 {
			t.Fatalf("Answer() has %d rows, %v; want one", len(a.Rows), err)
		}
		if got := len(a.Rows[0].Links) > 0; got != want {
			t.Errorf("a row of three values of %d bytes has a link: %v, want %v", size, got, want)
		}
	}
}
