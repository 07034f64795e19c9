package api

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// TestFlightsRest holds how long what was made is given to those who come later:
// what is dear is made seldom, and neither waiting for a turn nor a failure counts
// as dear.
func TestFlightsRest(t *testing.T) {
	for _, tt := range []struct {
		name  string
		takes time.Duration // in all
		took  time.Duration // to count
		fails bool
		want  time.Duration
	}{
		{"what is cheap is given for a moment", 10 * time.Millisecond, 10 * time.Millisecond, false, freshFor},
		{"what is dear for ten times what it took", 3 * time.Second, 3 * time.Second, false, 30 * time.Second},
		{"waiting for a turn is not what it took", 9 * time.Second, 100 * time.Millisecond, false, freshFor},
		{"a failure for as long as it took", 10 * time.Second, 0, true, 10 * time.Second},
		{"and a quick one for a moment", time.Millisecond, 0, true, freshFor},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f, made := newFlights(), 0
				ask := func() {
					_, err := f.get(t.Context(), overviewScope{}, func(context.Context) (*overviewRecord, error) {
						made++
						pass(tt.takes)
						if tt.fails {
							return nil, errors.New("away")
						}
						return &overviewRecord{took: tt.took}, nil
					})
					if (err != nil) != tt.fails {
						t.Errorf("error %v", err)
					}
				}
				ask()
				pass(tt.want - time.Millisecond)
				ask()
				if made != 1 {
					t.Errorf("made anew before %s", tt.want)
				}
				pass(2 * time.Millisecond)
				ask()
				if made != 2 {
					t.Errorf("not made anew after %s", tt.want)
				}
			})
		})
	}
}
