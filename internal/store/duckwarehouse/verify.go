package duckwarehouse

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"waybill/internal/fact"
	"waybill/internal/fault"
	"waybill/internal/report"
)

// Verify reads all there is, and fails with what cannot be read. progress is
// told of each day of each table before it is read; how many there are, and how
// many are done.
func (w *Warehouse) Verify(ctx context.Context, progress func(table string, day time.Time, done, all int)) error {
	return w.with(ctx, func(c *connection) error {
		if _, err := positions(ctx, c); err != nil {
			return fmt.Errorf("verify the warehouse's positions: %w", err)
		}
		listed, err := listDays(ctx, c)
		if err != nil {
			return fmt.Errorf("verify the warehouse's list of days: %w", err)
		}
		if err := verifyDays(ctx, c, listed, progress); err != nil {
			return err
		}
		return verifyLists(ctx, c)
	})
}

// verifyDays reads all days, also those behind one that cannot be read.
func verifyDays(ctx context.Context, c *connection, listed []day, progress func(string, time.Time, int, int)) error {
	var broken []error
	for i, d := range listed {
		progress(d.table, d.time(), i, len(listed))
		err := verifyDay(ctx, c, d)
		if err != nil {
			broken = append(broken, fmt.Errorf("verify %s: %w", d, err))
		}
		if fatal(err) || ctx.Err() != nil { // nothing more can be read for now
			break
		}
	}
	return errors.Join(broken...)
}

func verifyDay(ctx context.Context, c *connection, d day) error {
	def, _ := fact.TableOf(d.table)
	sum, err := digest(ctx, c, d.table, def.Columns, d.within())
	if err == nil && sum.Rows == 0 {
		err = fault.New(fault.Damaged, "the day is listed and has no facts; %s", advice)
	}
	return err
}

// verifyLists looks for facts of days that are not listed.
func verifyLists(ctx context.Context, c *connection) error {
	for _, t := range fact.Tables() {
		row, err := c.one(ctx, fmt.Sprintf(
			"SELECT count(*) FROM %s WHERE quarter // %d - CASE WHEN quarter %% %d < 0 THEN 1 ELSE 0 END NOT IN (SELECT day FROM day WHERE tbl = %s)",
			t.Name, fact.QuartersADay, fact.QuartersADay, quote(t.Name)))
		if err != nil {
			return fmt.Errorf("verify %s: %w", t.Name, err)
		}
		if n := row[0].Number; n > 0 {
			return fault.New(fault.Damaged, "%d facts of %s are of days that are not listed; %s", n, t.Name, advice)
		}
	}
	return nil
}

// listDays gives all listed days, table by table.
func listDays(ctx context.Context, c *connection) ([]day, error) {
	var all []day
	err := c.query(ctx, func(row report.Row) error {
		d := day{row[0].Text, int32(row[1].Number)} //nolint:gosec // as it was written
		if slices.Contains(all, d) {
			return fault.New(fault.Damaged, "%s is listed twice; %s", d, advice)
		}
		all = append(all, d)
		return nil
	}, `SELECT tbl, day FROM day ORDER BY tbl, day`)
	return all, err
}
