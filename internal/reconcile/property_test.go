package reconcile_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"waybill/internal/conversion"
	"waybill/internal/money"
	"waybill/internal/reconcile"
)

// fate is what a partner's list makes of a conversion.
type fate int

const (
	listed fate = iota
	dropped
	altered
	repeated
	declined
)

// TestWhateverAListDoesIsExplained makes a list of our conversions, writes it by
// another clock, drops, alters, repeats and shuffles, adds lines of its own, and
// wants each of those found: no more, no less, and the money to the cent.
func TestWhateverAListDoesIsExplained(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newTrade(t)
		clock := time.FixedZone("", rapid.IntRange(-48, 56).Draw(t, "quarters of the list's clock")*15*60)
		n := rapid.IntRange(1, 40).Draw(t, "conversions")
		byOrder := rapid.Bool().Draw(t, "the list has orders alone")
		var ours []reconcile.Conversion
		var lines []string
		want := map[reconcile.Class]int{}
		theirSum, ourSum := int64(0), int64(0)
		write := func(c reconcile.Conversion) {
			if byOrder {
				lines = append(lines, strings.Replace(line(c, clock), c.TransactionID.String(), "", 1))
			} else {
				lines = append(lines, line(c, clock))
			}
			if c.Status != conversion.Rejected {
				theirSum += c.Money[reconcile.Amount].Units
			}
		}
		for range n {
			c := w.conversion(noon.Add(time.Duration(rapid.IntRange(-7*24*60, 7*24*60).Draw(t, "minutes from noon"))*time.Minute),
				rapid.Int64Range(1, 1e6).Draw(t, "cents"))
			if rapid.IntRange(0, 4).Draw(t, "of five") == 0 {
				c.Status = conversion.Rejected
			} else {
				ourSum += c.Money[reconcile.Amount].Units
			}
			ours = append(ours, c)
			theirs := c
			switch fate(rapid.IntRange(0, 4).Draw(t, "fate")) {
			case listed:
				want[reconcile.Matched]++
				write(theirs)
			case dropped:
				want[reconcile.MissingThere]++
			case altered:
				theirs.Money[reconcile.Amount] = usd(c.Money[reconcile.Amount].Units/10_000 + rapid.Int64Range(1, 1000).Draw(t, "more"))
				if c.Status == conversion.Rejected {
					want[reconcile.Matched]++ // nothing on either side
				} else {
					want[reconcile.AmountDiffers]++
				}
				write(theirs)
			case repeated:
				want[reconcile.Matched]++
				want[reconcile.Duplicate]++
				write(theirs)
				write(theirs)
			case declined:
				theirs.Status = conversion.Rejected
				if c.Status == conversion.Rejected {
					want[reconcile.Matched]++
				} else {
					want[reconcile.StatusDiffers]++
				}
				write(theirs)
			}
		}
		for range rapid.IntRange(0, 5).Draw(t, "lines of its own") {
			want[reconcile.MissingHere]++
			write(w.conversion(noon, rapid.Int64Range(1, 1e6).Draw(t, "cents")))
		}
		lines = rapid.Permutation(lines).Draw(t, "lines")
		how := w.reading()
		how.Zone = clock
		p := w.params()
		p.Zone = clock
		if len(lines) == 0 {
			return
		}
		m := w.match(p, how, head+strings.Join(lines, ""), rapid.Permutation(ours).Draw(t, "ours")...)
		s := result(t, m)
		for _, c := range reconcile.Classes() {
			if got := len(rows(t, m, c)); got != want[c] {
				t.Fatalf("%d are %s, want %d\n%+v\n%s", got, c, want[c], s, strings.Join(lines, ""))
			}
		}
		var theirs, mine int64
		for _, total := range s.Totals {
			theirs, mine = theirs+units(t, total.Theirs), mine+units(t, total.Ours)
		}
		if theirs != theirSum || mine != ourSum {
			t.Fatalf("the sums are %d and %d, want %d and %d", theirs, mine, theirSum, ourSum)
		}
	})
}

// TestAWrongClockLosesNothing reads a list by the wrong clock, so that lines and
// conversions fall out of the period on either side: every line still finds its
// conversion, or is told where that is.
func TestAWrongClockLosesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newTrade(t)
		quarters := rapid.IntRange(-48, 56).Draw(t, "quarters of the list's clock")
		clock := time.FixedZone("", quarters*15*60)
		n := rapid.IntRange(10, 60).Draw(t, "conversions")
		p := w.params()
		var ours []reconcile.Conversion
		var lines []string
		for i := range n {
			c := w.conversion(p.From.Add(time.Duration(i)*p.Until.Sub(p.From)/time.Duration(n)), 100+int64(i))
			ours = append(ours, c)
			lines = append(lines, line(c, clock))
		}
		m := w.match(p, w.reading(), head+strings.Join(rapid.Permutation(lines).Draw(t, "lines"), ""), ours...)
		s := result(t, m)
		if s.Conversions != n || s.Lines+s.Outside != n || s.Matched != s.Lines || s.MissingThere != s.Outside {
			t.Fatalf("%+v; want %d lines matched or outside, as many missing there as are outside", s, n)
		}
		for _, r := range rows(t, m, reconcile.MissingThere) {
			if r.Reason != reconcile.ListedOutside || r.See == nil || r.See.Line == 0 {
				t.Fatalf("%+v; want it to say where the list has it", r)
			}
		}
		if s.Clock != nil && s.Clock.Zone != fmt.Sprintf("UTC%s", clockName(quarters)) {
			t.Fatalf("the clock is said to be %+v, it is %s", s.Clock, clockName(quarters))
		}
		if s.Outside > 0 && s.Clock == nil {
			t.Fatalf("lines fall out of the period, and no clock is found: %+v", s)
		}
	})
}

func clockName(quarters int) string {
	sign := "+"
	if quarters < 0 {
		sign, quarters = "-", -quarters
	}
	return fmt.Sprintf("%s%02d:%02d", sign, quarters/4, quarters%4*15)
}

// TestCellsFitTheHeader holds every row's CSV to the header, and keeps formulas
// from running.
func TestCellsFitTheHeader(t *testing.T) {
	w := newTrade(t)
	c := w.conversion(noon, 5000)
	c.OrderID = "=1+2"
	m := w.match(w.params(), w.reading(), "tid,order_id,amount\n"+c.TransactionID.String()+",=1+2,40\nx,@SUM,-5\n", c)
	result(t, m)
	columns := reconcile.Header()
	seen := 0
	for _, class := range reconcile.Classes() {
		for _, r := range rows(t, m, class) {
			cells := r.Cells()
			if len(cells) != len(columns) {
				t.Fatalf("%d cells for %d columns", len(cells), len(columns))
			}
			for i, cell := range cells {
				if strings.HasPrefix(cell, "=") || strings.HasPrefix(cell, "@") {
					t.Errorf("%s is %q, which a spreadsheet runs", columns[i], cell)
				}
				if columns[i] == "difference_amount" && cell == "-10.00" {
					seen++
				}
			}
		}
	}
	if want := money.Decimal(-10_000_000, "USD"); seen != 1 {
		t.Errorf("the difference %s stands there %d times, want once", want, seen)
	}
}
