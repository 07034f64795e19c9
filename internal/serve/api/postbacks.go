package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"waybill/internal/account"
	"waybill/internal/conversion"
	"waybill/internal/delivery"
	"waybill/internal/fault"
	"waybill/internal/macro"
	"waybill/internal/receiver"
)

// previewRequest is a template that is to be looked at before it is saved.
type previewRequest struct {
	Owner        delivery.Owner   `json:"owner,omitzero" doc:"Whose postback it would be; a partner's key means its own. It decides which macros there are."`
	URL          string           `json:"url" doc:"The template."`
	Event        conversion.Event `json:"event,omitempty" default:"conversion.created" doc:"Which event it would be about."`
	ConversionID string           `json:"conversion_id,omitempty" doc:"The conversion to fill in; latest: the most recent one that the postback would be about; left open: a sample."`
}

// preview is a template that was filled in.
type preview struct {
	Method   string            `json:"method"`
	URL      string            `json:"url"`
	Values   map[string]string `json:"values" doc:"What the macros stand for. Those without a value are left out, and become empty."`
	Warnings []warning         `json:"warnings,omitempty"`
}

// testRequest is what POST postbacks/{id}/test takes.
type testRequest struct {
	ConversionID string `json:"conversion_id,omitempty" doc:"The conversion to fill in; latest: the most recent one that it would be about; left open: a sample."`
}

func (a *API) registerPostbacks(h huma.API, s *schemas) {
	both := []account.Role{account.Advertiser, account.Affiliate}
	handle(h, route{
		method: http.MethodPost, path: prefix + "/postbacks/preview", id: "preview-postback", tag: "Postbacks",
		summary: "Fill a template in, without saving or sending it", roles: both,
		in: schemaOf[previewRequest](s), out: schemaOf[preview](s),
		example: `{"owner":{"affiliate_id":1},"url":"https://tracker.example.com/?cid={aff_click_id}&payout={payout}"}`,
	}, a.previewPostback)
	handle(h, route{
		method: http.MethodPost, path: prefix + "/postbacks/{id}/test", id: "test-postback", tag: "Postbacks",
		summary: "Send one test of a postback now", roles: both,
		in: schemaOf[testRequest](s), out: schemaOf[attemptRecord](s), bodyOptional: true, example: `{}`,
		text: "It is sent once, outside the queue, with the values of a sample or of a conversion, and is not kept. " +
			"The answer tells what came back, also when that is an error.",
	}, a.testPostback)
}

func (a *API) previewPostback(ctx context.Context, in *makeIn) (*answer, error) {
	initial := previewRequest{Event: conversion.EventCreated}
	asked := initial
	if err := merge(&asked, initial, in.RawBody); err != nil {
		return nil, err
	}
	s := delivery.Default()
	s.Owner, s.URL, s.On = asked.Owner, asked.URL, []conversion.Event{asked.Event}
	if s.Owner == (delivery.Owner{}) {
		s.Owner = ownerOf(in.who())
	}
	if s.Owner == (delivery.Owner{}) {
		s.Owner.Network = true
	}
	if !owns(in.who(), s.Owner) {
		return nil, fault.New(fault.Forbidden, "this postback would belong to somebody else")
	}
	receiver.Complete(&s)
	if err := receiver.Validate(s); err != nil {
		return nil, err
	}
	values, err := a.sampleValues(ctx, in.who(), s, asked.ConversionID)
	if err != nil {
		return nil, err
	}
	plan, err := receiver.Compile(s)
	if err != nil {
		return nil, err
	}
	now := a.now().UTC()
	r, err := plan.Request(&delivery.Owed{Values: values, Event: asked.Event, CreatedAt: now}, receiver.Moment{At: now})
	if err != nil {
		return nil, err
	}
	r = receiver.Mask(r, s)
	return &answer{Body: preview{Method: r.Method, URL: r.URL, Values: values, Warnings: subscriptionWarnings(s)}}, nil
}

type testIn struct {
	caller
	ID      int64 `path:"id"`
	RawBody []byte
}

func (a *API) testPostback(ctx context.Context, in *testIn) (*answer, error) {
	row, err := a.subscriptions().find(ctx, in.who(), 0, in.ID)
	if err != nil {
		return nil, err
	}
	var asked testRequest
	if len(in.RawBody) > 0 {
		if err := merge(&asked, testRequest{}, in.RawBody); err != nil {
			return nil, err
		}
	}
	values, err := a.sampleValues(ctx, in.who(), row.Value, asked.ConversionID)
	if err != nil {
		return nil, err
	}
	now := a.now().UTC()
	attempt, err := a.Tester.Test(ctx, row.Value, delivery.Owed{
		ID: "test-" + in.x.id, SubscriptionID: in.ID, ConversionID: values[macro.ConversionID.String()],
		TransactionID: values[macro.TransactionID.String()], Sequence: 1, Event: row.Value.On[0], Test: true,
		Values: values, State: delivery.Waiting, CreatedAt: now, DueAt: now,
	})
	if err != nil {
		return nil, err
	}
	return &answer{Body: showAttempt(attempt)}, nil
}

// sampleValues gives what the macros of a postback stand for, in a conversion that
// both the caller and its owner may see, or in a sample.
func (a *API) sampleValues(ctx context.Context, who account.Principal, s delivery.Subscription, id string) (map[string]string, error) {
	if id == "" {
		return sample(s.Use(), a.now()), nil
	}
	c, err := a.previewed(ctx, who, s, id)
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
	at := now.UTC().Truncate(time.Second).Format(time.RFC3339)
	values := map[string]string{}
	for n := range macro.NumNames {
		if text := sampleOf(n, at); text != "" && use.Allows(n) {
			values[n.String()] = text
		}
	}
	return values
}

func sampleOf(n macro.Name, at string) string {
	switch n {
	case macro.OfferID, macro.AffiliateID, macro.AdvertiserID, macro.GoalID:
		return "1"
	case macro.OfferName:
		return "Sample offer"
	case macro.TransactionID, macro.ConversionID, macro.DeliveryID, macro.AffClickID, macro.Source, macro.OrderID,
		macro.CustomerID, macro.Sub1, macro.Sub1 + 1, macro.Adv1:
		return "sample-" + n.String()
	case macro.Goal:
		return "default"
	case macro.GoalName:
		return "Sample goal"
	case macro.Amount:
		return "59.90"
	case macro.Payout:
		return "12.50"
	case macro.Revenue:
		return "20.00"
	case macro.Currency:
		return "USD"
	case macro.Status:
		return "approved"
	case macro.Country:
		return "US"
	case macro.Device:
		return "mobile"
	case macro.OS:
		return "Android"
	case macro.Browser:
		return "Chrome"
	case macro.Test:
		return "1"
	case macro.ClickTime, macro.ConversionTime, macro.OccurredAt, macro.Timestamp, macro.Date:
		return at
	default:
		return ""
	}
}
