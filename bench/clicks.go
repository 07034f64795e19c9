package main

import (
	"context"
	_ "embed" // nginx's configuration
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

//go:embed nginx.conf
var nginxConf string

// server is one of the servers that answer the same clicks.
type server struct {
	*child
	title   string
	address string
}

// The servers, in the order of the table.
const (
	atWaybill = iota
	atNginx
	atBare
	serverCount
)

// round is what one server did under one number of connections.
type round struct {
	strike
	cpu float64 // microseconds of processor time per answer
}

// clickTest is the measurement of clicks while it runs.
type clickTest struct {
	o        *options
	hammer   *hammer
	node     *node
	servers  [serverCount]*server
	requests string
	rounds   map[int][serverCount][]round // by connections
	answered int64                        // by Waybill, as wrk counts
	runs     int64                        // of wrk against Waybill, each connection counted
}

// clicks measures redirects: Waybill's, each of them recorded and fsynced
// first, beside nginx's and bare net/http's.
func clicks(ctx context.Context, o *options, rep *report) (err error) {
	dir, remove, err := o.folder("clicks")
	if err != nil {
		return err
	}
	defer remove()
	t := &clickTest{o: o, rounds: map[int][serverCount][]round{}}
	if t.hammer, err = newHammer(dir); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, t.stop()) }()
	if err := t.start(ctx, dir); err != nil {
		return err
	}
	connections := []int{64, 256}
	if err := t.warmUp(ctx); err != nil {
		return err
	}
	for i := range o.rounds {
		for _, c := range connections {
			if err := t.round(ctx, i, c); err != nil {
				return err
			}
		}
	}
	t.report(rep, connections)
	return t.count(ctx, rep)
}

// start starts the three servers and creates Waybill's catalog.
func (t *clickTest) start(ctx context.Context, dir string) (err error) {
	if t.node, err = startNode(ctx, t.o, dir, ""); err != nil {
		return err
	}
	t.servers[atWaybill] = &server{child: t.node.child, title: "waybill serve", address: t.node.address}
	if _, err := t.node.makeCatalog(ctx, offerCount, affiliateCount, nil); err != nil {
		return err
	}
	if t.servers[atNginx], err = startNginx(ctx, dir); err != nil {
		return err
	}
	if t.servers[atBare], err = startBare(ctx, dir); err != nil {
		return err
	}
	t.requests = filepath.Join(dir, "requests.lua")
	return writeRequests(t.requests, newCrowd(1, offerCount, affiliateCount))
}

// stop ends those servers that run.
func (t *clickTest) stop() (err error) {
	for i, s := range t.servers {
		if s != nil {
			err = errors.Join(err, s.stop())
			t.servers[i] = nil
		}
	}
	return err
}

// startNginx starts nginx with a configuration of its own.
func startNginx(ctx context.Context, dir string) (*server, error) {
	program, err := exec.LookPath("nginx")
	if err != nil {
		program = "/usr/sbin/nginx" // not in everybody's PATH
	}
	address, err := freeAddress(ctx)
	if err != nil {
		return nil, err
	}
	path := filepath.Join(dir, "nginx.conf")
	conf := strings.NewReplacer("DIR", dir, "ADDRESS", address, "wb=ID", "wb="+noID).Replace(nginxConf)
	if err := os.WriteFile(path, []byte(conf), 0o600); err != nil {
		return nil, fmt.Errorf("write nginx's configuration: %w", err)
	}
	cmd := exec.CommandContext(ctx, program, "-p", dir, "-c", path, "-e", "stderr", "-g", "daemon off;") //nolint:gosec // nginx
	return startServer(ctx, dir, "nginx", address, cmd)
}

// startBare starts this program anew as the bare server.
func startBare(ctx context.Context, dir string) (*server, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program: %w", err)
	}
	address, err := freeAddress(ctx)
	if err != nil {
		return nil, err
	}
	return startServer(ctx, dir, "bare net/http", address, exec.CommandContext(ctx, program, "redirect", address)) //nolint:gosec // itself
}

func startServer(ctx context.Context, dir, title, address string, cmd *exec.Cmd) (*server, error) {
	c, err := start(ctx, dir, strings.ReplaceAll(title, "/", " "), cmd)
	if err != nil {
		return nil, err
	}
	if err := c.answers(ctx, "http://"+address+"/click"); err != nil {
		return nil, errors.Join(err, c.stop())
	}
	return &server{child: c, title: title, address: address}, nil
}

// warmUp holds each server to a right answer and then lets it run a little.
func (t *clickTest) warmUp(ctx context.Context) error {
	for i, s := range t.servers {
		if err := t.rightAnswer(ctx, s); err != nil {
			return err
		}
		if i == atWaybill {
			t.answered, t.runs = t.answered+1, t.runs+1
		}
		if _, err := t.hit(ctx, i, 64, time.Second); err != nil {
			return err
		}
	}
	return nil
}

// rightAnswer follows one link by hand.
func (t *clickTest) rightAnswer(ctx context.Context, s *server) error {
	v := newCrowd(2, offerCount, affiliateCount).next()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.address+v.query("w5ih2q8vk1"), http.NoBody)
	if err != nil {
		return err
	}
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return fmt.Errorf("follow a link of %s: %w", s.title, err)
	}
	defer resp.Body.Close()
	at := resp.Header.Get("Location")
	before, after, _ := strings.Cut(v.landing(noID, "w5ih2q8vk1"), noID) // the ID differs
	if resp.StatusCode != http.StatusFound || !strings.HasPrefix(at, before) || !strings.HasSuffix(at, after) ||
		len(at) != len(before)+len(noID)+len(after) {
		return fmt.Errorf("%s answers a click with %s to %q", s.title, resp.Status, at)
	}
	return nil
}

