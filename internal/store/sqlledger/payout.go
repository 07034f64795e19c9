package sqlledger

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"waybill/internal/fault"
	"waybill/internal/money"
	"waybill/internal/payout"
	"waybill/internal/user"
)

// Of what is to be paid: the conversions and adjustments that a payout is asked to
// pay at $2, for what happened before $1.
const (
	toPay    = `status = 'approved' AND NOT test AND occurred_at < $1 AND updated_at <= $2`
	toSettle = `party = 'affiliate' AND payout_id = 0 AND created_at < $1 AND created_at <= $2`
)

// DueFilter says what is asked to be paid. What is left open fits all.
type DueFilter struct {
	AffiliateID int64
	Currency    money.Currency
	Until       time.Time // what happened before
	At          time.Time // as if a payout were asked for at this time
}

// Due gives what each affiliate would be paid, by currency, the largest sum
// first. Who would neither get anything nor owe it is left out.
func (db *DB) Due(ctx context.Context, f DueFilter) ([]payout.Due, error) {
	var all []payout.Due
	err := db.snapshot(ctx, func(s session) (err error) {
		all, err = dueIn(ctx, s, f)
		return err
	})
	all = slices.DeleteFunc(all, func(d payout.Due) bool { return d.Amount.Sign() == 0 })
	slices.SortFunc(all, func(a, b payout.Due) int {
		return cmp.Or(cmp.Compare(a.Currency, b.Currency), b.Amount.Compare(a.Amount), cmp.Compare(a.AffiliateID, b.AffiliateID))
	})
	return all, db.failed(err, "read what is due")
}

// dueIn adds up what is to be paid, in no order.
func dueIn(ctx context.Context, s session, f DueFilter) ([]payout.Due, error) {
	sums := make(dues)
	of, args := "", []any{micros(f.Until), micros(f.At)}
	if f.AffiliateID != 0 {
		args = append(args, f.AffiliateID)
		of += fmt.Sprintf(" AND affiliate_id = $%d", len(args))
	}
	if f.Currency != "" {
		args = append(args, string(f.Currency))
		of += fmt.Sprintf(" AND payout_currency = $%d", len(args))
	}
	conversions := `
		SELECT affiliate_id, payout_currency, COUNT(*), 0, ` + totalOf("payout") + `, 0, 0 FROM conversion
		WHERE ` + toPay + of + ` GROUP BY affiliate_id, payout_currency`
	adjustments := `
		SELECT party_id, currency, 0, COUNT(*), 0, 0, ` + totalOf("amount") + ` FROM adjustment
		WHERE ` + toSettle + strings.NewReplacer("affiliate_id", "party_id", "payout_currency", "currency").Replace(of) + `
		GROUP BY party_id, currency`
	for _, text := range [...]string{conversions, adjustments} {
		if err := s.query(ctx, sums.add, text, args...); err != nil {
			return nil, err
		}
	}
	all := make([]payout.Due, 0, len(sums))
	for _, d := range sums {
		all = append(all, *d)
	}
	return all, nil
}

// dues are what is due while it is added up.
type dues map[payee]*payout.Due

// payee is who is paid by one payout.
type payee struct {
	affiliateID int64
	currency    money.Currency
}

// of gives what is due to one.
func (all dues) of(affiliateID int64, c money.Currency) *payout.Due {
	to := payee{affiliateID, c}
	if all[to] == nil {
		all[to] = &payout.Due{AffiliateID: affiliateID, Currency: c}
	}
	return all[to]
}

// add adds a row.
func (all dues) add(row scan) error {
	var to payee
	var conversions, adjustments int64
	var earned, adjusted [2]int64
	err := row(&to.affiliateID, &to.currency, &conversions, &adjustments, &earned[0], &earned[1], &adjusted[0], &adjusted[1])
	if err != nil {
		return err
	}
	all.of(to.affiliateID, to.currency).Add(conversions, money.Total(earned[0], earned[1], to.currency), adjustments, money.Total(adjusted[0], adjusted[1], to.currency))
	return nil
}

