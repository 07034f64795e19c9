package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"waybill/internal/fact"
	"waybill/internal/fault"
	"waybill/internal/store/sqlledger"
	"waybill/internal/work/tally"
)

// checkCmd is "waybill check".
type checkCmd struct {
	common
	reportingByURL
	check
}

// Run checks beside a running node or without one.
func (c *checkCmd) Run(e *env) error {
	r, err := c.reporting()
	if err != nil {
		return err
	}
	return performReporting(e, c.common, r, &c.check)
}

// check verifies an installation's invariants.
type check struct {
	Warehouse bool `env:"-" help:"Verify the warehouse instead: that every block of it can be read, and that it agrees with journal and ledger."`
}

func (*check) name() string { return "check" }

func (*check) creates() bool { return false }

func (c *check) do(ctx context.Context, in *installation, out io.Writer) error {
	found := 0
	report := func(p sqlledger.Problem) {
		found++
		fmt.Fprintln(out, p) //nolint:errcheck // the exit code tells all the same
	}
	verify, agreed := in.checkLedger, "Everything agrees: entries sum to zero, conversions with their entries, payouts with what they pay, caps with their use, "+
		"verdicts with conversions and deliveries, signals with verdicts."
	if c.Warehouse {
		verify, agreed = in.checkWarehouse, "The warehouse agrees: every block of it can be read, its conversions add up to the ledger's, its clicks to the journal's."
	}
	if err := verify(ctx, report); err != nil {
		return err
	}
	if found > 0 {
		fmt.Fprintf(out, "%d problems found\n", found) //nolint:errcheck // as above
		return errSaid
	}
	_, err := fmt.Fprintln(out, agreed)
	return err
}

// checkLedger reports what does not agree within the ledger and between it and
// the journal's signals.
func (in *installation) checkLedger(ctx context.Context, report func(sqlledger.Problem)) error {
	if err := in.ledger.Check(ctx, report); err != nil {
		return err
	}
	return in.checkSignals(ctx, report)
}

// checkWarehouse reports what of the warehouse cannot be read, and where it does
// not agree with what it was made of.
func (in *installation) checkWarehouse(ctx context.Context, report func(sqlledger.Problem)) error {
	problem := func(text string) { report(sqlledger.Problem{Subject: "warehouse", Text: text}) }
	w := in.warehouse
	if w.settings.off() {
		return fault.New(fault.Invalid, "there is no warehouse to check: it is off")
	}
	err := w.ready(ctx)
	if err == nil {
		err = w.verify(ctx)
	}
	if fault.Of(err) == fault.Damaged {
		problem(err.Error())
		return nil
	}
	if err != nil {
		return err
	}
	from, err := in.sources(ctx)
	if err != nil {
		return err
	}
	now := time.Now()
	return tally.Compare(ctx, tally.Comparing{
		Sources: from, Warehouse: w, Since: func(table string) time.Time { return in.wholeSince(table, now) },
	}, problem)
}

// wholeSince gives the day from which on neither a table nor what it is made of
// has dropped anything, zero when nothing ever was.
func (in *installation) wholeSince(table string, now time.Time) time.Time {
	const day = 24 * time.Hour
	var since time.Time
	if horizon := in.journal.Horizon(); !horizon.IsZero() && table != fact.Conversions {
		since = horizon.Truncate(day).Add(day)
	}
	if kept, ok := in.warehouse.settings.Keep[table]; ok {
		if first := now.Add(-kept.Duration()).Truncate(day).Add(day); first.After(since) {
			since = first
		}
	}
	return since
}
