package sqlledger

import (
	"context"

	"waybill/internal/conversion"
	"waybill/internal/delivery"
)

// FindConversions gives the conversions whose ID lies from one text up to and
// without another, the latest first, at most so many.
func (db *DB) FindConversions(ctx context.Context, from, to string, most int) ([]conversion.Conversion, error) {
	const read = `SELECT ` + conversionColumns + ` FROM conversion WHERE id >= $1 AND id < $2 ORDER BY id DESC LIMIT $3`
	all, err := readConversions(ctx, db.read(), read, from, to, int64(most))
	return all, db.failed(err, "find conversions by ID")
}

// FindDeliveries gives the owed postbacks whose ID lies from one text up to and
// without another, the latest first, at most so many.
func (db *DB) FindDeliveries(ctx context.Context, from, to string, most int) ([]delivery.Owed, error) {
	const read = `SELECT ` + deliveryColumns + ` FROM delivery WHERE id >= $1 AND id < $2 ORDER BY id DESC LIMIT $3`
	all, err := readDeliveries(ctx, db.read(), read, from, to, int64(most))
	return all, db.failed(err, "find deliveries by ID")
}
