package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	startLimit = time.Minute      // for a child to answer
	stopLimit  = 20 * time.Second // for a child to leave when it is told to
)

// child is a process that was started here and is ended here.
type child struct {
	name   string
	cmd    *exec.Cmd
	log    string        // the file that holds what it prints
	exited chan struct{} // closed when it has ended
	err    error         // how it ended; read once exited is closed
}

// start starts a program, whose output goes to a file in dir. When ctx ends the
// program is told to end too.
func start(ctx context.Context, dir, name string, cmd *exec.Cmd) (*child, error) {
	c := &child{name: name, cmd: cmd, log: filepath.Join(dir, name+".log"), exited: make(chan struct{})}
	out, err := os.OpenFile(c.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	defer out.Close() //nolint:errcheck // the child writes into it, not we
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	go func() {
		c.err = cmd.Wait()
		close(c.exited)
	}()
	context.AfterFunc(ctx, func() { _ = c.signal(syscall.SIGTERM) }) // it may have ended by itself
	return c, nil
}

// signal sends s unless the process has ended.
func (c *child) signal(s os.Signal) error {
	if err := c.cmd.Process.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("end %s: %w", c.name, err)
	}
	return nil
}

// stop tells the process to end, waits until it has, and reports a failure that
// it ends with. One that does not listen is killed, which is a failure too.
func (c *child) stop() error {
	if err := c.signal(syscall.SIGTERM); err != nil {
		return err
	}
	limit := time.NewTimer(stopLimit)
	defer limit.Stop()
	select {
	case <-c.exited:
		return c.failure()
	case <-limit.C:
		return errors.Join(fmt.Errorf("%s did not end within %s", c.name, stopLimit), c.kill())
	}
}

// kill ends the process at once, as a crash does.
func (c *child) kill() error {
	if err := c.signal(os.Kill); err != nil {
		return err
	}
	<-c.exited
	return nil
}

// failure gives what is wrong about how the process ended.
func (c *child) failure() error {
	if c.err == nil {
		return nil
	}
	said, _ := os.ReadFile(c.log) // what it said is a help, and may be missing
	said = bytes.TrimSpace(said[max(0, len(said)-2000):])
	return fmt.Errorf("%s ended: %w\n%s", c.name, c.err, said)
}

// answers waits until url is answered with a status below 400.
func (c *child) answers(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	client := http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	for tick := time.Tick(2 * time.Millisecond); ; {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
		if err != nil {
			return err
		}
		resp, err := client.Do(r)
		if err == nil {
			_ = resp.Body.Close()
			if resp.StatusCode < http.StatusBadRequest {
				return nil
			}
		}
		select {
		case <-c.exited:
			return errors.Join(fmt.Errorf("%s ended before it answered", c.name), c.failure())
		case <-ctx.Done():
			return fmt.Errorf("%s does not answer: %w", c.name, ctx.Err())
		case <-tick:
		}
	}
}

// tickTime is the unit in which Linux tells processor time, on every machine.
const tickTime = 10 * time.Millisecond

// cpu gives the processor time that the process and those it has started have
// used, the kernel's part included.
func (c *child) cpu() (time.Duration, error) { return cpuOf(c.cmd.Process.Pid) }

func cpuOf(pid int) (time.Duration, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, fmt.Errorf("read processor time: %w", err)
	}
	// The second field is the program's name in parentheses and may hold anything.
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	const user, system = 11, 12 // fields 14 and 15 of the whole line
	if len(fields) <= system {
		return 0, fmt.Errorf("read processor time: %q is too short", stat)
	}
	var ticks int64
	for _, field := range fields[user : system+1] {
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("read processor time: %w", err)
		}
		ticks += n
	}
	used := time.Duration(ticks) * tickTime
	children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	if err != nil {
		return 0, fmt.Errorf("list processes: %w", err)
	}
	for field := range strings.FieldsSeq(string(children)) {
		n, err := strconv.Atoi(field)
		if err != nil {
			return 0, fmt.Errorf("list processes: %w", err)
		}
		more, err := cpuOf(n)
		if err != nil {
			return 0, err
		}
		used += more
	}
	return used, nil
}

// memory gives what the process holds of memory now, and the most it has held.
func (c *child) memory() (now, most uint64, err error) { return memoryOf(c.cmd.Process.Pid) }

func memoryOf(pid int) (now, most uint64, err error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, 0, fmt.Errorf("read memory: %w", err)
	}
	for line := range strings.Lines(string(status)) {
		var kib uint64
		if n, _ := fmt.Sscanf(line, "VmRSS: %d kB", &kib); n == 1 {
			now = kib << 10
		}
		if n, _ := fmt.Sscanf(line, "VmHWM: %d kB", &kib); n == 1 {
			most = kib << 10
		}
	}
	return now, most, nil
}

// forgetPeak lets the most memory that this process has held count from now.
func forgetPeak() error {
	debug.FreeOSMemory()
	if err := os.WriteFile("/proc/self/clear_refs", []byte("5"), 0o200); err != nil {
		return fmt.Errorf("forget the peak of memory: %w", err)
	}
	return nil
}

// peakMemory gives the most that this process has held since then.
func peakMemory() (uint64, error) {
	_, most, err := memoryOf(os.Getpid())
	return most, err
}

// quiet waits until none of the processes has anything to do, or a while has
// gone by: what one server still does must not be counted against the next.
func quiet(ctx context.Context, all ...*child) error {
	const wait, enough = 250 * time.Millisecond, 20 * time.Millisecond
	sum := func() (used time.Duration, err error) {
		for _, c := range all {
			one, err := c.cpu()
			if err != nil {
				return 0, err
			}
			used += one
		}
		return used, nil
	}
	before, err := sum()
	if err != nil {
		return err
	}
	tick := time.NewTicker(wait)
	defer tick.Stop()
	for range 40 {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
		after, err := sum()
		if err != nil {
			return err
		}
		if after-before <= enough {
			return nil
		}
		before = after
	}
	return nil
}

// freeAddress gives an address on loopback where nobody listens.
func freeAddress(ctx context.Context) (string, error) {
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("find a free port: %w", err)
	}
	return l.Addr().String(), l.Close()
}
