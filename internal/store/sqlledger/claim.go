package sqlledger

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"waybill/internal/delivery"
)

// How claims stay cheap with a million postbacks waiting: each subscription has
// its own queue in the index delivery_waiting, ordered by claim_at, and gives its
// share of a claim, so one with a long queue holds up no other. What was claimed
// moves behind by its lease. What has an earlier one of its conversion before it
// is put off when it is met, until that may be claimed itself; releaseNext brings
// it back as soon as its turn has come.

// putOff is the longest that a delivery whose turn has not come is not looked at,
// if nothing releases it before.
const putOff = time.Hour

// mostBehind bounds how many deliveries whose turn has not come one claim puts
// off.
const mostBehind = 256

// Claim leases owed postbacks that are due, until ask.LeaseUntil: the lowest open
// sequence of its conversion and subscription each, of active subscriptions,
// shared out evenly among those. A subscription whose breaker is not closed gives
// none before its probe is due, and then one, until that is recorded or its lease
// is over. Claim gives none while deliveries are parked. One whose values are
// damaged is a dead letter from then on, and not given.
func (db *DB) Claim(ctx context.Context, ask delivery.Ask) ([]delivery.Owed, error) {
	due, err := db.due(ctx, ask)
	if err != nil || len(due) == 0 {
		return nil, db.failed(err, "claim deliveries")
	}
	var claimed []delivery.Owed
	var asked []share
	var damaged []*unreadable
	err = db.writeSure(ctx, func(ctx context.Context, s session) (err error) {
		c := claiming{s: s, engine: db.engine, ask: ask, shares: slices.Clone(due)}
		claimed, err = c.run(ctx)
		asked, damaged = c.shares, c.damaged
		return err
	})
	if err != nil {
		return nil, db.failed(err, "claim deliveries")
	}
	db.turns.served(asked)
	for _, u := range damaged {
		// Where that fails its lease runs out, and it is met again.
		_ = db.Record(ctx, u.report(ask.Now))
	}
	return claimed, nil
}

// report is the attempt that a delivery comes to which nothing can be made of.
func (u *unreadable) report(now time.Time) delivery.Report {
	a := delivery.Attempt{
		DeliveryID: u.delivery.ID, Number: u.delivery.Attempts + 1, At: now, Error: delivery.ErrTemplate, Detail: u.Error(),
	}
	return delivery.Report{Attempt: a, After: u.delivery.After(a, delivery.Schedule{}, 0, 0)}
}

// due gives the queues that something may be claimed of now, in their turn.
func (db *DB) due(ctx context.Context, ask delivery.Ask) ([]share, error) {
	all, err := db.queues(ctx)
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(q backlog) bool { return q.first.After(ask.Now) || ask.Of(q.id) == 0 })
	db.turns.order(all)
	shares := make([]share, 0, len(all))
	for _, q := range all {
		sh := share{backlog: q, most: ask.Of(q.id)}
		if q.probe {
			sh.most = 1
		}
		shares = append(shares, sh)
	}
	return shares, nil
}

// claiming is one claim in its transaction.
type claiming struct {
	s      session
	engine engine
	ask    delivery.Ask
	shares []share
	behind int // met with an earlier one before them

	damaged []*unreadable
}

// share is what a queue gives of a claim.
type share struct {
	backlog
	most    int
	asked   bool
	want    int // of the pass under way
	met     int // in it
	claimed []delivery.Owed
	behind  []delivery.Owed // met in it, with an earlier one before them
	over    bool            // there is nothing more to be had
	tries   bool            // it has the right to try whether its receiver is back
}

func (c *claiming) run(ctx context.Context) ([]delivery.Owed, error) {
	if err := c.beginProbes(ctx); err != nil {
		return nil, err
	}
	for c.behind < mostBehind && c.portion() {
		if err := c.pass(ctx); err != nil {
			return nil, err
		}
	}
	if err := c.endProbes(ctx); err != nil {
		return nil, err
	}
	var all []delivery.Owed
	for i := range c.shares {
		sh := &c.shares[i]
		slices.SortFunc(sh.claimed, func(a, b delivery.Owed) int {
			order := cmp.Or(a.DueAt.Compare(b.DueAt), cmp.Compare(a.ID, b.ID))
			if sh.newest {
				return -order
			}
			return order
		})
		all = append(all, sh.claimed...)
	}
	return all, nil
}

