package main

import (
	"context"

	"waybill/internal/account"
	"waybill/internal/offer"
	"waybill/internal/serve/api"
	"waybill/internal/store/sqlledger"
	"waybill/internal/user"
)

// Applications is as the API wants it.
func (l apiLedger) Applications(ctx context.Context, f api.AccessFilter) ([]offer.Application, string, error) {
	return l.DB.Applications(ctx, sqlledger.ApplicationFilter{
		Standing: f.Standing, OfferID: f.OfferID, AffiliateID: f.AffiliateID, Page: sqlledger.Page{Cursor: f.Cursor, Limit: f.Limit},
	})
}

// ChangeAccess is as the API wants it.
func (l apiLedger) ChangeAccess(
	ctx context.Context, by account.Principal, offerID, affiliateID int64, change func(*offer.Application) error,
) (offer.Application, error) {
	return l.DB.ChangeAccess(ctx, user.ByOf(by), offerID, affiliateID, change)
}

// Causes is as the API wants it.
func (l apiLedger) Causes(ctx context.Context, f api.CauseFilter) ([]api.Cause, error) {
	list, err := l.DB.Causes(ctx, sqlledger.CauseFilter(f))
	all := make([]api.Cause, len(list))
	for i, c := range list {
		all[i] = api.Cause(c)
	}
	return all, err
}
