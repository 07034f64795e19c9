package duckwarehouse

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"waybill/internal/fact"
	"waybill/internal/fault"
	"waybill/internal/report"
)

// Sort puts the days that end before a time in order, one at a time, unless
// they are: each is written anew by offer and time, so that a report on one
// offer reads only that offer's rows.
func (w *Warehouse) Sort(ctx context.Context, before time.Time) error {
	err := w.settle(ctx, before, "NOT sorted", func(c *connection, d day) error {
		return w.rewrite(ctx, c, inOrder(d))
	})
	if err != nil {
		return fmt.Errorf("sort the warehouse: %w", err)
	}
	return nil
}

// inOrder is the revision of a day that changes nothing but the order of its
// rows.
func inOrder(d day) revision { return revision{day: d, marks: "sorted = true"} }

// settle runs do on the days that are over and meet a condition, and frees what
// that has left behind. Between two days it lets go of the turn to change them.
func (w *Warehouse) settle(ctx context.Context, before time.Time, condition string, do func(c *connection, d day) error) error {
	return w.with(ctx, func(c *connection) error {
		if err := w.tidying.take(ctx); err != nil {
			return err
		}
		defer w.tidying.give()
		due, err := dueDays(ctx, c, before, condition)
		if err != nil || due == nil {
			return err
		}
		for _, d := range due {
			if err := w.change(ctx, func() error { return do(c, d) }); err != nil {
				return fmt.Errorf("%s: %w", d, err)
			}
		}
		return w.change(ctx, func() error { return reclaim(ctx, c) })
	})
}

func dueDays(ctx context.Context, c *connection, before time.Time, condition string) ([]day, error) {
	var due []day
	err := c.query(ctx, func(row report.Row) error {
		due = append(due, day{row[0].Text, int32(row[1].Number)}) //nolint:gosec // as it was written
		return nil
	}, `SELECT tbl, day FROM day WHERE day < $1 AND `+condition, dayNumber(before))
	slices.SortFunc(due, func(a, b day) int {
		return cmp.Or(cmp.Compare(a.number, b.number), cmp.Compare(a.table, b.table))
	})
	return due, err
}

// reclaim frees the room of rows that were deleted. While somebody reads them
// that is left to the next time.
func reclaim(ctx context.Context, c *connection) error {
	_, err := c.exec(ctx, "CHECKPOINT")
	if e, ok := errors.AsType[*engineError](err); ok && e.is("TransactionContext") {
		return nil
	}
	return err
}

// revision is how the rows of a day are written anew.
type revision struct {
	day     day
	marks   string                                         // what is then said of the day
	prepare func(ctx context.Context, c *connection) error // makes what values and from need
	values  map[string]string                              // what columns become
	from    string                                         // joins, if values need any
}

// rewrite writes a day's rows anew, in order, in one transaction. What it does
// not mean to change is compared before and after; if it is not the same,
// nothing happens.
//
// Appends go on meanwhile. Only the beginning and the end exclude them, so that
// a row which comes late is either part of the new rows, or marks the day as
// one to be done again and makes this revision fail.
func (w *Warehouse) rewrite(ctx context.Context, c *connection, r revision) error {
	started := time.Now()
	if err := w.beginRevision(ctx, c, r.day); err != nil {
		return err
	}
	whole := context.WithoutCancel(ctx)
	due, err := r.isDue(ctx, c)
	var count int64
	if err == nil && due {
		count, err = r.run(ctx, c)
	}
	if err == nil {
		err = w.endRevision(whole, c, r)
	}
	if err != nil {
		_, again := c.exec(whole, "ROLLBACK")
		return errors.Join(err, again)
	}
	if !due {
		return nil
	}
	w.log.LogAttrs(ctx, slog.LevelInfo, "warehouse day rewritten",
		slog.String("table", r.day.table), slog.String("day", r.day.time().Format(time.DateOnly)),
		slog.String("now", r.marks), slog.Int64("rows", count), slog.Duration("took", time.Since(started)))
	return nil
}

