package settlement_test

import (
	"strings"
	"testing"

	"waybill/internal/affiliate"
	"waybill/internal/catalog"
	"waybill/internal/click"
	"waybill/internal/offer"
	"waybill/internal/signal"
	"waybill/internal/span"
	"waybill/internal/txid"
)

// row is one step in the life of a transaction: what came before, what comes
// now, the answer to it, and what stands in the ledger then.
type row struct {
	name   string
	config func(*catalog.Source) // what is set otherwise than in source
	world  func(*world)          // what happened to the click
	before []string              // hits that are settled first
	hit    string
	want   string // status, code, HTTP status
	after  string // the conversions
}

func (r row) run(t *testing.T) {
	w := newWorld(t, r.config)
	if r.world != nil {
		r.world(w)
	}
	for _, h := range r.before {
		w.hit(h)
	}
	v := w.hit(r.hit)
	if got := answer(v); got != r.want {
		t.Errorf("%s\n got %s (%s)\nwant %s", r.hit, got, v.Rule, r.want)
	}
	if got := w.summary(); got != r.after {
		t.Errorf("after %s\n got %s\nwant %s", r.hit, got, r.after)
	}
	if v.Message == "" || v.Rule == "" || v.SignalID == "" || v.Channel == "" || v.SettledAt.IsZero() {
		t.Errorf("the verdict lacks something: %+v", v)
	}
	if counted := v.Status != signal.Rejected; counted && v.ConversionID == "" {
		t.Errorf("the verdict names no conversion: %+v", v)
	}
}

func runRows(t *testing.T, rows []row) {
	for _, r := range rows {
		t.Run(r.name, r.run)
	}
}

const counted = "approved pays=4/6"

