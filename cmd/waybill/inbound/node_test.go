package inbound_test

import (
	"bytes"
	"context"
	"log/slog"
	"math"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"waybill/internal/advertiser"
	"waybill/internal/affiliate"
	"waybill/internal/catalog"
	"waybill/internal/click"
	"waybill/internal/conversion"
	"waybill/internal/delivery"
	"waybill/internal/money"
	"waybill/internal/offer"
	"waybill/internal/serve/edge"
	"waybill/internal/signal"
	"waybill/internal/store/pebblejournal"
	"waybill/internal/store/sqlledger"
	"waybill/internal/tune"
	"waybill/internal/txid"
	"waybill/internal/visitor"
	"waybill/internal/work/settle"
)

// Each case has an advertiser, an affiliate and two offers of its own. Their
// numbers are its own number and these.
const (
	advertisers  = 5_700_000
	affiliates   = 9_700_000
	rivals       = 9_800_000
	offers       = 1_700_000
	others       = 1_800_000
	goals        = 30_000_000 // and ten for each case
	subscription = 40_000_000

	tuneOffers     = 71_000_000 // by which TUNE knew them
	tuneAffiliates = 76_000_000
)

// guesses is how many IDs a source may try before it is held back; fewer than by
// default, so that a case can show it.
const guesses = 4

// liveNode is the number under which everything is minted that happens now.
const liveNode = 1

// node is a Waybill whose catalog is all cases' settings.
type node struct {
	journal *pebblejournal.Journal
	ledger  *sqlledger.DB
	mint    *txid.Mint
	settler *settle.Settler
	catalog atomic.Pointer[catalog.Catalog]
	numbers atomic.Uint32 // the last node number that something past was minted under

	mu     sync.Mutex
	source catalog.Source
}

