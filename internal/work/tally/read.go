package tally

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"waybill/internal/click"
	"waybill/internal/fact"
	"waybill/internal/fault"
	"waybill/internal/txid"
)

// The ledger's sources.
const (
	changeSource  = "change"
	attemptSource = "attempt"
)

// source names a kind of record of a node's journal.
func source(k txid.Kind, node uint16) string { return k.String() + "/" + strconv.Itoa(int(node)) }

// sourceNode gives the node of a journal's source.
func sourceNode(name string) (uint16, bool) {
	kind, number, _ := strings.Cut(name, "/")
	n, err := strconv.ParseUint(number, 10, 12)
	return uint16(n), err == nil && kind != ""
}

// limits bound a batch.
type limits struct {
	visits  int // clicks, and as many impressions
	bytes   int // of their records
	signals int
	rows    int // changes, and as many attempts, of the ledger
	// patience is how long the ledger has for its part of a batch: one that
	// hangs must not hold up clicks.
	patience time.Duration
}

// live bounds a batch of the worker: about 50 MB in memory at most.
func live() limits {
	return limits{visits: 50_000, bytes: 16 << 20, signals: 5_000, rows: 5_000, patience: 3 * time.Second}
}

// small bounds a batch of a worker that keeps up: to store it takes the
// warehouse a few milliseconds at a time.
func (l limits) small() limits {
	l.visits = min(l.visits, 2048)
	return l
}

// breath is after how many records a reader lets others have its processor.
const breath = 64

// reader reads sources from their positions on.
type reader struct {
	Sources
	limits
	at   map[string]fact.Position
	skip func(table, source string, number uint64, at time.Time) bool // facts that are stored otherwise; nil for none
	last [2]int                                                       // how many clicks and impressions the last batch had
}

// taken is what was read at once.
type taken struct {
	fact.Batch
	more    bool  // there is more at once
	damaged int   // records that cannot be read
	damage  error // of the first of them
	journal error // why the journal was not read to the end of the batch
	ledger  error // why the ledger was not
	ahead   error // the warehouse has what the ledger has not: nothing fits together
}

// spoilt notes a record that cannot be read.
func (b *taken) spoilt(err error) {
	if b.damaged++; b.damaged == 1 {
		b.damage = err
	}
}

// readable says which sources are to be read.
type readable struct{ journal, ledger bool }

// read takes the next batch. It moves no position: see moved. A source that
// cannot be read is left out of the batch.
func (r *reader) read(ctx context.Context, which readable) *taken {
	b := new(taken)
	b.Clicks, b.Impressions = make([]fact.Click, 0, r.last[0]), make([]fact.Click, 0, r.last[1])
	defer func() { r.last = [2]int{len(b.Clicks), len(b.Impressions)} }()
	nodes, err := r.nodes(ctx)
	if err != nil {
		b.journal, which.journal = err, false
	}
	if which.journal {
		b.journal = r.visits(ctx, b, txid.Click, nodes, &b.Clicks)
		if b.journal == nil {
			b.journal = r.visits(ctx, b, txid.Impression, nodes, &b.Impressions)
		}
	}
	if !which.ledger {
		return b
	}
	ctx, cancel := context.WithTimeout(ctx, r.patience)
	defer cancel()
	// Signals first: what a signal that is in has led to has to be in as well.
	if which.journal && b.journal == nil {
		b.journal, b.ledger = r.signals(ctx, b, nodes)
	}
	if b.ledger == nil {
		b.ledger = r.conversions(ctx, b)
	}
	if b.ledger == nil {
		b.ledger = r.attempts(ctx, b)
	}
	return b
}

// moved goes on behind a batch that is stored.
func (r *reader) moved(b *fact.Batch) {
	for _, p := range b.Positions {
		r.at[p.Source] = p
	}
}

// through gives the time before which all that was received is stored.
func (r *reader) through() (least time.Time) {
	first := true
	for _, p := range r.at {
		if first || p.Through.Before(least) {
			first, least = false, p.Through
		}
	}
	return least
}

// nodes gives the journal's node numbers, and those that are in the warehouse
// and not in the journal any more: they too are stored through the present.
func (r *reader) nodes(ctx context.Context) ([]uint16, error) {
	nodes, err := r.Journal.Nodes(ctx)
	if err != nil {
		return nil, fmt.Errorf("list the journal's nodes: %w", err)
	}
	nodes = slices.Clone(nodes)
	for name := range r.at {
		if n, ok := sourceNode(name); ok {
			nodes = append(nodes, n)
		}
	}
	slices.Sort(nodes)
	return slices.Compact(nodes), nil
}

// move notes in the batch that a source is read up to at. Its time never goes
// back.
func (r *reader) move(b *taken, source string, at uint64, through time.Time) {
	if before := r.at[source].Through; through.Before(before) {
		through = before
	}
	b.Positions = append(b.Positions, fact.Position{Source: source, At: at, Through: through.UTC()})
}

