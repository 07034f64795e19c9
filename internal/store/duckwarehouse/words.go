package duckwarehouse

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"

	"github.com/duckdb/duckdb-go/v2/mapping"

	"waybill/internal/fact"
)

// lesson is words that a column is to take.
type lesson struct {
	table, column string
	words         []string
}

// learn sees to it that the columns of words take all words of the batch. A new
// word makes its column be written anew, in a transaction of its own; that
// happens when a new browser appears, not with every batch.
func (w *Warehouse) learn(ctx context.Context, c *connection, b *fact.Batch) error {
	click := clickShape().words
	var all []lesson
	for _, step := range []struct {
		table string
		said  map[string]map[string]bool
	}{
		{fact.Clicks, said(click, b.Clicks)},
		{fact.Impressions, said(click, b.Impressions)},
		{fact.Conversions, said(conversionShape().words, b.Conversions)},
	} {
		for _, column := range slices.Sorted(maps.Keys(step.said)) {
			all = append(all, lesson{step.table, column, slices.Sorted(maps.Keys(step.said[column]))})
		}
	}
	return w.teach(ctx, c, all)
}

// said gives the words of rows that their columns did not begin with.
func said[T any](columns map[string]func(*T) string, rows []T) map[string]map[string]bool {
	if len(rows) == 0 {
		return nil
	}
	all := map[string]map[string]bool{}
	for column, get := range columns {
		known := places(knownWords(column))
		for i := range rows {
			word := get(&rows[i])
			if _, ok := known[word]; ok {
				continue
			}
			if all[column] == nil {
				all[column] = map[string]bool{}
			}
			all[column][valid(word)] = true
		}
	}
	return all
}

// teach sees to it that columns take words. It waits for its turn once, and only
// if there is a word that one of them does not take yet.
func (w *Warehouse) teach(ctx context.Context, c *connection, all []lesson) error {
	due := false
	for _, l := range all {
		_, fresh, err := c.freshWords(l)
		if err != nil {
			return err
		}
		due = due || len(fresh) > 0
	}
	if !due {
		return nil
	}
	return w.change(ctx, func() error { // no day is written anew while the table changes
		if err := w.appending.take(ctx); err != nil {
			return err
		}
		defer w.appending.give()
		for _, l := range all {
			if err := w.extend(ctx, c, l); err != nil {
				return err
			}
		}
		return nil
	})
}

// extend adds to a column the words it does not take yet.
func (w *Warehouse) extend(ctx context.Context, c *connection, l lesson) error {
	known, fresh, err := c.freshWords(l)
	if err != nil || len(fresh) == 0 {
		return err
	}
	text := fmt.Sprintf("ALTER TABLE %s ALTER COLUMN %s TYPE %s", l.table, l.column, enum(append(known, fresh...)))
	if _, err := c.exec(ctx, text); err != nil {
		return fmt.Errorf("add words to %s.%s: %w", l.table, l.column, err)
	}
	w.log.LogAttrs(ctx, slog.LevelInfo, "warehouse learned words",
		slog.String("table", l.table), slog.String("column", l.column), slog.Any("words", fresh))
	return nil
}

// freshWords gives the words that a column takes, and those of a lesson that it
// does not.
func (c *connection) freshWords(l lesson) (known, fresh []string, err error) {
	known, err = c.enumWords(l.table, l.column)
	if err != nil {
		return nil, nil, fmt.Errorf("read the words of %s.%s: %w", l.table, l.column, err)
	}
	return known, slices.DeleteFunc(slices.Clone(l.words), func(word string) bool { return slices.Contains(known, word) }), nil
}

// enumWords gives the words that a column takes, in their order.
func (c *connection) enumWords(table, column string) ([]string, error) {
	stmt, err := c.prepare(fmt.Sprintf("SELECT %s FROM %s", column, table), nil)
	if err != nil {
		return nil, err
	}
	defer mapping.DestroyPrepare(&stmt)
	logical := mapping.PreparedStatementColumnLogicalType(stmt, 0)
	defer mapping.DestroyLogicalType(&logical)
	return dictionary(logical), nil
}
