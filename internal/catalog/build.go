package catalog

import (
	"fmt"

	"waybill/internal/account"
	"waybill/internal/advertiser"
	"waybill/internal/affiliate"
	"waybill/internal/delivery"
	"waybill/internal/fault"
	"waybill/internal/host"
	"waybill/internal/link"
	"waybill/internal/macro"
	"waybill/internal/offer"
	"waybill/internal/receiver"
	"waybill/internal/txid"
)

// New builds a catalog of s, which belongs to it from then on. It fails only
// when no transaction ID could be made or read.
func New(s Source) (*Catalog, error) { return build(s, nil) }

func build(s Source, before *Catalog) (*Catalog, error) {
	ring, err := txid.NewRing(s.Ring)
	if err != nil {
		return nil, fmt.Errorf("build the catalog of version %d: %w", s.Version, err)
	}
	c := &Catalog{source: s, ring: ring, caps: capsOf(s.CapsReached), before: before}
	c.addFallback()
	for i, p := range parts() {
		if before != nil && before.sound[i] && p.same(&before.source, &s) {
			p.take(c, before)
			c.sound[i] = true
			continue
		}
		told := len(c.problems)
		p.add(c)
		c.sound[i] = len(c.problems) == told
	}
	c.before = nil
	return c, nil
}

func (c *Catalog) problem(err error, what string, id any) {
	c.problems = append(c.problems, Problem{What: fmt.Sprintf("%s %v", what, id), Err: err})
}

func twice() error { return fault.New(fault.Invalid, "is there twice; the first one counts") }

// add puts v into m, unless something is there.
func add[K comparable, V any](c *Catalog, m map[K]V, what string, id K, v V) bool {
	if _, taken := m[id]; taken {
		c.problem(twice(), what, id)
		return false
	}
	m[id] = v
	return true
}

func (c *Catalog) addPartners() {
	s := &c.source
	c.advertisers = make(map[int64]*advertiser.Advertiser, len(s.Advertisers))
	for i := range s.Advertisers {
		add(c, c.advertisers, "advertiser", s.Advertisers[i].ID, &s.Advertisers[i])
	}
	c.affiliates = make(map[int64]*affiliate.Affiliate, len(s.Affiliates))
	for i := range s.Affiliates {
		add(c, c.affiliates, "affiliate", s.Affiliates[i].ID, &s.Affiliates[i])
	}
}

func (c *Catalog) addFallback() {
	if url := c.source.Settings.FallbackURL; url != "" {
		c.fallback = c.template(url, macro.OfferURL, "settings", "fallback_url")
	}
}

func (c *Catalog) addKeys() {
	s := &c.source
	c.keys = make(map[string]*account.Key, len(s.Keys))
	for i := range s.Keys {
		k := &s.Keys[i]
		if _, taken := c.keys[k.Hash]; taken {
			c.problem(twice(), "key", k.ID)
		} else if k.RevokedAt == nil && k.Hash != "" {
			c.keys[k.Hash] = &k.Key
		}
	}
}

// template parses a URL, or reports that it is broken.
func (c *Catalog) template(url string, use macro.Use, what string, id any) *macro.Template {
	t, err := macro.Parse(url, macro.URL, use)
	if err != nil {
		c.problem(err, what, id)
		return nil
	}
	return t
}

func (c *Catalog) addOffers() {
	s := &c.source
	c.offers = make(map[int64]*Offer, len(s.Offers))
	c.goals = make(map[int64]*offer.Goal, len(s.Goals))
	for i := range s.Offers {
		c.addOffer(&s.Offers[i])
	}
	for i := range s.Goals {
		g := &s.Goals[i]
		if o, ok := c.offers[g.OfferID]; !ok {
			c.problem(fault.New(fault.Invalid, "there is no offer %d", g.OfferID), "goal", g.ID)
		} else if add(c, c.goals, "goal", g.ID, g) {
			o.Goals = append(o.Goals, g)
		}
	}
	for _, t := range s.Terms {
		if o, ok := c.offers[t.OfferID]; ok {
			o.Terms = append(o.Terms, t)
		} else {
			c.problem(fault.New(fault.Invalid, "there is no offer %d", t.OfferID), "term", t.ID)
		}
	}
	for o := range c.Offers() {
		if _, ok := o.Goal(offer.DefaultGoal); !ok {
			c.problem(fault.New(fault.Invalid, "has no goal %s", offer.DefaultGoal), "offer", o.ID)
		}
	}
}

