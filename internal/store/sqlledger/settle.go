package sqlledger

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"waybill/internal/conversion"
	"waybill/internal/fault"
	"waybill/internal/money"
	"waybill/internal/settlement"
	"waybill/internal/signal"
)

// Settle writes what a signal leads to, all of it or nothing, and gives the
// verdict. A signal that has one already keeps it, and nothing else happens.
//
// Rows are locked in one order by everybody: verdict, claim, order, counters,
// payout.
// On PostgreSQL one that somebody holds for long is a fault.Limited: the ledger is
// there, and other signals may be settled.
//
// c.Judge may run more than once: before the transaction (foresee), and if that
// has to be run again.
func (db *DB) Settle(ctx context.Context, c settlement.Case) (signal.Verdict, error) {
	now := db.now()
	expected := foresee(&c, now)
	v, err := db.settleHolding(ctx, db.writer.sure, c, func(ctx context.Context, s session, c *settlement.Case) (signal.Verdict, error) {
		return settleIn(ctx, s, c, expected, now)
	})
	if errors.Is(err, errSettled) {
		return db.Verdict(ctx, c.SignalID)
	}
	if _, ok := errors.AsType[*unsure](err); ok {
		if known, e := db.Verdict(ctx, c.SignalID); e == nil {
			return known, nil
		}
	}
	if err != nil {
		return signal.Verdict{}, fmt.Errorf("settle signal %s: %w", c.SignalID, db.engine.explain(err))
	}
	return v, nil
}

// mostHeld is how often a case is begun again to hold more. What it lacks depends
// on whose the order is, which may be another by then.
const mostHeld = 4

// settleHolding runs settle in a transaction, and in another that holds more
// where the case turns out to lack something: locks are taken in one order by
// everybody, so none can be taken behind the others.
func (db *DB) settleHolding(
	ctx context.Context, write func(context.Context, func(context.Context, session) error) error, c settlement.Case,
	settle func(context.Context, session, *settlement.Case) (signal.Verdict, error),
) (v signal.Verdict, err error) {
	for range mostHeld {
		err = write(ctx, func(ctx context.Context, s session) (err error) {
			if text := db.engine.lockPatience(); text != "" {
				if err := s.later(ctx, text); err != nil {
					return err
				}
			}
			v, err = settle(ctx, s, &c)
			return err
		})
		more, ok := errors.AsType[*lacking](err)
		if !ok {
			return v, err
		}
		c = c.With(more.counters)
	}
	return v, errAgain
}

// lacking ends the transaction of a case that has to hold more. It never leaves
// settleHolding.
type lacking struct{ counters []settlement.Counter }

func (l *lacking) Error() string { return "the case has to hold more caps" }

// errSettled ends the transaction of a signal that has its verdict already. It
// never leaves Settle.
var errSettled = errors.New("the signal is settled already")

// settleIn settles a case in a transaction. expected is what comes of it if the
// ledger knows nothing of its claim and its order; nil where that tells nothing.
func settleIn(ctx context.Context, s session, c *settlement.Case, expected *draft, now time.Time) (signal.Verdict, error) {
	first := openVerdict(c, expected)
	first.SettledAt = cmp.Or(first.SettledAt, now)
	added := unknown
	if err := insertVerdict(ctx, s, &added, c.SignalID, &first); err != nil {
		return first, fmt.Errorf("insert the verdict: %w", err)
	}
	if c.Refusal != nil {
		if err := s.now(ctx); err != nil {
			return first, fmt.Errorf("insert the refusal: %w", err)
		}
	}
	if err := settledBefore(added); err != nil || c.Refusal != nil {
		return first, err
	}
	held, err := lockCase(ctx, s, c, expected.orderOwner())
	if err != nil {
		return first, fmt.Errorf("lock the claim: %w", err)
	}
	if err := settledBefore(added); err != nil {
		return first, err
	}
	if expected != nil && held.new(c) {
		return first, expected.write(ctx, s, c, held, settlement.State{})
	}
	state, err := held.state(ctx, s, c)
	if err != nil {
		return first, fmt.Errorf("read the claim: %w", err)
	}
	d, err := judge(c, state, now)
	if err != nil {
		return first, err
	}
	if err := d.write(ctx, s, c, held, state); err != nil {
		return first, err
	}
	if err := updateVerdict(ctx, s, &d.Verdict); err != nil {
		return first, fmt.Errorf("write the verdict: %w", err)
	}
	return d.Verdict, nil
}

