package api

import (
	"context"
	"strconv"
	"time"

	"waybill/internal/account"
	"waybill/internal/delivery"
	"waybill/internal/fault"
)

// deliveriesIn is deliveryPick as parameters of a list.
type deliveriesIn struct {
	caller
	Paging
	TransactionID string    `query:"transaction_id" doc:"Only those for conversions that this click earned."`
	ConversionID  string    `query:"conversion_id" doc:"Only those for this conversion."`
	PostbackID    int64     `query:"subscription_id" doc:"Only those of this subscription."`
	Host          string    `query:"host" doc:"Only those of subscriptions whose URL leads to this host, such as tracker.example.com."`
	AffiliateID   int64     `query:"affiliate_id" doc:"Only those owed to this affiliate. Not for advertisers."`
	AdvertiserID  int64     `query:"advertiser_id" doc:"Only those owed to this advertiser. Not for affiliates."`
	OfferID       int64     `query:"offer_id" doc:"Only those about conversions of this offer."`
	State         string    `query:"state" enum:"waiting,delivered,dead,withdrawn,parked" doc:"Only those in this state; dead is the dead-letter list."`
	Event         string    `query:"event" doc:"Only those about this event, such as conversion.created."`
	Error         string    `query:"error" doc:"Only those whose last attempt went wrong in this way: dns, refused, reset, tls, timeout, forbidden_address, template, redirect, status, gone, answer, rejected, unmatched, other."`
	HTTPStatus    int       `query:"http_status" doc:"Only those whose last attempt was answered with this status."`
	From          string    `query:"from" doc:"Made at this time or later."`
	Until         time.Time `query:"until" doc:"Made before this time."`
	DueFrom       time.Time `query:"due_from" doc:"Due at this time or later."`
	DueUntil      time.Time `query:"due_until" doc:"Due before this time."`
	Test          string    `query:"test" doc:"true: only test traffic; false: only real traffic; left out: both."`
}

// pick gives what is asked for.
func (in *deliveriesIn) pick() (deliveryPick, error) {
	from, err := instantOf("from", in.From)
	if err != nil {
		return deliveryPick{}, err
	}
	p := deliveryPick{
		TransactionID: in.TransactionID, ConversionID: in.ConversionID, SubscriptionID: in.PostbackID, Host: in.Host,
		AffiliateID: in.AffiliateID, AdvertiserID: in.AdvertiserID, OfferID: in.OfferID, Event: in.Event,
		Error: in.Error, HTTPStatus: in.HTTPStatus,
		From: instant(from), Until: instant(in.Until), DueFrom: instant(in.DueFrom), DueUntil: instant(in.DueUntil),
	}
	if in.Test != "" {
		test, err := strconv.ParseBool(in.Test)
		if err != nil {
			return p, fault.At("query.test", "%.40q is neither true nor false", in.Test)
		}
		p.Test = &test
	}
	return p, nil
}

func (a *API) listDeliveries(ctx context.Context, in *deliveriesIn) (*answer, error) {
	p, err := in.pick()
	if err != nil {
		return nil, err
	}
	f, mine, err := p.filter(a, in.who())
	if err != nil {
		return nil, inQuery(err)
	}
	if !mine {
		return answerNone(), nil
	}
	f.State, f.Limit, f.Cursor = delivery.State(in.State), in.Limit, in.Cursor
	list, next, err := a.Deliveries.Deliveries(ctx, f)
	if err != nil {
		return nil, inQuery(err)
	}
	known := map[int64]delivery.Subscription{}
	return answerList(list, next, func(d *delivery.Owed) (object, error) { return a.listedDelivery(ctx, in.who(), d, known) })
}

// inQuery places what a store finds wrong with a request, such as its cursor,
// among the parameters.
func inQuery(err error) error {
	if fault.Of(err) != fault.Invalid {
		return err
	}
	return fault.Within("query", err)
}

// listedDelivery shows a postback of a list. known keeps the subscriptions that
// were looked up for it.
func (a *API) listedDelivery(ctx context.Context, who account.Principal, d *delivery.Owed, known map[int64]delivery.Subscription) (object, error) {
	s, there := known[d.SubscriptionID]
	if !there {
		var err error
		if s, err = a.subscriptionOf(ctx, d.SubscriptionID); err != nil {
			return nil, err
		}
		known[d.SubscriptionID] = s
	}
	shown := listedDelivery{Owed: *d, Host: receiverOf(&s)}
	shown.Values = told(d.Values, &s)
	return view(who.Role, kindDelivery, shown)
}
