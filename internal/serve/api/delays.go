package api

import (
	"context"
	"time"

	"waybill/internal/report"
	"waybill/internal/span"
)

// delayRecord is how long after their clicks conversions happened.
type delayRecord struct {
	Buckets     []delayBucket `json:"buckets"`
	Conversions int64         `json:"conversions" doc:"In all buckets."`
	Unknown     int64         `json:"unknown" doc:"Conversions whose click's time is not known; they are in no bucket."`
	Median      *span.Span    `json:"median,omitempty" doc:"Half of them happened no later than this after their click."`
	P90         *span.Span    `json:"p90,omitempty" doc:"Nine of ten happened no later."`
	frame
}

type delayBucket struct {
	From        span.Span `json:"from" doc:"At least this long after the click."`
	To          span.Span `json:"to,omitzero" doc:"And less than this; the last bucket has no end."`
	FromSeconds float64   `json:"from_seconds"`
	Conversions int64     `json:"conversions"`
	Share       float64   `json:"share" doc:"Of all conversions in buckets, from 0 to 1."`
	UpToHere    float64   `json:"cumulative_share" doc:"Of this bucket and all before it."`
}

// cohortRecord is what became of each day's clicks.
type cohortRecord struct {
	Rows     []cohortRow `json:"rows"`
	Currency string      `json:"currency,omitempty"`
	frame
}

type cohortRow struct {
	Day         string  `json:"day" doc:"The day of the clicks, in tz."`
	Clicks      int64   `json:"clicks"`
	Conversions []int64 `json:"conversions" doc:"How many followed within 24 hours of their click, in the 24 hours after that, and so on for 31 days."`
	Later       int64   `json:"later" doc:"How many followed after that."`
	Payout      string  `json:"payout,omitempty" doc:"Of all of them that are approved or paid."`
	Revenue     string  `json:"revenue,omitempty"`
}

// frame is what an answer's numbers hold for.
type frame struct {
	From  time.Time  `json:"from"`
	To    time.Time  `json:"to" doc:"Not part of it."`
	Zone  string     `json:"tz"`
	AsOf  *time.Time `json:"as_of" doc:"Up to when everything is counted; null when nothing is yet."`
	Notes []string   `json:"notes" doc:"What to know to read it right."`
}

func frameOf(from, to time.Time, zone string, asOf time.Time, notes []string) frame {
	loc, err := time.LoadLocation(zone)
	if err != nil {
		loc = time.UTC
	}
	f := frame{From: from.In(loc), To: to.In(loc), Zone: zone, AsOf: instant(asOf), Notes: notes}
	if f.Notes == nil {
		f.Notes = []string{}
	}
	return f
}

// instant gives a time in UTC, nil for the zero time.
func instant(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

func (p *reporter) delay(ctx context.Context, x *exchange) (*answer, error) {
	q, err := report.ParseDelay(x.r.URL.Query(), p.now(), report.ViewerOf(x.who))
	if err != nil {
		return nil, err
	}
	var found report.DelayAnswer
	err = p.ask(ctx, x, p.desk.Answer, func(ctx context.Context, r report.Reader) error {
		found, err = q.Answer(ctx, r)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &answer{Body: showDelay(&found)}, nil
}

func showDelay(d *report.DelayAnswer) delayRecord {
	out := delayRecord{
		Buckets: make([]delayBucket, 0, len(d.Buckets)), Conversions: d.Conversions, Unknown: d.Unknown,
		Median: (*span.Span)(d.Median), P90: (*span.Span)(d.P90), frame: frameOf(d.From, d.To, d.Zone, d.AsOf, d.Notes),
	}
	var sum int64
	for _, b := range d.Buckets {
		sum += b.Conversions
		out.Buckets = append(out.Buckets, delayBucket{
			From: span.Span(b.From), To: span.Span(b.To), FromSeconds: b.From.Seconds(), Conversions: b.Conversions,
			Share: partOf(b.Conversions, d.Conversions), UpToHere: partOf(sum, d.Conversions),
		})
	}
	return out
}

func partOf(n, all int64) float64 {
	if all == 0 {
		return 0
	}
	return share(float64(n) / float64(all))
}

func (p *reporter) cohort(ctx context.Context, x *exchange) (*answer, error) {
	q, err := report.ParseCohort(x.r.URL.Query(), p.now(), report.ViewerOf(x.who))
	if err != nil {
		return nil, err
	}
	var found report.CohortAnswer
	err = p.ask(ctx, x, p.desk.Answer, func(ctx context.Context, r report.Reader) error {
		found, err = q.Answer(ctx, r)
		return err
	})
	if err != nil {
		return nil, err
	}
	out := cohortRecord{
		Rows: make([]cohortRow, 0, len(found.Rows)), Currency: found.Currency,
		frame: frameOf(found.From, found.To, found.Zone, found.AsOf, found.Notes),
	}
	for i := range found.Rows {
		r := &found.Rows[i]
		one := cohortRow{Day: r.Day, Clicks: r.Clicks, Conversions: r.Conversions[:], Later: r.Later}
		if r.Payout != nil {
			one.Payout = r.Payout.Text
		}
		if r.Revenue != nil {
			one.Revenue = r.Revenue.Text
		}
		out.Rows = append(out.Rows, one)
	}
	return &answer{Body: out}, nil
}
