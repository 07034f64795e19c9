package catalog

import (
	"slices"

	"waybill/internal/delivery"
	"waybill/internal/macro"
)

// Forwards reports whether a value is told to anybody who may be owed a postback
// about a conversion of an offer: what nobody is told need not be kept. The
// affiliate is 0 where it is not known yet, and may be any.
func (c *Catalog) Forwards(n macro.Name, offerID, affiliateID int64) bool {
	o, ok := c.offers[offerID]
	if !ok {
		return false
	}
	told := func(s *Subscription) bool {
		return s.Status == delivery.Active && !s.Format.Browser() && (s.OfferID == 0 || s.OfferID == offerID) &&
			s.Plan != nil && s.Plan.Uses(n)
	}
	if slices.ContainsFunc(c.ofNetwork, told) || slices.ContainsFunc(c.ofAdvertiser[o.AdvertiserID], told) {
		return true
	}
	if affiliateID != 0 {
		return slices.ContainsFunc(c.ofAffiliate[affiliateID], told)
	}
	for _, list := range c.ofAffiliate {
		if slices.ContainsFunc(list, told) {
			return true
		}
	}
	return false
}
