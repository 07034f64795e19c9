package sqlledger

import (
	"context"
	"encoding/json"
	"time"

	"waybill/internal/conversion"
	"waybill/internal/money"
	"waybill/internal/reconcile"
	"waybill/internal/signal"
	"waybill/internal/txid"
)

// ReconcileConversions gives the conversions that a partner's list is compared
// with, tests among them, in no order. each must not use the ledger.
func (db *DB) ReconcileConversions(ctx context.Context, of reconcile.Scope, each func(reconcile.Conversion) error) error {
	const columns = `id, transaction_id, offer_id, affiliate_id, goal, order_id, channel, status,
		amount, amount_currency, revenue, revenue_currency, payout, payout_currency,
		amount_known, seen_by_server, test, occurred_at, updated_at, version`
	for _, test := range [...]bool{false, true} {
		q := newSelection("SELECT "+columns+" FROM conversion", "id")
		// A conversion is made when it is reported, which is after it happened:
		// how long after has no bound.
		q.minted(txid.Conversion, test, of.From.Add(-reportedBefore), time.Time{})
		q.where("occurred_at >= ?", micros(of.From))
		q.where("occurred_at < ?", micros(of.Until))
		q.number("affiliate_id", of.AffiliateID)
		if of.AdvertiserID != 0 {
			q.where("offer_id IN (SELECT o.id FROM offer o WHERE o.advertiser_id = ?)", of.AdvertiserID)
			q.number("advertiser_id", of.AdvertiserID)
		}
		err := db.read().query(ctx, func(row scan) error {
			c, err := scanCompared(row)
			if err != nil {
				return err
			}
			return each(c)
		}, q.withConditions(), q.args...)
		if err != nil {
			return db.failed(err, "read conversions to compare")
		}
	}
	return nil
}

// reportedBefore is how far ahead of its report a sender's clock may put a
// conversion, with room to spare.
const reportedBefore = 24 * time.Hour

func scanCompared(row scan) (reconcile.Conversion, error) {
	var c reconcile.Conversion
	var id, transaction, status string
	var occurred, updated int64
	var currencies [3]string
	err := row(&id, &transaction, &c.OfferID, &c.AffiliateID, &c.Goal, &c.OrderID, &c.Channel, &status,
		&c.Money[reconcile.Amount].Units, &currencies[0], &c.Money[reconcile.Revenue].Units, &currencies[1],
		&c.Money[reconcile.Payout].Units, &currencies[2], &c.AmountKnown, &c.ByServer, &c.Test, &occurred, &updated, &c.Version)
	if err != nil {
		return c, err
	}
	for i, m := range [...]reconcile.Measure{reconcile.Amount, reconcile.Revenue, reconcile.Payout} {
		c.Money[m].Currency = money.Currency(currencies[i])
	}
	c.Status, c.OccurredAt, c.UpdatedAt = conversion.Status(status), instant(occurred), instant(updated)
	if c.TransactionID, err = txid.Parse(transaction); err != nil {
		c.TransactionID = txid.ID{} // it was earned by a coupon or an affiliate alone
	}
	c.ID, err = txid.Parse(id)
	return c, err
}

// VerdictsOfClicks gives the verdicts on signals that named one of the clicks,
// in no order. each must not use the ledger.
func (db *DB) VerdictsOfClicks(ctx context.Context, clicks []txid.ID, each func(signal.Verdict) error) error {
	for rest := clicks; len(rest) > 0; {
		n := min(len(rest), mostSettled)
		args := make([]any, n)
		for i, id := range rest[:n] {
			args[i] = id.String()
		}
		rest = rest[n:]
		read := `SELECT ` + verdictColumns + ` FROM verdict WHERE transaction_id <> '' AND transaction_id IN (` + numbered(1, n) + `)`
		if err := db.eachVerdict(ctx, each, read, args...); err != nil {
			return db.failed(err, "read the verdicts of %d clicks", len(clicks))
		}
	}
	return nil
}

// Rejections gives the verdicts on real signals that were rejected, received
// from one time to another, by rising ID. each must not use the ledger.
func (db *DB) Rejections(ctx context.Context, from, until time.Time, each func(signal.Verdict) error) error {
	q := newSelection("SELECT "+verdictColumns+" FROM verdict", "signal_id")
	q.minted(txid.Signal, false, from, until)
	q.text("status", string(signal.Rejected))
	err := db.eachVerdict(ctx, each, q.withConditions()+" ORDER BY signal_id", q.args...)
	return db.failed(err, "read the signals that were rejected")
}

func (db *DB) eachVerdict(ctx context.Context, each func(signal.Verdict) error, read string, args ...any) error {
	return db.read().query(ctx, func(row scan) error {
		v, err := scanVerdict(row)
		if err != nil {
			return err
		}
		return each(v)
	}, read, args...)
}

