package attribution_test

import (
	"strings"
	"testing"
	"time"

	"waybill/internal/attribution"
	"waybill/internal/offer"
	"waybill/internal/param"
	"waybill/internal/signal"
	"waybill/internal/span"
	"waybill/internal/txid"
)

// touch is a candidate of these tests: what led to it, and how long before the
// signal it was.
type touch struct {
	by      offer.Identifier
	ago     time.Duration
	view    bool
	bound   time.Duration // how long before the signal a signal tied it; 0: it showed itself
	browser bool
	lost    bool
	alone   int64 // the affiliate of one without a touch
}

const day = 24 * time.Hour

func (c touch) candidate(received time.Time) attribution.Candidate {
	if c.alone != 0 {
		return attribution.Candidate{By: c.by, Affiliate: c.alone}
	}
	at := received.Add(-c.ago)
	one := candidate()
	one.By, one.Browser, one.Parts.Time, one.Record.At = c.by, c.browser, at, at
	one.ID = txid.ID{0x24, byte(c.ago / time.Hour), byte(c.ago / time.Minute), byte(c.ago / time.Second)}
	if c.view {
		one.Parts.Kind = txid.Impression
	}
	if c.bound != 0 {
		one.BoundAt = received.Add(-c.bound)
	}
	if c.lost {
		one.Record = nil
	}
	return one
}

// open gives an offer that credits by everything, views for a week.
func open() *offer.Offer {
	o := terms()
	o.Attribution, o.ViewWindow = offer.Identifiers(), span.Days(7)
	return o
}

