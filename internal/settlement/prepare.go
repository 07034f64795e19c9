package settlement

import (
	"fmt"
	"strconv"
	"strings"

	"waybill/internal/affiliate"
	"waybill/internal/attribution"
	"waybill/internal/catalog"
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
	tid   string     // the transaction ID
	parts txid.Parts // what it says
	test  bool

	offer *catalog.Offer
	goal  *offer.Goal
	hit   hit
	touch attribution.Decision
	price price
	caps  []bound

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
//  7. the offer named beside the ID: malformed, offer_mismatch
//  8. the goal: goal_unknown, offer_mismatch
//  9. values that cannot be read: malformed, amount_invalid, currency_invalid
//
// What else speaks against a new conversion counts only where the signal would
// make one. It is looked for in this order, and the caps come last:
//
//  10. currency_invalid, offer_inactive, affiliate_blocked
//  11. the touch: turned_away, too_fast, click_expired, click_not_found
//  12. the price: amount_missing, amount_invalid
//  13. order_id_missing, cap_reached
func Prepare(in Input) Case {
	h := &hearing{Input: in, tid: in.Signal.Click.String(), test: in.Signal.Test || in.Signal.Click.Test()}
	h.s = &h.Signal
	checks := []func() *refusal{
		h.checkForm, h.checkTransaction, h.checkOffer, h.checkSender, h.checkChannel,
		h.checkMacros, h.checkNamedOffer, h.checkGoal, h.checkValues,
	}
	for _, check := range checks {
		if r := check(); r != nil {
			return h.dismiss(r)
		}
	}
	h.touch = attribution.Decide(&h.offer.Offer, h.s, attribution.Candidate{
		By: offer.ByTransactionID, ID: h.s.Click, Parts: h.parts, Record: h.Click,
	})
	h.barred = h.bar()
	h.caps = h.bounds()
	return Case{
		SignalID: h.s.ID.String(),
		Claim:    Claim{Test: h.test, OfferID: h.offer.ID, GoalID: h.goal.ID, TransactionID: h.tid},
		OrderID:  h.hit.orderID,
		Counters: counters(h.caps),
		Judge:    h.judge,
	}
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
		err = mustBeClick(parts.Kind)
	}
	if err != nil {
		return refuse(signal.TransactionIDInvalid, signal.Detail{Got: sent, Why: err.Error()}, "%s", err)
	}
	h.parts = parts
	h.test = h.test || h.Click != nil && h.Click.Test
	return nil
}

// noTransaction says why no ID in the signal verified.
func (h *hearing) noTransaction(sent string) *refusal {
	switch {
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
		err = mustBeClick(id.Kind())
	}
	if err == nil {
		err = fault.New(fault.Invalid, "it did not verify when it came")
	}
	return refuse(signal.TransactionIDInvalid, signal.Detail{Got: sent, Why: err.Error()}, "%s", err)
}

func mustBeClick(k txid.Kind) error {
	if k == txid.Click {
		return nil
	}
	return fault.New(fault.Invalid, "it is the ID of a %s, and conversions are credited to clicks", k)
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
	if a, ok := h.Catalog.Affiliate(h.parts.Affiliate); ok && a.Status == affiliate.Blocked {
		return refuse(signal.AffiliateBlocked, signal.Detail{Got: number(a.ID)}, "affiliate %d is blocked", a.ID)
	}
	if !h.touch.Creditable() {
		return refuse(h.touch.Code, h.touch.Detail, "%s", h.touch.Rule)
	}
	return h.setPrice()
}

func number(n int64) string { return strconv.FormatInt(n, 10) }
