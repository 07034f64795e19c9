package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestReadStrike(t *testing.T) {
	t.Parallel()
	const said = "Running 4s test @ http://127.0.0.1:1\n  1 threads\nmeasured 4000 2000000 1500 9000 12000 "
	got, err := readStrike(said + "0 0 0 0 0\n")
	want := strike{requests: 4000, took: 2 * time.Second, p50: 1500 * time.Microsecond, p99: 9 * time.Millisecond, most: 12 * time.Millisecond}
	if err != nil || got != want || got.rate() != 2000 {
		t.Errorf("readStrike() = %+v, %v; want %+v", got, err, want)
	}
	tests := []struct{ name, out string }{
		{"a refused connection", said + "1 0 0 0 0\n"},
		{"an answer of 500", said + "0 0 0 1 0\n"},
		{"a time-out", said + "0 0 0 0 1\n"},
		{"a line cut short", said + "0 0\n"},
		{"no line", "Running 4s test\n"},
		{"no answer at all", "\nmeasured 0 2000000 0 0 0 0 0 0 0 0\n"},
	}
	for _, tt := range tests {
		if got, err := readStrike(tt.out); err == nil {
			t.Errorf("%s: readStrike() = %+v, want an error", tt.name, got)
		}
	}
}

// TestBareServerLeadsWhereTheMacrosDo holds the servers that are compared to
// the same work.
func TestBareServerLeadsWhereTheMacrosDo(t *testing.T) {
	t.Parallel()
	v := newCrowd(1, offerCount, affiliateCount).next()
	r := httptest.NewRequest(http.MethodGet, v.query("w1"), nil)
	if got, want := location(r.URL.RawQuery), v.landing(noID, "w1"); got != want {
		t.Errorf("location() = %s, want %s", got, want)
	}
	filled := destination
	for macro, value := range map[string]string{
		"{offer_id}": "1", "{affiliate_id}": "2", "{transaction_id}": noID, "{aff_click_id}": "w1",
		"{sub1}": "a", "{sub2}": "b", "{sub3}": "c", "{source}": "d",
	} {
		filled = strings.ReplaceAll(filled, macro, value)
	}
	if got := landing("1", "2", noID, "w1", [3]string{"a", "b", "c"}, "d"); got != filled {
		t.Errorf("landing() = %s, want %s", got, filled)
	}
}

func TestCrowdIsTheSameForTheSameSeed(t *testing.T) {
	t.Parallel()
	a, b, other := newCrowd(1, 20, 100), newCrowd(1, 20, 100), newCrowd(2, 20, 100)
	same := 0
	for range 100 {
		v := a.next()
		if w := b.next(); v != w {
			t.Fatalf("next() = %+v and %+v for one seed", v, w)
		}
		if v.offer < 1 || v.offer > 20 || v.affiliate < 1 || v.affiliate > 100 || v.agent == "" {
			t.Fatalf("next() = %+v, outside of its catalog", v)
		}
		if v == other.next() {
			same++
		}
	}
	if same == 100 {
		t.Error("next() gives the same visitors for two seeds")
	}
}

func TestReportPrintsAndSavesTheSameCells(t *testing.T) {
	t.Parallel()
	rep := new(report)
	tab := rep.table("Clicks", "server", "clicks/s")
	tab.row("nginx", int64(1234567))
	tab.note("A note of %d words.", 4)
	var out strings.Builder
	rep.print(&out)
	rep.print(&out) // what was printed is not printed again
	if got, want := out.String(), "\nClicks\n\n  server  clicks/s\n  nginx   1,234,567\n\n  A note of 4 words.\n"; got != want {
		t.Errorf("print() wrote %q, want %q", got, want)
	}
}

func TestNumbers(t *testing.T) {
	t.Parallel()
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", -1000: "-1,000", -999: "-999", 12345678: "12,345,678"} {
		if got := thousands(n); got != want {
			t.Errorf("thousands(%d) = %s, want %s", n, got, want)
		}
	}
	is := func(v float64) float64 { return v }
	if got, want := spread([]float64{3, 1, 2}, is, "%.0f"), "2 (1–3)"; got != want {
		t.Errorf("spread() = %s, want %s", got, want)
	}
	// Each round by itself: 1/2, 4/2 and 2/4, not 2/2.
	if got, want := ratio([]float64{1, 4, 2}, []float64{2, 2, 4}, is), "0.50"; got != want {
		t.Errorf("ratio() = %s, want %s", got, want)
	}
}
