package sqlledger

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"waybill/internal/settlement"
	"waybill/internal/signal"
	"waybill/internal/txid"
)

// SettleAgain judges a signal again that was rejected, or put aside, and gives the
// verdict that stands afterwards. The verdict's row is taken first, so that of
// several who ask at once one has it judged. A signal that counts by now keeps its
// verdict, and so does one that is rejected by the same code as before: then
// nothing is written. Otherwise everything changes that Settle would write, and
// the old verdict is kept as an earlier one.
func (db *DB) SettleAgain(ctx context.Context, c settlement.Case, r signal.Replay) (signal.Verdict, error) {
	now := db.now()
	v, err := db.settleHolding(ctx, db.writer.do, c, func(ctx context.Context, s session, c *settlement.Case) (signal.Verdict, error) {
		return settleAgainIn(ctx, s, c, &r, now)
	})
	if errors.Is(err, errSettled) {
		return db.Verdict(ctx, c.SignalID)
	}
	if _, ok := errors.AsType[*unsure](err); ok {
		if known, e := db.Verdict(ctx, c.SignalID); e == nil && !known.Replayable() {
			return known, nil
		}
	}
	if err != nil {
		return signal.Verdict{}, fmt.Errorf("settle signal %s again: %w", c.SignalID, db.engine.explain(err))
	}
	return v, nil
}

func settleAgainIn(ctx context.Context, s session, c *settlement.Case, r *signal.Replay, now time.Time) (signal.Verdict, error) {
	const hold = `UPDATE verdict SET status = status WHERE signal_id = $1 AND status IN ('rejected', 'queued')`
	none := signal.Verdict{}
	n, err := s.exec(ctx, hold, c.SignalID)
	if err != nil {
		return none, fmt.Errorf("lock the verdict: %w", err)
	}
	if n == 0 {
		return none, errSettled
	}
	old, err := verdictOf(ctx, s, c.SignalID)
	if err != nil {
		return none, fmt.Errorf("read the verdict: %w", err)
	}
	next, err := judgeAgain(ctx, s, c, now)
	if err != nil {
		return none, err
	}
	if next.Status == old.Status && next.Code == old.Code {
		return none, errSettled
	}
	if err := keepVerdict(ctx, s, &old, r, now); err != nil {
		return none, fmt.Errorf("keep the old verdict: %w", err)
	}
	if err := s.later(ctx, `DELETE FROM considered WHERE signal_id = $1`, c.SignalID); err != nil {
		return none, fmt.Errorf("take back what was considered: %w", err)
	}
	if err := updateVerdict(ctx, s, &next); err != nil {
		return none, fmt.Errorf("write the verdict: %w", err)
	}
	return next, nil
}

// judgeAgain judges a case in the state that the ledger is in, and writes all but
// the verdict. Its claim may know the signal already: that counts for nothing.
func judgeAgain(ctx context.Context, s session, c *settlement.Case, now time.Time) (signal.Verdict, error) {
	if c.Refusal != nil {
		v := *c.Refusal
		v.SignalID, v.SettledAt = c.SignalID, cmp.Or(v.SettledAt, now)
		return v, nil
	}
	held, err := lockCase(ctx, s, c, "")
	if err != nil {
		return signal.Verdict{}, fmt.Errorf("lock the claim: %w", err)
	}
	state, err := held.state(ctx, s, c)
	if err != nil {
		return signal.Verdict{}, fmt.Errorf("read the claim: %w", err)
	}
	d, err := judge(c, state, now)
	if err != nil {
		return signal.Verdict{}, err
	}
	return d.Verdict, d.write(ctx, s, c, held, state)
}

// keepVerdict keeps a verdict that is about to be replaced.
func keepVerdict(ctx context.Context, s session, v *signal.Verdict, r *signal.Replay, now time.Time) error {
	const insert = `
		INSERT INTO earlier_verdict (` + verdictColumns + `, number, replaced_at, actor, trusted)
		SELECT ` + verdictColumns + `, (SELECT COUNT(*) + 1 FROM earlier_verdict e WHERE e.signal_id = v.signal_id), $2, $3, $4
		FROM verdict v WHERE signal_id = $1`
	return s.later(ctx, insert, v.SignalID, micros(now), r.By, r.Trust)
}

