package duckwarehouse

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"waybill/internal/fact"
	"waybill/internal/store/warehousetest"
)

// TestTheLongestWaiterGoesFirst has one take the turn again and again, as Sort
// does day by day, while two others wait.
func TestTheLongestWaiterGoesFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		turn := newTurn()
		var order []string
		use := func(who string) {
			if err := turn.take(t.Context()); err != nil {
				t.Error(err)
				return
			}
			order = append(order, who)
		}
		use("day 1")
		for _, who := range []string{"first", "second"} {
			go func() { use(who); turn.give() }()
			synctest.Wait()
		}
		turn.give()
		use("day 2")
		turn.give()
		if want := []string{"day 1", "first", "second", "day 2"}; !slices.Equal(order, want) {
			t.Errorf("the turn went to %q, want %q", order, want)
		}
	})
}

// TestAWaitEndsWithItsContext has a batch wait for each turn it may need.
func TestAWaitEndsWithItsContext(t *testing.T) {
	w, err := Open(t.Context(), filepath.Join(t.TempDir(), "warehouse.duckdb"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	b := warehousetest.NewMaker(1).Batch(warehousetest.Noon(), 10, 1)
	b.Clicks[0].Browser = "a browser nobody knows"
	later := warehousetest.Noon().Add(48 * time.Hour)
	for _, wait := range []struct {
		name string
		held turn
		do   func(context.Context) error
	}{
		{"a new word waits for a day", w.changing, func(ctx context.Context) error { return w.Append(ctx, b) }},
		{"a batch waits for a batch", w.appending, func(ctx context.Context) error { return w.Append(ctx, b) }},
		{"Sort waits for another", w.tidying, func(ctx context.Context) error { return w.Sort(ctx, later) }},
		{"Retain waits for Sort", w.tidying, func(ctx context.Context) error { return w.Retain(ctx, fact.Clicks, later) }},
	} {
		t.Run(wait.name, func(t *testing.T) {
			if err := wait.held.take(t.Context()); err != nil {
				t.Fatal(err)
			}
			defer wait.held.give()
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			if err := wait.do(ctx); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("it ended with %v, want that its time was over", err)
			}
		})
	}
	if err := w.Append(t.Context(), b); err != nil {
		t.Errorf("Append() afterwards = %v", err)
	}
}

// TestANewWordWaitsForOneDay has a batch with unknown browsers come while the
// first of several days is put in order.
func TestANewWordWaitsForOneDay(t *testing.T) {
	path := filepath.Join(t.TempDir(), "warehouse.duckdb")
	synctest.Test(t, func(t *testing.T) {
		w, err := Open(t.Context(), path, Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer w.Close()
		m := warehousetest.NewMaker(1)
		for i := range uint64(3) {
			if err := w.Append(t.Context(), m.Batch(warehousetest.Noon().Add(time.Duration(i)*24*time.Hour), 50, i+1)); err != nil {
				t.Fatal(err)
			}
		}
		fresh := m.Batch(warehousetest.Noon().Add(20*24*time.Hour), 10, 10)
		fresh.Clicks[0].Browser, fresh.Conversions[0].Browser = "Unheard of", "Unheard of"
		stored := make(chan error, 1)
		done := 0
		err = w.settle(t.Context(), warehousetest.Noon().Add(9*24*time.Hour), "tbl = 'click'", func(c *connection, d day) error {
			switch done++; done {
			case 1:
				go func() { stored <- w.Append(t.Context(), fresh) }()
				synctest.Wait() // until it waits for the day
				if len(stored) > 0 {
					t.Errorf("Append() = %v while a day is written anew, want it to wait", <-stored)
				}
			case 2:
				for _, table := range []string{fact.Clicks, fact.Conversions} {
					if _, missing, err := c.freshWords(lesson{table, "browser", []string{"Unheard of"}}); err != nil || len(missing) > 0 {
						t.Errorf("when the second day begins %s does not take %q, %v", table, missing, err)
					}
				}
			}
			return w.rewrite(t.Context(), c, revision{day: d, marks: "sorted = true"})
		})
		if err != nil || done != 3 {
			t.Errorf("settle() = %v after %d days, want 3", err, done)
		}
		if err := <-stored; err != nil {
			t.Errorf("Append() = %v", err)
		}
	})
}
