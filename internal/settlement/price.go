package settlement

import (
	"errors"

	"waybill/internal/conversion"
	"waybill/internal/money"
	"waybill/internal/offer"
	"waybill/internal/param"
	"waybill/internal/signal"
)

// price is what a new conversion earns, and by what.
type price struct {
	payout, revenue         int64 // in micro-units
	payoutRate, revenueRate conversion.Rate
	term                    string
	unpaid                  bool // it earns nothing, whatever the sale
}

// unpaidView is the term of a view that the offer does not pay.
const unpaidView = "view-through, which the offer does not pay (view_through_payable)"

// setPrice prices the conversion that the signal would make.
func (h *hearing) setPrice() *refusal {
	if h.touch.View() && !h.offer.PaysViews() {
		h.price = price{term: unpaidView, unpaid: true}
		return nil
	}
	p, err := h.priced(h.hit.amount, h.hit.amountKnown)
	switch {
	case errors.Is(err, offer.ErrAmountMissing):
		return refuse(signal.AmountMissing, signal.Detail{Param: param.Amount.String()},
			"goal %s pays a percentage of the sale, and the signal names no amount", h.goal.Code)
	case err != nil:
		return amountInvalid(param.Amount, h.s.Value(param.Amount), err)
	}
	h.price = p
	return nil
}

// priced prices a sale. A price is a straight line, so what a sale of nothing
// and one of a hundred earn tell its fixed part and its percentage.
func (h *hearing) priced(sale int64, known bool) (price, error) {
	who := offer.Fit{AffiliateID: h.affiliate, Goal: h.goal.Code, At: h.Now}
	if r := h.touch.Record; r != nil {
		who.Country = r.Visitor.Country
	}
	payout, revenue, term, err := h.offer.Priced(h.goal, h.offer.Terms, who, sale, known, h.hit.payout)
	if err != nil {
		return price{}, err
	}
	const hundred = 100 * money.Unit
	fixedPayout, fixedRevenue, _, err := h.offer.Priced(h.goal, h.offer.Terms, who, 0, true, h.hit.payout)
	if err != nil {
		return price{}, err
	}
	hundredPayout, hundredRevenue, _, err := h.offer.Priced(h.goal, h.offer.Terms, who, hundred, true, h.hit.payout)
	if err != nil {
		return price{}, err
	}
	rate := func(fixed, ofHundred int64) conversion.Rate {
		return conversion.Rate{Fixed: money.Micros(fixed), Percent: money.Percent(ofHundred - fixed)}
	}
	return price{
		payout: payout, revenue: revenue, term: term,
		payoutRate:  rate(fixedPayout, hundredPayout),
		revenueRate: rate(fixedRevenue, hundredRevenue),
	}, nil
}

// reprice gives c the payout and revenue of its amount, by its own copy of the
// price, and by the payout that the partner sets.
func (h *hearing) reprice(c *conversion.Conversion) *refusal {
	if set := h.hit.payout; set != nil && *set != c.Payout.Units && !c.Memory.Unpaid {
		c.Memory.PayoutRate = conversion.Rate{Fixed: money.Micros(*set)}
		c.Term = "payout by a later postback; revenue as before"
	}
	payout, err := c.Memory.PayoutRate.Of(c.Amount.Units)
	if err != nil {
		return amountInvalid(param.Amount, h.s.Value(param.Amount), err)
	}
	revenue, err := c.Memory.RevenueRate.Of(c.Amount.Units)
	if err != nil {
		return amountInvalid(param.Amount, h.s.Value(param.Amount), err)
	}
	c.Payout.Units, c.Revenue.Units = payout, revenue
	return nil
}
