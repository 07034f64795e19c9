package api

import (
	"context"

	"waybill/internal/coupon"
	"waybill/internal/fault"
	"waybill/internal/offer"
)

func (a *API) coupons() resource[int64, coupon.Coupon] {
	return resource[int64, coupon.Coupon]{
		path: "coupons", tag: "Links", one: "coupon", schema: "Coupon", kind: kindNetwork,
		called: "code",
		text: "A coupon is a code of an offer that belongs to an affiliate. Where the offer lists `coupon` in `attribution`, a sale that names the code and its order " +
			"is credited to that affiliate, unless a click that is trusted more is.",
		example: `{"code":"MAY10","offer_id":1,"affiliate_id":1}`,
		patch:   `{"status":"retired"}`,
		table:   a.Coupons,
		initial: func(int64) coupon.Coupon { return coupon.Default() },
		key:     func(v coupon.Coupon) int64 { return v.ID },
		check:   func(v coupon.Coupon) error { return v.Validate() },
		filters: []filter[coupon.Coupon]{
			{"offer_id", "Only coupons of this offer.", func(v coupon.Coupon) string { return number(v.OfferID) }},
			{"affiliate_id", "Only coupons of this affiliate.", func(v coupon.Coupon) string { return number(v.AffiliateID) }},
			{"status", "Only coupons of this status.", func(v coupon.Coupon) string { return string(v.Status) }},
		},
		belongs: networkOnly[coupon.Coupon],
		fixed: func(before, after coupon.Coupon) error {
			if before.OfferID != after.OfferID {
				return fault.At("offer_id", "stays: retire this coupon and create another")
			}
			return nil
		},
		warn: a.couponWarnings,
	}
}

// couponWarnings tells of a coupon that credits nobody yet.
func (a *API) couponWarnings(_ context.Context, v coupon.Coupon) []warning {
	o, ok := a.Catalog().Offer(v.OfferID)
	if !ok || o.Credits(offer.ByCoupon) {
		return nil
	}
	return []warning{{Field: "offer_id", Message: "offer " + number(v.OfferID) + " does not credit by coupons: add coupon to its attribution"}}
}
