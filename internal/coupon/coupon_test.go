package coupon_test

import (
	"strings"
	"testing"

	"waybill/internal/coupon"
	"waybill/internal/fault"
)

func TestValidate(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		change func(*coupon.Coupon)
		fields string
	}{
		{"takes a usual code", func(*coupon.Coupon) {}, ""},
		{"takes a retired one", func(c *coupon.Coupon) { c.Status = coupon.Retired }, ""},
		{"takes letters of any script", func(c *coupon.Coupon) { c.Code = "FRÜHLING 10%" }, ""},
		{"takes 64 characters", func(c *coupon.Coupon) { c.Code = strings.Repeat("ü", 64) }, ""},
		{"refuses 65", func(c *coupon.Coupon) { c.Code = strings.Repeat("ü", 65) }, "code"},
		{"refuses nothing at all", func(c *coupon.Coupon) { *c = coupon.Coupon{} }, "code offer_id affiliate_id status"},
		{"refuses white space around the code", func(c *coupon.Coupon) { c.Code = "MAY " }, "code"},
		{"refuses a line break", func(c *coupon.Coupon) { c.Code = "M\nAY" }, "code"},
		{"refuses a macro", func(c *coupon.Coupon) { c.Code = "{coupon}" }, "code"},
		{"refuses a status that is none", func(c *coupon.Coupon) { c.Status = "paused" }, "status"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := coupon.Default()
			c.Code, c.OfferID, c.AffiliateID = "MAY10", 7, 9
			tt.change(&c)
			var fields []string
			for _, f := range fault.All(c.Validate()) {
				fields = append(fields, f.Field)
			}
			if got := strings.Join(fields, " "); got != tt.fields {
				t.Errorf("Validate() finds faults at %q; want %q", got, tt.fields)
			}
		})
	}
}

func TestFold(t *testing.T) {
	t.Parallel()
	for _, code := range []string{"May10", " MAY10", "may10\t"} {
		if got := coupon.Fold(code); got != "may10" {
			t.Errorf("Fold(%q) = %q; want %q", code, got, "may10")
		}
	}
}
