package sqlledger

import (
	"context"

	"waybill/internal/fault"
	"waybill/internal/savedreport"
)

// readSaved reads saved reports, with the names of their owners.
const readSaved = `
	SELECT r.id, r.user_id, r.role, r.advertiser_id, r.affiliate_id, r.name, r.query, r.shared, r.created_at,
		r.updated_at, COALESCE(u.name, '')
	FROM saved_report r LEFT JOIN users u ON u.id = r.user_id `

func scanSaved(read scan) (savedreport.Report, error) {
	var r savedreport.Report
	var created, updated int64
	err := read(&r.ID, &r.UserID, &r.Side.Role, &r.Side.AdvertiserID, &r.Side.AffiliateID, &r.Name, &r.Query, &r.Shared,
		&created, &updated, &r.OwnerName)
	r.CreatedAt, r.UpdatedAt = instant(created), instant(updated)
	return r, err
}

// SavedReports gives those that a user has on one side, and those that others
// share there, by ID.
func (db *DB) SavedReports(ctx context.Context, side savedreport.Side, userID int64) ([]savedreport.Report, error) {
	const read = readSaved + `
		WHERE r.role = $1 AND r.advertiser_id = $2 AND r.affiliate_id = $3 AND (r.user_id = $4 OR r.shared)
		ORDER BY r.id`
	var all []savedreport.Report
	err := db.read().query(ctx, func(row scan) error {
		r, err := scanSaved(row)
		all = append(all, r)
		return err
	}, read, string(side.Role), side.AdvertiserID, side.AffiliateID, userID)
	return all, db.failed(err, "list saved reports")
}

// SavedReport gives one. One that does not exist is NotFound.
func (db *DB) SavedReport(ctx context.Context, id int64) (savedreport.Report, error) {
	r, err := readReport(ctx, db.read(), id)
	return r, db.failed(err, "read saved report %d", id)
}

func readReport(ctx context.Context, s session, id int64) (savedreport.Report, error) {
	var r savedreport.Report
	found := false
	err := s.query(ctx, func(row scan) (err error) {
		found = true
		r, err = scanSaved(row)
		return err
	}, readSaved+`WHERE r.id = $1`, id)
	if err == nil && !found {
		err = notFound("such saved report")
	}
	return r, err
}

// AddSavedReport keeps a new one, and gives it with its ID. One more than a user
// may have is a Conflict.
func (db *DB) AddSavedReport(ctx context.Context, r savedreport.Report) (savedreport.Report, error) {
	const insert = `
		INSERT INTO saved_report (id, user_id, role, advertiser_id, affiliate_id, name, query, shared, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)`
	var kept savedreport.Report
	err := db.write(ctx, func(ctx context.Context, s session) error {
		id, err := nextNumber(ctx, s, "saved_report") // first: it lets one at a time count
		if err != nil {
			return err
		}
		var have int64
		if err := s.must(ctx, "count", []any{&have}, `SELECT COUNT(*) FROM saved_report WHERE user_id = $1`, r.UserID); err != nil {
			return err
		}
		if have >= savedreport.Most {
			return fault.New(fault.Conflict, "you have %d saved reports, as many as one may have; delete one first", have)
		}
		_, err = s.exec(ctx, insert, id, r.UserID, string(r.Side.Role), r.Side.AdvertiserID, r.Side.AffiliateID, r.Name,
			r.Query, r.Shared, micros(db.now()))
		if err != nil {
			return err
		}
		kept, err = readReport(ctx, s, id)
		return err
	})
	return kept, db.failed(err, "save report %q", r.Name)
}

// ChangeSavedReport changes the name, the query and whom it is shared with. The
// error of change is returned as it is, and nothing is changed then.
func (db *DB) ChangeSavedReport(ctx context.Context, id int64, change func(*savedreport.Report) error) (savedreport.Report, error) {
	const update = `UPDATE saved_report SET name = $2, query = $3, shared = $4, updated_at = $5 WHERE id = $1`
	var kept savedreport.Report
	err := db.write(ctx, func(ctx context.Context, s session) error {
		r, err := readReport(ctx, s, id)
		if err != nil {
			return err
		}
		if err := change(&r); err != nil {
			return err
		}
		if _, err := s.exec(ctx, update, id, r.Name, r.Query, r.Shared, micros(db.now())); err != nil {
			return err
		}
		kept, err = readReport(ctx, s, id)
		return err
	})
	return kept, db.failed(err, "change saved report %d", id)
}

// DeleteSavedReport deletes one, unless may has an error: that is returned as it
// is, and nothing is deleted then.
func (db *DB) DeleteSavedReport(ctx context.Context, id int64, may func(*savedreport.Report) error) error {
	err := db.write(ctx, func(ctx context.Context, s session) error {
		r, err := readReport(ctx, s, id)
		if err == nil {
			err = may(&r)
		}
		if err == nil {
			_, err = s.exec(ctx, `DELETE FROM saved_report WHERE id = $1`, id)
		}
		return err
	})
	return db.failed(err, "delete saved report %d", id)
}
