package sqlledger

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"waybill/internal/conversion"
	"waybill/internal/delivery"
	"waybill/internal/fault"
)

// deliveryColumns are in the order of scanDelivery.
const deliveryColumns = `id, subscription_id, conversion_id, transaction_id, sequence, event, test, frozen,
	state, attempts, created_at, due_at, leased_until, done_at`

func scanDelivery(read scan) (delivery.Owed, error) {
	var d delivery.Owed
	var frozen string
	var created, due, leased, done int64
	err := read(&d.ID, &d.SubscriptionID, &d.ConversionID, &d.TransactionID, &d.Sequence, &d.Event, &d.Test, &frozen,
		&d.State, &d.Attempts, &created, &due, &leased, &done)
	if err != nil {
		return d, err
	}
	d.CreatedAt, d.DueAt, d.LeasedUntil, d.DoneAt = instant(created), instant(due), instant(leased), instant(done)
	if frozen != "" {
		err = json.Unmarshal([]byte(frozen), &d.Values)
	}
	return d, err
}

// deliveryRows adds what is owed from now on. Each may be claimed when it is due.
func deliveryRows(owed []delivery.Owed) (rows, error) {
	insert := rows{head: `INSERT INTO delivery (` + deliveryColumns + `, claim_at) VALUES `, columns: 15}
	for i := range owed {
		d := &owed[i]
		frozen := ""
		if len(d.Values) > 0 {
			b, err := json.Marshal(d.Values)
			if err != nil {
				return rows{}, err
			}
			frozen = string(b)
		}
		insert.add(d.ID, d.SubscriptionID, d.ConversionID, d.TransactionID, int64(d.Sequence), string(d.Event), d.Test,
			frozen, string(d.State), int64(d.Attempts), micros(d.CreatedAt), micros(d.DueAt),
			micros(d.LeasedUntil), micros(d.DoneAt), micros(d.DueAt))
	}
	return insert, nil
}

// Record notes an attempt and what has become of the postback since, and ends
// its lease. after must be the postback as it was claimed, with this one attempt
// more: if somebody else has recorded one meanwhile it is Stale.
func (db *DB) Record(ctx context.Context, a delivery.Attempt, after delivery.Owed) error {
	err := db.writeSure(ctx, func(ctx context.Context, s session) error {
		if err := updateDelivery(ctx, s, &after); err != nil {
			return err
		}
		if after.State != delivery.Waiting {
			if err := releaseNext(ctx, s, &after); err != nil {
				return err
			}
		}
		const insert = `
			INSERT INTO attempt (delivery_id, number, at, took, method, url, status, body, error, detail)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`
		_, err := s.exec(ctx, insert, a.DeliveryID, int64(a.Number), micros(a.At), int64(a.Took), a.Method, a.URL,
			int64(a.Status), a.Body, string(a.Error), a.Detail)
		return err
	})
	return db.failed(err, "record attempt %d of delivery %s", a.Number, a.DeliveryID)
}

func updateDelivery(ctx context.Context, s session, d *delivery.Owed) error {
	const update = `
		UPDATE delivery SET state = $2, attempts = $3, due_at = $4, done_at = $5, claim_at = $4, leased_until = 0
		WHERE id = $1 AND attempts = $3 - 1`
	changed, err := s.exec(ctx, update, d.ID, string(d.State), int64(d.Attempts), micros(d.DueAt), micros(d.DoneAt))
	if err == nil && changed != 1 {
		err = fault.New(fault.Stale, "attempt %d is not the next one of delivery %s", d.Attempts, d.ID)
	}
	return err
}

// releaseNext lets the deliveries behind d be claimed when they are due: they
// may have been put off while d was open.
func releaseNext(ctx context.Context, s session, d *delivery.Owed) error {
	const release = `
		UPDATE delivery SET claim_at = due_at
		WHERE conversion_id = $1 AND subscription_id = $2 AND sequence > $3
			AND state = 'waiting' AND leased_until = 0`
	_, err := s.exec(ctx, release, d.ConversionID, d.SubscriptionID, int64(d.Sequence))
	return err
}

// Delivery gives one owed postback.
func (db *DB) Delivery(ctx context.Context, id string) (delivery.Owed, error) {
	const read = `SELECT ` + deliveryColumns + ` FROM delivery WHERE id = $1`
	found, err := readDeliveries(ctx, db.read(), read, id)
	if err == nil && len(found) == 0 {
		err = notFound("delivery " + id)
	}
	if err != nil {
		return delivery.Owed{}, db.failed(err, "read delivery %s", id)
	}
	return found[0], nil
}

func readDeliveries(ctx context.Context, s session, text string, args ...any) ([]delivery.Owed, error) {
	var all []delivery.Owed
	err := s.query(ctx, func(row scan) error {
		d, err := scanDelivery(row)
		all = append(all, d)
		return err
	}, text, args...)
	return all, err
}

// DeliveryFilter picks owed postbacks. What is left open fits all.
type DeliveryFilter struct {
	TransactionID  string
	ConversionID   string
	SubscriptionID int64
	AffiliateID    int64 // whose subscription it is
	AdvertiserID   int64 // whose subscription it is
	State          delivery.State
	Event          conversion.Event
	From, Until    time.Time // of its making, From inclusive
	Page
}

