package duckwarehouse

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"waybill/internal/fact"
	"waybill/internal/report"
)

// day is one UTC day of one table; number is counted from 1970.
type day struct {
	table  string
	number int32
}

func (d day) String() string { return d.table + " of " + d.time().Format(time.DateOnly) }

// time gives when the day begins.
func (d day) time() time.Time { return fact.QuarterTime(d.number * fact.QuartersADay) }

// within is the condition that a row lies in the day.
func (d day) within() string {
	first := int64(d.number) * fact.QuartersADay
	return fmt.Sprintf("quarter BETWEEN %d AND %d", first, first+fact.QuartersADay-1)
}

// dayNumber gives the UTC day that t lies in.
func dayNumber(t time.Time) int32 { return fact.Day(t) }

// days are those that have facts. One that is settled has been put in order, or
// is about to be.
type days map[day]settled

type settled bool

func (d days) clone() days { return maps.Clone(d) }

func readDays(ctx context.Context, c *connection) (days, error) {
	known := days{}
	err := c.query(ctx, func(row report.Row) error {
		d := day{row[0].Text, int32(row[1].Number)} //nolint:gosec // as it was written
		known[d] = settled(row[2].Number != 0)
		return nil
	}, `SELECT tbl, day, sorted OR anonymous FROM day`)
	if err != nil {
		return nil, fmt.Errorf("read the list of days: %w", err)
	}
	return known, nil
}

// noteDay sees to it that a day which gets a row is on the list. A visit that
// comes after its day was put in order has the day done again, so that no
// address stays; other tables' rows come late every day and hold none.
func noteDay(ctx context.Context, c *connection, d day, known days) error {
	done, ok := known[d]
	text := `INSERT INTO day VALUES ($1, $2, false, false)`
	switch {
	case ok && (!bool(done) || d.table != fact.Clicks && d.table != fact.Impressions):
		return nil
	case ok:
		text = `UPDATE day SET sorted = false, anonymous = false WHERE tbl = $1 AND day = $2`
	}
	if _, err := c.exec(ctx, text, d.table, d.number); err != nil {
		return err
	}
	known[d] = false
	return nil
}

// Days gives the UTC days of which a table has facts, the first one first.
func (w *Warehouse) Days(ctx context.Context, table string) ([]time.Time, error) {
	if err := isTable(table); err != nil {
		return nil, err
	}
	var all []time.Time
	err := w.with(ctx, func(c *connection) error {
		known, err := readDays(ctx, c)
		for d := range known {
			if d.table == table {
				all = append(all, d.time())
			}
		}
		return err
	})
	slices.SortFunc(all, time.Time.Compare)
	return all, err
}
