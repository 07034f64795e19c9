package settlement_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"waybill/internal/affiliate"
	"waybill/internal/attribution"
	"waybill/internal/catalog"
	"waybill/internal/click"
	"waybill/internal/conversion"
	"waybill/internal/coupon"
	"waybill/internal/offer"
	"waybill/internal/settlement"
	"waybill/internal/signal"
	"waybill/internal/span"
	"waybill/internal/txid"
)

// lenient has offer 7 credit by everything, views for a week, and affiliate 8 own
// the coupon MAY10.
func lenient(s *catalog.Source) {
	s.Offers[0].Attribution, s.Offers[0].ViewWindow = offer.Identifiers(), span.Days(7)
	s.Affiliates = append(s.Affiliates, affiliate.Affiliate{ID: 8, Name: "Couponer", Status: affiliate.Active})
	s.Coupons = []coupon.Coupon{{ID: 1, Code: "MAY10", OfferID: 7, AffiliateID: 8, Status: coupon.Active}}
}

// privately has offer 7 ask for approval, and tells how affiliate 8 stands to it.
func privately(standing offer.Standing) func(*catalog.Source) {
	return func(s *catalog.Source) {
		s.Offers[0].Access = offer.Private
		s.Access = []offer.Permission{{OfferID: 7, AffiliateID: 8, Standing: standing}}
	}
}

// ledBy has an identifier lead to the click.
func ledBy(by offer.Identifier) func(*world) {
	return func(w *world) {
		w.led = append(w.led, attribution.Candidate{By: by, ID: w.click.ID, Record: w.click})
	}
}

// viewed puts a view in the click's place.
func viewed(w *world) { w.click = w.newTouch(txid.Impression, 7) }

// credited is a row with what is told of the winner: by what, and whose it is.
type credited struct {
	row
	winner string
}

func (c credited) run(t *testing.T) {
	config := c.config
	c.config = func(s *catalog.Source) {
		lenient(s)
		if config != nil {
			config(s)
		}
	}
	w := newWorld(t, c.config)
	if c.world != nil {
		c.world(w)
	}
	for _, h := range c.before {
		w.hit(strings.ReplaceAll(h, "FIRST", w.first()))
	}
	v := w.hit(strings.ReplaceAll(c.hit, "FIRST", w.first()))
	if got := answer(v); got != c.want {
		t.Errorf("%s\n got %s (%s)\nwant %s", c.hit, got, v.Rule, c.want)
	}
	if got := w.summary(); got != c.after {
		t.Errorf("after %s\n got %s\nwant %s", c.hit, got, c.after)
	}
	var winners []string
	for _, one := range w.conversions {
		winners = append(winners, fmt.Sprintf("%s %s %d", one.Touch.By, one.Touch.Kind, one.AffiliateID))
		if id, err := txid.Parse(one.Touch.TransactionID); err == nil && !id.Time().Equal(one.Touch.At) {
			t.Errorf("the touch %s is of %s, and its ID of %s", id, one.Touch.At, id.Time())
		}
	}
	if got := strings.Join(winners, " | "); got != c.winner {
		t.Errorf("after %s\n credited %s\nwant %s", c.hit, got, c.winner)
	}
}

// first gives the ID of the first conversion, empty when there is none.
func (w *world) first() string {
	if len(w.conversions) == 0 {
		return ""
	}
	return w.conversions[0].ID
}

func runCredits(t *testing.T, rows []credited) {
	for _, r := range rows {
		t.Run(r.name, r.run)
	}
}

