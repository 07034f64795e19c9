package sqlledger

import (
	"context"
	"time"

	"waybill/internal/txid"
)

// Cause is what rejected some signals, and which.
type Cause struct {
	Code    string
	OfferID int64 // 0 where none was known
	Count   int64
	Last    string // the latest signal
	Message string // what its sender was told
}

// CauseFilter says which rejected signals are grouped. An offer or advertiser of 0
// leaves all, those without an offer too.
type CauseFilter struct {
	OfferID      int64
	AdvertiserID int64
	Test         bool
	From, Until  time.Time // of receipt, From inclusive
}

// causesOf groups rejected signals by code and offer. It steps from one group to
// the next in the index, and counts within each the signals of the time alone: what
// it costs grows with them and with the number of groups, not with what was ever
// rejected.
const causesOf = `
	WITH RECURSIVE codes(code) AS (
		SELECT MIN(code) FROM verdict WHERE status = 'rejected'
		UNION ALL
		SELECT (SELECT MIN(v.code) FROM verdict v WHERE v.status = 'rejected' AND v.code > c.code)
		FROM codes c WHERE c.code IS NOT NULL
	), pairs(code, offer_id) AS (
		SELECT c.code, (SELECT MIN(v.offer_id) FROM verdict v WHERE v.status = 'rejected' AND v.code = c.code)
		FROM codes c WHERE c.code IS NOT NULL
		UNION ALL
		SELECT p.code, (SELECT MIN(v.offer_id) FROM verdict v
			WHERE v.status = 'rejected' AND v.code = p.code AND v.offer_id > p.offer_id)
		FROM pairs p WHERE p.offer_id IS NOT NULL
	), wanted(code, offer_id) AS (
		SELECT p.code, p.offer_id FROM pairs p
		WHERE p.offer_id IS NOT NULL AND ($3 = 0 OR p.offer_id = $3)
			AND ($4 = 0 OR p.offer_id IN (SELECT o.id FROM offer o WHERE o.advertiser_id = $4))
	), counted(code, offer_id, signals, latest) AS (
		SELECT w.code, w.offer_id,
			(SELECT COUNT(*) FROM verdict v WHERE v.status = 'rejected' AND v.code = w.code AND v.offer_id = w.offer_id
				AND v.signal_id >= $1 AND v.signal_id < $2),
			(SELECT MAX(v.signal_id) FROM verdict v WHERE v.status = 'rejected' AND v.code = w.code AND v.offer_id = w.offer_id
				AND v.signal_id >= $1 AND v.signal_id < $2)
		FROM wanted w
	)
	SELECT c.code, c.offer_id, c.signals, c.latest, v.message
	FROM counted c JOIN verdict v ON v.signal_id = c.latest
	ORDER BY c.signals DESC, c.latest DESC`

// Causes gives what rejected signals, the most frequent first.
func (db *DB) Causes(ctx context.Context, f CauseFilter) ([]Cause, error) {
	var all []Cause
	err := db.read().query(ctx, func(row scan) error {
		var c Cause
		err := row(&c.Code, &c.OfferID, &c.Count, &c.Last, &c.Message)
		all = append(all, c)
		return err
	}, causesOf, txid.First(txid.Signal, f.Test, f.From).String(), txid.First(txid.Signal, f.Test, f.Until).String(),
		f.OfferID, f.AdvertiserID)
	return all, db.failed(err, "group rejected signals by what rejected them")
}
