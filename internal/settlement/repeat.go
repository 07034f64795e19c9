package settlement

import (
	"fmt"
	"slices"
	"strconv"

	"waybill/internal/conversion"
	"waybill/internal/offer"
	"waybill/internal/signal"
)

// repeat judges a hit on a conversion that is there.
func (h *hearing) repeat(st State, c conversion.Conversion) (Outcome, error) {
	if r := h.checkMeant(c); r != nil {
		return Outcome{Verdict: h.refusedOn(c, r)}, nil
	}
	next := c                               // its lists are replaced, never written into
	adds := h.hit.server || h.target == nil // a browser adds nothing to what it only names
	adopts := adds && h.hit.orderID != "" && c.OrderID == "" && st.Order == nil
	if adopts {
		next.OrderID = h.hit.orderID
		next.Memory.OrderByBrowser = !h.hit.server
	}
	if adds && h.goal.Dedupe == offer.Every && c.Memory.HitID == "" {
		next.Memory.HitID = h.hit.hitID
	}
	hear := h.hearBrowser
	if h.hit.server {
		hear = h.hearServer
	}
	rule, r := hear(c, &next)
	if r != nil {
		return Outcome{Verdict: h.refusedOn(c, r)}, nil
	}
	out := Outcome{Verdict: h.repeated(c, next, rule), TakeOrder: adopts}
	if unchanged(c, next) {
		return out, nil
	}
	if out.Use, r = h.retake(st.Used, &c, &next); r != nil {
		return Outcome{Verdict: h.refusedOn(c, r)}, nil
	}
	next.Version, next.UpdatedAt = c.Version+1, h.Now
	err := h.write(&out, c, next)
	return out, err
}

// checkMeant refuses what speaks of c as it is not: in another currency, or at a
// version that is past.
func (h *hearing) checkMeant(c conversion.Conversion) *refusal {
	if want := h.s.IfVersion; want != 0 && want != c.Version {
		return refuse(signal.Conflict, signal.Detail{Got: strconv.Itoa(c.Version), Want: strconv.Itoa(want)},
			"it is at version %d by now, and the change was meant for version %d", c.Version, want)
	}
	return h.checkCurrency(c.Amount.Currency, "conversion")
}

// repeated is the verdict on a hit that was heard.
func (h *hearing) repeated(c, next conversion.Conversion, rule string) signal.Verdict {
	var v signal.Verdict
	switch {
	case moved(c, next):
		v = h.verdict(signal.Updated, signal.CodeUpdated, rule, signal.Detail{Why: changes(c, next)})
	case c.SeenByServer != next.SeenByServer, c.SeenByClient != next.SeenByClient:
		v = h.verdict(signal.Duplicate, signal.Sighting, rule, signal.Detail{})
	default:
		v = h.verdict(signal.Duplicate, signal.CodeDuplicate, rule, signal.Detail{})
	}
	v.ConversionID = c.ID
	return v
}

// moved reports whether a hit changed the status or the money.
func moved(c, next conversion.Conversion) bool {
	return c.Status != next.Status || c.Amount != next.Amount || c.Payout != next.Payout || c.Revenue != next.Revenue
}

// changes says in words what a hit changed, of what its sender may know.
func changes(c, next conversion.Conversion) string {
	switch {
	case c.Status != next.Status && c.Amount != next.Amount:
		return fmt.Sprintf("it is now %s, with an amount of %s", next.Status, next.Amount)
	case c.Status != next.Status:
		return fmt.Sprintf("it is now %s", next.Status)
	default:
		return fmt.Sprintf("its amount is now %s", next.Amount)
	}
}

// unchanged reports whether a hit left nothing to be kept.
func unchanged(c, next conversion.Conversion) bool {
	return !moved(c, next) && c.OrderID == next.OrderID && c.AmountKnown == next.AmountKnown &&
		c.AmountByServer == next.AmountByServer && c.SeenByServer == next.SeenByServer && c.SeenByClient == next.SeenByClient &&
		c.Memory.HitID == next.Memory.HitID && c.Memory.Waits == next.Memory.Waits &&
		c.Memory.OnlyNamed == next.Memory.OnlyNamed && c.Memory.OrderByBrowser == next.Memory.OrderByBrowser &&
		len(c.Memory.Applied) == len(next.Memory.Applied)
}

// hearBrowser applies a browser's hit to next, and says by what rule.
func (h *hearing) hearBrowser(c conversion.Conversion, next *conversion.Conversion) (string, *refusal) {
	next.SeenByClient = true
	if c.SeenByServer || c.AmountByServer {
		return "a browser changes nothing that a server has set", nil
	}
	if h.applied(c) {
		return sameContents, nil
	}
	return h.correct(c, next)
}

const sameContents = "the same contents were applied before"

// hearServer applies a server's hit to next, and says by what rule.
func (h *hearing) hearServer(c conversion.Conversion, next *conversion.Conversion) (string, *refusal) {
	if h.s.Corrects() && h.hit.status == "" {
		return h.correct(c, next)
	}
	h.vouch(c, next)
	first := !c.SeenByServer
	switch {
	case !first && !h.s.Corrects() && h.applied(c):
		return sameContents, nil
	case h.hit.status != "" && h.hit.status != c.Status:
		return h.move(c, next)
	case first:
		rule := "the first word of a server" + h.confirm(next)
		if c.AmountByServer && h.goal.OnRepeat != "update" {
			h.describe(next)
			h.remember(next)
			return rule + "; what was corrected through the API stays", nil
		}
		return rule, h.apply(c, next)
	case h.hit.amountKnown && c.AmountKnown && !c.AmountByServer:
		return "the first amount that a server names replaces a browser's", h.apply(c, next)
	default:
		return h.correct(c, next)
	}
}

