package settlement

import (
	"fmt"
	"strconv"
	"strings"

	"waybill/internal/attribution"
	"waybill/internal/identity"
	"waybill/internal/offer"
	"waybill/internal/param"
	"waybill/internal/signal"
)

// decide picks who is credited, and with it what the conversion is counted under.
func (h *hearing) decide() {
	h.touch = attribution.Decide(&h.offer.Offer, h.s, h.candidates()...)
	if len(h.touch.All) == 0 {
		h.touch.Judged = h.nothing()
	}
	h.considered = considered(&h.touch)
	switch {
	case h.target != nil:
		h.tid, h.affiliate, h.test = h.target.Touch.TransactionID, h.target.AffiliateID, h.target.Test
		h.claim = ClaimOf(h.target)
		return
	case h.touch.Creditable():
		h.tid, h.affiliate = h.touch.ID.String(), h.touch.Earner()
	}
	h.claim = Claim{Test: h.test, OfferID: h.offer.ID, GoalID: h.goal.ID, TransactionID: claimKey(h.tid, h.hit.orderID)}
}

// candidates gives all that the signal's identifiers lead to, of those that the
// offer credits by. What test traffic has left behind credits nothing real.
func (h *hearing) candidates() []attribution.Candidate {
	var all []attribution.Candidate
	if !h.s.Click.IsZero() && h.offer.Credits(offer.ByTransactionID) {
		own := h.own()
		own.Parts = h.parts
		all = append(all, own)
	}
	if !h.offer.CreditsMore() {
		return all
	}
	for _, c := range h.Touches {
		if c.By == offer.ByTransactionID || !h.offer.Credits(c.By) {
			continue
		}
		if c, ok := h.opened(c); ok && (h.test || !c.Parts.Test) {
			all = append(all, c)
		}
	}
	if c, ok := h.byCoupon(); ok {
		all = append(all, c)
	}
	if c, ok := h.byAffiliate(); ok {
		all = append(all, c)
	}
	return all
}

func (h *hearing) byCoupon() (attribution.Candidate, bool) {
	code := h.s.Value(param.Coupon)
	if code == "" || !h.offer.Credits(offer.ByCoupon) {
		return attribution.Candidate{}, false
	}
	c, ok := h.Catalog.Coupon(h.offer.ID, code)
	if !ok {
		return attribution.Candidate{}, false
	}
	return attribution.Candidate{By: offer.ByCoupon, Named: c.Code, Affiliate: c.AffiliateID}, true
}

// byAffiliate takes a server's word for whose conversion it is. Anybody can write
// what a browser sends.
func (h *hearing) byAffiliate() (attribution.Candidate, bool) {
	id, err := strconv.ParseInt(h.s.Value(param.AffiliateID), 10, 64)
	if err != nil || !h.offer.Credits(offer.ByAffiliateID) || !h.s.Channel.FromServer() {
		return attribution.Candidate{}, false
	}
	if _, ok := h.Catalog.Affiliate(id); !ok {
		return attribution.Candidate{}, false
	}
	return attribution.Candidate{By: offer.ByAffiliateID, Affiliate: id}, true
}

// nothing says why there is no candidate at all.
func (h *hearing) nothing() attribution.Judged {
	said := strings.Join(h.identifiers(), ", ")
	if said == "" {
		return attribution.Judged{
			Code: signal.TransactionIDMissing, Rule: "the signal names nothing that the offer credits by",
			Detail: signal.Detail{Want: list(h.offer.Attribution)},
		}
	}
	j := attribution.Judged{
		Code: signal.ClickNotFound, Rule: said + " leads to no touch of this offer",
		Detail: signal.Detail{Param: said},
	}
	switch offer.Identifier(said) { // of the others nobody is told what came
	case offer.ByCoupon:
		j.Detail.Got = h.s.Value(param.Coupon)
	case offer.ByAffiliateID:
		j.Detail.Got = h.s.Value(param.AffiliateID)
	default:
	}
	return j
}

// identifiers names what the signal carries of what the offer credits by.
func (h *hearing) identifiers() []string {
	var all []string
	add := func(by offer.Identifier, there bool) {
		if there && h.offer.Credits(by) && (len(all) == 0 || all[len(all)-1] != string(by)) {
			all = append(all, string(by))
		}
	}
	for _, v := range identity.Values(&h.offer.Offer, h.s) {
		add(v.By, true)
	}
	add(offer.ByCoupon, h.s.Value(param.Coupon) != "")
	add(offer.ByAffiliateID, h.s.Value(param.AffiliateID) != "" && h.s.Channel.FromServer())
	return all
}

func list(identifiers []offer.Identifier) string {
	all := make([]string, len(identifiers))
	for i, by := range identifiers {
		all[i] = string(by)
	}
	return strings.Join(all, ", ")
}

// mostShown is how many candidates are kept of a signal, and the winner.
const mostShown = 16

// considered tells of a decision for the trace. Where the signal's own ID was all
// there was, the rule says it already.
func considered(d *attribution.Decision) []signal.Considered {
	if len(d.All) == 0 || len(d.All) == 1 && d.All[0].By == offer.ByTransactionID {
		return nil
	}
	var all []signal.Considered
	for i := range d.All {
		if won := d.All[i].Lost == ""; i < mostShown || won {
			all = append(all, shown(&d.All[i]))
		}
	}
	return all
}

func shown(j *attribution.Judged) signal.Considered {
	c := signal.Considered{
		By: string(j.By), Named: j.Named, AffiliateID: j.Earner(), Code: j.Code, Rule: j.Rule,
		Won: j.Lost == "", Lost: j.Lost,
	}
	if !j.ID.IsZero() {
		c.TransactionID, c.Kind, c.At = j.ID.String(), j.Parts.Kind.String(), j.At()
	}
	if !j.BoundAt.IsZero() {
		c.BoundBy = "server"
		if j.Browser {
			c.BoundBy = "browser"
		}
	}
	return c
}

// bind is the verdict on a signal that ties identities to a touch and claims
// nothing.
func (h *hearing) bind() Case {
	o := &h.offer.Offer
	var bound []string
	for _, v := range identity.Values(o, h.s) {
		if v.By != offer.ByIPUserAgent && (len(bound) == 0 || bound[len(bound)-1] != string(v.By)) {
			bound = append(bound, string(v.By))
		}
	}
	v := h.verdict(signal.Accepted, signal.OK, "it binds, and claims nothing", signal.Detail{})
	v.Message = fmt.Sprintf("%s is bound to this %s; later conversions that name it are credited to it",
		strings.Join(bound, ", "), h.parts.Kind)
	if len(bound) == 0 {
		v.Message = "nothing was bound: send customer_id, email or username, and list it in the offer's attribution (it has " + list(o.Attribution) + ")"
	}
	return Case{SignalID: h.s.ID.String(), Refusal: &v}
}