// PlanPayout gives the payout that an order comes to now, and books nothing.
func (db *DB) PlanPayout(ctx context.Context, o payout.Order) (p payout.Payout, err error) {
	err = db.snapshot(ctx, func(s session) (err error) {
		p, err = planIn(ctx, s, &o)
		return err
	})
	return p, db.failed(err, "plan a payout to affiliate %d", o.AffiliateID)
}

func planIn(ctx context.Context, s session, o *payout.Order) (payout.Payout, error) {
	if err := partnerThere(ctx, s, "affiliate", o.AffiliateID); err != nil {
		return payout.Payout{}, err
	}
	due, err := dueIn(ctx, s, DueFilter{AffiliateID: o.AffiliateID, Currency: o.Currency, Until: o.Until, At: o.At})
	if err != nil {
		return payout.Payout{}, err
	}
	d := payout.Due{AffiliateID: o.AffiliateID, Currency: o.Currency}
	if len(due) > 0 {
		d = due[0]
	}
	return o.Plan(&d)
}

// partnerThere refuses what would be about an advertiser or an affiliate that
// there is not.
func partnerThere(ctx context.Context, s session, party string, id int64) error {
	var one int64
	found, err := s.get(ctx, []any{&one}, `SELECT 1 FROM `+party+` WHERE id = $1`, id)
	if err == nil && !found {
		err = fault.At(party+"_id", "there is no %s %d", party, id)
	}
	return err
}

// BeginPayout writes a payout down, to be worked off by ClaimPayout and what
// follows. While one is booking for the same affiliate and currency it is a
// Conflict.
func (db *DB) BeginPayout(ctx context.Context, by user.By, o payout.Order) (payout.Payout, error) {
	o.At, o.Until = instant(micros(o.At)), instant(micros(o.Until))
	var p payout.Payout
	err := db.write(ctx, func(ctx context.Context, s session) error {
		id, err := nextNumber(ctx, s, "payout") // first: it lets one at a time look what is due
		if err != nil {
			return err
		}
		var under int64
		found, err := s.get(ctx, []any{&under}, `SELECT id FROM payout WHERE affiliate_id = $1 AND currency = $2 AND status = 'booking'`,
			o.AffiliateID, string(o.Currency))
		if err != nil {
			return err
		}
		if found {
			return fault.New(fault.Conflict, "payout %d to affiliate %d in %s is being booked; wait until it is booked", under, o.AffiliateID, o.Currency)
		}
		if p, err = askFor(ctx, s, id, &o); err != nil {
			return err
		}
		n, err := noteOf(by, p.CreatedAt, ActionCreate, "payout", id).with(nil, auditedPayout(&p))
		if err != nil {
			return err
		}
		return note(ctx, s, &n)
	})
	if err != nil {
		return payout.Payout{}, db.failed(err, "begin a payout to affiliate %d", o.AffiliateID)
	}
	p.Amount.Units, p.Conversions, p.Adjustments = 0, 0, 0 // nothing is paid yet
	return p, nil
}