// AddReconciliationParts keeps rows of a reconciliation that is still to be
// saved.
func (db *DB) AddReconciliationParts(ctx context.Context, id string, parts []reconcile.Part) error {
	const insert = `INSERT INTO reconciliation_part (reconciliation_id, class, number, body) VALUES ($1, $2, $3, $4)`
	err := db.write(ctx, func(ctx context.Context, s session) error {
		for _, p := range parts {
			if err := s.later(ctx, insert, id, string(p.Class), int64(p.Number), p.Body); err != nil {
				return err
			}
		}
		return s.now(ctx)
	})
	return db.failed(err, "keep rows of reconciliation %s", id)
}

// SaveReconciliation makes a reconciliation readable, whose parts are kept.
func (db *DB) SaveReconciliation(ctx context.Context, r reconcile.Record) error {
	const insert = `
		INSERT INTO reconciliation (id, advertiser_id, affiliate_id, created_at, name, parameters, summary)
		VALUES ($1, $2, $3, $4, $5, $6, $7)`
	err := db.write(ctx, func(ctx context.Context, s session) error {
		_, err := s.exec(ctx, insert, r.ID, r.Owner.AdvertiserID, r.Owner.AffiliateID, micros(r.CreatedAt), r.Name,
			string(r.Parameters), string(r.Summary))
		return err
	})
	return db.failed(err, "save reconciliation %s", r.ID)
}

const reconciliationColumns = `id, advertiser_id, affiliate_id, created_at, name, parameters, summary`

func scanReconciliation(row scan) (r reconcile.Record, err error) {
	var created int64
	var parameters, summary string
	err = row(&r.ID, &r.Owner.AdvertiserID, &r.Owner.AffiliateID, &created, &r.Name, &parameters, &summary)
	r.CreatedAt, r.Parameters, r.Summary = instant(created), json.RawMessage(parameters), json.RawMessage(summary)
	return r, err
}

// Reconciliation gives one reconciliation. One that does not exist is NotFound.
func (db *DB) Reconciliation(ctx context.Context, id string) (r reconcile.Record, err error) {
	const read = `SELECT ` + reconciliationColumns + ` FROM reconciliation WHERE id = $1`
	found := false
	err = db.read().query(ctx, func(row scan) (err error) {
		found = true
		r, err = scanReconciliation(row)
		return err
	}, read, id)
	if err == nil && !found {
		err = notFound("reconciliation " + id)
	}
	return r, db.failed(err, "read reconciliation %s", id)
}

// Reconciliations lists reconciliations, the newest first, and gives the cursor
// of the next page, empty behind the last.
func (db *DB) Reconciliations(ctx context.Context, f reconcile.Filter) ([]reconcile.Record, string, error) {
	q := newSelection("SELECT "+reconciliationColumns+" FROM reconciliation", "id")
	if !f.All {
		q.where("advertiser_id = ?", f.Owner.AdvertiserID)
		q.where("affiliate_id = ?", f.Owner.AffiliateID)
	}
	var page []reconcile.Record
	p := Page{Cursor: f.Cursor, Limit: f.Limit}
	next, err := q.newestFirst(ctx, db.read(), p, func(row scan) (string, error) {
		r, err := scanReconciliation(row)
		page = append(page, r)
		return r.ID, err
	})
	if err != nil {
		return nil, "", db.failed(err, "list reconciliations")
	}
	return page[:min(len(page), p.limit())], next, nil
}

// ReconciliationPart gives rows of a reconciliation. A part that does not exist
// is NotFound.
func (db *DB) ReconciliationPart(ctx context.Context, id string, c reconcile.Class, number int) ([]byte, error) {
	const read = `SELECT body FROM reconciliation_part WHERE reconciliation_id = $1 AND class = $2 AND number = $3`
	var body []byte
	err := db.read().must(ctx, "such part of reconciliation "+id, []any{&body}, read, id, string(c), int64(number))
	return body, db.failed(err, "read rows of reconciliation %s", id)
}

// tidyReconciliations deletes those that have grown old, and parts whose head
// was never saved. Their IDs begin with the time.
func (db *DB) tidyReconciliations(ctx context.Context, now time.Time) error {
	const heads = `
		DELETE FROM reconciliation WHERE id IN (
			SELECT id FROM reconciliation WHERE id < $1 ORDER BY id LIMIT $2)`
	const parts = `
		DELETE FROM reconciliation_part WHERE (reconciliation_id, class, number) IN (
			SELECT reconciliation_id, class, number FROM reconciliation_part WHERE reconciliation_id < $1
			ORDER BY reconciliation_id LIMIT $2)`
	const batch = 100 // parts are large
	bound := reconcile.NewID(now.Add(-reconcile.Kept), "")
	for _, text := range [...]string{heads, parts} {
		for n := int64(batch); n == batch; {
			err := db.write(ctx, func(ctx context.Context, s session) (err error) {
				n, err = s.exec(ctx, text, bound, int64(batch))
				return err
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}
