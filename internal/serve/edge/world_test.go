package edge_test

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"waybill/internal/advertiser"
	"waybill/internal/affiliate"
	"waybill/internal/catalog"
	"waybill/internal/click"
	"waybill/internal/link"
	"waybill/internal/offer"
	"waybill/internal/serve/edge"
	"waybill/internal/settlement"
	"waybill/internal/signal"
	"waybill/internal/txid"
	"waybill/internal/visitor"
)

// The offers of these tests. All but closedOffer are advertiser 3's, who is
// believed without proof unless a test says otherwise.
const (
	mainOffer   = 5 // with a fallback and deep links
	plainOffer  = 6 // with no fallback of its own
	closedOffer = 7 // of the paused advertiser 4
	brokenOffer = 8 // whose URL no longer parses
)

const (
	blog = 7 // an affiliate
	spam = 8 // a blocked one
)

const (
	token  = "t0ken-of-the-shop"
	secret = "secret-of-the-shop"
)

const chrome = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36"

// source is the configuration of these tests.
func source() catalog.Source {
	shop := advertiser.Default()
	shop.ID, shop.Name, shop.Token, shop.SigSecret = 3, "Shop", token, secret
	closed := shop
	closed.ID, closed.Status = 4, advertiser.Paused
	spring := offer.Default()
	spring.ID, spring.AdvertiserID, spring.Name = mainOffer, 3, "Spring sale"
	spring.DestinationURL = "https://shop.example/l?wb={transaction_id}&aff={affiliate_id}&s1={sub1}&c={aff_click_id}"
	spring.FallbackURL = "https://other.example/?o={offer_id}&s1={sub1}"
	spring.DeepLinkHosts = []string{"shop.example", "*.shop.example"}
	plain, old, broken := spring, spring, spring
	plain.ID, plain.FallbackURL = plainOffer, ""
	old.ID, old.AdvertiserID = closedOffer, 4
	broken.ID, broken.DestinationURL = brokenOffer, "https://shop.example/{nonsense}"
	s := catalog.Source{
		Advertisers: []advertiser.Advertiser{shop, closed},
		Affiliates: []affiliate.Affiliate{
			{ID: blog, Name: "Blog", Status: affiliate.Active}, {ID: spam, Name: "Spam", Status: affiliate.Blocked},
		},
		Offers: []offer.Offer{spring, plain, old, broken},
		Links: []link.Link{
			{Code: "spring", OfferID: mainOffer, AffiliateID: blog, Query: "source=news&sub1=may", Status: link.Active},
			{Code: "autumn", OfferID: mainOffer, AffiliateID: blog, Query: "sub2=fall", Status: link.Active},
			{Code: "gone", OfferID: mainOffer, AffiliateID: blog, Status: link.Retired},
			{Code: "deleted", OfferID: mainOffer, AffiliateID: blog, Status: link.Deleted},
			{Code: "lost", OfferID: 99, AffiliateID: blog, Status: link.Active},
		},
		Ring:     []txid.Key{{Number: 1, Secret: [32]byte{1}}},
		Settings: catalog.Settings{FallbackURL: "https://network.example/?s1={sub1}", IdentityKey: bytes.Repeat([]byte{2}, 32)},
	}
	for _, o := range s.Offers {
		g := offer.NewGoal(o.ID)
		g.ID, g.Code = 10*o.ID, offer.DefaultGoal
		s.Goals = append(s.Goals, g)
	}
	return s
}

// world is an edge with all that it needs, and what it leaves behind.
type world struct {
	testing.TB
	catalog *catalog.Catalog
	mint    *txid.Mint
	journal *memory
	settler *judge
	metrics *prometheus.Registry
	edge    *edge.Edge
	handler http.Handler
}

func newWorld(t testing.TB, change func(*catalog.Source)) *world {
	t.Helper()
	s := source()
	if change != nil {
		change(&s)
	}
	c, err := catalog.New(s)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{TB: t, catalog: c, mint: txid.NewMint(c.Ring(), 1, 0), journal: new(memory), metrics: prometheus.NewRegistry()}
	w.settler = &judge{catalog: c, journal: w.journal}
	w.edge = &edge.Edge{
		Catalog: func() *catalog.Catalog { return w.catalog }, Journal: w.journal, Mint: w.mint, Settler: w.settler,
		Guide: visitor.NewGuide(nil), Metrics: edge.NewMetrics(w.metrics),
	}
	w.handler = w.edge.Handler()
	return w
}

// do has a request answered. Fields are headers, "Name: value"; change may do
// the rest.
func (w *world) do(r *http.Request, fields ...string) *httptest.ResponseRecorder {
	r.RemoteAddr = "203.0.113.9:4711"
	r.Header.Set("User-Agent", chrome)
	for _, f := range fields {
		name, value, _ := strings.Cut(f, ": ")
		r.Header.Set(name, value)
	}
	rec := httptest.NewRecorder()
	w.handler.ServeHTTP(rec, r)
	if low, last := w.mint.Low(), w.mint.Last(); low != last+1 {
		w.Errorf("%s %s left its ticket open: Low() = %d, Last() = %d", r.Method, r.URL, low, last)
	}
	return rec
}

