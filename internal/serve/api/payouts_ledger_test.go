package api

import (
	"context"

	"waybill/internal/account"
	"waybill/internal/payout"
	"waybill/internal/store/sqlledger"
	"waybill/internal/user"
)

func (l realLedger) Due(ctx context.Context, f DueFilter) ([]payout.Due, error) {
	return l.DB.Due(ctx, sqlledger.DueFilter(f))
}

func (l realLedger) BeginPayout(ctx context.Context, by account.Principal, o payout.Order) (payout.Payout, error) {
	return l.DB.BeginPayout(ctx, user.ByOf(by), o)
}

func (l realLedger) Payouts(ctx context.Context, f PayoutFilter) ([]payout.Payout, string, error) {
	return l.DB.Payouts(ctx, sqlledger.PayoutFilter{
		AffiliateID: f.AffiliateID, Currency: f.Currency, Status: f.Status, Page: sqlledger.Page{Cursor: f.Cursor, Limit: f.Limit},
	})
}

func (l realLedger) ChangePayout(
	ctx context.Context, by account.Principal, id, ifVersion int64, change func(*payout.Payout) error,
) (payout.Payout, error) {
	return l.DB.ChangePayout(ctx, user.ByOf(by), id, ifVersion, change)
}

func (l realLedger) AddAdjustment(ctx context.Context, by account.Principal, a payout.Adjustment) (payout.Adjustment, error) {
	return l.DB.AddAdjustment(ctx, user.ByOf(by), a)
}

func (l realLedger) Adjustments(ctx context.Context, f AdjustmentFilter) ([]payout.Adjustment, string, error) {
	return l.DB.Adjustments(ctx, sqlledger.AdjustmentFilter{
		AffiliateID: f.AffiliateID, AdvertiserID: f.AdvertiserID, Kind: f.Kind,
		ConversionID: f.ConversionID, PayoutID: f.PayoutID, Open: f.Open,
		Page: sqlledger.Page{Cursor: f.Cursor, Limit: f.Limit},
	})
}
