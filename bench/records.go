package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"path/filepath"
	"strings"

	"waybill/internal/click"
	"waybill/internal/store/pebblejournal"
	"waybill/internal/txid"
)

// journalPath is where a data folder keeps its journal.
func journalPath(data string) string { return filepath.Join(data, "journal") }

// countClicks reads a journal from end to end and counts the clicks whose
// visitor was sent to the offer, and the others. Each record must read as one.
func countClicks(ctx context.Context, data string) (sent, turnedAway int64, err error) {
	j, err := pebblejournal.Open(journalPath(data), pebblejournal.Options{}) //nolint:contextcheck // opening has none
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, j.Close()) }()
	nodes, err := j.Nodes(ctx)
	if err != nil {
		return 0, 0, err
	}
	for _, node := range nodes {
		q := pebblejournal.Query{Kind: txid.Click, Node: node, To: math.MaxUint64}
		err := j.Scan(ctx, q, func(id txid.ID, record []byte) error {
			c, err := click.Read(id, record)
			switch {
			case err != nil:
				return err
			case c.TurnedAway != click.Sent:
				turnedAway++
			case c.Location == "":
				return fmt.Errorf("click %s says not where its visitor was sent", id)
			default:
				sent++
			}
			return nil
		})
		if err != nil {
			return 0, 0, fmt.Errorf("read the clicks of node %d: %w", node, err)
		}
	}
	return sent, turnedAway, nil
}

// folderSize adds up a folder's files, and those of them that are logs.
func folderSize(dir string) (all, logs int64, err error) {
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		all += info.Size()
		if strings.HasSuffix(path, ".log") {
			logs += info.Size()
		}
		return nil
	})
	if err != nil {
		return 0, 0, fmt.Errorf("measure %s: %w", dir, err)
	}
	return all, logs, nil
}