// correct applies a hit that says nothing of the status, unless it says nothing
// at all. Where it is a correction made through the API it is no server's word:
// a conversion that waits for one goes on waiting.
func (h *hearing) correct(c conversion.Conversion, next *conversion.Conversion) (string, *refusal) {
	if !h.differs(c) {
		return "nothing differs from the conversion as it stands", nil
	}
	return h.onRepeat(c, next)
}

// move gives next the status that a server asks for, and the amount that comes
// with it. A rejection leaves the amount: it says what is not owed.
func (h *hearing) move(c conversion.Conversion, next *conversion.Conversion) (string, *refusal) {
	if !c.Status.CanBecome(h.hit.status) {
		return "", refuse(signal.TransitionNotAllowed, signal.Detail{Got: string(c.Status), Want: string(h.hit.status)},
			"%s cannot become %s", c.Status, h.hit.status)
	}
	beyond := c.Memory.Waits == conversion.ForCap && !h.s.Corrects()
	if beyond && h.hit.status == conversion.Approved {
		return "", refuse(signal.CapReached, signal.Detail{Why: "this conversion is beyond it, and waits for the network"},
			"it is beyond a cap, and approved through the API alone")
	}
	next.Status = h.hit.status
	if !beyond || next.Status == conversion.Rejected { // what is put on hold waits on
		next.Memory.Waits = ""
	}
	rule := fmt.Sprintf("a server moves it from %s to %s", c.Status, h.hit.status)
	if h.hit.status == conversion.Rejected {
		h.remember(next)
		return rule, nil
	}
	return rule, h.apply(c, next)
}

// confirm ends the wait for a server. The status is the one that the goal gives
// where a server speaks first; what the server itself says was looked at before.
func (h *hearing) confirm(next *conversion.Conversion) string {
	if next.Memory.Waits != conversion.ForServer {
		return ""
	}
	next.Memory.Waits = ""
	settled := conversion.Status(h.offer.StartStatus(h.goal, false))
	if h.hit.status != "" || !next.Status.CanBecome(settled) {
		return ""
	}
	next.Status = settled
	return " confirms it"
}

// onRepeat applies a hit with other contents by the goal's rule.
func (h *hearing) onRepeat(c conversion.Conversion, next *conversion.Conversion) (string, *refusal) {
	switch {
	case h.s.Corrects():
		return "a correction made through the API", h.apply(c, next)
	case h.goal.OnRepeat == "update":
		return "the goal takes over what a repeated hit says", h.apply(c, next)
	case h.goal.OnRepeat == "conflict":
		why := "order, amount or payout differ from what was counted"
		return "", refuse(signal.Conflict, signal.Detail{Why: why}, "on_repeat is conflict: %s", why)
	default:
		return "the goal ignores what a repeated hit says", nil
	}
}

// applied reports whether a hit with the same contents was applied before.
func (h *hearing) applied(c conversion.Conversion) bool {
	return slices.Contains(c.Memory.Applied, h.hit.fingerprint)
}

// differs reports whether the hit says anything but what c is. The status is
// looked at apart.
func (h *hearing) differs(c conversion.Conversion) bool {
	return h.hit.amountKnown && (!c.AmountKnown || h.hit.amount != c.Amount.Units) ||
		h.hit.orderID != "" && c.OrderID != "" && h.hit.orderID != c.OrderID ||
		h.hit.payout != nil && *h.hit.payout != c.Payout.Units
}

// apply gives next what the hit says.
func (h *hearing) apply(c conversion.Conversion, next *conversion.Conversion) *refusal {
	if h.hit.amountKnown {
		next.Amount.Units, next.AmountKnown = h.hit.amount, true
		next.AmountByServer = next.AmountByServer || h.hit.server
	}
	if r := h.reprice(next); r != nil {
		return r
	}
	if c.Status == conversion.Paid && moved(c, *next) {
		return refuse(signal.TransitionNotAllowed, signal.Detail{Got: string(c.Status), Want: "another amount"},
			"what is paid is corrected by adjustments alone")
	}
	h.describe(next)
	h.remember(next)
	return nil
}

// remember keeps that the hit was applied.
func (h *hearing) remember(next *conversion.Conversion) {
	if !h.applied(*next) {
		next.Memory.Applied = append(slices.Clone(next.Memory.Applied), h.hit.fingerprint)
	}
}

// retake settles what a changed conversion has of the caps. An approval through
// the API that only a cap that pends would stop goes beyond it, since it is a
// person's word that such a cap waits for.
func (h *hearing) retake(used map[Counter]int64, c, next *conversion.Conversion) (map[Counter]int64, *refusal) {
	use, over := h.take(used, c, next)
	if over == nil {
		return use, nil
	}
	if over.pends && c.Status == conversion.Rejected && h.s.Corrects() {
		return nil, nil
	}
	return nil, over.reached(used[over.counter])
}
