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

// learn sees to it that the columns of words take all words of the batch. A new
// word makes its column be written anew, in a transaction of its own; that
// happens when a new browser appears, not with every batch.
func (w *Warehouse) learn(ctx context.Context, c *connection, b *fact.Batch) error {
	click := clickShape().words
	for _, step := range []struct {
		table string
		said  map[string]map[string]bool
	}{
		{fact.Clicks, said(click, b.Clicks)},
		{fact.Impressions, said(click, b.Impressions)},
		{fact.Conversions, said(conversionShape().words, b.Conversions)},
	} {
		for _, column := range slices.Sorted(maps.Keys(step.said)) {
			if err := w.learnWords(ctx, c, step.table, column, step.said[column]); err != nil {
				return err
			}
		}
	}
	return nil
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

func (w *Warehouse) learnWords(ctx context.Context, c *connection, table, column string, words map[string]bool) error {
	w.tidying.Lock() // no day is written anew while the table changes
	defer w.tidying.Unlock()
	return w.extend(ctx, c, table, column, slices.Sorted(maps.Keys(words)))
}

// extend adds to a column the words it does not take yet.
func (w *Warehouse) extend(ctx context.Context, c *connection, table, column string, words []string) error {
	known, err := c.enumWords(table, column)
	if err != nil {
		return fmt.Errorf("read the words of %s.%s: %w", table, column, err)
	}
	fresh := slices.DeleteFunc(slices.Clone(words), func(word string) bool { return slices.Contains(known, word) })
	if len(fresh) == 0 {
		return nil
	}
	w.appending.Lock()
	defer w.appending.Unlock()
	text := fmt.Sprintf("ALTER TABLE %s ALTER COLUMN %s TYPE %s", table, column, enum(append(known, fresh...)))
	if _, err := c.exec(ctx, text); err != nil {
		return fmt.Errorf("add words to %s.%s: %w", table, column, err)
	}
	w.log.LogAttrs(ctx, slog.LevelInfo, "warehouse learned words",
		slog.String("table", table), slog.String("column", column), slog.Any("words", fresh))
	return nil
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
