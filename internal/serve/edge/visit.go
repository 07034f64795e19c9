package edge

import (
	"math/rand/v2"
	"strconv"

	"waybill/internal/affiliate"
	"waybill/internal/click"
	"waybill/internal/macro"
	"waybill/internal/param"
)

// affiliateRefusal looks for a reason not to take the affiliate's visitors.
func (v *visit) affiliateRefusal() click.Reason {
	a, ok := v.catalog.Affiliate(v.click.AffiliateID)
	switch {
	case !ok:
		return click.AffiliateUnknown
	case a.Status != affiliate.Active:
		return click.AffiliateBlocked
	}
	return click.Sent
}

// fill gives the macros that t uses their values.
func (v *visit) fill(t *macro.Template) {
	c := &v.click
	for _, n := range t.Names() {
		switch n {
		case macro.TransactionID:
			if !c.ID.IsZero() {
				v.macros.Set(n, c.ID.String())
			}
		case macro.OfferID:
			v.macros.Set(n, strconv.FormatInt(c.OfferID, 10))
		case macro.AffiliateID:
			v.macros.Set(n, strconv.FormatInt(c.AffiliateID, 10))
		case macro.AdvertiserID:
			if v.offer != nil {
				v.macros.Set(n, strconv.FormatInt(v.offer.AdvertiserID, 10))
			}
		case macro.OfferName:
			if v.offer != nil {
				v.macros.Set(n, v.offer.Name)
			}
		case macro.ClickTime, macro.Timestamp, macro.Date:
			v.macros.SetTime(n, v.now)
		case macro.Random:
			v.macros.Set(n, strconv.FormatUint(rand.Uint64(), 36)) //nolint:gosec // breaks caches, guards nothing
		default:
			v.macros.Set(n, v.value(n))
		}
	}
}

// value gives what the click itself says.
func (v *visit) value(n macro.Name) string {
	c := &v.click
	if n >= macro.Sub1 && n < macro.Sub1+click.Subs {
		return c.Sub[n-macro.Sub1]
	}
	switch n {
	case macro.AffClickID:
		return c.AffClickID
	case macro.Source:
		return c.Source
	case macro.Coupon:
		return c.Coupon
	case macro.GAID:
		return c.GAID
	case macro.IDFA:
		return c.IDFA
	case macro.IDFV:
		return c.IDFV
	case macro.Country:
		return c.Visitor.Country
	case macro.Device:
		return string(c.Visitor.Device)
	case macro.OS:
		return c.Visitor.OS
	case macro.Browser:
		return c.Visitor.Browser
	case macro.IP:
		return c.IP.String()
	case macro.UserAgent:
		return c.UserAgent
	case macro.Test:
		if c.Test {
			return "1"
		}
		return ""
	default:
		return ""
	}
}

// cut shortens a header's value to what is kept, and marks that it did.
func (v *visit) cut(name, value string) string {
	short, cut := param.Cut(value)
	if cut {
		v.mark(name + " cut")
	}
	return short
}

// marks notes which values were cut or dropped.
func (v *visit) marks() {
	for _, n := range v.values.Cut.Names() {
		v.mark(n.String() + " cut")
	}
	for _, n := range v.values.TooLong.Names() {
		v.mark(n.String() + " dropped")
	}
}

// mark notes what was done to the click's values.
func (v *visit) mark(text string) { v.click.Marks = append(v.click.Marks, text) }

// first gives a header's first value.
func first(values []string) string {
	if len(values) == 0 {
		return ""
	}
	return values[0]
}
