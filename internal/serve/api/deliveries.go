package api

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"waybill/internal/account"
	"waybill/internal/conversion"
	"waybill/internal/delivery"
	"waybill/internal/fault"
)

// attemptRecord is an attempt as the API shows it.
type attemptRecord struct {
	Number int       `json:"number" doc:"1 for the first."`
	At     time.Time `json:"at"`
	Took   string    `json:"took" doc:"How long it took." example:"132ms"`
	Method string    `json:"method"`
	URL    string    `json:"url"`
	Status int       `json:"status,omitempty" doc:"The HTTP status that came back."`
	Body   string    `json:"body,omitempty" doc:"The first 2 KiB of what came back."`
	Error  string    `json:"error,omitempty" doc:"What went wrong, in a word; left out when it was delivered."`
	Detail string    `json:"detail,omitempty" doc:"What went wrong, in words."`
}

func showAttempt(t delivery.Attempt) attemptRecord {
	return attemptRecord{
		Number: t.Number, At: t.At.UTC(), Took: t.Took.Round(time.Microsecond).String(), Method: t.Method, URL: t.URL,
		Status: t.Status, Body: t.Body, Error: string(t.Error), Detail: t.Detail,
	}
}

// deliveryRecord is an owed postback with all attempts to deliver it.
type deliveryRecord struct {
	delivery.Owed
	Tries []attemptRecord `json:"tries" doc:"Every attempt that is still kept, the first one first."`
}

func (a *API) registerDeliveries(h huma.API, s *schemas) {
	both := []account.Role{account.Advertiser, account.Affiliate}
	whole := schemaOf[deliveryRecord](s)
	handle(h, route{
		method: http.MethodGet, path: prefix + "/deliveries/{id}", id: "get-delivery", tag: "Postbacks",
		summary: "Read one owed postback with its attempts", roles: both, out: whole,
	}, a.getDelivery)
	handle(h, route{
		method: http.MethodPost, path: prefix + "/deliveries/{id}/replay", id: "replay-delivery", tag: "Postbacks",
		summary: "Deliver again", roles: both, out: whole, status: http.StatusAccepted,
		text: "Makes a postback due now that was delivered, given up or parked. Its ID and its values stay. One that waits already is a conflict.",
	}, a.replayDelivery)
}

type deliveriesIn struct {
	caller
	Paging
	TransactionID string    `query:"transaction_id" doc:"Only those for conversions that this click earned."`
	ConversionID  string    `query:"conversion_id" doc:"Only those for this conversion."`
	PostbackID    int64     `query:"subscription_id" doc:"Only those of this subscription."`
	State         string    `query:"state" enum:"waiting,delivered,dead,withdrawn,parked" doc:"Only those in this state."`
	Event         string    `query:"event" doc:"Only those about this event, such as conversion.created."`
	From          string    `query:"from" doc:"Made at this time or later."`
	Until         time.Time `query:"until" doc:"Made before this time."`
}

func (a *API) listDeliveries(ctx context.Context, in *deliveriesIn) (*answer, error) {
	from, err := instantOf("from", in.From)
	if err != nil {
		return nil, err
	}
	owner := ownerOf(in.who())
	list, next, err := a.Deliveries.Deliveries(ctx, DeliveryFilter{
		TransactionID: in.TransactionID, ConversionID: in.ConversionID, SubscriptionID: in.PostbackID,
		AffiliateID: owner.AffiliateID, AdvertiserID: owner.AdvertiserID,
		State: delivery.State(in.State), Event: conversion.Event(in.Event),
		From: from, Until: in.Until, Limit: in.Limit, Cursor: in.Cursor,
	})
	if err != nil {
		return nil, err
	}
	out := page{Data: []object{}, Next: next}
	for _, d := range list {
		o, err := view(in.who().Role, kindDelivery, d)
		if err != nil {
			return nil, err
		}
		out.Data = append(out.Data, o)
	}
	return &answer{Body: out}, nil
}

type deliveryIn struct {
	caller
	ID string `path:"id"`
}

func (a *API) getDelivery(ctx context.Context, in *deliveryIn) (*answer, error) {
	d, err := a.findDelivery(ctx, in.who(), in.ID)
	if err != nil {
		return nil, err
	}
	return a.showDelivery(ctx, in.who(), d)
}

func (a *API) showDelivery(ctx context.Context, who account.Principal, d delivery.Owed) (*answer, error) {
	attempts, err := a.Deliveries.Attempts(ctx, d.ID)
	if err != nil {
		return nil, err
	}
	r := deliveryRecord{Owed: d, Tries: make([]attemptRecord, 0, len(attempts))}
	for _, t := range attempts {
		r.Tries = append(r.Tries, showAttempt(t))
	}
	o, err := view(who.Role, kindDelivery, r)
	return &answer{Body: o}, err
}

// findDelivery gives an owed postback whose subscription is the caller's.
func (a *API) findDelivery(ctx context.Context, who account.Principal, id string) (delivery.Owed, error) {
	missing := fault.New(fault.NotFound, "there is no delivery %s", id)
	d, err := a.Deliveries.Delivery(ctx, strings.ToLower(id))
	if fault.Of(err) == fault.NotFound {
		return delivery.Owed{}, missing
	}
	if err != nil {
		return delivery.Owed{}, err
	}
	mine, err := a.ownsDelivery(ctx, who, d)
	if err != nil {
		return delivery.Owed{}, err
	}
	if !mine {
		return delivery.Owed{}, missing
	}
	return d, nil
}

func (a *API) ownsDelivery(ctx context.Context, who account.Principal, d delivery.Owed) (bool, error) {
	if who.IsNetwork() {
		return true, nil
	}
	row, err := a.Subscriptions.Get(ctx, d.SubscriptionID)
	if fault.Of(err) == fault.NotFound {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return owns(who, row.Value.Owner), nil
}

func (a *API) replayDelivery(ctx context.Context, in *deliveryIn) (*answer, error) {
	d, err := a.findDelivery(ctx, in.who(), in.ID)
	if err != nil {
		return nil, err
	}
	if err := a.Deliveries.Replay(ctx, d.ID, a.now()); err != nil {
		return nil, err
	}
	if d, err = a.Deliveries.Delivery(ctx, d.ID); err != nil {
		return nil, err
	}
	return a.showDelivery(ctx, in.who(), d)
}
