package main

import (
	"context"
	"fmt"
	"io"

	"waybill/internal/store/sqlledger"
)

// checkCmd is "waybill check".
type checkCmd struct {
	common
	check
}

// Run checks beside a running node or without one.
func (c *checkCmd) Run(e *env) error { return perform(e, c.common, &c.check) }

// check verifies an installation's invariants.
type check struct{}

func (*check) name() string { return "check" }

func (*check) creates() bool { return false }

func (*check) do(ctx context.Context, in *installation, out io.Writer) error {
	found := 0
	report := func(p sqlledger.Problem) {
		found++
		fmt.Fprintln(out, p) //nolint:errcheck // the exit code tells all the same
	}
	if err := in.ledger.Check(ctx, report); err != nil {
		return err
	}
	if err := in.checkSignals(ctx, report); err != nil {
		return err
	}
	if found > 0 {
		fmt.Fprintf(out, "%d problems found\n", found) //nolint:errcheck // as above
		return errSaid
	}
	_, err := fmt.Fprintln(out, "Everything agrees: entries sum to zero, conversions with their entries, caps with their use, "+
		"verdicts with conversions and deliveries, signals with verdicts.")
	return err
}