// TestCreditWithoutATransactionID goes through what else leads to a touch.
func TestCreditWithoutATransactionID(t *testing.T) {
	runCredits(t, []credited{
		{row{name: "a bound customer", world: ledBy(offer.ByCustomerID), hit: "postback transaction_id= customer_id=c-1", want: "accepted ok 200", after: counted}, "customer_id click 9"},
		{row{name: "a device", world: ledBy(offer.ByDeviceID), hit: "postback transaction_id= gaid=g-1", want: "accepted ok 200", after: counted}, "device_id click 9"},
		{row{name: "a customer whom nobody has bound", hit: "postback transaction_id= customer_id=c-1", want: "rejected click_not_found 404"}, ""},
		{row{name: "a customer of an offer that does not credit by customers", config: byIDAlone, world: ledBy(offer.ByCustomerID), hit: "postback transaction_id= customer_id=c-1", want: "rejected transaction_id_missing 400"}, ""},
		{row{name: "nothing at all", hit: "postback transaction_id=", want: "rejected transaction_id_missing 400"}, ""},
		{row{name: "a coupon with its order", hit: "postback transaction_id= coupon=may10 order_id=A-1", want: "accepted ok 200", after: "approved order=A-1 pays=4/6"}, "coupon  8"},
		{row{name: "a coupon without an order", hit: "postback transaction_id= coupon=MAY10", want: "rejected order_id_missing 400"}, ""},
		{row{name: "a coupon that is nobody's", hit: "postback transaction_id= coupon=JUNE order_id=A-1", want: "rejected click_not_found 404"}, ""},
		{row{name: "a coupon of a blocked affiliate", config: func(s *catalog.Source) { s.Affiliates[1].Status = affiliate.Blocked }, hit: "postback transaction_id= coupon=MAY10 order_id=A-1", want: "rejected affiliate_blocked 422"}, ""},
		{row{name: "an affiliate that a server names", hit: "postback transaction_id= affiliate_id=8 order_id=A-1", want: "accepted ok 200", after: "approved order=A-1 pays=4/6"}, "affiliate_id  8"},
		{row{name: "an affiliate that a server names, without approval", config: privately(""), hit: "postback transaction_id= affiliate_id=8 order_id=A-1", want: "rejected turned_away 422"}, ""},
		{row{name: "an affiliate that a server names, with approval", config: privately(offer.Approved), hit: "postback transaction_id= affiliate_id=8 order_id=A-1", want: "accepted ok 200", after: "approved order=A-1 pays=4/6"}, "affiliate_id  8"},
		{row{name: "a coupon, which is an approval of its own", config: privately(offer.Requested), hit: "postback transaction_id= coupon=MAY10 order_id=A-1", want: "accepted ok 200", after: "approved order=A-1 pays=4/6"}, "coupon  8"},
		{row{name: "a click that was taken when its affiliate had an approval", config: privately(offer.Rejected), hit: "postback", want: "accepted ok 200", after: "approved pays=4/6"}, "transaction_id click 9"},
		{row{name: "an affiliate that a browser names", hit: "pixel transaction_id= affiliate_id=8 order_id=A-1", want: "rejected transaction_id_missing 400"}, ""},
		{row{name: "an affiliate that there is not", hit: "postback transaction_id= affiliate_id=77 order_id=A-1", want: "rejected click_not_found 404"}, ""},
		{row{name: "a customer before a coupon", world: ledBy(offer.ByCustomerID), hit: "postback transaction_id= customer_id=c-1 coupon=MAY10 order_id=A-1", want: "accepted ok 200", after: "approved order=A-1 pays=4/6"}, "customer_id click 9"},
		{row{name: "a coupon after an expired click", hit: "postback coupon=MAY10 order_id=A-1 @721h", want: "accepted ok 200", after: "approved order=A-1 pays=4/6"}, "coupon  8"},
		{row{name: "but never after a forged one", hit: "postback transaction_id=zzz coupon=MAY10 order_id=A-1", want: "rejected transaction_id_invalid 400"}, ""},
		{row{name: "nor after a macro", hit: "postback transaction_id={tid} coupon=MAY10 order_id=A-1", want: "rejected macro_unexpanded 400"}, ""},
		{row{name: "a customer of test traffic is no real one", world: ledByTest, hit: "postback transaction_id= customer_id=c-1", want: "rejected click_not_found 404"}, ""},
		{row{name: "but one of a test", world: ledByTest, hit: "postback transaction_id= customer_id=c-1 test=1", want: "accepted ok 200", after: "approved test pays=4/6"}, "customer_id click 9"},
	})
}

