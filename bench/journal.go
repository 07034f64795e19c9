package main

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"waybill/internal/click"
	"waybill/internal/store/pebblejournal"
	"waybill/internal/txid"
	"waybill/internal/visitor"
)

const (
	storedOffers     = 200
	storedAffiliates = 1000
	storedFor        = 30 * 24 * time.Hour // what the stored clicks are spread over
	writers          = 256
	settleLimit      = 5 * time.Minute
	starts           = 3
	loadConnections  = 256
)

// journalTest is the measurement of a large journal while it runs.
type journalTest struct {
	o   *options
	dir string
	tab *table
}

// journal measures what many stored clicks take: disk, time to start, and
// memory while more clicks come in.
func journal(ctx context.Context, o *options, rep *report) error {
	dir, remove, err := o.folder("journal")
	if err != nil {
		return err
	}
	defer remove()
	t := &journalTest{o: o, dir: dir}
	node, err := t.install(ctx)
	if err != nil {
		return err
	}
	t.tab = rep.table(fmt.Sprintf("Journal of %s clicks", thousands(int64(o.stored))), "what", "measured")
	if err := t.fill(ctx, node); err != nil {
		return err
	}
	answered, err := t.serve(ctx)
	if err != nil {
		return err
	}
	began := time.Now()
	sent, turnedAway, err := countClicks(ctx, filepath.Join(dir, "data"))
	if err != nil {
		return err
	}
	took := time.Since(began)
	t.tab.row("read and decoded from end to end", fmt.Sprintf("%.1f s, %s clicks/s", took.Seconds(), thousands(int64(float64(sent)/took.Seconds()))))
	t.tab.row("clicks stored before, and answered", fmt.Sprintf("%s + %s", thousands(int64(o.stored)), thousands(answered)))
	t.tab.row("of these in the journal", sent)
	t.tab.note("The clicks are spread over 30 days, %d offers and %d affiliates. A click's size on disk is without the write-ahead log, whose "+
		"files are written over again and again. When wrk hangs up, up to one answer a connection is on its way, recorded and not among wrk's.",
		storedOffers, storedAffiliates)
	if sent < int64(o.stored)+answered || turnedAway > 0 {
		return fmt.Errorf("%d clicks were stored and %d answered, and the journal has %d sent and %d turned away", o.stored, answered, sent, turnedAway)
	}
	return nil
}

// install makes an installation with a catalog, stops it, and gives its node
// number.
func (t *journalTest) install(ctx context.Context) (uint16, error) {
	n, err := startNode(ctx, t.o, t.dir, "")
	if err != nil {
		return 0, err
	}
	_, err = n.makeCatalog(ctx, storedOffers, storedAffiliates, nil)
	if err := errors.Join(err, n.stop()); err != nil {
		return 0, err
	}
	b, err := os.ReadFile(filepath.Join(n.data, "node.json"))
	if err != nil {
		return 0, fmt.Errorf("read the node's number: %w", err)
	}
	var is struct{ Node uint16 }
	if err := json.Unmarshal(b, &is); err != nil || is.Node == 0 {
		return 0, fmt.Errorf("read the node's number from %q (%w)", b, err)
	}
	return is.Node, nil
}

// fill writes the clicks as a node would have over the last month, and waits
// until the journal has put its files in order.
func (t *journalTest) fill(ctx context.Context, node uint16) (err error) {
	path := journalPath(filepath.Join(t.dir, "data"))
	j, err := pebblejournal.Open(path, pebblejournal.Options{AppendTimeout: time.Minute}) //nolint:contextcheck // opening has none
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, j.Close()) }()
	began := time.Now()
	if err := t.write(ctx, j, node); err != nil {
		return err
	}
	took := time.Since(began)
	st := j.Stats()
	t.tab.row("written", fmt.Sprintf("%.0f s by %d writers, each of which waits for the disk: %s clicks/s, %.0f to a commit, %d stalls",
		took.Seconds(), writers, thousands(int64(float64(t.o.stored)/took.Seconds())), float64(st.Records)/float64(st.Commits), st.Stalls))
	t.tab.row("a click in the write-ahead log", fmt.Sprintf("%.0f bytes", float64(st.Bytes)/float64(st.Records)))
	if took, err = settled(ctx, j); err != nil {
		return err
	}
	t.tab.row("files in order after", fmt.Sprintf("%.0f s", took.Seconds()))
	all, logs, err := folderSize(path)
	if err != nil {
		return err
	}
	t.tab.row("a click on disk", fmt.Sprintf("%.1f bytes, and %.0f MB of write-ahead log whatever the number of clicks",
		float64(all-logs)/float64(t.o.stored), float64(logs)/1e6))
	return nil
}

