package tally

import (
	"context"
	"errors"
	"fmt"
	"time"

	"waybill/internal/fact"
	"waybill/internal/fault"
)

// Older is a warehouse that holds days which the sources no longer hold whole.
// They are copied from it; of the days that the sources hold it is not asked.
type Older struct {
	Positions []fact.Position // up to where it has what the sources had
	// Copy takes over the rows of a table whose UTC day is before a time. before
	// is a midnight.
	Copy func(ctx context.Context, table string, before time.Time) error
}

// Rebuilding says what a rebuild starts from.
type Rebuilding struct {
	Sources
	// Horizon is the time before which the journal has dropped its records, zero
	// when it has dropped none; AttemptHorizon is the ledger's for attempts.
	Horizon, AttemptHorizon time.Time
	// Older is nil when there is none, or it cannot be read: then what the
	// sources do not hold any more is lost.
	Older *Older

	limits limits // of a batch; bulk when there are none
}

// bulk bounds a batch of a rebuild: two of them are in memory, some 200 MB. Its
// clicks are what DuckDB keeps together.
func bulk() limits {
	return limits{visits: 122_880, bytes: 48 << 20, signals: 20_000, rows: 20_000, patience: time.Minute}
}

// Rebuild fills a warehouse that is empty with all there is: older days from
// the warehouse before it, the rest from the sources, up to the present. It ships
// the same facts that were shipped as they came, since they follow from the
// sources alone. Conversions come whole from the ledger. The sources may be in
// use meanwhile; what comes behind the end of a rebuild is for a Worker.
//
// A rebuild that fails leaves the warehouse incomplete: it has to be thrown away.
func Rebuild(ctx context.Context, from Rebuilding, into Warehouse, progress func(Progress)) error {
	positions, err := into.Positions(ctx)
	if err != nil {
		return err
	}
	if len(positions) > 0 {
		return fault.New(fault.Conflict, "the warehouse that is to be built anew is not empty")
	}
	if from.limits == (limits{}) {
		from.limits = bulk()
	}
	r := &reader{Sources: from.Sources, limits: from.limits, at: map[string]fact.Position{}, skip: from.keep()}
	if err := from.copyOlder(ctx); err != nil {
		return fmt.Errorf("copy older days: %w", err)
	}
	p, err := r.pace(ctx)
	if err != nil {
		return fmt.Errorf("rebuild the warehouse: %w", err)
	}
	if err := r.pour(ctx, into, func(b *taken) { progress(p.after(b)) }); err != nil {
		return fmt.Errorf("rebuild the warehouse: %w", err)
	}
	return into.Sort(ctx, time.Now().UTC().Truncate(24*time.Hour))
}

// midnight gives the first midnight at t or later: the first day that is whole
// where all before t is gone.
func midnight(t time.Time) time.Time {
	first := t.UTC().Truncate(day)
	if first.Before(t) {
		first = first.Add(day)
	}
	return first
}

// days gives before which day each table is copied: the first that its source
// holds whole. Tables that are not in it are not copied.
func (from *Rebuilding) days() map[string]time.Time {
	days := map[string]time.Time{}
	if from.Older == nil {
		return days
	}
	if !from.Horizon.IsZero() {
		first := midnight(from.Horizon)
		days[fact.Clicks], days[fact.Impressions], days[fact.Signals] = first, first, first
	}
	if !from.AttemptHorizon.IsZero() {
		days[fact.Deliveries] = midnight(from.AttemptHorizon)
	}
	return days
}

// copyOlder copies what the sources do not hold whole.
func (from *Rebuilding) copyOlder(ctx context.Context) error {
	days := from.days()
	for _, table := range []string{fact.Clicks, fact.Impressions, fact.Signals, fact.Deliveries} {
		if before, ok := days[table]; ok {
			if err := from.Older.Copy(ctx, table, before); err != nil {
				return fmt.Errorf("table %s: %w", table, err)
			}
		}
	}
	return nil
}

// keep tells which facts of the sources have been copied: those of copied days
// that the older warehouse had read.
func (from *Rebuilding) keep() func(table, source string, number uint64, at time.Time) bool {
	days := from.days()
	if len(days) == 0 {
		return nil
	}
	read := map[string]uint64{}
	for _, p := range from.Older.Positions {
		read[p.Source] = p.At
	}
	return func(table, source string, number uint64, at time.Time) bool {
		before, copied := days[table]
		if !copied || !at.Before(before) {
			return false
		}
		upto := read[source]
		return number < upto || source == attemptSource && number == upto // the last one's own number
	}
}

// pour ships all there is. While a batch is stored the next one is read.
func (r *reader) pour(ctx context.Context, into Warehouse, stored func(*taken)) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	batches := make(chan *taken)
	go func() {
		defer close(batches)
		if err := r.readAll(ctx, batches); err != nil {
			cancel(err)
		}
	}()
	for b := range batches {
		if ctx.Err() != nil {
			continue // until the reader has left
		}
		if err := into.Append(ctx, b.Batch); err != nil {
			cancel(err)
			continue
		}
		stored(b)
	}
	return context.Cause(ctx)
}

// readAll hands on batch after batch until there is no more.
func (r *reader) readAll(ctx context.Context, batches chan<- *taken) error {
	for more := true; more; {
		b := r.read(ctx, readable{journal: true, ledger: true})
		if err := errors.Join(b.journal, b.ledger, b.ahead); err != nil {
			return err
		}
		r.moved(&b.Batch)
		more = b.more
		select {
		case batches <- b:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}
