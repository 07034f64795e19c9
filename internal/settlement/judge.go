package settlement

import (
	"slices"

	"waybill/internal/conversion"
	"waybill/internal/ledger"
	"waybill/internal/offer"
	"waybill/internal/signal"
)

// judge gives the outcome of the signal in the state that the ledger holds.
func (h *hearing) judge(st State) (Outcome, error) {
	if c := h.past(st); c != nil {
		return Outcome{Verdict: h.refusedOn(*c, h.superseded(c))}, nil
	}
	if st.Order != nil && h.foreign(st.Order) {
		switch {
		case h.s.Click.IsZero() && h.target == nil: // counted since it was looked up
			h.tid = st.Order.Touch.TransactionID
			return h.repeat(st, *st.Order)
		case h.outranks(st.Order):
			return h.supersede(st)
		default:
			return h.duplicateOf(st.Order), nil
		}
	}
	c, r := h.known(st)
	switch {
	case r != nil:
		return Outcome{Verdict: h.refused(r)}, nil
	case c != nil:
		return h.repeat(st, *c)
	default:
		return h.create(st)
	}
}

// foreign reports whether a conversion is another transaction's.
func (h *hearing) foreign(c *conversion.Conversion) bool {
	return claimKey(c.Touch.TransactionID, c.OrderID) != h.claim.TransactionID
}

func (h *hearing) duplicateOf(c *conversion.Conversion) Outcome {
	v := h.verdict(signal.Duplicate, signal.CodeDuplicate,
		"order "+h.hit.orderID+" was counted with transaction "+c.Touch.TransactionID,
		signal.Detail{Why: "its order ID came with another transaction"})
	v.ConversionID = c.ID
	return Outcome{Verdict: v}
}

// known gives the conversion that the signal speaks of, nil when it is a new
// one, or why it can be neither.
func (h *hearing) known(st State) (*conversion.Conversion, *refusal) {
	switch {
	case h.hit.conversionID != "":
		return h.named(st, h.hit.conversionID)
	case h.target != nil && h.s.Click.IsZero():
		return h.named(st, h.target.ID)
	}
	st.Conversions = standing(st.Conversions)
	switch h.goal.Dedupe {
	case offer.PerOrder:
		return h.byOrder(st), nil
	case offer.Every:
		return h.byHit(st)
	default: // once
		return oldest(st), nil
	}
}

// named gives the conversion of an ID that came.
func (h *hearing) named(st State, id string) (*conversion.Conversion, *refusal) {
	i := slices.IndexFunc(st.Conversions, func(c conversion.Conversion) bool { return c.ID == id })
	if i < 0 {
		why := "conversion " + id + " is not one of this transaction and goal"
		return nil, refuse(signal.Conflict, signal.Detail{Why: why}, "%s", why)
	}
	return &st.Conversions[i], nil
}

func oldest(st State) *conversion.Conversion {
	if len(st.Conversions) == 0 {
		return nil
	}
	return &st.Conversions[0]
}

// byOrder is the rule per_order.
func (h *hearing) byOrder(st State) *conversion.Conversion {
	switch {
	case h.hit.orderID == "":
		return oldest(st)
	case st.Order != nil:
		return st.Order
	}
	i := slices.IndexFunc(st.Conversions, func(c conversion.Conversion) bool { return c.OrderID == "" })
	if i < 0 {
		return nil
	}
	return &st.Conversions[i]
}

// byHit is the rule every.
func (h *hearing) byHit(st State) (*conversion.Conversion, *refusal) {
	if st.Order != nil {
		return st.Order, nil
	}
	if h.hit.hitID != "" {
		i := slices.IndexFunc(st.Conversions, func(c conversion.Conversion) bool { return c.Memory.HitID == h.hit.hitID })
		if i >= 0 {
			return &st.Conversions[i], nil
		}
	}
	if h.hit.server || h.hit.orderID != "" || h.hit.hitID != "" {
		return nil, nil
	}
	if n := len(st.Conversions); n > 0 {
		return &st.Conversions[n-1], nil
	}
	if h.barred != nil {
		return nil, h.barred
	}
	return nil, refuse(signal.OrderIDMissing, signal.Detail{},
		"goal %s counts every hit, and a browser's hit without order_id and hit_id cannot be told from a reload", h.goal.Code)
}

// write completes the outcome of a change: its entries, the postbacks it owes.
// before is the zero Conversion for a new one.
func (h *hearing) write(out *Outcome, before, after conversion.Conversion) error {
	entries, event, heard, err := h.book(before, after)
	if err != nil {
		return err
	}
	out.Conversion, out.Entries = &after, entries
	out.Verdict.ConversionID = after.ID
	if heard {
		out.Owed = h.owed(&after, event)
	}
	return nil
}

// book gives the entries of a change, and the event by which it is heard of.
func (h *hearing) book(before, after conversion.Conversion) (entries []ledger.Entry, event conversion.Event, heard bool, err error) {
	if entries, err = ledger.Change(before, after); err != nil {
		return nil, "", false, err
	}
	event, heard = conversion.EventOf(before, after)
	for i := range entries {
		entries[i].SignalID, entries[i].Reason, entries[i].At = h.s.ID.String(), string(event), h.Now
	}
	return entries, event, heard, nil
}