// ledToAnother has a customer lead to another click than the one that is named,
// which came when that had expired.
func ledToAnother(w *world) {
	id := w.mint.Begin(clicked().Add(720*time.Hour), txid.Subject{Kind: txid.Click, Offer: 7, Affiliate: 9}).ID
	w.led = append(w.led, attribution.Candidate{By: offer.ByCustomerID, ID: id, Record: &click.Click{ID: id, At: clicked().Add(720 * time.Hour)}})
}

func byIDAlone(s *catalog.Source) {
	s.Offers[0].Attribution = []offer.Identifier{offer.ByTransactionID}
}

// ledByTest has a customer lead to a click of test traffic.
func ledByTest(w *world) {
	id := w.mint.Begin(clicked(), txid.Subject{Kind: txid.Click, Test: true, Offer: 7, Affiliate: 9}).ID
	w.led = append(w.led, attribution.Candidate{By: offer.ByCustomerID, ID: id, Record: &click.Click{ID: id, At: clicked(), Test: true}})
}

// TestViews goes through what is credited to views.
func TestViews(t *testing.T) {
	unpaid := func(s *catalog.Source) { no := false; s.Offers[0].ViewThroughPayable = &no }
	runCredits(t, []credited{
		{row{name: "a view in its window", world: viewed, hit: "postback", want: "accepted ok 200", after: counted}, "transaction_id impression 9"},
		{row{name: "a view after it", world: viewed, hit: "postback @169h", want: "rejected click_expired 422"}, ""},
		{row{name: "a view where views earn nothing", config: func(s *catalog.Source) { s.Offers[0].ViewWindow = 0 }, world: viewed, hit: "postback", want: "rejected click_expired 422"}, ""},
		{row{name: "a view that is not paid", config: unpaid, world: viewed, hit: "postback", want: "accepted ok 200", after: "approved pays=0/0"}, "transaction_id impression 9"},
		{row{name: "a view that is not paid needs no amount", config: unpaid, world: viewed, hit: "postback goal=sale", want: "accepted ok 200", after: "approved sale pays=0/0"}, "transaction_id impression 9"},
		{row{name: "what is said later of one that is not paid", config: unpaid, world: viewed, before: []string{"postback goal=edit amount=10"}, hit: "postback goal=edit amount=90", want: "updated updated 200", after: "approved edit amount=90 pays=0/0"}, "transaction_id impression 9"},
		{row{name: "nor does a partner's payout pay it", config: unpaid, world: viewed, before: []string{"pixel goal=deal"}, hit: "postback goal=deal payout=3", want: "updated updated 200", after: "approved deal pays=0/0"}, "transaction_id impression 9"},
		{row{name: "a click is paid all the same", config: unpaid, hit: "postback", want: "accepted ok 200", after: counted}, "transaction_id click 9"},
		{row{name: "a customer's click beats the view that is named", world: func(w *world) { ledBy(offer.ByCustomerID)(w); viewed(w) }, hit: "postback customer_id=c-1", want: "accepted ok 200", after: counted}, "customer_id click 9"},
		{row{name: "both channels of a view are one conversion", world: viewed, before: []string{"pixel"}, hit: "postback", want: "updated updated 200", after: counted}, "transaction_id impression 9"},
	})
}

