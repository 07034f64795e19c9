package settlement

import (
	"strconv"

	"waybill/internal/attribution"
	"waybill/internal/catalog"
	"waybill/internal/conversion"
	"waybill/internal/identity"
	"waybill/internal/offer"
	"waybill/internal/param"
	"waybill/internal/signal"
	"waybill/internal/txid"
)

// Lead is what has to be looked up for a signal before it is prepared, beside
// the record of its own click or view. For a signal whose click decides by itself
// it is next to nothing.
type Lead struct {
	// Offer is the one that the identities are of; nil when nothing is to be
	// looked up.
	Offer      *catalog.Offer
	Identities []identity.Value // lead through the journal to clicks and views
	// Decided is set when the signal's own click is credited whatever the
	// identities lead to: they are only looked at for the trace.
	Decided bool
	Target  *Target // leads to conversions in the ledger; nil when it is not to be asked
}

// Target names the conversions that a signal may be about which has no click of
// its own to tell: the one of an ID; if there is none, those of an order; if there
// are none, those of a transaction. Empty fields name nothing.
type Target struct {
	ConversionID  string
	OrderID       string
	TransactionID string
	Test          bool
	OfferID       int64
	GoalIDs       []int64 // of order and transaction
}

// LeadOf says what is to be looked up for a signal. in holds the signal, the
// catalog and, where it is there, the record of the signal's own click or view.
func LeadOf(in *Input) Lead {
	s := &in.Signal
	if s.PayoutID != 0 {
		return Lead{Target: &Target{ConversionID: conversionID(s)}}
	}
	own := !s.Click.IsZero()
	if s.Malformed != "" || s.Auth != signal.OK || s.Binds || !own && s.Value(param.TransactionID) != "" {
		return Lead{} // it is refused, or heard, whatever there is
	}
	number := offerNumber(in.Catalog, s)
	o, ok := in.Catalog.Offer(number)
	if !ok || own && !o.CreditsMore() {
		return Lead{}
	}
	l := Lead{Offer: o, Identities: identity.Values(&o.Offer, s)}
	if own {
		if len(l.Identities) == 0 && !mayChange(s) {
			return Lead{}
		}
		l.Decided = decided(in, o)
	}
	if !l.Decided {
		l.Target = targetOf(o, s)
	}
	return l
}

// offerNumber gives the number of the offer that a signal is of: its transaction
// ID says so, or its own ID, which was made for the offer that its sender was
// checked against.
func offerNumber(c *catalog.Catalog, s *signal.Signal) int64 {
	id := s.Click
	if id.IsZero() {
		id = s.ID
	}
	parts, err := c.Ring().Open(id)
	if err != nil {
		return 0
	}
	return parts.Offer
}

// OfferOf gives the number of the offer that a signal is of; 0 when it names none.
func OfferOf(c *catalog.Catalog, s *signal.Signal) int64 { return offerNumber(c, s) }

// mayChange reports whether a signal may be meant to change a conversion.
func mayChange(s *signal.Signal) bool {
	return s.Corrects() || s.Channel.FromServer() && s.Value(param.Status) != ""
}

// decided reports whether the signal's own click is credited, whatever else leads
// anywhere.
func decided(in *Input, o *catalog.Offer) bool {
	if !o.Credits(offer.ByTransactionID) || in.Signal.Click.Kind() != txid.Click {
		return false
	}
	own, ok := in.opened(in.own())
	return ok && attribution.Decide(&o.Offer, &in.Signal, own).Creditable()
}

// own gives the signal's own click or view as a candidate, but for what its ID
// says.
func (in *Input) own() attribution.Candidate {
	for i := range in.Touches {
		if c := &in.Touches[i]; c.ID == in.Signal.Click && c.By == offer.ByTransactionID {
			return *c
		}
	}
	return attribution.Candidate{By: offer.ByTransactionID, ID: in.Signal.Click}
}

// opened gives a candidate with what its ID says, and false if that is no touch.
func (in *Input) opened(c attribution.Candidate) (attribution.Candidate, bool) {
	parts, err := in.Catalog.Ring().Open(c.ID)
	c.Parts = parts
	return c, err == nil && (parts.Kind == txid.Click || parts.Kind == txid.Impression)
}

