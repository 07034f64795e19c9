package inbound_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"waybill/internal/account"
	"waybill/internal/advertiser"
	"waybill/internal/affiliate"
	"waybill/internal/catalog"
	"waybill/internal/coupon"
	"waybill/internal/host"
	"waybill/internal/offer"
)

// retention is how long clicks are kept.
const retention = 400 * 24 * time.Hour

// set changes a setting of the case.
func (p *player) set(b *block) {
	p.Helper()
	p.change(p.T, func(s *catalog.Source) { p.lay(b, s) })
}

// lay lays a block's JSON over what there is. It must be what the API would
// save.
func (p *player) lay(b *block, s *catalog.Source) {
	p.Helper()
	if err := p.laid(b, s); err != nil {
		p.Errorf("%s: %s: %v", b.place, strings.Join(b.source, "\n"), err)
	}
}

func (p *player) laid(b *block, s *catalog.Source) error {
	switch b.verb {
	case "offer":
		return p.setOffer(s, offers, b.rest)
	case "other":
		return p.setOffer(s, others, b.rest)
	case "goal":
		return p.setGoal(s, b.rest)
	case "advertiser":
		i := slices.IndexFunc(s.Advertisers, func(a advertiser.Advertiser) bool { return a.ID == advertisers+p.number })
		a := &s.Advertisers[i]
		return errors.Join(json.Unmarshal([]byte(b.rest), a), a.Validate())
	case "affiliate":
		i := slices.IndexFunc(s.Affiliates, func(a affiliate.Affiliate) bool { return a.ID == affiliates+p.number })
		a := &s.Affiliates[i]
		return errors.Join(json.Unmarshal([]byte(b.rest), a), a.Validate())
	case "coupon":
		return p.setCoupon(s, b.rest)
	case "key":
		s.Keys = append(s.Keys, catalog.HashedKey{
			Key:  account.Key{ID: p.number, Role: account.Publishable, AdvertiserID: advertisers + p.number},
			Hash: account.Hash(p.expand(b.rest)),
		})
		return nil
	case "domain":
		d := host.Default()
		d.ID, d.Host, d.AdvertiserID = p.number, p.expand(b.rest), advertisers+p.number
		s.Domains = append(s.Domains, d)
		return d.Validate()
	default:
		return fmt.Errorf("%q is not understood", b.verb)
	}
}

func (p *player) setOffer(s *catalog.Source, base int64, object string) error {
	i := slices.IndexFunc(s.Offers, func(o offer.Offer) bool { return o.ID == base+p.number })
	o := &s.Offers[i]
	var named struct{ Payout, Revenue json.RawMessage }
	if err := json.Unmarshal([]byte(object), &named); err != nil {
		return err
	}
	if named.Payout != nil { // a price is replaced as a whole
		o.Payout = offer.Price{}
	}
	if named.Revenue != nil {
		o.Revenue = offer.Price{}
	}
	if err := json.Unmarshal([]byte(object), o); err != nil {
		return err
	}
	return o.Validate(retention)
}

// setCoupon makes a coupon of the affiliate's, or changes it: CODE {…}.
func (p *player) setCoupon(s *catalog.Source, text string) error {
	code, object, _ := strings.Cut(text, " ")
	i := slices.IndexFunc(s.Coupons, func(c coupon.Coupon) bool { return c.OfferID == offers+p.number && c.Code == code })
	if i < 0 {
		c := coupon.Default()
		c.ID, c.Code, c.OfferID, c.AffiliateID = int64(len(s.Coupons)+1), code, offers+p.number, affiliates+p.number
		s.Coupons = append(s.Coupons, c)
		i = len(s.Coupons) - 1
	}
	if object != "" {
		if err := json.Unmarshal([]byte(p.expand(object)), &s.Coupons[i]); err != nil {
			return err
		}
	}
	return s.Coupons[i].Validate()
}

// setGoal changes a goal, or makes it: CODE {…}.
func (p *player) setGoal(s *catalog.Source, text string) error {
	code, object, _ := strings.Cut(text, " ")
	of := offers + p.number
	i := slices.IndexFunc(s.Goals, func(g offer.Goal) bool { return g.OfferID == of && g.Is(code) })
	if i < 0 {
		g := offer.NewGoal(of)
		g.Code = code
		g.ID = goals + 10*p.number + 2
		for slices.ContainsFunc(s.Goals, func(other offer.Goal) bool { return other.ID == g.ID }) {
			g.ID++
		}
		s.Goals = append(s.Goals, g)
		i = len(s.Goals) - 1
	}
	if err := json.Unmarshal([]byte(object), &s.Goals[i]); err != nil {
		return err
	}
	return s.Goals[i].Validate()
}