// askFor writes down what a payout is asked to pay, and the payout. Adjustments are
// numbered in the order in which they are committed, conversions are named one by
// one: what is committed behind this belongs to the next payout, whatever its time.
func askFor(ctx context.Context, s session, id int64, o *payout.Order) (payout.Payout, error) {
	const lines = `
		INSERT INTO payout_line (payout_id, conversion_id, version)
		SELECT CAST($3 AS BIGINT), id, version FROM conversion WHERE ` + toPay + ` AND affiliate_id = $4 AND payout_currency = $5`
	const insert = `
		INSERT INTO payout (id, affiliate_id, currency, until_at, status, amount, conversions, adjustments, reference, note,
			created_at, booked_at, version, through_id, leased_until, adjusted_through)
		VALUES ($1, $2, $3, $4, $5, 0, 0, 0, $6, $7, $8, 0, 1, '', 0, $9)`
	earned := `
		SELECT c.affiliate_id, c.payout_currency, COUNT(*), 0, ` + totalOf("c.payout") + `, 0, 0
		FROM payout_line l JOIN conversion c ON c.id = l.conversion_id AND c.version = l.version
		WHERE l.payout_id = $1 GROUP BY c.affiliate_id, c.payout_currency`
	adjusted := `
		SELECT party_id, currency, 0, COUNT(*), 0, 0, ` + totalOf("amount") + ` FROM adjustment
		WHERE ` + toSettle + ` AND party_id = $3 AND currency = $4 AND id <= $5 GROUP BY party_id, currency`
	until, at, currency := micros(o.Until), micros(o.At), string(o.Currency)
	if err := partnerThere(ctx, s, "affiliate", o.AffiliateID); err != nil {
		return payout.Payout{}, err
	}
	if _, err := s.exec(ctx, lines, until, at, id, o.AffiliateID, currency); err != nil {
		return payout.Payout{}, fmt.Errorf("write down what is to be paid: %w", err)
	}
	var through int64
	if err := s.must(ctx, "number", []any{&through}, `SELECT COALESCE(MAX(id), 0) FROM adjustment`); err != nil {
		return payout.Payout{}, err
	}
	sums := make(dues)
	if err := s.query(ctx, sums.add, earned, id); err != nil {
		return payout.Payout{}, err
	}
	if err := s.query(ctx, sums.add, adjusted, until, at, o.AffiliateID, currency, through); err != nil {
		return payout.Payout{}, err
	}
	p, err := o.Plan(sums.of(o.AffiliateID, o.Currency))
	if err != nil {
		return p, err
	}
	p.ID, p.Status, p.Version = id, payout.Booking, 1
	_, err = s.exec(ctx, insert, id, p.AffiliateID, currency, until, string(p.Status), p.Reference, p.Note, at, through)
	return p, err
}

// auditedPayout is a payout as the audit keeps it.
func auditedPayout(p *payout.Payout) any {
	return struct {
		AffiliateID int64         `json:"affiliate_id"`
		Status      payout.Status `json:"status"`
		Until       time.Time     `json:"until"`
		Amount      money.Amount  `json:"amount"`
		Conversions int64         `json:"conversions"`
		Adjustments int64         `json:"adjustments"`
		Reference   string        `json:"reference"`
		Note        string        `json:"note"`
	}{p.AffiliateID, p.Status, p.Until, p.Amount, p.Conversions, p.Adjustments, p.Reference, p.Note}
}

// payoutColumns are in the order of scanPayout. The sums of one that is booking
// stand elsewhere: see shownPayout.
const payoutColumns = `id, affiliate_id, until_at, status, currency, amount, conversions, adjustments, reference, note,
	created_at, booked_at, version`

// shownPayout selects payouts with what those that are booking have come to.
const shownPayout = `
	SELECT p.id, p.affiliate_id, p.until_at, p.status, p.currency,
		CASE WHEN p.status = 'booking' THEN (SELECT CAST(COALESCE(SUM(c.payout), 0) AS BIGINT) FROM conversion c
			WHERE c.payout_id = p.id AND c.payout_id <> 0) ELSE p.amount END,
		CASE WHEN p.status = 'booking' THEN (SELECT COUNT(*) FROM conversion c
			WHERE c.payout_id = p.id AND c.payout_id <> 0) ELSE p.conversions END,
		p.adjustments, p.reference, p.note, p.created_at, p.booked_at, p.version
	FROM payout p`

func scanPayout(read scan) (p payout.Payout, err error) {
	var until, created, booked int64
	err = read(&p.ID, &p.AffiliateID, &until, &p.Status, &p.Amount.Currency, &p.Amount.Units, &p.Conversions, &p.Adjustments,
		&p.Reference, &p.Note, &created, &booked, &p.Version)
	p.Until, p.CreatedAt, p.BookedAt = instant(until), instant(created), instant(booked)
	return p, err
}

// payoutIn reads one payout as its row says, with a lock where lock names one. It
// gives nil where there is none.
func payoutIn(ctx context.Context, s session, id int64, lock string) (*payout.Payout, error) {
	var found *payout.Payout
	err := s.query(ctx, func(row scan) error {
		p, err := scanPayout(row)
		found = &p
		return err
	}, `SELECT `+payoutColumns+` FROM payout WHERE id = $1`+lock, id)
	return found, err
}

