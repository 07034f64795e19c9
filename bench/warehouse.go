package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"waybill/internal/account"
	"waybill/internal/demo/traffic"
	"waybill/internal/fact"
	reports "waybill/internal/report"
	"waybill/internal/store/duckwarehouse"
)

// The made-up history that reports are measured on.
const (
	historyDays       = 90
	historyOffers     = 500
	historyAffiliates = 5000
)

// historyUntil is the day after the history's last: always the same, so that
// the same history may be used again.
func historyUntil() time.Time { return time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC) }

// historyPlan is what "waybill bench generate" is told.
func historyPlan(clicks int64) traffic.Plan {
	return traffic.Plan{
		Clicks: clicks, Conversions: clicks * 3 / 200, Days: historyDays, Offers: historyOffers, Affiliates: historyAffiliates,
		Seed: 1, Until: historyUntil(),
	}
}

// warehouseTest is the measurement of the warehouse while it runs.
type warehouseTest struct {
	o    *options
	dir  string
	file string
	rep  *report
	tab  *table
	w    *duckwarehouse.Warehouse
}

// newWarehouseTest prepares a measurement in a folder of its own, and gives what
// removes the folder. What the warehouse is filled with outlasts it where
// options.keep names a place.
func newWarehouseTest(o *options, rep *report, name string) (t *warehouseTest, remove func(), err error) {
	t = &warehouseTest{o: o, rep: rep}
	if t.dir, remove, err = o.folder(name); err != nil {
		return nil, nil, err
	}
	t.file = filepath.Join(t.dir, "history.duckdb")
	if o.keep != "" {
		t.file = filepath.Join(o.keep, fmt.Sprintf("history-%d.duckdb", o.history))
	}
	return t, remove, nil
}

// warehouse measures what a warehouse of many clicks takes, and how long
// reports on it do.
func warehouse(ctx context.Context, o *options, rep *report) error {
	t, remove, err := newWarehouseTest(o, rep, "warehouse")
	if err != nil {
		return err
	}
	defer remove()
	t.tab = rep.table(fmt.Sprintf("Warehouse of %s clicks", thousands(o.history)), "what", "measured")
	if err := t.appender(ctx); err != nil {
		return err
	}
	if err := t.fill(ctx); err != nil {
		return err
	}
	if err := t.queries(ctx); err != nil {
		return err
	}
	if err := t.served(ctx); err != nil {
		return err
	}
	if o.beside == 0 {
		return nil
	}
	return t.compare(ctx)
}

// appender measures how fast rows that are there already are stored.
func (t *warehouseTest) appender(ctx context.Context) (err error) {
	rows := min(t.o.history, 1_000_000)
	p := historyPlan(rows)
	p.Days = 1
	network, err := traffic.New(p)
	if err != nil {
		return err
	}
	var made collector
	if _, err := network.Fill(ctx, &made, func(traffic.Count) {}); err != nil {
		return err
	}
	w, err := duckwarehouse.Open(ctx, filepath.Join(t.dir, "appended.duckdb"), duckwarehouse.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	var rates []float64
	for _, b := range made.batches {
		b = fact.Batch{Clicks: b.Clicks, Positions: b.Positions}
		began := time.Now()
		if err := w.Append(ctx, b); err != nil {
			return err
		}
		rates = append(rates, float64(len(b.Clicks))/time.Since(began).Seconds())
	}
	is := func(v float64) float64 { return v }
	t.tab.row("appended from memory, one writer, clicks/s", spread(rates, is, "%.0f"))
	return nil
}

// collector keeps what is made up. Whoever fills it uses a batch's lists again,
// so it takes copies.
type collector struct{ batches []fact.Batch }

func (*collector) Positions(context.Context) ([]fact.Position, error) { return nil, nil }

func (c *collector) Append(_ context.Context, b fact.Batch) error {
	c.batches = append(c.batches, fact.Batch{
		Clicks:      append([]fact.Click(nil), b.Clicks...),
		Conversions: append([]fact.Conversion(nil), b.Conversions...),
		Positions:   append([]fact.Position(nil), b.Positions...),
	})
	return nil
}

// fill has the history made, unless it is there. A file that is not finished
// gets no name by which it would be taken for one.
func (t *warehouseTest) fill(ctx context.Context) error {
	if _, err := os.Stat(t.file); err == nil {
		t.tab.row("file", "made before")
	} else {
		unfinished := t.file + ".unfinished"
		if err := os.RemoveAll(unfinished); err != nil {
			return fmt.Errorf("remove what an earlier run left: %w", err)
		}
		said, err := generate(ctx, t.o.waybill, unfinished, t.o.history)
		if err != nil {
			return err
		}
		took := regexp.MustCompile(`Appended in .*? after [^ ]*`).FindString(said)
		t.tab.row("made up and filled, by waybill bench generate", strings.TrimSuffix(took, "."))
		if err := os.Rename(unfinished, t.file); err != nil {
			return fmt.Errorf("name the finished file: %w", err)
		}
	}
	info, err := os.Stat(t.file)
	if err != nil {
		return fmt.Errorf("measure the file: %w", err)
	}
	t.tab.row("on disk", fmt.Sprintf("%.2f GB, %.1f bytes a click, conversions and the rest included", float64(info.Size())/1e9, float64(info.Size())/float64(t.o.history)))
	return nil
}

// generate runs "waybill bench generate" and gives what it says at its end. Its
// progress goes to standard error.
func generate(ctx context.Context, waybill, file string, clicks int64, flags ...string) (string, error) {
	p := historyPlan(clicks)
	program, err := filepath.Abs(waybill)
	if err != nil {
		return "", fmt.Errorf("find %s: %w", waybill, err)
	}
	if file, err = filepath.Abs(file); err != nil {
		return "", fmt.Errorf("find %s: %w", file, err)
	}
	flags = append([]string{
		"bench", "generate", "--warehouse", file,
		"--clicks", strconv.FormatInt(p.Clicks, 10), "--conversions", strconv.FormatInt(p.Conversions, 10),
		"--days", strconv.Itoa(p.Days), "--offers", strconv.Itoa(p.Offers), "--affiliates", strconv.Itoa(p.Affiliates),
		"--seed", strconv.FormatUint(p.Seed, 10), "--until", p.Until.Format(time.DateOnly),
	}, flags...)
	cmd := exec.CommandContext(ctx, program, flags...)  //nolint:gosec // the program to measure
	cmd.Dir, cmd.Stderr = filepath.Dir(file), os.Stderr // where no waybill.toml is
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("make a history of %d clicks: %w", clicks, err)
	}
	return string(out), nil
}

