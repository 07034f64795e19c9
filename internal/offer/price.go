package offer

import (
	"errors"

	"waybill/internal/fault"
	"waybill/internal/money"
)

// PriceType is how a price is reckoned.
type PriceType string

// The types. CPC and CPM are earned by clicks and views; a conversion priced
// by them earns nothing by itself.
const (
	CPA    PriceType = "cpa"     // a fixed amount a conversion
	CPS    PriceType = "cps"     // a percentage of the sale
	CPACPS PriceType = "cpa_cps" // both
	CPC    PriceType = "cpc"     // a fixed amount a click
	CPM    PriceType = "cpm"     // a fixed amount for a thousand views
)

// Price is what something earns, in the offer's currency.
type Price struct {
	Type    PriceType     `json:"type" enum:"cpa,cps,cpa_cps,cpc,cpm" doc:"cpa: a fixed amount; cps: a percentage of the sale; cpa_cps: both; cpc, cpm: for clicks and views."`
	Amount  money.Micros  `json:"amount,omitzero" doc:"The fixed part, a decimal string."`
	Percent money.Percent `json:"percent,omitzero" doc:"The part of the sale amount, in percent, a decimal string."`
}

// maxAmount bounds a price: a thousand million units of any currency.
const maxAmount = 1_000_000_000 * money.Unit

// Validate reports every field that is wrong; most is the largest share.
func (p Price) Validate(most money.Percent) error {
	switch p.Type {
	case CPA, CPS, CPACPS:
	case CPC, CPM:
		return fault.At("type", "%s is not billed yet: clicks and views earn nothing in this version; use cpa, cps or cpa_cps", p.Type)
	default:
		return fault.At("type", "%.40q is not a type of price; use cpa, cps or cpa_cps", p.Type)
	}
	var errs []error
	switch {
	case p.Amount < 0 || p.Amount > maxAmount:
		errs = append(errs, fault.At("amount", "must lie between 0 and %s", money.Micros(maxAmount)))
	case p.Type == CPS && p.Amount != 0:
		errs = append(errs, fault.At("amount", "cps pays a percentage alone; for a fixed amount too use cpa_cps"))
	}
	switch {
	case p.Percent < 0 || p.Percent > most:
		errs = append(errs, fault.At("percent", "must lie between 0 and %s", most))
	case p.Type == CPA && p.Percent != 0:
		errs = append(errs, fault.At("percent", "cpa pays a fixed amount alone; for a percentage too use cpa_cps"))
	}
	return errors.Join(errs...)
}

// maxPayout is the largest share of a sale that an affiliate may be promised.
const maxPayout money.Percent = 100 * money.Unit

// validPrices checks a pair of prices that may be left open.
func validPrices(payout, revenue *Price) error {
	var errs []error
	if payout != nil {
		errs = append(errs, fault.Within("payout", payout.Validate(maxPayout)))
	}
	if revenue != nil {
		errs = append(errs, fault.Within("revenue", revenue.Validate(money.MaxPercent)))
	}
	return errors.Join(errs...)
}

// NeedsSale reports whether the price cannot be told without the sale's amount.
func (p Price) NeedsSale() bool {
	return (p.Type == CPS || p.Type == CPACPS) && p.Percent != 0
}

// Of gives what a sale of so many micro-units earns.
func (p Price) Of(sale int64) (int64, error) {
	switch p.Type {
	case CPA:
		return int64(p.Amount), nil
	case CPS:
		return p.Percent.Of(sale), nil
	case CPACPS:
		return money.Add(int64(p.Amount), p.Percent.Of(sale))
	default:
		return 0, nil
	}
}

// ErrAmountMissing says that a percentage is paid, of a sale whose amount
// nobody told.
var ErrAmountMissing = fault.At("amount", "is missing, and a percentage of it is paid")

// Priced gives what a conversion earns, in micro-units, and by which term, in
// words. Payout and revenue are each priced by the best term that speaks of
// them, else by the goal, else by the offer. partner is the payout that the
// postback asks for, heard only where the goal says so. The error is
// ErrAmountMissing, or that the result does not fit.
func (o *Offer) Priced(g *Goal, terms []Term, who Fit, sale int64, saleKnown bool, partner *int64) (payout, revenue int64, term string, err error) {
	paid, paidBy := price(best(terms, o.ID, who, payoutOf), payoutOf, g, g.Payout, o.Payout)
	owed, owedBy := price(best(terms, o.ID, who, revenueOf), revenueOf, g, g.Revenue, o.Revenue)
	if g.PartnerMaySetPayout && partner != nil {
		paid, paidBy = Price{Type: CPA, Amount: money.Micros(*partner)}, "the postback"
	}
	if !saleKnown && (paid.NeedsSale() || owed.NeedsSale()) {
		return 0, 0, "", ErrAmountMissing
	}
	if payout, err = paid.Of(sale); err != nil {
		return 0, 0, "", fault.Within("payout", err)
	}
	if revenue, err = owed.Of(sale); err != nil {
		return 0, 0, "", fault.Within("revenue", err)
	}
	if paidBy == owedBy {
		return payout, revenue, paidBy, nil
	}
	return payout, revenue, "payout by " + paidBy + "; revenue by " + owedBy, nil
}

// price gives the price that holds, and by what it does.
func price(special *Term, of func(*Term) *Price, g *Goal, byGoal *Price, byOffer Price) (Price, string) {
	switch {
	case special != nil:
		return *of(special), special.String()
	case byGoal != nil:
		return *byGoal, "goal " + g.Code
	default:
		return byOffer, "offer"
	}
}
