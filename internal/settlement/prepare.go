package settlement

import (
	"fmt"
	"strconv"
	"strings"

	"waybill/internal/affiliate"
	"waybill/internal/attribution"
	"waybill/internal/catalog"
	"waybill/internal/conversion"
	"waybill/internal/fault"
	"waybill/internal/offer"
	"waybill/internal/param"
	"waybill/internal/signal"
	"waybill/internal/txid"
)

// refusal is why a signal earns nothing, or changes nothing.
type refusal struct {
	code   signal.Code
	rule   string // for the trace; what detail says, when empty
	detail signal.Detail
}

func refuse(code signal.Code, d signal.Detail, rule string, args ...any) *refusal {
	return &refusal{code: code, detail: d, rule: fmt.Sprintf(rule, args...)}
}

func malformed(format string, args ...any) *refusal {
	why := fmt.Sprintf(format, args...)
	return &refusal{code: signal.Malformed, rule: why, detail: signal.Detail{Why: why}}
}

func unexpanded(n param.Name, got string) *refusal {
	return refuse(signal.MacroUnexpanded, signal.Detail{Param: n.String(), Got: got},
		"%s is %.80q: a macro that the sender did not fill in", n, got)
}

// hearing is what is known of a signal before the ledger is asked.
type hearing struct {
	Input
	s     *signal.Signal
	tid   string     // the transaction ID: the signal's own, then the winner's; empty without any
	parts txid.Parts // what the signal's own ID says; without one, the offer alone
	test  bool

	offer  *catalog.Offer
	goal   *offer.Goal
	target *conversion.Conversion // that the signal names without a touch; nil when none
	hit    hit

	touch      attribution.Decision
	considered []signal.Considered
	affiliate  int64 // who is credited
	claim      Claim
	price      price
	caps       []bound

	// barred is why no new conversion can be made; one that is there can be
	// changed all the same, since a reversal must go through whatever became of
	// the offer or the window.
	barred *refusal
}

// Prepare judges what no state of the ledger can change, in this order:
//
//  1. the form: malformed
//  2. the transaction ID: macro_unexpanded, transaction_id_missing,
//     transaction_id_invalid
//  3. its offer: offer_unknown
//  4. the sender: token_missing and the other codes of its credential
//  5. the channel: channel_not_allowed
//  6. values that no one filled in: macro_unexpanded
//  7. TUNE's numbers: malformed; the offer named beside the ID: malformed,
//     offer_mismatch
//  8. the conversion named without one: conflict
//  9. the goal: goal_unknown, offer_mismatch
//  10. values that cannot be read: malformed, amount_invalid, currency_invalid
//
// A signal that only binds is heard after the channel. One by which a payout pays
// comes from nobody outside, and is about a conversion alone: see pay.
//
// What else speaks against a new conversion counts only where the signal would
// make one. It is looked for in this order, and the caps come last:
//
//  11. currency_invalid, offer_inactive, affiliate_blocked
//  12. the touch: turned_away, too_fast, click_expired, click_not_found,
//     transaction_id_missing, order_id_missing
//  13. the price: amount_missing, amount_invalid
//  14. order_id_missing, cap_reached
func Prepare(in Input) Case {
	h := &hearing{Input: in, tid: in.Signal.Click.String(), test: in.Signal.Test || in.Signal.Click.Test()}
	h.s = &h.Signal
	if h.s.PayoutID != 0 {
		return h.pay()
	}
	if r := h.check(h.checkForm, h.checkTransaction, h.checkOffer, h.checkSender, h.checkChannel); r != nil {
		return h.dismiss(r)
	}
	if h.s.Binds {
		return h.bind()
	}
	if r := h.check(h.checkMacros, h.checkTune, h.checkNamedOffer, h.checkTarget, h.checkGoal, h.checkValues); r != nil {
		return h.dismiss(r)
	}
	h.decide()
	h.barred = h.bar()
	if h.s.Click.IsZero() && h.target == nil && !h.touch.Creditable() {
		return h.dismiss(h.barred) // there is nothing that it could be about
	}
	h.caps = h.bounds(h.affiliate)
	return Case{
		SignalID: h.s.ID.String(), Claim: h.claim, OrderID: h.hit.orderID,
		Counters: counters(h.caps), Judge: h.judge,
	}
}

// check gives the first refusal.
func (h *hearing) check(all ...func() *refusal) *refusal {
	for _, one := range all {
		if r := one(); r != nil {
			return r
		}
	}
	return nil
}

// dismiss ends in a case that is only stored.
func (h *hearing) dismiss(r *refusal) Case {
	v := h.refused(r)
	return Case{SignalID: h.s.ID.String(), Refusal: &v}
}

func (h *hearing) checkForm() *refusal {
	if h.s.Malformed != "" {
		return malformed("%s", h.s.Malformed)
	}
	return nil
}

func (h *hearing) checkTransaction() *refusal {
	sent := h.s.Value(param.TransactionID)
	if h.s.Click.IsZero() {
		h.tid = sent
		return h.noTransaction(sent)
	}
	parts, err := h.Catalog.Ring().Open(h.s.Click)
	if err == nil {
		err = mustBeTouch(parts.Kind)
	}
	if err != nil {
		return refuse(signal.TransactionIDInvalid, signal.Detail{Got: sent, Why: err.Error()}, "%s", err)
	}
	h.parts, h.affiliate = parts, parts.Affiliate
	if own := h.own(); own.Record != nil {
		h.test = h.test || own.Record.Test
	}
	return nil
}

