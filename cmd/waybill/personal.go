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

// emailsKept is how long a signal keeps the digest of an e-mail that is to be
// forwarded: a little longer than a delivery is tried by the default schedule.
// What is owed has its own copy from the signal's settling on, which is a matter
// of seconds; the rest is for ledgers that are away, and for judging again.
const emailsKept = 4 * 24 * time.Hour

// taking is what is taken out of the old records of one kind and node. mark is
// where the journal keeps how far that has come.
type taking struct {
	mark string
	kind txid.Kind
	node uint16
	// without gives a record without it, nil when it has none.
	without func(id txid.ID, record []byte) ([]byte, error)
}

// anonymiseJournal takes personal data out of the journal's records from before a
// day.
func (in *installation) anonymiseJournal(ctx context.Context, before time.Time, a visitor.Anonymiser) error {
	without := func(id txid.ID, record []byte) ([]byte, error) { return anonymised(id, record, a) }
	return in.takeOut(ctx, "personal/"+string(a.Care), []txid.Kind{txid.Click, txid.Impression, txid.Signal}, tickAt(before), without)
}

// forgetEmails takes the e-mails' digests out of signals that are too old to be
// forwarded, whatever is kept of addresses.
func (in *installation) forgetEmails(ctx context.Context, now time.Time) error {
	return in.takeOut(ctx, "emails", []txid.Kind{txid.Signal}, tickAt(now.Add(-emailsKept)), withoutEmail)
}

// takeOut rewrites the records of these kinds from before a tick, of every node.
func (in *installation) takeOut(ctx context.Context, what string, kinds []txid.Kind, before txid.Tick, without func(txid.ID, []byte) ([]byte, error)) error {
	nodes, err := in.journal.Nodes(ctx)
	if err != nil {
		return err
	}
	for _, node := range nodes {
		for _, kind := range kinds {
			t := taking{mark: fmt.Sprintf("%s/%s/%d", what, kind, node), kind: kind, node: node, without: without}
			if err := in.takeOutOf(ctx, t, before); err != nil {
				return fmt.Errorf("take personal data out of the %ss of node %d: %w", kind, node, err)
			}
		}
	}
	return nil
}

// takeOutOf goes on where it has come to, and notes after each stride how far
// that is, so that the first time, which has the whole history before it, may be
// interrupted. A clock that has leapt ahead takes it a stride further at a time:
// see stride.
func (in *installation) takeOutOf(ctx context.Context, t taking, before txid.Tick) error {
	p, err := in.takenTo(ctx, t, before)
	if err != nil {
		return err
	}
	for p.reached < p.goal {
		q := pebblejournal.Query{Kind: t.kind, Node: t.node, From: p.reached, To: min(p.goal, tickAt(p.reached.Time().Add(stride)))}
		if err := in.rewriteRecords(ctx, q, t.without); err != nil {
			return err
		}
		p.reached = q.To
		if err := in.journal.SetMark(ctx, t.mark, p.bytes()); err != nil {
			return err
		}
	}
	return nil
}

// taken says how far something is taken out, and how far it is to be: a first
// time that was interrupted has its goal still before it.
type taken struct{ reached, goal txid.Tick }

// takenTo gives how far the records of a kind and node have come, with before as
// the goal if it is not too far.
func (in *installation) takenTo(ctx context.Context, t taking, before txid.Tick) (p taken, err error) {
	b, err := in.journal.Mark(ctx, t.mark)
	if err != nil && fault.Of(err) != fault.NotFound {
		return p, err
	}
	if len(b) != 16 {
		return in.beginTaking(ctx, t, before)
	}
	p.reached = txid.Tick(binary.BigEndian.Uint64(b))
	p.goal = txid.Tick(binary.BigEndian.Uint64(b[8:]))
	if p.reached >= p.goal {
		p.goal = min(before, tickAt(p.reached.Time().Add(stride)))
	}
	return p, nil
}

// beginTaking begins at the first record, with all there is up to before as the
// goal.
func (in *installation) beginTaking(ctx context.Context, t taking, before txid.Tick) (taken, error) {
	p := taken{reached: before, goal: before}
	first, found, err := in.firstRecord(ctx, t.kind, t.node)
	if err != nil {
		return p, err
	}
	if found {
		p.reached = min(before, tickAt(first.Time()))
	}
	return p, in.journal.SetMark(ctx, t.mark, p.bytes())
}

// bytes writes it as a mark.
func (p taken) bytes() []byte {
	b := binary.BigEndian.AppendUint64(nil, uint64(p.reached))
	return binary.BigEndian.AppendUint64(b, uint64(p.goal))
}

// rewriteRecords takes personal data out of what q asks for.
func (in *installation) rewriteRecords(ctx context.Context, q pebblejournal.Query, without func(txid.ID, []byte) ([]byte, error)) error {
	unread := 0
	err := in.journal.Rewrite(ctx, q, func(id txid.ID, record []byte) ([]byte, error) {
		fresh, err := without(id, record)
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

// withoutEmail gives a signal's record without the digest of an e-mail, nil when
// it has none.
func withoutEmail(id txid.ID, record []byte) ([]byte, error) {
	s, err := signal.Read(id, record)
	if err != nil || !s.ForgetEmail() {
		return nil, err
	}
	return s.Append(nil), nil
}
