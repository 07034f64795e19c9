package sqlledger

import (
	"context"
	"fmt"
	"time"

	"waybill/internal/conversion"
	"waybill/internal/ledger"
	"waybill/internal/money"
	"waybill/internal/payout"
)

// ClaimPayout gives the payout whose turn it is to be worked on, of those that
// are booking and that nobody has, and has it until a time; through is the last
// of its conversions that was looked at. It gives nil where there is none.
func (db *DB) ClaimPayout(ctx context.Context, now, until time.Time) (p *payout.Payout, through string, err error) {
	claim := `
		UPDATE payout SET leased_until = $1
		WHERE id = (
			SELECT o.id FROM payout o WHERE o.status = 'booking' AND o.leased_until <= $2
			ORDER BY o.leased_until, o.id LIMIT 1` + db.engine.skipLocked() + `)
		RETURNING ` + payoutColumns + `, through_id`
	const waits = `SELECT 1 FROM payout WHERE status = 'booking' AND leased_until <= $1 LIMIT 1`
	var one int64
	found, err := db.read().get(ctx, []any{&one}, waits, micros(now))
	if err != nil || !found { // nothing is written for that
		return nil, "", db.failed(err, "look for a payout")
	}
	err = db.write(ctx, func(ctx context.Context, s session) error {
		p = nil
		return s.query(ctx, func(row scan) error {
			claimed, err := scanPayout(func(dest ...any) error { return row(append(dest, &through)...) })
			p = &claimed
			return err
		}, claim, micros(until), micros(now))
	})
	return p, through, db.failed(err, "claim a payout")
}

// ToBePaid gives the conversions behind one that a payout covers as they stand,
// by ID.
func (db *DB) ToBePaid(ctx context.Context, p *payout.Payout, after string, limit int) ([]conversion.Conversion, error) {
	const read = `
		SELECT ` + conversionColumns + ` FROM conversion
		WHERE status = 'approved' AND NOT test AND affiliate_id = $1 AND payout_currency = $2 AND id > $3
			AND EXISTS (SELECT 1 FROM payout_line l
				WHERE l.payout_id = $4 AND l.conversion_id = conversion.id AND l.version = conversion.version)
		ORDER BY id LIMIT $5`
	all, err := readConversions(ctx, db.read(), read, p.AffiliateID, string(p.Amount.Currency), after, p.ID, int64(limit))
	return all, db.failed(err, "read what payout %d pays", p.ID)
}

// askedOf gives the versions at which a payout was asked to pay some conversions.
func askedOf(ctx context.Context, s session, payoutID int64, of []conversion.Conversion) (map[string]int, error) {
	const read = `SELECT version FROM payout_line WHERE payout_id = $1 AND conversion_id = $2`
	asked := make(map[string]int, len(of))
	for i := range of {
		var version int
		found, err := s.get(ctx, []any{&version}, read, payoutID, of[i].ID)
		if err != nil {
			return nil, fmt.Errorf("read what payout %d was asked to pay: %w", payoutID, err)
		}
		if found {
			asked[of[i].ID] = version
		}
	}
	return asked, nil
}

// AdvancePayout notes that a payout's conversions were looked at up to one, from
// where they were before, and lets it go at a time.
func (db *DB) AdvancePayout(ctx context.Context, id int64, from, through string, at time.Time) error {
	const advance = `
		UPDATE payout SET through_id = $3, leased_until = $4
		WHERE id = $1 AND status = 'booking' AND through_id = $2`
	err := db.write(ctx, func(ctx context.Context, s session) error {
		return s.later(ctx, advance, id, from, through, micros(at))
	})
	return db.failed(err, "go on with payout %d", id)
}

// FinishPayout settles the open adjustments with a payout whose conversions are
// paid, and ends it: from then on it covers nothing. One that has ended stays as
// it is.
//
// Where conversions were rejected meanwhile, and the adjustments outweigh what is
// left, they stay open.
func (db *DB) FinishPayout(ctx context.Context, id int64, now time.Time) (p payout.Payout, err error) {
	const finish = `
		UPDATE payout SET status = 'booked', amount = $2, conversions = $3, adjustments = $4, booked_at = $5, version = version + 1
		WHERE id = $1`
	err = db.write(ctx, func(ctx context.Context, s session) error {
		held, err := payoutToChange(ctx, s, id)
		if err != nil {
			return err
		}
		if held.Status == payout.Booking {
			if err := settleAdjustments(ctx, s, held, now); err != nil {
				return err
			}
			if _, err := s.exec(ctx, `DELETE FROM payout_line WHERE payout_id = $1`, id); err != nil {
				return err
			}
			if _, err := s.exec(ctx, finish, id, held.Amount.Units, held.Conversions, held.Adjustments, micros(now)); err != nil {
				return err
			}
		}
		p, err = onePayout(ctx, s, id)
		return err
	})
	return p, db.failed(err, "finish payout %d", id)
}

// settleAdjustments adds up what a payout has paid, and settles the adjustments
// that go with it.
func settleAdjustments(ctx context.Context, s session, p *payout.Payout, now time.Time) error {
	const paid = `SELECT COUNT(*), CAST(COALESCE(SUM(payout), 0) AS BIGINT) FROM conversion WHERE payout_id = $1 AND payout_id <> 0`
	const upTo = toSettle + ` AND party_id = $3 AND currency = $4 AND id <= (SELECT adjusted_through FROM payout WHERE id = $5)`
	open := `SELECT COUNT(*), ` + totalOf("amount") + ` FROM adjustment WHERE ` + upTo
	const settle = `UPDATE adjustment SET payout_id = $5 WHERE ` + upTo
	var units int64
	if err := s.must(ctx, "sum", []any{&p.Conversions, &units}, paid, p.ID); err != nil {
		return err
	}
	which := []any{micros(p.Until), micros(p.CreatedAt), p.AffiliateID, string(p.Amount.Currency), p.ID}
	var whole, rest int64
	if err := s.must(ctx, "sum", []any{&p.Adjustments, &whole, &rest}, open, which...); err != nil {
		return err
	}
	more, err := money.Total(whole, rest, p.Amount.Currency).Amount()
	if err != nil {
		return err
	}
	sum, err := money.Add(units, more.Units)
	if err != nil {
		return err
	}
	if sum <= 0 && more.Units < 0 {
		p.Adjustments, p.Amount.Units = 0, units
		return nil
	}
	p.Amount.Units = sum
	if p.Adjustments == 0 {
		return nil
	}
	changed, err := s.exec(ctx, settle, which...)
	if err != nil {
		return err
	}
	if changed != p.Adjustments {
		return errAgain
	}
	entries, err := p.Settled(more.Units)
	if err != nil {
		return err
	}
	return bookBeside(ctx, s, ledger.Entry{PayoutID: p.ID, Reason: payout.Reason, At: now}, entries)
}

// bookBeside writes a transaction of entries that no conversion's position counts
// in. as says what they have in common.
func bookBeside(ctx context.Context, s session, as ledger.Entry, entries []ledger.Entry) error {
	for i := range entries {
		entries[i].PayoutID, entries[i].AdjustmentID, entries[i].Reason, entries[i].At = as.PayoutID, as.AdjustmentID, as.Reason, as.At
	}
	insert := entryRows(besideConversions(as.PayoutID, as.AdjustmentID), entries)
	if err := insert.run(ctx, s); err != nil {
		return fmt.Errorf("write the entries: %w", err)
	}
	return nil
}
