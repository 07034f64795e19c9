package main

import (
	"context"
	"errors"
	"math"
	"strings"
	"time"

	"waybill/internal/fact"
	"waybill/internal/fault"
	"waybill/internal/store/duckwarehouse"
	"waybill/internal/store/pebblejournal"
	"waybill/internal/txid"
	"waybill/internal/work/tally"
)

// loseError is a rebuild's refusal to give up days that nobody has given up.
type loseError struct{ error }

// Unwrap gives the fault.
func (w loseError) Unwrap() error { return w.error }

// refuse says what would be lost, and how to go on all the same.
func refuse(cause error) error {
	return loseError{fault.New(fault.Conflict, "the old warehouse cannot be read (%s), and it may hold days that the journal no longer does. "+
		"They would be lost: bring the file back from a copy, or say --discard-older-days to go on without them", cause)}
}

// adviceToRebuild is what stands in an error that only a rebuild helps against.
const adviceToRebuild = "waybill rebuild warehouse"

// mayPass reports whether a file that could not be opened may be readable another
// time, so that what it holds must not be given up: somebody else has it open, or
// the system refuses it.
func mayPass(err error) bool {
	return fault.Of(err) == fault.Unavailable && !strings.Contains(err.Error(), adviceToRebuild)
}

// older gives what is to be copied from the old warehouse, nil if it cannot be
// read. If it cannot and may hold what nobody else has, going on has to be asked
// for.
func (r *rebuild) older(ctx context.Context, in *installation, say func(string, ...any)) (*tally.Older, error) {
	w := in.warehouse
	err := w.ready(ctx)
	var positions []fact.Position
	if err == nil {
		positions, err = w.Positions(ctx)
	}
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case err == nil:
		return &tally.Older{Positions: positions}, nil
	case mayPass(err):
		return nil, err
	}
	return nil, r.withoutOlder(ctx, in, err, say)
}

// withoutOlder says what it means to go on without the old warehouse, or refuses
// to.
func (r *rebuild) withoutOlder(ctx context.Context, in *installation, cause error, say func(string, ...any)) error {
	may, err := in.olderDays(ctx)
	switch {
	case err != nil:
		return err
	case !may:
		say("The old warehouse cannot be read. The journal holds all days since the beginning, so nothing is lost.")
	case r.Discard:
		say("The old warehouse cannot be read (%s). Its days that the journal no longer holds are given up, as asked for.", cause)
	default:
		return refuse(cause)
	}
	return nil
}

// copyFrom gives what copies a table's older days into a new file.
func (w *warehouse) copyFrom(into *duckwarehouse.Warehouse, say func(string, ...any)) func(context.Context, string, time.Time) error {
	return func(ctx context.Context, table string, before time.Time) error {
		return w.copyInto(ctx, into, table, before, say)
	}
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
	for _, node := range nodes {
		id, found, err := in.firstRecord(ctx, txid.Click, node)
		if err != nil {
			return first, err
		}
		if found && (first.IsZero() || id.Time().Before(first)) {
			first = id.Time()
		}
	}
	return first, nil
}

// firstRecord gives the ID of the oldest record of a kind and node.
func (in *installation) firstRecord(ctx context.Context, kind txid.Kind, node uint16) (first txid.ID, found bool, err error) {
	enough := errors.New("found")
	err = in.journal.Scan(ctx, pebblejournal.Query{Kind: kind, Node: node, To: math.MaxInt64}, func(id txid.ID, _ []byte) error {
		first, found = id, true
		return enough
	})
	if errors.Is(err, enough) {
		err = nil
	}
	return first, found, err
}
