package catalog

import (
	"slices"
	"testing"

	"waybill/internal/advertiser"
	"waybill/internal/affiliate"
	"waybill/internal/conversion"
	"waybill/internal/coupon"
	"waybill/internal/delivery"
	"waybill/internal/link"
	"waybill/internal/offer"
	"waybill/internal/txid"
)

func largeSource() Source {
	s := Source{Version: 1, Ring: []txid.Key{{Number: 1, Secret: [32]byte{1}}}}
	for i := range int64(3) {
		id := i + 1
		s.Advertisers = append(s.Advertisers, advertiser.Advertiser{ID: id, Status: advertiser.Active})
		s.Affiliates = append(s.Affiliates, affiliate.Affiliate{ID: id, Status: affiliate.Active})
		s.Offers = append(s.Offers, offer.Offer{ID: id, AdvertiserID: id, DestinationURL: "https://shop.example/"})
		s.Goals = append(s.Goals, offer.Goal{ID: id, OfferID: id, Code: offer.DefaultGoal})
		s.Links = append(s.Links, link.Link{Code: string(rune('a' + i)), OfferID: id, AffiliateID: id})
		s.Coupons = append(s.Coupons, coupon.Coupon{ID: id, OfferID: id, AffiliateID: id, Code: "may", Status: coupon.Active})
		one := delivery.Default()
		one.ID, one.Owner, one.URL = id, delivery.Owner{AffiliateID: id}, "https://t.example/"
		s.Subscriptions = append(s.Subscriptions, one)
	}
	return s
}

// changedAt gives a copy of values of which one is changed.
func changedAt[T any](values []T, i int, change func(*T)) []T {
	all := slices.Clone(values)
	change(&all[i])
	return all
}

func must(t *testing.T) func(c *Catalog, err error) *Catalog {
	return func(c *Catalog, err error) *Catalog {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
}

func TestNextTakesOverWhatIsTheSame(t *testing.T) {
	first := must(t)(New(largeSource()))
	s := first.Source()
	s.Version = 2
	s.Offers = changedAt(s.Offers, 0, func(o *offer.Offer) { o.DestinationURL = "https://other.example/" })
	c := must(t)(first.Next(s))
	changed, _ := c.Offer(1)
	kept, _ := first.Offer(1)
	if changed.Destination == kept.Destination || changed.DestinationURL != "https://other.example/" || c.Version() != 2 {
		t.Errorf("version %d sends the first offer's visitors where they went before", c.Version())
	}
	if kept.DestinationURL != "https://shop.example/" {
		t.Error("the catalog before was changed")
	}
	was, _ := first.Offer(2)
	if is, ok := c.Offer(2); !ok || is.Destination != was.Destination || len(is.Goals) != 1 {
		t.Errorf("another offer is %+v, want its template as before and its goal once", is)
	}
	plan, _ := first.Subscription(2)
	if same, _ := c.Subscription(2); same != plan {
		t.Error("a postback was made ready again")
	}
	if c.before != nil {
		t.Error("a catalog keeps the one before")
	}
}

func TestNextOfOneSubscriptionMakesThatAnew(t *testing.T) {
	first := must(t)(New(largeSource()))
	s := first.Source()
	s.Subscriptions = changedAt(s.Subscriptions, 1, func(d *delivery.Subscription) { d.URL = "https://new.example/" })
	c := must(t)(first.Next(s))
	if got, _ := c.Subscription(2); got.Plan.Host() != "new.example" {
		t.Errorf("the changed postback leads to %s", got.Plan.Host())
	}
	was, _ := first.Subscription(3)
	if got, _ := c.Subscription(3); got != was {
		t.Error("another postback was made ready again")
	}
	owed := &conversion.Conversion{AffiliateID: 2, OfferID: 2}
	if got := c.Subscriptions(owed, conversion.EventCreated); len(got) != 1 || got[0].Plan.Host() != "new.example" {
		t.Errorf("owed to %d subscriptions, want to the changed one alone", len(got))
	}
}

func TestNextTellsProblemsAsLongAsThereAreAny(t *testing.T) {
	broken := largeSource()
	broken.Subscriptions[0].URL = "https://t.example/{no_such_macro}"
	first := must(t)(New(broken))
	s := first.Source()
	s.Links = changedAt(s.Links, 0, func(l *link.Link) { l.Status = link.Retired })
	c := must(t)(first.Next(s))
	if len(first.Problems()) != 1 || len(c.Problems()) != 1 {
		t.Errorf("problems: %v, then %v; want the same one", first.Problems(), c.Problems())
	}
	s = c.Source()
	s.Subscriptions = changedAt(s.Subscriptions, 0, func(d *delivery.Subscription) { d.URL = "https://t.example/" })
	if c = must(t)(c.Next(s)); len(c.Problems()) != 0 {
		t.Errorf("problems that were mended: %v", c.Problems())
	}
	s = c.Source()
	s.Offers = changedAt(s.Offers, 2, func(o *offer.Offer) { o.AdvertiserID = 77 })
	if c = must(t)(c.Next(s)); len(c.Problems()) == 0 {
		t.Error("an offer without its advertiser is no problem")
	}
}

func TestNextOfEverythingElse(t *testing.T) {
	first := must(t)(New(largeSource()))
	s := first.Source()
	s.Affiliates = changedAt(s.Affiliates, 0, func(a *affiliate.Affiliate) { a.Status = affiliate.Blocked })
	s.Advertisers = changedAt(s.Advertisers, 0, func(a *advertiser.Advertiser) { a.Status = advertiser.Paused })
	s.Links = append(slices.Clone(s.Links), link.Link{Code: "d", OfferID: 1, AffiliateID: 1})
	s.Coupons = changedAt(s.Coupons, 0, func(c *coupon.Coupon) { c.Code = "june" })
	s.Goals = append(slices.Clone(s.Goals), offer.Goal{ID: 4, OfferID: 1, Code: "sale"})
	s.Access = []offer.Permission{{OfferID: 1, AffiliateID: 1, Standing: offer.Approved}}
	c := must(t)(first.Next(s))
	o, _ := c.Offer(1)
	a, _ := c.Affiliate(1)
	_, linked := c.Link("d")
	_, june := c.Coupon(1, "june")
	_, may := c.Coupon(1, "may")
	if !o.Paused() || a.Status != affiliate.Blocked || !linked || c.LinksOf(1) != 2 || !june || may || len(o.Goals) != 2 || c.Standing(1, 1) != offer.Approved {
		t.Errorf("paused %t, affiliate %s, linked %t, links %d, june %t, may %t, goals %d, standing %s",
			o.Paused(), a.Status, linked, c.LinksOf(1), june, may, len(o.Goals), c.Standing(1, 1))
	}
}
