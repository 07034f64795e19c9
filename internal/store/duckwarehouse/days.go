package duckwarehouse

import (
	"context"
	"fmt"
	"maps"
	"time"

	"waybill/internal/report"
)

// day is one UTC day of one table; day is counted from 1970.
type day struct {
	table string
	day   int32
}

// days are those that have facts.
type days map[day]bool

func (d days) clone() days { return maps.Clone(d) }

func readDays(ctx context.Context, c *connection) (days, error) {
	known := days{}
	err := c.query(ctx, func(row report.Row) error {
		known[day{row[0].Text, int32(row[1].Number)}] = true //nolint:gosec // as it was written
		return nil
	}, `SELECT tbl, day FROM day`)
	if err != nil {
		return nil, fmt.Errorf("read the list of days: %w", err)
	}
	return known, nil
}

// dayNumber gives the UTC day that t lies in, counted from 1970.
func dayNumber(t time.Time) int32 {
	return int32(t.UTC().Truncate(24*time.Hour).Unix() / int64((24 * time.Hour).Seconds())) //nolint:gosec // the year 5,000,000 fits
}

// dayTime gives when a day begins.
func dayTime(n int32) time.Time { return time.Unix(int64(n)*int64((24*time.Hour).Seconds()), 0).UTC() }