// Deliveries lists owed postbacks by falling ID, which is the newest first
// within real and within test traffic, and gives the cursor of the next page,
// empty behind the last.
func (db *DB) Deliveries(ctx context.Context, f DeliveryFilter) ([]delivery.Owed, string, error) {
	q := newSelection("SELECT "+deliveryColumns+" FROM delivery", "id")
	if f.TransactionID != "" {
		q.where("conversion_id IN (SELECT v.id FROM conversion v WHERE v.transaction_id = ?)", f.TransactionID)
	}
	q.text("conversion_id", f.ConversionID)
	q.number("subscription_id", f.SubscriptionID)
	if f.AffiliateID != 0 {
		q.where("subscription_id IN (SELECT s.id FROM subscription s WHERE s.affiliate_id = ?)", f.AffiliateID)
	}
	if f.AdvertiserID != 0 {
		q.where("subscription_id IN (SELECT s.id FROM subscription s WHERE s.advertiser_id = ?)", f.AdvertiserID)
	}
	q.text("state", string(f.State))
	q.text("event", string(f.Event))
	if !f.From.IsZero() {
		q.where("created_at >= ?", micros(f.From))
	}
	if !f.Until.IsZero() {
		q.where("created_at < ?", micros(f.Until))
	}
	var page []delivery.Owed
	next, err := q.newestFirst(ctx, db.read(), f.Page, func(row scan) (string, error) {
		d, err := scanDelivery(row)
		page = append(page, d)
		return d.ID, err
	})
	if err != nil {
		return nil, "", db.failed(err, "list deliveries")
	}
	return page[:min(len(page), f.limit())], next, nil
}

// Attempts gives the attempts of a delivery, the first one first.
func (db *DB) Attempts(ctx context.Context, deliveryID string) ([]delivery.Attempt, error) {
	all, err := attemptsOf(ctx, db.read(), deliveryID)
	return all, db.failed(err, "read the attempts of delivery %s", deliveryID)
}

func attemptsOf(ctx context.Context, s session, deliveryID string) ([]delivery.Attempt, error) {
	const read = `
		SELECT delivery_id, number, at, took, method, url, status, body, error, detail
		FROM attempt WHERE delivery_id = $1 ORDER BY number`
	var all []delivery.Attempt
	err := s.query(ctx, func(row scan) error {
		var a delivery.Attempt
		var at, took int64
		err := row(&a.DeliveryID, &a.Number, &at, &took, &a.Method, &a.URL, &a.Status, &a.Body, &a.Error, &a.Detail)
		a.At, a.Took = instant(at), time.Duration(took)
		all = append(all, a)
		return err
	}, read, deliveryID)
	return all, err
}

// Replay makes a delivery that is dead, delivered or parked wait again, due at a
// time. Its ID and its values stay, and its attempts go on counting.
func (db *DB) Replay(ctx context.Context, id string, due time.Time) error {
	const update = `
		UPDATE delivery SET state = 'waiting', due_at = $2, claim_at = $2, leased_until = 0, done_at = 0
		WHERE id = $1 AND state <> 'waiting'`
	err := db.write(ctx, func(ctx context.Context, s session) error {
		changed, err := s.exec(ctx, update, id, micros(due))
		if err != nil || changed == 1 {
			return err
		}
		var n int64
		if err := s.must(ctx, "delivery "+id, []any{&n}, `SELECT attempts FROM delivery WHERE id = $1`, id); err != nil {
			return err
		}
		return fault.New(fault.Conflict, "delivery %s waits already", id)
	})
	return db.failed(err, "replay delivery %s", id)
}

// ParkDeliveries stops all deliveries of the installation, or lets them go on:
// after a restore, what is owed may have been delivered since.
func (db *DB) ParkDeliveries(ctx context.Context, park bool) error {
	err := db.write(ctx, func(ctx context.Context, s session) error {
		if park {
			return setSetting(ctx, s, parkedSetting, "true")
		}
		_, err := s.exec(ctx, `DELETE FROM setting WHERE name = $1`, parkedSetting)
		return err
	})
	return db.failed(err, "park deliveries: %v", park)
}

// Parked reports whether all deliveries are stopped.
func (db *DB) Parked(ctx context.Context) (bool, error) {
	doc, err := settingOf(ctx, db.read(), parkedSetting)
	return doc != "", db.failed(err, "read whether deliveries are parked")
}

const parkedSetting = "deliveries_parked"

func setSetting(ctx context.Context, s session, name, doc string) error {
	const upsert = `
		INSERT INTO setting (name, doc) VALUES ($1, $2)
		ON CONFLICT (name) DO UPDATE SET doc = excluded.doc`
	_, err := s.exec(ctx, upsert, name, doc)
	return err
}

// settingOf gives a setting, empty when it is not set.
func settingOf(ctx context.Context, s session, name string) (string, error) {
	var doc string
	_, err := s.get(ctx, []any{&doc}, `SELECT doc FROM setting WHERE name = $1`, name)
	if err != nil {
		return "", fmt.Errorf("read setting %s: %w", name, err)
	}
	return doc, nil
}
