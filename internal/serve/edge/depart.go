package edge

import (
	"math/rand/v2"
	"net/url"
	"strconv"

	"waybill/internal/click"
	"waybill/internal/macro"
	"waybill/internal/offer"
	"waybill/internal/param"
)

// maxLocation bounds what is sent in a Location header: beyond 16 KiB no
// browser and no server in between can be trusted to take it.
const maxLocation = 16 << 10

// deepLink gives the URL that the visitor asks for, if the offer allows its
// host.
func (v *visit) deepLink() string {
	asked := v.values.Get(param.URL)
	if asked == "" || v.offer == nil {
		return ""
	}
	if !allows(v.offer.DeepLinkHosts, asked) {
		v.mark("url refused")
		return ""
	}
	return asked
}

// allows reports whether visitors may be sent to a URL by its host. The host is
// read from a URL that every browser reads alike.
func allows(hosts []string, deep string) bool {
	if len(hosts) == 0 || macro.CheckURL(deep) != nil {
		return false
	}
	u, err := url.Parse(deep)
	return err == nil && offer.HostAllowed(hosts, u.Hostname())
}

// depart finds where the visitor goes: to the offer, or to a fallback. An empty
// location is a plain page that says so. It reports false when the offer's URL
// is broken or came out too long; then the visitor is turned away, and departs
// again.
func (v *visit) depart() bool {
	v.fillNames()
	if v.click.TurnedAway == click.Sent {
		if !v.render(v.offer.Destination) {
			v.click.TurnedAway = click.DestinationBroken
			return false
		}
		return true
	}
	v.deep = ""
	if v.offer != nil && v.render(v.offer.Fallback) {
		return true
	}
	v.render(v.catalog.Fallback())
	return true
}

// render makes the visitor's location of a template, and reports whether it is
// one.
func (v *visit) render(t *macro.Template) bool {
	if t == nil {
		return false
	}
	v.fill(t)
	if v.deep != "" && !t.Uses(macro.DeepLink) {
		v.url = t.AppendDeepLink(v.url[:0], v.deep, &v.macros)
	} else {
		v.url = t.Append(v.url[:0], &v.macros)
	}
	if len(v.url) > maxLocation {
		return false
	}
	v.location = string(v.url)
	v.click.Location = v.location
	if v.deep != "" {
		v.click.Location = param.ScrubText(v.key(), v.location)
	}
	return true
}

// fillNames gives the click's ID and numbers to their macros. They are parts of
// one text, so that there is one to allocate. What there is not stays empty.
func (v *visit) fillNames() {
	c := &v.click
	names, _ := c.ID.AppendText(v.names[:0])
	id := len(names)
	names = appendNumber(names, c.OfferID)
	offerID := len(names)
	names = appendNumber(names, c.AffiliateID)
	v.names = names

	text := string(names)
	v.macros.Set(macro.TransactionID, text[:id])
	v.macros.Set(macro.OfferID, text[id:offerID])
	v.macros.Set(macro.AffiliateID, text[offerID:])
}

func appendNumber(dst []byte, n int64) []byte {
	if n == 0 {
		return dst
	}
	return strconv.AppendInt(dst, n, 10)
}

// fill gives the macros that t uses their values.
func (v *visit) fill(t *macro.Template) {
	for n := range macro.NumNames {
		if !t.Uses(n) {
			continue
		}
		switch n {
		case macro.TransactionID, macro.OfferID, macro.AffiliateID: // see fillNames
		case macro.ClickTime, macro.Timestamp, macro.Date:
			v.macros.SetTime(n, v.now)
		default:
			v.macros.Set(n, v.value(n))
		}
	}
}

// value gives what the click says beside its names and its time.
func (v *visit) value(n macro.Name) string {
	c := &v.click
	if n >= macro.Sub1 && n < macro.Sub1+click.Subs {
		return c.Sub[n-macro.Sub1]
	}
	if n >= macro.FBCLID && n <= macro.TTP {
		return v.adID(n)
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
	case macro.DeepLink:
		return v.deep
	case macro.Test:
		if c.Test {
			return "1"
		}
		return ""
	case macro.Random:
		return strconv.FormatUint(rand.Uint64(), 36) //nolint:gosec // breaks caches, guards nothing
	case macro.OfferName, macro.AdvertiserID:
		return v.offerValue(n)
	default:
		return v.visitorValue(n)
	}
}

// adID gives what an ad platform calls the visit. Meta's click ID has the form of
// its cookie, which a landing page may have none of yet.
func (v *visit) adID(n macro.Name) string {
	c := &v.click
	if id := c.AdIDs[n-macro.FBCLID]; id != "" || n != macro.FBC {
		return id
	}
	return click.FBC(c.AdIDs[0], v.now)
}

// offerValue gives what the offer says of itself, where there is one.
func (v *visit) offerValue(n macro.Name) string {
	switch {
	case v.offer == nil:
		return ""
	case n == macro.OfferName:
		return v.offer.Name
	default:
		return strconv.FormatInt(v.offer.AdvertiserID, 10)
	}
}

// visitorValue gives what is known of the visitor.
func (v *visit) visitorValue(n macro.Name) string {
	c := &v.click
	switch n {
	case macro.Country:
		return c.Visitor.Country
	case macro.Device:
		return string(c.Visitor.Device)
	case macro.OS:
		return c.Visitor.OS
	case macro.Browser:
		return c.Visitor.Browser
	case macro.UserAgent:
		return c.UserAgent
	case macro.IP:
		if c.IP.IsValid() {
			return c.IP.String()
		}
		return ""
	default:
		return ""
	}
}
