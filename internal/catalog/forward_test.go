package catalog_test

import (
	"testing"

	"waybill/internal/advertiser"
	"waybill/internal/affiliate"
	"waybill/internal/catalog"
	"waybill/internal/delivery"
	"waybill/internal/macro"
	"waybill/internal/offer"
	"waybill/internal/txid"
)

// TestForwards goes through who makes an e-mail's digest worth keeping.
func TestForwards(t *testing.T) {
	tests := []struct {
		name      string
		change    func(*delivery.Subscription)
		offer     int64
		affiliate int64
		want      bool
	}{
		{name: "the network", offer: 5, affiliate: 7, want: true},
		{name: "the network, of this offer", change: func(s *delivery.Subscription) { s.OfferID = 5 }, offer: 5, affiliate: 7, want: true},
		{name: "of another offer", change: func(s *delivery.Subscription) { s.OfferID = 6 }, offer: 5, affiliate: 7},
		{name: "an offer that there is not", offer: 99, affiliate: 7},
		{name: "who does not want it", change: func(s *delivery.Subscription) { s.URL = "https://t.example/?c={aff_click_id}" }, offer: 5, affiliate: 7},
		{name: "who is paused", change: func(s *delivery.Subscription) { s.Status = delivery.Paused }, offer: 5, affiliate: 7},
		{name: "who is disabled", change: func(s *delivery.Subscription) { s.Status = delivery.Disabled }, offer: 5, affiliate: 7},
		{name: "whose template is broken", change: func(s *delivery.Subscription) { s.URL += "&x={nonsense}" }, offer: 5, affiliate: 7},
		{name: "a browser's pixel", change: func(s *delivery.Subscription) {
			s.Format, s.Owner, s.ShareVisitor = delivery.Image, delivery.Owner{AffiliateID: 7}, true
		}, offer: 5, affiliate: 7},
		{name: "the offer's advertiser", change: func(s *delivery.Subscription) { s.Owner = delivery.Owner{AdvertiserID: 3} }, offer: 5, affiliate: 7, want: true},
		{name: "another advertiser", change: func(s *delivery.Subscription) { s.Owner = delivery.Owner{AdvertiserID: 4} }, offer: 5, affiliate: 7},
		{name: "an affiliate who is not told", change: func(s *delivery.Subscription) { s.Owner = delivery.Owner{AffiliateID: 7} }, offer: 5, affiliate: 7},
		{name: "an affiliate who is", change: shared(7), offer: 5, affiliate: 7, want: true},
		{name: "another affiliate", change: shared(8), offer: 5, affiliate: 7},
		{name: "an affiliate, when it may be any", change: shared(8), offer: 5, want: true},
		{name: "an affiliate of another offer, when it may be any", change: func(s *delivery.Subscription) { shared(8)(s); s.OfferID = 6 }, offer: 5},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := delivery.Default()
			s.ID, s.Owner, s.Method, s.URL = 1, delivery.Owner{Network: true}, "GET", "https://t.example/?e={email_sha256}"
			if tt.change != nil {
				tt.change(&s)
			}
			a, other := advertiser.Default(), advertiser.Default()
			a.ID, other.ID = 3, 4
			c, err := catalog.New(catalog.Source{
				Advertisers: []advertiser.Advertiser{a, other}, Affiliates: []affiliate.Affiliate{{ID: 7}, {ID: 8}},
				Offers:        []offer.Offer{{ID: 5, AdvertiserID: 3}, {ID: 6, AdvertiserID: 4}},
				Subscriptions: []delivery.Subscription{s},
				Ring:          []txid.Key{{Number: 1, Secret: [32]byte{1}}},
			})
			if err != nil {
				t.Fatal(err)
			}
			if got := c.Forwards(macro.EmailSHA256, tt.offer, tt.affiliate); got != tt.want {
				t.Errorf("Forwards() = %v, want %v (problems: %v)", got, tt.want, c.Problems())
			}
		})
	}
}

// shared makes a subscription one of an affiliate who may know who visitors are.
func shared(id int64) func(*delivery.Subscription) {
	return func(s *delivery.Subscription) { s.Owner, s.ShareVisitor = delivery.Owner{AffiliateID: id}, true }
}
