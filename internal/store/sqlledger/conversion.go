package sqlledger

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"waybill/internal/conversion"
	"waybill/internal/settlement"
	"waybill/internal/txid"
)

// conversionColumns are in the order of scanConversion and conversionArgs.
const conversionColumns = `id, test, offer_id, goal_id, goal, advertiser_id, affiliate_id, order_id, channel, status,
	amount, amount_currency, payout, payout_currency, revenue, revenue_currency, term,
	amount_known, amount_by_server, seen_by_server, seen_by_client, customer_id, coupon, items,
	touch, adv, memory, extra, occurred_at, created_at, updated_at, version, reason, payout_id`

func scanConversion(read scan) (conversion.Conversion, error) {
	var c conversion.Conversion
	var touch, adv, memory, extra string
	var occurred, created, updated int64
	err := read(&c.ID, &c.Test, &c.OfferID, &c.GoalID, &c.GoalCode, &c.AdvertiserID, &c.AffiliateID, &c.OrderID,
		&c.Channel, &c.Status, &c.Amount.Units, &c.Amount.Currency, &c.Payout.Units, &c.Payout.Currency,
		&c.Revenue.Units, &c.Revenue.Currency, &c.Term, &c.AmountKnown, &c.AmountByServer, &c.SeenByServer,
		&c.SeenByClient, &c.CustomerID, &c.Coupon, &c.Items, &touch, &adv, &memory, &extra,
		&occurred, &created, &updated, &c.Version, &c.Reason, &c.PayoutID)
	if err != nil {
		return c, err
	}
	c.OccurredAt, c.CreatedAt, c.UpdatedAt = instant(occurred), instant(created), instant(updated)
	for _, part := range []struct {
		text string
		into any
	}{{touch, &c.Touch}, {adv, &c.Adv}, {memory, &c.Memory}, {extra, &c.Extra}} {
		if part.text == "" {
			continue
		}
		if err := json.Unmarshal([]byte(part.text), part.into); err != nil {
			return c, fmt.Errorf("read conversion %s: %w", c.ID, err)
		}
	}
	return c, nil
}

// conversionArgs are in the order of conversionColumns, with the transaction ID
// of the claim behind them.
func conversionArgs(c *conversion.Conversion, transactionID string) ([]any, error) {
	touch, err := json.Marshal(c.Touch)
	if err != nil {
		return nil, err
	}
	adv, err := list(c.Adv)
	if err != nil {
		return nil, err
	}
	memory, err := json.Marshal(c.Memory)
	if err != nil {
		return nil, err
	}
	extra := ""
	if len(c.Extra) > 0 {
		b, err := json.Marshal(c.Extra)
		if err != nil {
			return nil, err
		}
		extra = string(b)
	}
	return []any{
		c.ID, c.Test, c.OfferID, c.GoalID, c.GoalCode, c.AdvertiserID, c.AffiliateID, c.OrderID, c.Channel,
		string(c.Status), c.Amount.Units, string(c.Amount.Currency), c.Payout.Units, string(c.Payout.Currency),
		c.Revenue.Units, string(c.Revenue.Currency), c.Term, c.AmountKnown, c.AmountByServer, c.SeenByServer,
		c.SeenByClient, c.CustomerID, c.Coupon, c.Items, string(touch), adv, string(memory), extra,
		micros(c.OccurredAt), micros(c.CreatedAt), micros(c.UpdatedAt), int64(c.Version), string(c.Reason), c.PayoutID,
		transactionID,
	}, nil
}

// list is how a list of texts is kept, an empty one as an empty text.
func list(values []string) (string, error) {
	if len(values) == 0 {
		return "", nil
	}
	b, err := json.Marshal(values)
	return string(b), err
}

// conversionsOfClaim gives a claim's conversions, oldest first.
func conversionsOfClaim(ctx context.Context, s session, c settlement.Claim) ([]conversion.Conversion, error) {
	const read = `
		SELECT ` + conversionColumns + ` FROM conversion
		WHERE transaction_id = $1 AND goal_id = $2 AND offer_id = $3 AND test = $4
		ORDER BY created_at, id`
	return readConversions(ctx, s, read, c.TransactionID, c.GoalID, c.OfferID, c.Test)
}

func readConversions(ctx context.Context, s session, text string, args ...any) ([]conversion.Conversion, error) {
	var all []conversion.Conversion
	err := s.query(ctx, func(row scan) error {
		c, err := scanConversion(row)
		all = append(all, c)
		return err
	}, text, args...)
	return all, err
}

