package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/account"
	"waybill/internal/conversion"
	"waybill/internal/delivery"
	"waybill/internal/receiver"
	"waybill/internal/settlement"
	"waybill/internal/signal"
	"waybill/internal/store/sqlledger"
	"waybill/internal/txid"
)

// shareOf shares the trade's click with a party, and gives the token.
func (w *world) shareOf(t *testing.T, as, expires string) (token string, id json.Number) {
	t.Helper()
	got := w.do(t, asNetwork, "POST", "trace/CLICK/shares", `{"as":"`+as+`","expires_in":"`+expires+`","note":"look"}`)
	url, _ := got.body["url"].(string)
	_, token, found := strings.Cut(url, "/console/shared#")
	if got.status != 201 || !found || len(token) < 40 {
		t.Fatalf("share as %s: %d %s; want a link with a token", as, got.status, got.text)
	}
	n, _ := got.body["id"].(float64)
	return token, json.Number(strings.TrimSuffix(strings.TrimSuffix(jsonOf(t, n), ".0"), "\n"))
}

func jsonOf(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestASharedTraceIsWhatThePartySees holds a share to the trace that a key of the
// party gets, member for member.
func TestASharedTraceIsWhatThePartySees(t *testing.T) {
	w := newWorld(t)
	for as, key := range map[string]string{"advertiser": asAdvertiser1, "affiliate": asAffiliate1} {
		token, _ := w.shareOf(t, as, "7d")
		got := w.do(t, "", "GET", "shared", "", "Waybill-Share", token)
		want := w.do(t, key, "GET", "trace/CLICK", "")
		if got.status != 200 || got.body["as"] != as || got.body["expires_at"] != "2026-11-29T12:00:00Z" {
			t.Fatalf("shared as %s: %d %s", as, got.status, got.text)
		}
		delete(got.body, "as")
		delete(got.body, "expires_at")
		if diff := cmp.Diff(want.body, got.body); diff != "" {
			t.Errorf("shared as %s it is not what %s sees, -key +share:\n%s", as, key, diff)
		}
	}
}

// sendSecret has a postback go out to somebody whose template has the
// advertiser's token written into its URL.
func (w *world) sendSecret(t *testing.T, to delivery.Owner) {
	t.Helper()
	sub := delivery.Default()
	sub.Owner, sub.URL = to, "https://hook.example.com/?token=token-of-One-0123456789&cid={transaction_id}"
	made := must[sqlledger.Row[delivery.Subscription]](t)(w.db.Subscriptions().Create(t.Context(), sub))
	at := noon.Add(-time.Duration(made.Value.ID) * time.Second) // each its own
	ticket := txid.NewMint(w.present.Ring(), 2, 0).Begin(at, txid.Subject{Kind: txid.Signal, Offer: 1, Affiliate: 1})
	ticket.Done()
	c := w.conversion
	c.ID, c.OrderID = must[txid.ID](t)(w.present.Ring().Derive(ticket.ID, txid.Conversion)).String(), fmt.Sprint(made.Value.ID)
	owed := delivery.Owed{
		ID: delivery.ID(ticket.ID, made.Value.ID, conversion.EventCreated), SubscriptionID: made.Value.ID, ConversionID: c.ID,
		TransactionID: w.click.String(), Sequence: 1, Event: conversion.EventCreated, State: delivery.Waiting,
		Values: map[string]string{"transaction_id": w.click.String()}, CreatedAt: at, DueAt: at,
	}
	v := signal.Verdict{SignalID: ticket.ID.String(), Status: signal.Accepted, Code: signal.OK, ConversionID: c.ID, TransactionID: w.click.String(), OfferID: 1}
	must[signal.Verdict](t)(w.db.Settle(t.Context(), settlement.Case{
		SignalID: v.SignalID, OrderID: c.OrderID,
		Claim: settlement.Claim{TransactionID: w.click.String(), OfferID: 1, GoalID: 1},
		Judge: func(settlement.State) (settlement.Outcome, error) {
			return settlement.Outcome{Verdict: v, Conversion: &c, TakeOrder: true, Owed: []delivery.Owed{owed}}, nil
		},
	}))
	plan := must[*receiver.Plan](t)(receiver.Compile(made.Value))
	r := must[receiver.Request](t)(plan.Request(&owed, receiver.Moment{At: noon}))
	after := owed
	after.State, after.Attempts, after.DoneAt = delivery.Delivered, 1, noon
	if err := w.db.Record(t.Context(), delivery.Report{After: after, Attempt: delivery.Attempt{
		DeliveryID: owed.ID, Number: 1, At: noon, Took: time.Second, Method: "GET", URL: r.URL, Status: 200,
		Body: "thanks for token-of-One-0123456789",
	}}); err != nil {
		t.Fatal(err)
	}
}

// TestASharedTraceHidesSecrets writes the advertiser's token where each party's
// trace shows it: into the raw text of a signal, and into the URL and the answer
// of a postback.
func TestASharedTraceHidesSecrets(t *testing.T) {
	w := newWorld(t)
	w.leak(t)
	w.sendSecret(t, delivery.Owner{AdvertiserID: 1})
	w.sendSecret(t, delivery.Owner{AffiliateID: 1})
	const secret = "token-of-One-0123456789"
	for _, tt := range []struct {
		as, key string
		told    string   // what the party itself is shown in place of the secret
		places  []string // with the secret in them
	}{
		{"advertiser", asAdvertiser1, secret, []string{"&token=SECRET&note=", "hook.example.com/?token=SECRET", "thanks for SECRET"}},
		{"affiliate", asAffiliate1, hiddenSecret, []string{"hook.example.com/?token=SECRET", "thanks for SECRET"}},
	} {
		token, _ := w.shareOf(t, tt.as, "1h")
		own, got := w.do(t, tt.key, "GET", "trace/CLICK", ""), w.do(t, "", "GET", "shared", "", "Waybill-Share", token)
		if got.status != 200 || strings.Contains(got.text, "token-of-One") {
			t.Errorf("shared as %s: %d %s; want no secret in it", tt.as, got.status, got.text)
		}
		for _, place := range tt.places {
			plain, hidden := strings.ReplaceAll(place, "SECRET", tt.told), strings.ReplaceAll(place, "SECRET", hiddenSecret)
			if n, m := strings.Count(own.text, plain), strings.Count(got.text, hidden); n == 0 || n != m {
				t.Errorf("%s itself sees %q %d times, and the share %q %d times", tt.as, plain, n, hidden, m)
			}
		}
	}
}

func TestSharesThatAreOverAreAlike(t *testing.T) {
	w := newWorld(t)
	revoked, id := w.shareOf(t, "affiliate", "7d")
	expired, _ := w.shareOf(t, "affiliate", "1h")
	if got := w.do(t, asNetwork, "DELETE", "shares/"+id.String(), ""); got.status != 200 || !strings.Contains(got.text, `"revoked_at"`) {
		t.Fatalf("revoked: %d %s", got.status, got.text)
	}
	w.Now = func() time.Time { return noon.Add(2 * time.Hour) }
	var first map[string]any
	for what, token := range map[string]string{"revoked": revoked, "expired": expired, "unknown": strings.Repeat("x", 43), "empty": ""} {
		got := w.do(t, "", "GET", "shared", "", "Waybill-Share", token)
		delete(got.body, "instance") // the request's own
		if first == nil {
			first = got.body
		}
		if got.status != 404 || !cmp.Equal(got.body, first) {
			t.Errorf("%s: %d %s; want 404, and the same for all", what, got.status, got.text)
		}
	}
	list := w.do(t, asNetwork, "GET", "trace/CLICK/shares", "")
	if data, _ := list.body["data"].([]any); len(data) != 2 || strings.Contains(list.text, revoked) || strings.Contains(list.text, "hash") {
		t.Errorf("listed: %s; want both, and nothing of their tokens", list.text)
	}
}

func TestWhoMayShare(t *testing.T) {
	w := newWorld(t)
	body := `{"as":"affiliate"}`
	for _, tt := range []struct {
		name   string
		as     account.Principal
		path   string
		body   string
		status int
	}{
		{"an owner", userOfNetwork(1, account.Owner), "trace/CLICK/shares", body, 201},
		{"a manager", userOfNetwork(1, account.Manager), "trace/CLICK/shares", body, 201},
		{"an analyst only looks", userOfNetwork(1, account.Analyst), "trace/CLICK/shares", body, 403},
		{"who looks with other eyes changes nothing", userOfNetwork(1, account.Owner).As(account.Affiliate, 1), "trace/CLICK/shares", body, 403},
		{"partners do not share", account.Principal{UserID: 2, Role: account.Affiliate, AffiliateID: 1}, "trace/CLICK/shares", body, 403},
		{"what is no ID", userOfNetwork(1, account.Owner), "trace/abc/shares", body, 422},
		{"nobody is on the network's side of it", userOfNetwork(1, account.Owner), "trace/CLICK/shares", `{"as":"network"}`, 422},
		{"no longer than 90 days", userOfNetwork(1, account.Owner), "trace/CLICK/shares", `{"as":"affiliate","expires_in":"91d"}`, 422},
		{"analysts see who was shown what", userOfNetwork(1, account.Analyst), "trace/CLICK/shares", "", 200},
	} {
		method := "POST"
		if tt.body == "" {
			method = "GET"
		}
		if got := w.sendAs(tt.as, method, tt.path, tt.body); got.status != tt.status {
			t.Errorf("%s: %d %s; want %d", tt.name, got.status, got.text, tt.status)
		}
	}
}

func TestASharesLinkIsToldOnce(t *testing.T) {
	w := newWorld(t)
	w.ConsoleAt = func(*http.Request) string { return "https://admin.example.com" }
	ask := func() reply {
		return w.do(t, asNetwork, "POST", "trace/CLICK/shares", `{"as":"advertiser"}`, "Idempotency-Key", "once")
	}
	first, again := ask(), ask()
	if url, _ := first.body["url"].(string); first.status != 201 || !strings.HasPrefix(url, "https://admin.example.com/console/shared#") {
		t.Errorf("made: %d %s", first.status, first.text)
	}
	if again.status != 201 || again.body["id"] != first.body["id"] || again.body["url"] != nil {
		t.Errorf("made again: %d %s; want the same share without its link", again.status, again.text)
	}
}

func TestSharesAreRateLimited(t *testing.T) {
	w := newWorld(t)
	refused := 0
	for range callsAtOnce + 20 {
		if got := w.do(t, "", "GET", "shared", "", "Waybill-Share", "x"); got.status == 429 {
			refused++
			if got.header.Get("Retry-After") == "" {
				t.Error("who is refused is not told when to come back")
			}
		}
	}
	if refused < 10 {
		t.Errorf("%d of %d were refused; want those beyond %d", refused, callsAtOnce+20, callsAtOnce)
	}
}

func TestCallersAreToldApartByNetwork(t *testing.T) {
	c, now := newCallers(), noon
	use := func(address string) (let int) {
		for range 2 * callsAtOnce {
			if c.let(netip.MustParseAddr(address), now) {
				let++
			}
		}
		return let
	}
	if one, same, other := use("2001:db8::1"), use("2001:db8::2"), use("2001:db8:0:1::1"); one != callsAtOnce || same != 0 || other != callsAtOnce {
		t.Errorf("let in %d, of the same network %d, of another %d; want %d, 0, %d", one, same, other, callsAtOnce, callsAtOnce)
	}
	if one, other := use("192.0.2.1"), use("192.0.2.2"); one != callsAtOnce || other != callsAtOnce {
		t.Errorf("let in %d and %d; want %d each", one, other, callsAtOnce)
	}
	now = now.Add(time.Hour)
	for i := range mostRemember + 10 {
		c.let(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), now)
	}
	if len(c.known) > mostRemember {
		t.Errorf("%d callers are remembered, want at most %d", len(c.known), mostRemember)
	}
}
