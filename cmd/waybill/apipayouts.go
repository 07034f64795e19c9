package main

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"

	"waybill/internal/account"
	"waybill/internal/conversion"
	"waybill/internal/payout"
	"waybill/internal/serve/api"
	"waybill/internal/serve/edge"
	"waybill/internal/signal"
	"waybill/internal/store/sqlledger"
	"waybill/internal/user"
	"waybill/internal/work/pay"
)

// makePay makes what works payouts off: it has the edge write down and settle
// that each of their conversions is paid.
func (n *node) makePay(e *edge.Edge) {
	n.pay = pay.New(n.ledger, func(ctx context.Context, c *conversion.Conversion, payoutID int64) signal.Verdict {
		said := map[string]string{"conversion_id": c.ID, "goal": strconv.FormatInt(c.GoalID, 10)}
		if id := c.Touch.TransactionID; id != "" {
			said["transaction_id"] = id
		} else { // a coupon or an affiliate alone earned it
			said["offer_id"] = strconv.FormatInt(c.OfferID, 10)
		}
		object, err := json.Marshal(said)
		if err != nil {
			return signal.Verdict{Status: signal.Queued, Message: err.Error()} // texts can always be written
		}
		return e.Submit(ctx, edge.Claim{Method: http.MethodPost, Parameters: object, PayoutID: payoutID})
	}, n.now, n.log)
}

// Due is as the API wants it.
func (l apiLedger) Due(ctx context.Context, f api.DueFilter) ([]payout.Due, error) {
	return l.DB.Due(ctx, sqlledger.DueFilter(f))
}

// BeginPayout is as the API wants it.
func (l apiLedger) BeginPayout(ctx context.Context, by account.Principal, o payout.Order) (payout.Payout, error) {
	return l.DB.BeginPayout(ctx, user.ByOf(by), o)
}

// Payouts is as the API wants it.
func (l apiLedger) Payouts(ctx context.Context, f api.PayoutFilter) ([]payout.Payout, string, error) {
	return l.DB.Payouts(ctx, sqlledger.PayoutFilter{
		AffiliateID: f.AffiliateID, Currency: f.Currency, Status: f.Status, Page: sqlledger.Page{Cursor: f.Cursor, Limit: f.Limit},
	})
}

// ChangePayout is as the API wants it.
func (l apiLedger) ChangePayout(
	ctx context.Context, by account.Principal, id, ifVersion int64, change func(*payout.Payout) error,
) (payout.Payout, error) {
	return l.DB.ChangePayout(ctx, user.ByOf(by), id, ifVersion, change)
}

// AddAdjustment is as the API wants it.
func (l apiLedger) AddAdjustment(ctx context.Context, by account.Principal, a payout.Adjustment) (payout.Adjustment, error) {
	return l.DB.AddAdjustment(ctx, user.ByOf(by), a)
}

// Adjustments is as the API wants it.
func (l apiLedger) Adjustments(ctx context.Context, f api.AdjustmentFilter) ([]payout.Adjustment, string, error) {
	return l.DB.Adjustments(ctx, sqlledger.AdjustmentFilter{
		AffiliateID: f.AffiliateID, AdvertiserID: f.AdvertiserID, Kind: f.Kind,
		ConversionID: f.ConversionID, PayoutID: f.PayoutID, Open: f.Open,
		Page: sqlledger.Page{Cursor: f.Cursor, Limit: f.Limit},
	})
}
