package settlement_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/catalog"
	"waybill/internal/conversion"
	"waybill/internal/delivery"
	"waybill/internal/offer"
	"waybill/internal/span"
)

// subscribe adds a subscription to everything, changed as the test wants it.
func subscribe(id int64, change func(*delivery.Subscription)) func(*catalog.Source) {
	return func(s *catalog.Source) {
		sub := delivery.Default()
		sub.ID, sub.Owner, sub.URL = id, delivery.Owner{AffiliateID: 9}, "https://tracker.example/pb?cid={aff_click_id}&sum={payout}"
		sub.On = []conversion.Event{
			conversion.EventCreated, conversion.EventApproved, conversion.EventRejected,
			conversion.EventReversed, conversion.EventPaid, conversion.EventUpdated,
		}
		if change != nil {
			change(&sub)
		}
		s.Subscriptions = append(s.Subscriptions, sub)
	}
}

// TestEvents: every change is heard of once, under its name and in its order.
func TestEvents(t *testing.T) {
	tests := []struct {
		name string
		hits string
		want string // event and sequence
	}{
		{name: "a conversion is created", hits: "postback", want: "created 1"},
		{name: "a duplicate is no event", hits: "postback, postback", want: "created 1"},
		{name: "a sighting is none", hits: "postback, pixel", want: "created 1"},
		{name: "a refusal is none", hits: "postback auth=token_invalid"},
		{name: "pending, then approved", hits: "postback status=pending, postback status=approved", want: "created 1, approved 2"},
		{name: "the server confirms", hits: "pixel, postback", want: "created 1, approved 2"},
		{name: "pending, then rejected", hits: "postback status=pending, postback status=rejected", want: "created 1, rejected 2"},
		{name: "approved, then rejected", hits: "postback, postback status=rejected", want: "created 1, reversed 2"},
		{name: "and approved again", hits: "postback, postback status=rejected, postback status=approved", want: "created 1, reversed 2, approved 3"},
		{name: "pending, then on hold, is none", hits: "postback status=pending, postback status=hold", want: "created 1"},
		{name: "another amount", hits: "postback goal=edit amount=1, postback goal=edit amount=2", want: "created 1, updated 2"},
		{name: "a sighting between leaves a gap in the sequence, not in the order", hits: "postback goal=edit amount=1, pixel goal=edit amount=1, postback goal=edit amount=2", want: "created 1, updated 3"},
		{name: "what starts rejected was never created", hits: "postback status=rejected", want: "rejected 1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, subscribe(1, nil))
			for hit := range strings.SplitSeq(tt.hits, ", ") {
				w.hit(hit)
			}
			var got []string
			for _, o := range w.owed {
				got = append(got, fmt.Sprintf("%s %d", strings.TrimPrefix(string(o.Event), "conversion."), o.Sequence))
			}
			if s := strings.Join(got, ", "); s != tt.want {
				t.Errorf("%s\n owes %s\n want %s", tt.hits, s, tt.want)
			}
		})
	}
}

// TestWhoIsOwed goes through which subscriptions an event is owed to.
func TestWhoIsOwed(t *testing.T) {
	tests := []struct {
		name   string
		change func(*delivery.Subscription)
		want   bool
	}{
		{name: "its affiliate", want: true},
		{name: "another affiliate", change: func(s *delivery.Subscription) { s.Owner.AffiliateID = 10 }},
		{name: "its advertiser", change: func(s *delivery.Subscription) {
			s.Owner, s.URL = delivery.Owner{AdvertiserID: 3}, "https://shop.example/"
		}, want: true},
		{name: "the network", change: func(s *delivery.Subscription) { s.Owner = delivery.Owner{Network: true} }, want: true},
		{name: "of its offer", change: func(s *delivery.Subscription) { s.OfferID = 7 }, want: true},
		{name: "of another offer", change: func(s *delivery.Subscription) { s.OfferID = 8 }},
		{name: "of its goal", change: func(s *delivery.Subscription) { s.Goal = "default" }, want: true},
		{name: "of another goal", change: func(s *delivery.Subscription) { s.Goal = "sale" }},
		{name: "to other events", change: func(s *delivery.Subscription) { s.On = []conversion.Event{conversion.EventPaid} }},
		{name: "paused", change: func(s *delivery.Subscription) { s.Status = delivery.Paused }},
		{name: "disabled", change: func(s *delivery.Subscription) { s.Status = delivery.Disabled }},
		{name: "of its status", change: func(s *delivery.Subscription) {
			s.Statuses = []conversion.Status{conversion.Paid, conversion.Approved}
		}, want: true},
		{name: "of another status", change: func(s *delivery.Subscription) { s.Statuses = []conversion.Status{conversion.Pending} }},
		{name: "a browser's pixel", change: func(s *delivery.Subscription) { s.Format = delivery.Image }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, subscribe(1, tt.change))
			w.hit("postback")
			if got := len(w.owed) == 1; got != tt.want {
				t.Errorf("owed: %v, want %v", got, tt.want)
			}
		})
	}
}