// TestChangesWithoutATouch goes through what says which conversion it is about in
// other words than a transaction ID.
func TestChangesWithoutATouch(t *testing.T) {
	const rejected = "rejected order=A-1 pays=4/6"
	runCredits(t, []credited{
		{row{name: "a reversal by order", before: []string{"postback order_id=A-1"}, hit: "postback transaction_id= order_id=A-1 status=rejected", want: "updated updated 200", after: rejected}, "transaction_id click 9"},
		{row{name: "also of an offer that credits by ID alone", config: byIDAlone, before: []string{"postback order_id=A-1"}, hit: "postback transaction_id= order_id=A-1 status=rejected", want: "updated updated 200", after: rejected}, "transaction_id click 9"},
		{row{name: "of whatever goal, where only one has it", before: []string{"postback goal=deal order_id=A-1"}, hit: "postback transaction_id= order_id=A-1 status=rejected", want: "updated updated 200", after: "rejected deal order=A-1 pays=4/6"}, "transaction_id click 9"},
		{row{name: "of the default goal, where several have it", before: []string{"postback goal=deal order_id=A-1", "postback order_id=A-1"}, hit: "postback transaction_id= order_id=A-1 status=rejected", want: "updated updated 200", after: "approved deal order=A-1 pays=4/6 | " + rejected}, "transaction_id click 9 | transaction_id click 9"},
		{row{name: "of none, where two others have it", before: []string{"postback goal=deal order_id=A-1", "postback goal=strict order_id=A-1"}, hit: "postback transaction_id= order_id=A-1 status=rejected", want: "rejected conflict 409", after: "approved deal order=A-1 pays=4/6 | approved strict order=A-1 pays=4/6"}, "transaction_id click 9 | transaction_id click 9"},
		{row{name: "of the goal that is named", before: []string{"postback goal=deal order_id=A-1", "postback goal=strict order_id=A-1"}, hit: "postback transaction_id= goal=strict order_id=A-1 status=rejected", want: "updated updated 200", after: "approved deal order=A-1 pays=4/6 | rejected strict order=A-1 pays=4/6"}, "transaction_id click 9 | transaction_id click 9"},
		{row{name: "a first report of an order that another goal has counted", before: []string{"postback transaction_id= goal=deal coupon=MAY10 order_id=A-1"}, hit: "postback transaction_id= coupon=MAY10 order_id=A-1", want: "accepted ok 200", after: "approved deal order=A-1 pays=4/6 | approved order=A-1 pays=4/6"}, "coupon  8 | coupon  8"},
		{row{name: "or two others", before: []string{"postback goal=deal order_id=A-1", "postback goal=strict order_id=A-1"}, hit: "postback transaction_id= coupon=MAY10 order_id=A-1", want: "accepted ok 200", after: "approved deal order=A-1 pays=4/6 | approved strict order=A-1 pays=4/6 | approved order=A-1 pays=4/6"}, "transaction_id click 9 | transaction_id click 9 | coupon  8"},
		{row{name: "but not where nothing else leads to anybody", before: []string{"postback goal=deal order_id=A-1"}, hit: "postback transaction_id= order_id=A-1", want: "duplicate duplicate 200", after: "approved deal order=A-1 pays=4/6"}, "transaction_id click 9"},
		{row{name: "a reversal by an order that nobody knows", hit: "postback transaction_id= order_id=A-1 status=rejected", want: "rejected transaction_id_missing 400"}, ""},
		{row{name: "a reversal by conversion", before: []string{"postback order_id=A-1"}, hit: "postback transaction_id= conversion_id=FIRST status=rejected", want: "updated updated 200", after: rejected}, "transaction_id click 9"},
		{row{name: "a browser puts no order on a conversion that it names", before: []string{"postback"}, hit: "pixel transaction_id= conversion_id=FIRST order_id=A-9", want: "duplicate sighting 200", after: "approved pays=4/6"}, "transaction_id click 9"},
		{row{name: "nor a key on a hit", before: []string{"postback goal=ping", "pixel transaction_id= conversion_id=FIRST goal=ping hit_id=h-9"}, hit: "postback goal=ping hit_id=h-9", want: "accepted ok 200", after: "approved ping pays=4/6 | approved ping pays=4/6"}, "transaction_id click 9 | transaction_id click 9"},
		{row{name: "a server does", before: []string{"postback"}, hit: "postback transaction_id= conversion_id=FIRST order_id=A-9", want: "duplicate duplicate 200", after: "approved order=A-9 pays=4/6"}, "transaction_id click 9"},
		{row{name: "a test reverses no conversion that is none", before: []string{"postback order_id=A-1"}, hit: "postback transaction_id= conversion_id=FIRST status=rejected test=1", want: "rejected conflict 409", after: "approved order=A-1 pays=4/6"}, "transaction_id click 9"},
		{row{name: "but one that is", before: []string{"postback order_id=A-1 test=1"}, hit: "postback transaction_id= conversion_id=FIRST status=rejected test=1", want: "updated updated 200", after: "rejected test order=A-1 pays=4/6"}, "transaction_id click 9"},
		{row{name: "and so does what is no test", before: []string{"postback order_id=A-1 test=1"}, hit: "postback transaction_id= conversion_id=FIRST status=rejected", want: "updated updated 200", after: "rejected test order=A-1 pays=4/6"}, "transaction_id click 9"},
		{row{name: "by a conversion that there is not", hit: "postback transaction_id= conversion_id=600t40rzpyg0040028sa7sazm6hm53m3 status=rejected", want: "rejected conflict 409"}, ""},
		{row{name: "a reversal after the window, beside a customer", world: ledBy(offer.ByCustomerID), before: []string{"postback order_id=A-1"}, hit: "postback customer_id=c-1 status=rejected @721h", want: "updated updated 200", after: rejected}, "transaction_id click 9"},
		{row{name: "a reversal of what a coupon earned", before: []string{"postback transaction_id= coupon=MAY10 order_id=A-1"}, hit: "postback transaction_id= coupon=MAY10 order_id=A-1 status=rejected", want: "updated updated 200", after: rejected}, "coupon  8"},
		{row{name: "another order of a coupon", before: []string{"postback transaction_id= coupon=MAY10 order_id=A-1"}, hit: "postback transaction_id= coupon=MAY10 order_id=A-2", want: "accepted ok 200", after: "approved order=A-1 pays=4/6 | approved order=A-2 pays=4/6"}, "coupon  8 | coupon  8"},
		{row{name: "another order of a customer, with its status and a click that has expired", world: ledToAnother, before: []string{"postback goal=deal order_id=A-1"}, hit: "postback goal=deal customer_id=c-1 order_id=A-2 status=approved @721h", want: "duplicate duplicate 200", after: "approved deal order=A-1 pays=4/6"}, "transaction_id click 9"},
		{row{name: "where orders are counted", world: ledToAnother, before: []string{"postback goal=sale amount=10 order_id=A-1"}, hit: "postback goal=sale amount=10 customer_id=c-1 order_id=A-2 status=approved @721h", want: "accepted ok 200", after: "approved sale order=A-1 amount=10 pays=1/2 | approved sale order=A-2 amount=10 pays=1/2"}, "transaction_id click 9 | customer_id click 9"},
		{row{name: "where every hit is", world: ledToAnother, before: []string{"postback goal=ping"}, hit: "postback goal=ping customer_id=c-1 status=approved @721h", want: "accepted ok 200", after: "approved ping pays=4/6 | approved ping pays=4/6"}, "transaction_id click 9 | customer_id click 9"},
		{row{name: "the order of a coupon again", before: []string{"postback transaction_id= coupon=MAY10 order_id=A-1"}, hit: "postback transaction_id= coupon=MAY10 order_id=A-1", want: "duplicate duplicate 200", after: "approved order=A-1 pays=4/6"}, "coupon  8"},
		{row{name: "a pixel of the order that a click earned", before: []string{"postback order_id=A-1"}, hit: "pixel transaction_id= coupon=MAY10 order_id=A-1", want: "duplicate sighting 200", after: "approved order=A-1 pays=4/6"}, "transaction_id click 9"},
		{row{name: "a click whose order a coupon has", before: []string{"postback transaction_id= coupon=MAY10 order_id=A-1"}, hit: "postback order_id=A-1", want: "duplicate duplicate 200", after: "approved order=A-1 pays=4/6"}, "coupon  8"},
		{row{name: "an order of test traffic is another", before: []string{"postback order_id=A-1 test=1"}, hit: "postback transaction_id= order_id=A-1 status=rejected", want: "rejected transaction_id_missing 400", after: "approved test order=A-1 pays=4/6"}, "transaction_id click 9"},
		{row{name: "a browser moves no status by order", before: []string{"postback order_id=A-1"}, hit: "pixel transaction_id= order_id=A-1 status=rejected", want: "duplicate sighting 200", after: "approved order=A-1 pays=4/6"}, "transaction_id click 9"},
	})
}

