package sqlledger

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"waybill/internal/settlement"
)

// draft is an outcome as it is written: all that needs neither the ledger nor a
// lock is done.
type draft struct {
	settlement.Outcome
	conversion []any // the arguments of its statement
	beside     []any // those of the one that loses its order
	entries    rows
	owed       rows
}

// foresee judges a case as most of them turn out, with nothing in the ledger of
// its claim and its order, before anything is locked: SQLite's one writer, or
// whoever waits for the claim on PostgreSQL, is not kept waiting by it. The
// transaction finds out whether it is so. It gives nil where it cannot tell: for
// a refusal, and under a cap, whose use is known by its lock alone. A failure is
// nothing to tell either: the case is judged again, in the state that is there.
func foresee(c *settlement.Case, now time.Time) (d *draft) {
	defer func() {
		if recover() != nil {
			d = nil
		}
	}()
	if c.Refusal != nil || len(c.Counters) > 0 {
		return nil
	}
	d, err := judge(c, settlement.State{}, now)
	if err != nil {
		return nil
	}
	return d
}

// judge has a case judged in a state, and prepares what is written.
func judge(c *settlement.Case, state settlement.State, now time.Time) (*draft, error) {
	out, err := c.Judge(state)
	if err != nil {
		return nil, fmt.Errorf("judge: %w", err)
	}
	if len(out.Lacking) > 0 {
		return nil, &lacking{out.Lacking}
	}
	out.Verdict.SignalID = c.SignalID
	out.Verdict.SettledAt = cmp.Or(out.Verdict.SettledAt, now)
	d := &draft{Outcome: out, entries: entryRows(c.SignalID, out.Entries)}
	if conv := out.Conversion; conv != nil {
		if d.conversion, err = conversionArgs(conv, c.Claim.TransactionID); err != nil {
			return nil, fmt.Errorf("encode conversion %s: %w", conv.ID, err)
		}
	}
	if conv := out.Beside; conv != nil {
		if d.beside, err = conversionArgs(conv, ""); err != nil { // its claim is not changed
			return nil, fmt.Errorf("encode conversion %s: %w", conv.ID, err)
		}
	}
	if d.owed, err = deliveryRows(out.Owed); err != nil {
		return nil, fmt.Errorf("encode the owed postbacks: %w", err)
	}
	return d, nil
}

// orderOwner gives the conversion that a free order ID goes to, as far as that
// is known before it is locked.
func (d *draft) orderOwner() string {
	if d == nil || !d.TakeOrder || d.Conversion == nil {
		return ""
	}
	return d.Conversion.ID
}

// write writes all but the verdict.
func (d *draft) write(ctx context.Context, s session, c *settlement.Case, h *held, state settlement.State) error {
	if err := checkOutcome(c, state, &d.Outcome, h.orderFree == 1); err != nil {
		return err
	}
	if conv := d.Beside; conv != nil {
		if err := writeConversion(ctx, s, state, conv, d.beside); err != nil {
			return fmt.Errorf("write conversion %s: %w", conv.ID, err)
		}
	}
	if conv := d.Conversion; conv != nil {
		if err := writeConversion(ctx, s, state, conv, d.conversion); err != nil {
			return fmt.Errorf("write conversion %s: %w", conv.ID, err)
		}
	}
	if c.OrderID != "" {
		if err := settleOrder(ctx, s, c, h, &d.Outcome); err != nil {
			return fmt.Errorf("write order %q: %w", c.OrderID, err)
		}
	}
	if err := d.entries.run(ctx, s); err != nil {
		return fmt.Errorf("write the entries: %w", err)
	}
	if err := addUse(ctx, s, c, &d.Outcome); err != nil {
		return fmt.Errorf("write the use of caps: %w", err)
	}
	if err := d.owed.run(ctx, s); err != nil {
		return fmt.Errorf("write the owed postbacks: %w", err)
	}
	return nil
}
