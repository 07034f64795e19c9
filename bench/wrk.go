package main

import (
	"context"
	"crypto/rand"
	_ "embed" // the script and the user agents
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

//go:embed click.lua
var script []byte

// hammer sends clicks by wrk, a load generator that costs little.
type hammer struct {
	program string
	script  string // the file
}

// newHammer finds wrk and writes its script to dir.
func newHammer(dir string) (*hammer, error) {
	program, err := exec.LookPath("wrk")
	if err != nil {
		return nil, fmt.Errorf("find wrk: %w; script/need wrk installs it", err)
	}
	h := &hammer{program: program, script: filepath.Join(dir, "click.lua")}
	if err := os.WriteFile(h.script, script, 0o600); err != nil {
		return nil, fmt.Errorf("write wrk's script: %w", err)
	}
	return h, nil
}

// strike is what one run of wrk has seen.
type strike struct {
	requests int64 // answered, with whatever status
	took     time.Duration
	p50, p99 time.Duration
	most     time.Duration
	failures [5]int64 // connect, read, write, status of 400 or more, time-out
}

// rate gives the answers in a second.
func (s strike) rate() float64 { return float64(s.requests) / s.took.Seconds() }

// hit sends the requests of a file over so many connections, one after another
// on each, and reports what came back. It ends a little after d.
func (h *hammer) hit(ctx context.Context, address, requests string, connections int, d time.Duration) (strike, error) {
	ctx, cancel := context.WithTimeout(ctx, d+startLimit)
	defer cancel()
	run := strings.ToLower(rand.Text()[:16])
	cmd := exec.CommandContext(ctx, h.program, //nolint:gosec // wrk, and flags that are made here
		"-t1", "-c", strconv.Itoa(connections), "-d", strconv.Itoa(int(d.Round(time.Second).Seconds()))+"s", "--timeout", "5s",
		"-s", h.script, "http://"+address, "--", run, requests)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return strike{}, fmt.Errorf("run wrk: %w\n%s", err, out)
	}
	return readStrike(string(out))
}

// readStrike reads what the script prints at its end.
func readStrike(out string) (strike, error) {
	_, line, found := strings.Cut(out, "\nmeasured ")
	var s strike
	var took, p50, p99, most int64
	n, err := fmt.Sscan(line, &s.requests, &took, &p50, &p99, &most,
		&s.failures[0], &s.failures[1], &s.failures[2], &s.failures[3], &s.failures[4])
	if !found || n != 10 {
		return strike{}, fmt.Errorf("read what wrk says (%w):\n%s", err, out)
	}
	s.took, s.most = time.Duration(took)*time.Microsecond, time.Duration(most)*time.Microsecond
	s.p50, s.p99 = time.Duration(p50)*time.Microsecond, time.Duration(p99)*time.Microsecond
	if s.requests == 0 || s.failures != [5]int64{} {
		return s, fmt.Errorf("wrk saw %d answers; failures: connect %d, read %d, write %d, status %d, time-out %d",
			s.requests, s.failures[0], s.failures[1], s.failures[2], s.failures[3], s.failures[4])
	}
	return s, nil
}
