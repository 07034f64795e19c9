package api

import (
	"context"
	"time"

	"waybill/internal/account"
	"waybill/internal/conversion"
	"waybill/internal/delivery"
	"waybill/internal/fault"
	"waybill/internal/macro"
)

// sampleValues gives what the macros of a postback stand for, in a conversion that
// both the caller and its owner may see, or in a sample.
func (a *API) sampleValues(ctx context.Context, who account.Principal, s delivery.Subscription, id string) (map[string]string, error) {
	if s.Alerts() {
		return sampleAlert(a.now()), nil
	}
	if id == "" {
		values := sample(s.Use(), a.now())
		status := macro.Status.String()
		values[status] = s.StatusWord(conversion.Status(values[status]))
		return values, nil
	}
	c, err := a.conversionFor(ctx, who, s, id)
	if fault.Of(err) == fault.NotFound || err == nil && !concerns(s.Owner, c) {
		return nil, fault.At("conversion_id", "there is no conversion %.40q of this postback's owner", id)
	}
	if err != nil {
		return nil, err
	}
	return a.Values(c, s), nil
}

// concerns reports whether an owner may hear of a conversion.
func concerns(o delivery.Owner, c conversion.Conversion) bool {
	return o.Network || o.AffiliateID != 0 && o.AffiliateID == c.AffiliateID ||
		o.AdvertiserID != 0 && o.AdvertiserID == c.AdvertiserID
}

// sample makes values up, as far as use may know them.
func sample(use macro.Use, now time.Time) map[string]string {
	values := map[string]string{}
	for n, text := range samples(now.UTC().Truncate(time.Second).Format(time.RFC3339)) {
		if use.Allows(n) {
			values[n.String()] = text
		}
	}
	return values
}

// samples makes up what is known of a conversion. Each ID says that it is a
// sample.
func samples(at string) map[macro.Name]string {
	all := map[macro.Name]string{
		macro.OfferID: "1", macro.AffiliateID: "1", macro.AdvertiserID: "1", macro.GoalID: "1",
		macro.OfferName: "Sample offer", macro.Goal: "default", macro.GoalName: "Sample goal",
		macro.Amount: "59.90", macro.Payout: "12.50", macro.Revenue: "20.00", macro.Currency: "USD", macro.Status: "approved",
		macro.Country: "US", macro.Device: "mobile", macro.OS: "Android", macro.Browser: "Chrome", macro.Test: "1",
		macro.IP:          "192.0.2.1",
		macro.UserAgent:   "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Mobile Safari/537.36",
		macro.EmailSHA256: "d96f4cbfc0d99cb4f8222c3cbb6939063f6295077e3d7d44bdf2517879641887", // of sample@example.com
	}
	for _, n := range [...]macro.Name{
		macro.TransactionID, macro.ConversionID, macro.DeliveryID, macro.AffClickID, macro.Source, macro.OrderID, macro.CustomerID,
		macro.Sub1, macro.Sub1 + 1, macro.Adv1,
		macro.FBCLID, macro.GCLID, macro.GBRAID, macro.WBRAID, macro.TTCLID, macro.MSCLKID,
	} {
		all[n] = "sample-" + n.String()
	}
	for _, n := range [...]macro.Name{macro.ClickTime, macro.ConversionTime, macro.OccurredAt, macro.Timestamp, macro.Date} {
		all[n] = at
	}
	return all
}

// sampleAlert makes up what is said of a destination that fails.
func sampleAlert(now time.Time) map[string]string {
	at := now.UTC().Truncate(time.Second)
	return map[string]string{
		"subscription_id": "1", "name": "Sample postback", "host": "tracker.example.com", "failures": "10", "class": string(delivery.ErrTimeout),
		"detail": "sample", "since": at.Format(time.RFC3339), "next_try": at.Add(30 * time.Second).Format(time.RFC3339),
	}
}