// unknown is the number of rows that a statement has changed whose answer has
// not come yet.
const unknown int64 = -1

func settledBefore(added int64) error {
	if added == 0 {
		return errSettled
	}
	return nil
}

// openVerdict gives the verdict that is inserted to hold the signal's place: the
// refusal, what is expected, or what is known of the signal before it is judged.
func openVerdict(c *settlement.Case, expected *draft) signal.Verdict {
	if c.Refusal != nil {
		return *c.Refusal
	}
	if expected != nil {
		return expected.Verdict
	}
	return signal.Verdict{
		Status: signal.Queued, Code: signal.CodeQueued, SignalID: c.SignalID, Test: c.Claim.Test,
		TransactionID: c.Claim.TransactionID, OfferID: c.Claim.OfferID, GoalID: c.Claim.GoalID,
	}
}

// held is what the locks of a case have shown.
type held struct {
	signals   int64  // on the claim, this one included
	orderFree int64  // 1 if the order ID was free, and is held now
	owner     string // whose it is now then; empty when nobody's
	used      []int64
}

// new reports whether the ledger knew nothing of the case's claim and order.
func (h *held) new(c *settlement.Case) bool {
	return h.signals == 1 && (c.OrderID == "" || h.orderFree == 1)
}

// lockCase takes the case's rows, all in one round trip where the engine has
// round trips. An order ID that is free is given to owner.
func lockCase(ctx context.Context, s session, c *settlement.Case, owner string) (*held, error) {
	const claim = `
		INSERT INTO claim (transaction_id, goal_id, offer_id, test, signals)
		VALUES ($1, $2, $3, $4, 1)
		ON CONFLICT (transaction_id, goal_id, offer_id, test) DO UPDATE SET signals = claim.signals + 1
		RETURNING signals`
	const order = `
		INSERT INTO taken_order (offer_id, goal_id, test, order_id, conversion_id)
		VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (offer_id, goal_id, test, order_id) DO NOTHING`
	h := &held{owner: owner, used: make([]int64, len(c.Counters))}
	k := c.Claim
	err := s.laterGet(ctx, []any{&h.signals}, claim, k.TransactionID, k.GoalID, k.OfferID, k.Test)
	if err != nil {
		return nil, err
	}
	if c.OrderID != "" {
		if err := s.laterChange(ctx, &h.orderFree, order, k.OfferID, k.GoalID, k.Test, c.OrderID, owner); err != nil {
			return nil, err
		}
	}
	for i := range c.Counters {
		if err := lockCounter(ctx, s, &c.Counters[i], &h.used[i]); err != nil {
			return nil, err
		}
	}
	return h, s.now(ctx)
}

// state reads what the held rows stand for.
func (h *held) state(ctx context.Context, s session, c *settlement.Case) (state settlement.State, err error) {
	if len(c.Counters) > 0 {
		state.Used = make(map[settlement.Counter]int64, len(c.Counters))
	}
	for i, counter := range c.Counters {
		state.Used[counter] = h.used[i]
	}
	if c.OrderID != "" && h.orderFree == 0 {
		if state.Order, err = ownerOfOrder(ctx, s, c); err != nil {
			return state, fmt.Errorf("read whose order %q is: %w", c.OrderID, err)
		}
	}
	if c.PayoutID != 0 {
		if state.Payout, err = holdPayout(ctx, s, c.PayoutID); err != nil {
			return state, fmt.Errorf("read payout %d: %w", c.PayoutID, err)
		}
	}
	if h.signals > 1 {
		state.Conversions, err = conversionsOfClaim(ctx, s, c.Claim)
	}
	if err == nil && c.PayoutID != 0 {
		state.Asked, err = askedOf(ctx, s, c.PayoutID, state.Conversions)
	}
	return state, err
}

