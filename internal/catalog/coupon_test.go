package catalog_test

import (
	"testing"

	"waybill/internal/catalog"
	"waybill/internal/coupon"
)

func TestCoupon(t *testing.T) {
	t.Parallel()
	src := source()
	known := src.Offers[0].ID
	src.Coupons = []coupon.Coupon{
		{ID: 1, Code: "May10", OfferID: known, AffiliateID: 7, Status: coupon.Active},
		{ID: 2, Code: "OLD", OfferID: known, AffiliateID: 7, Status: coupon.Retired},
		{ID: 3, Code: "MAY10", OfferID: known, AffiliateID: 8, Status: coupon.Active},
		{ID: 4, Code: "May10", OfferID: 4_000_000, AffiliateID: 8, Status: coupon.Active},
	}
	c, err := catalog.New(src)
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name  string
		offer int64
		code  string
		want  int64 // 0 for none
	}{
		{"as it is written", known, "May10", 1},
		{"in capitals with white space around, the first of two", known, " MAY10 ", 1},
		{"not one that is retired", known, "OLD", 0},
		{"not one that there is not", known, "JUNE", 0},
		{"not of another offer", known + 1, "May10", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := c.Coupon(tt.offer, tt.code)
			if ok != (tt.want != 0) || ok && got.ID != tt.want {
				t.Errorf("Coupon(%d, %q) = %v, %t; want %d", tt.offer, tt.code, got, ok, tt.want)
			}
		})
	}
	if got := len(c.Problems()); got < 2 {
		t.Errorf("%d problems; want the coupon that is there twice, and the one without an offer", got)
	}
}
