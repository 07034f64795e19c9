package settlement_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/catalog"
	"waybill/internal/conversion"
	"waybill/internal/delivery"
	"waybill/internal/signal"
)

// pixel adds a pixel of the affiliate's, changed as the test wants it.
func pixel(id int64, change func(*delivery.Subscription)) func(*catalog.Source) {
	return subscribe(id, func(s *delivery.Subscription) {
		s.Format, s.On = delivery.Image, []conversion.Event{conversion.EventCreated}
		s.URL = fmt.Sprintf("https://p%d.example/?cid={aff_click_id}&sum={payout}&s={status}", id)
		if change != nil {
			change(s)
		}
	})
}

// shown settles hits, the last of them in a page of a scheme, and gives the
// verdict on that.
func (w *world) shown(scheme, hits string) signal.Verdict {
	w.t.Helper()
	all := strings.Split(hits, ", ")
	for _, hit := range all[:len(all)-1] {
		w.hit(hit)
	}
	s := w.signal(all[len(all)-1])
	s.Page = scheme
	return w.settle(s)
}

// TestPixelsFire goes through which hits have their page load a pixel.
func TestPixelsFire(t *testing.T) {
	const right = "https://p1.example/?cid=their-click&sum=4.00&s=pending"
	tests := []struct {
		name   string
		scheme string // of the page; https when open
		hits   string // pixel when open
		lost   bool
		change func(*delivery.Subscription)
		want   string
	}{
		{name: "a new conversion in a page", want: right},
		{name: "a page without TLS", scheme: "http", want: right},
		{name: "no page", scheme: "none"},
		{name: "a second time", hits: "pixel, pixel"},
		{name: "a sighting of what a server has told", hits: "postback, pixel"},
		{name: "a refused hit", hits: "pixel auth=token_invalid"},
		{name: "of another affiliate", change: func(s *delivery.Subscription) { s.Owner.AffiliateID = 10 }},
		{name: "of another offer", change: func(s *delivery.Subscription) { s.OfferID = 8 }},
		{name: "of another status", change: func(s *delivery.Subscription) { s.Statuses = []conversion.Status{conversion.Approved} }},
		{name: "of its status", change: func(s *delivery.Subscription) { s.Statuses = []conversion.Status{conversion.Pending} }, want: right},
		{name: "in the receiver's words", change: func(s *delivery.Subscription) { s.StatusWords = map[string]string{"pending": "open"} }, want: strings.Replace(right, "pending", "open", 1)},
		{name: "to another event", change: func(s *delivery.Subscription) { s.On = []conversion.Event{conversion.EventApproved} }},
		{name: "paused", change: func(s *delivery.Subscription) { s.Status = delivery.Paused }},
		{name: "no pixel, but a postback", change: func(s *delivery.Subscription) { s.Format = delivery.Get }},
		{name: "by http in a page with TLS", change: func(s *delivery.Subscription) { s.URL = "http://p1.example/?c={aff_click_id}" }},
		{name: "by http in a page without", scheme: "http", change: func(s *delivery.Subscription) { s.URL = "http://p1.example/?c={aff_click_id}" }, want: "http://p1.example/?c=their-click"},
		{name: "that needs what is lost", lost: true},
		{name: "that needs nothing of what is lost", lost: true, change: func(s *delivery.Subscription) { s.URL = "https://p1.example/?t={offer_id}" }, want: "https://p1.example/?t=7"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, pixel(1, tt.change))
			w.lost = tt.lost
			scheme, hits := tt.scheme, tt.hits
			if hits == "" {
				hits = "pixel"
			}
			switch scheme {
			case "":
				scheme = "https"
			case "none":
				scheme = ""
			}
			v := w.shown(scheme, hits)
			var got []string
			var given, noted []int64
			for _, p := range v.Pixels {
				got, given = append(got, p.URL), append(given, p.SubscriptionID)
			}
			for _, c := range w.conversions {
				noted = append(noted, c.Memory.Pixels...)
			}
			if s := strings.Join(got, " "); s != tt.want {
				t.Errorf("%s in a page by %q loads %q, want %q", hits, scheme, s, tt.want)
			}
			if d := cmp.Diff(given, noted); d != "" {
				t.Errorf("the conversion notes other pixels than the page was given (-given +noted):\n%s", d)
			}
			if tt.name != "no pixel, but a postback" && len(w.owed) != 0 {
				t.Errorf("a pixel is owed too: %+v", w.owed)
			}
		})
	}
}

func TestAPageLoadsTwentyPixelsAtMost(t *testing.T) {
	w := newWorld(t, func(s *catalog.Source) {
		for id := int64(25); id > 0; id-- {
			pixel(id, func(s *delivery.Subscription) {
				if id%2 == 0 {
					s.Format = delivery.Iframe
				}
			})(s)
		}
	})
	v := w.shown("https", "pixel")
	if len(v.Pixels) != 20 {
		t.Fatalf("the page loads %d pixels, want 20", len(v.Pixels))
	}
	for i, p := range v.Pixels { // the oldest subscriptions' first
		if id := int64(i) + 1; p.SubscriptionID != id || p.Frame != (id%2 == 0) {
			t.Errorf("pixel %d is of subscription %d, in a frame: %v", id, p.SubscriptionID, p.Frame)
		}
	}
}
