package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"waybill/internal/fault"
	"waybill/internal/store/duckwarehouse"
	"waybill/internal/work/tally"
)

// rebuildCmd groups the commands that make something anew.
type rebuildCmd struct {
	Warehouse rebuildWarehouseCmd `cmd:"" help:"Make the rows of reports anew from journal and ledger, beside a running node or without one. Days that the journal no longer holds are copied from the old file."`
}

// rebuildWarehouseCmd is "waybill rebuild warehouse".
type rebuildWarehouseCmd struct {
	common
	reporting
	rebuild
}

// Run rebuilds beside a running node or without one. What would be lost for good
// is asked about where there is somebody to ask.
func (c *rebuildWarehouseCmd) Run(e *env) error {
	if err := c.valid(); err != nil {
		return err
	}
	err := performReporting(e, c.common, c.reporting, &c.rebuild)
	if _, loses := errors.AsType[loseError](err); !loses || c.Discard || !e.asks() {
		return err
	}
	yes, asked := e.ask(err.Error() + "\nGo on without them? [y/N] ")
	if asked != nil || !yes {
		return errors.Join(asked, errSaid)
	}
	c.Discard = true
	return performReporting(e, c.common, c.reporting, &c.rebuild)
}

// rebuild makes a new warehouse file beside the old one and puts it in its place.
type rebuild struct {
	Discard bool `name:"discard-older-days" help:"If the old file cannot be read, go on and give up its days that the journal no longer holds."`
}

func (*rebuild) name() string { return "rebuild-warehouse" }

func (*rebuild) creates() bool { return false }

func (r *rebuild) do(ctx context.Context, in *installation, out io.Writer) error {
	w := in.warehouse
	if w.settings.off() {
		return fault.New(fault.Invalid, "there is no warehouse to rebuild: it is off")
	}
	if !w.rebuilding.TryLock() {
		return fault.New(fault.Unavailable, "the warehouse is being rebuilt already")
	}
	defer w.rebuilding.Unlock()
	w.dropping.Lock()
	defer w.dropping.Unlock()
	began := time.Now()
	say := func(format string, args ...any) {
		fmt.Fprintf(out, format+"\n", args...) //nolint:errcheck // progress; the exit code tells
	}
	say("Making a new warehouse beside the old one …")
	rows, err := r.fill(ctx, in, say)
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return errors.Join(err, duckwarehouse.Remove(w.fresh()))
	}
	if err := w.exchange(context.WithoutCancel(ctx)); err != nil { // it is not to end half-way
		return err
	}
	in.exchanged()
	say("Done in %s: %s rows from journal and ledger. The old file is %s; delete it when you no longer want it.",
		time.Since(began).Round(time.Second), thousands(rows), w.path+oldSuffix)
	return nil
}

// fill fills a new file with all there is.
func (r *rebuild) fill(ctx context.Context, in *installation, say func(string, ...any)) (rows int, err error) {
	older, err := r.older(ctx, in, say)
	if err != nil {
		return 0, err
	}
	rows, err = in.fillFrom(ctx, older, say)
	if older == nil || fault.Of(err) != fault.Damaged {
		return rows, err
	}
	if err := r.withoutOlder(ctx, in, err, say); err != nil {
		return 0, err
	}
	return in.fillFrom(ctx, nil, say)
}

// fillFrom fills a new file from journal and ledger, and older if there is one.
func (in *installation) fillFrom(ctx context.Context, older *tally.Older, say func(string, ...any)) (rows int, err error) {
	w := in.warehouse
	if err := duckwarehouse.Remove(w.fresh()); err != nil {
		return 0, err
	}
	if err := w.spareForAnother(); err != nil {
		return 0, err
	}
	from, err := in.sources(ctx)
	if err != nil {
		return 0, err
	}
	into, err := duckwarehouse.Open(ctx, w.fresh(), w.options())
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, into.Close()) }()
	if older != nil {
		older.Copy = w.copyFrom(into, say)
	}
	plan := tally.Rebuilding{
		Sources: from, Horizon: in.journal.Horizon(), AttemptHorizon: in.ledger.AttemptHorizon(time.Now()), Older: older,
	}
	shown := time.Now()
	err = tally.Rebuild(ctx, plan, sparing{into, w}, func(p tally.Progress) {
		rows = p.Rows
		if p.Done < 1 && time.Since(shown) < progressEvery {
			return
		}
		shown = time.Now()
		say("%3.0f %%  %s rows%s", 100*p.Done, thousands(p.Rows), left(p.Left))
	})
	return rows, err
}

// progressEvery is how often a long command says how far it is.
const progressEvery = 2 * time.Second

func left(d time.Duration) string {
	if d <= 0 {
		return ""
	}
	return ", about " + d.Round(time.Second).String() + " left"
}

// thousands writes a number for people.
func thousands(n int) string {
	text := fmt.Sprint(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}