func newNode(t *testing.T, ledgerURL string, docs []*document) *node {
	t.Helper()
	log := slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
	journal, err := pebblejournal.Open(t.TempDir(), pebblejournal.Options{Log: log, AppendTimeout: 30 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	db, err := sqlledger.Open(t.Context(), ledgerURL, sqlledger.Options{Log: log})
	if err != nil {
		t.Fatal(err)
	}
	key, err := txid.NewKey(1, time.Now().AddDate(-2, 0, 0), bytes.NewReader(bytes.Repeat([]byte{7}, 32)))
	if err != nil {
		t.Fatal(err)
	}
	n := &node{journal: journal, ledger: db}
	n.numbers.Store(liveNode)
	n.source = catalog.Source{Ring: []txid.Key{key}, Settings: catalog.Settings{IdentityKey: bytes.Repeat([]byte{9}, 32)}}
	for _, d := range docs {
		for _, c := range d.cases {
			furnish(&n.source, int64(c.number))
		}
	}
	for _, d := range docs { // what cases begin with, all at once
		for _, c := range d.cases {
			p := n.player(t, c)
			for i := range c.beginning() {
				p.lay(&c.blocks[i], &n.source)
			}
		}
	}
	n.publish(t)
	n.mint = txid.NewMint(n.Catalog().Ring(), liveNode, 0)
	n.settler = settle.New(signals{journal}, db, n.Catalog, n.bound, log)
	n.run(t)
	return n
}

// run sets the sweep to work until the test ends, and closes the stores then.
func (n *node) run(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	stopped := make(chan error, 1)
	go func() { stopped <- n.settler.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		for _, err := range []error{<-stopped, n.journal.Close(), n.ledger.Close()} {
			if err != nil {
				t.Error(err)
			}
		}
	})
}

// Catalog gives the catalog as it stands.
func (n *node) Catalog() *catalog.Catalog { return n.catalog.Load() }

// bound tells the sweep how far it may read.
func (n *node) bound(number uint16) txid.Tick {
	if number == liveNode {
		return n.mint.Low()
	}
	return math.MaxInt64
}

// signals is the journal as settle reads it.
type signals struct{ *pebblejournal.Journal }

// Signals calls f for a node's signals in a span of ticks.
func (s signals) Signals(ctx context.Context, node uint16, from, to txid.Tick, f func(txid.ID, []byte) error) error {
	return s.Scan(ctx, pebblejournal.Query{Kind: txid.Signal, Node: node, From: from, To: to}, f)
}

// change changes the settings, for all that comes from now on.
func (n *node) change(t *testing.T, f func(*catalog.Source)) {
	t.Helper()
	n.mu.Lock()
	defer n.mu.Unlock()
	f(&n.source)
	n.publish(t)
}

// publish makes a catalog of the settings as they are.
func (n *node) publish(t *testing.T) {
	t.Helper()
	text, err := catalog.Encode(n.source) // the catalog shares nothing with what is changed later
	if err != nil {
		t.Fatal(err)
	}
	source, err := catalog.Decode(text)
	if err != nil {
		t.Fatal(err)
	}
	c, err := catalog.New(source)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range c.Problems() {
		t.Errorf("the catalog: %v", p)
	}
	n.catalog.Store(c)
}

// furnish gives a case what it may find: see docs/inbound-cases.md, "What every
// case begins with".
func furnish(s *catalog.Source, number int64) {
	shop := advertiser.Default()
	shop.ID, shop.Name = advertisers+number, "Shop"
	shop.Token, shop.SigSecret = "the-token-of-the-shop", "the-secret-of-the-shop"
	blog := affiliate.Default()
	blog.ID, blog.Name = affiliates+number, "Blog"
	rival := blog
	rival.ID, rival.Name = rivals+number, "Rival"
	main := offer.Default()
	main.ID, main.AdvertiserID, main.Name = offers+number, shop.ID, "Shoes"
	main.DestinationURL = "https://shop.example/?wb={transaction_id}"
	main.Payout.Amount, main.Revenue.Amount = 5*money.Unit, 8*money.Unit
	other := main
	other.ID, other.Name = others+number, "Hats"
	hears := delivery.Default()
	hears.ID, hears.Owner = subscription+number, delivery.Owner{AffiliateID: blog.ID}
	hears.URL = "https://tracker.example/?id={transaction_id}&payout={payout}"
	hears.On = []conversion.Event{
		conversion.EventCreated, conversion.EventApproved, conversion.EventRejected,
		conversion.EventReversed, conversion.EventPaid, conversion.EventUpdated,
	}
	s.Advertisers = append(s.Advertisers, shop)
	s.Affiliates = append(s.Affiliates, blog, rival)
	s.Offers = append(s.Offers, main, other)
	s.Subscriptions = append(s.Subscriptions, hears)
	s.IDMap = append(s.IDMap,
		tune.Mapping{Kind: tune.Offer, TuneID: strconv.FormatInt(tuneOffers+number, 10), WaybillID: main.ID},
		tune.Mapping{Kind: tune.Affiliate, TuneID: strconv.FormatInt(tuneAffiliates+number, 10), WaybillID: blog.ID},
	)
	for i, of := range []int64{main.ID, other.ID} {
		g := offer.NewGoal(of)
		g.ID, g.Code = goals+10*number+int64(i), offer.DefaultGoal
		s.Goals = append(s.Goals, g)
	}
}

// check verifies the invariants of the whole ledger.
func (n *node) check(t *testing.T) {
	t.Helper()
	err := n.ledger.Check(t.Context(), func(p sqlledger.Problem) {
		// The settings are in the catalog alone.
		if !strings.HasSuffix(p.Text, "subscription that does not exist") {
			t.Errorf("check of the ledger: %s", p)
		}
	})
	if err != nil {
		t.Error(err)
	}
}

// past lets what a case sends happen some time ago. It stands between the edge
// and the rest: the mint, the journal and the settler.
type past struct {
	*node
	ago  time.Duration // 0: it happens now
	lost bool          // whether what is written down is lost again
}

// edge gives an edge whose requests happen when p says.
func (p *past) edge() *edge.Edge {
	return &edge.Edge{
		Catalog: p.Catalog, Journal: pastJournal{p}, Mint: pastMint{p}, Settler: pastSettler{p},
		Throttle: edge.NewThrottle(0.001, guesses),
		Guide:    visitor.NewGuide(nil), Metrics: edge.NewMetrics(prometheus.NewRegistry()),
	}
}

// pastMint mints IDs of the past under numbers of their own, since a number's
// IDs only rise.
type pastMint struct{ *past }

func (p pastMint) Begin(now time.Time, s txid.Subject) txid.Ticket {
	if p.ago == 0 {
		return p.mint.Begin(now, s)
	}
	return txid.NewMint(p.Catalog().Ring(), uint16(p.numbers.Add(1)), 0).Begin(now.Add(-p.ago), s)
}

// pastJournal keeps records that say when they happened.
type pastJournal struct{ *past }

func (p pastJournal) Append(ctx context.Context, t txid.Ticket, record []byte, identities ...[]byte) error {
	if p.lost {
		t.Done()
		return nil
	}
	if p.ago != 0 {
		var err error
		if record, err = p.aged(t.ID, record); err != nil {
			t.Done()
			return err
		}
	}
	return p.journal.Append(ctx, t, record, identities...)
}

func (p *past) aged(id txid.ID, record []byte) ([]byte, error) {
	if id.Kind() == txid.Signal {
		s, err := signal.Read(id, record)
		s.ReceivedAt = s.ReceivedAt.Add(-p.ago)
		return s.Append(nil), err
	}
	c, err := click.Read(id, record)
	c.At = c.At.Add(-p.ago)
	return c.Append(nil), err
}

// pastSettler judges signals as of when they were received.
type pastSettler struct{ *past }

func (p pastSettler) Settle(ctx context.Context, s signal.Signal) signal.Verdict {
	s.ReceivedAt = s.ReceivedAt.Add(-p.ago)
	return p.settler.Settle(ctx, s)
}
