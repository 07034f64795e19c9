package sqlledger

import (
	"context"
	"fmt"
	"strings"
	"time"

	"waybill/internal/signal"
	"waybill/internal/txid"
)

// verdictColumns are in the order of scanVerdict.
const verdictColumns = `signal_id, status, code, conversion_id, transaction_id, test, message, rule,
	offer_id, goal_id, channel, settled_at`

func scanVerdict(read scan) (v signal.Verdict, err error) {
	var settled int64
	err = read(&v.SignalID, &v.Status, &v.Code, &v.ConversionID, &v.TransactionID, &v.Test, &v.Message, &v.Rule,
		&v.OfferID, &v.GoalID, &v.Channel, &settled)
	v.SettledAt = instant(settled)
	return v, err
}

// insertVerdict stores v; added is 1 afterwards if its signal had none yet.
func insertVerdict(ctx context.Context, s session, added *int64, id string, v *signal.Verdict) error {
	const insert = `
		INSERT INTO verdict (` + verdictColumns + `)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
		ON CONFLICT (signal_id) DO NOTHING`
	if err := keepConsidered(ctx, s, id, v); err != nil {
		return err
	}
	return s.laterChange(ctx, added, insert, id, string(v.Status), string(v.Code), v.ConversionID, v.TransactionID,
		v.Test, v.Message, v.Rule, v.OfferID, v.GoalID, string(v.Channel), micros(v.SettledAt))
}

// updateVerdict gives a verdict that held its signal's place its contents.
func updateVerdict(ctx context.Context, s session, v *signal.Verdict) error {
	const update = `
		UPDATE verdict SET status = $2, code = $3, conversion_id = $4, transaction_id = $5, test = $6,
			message = $7, rule = $8, offer_id = $9, goal_id = $10, channel = $11, settled_at = $12
		WHERE signal_id = $1`
	if err := keepConsidered(ctx, s, v.SignalID, v); err != nil {
		return err
	}
	return s.later(ctx, update, v.SignalID, string(v.Status), string(v.Code), v.ConversionID, v.TransactionID,
		v.Test, v.Message, v.Rule, v.OfferID, v.GoalID, string(v.Channel), micros(v.SettledAt))
}

func verdictOf(ctx context.Context, s session, id string) (v signal.Verdict, err error) {
	const read = `SELECT ` + verdictColumns + ` FROM verdict WHERE signal_id = $1`
	found := false
	err = s.query(ctx, func(row scan) (err error) {
		found = true
		v, err = scanVerdict(row)
		return err
	}, read, id)
	if err == nil && !found {
		err = notFound("verdict on signal " + id)
	}
	if err != nil {
		return v, err
	}
	return v, addConsidered(ctx, s, &v)
}

// Verdict gives the verdict on a signal. One that has none yet is NotFound.
func (db *DB) Verdict(ctx context.Context, signalID string) (signal.Verdict, error) {
	v, err := verdictOf(ctx, db.read(), signalID)
	return v, db.failed(err, "read the verdict on signal %s", signalID)
}

// mostSettled is how many IDs one statement asks for.
const mostSettled = 500

// Settled tells which signals have a verdict, in the order of ids.
func (db *DB) Settled(ctx context.Context, ids []txid.ID) ([]bool, error) {
	have := make(map[string]bool, len(ids))
	for rest := ids; len(rest) > 0; {
		n := min(len(rest), mostSettled)
		args := make([]any, n)
		for i, id := range rest[:n] {
			args[i] = id.String()
		}
		rest = rest[n:]
		read := `SELECT signal_id FROM verdict WHERE signal_id IN (` + numbered(1, n) + `)`
		err := db.read().query(ctx, func(row scan) error {
			var id string
			err := row(&id)
			have[id] = true
			return err
		}, read, args...)
		if err != nil {
			return nil, db.failed(err, "read which signals are settled")
		}
	}
	settled := make([]bool, len(ids))
	for i, id := range ids {
		settled[i] = have[id.String()]
	}
	return settled, nil
}

// numbered writes n arguments from number first on: $3, $4, $5.
func numbered(first, n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "$%d", first+i)
	}
	return b.String()
}

// VerdictFilter picks verdicts. What is left open fits all.
type VerdictFilter struct {
	TransactionID string
	Status        signal.Status
	Code          signal.Code
	OfferID       int64
	Channel       signal.Channel
	Test          bool      // real or test traffic; a TransactionID fits both
	From, Until   time.Time // of receipt, From inclusive
	Page
}

// narrow leaves only the verdicts that the filter picks, but for their times.
func (f *VerdictFilter) narrow(q *selection) {
	q.text("transaction_id", f.TransactionID)
	if f.Status == signal.Rejected {
		q.cond = append(q.cond, "status = 'rejected'") // as the index says it
	} else {
		q.text("status", string(f.Status))
	}
	q.text("code", string(f.Code))
	q.number("offer_id", f.OfferID)
	q.text("channel", string(f.Channel))
}

// Verdicts lists verdicts, the latest signal first, and gives the cursor of the
// next page, empty behind the last.
func (db *DB) Verdicts(ctx context.Context, f VerdictFilter) ([]signal.Verdict, string, error) {
	q := newSelection("SELECT "+verdictColumns+" FROM verdict", "signal_id")
	f.narrow(q)
	if f.TransactionID == "" {
		q.minted(txid.Signal, f.Test, f.From, f.Until)
	}
	var page []signal.Verdict
	next, err := q.newestFirst(ctx, db.read(), f.Page, func(row scan) (string, error) {
		v, err := scanVerdict(row)
		page = append(page, v)
		return v.SignalID, err
	})
	if err != nil {
		return nil, "", db.failed(err, "list verdicts")
	}
	return page[:min(len(page), f.limit())], next, nil
}

// SettledThrough gives the tick up to which every signal of a node has a
// verdict, 0 when nothing is known.
func (db *DB) SettledThrough(ctx context.Context, node uint16) (txid.Tick, error) {
	const read = `SELECT tick FROM settled_through WHERE node = $1`
	var tick int64
	_, err := db.read().get(ctx, []any{&tick}, read, int64(node))
	return txid.Tick(tick), db.failed(err, "read how far node %d is settled", node) //nolint:gosec // a tick has 62 bits
}

// SetSettledThrough notes that every signal of a node up to t has a verdict. It
// never goes back.
func (db *DB) SetSettledThrough(ctx context.Context, node uint16, t txid.Tick) error {
	const upsert = `
		INSERT INTO settled_through (node, tick) VALUES ($1, $2)
		ON CONFLICT (node) DO UPDATE SET tick = excluded.tick WHERE settled_through.tick < excluded.tick`
	err := db.writeSure(ctx, func(ctx context.Context, s session) error {
		_, err := s.exec(ctx, upsert, int64(node), int64(t)) //nolint:gosec // a tick has 62 bits
		return err
	})
	return db.failed(err, "note how far node %d is settled", node)
}
