package delivery_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"waybill/internal/conversion"
	"waybill/internal/delivery"
	"waybill/internal/fault"
	"waybill/internal/macro"
	"waybill/internal/span"
	"waybill/internal/txid"
)

// affiliates7 is a subscription with nothing wrong and nothing to warn of.
func affiliates7() delivery.Subscription {
	s := delivery.Default()
	s.Owner.AffiliateID = 7
	s.URL = "https://tracker.example/postback?cid={aff_click_id}&sum={payout}"
	return s
}

func TestValidate(t *testing.T) {
	tests := []struct {
		name   string
		change func(*delivery.Subscription)
		fields []string
	}{
		{name: "the default with owner and URL is right", change: func(*delivery.Subscription) {}},
		{name: "everything that may be said is right", change: func(s *delivery.Subscription) {
			s.Name, s.Template = "Sales", "voluum"
			s.OfferID, s.Goal, s.Delay, s.Status = 3, "sale", 30*span.Day, delivery.Disabled
			s.Statuses = []conversion.Status{conversion.Pending, conversion.Hold, conversion.Approved, conversion.Rejected, conversion.Paid}
			s.StatusWords = map[string]string{"rejected": "declined", "paid": ""}
			s.Retry = delivery.Schedule{span.Span(time.Second), 7 * span.Day}
			s.Timeout, s.ConnectTimeout = span.Span(time.Minute), span.Span(100*time.Millisecond)
			s.Rate, s.InFlight, s.Backlog = 0.01, 256, delivery.Newest
			s.SuccessContains, s.FailureContains = "OK", "error"
			s.On = []conversion.Event{
				conversion.EventCreated, conversion.EventApproved, conversion.EventRejected,
				conversion.EventReversed, conversion.EventPaid, conversion.EventUpdated,
			}
		}},
		{name: "an owner is needed", change: func(s *delivery.Subscription) { s.Owner = delivery.Owner{} }, fields: []string{"owner"}},
		{name: "one owner is enough", change: func(s *delivery.Subscription) { s.Owner.AdvertiserID = 2 }, fields: []string{"owner"}},
		{name: "the network is an owner too", change: func(s *delivery.Subscription) { s.Owner.Network = true }, fields: []string{"owner"}},
		{name: "numbers of owners are positive", change: func(s *delivery.Subscription) { s.Owner.AffiliateID = -7 }, fields: []string{"owner.affiliate_id"}},
		{name: "an advertiser's too", change: func(s *delivery.Subscription) { s.Owner = delivery.Owner{AdvertiserID: -1} }, fields: []string{"owner.advertiser_id"}},
		{name: "it hears of something", change: func(s *delivery.Subscription) { s.On = nil }, fields: []string{"on"}},
		{name: "it hears of known events", change: func(s *delivery.Subscription) { s.On = append(s.On, "created") }, fields: []string{"on[1]"}},
		{name: "it hears of each event once", change: func(s *delivery.Subscription) { s.On = append(s.On, "conversion.paid", "conversion.created") }, fields: []string{"on[2]"}},
		{name: "it speaks a known format", change: func(s *delivery.Subscription) { s.Format = "xml" }, fields: []string{"format"}},
		{name: "it is active, paused or disabled", change: func(s *delivery.Subscription) { s.Status = "off" }, fields: []string{"status"}},
		{name: "a status is needed", change: func(s *delivery.Subscription) { s.Status = "" }, fields: []string{"status"}},
		{name: "offers have positive numbers", change: func(s *delivery.Subscription) { s.OfferID = -1 }, fields: []string{"offer_id"}},
		{name: "a goal's code is short", change: func(s *delivery.Subscription) { s.Goal = strings.Repeat("g", 65) }, fields: []string{"goal"}},
		{name: "a goal's code is a word", change: func(s *delivery.Subscription) { s.Goal = " sale" }, fields: []string{"goal"}},
		{name: "nothing is sent before it happens", change: func(s *delivery.Subscription) { s.Delay = -1 }, fields: []string{"delay"}},
		{name: "nor a year later", change: func(s *delivery.Subscription) { s.Delay = 30*span.Day + 1 }, fields: []string{"delay"}},
		{name: "a name is a line", change: func(s *delivery.Subscription) { s.Name = "a\nb" }, fields: []string{"name"}},
		{name: "a short one", change: func(s *delivery.Subscription) { s.Name = strings.Repeat("é", 201) }, fields: []string{"name"}},
		{name: "so is what an answer must hold", change: func(s *delivery.Subscription) { s.SuccessContains, s.FailureContains = "a\x00", "\xff" }, fields: []string{"success_contains", "failure_contains"}},
		{name: "statuses are ours, each once", change: func(s *delivery.Subscription) {
			s.Statuses = []conversion.Status{"approved", "declined", "approved"}
		}, fields: []string{"statuses[1]", "statuses[2]"}},
		{name: "on the left stand our statuses", change: func(s *delivery.Subscription) { s.StatusWords = map[string]string{"declined": "rejected"} }, fields: []string{"status_words"}},
		{name: "on the right short words", change: func(s *delivery.Subscription) { s.StatusWords = map[string]string{"rejected": "a\tb"} }, fields: []string{"status_words.rejected"}},
		{name: "destinations are no macros", change: func(s *delivery.Subscription) {
			s.On = []conversion.Event{delivery.EventDestinationOpened}
		}, fields: []string{"on"}},
		{name: "webhooks tell of destinations", change: func(s *delivery.Subscription) {
			s.Format = delivery.Webhook
			s.On = []conversion.Event{delivery.EventDestinationOpened, delivery.EventDestinationClosed, delivery.EventDestinationDisabled, delivery.EventDestinationBacklog}
		}},
		{name: "waits are neither short nor long", change: func(s *delivery.Subscription) {
			s.Retry = delivery.Schedule{span.Span(time.Millisecond), 8 * span.Day}
		}, fields: []string{"retry[0]", "retry[1]"}},
		{name: "nor many", change: func(s *delivery.Subscription) { s.Retry = make(delivery.Schedule, 31) }, fields: []string{"retry"}},
		{name: "nor a quarter together", change: func(s *delivery.Subscription) {
			s.Retry = delivery.Schedule{7 * span.Day, 7 * span.Day, 7 * span.Day, 7 * span.Day, 7 * span.Day}
		}, fields: []string{"retry"}},
		{name: "nobody waits for more than a minute", change: func(s *delivery.Subscription) { s.Timeout = span.Span(time.Minute) + 1 }, fields: []string{"timeout"}},
		{name: "nor for nothing", change: func(s *delivery.Subscription) { s.Timeout, s.ConnectTimeout = 1, 1 }, fields: []string{"timeout", "connect_timeout"}},
		{name: "connecting is a part of it", change: func(s *delivery.Subscription) {
			s.Timeout, s.ConnectTimeout = span.Span(time.Second), span.Span(2*time.Second)
		}, fields: []string{"connect_timeout"}},
		{name: "a rate is more than nothing", change: func(s *delivery.Subscription) { s.Rate = 0.001 }, fields: []string{"rate"}},
		{name: "and a number", change: func(s *delivery.Subscription) { s.Rate = math.NaN() }, fields: []string{"rate"}},
		{name: "and no flood", change: func(s *delivery.Subscription) { s.Rate = math.Inf(1) }, fields: []string{"rate"}},
		{name: "less than none are not in flight", change: func(s *delivery.Subscription) { s.InFlight = -1 }, fields: []string{"in_flight"}},
		{name: "nor a crowd", change: func(s *delivery.Subscription) { s.InFlight = 257 }, fields: []string{"in_flight"}},
		{name: "a backlog goes by age", change: func(s *delivery.Subscription) { s.Backlog = "dearest" }, fields: []string{"backlog"}},
		{
			name: "all mistakes are told at once", change: func(s *delivery.Subscription) { *s = delivery.Subscription{} },
			fields: []string{"owner", "on", "format", "status"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := affiliates7()
			tt.change(&s)
			err := s.Validate()
			var fields []string
			for _, e := range fault.All(err) {
				fields = append(fields, e.Field)
				if e.Kind != fault.Invalid {
					t.Errorf("%v is of kind %s", e, e.Kind)
				}
			}
			if diff := cmp.Diff(tt.fields, fields); diff != "" {
				t.Errorf("Validate() = %v; fields, -want +got:\n%s", err, diff)
			}
		})
	}
}

