package edge

import (
	"slices"
	"strings"

	"waybill/internal/account"
	"waybill/internal/advertiser"
	"waybill/internal/offer"
	"waybill/internal/param"
	"waybill/internal/signal"
)

// believe says whether the sender may speak for the offer's advertiser. Of an
// offer that is not known here nobody but the network can be believed: it may be
// known where the signal is judged, and its advertiser may ask for proof. A hit
// that names no offer is refused for that, whoever sends it.
func (h *hit) believe() signal.Code {
	switch {
	case h.parts.Offer == 0, h.trusted != nil && *h.trusted == 0:
		return signal.OK
	case h.offer == nil:
		return signal.OfferUnknown
	case h.trusted == nil:
		return h.believeSender()
	case *h.trusted != h.offer.AdvertiserID:
		return signal.OfferUnknown // another advertiser's offer is as good as none
	}
	return signal.OK
}

// believeSender judges what the sender proves itself with. A customer may be
// identified by a page or by a server, and what it brings tells which: a server
// is held to what it must bring with a postback, and counts for as much.
func (h *hit) believeSender() signal.Code {
	c := h.credential()
	brought := c.Token != "" || c.Signature != "" || c.Header != ""
	if h.binds && brought {
		h.channel, c.Channel = signal.Postback, signal.Postback
	}
	if code := h.offer.Advertiser.Check(c, h.now); code != signal.OK {
		return code
	}
	fromKnown := h.channel.FromServer() && len(h.offer.Advertiser.IPAllow) > 0
	h.proven = brought || fromKnown
	if h.channel == signal.SDK && !brought {
		return h.believePage()
	}
	return signal.OK
}

// believePage says whether a page may speak of the offer: by a publishable key
// of its advertiser, or because it lies on a site that the offer allows. Both
// can be copied by whoever writes his own requests, so they keep other sites'
// pages out and prove nothing.
func (h *hit) believePage() signal.Code {
	if h.key != "" {
		k, ok := h.catalog.KeyByHash(account.Hash(h.key))
		if !ok || k.Role != account.Publishable || k.AdvertiserID != h.offer.AdvertiserID {
			return signal.TokenInvalid
		}
		return signal.OK
	}
	if offer.HostAllowed(h.offer.AllowedDomains, h.page) {
		return signal.OK
	}
	return signal.TokenMissing
}

// byTestKey reports whether a page brought a key whose reports are tests.
func (h *hit) byTestKey() bool {
	if h.key == "" {
		return false
	}
	k, ok := h.catalog.KeyByHash(account.Hash(h.key))
	return ok && k.Test
}

// guess reports whether the hit could be one of many that try for an ID: it
// names none that verifies, and nobody has proved that it is his.
func (h *hit) guess(s *signal.Signal) bool {
	return h.trusted == nil && !h.proven && s.Click.IsZero() && h.offerOfConversion() == 0
}

// uncovered stands for a signature that does not cover what came with it. It is
// no hex, so that nothing matches it.
const uncovered = "uncovered"

// credential gathers what the sender proves itself with.
func (h *hit) credential() advertiser.Credential {
	c := advertiser.Credential{Channel: h.channel, Addr: h.client.addr, Token: h.values.Get(param.Token)}
	switch {
	case h.signature != "":
		c.Header, c.Payload = h.signature, string(h.body)
	case h.values.Has(param.Sig):
		c.Timestamp, c.Signature = h.values.Get(param.TS), h.values.Get(param.Sig)
		signed, behind, found := strings.Cut(h.query, "&sig=")
		if !found || strings.Contains(behind, "&") || len(h.body) > 0 { // there is more than was signed
			c.Signature = uncovered
		}
		c.Payload = signed
	}
	return c
}

// takeKey takes the publishable key out of the parameters of a hit by the SDK,
// where it did not come in a header.
func (h *hit) takeKey() {
	if h.channel != signal.SDK {
		return
	}
	h.values.Unknown = slices.DeleteFunc(h.values.Unknown, func(p param.Pair) bool {
		if !strings.EqualFold(p.Name, signal.Key) {
			return false
		}
		if h.key == "" {
			h.key = strings.TrimSpace(p.Value)
		}
		return true
	})
}
