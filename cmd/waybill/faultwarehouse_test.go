package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"waybill/internal/fact"
	"waybill/internal/store/duckwarehouse"
	"waybill/internal/store/pgtest"
)

// reported is what a report says of an offer.
type reported struct {
	AsOf  time.Time `json:"as_of"`
	Total struct {
		Clicks      int    `json:"gross_clicks"`
		Conversions int    `json:"conversions"`
		Payout      string `json:"payout"`
	} `json:"total"`
}

// report asks for the sums of everything.
func (s *site) report() (r reported, err error) {
	err = s.call(http.MethodGet, "reports?metrics=gross_clicks,conversions,payout", nil, &r)
	return r, err
}

// fresh waits until everything that has happened is in the reports.
func (s *site) fresh() reported {
	s.t.Helper()
	var r reported
	asked := time.Now()
	s.eventually("report what has happened", func() (err error) {
		if r, err = s.report(); err == nil && r.AsOf.Before(asked) {
			err = fmt.Errorf("reports stand at %s, %s ago", r.AsOf, time.Since(r.AsOf))
		}
		return err
	})
	return r
}

// shipping says how a node is killed while it ships facts.
type shipping struct {
	rounds, clients int
	args            []string
}

// TestKillNineWhileShipping kills a node while facts are on their way into the
// warehouse. What it holds afterwards is, fact for fact, what one made anew holds.
func TestKillNineWhileShipping(t *testing.T) {
	killNineWhileShipping(t, shipping{rounds: 2, clients: 8})
}

func killNineWhileShipping(t *testing.T, k shipping) {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	s, far, b := newSite(t, filepath.Join(t.TempDir(), "data"), k.args...), newReceiver(t), newBook()
	s.start()
	s.furnish(far.URL)
	offer := s.offer(nil)
	for round := range k.rounds {
		if round > 0 {
			s.start()
		}
		crowd := s.crowd(b, offer, k.clients, 100+rng.IntN(300))
		crowd.await()
		moment := time.After(time.Duration(rng.IntN(1200)) * time.Millisecond) // of the second in which a batch is shipped
		<-moment
		s.kill()
		crowd.gone()
	}
	s.start()
	b.caughtUp(s, offer)
	b.verifyVerdicts(s)
	r := s.fresh()
	conversions := len(list[conversionNote](s, "conversions"))
	if want := fmt.Sprintf("%d.00", 4*conversions); r.Total.Conversions != conversions || r.Total.Payout != want {
		t.Errorf("the report counts %d conversions and a payout of %s, the ledger has %d and %s", r.Total.Conversions, r.Total.Payout, conversions, want)
	}
	if r.Total.Clicks < len(b.clicks) {
		t.Errorf("the report counts %d clicks, %d were answered", r.Total.Clicks, len(b.clicks))
	}
	s.checkWarehouse()
	s.stop()
	if len(b.refused) > 0 {
		b.sweepRefused(s)
	}
	s.rebuiltIsTheSame()
}

// checkWarehouse has the warehouse compared with what it is made of.
func (s *site) checkWarehouse() {
	s.t.Helper()
	if out, err := s.run("check", "--warehouse"); err != nil || !strings.Contains(out, "The warehouse agrees") {
		s.t.Errorf("waybill check --warehouse: %v\n%s", err, out)
	}
}

// rebuiltIsTheSame lets a node ship what is left, rebuilds the warehouse of the
// installation, and compares every fact. Nothing is delivered meanwhile, which
// would be another fact.
func (s *site) rebuiltIsTheSame() {
	s.t.Helper()
	s.park()
	s.start()
	s.fresh()
	s.stop()
	shipped := s.digests()
	if out, err := s.run("rebuild", "warehouse"); err != nil {
		s.t.Fatalf("waybill rebuild warehouse: %v\n%s", err, out)
	}
	if rebuilt := s.digests(); !maps.Equal(shipped, rebuilt) {
		s.t.Errorf("rebuilt, the warehouse holds other facts:\nshipped %v\nrebuilt %v", shipped, rebuilt)
	}
	if shipped[fact.Clicks].Rows == 0 || shipped[fact.Conversions].Rows == 0 || shipped[fact.Signals].Rows == 0 {
		s.t.Errorf("nothing was compared: %v", shipped)
	}
	s.checkWarehouse()
}

// park has an installation that nobody uses deliver nothing any more.
func (s *site) park() {
	s.t.Helper()
	ctx := context.Background()
	in, err := openInstallation(&env{ctx: ctx, stdout: io.Discard, stderr: s.log}, s.common(), false, 0)
	if err != nil {
		s.t.Fatal(err)
	}
	if err := errors.Join(in.ledger.ParkDeliveries(ctx, true), in.close()); err != nil {
		s.t.Fatal(err)
	}
}

// digests opens the warehouse of an installation that nobody uses, and gives what
// stands for its facts.
func (s *site) digests() map[string]duckwarehouse.Digest {
	s.t.Helper()
	ctx := context.Background()
	w, err := duckwarehouse.Open(ctx, s.warehouse(), duckwarehouse.Options{})
	if err != nil {
		s.t.Fatal(err)
	}
	defer w.Close()
	all, err := w.Digests(ctx)
	if err != nil {
		s.t.Fatal(err)
	}
	return all
}

func (s *site) warehouse() string { return filepath.Join(s.dir, warehouseFile) }

