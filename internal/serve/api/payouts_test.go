package api

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"waybill/internal/conversion"
	"waybill/internal/money"
	"waybill/internal/param"
	"waybill/internal/payout"
	"waybill/internal/settlement"
	"waybill/internal/signal"
	"waybill/internal/txid"
	"waybill/internal/user"
	"waybill/internal/work/pay"
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

// payOff works off what there is, as a node does.
func (w *world) payOff(t *testing.T) {
	t.Helper()
	mint := txid.NewMint(w.present.Ring(), 1, 0)
	worker := pay.New(w.db, func(ctx context.Context, c *conversion.Conversion, payoutID int64) signal.Verdict {
		ticket := mint.Begin(noon, txid.Subject{Kind: txid.Signal, Offer: c.OfferID, Affiliate: c.AffiliateID})
		ticket.Done()
		s := signal.Signal{
			ID: ticket.ID, ReceivedAt: noon, Channel: signal.API, Method: "POST", Auth: signal.OK, Click: w.click, PayoutID: payoutID,
			Raw: fmt.Sprintf(`{"conversion_id":%q}`, c.ID), Params: []signal.Param{{Name: param.ConversionID, Value: c.ID}},
		}
		w.journal[s.ID] = s.Append(nil)
		v, err := w.db.Settle(ctx, settlement.Prepare(settlement.Input{
			Signal: s, Catalog: w.present, Targets: []conversion.Conversion{*c}, Now: noon,
		}))
		if err != nil {
			t.Error(err)
		}
		return v
	}, w.Now, slog.New(slog.DiscardHandler))
	if err := worker.WorkOff(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// asked is a request and what its answer holds.
type asked struct {
	name, as, method, path, body string
	status                       int
	says                         []string
	header                       []string
}

func (w *world) askAll(t *testing.T, all []asked) {
	t.Helper()
	for _, a := range all {
		got := w.do(t, a.as, a.method, a.path, a.body, a.header...)
		if got.status != a.status {
			t.Errorf("%s: %d %s; want %d", a.name, got.status, got.text, a.status)
		}
		for _, part := range a.says {
			if !strings.Contains(got.text, part) {
				t.Errorf("%s: %s\nlacks %s", a.name, got.text, part)
			}
		}
	}
}

// TestAPayoutFromPlanToEnd pays affiliate 1 the 4 dollars of the conversion and a
// bonus of 5.
func TestAPayoutFromPlanToEnd(t *testing.T) {
	w := newWorld(t)
	nudged := 0
	w.PayOff = func() { nudged++ }
	w.bonus(t, 1, "5.00", "USD", noon.Add(-time.Hour))
	w.bonus(t, 2, "1.00", "USD", noon.Add(-time.Hour))
	const nine = `"amount":{"amount":"9.00","currency":"USD"}`
	w.askAll(t, []asked{
		{
			name: "what is due", as: asNetwork, method: "GET", path: "payouts/due", status: 200,
			says: []string{`{"data":[{"affiliate_id":1,"currency":"USD","conversions":1,"adjustments":1,` +
				`"earned":{"amount":"4.00","currency":"USD"},"adjusted":{"amount":"5.00","currency":"USD"},` + nine + `},{"affiliate_id":2,`},
		},
		{name: "what was due", as: asNetwork, method: "GET", path: "payouts/due?until=2026-11-01T00:00:00Z&currency=usd&affiliate_id=1", status: 200, says: []string{`{"data":[]}`}},
		{
			name: "a plan", as: asNetwork, method: "POST", path: "payouts", body: `{"affiliate_id":1,"currency":"USD","dry_run":true}`, status: 200,
			says: []string{`{"affiliate_id":1,"currency":"USD"`, `"status":"planned"`, nine},
		},
		{
			name: "another sum than expected", as: asNetwork, method: "POST", path: "payouts", body: `{"affiliate_id":1,"currency":"USD","amount":"8.50"}`,
			status: 409, says: []string{"9.00 USD", "8.50 USD"},
		},
		{name: "of nothing", as: asNetwork, method: "POST", path: "payouts", body: `{"affiliate_id":1,"currency":"EUR"}`, status: 409, says: []string{"nothing is owed to affiliate 1 in EUR"}},
		{name: "to nobody", as: asNetwork, method: "POST", path: "payouts", body: `{"affiliate_id":99,"currency":"EUR"}`, status: 422, says: []string{"body.affiliate_id", "there is no affiliate 99"}},
		{name: "to nobody in particular", as: asNetwork, method: "POST", path: "payouts", body: `{"currency":"EUR"}`, status: 422, says: []string{"body.affiliate_id"}},
		{name: "in no currency", as: asNetwork, method: "POST", path: "payouts", body: `{"affiliate_id":1}`, status: 422, says: []string{"body.currency"}},
		{name: "in none that there is", as: asNetwork, method: "POST", path: "payouts", body: `{"affiliate_id":1,"currency":"XXX"}`, status: 422, says: []string{"body.currency"}},
		{
			name: "of less than nothing", as: asNetwork, method: "POST", path: "payouts", body: `{"affiliate_id":1,"currency":"USD","amount":"-1"}`,
			status: 422, says: []string{"body.amount", `\"-1\" is negative, which this amount must not be`},
		},
		{name: "of the future", as: asNetwork, method: "POST", path: "payouts", body: `{"affiliate_id":1,"currency":"USD","until":"2027-01-01T00:00:00Z"}`, status: 422, says: []string{"body.until"}},
		{
			name: "it is begun", as: asNetwork, method: "POST", path: "payouts", body: `{"affiliate_id":1,"currency":"usd","amount":"9","reference":"SEPA-7","note":"a hidden note"}`,
			status: 201, says: []string{`"id":1`, `"status":"booking"`, `"amount":{"amount":"0.00","currency":"USD"}`, `"reference":"SEPA-7"`, `"version":1`},
		},
		{name: "two at once", as: asNetwork, method: "POST", path: "payouts", body: `{"affiliate_id":1,"currency":"USD"}`, status: 409, says: []string{"payout 1"}},
	})
	if nudged != 1 {
		t.Errorf("the worker was nudged %d times, want once", nudged)
	}
	w.payOff(t)
	w.askAll(t, []asked{
		{
			name: "it is booked", as: asNetwork, method: "GET", path: "payouts/1", status: 200,
			says: []string{`"status":"booked"`, nine, `"conversions":1`, `"adjustments":1`, `"booked_at":"2026-11-22T12:00:00Z"`, `"version":2`},
		},
		{name: "and listed", as: asNetwork, method: "GET", path: "payouts?affiliate_id=1&currency=USD&status=booked", status: 200, says: []string{`"id":1`}},
		{name: "not among others", as: asNetwork, method: "GET", path: "payouts?affiliate_id=2", status: 200, says: []string{`{"data":[],"next_cursor":""}`}},
		{name: "with its conversions", as: asNetwork, method: "GET", path: "conversions?payout_id=1", status: 200, says: []string{w.conversion.ID, `"status":"paid"`, `"payout_id":1`}},
		{name: "its adjustments", as: asNetwork, method: "GET", path: "adjustments?payout_id=1", status: 200, says: []string{`"id":1,`, `"payout_id":1`}},
		{name: "and its entries", as: asNetwork, method: "GET", path: "entries?payout_id=1", status: 200, says: []string{`"payout_id":1`, `"book":"paid"`, `"amount":"-5.00"`, `"reason":"payout.booked"`}},
		{name: "nothing of it is open", as: asNetwork, method: "GET", path: "adjustments?open=true&affiliate_id=1", status: 200, says: []string{`"data":[]`}},
		{name: "entries of nothing", as: asNetwork, method: "GET", path: "entries", status: 422, says: []string{"query.conversion_id"}},
		{name: "entries of two things", as: asNetwork, method: "GET", path: "entries?payout_id=1&adjustment_id=1", status: 422, says: []string{"name one"}},
		{name: "a trace tells of it", as: asNetwork, method: "GET", path: "trace/CLICK", status: 200, says: []string{"Paid by payout 1.", `"payout 1 pays it"`, `"payout_id":1`}},
		{
			name: "a change for another version", as: asNetwork, method: "PATCH", path: "payouts/1", body: `{"note":"x"}`, header: []string{"If-Match", `"1"`},
			status: 412, says: []string{"version 2"},
		},
		{
			name: "a change", as: asNetwork, method: "PATCH", path: "payouts/1", body: `{"note":null,"reference":"SEPA-8"}`, header: []string{"If-Match", `"2"`},
			status: 200, says: []string{`"reference":"SEPA-8"`, `"note":""`, `"version":3`},
		},
		{name: "a change of what it pays", as: asNetwork, method: "PATCH", path: "payouts/1", body: `{"amount":"1.00"}`, status: 422, says: []string{"body.amount"}},
		{name: "a change of none", as: asNetwork, method: "PATCH", path: "payouts/9", body: `{"note":"x"}`, status: 404},
		{name: "the audit has both", as: asNetwork, method: "GET", path: "audit?entity=payout&key=1", status: 200, says: []string{`"action":"create"`, `"action":"change"`, "SEPA-7", "SEPA-8"}},
	})
}

func TestAdjustmentsAreChecked(t *testing.T) {
	w := newWorld(t)
	usd := func(amount string) string {
		return `"amount":{"amount":"` + amount + `","currency":"USD"},"note":"agreed"`
	}
	book := func(name, body string, status int, says ...string) asked {
		return asked{name: name, as: asNetwork, method: "POST", path: "adjustments", body: "{" + body + "}", status: status, says: says}
	}
	w.askAll(t, []asked{
		book("nobody's", usd("1"), 422, "body.affiliate_id"),
		book("of both", `"affiliate_id":1,"advertiser_id":1,`+usd("1"), 422, "body.affiliate_id"),
		book("of one who is not there", `"advertiser_id":9,`+usd("1"), 422, "body.advertiser_id", "there is no advertiser 9"),
		book("of nothing", `"affiliate_id":1,`+usd("0"), 422, "body.amount"),
		book("in no currency", `"affiliate_id":1,"amount":{"amount":"1"},"note":"x"`, 422, "body.amount"),
		book("without a word", `"affiliate_id":1,"amount":{"amount":"1","currency":"USD"},"note":" "`, 422, "body.note"),
		book("of no kind", `"affiliate_id":1,"kind":"gift",`+usd("1"), 422, "body.kind"),
		book("a bonus that takes", `"affiliate_id":1,"kind":"bonus",`+usd("-1"), 422, "body.amount"),
		book("a payment to an affiliate", `"affiliate_id":1,"kind":"payment",`+usd("1"), 422, "body.kind", "payouts"),
		book("a payment for a conversion", `"advertiser_id":1,"kind":"payment","conversion_id":"CONVERSION",`+usd("1"), 422, "body.conversion_id"),
		book("a clawback of nothing", `"affiliate_id":1,"kind":"clawback",`+usd("-1"), 422, "body.conversion_id"),
		book("a clawback that gives", `"affiliate_id":1,"kind":"clawback","conversion_id":"CONVERSION",`+usd("1"), 422, "body.amount"),
		book("a clawback of an advertiser", `"advertiser_id":1,"kind":"clawback","conversion_id":"CONVERSION",`+usd("-1"), 422, "body.kind"),
		book("a clawback of what is not paid", `"affiliate_id":1,"kind":"clawback","conversion_id":"CONVERSION",`+usd("-1"), 409, "only what is paid is clawed back"),
		book("another's conversion", `"affiliate_id":2,"conversion_id":"CONVERSION",`+usd("1"), 422, "body.conversion_id"),
		book("a correction", `"affiliate_id":1,"conversion_id":"CONVERSION",`+usd("-1.50"), 201, `"id":1,"affiliate_id":1,"kind":"correction","amount":{"amount":"-1.50","currency":"USD"}`, w.conversion.ID),
		book("a payment", `"advertiser_id":1,"kind":"payment",`+usd("6"), 201, `"advertiser_id":1`),
		{name: "is read", as: asNetwork, method: "GET", path: "adjustments/2", status: 200, says: []string{`"kind":"payment"`}},
		{name: "and listed by its kind", as: asNetwork, method: "GET", path: "adjustments?kind=payment&limit=1", status: 200, says: []string{`"id":2`, `"next_cursor":""`}},
		{name: "or by its conversion", as: asNetwork, method: "GET", path: "adjustments?conversion_id=" + w.conversion.ID, status: 200, says: []string{`{"data":[{"id":1,`, `"next_cursor":""`}},
		{name: "its entries", as: asNetwork, method: "GET", path: "entries?adjustment_id=2", status: 200, says: []string{`"adjustment_id":2`, `"amount":"-6.00"`, `"book":"paid"`}},
		book("a payment taken back", `"advertiser_id":1,"kind":"payment",`+usd("-2.50"), 201, `"id":3,"advertiser_id":1,"kind":"payment","amount":{"amount":"-2.50"`),
		{name: "what is left of it", as: asAdvertiser1, method: "GET", path: "balances", status: 200, says: []string{`"book":"paid","test":false},"amount":{"amount":"3.50"`}},
		{name: "it is never changed", as: asNetwork, method: "PATCH", path: "adjustments/2", body: `{}`, status: 405},
	})
}

// TestPartnersAndTheBooks holds that an affiliate sees its own payouts and
// adjustments without the network's note, and an advertiser nothing of payouts.
func TestPartnersAndTheBooks(t *testing.T) {
	w := newWorld(t)
	w.bonus(t, 1, "5.00", "USD", noon.Add(-time.Hour))
	w.askAll(t, []asked{
		{name: "begin", as: asNetwork, method: "POST", path: "payouts", body: `{"affiliate_id":1,"currency":"USD","reference":"SEPA-7","note":"a hidden note"}`, status: 201},
		{name: "a payment", as: asNetwork, method: "POST", path: "adjustments", body: `{"advertiser_id":1,"kind":"payment","amount":{"amount":"6","currency":"USD"},"note":"the wire"}`, status: 201},
	})
	w.payOff(t)
	tests := []struct {
		as, path    string
		status      int
		says, never []string
	}{
		{as: asAffiliate1, path: "payouts", status: 200, says: []string{"SEPA-7", "9.00"}, never: []string{"note"}},
		{as: asAffiliate1, path: "payouts?affiliate_id=2", status: 200, never: []string{"SEPA-7"}},
		{as: asAffiliate1, path: "payouts/1", status: 200, says: []string{"SEPA-7"}, never: []string{"note"}},
		{as: asAffiliate1, path: "adjustments", status: 200, says: []string{"best of all", `"payout_id":1`}, never: []string{"the wire"}},
		{as: asAffiliate1, path: "adjustments?advertiser_id=1", status: 200, says: []string{`"data":[]`}},
		{as: asAffiliate1, path: "adjustments/2", status: 404},
		{as: asAffiliate1, path: "entries?payout_id=1", status: 200, says: []string{`"party":"affiliate"`}},
		{as: asAffiliate1, path: "entries?adjustment_id=1", status: 200, says: []string{`"party":"affiliate"`}, never: []string{"network"}},
		{as: asAffiliate1, path: "entries?adjustment_id=2", status: 404},
		{as: asAffiliate1, path: "conversions?payout_id=1", status: 200, says: []string{`"payout_id":1`}, never: []string{"revenue"}},
		{as: asAffiliate1, path: "trace/CLICK", status: 200, says: []string{"Paid by payout 1.", `"payout_id":1`}, never: []string{"hidden note", `"rule"`, `"raw"`}},
		{as: asAffiliate1, path: "balances", status: 200, says: []string{`"book":"paid"`, `"-9.00"`}},
		{as: asAffiliate1, path: "payouts/due", status: 403},

		{as: asAffiliate2, path: "payouts", status: 200, says: []string{`"data":[]`}},
		{as: asAffiliate2, path: "payouts/1", status: 404},
		{as: asAffiliate2, path: "adjustments", status: 200, says: []string{`"data":[]`}},
		{as: asAffiliate2, path: "adjustments/1", status: 404},
		{as: asAffiliate2, path: "entries?payout_id=1", status: 404},
		{as: asAffiliate2, path: "entries?adjustment_id=1", status: 404},
		{as: asAffiliate2, path: "conversions?payout_id=1", status: 200, says: []string{`"data":[]`}},

		{as: asAdvertiser1, path: "payouts", status: 403},
		{as: asAdvertiser1, path: "payouts/1", status: 403},
		{as: asAdvertiser1, path: "adjustments", status: 200, says: []string{"the wire", `"kind":"payment"`}, never: []string{"best of all", "payout"}},
		{as: asAdvertiser1, path: "adjustments/1", status: 404},
		{as: asAdvertiser1, path: "entries?payout_id=1", status: 404},
		{as: asAdvertiser1, path: "entries?adjustment_id=2", status: 200, says: []string{`"book":"paid"`}},
		{as: asAdvertiser1, path: "conversions?payout_id=1", status: 403},
		{as: asAdvertiser1, path: "conversions/CONVERSION", status: 200, never: []string{"payout"}},
		{as: asAdvertiser1, path: "conversions", status: 200, never: []string{"payout"}},
		{as: asAdvertiser1, path: "trace/CLICK", status: 200, never: []string{"payout", "4.00", "9.00", "SEPA"}},
		{as: asAdvertiser1, path: "signals", status: 200, never: []string{"payout"}},
		{as: asAdvertiser1, path: "signals?records=true", status: 200, never: []string{"payout"}},
		{as: asAdvertiser1, path: "balances", status: 200, never: []string{"affiliate", "9.00", "4.00"}},
		{as: asAdvertiser2, path: "adjustments/2", status: 404},
	}
	for _, tt := range tests {
		views := map[string]reply{tt.as: w.do(t, tt.as, "GET", tt.path, "")}
		side, number := strings.TrimRight(tt.as, " 12"), tt.as[len(tt.as)-1:]
		views["the network as "+tt.as] = w.do(t, asNetwork, "GET", tt.path, "", viewAsHeader, side+":"+number)
		for who, got := range views {
			if got.status != tt.status {
				t.Errorf("GET %s as %s: %d %s; want %d", tt.path, who, got.status, got.text, tt.status)
			}
			for _, part := range tt.says {
				if !strings.Contains(got.text, part) {
					t.Errorf("GET %s as %s: %s\nlacks %s", tt.path, who, got.text, part)
				}
			}
			for _, part := range tt.never {
				if strings.Contains(got.text, part) {
					t.Errorf("GET %s as %s: %s\nmust not hold %s", tt.path, who, got.text, part)
				}
			}
		}
	}
}