// TestFrozenValues holds what each owner is told to the whole of it, so that
// nobody learns a value by a new macro.
func TestFrozenValues(t *testing.T) {
	all := map[string]string{
		"offer_id": "7", "offer_name": "Spring sale", "affiliate_id": "9", "advertiser_id": "3",
		"goal": "sale", "goal_id": "71", "status": "approved", "order_id": "A", "currency": "USD",
		"amount": "50.00", "payout": "5.00", "revenue": "10.00", "adv2": "gold", "coupon": "MAY",
		"customer_id": "c-77", "aff_click_id": "their-click", "source": "newsletter", "sub1": "may", "sub3": "banner",
		"country": "DE", "device": "desktop", "os": "Linux", "browser": "Firefox", "ip": "203.0.113.7", "user_agent": "Firefox",
		"click_time": "2026-11-22T12:00:00Z", "conversion_time": "2026-11-22T12:30:00Z", "occurred_at": "2026-11-22T12:30:00Z",
	}
	tests := []struct {
		owner  delivery.Owner
		shared bool
		hidden []string
	}{
		{owner: delivery.Owner{Network: true}},
		{owner: delivery.Owner{AffiliateID: 9}, hidden: []string{"revenue", "ip", "user_agent"}},
		{owner: delivery.Owner{AdvertiserID: 3}, hidden: []string{"payout", "ip", "user_agent"}},
		{owner: delivery.Owner{AffiliateID: 9}, shared: true, hidden: []string{"revenue"}},
		{owner: delivery.Owner{AdvertiserID: 3}, shared: true, hidden: []string{"payout"}},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprintf("%+v %v", tt.owner, tt.shared), func(t *testing.T) {
			w := newWorld(t, subscribe(1, func(s *delivery.Subscription) {
				s.Owner, s.URL, s.Delay, s.ShareVisitor = tt.owner, "https://far.example/", span.Span(time.Minute), tt.shared
			}))
			v := w.hit("api goal=sale order_id=A amount=50 adv2=gold coupon=MAY customer_id=c-77 occurred_at=2026-11-22T12:30:00Z")
			if len(w.owed) != 1 {
				t.Fatalf("owed: %+v", w.owed)
			}
			got := w.owed[0]
			want := map[string]string{"transaction_id": w.click.ID.String(), "conversion_id": v.ConversionID, "delivery_id": got.ID}
			for name, value := range all {
				want[name] = value
			}
			for _, name := range tt.hidden {
				delete(want, name)
			}
			if diff := cmp.Diff(want, got.Values); diff != "" {
				t.Errorf("values, -want +got:\n%s", diff)
			}
			settled := clicked().Add(time.Hour + time.Second)
			if got.State != delivery.Waiting || got.SubscriptionID != 1 || got.ConversionID != v.ConversionID ||
				!got.CreatedAt.Equal(settled) || !got.DueAt.Equal(settled.Add(time.Minute)) || got.Test {
				t.Errorf("owed: %+v", got)
			}
		})
	}
}

// TestTestsAreDelivered, so that a chain can be tried to its end.
func TestTestsAreDelivered(t *testing.T) {
	w := newWorld(t, subscribe(1, nil))
	w.hit("postback test=1")
	if len(w.owed) != 1 || !w.owed[0].Test || w.owed[0].Values["test"] != "1" {
		t.Errorf("owed: %+v", w.owed)
	}
}

