package sqlledger

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"waybill/internal/conversion"
	"waybill/internal/ledger"
	"waybill/internal/money"
	"waybill/internal/offer"
	"waybill/internal/settlement"
)

// Problem is something that must always hold and does not.
type Problem struct {
	Subject string // conversion 4k3…, cap of offer 7, …
	Text    string
}

// String gives the problem on one line.
func (p Problem) String() string { return p.Subject + ": " + p.Text }

// Check looks at the whole ledger, as it is at one moment, and reports whatever
// contradicts what must always hold. It reads the ledger piece by piece and runs
// beside everything else.
func (db *DB) Check(ctx context.Context, report func(Problem)) error {
	err := db.snapshot(ctx, func(s session) error {
		for _, r := range slices.Concat(rules[:], payoutRules[:], deliveryRules[:]) {
			if err := r.check(ctx, s, db.now(), report); err != nil {
				return err
			}
		}
		c := checker{s: s, report: report, used: make(map[settlement.Counter]int64)}
		if err := c.conversions(ctx); err != nil {
			return err
		}
		return c.counters(ctx)
	})
	return db.failed(err, "check the ledger")
}

// rule is something that one statement can look for. It selects the subject of
// each problem.
type rule struct {
	subject string
	text    string
	find    string
	ahead   time.Duration // where not zero, find's argument is the time that is so far ahead
}

func (r rule) check(ctx context.Context, s session, now time.Time, report func(Problem)) error {
	var args []any
	if r.ahead != 0 {
		args = append(args, micros(now.Add(r.ahead)))
	}
	return s.query(ctx, func(row scan) error {
		var of string
		if err := row(&of); err != nil {
			return err
		}
		report(Problem{Subject: r.subject + " " + of, Text: r.text})
		return nil
	}, r.find, args...)
}

//nolint:gochecknoglobals // a table that never changes
var rules = [...]rule{
	{subject: "signal", text: "its entries do not sum to zero", find: `
		SELECT signal_id FROM entry GROUP BY conversion_id, signal_id, currency HAVING SUM(amount) <> 0`},
	{subject: "signal", text: "has entries of both real and test money", find: `
		SELECT signal_id FROM entry GROUP BY conversion_id, signal_id HAVING COUNT(DISTINCT test) > 1`},
	{subject: "signal", text: "has entries and no verdict", find: `
		SELECT DISTINCT e.signal_id FROM entry e
		WHERE e.conversion_id <> '' AND NOT EXISTS (SELECT 1 FROM verdict v WHERE v.signal_id = e.signal_id)`},
	{subject: "conversion", text: "has entries and does not exist", find: `
		SELECT DISTINCT e.conversion_id FROM entry e
		WHERE e.conversion_id <> '' AND NOT EXISTS (SELECT 1 FROM conversion c WHERE c.id = e.conversion_id)`},
	{subject: "signal", text: "its verdict was never finished", find: `
		SELECT signal_id FROM verdict WHERE status = 'queued'`},
	{subject: "signal", text: "its verdict names a conversion that does not exist", find: `
		SELECT v.signal_id FROM verdict v
		WHERE v.conversion_id <> '' AND NOT EXISTS (SELECT 1 FROM conversion c WHERE c.id = v.conversion_id)`},
	{subject: "signal", text: "was accepted and names no conversion", find: `
		SELECT signal_id FROM verdict
		WHERE status = 'accepted' AND conversion_id = '' AND goal_id <> 0`}, // one without a goal only ties a customer to a click
	{subject: "signal", text: "its verdict was replaced and none is there", find: `
		SELECT DISTINCT e.signal_id FROM earlier_verdict e
		WHERE NOT EXISTS (SELECT 1 FROM verdict v WHERE v.signal_id = e.signal_id)`},
	{subject: "signal", text: "a verdict on it was replaced that was no rejection", find: `
		SELECT DISTINCT signal_id FROM earlier_verdict WHERE status NOT IN ('rejected', 'queued')`},
	{subject: "signal", text: "its earlier verdicts are not numbered from 1 on", find: `
		SELECT signal_id FROM earlier_verdict GROUP BY signal_id HAVING MIN(number) <> 1 OR MAX(number) <> COUNT(*)`},
	{subject: "signal", text: "has candidates and no verdict", find: `
		SELECT c.signal_id FROM considered c
		WHERE NOT EXISTS (SELECT 1 FROM verdict v WHERE v.signal_id = c.signal_id)`},
	{subject: "conversion", text: "no signal was accepted for it", find: `
		SELECT c.id FROM conversion c
		WHERE c.id NOT IN (SELECT v.conversion_id FROM verdict v WHERE v.status = 'accepted')`},
	{subject: "conversion", text: "is not counted under a claim", find: `
		SELECT c.id FROM conversion c
		WHERE NOT EXISTS (SELECT 1 FROM claim k WHERE k.transaction_id = c.transaction_id
			AND k.goal_id = c.goal_id AND k.offer_id = c.offer_id AND k.test = c.test)`},
	{subject: "order", text: "belongs to no conversion of its offer and goal", find: `
		SELECT o.order_id FROM taken_order o
		WHERE NOT EXISTS (SELECT 1 FROM conversion c WHERE c.id = o.conversion_id
			AND c.offer_id = o.offer_id AND c.goal_id = o.goal_id AND c.test = o.test)`},
	{subject: "conversion", text: "its order ID is not taken, or by another", find: `
		SELECT c.id FROM conversion c
		WHERE c.order_id <> '' AND c.reason <> 'superseded' AND NOT EXISTS (SELECT 1 FROM taken_order o WHERE o.offer_id = c.offer_id
			AND o.goal_id = c.goal_id AND o.test = c.test AND o.order_id = c.order_id AND o.conversion_id = c.id)`},
	{subject: "conversion", text: "is superseded, and counts or has its order still", find: `
		SELECT c.id FROM conversion c WHERE c.reason = 'superseded' AND (c.status <> 'rejected'
			OR EXISTS (SELECT 1 FROM taken_order o WHERE o.offer_id = c.offer_id AND o.goal_id = c.goal_id
				AND o.test = c.test AND o.order_id = c.order_id AND o.conversion_id = c.id))`},
}

