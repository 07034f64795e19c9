package tally

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"waybill/internal/fact"
	"waybill/internal/signal"
	"waybill/internal/txid"
)

// found is a signal of the journal.
type found struct {
	signal.Signal
	damage error // why its record cannot be read, and only the ID is known
}

// signals reads the signals that have a verdict, of each node up to the first
// that has none.
func (r *reader) signals(ctx context.Context, b *taken, nodes []uint16) (journal, ledger error) {
	room := r.bytes
	for _, node := range nodes {
		name, e := source(txid.Signal, node), r.end(node)
		part, full, err := r.unjudged(ctx, name, node, e.below, &room)
		if err != nil {
			return fmt.Errorf("read the signals of node %d: %w", node, err), nil
		}
		verdicts, err := r.verdicts(ctx, part)
		if err != nil {
			return nil, fmt.Errorf("read the verdicts on signals of node %d: %w", node, err)
		}
		at := r.judged(b, name, part[:len(verdicts)], verdicts)
		switch {
		case len(verdicts) < len(part):
			e.through = earlier(e.through, part[len(verdicts)].ID.Time())
		case full:
			b.more = true
			e.through = earlier(e.through, at.Time())
		}
		r.move(b, name, uint64(at), e.through)
	}
	return nil, nil
}

// unjudged reads the next signals of a node, with a verdict or not, as long as
// there is room, and reports whether there was too little.
func (r *reader) unjudged(
	ctx context.Context, name string, node uint16, below txid.Tick, room *int,
) (part []found, full bool, err error) {
	err = r.Journal.Scan(ctx, txid.Signal, node, txid.Tick(r.at[name].At), below, func(id txid.ID, record []byte) error {
		if len(part) >= r.limits.signals || *room <= 0 {
			return errFull
		}
		s, err := signal.Read(id, record)
		if err != nil {
			s = signal.Signal{ID: id, ReceivedAt: id.Time()}
		}
		*room -= len(record)
		part = append(part, found{Signal: s, damage: err})
		return nil
	})
	if errors.Is(err, errFull) {
		return part, true, nil
	}
	return part, false, err
}

// verdicts gives those on signals, up to the first that has none.
func (r *reader) verdicts(ctx context.Context, part []found) ([]signal.Verdict, error) {
	ids := make([]txid.ID, len(part))
	for i := range part {
		ids[i] = part[i].ID
	}
	all, err := r.Ledger.VerdictsOn(ctx, ids)
	if err != nil {
		return nil, err
	}
	if i := slices.IndexFunc(all, func(v signal.Verdict) bool { return v.Status == "" }); i >= 0 {
		all = all[:i]
	}
	return all, nil
}

// judged puts signals with their verdicts into the batch, and gives the tick
// behind the last.
func (r *reader) judged(b *taken, name string, part []found, verdicts []signal.Verdict) txid.Tick {
	at := txid.Tick(r.at[name].At)
	for i := range part {
		s := &part[i].Signal
		at = s.ID.Tick() + 1
		if damage := part[i].damage; damage != nil {
			b.spoilt(damage)
		}
		if !r.skips(fact.Signals, name, uint64(s.ID.Tick()), s.ReceivedAt) {
			b.Signals = append(b.Signals, r.signal(s, verdicts[i]))
		}
	}
	return at
}

// signal gives the fact of a signal with its verdict. The transaction of the
// verdict tells whose it is: the signal may have named another's.
func (r *reader) signal(s *signal.Signal, v signal.Verdict) fact.Signal {
	affiliate := int64(0)
	if id, err := txid.Parse(v.TransactionID); err == nil {
		if parts, err := r.Catalog().Ring().Open(id); err == nil {
			affiliate = parts.Affiliate
		}
	}
	return fact.OfSignal(s, v, r.advertiser(v.OfferID), affiliate)
}