// ownerOfOrder gives the conversion that has taken the case's order ID.
func ownerOfOrder(ctx context.Context, s session, c *settlement.Case) (*conversion.Conversion, error) {
	const read = `
		SELECT conversion_id FROM taken_order
		WHERE offer_id = $1 AND goal_id = $2 AND test = $3 AND order_id = $4`
	var id string
	found, err := s.get(ctx, []any{&id}, read, c.Claim.OfferID, c.Claim.GoalID, c.Claim.Test, c.OrderID)
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, errAgain // it was given back in between
	}
	conv, err := conversionOf(ctx, s, id)
	return &conv, err
}

// checkOutcome refuses an outcome that the case has not locked for, which would
// be written without protection, and money that comes from nowhere.
func checkOutcome(c *settlement.Case, state settlement.State, out *settlement.Outcome, taken bool) error {
	from := out.Beside
	if out.TakeOrder && (out.Conversion == nil || !taken && from == nil) {
		return fault.New(fault.Internal, "the outcome takes order %q, which is not its own to take", c.OrderID)
	}
	if from != nil && (!out.TakeOrder || taken || state.Order == nil || state.Order.ID != from.ID || from.Version == 1) {
		return fault.New(fault.Internal, "the outcome takes order %q from conversion %s, which does not have it", c.OrderID, from.ID)
	}
	for counter := range out.Use {
		if _, ok := state.Used[counter]; !ok {
			return fault.New(fault.Internal, "the outcome uses the cap %v, which the case does not hold", counter)
		}
	}
	sums := make(map[money.Currency]int64, 1)
	for i := range out.Entries {
		sums[out.Entries[i].Amount.Currency] += out.Entries[i].Amount.Units
	}
	for currency, sum := range sums {
		if sum != 0 {
			return fault.New(fault.Internal, "the outcome's entries in %s do not sum to zero", currency)
		}
	}
	return nil
}

// settleOrder gives the held order ID to the outcome's conversion, or back.
func settleOrder(ctx context.Context, s session, c *settlement.Case, h *held, out *settlement.Outcome) error {
	const take = `
		UPDATE taken_order SET conversion_id = $1
		WHERE offer_id = $2 AND goal_id = $3 AND test = $4 AND order_id = $5`
	const giveBack = `
		DELETE FROM taken_order
		WHERE offer_id = $1 AND goal_id = $2 AND test = $3 AND order_id = $4`
	const takeFrom = `
		UPDATE taken_order SET conversion_id = $1
		WHERE offer_id = $2 AND goal_id = $3 AND test = $4 AND order_id = $5 AND conversion_id = $6`
	switch {
	case out.Beside != nil:
		n, err := s.exec(ctx, takeFrom, out.Conversion.ID, c.Claim.OfferID, c.Claim.GoalID, c.Claim.Test, c.OrderID, out.Beside.ID)
		if err == nil && n != 1 {
			err = errAgain
		}
		return err
	case h.orderFree != 1:
		return nil
	case out.TakeOrder && out.Conversion.ID == h.owner:
		return nil
	case out.TakeOrder:
		return s.later(ctx, take, out.Conversion.ID, c.Claim.OfferID, c.Claim.GoalID, c.Claim.Test, c.OrderID)
	}
	return s.later(ctx, giveBack, c.Claim.OfferID, c.Claim.GoalID, c.Claim.Test, c.OrderID)
}
