package catalog

import (
	"reflect"

	"waybill/internal/delivery"
	"waybill/internal/tune"
)

// Next builds the catalog of s, which was read after c was. What both sources hold
// in the very same slice is taken over with all that was made of it, so that a
// change costs what it touches and not what there is. The result is as New's.
func (c *Catalog) Next(s Source) (*Catalog, error) { return build(s, c) }

// partCount is how many parts a catalog is built of.
const partCount = 8

// part is what of a catalog is made of some slices of the source, and taken over
// while they stay the same. One that has told of problems is made anew, and tells
// of them again.
type part struct {
	same func(was, is *Source) bool
	take func(c, from *Catalog)
	add  func(*Catalog)
}

// parts gives them in the order of making: each needs none but earlier ones.
func parts() [partCount]part {
	return [...]part{
		{
			same: samePartners,
			take: func(c, from *Catalog) { c.advertisers, c.affiliates = from.advertisers, from.affiliates },
			add:  (*Catalog).addPartners,
		},
		{
			same: func(was, is *Source) bool { return same(was.Keys, is.Keys) },
			take: func(c, from *Catalog) { c.keys = from.keys },
			add:  (*Catalog).addKeys,
		},
		{
			same: func(was, is *Source) bool {
				return same(was.Advertisers, is.Advertisers) && same(was.Offers, is.Offers) && same(was.Goals, is.Goals) && same(was.Terms, is.Terms)
			},
			take: func(c, from *Catalog) { c.offers, c.goals = from.offers, from.goals },
			add:  (*Catalog).addOffers,
		},
		{
			same: func(was, is *Source) bool { return same(was.Links, is.Links) },
			take: func(c, from *Catalog) { c.links, c.linksOf = from.links, from.linksOf },
			add:  (*Catalog).addLinks,
		},
		{
			same: func(was, is *Source) bool { return same(was.Domains, is.Domains) },
			take: func(c, from *Catalog) { c.domains = from.domains },
			add:  (*Catalog).addDomains,
		},
		{
			same: func(was, is *Source) bool { return same(was.Coupons, is.Coupons) },
			take: func(c, from *Catalog) { c.coupons = from.coupons },
			add:  (*Catalog).addCoupons,
		},
		{
			same: func(was, is *Source) bool { return same(was.Subscriptions, is.Subscriptions) },
			take: func(c, from *Catalog) {
				c.subscriptions, c.ofAffiliate, c.ofAdvertiser, c.ofNetwork = from.subscriptions, from.ofAffiliate, from.ofAdvertiser, from.ofNetwork
			},
			add: (*Catalog).addSubscriptions,
		},
		{
			same: func(was, is *Source) bool {
				return same(was.Access, is.Access) && same(was.IDMap, is.IDMap) && was.Settings.TuneIDs == is.Settings.TuneIDs
			},
			take: func(c, from *Catalog) { c.access, c.tuneIDs = from.access, from.tuneIDs },
			add: func(c *Catalog) {
				c.access, c.tuneIDs = accessOf(c.source.Access), tune.NewIDs(c.source.IDMap, c.source.Settings.TuneIDs)
			},
		},
	}
}

func samePartners(was, is *Source) bool {
	return same(was.Advertisers, is.Advertisers) && same(was.Affiliates, is.Affiliates)
}

// same reports whether two slices are one and the same.
func same[T any](was, is []T) bool {
	return len(was) == len(is) && (len(was) == 0 || &was[0] == &is[0])
}

// offerBefore gives the offer of the catalog before, nil if there is none.
func (c *Catalog) offerBefore(id int64) *Offer {
	if c.before == nil {
		return nil
	}
	return c.before.offers[id]
}

// subscriptionBefore gives the subscription of the catalog before, if it is the
// same and was sound.
func (c *Catalog) subscriptionBefore(one *delivery.Subscription) *Subscription {
	if c.before == nil {
		return nil
	}
	was := c.before.subscriptions[one.ID]
	if was == nil || was.Plan == nil || !reflect.DeepEqual(&was.Subscription, one) {
		return nil
	}
	return was
}
