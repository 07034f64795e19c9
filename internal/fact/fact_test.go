package fact_test

import (
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/click"
	"waybill/internal/conversion"
	"waybill/internal/delivery"
	"waybill/internal/fact"
	"waybill/internal/money"
	"waybill/internal/param"
	"waybill/internal/signal"
	"waybill/internal/txid"
	"waybill/internal/visitor"
)

var noon = time.Date(2026, time.November, 22, 12, 0, 0, 123_456_789, time.UTC)

func usd(units int64) money.Amount { return money.Amount{Units: units, Currency: "USD"} }

func TestOfClick(t *testing.T) {
	c := click.Click{
		ID: txid.First(txid.Click, true, noon), At: noon, OfferID: 7, AffiliateID: 42, LinkCode: "spring",
		AffClickID: "abc", Source: "mail", Sub: [10]string{"a", "b", 9: "j"}, IP: netip.MustParseAddr("2001:db8::1"), UserAgent: "Agent/1", Referrer: "https://example.com/",
		Visitor:     visitor.Visitor{Country: "DE", Device: visitor.Mobile, OS: "Android", Browser: "Chrome", Bot: true},
		VisitorHash: 1 << 63, TurnedAway: click.CapReached, Test: true,
	}
	want := fact.Click{
		ID: c.ID, OfferID: 7, AdvertiserID: 3, AffiliateID: 42, Visitor: 1 << 63, Bot: true, TurnedAway: "cap_reached",
		Source: "mail", Sub: [10]string{"a", "b", 9: "j"}, Country: "DE", Device: "mobile", OS: "Android", Browser: "Chrome",
		Link: "spring", AffClickID: "abc", Referrer: "https://example.com/", UserAgent: "Agent/1", IP: "2001:db8::1",
	}
	got := fact.OfClick(&c, 3)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("OfClick(), -want +got:\n%s", diff)
	}
	if got.Traffic() != fact.TrafficBot|fact.TrafficTurnedAway|fact.TrafficTest {
		t.Errorf("Traffic() = %b, want all bits", got.Traffic())
	}
	if bare := fact.OfClick(&click.Click{}, 0); bare != (fact.Click{}) || bare.Traffic() != 0 {
		t.Errorf("OfClick() of nothing = %+v, want nothing", bare)
	}
}

func sale() conversion.Conversion {
	return conversion.Conversion{
		ID: "c1", Test: true, OfferID: 7, GoalID: 9, AdvertiserID: 3, AffiliateID: 42, OrderID: "A-1", Channel: "postback",
		Status: conversion.Pending, Amount: usd(100), Payout: usd(10), Revenue: usd(15),
		Touch: conversion.Touch{
			TransactionID: "t1", Kind: "impression", At: noon.Add(-time.Hour), Source: "mail", Sub: []string{"a", "b"},
			Country: "DE", Device: "mobile", OS: "Android", Browser: "Chrome", Bot: true,
		},
		Adv: []string{"x"}, OccurredAt: noon, Version: 1,
	}
}

func TestOfChange(t *testing.T) {
	before := sale()
	want := fact.Conversion{
		Sign: 1, ID: "c1", TransactionID: "t1", ChangeID: 5, At: noon.Truncate(time.Millisecond), ClickAt: noon.Add(-time.Hour).Truncate(time.Millisecond),
		OfferID: 7, AdvertiserID: 3, AffiliateID: 42, GoalID: 9, Status: "pending", Channel: "postback", Attribution: "transaction_id",
		ViewThrough: true, Test: true, Bot: true, Amount: 100, Payout: 10, Revenue: 15, Currency: "USD", OrderID: "A-1",
		Source: "mail", Sub: [10]string{"a", "b"}, Adv: [10]string{"x"}, Country: "DE", Device: "mobile", OS: "Android", Browser: "Chrome",
	}
	if diff := cmp.Diff([]fact.Conversion{want}, fact.OfChange(nil, &before, 5)); diff != "" {
		t.Errorf("a new conversion, -want +got:\n%s", diff)
	}
	if want.Traffic() != fact.TrafficBot|fact.TrafficTest {
		t.Errorf("Traffic() = %b, want bot and test", want.Traffic())
	}

	byCustomer := sale()
	byCustomer.Touch.By = "customer_id"
	if got := fact.OfChange(nil, &byCustomer, 5); got[0].Attribution != "customer_id" {
		t.Errorf("a conversion by customer_id has the attribution %q", got[0].Attribution)
	}

	after := sale()
	after.Status, after.Payout, after.Version = conversion.Approved, usd(20), 2
	minus, plus := want, want
	minus.Sign, minus.ChangeID = -1, 6
	plus.ChangeID, plus.Status, plus.Payout = 6, "approved", 20
	if diff := cmp.Diff([]fact.Conversion{minus, plus}, fact.OfChange(&before, &after, 6)); diff != "" {
		t.Errorf("a change, -want +got:\n%s", diff)
	}

	unheard := sale()
	unheard.Version, unheard.SeenByClient, unheard.OccurredAt = 2, true, noon.In(time.FixedZone("", 3600))
	if got := fact.OfChange(&before, &unheard, 6); got != nil {
		t.Errorf("a change of nothing reported is %+v, want no fact", got)
	}
}

