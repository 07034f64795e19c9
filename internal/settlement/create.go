package settlement

import (
	"fmt"
	"maps"

	"waybill/internal/click"
	"waybill/internal/conversion"
	"waybill/internal/money"
	"waybill/internal/param"
	"waybill/internal/signal"
	"waybill/internal/txid"
)

// create makes a conversion, or says why there is none.
func (h *hearing) create(st State) (Outcome, error) {
	if h.barred != nil {
		return Outcome{Verdict: h.refused(h.barred)}, nil
	}
	id, err := h.Catalog.Ring().Derive(h.s.ID, txid.Conversion)
	if err != nil {
		return Outcome{}, fmt.Errorf("name the conversion of signal %s: %w", h.s.ID, err)
	}
	c := h.conversion(id.String())
	var none conversion.Conversion
	use, over := h.take(st.Used, &none, &c)
	rule := h.touch.Rule + "; priced by " + c.Term
	if over != nil {
		beyond := over.reached(st.Used[over.counter])
		if !over.pends {
			return Outcome{Verdict: h.refused(beyond)}, nil
		}
		c.Status, c.Memory.Waits = conversion.Pending, conversion.ForCap
		rule += "; pending, since it is beyond a " + beyond.rule
	}
	out := Outcome{
		Verdict:   h.verdict(signal.Accepted, h.touch.Code, rule, signal.Detail{}),
		TakeOrder: c.OrderID != "", Use: use,
	}
	out.Verdict.Pixels = h.fire(&c)
	err = h.write(&out, none, c)
	return out, err
}

// conversion gives what the signal makes, before any cap.
func (h *hearing) conversion(id string) conversion.Conversion {
	s, cur := h.s, h.offer.Currency
	c := conversion.Conversion{
		ID: id, Test: h.test, OfferID: h.offer.ID, GoalID: h.goal.ID, GoalCode: h.goal.Code,
		AdvertiserID: h.offer.AdvertiserID, AffiliateID: h.affiliate,
		OrderID: h.hit.orderID, Channel: string(s.Channel),
		Amount:  money.Amount{Units: h.hit.amount, Currency: cur},
		Payout:  money.Amount{Units: h.price.payout, Currency: cur},
		Revenue: money.Amount{Units: h.price.revenue, Currency: cur},
		Term:    h.price.term,

		AmountKnown: h.hit.amountKnown, AmountByServer: h.hit.amountKnown && h.hit.server,
		SeenByServer: h.hit.server, SeenByClient: !h.hit.server,

		Touch: h.copyTouch(), Extra: h.extra(),
		Memory: conversion.Memory{
			PayoutRate: h.price.payoutRate, RevenueRate: h.price.revenueRate, Unpaid: h.price.unpaid,
			Applied: []string{h.hit.fingerprint}, HitID: h.hit.hitID,
			OrderByBrowser: h.hit.orderID != "" && !h.hit.server,
		},
		OccurredAt: h.hit.occurredAt, CreatedAt: s.ReceivedAt, UpdatedAt: h.Now, Version: 1,
	}
	c.Status, c.Memory.Waits = h.firstStatus()
	h.describe(&c)
	return c
}

// firstStatus gives a new conversion's status, and what it waits for when
// nobody asked for that.
func (h *hearing) firstStatus() (conversion.Status, conversion.Wait) {
	settled := conversion.Status(h.offer.StartStatus(h.goal, false))
	status, waits := h.hit.status, conversion.Wait("")
	if status == "" {
		status = conversion.Status(h.offer.StartStatus(h.goal, !h.hit.server))
		if status != settled && status.CanBecome(settled) {
			waits = conversion.ForServer
		}
	}
	lost := h.touch.Code == signal.RecordMissing && h.offer.CreditWithoutClick != creditAccept
	if lost && status != conversion.Rejected {
		return conversion.Pending, conversion.ForRecord
	}
	return status, waits
}

// creditAccept is the word of an offer that credits a click whose record is
// lost like any other.
const creditAccept = "accept"

// describe gives c what the signal says beside money: later words replace
// earlier ones, and what is not said stays.
func (h *hearing) describe(c *conversion.Conversion) {
	set := func(to *string, n param.Name) {
		if v := h.s.Value(n); v != "" {
			*to = v
		}
	}
	set(&c.CustomerID, param.CustomerID)
	set(&c.Coupon, param.Coupon)
	set(&c.Items, param.Items)

	var adv [click.Subs]string
	copy(adv[:], c.Adv)
	for i := range adv {
		set(&adv[i], param.Adv1+param.Name(i))
	}
	c.Adv = trimmed(adv[:])
	h.describeAds(c)
}

// describeAds gives c what the signal says of the IDs of ad platforms. A server
// knows better than the click's URL; a browser adds what nobody has said.
func (h *hearing) describeAds(c *conversion.Conversion) {
	ids := maps.Clone(c.Memory.AdIDs) // the conversion's own is never written into
	for n := param.FBCLID; n <= param.TTP; n++ {
		id, name := h.s.Value(n), n.String()
		known := c.Touch.AdIDs[name] != "" || ids[name] != ""
		if id == "" || param.Unexpanded(id) || known && !h.hit.server {
			continue
		}
		if ids == nil {
			ids = make(map[string]string)
		}
		ids[name] = id
	}
	c.Memory.AdIDs = ids
}

// trimmed gives a copy of values without the empty ones at the end; nil when
// all are.
func trimmed(values []string) []string {
	n := len(values)
	for n > 0 && values[n-1] == "" {
		n--
	}
	return append([]string(nil), values[:n]...)
}

func (h *hearing) extra() map[string]string {
	if len(h.s.Extra) == 0 {
		return nil
	}
	all := make(map[string]string, len(h.s.Extra))
	for _, e := range h.s.Extra {
		all[e.Name] = e.Value
	}
	return all
}

// copyTouch copies what earned the conversion.
func (h *hearing) copyTouch() conversion.Touch {
	w := &h.touch
	t := conversion.Touch{By: string(w.By)}
	if w.Touchless() {
		return t
	}
	t.TransactionID, t.Kind, t.At, t.RecordMissing = h.tid, w.Parts.Kind.String(), w.At(), w.Record == nil
	if w.Record == nil {
		return t
	}
	c := w.Record
	t.AffClickID, t.Source, t.Sub = c.AffClickID, c.Source, trimmed(c.Sub[:])
	t.Country, t.Device, t.OS, t.Browser = c.Visitor.Country, string(c.Visitor.Device), c.Visitor.OS, c.Visitor.Browser
	t.Bot, t.UserAgent, t.Referrer = c.Visitor.Bot, c.UserAgent, c.Referrer
	t.Coupon, t.GAID, t.IDFA, t.IDFV = c.Coupon, c.GAID, c.IDFA, c.IDFV
	if c.IP.IsValid() {
		t.IP = c.IP.String()
	}
	for i, id := range c.AdIDs {
		if id == "" {
			continue
		}
		if t.AdIDs == nil {
			t.AdIDs = make(map[string]string)
		}
		t.AdIDs[(param.FBCLID + param.Name(i)).String()] = id
	}
	return t
}
