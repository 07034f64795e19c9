package main

import (
	"fmt"
	"net/url"

	"waybill/internal/demo/shop"
)

// named is what the demo needs of a created record.
type named struct {
	ID    int64  `json:"id"`
	Token string `json:"token"`
}

// demoOffer is an offer with the token that proves its shop's postbacks, and the
// tracker's campaign for it.
type demoOffer struct {
	named

	token, campaign string
}

// catalog creates advertisers with their shop, affiliates of which the first has a
// tracker, and an offer for each way of keeping the transaction ID.
func (d *demo) catalog() (err error) {
	for _, name := range []string{"Demo shop", "Tea club"} {
		var one named
		if err := d.node.create(d.env.ctx, "advertisers", map[string]any{"name": name, "postback_auth": "token"}, &one); err != nil {
			return err
		}
		d.sellers = append(d.sellers, one)
	}
	for _, name := range []string{"Demo affiliate", "Tea blog", "Coupon corner", "Morning mail"} {
		var one named
		if err := d.node.create(d.env.ctx, "affiliates", map[string]any{"name": name}, &one); err != nil {
			return err
		}
		d.affiliates = append(d.affiliates, one)
	}
	d.shop, err = d.child("demo", "shop", "--postback", d.node.url+"/postback", "--token", d.sellers[0].Token)
	if err != nil {
		return err
	}
	if err := d.createOffers(); err != nil {
		return err
	}
	if err := d.startTracker(); err != nil {
		return err
	}
	return d.node.create(d.env.ctx, "postbacks", map[string]any{
		"owner": map[string]int64{"affiliate_id": d.affiliates[0].ID}, "name": "Tracker of Demo affiliate",
		"url": d.tracker + "/postback?cid={aff_click_id}&payout={payout}&currency={currency}&txid={conversion_id}&status={status}&sub1={sub1}",
	}, new(named))
}

// createOffers creates an offer for each way, and one of the other advertiser.
func (d *demo) createOffers() error {
	for _, way := range shop.Ways() {
		err := d.createOffer(0, map[string]any{
			"name": "Kettle, ID kept by " + way, "category": "Kitchen",
			"payout":  map[string]string{"type": "cps", "percent": "10"},
			"revenue": map[string]string{"type": "cps", "percent": "20"},
		}, way, way)
		if err != nil {
			return err
		}
	}
	return d.createOffer(1, map[string]any{
		"name": "Tea subscription", "category": "Food",
		"payout":  map[string]string{"type": "cpa", "amount": "6.00"},
		"revenue": map[string]string{"type": "cpa", "amount": "8.50"},
	}, "tea", shop.URL)
}

// createOffer creates an advertiser's offer, which leads to the shop by a way.
func (d *demo) createOffer(seller int, o map[string]any, campaign, way string) error {
	o["advertiser_id"] = d.sellers[seller].ID
	o["preview_url"] = d.shop + "/product/" + way
	o["destination_url"] = d.shop + "/product/" + way + "?tid={transaction_id}&via={affiliate_id}"
	made := demoOffer{token: d.sellers[seller].Token, campaign: campaign}
	err := d.node.create(d.env.ctx, "offers", o, &made.named)
	d.offers = append(d.offers, made)
	return err
}

// startTracker starts the first affiliate's tracker, with a campaign for each
// offer.
func (d *demo) startTracker() (err error) {
	args := []string{"demo", "tracker"}
	for _, o := range d.offers {
		args = append(args, "--campaign", fmt.Sprintf("%s=%s/click?offer_id=%d&affiliate_id=%d&sub1=%s&aff_click_id={clickid}",
			o.campaign, d.node.url, o.ID, d.affiliates[0].ID, url.QueryEscape(o.campaign)))
	}
	d.tracker, err = d.child(args...)
	return err
}