func TestOfSignal(t *testing.T) {
	s := signal.Signal{
		ID: txid.First(txid.Signal, false, noon), ReceivedAt: noon, Channel: signal.Pixel,
		Params: []signal.Param{{Name: param.Amount, Value: "12,5"}, {Name: param.OrderID, Value: "A-1"}},
	}
	v := signal.Verdict{
		Status: signal.Rejected, Code: signal.AmountInvalid, TransactionID: "t1", ConversionID: "c1",
		OfferID: 7, GoalID: 9, Test: true,
	}
	want := fact.Signal{
		ID: s.ID, At: noon.Truncate(time.Millisecond), Channel: "pixel", Status: "rejected", Code: "amount_invalid",
		TransactionID: "t1", ConversionID: "c1", OrderID: "A-1", OfferID: 7, AdvertiserID: 3, AffiliateID: 42, GoalID: 9,
		Amount: "12,5", Test: true,
	}
	if diff := cmp.Diff(want, fact.OfSignal(&s, v, 3, 42)); diff != "" {
		t.Errorf("OfSignal(), -want +got:\n%s", diff)
	}
	for name, s := range map[string]signal.Signal{
		"a correction": {Channel: signal.API, Method: "PATCH"}, "a payment": {Channel: signal.API, Method: "POST", PayoutID: 1},
	} {
		if !fact.OfSignal(&s, v, 3, 42).Correction {
			t.Errorf("%s is told as the report of a conversion", name)
		}
	}
}

func TestOfAttempt(t *testing.T) {
	a := delivery.Attempt{DeliveryID: "d1", Number: 2, At: noon, Took: 1500 * time.Microsecond, Status: 500, Error: delivery.ErrStatus}
	o := delivery.Owed{ID: "d1", SubscriptionID: 8, ConversionID: "c1", TransactionID: "t1", Event: conversion.EventCreated, Test: true}
	c := sale()
	want := fact.Attempt{
		Number: 77, DeliveryID: "d1", ConversionID: "c1", TransactionID: "t1", Event: "conversion.created",
		At: noon.Truncate(time.Millisecond), Took: time.Millisecond, SubscriptionID: 8, OfferID: 7, AdvertiserID: 3, AffiliateID: 42,
		Status: 500, Error: "status", Test: true,
	}
	if diff := cmp.Diff(want, fact.OfAttempt(77, &a, &o, &c)); diff != "" {
		t.Errorf("OfAttempt(), -want +got:\n%s", diff)
	}
	a.Status, a.Error = 200, ""
	if got := fact.OfAttempt(78, &a, &o, &c); !got.Delivered {
		t.Error("an attempt without an error is not said to be delivered")
	}
}

func TestQuarter(t *testing.T) {
	tests := []struct {
		name string
		at   time.Time
		want int32
	}{
		{name: "no time", want: 0},
		{name: "the beginning", at: time.Unix(0, 0), want: 0},
		{name: "the last instant of a quarter", at: time.Unix(899, 999_999_999), want: 0},
		{name: "the first instant of the next", at: time.Unix(900, 0), want: 1},
		{name: "a day", at: time.Unix(86400, 0), want: fact.QuartersADay},
		{name: "before 1970", at: time.Unix(-1, 0), want: -1},
		{name: "in another zone", at: time.Date(1970, 1, 1, 5, 45, 0, 0, time.FixedZone("Kathmandu", 20700)), want: 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := fact.Quarter(tt.at); got != tt.want {
				t.Errorf("Quarter(%s) = %d, want %d", tt.at, got, tt.want)
			}
		})
	}
	if got := fact.QuarterTime(fact.Quarter(noon)); !got.Equal(noon.Truncate(15 * time.Minute)) {
		t.Errorf("QuarterTime() = %s, want noon", got)
	}
}

// TestTables holds what engines and queries rely on.
func TestTables(t *testing.T) {
	for _, table := range fact.Tables() {
		seen := map[string]bool{}
		for _, c := range table.Columns {
			if seen[c.Name] || c.Doc == "" || c.Type == "" {
				t.Errorf("%s.%s is there twice, or has no type or no words: %+v", table.Name, c.Name, c)
			}
			seen[c.Name] = true
		}
		for _, name := range []string{"ms", "quarter", "offer", "advertiser", "affiliate"} {
			if !seen[name] {
				t.Errorf("%s has no column %s", table.Name, name)
			}
		}
		if got, ok := fact.TableOf(table.Name); !ok || len(got.Columns) != len(table.Columns) {
			t.Errorf("TableOf(%q) = %v, %v", table.Name, got, ok)
		}
	}
	clicks, _ := fact.TableOf(fact.Clicks)
	for _, name := range []string{"ip", "user_agent"} {
		if c, ok := clicks.Column(name); !ok || !c.Personal {
			t.Errorf("click.%s is not marked personal", name)
		}
	}
	if _, ok := fact.TableOf("no"); ok {
		t.Error("there is a table that is none")
	}
	if _, ok := clicks.Column("no"); ok {
		t.Error("there is a column that is none")
	}
}
