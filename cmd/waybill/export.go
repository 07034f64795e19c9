package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"waybill/internal/fault"
)

// exportCmd is "waybill export".
type exportCmd struct {
	common
	reportingByURL
	export
}

// Run exports beside a running node or without one.
func (c *exportCmd) Run(e *env) error {
	r, err := c.reporting()
	if err != nil {
		return err
	}
	if c.To.at.Before(c.From.at) {
		return fault.New(fault.Invalid, "--to %s is before --from %s", c.To, c.From)
	}
	dir, err := filepath.Abs(c.Dir) // the node works in another folder than the command
	if err != nil {
		return fmt.Errorf("find %s: %w", c.Dir, err)
	}
	c.Dir = dir
	return performReporting(e, c.common, r, &c.export)
}

// export writes whole UTC days of tables into files.
type export struct {
	Tables tableList `name:"table" required:"" placeholder:"TABLE,…" help:"What to export: clicks, impressions, conversions, signals, deliveries, with commas between, or all."`
	From   date      `required:"" placeholder:"DATE" help:"The first day, such as 2026-11-01, in UTC."`
	To     date      `required:"" placeholder:"DATE" help:"The last day."`
	Format string    `default:"parquet" enum:"parquet,csv" help:"parquet or csv."`
	Dir    string    `name:"to-dir" required:"" placeholder:"DIR" help:"The folder to write into: a folder for each table, in it a file for each day."`
}

func (*export) name() string { return "export" }

func (*export) creates() bool { return false }

func (x *export) do(ctx context.Context, in *installation, out io.Writer) error {
	w := in.warehouse
	if w.settings.off() {
		return fault.New(fault.Invalid, "there is no warehouse to export from: it is off")
	}
	if err := w.ready(ctx); err != nil {
		return err
	}
	files := 0
	for _, table := range x.Tables {
		days, err := w.days(ctx, table)
		if err != nil {
			return err
		}
		for _, day := range days {
			if day.Before(x.From.at) || day.After(x.To.at) {
				continue
			}
			path, err := w.exportDay(ctx, table, day, x.Format, x.Dir)
			if err != nil {
				return err
			}
			files++
			fmt.Fprintln(out, path) //nolint:errcheck // progress; the exit code tells
		}
	}
	_, err := fmt.Fprintf(out, "%d files written\n", files)
	return err
}

// exportDay writes a day of a table into its file, whole or not at all, for its
// owner alone.
func (w *warehouse) exportDay(ctx context.Context, table string, day time.Time, format, dir string) (path string, err error) {
	for _, folder := range []string{filepath.Dir(w.path), dir} {
		if err := w.room(folder, 0); err != nil {
			return "", err
		}
	}
	err = w.use(ctx, func(ctx context.Context, f *openFile) error {
		path, err = f.Export(ctx, table, day, format, dir)
		return err
	})
	return path, err
}

// date is a day of UTC with a text form.
type date struct{ at time.Time }

// UnmarshalText reads a date such as 2026-11-22.
func (d *date) UnmarshalText(text []byte) error {
	t, err := time.Parse(time.DateOnly, string(text))
	if err != nil {
		return fmt.Errorf("%q is no date such as 2026-11-22", text)
	}
	d.at = t
	return nil
}

// MarshalText writes the date.
func (d date) MarshalText() ([]byte, error) { return []byte(d.String()), nil } //nolint:unparam // as encoding.TextMarshaler has it

// String gives the date.
func (d date) String() string { return d.at.Format(time.DateOnly) }