// The earlier verdicts on one signal, and on all signals of a transaction.
const (
	earlierOfSignal = `
		SELECT ` + verdictColumns + `, replaced_at, actor, trusted FROM earlier_verdict
		WHERE signal_id = $1 ORDER BY number`
	earlierOfTransaction = `
		SELECT ` + verdictColumns + `, replaced_at, actor, trusted FROM earlier_verdict
		WHERE signal_id IN (SELECT v.signal_id FROM verdict v WHERE v.transaction_id = $1 AND v.transaction_id <> '')
		ORDER BY signal_id, number`
)

// EarlierVerdicts gives the verdicts on a signal that others have taken the place
// of, the first one first.
func (db *DB) EarlierVerdicts(ctx context.Context, signalID string) ([]signal.Earlier, error) {
	all, err := earlierVerdicts(ctx, db.read(), earlierOfSignal, signalID)
	return all, db.failed(err, "read the earlier verdicts on signal %s", signalID)
}

func earlierVerdicts(ctx context.Context, s session, text, of string) ([]signal.Earlier, error) {
	var all []signal.Earlier
	err := s.query(ctx, func(row scan) error {
		var e signal.Earlier
		var replaced int64
		v, err := scanVerdict(func(dest ...any) error {
			return row(append(dest, &replaced, &e.By, &e.Trusted)...)
		})
		e.Verdict, e.ReplacedAt = v, instant(replaced)
		all = append(all, e)
		return err
	}, text, of)
	return all, err
}

// Foresee gives the state that a case would be judged in now, without holding
// any of it.
func (db *DB) Foresee(ctx context.Context, c settlement.Case) (settlement.State, error) {
	var state settlement.State
	err := db.snapshot(ctx, func(s session) (err error) {
		state, err = stateOf(ctx, s, &c)
		return err
	})
	return state, db.failed(err, "read what signal %s would be judged by", c.SignalID)
}

func stateOf(ctx context.Context, s session, c *settlement.Case) (state settlement.State, err error) {
	if c.OrderID != "" {
		state.Order, err = ownerOfOrder(ctx, s, c)
		if err != nil && !errors.Is(err, errAgain) { // there is none
			return state, err
		}
	}
	if c.PayoutID != 0 {
		if state.Payout, err = payoutIn(ctx, s, c.PayoutID, ""); err != nil {
			return state, err
		}
	}
	if state.Used, err = usedIn(ctx, s, c.Counters); err != nil {
		return state, err
	}
	state.Conversions, err = conversionsOfClaim(ctx, s, c.Claim)
	return state, err
}

// Rejected lists the verdicts on signals that were rejected, in the order of
// their receipt, and gives the cursor of the next page, empty behind the last.
// Whatever status is asked for, it is this one.
func (db *DB) Rejected(ctx context.Context, f VerdictFilter) ([]signal.Verdict, string, error) {
	q := newSelection("SELECT "+verdictColumns+" FROM verdict", "signal_id")
	f.Status = signal.Rejected
	f.narrow(q)
	q.minted(txid.Signal, f.Test, f.From, f.Until)
	if f.Cursor != "" {
		q.where("signal_id > ?", f.Cursor)
	}
	var page []signal.Verdict
	text := q.withConditions() + fmt.Sprintf(" ORDER BY signal_id LIMIT %d", f.limit()+1)
	err := db.eachVerdict(ctx, func(v signal.Verdict) error {
		page = append(page, v)
		return nil
	}, text, q.args...)
	if err != nil {
		return nil, "", db.failed(err, "list the signals that were rejected")
	}
	if len(page) <= f.limit() {
		return page, "", nil
	}
	page = page[:f.limit()]
	return page, page[len(page)-1].SignalID, nil
}