func (w *world) get(target string, fields ...string) *httptest.ResponseRecorder {
	return w.do(httptest.NewRequest(http.MethodGet, target, nil), fields...)
}

func (w *world) post(target, body string, fields ...string) *httptest.ResponseRecorder {
	return w.do(httptest.NewRequest(http.MethodPost, target, strings.NewReader(body)), fields...)
}

// clicks reads the clicks in the journal.
func (w *world) clicks() []click.Click { return w.visits(txid.Click) }

// visits reads the clicks, or the impressions, in the journal.
func (w *world) visits(kind txid.Kind) []click.Click {
	w.Helper()
	var all []click.Click
	for _, r := range w.journal.records {
		if r.id.Kind() != kind {
			continue
		}
		c, err := click.Read(r.id, r.record)
		if err != nil {
			w.Fatal(err)
		}
		all = append(all, c)
	}
	return all
}

// click reads the only click in the journal.
func (w *world) click() click.Click {
	w.Helper()
	all := w.clicks()
	if len(all) != 1 {
		w.Fatalf("the journal holds %d clicks, want 1", len(all))
	}
	return all[0]
}

// signals reads the signals in the journal.
func (w *world) signals() []signal.Signal {
	w.Helper()
	var all []signal.Signal
	for _, r := range w.journal.records {
		if r.id.Kind() != txid.Signal {
			continue
		}
		s, err := signal.Read(r.id, r.record)
		if err != nil {
			w.Fatal(err)
		}
		all = append(all, s)
	}
	return all
}

// signal reads the only signal in the journal.
func (w *world) signal() signal.Signal {
	w.Helper()
	all := w.signals()
	if len(all) != 1 {
		w.Fatalf("the journal holds %d signals, want 1", len(all))
	}
	return all[0]
}

// open reads an ID of the world.
func (w *world) open(text string) txid.Parts {
	w.Helper()
	id, err := txid.Parse(text)
	if err != nil {
		w.Fatal(err)
	}
	parts, err := w.catalog.Ring().Open(id)
	if err != nil {
		w.Fatal(err)
	}
	return parts
}

// transaction makes a transaction ID of the main offer.
func (w *world) transaction() string { return w.transactionOf(txid.Subject{Offer: mainOffer}) }

func (w *world) transactionOf(s txid.Subject) string {
	s.Kind, s.Affiliate = txid.Click, blog
	ticket := w.mint.Begin(time.Now(), s)
	ticket.Done()
	return ticket.ID.String()
}

// count gives the sum of a counter's series that have a label of this value;
// all of them when it is empty.
func (w *world) count(name, label string) float64 {
	w.Helper()
	families, err := w.metrics.Gather()
	if err != nil {
		w.Fatal(err)
	}
	var sum float64
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if f.GetName() == name && (label == "" || m.GetLabel()[0].GetValue() == label) {
				sum += m.GetCounter().GetValue()
			}
		}
	}
	return sum
}

// memory is a journal that forgets when the test ends, and fails when told to.
type memory struct {
	mu      sync.Mutex
	records []entry
	fail    func(n int) bool // whether the n-th append fails, from 0; nil for never
	appends int
	ctx     context.Context //nolint:containedctx // the last append's, looked at by a test
}

type entry struct {
	id         txid.ID
	record     []byte
	identities [][]byte
}

var errDisk = errors.New("the disk is gone")

func (m *memory) Append(ctx context.Context, t txid.Ticket, record []byte, identities ...[]byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	defer t.Done()
	m.ctx = ctx
	m.appends++
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if m.fail != nil && m.fail(m.appends-1) {
		return errDisk
	}
	m.records = append(m.records, entry{t.ID, bytes.Clone(record), identities})
	return nil
}

// judge settles by the real rules as far as they need no ledger; what they would
// hand to the ledger is accepted.
type judge struct {
	catalog *catalog.Catalog
	journal *memory
	seen    []signal.Signal
	answer  *signal.Verdict // instead of a judgement
	ctx     context.Context //nolint:containedctx // the last one's, looked at by a test
}

func (j *judge) Settle(ctx context.Context, s signal.Signal) signal.Verdict {
	j.seen, j.ctx = append(j.seen, s), ctx
	if j.answer != nil {
		return *j.answer
	}
	c := settlement.Prepare(settlement.Input{Signal: s, Catalog: j.catalog, Now: s.ReceivedAt})
	if c.Refusal != nil {
		return *c.Refusal
	}
	return signal.Verdict{
		Status: signal.Accepted, Code: signal.OK, SignalID: s.ID.String(), TransactionID: s.Click.String(), Test: s.Test,
	}
}
