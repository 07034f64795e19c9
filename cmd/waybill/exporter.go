package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"waybill/internal/fact"
	"waybill/internal/fault"
	"waybill/internal/report"
)

// exports says what is exported each day.
type exports struct {
	Dir    string    `name:"export-dir" placeholder:"DIR" help:"Write each day's rows into files in this folder once the day is over (UTC), for tools of your own."`
	Format string    `name:"export-format" default:"parquet" enum:"parquet,csv" help:"Of these files: parquet or csv."`
	Tables tableList `name:"export-tables" default:"all" placeholder:"TABLE,…" help:"Which rows: clicks, impressions, conversions, signals, deliveries, or all."`
}

const (
	// exportEvery is how often the exporter looks for days that are over.
	exportEvery = 5 * time.Minute
	// exportAfter is how long after midnight a day counts as over.
	exportAfter = 10 * time.Minute
	// exportMarks lies in the folder of the exports and says which days are done.
	exportMarks = ".waybill-exported.json"
)

// exporter writes the rows of closed days into files, each day once, and again
// when rows have come to it since.
type exporter struct {
	settings  exports
	warehouse *warehouse
	log       *slog.Logger
	failed    error // the last time; it is said once
}

// marks says how many rows each exported day has, by table, day and format.
type marks map[string]int64

// run exports until ctx is done.
func (x *exporter) run(ctx context.Context) error {
	tick := time.NewTicker(exportEvery)
	defer tick.Stop()
	for {
		x.say(ctx, x.export(ctx, time.Now().UTC()))
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// say logs that exporting fails, or works again.
func (x *exporter) say(ctx context.Context, err error) {
	switch {
	case ctx.Err() != nil:
		return
	case err != nil && x.failed == nil:
		x.log.LogAttrs(ctx, slog.LevelError, "closed days could not be exported; it is tried again", slog.Any("error", err))
	case err == nil && x.failed != nil:
		x.log.LogAttrs(ctx, slog.LevelInfo, "closed days are exported again")
	}
	x.failed = err
}

// export writes what is due at a time.
func (x *exporter) export(ctx context.Context, now time.Time) error {
	today := now.Truncate(24 * time.Hour)
	if now.Sub(today) < exportAfter {
		return nil
	}
	done, err := x.read()
	if err != nil {
		return err
	}
	for _, table := range x.settings.Tables {
		due, err := x.due(ctx, table, today)
		if fault.Of(err) == fault.Unavailable {
			return nil // no warehouse now, which is said elsewhere
		}
		if err != nil {
			return err
		}
		if err := x.exportDays(ctx, table, due, done); err != nil {
			return err
		}
	}
	return nil
}

// exportDays writes the days that have other rows than when they were exported.
func (x *exporter) exportDays(ctx context.Context, table string, due []dayRows, done marks) error {
	for _, d := range due {
		name := strings.Join([]string{table, d.day.Format(time.DateOnly), x.settings.Format}, " ")
		if done[name] == d.rows {
			continue
		}
		if _, err := x.warehouse.exportDay(ctx, table, d.day, x.settings.Format, x.settings.Dir); err != nil {
			return err
		}
		done[name] = d.rows
		if err := x.write(done); err != nil {
			return err
		}
	}
	return nil
}

// dayRows is how many rows a table has of a day.
type dayRows struct {
	day  time.Time
	rows int64
}

// due gives the days of a table that are over, once everything that was received
// on them is in: rows are only ever added to a day, so their number tells whether
// it has changed.
func (x *exporter) due(ctx context.Context, table string, today time.Time) (all []dayRows, err error) {
	const day = 24 * time.Hour
	count := report.Statement{
		SQL: fmt.Sprintf(`SELECT CAST(quarter - quarter %% %d AS BIGINT), CAST(COUNT(*) AS BIGINT) FROM %s WHERE quarter < $1 GROUP BY 1 ORDER BY 1`,
			fact.QuartersADay, table),
		Args:    []any{int64(fact.Quarter(today))},
		Columns: []report.Column{{Name: "day"}, {Name: "rows"}},
	}
	err = x.warehouse.use(ctx, func(ctx context.Context, f *openFile) error {
		return f.View(ctx, func(r report.Reader) error {
			whole := r.AsOf().Truncate(day)
			return r.Rows(ctx, count, func(row report.Row) error {
				at := fact.QuarterTime(int32(row[0].Number)) //nolint:gosec // a quarter
				if at.Before(whole) {
					all = append(all, dayRows{at, row[1].Number})
				}
				return nil
			})
		})
	})
	return all, err
}

// read reads which days are done.
func (x *exporter) read() (marks, error) {
	done := marks{}
	b, err := os.ReadFile(filepath.Join(x.settings.Dir, exportMarks))
	if errors.Is(err, fs.ErrNotExist) {
		return done, nil
	}
	if err == nil {
		err = json.Unmarshal(b, &done)
	}
	if err != nil {
		return nil, fmt.Errorf("read which days are exported: %w", err)
	}
	return done, nil
}

// write keeps which days are done.
func (x *exporter) write(done marks) error {
	b, err := json.MarshalIndent(done, "", " ")
	if err != nil {
		return fmt.Errorf("keep which days are exported: %w", err)
	}
	return writeFile(filepath.Join(x.settings.Dir, exportMarks), b)
}