// portion says how many each queue shall give next, evenly, and reports whether
// any shall.
func (c *claiming) portion() bool {
	left, open := c.ask.Limit, 0
	for i := range c.shares {
		sh := &c.shares[i]
		left -= len(sh.claimed)
		sh.over = sh.over || len(sh.claimed) >= sh.most
		if !sh.over {
			open++
		}
	}
	some := false
	for i := range c.shares {
		sh := &c.shares[i]
		sh.want = 0
		if sh.over {
			continue
		}
		sh.want = min((left+open-1)/open, sh.most-len(sh.claimed))
		left, open = left-sh.want, open-1
		some = some || sh.want > 0
	}
	return some
}

// pass claims of every queue what it shall give.
func (c *claiming) pass(ctx context.Context) error {
	for i := range c.shares {
		if sh := &c.shares[i]; sh.want > 0 {
			if err := c.take(ctx, sh); err != nil {
				return err
			}
		}
	}
	if err := c.s.now(ctx); err != nil {
		return err
	}
	for i := range c.shares {
		if err := c.follow(ctx, &c.shares[i]); err != nil {
			return err
		}
	}
	return c.s.now(ctx)
}

// follow draws the consequences of what a queue gave in a pass.
func (c *claiming) follow(ctx context.Context, sh *share) error {
	if sh.want == 0 { // what was met before has had its consequences
		return nil
	}
	sh.over = sh.over || sh.met < sh.want
	c.behind += len(sh.behind)
	if err := c.letGo(ctx, sh); err != nil || !sh.newest {
		return err
	}
	return c.takeHeads(ctx, sh)
}

// take begins to claim a queue's portion. What is met is moved behind in one
// statement: by the lease, or, where an earlier one goes first, until that may
// be claimed.
//
// SQLite prepares a statement anew whenever the bare argument of a LIMIT is
// bound, which would take longer than to run it; hence the cast.
func (c *claiming) take(ctx context.Context, sh *share) error {
	order := "d.claim_at, d.id"
	if sh.newest {
		order = "d.claim_at DESC, d.id DESC"
	}
	text := `
		WITH met AS (
			SELECT d.id, d.conversion_id, d.sequence FROM delivery d
			WHERE d.subscription_id = $3 AND d.state = 'waiting' AND d.claim_at <= $4
			ORDER BY ` + order + ` LIMIT CAST($5 AS BIGINT)` + c.engine.skipLocked() + `
		), judged AS (
			SELECT m.id, (
				SELECT CASE WHEN b.state = 'parked' THEN CAST($2 AS BIGINT) WHEN b.claim_at <= $4 THEN CAST($1 AS BIGINT)
					WHEN b.claim_at < $2 THEN b.claim_at ELSE CAST($2 AS BIGINT) END
				FROM delivery b
				WHERE b.conversion_id = m.conversion_id AND b.subscription_id = $3 AND b.sequence < m.sequence
					AND b.state IN ('waiting', 'parked')
				ORDER BY b.sequence LIMIT 1) AS until
			FROM met m
		)
		UPDATE delivery SET
			leased_until = CASE WHEN j.until IS NULL THEN CAST($1 AS BIGINT) ELSE 0 END,
			claim_at = COALESCE(j.until, $1)
		FROM judged j WHERE delivery.id = j.id
		RETURNING ` + columnsOf("delivery", deliveryColumns)
	sh.asked, sh.met, sh.behind = true, 0, sh.behind[:0]
	return c.s.each(ctx, func(row scan) error {
		sh.met++
		return c.keep(row, sh)
	}, text, micros(c.ask.LeaseUntil), micros(c.ask.Now.Add(putOff)), sh.id, micros(c.ask.Now), int64(sh.want))
}

// keep puts what a statement has met where it belongs.
func (c *claiming) keep(row scan, sh *share) error {
	d, err := scanDelivery(row)
	u, damaged := errors.AsType[*unreadable](err)
	switch {
	case err != nil && !damaged:
		return err
	case d.LeasedUntil.IsZero():
		sh.behind = append(sh.behind, d)
	case damaged:
		c.damaged = append(c.damaged, u)
		c.behind++ // so that a claim ends, however many there are
	default:
		sh.claimed = append(sh.claimed, d)
	}
	return nil
}