// TestForm goes through what is wrong with a signal itself.
func TestForm(t *testing.T) {
	forged := func(w *world) string { return flip(w.click.ID.String()) }
	runRows(t, []row{
		{name: "a postback with the ID alone is counted", hit: "postback", want: "accepted ok 200", after: counted},
		{name: "a pixel waits for the server's word", hit: "pixel", want: "accepted ok 200", after: "pending pays=4/6 waits=server"},
		{name: "no transaction ID", hit: "postback transaction_id=", want: "rejected transaction_id_missing 400"},
		{name: "a transaction ID that was cut", hit: "postback transaction_id=4g0ssv1qpr00", want: "rejected transaction_id_invalid 400"},
		{name: "a transaction ID nobody filled in", hit: "postback transaction_id={transaction_id}", want: "rejected macro_unexpanded 400"},
		{name: "another system's macro", hit: "postback transaction_id=#reqid#", want: "rejected macro_unexpanded 400"},
		{name: "an amount nobody filled in", hit: "postback amount={amount}", want: "rejected macro_unexpanded 400"},
		{name: "an order ID nobody filled in", hit: "postback order_id=[order]", want: "rejected macro_unexpanded 400"},
		{name: "a goal nobody filled in", hit: "postback goal={goal_id}", want: "rejected macro_unexpanded 400"},
		{name: "a status nobody filled in", hit: "postback status=%status%", want: "rejected macro_unexpanded 400"},
		{name: "a free value nobody filled in is kept as it came", hit: "postback adv1={whatever}", want: "accepted ok 200", after: counted},
		{name: "an offer that is no number", hit: "postback offer_id=spring", want: "rejected malformed 400"},
		{name: "an amount that is none", hit: "postback amount=much", want: "rejected amount_invalid 400"},
		{name: "an amount below zero", hit: "postback amount=-5", want: "rejected amount_invalid 400"},
		{name: "an amount that could be two", hit: "postback amount=1,234", want: "rejected amount_invalid 400"},
		{name: "an amount with a comma", hit: "postback goal=sale order_id=A amount=12,50", want: "accepted ok 200", after: "approved sale order=A amount=12.50 pays=1.25/2.50"},
		{name: "an amount in the offer's currency", hit: "postback amount=12.50USD", want: "accepted ok 200", after: "approved amount=12.50 pays=4/6"},
		{name: "another currency in the amount", hit: "postback amount=12.50EUR", want: "rejected currency_invalid 400"},
		{name: "another currency beside it", hit: "postback amount=12.50 currency=EUR", want: "rejected currency_invalid 400"},
		{name: "a sign that is of several currencies, the offer's too", hit: "postback amount=$12.50", want: "accepted ok 200", after: "approved amount=12.50 pays=4/6"},
		{name: "a sign that is never the offer's", hit: "postback amount=¥1250", want: "rejected currency_invalid 400"},
		{name: "two currencies", hit: "postback amount=12.50USD currency=EUR", want: "rejected currency_invalid 400"},
		{name: "a currency there is not", hit: "postback amount=12.50 currency=XYZ", want: "rejected currency_invalid 400"},
		{name: "the offer's currency in small letters", hit: "postback amount=12.50 currency=usd", want: "accepted ok 200", after: "approved amount=12.50 pays=4/6"},
		{name: "no amount where a percentage is paid", hit: "postback goal=sale order_id=A", want: "rejected amount_missing 400"},
		{name: "a status nobody knows", hit: "postback status=perhaps", want: "rejected malformed 400"},
		{name: "paid is not a sender's to say", hit: "postback status=paid", want: "rejected malformed 400"},
		{name: "a status in the advertiser's own word", hit: "postback status=Confirmed", want: "accepted ok 200", after: counted},
		{name: "line items that are no JSON", hit: "postback items=[{sku:1}]", want: "rejected malformed 400"},
		{name: "line items that are no objects", hit: "postback items=[1,2]", want: "rejected malformed 400"},
		{name: "line items with more behind them", hit: `postback items=[{"sku":"A1"}]]`, want: "rejected malformed 400"},
		{name: "line items", hit: `postback items=[{"sku":"A1","quantity":2}]`, want: "accepted ok 200", after: counted},
		{name: "a conversion that is none", hit: "postback conversion_id=42", want: "rejected malformed 400"},
		{name: "a time that is none, from a sender who proves nothing", hit: "postback occurred_at=yesterday", want: "accepted ok 200", after: counted},
		{name: "a time that is none, from the API", hit: "api occurred_at=yesterday", want: "rejected malformed 400"},
		{name: "a date that is read as Unix time", hit: "api occurred_at=20261122", want: "rejected malformed 400"},
		{name: "a time before all reports", hit: "api occurred_at=1999-12-31T23:59:59Z", want: "rejected malformed 400"},
		{name: "a time to come", hit: "api occurred_at=2026-11-23T00:00:00Z", want: "rejected malformed 400"},
		{name: "a payout where the goal allows none is not heard", hit: "postback payout=9", want: "accepted ok 200", after: counted},
		{name: "a payout where the goal allows it", hit: "postback goal=deal payout=5.50", want: "accepted ok 200", after: "approved deal pays=5.50/6"},
		{name: "a payout that is none", hit: "postback goal=deal payout=all", want: "rejected amount_invalid 400"},
		{name: "a payout in another currency", hit: "postback goal=deal payout=5EUR", want: "rejected currency_invalid 400"},
		{name: "a browser sets no payout", hit: "pixel goal=deal payout=5.50", want: "accepted ok 200", after: "pending deal pays=4/6 waits=server"},
		{name: "a browser sets no status", hit: "pixel status=approved", want: "accepted ok 200", after: "pending pays=4/6 waits=server"},
	})

	t.Run("a forged transaction ID", func(t *testing.T) {
		w := newWorld(t, nil)
		if got := answer(w.hit("postback transaction_id=" + forged(w))); got != "rejected transaction_id_invalid 400" {
			t.Errorf("got %s", got)
		}
	})
	t.Run("the ID of a conversion in place of the click's", func(t *testing.T) {
		w := newWorld(t, nil)
		id := w.hit("postback").ConversionID
		v := w.hit("postback transaction_id=" + id)
		if got := answer(v); got != "rejected transaction_id_invalid 400" || !strings.Contains(v.Message, "conversion") {
			t.Errorf("got %s: %s", got, v.Message)
		}
	})
	t.Run("a form that cannot be read", func(t *testing.T) {
		w := newWorld(t, nil)
		s := w.signal("postback auth=token_invalid")
		s.Malformed = "the body is no JSON"
		if got := answer(w.settle(s)); got != "rejected malformed 400" {
			t.Errorf("got %s", got)
		}
	})
}