// TestAnOrderThatIsCountedMeanwhile: a signal without a transaction ID is prepared,
// and before it is judged the order that it names is counted with a click. It is
// about that conversion then.
func TestAnOrderThatIsCountedMeanwhile(t *testing.T) {
	tests := []struct{ hit, want, after string }{
		{"pixel transaction_id= coupon=MAY10 order_id=A-1", "duplicate sighting 200", "approved order=A-1 pays=4/6"},
		{"postback transaction_id= coupon=MAY10 order_id=A-1 status=rejected", "updated updated 200", "rejected order=A-1 pays=4/6"},
	}
	for _, tt := range tests {
		w := newWorld(t, lenient)
		s := w.signal(tt.hit)
		c := settlement.Prepare(settlement.Input{Signal: s, Catalog: w.catalog, Now: s.ReceivedAt})
		first := w.hit("postback order_id=A-1")
		v, err := w.books.settle(c)
		if err != nil || answer(v) != tt.want || v.ConversionID != first.ConversionID || v.TransactionID != w.click.ID.String() {
			t.Errorf("%s: %+v, %v; want %s on %s", tt.hit, v, err, tt.want, first.ConversionID)
		}
		if got := w.summary(); got != tt.after {
			t.Errorf("after %s: %s; want %s", tt.hit, got, tt.after)
		}
	}
}

