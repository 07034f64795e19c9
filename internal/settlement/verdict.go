package settlement

import (
	"waybill/internal/conversion"
	"waybill/internal/signal"
)

// verdict gives a verdict with what every one says.
func (h *hearing) verdict(status signal.Status, code signal.Code, rule string, d signal.Detail) signal.Verdict {
	v := signal.Verdict{
		Status: status, Code: code, TransactionID: h.tid, SignalID: h.s.ID.String(), Test: h.test,
		Message: signal.Explain(code, d), Rule: rule,
		OfferID: h.parts.Offer, Channel: h.s.Channel, SettledAt: h.Now, Candidates: h.considered,
	}
	if h.goal != nil {
		v.GoalID = h.goal.ID
	}
	return v
}

func (h *hearing) refused(r *refusal) signal.Verdict {
	return h.verdict(signal.Rejected, r.code, r.rule, r.detail)
}

// refusedOn refuses a change of c.
func (h *hearing) refusedOn(c conversion.Conversion, r *refusal) signal.Verdict {
	v := h.refused(r)
	v.ConversionID = c.ID
	return v
}
