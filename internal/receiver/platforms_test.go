package receiver_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"waybill/internal/conversion"
	"waybill/internal/delivery"
	"waybill/internal/preset"
	"waybill/internal/receiver"
)

// platformTemplates fills in the ready templates of ad platforms as their
// pages do.
func platformTemplates(t *testing.T) map[string]map[string]string {
	return map[string]map[string]string{
		"meta": {
			"dataset_id": metaDataset, "access_token": metaToken, "event_source_url": "https://shop.example.com/thanks",
			"test_event_code": "TEST12345", "identifiers": "email",
		},
		"google": {
			"account_id": "123-456-7890", "conversion_action_id": "987654321", "login_account_id": "234-567-8901",
			"service_account": keyFile(t, "https://oauth2.googleapis.com/token"), "identifiers": "email",
		},
		"tiktok": {
			"pixel_code": tiktokPixel, "access_token": tiktokToken, "page_url": "https://shop.example.com/thanks",
			"test_event_code": "TEST12345", "identifiers": "email",
		},
	}
}

// TestPlatformTemplatesAndTheirPages: what a template makes of its fields is
// taken, and the receiver's page shows what is entered and what is sent as it
// really is, and names every parameter.
func TestPlatformTemplatesAndTheirPages(t *testing.T) {
	wrong := map[string]func(any) string{
		"meta": (&metaStandIn{now: noon()}).wrong, "tiktok": (&tiktokStandIn{now: noon()}).wrong,
		"google": func(v any) string { _, _, w := (&googleStandIn{now: noon()}).wrong(v); return w },
	}
	for key, fill := range platformTemplates(t) {
		t.Run(key, func(t *testing.T) {
			template, err := preset.Find(key)
			if err != nil {
				t.Fatal(err)
			}
			s, err := template.Fill(fill)
			if err != nil {
				t.Fatal(err)
			}
			s.ID, s.Owner = 1, delivery.Owner{AdvertiserID: 2}
			s.ShareVisitor = true
			r, err := compiled(t, s).Request(owed(), receiver.Moment{At: noon(), Token: googleToken})
			if err != nil {
				t.Fatal(err)
			}
			v, err := decode(r.Body)
			if err != nil || wrong[key](v) != "" {
				t.Errorf("%s is refused: %s, %v", r.Body, wrong[key](v), err)
			}
			page, err := os.ReadFile(filepath.Join("../../docs/postbacks", key+".md"))
			if err != nil {
				t.Fatal(err)
			}
			var shown bytes.Buffer
			masked := receiver.Mask(r, s)
			if err := json.Indent(&shown, masked.Body, "", "  "); err != nil {
				t.Fatal(err)
			}
			if text := "POST " + masked.URL + "\n"; !strings.Contains(string(page), text) {
				t.Errorf("the page does not show where it is sent: %s", text)
			}
			if !strings.Contains(string(page), shown.String()) {
				t.Errorf("the page does not show what is sent:\n%s", shown.String())
			}
			for _, p := range receiver.Parameters(s.Format) {
				if !strings.Contains(string(page), "`"+p.Name+"`") {
					t.Errorf("the page does not say what %s is", p.Name)
				}
			}
			if !strings.Contains(string(page), `"template":"`+key+`"`) {
				t.Error("the page does not show how it is made")
			}
		})
	}
}

// TestPlatformTemplatesAreForAll holds that affiliates, advertisers and the
// network may use them, each with what it may know, and that the optional fields
// may be left open.
func TestPlatformTemplatesAreForAll(t *testing.T) {
	required := platformTemplates(t)
	for _, open := range []string{"test_event_code", "identifiers", "login_account_id"} {
		for _, fill := range required {
			delete(fill, open)
		}
	}
	for _, owner := range []delivery.Owner{{AffiliateID: 1}, {AdvertiserID: 1}, {Network: true}} {
		for key, fill := range required {
			template, err := preset.Find(key)
			if err != nil {
				t.Fatal(err)
			}
			s, err := template.Fill(fill)
			if err != nil {
				t.Fatal(err)
			}
			s.Owner = owner
			if err := receiver.Validate(s); err != nil {
				t.Errorf("%s of %+v: %v", key, owner, err)
			}
			waiting := conversion.Conversion{AffiliateID: 1, AdvertiserID: 1, Status: conversion.Pending}
			counts := waiting
			counts.Status = conversion.Approved
			if s.Fits(waiting, conversion.EventCreated) || !s.Fits(counts, conversion.EventCreated) || !s.Fits(counts, conversion.EventApproved) {
				t.Errorf("%s of %+v: hears of pending conversions, or not of approved ones", key, owner)
			}
		}
	}
}

// TestUnmatchedIsNoDeadLetter: a conversion that came by none of a platform's ads
// is withdrawn; what is a mistake of the settings, or of the values, is a dead
// letter.
func TestUnmatchedIsNoDeadLetter(t *testing.T) {
	nobody := without(owed(), "fbclid", "gclid", "ttclid", "email_sha256", "customer_id", "ip")
	test := owed()
	test.Test = true
	for name, s := range map[string]delivery.Subscription{
		"meta": metaSubscription(""), "google": googleSubscription(t, "http://localhost"), "tiktok": tiktokSubscription(""),
	} {
		p := compiled(t, set(s, "test_event_code", ""))
		_, err := p.Request(nobody, receiver.Moment{At: noon()})
		attempt := delivery.Attempt{Number: 1, At: noon(), Error: receiver.Refused(err)}
		after := nobody.After(attempt, nil, 0, 0)
		if err == nil || attempt.Error != delivery.ErrUnmatched || after.State != delivery.Withdrawn {
			t.Errorf("%s: %v is %s, and the delivery %s; want it withdrawn", name, err, attempt.Error, after.State)
		}
		if b := (delivery.Breaker{}).After(attempt, 0, 0.5); b.Failures != 0 {
			t.Errorf("%s: the breaker counts a failure of the receiver, which was not asked", name)
		}
	}
	if _, err := compiled(t, set(tiktokSubscription(""), "test_event_code", "")).Request(test, receiver.Moment{At: noon()}); receiver.Refused(err) != delivery.ErrTemplate {
		t.Errorf("a test without its code is %s (%v), want %s", receiver.Refused(err), err, delivery.ErrTemplate)
	}
}

func TestPlatformWarnings(t *testing.T) {
	sub := func(statuses []conversion.Status, on ...conversion.Event) delivery.Subscription {
		s := metaSubscription("")
		s.On, s.Statuses = on, statuses
		return s
	}
	tests := []struct {
		name string
		sub  delivery.Subscription
		want string // the field; empty: none
	}{
		{"approved ones, whenever that is", sub([]conversion.Status{conversion.Approved}, conversion.EventCreated, conversion.EventApproved), ""},
		{"all that are made", sub(nil, conversion.EventCreated), "statuses"},
		{"pending ones", sub([]conversion.Status{conversion.Pending}, conversion.EventCreated), "statuses"},
		{"only what is approved later", sub(nil, conversion.EventApproved), "on"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := receiver.Warnings(tt.sub)
			if tt.want == "" && len(got) != 0 || tt.want != "" && (len(got) != 1 || got[0].Field != tt.want) {
				t.Errorf("Warnings() = %+v, want one at %q", got, tt.want)
			}
		})
	}
}
