package receiver_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"waybill/internal/conversion"
	"waybill/internal/delivery"
	"waybill/internal/receiver"
)

// bubble is the time at which a synctest bubble begins, and so what the
// specification's library takes for now.
func bubble() time.Time { return time.Date(2000, time.January, 1, 0, 0, 0, 0, time.UTC) }

func webhookSecret(fill byte) string {
	return receiver.SecretPrefix + base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{fill}, 32))
}

func hook(secret, previous string, until time.Time) delivery.Subscription {
	s := subscription(delivery.Webhook, "https://hooks.example.com/waybill", nil)
	s.Secret, s.PreviousSecret, s.PreviousUntil = secret, previous, until
	s.On, s.Statuses = []conversion.Event{conversion.EventCreated}, nil
	return s
}

// TestWebhooksByTheirSpecification checks webhooks with the library that the
// Standard Webhooks specification gives to receivers.
func TestWebhooksByTheirSpecification(t *testing.T) {
	const now, before = 2, 1 // which secret
	tests := []struct {
		name   string
		sub    delivery.Subscription
		at     time.Duration // of the attempt, from now
		secret byte          // that the receiver has
		edit   func(*receiver.Request)
		want   error
	}{
		{name: "signed with its secret", sub: hook(webhookSecret(now), "", time.Time{}), secret: now},
		{name: "after a change, with the new one", sub: hook(webhookSecret(now), webhookSecret(before), bubble().Add(time.Hour)), secret: now},
		{name: "and with the one before, for a while", sub: hook(webhookSecret(now), webhookSecret(before), bubble().Add(time.Hour)), secret: before},
		{
			name: "which ends", sub: hook(webhookSecret(now), webhookSecret(before), bubble()), secret: before,
			want: standardwebhooks.ErrNoMatchingSignature,
		},
		{name: "not with another's", sub: hook(webhookSecret(now), "", time.Time{}), secret: 9, want: standardwebhooks.ErrNoMatchingSignature},
		{
			name: "the body is signed", sub: hook(webhookSecret(now), "", time.Time{}), secret: now,
			edit: func(r *receiver.Request) { r.Body = []byte(strings.Replace(string(r.Body), "149.90", "949.90", 1)) },
			want: standardwebhooks.ErrNoMatchingSignature,
		},
		{
			name: "the ID is signed", sub: hook(webhookSecret(now), "", time.Time{}), secret: now,
			edit: func(r *receiver.Request) { r.Header.Set(standardwebhooks.HeaderWebhookID, "other") },
			want: standardwebhooks.ErrNoMatchingSignature,
		},
		{
			name: "the time is signed", sub: hook(webhookSecret(now), "", time.Time{}), secret: now,
			edit: func(r *receiver.Request) { r.Header.Set(standardwebhooks.HeaderWebhookTimestamp, "946684801") },
			want: standardwebhooks.ErrNoMatchingSignature,
		},
		{
			name: "one that was kept back is too old", sub: hook(webhookSecret(now), "", time.Time{}), secret: now, at: -6 * time.Minute,
			want: standardwebhooks.ErrMessageTooOld,
		},
		{
			name: "one of tomorrow is too new", sub: hook(webhookSecret(now), "", time.Time{}), secret: now, at: 6 * time.Minute,
			want: standardwebhooks.ErrMessageTooNew,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, err := compiled(t, tt.sub).Request(owed(), receiver.Moment{At: bubble().Add(tt.at)})
				if err != nil {
					t.Fatal(err)
				}
				if tt.edit != nil {
					tt.edit(&r)
				}
				library, err := standardwebhooks.NewWebhook(webhookSecret(tt.secret))
				if err != nil {
					t.Fatal(err)
				}
				if got := library.Verify(r.Body, r.Header); !errors.Is(got, tt.want) {
					t.Errorf("the library says %v, want %v", got, tt.want)
				}
			})
		})
	}
}

// TestWebhooksAreSignedAsTheLibrarySigns holds the signature to the letter, the
// ID to the delivery's, which stays the same over all attempts, and the payload
// to the form that the specification advises.
func TestWebhooksAreSignedAsTheLibrarySigns(t *testing.T) {
	p := compiled(t, hook(webhookSecret(3), "", time.Time{}))
	library, err := standardwebhooks.NewWebhook(webhookSecret(3))
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range []time.Time{noon(), noon().Add(5*time.Hour + 999*time.Millisecond)} {
		r, err := p.Request(owed(), receiver.Moment{At: at})
		if err != nil {
			t.Fatal(err)
		}
		id := r.Header.Get(standardwebhooks.HeaderWebhookID)
		want, err := library.Sign(id, at, r.Body)
		if got := r.Header.Get(standardwebhooks.HeaderWebhookSignature); err != nil || got != want || id != owed().ID {
			t.Errorf("%s is signed %s, want %s of %s (%v)", id, got, want, owed().ID, err)
		}
		var payload struct {
			Type      string         `json:"type"`
			Timestamp time.Time      `json:"timestamp"`
			Data      map[string]any `json:"data"`
		}
		if err := json.Unmarshal(r.Body, &payload); err != nil || payload.Type != "conversion.created" || !payload.Timestamp.Equal(noon()) ||
			payload.Data["conversion_id"] != owed().ConversionID || payload.Data["amount"] != "149.90" {
			t.Errorf("the payload is %s (%v)", r.Body, err)
		}
	}
}

// TestTheWebhooksPageShowsARealOne: headers and payload on the page are those of
// a request.
func TestTheWebhooksPageShowsARealOne(t *testing.T) {
	o := without(owed(), "customer_id", "payout", "revenue", "ip", "user_agent", "email_sha256", "fbclid", "gclid", "ttclid", "click_time")
	o.Sequence, o.Values["offer_id"] = 1, "1"
	r, err := compiled(t, hook(webhookSecret(3), "", time.Time{})).Request(o, receiver.Moment{At: noon()})
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile("../../docs/postbacks/webhook.md")
	if err != nil {
		t.Fatal(err)
	}
	shown := ""
	for _, name := range []string{"Content-Type", "Webhook-Id", "Webhook-Timestamp", "Webhook-Signature"} {
		shown += name + ": " + r.Header.Get(name) + "\n"
	}
	if shown += "\n" + string(r.Body) + "\n"; !strings.Contains(string(page), shown) {
		t.Errorf("the page does not show\n%s", shown)
	}
}