// TestWhatIsRefusedAtOnce holds no claim: it can be about nothing that is there.
func TestWhatIsRefusedAtOnce(t *testing.T) {
	w := newWorld(t, lenient)
	const other = "600t40rzpyg0040028sa7sazm6hm53m3"
	tests := []struct {
		name, hit string
		targets   []conversion.Conversion
		want      signal.Code
	}{
		{"what leads nowhere", "postback transaction_id= coupon=JUNE order_id=A-1", nil, signal.ClickNotFound},
		{"a conversion of another offer", "postback transaction_id= conversion_id=" + other, []conversion.Conversion{{ID: other, OfferID: 8, GoalID: 80}}, signal.Conflict},
	}
	for _, tt := range tests {
		c := settlement.Prepare(settlement.Input{Signal: w.signal(tt.hit), Catalog: w.catalog, Targets: tt.targets})
		if c.Refusal == nil || c.Refusal.Code != tt.want {
			t.Errorf("%s: %+v; want it refused as %s at once", tt.name, c.Refusal, tt.want)
		}
	}
}

// TestBinding is what a signal is told that ties a customer to a touch and claims
// nothing.
func TestBinding(t *testing.T) {
	tests := []struct {
		name string
		hit  string
		want string
		says string
	}{
		{"binds a customer", "sdk customer_id=c-1", "accepted ok 200", "customer_id is bound to this click"},
		{"and an e-mail", "postback customer_id=c-1 email=emailhash:1", "accepted ok 200", "customer_id, email is bound"},
		{"names nobody", "sdk", "accepted ok 200", "nothing was bound"},
		{"has no transaction ID", "sdk transaction_id= customer_id=c-1", "rejected transaction_id_missing 400", "no transaction_id came"},
		{"is not believed", "sdk customer_id=c-1 auth=token_invalid", "rejected token_invalid 401", "token"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, lenient)
			s := w.signal(tt.hit)
			s.Binds = true
			v := w.settle(s)
			if got := answer(v); got != tt.want || !strings.Contains(v.Message, tt.says) {
				t.Errorf("%s: %s, %q; want %s, %q", tt.hit, got, v.Message, tt.want, tt.says)
			}
			if len(w.conversions) != 0 {
				t.Errorf("it made a conversion: %s", w.summary())
			}
		})
	}
}