func TestUse(t *testing.T) {
	tests := []struct {
		name  string
		owner delivery.Owner
		want  macro.Use
	}{
		{"an affiliate", delivery.Owner{AffiliateID: 7}, macro.AffiliatePostback},
		{"an advertiser", delivery.Owner{AdvertiserID: 2}, macro.AdvertiserPostback},
		{"the network", delivery.Owner{Network: true}, macro.NetworkPostback},
		{"nobody may know anything", delivery.Owner{}, 0},
		{"nor may several", delivery.Owner{AffiliateID: 7, Network: true}, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := tt.owner.Use()
			if got != tt.want {
				t.Errorf("Use() = %s, want %s", got, tt.want)
			}
			if tt.want == 0 && got.Allows(macro.OfferID) {
				t.Error("it allows {offer_id}")
			}
		})
	}
}

func TestFits(t *testing.T) {
	c := conversion.Conversion{OfferID: 3, GoalCode: "Sale", AffiliateID: 7, AdvertiserID: 2, Status: conversion.Approved}
	tests := []struct {
		name   string
		change func(*delivery.Subscription)
		event  conversion.Event
		want   bool
	}{
		{name: "its affiliate's conversion", change: func(*delivery.Subscription) {}, want: true},
		{name: "another affiliate's", change: func(s *delivery.Subscription) { s.Owner.AffiliateID = 2 }},
		{name: "its advertiser's", change: func(s *delivery.Subscription) { s.Owner = delivery.Owner{AdvertiserID: 2} }, want: true},
		{name: "another advertiser's", change: func(s *delivery.Subscription) { s.Owner = delivery.Owner{AdvertiserID: 7} }},
		{name: "the network's are all", change: func(s *delivery.Subscription) { s.Owner = delivery.Owner{Network: true} }, want: true},
		{name: "nobody's are none", change: func(s *delivery.Subscription) { s.Owner = delivery.Owner{} }},
		{name: "several owners' are none", change: func(s *delivery.Subscription) { s.Owner.AdvertiserID = 2 }},
		{name: "its offer's", change: func(s *delivery.Subscription) { s.OfferID = 3 }, want: true},
		{name: "another offer's", change: func(s *delivery.Subscription) { s.OfferID = 4 }},
		{name: "its goal's, whatever the case", change: func(s *delivery.Subscription) { s.Goal = "sale" }, want: true},
		{name: "another goal's", change: func(s *delivery.Subscription) { s.Goal = "lead" }},
		{name: "an event it does not hear of", change: func(*delivery.Subscription) {}, event: conversion.EventPaid},
		{name: "a paused one is owed nothing", change: func(s *delivery.Subscription) { s.Status = delivery.Paused }},
		{name: "nor is a disabled one", change: func(s *delivery.Subscription) { s.Status = delivery.Disabled }},
		{name: "a status it asks for", change: func(s *delivery.Subscription) { s.Statuses = []conversion.Status{"rejected", "approved"} }, want: true},
		{name: "a status it does not ask for", change: func(s *delivery.Subscription) { s.Statuses = []conversion.Status{"rejected"} }},
		{name: "pixels are fired, not owed", change: func(s *delivery.Subscription) { s.Format = delivery.Image }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, e := affiliates7(), conversion.EventCreated
			tt.change(&s)
			if tt.event != "" {
				e = tt.event
			}
			if got := s.Fits(c, e); got != tt.want {
				t.Errorf("Fits(%+v, %s) = %v, want %v", s, e, got, tt.want)
			}
		})
	}
}

