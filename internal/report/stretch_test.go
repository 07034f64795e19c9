package report

import (
	"fmt"
	"net/url"
	"testing"
	"time"

	"pgregory.net/rapid"

	"waybill/internal/account"
)

// bucketOf names the bucket of a unit that an instant lies in, on the wall.
func bucketOf(u unit, at time.Time) string {
	switch u {
	case weekly:
		y, w := at.ISOWeek()
		return fmt.Sprint(y, w)
	case monthly:
		return at.Format("2006-01")
	case hourly:
		return at.Format("2006-01-02 15 -07")
	default:
		return at.Format(time.DateOnly)
	}
}

// TestStretchesEndWithBuckets: no row of a report by time lies in two stretches,
// in any zone, and together they are the range.
func TestStretchesEndWithBuckets(t *testing.T) {
	zones := []string{"UTC", "America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "America/Havana", "Asia/Kathmandu"}
	units := map[string]unit{"hour": hourly, "day": daily, "week": weekly, "month": monthly}
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.SampledFrom([]string{"hour", "day", "week", "month"}).Draw(t, "unit")
		from := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(rapid.Int64Range(0, 300*24).Draw(t, "from")) * time.Hour)
		to := from.Add(time.Duration(rapid.Int64Range(1, 400*24).Draw(t, "hours")) * time.Hour)
		values := url.Values{
			"dimensions": {name + ",offer"}, "from": {from.Format(time.RFC3339)}, "to": {to.Format(time.RFC3339)},
			"tz": {rapid.SampledFrom(zones).Draw(t, "zone")}, "sort": {rapid.SampledFrom([]string{"", name, "-" + name}).Draw(t, "sort")},
		}
		q, err := Parse(values, to, Viewer{Role: account.Network})
		if err != nil {
			t.Fatal(err)
		}
		desc := values.Get("sort") == "-"+name
		parts := q.stretches()
		if parts == nil {
			return // the range is no longer than the first stretch
		}
		if desc {
			for i, j := 0, len(parts)-1; i < j; i, j = i+1, j-1 {
				parts[i], parts[j] = parts[j], parts[i]
			}
		}
		if !parts[0].from.Equal(q.from) || !parts[len(parts)-1].to.Equal(q.to) {
			t.Fatalf("stretches from %v to %v, want %v to %v", parts[0].from, parts[len(parts)-1].to, q.from, q.to)
		}
		for i, part := range parts {
			if !part.from.Before(part.to) || i > 0 && !part.from.Equal(parts[i-1].to) {
				t.Fatalf("stretch %d is %v to %v, behind one to %v", i, part.from, part.to, parts[max(i-1, 0)].to)
			}
			before, at := part.from.Add(-time.Millisecond).In(q.loc), part.from.In(q.loc)
			if u := units[name]; i > 0 && bucketOf(u, before) == bucketOf(u, at) {
				t.Errorf("%v lies within a %s", at, name)
			}
		}
	})
}

// TestWhatIsReadAtOnce goes through the reports that are not cut into stretches.
func TestWhatIsReadAtOnce(t *testing.T) {
	tests := []struct {
		name, query string
		cut         bool
	}{
		{name: "time first, and several rows of one time", query: "dimensions=day,offer", cut: true},
		{name: "by time though time stands behind", query: "dimensions=offer,day", cut: true},
		{name: "sorted backwards by time", query: "dimensions=day,offer&sort=-day", cut: true},
		{name: "sorted by a metric", query: "dimensions=day,offer&sort=-clicks"},
		{name: "sorted by another dimension first", query: "dimensions=day,offer&sort=offer,day"},
		{name: "times alone, whose rows are few", query: "dimensions=day,hour"},
		{name: "no dimensions", query: "metrics=clicks"},
		{name: "a stream, also one in no order", query: "dimensions=day,sub2&format=csv", cut: true},
		{name: "a stream in order", query: "dimensions=day,affiliate&format=csv", cut: true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			values, err := url.ParseQuery(tt.query + "&from=2026-01-01&to=2026-03-31")
			if err != nil {
				t.Fatal(err)
			}
			q, err := Parse(values, time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC), Viewer{Role: account.Network})
			if err != nil {
				t.Fatal(err)
			}
			if got := q.stretches() != nil; got != tt.cut {
				t.Errorf("cut into stretches: %t, want %t", got, tt.cut)
			}
		})
	}
}
