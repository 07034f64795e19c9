package duckwarehouse

import (
	"context"
	"fmt"
	"strings"

	"waybill/internal/fact"
	"waybill/internal/fault"
)

// Digest stands for a set of facts, whatever their order: two sets with the
// same digest are the same.
type Digest struct {
	Rows int64
	Sum  string
}

// Digests gives the digest of each table, by its name. An answer is that of one
// state of the warehouse.
func (w *Warehouse) Digests(ctx context.Context) (map[string]Digest, error) {
	all := map[string]Digest{}
	err := w.with(ctx, func(c *connection) error {
		return c.transaction(ctx, func() error {
			for _, t := range fact.Tables() {
				d, err := digest(ctx, c, t.Name, t.Columns, "true")
				if err != nil {
					return fmt.Errorf("read %s: %w", t.Name, err)
				}
				all[t.Name] = d
			}
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("sum up the warehouse: %w", err)
	}
	return all, nil
}

// digest sums up the rows of a table that meet a condition. It reads every
// value of the columns.
func digest(ctx context.Context, c *connection, table string, columns []fact.Column, condition string) (Digest, error) {
	values := make([]string, 0, len(columns))
	for _, column := range columns {
		value := column.Name
		if column.Type == fact.Word { // not its place among the words
			value += "::VARCHAR"
		}
		values = append(values, value)
	}
	row, err := c.one(ctx, fmt.Sprintf("SELECT count(*), coalesce(sum(hash(%s)), 0)::VARCHAR FROM %s WHERE %s",
		strings.Join(values, ", "), table, condition))
	if err != nil {
		return Digest{}, err
	}
	return Digest{Rows: row[0].Number, Sum: row[1].Text}, nil
}

func isTable(name string) error {
	if _, ok := fact.TableOf(name); !ok {
		return fault.At("table", "there is no table %q; there are click, impression, conversion, signal and delivery", name)
	}
	return nil
}