func TestFitsAlert(t *testing.T) {
	about := affiliates7()
	listener := func(o delivery.Owner) delivery.Subscription {
		s := delivery.Default()
		s.Owner, s.Format, s.On = o, delivery.Webhook, []conversion.Event{delivery.EventDestinationOpened}
		return s
	}
	tests := []struct {
		name   string
		owner  delivery.Owner
		change func(about, s *delivery.Subscription)
		event  conversion.Event
		want   bool
	}{
		{name: "an affiliate hears of its own", owner: delivery.Owner{AffiliateID: 7}, want: true},
		{name: "not of another's", owner: delivery.Owner{AffiliateID: 8}},
		{name: "an advertiser not of an affiliate's", owner: delivery.Owner{AdvertiserID: 7}},
		{name: "the network hears of all", owner: delivery.Owner{Network: true}, want: true},
		{name: "nobody hears of none", owner: delivery.Owner{}},
		{name: "not of an event that it does not ask for", owner: delivery.Owner{Network: true}, event: delivery.EventDestinationClosed},
		{name: "not while it is paused", owner: delivery.Owner{Network: true}, change: func(_, s *delivery.Subscription) { s.Status = delivery.Paused }},
		{name: "of one offer's", owner: delivery.Owner{Network: true}, change: func(a, s *delivery.Subscription) { a.OfferID, s.OfferID = 3, 3 }, want: true},
		{name: "not of another offer's", owner: delivery.Owner{Network: true}, change: func(a, s *delivery.Subscription) { a.OfferID, s.OfferID = 3, 4 }},
		{name: "there is no alert about an alert", owner: delivery.Owner{Network: true}, change: func(a, _ *delivery.Subscription) {
			a.On = append(a.On, delivery.EventDestinationBacklog)
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a, s, e := about, listener(tt.owner), delivery.EventDestinationOpened
			if tt.change != nil {
				tt.change(&a, &s)
			}
			if tt.event != "" {
				e = tt.event
			}
			if got := s.FitsAlert(a, e); got != tt.want {
				t.Errorf("FitsAlert() = %v, want %v", got, tt.want)
			}
			if s.Fits(conversion.Conversion{AffiliateID: 7}, conversion.EventCreated) {
				t.Error("it hears of conversions, too")
			}
		})
	}
}