// beginRevision fixes the state that is revised.
func (w *Warehouse) beginRevision(ctx context.Context, c *connection, d day) error {
	if err := w.appending.take(ctx); err != nil {
		return err
	}
	defer w.appending.give()
	if _, err := c.exec(ctx, "BEGIN TRANSACTION"); err != nil {
		return err
	}
	if _, err := c.one(ctx, `SELECT count(*) FROM day`); err != nil { // the state is that of the first read
		_, again := c.exec(context.WithoutCancel(ctx), "ROLLBACK")
		return errors.Join(err, again)
	}
	w.days[d] = true
	return nil
}

func (w *Warehouse) endRevision(ctx context.Context, c *connection, r revision) error {
	if err := w.appending.take(ctx); err != nil {
		return err
	}
	defer w.appending.give()
	text := fmt.Sprintf(`UPDATE day SET %s WHERE tbl = $1 AND day = $2`, r.marks)
	if _, err := c.exec(ctx, text, r.day.table, r.day.number); err != nil {
		return fmt.Errorf("mark the day: %w", err)
	}
	_, err := c.exec(ctx, "COMMIT")
	return err
}

// isDue reports whether the rows must be written anew: whether a value changes, or
// a row lies before one of a lesser offer or time. It counts rows that come in
// another order than they lie in as such: to write them anew is never wrong.
func (r revision) isDue(ctx context.Context, c *connection) (bool, error) {
	if len(r.values) > 0 {
		return true, nil
	}
	row, err := c.one(ctx, fmt.Sprintf(`SELECT count(*) FROM (SELECT 1 FROM (
		SELECT rowid AS place, offer, ms, lag(rowid) OVER () AS place_before, lag(offer) OVER () AS offer_before, lag(ms) OVER () AS ms_before
		FROM %s WHERE %s) WHERE place_before > place OR offer_before > offer OR offer_before = offer AND ms_before > ms LIMIT 1)`,
		r.day.table, r.day.within()))
	if err != nil {
		return false, fmt.Errorf("read the order: %w", err)
	}
	return row[0].Number > 0, nil
}

// run writes the rows anew and deletes the old ones. Rows of the running
// transaction have row numbers above all others.
func (r revision) run(ctx context.Context, c *connection) (int64, error) {
	if r.prepare != nil {
		if err := r.prepare(ctx, c); err != nil {
			return 0, err
		}
	}
	def, _ := fact.TableOf(r.day.table)
	kept := slices.DeleteFunc(slices.Clone(def.Columns), func(c fact.Column) bool { return r.values[c.Name] != "" })
	before, err := digest(ctx, c, def.Name, kept, r.day.within())
	if err != nil {
		return 0, fmt.Errorf("read: %w", err)
	}
	last, err := c.one(ctx, "SELECT coalesce(max(rowid), -1) FROM "+def.Name)
	if err != nil {
		return 0, fmt.Errorf("read: %w", err)
	}
	values := make([]string, 0, len(def.Columns))
	for _, column := range def.Columns {
		values = append(values, cmp.Or(r.values[column.Name], "old."+column.Name))
	}
	insert := fmt.Sprintf("INSERT INTO %s SELECT %s FROM %s old %s WHERE old.%s ORDER BY old.offer, old.ms",
		def.Name, strings.Join(values, ", "), def.Name, r.from, r.day.within())
	if _, err := c.exec(ctx, insert); err != nil {
		return 0, fmt.Errorf("write: %w", err)
	}
	remove := fmt.Sprintf("DELETE FROM %s WHERE %s AND rowid <= %d", def.Name, r.day.within(), last[0].Number)
	if _, err := c.exec(ctx, remove); err != nil {
		return 0, fmt.Errorf("delete: %w", err)
	}
	after, err := digest(ctx, c, def.Name, kept, r.day.within())
	if err != nil {
		return 0, fmt.Errorf("read again: %w", err)
	}
	if before != after {
		return 0, fault.New(fault.Damaged, "%d rows of %s became %d others when they were written anew; nothing was changed; %s",
			before.Rows, r.day, after.Rows, advice)
	}
	return before.Rows, nil
}