// round lets every server answer clicks in turn, each round in another order.
func (t *clickTest) round(ctx context.Context, number, connections int) error {
	for i := range t.servers {
		i = (i + number) % serverCount
		r, err := t.hit(ctx, i, connections, t.o.duration)
		if err != nil {
			return err
		}
		all := t.rounds[connections]
		all[i] = append(all[i], r)
		t.rounds[connections] = all
	}
	return nil
}

// hit sends clicks to one server, with nothing left on the way to the disk of
// what the servers before it wrote: an fsync may have to wait for that too.
func (t *clickTest) hit(ctx context.Context, i, connections int, d time.Duration) (round, error) {
	if err := quiet(ctx, t.servers[atWaybill].child, t.servers[atNginx].child, t.servers[atBare].child); err != nil {
		return round{}, err
	}
	syscall.Sync()
	s := t.servers[i]
	before, err := s.cpu()
	if err != nil {
		return round{}, err
	}
	seen, err := t.hammer.hit(ctx, s.address, t.requests, connections, d)
	if err != nil {
		return round{}, fmt.Errorf("%s: %w", s.title, err)
	}
	after, err := s.cpu()
	if err != nil {
		return round{}, err
	}
	if i == atWaybill {
		t.answered, t.runs = t.answered+seen.requests, t.runs+int64(connections)
	}
	return round{strike: seen, cpu: micros(after-before) / float64(seen.requests)}, nil
}

// report makes the table.
func (t *clickTest) report(rep *report, connections []int) {
	tab := rep.table("Clicks", "server", "connections", "clicks/s", "p50 ms", "p99 ms", "CPU µs/click", "of nginx", "of bare", "p99 of bare's")
	for _, c := range connections {
		all := t.rounds[c]
		for i, s := range t.servers {
			rate := func(r round) float64 { return r.rate() }
			p99 := func(r round) float64 { return r.p99.Seconds() }
			tab.row(s.title, c,
				spread(all[i], rate, "%.0f"),
				fmt.Sprintf("%.2f", 1e3*median(each(all[i], func(r round) float64 { return r.p50.Seconds() }))),
				fmt.Sprintf("%.2f", 1e3*median(each(all[i], p99))),
				fmt.Sprintf("%.1f", median(each(all[i], func(r round) float64 { return r.cpu }))),
				ratio(all[i], all[atNginx], rate), ratio(all[i], all[atBare], rate), ratio(all[i], all[atBare], p99),
			)
		}
	}
	tab.note("Medians of %d interleaved rounds of %s, in brackets the lowest and the highest; ratios are medians of each round's. "+
		"Waybill fsyncs a full record of each click before it answers; nginx writes a line of log from a buffer, without an fsync, "+
		"and the bare server writes nothing down. wrk shares the processors with the server.", t.o.rounds, t.o.duration)
}

// count stops Waybill and holds its journal to the answers that were given,
// once nothing is under way any more.
func (t *clickTest) count(ctx context.Context, rep *report) error {
	if err := quiet(ctx, t.node.child); err != nil {
		return err
	}
	counted, err := t.node.counter(ctx, "waybill_clicks_total", `sent="offer"`)
	if err != nil {
		return err
	}
	unrecorded, err := t.node.counter(ctx, "waybill_clicks_unrecorded_total", "")
	if err != nil {
		return err
	}
	began := time.Now()
	if err := t.stop(); err != nil {
		return err
	}
	took := time.Since(began)
	sent, turnedAway, err := countClicks(ctx, t.node.data)
	if err != nil {
		return err
	}
	tab := rep.table("Clicks counted", "what", "count")
	tab.row("answers that wrk received", t.answered)
	tab.row("answered by waybill_clicks_total", counted)
	tab.row("of these after 500 ms without the disk's answer, by waybill_clicks_unrecorded_total", unrecorded)
	tab.row("records in the journal after SIGTERM", sent)
	tab.note("wrk hangs up at the end of a run: up to one answer a connection (here %d in all) is on its way then and not among wrk's. "+
		"Servers took %.2f s to stop.", t.runs, took.Seconds())
	// An unrecorded click's visitor did not wait for the disk; its record may be there all the same.
	if turnedAway != 0 || sent < counted-unrecorded || sent > counted || counted < t.answered || counted > t.answered+t.runs {
		return fmt.Errorf("the journal has %d clicks sent and %d turned away; %d answers were counted, %d unrecorded, %d received by wrk",
			sent, turnedAway, counted, unrecorded, t.answered)
	}
	return nil
}

// each gives one number of each round.
func each[T any](all []T, of func(T) float64) []float64 {
	values := make([]float64, len(all))
	for i, one := range all {
		values[i] = of(one)
	}
	return values
}

// median gives the middle one, of two the higher.
func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}

// spread writes the median with the extremes.
func spread[T any](all []T, of func(T) float64, format string) string {
	values := each(all, of)
	return fmt.Sprintf(format+" ("+format+"–"+format+")", median(values), slices.Min(values), slices.Max(values))
}

// ratio writes the median of the rounds' ratios: rounds that lie side by side
// share the machine's mood.
func ratio[T any](all, base []T, of func(T) float64) string {
	values := make([]float64, len(all))
	for i := range all {
		values[i] = of(all[i]) / of(base[i])
	}
	return fmt.Sprintf("%.2f", median(values))
}

// micros gives d in microseconds.
func micros(d time.Duration) float64 { return d.Seconds() * 1e6 }
