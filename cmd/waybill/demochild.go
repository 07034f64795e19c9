package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"waybill/internal/demo/relay"
	"waybill/internal/demo/shop"
	"waybill/internal/demo/tracker"
	"waybill/internal/fault"
)

// child is a process that the demo started.
type child struct {
	cmd  *exec.Cmd
	name string
}

// child starts this program again as another part of the demo, and gives the
// URL in the first line that it prints.
func (t *troupe) child(args ...string) (string, error) {
	self, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("find this program: %w", err)
	}
	cmd := exec.CommandContext(t.env.ctx, self, args...) //nolint:gosec // this program itself
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 10 * time.Second
	cmd.Stderr = t.env.stderr
	// Ctrl-C in a terminal goes to the whole group; the demo tells its children itself.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return "", fmt.Errorf("start %s: %w", strings.Join(args[:2], " "), err)
	}
	if err := cmd.Start(); err != nil {
		return "", fmt.Errorf("start %s: %w", strings.Join(args[:2], " "), err)
	}
	t.children = append(t.children, &child{cmd: cmd, name: args[0]})
	line, err := bufio.NewReader(out).ReadString('\n')
	words := strings.Fields(line)
	if err != nil || len(words) == 0 {
		return "", fmt.Errorf("start %s: it stopped before it was ready", strings.Join(args[:2], " "))
	}
	return words[len(words)-1], nil
}

// stop ends the children, the last one first.
func (t *troupe) stop() error {
	var errs []error
	for i := len(t.children) - 1; i >= 0; i-- {
		c := t.children[i]
		_ = c.cmd.Process.Signal(syscall.SIGTERM) // one that has ended already needs none
		if err := c.cmd.Wait(); err != nil && t.env.ctx.Err() == nil {
			errs = append(errs, fmt.Errorf("stop %s: %w", c.name, err))
		}
	}
	return errors.Join(errs...)
}

// demoShopCmd is the demo's shop as a process.
type demoShopCmd struct {
	Postback string   `required:"" help:"Waybill's postback URL."`
	Token    string   `required:"" help:"The token that proves the shop's postbacks."`
	Name     []string `sep:"none" help:"WAY=NAME: what the shop names the ID by in the postbacks of a way; left open: as it should."`
}

// Run serves the shop until it is told to stop.
func (c *demoShopCmd) Run(e *env) error {
	names, err := pairs("--name", c.Name)
	if err != nil {
		return err
	}
	s := &shop.Shop{Postback: c.Postback, Token: c.Token, Names: names, Client: &http.Client{Timeout: 10 * time.Second}}
	return serveDemo(e, "demo shop", s.Handler())
}

// demoTrackerCmd is the demo's tracker as a process.
type demoTrackerCmd struct {
	Campaign []string `required:"" sep:"none" help:"NAME=URL: a campaign and Waybill's tracking link for it."`
}

// Run serves the tracker until it is told to stop.
func (c *demoTrackerCmd) Run(e *env) error {
	links, err := pairs("--campaign", c.Campaign)
	if err != nil {
		return err
	}
	t := &tracker.Tracker{Links: links}
	return serveDemo(e, "demo tracker", t.Handler())
}

// demoRelayCmd is a redirector of the demo as a process.
type demoRelayCmd struct {
	To      string `required:"" help:"Where it leads; the parameters that it is given are added."`
	Keep    int    `help:"To how many characters it cuts every value; 0: it leaves them whole."`
	Literal string `help:"What it puts in place of every value."`
}

// Run serves the redirector until it is told to stop.
func (c *demoRelayCmd) Run(e *env) error {
	r := relay.Relay{To: c.To, Keep: c.Keep, Literal: c.Literal}
	return serveDemo(e, "demo relay", r.Handler())
}

// pairs splits what a flag that may be repeated says: NAME=VALUE.
func pairs(flag string, texts []string) (map[string]string, error) {
	all := make(map[string]string, len(texts))
	for _, text := range texts {
		name, value, ok := strings.Cut(text, "=")
		if !ok {
			return nil, fault.New(fault.Invalid, "%s %q is not NAME=VALUE", flag, text)
		}
		all[name] = value
	}
	return all, nil
}

// serveDemo serves one part of the demo on a free port and prints its URL.
func serveDemo(e *env, name string, h http.Handler) error {
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // a listener opens at once
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	fmt.Fprintf(e.stdout, "%s on http://%s\n", name, l.Addr()) //nolint:errcheck // the demo notices
	s := &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second}
	stopped := make(chan error, 1)
	go func() {
		<-e.ctx.Done()
		limit, cancel := context.WithTimeout(context.WithoutCancel(e.ctx), 5*time.Second)
		defer cancel()
		stopped <- s.Shutdown(limit)
	}()
	if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return <-stopped
}
