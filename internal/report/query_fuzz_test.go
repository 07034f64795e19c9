package report_test

import (
	"net/url"
	"testing"
	"unicode/utf8"

	"waybill/internal/fault"
	"waybill/internal/report"
)

// FuzzQuery holds that whatever is asked is refused with its place, or gives
// statements whose arguments are texts that an engine takes.
func FuzzQuery(f *testing.F) {
	for _, query := range []string{
		"dimensions=day,offer&metrics=clicks,cr,payout&currency=EUR&compare=previous&other=1&limit=3",
		"dimensions=currency&metrics=clicks,revenue&currency=USD&sort=-revenue",
		"filter=sub1^=%00&filter=clicks>=1", "filter=source=%ff", "tz=%00&from=2026-02-30", "dimensions=sub1&format=csv&test=1&time=click",
		"transaction_id=%00", "from=0001-01-01&to=9999-12-31", "cursor=%ff&limit=-1", "currency=%c3%28", "filter=offer=1,2,3&filter=country!=DE",
	} {
		f.Add(query)
	}
	f.Fuzz(func(t *testing.T, query string) {
		values, err := url.ParseQuery(query)
		if err != nil {
			return
		}
		var asked empty
		if q, err := report.Parse(values, now, network); refused(t, query, err) {
			return
		} else if q != nil {
			_, _ = q.Answer(t.Context(), &asked) // rows that are none may be refused
		}
		for _, s := range asked.statements {
			for _, arg := range s.Args {
				if text, ok := arg.(string); ok && (!utf8.ValidString(text) || len(text) > 1024) {
					t.Fatalf("%q asks the engine for %q", query, text)
				}
			}
		}
	})
}

// FuzzList holds the same of lists of facts, cohorts and delays.
func FuzzList(f *testing.F) {
	for _, query := range []string{"filter=order_id=%00&limit=7", "filter=transaction_id=x", "cursor=%ff", "currency=usd&time=click", "to=2026-11-22T10:00:00Z"} {
		f.Add(query)
	}
	f.Fuzz(func(t *testing.T, query string) {
		values, err := url.ParseQuery(query)
		if err != nil {
			return
		}
		_, err = report.ParseList("conversion", values, now, network)
		refused(t, query, err)
		_, err = report.ParseCohort(values, now, network)
		refused(t, query, err)
		_, err = report.ParseDelay(values, now, network)
		refused(t, query, err)
	})
}

// refused reports whether there is an error, and fails the test if it does not say
// where.
func refused(t *testing.T, query string, err error) bool {
	t.Helper()
	if err == nil {
		return false
	}
	for _, one := range fault.All(err) {
		if one.Kind != fault.Invalid || one.Field == "" {
			t.Fatalf("%q: %v is %s at %q; want the place of what is wrong", query, err, one.Kind, one.Field)
		}
	}
	if len(fault.All(err)) == 0 {
		t.Fatalf("%q: %v is no fault", query, err)
	}
	return true
}
