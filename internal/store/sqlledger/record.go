package sqlledger

import (
	"context"
	"encoding/json"
	"strconv"
	"sync"
	"time"

	"waybill/internal/delivery"
	"waybill/internal/fault"
)

// Record notes an attempt, what has become of the postback since, and what of its
// subscription's breaker, and ends the lease. r.After must be the postback as it
// was claimed, with this one attempt more: if somebody else has recorded one
// meanwhile it is Stale. One that was withdrawn while it was under way stays so,
// unless it has arrived.
//
// What was delivered, or turned out to be of no use to its receiver, forgets the
// digests of persons. One that closes a breaker makes due what was tried in vain
// before it: that need not wait out a schedule that the receiver's absence set.
func (db *DB) Record(ctx context.Context, r delivery.Report) error {
	a := &r.Attempt
	c, err := db.course(&r)
	if err != nil {
		return db.failed(err, "record attempt %d of delivery %s", a.Number, a.DeliveryID)
	}
	err = db.writeSure(ctx, func(ctx context.Context, s session) error { return c.write(ctx, s) })
	if err == nil && r.Attempt.Error != delivery.ErrUnmatched {
		db.notes.made(&r)
	}
	return db.failed(err, "record attempt %d of delivery %s", a.Number, a.DeliveryID)
}

// course is a report as it is written: all that needs no transaction is done.
type course struct {
	*delivery.Report
	header string
	frozen string // empty when it stays
	noted  bool   // the destination knows already how things go, or learns nothing of it
	skip   string // ends a selection of rows that are to be changed
}

func (db *DB) course(r *delivery.Report) (*course, error) {
	c := &course{
		Report: r, noted: db.notes.fresh(r) || r.Attempt.Error == delivery.ErrUnmatched, skip: db.engine.skipLocked(),
	}
	if len(r.Attempt.RequestHeader) > 0 {
		b, err := json.Marshal(r.Attempt.RequestHeader)
		if err != nil {
			return nil, err
		}
		c.header = string(b)
	}
	if over := r.After.State == delivery.Delivered || r.After.State == delivery.Withdrawn; over && r.After.Personal() {
		b, err := json.Marshal(r.After.Forget().Values)
		if err != nil {
			return nil, err
		}
		c.frozen = string(b)
	}
	return c, nil
}

// write takes the delivery's row first and the destination's last, like everybody.
func (c *course) write(ctx context.Context, s session) error {
	changed := unknown
	if err := c.update(ctx, s, &changed); err != nil {
		return err
	}
	if changed == 0 {
		return c.stale()
	}
	if c.After.State != delivery.Waiting {
		if err := releaseNext(ctx, s, &c.After); err != nil {
			return err
		}
	}
	if err := c.insert(ctx, s); err != nil {
		return err
	}
	if err := c.hasten(ctx, s); err != nil {
		return err
	}
	if err := c.note(ctx, s); err != nil {
		return err
	}
	if err := s.now(ctx); err != nil {
		if doubled(err) {
			return c.stale()
		}
		return err
	}
	if changed == 0 {
		return c.stale()
	}
	return nil
}

func (c *course) stale() error {
	return fault.New(fault.Stale, "attempt %d is not the next one of delivery %s", c.After.Attempts, c.After.ID)
}

func (c *course) update(ctx context.Context, s session, changed *int64) error {
	const update = `
		UPDATE delivery SET
			state = CASE WHEN state = 'waiting' OR $2 = 'delivered' THEN $2 ELSE state END,
			done_at = CASE WHEN state = 'waiting' OR $2 = 'delivered' THEN $5 ELSE done_at END,
			attempts = $3, due_at = $4, claim_at = $4, leased_until = 0, last_class = $6, last_status = $7
		WHERE id = $1 AND attempts = $3 - 1`
	const forget = `UPDATE delivery SET frozen = $2, personal = FALSE WHERE id = $1`
	d := &c.After
	err := s.laterChange(ctx, changed, update, d.ID, string(d.State), int64(d.Attempts), micros(d.DueAt), micros(d.DoneAt),
		string(c.Attempt.Error), int64(c.Attempt.Status))
	if err != nil || c.frozen == "" {
		return err
	}
	return s.later(ctx, forget, d.ID, c.frozen)
}

