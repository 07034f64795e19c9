package receiver

import (
	"net/netip"
	"net/url"
	"strings"

	"waybill/internal/delivery"
	"waybill/internal/macro"
)

// Warnings gives what is likely a mistake in a subscription that is valid.
func Warnings(s delivery.Subscription) []delivery.Warning {
	p, err := Compile(s)
	if err != nil {
		return nil
	}
	var all []delivery.Warning
	warn := func(field, text string) { all = append(all, delivery.Warning{Field: field, Text: text}) }
	if s.Owner.AffiliateID != 0 && !p.namesClick() && !s.Alerts() && !s.Format.Browser() {
		warn(p.place(), "it has none of {aff_click_id}, {sub1} to {sub10}, {transaction_id} and {conversion_id}: its receiver cannot tell which click it is about")
	}
	if strings.HasPrefix(strings.ToLower(p.url.Text()), "http://") {
		warn("url", "http is readable to all on the way; use https if the receiver has it")
	}
	if host := (&url.URL{Host: p.url.Host()}).Hostname(); private(host) && !s.Format.Browser() {
		warn("url", "leads into a private network: it is refused when it is sent, unless the node was started with --allow-private-destinations for it")
	}
	if s.Secret != "" && s.Format != delivery.Webhook && p.sign == nil {
		warn("secret", "signs nothing: only webhooks and requests with {sig} are signed")
	}
	if len(s.StatusWords) > 0 && !p.Uses(macro.Status) && !p.tellsAll() {
		warn("status_words", "are not used, since {status} occurs nowhere")
	}
	if text := unheard(&s); text != "" {
		warn("statuses", text)
	}
	switch s.Format {
	case delivery.MetaCAPI, delivery.GoogleDataManager, delivery.TikTokEvents:
		all = append(all, platformWarnings(&s)...)
	default:
	}
	return all
}

// tellsAll reports whether every value is told that there is.
func (p *Plan) tellsAll() bool {
	switch p.payload.(type) {
	case *event, *webhook:
		return true
	default:
		return false
	}
}

// place is the field in which a template's values are missed.
func (p *Plan) place() string {
	if _, ok := p.payload.(*text); ok {
		return "body"
	}
	return "url"
}

// namesClick reports whether a receiver can tell by the values which click a
// postback is about.
func (p *Plan) namesClick() bool {
	for n := macro.Sub1; n < macro.Sub1+10; n++ {
		if p.Uses(n) {
			return true
		}
	}
	return p.Uses(macro.AffClickID) || p.Uses(macro.TransactionID) || p.Uses(macro.ConversionID)
}

// private reports whether a host is plainly none of the public internet's. What
// a name leads to is known only when it is dialed.
func private(host string) bool {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return false
	}
	ip = ip.Unmap()
	return ip.IsPrivate() || ip.IsLoopback() || ip.IsLinkLocalUnicast() || ip.IsUnspecified() || ip.IsMulticast()
}
