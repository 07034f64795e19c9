package settle_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"math"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"waybill/internal/advertiser"
	"waybill/internal/catalog"
	"waybill/internal/click"
	"waybill/internal/conversion"
	"waybill/internal/fault"
	"waybill/internal/offer"
	"waybill/internal/settlement"
	"waybill/internal/signal"
	"waybill/internal/txid"
	"waybill/internal/work/settle"
)

// journal is a journal in memory.
type journal struct {
	mu      sync.Mutex
	records map[txid.ID][]byte
	// identities are the IDs that stand under a key.
	identities map[string][]txid.ID
	err        error // of every read
	// reads and walks count calls of Get and Identity.
	reads, walks int
}

func (j *journal) put(id txid.ID, record []byte) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.records[id] = record
}

func (j *journal) Get(_ context.Context, id txid.ID) ([]byte, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.reads++
	if j.err != nil {
		return nil, j.err
	}
	record, ok := j.records[id]
	if !ok {
		return nil, fault.New(fault.NotFound, "no record %s", id)
	}
	return record, nil
}

// ids gives the signals, in the order of their ticks.
func (j *journal) ids() []txid.ID {
	j.mu.Lock()
	defer j.mu.Unlock()
	var all []txid.ID
	for id := range j.records {
		if id.Kind() == txid.Signal {
			all = append(all, id)
		}
	}
	slices.SortFunc(all, func(a, b txid.ID) int { return int(int64(a.Tick()) - int64(b.Tick())) })
	return all
}

func (j *journal) Nodes(context.Context) ([]uint16, error) {
	var all []uint16
	for _, id := range j.ids() {
		all = append(all, id.Node())
	}
	slices.Sort(all)
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.Compact(all), j.err
}

func (j *journal) Signals(ctx context.Context, node uint16, from, to txid.Tick, f func(txid.ID, []byte) error) error {
	scratch := make([]byte, 0, 4096) // the record is valid until f returns, and no longer
	for _, id := range j.ids() {
		if id.Node() != node || id.Tick() < from || id.Tick() >= to {
			continue
		}
		record, err := j.Get(ctx, id)
		if err != nil {
			return err
		}
		scratch = append(scratch[:0], record...)
		if err := f(id, scratch); err != nil {
			return err
		}
		clear(scratch)
	}
	return nil
}

func (j *journal) Identity(_ context.Context, key []byte, f func(txid.ID) error) error {
	j.mu.Lock()
	j.walks++
	ids, err := slices.Clone(j.identities[string(key)]), j.err
	j.mu.Unlock()
	if err != nil {
		return err
	}
	slices.SortFunc(ids, func(a, b txid.ID) int { return int(int64(b.Tick()) - int64(a.Tick())) })
	for _, id := range ids {
		if err := f(id); err != nil {
			return err
		}
	}
	return nil
}

// ledger is a ledger in memory, which can be away.
type ledger struct {
	mu       sync.Mutex
	away     bool
	slow     time.Duration    // how long it takes to settle
	poison   map[string]error // by signal, why it cannot be judged
	cures    int              // after how many tries it can
	verdicts map[string]signal.Verdict
	order    []string // signals in the order in which they were settled
	calls    int      // of Settle
	asked    int      // signals that Settled was asked for
	targets  []settlement.Target
	through  map[uint16]txid.Tick
}

func (l *ledger) set(change func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	change()
}

func (l *ledger) reach(ctx context.Context) error {
	if slow := l.slow; slow > 0 {
		l.mu.Unlock()
		select {
		case <-time.After(slow):
		case <-ctx.Done():
		}
		l.mu.Lock()
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	if l.away {
		return fault.New(fault.Unavailable, "the ledger is away")
	}
	return nil
}

// errPanic is a poison that makes the ledger panic.
var errPanic = errors.New("a defect in the rules")

func (l *ledger) Settle(ctx context.Context, c settlement.Case) (signal.Verdict, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.calls++
	if err := l.reach(ctx); err != nil {
		return signal.Verdict{}, err
	}
	if v, ok := l.verdicts[c.SignalID]; ok {
		return v, nil
	}
	if err := l.poison[c.SignalID]; err != nil && c.Judge != nil {
		if l.cures--; l.cures == 0 {
			delete(l.poison, c.SignalID)
		}
		if errors.Is(err, errPanic) {
			panic(err)
		}
		return signal.Verdict{}, err
	}
	v := signal.Verdict{}
	if c.Refusal != nil {
		v = *c.Refusal
	} else {
		out, err := c.Judge(settlement.State{})
		if err != nil {
			return v, err
		}
		v = out.Verdict
	}
	l.verdicts[c.SignalID] = v
	l.order = append(l.order, c.SignalID)
	return v, nil
}

func (l *ledger) Targets(ctx context.Context, t settlement.Target) ([]conversion.Conversion, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.targets = append(l.targets, t)
	return nil, l.reach(ctx)
}

func (l *ledger) Settled(ctx context.Context, ids []txid.ID) ([]bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.reach(ctx); err != nil {
		return nil, err
	}
	l.asked += len(ids)
	all := make([]bool, len(ids))
	for i, id := range ids {
		_, all[i] = l.verdicts[id.String()]
	}
	return all, nil
}

func (l *ledger) SettledThrough(ctx context.Context, node uint16) (txid.Tick, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.through[node], l.reach(ctx)
}

func (l *ledger) SetSettledThrough(ctx context.Context, node uint16, t txid.Tick) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.reach(ctx); err != nil {
		return err
	}
	l.through[node] = max(l.through[node], t)
	return nil
}

// rig is a settler with a journal, a ledger and a mint. It lives in a bubble of
// synctest, where time passes only while everybody waits.
type rig struct {
	t       *testing.T
	journal *journal
	ledger  *ledger
	mint    *txid.Mint
	click   txid.ID
	settler *settle.Settler
	catalog *catalog.Catalog
	log     *bytes.Buffer
}