func TestSharedVisitor(t *testing.T) {
	s := affiliates7()
	if s.Use().Allows(macro.IP) {
		t.Error("an affiliate is told the visitor's address")
	}
	if s.ShareVisitor = true; !s.Use().Allows(macro.IP) || s.Use().Allows(macro.Revenue) {
		t.Error("the network shares the visitor, and that alone")
	}
	if s.Owner = (delivery.Owner{}); s.Use() != 0 {
		t.Error("nobody is told something")
	}
}

func TestStatusWord(t *testing.T) {
	s := delivery.Subscription{StatusWords: map[string]string{"rejected": "declined", "hold": ""}}
	for status, want := range map[conversion.Status]string{conversion.Rejected: "declined", conversion.Hold: "", conversion.Paid: "paid"} {
		if got := s.StatusWord(status); got != want {
			t.Errorf("StatusWord(%s) = %q, want %q", status, got, want)
		}
	}
}

// TestID holds IDs to their form and to their order: that of their signals.
func TestID(t *testing.T) {
	id, err := txid.Parse("4d1k2h3j4g5f6d7s8a9q0w1e2r3t4y5v")
	if err != nil {
		t.Fatal(err)
	}
	got := delivery.ID(id, 5, conversion.EventCreated)
	if want := "4d1k2h3j4g5fdxkb0z4y4zhtrgjhvsad"; got != want {
		t.Errorf("ID() = %s, want %s: what was owed before would be owed again", got, want)
	}
	for name, other := range map[string]string{
		"another subscription's": delivery.ID(id, 51, conversion.EventCreated),
		"another event's":        delivery.ID(id, 5, conversion.EventPaid),
		"another signal's":       delivery.ID(id.As(txid.Conversion), 5, conversion.EventCreated),
	} {
		if other == got || len(other) != 32 {
			t.Errorf("%s ID is %s", name, other)
		}
	}

	rapid.Check(t, func(t *rapid.T) {
		day := time.Date(2026, time.November, 22, 0, 0, 0, 0, time.UTC)
		milli := rapid.Int64Range(0, 1<<40)
		a := txid.First(txid.Signal, false, day.Add(time.Duration(milli.Draw(t, "a"))*time.Millisecond))
		b := txid.First(txid.Signal, false, day.Add(time.Duration(milli.Draw(t, "b"))*time.Millisecond))
		first, second := delivery.ID(a, 1, conversion.EventCreated), delivery.ID(b, 1, conversion.EventCreated)
		if a.Time().Before(b.Time()) && first >= second || a == b && first != second {
			t.Errorf("of %s and %s the IDs are %s and %s", a, b, first, second)
		}
		if _, err := txid.Parse(first); err != nil { // its letters are an ID's
			t.Errorf("%s is not written like an ID: %v", first, err)
		}
	})
}
