package inbound_test

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/offer"
)

// retention is how long clicks are kept.
const retention = 400 * 24 * time.Hour

// set changes a setting of the case: its block's JSON is laid over what there
// is, and must be what the API would save.
func (p *player) set(b *block) {
	p.Helper()
	p.change(p.T, func(s *catalog.Source) {
		var err error
		switch b.verb {
		case "offer":
			err = p.setOffer(s, offers, b.rest)
		case "other":
			err = p.setOffer(s, others, b.rest)
		case "goal":
			err = p.setGoal(s, b.rest)
		case "advertiser":
			a := &s.Advertisers[p.number-1]
			if err = json.Unmarshal([]byte(b.rest), a); err == nil {
				err = a.Validate()
			}
		case "affiliate":
			a := &s.Affiliates[p.number-1]
			if err = json.Unmarshal([]byte(b.rest), a); err == nil {
				err = a.Validate()
			}
		default:
			p.Errorf("%s: %q is not understood", b.place, b.verb)
		}
		if err != nil {
			p.Errorf("%s: %s: %v", b.place, strings.Join(b.source, "\n"), err)
		}
	})
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
