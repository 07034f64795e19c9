package duckwarehouse

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/duckdb/duckdb-go/v2/mapping"

	"waybill/internal/fact"
	"waybill/internal/fault"
	"waybill/internal/report"
)

// Append stores a batch: its facts and its positions, all of it or nothing. A
// batch that moves a position back, or has facts and moves none forward, is a
// Conflict fault and nothing of it is stored, so that what is shipped twice
// counts once.
func (w *Warehouse) Append(ctx context.Context, b fact.Batch) error {
	err := w.with(ctx, func(c *connection) error {
		if err := w.learn(ctx, c, &b); err != nil {
			return err
		}
		if err := w.appending.take(ctx); err != nil {
			return err
		}
		defer w.appending.give()
		fresh := w.days.clone()
		if err := c.transaction(ctx, func() error { return appendBatch(ctx, c, &b, fresh) }); err != nil {
			return err
		}
		w.days = fresh
		return nil
	})
	if err != nil {
		return fmt.Errorf("append %d facts to the warehouse: %w", b.Len(), err)
	}
	return nil
}

func appendBatch(ctx context.Context, c *connection, b *fact.Batch, known days) error {
	ahead, err := advance(ctx, c, b.Positions)
	if err != nil {
		return err
	}
	if !ahead && b.Len() > 0 {
		return fault.New(fault.Conflict, "the batch moves no position forward: it is stored already")
	}
	steps := []func() error{
		func() error { return appendRows(ctx, c, fact.Clicks, clickShape(), b.Clicks, known) },
		func() error { return appendRows(ctx, c, fact.Impressions, clickShape(), b.Impressions, known) },
		func() error { return appendRows(ctx, c, fact.Conversions, conversionShape(), b.Conversions, known) },
		func() error { return appendRows(ctx, c, fact.Signals, signalShape(), b.Signals, known) },
		func() error { return appendRows(ctx, c, fact.Deliveries, attemptShape(), b.Attempts, known) },
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// advance moves positions, and reports whether one moves forward. One that
// stays may bring a later Through: of its source nothing came.
func advance(ctx context.Context, c *connection, moved []fact.Position) (ahead bool, err error) {
	stored, err := positions(ctx, c)
	if err != nil {
		return false, fmt.Errorf("read positions: %w", err)
	}
	for _, p := range moved {
		text := `INSERT INTO position VALUES ($1, $2, $3)`
		through := fact.Milli(p.Through)
		if i := slices.IndexFunc(stored, func(s fact.Position) bool { return s.Source == p.Source }); i < 0 {
			ahead = true
		} else {
			s := stored[i]
			if p.At < s.At {
				return false, fault.New(fault.Conflict, "%s is stored up to %d already; a batch up to %d comes too late", p.Source, s.At, p.At)
			}
			ahead = ahead || p.At > s.At
			through = max(through, fact.Milli(s.Through))
			text = `UPDATE position SET upto = $2, through_ms = $3 WHERE source = $1`
		}
		if _, err := c.exec(ctx, text, p.Source, p.At, through); err != nil {
			return false, fmt.Errorf("move position %s: %w", p.Source, err)
		}
	}
	return ahead, nil
}

// appendRows writes rows into a table, and the days they lie in into the list
// of days.
func appendRows[T any](ctx context.Context, c *connection, table string, s shape[T], rows []T, known days) error {
	if len(rows) == 0 {
		return nil
	}
	for i := range rows {
		if err := noteDay(ctx, c, day{table, s.day(&rows[i])}, known); err != nil {
			return fmt.Errorf("note a day of %s: %w", table, err)
		}
	}
	err := c.while(ctx, func() error {
		a, err := newAppender(c, table, s.inOrder(table))
		if err != nil {
			return err
		}
		return errors.Join(a.append(ctx, rows), a.close())
	})
	if err != nil {
		return fmt.Errorf("write %s rows: %w", table, err)
	}
	return nil
}

// appender writes rows of one type into a table, a chunk at a time and each
// chunk column by column.
type appender[T any] struct {
	handle  mapping.Appender
	types   []mapping.LogicalType
	chunk   mapping.DataChunk
	fills   []fill[T]
	vectors []vector
	failed  bool
}

// newAppender writes into a table, or into a temporary one. fills stand in the
// order of its columns.
func newAppender[T any](c *connection, table string, fills []fill[T]) (*appender[T], error) {
	a := &appender[T]{fills: fills, vectors: make([]vector, len(fills))}
	if mapping.AppenderCreateExt(c.handle, "", "", table, &a.handle) == mapping.StateError {
		err := a.err()
		mapping.AppenderDestroy(&a.handle)
		return nil, err
	}
	for i := range fills {
		logical := mapping.AppenderColumnType(a.handle, mapping.IdxT(i))
		a.types = append(a.types, logical)
		if mapping.GetTypeId(logical) == mapping.TypeEnum {
			a.vectors[i].wide = mapping.EnumInternalType(logical) != mapping.TypeUTinyInt
			a.vectors[i].places = places(dictionary(logical))
		}
	}
	a.chunk = mapping.CreateDataChunk(a.types)
	return a, nil
}

func places(words []string) map[string]int {
	m := make(map[string]int, len(words))
	for i, w := range words {
		m[w] = i
	}
	return m
}

func (a *appender[T]) append(ctx context.Context, rows []T) error {
	capacity := int(mapping.VectorSize()) //nolint:gosec // 2,048
	for len(rows) > 0 {
		if err := ctx.Err(); err != nil {
			a.failed = true
			return err
		}
		n := min(len(rows), capacity)
		mapping.DataChunkReset(a.chunk)
		for i := range a.vectors {
			v := &a.vectors[i]
			v.handle = mapping.DataChunkGetVector(a.chunk, mapping.IdxT(i))
			v.data = mapping.VectorGetData(v.handle)
			a.fills[i](v, rows[:n])
		}
		mapping.DataChunkSetSize(a.chunk, mapping.IdxT(n)) //nolint:gosec // at most 2,048
		if mapping.AppendDataChunk(a.handle, a.chunk) == mapping.StateError {
			a.failed = true
			return a.err()
		}
		rows = rows[n:]
	}
	return nil
}

func (a *appender[T]) err() error {
	data := mapping.AppenderErrorData(a.handle)
	defer mapping.DestroyErrorData(&data)
	return explain(mapping.ErrorDataMessage(data))
}

// close hands what is left to the transaction, unless something failed.
func (a *appender[T]) close() error {
	var err error
	if !a.failed && mapping.AppenderFlush(a.handle) == mapping.StateError {
		err, a.failed = a.err(), true
	}
	if a.failed {
		mapping.AppenderClear(a.handle)
	}
	mapping.AppenderDestroy(&a.handle)
	mapping.DestroyDataChunk(&a.chunk)
	for i := range a.types {
		mapping.DestroyLogicalType(&a.types[i])
	}
	return err
}

// Positions gives how far each source is stored, in the order of their names.
func (w *Warehouse) Positions(ctx context.Context) ([]fact.Position, error) {
	var all []fact.Position
	err := w.with(ctx, func(c *connection) error {
		var err error
		all, err = positions(ctx, c)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the warehouse's positions: %w", err)
	}
	return all, nil
}

func positions(ctx context.Context, c *connection) ([]fact.Position, error) {
	var all []fact.Position
	err := c.query(ctx, func(row report.Row) error {
		p := fact.Position{Source: row[0].Text, At: uint64(row[1].Number)} //nolint:gosec // as it was written
		if ms := row[2].Number; ms != 0 {
			p.Through = time.UnixMilli(ms).UTC()
		}
		all = append(all, p)
		return nil
	}, `SELECT source, upto, through_ms FROM position ORDER BY source`)
	return all, err
}