func (c *course) insert(ctx context.Context, s session) error {
	const insert = `
		INSERT INTO attempt (delivery_id, number, at, took, method, url, request_header, request_body,
			status, body, error, detail)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`
	a := &c.Attempt
	return s.later(ctx, insert, a.DeliveryID, int64(a.Number), micros(a.At), int64(a.Took), a.Method, a.URL,
		c.header, a.RequestBody, int64(a.Status), a.Body, string(a.Error), a.Detail)
}

// mostHastened is how many deliveries are made due by one that shows that the
// receiver is back, those whose time is farthest.
const mostHastened = 1000

// hasten makes due what waits for another try, where the attempt has shown that
// a receiver whose breaker was open is back.
func (c *course) hasten(ctx context.Context, s session) error {
	if c.Breaker == nil || !c.Breaker.Closed() || c.Attempt.Error != "" {
		return nil
	}
	text := `
		WITH far AS (
			SELECT d.id, d.leased_until, d.attempts, d.due_at FROM delivery d
			WHERE d.subscription_id = $1 AND d.state = 'waiting' AND d.claim_at > $2
				AND EXISTS (SELECT 1 FROM destination t WHERE t.subscription_id = $1 AND t.breaker <> 'closed')
			ORDER BY d.claim_at DESC, d.id DESC LIMIT ` + strconv.Itoa(mostHastened) + c.skip + `
		)
		UPDATE delivery SET due_at = $2, claim_at = $2
		WHERE id IN (SELECT f.id FROM far f WHERE f.leased_until = 0 AND f.attempts > 0 AND f.due_at > $2)`
	return s.later(ctx, text, c.After.SubscriptionID, micros(c.Attempt.At.Add(c.Attempt.Took)))
}

// note writes what the attempt says of the destination. A probe that has changed
// nothing of the breaker leaves the next one to others.
func (c *course) note(ctx context.Context, s session) error {
	const freed = `UPDATE destination SET probe = '', probe_until = 0 WHERE subscription_id = $1 AND probe = $2`
	if !c.noted {
		if err := noteAttempt(ctx, s, c.After.SubscriptionID, &c.Attempt); err != nil {
			return err
		}
	}
	switch {
	case c.Breaker != nil:
		return saveBreaker(ctx, s, c.Breaker)
	case c.Attempt.Error != "":
		return s.later(ctx, freed, c.After.SubscriptionID, c.After.ID)
	default:
		return nil
	}
}

// releaseNext lets the deliveries behind d be claimed when they are due: they
// may have been put off while d was open. It takes all of them, or it would pass
// over one that a claim which is not committed yet puts off.
func releaseNext(ctx context.Context, s session, d *delivery.Owed) error {
	const release = `
		UPDATE delivery SET claim_at = due_at
		WHERE conversion_id = $1 AND subscription_id = $2 AND sequence > $3
			AND state = 'waiting' AND leased_until = 0`
	return s.later(ctx, release, d.ConversionID, d.SubscriptionID, int64(d.Sequence))
}

// noteEvery is how exactly the time of a destination's last success and failure
// is kept: many attempts in the same second change one row once.
const noteEvery = time.Second

// notes remember what was written of destinations a moment ago.
type notes struct {
	mu sync.Mutex
	at map[noteKey]time.Time
}

type noteKey struct {
	subscription int64
	failure      bool
}

func keyOfNote(r *delivery.Report) noteKey {
	return noteKey{r.After.SubscriptionID, r.Attempt.Error != ""}
}

// fresh reports whether the like of an attempt was written already.
func (n *notes) fresh(r *delivery.Report) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	at, ok := n.at[keyOfNote(r)]
	return ok && r.Attempt.At.Sub(at) < noteEvery
}

// made remembers that an attempt was written.
func (n *notes) made(r *delivery.Report) {
	n.mu.Lock()
	defer n.mu.Unlock()
	key := keyOfNote(r)
	if at, ok := n.at[key]; ok && r.Attempt.At.Sub(at) < noteEvery {
		return
	}
	if n.at == nil {
		n.at = make(map[noteKey]time.Time)
	}
	n.at[key] = r.Attempt.At
}
