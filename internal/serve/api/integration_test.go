package api

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"waybill/internal/advertiser"
	"waybill/internal/click"
	"waybill/internal/conversion"
	"waybill/internal/money"
	"waybill/internal/offer"
	"waybill/internal/settlement"
	"waybill/internal/signal"
	"waybill/internal/txid"
)

// testClick is the edge's: it writes a click down.
func (w *world) testClick(_ context.Context, v TestVisit) (txid.ID, string, error) {
	mint := txid.NewMint(w.present.Ring(), 1, 0)
	ticket := mint.Begin(noon.Add(-time.Second), txid.Subject{Kind: txid.Click, Test: true, Offer: v.OfferID, Affiliate: v.AffiliateID})
	ticket.Done()
	o, _ := w.present.Offer(v.OfferID)
	url := strings.ReplaceAll(o.DestinationURL, "{transaction_id}", ticket.ID.String())
	c := click.Click{ID: ticket.ID, At: noon, Test: true, OfferID: v.OfferID, AffiliateID: v.AffiliateID, Location: url}
	w.journal[c.ID] = c.Append(nil)
	return c.ID, url, nil
}

// comes stores a verdict on a signal that came for a click, and the conversion
// that it made.
type comes struct {
	channel signal.Channel
	status  signal.Status
	code    signal.Code
	nameless,
	nobodys bool // it named no click, and no offer either
	conversion *conversion.Conversion
}

func (w *world) receive(t *testing.T, id txid.ID, n int, c comes) {
	t.Helper()
	mint := txid.NewMint(w.present.Ring(), 1, 0)
	ticket := mint.Begin(noon.Add(time.Duration(n)*time.Millisecond), txid.Subject{Kind: txid.Signal, Test: !c.nameless, Offer: 1})
	ticket.Done()
	v := signal.Verdict{
		SignalID: ticket.ID.String(), Status: c.status, Code: c.code, TransactionID: id.String(), Test: true, OfferID: 1, GoalID: 1,
		Channel: c.channel, SettledAt: noon, Message: "in words",
	}
	if c.nameless {
		v.TransactionID, v.Test = "", false
	}
	if c.nobodys {
		v.OfferID = 0
	}
	one := settlement.Case{SignalID: v.SignalID, Refusal: &v}
	if made := c.conversion; made != nil {
		v.ConversionID = must[txid.ID](t)(w.present.Ring().Derive(ticket.ID, txid.Conversion)).String()
		one.Refusal, one.Claim = nil, settlement.Claim{Test: true, OfferID: 1, GoalID: 1, TransactionID: id.String()}
		made.ID, made.Test, made.OfferID, made.GoalID, made.GoalCode, made.Version = v.ConversionID, true, 1, 1, offer.DefaultGoal, 1
		made.AdvertiserID, made.Status, made.CreatedAt = 1, conversion.Approved, noon
		made.Amount.Currency, made.Payout.Currency, made.Revenue.Currency = "USD", "USD", "USD"
		made.Touch.TransactionID = id.String()
		one.Judge = func(settlement.State) (settlement.Outcome, error) {
			return settlement.Outcome{Verdict: v, Conversion: made}, nil
		}
	}
	must[signal.Verdict](t)(w.db.Settle(t.Context(), one))
}

