package sqlledger

import (
	"context"
	"strconv"

	"waybill/internal/conversion"
	"waybill/internal/fault"
	"waybill/internal/ledger"
	"waybill/internal/money"
	"waybill/internal/payout"
	"waybill/internal/user"
)

// adjustmentColumns are in the order of scanAdjustment.
const adjustmentColumns = `id, party, party_id, kind, currency, amount, conversion_id, note, payout_id, created_at`

func scanAdjustment(read scan) (a payout.Adjustment, err error) {
	var party ledger.Party
	var partner, created int64
	err = read(&a.ID, &party, &partner, &a.Kind, &a.Amount.Currency, &a.Amount.Units, &a.ConversionID, &a.Note, &a.PayoutID, &created)
	a.CreatedAt = instant(created)
	if party == ledger.Advertiser {
		a.AdvertiserID = partner
	} else {
		a.AffiliateID = partner
	}
	return a, err
}

// AddAdjustment books an adjustment, and gives it with its ID.
func (db *DB) AddAdjustment(ctx context.Context, by user.By, a payout.Adjustment) (payout.Adjustment, error) {
	a.CreatedAt = instant(micros(a.CreatedAt))
	err := db.write(ctx, func(ctx context.Context, s session) error {
		of := a.Account(ledger.Approved)
		if err := partnerThere(ctx, s, string(of.Party), of.ID); err != nil {
			return err
		}
		if a.ConversionID != "" {
			if err := checkAbout(ctx, s, &a); err != nil {
				return err
			}
		}
		id, err := nextNumber(ctx, s, "adjustment")
		if err != nil {
			return err
		}
		a.ID = id
		if err := insertAdjustment(ctx, s, &a); err != nil {
			return err
		}
		n, err := noteOf(by, a.CreatedAt, ActionCreate, "adjustment", id).with(nil, auditedAdjustment(&a))
		if err != nil {
			return err
		}
		return note(ctx, s, &n)
	})
	return a, db.failed(err, "book an adjustment")
}

// insertAdjustment writes an adjustment and its entries.
func insertAdjustment(ctx context.Context, s session, a *payout.Adjustment) error {
	const insert = `
		INSERT INTO adjustment (` + adjustmentColumns + `)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, $9)`
	of := a.Account(ledger.Approved)
	_, err := s.exec(ctx, insert, a.ID, string(of.Party), of.ID, string(a.Kind), string(a.Amount.Currency), a.Amount.Units,
		a.ConversionID, a.Note, micros(a.CreatedAt))
	if err != nil {
		return err
	}
	entries, err := a.Entries()
	if err != nil {
		return err
	}
	return bookBeside(ctx, s, ledger.Entry{AdjustmentID: a.ID, Reason: a.Reason(), At: a.CreatedAt}, entries)
}

// checkAbout looks at the conversion that an adjustment names, which it holds:
// what clawbacks take back of it, they take back one after another.
func checkAbout(ctx context.Context, s session, a *payout.Adjustment) error {
	read := `SELECT ` + conversionColumns + ` FROM conversion WHERE id = $1` + s.texts.engine.forUpdate()
	const clawed = `
		SELECT CAST(COALESCE(SUM(amount), 0) AS BIGINT) FROM adjustment
		WHERE conversion_id = $1 AND conversion_id <> '' AND kind = 'clawback'`
	var all []conversion.Conversion
	all, err := readConversions(ctx, s, read, a.ConversionID)
	if err != nil {
		return err
	}
	if len(all) == 0 {
		return fault.At("conversion_id", "there is no conversion %.60s", a.ConversionID)
	}
	var before int64
	if err := s.must(ctx, "sum", []any{&before}, clawed, a.ConversionID); err != nil {
		return err
	}
	return a.About(&all[0], before)
}

// auditedAdjustment is an adjustment as the audit keeps it.
func auditedAdjustment(a *payout.Adjustment) any {
	return struct {
		AffiliateID  int64        `json:"affiliate_id,omitempty"`
		AdvertiserID int64        `json:"advertiser_id,omitempty"`
		Kind         payout.Kind  `json:"kind"`
		Amount       money.Amount `json:"amount"`
		ConversionID string       `json:"conversion_id,omitempty"`
		Note         string       `json:"note"`
	}{a.AffiliateID, a.AdvertiserID, a.Kind, a.Amount, a.ConversionID, a.Note}
}

// Adjustment gives one adjustment.
func (db *DB) Adjustment(ctx context.Context, id int64) (a payout.Adjustment, err error) {
	found := false
	err = db.read().query(ctx, func(row scan) (err error) {
		found = true
		a, err = scanAdjustment(row)
		return err
	}, `SELECT `+adjustmentColumns+` FROM adjustment WHERE id = $1`, id)
	if err == nil && !found {
		err = notFound("adjustment " + strconv.FormatInt(id, 10))
	}
	return a, db.failed(err, "read adjustment %d", id)
}

// AdjustmentFilter picks adjustments. What is left open fits all.
type AdjustmentFilter struct {
	AffiliateID  int64
	AdvertiserID int64
	Kind         payout.Kind
	ConversionID string // that they are about
	PayoutID     int64
	Open         bool // only affiliates' that no payout has settled
	Page
}

// Adjustments lists adjustments, the newest first, and gives the cursor of the
// next page, empty behind the last.
func (db *DB) Adjustments(ctx context.Context, f AdjustmentFilter) ([]payout.Adjustment, string, error) {
	q := newSelection(`SELECT `+adjustmentColumns+` FROM adjustment`, "id")
	if f.AffiliateID != 0 {
		q.text("party", string(ledger.Affiliate))
		q.number("party_id", f.AffiliateID)
	}
	if f.AdvertiserID != 0 {
		q.text("party", string(ledger.Advertiser))
		q.number("party_id", f.AdvertiserID)
	}
	q.text("kind", string(f.Kind))
	if f.ConversionID != "" { // said twice, for the index
		q.where("conversion_id <> '' AND conversion_id = ?", f.ConversionID)
	}
	if f.PayoutID != 0 {
		q.where("payout_id <> 0 AND payout_id = ?", f.PayoutID)
	}
	if f.Open {
		q.where("party = 'affiliate' AND payout_id = ?", int64(0))
	}
	var all []payout.Adjustment
	next, err := q.newestNumberFirst(ctx, db.read(), f.Page, func(row scan) (int64, error) {
		a, err := scanAdjustment(row)
		all = append(all, a)
		return a.ID, err
	})
	return all[:min(len(all), f.limit())], next, db.failed(err, "list adjustments")
}
