package settlement

import (
	"fmt"

	"waybill/internal/conversion"
	"waybill/internal/param"
	"waybill/internal/signal"
)

// pay prepares the signal by which a payout pays a conversion. Neither the offer
// nor the click nor a window has a say: what was approved is owed.
func (h *hearing) pay() Case {
	h.tid = h.s.Value(param.TransactionID)
	if len(h.Targets) == 0 {
		why := fmt.Sprintf("there is no conversion %q", h.s.Value(param.ConversionID))
		return h.dismiss(refuse(signal.Conflict, signal.Detail{Why: why}, "%s", why))
	}
	t := &h.Targets[0]
	h.target, h.claim, h.tid, h.test = t, ClaimOf(t), t.Touch.TransactionID, t.Test
	h.parts.Offer = t.OfferID
	h.goal, _ = h.Catalog.Goal(t.GoalID)
	return Case{SignalID: h.s.ID.String(), Claim: h.claim, PayoutID: h.s.PayoutID, Judge: h.judgePaid}
}

// judgePaid pays the conversion, if the payout covers it as it stands.
func (h *hearing) judgePaid(st State) (Outcome, error) {
	c, r := h.named(st, h.target.ID)
	if r == nil {
		r = h.checkPayable(st, c)
	}
	switch {
	case r != nil && c != nil:
		return Outcome{Verdict: h.refusedOn(*c, r)}, nil
	case r != nil:
		return Outcome{Verdict: h.refused(r)}, nil
	}
	v := h.verdict(signal.Duplicate, signal.CodeDuplicate, fmt.Sprintf("payout %d has paid it already", h.s.PayoutID), signal.Detail{})
	v.ConversionID = c.ID
	if c.PayoutID == h.s.PayoutID {
		return Outcome{Verdict: v}, nil
	}
	next := *c
	next.Status, next.PayoutID = conversion.Paid, h.s.PayoutID
	next.Version, next.UpdatedAt = c.Version+1, h.Now
	out := Outcome{Verdict: h.verdict(signal.Updated, signal.CodeUpdated,
		fmt.Sprintf("payout %d pays it", h.s.PayoutID), signal.Detail{Why: changes(*c, next)})}
	err := h.write(&out, *c, next)
	return out, err
}

// checkPayable says why the payout does not pay c.
func (h *hearing) checkPayable(st State, c *conversion.Conversion) *refusal {
	switch {
	case c.PayoutID == h.s.PayoutID || st.Payout != nil && st.Payout.Covers(c, st.Asked[c.ID]):
		return nil
	case c.Status != conversion.Approved:
		return refuse(signal.TransitionNotAllowed, signal.Detail{Got: string(c.Status), Want: string(conversion.Paid)},
			"it is %s, and a payout pays what is approved", c.Status)
	default:
		why := "it was changed since the payout was asked for, or that has ended; it waits for the next one"
		return refuse(signal.TransitionNotAllowed, signal.Detail{Why: why}, "payout %d does not cover it", h.s.PayoutID)
	}
}
