package api

import (
	"testing"
	"time"

	"waybill/internal/money"
	"waybill/internal/payout"
	"waybill/internal/user"
)

// bonus gives an affiliate something at a time.
func (w *world) bonus(t *testing.T, affiliateID int64, amount string, c money.Currency, at time.Time) payout.Adjustment {
	t.Helper()
	var units money.Micros
	if err := units.UnmarshalText([]byte(amount)); err != nil {
		t.Fatal(err)
	}
	return must[payout.Adjustment](t)(w.db.AddAdjustment(t.Context(), user.By{}, payout.Adjustment{
		AffiliateID: affiliateID, Kind: payout.Bonus, Amount: money.Amount{Units: int64(units), Currency: c}, Note: "best of all", CreatedAt: at,
	}))
}

// books books adjustment 1, a bonus in euros of affiliate 1, and begins payout 1,
// which pays it.
func (w *world) books(t *testing.T) {
	t.Helper()
	w.bonus(t, 1, "5.00", "EUR", noon.Add(-time.Hour))
	must[payout.Payout](t)(w.db.BeginPayout(t.Context(), user.By{}, payout.Order{
		AffiliateID: 1, Currency: "EUR", Until: noon, At: noon, Reference: "SEPA-1", Note: "a hidden note",
	}))
}
