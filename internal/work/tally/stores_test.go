package tally

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"waybill/internal/advertiser"
	"waybill/internal/affiliate"
	"waybill/internal/catalog"
	"waybill/internal/click"
	"waybill/internal/delivery"
	"waybill/internal/fact"
	"waybill/internal/money"
	"waybill/internal/offer"
	"waybill/internal/param"
	"waybill/internal/signal"
	"waybill/internal/store/duckwarehouse"
	"waybill/internal/store/pebblejournal"
	"waybill/internal/store/pgtest"
	"waybill/internal/store/sqlledger"
	"waybill/internal/txid"
	"waybill/internal/visitor"
	"waybill/internal/work/settle"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

// scanned is the journal as tally reads it.
type scanned struct{ *pebblejournal.Journal }

func (s scanned) Nodes(ctx context.Context) ([]uint16, error) {
	nodes, err := s.Journal.Nodes(ctx)
	return append(nodes, liveNode), err
}

func (s scanned) Scan(ctx context.Context, k txid.Kind, node uint16, from, to txid.Tick, f func(txid.ID, []byte) error) error {
	return s.Journal.Scan(ctx, pebblejournal.Query{Kind: k, Node: node, From: from, To: to}, f)
}

// Signals makes it the journal as settle reads it.
func (s scanned) Signals(ctx context.Context, node uint16, from, to txid.Tick, f func(txid.ID, []byte) error) error {
	return s.Scan(ctx, txid.Signal, node, from, to, f)
}

// node is the real stores, with what works between them.
type node struct {
	t       testing.TB
	dir     string
	journal scanned
	ledger  *sqlledger.DB
	catalog *catalog.Catalog
	mint    *txid.Mint
	settler *settle.Settler
	orders  int // that traffic has made
}

