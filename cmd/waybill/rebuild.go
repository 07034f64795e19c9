package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strings"
	"time"

	"waybill/internal/fact"
	"waybill/internal/fault"
	"waybill/internal/store/duckwarehouse"
	"waybill/internal/store/pebblejournal"
	"waybill/internal/txid"
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
	if fault.Of(err) != fault.Conflict || c.Discard || !e.asks() {
		return err
	}
	yes, asked := e.ask(err.Error() + "\nGo on without them? [y/N] ")
	if asked != nil || !yes {
		return errors.Join(asked, errSaid)
	}
	c.Discard = true
	return performReporting(e, c.common, c.reporting, &c.rebuild)
}

// asks reports whether somebody sits at a terminal.
func (e *env) asks() bool {
	info, err := os.Stdin.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// ask asks a question that is answered with y or no.
func (e *env) ask(question string) (bool, error) {
	if _, err := io.WriteString(e.stderr, question); err != nil {
		return false, err
	}
	line, err := bufio.NewReader(os.Stdin).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return false, err
	}
	said := strings.ToLower(strings.TrimSpace(line))
	return said == "y" || said == "yes", nil
}

// rebuild makes a new warehouse file beside the old one and puts it in its place.
type rebuild struct {
	Discard bool `name:"discard-older-days" help:"Go on although days that the journal no longer holds cannot be read from the old file, and give them up."`
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
	began := time.Now()
	say := func(format string, args ...any) {
		fmt.Fprintf(out, format+"\n", args...) //nolint:errcheck // progress; the exit code tells
	}
	say("Making a new warehouse beside the old one …")
	rows, err := r.fill(ctx, in, say)
	if err != nil {
		return errors.Join(err, duckwarehouse.Remove(w.fresh()))
	}
	if err := w.exchange(ctx); err != nil {
		return err
	}
	in.exchanged()
	say("Done in %s: %s rows from journal and ledger. The old file is %s; delete it when you no longer want it.",
		time.Since(began).Round(time.Second), thousands(rows), w.path+oldSuffix)
	return nil
}

// fill fills a new file with all there is.
func (r *rebuild) fill(ctx context.Context, in *installation, say func(string, ...any)) (rows int, err error) {
	w := in.warehouse
	if err := duckwarehouse.Remove(w.fresh()); err != nil {
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
	plan := tally.Rebuilding{Sources: from, Horizon: in.journal.Horizon(), AttemptHorizon: in.ledger.AttemptHorizon(time.Now())}
	if plan.Older, err = r.older(ctx, in, into, say); err != nil {
		return 0, err
	}
	shown := time.Now()
	err = tally.Rebuild(ctx, plan, into, func(p tally.Progress) {
		rows = p.Rows
		if p.Done < 1 && time.Since(shown) < progressEvery {
			return
		}
		shown = time.Now()
		say("%3.0f %%  %s rows%s", 100*p.Done, thousands(p.Rows), left(p.Left))
	})
	if fault.Of(err) == fault.Damaged && plan.Older != nil {
		return 0, r.refuse(err)
	}
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

// older gives the old warehouse, if it can be read. If it cannot and may hold what
// nobody else has, going on has to be asked for.
func (r *rebuild) older(ctx context.Context, in *installation, into *duckwarehouse.Warehouse, say func(string, ...any)) (*tally.Older, error) {
	if r.Discard {
		say("Days that the journal no longer holds are given up, as asked for.")
		return nil, nil //nolint:nilnil // there is none to copy from
	}
	w := in.warehouse
	err := w.ready(ctx)
	var positions []fact.Position
	if err == nil {
		positions, err = w.Positions(ctx)
	}
	if err == nil {
		return &tally.Older{Positions: positions, Copy: func(ctx context.Context, table string, before time.Time) error {
			return w.copyInto(ctx, into, table, before, say)
		}}, nil
	}
	may, asked := in.olderDays(ctx)
	if asked != nil {
		return nil, asked
	}
	if may {
		return nil, r.refuse(err)
	}
	say("The old warehouse cannot be read. The journal holds all days since the beginning, so nothing is lost.")
	return nil, nil //nolint:nilnil // as above
}

// refuse says what would be lost, and how to go on all the same.
func (*rebuild) refuse(cause error) error {
	return fault.New(fault.Conflict, "the old warehouse cannot be read (%s), and it may hold days that the journal no longer does. "+
		"They would be lost: bring the file back from a copy, or say --discard-older-days to go on without them", cause)
}

// olderDays reports whether a warehouse may hold facts that journal and ledger
// no longer have: the journal has deleted records, or is older than the ledger's
// attempts.
func (in *installation) olderDays(ctx context.Context) (bool, error) {
	if !in.journal.Horizon().IsZero() {
		return true, nil
	}
	first, err := in.firstClick(ctx)
	return !first.IsZero() && first.Before(in.ledger.AttemptHorizon(time.Now())), err
}

// firstClick gives when the journal's oldest click was, zero when it has none.
func (in *installation) firstClick(ctx context.Context) (first time.Time, err error) {
	nodes, err := in.journal.Nodes(ctx)
	if err != nil {
		return first, err
	}
	found := errors.New("found")
	for _, node := range nodes {
		q := pebblejournal.Query{Kind: txid.Click, Node: node, To: math.MaxInt64}
		err := in.journal.Scan(ctx, q, func(id txid.ID, _ []byte) error {
			if first.IsZero() || id.Time().Before(first) {
				first = id.Time()
			}
			return found
		})
		if err != nil && !errors.Is(err, found) {
			return first, err
		}
	}
	return first, nil
}