// letGo lets be claimed when they are due those that were put off behind one that
// has come to its end since the statement which met them began: whoever recorded
// that end did not see them put off. From here on they are locked, so that
// releaseNext waits for them. SQLite has one writer anyway.
func (c *claiming) letGo(ctx context.Context, sh *share) error {
	if c.engine != postgres || len(sh.behind) == 0 {
		return nil
	}
	text := `
		UPDATE delivery SET claim_at = due_at
		WHERE id IN (` + numbered(1, idsTogether) + `) AND NOT EXISTS (
			SELECT 1 FROM delivery b
			WHERE b.conversion_id = delivery.conversion_id AND b.subscription_id = delivery.subscription_id
				AND b.sequence < delivery.sequence AND b.state IN ('waiting', 'parked'))`
	var rest []string
	for i := range sh.behind {
		rest = append(rest, sh.behind[i].ID)
	}
	for len(rest) > 0 {
		var args []any
		args, rest = named(nil, rest)
		if err := c.s.later(ctx, text, args...); err != nil {
			return err
		}
	}
	return nil
}

// takeHeads claims, in place of those that were met behind an earlier one, that
// one, if it is due: where the newest conversions go first, their last postback
// is met first.
func (c *claiming) takeHeads(ctx context.Context, sh *share) error {
	text := `
		UPDATE delivery SET leased_until = $1, claim_at = $1
		WHERE id IN (
			SELECT d.id FROM delivery d
			WHERE d.id = (
				SELECT b.id FROM delivery b
				WHERE b.conversion_id = $2 AND b.subscription_id = $3 AND b.state IN ('waiting', 'parked')
				ORDER BY b.sequence LIMIT 1)
				AND d.state = 'waiting' AND d.claim_at <= $4` + c.engine.skipLocked() + `)
		RETURNING ` + deliveryColumns
	for i := range sh.behind {
		err := c.s.each(ctx, func(row scan) error {
			return c.keep(row, sh)
		}, text, micros(c.ask.LeaseUntil), sh.behind[i].ConversionID, sh.id, micros(c.ask.Now))
		if err != nil {
			return err
		}
	}
	return nil
}

// beginProbes takes the right to try whether receivers are back. Somebody else
// may have it by now.
func (c *claiming) beginProbes(ctx context.Context) error {
	const take = `
		UPDATE destination SET probe_until = $2
		WHERE subscription_id = $1 AND breaker <> 'closed' AND probe_at <= $3 AND probe_until <= $3`
	probes := c.probes()
	taken := make([]int64, len(probes))
	for i, sh := range probes {
		if err := c.s.laterChange(ctx, &taken[i], take, sh.id, micros(c.ask.LeaseUntil), micros(c.ask.Now)); err != nil {
			return err
		}
	}
	if len(probes) == 0 {
		return nil
	}
	if err := c.s.now(ctx); err != nil {
		return err
	}
	for i, sh := range probes {
		sh.tries, sh.over = taken[i] == 1, taken[i] == 0
	}
	return nil
}

// endProbes notes which deliveries try, and gives back the right where there was
// none.
func (c *claiming) endProbes(ctx context.Context) error {
	const note = `UPDATE destination SET probe = $2, probe_until = $3 WHERE subscription_id = $1`
	for _, sh := range c.probes() {
		if !sh.tries {
			continue
		}
		id, until := "", int64(0)
		if len(sh.claimed) > 0 {
			id, until = sh.claimed[0].ID, micros(c.ask.LeaseUntil)
		}
		if err := c.s.later(ctx, note, sh.id, id, until); err != nil {
			return err
		}
	}
	return nil
}

// probes gives the shares of receivers that were down, by their subscription's
// ID: the order in which everybody locks them.
func (c *claiming) probes() []*share {
	var all []*share
	for i := range c.shares {
		if c.shares[i].probe {
			all = append(all, &c.shares[i])
		}
	}
	slices.SortFunc(all, func(a, b *share) int { return cmp.Compare(a.id, b.id) })
	return all
}

// Renew moves the end of a lease that ended at held, and reports whether it is
// still the caller's. One that ends at once is given back.
func (db *DB) Renew(ctx context.Context, id string, held, until time.Time) (bool, error) {
	const update = `
		UPDATE delivery SET leased_until = $3, claim_at = $3
		WHERE id = $1 AND leased_until = $2 AND state = 'waiting'`
	const probe = `
		UPDATE destination SET probe_until = $2
		WHERE subscription_id = (SELECT d.subscription_id FROM delivery d WHERE d.id = $1) AND probe = $1`
	var changed int64
	err := db.writeSure(ctx, func(ctx context.Context, s session) (err error) {
		changed, err = s.exec(ctx, update, id, micros(held), micros(until))
		if err != nil || changed == 0 {
			return err
		}
		return s.later(ctx, probe, id, micros(until))
	})
	return changed == 1, db.failed(err, "renew the lease of delivery %s", id)
}
