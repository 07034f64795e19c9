package report_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"waybill/internal/report"
)

func TestNotesSayWhatIsLeftOut(t *testing.T) {
	tests := []struct{ name, query, want string }{
		{"visitors of two days", "metrics=unique_clicks", "renewed at 00:00 UTC"},
		{"a dimension that a table lacks", "dimensions=goal", "clicks have no goal: they stand in the rows where it is empty or 0"},
		{"a filter that a table lacks", "filter=goal=1", "clicks have no goal: the filter leaves them out"},
		{"conversions by their click", "time=click", "whose click's time is unknown are left out"},
		{"money in one currency", "metrics=clicks,conversions,revenue&currency=EUR", "money is in EUR alone, while clicks, views and conversions are counted whatever the currency"},
		{"rows of one currency", "dimensions=currency&metrics=clicks,revenue&currency=EUR", "currency=EUR leaves out conversions in other currencies; what has no currency is counted whole"},
		{"tests", "test=1", "test traffic alone"},
		{"a comparison of what a metric leaves", "dimensions=offer&filter=clicks>=2&compare=previous", "previous.total covers the rows that it lets through in the period before"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			q, err := parse(t, tt.query, network)
			if err != nil {
				t.Fatal(err)
			}
			a, err := q.Answer(t.Context(), &empty{})
			if err != nil || !strings.Contains(strings.Join(a.Notes, "\n"), tt.want) {
				t.Errorf("notes are %q, %v; want %q among them", a.Notes, err, tt.want)
			}
		})
	}
}

func TestDelayNotesSayWhatViewsCountFrom(t *testing.T) {
	d, err := report.ParseDelay(url.Values{}, now, network)
	if err != nil {
		t.Fatal(err)
	}
	a, err := d.Answer(t.Context(), &empty{})
	if want := "view-through conversions are counted from their view"; err != nil || !slices.Contains(a.Notes, want) {
		t.Errorf("notes are %q, %v; want %q among them", a.Notes, err, want)
	}
}
