package settlement

import (
	"slices"
	"strings"

	"waybill/internal/param"
	"waybill/internal/tune"
)

// checkTune looks again for what a signal meant that came through one of TUNE's
// doors with a number or a name that was not known then. It may have been
// imported since: so is a rejected signal mended, and judged again.
func (h *hearing) checkTune() *refusal {
	if !strings.HasPrefix(h.s.Path, tune.Doors) {
		return nil
	}
	if r := h.late(tune.Offer, param.OfferID); r != nil {
		return r
	}
	if r := h.late(tune.Affiliate, param.AffiliateID); r != nil {
		if h.s.Click.IsZero() {
			return r
		}
		h.say(param.AffiliateID, "") // the click names him
	}
	return h.lateGoal()
}

// late translates a number of TUNE's.
func (h *hearing) late(k tune.Kind, n param.Name) *refusal {
	value := h.s.Value(n)
	ours, was, known := h.Catalog.TuneIDs().Late(k, value)
	switch {
	case !was:
		return nil
	case !known:
		return malformed("%s %.40s is not among TUNE's numbers that were imported",
			n, strings.TrimPrefix(value, tune.Strange("")))
	}
	h.say(n, number(ours))
	return nil
}

// lateGoal translates a goal: its number, or the name that it has in both
// systems.
func (h *hearing) lateGoal() *refusal {
	named := h.s.Value(param.Goal)
	if id, was, known := h.Catalog.TuneIDs().Late(tune.Goal, named); was && known {
		if g, ok := h.Catalog.Goal(id); ok && g.OfferID == h.offer.ID {
			h.say(param.Goal, g.Code) // which no other goal's number can be taken for
			return nil
		}
	}
	if r := h.late(tune.Goal, param.Goal); r != nil || named == "" {
		return r
	}
	if g, ok := h.offer.GoalNamed(named); ok {
		h.say(param.Goal, g.Code)
	}
	return nil
}

// say puts a value in place of what the signal says, here and not in the record.
func (h *hearing) say(n param.Name, value string) {
	h.s.Params = slices.Clone(h.s.Params)
	for i := range h.s.Params {
		if h.s.Params[i].Name == n {
			h.s.Params[i].Value = value
		}
	}
}