// noTransaction says why no ID in the signal verified; nothing where none came
// and something else may lead to a touch or a conversion.
func (h *hearing) noTransaction(sent string) *refusal {
	switch {
	case sent == "" && h.leads():
		return nil
	case sent == "":
		return refuse(signal.TransactionIDMissing, signal.Detail{}, "the signal names no transaction ID")
	case param.Unexpanded(sent):
		return unexpanded(param.TransactionID, sent)
	}
	id, err := txid.Parse(sent)
	if err == nil {
		_, err = h.Catalog.Ring().Open(id)
	}
	if err == nil {
		err = mustBeTouch(id.Kind())
	}
	if err == nil {
		err = fault.New(fault.Invalid, "it did not verify when it came")
	}
	return refuse(signal.TransactionIDInvalid, signal.Detail{Got: sent, Why: err.Error()}, "%s", err)
}

// leads reports whether a signal without a transaction ID may be about anything
// all the same, and takes the offer that it is of.
func (h *hearing) leads() bool {
	if h.s.Binds {
		return false
	}
	h.parts.Offer = offerNumber(h.Catalog, h.s)
	o, ok := h.Catalog.Offer(h.parts.Offer)
	return ok && (o.CreditsMore() || len(h.Targets) > 0 || h.s.Value(param.ConversionID) != "")
}

func mustBeTouch(k txid.Kind) error {
	if k == txid.Click || k == txid.Impression {
		return nil
	}
	return fault.New(fault.Invalid, "it is the ID of a %s, and conversions are credited to clicks and views", k)
}

func (h *hearing) checkOffer() *refusal {
	o, ok := h.Catalog.Offer(h.parts.Offer)
	if !ok {
		return refuse(signal.OfferUnknown, signal.Detail{Got: number(h.parts.Offer)},
			"the click is of offer %d, which there is not", h.parts.Offer)
	}
	h.offer = o
	return nil
}

func (h *hearing) checkSender() *refusal {
	var d signal.Detail
	switch h.s.Auth {
	case signal.OK:
		return nil
	case signal.OfferUnknown:
		return refuse(signal.OfferUnknown, signal.Detail{Got: number(h.offer.ID)},
			"where the signal came in, the sender was not known to have an offer %d", h.offer.ID)
	case signal.IPNotAllowed:
		d.Got = h.s.IP.String()
	default:
	}
	if h.s.Channel == signal.SDK {
		d.Param = signal.Key
	}
	return refuse(h.s.Auth, d, "advertiser %d wants the proof %s", h.offer.AdvertiserID, h.offer.Advertiser.PostbackAuth)
}

// checkChannel asks whether the offer takes conversions by the channel. What
// made them is one thing, correcting them another: that is always done by the
// API.
func (h *hearing) checkChannel() *refusal {
	if h.s.Corrects() || h.offer.Hears(string(h.s.Channel)) {
		return nil
	}
	return refuse(signal.ChannelNotAllowed,
		signal.Detail{Got: string(h.s.Channel), Want: strings.Join(h.offer.Channels, ", ")},
		"offer %d takes no conversions by %s", h.offer.ID, h.s.Channel)
}

// checkMacros looks for macros that came as they were written, in the values
// that decide something. Free values are kept as they came.
func (h *hearing) checkMacros() *refusal {
	for _, n := range []param.Name{
		param.OfferID, param.Goal, param.Status, param.Amount, param.Currency, param.Payout,
		param.OrderID, param.HitID, param.ConversionID, param.OccurredAt,
	} {
		if v := h.s.Value(n); param.Unexpanded(v) {
			return unexpanded(n, v)
		}
	}
	return nil
}

// bar says why no new conversion can be made, whatever the ledger holds.
func (h *hearing) bar() *refusal {
	if r := h.checkCurrency(h.offer.Currency, "offer"); r != nil {
		return r
	}
	if h.offer.Status == offer.Archived {
		return refuse(signal.OfferInactive, signal.Detail{Got: number(h.offer.ID)}, "offer %d is archived", h.offer.ID)
	}
	if a, ok := h.Catalog.Affiliate(h.affiliate); ok && a.Status == affiliate.Blocked {
		return refuse(signal.AffiliateBlocked, signal.Detail{Got: number(a.ID)}, "affiliate %d is blocked", a.ID)
	}
	if !h.touch.Creditable() {
		return refuse(h.touch.Code, h.touch.Detail, "%s", h.touch.Rule)
	}
	if h.touch.By == offer.ByAffiliateID && !h.Catalog.Admits(h.offer, h.affiliate) {
		return refuse(signal.TurnedAway, signal.Detail{Param: param.AffiliateID.String(), Got: number(h.affiliate)},
			"affiliate %d is not approved for offer %d", h.affiliate, h.offer.ID)
	}
	return h.setPrice()
}

func number(n int64) string { return strconv.FormatInt(n, 10) }