// flip changes the last letter of an ID.
func flip(id string) string {
	last := "0"
	if strings.HasSuffix(id, "0") {
		last = "1"
	}
	return id[:len(id)-1] + last
}

// TestSenderAndStanding goes through who is believed, and what earns nothing.
func TestSenderAndStanding(t *testing.T) {
	pixelOnly := func(s *catalog.Source) { s.Offers[0].Channels = []string{"pixel"} }
	runRows(t, []row{
		{name: "a wrong token", hit: "postback auth=token_invalid", want: "rejected token_invalid 401"},
		{name: "no token", hit: "postback auth=token_missing", want: "rejected token_missing 401"},
		{name: "a wrong signature", hit: "postback auth=signature_invalid", want: "rejected signature_invalid 401"},
		{name: "an old signature", hit: "postback auth=signature_expired", want: "rejected signature_expired 401"},
		{name: "an address not on the list", hit: "postback auth=ip_not_allowed", want: "rejected ip_not_allowed 403"},
		{name: "an offer that was unknown where the signal came in", hit: "postback auth=offer_unknown", want: "rejected offer_unknown 404"},
		{name: "a sender who is not believed cannot reverse", before: []string{"postback"}, hit: "postback status=rejected auth=token_invalid", want: "rejected token_invalid 401", after: counted},
		{name: "a channel that the offer does not take", config: pixelOnly, hit: "postback", want: "rejected channel_not_allowed 403"},
		{name: "a browser alone counts at once where no server is heard", config: pixelOnly, hit: "pixel", want: "accepted ok 200", after: counted},
		{name: "the offer's own word for what browsers report", config: func(s *catalog.Source) { s.Offers[0].ClientSideStatus = "hold" }, hit: "pixel", want: "accepted ok 200", after: "hold pays=4/6 waits=server"},
		{name: "a goal's own status", config: func(s *catalog.Source) { s.Goals[0].DefaultStatus = "hold" }, hit: "postback", want: "accepted ok 200", after: "hold pays=4/6"},
		{name: "a goal there is not", hit: "postback goal=nothing", want: "rejected goal_unknown 404"},
		{name: "a goal in capitals", hit: "postback goal=PING", want: "accepted ok 200", after: "approved ping pays=4/6"},
		{name: "a goal by its number", hit: "postback goal=72", want: "accepted ok 200", after: "approved ping pays=4/6"},
		{name: "a goal of another offer", hit: "postback goal=80", want: "rejected offer_mismatch 422"},
		{name: "the click's own offer", hit: "postback offer_id=7", want: "accepted ok 200", after: counted},
		{name: "another offer than the click's", hit: "postback offer_id=8", want: "rejected offer_mismatch 422"},
		{name: "a click of an offer there is not", world: func(w *world) { w.click = w.newClick(99) }, hit: "postback", want: "rejected offer_unknown 404"},
		{name: "an archived offer", config: archived, hit: "postback", want: "rejected offer_inactive 422"},
		{name: "a paused offer still counts", config: func(s *catalog.Source) { s.Offers[0].Status = offer.Paused }, hit: "postback", want: "accepted ok 200", after: counted},
		{name: "a blocked affiliate", config: func(s *catalog.Source) { s.Affiliates[0].Status = affiliate.Blocked }, hit: "postback", want: "rejected affiliate_blocked 422"},
		{name: "an affiliate who waits for admission", config: func(s *catalog.Source) { s.Affiliates[0].Status = affiliate.Pending }, hit: "postback", want: "accepted ok 200", after: counted},
		{name: "a visitor who was turned away", world: func(w *world) { w.click.TurnedAway = click.OfferPaused }, hit: "postback", want: "rejected turned_away 422"},
		{name: "too fast", config: func(s *catalog.Source) { s.Offers[0].MinConversionTime = span.Span(2 * 3600e9) }, hit: "postback", want: "rejected too_fast 422"},
		{name: "too late", hit: "postback @721h", want: "rejected click_expired 422"},
		{name: "a minute before the click", hit: "postback @-1m", want: "accepted ok 200", after: counted},
		{name: "an hour before the click", hit: "postback @-1h", want: "rejected too_fast 422"},
		{name: "a lost record waits for a person", world: lose, hit: "postback", want: "accepted record_missing 200", after: "pending pays=4/6 waits=record"},
		{name: "whatever status its sender names", world: lose, hit: "postback status=approved", want: "accepted record_missing 200", after: "pending pays=4/6 waits=record"},
		{name: "unless it is a rejection", world: lose, hit: "postback status=rejected", want: "accepted record_missing 200", after: "rejected pays=4/6"},
		{name: "a lost record that the offer accepts", config: credit("accept"), world: lose, hit: "postback", want: "accepted record_missing 200", after: counted},
		{name: "a lost record that the offer refuses", config: credit("reject"), world: lose, hit: "postback", want: "rejected click_not_found 404"},
		{name: "test traffic is counted apart", hit: "postback test=1", want: "accepted ok 200", after: "approved test pays=4/6"},
		{name: "also where the click alone was a test", world: func(w *world) { w.click.Test = true }, hit: "postback", want: "accepted ok 200", after: "approved test pays=4/6"},
		{name: "a test does not stand in the way of what is real", before: []string{"postback test=1"}, hit: "postback", want: "accepted ok 200", after: "approved test pays=4/6 | " + counted},
	})
}

