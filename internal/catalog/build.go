package catalog

import (
	"fmt"

	"waybill/internal/account"
	"waybill/internal/advertiser"
	"waybill/internal/affiliate"
	"waybill/internal/fault"
	"waybill/internal/host"
	"waybill/internal/link"
	"waybill/internal/macro"
	"waybill/internal/offer"
	"waybill/internal/receiver"
	"waybill/internal/tune"
	"waybill/internal/txid"
)

// New builds a catalog of s, which belongs to it from then on. It fails only
// when no transaction ID could be made or read.
func New(s Source) (*Catalog, error) {
	ring, err := txid.NewRing(s.Ring)
	if err != nil {
		return nil, fmt.Errorf("build the catalog of version %d: %w", s.Version, err)
	}
	c := &Catalog{
		source: s, ring: ring, caps: capsOf(s.CapsReached), access: accessOf(s.Access),
		advertisers:   make(map[int64]*advertiser.Advertiser, len(s.Advertisers)),
		affiliates:    make(map[int64]*affiliate.Affiliate, len(s.Affiliates)),
		offers:        make(map[int64]*Offer, len(s.Offers)),
		goals:         make(map[int64]*offer.Goal, len(s.Goals)),
		links:         make(map[string]*link.Link, len(s.Links)),
		linksOf:       make(map[int64]int),
		domains:       make(map[string]*host.Domain, len(s.Domains)),
		keys:          make(map[string]*account.Key, len(s.Keys)),
		subscriptions: make(map[int64]*Subscription, len(s.Subscriptions)),
		tuneIDs:       tune.NewIDs(s.IDMap, s.Settings.TuneIDs),
		ofAffiliate:   make(map[int64][]*Subscription),
		ofAdvertiser:  make(map[int64][]*Subscription),
	}
	c.addPartners()
	c.addOffers()
	c.addLinks()
	c.addDomains()
	c.addCoupons()
	c.addSubscriptions()
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
	if url := s.Settings.FallbackURL; url != "" {
		c.fallback = c.template(url, macro.OfferURL, "settings", "fallback_url")
	}
	for i := range s.Advertisers {
		add(c, c.advertisers, "advertiser", s.Advertisers[i].ID, &s.Advertisers[i])
	}
	for i := range s.Affiliates {
		add(c, c.affiliates, "affiliate", s.Affiliates[i].ID, &s.Affiliates[i])
	}
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
	built.Destination = c.template(o.DestinationURL, macro.OfferURL, "offer", o.ID)
	if o.FallbackURL != "" {
		built.Fallback = c.template(o.FallbackURL, macro.OfferURL, "offer", o.ID)
	}
}

// addLinks adds the links. One to an offer that is not there stays, since who
// follows it is told that, and not that there is no such link.
func (c *Catalog) addLinks() {
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
	for i := range c.source.Subscriptions {
		s := &Subscription{Subscription: c.source.Subscriptions[i]}
		if err := s.Owner.Validate(); err != nil {
			c.problem(fault.Within("owner", err), "subscription", s.ID)
			continue
		}
		if !add(c, c.subscriptions, "subscription", s.ID, s) {
			continue
		}
		plan, err := receiver.Compile(s.Subscription)
		if err != nil {
			c.problem(err, "subscription", s.ID)
		}
		s.Plan = plan
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
