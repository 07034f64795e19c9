package tally

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"waybill/internal/advertiser"
	"waybill/internal/catalog"
	"waybill/internal/conversion"
	"waybill/internal/fact"
	"waybill/internal/fault"
	"waybill/internal/offer"
	"waybill/internal/signal"
	"waybill/internal/txid"
)

// journal is a journal in memory.
type journal struct {
	mu      sync.Mutex
	records map[txid.ID][]byte
	err     error // of every scan, in the middle of it
	lost    error // of everything
}

func (j *journal) put(id txid.ID, record []byte) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.records[id] = record
}

func (j *journal) fail(scan, all error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.err, j.lost = scan, all
}

// drop deletes records.
func (j *journal) drop(which func(txid.ID) bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	maps.DeleteFunc(j.records, func(id txid.ID, _ []byte) bool { return which(id) })
}

func (j *journal) Nodes(context.Context) ([]uint16, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	all := []uint16{liveNode}
	for id := range j.records {
		all = append(all, id.Node())
	}
	slices.Sort(all)
	return slices.Compact(all), j.lost
}

func (j *journal) Scan(ctx context.Context, k txid.Kind, node uint16, from, to txid.Tick, f func(txid.ID, []byte) error) error {
	j.mu.Lock()
	var ids []txid.ID
	records := maps.Clone(j.records)
	for id := range records {
		if id.Kind() == k && id.Node() == node && id.Tick() >= from && id.Tick() < to {
			ids = append(ids, id)
		}
	}
	failed := cmp.Or(j.err, j.lost)
	j.mu.Unlock()
	slices.SortFunc(ids, func(a, b txid.ID) int { return cmp.Compare(a.Tick(), b.Tick()) })
	var scratch []byte // a record is valid until f returns, and no longer
	for n, id := range ids {
		if failed != nil && n == len(ids)/2 {
			return failed // in the middle of it
		}
		scratch = append(scratch[:0], records[id]...)
		if err := f(id, scratch); err != nil {
			return err
		}
		clear(scratch)
	}
	return cmp.Or(failed, ctx.Err())
}

// ledger is a ledger in memory.
type ledger struct {
	mu       sync.Mutex
	err      error
	hangs    bool
	verdicts map[txid.ID]signal.Verdict
	changes  []change
	attempts []fact.Attempt
}

type change struct {
	before *conversion.Conversion
	after  conversion.Conversion
}

// reach is how every call begins.
func (l *ledger) reach(ctx context.Context) error {
	l.mu.Lock()
	hangs, err := l.hangs, l.err
	l.mu.Unlock()
	if hangs {
		<-ctx.Done()
		return fault.Because(ctx.Err(), fault.Unavailable, "the ledger cannot be reached now")
	}
	return err
}

func (l *ledger) set(do func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	do()
}

func (l *ledger) VerdictsOn(ctx context.Context, ids []txid.ID) ([]signal.Verdict, error) {
	if err := l.reach(ctx); err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	all := make([]signal.Verdict, len(ids))
	for i, id := range ids {
		all[i] = l.verdicts[id]
	}
	return all, nil
}

