package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
)

// consoleRounds is how often each page of the console is opened, and opened with
// the application in the browser's cache.
const consoleRounds = 7

// pageTaken is one opening of a page, as the browser tells it.
type pageTaken struct {
	Page  string   `json:"page"`
	Warm  bool     `json:"warm"`
	Ready float64  `json:"ready"` // ms from the beginning until it can be worked with
	Delay *float64 `json:"delay"` // ms from a press until what it does has been painted
	Sent  float64  `json:"sent"`  // bytes of script and style, as they were sent
}

// console measures how long pages of the console take in a browser, beside a
// warehouse of many clicks.
func console(ctx context.Context, o *options, rep *report) (err error) {
	t, remove, err := newWarehouseTest(o, rep, "console")
	if err != nil {
		return err
	}
	defer remove()
	t.tab = rep.table(fmt.Sprintf("The console's warehouse of %s clicks", thousands(o.history)), "what", "measured")
	if err := t.fill(ctx); err != nil {
		return err
	}
	copied := filepath.Join(t.dir, "served.duckdb")
	if err := copyFile(copied, t.file); err != nil {
		return err
	}
	n, err := startNode(ctx, o, t.dir, "", "--warehouse", "duckdb:"+copied)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, n.stop(), os.Remove(copied)) }()
	if err := n.createKey(ctx); err != nil {
		return err
	}
	taken, err := n.browse(ctx, "reports")
	if err != nil {
		return err
	}
	tellPages(rep, taken)
	return nil
}

// browse opens pages in a browser: those of reports, or lists.
func (n *node) browse(ctx context.Context, which string) ([]pageTaken, error) {
	var out, said bytes.Buffer
	cmd := exec.CommandContext(ctx, "node", "bench/pages.mjs", "http://"+n.address, n.key, strconv.Itoa(consoleRounds), which) //nolint:gosec // the bench's own script
	cmd.Dir, cmd.Stdout, cmd.Stderr = "web", &out, &said
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("open the console in a browser (script/console installs what it needs): %w\n%s", err, said.String())
	}
	var all []pageTaken
	for lines := bufio.NewScanner(&out); lines.Scan(); {
		var p pageTaken
		if err := json.Unmarshal(lines.Bytes(), &p); err != nil {
			return nil, fmt.Errorf("read what the browser measured: %w", err)
		}
		all = append(all, p)
	}
	return all, nil
}

// tellPages writes a row a page.
func tellPages(rep *report, taken []pageTaken) {
	tab := rep.table("The console in Chromium, in the same run",
		"page", "first visit, usable ms", "later, usable ms", "sorting painted ms", "script and style KB")
	is := func(v float64) float64 { return v }
	var names []string
	cold, warm, delay, sent := map[string][]float64{}, map[string][]float64{}, map[string][]float64{}, map[string]float64{}
	for _, p := range taken {
		if _, known := cold[p.Page]; !known {
			names = append(names, p.Page)
		}
		if p.Warm {
			warm[p.Page] = append(warm[p.Page], p.Ready)
		} else {
			cold[p.Page] = append(cold[p.Page], p.Ready)
			sent[p.Page] = p.Sent
		}
		if p.Delay != nil {
			delay[p.Page] = append(delay[p.Page], *p.Delay)
		}
	}
	for _, name := range names {
		pressed := "–"
		if len(delay[name]) > 0 {
			pressed = spread(delay[name], is, "%.0f")
		}
		tab.row(name, spread(cold[name], is, "%.0f"), spread(warm[name], is, "%.0f"), pressed, fmt.Sprintf("%.0f", sent[name]/1e3))
	}
	tab.note("Usable: what the page is for has been painted, counted from the beginning of the load, signing in left out. Medians of %d, and the lowest and highest. First visit: with an empty cache.", consoleRounds)
}
