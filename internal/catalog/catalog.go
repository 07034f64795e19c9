// Package catalog is all configuration at one moment, indexed for reading: what
// the edge decides by and what signals are judged by.
//
// A Catalog never changes; a change of configuration makes a new one. It is
// built from a Source, which is plain data: the ledger reads it out of its
// tables, and each node keeps a copy on disk, so that a node starts and serves
// clicks while the ledger is away.
//
// One entity that is broken never takes the others down. What can be served
// without its broken part is: an offer whose URL no longer parses still judges
// conversions. What cannot is left out. Both are reported by Problems.
package catalog

import (
	"cmp"
	"iter"
	"slices"
	"strconv"
	"strings"
	"time"

	"waybill/internal/account"
	"waybill/internal/advertiser"
	"waybill/internal/affiliate"
	"waybill/internal/conversion"
	"waybill/internal/coupon"
	"waybill/internal/delivery"
	"waybill/internal/host"
	"waybill/internal/link"
	"waybill/internal/macro"
	"waybill/internal/offer"
	"waybill/internal/receiver"
	"waybill/internal/tune"
	"waybill/internal/txid"
)

// Catalog is the configuration, indexed. It never changes, and any number may
// read it at once. Look-ups allocate nothing. What they give belongs to the
// catalog and must not be changed.
type Catalog struct {
	source   Source
	ring     *txid.Ring
	fallback *macro.Template
	problems []Problem

	advertisers   map[int64]*advertiser.Advertiser
	affiliates    map[int64]*affiliate.Affiliate
	offers        map[int64]*Offer
	goals         map[int64]*offer.Goal
	links         map[string]*link.Link
	linksOf       map[int64]int           // how many an affiliate has
	domains       map[string]*host.Domain // by host
	keys          map[string]*account.Key
	subscriptions map[int64]*Subscription
	coupons       map[couponKey]*coupon.Coupon
	tuneIDs       *tune.IDs

	// Subscriptions by their owner.
	ofAffiliate  map[int64][]*Subscription
	ofAdvertiser map[int64][]*Subscription
	ofNetwork    []*Subscription

	access map[holder]offer.Standing // of one affiliate to one offer

	caps map[holder]int64 // until when, in Unix seconds; 0 for ever

	sound  [partCount]bool // what was made without problems
	before *Catalog        // while this one is built after it
}

// holder is whose cap is used up, and whose standing it is; affiliate 0 is
// everybody.
type holder struct{ offer, affiliate int64 }

// Offer is an offer with all that belongs to it.
type Offer struct {
	offer.Offer
	Advertiser  *advertiser.Advertiser
	Destination *macro.Template // nil when the URL is broken
	Fallback    *macro.Template // nil when there is none, or it is broken
	Goals       []*offer.Goal
	Terms       []offer.Term
}

// Paused reports whether the offer's advertiser is paused, and so the offer.
func (o *Offer) Paused() bool { return o.Advertiser.Status != advertiser.Active }

// Goal gives the goal that a signal names by its code, in whatever case, or by
// its ID; the default goal if it names none. A code wins over an ID of the same
// digits.
func (o *Offer) Goal(named string) (*offer.Goal, bool) {
	if named == "" {
		named = offer.DefaultGoal
	}
	for _, g := range o.Goals {
		if strings.EqualFold(g.Code, named) {
			return g, true
		}
	}
	id, err := strconv.ParseInt(named, 10, 64)
	if err != nil {
		return nil, false
	}
	for _, g := range o.Goals {
		if g.ID == id {
			return g, true
		}
	}
	return nil, false
}

// GoalNamed gives the goal that is called by its code or its ID, else by its
// name, in whatever case.
func (o *Offer) GoalNamed(named string) (*offer.Goal, bool) {
	if g, ok := o.Goal(named); ok {
		return g, true
	}
	for _, g := range o.Goals {
		if strings.EqualFold(strings.TrimSpace(g.Name), named) {
			return g, true
		}
	}
	return nil, false
}

// Subscription is a subscription, made ready for use.
type Subscription struct {
	delivery.Subscription
	Plan *receiver.Plan // nil when it is broken
}

// Problem is something of the source that could not be used as it is.
type Problem struct {
	What string // "offer 5"
	Err  error
}

// Problems gives what is broken, in the order of the source.
func (c *Catalog) Problems() []Problem { return c.problems }

// Source gives what the catalog was built from.
func (c *Catalog) Source() Source { return c.source }

// Version rises with every change of configuration.
func (c *Catalog) Version() int64 { return c.source.Version }

// Ring gives the keys that seal transaction IDs.
func (c *Catalog) Ring() *txid.Ring { return c.ring }

// Settings gives what holds for the whole installation.
func (c *Catalog) Settings() Settings { return c.source.Settings }

// TuneIDs gives what TUNE's numbers mean here.
func (c *Catalog) TuneIDs() *tune.IDs { return c.tuneIDs }

// Fallback gives where visitors go who can be sent nowhere else; nil when
// nowhere.
func (c *Catalog) Fallback() *macro.Template { return c.fallback }

// Advertiser gives an advertiser by its ID.
func (c *Catalog) Advertiser(id int64) (*advertiser.Advertiser, bool) {
	a, ok := c.advertisers[id]
	return a, ok
}

// Affiliate gives an affiliate by its ID.
func (c *Catalog) Affiliate(id int64) (*affiliate.Affiliate, bool) {
	a, ok := c.affiliates[id]
	return a, ok
}

// Offer gives an offer by its ID.
func (c *Catalog) Offer(id int64) (*Offer, bool) {
	o, ok := c.offers[id]
	return o, ok
}

