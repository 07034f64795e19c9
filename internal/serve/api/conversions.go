package api

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"waybill/internal/account"
	"waybill/internal/conversion"
	"waybill/internal/fault"
	"waybill/internal/param"
	"waybill/internal/signal"
)

func (a *API) registerConversions(h huma.API, s *schemas) {
	both := []account.Role{account.Advertiser, account.Affiliate}
	read := schemaOf[wholeConversion](s)
	verdict := schemaOf[signal.Verdict](s)
	handle(h, route{
		method: http.MethodGet, path: prefix + "/conversions/{id}", id: "get-conversion", tag: "Conversions",
		summary: "Read one conversion", roles: both, out: read, versioned: true,
	}, a.getConversion)
	handle(h, route{
		method: http.MethodPost, path: prefix + "/conversions", id: "create-conversions", tag: "Conversions",
		summary: "Report conversions", roles: []account.Role{account.Advertiser},
		in: reportSchema(), example: `[{"transaction_id":"TRANSACTION_ID","goal":"default","amount":"59.90","order_id":"A-1001"}]`,
		out:     &huma.Schema{OneOf: []*huma.Schema{verdict, verdictsSchema(s)}},
		maxBody: maxReport,
		text: "One object, or an array of up to 10,000, by the names that postbacks use: `transaction_id`, `goal`, `amount`, `order_id`, " +
			"`status`, `occurred_at` and so on, values as strings. Each is written down, judged by the same rules as a postback " +
			"(channel `api`), and answered for by a verdict. A single one is answered with its verdict's HTTP status, an array with " +
			"200 and each one's status in `http`, or 503 when none could be written down.",
	}, a.report)
	handle(h, route{
		method: http.MethodPatch, path: prefix + "/conversions/{id}", id: "change-conversion", tag: "Conversions",
		summary: "Change a conversion", roles: []account.Role{account.Advertiser},
		in: schemaOf[conversionChange](s), out: verdict, example: `{"status":"rejected","note":"the order was returned"}`,
		text: "Sets the status, the sale amount, or both. The change is a signal like any other, so the answer is a verdict, with its HTTP status.",
	}, a.changeConversion)
	a.registerImports(h, s)
}

func reportSchema() *huma.Schema {
	one := &huma.Schema{Type: huma.TypeObject, AdditionalProperties: true}
	most := maxReported
	return &huma.Schema{OneOf: []*huma.Schema{one, {Type: huma.TypeArray, Items: one, MaxItems: &most}}}
}

// verdictWithHTTP is a verdict in the answer to an array.
type verdictWithHTTP struct {
	signal.Verdict
	HTTP int `json:"http" doc:"The status that it would have been answered with alone."`
}

func verdictsSchema(s *schemas) *huma.Schema {
	return &huma.Schema{
		Type: huma.TypeObject, Required: []string{"data"},
		Properties: map[string]*huma.Schema{"data": {Type: huma.TypeArray, Items: schemaOf[verdictWithHTTP](s)}},
	}
}

type conversionsIn struct {
	caller
	Paging
	TransactionID string    `query:"transaction_id" doc:"Only those that this click earned."`
	OrderID       string    `query:"order_id" doc:"Only those of this order."`
	Goal          string    `query:"goal" doc:"Only those of goals with this code."`
	Status        string    `query:"status" enum:"pending,hold,approved,rejected,paid" doc:"Only those with this status."`
	OfferID       int64     `query:"offer_id" doc:"Only those of this offer."`
	AffiliateID   int64     `query:"affiliate_id" doc:"Only this affiliate's."`
	AdvertiserID  int64     `query:"advertiser_id" doc:"Only this advertiser's. Not for affiliates."`
	PayoutID      int64     `query:"payout_id" doc:"Only those that this payout has paid. Not for advertisers."`
	Test          bool      `query:"test" doc:"Test conversions instead of real ones."`
	From          string    `query:"from" doc:"Made at this time or later."`
	Until         time.Time `query:"until" doc:"Made before this time."`
}

