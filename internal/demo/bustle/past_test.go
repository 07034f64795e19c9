package bustle_test

import (
	"slices"
	"testing"
	"time"

	"waybill/internal/demo/bustle"
)

// month is thirty days that end on a Sunday evening.
func month() (from, until time.Time) {
	until = time.Date(2026, 11, 22, 19, 30, 0, 0, time.UTC)
	return until.AddDate(0, 0, -30), until
}

func TestTheSameSeedGivesTheSamePast(t *testing.T) {
	t.Parallel()
	from, until := month()
	a, b := bustle.New(7, market()).Past(from, until), bustle.New(7, market()).Past(from, until)
	if !slices.Equal(a, b) {
		t.Error("the same seed gives two pasts")
	}
	if slices.Equal(a, bustle.New(8, market()).Past(from, until)) {
		t.Error("another seed gives the same past")
	}
}

func TestThePastKeepsToItsTime(t *testing.T) {
	t.Parallel()
	from, until := month()
	last, ids := from, map[string]bool{}
	for _, v := range bustle.New(1, market()).Past(from, until) {
		switch {
		case v.At.Before(last):
			t.Fatalf("%s comes after %s", v.At, last)
		case !v.At.Before(until), !v.Told.IsZero() && !v.Told.Before(until), !v.Reviewed.IsZero() && !v.Reviewed.Before(until):
			t.Fatalf("something of %+v is still to come at %s", v, until)
		case (v.Deed == bustle.Leaves) != v.Told.IsZero():
			t.Fatalf("%s, and told of at %s", v.Deed, v.Told)
		case !v.Told.IsZero() && v.Told.Sub(v.At) < 30*time.Second:
			t.Fatalf("told of %s after the click", v.Told.Sub(v.At))
		case !v.Reviewed.IsZero() && (v.Deed != bustle.Pends || v.Reviewed.Before(v.Told)):
			t.Fatalf("reviewed at %s: %s, told of at %s", v.Reviewed, v.Deed, v.Told)
		case v.Seen != (v.ClickID == ""):
			t.Fatalf("a banner and a click have nothing in common: %+v", v)
		case v.ClickID != "" && ids[v.ClickID]:
			t.Fatalf("click ID %s comes twice", v.ClickID)
		}
		last, ids[v.ClickID] = v.At, true
	}
}

func TestThePastHasARhythm(t *testing.T) {
	t.Parallel()
	from, until := month()
	var visits, banners, told, reviewed, rejected, night, evening int
	byAffiliate, deeds, days := map[int]int{}, map[bustle.Deed]int{}, map[string]int{}
	for _, v := range bustle.New(1, market()).Past(from, until) {
		if v.Seen {
			banners++
			continue
		}
		visits++
		byAffiliate[v.Affiliate]++
		deeds[v.Deed]++
		days[v.At.Format(time.DateOnly)]++
		switch h := v.At.Hour(); {
		case h < 4:
			night++
		case h >= 17 && h < 21:
			evening++
		}
		if !v.Told.IsZero() {
			told++
		}
		if !v.Reviewed.IsZero() {
			reviewed++
		}
		if v.Rejected {
			rejected++
		}
	}
	for _, want := range []struct {
		what        string
		got         int
		least, most int
	}{
		{"visits", visits, 2500, 4500},
		{"banners", banners, 1400, 2600},
		{"days with visits", len(days), 30, 31},
		{"told of", told, 250, 600},
		{"reviewed", reviewed, 50, 200},
		{"rejected", rejected, 5, reviewed / 2},
		{"affiliates", len(byAffiliate), 4, 4},
		{"the last affiliate's", byAffiliate[3], 50, byAffiliate[0] / 2},
		{"kinds of deeds", len(deeds), 9, 9},
		{"at night", night, 1, evening / 3},
	} {
		if want.got < want.least || want.got > want.most {
			t.Errorf("%s: %d, want %d to %d", want.what, want.got, want.least, want.most)
		}
	}
}