// Goal gives a goal, of whatever offer, by its ID.
func (c *Catalog) Goal(id int64) (*offer.Goal, bool) {
	g, ok := c.goals[id]
	return g, ok
}

// Link gives a short link by its code, a retired or deleted one too.
func (c *Catalog) Link(code string) (*link.Link, bool) {
	l, ok := c.links[code]
	return l, ok
}

// LinksOf gives how many short links an affiliate has, retired and deleted ones too.
func (c *Catalog) LinksOf(affiliateID int64) int { return c.linksOf[affiliateID] }

// Domain gives the tracking domain that a request's Host header names, in
// whatever case and with or without a port, a paused one too.
func (c *Catalog) Domain(header string) (*host.Domain, bool) {
	if len(c.domains) == 0 {
		return nil, false
	}
	var key host.Key
	d, ok := c.domains[string(host.AppendKey(key[:0], header))]
	return d, ok
}

// Domains gives every tracking domain, in the order of the source.
func (c *Catalog) Domains() iter.Seq[*host.Domain] {
	return func(yield func(*host.Domain) bool) {
		for i := range c.source.Domains {
			d := &c.source.Domains[i]
			if c.domains[d.Host] == d && !yield(d) {
				return
			}
		}
	}
}

// KeyByHash gives the API key that has a hash, unless it is revoked.
func (c *Catalog) KeyByHash(hash string) (*account.Key, bool) {
	k, ok := c.keys[hash]
	return k, ok
}

// Subscription gives a subscription by its ID, a paused one too.
func (c *Catalog) Subscription(id int64) (*Subscription, bool) {
	s, ok := c.subscriptions[id]
	return s, ok
}

// Subscriptions gives those to whom an event of v's life is owed, by ID. Only
// those of the owners concerned are looked at.
func (c *Catalog) Subscriptions(v *conversion.Conversion, e conversion.Event) []*Subscription {
	var all []*Subscription
	for _, list := range [...][]*Subscription{c.ofAffiliate[v.AffiliateID], c.ofAdvertiser[v.AdvertiserID], c.ofNetwork} {
		for _, s := range list {
			if s.Fits(*v, e) {
				all = append(all, s)
			}
		}
	}
	return byID(all)
}

// Pixels gives the browser pixels of v's affiliate that an event of its life
// fires, by ID.
func (c *Catalog) Pixels(v *conversion.Conversion, e conversion.Event) []*Subscription {
	var all []*Subscription
	for _, s := range c.ofAffiliate[v.AffiliateID] {
		if s.Format.Browser() && s.Plan != nil && s.Concerns(*v, e) {
			all = append(all, s)
		}
	}
	return byID(all)
}

// Alerted gives those who hear of what became of a subscription's destination,
// by ID.
func (c *Catalog) Alerted(about delivery.Subscription, e conversion.Event) []*Subscription {
	var all []*Subscription
	for _, list := range [...][]*Subscription{c.ofAffiliate[about.Owner.AffiliateID], c.ofAdvertiser[about.Owner.AdvertiserID], c.ofNetwork} {
		for _, s := range list {
			if s.FitsAlert(about, e) {
				all = append(all, s)
			}
		}
	}
	return byID(all)
}

func byID(all []*Subscription) []*Subscription {
	slices.SortFunc(all, func(a, b *Subscription) int { return cmp.Compare(a.ID, b.ID) })
	return all
}

// Admits reports whether an affiliate may send visitors to the offer.
func (c *Catalog) Admits(o *Offer, affiliateID int64) bool {
	return o.Access.Everybody() || c.access[holder{o.ID, affiliateID}] == offer.Approved
}

// Standing gives how an affiliate stands to an offer, empty when it never asked.
func (c *Catalog) Standing(offerID, affiliateID int64) offer.Standing {
	return c.access[holder{offerID, affiliateID}]
}

// CapReached reports whether a cap of the offer is used up at that time, for
// everybody or for the affiliate.
func (c *Catalog) CapReached(offerID, affiliateID int64, at time.Time) bool {
	return c.capHolds(holder{offerID, 0}, at) || c.capHolds(holder{offerID, affiliateID}, at)
}

func (c *Catalog) capHolds(h holder, at time.Time) bool {
	until, ok := c.caps[h]
	return ok && (until == 0 || at.Unix() < until)
}

// WithCaps gives the same catalog with other caps used up. It costs next to
// nothing, since both share all else.
func (c *Catalog) WithCaps(reached []CapReached) *Catalog {
	next := *c
	next.source.CapsReached = reached
	next.caps = capsOf(reached)
	return &next
}

// Offers gives every offer, in the order of the source.
func (c *Catalog) Offers() iter.Seq[*Offer] {
	return func(yield func(*Offer) bool) {
		for i := range c.source.Offers {
			if o, ok := c.offers[c.source.Offers[i].ID]; ok && !yield(o) {
				return
			}
		}
	}
}

// Advertisers gives every advertiser, in the order of the source.
func (c *Catalog) Advertisers() iter.Seq[*advertiser.Advertiser] {
	return func(yield func(*advertiser.Advertiser) bool) {
		for i := range c.source.Advertisers {
			if !yield(&c.source.Advertisers[i]) {
				return
			}
		}
	}
}

// Affiliates gives every affiliate, in the order of the source.
func (c *Catalog) Affiliates() iter.Seq[*affiliate.Affiliate] {
	return func(yield func(*affiliate.Affiliate) bool) {
		for i := range c.source.Affiliates {
			if !yield(&c.source.Affiliates[i]) {
				return
			}
		}
	}
}