func TestCheckIntegration(t *testing.T) {
	paid := func(amount bool) *conversion.Conversion { return &conversion.Conversion{AmountKnown: amount} }
	counted := comes{channel: signal.Postback, status: signal.Accepted, code: signal.OK, conversion: paid(true)}
	perOrder := func(w *world) error {
		_, err := w.db.Goals().Update(context.Background(), 1, 0, func(g *offer.Goal) error {
			g.Dedupe = offer.PerOrder
			return nil
		})
		return err
	}
	tests := []struct {
		name   string
		as     string
		change func(*world) error
		comes  []comes
		state  string
		want   []string // level and code of each finding
	}{
		{name: "nothing came", state: "waiting", want: []string{"warning nothing_came"}},
		{name: "all is well", comes: []comes{counted}, state: "working", want: []string{"ok ok"}},
		{
			name: "no amount came", comes: []comes{{channel: signal.Postback, status: signal.Accepted, code: signal.OK, conversion: paid(false)}},
			state: "working", want: []string{"ok ok", "warning amount_missing"},
		},
		{
			name: "no order came where orders count", change: perOrder, comes: []comes{counted}, state: "working",
			want: []string{"ok ok", "warning order_id_missing"},
		},
		{
			name: "the token is wrong", comes: []comes{{channel: signal.Postback, status: signal.Rejected, code: signal.TokenInvalid}},
			state: "problems", want: []string{"problem token_invalid"},
		},
		{
			name: "the goal is unknown", comes: []comes{{channel: signal.Postback, status: signal.Rejected, code: signal.GoalUnknown}},
			state: "problems", want: []string{"problem goal_unknown"},
		},
		{
			name: "only a pixel came", comes: []comes{{channel: signal.Pixel, status: signal.Accepted, code: signal.OK, conversion: paid(true)}},
			state: "working", want: []string{"ok ok", "warning only_browser"},
		},
		{
			name: "both came, and one twice", state: "working", want: []string{"ok ok", "ok sighting", "ok duplicate"},
			comes: []comes{
				{channel: signal.Pixel, status: signal.Accepted, code: signal.OK, conversion: paid(true)},
				{channel: signal.Postback, status: signal.Duplicate, code: signal.Sighting},
				{channel: signal.Postback, status: signal.Duplicate, code: signal.CodeDuplicate},
			},
		},
		{
			name: "it came without its ID", comes: []comes{{channel: signal.Postback, status: signal.Rejected, code: signal.TransactionIDMissing, nameless: true}},
			state: "problems", want: []string{"problem transaction_id_missing"},
		},
		{
			name: "it did among very many others that were rejected", state: "problems", want: []string{"problem transaction_id_missing"},
			comes: append([]comes{{channel: signal.Postback, status: signal.Rejected, code: signal.TransactionIDMissing, nameless: true}},
				slices.Repeat([]comes{{channel: signal.Pixel, status: signal.Rejected, code: signal.TokenMissing, nameless: true, nobodys: true}}, mostMissed+1)...),
		},
		{
			name: "something came that names nobody, which only the network is told", comes: []comes{
				{channel: signal.Postback, status: signal.Rejected, code: signal.MacroUnexpanded, nameless: true, nobodys: true},
			},
			state: "problems", want: []string{"problem macro_unexpanded"},
		},
		{
			name: "and nobody else", as: asAdvertiser1, comes: []comes{
				{channel: signal.Postback, status: signal.Rejected, code: signal.MacroUnexpanded, nameless: true, nobodys: true},
			},
			state: "waiting", want: []string{"warning nothing_came"},
		},
		{
			name: "the landing page is not told the ID", state: "problems", want: []string{"problem landing_url_without_id", "ok ok"},
			change: func(w *world) error {
				_, err := w.db.Offers().Update(context.Background(), 1, 0, func(o *offer.Offer) error {
					o.DestinationURL = "https://shop.example.com/"
					return nil
				})
				return err
			},
			comes: []comes{counted},
		},
		{
			name: "no proof is asked for", state: "working", want: []string{"ok ok", "warning unproven"}, comes: []comes{counted},
			change: func(w *world) error {
				_, err := w.db.Advertisers().Update(context.Background(), 1, 0, func(a *advertiser.Advertiser) error {
					a.PostbackAuth = advertiser.AuthOff
					return nil
				})
				return err
			},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			if tt.as == "" {
				tt.as = asNetwork
			}
			if tt.change != nil {
				if err := tt.change(w); err != nil {
					t.Fatal(err)
				}
				if err := w.refresh(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			begun := w.do(t, tt.as, "POST", "offers/1/check-integration", `{"affiliate_id":1}`)
			text, _ := begun.body["transaction_id"].(string)
			id, err := txid.Parse(text)
			if begun.status != 201 || err != nil || !id.Test() || begun.header.Get("Location") != "/api/v1/offers/1/check-integration/"+text {
				t.Fatalf("POST = %d %s; want a test click", begun.status, begun.text)
			}
			for n, c := range tt.comes {
				w.receive(t, id, n, c)
			}
			got := w.do(t, tt.as, "GET", "offers/1/check-integration/"+text, "")
			if got.status != 200 || got.body["state"] != tt.state {
				t.Errorf("%d %s; want the state %s", got.status, got.text, tt.state)
			}
			var found []string
			for _, one := range got.body["findings"].([]any) { //nolint:forcetypeassert // the test fails
				f, _ := one.(map[string]any)
				found = append(found, f["level"].(string)+" "+f["code"].(string)) //nolint:forcetypeassert // likewise
			}
			if !slices.Equal(found, tt.want) {
				t.Errorf("findings %q; want %q", found, tt.want)
			}
		})
	}
}

// TestCheckIntegrationWaits: a check answers as soon as a server's postback is
// judged.
func TestCheckIntegrationWaits(t *testing.T) {
	w := newWorld(t)
	text, _ := w.do(t, asNetwork, "POST", "offers/1/check-integration", "").body["transaction_id"].(string)
	id, err := txid.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	asked := make(chan reply)
	go func() { asked <- w.do(t, asNetwork, "GET", "offers/1/check-integration/"+text+"?wait=50s", "") }()
	w.receive(t, id, 0, comes{channel: signal.Postback, status: signal.Accepted, code: signal.OK, conversion: &conversion.Conversion{
		AmountKnown: true, Payout: money.Amount{},
	}})
	select {
	case got := <-asked:
		if got.status != 200 || got.body["state"] != "working" {
			t.Errorf("%d %s; want that it works", got.status, got.text)
		}
	case <-time.After(20 * time.Second):
		t.Error("it waits though a postback was judged")
	}
	for path, status := range map[string]int{
		"offers/1/check-integration/" + text + "?wait=2m":  422,
		"offers/1/check-integration/" + text + "?wait=abc": 422,
		"offers/2/check-integration/" + text:               404, // of another offer
		"offers/1/check-integration/CLICK":                 404, // no test
		"offers/9/check-integration/" + text:               404,
	} {
		if got := w.do(t, asNetwork, "GET", path, ""); got.status != status {
			t.Errorf("%s = %d; want %d", path, got.status, status)
		}
	}
	if got := w.do(t, asNetwork, "POST", "offers/1/check-integration", `{"affiliate_id":99}`); got.status != 422 {
		t.Errorf("for an affiliate that there is not: %d; want 422", got.status)
	}
}
