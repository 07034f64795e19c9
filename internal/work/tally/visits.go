package tally

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"waybill/internal/fact"
	"waybill/internal/report"
	"waybill/internal/txid"
)

const day = 24 * time.Hour

// perDay counts the visits of a node, by the midnight that their day begins with.
type perDay map[time.Time]int64

func (d perDay) add(at time.Time, n int64) { d[at.UTC().Truncate(day)] += n }

// visits compares how many clicks or impressions there are of each node and day,
// up to where the warehouse had each node when positions were read.
func (c *Comparing) visits(ctx context.Context, k txid.Kind, positions []fact.Position, differs func(string)) error {
	for _, p := range positions {
		node, ok := sourceNode(p.Source)
		if !ok || !strings.HasPrefix(p.Source, k.String()+"/") {
			continue
		}
		kept, stored := perDay{}, perDay{}
		if err := c.countKept(ctx, k, node, txid.Tick(p.At), kept); err != nil {
			return err
		}
		if err := c.countStored(ctx, k, node, txid.Tick(p.At), stored); err != nil {
			return err
		}
		all := maps.Clone(kept)
		maps.Copy(all, stored)
		for _, d := range slices.SortedFunc(maps.Keys(all), time.Time.Compare) {
			if kept[d] != stored[d] {
				differs(fmt.Sprintf("node %d, %s: the journal has %d %ss; the warehouse %d",
					node, d.Format(time.DateOnly), kept[d], k, stored[d]))
			}
		}
	}
	return nil
}

// countKept counts the journal's records of a node below a tick.
func (c *Comparing) countKept(ctx context.Context, k txid.Kind, node uint16, below txid.Tick, into perDay) error {
	since := c.since(k.String())
	err := c.Journal.Scan(ctx, k, node, 0, below, func(id txid.ID, _ []byte) error {
		if at := id.Time(); !at.Before(since) {
			into.add(at, 1)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("count those of node %d in the journal: %w", node, err)
	}
	return nil
}

// countStored counts the warehouse's rows of a node below a tick.
func (c *Comparing) countStored(ctx context.Context, k txid.Kind, node uint16, below txid.Tick, into perDay) error {
	bound := below.Time().UnixMilli()
	sequence := int64(below & txid.MaxSeq)
	count := report.Statement{
		SQL: `
			SELECT quarter, COUNT(*) FROM ` + k.String() + `
			WHERE id_node = $1 AND ms >= $2 AND (ms < $3 OR ms = $3 AND id_seq < $4)
			GROUP BY quarter`,
		Args:    []any{int64(node), fact.Milli(c.since(k.String())), bound, sequence},
		Columns: []report.Column{{Name: "quarter"}, {Name: "count"}},
	}
	err := c.Warehouse.View(ctx, func(r report.Reader) error {
		return r.Rows(ctx, count, func(row report.Row) error {
			into.add(fact.QuarterTime(int32(row[0].Number)), row[1].Number) //nolint:gosec // as it was written
			return nil
		})
	})
	if err != nil {
		return fmt.Errorf("count those of node %d in the warehouse: %w", node, err)
	}
	return nil
}
