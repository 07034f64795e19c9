package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// answerLimit is how long a report may take, the last row included.
const answerLimit = 10 * time.Minute

// served measures the same reports once more as users get them: through the API
// of a node, whose memory is then all that they take. The node gets a copy of
// the file, since it writes into its warehouse.
func (t *warehouseTest) served(ctx context.Context) (err error) {
	copied := filepath.Join(t.dir, "served.duckdb")
	if err := copyFile(copied, t.file); err != nil {
		return err
	}
	n, err := startNode(ctx, t.o, t.dir, "", "--warehouse", "duckdb:"+copied)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, n.stop(), os.Remove(copied)) }()
	if err := n.createKey(ctx); err != nil {
		return err
	}
	n.client.Timeout = answerLimit
	idle, _, err := n.memory()
	if err != nil {
		return err
	}
	tab := t.rep.table("The same through the API of a node", "report", "median ms (lowest–highest)", "node's peak memory so far MB")
	for _, q := range wholeQueries() {
		took, err := n.timed(ctx, q, t.o.runs)
		if err != nil {
			return err
		}
		_, peak, err := n.memory()
		if err != nil {
			return err
		}
		is := func(v float64) float64 { return v }
		tab.row(q.name, spread(took, is, "%.0f"), fmt.Sprintf("%.0f", float64(peak)/1e6))
	}
	tab.note("On a node with its default settings, which held %.0f MB before the first report. What gives every row is CSV.", float64(idle)/1e6)
	return nil
}

// timed asks a node for a report, once to warm up and then so many times, and
// gives the milliseconds.
func (n *node) timed(ctx context.Context, q query, runs int) (ms []float64, err error) {
	values := q.values()
	if q.stream {
		values.Set("format", "csv")
	}
	for i := range runs + 1 {
		began := time.Now()
		if err := n.fetch(ctx, "/reports?"+values.Encode()); err != nil {
			return nil, err
		}
		if i > 0 {
			ms = append(ms, time.Since(began).Seconds()*1e3)
		}
	}
	return ms, nil
}

// keepFile copies a file to where it is found again, once all of it is there.
func keepFile(kept, file string) error {
	unfinished := kept + ".unfinished"
	if err := os.RemoveAll(unfinished); err != nil {
		return fmt.Errorf("remove what an earlier run left: %w", err)
	}
	if err := copyFile(unfinished, file); err != nil {
		return err
	}
	if err := os.Rename(unfinished, kept); err != nil {
		return fmt.Errorf("name the finished file: %w", err)
	}
	return nil
}

// copyFile copies a file, as quickly as the file system can.
func copyFile(to, from string) (err error) {
	in, err := os.Open(from)
	if err != nil {
		return fmt.Errorf("copy a file: %w", err)
	}
	defer in.Close() //nolint:errcheck // it was only read
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("copy a file: %w", err)
	}
	if _, err = io.Copy(out, in); err != nil {
		err = fmt.Errorf("copy a file: %w", err)
	}
	return errors.Join(err, out.Close())
}