func (l *ledger) ConversionFacts(ctx context.Context, after int64, limit int) ([]fact.Conversion, int64, bool, error) {
	if err := l.reach(ctx); err != nil {
		return nil, 0, false, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	var facts []fact.Conversion
	last := min(after+int64(limit), int64(len(l.changes)))
	for n := after + 1; n <= last; n++ {
		facts = append(facts, l.facts(n)...)
	}
	return facts, max(last, after), last >= int64(len(l.changes)), nil
}

// facts gives those of a change by its number, from 1 on.
func (l *ledger) facts(n int64) []fact.Conversion {
	c := l.changes[n-1]
	return fact.OfChange(c.before, &c.after, n)
}

func (l *ledger) AttemptFacts(ctx context.Context, after int64, limit int) ([]fact.Attempt, bool, error) {
	if err := l.reach(ctx); err != nil {
		return nil, false, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	var facts []fact.Attempt
	for _, a := range l.attempts {
		if a.Number > after && len(facts) < limit {
			facts = append(facts, a)
		}
	}
	return facts, len(facts) < limit, nil
}

func (l *ledger) LastChange(ctx context.Context) (int64, error) {
	err := l.reach(ctx)
	l.mu.Lock()
	defer l.mu.Unlock()
	return int64(len(l.changes)), err
}

func (*ledger) ConversionSums(context.Context, time.Time, int64, func(fact.Book, fact.Sums), func([]fact.Conversion)) error {
	return errors.New("a ledger in memory adds up nothing")
}

// warehouse is a warehouse in memory.
type warehouse struct {
	mu       sync.Mutex
	facts    map[string][]row // by table
	at       map[string]fact.Position
	fail     error // of the next Append, nothing is stored
	lost     error // of the next Append, all is stored
	broken   error // of everything
	unsorted error // of Sort
	appended int
	largest  int
	sorted   []time.Time
}

// row is a fact as text, and when it was.
type row struct {
	text string
	at   time.Time
}

func newWarehouse() *warehouse {
	return &warehouse{facts: map[string][]row{}, at: map[string]fact.Position{}}
}

// clone gives a copy of what is stored.
func (w *warehouse) clone() *warehouse {
	c := newWarehouse()
	for table, rows := range w.facts {
		c.facts[table] = slices.Clone(rows)
	}
	maps.Copy(c.at, w.at)
	return c
}

// olderThan makes w the warehouse before another.
func (w *warehouse) olderThan(fresh *warehouse) *Older {
	positions, _ := w.Positions(context.Background())
	return &Older{Positions: positions, Copy: func(_ context.Context, table string, before time.Time) error {
		for _, r := range w.facts[table] {
			if r.at.UTC().Truncate(day).Before(before) {
				fresh.facts[table] = append(fresh.facts[table], r)
			}
		}
		return nil
	}}
}

func (w *warehouse) set(do func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	do()
}

func (w *warehouse) Append(_ context.Context, b fact.Batch) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	failed := cmp.Or(w.broken, w.fail)
	w.fail = nil
	if failed != nil {
		return failed
	}
	ahead := false
	for _, p := range b.Positions {
		before, known := w.at[p.Source]
		if p.At < before.At || p.Through.Before(before.Through) {
			return fault.New(fault.Conflict, "%s goes back from %v to %v", p.Source, before, p)
		}
		ahead = ahead || !known || p.At > before.At
	}
	if !ahead && b.Len() > 0 {
		return fault.New(fault.Conflict, "the batch is stored already")
	}
	for _, p := range b.Positions {
		w.at[p.Source] = p
	}
	clickAt := func(c fact.Click) time.Time { return c.ID.Time() }
	put(w, fact.Clicks, b.Clicks, clickAt)
	put(w, fact.Impressions, b.Impressions, clickAt)
	put(w, fact.Conversions, b.Conversions, func(c fact.Conversion) time.Time { return c.At })
	put(w, fact.Signals, b.Signals, func(s fact.Signal) time.Time { return s.At })
	put(w, fact.Deliveries, b.Attempts, func(a fact.Attempt) time.Time { return a.At })
	w.appended, w.largest = w.appended+1, max(w.largest, b.Len())
	failed, w.lost = w.lost, nil
	return failed
}

func put[T any](w *warehouse, table string, facts []T, at func(T) time.Time) {
	for _, f := range facts {
		w.facts[table] = append(w.facts[table], row{text(f), at(f)})
	}
}

// text gives a fact in one form, to be compared.
func text(f any) string { return fmt.Sprintf("%+v", f) }

func (w *warehouse) Positions(context.Context) ([]fact.Position, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []fact.Position
	for _, p := range w.at {
		all = append(all, p)
	}
	return all, w.broken
}

func (w *warehouse) Sort(_ context.Context, before time.Time) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sorted = append(w.sorted, before)
	return cmp.Or(w.broken, w.unsorted)
}

// all gives every fact, in one order.
func (w *warehouse) all() map[string][]string {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := map[string][]string{}
	for table, rows := range w.facts {
		for _, r := range rows {
			out[table] = append(out[table], r.text)
		}
		slices.Sort(out[table])
	}
	return out
}

// days gives what Sort was called with.
func (w *warehouse) days() []time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.sorted)
}

// batches gives how often something was stored.
func (w *warehouse) batches() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.appended
}

func (w *warehouse) count(table string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.facts[table])
}

// world is what tally works on, and what it should come to.
type world struct {
	journal *journal
	ledger  *ledger
	catalog *catalog.Catalog
	mints   map[uint16]*txid.Mint
	want    map[string][]string // the facts, by table
}

// liveNode is the one that mints; gone is one that has minted, in a process
// that is not there any more.
const (
	liveNode = 2
	gone     = 1
)

func newWorld(t testing.TB) *world {
	t.Helper()
	key, err := txid.NewKey(1, time.Time{}, bytes.NewReader(bytes.Repeat([]byte{7}, 32)))
	if err != nil {
		t.Fatal(err)
	}
	shop := advertiser.Default()
	shop.ID = 3
	o := offer.Default()
	o.ID, o.AdvertiserID, o.DestinationURL = 7, 3, "https://shop.example/?tid={transaction_id}"
	g := offer.NewGoal(7)
	g.ID, g.Code = 70, offer.DefaultGoal
	c, err := catalog.New(catalog.Source{
		Advertisers: []advertiser.Advertiser{shop}, Offers: []offer.Offer{o}, Goals: []offer.Goal{g}, Ring: []txid.Key{key},
	})
	if err != nil {
		t.Fatal(err)
	}
	return &world{
		journal: &journal{records: map[txid.ID][]byte{}}, ledger: &ledger{verdicts: map[txid.ID]signal.Verdict{}},
		catalog: c, want: map[string][]string{},
		mints: map[uint16]*txid.Mint{liveNode: txid.NewMint(c.Ring(), liveNode, 0), gone: txid.NewMint(c.Ring(), gone, 0)},
	}
}

func (w *world) sources() Sources {
	return Sources{
		Journal: w.journal, Ledger: w.ledger, Bound: w.bound, Catalog: func() *catalog.Catalog { return w.catalog },
	}
}

func (w *world) bound(node uint16) (txid.Tick, bool) {
	if node == gone {
		return math.MaxUint64, false
	}
	last := w.mints[node].Last()
	low := w.mints[node].Low()
	return low, low <= last
}

func (w *world) worker(to Warehouse, log *slog.Logger) *Worker {
	return New(w.sources(), to, NewMetrics(prometheus.NewRegistry()), log)
}

func (w *world) expect(table string, fact any) { w.want[table] = append(w.want[table], text(fact)) }

// expected gives all facts that there should be, in one order.
func (w *world) expected() map[string][]string {
	out := map[string][]string{}
	for table, rows := range w.want {
		out[table] = slices.Sorted(slices.Values(rows))
	}
	return out
}