func TestDecideAmongCandidates(t *testing.T) {
	tests := []struct {
		name    string
		change  func(*offer.Offer)
		touches []touch
		noOrder bool
		want    int // the place in touches of the winner, -1 when nobody is credited
		code    signal.Code
		rule    string
	}{
		{name: "nothing leads to a touch", want: -1, code: signal.ClickNotFound},
		{
			name: "the click ID goes before all others", touches: []touch{
				{by: offer.ByIPUserAgent, ago: time.Minute},
				{by: offer.ByAffiliateID, alone: 4},
				{by: offer.ByCoupon, alone: 3},
				{by: offer.ByUsername, ago: time.Hour},
				{by: offer.ByEmail, ago: time.Hour},
				{by: offer.ByCustomerID, ago: time.Hour},
				{by: offer.ByDeviceID, ago: time.Hour},
				{by: offer.ByTransactionID, ago: 20 * day},
			}, want: 7, code: signal.OK,
		},
		{name: "a device before a customer", touches: []touch{{by: offer.ByCustomerID, ago: time.Hour}, {by: offer.ByDeviceID, ago: day}}, want: 1, code: signal.OK},
		{name: "a customer before an e-mail", touches: []touch{{by: offer.ByEmail, ago: time.Hour}, {by: offer.ByCustomerID, ago: day}}, want: 1, code: signal.OK},
		{name: "an e-mail before a coupon", touches: []touch{{by: offer.ByCoupon, alone: 3}, {by: offer.ByEmail, ago: day}}, want: 1, code: signal.OK},
		{name: "a coupon before an affiliate alone", touches: []touch{{by: offer.ByAffiliateID, alone: 4}, {by: offer.ByCoupon, alone: 3}}, want: 1, code: signal.OK, rule: "affiliate 3"},
		{name: "an affiliate alone before an address", touches: []touch{{by: offer.ByIPUserAgent, ago: time.Minute}, {by: offer.ByAffiliateID, alone: 4}}, want: 1, code: signal.OK},

		{name: "an expired one falls through to the next", touches: []touch{{by: offer.ByTransactionID, ago: 31 * day}, {by: offer.ByCustomerID, ago: day}}, want: 1, code: signal.OK},
		{name: "so does one that is too fast", touches: []touch{{by: offer.ByTransactionID, ago: time.Second}, {by: offer.ByDeviceID, ago: day}}, want: 1, code: signal.OK},
		{name: "when all have expired the first one's reason stands", touches: []touch{{by: offer.ByCustomerID, ago: 40 * day}, {by: offer.ByTransactionID, ago: 31 * day}}, want: -1, code: signal.ClickExpired, rule: "744h0m0s"},
		{name: "a coupon without an order falls through", noOrder: true, touches: []touch{{by: offer.ByCoupon, alone: 3}, {by: offer.ByIPUserAgent, ago: time.Minute}}, want: 1, code: signal.OK},
		{name: "and alone it is refused", noOrder: true, touches: []touch{{by: offer.ByCoupon, alone: 3}}, want: -1, code: signal.OrderIDMissing},
		{name: "an affiliate alone needs an order, too", noOrder: true, touches: []touch{{by: offer.ByAffiliateID, alone: 3}}, want: -1, code: signal.OrderIDMissing},

		{name: "a view is credited within its window", touches: []touch{{by: offer.ByTransactionID, ago: 7 * day, view: true}}, want: 0, code: signal.OK, rule: "after its view"},
		{name: "and not an instant later", touches: []touch{{by: offer.ByTransactionID, ago: 7*day + 1, view: true}}, want: -1, code: signal.ClickExpired, rule: "the view window is 7d"},
		{name: "nor where views earn nothing", change: func(o *offer.Offer) { o.ViewWindow = 0 }, touches: []touch{{by: offer.ByTransactionID, ago: time.Hour, view: true}}, want: -1, code: signal.ClickExpired, rule: "no view_window"},
		{name: "a click in its window beats any view", touches: []touch{{by: offer.ByTransactionID, ago: time.Hour, view: true}, {by: offer.ByIPUserAgent, ago: 50 * time.Minute}}, want: 1, code: signal.OK},
		{name: "also an older click of the same customer", touches: []touch{{by: offer.ByCustomerID, ago: time.Hour, view: true}, {by: offer.ByCustomerID, ago: 20 * day}}, want: 1, code: signal.OK},
		{name: "an expired click does not", touches: []touch{{by: offer.ByTransactionID, ago: 31 * day}, {by: offer.ByCustomerID, ago: time.Hour, view: true}}, want: 1, code: signal.OK},
		{name: "a coupon beats a view, too", touches: []touch{{by: offer.ByTransactionID, ago: time.Hour, view: true}, {by: offer.ByCoupon, alone: 3}}, want: 1, code: signal.OK},
		{name: "of views the most trusted one is credited", touches: []touch{{by: offer.ByCustomerID, ago: time.Hour, view: true}, {by: offer.ByDeviceID, ago: day, view: true}}, want: 1, code: signal.OK},

		{name: "of several touches the last is credited", touches: []touch{{by: offer.ByCustomerID, ago: 9 * day}, {by: offer.ByCustomerID, ago: day}, {by: offer.ByCustomerID, ago: 3 * day}}, want: 1, code: signal.OK},
		{name: "or the first, where the offer says so", change: first, touches: []touch{{by: offer.ByCustomerID, ago: 3 * day}, {by: offer.ByCustomerID, ago: 9 * day}, {by: offer.ByCustomerID, ago: day}}, want: 1, code: signal.OK},
		{name: "the first that is still in its window", change: first, touches: []touch{{by: offer.ByCustomerID, ago: 31 * day}, {by: offer.ByCustomerID, ago: 9 * day}, {by: offer.ByCustomerID, ago: day}}, want: 1, code: signal.OK},
		{name: "what a server has tied goes before what a browser has", touches: []touch{{by: offer.ByCustomerID, ago: time.Hour, bound: time.Minute, browser: true}, {by: offer.ByCustomerID, ago: 9 * day, bound: 8 * day}}, want: 1, code: signal.OK},
		{name: "what a browser has tied is better than nothing", touches: []touch{{by: offer.ByCustomerID, ago: 40 * day, bound: 39 * day}, {by: offer.ByCustomerID, ago: day, browser: true}}, want: 1, code: signal.OK},

		{name: "a bound customer is credited as long as the offer says", change: aYear, touches: []touch{{by: offer.ByCustomerID, ago: 300 * day, bound: 290 * day}}, want: 0, code: signal.OK, rule: "within the window of 365d"},
		{name: "an e-mail is a customer's as well", change: aYear, touches: []touch{{by: offer.ByEmail, ago: 300 * day, bound: 290 * day}}, want: 0, code: signal.OK},
		{name: "a device is not", change: aYear, touches: []touch{{by: offer.ByDeviceID, ago: 300 * day, bound: 290 * day}}, want: -1, code: signal.ClickExpired},
		{name: "a customer who was bound too late is not", change: aYear, touches: []touch{{by: offer.ByCustomerID, ago: 300 * day, bound: 260 * day}}, want: -1, code: signal.ClickExpired, rule: "the click window is 30d"},
		{name: "a customer of a view is credited as long, too", change: aYear, touches: []touch{{by: offer.ByCustomerID, ago: 300 * day, bound: 295 * day, view: true}}, want: 0, code: signal.OK},
		{name: "and at last expires", change: aYear, touches: []touch{{by: offer.ByCustomerID, ago: 366 * day, bound: 360 * day}}, want: -1, code: signal.ClickExpired, rule: "the customer window is 365d"},

		{name: "an address is credited for an hour", touches: []touch{{by: offer.ByIPUserAgent, ago: time.Hour}}, want: 0, code: signal.OK},
		{name: "and no longer", touches: []touch{{by: offer.ByIPUserAgent, ago: time.Hour + 1}}, want: -1, code: signal.ClickExpired, rule: "the IP window is 1h"},
		{name: "unless the offer says so", change: func(o *offer.Offer) { o.IPWindow = span.Day }, touches: []touch{{by: offer.ByIPUserAgent, ago: 23 * time.Hour}}, want: 0, code: signal.OK},
		{name: "but never for longer than a click", change: func(o *offer.Offer) { o.ClickWindow = span.Span(time.Minute) }, touches: []touch{{by: offer.ByIPUserAgent, ago: 2 * time.Minute}}, want: -1, code: signal.ClickExpired, rule: "the click window is 1m"},

		{name: "a lost click that is named goes before what others lead to", touches: []touch{{by: offer.ByCustomerID, ago: time.Hour}, {by: offer.ByTransactionID, ago: day, lost: true}}, want: 1, code: signal.RecordMissing},
		{name: "unless the offer refuses it", change: func(o *offer.Offer) { o.CreditWithoutClick = "reject" }, touches: []touch{{by: offer.ByCustomerID, ago: time.Hour}, {by: offer.ByTransactionID, ago: day, lost: true}}, want: 0, code: signal.OK},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := open()
			if tt.change != nil {
				tt.change(o)
			}
			s := &signal.Signal{ReceivedAt: clicked().Add(400 * day)}
			if !tt.noOrder {
				s.Params = []signal.Param{{Name: param.OrderID, Value: "A-1"}}
			}
			var candidates []attribution.Candidate
			for _, c := range tt.touches {
				candidates = append(candidates, c.candidate(s.ReceivedAt))
			}
			got := attribution.Decide(o, s, candidates...)
			if got.Code != tt.code || !strings.Contains(got.Rule, tt.rule) || got.Creditable() != (tt.want >= 0) {
				t.Errorf("Decide() = %s (%s); want %s (… %s …)", got.Code, got.Rule, tt.code, tt.rule)
			}
			if tt.want >= 0 && !same(got.Candidate, candidates[tt.want]) {
				t.Errorf("the winner is %s of %s; want %s of %s", got.By, got.At(), candidates[tt.want].By, candidates[tt.want].At())
			}
			accounted(t, got, len(candidates))
		})
	}
}