// addOffer adds one offer. What it cannot do without is its advertiser, who
// owes the money.
func (c *Catalog) addOffer(o *offer.Offer) {
	owner, ok := c.advertisers[o.AdvertiserID]
	if !ok {
		c.problem(fault.New(fault.Invalid, "there is no advertiser %d", o.AdvertiserID), "offer", o.ID)
		return
	}
	built := &Offer{Offer: *o, Advertiser: owner}
	if !add(c, c.offers, "offer", o.ID, built) {
		return
	}
	if was := c.offerBefore(o.ID); was != nil && was.Destination != nil && was.DestinationURL == o.DestinationURL {
		built.Destination = was.Destination
	} else {
		built.Destination = c.template(o.DestinationURL, macro.OfferURL, "offer", o.ID)
	}
	if o.FallbackURL != "" {
		built.Fallback = c.template(o.FallbackURL, macro.OfferURL, "offer", o.ID)
	}
}

// addLinks adds the links. One to an offer that is not there stays, since who
// follows it is told that, and not that there is no such link.
func (c *Catalog) addLinks() {
	c.links = make(map[string]*link.Link, len(c.source.Links))
	c.linksOf = make(map[int64]int)
	for i := range c.source.Links {
		l := &c.source.Links[i]
		if add(c, c.links, "link", l.Code, l) {
			c.linksOf[l.AffiliateID]++
		}
	}
}

// addDomains adds the tracking domains. One whose advertiser is not there stays,
// since under its name nothing else may answer.
func (c *Catalog) addDomains() {
	c.domains = make(map[string]*host.Domain, len(c.source.Domains))
	for i := range c.source.Domains {
		d := &c.source.Domains[i]
		if _, ok := c.advertisers[d.AdvertiserID]; !ok {
			c.problem(fault.New(fault.Invalid, "there is no advertiser %d", d.AdvertiserID), "domain", d.Host)
		}
		add(c, c.domains, "domain", d.Host, d)
	}
}

// addSubscriptions adds the subscriptions. One that is broken stays: what it is
// owed waits until it is mended, and is not lost.
func (c *Catalog) addSubscriptions() {
	c.subscriptions = make(map[int64]*Subscription, len(c.source.Subscriptions))
	c.ofAffiliate, c.ofAdvertiser = make(map[int64][]*Subscription), make(map[int64][]*Subscription)
	for i := range c.source.Subscriptions {
		one := &c.source.Subscriptions[i]
		if err := one.Owner.Validate(); err != nil {
			c.problem(fault.Within("owner", err), "subscription", one.ID)
			continue
		}
		s := c.ready(one)
		if !add(c, c.subscriptions, "subscription", s.ID, s) {
			continue
		}
		switch {
		case s.Owner.AffiliateID != 0:
			c.ofAffiliate[s.Owner.AffiliateID] = append(c.ofAffiliate[s.Owner.AffiliateID], s)
		case s.Owner.AdvertiserID != 0:
			c.ofAdvertiser[s.Owner.AdvertiserID] = append(c.ofAdvertiser[s.Owner.AdvertiserID], s)
		default:
			c.ofNetwork = append(c.ofNetwork, s)
		}
	}
}

// ready makes a subscription ready for use.
func (c *Catalog) ready(one *delivery.Subscription) *Subscription {
	if was := c.subscriptionBefore(one); was != nil {
		return was
	}
	s := &Subscription{Subscription: *one}
	plan, err := receiver.Compile(s.Subscription)
	if err != nil {
		c.problem(err, "subscription", s.ID)
	}
	s.Plan = plan
	return s
}

func accessOf(all []offer.Permission) map[holder]offer.Standing {
	access := make(map[holder]offer.Standing, len(all))
	for _, p := range all {
		access[holder{p.OfferID, p.AffiliateID}] = p.Standing
	}
	return access
}

// capsOf indexes caps by their holders. Of several of one holder the one that
// lasts longest counts.
func capsOf(reached []CapReached) map[holder]int64 {
	caps := make(map[holder]int64, len(reached))
	for _, r := range reached {
		h := holder{r.OfferID, r.AffiliateID}
		if until, ok := caps[h]; ok && (until == 0 || r.Until != 0 && r.Until < until) {
			continue
		}
		caps[h] = r.Until
	}
	return caps
}
