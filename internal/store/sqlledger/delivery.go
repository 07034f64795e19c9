package sqlledger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"waybill/internal/delivery"
)

// deliveryColumns are in the order of scanDelivery.
const deliveryColumns = `id, subscription_id, conversion_id, transaction_id, sequence, event, test, frozen,
	state, attempts, created_at, due_at, leased_until, done_at, last_class, last_status, replayed, replay_job`

func scanDelivery(read scan) (delivery.Owed, error) {
	var d delivery.Owed
	var frozen string
	var created, due, leased, done, job int64
	err := read(&d.ID, &d.SubscriptionID, &d.ConversionID, &d.TransactionID, &d.Sequence, &d.Event, &d.Test, &frozen,
		&d.State, &d.Attempts, &created, &due, &leased, &done, &d.LastClass, &d.LastStatus, &d.Replayed, &job)
	if err != nil {
		return d, err
	}
	d.ReplayJob = jobID(job)
	d.CreatedAt, d.DueAt, d.LeasedUntil, d.DoneAt = instant(created), instant(due), instant(leased), instant(done)
	if frozen == "" {
		return d, nil
	}
	if err := json.Unmarshal([]byte(frozen), &d.Values); err != nil {
		d.Values = nil
		return d, &unreadable{d, err}
	}
	return d, nil
}

// unreadable says that a delivery is there, without the values that were frozen
// for it: they are damaged.
type unreadable struct {
	delivery delivery.Owed
	cause    error
}

func (u *unreadable) Error() string { return "its values cannot be read: " + u.cause.Error() }

func (u *unreadable) Unwrap() error { return u.cause }

// deliveryRows adds what is owed from now on. Each may be claimed when it is due.
func deliveryRows(owed []delivery.Owed) (rows, error) {
	insert := rows{head: `
		INSERT INTO delivery (id, subscription_id, conversion_id, transaction_id, sequence, event, test, frozen,
			state, attempts, created_at, due_at, leased_until, done_at, claim_at, personal) VALUES `, columns: 16}
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
			micros(d.LeasedUntil), micros(d.DoneAt), micros(d.DueAt), d.Personal())
	}
	return insert, nil
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
		if _, damaged := errors.AsType[*unreadable](err); damaged {
			err = nil // all else of it is to be seen
		}
		all = append(all, d)
		return err
	}, text, args...)
	return all, err
}

// Attempts gives the attempts of a delivery, the first one first.
func (db *DB) Attempts(ctx context.Context, deliveryID string) ([]delivery.Attempt, error) {
	all, err := attemptsOf(ctx, db.read(), deliveryID)
	return all, db.failed(err, "read the attempts of delivery %s", deliveryID)
}

func attemptsOf(ctx context.Context, s session, deliveryID string) ([]delivery.Attempt, error) {
	const read = `
		SELECT delivery_id, number, at, took, method, url, request_header, request_body, status, body, error, detail
		FROM attempt WHERE delivery_id = $1 ORDER BY number`
	var all []delivery.Attempt
	err := s.query(ctx, func(row scan) error {
		var a delivery.Attempt
		var at, took int64
		var header string
		err := row(&a.DeliveryID, &a.Number, &at, &took, &a.Method, &a.URL, &header, &a.RequestBody,
			&a.Status, &a.Body, &a.Error, &a.Detail)
		a.At, a.Took = instant(at), time.Duration(took)
		if header != "" && err == nil {
			err = json.Unmarshal([]byte(header), &a.RequestHeader)
		}
		all = append(all, a)
		return err
	}, read, deliveryID)
	return all, err
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
