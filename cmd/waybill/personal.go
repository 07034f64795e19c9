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

// anonymiseSpan goes on where it has come to, and notes after each stride how far
// that is, so that the first time, which has the whole history before it, may be
// interrupted. A clock that has leapt ahead takes it a stride further at a time:
// see stride.
func (in *installation) anonymiseSpan(ctx context.Context, kind txid.Kind, node uint16, before time.Time, a visitor.Anonymiser) error {
	mark := fmt.Sprintf("personal/%s/%s/%d", a.Care, kind, node)
	p, err := in.anonymisedTo(ctx, mark, kind, node, tickAt(before))
	if err != nil {
		return err
	}
	for p.reached < p.goal {
		q := pebblejournal.Query{Kind: kind, Node: node, From: p.reached, To: min(p.goal, tickAt(p.reached.Time().Add(stride)))}
		if err := in.anonymiseRecords(ctx, q, a); err != nil {
			return err
		}
		p.reached = q.To
		if err := in.journal.SetMark(ctx, mark, p.bytes()); err != nil {
			return err
		}
	}
	return nil
}

// anonymising says how far personal data is taken out, and how far it is to be:
// a first time that was interrupted has its goal still before it.
type anonymising struct{ reached, goal txid.Tick }

// anonymisedTo gives how far the records of a kind and node have come, with
// before as the goal if it is not too far.
func (in *installation) anonymisedTo(ctx context.Context, mark string, kind txid.Kind, node uint16, before txid.Tick) (p anonymising, err error) {
	b, err := in.journal.Mark(ctx, mark)
	if err != nil && fault.Of(err) != fault.NotFound {
		return p, err
	}
	if len(b) != 16 {
		return in.beginAnonymising(ctx, mark, kind, node, before)
	}
	p.reached = txid.Tick(binary.BigEndian.Uint64(b))
	p.goal = txid.Tick(binary.BigEndian.Uint64(b[8:]))
	if p.reached >= p.goal {
		p.goal = min(before, tickAt(p.reached.Time().Add(stride)))
	}
	return p, nil
}

// beginAnonymising begins at the first record, with all there is up to before as
// the goal.
func (in *installation) beginAnonymising(ctx context.Context, mark string, kind txid.Kind, node uint16, before txid.Tick) (anonymising, error) {
	p := anonymising{reached: before, goal: before}
	first, found, err := in.firstRecord(ctx, kind, node)
	if err != nil {
		return p, err
	}
	if found {
		p.reached = min(before, tickAt(first.Time()))
	}
	return p, in.journal.SetMark(ctx, mark, p.bytes())
}

// bytes writes it as a mark.
func (p anonymising) bytes() []byte {
	b := binary.BigEndian.AppendUint64(nil, uint64(p.reached))
	return binary.BigEndian.AppendUint64(b, uint64(p.goal))
}

// anonymiseRecords takes personal data out of what q asks for.
func (in *installation) anonymiseRecords(ctx context.Context, q pebblejournal.Query, a visitor.Anonymiser) error {
	unread := 0
	err := in.journal.Rewrite(ctx, q, func(id txid.ID, record []byte) ([]byte, error) {
		fresh, err := anonymised(id, record, a)
		if err != nil {
			unread++
			return nil, nil //nolint:nilerr // a damaged record is shown to nobody; the rest must not wait for it
		}
		return fresh, nil
	})
	if err == nil && unread > 0 {
		in.log.LogAttrs(ctx, slog.LevelWarn, "personal data left in records that cannot be read",
			slog.String("kind", q.Kind.String()), slog.Int("node", int(q.Node)), slog.Int("records", unread))
	}
	return err
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
