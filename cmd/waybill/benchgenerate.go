package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"time"

	"waybill/internal/demo/traffic"
	"waybill/internal/fact"
	"waybill/internal/fault"
	"waybill/internal/store/duckwarehouse"
)

// benchCmd groups what serves to measure.
type benchCmd struct {
	Generate benchGenerateCmd `cmd:"" help:"Fill a warehouse with the made-up traffic of a large network, to try reports on. The same flags give the same rows."`
}

// benchGenerateCmd is "waybill bench generate".
type benchGenerateCmd struct {
	Warehouse   string    `required:"" placeholder:"FILE" help:"The warehouse's file. Made when it is not there."`
	Append      bool      `help:"Add to a file that holds facts already."`
	Clicks      int64     `default:"100000000" placeholder:"N" help:"How many clicks."`
	Conversions int64     `default:"1500000" placeholder:"N" help:"How many conversions."`
	Days        int       `default:"90" placeholder:"N" help:"How many days they are spread over."`
	Offers      int       `default:"500" placeholder:"N" help:"How many offers there are."`
	Affiliates  int       `default:"5000" placeholder:"N" help:"How many affiliates there are."`
	Seed        uint64    `default:"1" placeholder:"N" help:"What the traffic is drawn from."`
	Until       time.Time `format:"2006-01-02" placeholder:"DATE" help:"The day after the last, in UTC. Left open: today."`
}

// filling is a warehouse while it is filled. Days that are over are put in order
// while the next ones come.
type filling struct {
	*duckwarehouse.Warehouse
	out    io.Writer
	clicks int64 // to come
	began  time.Time
	said   time.Time

	over   chan time.Time // when days are, the latest one
	sorted chan error     // how it ended
}

// Run fills the warehouse.
func (c *benchGenerateCmd) Run(e *env) (err error) {
	c.Warehouse = strings.TrimPrefix(c.Warehouse, "duckdb:") // as a node takes it
	if c.Warehouse == "" || c.Warehouse == "off" || strings.Contains(c.Warehouse, "://") {
		return fault.New(fault.Invalid, "--warehouse %q is no file", c.Warehouse)
	}
	if c.Until.IsZero() {
		c.Until = time.Now().UTC().Truncate(24 * time.Hour)
	}
	network, err := traffic.New(traffic.Plan{
		Clicks: c.Clicks, Conversions: c.Conversions, Days: c.Days, Offers: c.Offers, Affiliates: c.Affiliates, Seed: c.Seed, Until: c.Until,
	})
	if err != nil {
		return err
	}
	w, err := c.open(e.ctx)
	if err != nil {
		return err
	}
	closed := false
	defer func() {
		if !closed {
			err = errors.Join(err, w.Close())
		}
	}()
	f := &filling{
		Warehouse: w, out: e.stderr, clicks: c.Clicks, began: time.Now(), said: time.Now(),
		over: make(chan time.Time, 1), sorted: make(chan error, 1),
	}
	count, appended, err := f.fill(e.ctx, network)
	if err != nil {
		return err
	}
	closed = true
	if err := w.Close(); err != nil {
		return err
	}
	return c.tell(e.stdout, count, appended, time.Since(f.began))
}

// open opens the file, which must be empty unless it is to be added to.
func (c *benchGenerateCmd) open(ctx context.Context) (*duckwarehouse.Warehouse, error) {
	const memory = 4 << 30 // sorting a day in memory is much faster
	w, err := duckwarehouse.Open(ctx, c.Warehouse, duckwarehouse.Options{Memory: memory, Threads: runtime.NumCPU()})
	if err != nil {
		return nil, err
	}
	var held []fact.Position
	if held, err = w.Positions(ctx); err == nil && len(held) > 0 && !c.Append {
		err = fault.New(fault.Invalid, "%s holds facts already; --append adds to them", c.Warehouse)
	}
	if err != nil {
		return nil, errors.Join(err, w.Close())
	}
	return w, nil
}

// fill makes the traffic, appends it, and puts it in order.
func (f *filling) fill(ctx context.Context, network *traffic.Traffic) (count traffic.Count, appended time.Duration, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		err := f.sort(ctx)
		if err != nil {
			cancel() // what cannot be put in order need not be filled further
		}
		f.sorted <- err
	}()
	count, err = network.Fill(ctx, f, f.progress)
	appended = time.Since(f.began)
	if err != nil {
		cancel() // no day need be finished
	} else {
		f.say("putting the last days in order")
	}
	close(f.over)
	if sorting := <-f.sorted; sorting != nil && (err == nil || errors.Is(err, context.Canceled)) {
		err = sorting
	}
	return count, appended, err
}

// sort puts days in order once they are over.
func (f *filling) sort(ctx context.Context) error {
	for day := range f.over {
		if err := f.Sort(ctx, day); err != nil {
			return err
		}
	}
	return nil
}

// Append appends a batch, and says when a day is over with it. A later one
// replaces one that was not taken up yet.
func (f *filling) Append(ctx context.Context, b fact.Batch) error {
	if err := f.Warehouse.Append(ctx, b); err != nil {
		return err
	}
	for _, p := range b.Positions {
		day := p.Through.Truncate(24 * time.Hour)
		select {
		case <-f.over:
		default:
		}
		f.over <- day // there is room: nobody else puts anything in
	}
	return nil
}

// progress tells now and then how far it is.
func (f *filling) progress(c traffic.Count) {
	const every = 5 * time.Second
	if time.Since(f.said) < every {
		return
	}
	f.said = time.Now()
	took := f.said.Sub(f.began)
	rate := float64(c.Clicks) / took.Seconds()
	left := time.Duration(float64(f.clicks-c.Clicks) / rate * float64(time.Second))
	f.say(fmt.Sprintf("%d of %d clicks, %.0f/s, %s left", c.Clicks, f.clicks, rate, left.Round(time.Second)))
}

func (f *filling) say(text string) {
	fmt.Fprintf(f.out, "%s  %s\n", time.Since(f.began).Round(time.Second), text) //nolint:errcheck // nobody needs it
}

// tell says what was made.
func (c *benchGenerateCmd) tell(out io.Writer, n traffic.Count, appended, took time.Duration) error {
	info, err := os.Stat(c.Warehouse)
	if err != nil {
		return fmt.Errorf("measure the warehouse: %w", err)
	}
	_, err = fmt.Fprintf(out, "%d clicks, %d rows of conversions, %d signals and %d attempts to deliver, %s to %s.\n"+
		"Appended in %s (%.0f clicks/s), in order after %s. The file has %.2f GB, %.1f bytes a click.\n",
		n.Clicks, n.Conversions, n.Signals, n.Attempts,
		c.Until.AddDate(0, 0, -c.Days).Format(time.DateOnly), c.Until.AddDate(0, 0, -1).Format(time.DateOnly),
		appended.Round(time.Millisecond), float64(n.Clicks)/appended.Seconds(), took.Round(time.Millisecond),
		float64(info.Size())/1e9, float64(info.Size())/float64(n.Clicks))
	return err
}