func conversionOf(ctx context.Context, s session, id string) (conversion.Conversion, error) {
	const read = `SELECT ` + conversionColumns + ` FROM conversion WHERE id = $1`
	found, err := readConversions(ctx, s, read, id)
	if err != nil {
		return conversion.Conversion{}, err
	}
	if len(found) == 0 {
		return conversion.Conversion{}, notFound("conversion " + id)
	}
	return found[0], nil
}

// writeConversion inserts a conversion of version 1 and changes any other, and
// notes the change. A changed one must still be as the state has it.
func writeConversion(ctx context.Context, s session, state settlement.State, c *conversion.Conversion, args []any) error {
	if c.Version == 1 {
		return insertConversion(ctx, s, c, args)
	}
	before := beforeOf(state, c)
	if before == nil {
		return fmt.Errorf("version %d does not follow from what was looked up", c.Version)
	}
	const update = `
		UPDATE conversion SET test = $2, offer_id = $3, goal_id = $4, goal = $5, advertiser_id = $6,
			affiliate_id = $7, order_id = $8, channel = $9, status = $10, amount = $11, amount_currency = $12,
			payout = $13, payout_currency = $14, revenue = $15, revenue_currency = $16, term = $17,
			amount_known = $18, amount_by_server = $19, seen_by_server = $20, seen_by_client = $21,
			customer_id = $22, coupon = $23, items = $24, touch = $25, adv = $26, memory = $27, extra = $28,
			occurred_at = $29, created_at = $30, updated_at = $31, version = $32, reason = $33, payout_id = $34
		WHERE id = $1 AND version = $32 - 1`
	changed, err := s.exec(ctx, update, args[:len(args)-1]...)
	if err != nil {
		return err
	}
	if changed != 1 {
		return errAgain
	}
	doc, err := json.Marshal(conversionDoc{*before, before.Memory})
	if err != nil {
		return err
	}
	return insertChange(ctx, s, c, string(doc))
}

func insertConversion(ctx context.Context, s session, c *conversion.Conversion, args []any) error {
	const insert = `
		INSERT INTO conversion (` + conversionColumns + `, transaction_id)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21,
			$22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34, $35)`
	if err := s.later(ctx, insert, args...); err != nil {
		return err
	}
	return insertChange(ctx, s, c, "")
}

// beforeOf gives the conversion that c is the next version of.
func beforeOf(state settlement.State, c *conversion.Conversion) *conversion.Conversion {
	for i := range state.Conversions {
		if known := &state.Conversions[i]; known.ID == c.ID && known.Version == c.Version-1 {
			return known
		}
	}
	if o := state.Order; o != nil && o.ID == c.ID && o.Version == c.Version-1 {
		return o
	}
	return nil
}

// Conversion gives one conversion.
func (db *DB) Conversion(ctx context.Context, id string) (conversion.Conversion, error) {
	c, err := conversionOf(ctx, db.read(), id)
	return c, db.failed(err, "read conversion %s", id)
}

// ConversionFilter picks conversions. What is left open fits all.
type ConversionFilter struct {
	TransactionID string
	OfferID       int64
	AffiliateID   int64
	AdvertiserID  int64
	Status        conversion.Status
	Goal          string
	OrderID       string
	PayoutID      int64
	Test          bool      // real or test traffic; a TransactionID fits both
	From, Until   time.Time // of the first signal's receipt, From inclusive
	Page
}

// Conversions lists conversions, the newest first, and gives the cursor of the
// next page, empty behind the last.
func (db *DB) Conversions(ctx context.Context, f ConversionFilter) ([]conversion.Conversion, string, error) {
	q := newSelection("SELECT "+conversionColumns+" FROM conversion", "id")
	q.text("transaction_id", f.TransactionID)
	q.number("offer_id", f.OfferID)
	q.number("affiliate_id", f.AffiliateID)
	q.text("status", string(f.Status))
	q.text("goal", f.Goal)
	q.text("order_id", f.OrderID)
	if f.PayoutID != 0 { // in a form that its index is of use for
		q.where("payout_id <> 0 AND payout_id = ?", f.PayoutID)
	}
	if f.AdvertiserID != 0 {
		q.where("offer_id IN (SELECT o.id FROM offer o WHERE o.advertiser_id = ?)", f.AdvertiserID)
		q.number("advertiser_id", f.AdvertiserID)
	}
	if f.TransactionID == "" {
		q.minted(txid.Conversion, f.Test, f.From, f.Until)
	}
	var page []conversion.Conversion
	next, err := q.newestFirst(ctx, db.read(), f.Page, func(row scan) (string, error) {
		c, err := scanConversion(row)
		page = append(page, c)
		return c.ID, err
	})
	if err != nil {
		return nil, "", db.failed(err, "list conversions")
	}
	return page[:min(len(page), f.limit())], next, nil
}
