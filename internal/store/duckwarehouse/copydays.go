package duckwarehouse

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"waybill/internal/fact"
	"waybill/internal/fault"
	"waybill/internal/report"
)

// CopyDays takes over the days of a table that end before a time from another
// warehouse's file, which nobody has open: for a warehouse made anew, the days
// that the journal no longer holds. A day that is there already is left alone.
// Positions are not taken over. progress is told of each day before it is read.
//
// A day that cannot be read is a Damaged fault that names it. The days before
// it are there by then.
func (w *Warehouse) CopyDays(ctx context.Context, from, table string, before time.Time, progress func(table string, day time.Time, done, all int)) error {
	err := w.with(ctx, func(c *connection) error {
		if err := w.tidying.take(ctx); err != nil {
			return err
		}
		defer w.tidying.give()
		if _, err := c.exec(ctx, fmt.Sprintf("ATTACH %s AS former (READ_ONLY)", quote(from))); err != nil {
			return err
		}
		err := w.copyDays(ctx, c, table, before, progress)
		_, again := c.exec(context.WithoutCancel(ctx), "DETACH former")
		return errors.Join(err, again)
	})
	if err != nil {
		return fmt.Errorf("copy days of %s: %w", from, err)
	}
	return nil
}

func (w *Warehouse) copyDays(ctx context.Context, c *connection, table string, before time.Time, progress func(string, time.Time, int, int)) error {
	row, err := c.one(ctx, "SELECT version FROM former.schema_version")
	if err != nil {
		return err
	}
	version := row[0].Number
	if version != schemaVersion && version != withoutCorrection {
		return fault.New(fault.Invalid, "the other file has the schema version %d, this program has %d", version, schemaVersion)
	}
	if err := w.copyWords(ctx, c); err != nil {
		return err
	}
	missing, err := missingDays(ctx, c, table, before)
	if err != nil {
		return err
	}
	for i, d := range missing {
		progress(d.table, d.time(), i, len(missing))
		if err := w.alone(ctx, func() error { return w.copyDay(ctx, c, d, version) }); err != nil {
			return fmt.Errorf("%s: %w", d, err)
		}
	}
	return nil
}

// copyWords sees to it that the columns of words take all that the other file
// has.
func (w *Warehouse) copyWords(ctx context.Context, c *connection) error {
	var all []lesson
	for _, t := range fact.Tables() {
		for _, column := range t.Columns {
			if column.Type != fact.Word {
				continue
			}
			words, err := c.enumWords("former."+t.Name, column.Name)
			if err != nil {
				return err
			}
			all = append(all, lesson{t.Name, column.Name, words})
		}
	}
	return w.teach(ctx, c, all)
}

func missingDays(ctx context.Context, c *connection, table string, before time.Time) ([]day, error) {
	var all []day
	err := c.query(ctx, func(row report.Row) error {
		all = append(all, day{row[0].Text, int32(row[1].Number)}) //nolint:gosec // as it was written
		return nil
	}, `SELECT tbl, day FROM former.day f WHERE day < $1 AND tbl = $2
		AND NOT EXISTS (SELECT 1 FROM day d WHERE d.tbl = f.tbl AND d.day = f.day) ORDER BY tbl, day`, dayNumber(before), table)
	return all, err
}

// copyDay is run alone.
func (w *Warehouse) copyDay(ctx context.Context, c *connection, d day, version int64) error {
	def, _ := fact.TableOf(d.table)
	names, values := make([]string, 0, len(def.Columns)), make([]string, 0, len(def.Columns))
	for _, column := range def.Columns {
		value := column.Name
		if version == withoutCorrection && column.Name == "correction" {
			value = correctionOf
		}
		names, values = append(names, column.Name), append(values, value)
	}
	texts := []string{
		fmt.Sprintf("INSERT INTO %s (%s) SELECT %s FROM former.%s WHERE %s ORDER BY offer, ms", d.table, strings.Join(names, ", "), strings.Join(values, ", "), d.table, d.within()),
		fmt.Sprintf("INSERT INTO day SELECT tbl, day, true, anonymous FROM former.day WHERE tbl = %s AND day = %d", quote(d.table), d.number),
	}
	err := c.transaction(ctx, func() error {
		for _, text := range texts {
			if _, err := c.exec(ctx, text); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		w.days[d] = true
	}
	return err
}