// TestWarehouseDamaged breaks the warehouse's file in many ways while the node is
// down. Whatever is found of it is said; clicks and postbacks go on; a rebuild
// mends it.
func TestWarehouseDamaged(t *testing.T) {
	t.Parallel() // it waits most of the time
	s, b := newSite(t, filepath.Join(t.TempDir(), "data")), newBook()
	s.start()
	s.furnish("")
	offer := s.offer(nil)
	crowd := s.crowd(b, offer, 8, 2000)
	crowd.await()
	crowd.end()
	s.fresh()
	s.stop()
	whole, err := os.ReadFile(s.warehouse())
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	flip := func(share float64) func() error {
		return func() error {
			broken := append([]byte(nil), whole...)
			broken[int(share*float64(len(broken)-1))] ^= 0x10
			return os.WriteFile(s.warehouse(), broken, 0o600)
		}
	}
	ways := []struct {
		name  string
		spoil func() error
		must  bool // be found
	}{
		{name: "cut in half", must: true, spoil: func() error { return os.Truncate(s.warehouse(), int64(len(whole)/2)) }},
		{name: "empty", spoil: func() error { return os.Truncate(s.warehouse(), 0) }},
		{name: "not a warehouse", must: true, spoil: func() error { return os.WriteFile(s.warehouse(), []byte(strings.Repeat("hello ", 5000)), 0o600) }},
		{name: "a flipped bit in the header", spoil: flip(0)},
		{name: "a flipped bit near the beginning", spoil: flip(0.05)},
		{name: "a flipped bit at a quarter", spoil: flip(0.25)},
		{name: "a flipped bit in the middle", spoil: flip(0.5)},
		{name: "a flipped bit at three quarters", spoil: flip(0.75)},
		{name: "a flipped bit near the end", spoil: flip(0.95)},
		{name: "deleted", spoil: func() error { return os.Remove(s.warehouse()) }},
	}
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			if err := os.WriteFile(s.warehouse(), whole, 0o600); err != nil {
				t.Fatal(err)
			}
			if err := way.spoil(); err != nil {
				t.Fatal(err)
			}
			s.start()
			b.caughtUp(s, offer) // clicks and postbacks go on
			if s.brokenWarehouseIsSaid(t) {
				found++
				out, err := s.run("rebuild", "warehouse")
				if err != nil {
					t.Fatalf("waybill rebuild warehouse: %v\n%s", err, out)
				}
			} else if way.must {
				t.Error("the damage is not found")
			}
			r := s.fresh()
			if n := len(list[conversionNote](s, "conversions")); r.Total.Conversions != n {
				t.Errorf("the report counts %d conversions, the ledger has %d", r.Total.Conversions, n)
			}
			s.checkWarehouse()
			s.stop()
		})
	}
	if found < 5 {
		t.Errorf("only %d of %d ways to break the file were found", found, len(ways))
	}
}

// brokenWarehouseIsSaid has the warehouse checked. When it is found broken,
// readiness and reports say so too, and the node stays ready.
func (s *site) brokenWarehouseIsSaid(t *testing.T) bool {
	t.Helper()
	out, err := s.run("check", "--warehouse")
	if err == nil {
		return false
	}
	if !strings.Contains(out, "waybill rebuild warehouse") {
		t.Errorf("check --warehouse fails, and does not say what to do:\n%s", out)
	}
	status, text := s.ready()
	if status != http.StatusOK || !strings.Contains(text, "warning: warehouse:") {
		t.Errorf("/readyz answers %d: %s", status, text)
	}
	if up := s.metric("waybill_warehouse_up"); up != 0 {
		t.Errorf("waybill_warehouse_up is %v", up)
	}
	if _, err := s.report(); err == nil || !strings.Contains(err.Error(), "answered 503") {
		t.Errorf("a report gives %v", err)
	}
	return true
}

// TestWarehouseRemovedWhileRunning takes the file away under the node's feet. It
// is made anew by itself.
func TestWarehouseRemovedWhileRunning(t *testing.T) {
	t.Parallel() // as above
	s, b := newSite(t, filepath.Join(t.TempDir(), "data"), "--ledger", pgtest.Own(t).URL(t)), newBook()
	s.start()
	s.furnish("")
	offer := s.offer(nil)
	b.caughtUp(s, offer)
	before := s.fresh()
	if err := os.Remove(s.warehouse()); err != nil {
		t.Fatal(err)
	}
	b.caughtUp(s, offer)
	s.eventually("make the file anew", func() error {
		_, err := os.Stat(s.warehouse())
		return err
	})
	after := s.fresh()
	if after.Total.Conversions != before.Total.Conversions+1 {
		t.Errorf("the report counts %d conversions after %d and one more", after.Total.Conversions, before.Total.Conversions)
	}
	s.checkWarehouse()
	s.rebuildBeside()
	s.stop()
	s.rebuiltIsTheSame()
}

// rebuildBeside rebuilds the warehouse of a running node and compares a report
// with what it was.
func (s *site) rebuildBeside() {
	s.t.Helper()
	before := s.fresh()
	out, err := s.run("rebuild", "warehouse")
	if err != nil {
		s.t.Fatalf("waybill rebuild warehouse: %v\n%s", err, out)
	}
	if after := s.fresh(); after.Total != before.Total {
		s.t.Errorf("after a rebuild the report says %+v, before %+v", after.Total, before.Total)
	}
}