const liveNode = 2

func newRig(t *testing.T) *rig {
	t.Helper()
	return newRigOf(t, func(*offer.Offer) {})
}

// newRigOf is newRig with another offer.
func newRigOf(t *testing.T, change func(*offer.Offer)) *rig {
	t.Helper()
	key, err := txid.NewKey(1, time.Now().Add(-time.Hour), bytes.NewReader(bytes.Repeat([]byte{7}, 32)))
	if err != nil {
		t.Fatal(err)
	}
	shop := advertiser.Default()
	shop.ID = 3
	o := offer.Default()
	o.ID, o.AdvertiserID, o.DestinationURL = 7, 3, "https://shop.example/?tid={transaction_id}"
	change(&o)
	g := offer.NewGoal(7)
	g.ID, g.Code = 70, offer.DefaultGoal
	c, err := catalog.New(catalog.Source{
		Advertisers: []advertiser.Advertiser{shop}, Offers: []offer.Offer{o}, Goals: []offer.Goal{g}, Ring: []txid.Key{key},
	})
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{
		t: t, journal: &journal{records: map[txid.ID][]byte{}, identities: map[string][]txid.ID{}}, log: &bytes.Buffer{}, catalog: c,
		ledger: &ledger{verdicts: map[string]signal.Verdict{}, poison: map[string]error{}, through: map[uint16]txid.Tick{}},
		mint:   txid.NewMint(c.Ring(), liveNode, 0),
	}
	visit := click.Click{At: time.Now(), OfferID: 7, AffiliateID: 9}
	ticket := r.mint.Begin(time.Now(), txid.Subject{Kind: txid.Click, Offer: 7, Affiliate: 9})
	visit.ID, r.click = ticket.ID, ticket.ID
	r.journal.put(visit.ID, visit.Append(nil))
	ticket.Done()
	log := slog.New(slog.NewTextHandler(r.log, nil))
	if testing.Verbose() {
		log = slog.New(slog.NewTextHandler(io.MultiWriter(r.log, t.Output()), nil))
	}
	r.settler = settle.New(r.journal, r.ledger, func() *catalog.Catalog { return c }, r.bound, log)
	return r
}

func (r *rig) bound(node uint16) txid.Tick {
	if node == liveNode {
		return r.mint.Low()
	}
	return math.MaxUint64
}

// start runs the sweep, and gives what ends it.
func (r *rig) start() (stop func()) {
	ctx, cancel := context.WithCancel(r.t.Context())
	stopped := make(chan error, 1)
	go func() { stopped <- r.settler.Run(ctx) }()
	return func() {
		cancel()
		if err := <-stopped; err != nil {
			r.t.Errorf("Run() = %v", err)
		}
	}
}

// receive writes a signal down, as the edge does.
func (r *rig) receive() signal.Signal {
	s, ticket := r.begin()
	r.journal.put(s.ID, s.Append(nil))
	ticket.Done()
	return s
}

// begin mints a signal's ID and leaves its ticket open.
func (r *rig) begin() (signal.Signal, txid.Ticket) {
	now := time.Now()
	ticket := r.mint.Begin(now, txid.Subject{Kind: txid.Signal, Offer: 7, Affiliate: 9})
	return signal.Signal{
		ID: ticket.ID, ReceivedAt: now, Channel: signal.Postback, Auth: signal.OK, Click: r.click,
	}, ticket
}

// leftBehind writes a signal of another node number, whose process is gone.
func (r *rig) leftBehind(node uint16) signal.Signal {
	r.t.Helper()
	s, ticket := r.begin()
	ticket.Done()
	parts := txid.Parts{Kind: txid.Signal, Time: s.ID.Time(), Seq: s.ID.Seq(), Node: node, Offer: 7, Affiliate: 9}
	var err error
	if s.ID, err = r.ring().Seal(parts); err != nil {
		r.t.Fatal(err)
	}
	r.journal.put(s.ID, s.Append(nil))
	return s
}

func (r *rig) ring() *txid.Ring {
	key, err := txid.NewKey(1, time.Now().Add(-time.Hour), bytes.NewReader(bytes.Repeat([]byte{7}, 32)))
	if err != nil {
		r.t.Fatal(err)
	}
	ring, err := txid.NewRing([]txid.Key{key})
	if err != nil {
		r.t.Fatal(err)
	}
	return ring
}

// stranger receives a signal of a transaction of its own.
func (r *rig) stranger() signal.Signal {
	s, ticket := r.begin()
	visit := click.Click{At: time.Now(), OfferID: 7, AffiliateID: 9}
	other := r.mint.Begin(time.Now(), txid.Subject{Kind: txid.Click, Offer: 7, Affiliate: 9})
	visit.ID, s.Click = other.ID, other.ID
	r.journal.put(visit.ID, visit.Append(nil))
	r.journal.put(s.ID, s.Append(nil))
	other.Done()
	ticket.Done()
	return s
}

// settle receives a signal and has it settled.
func (r *rig) settle() signal.Verdict { return r.settler.Settle(r.t.Context(), r.receive()) }

// verdict gives the ledger's verdict on a signal, the zero one if it has none.
func (r *rig) verdict(s signal.Signal) signal.Verdict {
	r.ledger.mu.Lock()
	defer r.ledger.mu.Unlock()
	return r.ledger.verdicts[s.ID.String()]
}

// pass lets time go by.
func pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

func isQueued(v signal.Verdict) bool {
	return v.Status == signal.Queued && v.Code == signal.CodeQueued && v.Code.HTTP() == 202 && v.SignalID != "" && v.Message != ""
}
