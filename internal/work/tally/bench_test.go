package tally

import (
	"fmt"
	"log/slog"
	"net/netip"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"waybill/internal/click"
	"waybill/internal/store/duckwarehouse"
	"waybill/internal/store/pebblejournal"
	"waybill/internal/txid"
	"waybill/internal/visitor"
)

// benchClicks is how many clicks the benchmarks ship.
const benchClicks = 1_000_000

// fill writes clicks of three days into the node's journal, which lies on disk.
func (n *node) fill(b *testing.B) {
	b.Helper()
	j, err := pebblejournal.Open(filepath.Join(n.dir, "large"), pebblejournal.Options{AppendTimeout: time.Minute})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := j.Close(); err != nil {
			b.Error(err)
		}
	})
	n.journal = scanned{j}
	start := time.Now().Add(-72 * time.Hour)
	var next atomic.Int64
	var wait sync.WaitGroup
	for range 512 {
		wait.Go(func() {
			for i := next.Add(1); i <= benchClicks; i = next.Add(1) {
				at := start.Add(time.Duration(i) * 72 * time.Hour / benchClicks)
				ticket := n.mint.Begin(at, txid.Subject{Kind: txid.Click, Offer: i % 500, Affiliate: i % 5000})
				c := benchClick(ticket.ID, at, i)
				if err := j.Append(b.Context(), ticket, c.Append(nil)); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wait.Wait()
}

func benchClick(id txid.ID, at time.Time, i int64) click.Click {
	c := click.Click{
		ID: id, At: at, OfferID: i % 500, AffiliateID: i % 5000, VisitorHash: uint64(i) * 0x9e3779b97f4a7c15,
		Source: fmt.Sprint("source", i%20), AffClickID: fmt.Sprintf("%016x", i),
		IP:        netip.AddrFrom4([4]byte{203, byte(i >> 16), byte(i >> 8), byte(i)}),
		UserAgent: "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36",
		Referrer:  fmt.Sprintf("https://blog%d.example/reviews/shoes", i%100),
		Visitor:   visitor.Visitor{Country: []string{"DE", "FR", "US", "BR"}[i%4], Device: "mobile", OS: "Android", Browser: "Chrome"},
		Location:  "https://shop.example/landing?tid=" + id.String() + "&partner=77",
	}
	c.Sub[0], c.Sub[1], c.Sub[4] = fmt.Sprint("campaign", i%50), fmt.Sprint("ad", i%1000), fmt.Sprintf("u%x", i*7919)
	return c
}

// benchmark ships all clicks into a new warehouse in each round.
func benchmark(b *testing.B, ship func(n *node, to Warehouse) error) {
	n := newNode(b, "")
	n.fill(b)
	for round := 0; b.Loop(); round++ {
		b.StopTimer()
		w, err := duckwarehouse.Open(b.Context(), filepath.Join(n.dir, fmt.Sprintf("w%d.duckdb", round)), duckwarehouse.Options{})
		if err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
		if err := ship(n, w); err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		if err := w.Close(); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
	b.ReportMetric(benchClicks*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

// BenchmarkShip ships with a worker's batches, one after another without a rest.
func BenchmarkShip(b *testing.B) {
	benchmark(b, func(n *node, to Warehouse) error {
		w := New(n.sources(), to, NewMetrics(prometheus.NewRegistry()), slog.New(slog.DiscardHandler))
		s := &shipping{Worker: w, to: to}
		for more := true; more; {
			var err error
			if more, err = s.step(b.Context()); err != nil {
				return err
			}
		}
		return nil
	})
}

// BenchmarkRebuild ships with a rebuild's, which are read while others are stored.
// It ends with the days in order.
func BenchmarkRebuild(b *testing.B) {
	benchmark(b, func(n *node, to Warehouse) error {
		return Rebuild(b.Context(), Rebuilding{Sources: n.sources()}, to, func(Progress) {})
	})
}