// queries measures reports on the history.
func (t *warehouseTest) queries(ctx context.Context) (err error) {
	if err := forgetPeak(); err != nil {
		return err
	}
	began := time.Now()
	if t.w, err = duckwarehouse.Open(ctx, t.file, duckwarehouse.Options{}); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, t.w.Close()) }()
	t.tab.row("opened in", fmt.Sprintf("%.2f s", time.Since(began).Seconds()))
	tab := t.rep.table("Reports on it", "report", "rows", "median ms", "lowest–highest", "goal ms", "peak memory MB")
	for _, q := range wholeQueries() {
		if err := t.one(ctx, tab, q); err != nil {
			return err
		}
	}
	tab.note("Each through package report, rows, totals and all, on a node's settings (%d threads, 1 GiB of memory for DuckDB): one run to warm up, "+
		"then the median of %d. Reports with a limit give their first 1,000 rows and the totals over all; those that stream give every row. "+
		"Peak memory is the process's, which is the benchmark's, Go's part included.", min(2, runtime.NumCPU()), t.o.runs)
	if t.o.pairs {
		return t.pairs(ctx)
	}
	return nil
}

// one measures one report.
func (t *warehouseTest) one(ctx context.Context, tab *table, q query) error {
	if err := forgetPeak(); err != nil {
		return err
	}
	rows, took, err := t.times(ctx, q, t.o.runs)
	if err != nil {
		return fmt.Errorf("%s: %w", q.name, err)
	}
	peak, err := peakMemory()
	if err != nil {
		return err
	}
	ms := func(d time.Duration) float64 { return d.Seconds() * 1e3 }
	all := each(took, ms)
	tab.row(q.name, rows, fmt.Sprintf("%.0f", median(all)), fmt.Sprintf("%.0f–%.0f", slices.Min(all), slices.Max(all)), q.goal, fmt.Sprintf("%.0f", float64(peak)/1e6))
	return nil
}

// times runs a report, once to warm up and then so many times.
func (t *warehouseTest) times(ctx context.Context, q query, runs int) (rows int64, took []time.Duration, err error) {
	for i := range runs + 1 {
		began := time.Now()
		if rows, err = t.run(ctx, q); err != nil {
			return 0, nil, err
		}
		if i > 0 {
			took = append(took, time.Since(began))
		}
	}
	return rows, took, nil
}

// run runs a report and counts its rows.
func (t *warehouseTest) run(ctx context.Context, q query) (rows int64, err error) {
	parsed, err := reports.Parse(q.values(), historyUntil(), reports.Viewer{Role: account.Network})
	if err != nil {
		return 0, err
	}
	err = t.w.View(ctx, func(r reports.Reader) error {
		if q.stream {
			_, err := parsed.Stream(ctx, r, func(reports.Line) error {
				rows++
				return nil
			})
			return err
		}
		answer, err := parsed.Answer(ctx, r)
		rows = int64(len(answer.Rows))
		return err
	})
	if err == nil && rows == 0 {
		err = errors.New("the report has no row")
	}
	return rows, err
}