func newNode(t testing.TB, ledgerURL string) *node {
	t.Helper()
	n := &node{t: t, dir: t.TempDir()}
	j, err := pebblejournal.Open("journal", pebblejournal.Options{FS: vfs.NewMem(), AppendTimeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	n.journal = scanned{j}
	if ledgerURL == "" {
		ledgerURL = filepath.Join(n.dir, "ledger.db")
	}
	if n.ledger, err = sqlledger.Open(t.Context(), ledgerURL, sqlledger.Options{}); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	swept := make(chan error, 1)
	t.Cleanup(func() {
		stop()
		if err := errors.Join(<-swept, n.journal.Close(), n.ledger.Close()); err != nil {
			t.Error(err)
		}
	})
	n.furnish()
	n.mint = txid.NewMint(n.catalog.Ring(), liveNode, 0)
	log := slog.New(slog.DiscardHandler)
	n.settler = settle.New(n.journal, n.ledger, n.present, func(number uint16) txid.Tick { below, _ := n.bound(number); return below }, log)
	go func() { swept <- n.settler.Run(ctx) }()
	return n
}

// furnish makes an offer with a goal that counts every order, an affiliate, and
// a subscription.
func (n *node) furnish() {
	n.t.Helper()
	ctx := n.t.Context()
	shop, partner, sub := advertiser.Default(), affiliate.Default(), delivery.Default()
	shop.Name, partner.Name = "Shop", "Partner"
	a, errA := n.ledger.Advertisers().Create(ctx, shop)
	p, errP := n.ledger.Affiliates().Create(ctx, partner)
	o := offer.Default()
	o.AdvertiserID, o.Name, o.DestinationURL = a.Value.ID, "Shoes", "https://shop.example/?tid={transaction_id}"
	o.Payout, o.Revenue = price(5), price(7)
	made, errO := n.ledger.Offers().Create(ctx, o)
	g := offer.NewGoal(made.Value.ID)
	g.Code, g.Dedupe = "sale", offer.PerOrder
	_, errG := n.ledger.Goals().Create(ctx, g)
	sub.Owner.AffiliateID, sub.URL = p.Value.ID, "https://tracker.example/?id={conversion_id}"
	_, errS := n.ledger.Subscriptions().Create(ctx, sub)
	source, errC := n.ledger.Source(ctx)
	if err := errors.Join(errA, errP, errO, errG, errS, errC); err != nil {
		n.t.Fatal(err)
	}
	var err error
	if n.catalog, err = catalog.New(source); err != nil {
		n.t.Fatal(err)
	}
}

func price(units int64) offer.Price {
	return offer.Price{Type: offer.CPA, Amount: money.Micros(units) * money.Unit}
}

func (n *node) present() *catalog.Catalog { return n.catalog }

func (n *node) bound(number uint16) (txid.Tick, bool) {
	if number != liveNode {
		return math.MaxUint64, false
	}
	last := n.mint.Last()
	low := n.mint.Low()
	return low, low <= last
}

func (n *node) sources() Sources {
	return Sources{Journal: n.journal, Ledger: n.ledger, Bound: n.bound, Catalog: n.present}
}

// warehouse opens a warehouse in a file.
func (n *node) warehouse(name string) *duckwarehouse.Warehouse {
	n.t.Helper()
	w, err := duckwarehouse.Open(n.t.Context(), filepath.Join(n.dir, name), duckwarehouse.Options{})
	if err != nil {
		n.t.Fatal(err)
	}
	n.t.Cleanup(func() {
		if err := w.Close(); err != nil {
			n.t.Error(err)
		}
	})
	return w
}

// click writes down a click or an impression and gives its ID.
func (n *node) click(k txid.Kind, number int) txid.ID { return n.clickAt(time.Now(), k, number) }

func (n *node) clickAt(now time.Time, k txid.Kind, number int) txid.ID {
	ticket := n.mint.Begin(now, txid.Subject{Kind: k, Offer: 1, Affiliate: 1})
	c := click.Click{
		ID: ticket.ID, At: now, OfferID: 1, AffiliateID: 1, Source: "newsletter", AffClickID: fmt.Sprint("a", number),
		IP: netip.MustParseAddr("203.0.113.7"), UserAgent: "Mozilla/5.0 (X11; Linux x86_64)", Referrer: "https://blog.example/\xff\x00",
		Visitor: visitor.Visitor{Country: []string{"DE", "FR", ""}[number%3], Device: "mobile", OS: "Android", Browser: "Chrome", Bot: number%7 == 0},
	}
	c.Sub[0], c.Sub[4] = fmt.Sprint("may", number%5), fmt.Sprint("unique", number)
	if err := n.journal.Append(n.t.Context(), ticket, c.Append(nil)); err != nil {
		n.t.Error(err)
	}
	return c.ID
}

// receive writes down a signal and has it settled, now or by the sweep.
func (n *node) receive(of txid.ID, params ...string) {
	now := time.Now()
	ticket := n.mint.Begin(now, txid.Subject{Kind: txid.Signal, Offer: 1, Affiliate: 1})
	s := signal.Signal{ID: ticket.ID, ReceivedAt: now, Channel: signal.Postback, Method: "GET", Auth: signal.OK, Click: of}
	for i := 0; i < len(params); i += 2 {
		name, ok := param.Signal.Find(params[i])
		if !ok {
			n.t.Errorf("there is no parameter %s", params[i])
		}
		s.Params = append(s.Params, signal.Param{Name: name, Value: params[i+1]})
	}
	if err := n.journal.Append(n.t.Context(), ticket, s.Append(nil)); err != nil {
		n.t.Error(err)
	}
	n.settler.Settle(n.t.Context(), s)
}

// deliver records an attempt of every postback that is owed.
func (n *node) deliver() {
	now := time.Now()
	owed, err := n.ledger.Claim(n.t.Context(), delivery.Ask{Now: now.Add(time.Hour), LeaseUntil: now.Add(2 * time.Hour), Limit: 100})
	if err != nil {
		n.t.Error(err)
	}
	for _, o := range owed {
		a := delivery.Attempt{DeliveryID: o.ID, Number: o.Attempts + 1, At: now, Took: 30 * time.Millisecond, Method: "GET", Status: 200}
		if err := n.ledger.Record(n.t.Context(), delivery.Report{Attempt: a, After: o.After(a, nil, 0, 0)}); err != nil {
			n.t.Error(err)
		}
	}
}

// traffic makes clicks, conversions, repetitions, rejections and attempts from
// several sides at once, each round with an order of its own.
func (n *node) traffic(rounds int) {
	first := n.orders
	n.orders += 4 * rounds
	var wait sync.WaitGroup
	for side := range 4 {
		wait.Go(func() {
			for i := range rounds {
				number := first + side*rounds + i
				n.click(txid.Impression, number)
				id := n.click(txid.Click, number)
				order := fmt.Sprint("o", number)
				n.receive(id, "goal", "sale", "order_id", order, "amount", "10.50")
				switch number % 4 {
				case 0:
					n.receive(id, "goal", "sale", "order_id", order, "amount", "10.50")
				case 1:
					n.receive(id, "goal", "sale", "order_id", order, "status", "rejected")
				case 2:
					n.receive(id, "goal", "no such goal")
				case 3:
					n.receive(txid.ID{}, "transaction_id", "nonsense")
				}
				if side == 0 {
					n.deliver()
				}
			}
		})
	}
	wait.Wait()
}

// ship starts a worker, and gives what waits until everything is shipped, and
// ends it.
func (n *node) ship(to Warehouse) (end func()) {
	w := New(n.sources(), to, NewMetrics(prometheus.NewRegistry()), slog.New(slog.NewTextHandler(n.t.Output(), nil)))
	w.limits.visits, w.limits.signals, w.limits.rows = 50, 20, 7 // several batches
	ctx, cancel := context.WithCancel(n.t.Context())
	stopped := make(chan error, 1)
	go func() { stopped <- w.Run(ctx) }()
	return func() {
		n.t.Helper()
		done := time.Now()
		for limit := time.After(30 * time.Second); !w.State().Through.After(done); {
			select {
			case <-limit:
				n.t.Fatalf("not all was shipped: %+v", w.State())
			case <-time.After(10 * time.Millisecond):
			}
		}
		cancel()
		if err := <-stopped; err != nil {
			n.t.Error(err)
		}
	}
}

// differences gives what Compare says.
func (n *node) differences(w *duckwarehouse.Warehouse) []string {
	n.t.Helper()
	var all []string
	err := Compare(n.t.Context(), Comparing{Sources: n.sources(), Warehouse: w}, func(text string) { all = append(all, text) })
	if err != nil {
		n.t.Error(err)
	}
	return all
}

// TestStores ships from the real stores while they are written to, with workers
// that end and begin; the warehouse is the same as one that is built anew, and
// agrees with the ledger and the journal.
func TestStores(t *testing.T) {
	for name, url := range map[string]func() string{
		"sqlite":   func() string { return "" },
		"postgres": func() string { return pgtest.URL(t) },
	} {
		t.Run(name, func(t *testing.T) {
			n := newNode(t, url())
			live := n.warehouse("live.duckdb")
			for range 3 {
				end := n.ship(live)
				n.traffic(12)
				end()
			}
			if diff := n.differences(live); len(diff) > 0 {
				t.Errorf("differences:\n%s", strings.Join(diff, "\n"))
			}
			fresh := n.warehouse("fresh.duckdb")
			if err := Rebuild(t.Context(), Rebuilding{Sources: n.sources()}, fresh, func(Progress) {}); err != nil {
				t.Fatal(err)
			}
			want, errLive := live.Digests(t.Context())
			got, errFresh := fresh.Digests(t.Context())
			if diff := cmp.Diff(want, got); diff != "" || errLive != nil || errFresh != nil {
				t.Errorf("built anew (%v, %v; -live +anew):\n%s", errLive, errFresh, diff)
			}
			for table, rows := range map[string]int64{fact.Clicks: 144, fact.Impressions: 144, fact.Signals: 288, fact.Conversions: 144 + 2*36} {
				if want[table].Rows != rows {
					t.Errorf("table %s has %d rows, want %d", table, want[table].Rows, rows)
				}
			}
			if want[fact.Deliveries].Rows < 36 {
				t.Errorf("%d attempts, want those of the deliveries that were recorded", want[fact.Deliveries].Rows)
			}
			n.spoil(live)
		})
	}
}

// spoil puts wrong facts into a warehouse, and has Compare find them.
func (n *node) spoil(w *duckwarehouse.Warehouse) {
	n.t.Helper()
	n.traffic(1) // what is not shipped yet is no difference
	if diff := n.differences(w); len(diff) > 0 {
		n.t.Errorf("differences before anything is wrong:\n%s", strings.Join(diff, "\n"))
	}
	var first txid.ID
	if err := n.journal.Scan(n.t.Context(), txid.Click, liveNode, 0, math.MaxUint64, func(id txid.ID, _ []byte) error {
		first = id
		return errFull
	}); !errors.Is(err, errFull) {
		n.t.Fatal(err)
	}
	wrong := fact.Batch{
		Clicks:      []fact.Click{{ID: first, OfferID: 1}},
		Conversions: []fact.Conversion{{Sign: -1, ID: "x", OfferID: 1, Status: "approved", Currency: "USD", Payout: 2_500_000, At: first.Time()}},
		Positions:   []fact.Position{{Source: "mistake", At: 1, Through: time.Now()}},
	}
	if err := w.Append(n.t.Context(), wrong); err != nil {
		n.t.Fatal(err)
	}
	diff := n.differences(w)
	text := strings.Join(diff, "\n")
	if len(diff) != 2 || !strings.Contains(text, "offer 1, USD, approved: the ledger has ") ||
		!strings.Contains(text, fmt.Sprintf("node %d, %s: the journal has ", liveNode, first.Time().Format(time.DateOnly))) {
		n.t.Errorf("with a click twice and a conversion taken back:\n%s\nwant both, and no more", text)
	}
}

// TestOlderDaysAreKept builds a warehouse anew when the journal has dropped its
// first days: they come from the file before it, and nothing comes twice.
func TestOlderDaysAreKept(t *testing.T) {
	n := newNode(t, "")
	for number := range 500 { // over ten days, at all hours
		n.clickAt(time.Now().Add(time.Duration(number-500)*28*time.Minute), txid.Click, number)
	}
	former := filepath.Join(n.dir, "former.duckdb")
	old, err := duckwarehouse.Open(t.Context(), former, duckwarehouse.Options{})
	if err != nil {
		t.Fatal(err)
	}
	n.ship(old)()
	want, errDigests := old.Digests(t.Context())
	positions, errPositions := old.Positions(t.Context())
	dropped := n.journal.Retain(t.Context(), time.Now().Add(-5*day))
	if err := errors.Join(errDigests, errPositions, dropped, old.Close()); err != nil {
		t.Fatal(err)
	}
	fresh := n.warehouse("fresh.duckdb")
	from := Rebuilding{Sources: n.sources(), Horizon: n.journal.Horizon(), Older: &Older{
		Positions: positions,
		Copy: func(ctx context.Context, table string, before time.Time) error {
			return fresh.CopyDays(ctx, former, table, before, func(string, time.Time, int, int) {})
		},
	}}
	if err := Rebuild(t.Context(), from, fresh, func(Progress) {}); err != nil {
		t.Fatal(err)
	}
	got, err := fresh.Digests(t.Context())
	if diff := cmp.Diff(want, got); diff != "" || err != nil || want[fact.Clicks].Rows != 500 {
		t.Errorf("of %d clicks (%v; -before +anew):\n%s", want[fact.Clicks].Rows, err, diff)
	}
	since := Comparing{Sources: n.sources(), Warehouse: fresh, Since: func(string) time.Time { return n.journal.Horizon() }}
	if err := Compare(t.Context(), since, func(text string) { t.Errorf("a difference: %s", text) }); err != nil {
		t.Error(err)
	}
}