// payoutToChange reads a payout that nobody else changes until the transaction
// ends.
func payoutToChange(ctx context.Context, s session, id int64) (*payout.Payout, error) {
	p, err := payoutIn(ctx, s, id, s.texts.engine.forUpdate())
	if err == nil && p == nil {
		err = notFound("payout " + strconv.FormatInt(id, 10))
	}
	return p, err
}

// holdPayout reads a payout, which stays as it is until the transaction ends.
func holdPayout(ctx context.Context, s session, id int64) (*payout.Payout, error) {
	return payoutIn(ctx, s, id, s.texts.engine.forShare())
}

// Payout gives one payout.
func (db *DB) Payout(ctx context.Context, id int64) (payout.Payout, error) {
	p, err := onePayout(ctx, db.read(), id)
	return p, db.failed(err, "read payout %d", id)
}

func onePayout(ctx context.Context, s session, id int64) (p payout.Payout, err error) {
	found := false
	err = s.query(ctx, func(row scan) (err error) {
		found = true
		p, err = scanPayout(row)
		return err
	}, shownPayout+` WHERE p.id = $1`, id)
	if err == nil && !found {
		err = notFound("payout " + strconv.FormatInt(id, 10))
	}
	return p, err
}

// PayoutFilter picks payouts. What is left open fits all.
type PayoutFilter struct {
	AffiliateID int64
	Currency    money.Currency
	Status      payout.Status
	Page
}

// Payouts lists payouts, the newest first, and gives the cursor of the next page,
// empty behind the last.
func (db *DB) Payouts(ctx context.Context, f PayoutFilter) ([]payout.Payout, string, error) {
	q := newSelection(shownPayout, "p.id")
	q.number("p.affiliate_id", f.AffiliateID)
	q.text("p.currency", string(f.Currency))
	q.text("p.status", string(f.Status))
	var all []payout.Payout
	next, err := q.newestNumberFirst(ctx, db.read(), f.Page, func(row scan) (int64, error) {
		p, err := scanPayout(row)
		all = append(all, p)
		return p.ID, err
	})
	return all[:min(len(all), f.limit())], next, db.failed(err, "list payouts")
}

// newestNumberFirst is newestFirst where the key is a number.
func (q *selection) newestNumberFirst(ctx context.Context, s session, p Page, row func(scan) (int64, error)) (string, error) {
	if p.Cursor != "" {
		n, err := strconv.ParseInt(p.Cursor, 10, 64)
		if err != nil {
			return "", badCursor()
		}
		q.where(q.key+" < ?", n)
	}
	p.Cursor = ""
	return q.newestFirst(ctx, s, p, func(read scan) (string, error) {
		n, err := row(read)
		return strconv.FormatInt(n, 10), err
	})
}

// ChangePayout changes what is said of a payout: its reference and its note. The
// error of change is returned as it is, and nothing is changed then.
func (db *DB) ChangePayout(ctx context.Context, by user.By, id, ifVersion int64, change func(*payout.Payout) error) (p payout.Payout, err error) {
	const update = `UPDATE payout SET reference = $2, note = $3, version = version + 1 WHERE id = $1`
	err = db.write(ctx, func(ctx context.Context, s session) error {
		held, err := payoutToChange(ctx, s, id)
		if err != nil {
			return err
		}
		if ifVersion != 0 && ifVersion != held.Version {
			return fault.New(fault.Stale, "payout %d is at version %d by now, not %d", id, held.Version, ifVersion)
		}
		before := auditedPayout(held)
		if err := change(held); err != nil {
			return err
		}
		n, err := noteOf(by, db.now(), ActionChange, "payout", id).with(before, auditedPayout(held))
		if err != nil {
			return err
		}
		if err := note(ctx, s, &n); err != nil {
			return err
		}
		if _, err := s.exec(ctx, update, id, held.Reference, held.Note); err != nil {
			return err
		}
		p, err = onePayout(ctx, s, id)
		return err
	})
	return p, db.failed(err, "change payout %d", id)
}
