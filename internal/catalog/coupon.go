package catalog

import (
	"waybill/internal/coupon"
	"waybill/internal/fault"
)

// couponKey finds a coupon: its offer, and its code as coupon.Fold writes it.
type couponKey struct {
	offer int64
	code  string
}

// Coupon gives the active coupon of an offer by its code, however it is written. It
// allocates where that is not in small letters.
func (c *Catalog) Coupon(offerID int64, code string) (*coupon.Coupon, bool) {
	found, ok := c.coupons[couponKey{offerID, coupon.Fold(code)}]
	return found, ok && found.Status == coupon.Active
}

// addCoupons adds the coupons. One of an offer that is not there finds nobody.
func (c *Catalog) addCoupons() {
	c.coupons = make(map[couponKey]*coupon.Coupon, len(c.source.Coupons))
	for i := range c.source.Coupons {
		one := &c.source.Coupons[i]
		if _, ok := c.offers[one.OfferID]; !ok {
			c.problem(fault.New(fault.Invalid, "there is no offer %d", one.OfferID), "coupon", one.ID)
		}
		key := couponKey{one.OfferID, coupon.Fold(one.Code)}
		if _, taken := c.coupons[key]; taken {
			c.problem(twice(), "coupon", one.ID)
			continue
		}
		c.coupons[key] = one
	}
}