func archived(s *catalog.Source) { s.Offers[0].Status = offer.Archived }

func lose(w *world) { w.lost = true }

func credit(word string) func(*catalog.Source) {
	return func(s *catalog.Source) { s.Offers[0].CreditWithoutClick = word }
}

// TestOrderOfChecks lets each check fail together with the one behind it.
func TestOrderOfChecks(t *testing.T) {
	w := newWorld(t, func(s *catalog.Source) {
		archived(s)
		s.Affiliates[0].Status = affiliate.Blocked
		s.Offers[0].Channels = []string{"pixel"}
	})
	w.click.TurnedAway = click.CapReached
	s := w.signal("postback auth=token_invalid amount={amount} offer_id=8 goal=nothing status=perhaps")
	s.Malformed, s.Click = "broken", txid.ID{}

	mend := []struct {
		want signal.Code
		mend func()
	}{
		{signal.Malformed, func() { s.Malformed = "" }},
		{signal.TransactionIDInvalid, func() { w.click = w.newClick(99); s.Click = w.click.ID }},
		{signal.OfferUnknown, func() { w.click = w.newClick(7); w.click.TurnedAway = click.CapReached; s.Click = w.click.ID }},
		{signal.TokenInvalid, func() { s.Auth = signal.OK }},
		{signal.ChannelNotAllowed, func() { w.source.Offers[0].Channels = []string{"postback"}; w.catalog = mustCatalog(t, w.source) }},
		{signal.MacroUnexpanded, func() { say(&s, "amount", "12 EUR") }},
		{signal.OfferMismatch, func() { say(&s, "offer_id", "7") }},
		{signal.GoalUnknown, func() { say(&s, "goal", "sale") }},
		{signal.Malformed, func() { say(&s, "status", "approved") }},
		{signal.CurrencyInvalid, func() { say(&s, "amount", "") }},
		{signal.OfferInactive, func() { w.source.Offers[0].Status = offer.Active; w.catalog = mustCatalog(t, w.source) }},
		{signal.AffiliateBlocked, func() { w.source.Affiliates[0].Status = affiliate.Active; w.catalog = mustCatalog(t, w.source) }},
		{signal.TurnedAway, func() { w.click.TurnedAway = click.Sent }},
		{signal.AmountMissing, func() { say(&s, "amount", "50") }},
		{signal.OK, func() {}},
	}
	for i, m := range mend {
		s.ID = w.signal("postback").ID // each time it is judged anew
		if v := w.settle(s); v.Code != m.want {
			t.Fatalf("step %d: %s (%s), want %s", i, v.Code, v.Rule, m.want)
		}
		m.mend()
	}
}
