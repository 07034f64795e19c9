package sqlledger

import (
	"context"

	"waybill/internal/delivery"
)

// Depths gives how many owed postbacks are in each state that somebody has to
// do something about: waiting, dead and parked.
func (db *DB) Depths(ctx context.Context) (map[delivery.State]int64, error) {
	const count = `
		SELECT (SELECT COUNT(*) FROM delivery WHERE state = 'waiting'),
		       (SELECT COUNT(*) FROM delivery WHERE state = 'dead'),
		       (SELECT COUNT(*) FROM delivery WHERE state = 'parked')`
	var waiting, dead, parked int64
	err := db.read().query(ctx, func(row scan) error { return row(&waiting, &dead, &parked) }, count)
	if err != nil {
		return nil, db.failed(err, "count owed postbacks")
	}
	return map[delivery.State]int64{delivery.Waiting: waiting, delivery.Dead: dead, delivery.Parked: parked}, nil
}
