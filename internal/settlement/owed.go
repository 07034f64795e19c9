package settlement

import (
	"cmp"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/click"
	"waybill/internal/conversion"
	"waybill/internal/delivery"
	"waybill/internal/macro"
	"waybill/internal/money"
)

// owed gives the postbacks that an event in the life of the signal's conversion
// owes.
func (h *hearing) owed(c *conversion.Conversion, e conversion.Event) []delivery.Owed {
	return h.owedOf(c, e, e, h.addOwn)
}

// owedBeside gives those of a conversion that the signal is not about, and has
// changed all the same. What the signal alone knows is not for them; their IDs
// are made of the conversion too, since one subscription may hear of both.
func (h *hearing) owedBeside(c *conversion.Conversion, e conversion.Event) []delivery.Owed {
	return h.owedOf(c, e, e+conversion.Event(" of "+c.ID), func(map[string]string, *catalog.Subscription) {})
}

func (h *hearing) owedOf(
	c *conversion.Conversion, e, name conversion.Event, addOwn func(map[string]string, *catalog.Subscription),
) []delivery.Owed {
	var all []delivery.Owed
	for _, sub := range h.Catalog.Subscriptions(c, e) {
		o := delivery.Owed{
			ID: delivery.ID(h.s.ID, sub.ID, name), SubscriptionID: sub.ID,
			ConversionID: c.ID, TransactionID: c.Touch.TransactionID, Sequence: c.Version, Event: e, Test: c.Test,
			Values: Values(h.Catalog, c, &sub.Subscription), State: delivery.Waiting,
			CreatedAt: h.Now, DueAt: h.Now.Add(sub.Delay.Duration()),
		}
		addOwn(o.Values, sub)
		if sub.Use().Allows(macro.DeliveryID) {
			o.Values[macro.DeliveryID.String()] = o.ID
		}
		if c.Touch.RecordMissing && needsLost(sub, o.Values) {
			o.State = delivery.Parked
		}
		all = append(all, o)
	}
	return all
}

// addOwn adds what the signal alone knows, and the conversion does not keep: the
// digest of the customer's e-mail, for those who forward it.
func (h *hearing) addOwn(values map[string]string, sub *catalog.Subscription) {
	if h.s.EmailSHA256 != "" && sub.Plan != nil && sub.Plan.Uses(macro.EmailSHA256) && sub.Use().Allows(macro.EmailSHA256) {
		values[macro.EmailSHA256.String()] = h.s.EmailSHA256
	}
}

// Values gives what the macros of a subscription's postback about c stand for, of
// what its owner may know, the status in its receiver's words. Only those that
// have a value are there.
func Values(present *catalog.Catalog, c *conversion.Conversion, sub *delivery.Subscription) map[string]string {
	use := sub.Use()
	values := make(map[string]string)
	set := func(n macro.Name, v string) {
		if v != "" && use.Allows(n) {
			values[n.String()] = v
		}
	}
	at := func(n macro.Name, t time.Time) {
		if !t.IsZero() {
			set(n, t.UTC().Truncate(time.Millisecond).Format(time.RFC3339Nano))
		}
	}
	set(macro.OfferID, number(c.OfferID))
	if o, ok := present.Offer(c.OfferID); ok {
		set(macro.OfferName, o.Name)
	}
	set(macro.AffiliateID, number(c.AffiliateID))
	set(macro.AdvertiserID, number(c.AdvertiserID))
	set(macro.ConversionID, c.ID)
	set(macro.Goal, c.GoalCode)
	set(macro.GoalID, number(c.GoalID))
	if g, ok := present.Goal(c.GoalID); ok {
		set(macro.GoalName, g.Name)
	}
	set(macro.Status, sub.StatusWord(c.Status))
	set(macro.OrderID, c.OrderID)
	set(macro.HitID, c.Memory.HitID)
	set(macro.Items, c.Items)
	set(macro.CustomerID, c.CustomerID)
	set(macro.Currency, string(c.Payout.Currency))
	set(macro.Payout, money.Decimal(c.Payout.Units, c.Payout.Currency))
	set(macro.Revenue, money.Decimal(c.Revenue.Units, c.Revenue.Currency))
	if c.AmountKnown {
		set(macro.Amount, money.Decimal(c.Amount.Units, c.Amount.Currency))
	}
	if c.Test {
		set(macro.Test, "1")
	}
	for i, v := range c.Adv {
		set(macro.Adv1+macro.Name(i), v)
	}
	set(macro.Coupon, c.Coupon)
	touchValues(&c.Touch, set)
	adValues(c, set)
	at(macro.ClickTime, c.Touch.At)
	at(macro.ConversionTime, c.OccurredAt)
	at(macro.OccurredAt, c.OccurredAt)
	return values
}

// touchValues gives the values that come from the click. A coupon that the
// signal brought goes before the click's.
func touchValues(t *conversion.Touch, set func(macro.Name, string)) {
	set(macro.TransactionID, t.TransactionID)
	set(macro.AffClickID, t.AffClickID)
	set(macro.Source, t.Source)
	for i, v := range t.Sub {
		set(macro.Sub1+macro.Name(i), v)
	}
	set(macro.Country, t.Country)
	set(macro.Device, t.Device)
	set(macro.OS, t.OS)
	set(macro.Browser, t.Browser)
	set(macro.IP, t.IP)
	set(macro.UserAgent, t.UserAgent)
	set(macro.GAID, t.GAID)
	set(macro.IDFA, t.IDFA)
	set(macro.IDFV, t.IDFV)
}

// adValues gives the IDs of ad platforms: what signals have said of them, else
// what came with the click. Where nobody has said Meta's click ID as its cookie
// holds it, it is made of the fbclid.
func adValues(c *conversion.Conversion, set func(macro.Name, string)) {
	for n := macro.FBCLID; n <= macro.TTP; n++ {
		if n == macro.FBC {
			continue // below
		}
		set(n, cmp.Or(c.Memory.AdIDs[n.String()], c.Touch.AdIDs[n.String()]))
	}
	set(macro.FBC, cmp.Or(c.Memory.AdIDs[macro.FBC.String()], ofFBCLID(c)))
}

// ofFBCLID gives Meta's click ID, of which only the fbclid may be known.
func ofFBCLID(c *conversion.Conversion) string {
	said, clicked := c.Memory.AdIDs[macro.FBCLID.String()], c.Touch.AdIDs[macro.FBCLID.String()]
	if said != "" && said != clicked {
		return click.FBC(said, c.CreatedAt)
	}
	return cmp.Or(c.Touch.AdIDs[macro.FBC.String()], click.FBC(clicked, c.Touch.At))
}

// needsLost reports whether a subscription takes a value that
// was lost with the click's record. Such a postback waits for a person: a
// tracker cannot do anything with one that lacks its click ID.
func needsLost(sub *catalog.Subscription, values map[string]string) bool {
	if sub.Plan == nil {
		return true // nobody can tell what it needs
	}
	for _, n := range sub.Plan.Names() {
		if _, known := values[n.String()]; !known && fromClick(n) {
			return true
		}
	}
	return false
}

// fromClick reports whether n is known from the click's record alone.
func fromClick(n macro.Name) bool {
	if n >= macro.Sub1 && n < macro.Adv1 || n >= macro.FBCLID && n <= macro.TTP {
		return true
	}
	switch n {
	case macro.AffClickID, macro.Source, macro.Country, macro.Device, macro.OS, macro.Browser,
		macro.IP, macro.UserAgent, macro.GAID, macro.IDFA, macro.IDFV, macro.DeepLink:
		return true
	default:
		return false
	}
}