// accounted checks that every candidate is there, and that each but the winner
// says why it lost.
func accounted(t *testing.T, d attribution.Decision, want int) {
	t.Helper()
	if len(d.All) != want {
		t.Errorf("%d candidates were considered; want %d", len(d.All), want)
	}
	winners := 0
	for _, j := range d.All {
		if j.Lost == "" {
			winners++
		}
		if j.Rule == "" || j.Code == "" {
			t.Errorf("the candidate by %s has the code %q and the rule %q", j.By, j.Code, j.Rule)
		}
	}
	if d.Creditable() != (winners == 1) {
		t.Errorf("%d candidates say nothing of why they lost; the decision is %s", winners, d.Code)
	}
}

func same(a, b attribution.Candidate) bool {
	return a.By == b.By && a.ID == b.ID && a.Affiliate == b.Affiliate && a.Browser == b.Browser
}

func first(o *offer.Offer) { o.Touch = offer.FirstTouch }
func aYear(o *offer.Offer) { o.CustomerWindow = span.Days(365) }

func TestWhyACandidateLost(t *testing.T) {
	tests := []struct {
		name    string
		touches []touch // the first one loses
		want    string
	}{
		{"to what is trusted more", []touch{{by: offer.ByCustomerID, ago: time.Hour}, {by: offer.ByTransactionID, ago: day}}, "transaction_id is trusted more than customer_id"},
		{"as a view, to a click", []touch{{by: offer.ByTransactionID, ago: time.Hour, view: true}, {by: offer.ByIPUserAgent, ago: time.Minute}}, "a click goes before any view"},
		{"as an older touch", []touch{{by: offer.ByCustomerID, ago: day}, {by: offer.ByCustomerID, ago: time.Hour}}, "of several touches that customer_id leads to"},
		{"as a browser's word", []touch{{by: offer.ByCustomerID, ago: time.Hour, browser: true}, {by: offer.ByCustomerID, ago: day}}, "what a server has said goes before"},
		{"for its own reason", []touch{{by: offer.ByTransactionID, ago: 31 * day}, {by: offer.ByCoupon, alone: 3}}, "the click window is 30d"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := &signal.Signal{ReceivedAt: clicked().Add(400 * day), Params: []signal.Param{{Name: param.OrderID, Value: "A-1"}}}
			var candidates []attribution.Candidate
			for _, c := range tt.touches {
				candidates = append(candidates, c.candidate(s.ReceivedAt))
			}
			for _, j := range attribution.Decide(open(), s, candidates...).All {
				if same(j.Candidate, candidates[0]) && !strings.Contains(j.Lost, tt.want) {
					t.Errorf("it lost since %q; want %q", j.Lost, tt.want)
				}
			}
		})
	}
}