// checker compares what is kept twice.
type checker struct {
	s      session
	report func(Problem)
	used   map[settlement.Counter]int64 // by what the conversions say
}

// checkBatch is how many conversions are looked at together.
const checkBatch = 500

// conversions compares every conversion with its entries, and adds up its use of
// caps.
func (c *checker) conversions(ctx context.Context) error {
	const read = `SELECT ` + conversionColumns + ` FROM conversion WHERE id > $1 ORDER BY id LIMIT $2`
	for after := ""; ; {
		batch, err := readConversions(ctx, c.s, read, after, int64(checkBatch))
		if err != nil || len(batch) == 0 {
			return err
		}
		last := batch[len(batch)-1].ID
		entries, err := c.entriesBetween(ctx, after, last)
		if err != nil {
			return err
		}
		for i := range batch {
			c.conversion(&batch[i], entries[batch[i].ID])
		}
		after = last
	}
}

func (c *checker) entriesBetween(ctx context.Context, after, last string) (map[string][]ledger.Entry, error) {
	const read = `SELECT ` + entryColumns + ` FROM entry WHERE conversion_id > $1 AND conversion_id <= $2`
	of := make(map[string][]ledger.Entry, checkBatch)
	err := c.s.query(ctx, func(row scan) error {
		e, err := scanEntry(row)
		of[e.ConversionID] = append(of[e.ConversionID], e)
		return err
	}, read, after, last)
	return of, err
}

