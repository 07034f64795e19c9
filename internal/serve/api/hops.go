package api

import (
	"net/url"

	"waybill/internal/account"
	"waybill/internal/chain"
	"waybill/internal/click"
	"waybill/internal/conversion"
	"waybill/internal/delivery"
	"waybill/internal/macro"
	"waybill/internal/param"
	"waybill/internal/txid"
)

// visited notes where a visitor came from and where he was sent. An affiliate
// learns no destination, and an advertiser not what the affiliate calls him.
func (t *tracer) visited(c *click.Click) {
	t.came(c.AffiliateID, c.AffClickID)
	t.part.Next.TurnedAway = string(c.TurnedAway)
	if t.who.Role == account.Affiliate || c.Location == "" {
		return
	}
	place := chain.Find(c.Location, c.ID.String(), nil)
	t.part.Next.Parameter, t.part.Next.ID = place.Parameter, place.Value
	if t.who.IsNetwork() { // the URL holds what the affiliate says, too
		t.part.Next.Host, t.part.Next.URL = hostOf(c.Location), c.Location
	}
}

// came notes whom the visitor came from.
func (t *tracer) came(affiliateID int64, id string) {
	t.part.Before.AffiliateID = affiliateID
	if t.who.Role != account.Advertiser {
		t.part.Before.ID = id
	}
}

// heard notes a signal that named the ID, or was credited to it.
func (t *tracer) heard(r *signalRecord) {
	h := chain.Heard{
		SignalID: r.ID, At: r.ReceivedAt.UTC(), Channel: r.Channel,
		Status: r.Verdict.Status, Code: r.Verdict.Code, ConversionID: r.Verdict.ConversionID,
	}
	if t.who.Role != account.Affiliate { // who sees no raw hits
		h.ID, h.OrderID = r.Parameters[param.TransactionID.String()], r.Parameters[param.OrderID.String()]
	}
	t.part.Heard = append(t.part.Heard, h)
}

// remembered notes what a conversion tells of a click whose record is gone.
func (t *tracer) remembered(c *conversion.Conversion) {
	if t.part.Before == (chain.Before{}) {
		t.came(c.AffiliateID, c.Touch.AffClickID)
	}
}

// onward notes where a conversion went on to, by the last attempt to get there.
func (t *tracer) onward(d *delivery.Owed, attempts []delivery.Attempt) {
	o := chain.Onward{
		DeliveryID: d.ID, SubscriptionID: d.SubscriptionID, Event: string(d.Event), State: string(d.State), Attempts: d.Attempts,
	}
	for _, one := range attempts {
		if one.DeliveryID != d.ID {
			continue
		}
		o.Host, o.URL, o.Status, o.Error, o.Answer = hostOf(one.URL), one.URL, one.Status, string(one.Error), one.Body
	}
	place := chain.Find(o.URL, d.Values[macro.AffClickID.String()], nil)
	if place.Value == "" { // a receiver that goes by our ID
		place = chain.Find(o.URL, d.TransactionID, nil)
	}
	o.Parameter, o.ID = place.Parameter, place.Value
	t.part.Onward = append(t.part.Onward, o)
}

// newPart is a part that nothing is known of.
func newPart(id txid.ID) chain.Part {
	return chain.Part{ID: id.String(), Heard: []chain.Heard{}, Onward: []chain.Onward{}}
}

// hostOf gives the host of an address, empty for none.
func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Host
}