func (r *reader) skips(table, source string, number uint64, at time.Time) bool {
	return r.skip != nil && r.skip(table, source, number, at)
}

// errFull ends a scan when the batch is full.
var errFull = errors.New("the batch is full")

// end is how far a node's records can be read, and through when they are whole
// once they are.
type end struct {
	below   txid.Tick
	through time.Time
}

func (r *reader) end(node uint16) end {
	now := time.Now()
	below, open := r.Bound(node)
	if open && below.Time().Before(now) {
		now = below.Time()
	}
	return end{below: below, through: now}
}

// visits reads clicks or impressions.
func (r *reader) visits(ctx context.Context, b *taken, k txid.Kind, nodes []uint16, into *[]fact.Click) error {
	bytes, n := 0, 0
	for _, node := range nodes {
		name, e := source(k, node), r.end(node)
		at, had := r.at[name].At, len(*into)
		err := r.Journal.Scan(ctx, k, node, txid.Tick(at), e.below, func(id txid.ID, record []byte) error {
			if len(*into) >= r.limits.visits || bytes >= r.bytes {
				return errFull
			}
			at, bytes = uint64(id.Tick()+1), bytes+len(record)
			if n++; n%breath == 0 {
				runtime.Gosched()
			}
			if !r.skips(k.String(), name, uint64(id.Tick()), id.Time()) {
				*into = append(*into, r.visit(b, id, record))
			}
			return nil
		})
		if errors.Is(err, errFull) {
			b.more, err = true, nil
			e.through = earlier(e.through, txid.Tick(at).Time())
		}
		if err != nil {
			*into = (*into)[:had] // without its position it is not in the batch
			return fmt.Errorf("read the %ss of node %d: %w", k, node, err)
		}
		r.move(b, name, at, e.through)
	}
	return nil
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// visit gives the fact of a record. Of one that is damaged its ID tells the
// most important.
func (r *reader) visit(b *taken, id txid.ID, record []byte) fact.Click {
	present := r.Catalog()
	c, err := click.Read(id, record)
	if err != nil {
		b.spoilt(err)
		c = click.Click{ID: id, At: id.Time()}
		if parts, err := present.Ring().Open(id); err == nil {
			c.OfferID, c.AffiliateID = parts.Offer, parts.Affiliate
		}
	}
	return fact.OfClick(&c, r.advertiser(c.OfferID))
}

// advertiser gives the advertiser of an offer, 0 when it is unknown.
func (r *reader) advertiser(offerID int64) int64 {
	if o, ok := r.Catalog().Offer(offerID); ok {
		return o.AdvertiserID
	}
	return 0
}

// conversions reads what conversions have become.
func (r *reader) conversions(ctx context.Context, b *taken) error {
	now, at := time.Now(), r.at[changeSource]
	facts, last, whole, err := r.Ledger.ConversionFacts(ctx, int64(at.At), r.rows) //nolint:gosec // it came from there
	if err != nil {
		return err
	}
	if at.At > 0 && uint64(last) == at.At { //nolint:gosec // never negative
		if b.ahead, err = r.aheadOf(ctx, at.At); err != nil {
			return err
		}
	}
	b.Conversions = facts
	r.numbered(b, changeSource, uint64(last), whole, now) //nolint:gosec // never negative
	return nil
}

// aheadOf looks whether the ledger still has a change that is stored, and gives
// the damage if it has not. A ledger that was brought back to an older state
// numbers its next changes as those that it has lost: they would be passed over.
func (r *reader) aheadOf(ctx context.Context, stored uint64) (damage, err error) {
	last, err := r.Ledger.LastChange(ctx)
	if err != nil || uint64(last) >= stored { //nolint:gosec // never negative
		return nil, err
	}
	return fault.New(fault.Damaged, "the warehouse has the ledger's changes up to %d, and the ledger ends at %d: "+
		`it belongs to another state of the ledger; run "waybill rebuild warehouse"`, stored, last), nil
}

// attempts reads the tries to deliver postbacks.
func (r *reader) attempts(ctx context.Context, b *taken) error {
	now, at := time.Now(), r.at[attemptSource]
	facts, whole, err := r.Ledger.AttemptFacts(ctx, int64(at.At), r.rows) //nolint:gosec // it came from there
	if err != nil {
		return err
	}
	last := at.At
	for i := range facts {
		last = uint64(facts[i].Number) //nolint:gosec // never negative
		if !r.skips(fact.Deliveries, attemptSource, last, facts[i].At) {
			b.Attempts = append(b.Attempts, facts[i])
		}
	}
	r.numbered(b, attemptSource, last, whole, now)
	return nil
}

// numbered notes how far a table of the ledger is read. There is more at once
// if it moved and is not whole; if it did not move, others hold it up.
func (r *reader) numbered(b *taken, source string, last uint64, whole bool, now time.Time) {
	before := r.at[source]
	b.more = b.more || !whole && last > before.At
	if !whole {
		now = before.Through
	}
	r.move(b, source, last, now)
}
