package delivery_test

import (
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
			s.OfferID, s.Goal, s.Delay, s.Status = 3, "sale", 30*span.Day, delivery.Paused
			s.On = []conversion.Event{
				conversion.EventCreated, conversion.EventApproved, conversion.EventRejected,
				conversion.EventReversed, conversion.EventPaid, conversion.EventUpdated,
			}
		}},
		{name: "plain http is right", change: func(s *delivery.Subscription) { s.URL = "http://tracker.example/{sub1}" }},
		{name: "an owner is needed", change: func(s *delivery.Subscription) { s.Owner = delivery.Owner{} }, fields: []string{"owner"}},
		{name: "one owner is enough", change: func(s *delivery.Subscription) { s.Owner.AdvertiserID = 2 }, fields: []string{"owner"}},
		{name: "the network is an owner too", change: func(s *delivery.Subscription) { s.Owner.Network = true }, fields: []string{"owner"}},
		{name: "numbers of owners are positive", change: func(s *delivery.Subscription) { s.Owner.AffiliateID = -7 }, fields: []string{"owner.affiliate_id"}},
		{name: "an advertiser's too", change: func(s *delivery.Subscription) { s.Owner = delivery.Owner{AdvertiserID: -1} }, fields: []string{"owner.advertiser_id"}},
		{name: "a URL is needed", change: func(s *delivery.Subscription) { s.URL = "" }, fields: []string{"url"}},
		{name: "a URL leads to a web server", change: func(s *delivery.Subscription) { s.URL = "ftp://tracker.example/{sub1}" }, fields: []string{"url"}},
		{name: "a URL has a scheme", change: func(s *delivery.Subscription) { s.URL = "tracker.example/{sub1}" }, fields: []string{"url"}},
		{name: "no macro decides where it goes", change: func(s *delivery.Subscription) { s.URL = "https://{sub1}/" }, fields: []string{"url"}},
		{name: "each unknown macro is named", change: func(s *delivery.Subscription) { s.URL = "https://t.example/{subid}?{click_id}" }, fields: []string{"url", "url"}},
		{name: "an affiliate never learns the revenue", change: func(s *delivery.Subscription) { s.URL += "&r={revenue}" }, fields: []string{"url"}},
		{name: "nor a visitor's address", change: func(s *delivery.Subscription) { s.URL += "&ip={ip}" }, fields: []string{"url"}},
		{name: "an advertiser never learns the payout", change: func(s *delivery.Subscription) { s.Owner = delivery.Owner{AdvertiserID: 2} }, fields: []string{"url"}},
		{name: "the network may know all", change: func(s *delivery.Subscription) {
			s.Owner, s.URL = delivery.Owner{Network: true}, "https://n.example/{payout}/{revenue}/{ip}"
		}},
		{name: "it hears of something", change: func(s *delivery.Subscription) { s.On = nil }, fields: []string{"on"}},
		{name: "it hears of known events", change: func(s *delivery.Subscription) { s.On = append(s.On, "created") }, fields: []string{"on[1]"}},
		{name: "it hears of each event once", change: func(s *delivery.Subscription) { s.On = append(s.On, "conversion.paid", "conversion.created") }, fields: []string{"on[2]"}},
		{name: "it is sent by GET", change: func(s *delivery.Subscription) { s.Method = "POST" }, fields: []string{"method"}},
		{name: "as a URL", change: func(s *delivery.Subscription) { s.Format = "json" }, fields: []string{"format"}},
		{name: "it is active or paused", change: func(s *delivery.Subscription) { s.Status = "off" }, fields: []string{"status"}},
		{name: "a status is needed", change: func(s *delivery.Subscription) { s.Status = "" }, fields: []string{"status"}},
		{name: "offers have positive numbers", change: func(s *delivery.Subscription) { s.OfferID = -1 }, fields: []string{"offer_id"}},
		{name: "a goal's code is short", change: func(s *delivery.Subscription) { s.Goal = strings.Repeat("g", 65) }, fields: []string{"goal"}},
		{name: "a goal's code is a word", change: func(s *delivery.Subscription) { s.Goal = " sale" }, fields: []string{"goal"}},
		{name: "nothing is sent before it happens", change: func(s *delivery.Subscription) { s.Delay = -1 }, fields: []string{"delay"}},
		{name: "nor a year later", change: func(s *delivery.Subscription) { s.Delay = 30*span.Day + 1 }, fields: []string{"delay"}},
		{
			name: "all mistakes are told at once", change: func(s *delivery.Subscription) { *s = delivery.Subscription{} },
			fields: []string{"owner", "on", "url", "method", "format", "status"},
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

func TestWarnings(t *testing.T) {
	tests := []struct {
		name   string
		change func(*delivery.Subscription)
		want   []string // a part of each
	}{
		{name: "nothing to say", change: func(*delivery.Subscription) {}},
		{name: "no click to be told by", change: func(s *delivery.Subscription) { s.URL = "https://t.example/?p={payout}" }, want: []string{"which click"}},
		{name: "a free value may tell it", change: func(s *delivery.Subscription) { s.URL = "https://t.example/{sub10}" }},
		{name: "so may our ID", change: func(s *delivery.Subscription) { s.URL = "https://t.example/{transaction_id}" }},
		{name: "and the conversion's", change: func(s *delivery.Subscription) { s.URL = "https://t.example/{conversion_id}" }},
		{name: "an advertiser's free value is not the click's", change: func(s *delivery.Subscription) { s.URL = "https://t.example/{adv1}" }, want: []string{"which click"}},
		{name: "others know their own ways", change: func(s *delivery.Subscription) {
			s.Owner, s.URL = delivery.Owner{Network: true}, "https://t.example/{payout}"
		}},
		{name: "http can be read", change: func(s *delivery.Subscription) { s.URL = "HTTP://t.example/{sub1}" }, want: []string{"https"}},
		{name: "a private network", change: func(s *delivery.Subscription) { s.URL = "https://10.1.2.3:8443/{sub1}" }, want: []string{"private"}},
		{name: "this machine", change: func(s *delivery.Subscription) { s.URL = "http://localhost:8080/{sub1}" }, want: []string{"https", "private"}},
		{name: "this machine in numbers", change: func(s *delivery.Subscription) { s.URL = "https://[::ffff:127.0.0.1]/{sub1}" }, want: []string{"private"}},
		{name: "a public address", change: func(s *delivery.Subscription) { s.URL = "https://198.41.0.4/{sub1}" }},
		{name: "nobody signs", change: func(s *delivery.Subscription) { s.URL += "&s={sig}" }, want: []string{"{sig}"}},
		{name: "what is wrong is not warned of", change: func(s *delivery.Subscription) { s.URL = "http://{sub1}" }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := affiliates7()
			tt.change(&s)
			got := s.Warnings()
			if len(got) != len(tt.want) {
				t.Fatalf("Warnings() = %v, want %d of them", got, len(tt.want))
			}
			for i, w := range got {
				if w.Field != "url" || !strings.Contains(w.Text, tt.want[i]) {
					t.Errorf("warning %d = %+v; want one about %q", i, w, tt.want[i])
				}
			}
		})
	}
}

func TestFits(t *testing.T) {
	c := conversion.Conversion{OfferID: 3, GoalCode: "Sale", AffiliateID: 7, AdvertiserID: 2}
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