// TestTheTraceNamesEveryCandidate with what became of it, and says nothing where
// the signal's own click is all there was.
func TestTheTraceNamesEveryCandidate(t *testing.T) {
	w := newWorld(t, lenient)
	ledBy(offer.ByCustomerID)(w)
	w.led[0].BoundAt, w.led[0].Browser = clicked(), true
	v := w.hit("postback customer_id=c-1 coupon=MAY10 order_id=A-1")
	want := []signal.Considered{
		{By: "transaction_id", AffiliateID: 9, Kind: "click", Code: signal.OK, Won: true},
		{By: "customer_id", AffiliateID: 9, Kind: "click", Code: signal.OK, BoundBy: "browser"},
		{By: "coupon", Named: "MAY10", AffiliateID: 8, Code: signal.OK},
	}
	if len(v.Candidates) != len(want) {
		t.Fatalf("%d candidates: %+v; want %d", len(v.Candidates), v.Candidates, len(want))
	}
	for i, c := range v.Candidates {
		if (c.Lost == "") != c.Won || c.Rule == "" || (c.TransactionID == "") != (c.Kind == "") {
			t.Errorf("candidate %d says too little: %+v", i, c)
		}
		c.Lost, c.Rule, c.TransactionID, c.At = "", "", "", want[i].At
		if c != want[i] {
			t.Errorf("candidate %d = %+v; want %+v", i, c, want[i])
		}
	}
	w.led = nil
	if plain := w.hit("postback"); plain.Candidates != nil {
		t.Errorf("a signal with a click alone has candidates: %+v", plain.Candidates)
	}
}

// TestWhatIsLookedUp: a signal whose click decides costs no look-up in the ledger,
// and one without any other identifier none at all.
func TestWhatIsLookedUp(t *testing.T) {
	tests := []struct {
		name, hit  string
		config     func(*catalog.Source)
		identities int
		decided    bool
		target     string // what the ledger is asked for: c, o, t
	}{
		{name: "a click alone", hit: "postback order_id=A-1"},
		{name: "a click with a status", hit: "postback order_id=A-1 status=approved", decided: true},
		{name: "a click beside a customer", hit: "postback order_id=A-1 customer_id=c-1", identities: 1, decided: true},
		{name: "a customer alone", hit: "postback transaction_id= customer_id=c-1", identities: 1},
		{name: "a customer with an order", hit: "postback transaction_id= customer_id=c-1 order_id=A-1", identities: 1, target: "o"},
		{name: "a conversion alone", hit: "postback transaction_id= conversion_id=600t40rzpyg0040028sa7sazm6hm53m3", target: "c"},
		{name: "an expired click beside a customer", hit: "postback customer_id=c-1 @721h", identities: 1},
		{name: "and with a status", hit: "postback customer_id=c-1 order_id=A-1 status=rejected @721h", identities: 1, target: "ot"},
		{name: "a click of an offer that credits by ID alone", config: byIDAlone, hit: "postback customer_id=c-1 status=approved @721h"},
		{name: "an order there", config: byIDAlone, hit: "postback transaction_id= order_id=A-1", target: "o"},
		{name: "who is not believed", hit: "postback transaction_id= order_id=A-1 auth=token_invalid"},
		{name: "a forged ID", hit: "postback transaction_id=zzz order_id=A-1 customer_id=c-1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, func(s *catalog.Source) {
				lenient(s)
				if tt.config != nil {
					tt.config(s)
				}
			})
			in := settlement.Input{Signal: w.signal(tt.hit), Catalog: w.catalog}
			in.Touches = []attribution.Candidate{{By: offer.ByTransactionID, ID: w.click.ID, Record: w.click}}
			got := settlement.LeadOf(&in)
			target := ""
			if got.Target != nil {
				for letter, set := range map[string]bool{"c": got.Target.ConversionID != "", "o": got.Target.OrderID != "", "t": got.Target.TransactionID != ""} {
					if set {
						target += letter
					}
				}
			}
			if len(got.Identities) != tt.identities || got.Decided != tt.decided || len(target) != len(tt.target) || strings.Trim(target, tt.target) != "" {
				t.Errorf("LeadOf(%s) = %d identities, decided %t, target %q; want %d, %t, %q",
					tt.hit, len(got.Identities), got.Decided, target, tt.identities, tt.decided, tt.target)
			}
		})
	}
}