func (a *API) listConversions(ctx context.Context, in *conversionsIn) (*answer, error) {
	from, err := instantOf("from", in.From)
	if err != nil {
		return nil, err
	}
	f := ConversionFilter{
		TransactionID: in.TransactionID, OrderID: in.OrderID, Goal: in.Goal, Status: conversion.Status(in.Status),
		OfferID: in.OfferID, AffiliateID: in.AffiliateID, AdvertiserID: in.AdvertiserID, PayoutID: in.PayoutID, Test: in.Test,
		From: from, Until: in.Until, Limit: in.Limit, Cursor: in.Cursor,
	}
	mine, err := f.narrow(in.who())
	if err != nil || !mine {
		return answerNone(), err
	}
	list, next, err := a.Conversions.Conversions(ctx, f)
	if err != nil {
		return nil, err
	}
	return answerList(list, next, func(c *conversion.Conversion) (object, error) { return view(in.who().Role, kindConversion, c) })
}

// narrow leaves only the caller's own. It reports false when nothing is left,
// and refuses to filter by what the caller may not see.
func (f *ConversionFilter) narrow(who account.Principal) (bool, error) {
	switch who.Role {
	case account.Network:
		return true, nil
	case account.Advertiser:
		if f.PayoutID != 0 {
			return false, fault.New(fault.Forbidden, "an advertiser's key cannot filter by payout_id")
		}
		return narrowTo(who.AdvertiserID, &f.AdvertiserID), nil
	case account.Affiliate:
		if f.AdvertiserID != 0 {
			return false, fault.New(fault.Forbidden, "an affiliate's key cannot filter by advertiser_id")
		}
		return narrowTo(who.AffiliateID, &f.AffiliateID), nil
	case account.Publishable:
		return false, nil
	}
	return false, nil
}

func (a *API) getConversion(ctx context.Context, in *oneIn[string]) (*answer, error) {
	c, err := a.findConversion(ctx, in.who(), in.ID)
	if err != nil {
		return nil, err
	}
	o, err := a.showConversion(ctx, in.who(), &c)
	return &answer{ETag: etag(int64(c.Version)), Body: o}, err
}

// findConversion gives a conversion that is the caller's to see.
func (a *API) findConversion(ctx context.Context, who account.Principal, id string) (conversion.Conversion, error) {
	c, err := a.Conversions.Conversion(ctx, strings.ToLower(id))
	if fault.Of(err) == fault.NotFound || err == nil && !who.Owns(c.AdvertiserID, c.AffiliateID) {
		return conversion.Conversion{}, fault.New(fault.NotFound, "there is no conversion %s", id)
	}
	return c, err
}

type reportIn struct {
	caller
	RawBody []byte
}

func (a *API) report(ctx context.Context, in *reportIn) (*answer, error) {
	if err := syntax(in.RawBody); err != nil {
		return nil, err
	}
	list, err := param.SplitJSONUpTo(maxReported, in.RawBody)
	if err != nil {
		return nil, err
	}
	hit := a.hit(&in.caller)
	if !isArray(in.RawBody) {
		hit.Parameters = list[0]
		v := a.Signals.Submit(ctx, hit)
		return &answer{Status: v.Code.HTTP(), Body: v}, nil
	}
	verdicts := make([]verdictWithHTTP, len(list))
	if len(list) > param.MaxBatch {
		patient(in.x, reporting)
	}
	a.reportAll(ctx, hit, list, verdicts)
	status := http.StatusServiceUnavailable
	for i := range verdicts {
		if verdicts[i].Code == signal.Unavailable {
			in.x.again = true
			continue
		}
		status = http.StatusOK
	}
	return &answer{Status: status, Body: map[string]any{"data": verdicts}}, nil
}

func isArray(body []byte) bool {
	return strings.HasPrefix(strings.TrimLeft(string(body), " \t\r\n"), "[")
}

// hit begins a claim with what is known of its sender.
func (a *API) hit(c *caller) Hit {
	r := c.x.r
	return Hit{By: c.who(), From: a.clientIP(r), UserAgent: r.UserAgent(), Method: r.Method, Path: r.URL.Path}
}