func (c *checker) conversion(conv *conversion.Conversion, entries []ledger.Entry) {
	subject := "conversion " + conv.ID
	for _, u := range conv.Memory.CapUse {
		c.used[settlement.Counter{
			OfferID: conv.OfferID, AffiliateID: u.AffiliateID, Goal: u.Goal, Metric: u.Metric, Period: u.Period,
		}] += u.Units
	}
	booked, err := ledger.Sum(entries)
	if err != nil {
		c.report(Problem{subject, "its entries cannot be added up: " + err.Error()})
		return
	}
	position, err := ledger.Sum(ledger.Position(*conv))
	if err != nil {
		c.report(Problem{subject, "its position cannot be added up: " + err.Error()})
		return
	}
	for account := range merged(booked, position) {
		for currency := range merged(booked[account], position[account]) {
			if b, p := booked[account][currency], position[account][currency]; b != p {
				c.report(Problem{subject, fmt.Sprintf("its entries for %s %d (%s) sum to %s and should to %s",
					account.Party, account.ID, account.Book,
					money.Amount{Units: b, Currency: currency}, money.Amount{Units: p, Currency: currency})})
			}
		}
	}
}

// merged gives the keys of both.
func merged[K comparable, V any](a, b map[K]V) map[K]struct{} {
	keys := make(map[K]struct{}, len(a))
	for k := range a {
		keys[k] = struct{}{}
	}
	for k := range b {
		keys[k] = struct{}{}
	}
	return keys
}

// counters compares every counter with what the conversions say and with its
// cap.
func (c *checker) counters(ctx context.Context) error {
	offers, err := c.caps(ctx)
	if err != nil {
		return err
	}
	const read = `SELECT offer_id, affiliate_id, goal, metric, period, used, raised_at FROM counter`
	err = c.s.query(ctx, func(row scan) error {
		var k settlement.Counter
		var used, raised int64
		if err := row(&k.OfferID, &k.AffiliateID, &k.Goal, &k.Metric, &k.Period, &used, &raised); err != nil {
			return err
		}
		if said := c.used[k]; said != used {
			c.report(Problem{capName(k), fmt.Sprintf("counts %d, and the conversions say %d", used, said)})
		}
		delete(c.used, k)
		if of := offers[k.OfferID]; instant(raised).After(of.changed) {
			c.limit(k, used, of.caps)
		}
		return nil
	}, read)
	for k, said := range c.used {
		if said != 0 {
			c.report(Problem{capName(k), fmt.Sprintf("is not counted, and the conversions say %d", said)})
		}
	}
	return err
}

func capName(k settlement.Counter) string {
	name := fmt.Sprintf("cap of %s in %s of offer %d", k.Metric, k.Period, k.OfferID)
	if k.AffiliateID != 0 {
		name += fmt.Sprintf(", affiliate %d", k.AffiliateID)
	}
	if k.Goal != "" {
		name += ", goal " + k.Goal
	}
	return name
}

// limit reports a counter that is over its cap. One that has not been raised
// since the offer was changed is left alone: the cap may have been lowered.
func (c *checker) limit(k settlement.Counter, used int64, caps []offer.Cap) {
	most, bounded := int64(0), false
	for i := range caps {
		if is := &caps[i]; bounds(is, k) && (!bounded || is.Max() > most) {
			most, bounded = is.Max(), true
		}
	}
	if bounded && used > most {
		c.report(Problem{capName(k), fmt.Sprintf("counts %d, over its limit of %d", used, most)})
	}
}

// bounds reports whether a cap is the one that a counter belongs to.
func bounds(c *offer.Cap, k settlement.Counter) bool {
	period, rest, _ := strings.Cut(k.Period, " ")
	_, zone, _ := strings.Cut(rest, " ")
	inZone := zone == c.TimeZone || zone == "" && c.TimeZone == "UTC"
	return c.Metric == k.Metric && c.Period == period && inZone && strings.EqualFold(c.Goal, k.Goal) &&
		c.PerAffiliate == (k.AffiliateID != 0)
}

// offerCaps are an offer's caps, as they have been since it was changed.
type offerCaps struct {
	caps    []offer.Cap
	changed time.Time
}

func (c *checker) caps(ctx context.Context) (map[int64]offerCaps, error) {
	of := make(map[int64]offerCaps)
	var rows []Row[offer.Offer]
	err := c.s.query(ctx, collect(&rows), `SELECT `+documentColumns+` FROM offer`)
	for i := range rows {
		if o := &rows[i].Value; len(o.Caps) > 0 {
			of[o.ID] = offerCaps{o.Caps, rows[i].UpdatedAt}
		}
	}
	return of, err
}
