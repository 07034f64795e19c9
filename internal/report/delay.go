package report

import (
	"context"
	"errors"
	"net/url"
	"strconv"
	"strings"
	"time"

	"waybill/internal/fact"
)

// Delay asks how long after their clicks conversions happen.
type Delay struct{ scope }

// DelayAnswer is a histogram of the time from click to conversion, over what
// the metric conversions counts. A conversion reported up to a few minutes
// before its click, since clocks differ, has a delay of 0.
type DelayAnswer struct {
	Buckets     []DelayBucket
	Conversions int64          // in all buckets
	Unknown     int64          // whose click's time is unknown; in no bucket
	Median, P90 *time.Duration // exact, to the millisecond: half, nine tenths have no longer delay; nil without conversions
	From, To    time.Time
	Zone        string
	AsOf        time.Time
	Notes       []string
}

// DelayBucket counts the conversions of at least From and less than To after
// their click. The last has no To.
type DelayBucket struct {
	From, To    time.Duration
	Conversions int64
}

// delayBounds gives where the buckets after the first begin.
func delayBounds() []time.Duration {
	const days = 24 * time.Hour
	return []time.Duration{
		time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour,
		days, 2 * days, 3 * days, 7 * days, 14 * days, 30 * days,
	}
}

// ParseDelay reads from, to, tz, time, filter, currency and test.
func ParseDelay(values url.Values, now time.Time, viewer Viewer) (*Delay, error) {
	p := parser{values: values, viewer: viewer, now: now}
	d := &Delay{scope: p.scope()}
	p.only("from", "to", "tz", "time", "filter", "currency", "test")
	p.parseFilters(&d.scope, nil)
	p.parseCurrency(&d.scope)
	d.settleTest(p.flag("test"), nil)
	if err := errors.Join(p.errs...); err != nil {
		return nil, err
	}
	return d, nil
}

// Answer reads the histogram.
func (d *Delay) Answer(ctx context.Context, r Reader) (DelayAnswer, error) {
	from := sourceOf(fact.Conversions, d.byClick)
	a := DelayAnswer{
		Buckets: emptyBuckets(), From: d.from, To: d.to, Zone: d.loc.String(), AsOf: r.AsOf(),
		Notes: append([]string{"view-through conversions are counted from their view"}, d.notes([]source{from})...),
	}
	if !d.covers(from) {
		return a, nil
	}
	if err := d.count(ctx, r, from, &a); err != nil {
		return DelayAnswer{}, err
	}
	var err error
	if a.Median, err = d.rank(ctx, r, from, &a, (a.Conversions+1)/2); err != nil {
		return DelayAnswer{}, err
	}
	a.P90, err = d.rank(ctx, r, from, &a, a.Conversions-a.Conversions/10)
	return a, err
}

func emptyBuckets() []DelayBucket {
	bounds := delayBounds()
	all := make([]DelayBucket, len(bounds)+1)
	for i, at := range bounds {
		all[i].To, all[i+1].From = at, at
	}
	return all
}

// delayed is a conversion's delay in milliseconds. It reads as a table's
// columns do.
func delayed() item {
	return item{
		as: "delay", expression: "CASE WHEN ms > click_ms THEN ms - click_ms ELSE 0 END",
		columns: []string{"ms", "click_ms"},
	}
}

// count fills the buckets.
func (d *Delay) count(ctx context.Context, r Reader, from source, a *DelayAnswer) error {
	w := &writer{scope: &d.scope}
	items := []item{delayed(), col("click_ms"), col("sign")}
	sql := "SELECT bucket, CAST(sum(sign) AS BIGINT) FROM (SELECT " + bucketCase() + " AS bucket, sign FROM (" +
		w.facts(from, items, isCounted) + ") AS f) AS b GROUP BY b.bucket"
	if w.err != nil {
		return w.err
	}
	s := Statement{SQL: sql, Args: w.args, Columns: []Column{{Name: "bucket"}, {Name: "conversions"}}}
	return r.Rows(ctx, s, func(row Row) error {
		n := row[1].Number
		if bucket := row[0].Number; bucket < 0 {
			a.Unknown = n
		} else {
			a.Buckets[bucket].Conversions = n
			a.Conversions += n
		}
		return nil
	})
}

// bucketCase gives the number of a delay's bucket, -1 where the click's time is
// unknown.
func bucketCase() string {
	var b strings.Builder
	b.WriteString("CASE WHEN click_ms = 0 THEN -1")
	bounds := delayBounds()
	for i, at := range bounds {
		b.WriteString(" WHEN delay < " + strconv.FormatInt(at.Milliseconds(), 10) + " THEN " + strconv.Itoa(i))
	}
	b.WriteString(" ELSE " + strconv.Itoa(len(bounds)) + " END")
	return b.String()
}

// rank gives the delay that stands at a place, from 1, when all are in order.
// Only the bucket that holds it is read.
func (d *Delay) rank(ctx context.Context, r Reader, from source, a *DelayAnswer, place int64) (*time.Duration, error) {
	if a.Conversions <= 0 {
		return nil, nil //nolint:nilnil // there is none, which is not an error
	}
	at := 0
	for place > a.Buckets[at].Conversions && at < len(a.Buckets)-1 {
		place -= a.Buckets[at].Conversions
		at++
	}
	w := &writer{scope: &d.scope}
	items := []item{delayed(), col("sign")}
	inner := w.facts(from, items, isCounted, "click_ms <> 0")
	where := "delay >= " + strconv.FormatInt(a.Buckets[at].From.Milliseconds(), 10)
	if to := a.Buckets[at].To; to > 0 {
		where += " AND delay < " + strconv.FormatInt(to.Milliseconds(), 10)
	}
	sql := "SELECT delay, CAST(sum(sign) AS BIGINT) FROM (" + inner + ") AS f WHERE " + where + " GROUP BY f.delay ORDER BY delay"
	if w.err != nil {
		return nil, w.err
	}
	var found *time.Duration
	s := Statement{SQL: sql, Args: w.args, Columns: []Column{{Name: "delay"}, {Name: "conversions"}}}
	err := r.Rows(ctx, s, func(row Row) error {
		if place > 0 && place <= row[1].Number {
			delay := time.Duration(row[0].Number) * time.Millisecond
			found = &delay
		}
		place -= row[1].Number
		return nil
	})
	return found, err
}
