package report

import (
	"context"
	"net/url"
	"time"

	"waybill/internal/fault"
)

// Query is a report that was asked for.
type Query struct {
	format Format
	names  bool
}

func Parse(values url.Values, now time.Time, viewer Viewer) (*Query, error) {
	return nil, fault.New(fault.Unavailable, "")
}

// Format says how the answer is to be written.
func (q *Query) Format() Format { return q.format }

// Names says whether the names of numbers were asked for.
func (q *Query) Names() bool { return q.names }

// Fields says what the cells of each line are: dimensions, then metrics.
func (q *Query) Fields() []Field { return nil }

// Answer reads the report whole.
func (q *Query) Answer(ctx context.Context, r Reader) (Answer, error) { return Answer{}, nil }

// Stream hands the report's rows to line, one after another: no totals, no limit
// but the one asked for. A Line is good until line returns.
func (q *Query) Stream(ctx context.Context, r Reader, line func(Line) error) error { return nil }

// List is a list of facts that was asked for, newest first.
type List struct{}

// ParseList reads the parameters of a list of one of fact's tables: from, to,
// tz, filter, test, time, limit (at most 1,000), cursor.
func ParseList(table string, values url.Values, now time.Time, viewer Viewer) (*List, error) {
	return nil, fault.New(fault.Unavailable, "")
}
func (l *List) Fields() []Field { return nil }

// Read gives a page.
func (l *List) Read(ctx context.Context, r Reader) (Page, error) { return Page{}, nil }

// Page is a piece of a list.
type Page struct {
	Fields []Field
	Rows   []Line
	Next   string // the cursor of what follows; empty at the end
	AsOf   time.Time
}

// Delay asks how long after their clicks conversions happen (from, to, tz,
// filter, test, time).
type Delay struct{}

func ParseDelay(values url.Values, now time.Time, viewer Viewer) (*Delay, error) {
	return nil, fault.New(fault.Unavailable, "")
}
func (d *Delay) Answer(ctx context.Context, r Reader) (DelayAnswer, error) { return DelayAnswer{}, nil }

// DelayAnswer is a histogram of the time from click to conversion.
type DelayAnswer struct {
	Buckets     []DelayBucket
	Conversions int64          // in all buckets
	Unknown     int64          // whose click's time is unknown; in no bucket
	Median, P90 *time.Duration // exact order statistics, to the millisecond; nil without conversions
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

// Cohort asks what became of each day's clicks (from, to, tz, filter, test,
// currency).
type Cohort struct{}

func ParseCohort(values url.Values, now time.Time, viewer Viewer) (*Cohort, error) {
	return nil, fault.New(fault.Unavailable, "")
}
func (c *Cohort) Answer(ctx context.Context, r Reader) (CohortAnswer, error) {
	return CohortAnswer{}, nil
}

// CohortAnswer has a row for each day of clicks.
type CohortAnswer struct {
	Rows     []CohortRow
	Currency string
	From, To time.Time
	Zone     string
	AsOf     time.Time
	Notes    []string
}

// CohortRow is one day of clicks.
type CohortRow struct {
	Day         string
	Clicks      int64
	Conversions [CohortDays + 1]int64 // by whole days of 24 hours since the click
	Later       int64                 // after more than CohortDays
	Payout      *Cell                 // nil where the viewer may not see it
	Revenue     *Cell
}

// CohortDays is how many days a cohort is followed.
const CohortDays = 30
