package overview

import (
	"net/url"
	"strconv"
	"strings"
	"time"

	"waybill/internal/account"
	"waybill/internal/report"
)

// Top is how many offers and affiliates are listed.
const Top = 8

// MostCodes is how many codes of rejected signals are listed.
const MostCodes = 10

// Metrics gives what a viewer is told of a period: what is counted whatever the
// currency, and what is money, or made of it.
func Metrics(v report.Viewer) (counts, money []string) {
	counts = []string{"clicks", "impressions", "conversions", "approved", "pending", "rejected", "cr", "ctr"}
	money = []string{"revenue", "payout", "profit", "amount", "pending_revenue", "pending_payout", "epc", "rpc", "cpa", "rpa"}
	return v.Metrics(counts...), v.Metrics(money...)
}

// ByHour gives what a viewer is told of an hour, in the same way.
func ByHour(v report.Viewer) (counts, money []string) {
	return v.Metrics("clicks", "conversions"), v.Metrics("revenue", "payout")
}

// Ranked gives what a viewer is told of each of the best offers and affiliates.
// They are ranked by what they earn the viewer, or cost.
func Ranked(v report.Viewer) []string {
	return v.Metrics("clicks", "conversions", "revenue", "payout", "profit")
}

// Query gives the parameters of a report about a span.
func Query(s Span, loc *time.Location, metrics []string) url.Values {
	return url.Values{
		"from": {written(s.From)}, "to": {written(s.To)}, "tz": {loc.String()}, "metrics": {strings.Join(metrics, ",")},
	}
}

// Hourly gives the parameters of the report by hour.
func Hourly(s Span, loc *time.Location, metrics []string) url.Values {
	q := Query(s, loc, metrics)
	q.Set("dimensions", "hour")
	return q
}

// Best gives the parameters of the report of the best: offer or affiliate.
func Best(s Span, loc *time.Location, v report.Viewer, dimension string) url.Values {
	first := "-revenue"
	if v.Role == account.Affiliate {
		first = "-payout"
	}
	q := Query(s, loc, Ranked(v))
	q.Set("dimensions", dimension)
	q.Set("sort", first+",-conversions,-clicks,"+dimension)
	q.Set("limit", strconv.Itoa(Top))
	return q
}

// Currencies gives the parameters of the report of what was earned in which
// currency, the one with the most conversions first.
func Currencies(s Span) url.Values {
	q := Query(s, time.UTC, []string{"gross_conversions"})
	q.Set("dimensions", "currency")
	q.Set("sort", "-gross_conversions,currency")
	return q
}

// Rejected gives the parameters of the report of why signals were rejected.
func Rejected(s Span) url.Values {
	q := Query(s, time.UTC, []string{"rejected_signals"})
	q.Set("dimensions", "code")
	q.Add("filter", "rejected_signals>=1")
	q.Set("sort", "-rejected_signals,code")
	q.Set("limit", strconv.Itoa(MostCodes))
	return q
}

// LatestRejected gives the parameters of the list that holds the latest signal
// that was rejected with a code.
func LatestRejected(s Span, code string) url.Values {
	return url.Values{
		"from": {written(s.From)}, "to": {written(s.To)}, "limit": {"1"},
		"filter": {"status=rejected", "code=" + code},
	}
}

// mostValues is how many values a report's filter takes.
const mostValues = 1000

// InCurrency narrows a report to what is of one currency. Its money is of that
// currency alone. An offer has one for life, so that what is not money has it too,
// by its offer: those of the currency are given. Where they are more than a filter
// takes, or none, all offers are counted.
func InCurrency(q url.Values, currency string, offers []int64) url.Values {
	q.Set("currency", currency)
	if len(offers) == 0 || len(offers) > mostValues {
		return q
	}
	ids := make([]string, len(offers))
	for i, id := range offers {
		ids[i] = strconv.FormatInt(id, 10)
	}
	q.Add("filter", "offer="+strings.Join(ids, ","))
	return q
}

// written is how an instant stands in a query.
func written(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z07:00") }
