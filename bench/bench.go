// Command bench measures Waybill on the machine it runs on: how many clicks it
// answers beside nginx and a bare net/http server, how many postbacks it turns
// into conversions, what a journal of many clicks takes of disk, memory and time
// to start, how long reports on a warehouse of many clicks take, what shipping
// clicks to the warehouse costs those that come in, how outbound postbacks
// leave, how long pages of the console take in a browser, and what a catalog of
// many offers, affiliates, postbacks, links and coupons costs.
//
// It starts the real binary as an operator does, on a data folder of its own,
// and speaks to it over loopback alone. What it starts it ends, by process ID;
// what it writes it removes. Times are reported and never judged: they belong
// to the machine. Counts are judged: a click that was answered and is not in the
// journal, or a conversion too few or too many, is a failure.
//
//	go run ./bench [flags] [clicks] [postbacks] [journal] [warehouse] [tally] [outbound] [console] [catalog]
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"
)

// options is what the command line says.
type options struct {
	waybill  string
	dir      string
	markdown string

	rounds   int
	duration time.Duration

	conversions int
	callers     int
	sqlite      bool

	stored int
	under  time.Duration

	history int64
	keep    string
	runs    int
	pairs   bool
	beside  int64

	offered int
	bout    time.Duration
	tallied int64

	catalog int
	pages   bool
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	var err error
	if len(os.Args) == 3 && os.Args[1] == "redirect" {
		err = redirect(ctx, os.Args[2])
	} else {
		err = run(ctx, os.Args[1:], os.Stdout)
	}
	stop()
	switch {
	case errors.Is(err, flag.ErrHelp):
		os.Exit(2)
	case err != nil:
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// measurement is one part of the benchmark.
type measurement struct {
	name string
	do   func(context.Context, *options, *report) error
}

// run does what the command line asks for.
func run(ctx context.Context, args []string, out io.Writer) error {
	all := []measurement{{"clicks", clicks}, {"postbacks", postbacks}, {"journal", journal}, {"warehouse", warehouse}, {"tally", tally}, {"outbound", outbound}, {"console", console}, {"catalog", largeCatalog}}
	var o options
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.Usage = func() {
		fmt.Fprintln(f.Output(), "usage: bench [flags] [clicks] [postbacks] [journal] [warehouse] [tally] [outbound] [console] [catalog]") //nolint:errcheck // nobody is told if nobody reads
		f.PrintDefaults()
	}
	f.StringVar(&o.waybill, "waybill", "bin/waybill", "the `program` to measure")
	f.StringVar(&o.dir, "dir", "", "`folder` in which everything is written, on the disk to measure; default: that of temporary files")
	f.StringVar(&o.markdown, "markdown", "", "`file` that the tables are written to as Markdown")
	f.IntVar(&o.rounds, "rounds", 3, "how `many` times clicks and postbacks are measured")
	f.DurationVar(&o.duration, "duration", 4*time.Second, "how `long` each server answers clicks in a round")
	f.IntVar(&o.conversions, "conversions", 10_000, "how `many` conversions a round makes")
	f.IntVar(&o.callers, "callers", 64, "how `many` callers send postbacks at the same time")
	f.BoolVar(&o.sqlite, "sqlite", false, "measure postbacks on SQLite alone")
	f.IntVar(&o.stored, "stored", 10_000_000, "how `many` clicks the stored journal holds")
	f.DurationVar(&o.under, "load", 10*time.Second, "how `long` the stored journal's node answers clicks")
	f.IntVar(&o.catalog, "catalog", 20_000, "how `many` offers and affiliates a large catalog has; of postbacks, links and coupons it has two and a half times as many each")
	f.BoolVar(&o.pages, "pages", true, "open pages of the console on the large catalog, too")
	o.reporting(f)
	if err := f.Parse(args); err != nil {
		return err
	}
	if o.rounds < 1 || o.runs < 1 {
		return errors.New("--rounds and --runs are 1 at least")
	}
	chosen, err := choose(all, f.Args())
	if err != nil {
		return err
	}
	rep, err := newReport(&o)
	if err != nil {
		return err
	}
	rep.print(out)
	for _, m := range chosen {
		err := m.do(ctx, &o, rep)
		rep.print(out)
		if err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
	}
	return rep.save(o.markdown)
}

// reporting has the flags of the warehouse and of tally.
func (o *options) reporting(f *flag.FlagSet) {
	f.Int64Var(&o.history, "history", 100_000_000, "how `many` clicks the warehouse holds")
	f.StringVar(&o.keep, "keep", "", "`folder` where the warehouse's or catalog's file is made, and found again the next time; default: none, it is removed")
	f.IntVar(&o.runs, "runs", 5, "how `many` times each report is run, after once to warm up")
	f.BoolVar(&o.pairs, "pairs", true, "measure every pair of dimensions too")
	f.Int64Var(&o.beside, "beside", 5_000_000, "how `many` clicks the same reports are measured on in SQLite and PostgreSQL; 0 for not at all")
	f.IntVar(&o.offered, "offered", 10_000, "how `many` clicks a second tally is measured under")
	f.DurationVar(&o.bout, "bout", 20*time.Second, "how `long` tally is measured in a round, with it and without")
	f.Int64Var(&o.tallied, "tallied", 5_000_000, "how `many` clicks the warehouse holds before tally is measured")
}

// choose gives the measurements that have been named, or all when none has.
func choose(all []measurement, names []string) ([]measurement, error) {
	if len(names) == 0 {
		return all, nil
	}
	var chosen []measurement
	for _, name := range names {
		i := slices.IndexFunc(all, func(m measurement) bool { return m.name == name })
		if i < 0 {
			return nil, fmt.Errorf("nothing is called %q: choose of clicks, postbacks, journal, warehouse, tally, outbound, console and catalog", name)
		}
		chosen = append(chosen, all[i])
	}
	return chosen, nil
}

// folder makes a folder for one measurement, and gives what removes it.
func (o *options) folder(name string) (dir string, remove func(), err error) {
	dir, err = os.MkdirTemp(o.dir, "waybill-bench-"+name+"-")
	if err != nil {
		return "", nil, fmt.Errorf("make a folder: %w", err)
	}
	return dir, func() {
		if err := os.RemoveAll(dir); err != nil {
			fmt.Fprintln(os.Stderr, "bench:", err)
		}
	}, nil
}