// targetOf says by what the ledger may know the conversion that a signal is
// about. One without a transaction ID may name it by its ID or its order; one
// whose click can no longer be credited may still change what it earned.
func targetOf(o *catalog.Offer, s *signal.Signal) *Target {
	t := &Target{
		ConversionID: conversionID(s), OrderID: s.Value(param.OrderID), OfferID: o.ID,
		Test: s.Test || s.Click.Test(),
	}
	if !s.Click.IsZero() {
		if !mayChange(s) {
			return nil
		}
		t.TransactionID = s.Click.String()
	}
	if t.ConversionID == "" && t.OrderID == "" && t.TransactionID == "" {
		return nil
	}
	if g, ok := o.Goal(s.Value(param.Goal)); ok && s.Value(param.Goal) != "" {
		t.GoalIDs = []int64{g.ID}
		return t
	}
	for _, g := range o.Goals {
		t.GoalIDs = append(t.GoalIDs, g.ID)
	}
	return t
}

// conversionID gives the conversion that a signal names, as it is written.
func conversionID(s *signal.Signal) string {
	id, err := txid.Parse(s.Value(param.ConversionID))
	if err != nil || id.Kind() != txid.Conversion {
		return ""
	}
	return id.String()
}

// ClaimOf gives the claim that a conversion is counted under.
func ClaimOf(c *conversion.Conversion) Claim {
	return Claim{Test: c.Test, OfferID: c.OfferID, GoalID: c.GoalID, TransactionID: claimKey(c.Touch.TransactionID, c.OrderID)}
}

// claimKey gives what conversions are counted under: their transaction, or, where
// a coupon or an affiliate alone earned them, their order.
func claimKey(transactionID, orderID string) string {
	if transactionID == "" {
		return "order " + orderID
	}
	return transactionID
}

// checkTarget finds the one of the conversions looked up that the signal is about.
// Of an order that several goals have counted it is the default goal's, where the
// signal names none. A test is never about a conversion that is none.
func (h *hearing) checkTarget() *refusal {
	named := h.s.Value(param.ConversionID)
	of := make([]*conversion.Conversion, 0, len(h.Targets))
	for i := range h.Targets {
		t := &h.Targets[i]
		if t.OfferID != h.offer.ID || h.test && !t.Test || t.Superseded() && t.ID != conversionID(h.s) {
			continue
		}
		of = append(of, t)
	}
	switch {
	case len(of) == 0 && named != "" && h.s.Click.IsZero():
		why := "there is no conversion " + strconv.Quote(named) + " of offer " + number(h.offer.ID)
		if h.test {
			why += " in test traffic"
		}
		return refuse(signal.Conflict, signal.Detail{Why: why}, "%s", why)
	case len(of) == 0:
		return nil
	}
	t, other := meant(of)
	if h.isFirstOfDefault(t) {
		return nil
	}
	if other != nil {
		why := "it was counted for goals " + t.GoalCode + " and " + other.GoalCode + "; name the goal"
		return refuse(signal.Conflict, signal.Detail{Why: why}, "%s", why)
	}
	if h.isAbout(t) && !h.contests(t) {
		h.target = t
	}
	return nil
}

// isFirstOfDefault reports whether the signal claims a conversion of the default
// goal, where t tells that its order was counted for others alone.
func (h *hearing) isFirstOfDefault(t *conversion.Conversion) bool {
	if t.GoalCode == offer.DefaultGoal || h.s.Value(param.Goal) != "" || h.s.Value(param.ConversionID) != "" || mayChange(h.s) {
		return false
	}
	_, ok := h.offer.Goal(offer.DefaultGoal)
	return ok && attribution.Decide(&h.offer.Offer, h.s, h.candidates()...).Creditable()
}

// meant gives the one of several conversions that is meant: the first of the
// default goal, or of the only goal; if there is another goal as good, one of its.
func meant(of []*conversion.Conversion) (t, other *conversion.Conversion) {
	t = of[0]
	for _, c := range of {
		if c.GoalCode == offer.DefaultGoal {
			return c, nil
		}
		if c.GoalID != t.GoalID {
			other = c
		}
	}
	return t, other
}

// isAbout reports whether the signal is about t, which was found by its ID, its
// order or the transaction of a click that can be credited no longer. The last
// tells nothing where the goal's rule of counting makes the hit another one.
func (h *hearing) isAbout(t *conversion.Conversion) bool {
	order := h.s.Value(param.OrderID)
	if h.s.Click.IsZero() || t.ID == conversionID(h.s) || order != "" && t.OrderID == order {
		return true
	}
	g, ok := h.Catalog.Goal(t.GoalID)
	return ok && (g.Dedupe == offer.Once || g.Dedupe == offer.PerOrder && order == "")
}