// write writes the clicks.
func (t *journalTest) write(ctx context.Context, j *pebblejournal.Journal, node uint16) error {
	ring, err := txid.NewRing([]txid.Key{{Number: 1, Secret: [32]byte{1}}})
	if err != nil {
		return err
	}
	atlas, err := visitor.World()
	if err != nil {
		return err
	}
	w := &writer{
		journal: j, mint: txid.NewMint(ring, node, 0), guide: visitor.NewGuide(atlas),
		begin: time.Now().Add(-storedFor), step: storedFor / time.Duration(t.o.stored), count: int64(t.o.stored),
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var wg sync.WaitGroup
	for i := range writers {
		wg.Go(func() {
			if err := w.run(ctx, newCrowd(uint64(100+i), storedOffers, storedAffiliates)); err != nil { //nolint:gosec // small
				cancel(err)
			}
		})
	}
	wg.Wait()
	return context.Cause(ctx)
}

// writer writes clicks that were made a while ago.
type writer struct {
	journal *pebblejournal.Journal
	mint    *txid.Mint
	guide   *visitor.Guide
	begin   time.Time
	step    time.Duration
	count   int64
	next    atomic.Int64
}

// run writes clicks until all are written.
func (w *writer) run(ctx context.Context, c *crowd) error {
	var record []byte
	for ctx.Err() == nil {
		i := w.next.Add(1) - 1
		if i >= w.count {
			return nil
		}
		at := w.begin.Add(time.Duration(i)*w.step + time.Duration(c.random.Int64N(int64(time.Millisecond))))
		v := c.next()
		ticket := w.mint.Begin(at, txid.Subject{Kind: txid.Click, Offer: v.offer, Affiliate: v.affiliate})
		one := w.click(ticket.ID, at, v, c.random)
		record = one.Append(record[:0])
		if err := w.journal.Append(ctx, ticket, record); err != nil {
			return err
		}
	}
	return context.Cause(ctx)
}

// click makes the record of a visit.
func (w *writer) click(id txid.ID, at time.Time, v visit, random *rand.Rand) click.Click {
	own := affClickID(random)
	c := click.Click{
		ID: id, At: at, OfferID: v.offer, AffiliateID: v.affiliate, AffClickID: own, Source: v.source,
		IP: address(random), UserAgent: v.agent, Referrer: v.referer, Location: v.landing(id.String(), own),
	}
	copy(c.Sub[:], v.sub[:])
	c.Visitor = w.guide.Look(c.IP, c.UserAgent)
	return c
}

// affClickID draws an affiliate's click ID: 24 letters, as trackers make them.
func affClickID(random *rand.Rand) string {
	const letters = "abcdefghijklmnopqrstuvwxyz012345"
	var b strings.Builder
	for range 2 {
		bits := random.Uint64()
		for range 12 {
			b.WriteByte(letters[bits&31])
			bits >>= 5
		}
	}
	return b.String()
}

// address draws a visitor's address, every fifth of IPv6.
func address(random *rand.Rand) netip.Addr {
	if random.IntN(5) > 0 {
		var ip [4]byte
		binary.BigEndian.PutUint32(ip[:], 1<<24+random.Uint32N(222<<24))
		return netip.AddrFrom4(ip)
	}
	var ip [16]byte
	binary.BigEndian.PutUint64(ip[:], 0x2a<<56|random.Uint64()>>12)
	binary.BigEndian.PutUint64(ip[8:], random.Uint64())
	return netip.AddrFrom16(ip)
}

// settled waits until the journal's files have not changed in size for a while,
// and gives when they last did.
func settled(ctx context.Context, j *pebblejournal.Journal) (time.Duration, error) {
	const still = 5 * time.Second
	tick := time.NewTicker(250 * time.Millisecond)
	defer tick.Stop()
	began := time.Now()
	size, since := j.Stats().DiskBytes, began
	for time.Since(since) < still {
		select {
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-tick.C:
		}
		if now := j.Stats().DiskBytes; now != size {
			size, since = now, time.Now()
		}
		if time.Since(began) > settleLimit {
			return 0, fmt.Errorf("the journal still changes its files after %s", settleLimit)
		}
	}
	return since.Sub(began), nil
}

// serve starts a node on the journal several times, lets it answer clicks, kills
// it, and starts it once more. It gives how many clicks were answered.
func (t *journalTest) serve(ctx context.Context) (answered int64, err error) {
	syscall.Sync() // the machine's part of having written so much is over
	ready := make([]time.Duration, starts)
	for i := range starts {
		n, err := startNode(ctx, t.o, t.dir, "")
		if err != nil {
			return 0, err
		}
		ready[i] = n.ready
		if err := n.stop(); err != nil {
			return 0, err
		}
	}
	t.tab.row("start until ready", spread(ready, time.Duration.Seconds, "%.2f")+" s")
	n, err := startNode(ctx, t.o, t.dir, "")
	if err != nil {
		return 0, err
	}
	answered, err = t.load(ctx, n)
	if err := errors.Join(err, n.kill()); err != nil {
		return 0, err
	}
	if n, err = startNode(ctx, t.o, t.dir, ""); err != nil {
		return 0, err
	}
	t.tab.row("start until ready, killed (SIGKILL) at the end of that load", fmt.Sprintf("%.2f s", n.ready.Seconds()))
	return answered, n.stop()
}

// load lets a node answer clicks, and looks at its memory.
func (t *journalTest) load(ctx context.Context, n *node) (answered int64, err error) {
	idle, _, err := n.memory()
	if err != nil {
		return 0, err
	}
	t.tab.row("memory once ready", fmt.Sprintf("%.0f MB", float64(idle)/1e6))
	h, err := newHammer(t.dir)
	if err != nil {
		return 0, err
	}
	requests := filepath.Join(t.dir, "requests.lua")
	if err := writeRequests(requests, newCrowd(4, storedOffers, storedAffiliates)); err != nil {
		return 0, err
	}
	seen, err := h.hit(ctx, n.address, requests, loadConnections, t.o.under)
	if err != nil {
		return 0, err
	}
	now, most, err := n.memory()
	if err != nil {
		return 0, err
	}
	t.tab.row(fmt.Sprintf("then %s of clicks over %d connections", t.o.under, loadConnections),
		fmt.Sprintf("%s clicks/s, p99 %.1f ms", thousands(int64(seen.rate())), seen.p99.Seconds()*1e3))
	t.tab.row("memory under that load", fmt.Sprintf("%.0f MB at its end, %.0f MB at most", float64(now)/1e6, float64(most)/1e6))
	unrecorded, err := n.counter(ctx, "waybill_clicks_unrecorded_total", "")
	return seen.requests - unrecorded, err
}