// TestLostValuesPark a postback that cannot be written without them, and no
// other.
func TestLostValuesPark(t *testing.T) {
	urls := map[string]delivery.State{
		"https://tracker.example/?cid={aff_click_id}":                         delivery.Parked,
		"https://tracker.example/?s={sub3|default:none}":                      delivery.Parked,
		"https://tracker.example/?c={country}":                                delivery.Parked,
		"https://tracker.example/?t={transaction_id}&p={payout}&o={order_id}": delivery.Waiting,
		"https://tracker.example/?at={click_time}":                            delivery.Waiting,
	}
	for url, want := range urls {
		t.Run(url, func(t *testing.T) {
			w := newWorld(t, subscribe(1, func(s *delivery.Subscription) { s.URL = url }))
			lose(w)
			w.hit("postback")
			if len(w.owed) != 1 || w.owed[0].State != want {
				t.Errorf("owed: %+v, want it %s", w.owed, want)
			}
		})
	}
}

// TestEmptyValuesDoNotPark: what a click never had is not lost.
func TestEmptyValuesDoNotPark(t *testing.T) {
	w := newWorld(t, subscribe(1, func(s *delivery.Subscription) { s.URL = "https://tracker.example/?d={idfa}&s={sub9}" }))
	w.hit("postback")
	if len(w.owed) != 1 || w.owed[0].State != delivery.Waiting {
		t.Errorf("owed: %+v, want it waiting", w.owed)
	}
}

// TestTermOfACountry is priced by the click's country.
func TestTermOfACountry(t *testing.T) {
	dear := fixed(5)
	for country, want := range map[string]string{"DE": "approved pays=5/6", "FR": "approved pays=4/6"} {
		w := newWorld(t, func(s *catalog.Source) {
			s.Terms = []offer.Term{{ID: 12, OfferID: 7, Country: country, Payout: &dear}}
		})
		w.hit("postback")
		if got := w.summary(); got != want {
			t.Errorf("a term for %s: %s, want %s", country, got, want)
		}
	}
}

// TestEntriesNameTheirCause: every line says by which signal, why and when.
func TestEntriesNameTheirCause(t *testing.T) {
	w := newWorld(t, nil)
	w.hit("postback")
	v := w.hit("postback status=rejected @2h")
	for _, e := range w.entries[3:] {
		if e.SignalID != v.SignalID || e.Reason != "conversion.reversed" || !e.At.Equal(clicked().Add(2*time.Hour+time.Second)) || e.ConversionID != v.ConversionID {
			t.Errorf("entry: %+v", e)
		}
	}
	if len(w.entries) != 6 {
		t.Errorf("%d entries, want 6", len(w.entries))
	}
}

// TestWhatIsKept of a signal and its click, and what a server's first word
// changes of it.
func TestWhatIsKept(t *testing.T) {
	w := newWorld(t, nil)
	first := w.hit("pixel adv1=red customer_id=c-1 campaign=may")
	got := w.conversions[0]
	want := conversion.Touch{
		By: "transaction_id", TransactionID: w.click.ID.String(), Kind: "click", At: clicked(), AffClickID: "their-click", Source: "newsletter",
		Sub: []string{"may", "", "banner"}, Country: "DE", Device: "desktop", OS: "Linux", Browser: "Firefox",
		IP: "203.0.113.7", UserAgent: "Firefox",
	}
	if diff := cmp.Diff(want, got.Touch); diff != "" {
		t.Errorf("touch, -want +got:\n%s", diff)
	}
	if diff := cmp.Diff(map[string]string{"campaign": "may"}, got.Extra); diff != "" {
		t.Errorf("extra, -want +got:\n%s", diff)
	}
	received := clicked().Add(time.Hour)
	if got.ID != first.ConversionID || got.AdvertiserID != 3 || got.AffiliateID != 9 || got.Channel != "pixel" ||
		!got.CreatedAt.Equal(received) || !got.OccurredAt.Equal(received) || got.Term != "offer" {
		t.Errorf("conversion: %+v", got)
	}
	w.hit("postback adv2=gold customer_id=c-2 @2h")
	got = w.conversions[0]
	if diff := cmp.Diff([]string{"red", "gold"}, got.Adv); diff != "" || got.CustomerID != "c-2" {
		t.Errorf("customer %q, adv -want +got:\n%s", got.CustomerID, diff)
	}
	if !got.SeenByServer || !got.SeenByClient || got.Version != 2 || !got.UpdatedAt.Equal(received.Add(time.Hour+time.Second)) || got.Channel != "pixel" || !got.CreatedAt.Equal(received) {
		t.Errorf("after the server's word: %+v", got)
	}
}
