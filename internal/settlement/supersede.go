package settlement

import (
	"maps"
	"slices"

	"waybill/internal/attribution"
	"waybill/internal/conversion"
	"waybill/internal/param"
	"waybill/internal/signal"
)

// outranks reports whether the signal's word on whose its order is goes before
// what is known of c, which has that order: a server's that has proved who it is
// and names a click, before a browser's. What is paid keeps its order.
func (h *hearing) outranks(c *conversion.Conversion) bool {
	return c.Status != conversion.Paid && h.hit.server && h.proven() && !h.s.Corrects() && !h.s.Click.IsZero() &&
		(!c.Vouched() || c.Memory.OrderByBrowser)
}

// contests reports whether the signal, which was looked up as being about t
// because of its order, claims that order for another click.
func (h *hearing) contests(t *conversion.Conversion) bool {
	if t.Status == conversion.Paid || !h.s.Channel.FromServer() || !h.proven() || h.s.Corrects() || h.s.Click.IsZero() ||
		h.s.Value(param.ConversionID) != "" || t.OrderID == "" || t.OrderID != h.s.Value(param.OrderID) ||
		t.Vouched() && !t.Memory.OrderByBrowser {
		return false
	}
	d := attribution.Decide(&h.offer.Offer, h.s, h.candidates()...)
	return d.Creditable() && !d.Touchless() && d.ID.String() != t.Touch.TransactionID
}

// vouch notes on next what a server's hit says of whose c is, and its order.
func (h *hearing) vouch(c conversion.Conversion, next *conversion.Conversion) {
	reported := h.reports(&c)
	next.SeenByServer = true
	next.Memory.OnlyNamed = !reported && !c.Vouched()
	if reported && h.hit.orderID == next.OrderID {
		next.Memory.OrderByBrowser = false
	}
}

// reports reports whether the signal came with the touch that earned c.
func (h *hearing) reports(c *conversion.Conversion) bool {
	switch {
	case h.s.Corrects():
		return false
	case h.target == nil && !h.foreign(c):
		return true
	default:
		return c.Touch.TransactionID != "" && h.touch.Creditable() && h.touch.ID.String() == c.Touch.TransactionID
	}
}

// standing leaves out the conversions that are superseded: a transaction's next
// hit is judged as if they had not been.
func standing(all []conversion.Conversion) []conversion.Conversion {
	gone := func(c conversion.Conversion) bool { return c.Superseded() }
	if !slices.ContainsFunc(all, gone) {
		return all
	}
	return slices.DeleteFunc(slices.Clone(all), gone)
}

// past gives the conversion that the signal names, if it is superseded.
func (h *hearing) past(st State) *conversion.Conversion {
	if h.hit.conversionID == "" {
		return nil
	}
	for i := range st.Conversions {
		if c := &st.Conversions[i]; c.ID == h.hit.conversionID && c.Superseded() {
			return c
		}
	}
	return nil
}

// superseded refuses to change c. Whose its order is now is not for everybody
// who reads the message.
func (h *hearing) superseded(c *conversion.Conversion) *refusal {
	return refuse(signal.TransitionNotAllowed,
		signal.Detail{Why: "a server that proved who it is has named another click for its order, which is counted there"},
		"it is superseded: its order %s is counted as conversion %s", c.OrderID, c.Memory.SupersededBy)
}

// supersede judges a server's word on an order that is a browser's by now: as if
// the browser had not spoken. If that gives the order to the signal's conversion,
// the browser's loses it in the same outcome.
func (h *hearing) supersede(st State) (Outcome, error) {
	before := *st.Order
	next, give, lacking := h.yield(st.Used, before)
	if len(lacking) > 0 {
		return Outcome{Lacking: lacking}, nil
	}
	unspoken := st
	unspoken.Order, unspoken.Used = nil, sum(st.Used, give)
	out, err := h.judge(unspoken)
	if err != nil {
		return Outcome{}, err
	}
	if !out.TakeOrder { // nobody gives anything back for it
		unspoken.Used = st.Used
		return h.judge(unspoken)
	}
	if next.Superseded() {
		next.Memory.SupersededBy, next.Memory.SupersededIn = out.Conversion.ID, h.s.ID.String()
	}
	entries, event, heard, err := h.book(before, next)
	if err != nil {
		return Outcome{}, err
	}
	if heard {
		out.Owed = slices.Concat(h.owedBeside(&next, event), out.Owed)
	}
	out.Beside, out.Entries, out.Use = &next, slices.Concat(entries, out.Entries), sum(out.Use, give)
	out.Verdict.Rule += "; order " + h.hit.orderID + " was only a browser's word, for transaction " +
		before.Touch.TransactionID + ", and conversion " + before.ID + " " + fate(&next)
	out.Verdict.Candidates = h.besides(&before)
	return out, nil
}

// yield gives c as it is without its order: superseded, unless a server has
// reported it too. give is what it gives back of the caps, lacking what has to be
// held to know that.
func (h *hearing) yield(used map[Counter]int64, c conversion.Conversion) (next conversion.Conversion, give map[Counter]int64, lacking []Counter) {
	next = c
	next.Version, next.UpdatedAt = c.Version+1, h.Now
	if c.Vouched() {
		next.OrderID, next.Memory.OrderByBrowser = "", false
		return next, nil, nil
	}
	next.Status, next.Reason, next.Memory.Waits = conversion.Rejected, conversion.Superseded, ""
	its := *h
	its.caps = h.bounds(c.AffiliateID)
	for k := range its.taken(&c) {
		if _, held := used[k]; !held {
			lacking = append(lacking, k)
		}
	}
	if len(lacking) > 0 {
		return next, nil, inOrder(lacking)
	}
	give, _ = its.take(used, &c, &next) // giving back goes beyond no cap
	return next, give, nil
}

// sum adds what two hold of each counter.
func sum(a, b map[Counter]int64) map[Counter]int64 {
	if len(b) == 0 {
		return a
	}
	all := maps.Clone(a)
	if all == nil {
		all = make(map[Counter]int64, len(b))
	}
	for k, n := range b {
		all[k] += n
	}
	return all
}

// fate says what became of a conversion that has lost its order.
func fate(c *conversion.Conversion) string {
	if c.Superseded() {
		return "is superseded"
	}
	return "has lost it"
}

// besides gives the candidates of the signal, and behind them the one that had
// the order.
func (h *hearing) besides(c *conversion.Conversion) []signal.Considered {
	all := slices.Clone(h.considered)
	if len(all) == 0 && len(h.touch.All) > 0 {
		all = append(all, shown(&h.touch.All[0]))
	}
	return append(all, signal.Considered{
		By: param.OrderID.String(), Named: h.hit.orderID, TransactionID: c.Touch.TransactionID, Kind: c.Touch.Kind, At: c.Touch.At,
		AffiliateID: c.AffiliateID, BoundBy: "browser", Code: signal.OK,
		Rule: "a browser had reported the order for it", Lost: "a server that proved who it is names another click for the order",
	})
}
