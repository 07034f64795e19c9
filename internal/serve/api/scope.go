package api

import (
	"context"
	"fmt"
	"slices"

	"waybill/internal/delivery"
	"waybill/internal/fault"
	"waybill/internal/offer"
)

// scopeWarnings tells of an offer or a goal by which a postback would never hear
// of anything. They are no mistakes by themselves: a goal may be made after the
// postback, and carry the same code in many offers.
func (a *API) scopeWarnings(ctx context.Context, s *delivery.Subscription) []warning {
	if w := a.offerWarnings(ctx, s); w != nil || s.Goal == "" {
		return w
	}
	return a.goalWarnings(ctx, s)
}

// offerWarnings tells of an offer whose conversions are never the owner's.
func (a *API) offerWarnings(ctx context.Context, s *delivery.Subscription) []warning {
	if s.OfferID != 0 && s.Owner.AdvertiserID != 0 {
		o, err := a.Offers.Get(ctx, s.OfferID)
		if err == nil && o.Value.AdvertiserID != s.Owner.AdvertiserID {
			return []warning{{Field: "offer_id", Message: "is no offer of this advertiser, who hears of the conversions of its own alone: nothing would ever be sent"}}
		}
	}
	if o, ok := a.Catalog().Offer(s.OfferID); ok && s.Owner.AffiliateID != 0 && !a.admits(&o.Offer, s.Owner.AffiliateID) {
		return []warning{{Field: "offer_id", Message: fmt.Sprintf("affiliate %d is not approved for offer %d: its visitors are turned away, and nothing is sent until it is", s.Owner.AffiliateID, s.OfferID)}}
	}
	return nil
}

// goalWarnings tells of a goal that the offer, or each one, is without.
func (a *API) goalWarnings(ctx context.Context, s *delivery.Subscription) []warning {
	if s.OfferID != 0 {
		if _, err := a.goalCalled(ctx, s.OfferID, s.Goal); fault.Of(err) == fault.NotFound {
			return []warning{{Field: "goal", Message: fmt.Sprintf("offer %d has no goal %.64q: nothing is sent until it has", s.OfferID, s.Goal)}}
		}
		return nil
	}
	for o := range a.Catalog().Offers() {
		if slices.ContainsFunc(o.Goals, func(g *offer.Goal) bool { return g.Is(s.Goal) }) {
			return nil
		}
	}
	return []warning{{Field: "goal", Message: fmt.Sprintf("no offer has a goal %.64q: nothing is sent until one has", s.Goal)}}
}
