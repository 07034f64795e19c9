package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"text/tabwriter"
	"time"
)

// demoReport is what the demo shows of a report.
type demoReport struct {
	Rows  []demoRow `json:"rows"`
	Total demoRow   `json:"total"`
	AsOf  time.Time `json:"as_of"`
}

// demoRow is one line of it.
type demoRow struct {
	Offer       string   `json:"offer_name"`
	Clicks      int      `json:"clicks"`
	Conversions int      `json:"conversions"`
	Payout      string   `json:"payout"`
	CR          *float64 `json:"cr"`
}

// reportOfDemo is asked for with the key in the header, as anybody would.
const reportOfDemo = "/api/v1/reports?dimensions=offer&metrics=clicks,conversions,payout,cr&names=true&sort=offer"

// reportOn is the address of the report on what was since a time.
func (d *demo) reportOn(since time.Time) string {
	return d.node.url + reportOfDemo + "&from=" + since.UTC().Format(time.RFC3339Nano)
}

// report prints what came of the round trips as the reports count it, and holds
// it to what the trackers were told: a click, a conversion and its payout for
// each campaign.
func (d *demo) report() error {
	r, err := d.freshReport(time.Now())
	if err != nil {
		return err
	}
	if !d.once {
		return d.agrees(r)
	}
	d.say("\nThe report on it (GET %s):", reportOfDemo)
	t := tabwriter.NewWriter(d.env.stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	line := func(name string, row demoRow) {
		cr := "-"
		if row.CR != nil {
			cr = fmt.Sprintf("%.0f %%", 100**row.CR)
		}
		fmt.Fprintf(t, "  %s\t%d\t%d\t%s\t%s\t\n", name, row.Clicks, row.Conversions, row.Payout, cr) //nolint:errcheck // Flush reports it
	}
	fmt.Fprint(t, "  offer\tclicks\tconversions\tpayout\tCR\t\n") //nolint:errcheck // as above
	for _, row := range r.Rows {
		line(row.Offer, row)
	}
	line("total", r.Total)
	if err := t.Flush(); err != nil {
		return err
	}
	return d.agrees(r)
}

// freshReport asks for the report until it holds everything up to a moment.
func (d *demo) freshReport(moment time.Time) (r demoReport, err error) {
	ctx, cancel := context.WithTimeout(d.env.ctx, arrival)
	defer cancel()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		err = d.get(ctx, d.reportOn(d.since), d.node.key, &r)
		if err == nil && r.AsOf.After(moment) {
			return r, nil
		}
		select {
		case <-ctx.Done():
			return r, errors.Join(fmt.Errorf("the report does not reach %s within %s: it stands at %s", moment.Format(time.TimeOnly), arrival, r.AsOf.Format(time.TimeOnly)), err)
		case <-tick.C:
		}
	}
}

// agrees holds the report to the payouts that the tracker was told.
func (d *demo) agrees(r demoReport) error {
	var told, reported []string
	for _, payout := range d.payouts {
		told = append(told, "1 click, 1 conversion, "+payout)
	}
	for _, row := range r.Rows {
		reported = append(reported, fmt.Sprintf("%d click, %d conversion, %s", row.Clicks, row.Conversions, row.Payout))
	}
	slices.Sort(told)
	slices.Sort(reported)
	if !slices.Equal(told, reported) {
		return fmt.Errorf("the report does not agree with the traces: it says %q, the tracker was told %q", reported, told)
	}
	return nil
}
