package reconcile_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"waybill/internal/money"
	"waybill/internal/reconcile"
)

func decimal(cents int64) string { return money.Decimal(cents*10_000, "USD") }

// TestAnotherClockIsFound writes conversions down by one clock and reads them by
// another.
func TestAnotherClockIsFound(t *testing.T) {
	newYork, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	fixed := func(minutes int) *time.Location { return time.FixedZone("", minutes*60) }
	tests := []struct {
		name   string
		clock  *time.Location
		layout string
		lines  int
		step   time.Duration
		begin  time.Time
		zone   string // what is found; empty for nothing
		gone   int    // conversions that the list leaves out
	}{
		{"three hours ahead", fixed(180), time.DateTime, 60, 11 * time.Hour, noon.AddDate(0, 0, -14), "UTC+03:00", 0},
		{"five hours and a half ahead", fixed(330), time.DateTime, 60, 11 * time.Hour, noon.AddDate(0, 0, -14), "UTC+05:30", 0},
		{"eight hours behind", fixed(-480), time.DateTime, 60, 11 * time.Hour, noon.AddDate(0, 0, -14), "UTC-08:00", 0},
		{"in a zone that changes its clock", newYork, time.DateTime, 120, 11 * time.Hour, time.Date(2026, 10, 4, 0, 0, 0, 0, time.UTC), "America/New_York", 0},
		{"by dates alone", fixed(180), time.DateOnly, 200, 3 * time.Hour, noon.AddDate(0, 0, -12), "UTC+03:00", 0},
		{"no other clock", time.UTC, time.DateTime, 60, 11 * time.Hour, noon.AddDate(0, 0, -14), "", 0},
		{"no other clock, though lines are left out", time.UTC, time.DateTime, 60, 11 * time.Hour, noon.AddDate(0, 0, -14), "", 7},
		{"too few lines to tell", fixed(180), time.DateTime, 4, 11 * time.Hour, noon.AddDate(0, 0, -14), "", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newTrade(t)
			p := w.params()
			p.From, p.Until, p.Zones = time.Time{}, time.Time{}, []*time.Location{newYork}
			var ours []reconcile.Conversion
			var text strings.Builder
			text.WriteString("tid,amount,date\n")
			for i := range tt.lines {
				c := w.conversion(tt.begin.Add(time.Duration(i)*tt.step+time.Duration(i*7%60)*time.Minute), 1000)
				ours = append(ours, c)
				if i < tt.gone {
					continue
				}
				fmt.Fprintf(&text, "%s,10,%s\n", c.TransactionID, c.OccurredAt.Add(20*time.Second).In(tt.clock).Format(tt.layout))
			}
			s := result(t, w.match(p, w.reading(), text.String(), ours...))
			if tt.zone == "" {
				if s.Clock != nil {
					t.Errorf("found %+v, want nothing", s.Clock)
				}
				return
			}
			if s.Clock == nil {
				t.Fatalf("found no other clock, want %s", tt.zone)
			}
			within := tt.layout == time.DateOnly && s.Clock.Zone <= tt.zone && s.Clock.UpTo >= tt.zone
			if s.Clock.Zone != tt.zone && !within {
				t.Fatalf("found %+v, want %s", s.Clock, tt.zone)
			}
			if s.Clock.Agree != tt.lines || s.Clock.Of != tt.lines || s.Clock.Now >= tt.lines {
				t.Errorf("the evidence is %+v, want all %d lines, and fewer now", s.Clock, tt.lines)
			}
		})
	}
}
