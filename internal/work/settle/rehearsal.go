package settle

import (
	"cmp"
	"context"
	"fmt"

	"waybill/internal/conversion"
	"waybill/internal/settlement"
	"waybill/internal/signal"
)

// mostRehearsed is how many conversions a dry run remembers. One that is longer
// forgets them all and goes on from what the ledger holds.
const mostRehearsed = 50_000

// rehearsal settles cases on top of the ledger, and writes nothing: it remembers
// what would have been written.
type rehearsal struct {
	ledger      Verdicts
	conversions map[string]conversion.Conversion // as they would be, by ID
	made        map[settlement.Claim][]string    // those that are not in the ledger
	orders      map[order]string                 // whose orders would be
	used        map[settlement.Counter]int64     // beside what the ledger counts
}

// order is what an order ID is unique in.
type order struct {
	test            bool
	offerID, goalID int64
	id              string
}

func orderOf(c *settlement.Case) order {
	return order{c.Claim.Test, c.Claim.OfferID, c.Claim.GoalID, c.OrderID}
}

func newRehearsal(l Verdicts) *rehearsal {
	r := &rehearsal{ledger: l, used: make(map[settlement.Counter]int64)}
	r.forget()
	return r
}

func (r *rehearsal) forget() {
	r.conversions = make(map[string]conversion.Conversion)
	r.made = make(map[settlement.Claim][]string)
	r.orders = make(map[order]string)
}

// settle gives the verdict that a case would have.
func (r *rehearsal) settle(ctx context.Context, c settlement.Case) (signal.Verdict, error) {
	if c.Refusal != nil {
		return *c.Refusal, nil
	}
	out, err := r.judge(ctx, c)
	if err != nil {
		return signal.Verdict{}, err
	}
	if len(out.Lacking) > 0 {
		c = c.With(out.Lacking)
		if out, err = r.judge(ctx, c); err != nil {
			return signal.Verdict{}, err
		}
	}
	r.keep(&c, &out)
	out.Verdict.SignalID = cmp.Or(out.Verdict.SignalID, c.SignalID)
	return out.Verdict, nil
}

func (r *rehearsal) judge(ctx context.Context, c settlement.Case) (settlement.Outcome, error) {
	state, err := r.ledger.Foresee(ctx, c)
	if err != nil {
		return settlement.Outcome{}, err
	}
	r.overlay(&c, &state)
	out, err := c.Judge(state)
	if err != nil {
		return out, fmt.Errorf("judge signal %s: %w", c.SignalID, err)
	}
	return out, nil
}

// overlay puts what would have been written over what the ledger holds.
func (r *rehearsal) overlay(c *settlement.Case, state *settlement.State) {
	for i := range state.Conversions {
		if later, ok := r.conversions[state.Conversions[i].ID]; ok {
			state.Conversions[i] = later
		}
	}
	for _, id := range r.made[c.Claim] {
		state.Conversions = append(state.Conversions, r.conversions[id])
	}
	owner := r.orders[orderOf(c)] // which a server may have taken from the one in the ledger
	if owner == "" && state.Order != nil {
		owner = state.Order.ID
	}
	if later, ok := r.conversions[owner]; ok && c.OrderID != "" {
		state.Order = &later
	}
	for counter := range state.Used {
		state.Used[counter] += r.used[counter]
	}
}

// keep remembers an outcome.
func (r *rehearsal) keep(c *settlement.Case, out *settlement.Outcome) {
	for counter, n := range out.Use {
		r.used[counter] += n
	}
	if out.Conversion == nil {
		return
	}
	if len(r.conversions) >= mostRehearsed {
		r.forget()
	}
	id := out.Conversion.ID
	r.conversions[id] = *out.Conversion
	if out.Beside != nil {
		r.conversions[out.Beside.ID] = *out.Beside
	}
	if out.Conversion.Version == 1 {
		r.made[c.Claim] = append(r.made[c.Claim], id)
	}
	if out.TakeOrder {
		r.orders[orderOf(c)] = id
	}
}
