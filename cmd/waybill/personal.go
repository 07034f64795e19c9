package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"log/slog"
	"time"

	"waybill/internal/click"
	"waybill/internal/fault"
	"waybill/internal/signal"
	"waybill/internal/span"
	"waybill/internal/store/pebblejournal"
	"waybill/internal/txid"
	"waybill/internal/visitor"
)

// privacy says how long addresses and user agents are kept as they came, and
// what is kept of them afterwards.
type privacy struct {
	After span.Span    `name:"personal-data-after" placeholder:"TIME" help:"How long addresses and user agents of visitors are kept as they came, such as 90d. Default: as long as their records."`
	Care  visitor.Care `name:"personal-data" default:"shorten" enum:"shorten,hash,remove" help:"What is kept of them afterwards: shorten keeps networks and products, hash keeps a keyed hash, remove keeps nothing."`
}

// valid looks for what the parser cannot see.
func (p privacy) valid() error {
	if p.After != 0 && p.After < span.Day {
		return fault.New(fault.Invalid, "--personal-data-after %s is less than a day", p.After)
	}
	return nil
}

// on reports whether anything is to be done.
func (p privacy) on() bool { return p.After != 0 }

// before gives the UTC day before which nothing may be left as it came.
func (p privacy) before(now time.Time) time.Time {
	return now.Add(-p.After.Duration()).UTC().Truncate(24 * time.Hour)
}

// anonymiser gives what takes personal data out. Its key is the installation's,
// so that all copies of one address have one hash.
func (p privacy) anonymiser(ring *txid.Ring) visitor.Anonymiser {
	return visitor.Anonymiser{Care: p.Care, Key: ring.Subkey("personal data")}
}

// anonymiseJournal takes personal data out of the journal's records from before a
// day. A mark for each kind and node says how far it has come.
func (in *installation) anonymiseJournal(ctx context.Context, before time.Time, a visitor.Anonymiser) error {
	nodes, err := in.journal.Nodes(ctx)
	if err != nil {
		return err
	}
	for _, node := range nodes {
		for _, kind := range []txid.Kind{txid.Click, txid.Impression, txid.Signal} {
			if err := in.anonymiseSpan(ctx, kind, node, before, a); err != nil {
				return fmt.Errorf("take personal data out of the %ss of node %d: %w", kind, node, err)
			}
		}
	}
	return nil
}

// anonymiseSpan goes on where it has come to. A clock that has leapt ahead does
// not take it further than a stride at a time: see stride.
func (in *installation) anonymiseSpan(ctx context.Context, kind txid.Kind, node uint16, before time.Time, a visitor.Anonymiser) error {
	mark := fmt.Sprintf("personal/%s/%s/%d", a.Care, kind, node)
	b, err := in.journal.Mark(ctx, mark)
	if err != nil && fault.Of(err) != fault.NotFound {
		return err
	}
	q := pebblejournal.Query{Kind: kind, Node: node, To: tickAt(before)}
	if len(b) == 8 {
		q.From = txid.Tick(binary.BigEndian.Uint64(b))
		q.To = min(q.To, tickAt(q.From.Time().Add(stride)))
	}
	if q.From >= q.To {
		return nil
	}
	unread := 0
	err = in.journal.Rewrite(ctx, q, func(id txid.ID, record []byte) ([]byte, error) {
		fresh, err := anonymised(id, record, a)
		if err != nil {
			unread++
			return nil, nil //nolint:nilerr // a damaged record is shown to nobody; the rest must not wait for it
		}
		return fresh, nil
	})
	if err != nil {
		return err
	}
	if unread > 0 {
		in.log.LogAttrs(ctx, slog.LevelWarn, "personal data left in records that cannot be read",
			slog.String("kind", kind.String()), slog.Int("node", int(node)), slog.Int("records", unread))
	}
	return in.journal.SetMark(ctx, mark, binary.BigEndian.AppendUint64(nil, uint64(q.To)))
}

// anonymised gives a record without its personal data, nil when it has none.
func anonymised(id txid.ID, record []byte, a visitor.Anonymiser) ([]byte, error) {
	if id.Kind() == txid.Signal {
		s, err := signal.Read(id, record)
		if err != nil || !s.Anonymise(a) {
			return nil, err
		}
		return s.Append(nil), nil
	}
	c, err := click.Read(id, record)
	if err != nil || !c.Anonymise(a) {
		return nil, err
	}
	return c.Append(nil), nil
}
