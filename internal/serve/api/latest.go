package api

import (
	"context"
	"slices"
	"time"

	"waybill/internal/account"
	"waybill/internal/conversion"
	"waybill/internal/delivery"
	"waybill/internal/fault"
)

// latestID stands for the conversion of the most recent event that fits a
// subscription.
const latestID = "latest"

// How far back latest looks, and how many conversions it looks at.
const (
	latestWithin = 90 * 24 * time.Hour
	latestLooked = 5000
)

// conversionFor gives the conversion that a postback is to be shown on.
func (a *API) conversionFor(ctx context.Context, who account.Principal, s delivery.Subscription, id string) (conversion.Conversion, error) {
	if id == latestID {
		return a.findLatest(ctx, who, s)
	}
	return a.findConversion(ctx, who, id)
}

// findLatest gives the most recent conversion that a subscription would hear of
// and that the caller may see, as it is by now. A test conversion serves where no
// real one fits.
func (a *API) findLatest(ctx context.Context, who account.Principal, s delivery.Subscription) (conversion.Conversion, error) {
	s.Status = delivery.Active
	for _, test := range [...]bool{false, true} {
		c, found, err := a.latestOf(ctx, who, s, test)
		if err != nil || found {
			return c, err
		}
	}
	return conversion.Conversion{}, fault.At("conversion_id", "no conversion of the last 90 days fits this postback; leave conversion_id out for a sample, or name one")
}

// latestOf looks through the conversions of one half of the traffic.
func (a *API) latestOf(ctx context.Context, who account.Principal, s delivery.Subscription, test bool) (conversion.Conversion, bool, error) {
	f := ConversionFilter{
		OfferID: s.OfferID, AffiliateID: s.Owner.AffiliateID, AdvertiserID: s.Owner.AdvertiserID,
		Test: test, From: a.now().Add(-latestWithin), Limit: maxBatch,
	}
	if mine, err := f.narrow(who); err != nil || !mine {
		return conversion.Conversion{}, false, err
	}
	for looked := 0; looked < latestLooked; {
		list, next, err := a.Conversions.Conversions(ctx, f)
		if err != nil {
			return conversion.Conversion{}, false, err
		}
		for i := range list {
			if heard(s, &list[i]) {
				return list[i], true, nil
			}
		}
		looked += len(list)
		if f.Cursor = next; next == "" {
			break
		}
	}
	return conversion.Conversion{}, false, nil
}

// heard reports whether an event that a subscription hears of may have led to a
// conversion as it is now.
func heard(s delivery.Subscription, c *conversion.Conversion) bool {
	return slices.ContainsFunc(s.On, func(e conversion.Event) bool { return leadsTo(e, c.Status) && s.Concerns(*c, e) })
}

// leadsTo reports whether a conversion may have a status after an event.
func leadsTo(e conversion.Event, status conversion.Status) bool {
	switch e {
	case conversion.EventCreated:
		return status != conversion.Rejected
	case conversion.EventApproved:
		return status == conversion.Approved
	case conversion.EventRejected, conversion.EventReversed:
		return status == conversion.Rejected
	case conversion.EventPaid:
		return status == conversion.Paid
	case conversion.EventUpdated:
		return true
	default:
		return false
	}
}
