package main

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"
)

// query is a report that is measured.
type query struct {
	name   string
	params string // as a URL has them, without from and to
	days   int    // how many of the last
	goal   string // milliseconds
	stream bool   // every row, without totals
}

// values gives the report's parameters.
func (q *query) values() url.Values {
	v, err := url.ParseQuery(q.params)
	if err != nil {
		v = url.Values{"dimensions": {err.Error()}} // which the report refuses by name
	}
	if q.stream {
		v.Set("format", "ndjson") // in which nothing limits the rows
	}
	v.Set("from", historyUntil().AddDate(0, 0, -q.days).Format(time.DateOnly))
	v.Set("to", historyUntil().AddDate(0, 0, -1).Format(time.DateOnly))
	return v
}

// usualMetrics are those of every report here: counts, money, and quotients.
const usualMetrics = "metrics=clicks,conversions,approved,payout,revenue,profit,cr,epc"

// wholeQueries are the reports that are measured one by one.
func wholeQueries() []query {
	return []query{
		{name: "totals by day and offer, 30 days", params: "dimensions=day,offer&" + usualMetrics, days: 30, goal: "300"},
		{name: "the same in America/New_York", params: "dimensions=day,offer&tz=America/New_York&" + usualMetrics, days: 30, goal: "300"},
		{name: "top 100 sub2 of one offer, 30 days", params: "dimensions=sub2&filter=offer%3D1&sort=-clicks&limit=100&" + usualMetrics, days: 30, goal: "300"},
		{name: "top 100 sub2 of one offer, 90 days", params: "dimensions=sub2&filter=offer%3D1&sort=-clicks&limit=100&" + usualMetrics, days: 90, goal: "300"},
		{name: "one affiliate by country and device, 30 days", params: "dimensions=country,device&filter=affiliate%3D3&" + usualMetrics, days: 30, goal: "150"},
		{name: "one affiliate by country and device, 90 days", params: "dimensions=country,device&filter=affiliate%3D3&" + usualMetrics, days: 90, goal: "150"},
		{name: "unique clicks by day, 90 days", params: "dimensions=day&metrics=clicks,unique_clicks", days: 90, goal: "30,000"},
		{name: "unique clicks by offer and country, 90 days", params: "dimensions=offer,country&metrics=clicks,unique_clicks", days: 90, goal: "30,000"},
		{name: "by affiliate and sub2, 90 days, the first 1,000", params: "dimensions=affiliate,sub2&sort=-clicks&" + usualMetrics, days: 90, goal: "30,000"},
		{name: "by affiliate and sub2, 90 days, every row", params: "dimensions=affiliate,sub2&" + usualMetrics, days: 90, goal: "30,000", stream: true},
		{name: "by offer and adv2, 90 days, every row", params: "dimensions=offer,adv2&" + usualMetrics, days: 90, goal: "30,000", stream: true},
		{name: "by sub5, 90 days, the first 1,000", params: "dimensions=sub5&sort=-conversions&" + usualMetrics, days: 90, goal: "30,000"},
	}
}

// pairDimensions are those of which any two are measured.
func pairDimensions() []string {
	return strings.Split("hour,day,week,month,offer,advertiser,affiliate,goal,source,country,region,device,os,browser,is_bot,"+
		"attribution,channel,currency,test", ",")
}

// pairRuns is how often each pair is run, after once to warm up.
const pairRuns = 1

func pair(a, b string) query {
	return query{name: a + ", " + b, params: "dimensions=" + a + "," + b + "&" + usualMetrics, days: historyDays}
}

// pairs measures every pair of dimensions over all days.
func (t *warehouseTest) pairs(ctx context.Context) error {
	if err := forgetPeak(); err != nil {
		return err
	}
	type timed struct {
		name   string
		median float64
		rows   int64
	}
	var all []timed
	names := pairDimensions()
	for i, a := range names {
		for _, b := range names[i+1:] {
			q := pair(a, b)
			rows, took, err := t.times(ctx, q, pairRuns)
			if err != nil {
				return fmt.Errorf("%s: %w", q.name, err)
			}
			ms := median(each(took, func(d time.Duration) float64 { return d.Seconds() * 1e3 }))
			all = append(all, timed{q.name, ms, rows})
			fmt.Fprintf(os.Stderr, "%d: %s %.0f ms\n", len(all), q.name, ms)
		}
	}
	peak, err := peakMemory()
	if err != nil {
		return err
	}
	slices.SortFunc(all, func(x, y timed) int { return int(y.median - x.median) })
	tab := t.rep.table(fmt.Sprintf("Any two dimensions over %d days: all %d pairs", historyDays, len(all)), "pair", "rows", "median ms")
	for _, one := range all[:5] {
		tab.row(one.name, one.rows, fmt.Sprintf("%.0f", one.median))
	}
	middle := all[len(all)/2]
	tab.row("the middle one: "+middle.name, middle.rows, fmt.Sprintf("%.0f", middle.median))
	last := all[len(all)-1]
	tab.row("the quickest: "+last.name, last.rows, fmt.Sprintf("%.0f", last.median))
	over := slices.IndexFunc(all, func(one timed) bool { return one.median <= 2000 })
	tab.note("The five slowest, the middle one and the quickest, each the median of %d after one to warm up. %d pairs take more than 2 s. "+
		"Peak memory: %.0f MB.", pairRuns, max(over, 0), float64(peak)/1e6)
	return nil
}
