package sqlledger

import (
	"context"

	"waybill/internal/delivery"
)

// mostDepth is how far Depths counts: a longer queue takes no longer to look at.
const mostDepth = 100_000

// Depths gives how many owed postbacks are in each state that somebody has to
// do something about: waiting, dead and parked. A hundred thousand stands for
// that many or more.
func (db *DB) Depths(ctx context.Context) (map[delivery.State]int64, error) {
	const count = `
		SELECT (SELECT COUNT(*) FROM (SELECT 1 FROM delivery WHERE state = 'waiting' LIMIT $1) AS w),
		       (SELECT COUNT(*) FROM (SELECT 1 FROM delivery WHERE state = 'dead' LIMIT $1) AS w),
		       (SELECT COUNT(*) FROM (SELECT 1 FROM delivery WHERE state = 'parked' LIMIT $1) AS w)`
	var waiting, dead, parked int64
	_, err := db.read().get(ctx, []any{&waiting, &dead, &parked}, count, int64(mostDepth))
	if err != nil {
		return nil, db.failed(err, "count owed postbacks")
	}
	return map[delivery.State]int64{delivery.Waiting: waiting, delivery.Dead: dead, delivery.Parked: parked}, nil
}
