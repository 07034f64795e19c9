package edge_test

import (
	"bytes"
	"strings"
	"testing"

	"waybill/internal/advertiser"
	"waybill/internal/catalog"
	"waybill/internal/delivery"
	"waybill/internal/param"
)

// forwarding adds a subscription that tells the advertiser's system of e-mails'
// digests.
func forwarding(change func(*delivery.Subscription)) func(*catalog.Source) {
	return func(s *catalog.Source) {
		sub := delivery.Default()
		sub.ID, sub.Owner, sub.Method = 1, delivery.Owner{AdvertiserID: 3}, "GET"
		sub.URL = "https://crm.example/?o={order_id}&em={email_sha256}"
		if change != nil {
			change(&sub)
		}
		s.Subscriptions = append(s.Subscriptions, sub)
	}
}

// TestEMailsAreForwarded only where somebody is told of them, and their hits are
// believed and can be read.
func TestEMailsAreForwarded(t *testing.T) {
	jane := param.Digest("jane@example.com")
	tests := []struct {
		name   string
		change func(*catalog.Source)
		send   func(w *world)
		want   string
	}{
		{
			name: "in a postback", change: forwarding(nil), want: jane,
			send: func(w *world) { w.get("/postback?tid=" + w.transaction() + "&email=Jane@Example.com") },
		},
		{
			name: "in a pixel, as its digest", change: forwarding(nil), want: jane,
			send: func(w *world) { w.get("/pixel.gif?tid=" + w.transaction() + "&email_sha256=" + strings.ToUpper(jane)) },
		},
		{
			name: "in JSON", change: forwarding(nil), want: jane,
			send: func(w *world) { w.post("/postback", `{"tid":"`+w.transaction()+`","email":" jane@example.com"}`) },
		},
		{
			name: "where nobody is told", change: func(*catalog.Source) {},
			send: func(w *world) { w.get("/postback?tid=" + w.transaction() + "&email=jane@example.com") },
		},
		{
			name: "where somebody is told of other offers", change: forwarding(func(s *delivery.Subscription) { s.OfferID = plainOffer }),
			send: func(w *world) { w.get("/postback?tid=" + w.transaction() + "&email=jane@example.com") },
		},
		{
			name: "of a sender who is not believed", change: forwarding(nil),
			send: func(w *world) { w.get("/postback?tid=" + w.transaction() + "&token=wrong&email=jane@example.com") },
		},
		{
			name: "in a hit that only binds", change: forwarding(nil),
			send: func(w *world) {
				w.post("/sdk/identify", `{"tid":"`+w.transaction()+`","email":"jane@example.com","token":"`+token+`"}`)
			},
		},
		{
			name: "in a hit that cannot be read", change: forwarding(nil),
			send: func(w *world) {
				w.get("/postback?tid=" + w.transaction() + "&email=jane@example.com&order_id=" + strings.Repeat("x", 1025))
			},
		},
		{
			name: "under a name that nobody knows", change: forwarding(nil),
			send: func(w *world) { w.get("/postback?tid=" + w.transaction() + "&contact=jane@example.com") },
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, tt.change)
			tt.send(w)
			s := w.signal()
			if s.EmailSHA256 != tt.want {
				t.Errorf("kept to be forwarded: %q, want %q", s.EmailSHA256, tt.want)
			}
			for _, p := range s.Params {
				if strings.Contains(p.Value, jane) {
					t.Errorf("%s is kept as %q", p.Name, p.Value)
				}
			}
			record := w.journal.records[0].record
			if bytes.Contains(bytes.ToLower(record), []byte(jane)) || bytes.Contains(record, []byte("jane")) {
				t.Errorf("the record names the customer elsewhere: %q", record)
			}
		})
	}
}

// TestAnEMailIsForwardedOnProof, where the advertiser asks its senders for one.
func TestAnEMailIsForwardedOnProof(t *testing.T) {
	w := newWorld(t, func(s *catalog.Source) {
		s.Advertisers[0].PostbackAuth = advertiser.AuthToken
		forwarding(nil)(s)
	})
	w.get("/postback?tid=" + w.transaction() + "&email=jane@example.com")
	w.get("/postback?tid=" + w.transaction() + "&email=jane@example.com&token=" + token)
	all := w.signals()
	if len(all) != 2 || all[0].EmailSHA256 != "" || all[1].EmailSHA256 != param.Digest("jane@example.com") {
		t.Errorf("signals: %+v; want the second's e-mail alone forwarded", all)
	}
}
