package api

import (
	"slices"
	"strings"
	"testing"

	"waybill/internal/catalog"
	"waybill/internal/host"
)

func TestSnippets(t *testing.T) {
	w := newWorld(t)
	change := func(path, body string) {
		t.Helper()
		if got := w.do(t, asNetwork, "PATCH", path, body); got.status != 200 {
			t.Fatalf("PATCH %s = %d %s", path, got.status, got.text)
		}
	}
	tests := []struct {
		name, change, body, path string
		status                   int
		want, not                []string
	}{
		{
			name: "hold the token where it is asked for", path: "offers/1/snippets", status: 200,
			want: []string{`"postback_auth":"token"`, "token-of-One-0123456789", "https://go.example.com/postback", `"id":"php"`, `"id":"gtm"`, "PUT-A-PUBLISHABLE-KEY-HERE"},
			not:  []string{"secret-of-One", "goal: "},
		},
		{
			name: "hide it when told to", path: "offers/1/snippets?secrets=hide", status: 200,
			want: []string{"PUT-THE-TOKEN-HERE"}, not: []string{"token-of-One"},
		},
		{name: "know how to hide and show alone", path: "offers/1/snippets?secrets=maybe", status: 422, want: []string{"query.secrets"}},
		{name: "name a goal", path: "offers/1/snippets?goal=Deposit", status: 200, want: []string{`"goal":"deposit"`, `goal: \"deposit\"`, "goal=deposit"}},
		{name: "know no goal of another", path: "offers/2/snippets?goal=deposit", status: 404, want: []string{`offer 2 has no goal`}},
		{
			name: "have templates for measurement partners beside them", path: "templates/measurement", status: 200,
			want: []string{`"id":"appsflyer"`, `"install_postback":"https://go.example.com/postback?transaction_id=(clickid)&gaid=(advertiserId)`}, not: []string{"token="},
		},
		{
			name: "which hold the offer's token and goal", path: "templates/measurement?offer_id=1&goal=deposit", status: 200,
			want: []string{"transaction_id={label}&goal=deposit&gaid={gps_adid}&idfa={idfa}&token=token-of-One-0123456789"},
		},
		{name: "of a goal that is there", path: "templates/measurement?offer_id=1&goal=none", status: 404},
		{name: "are of no offer that is not there", path: "offers/9/snippets", status: 404},
		{
			name: "sign where a signature is asked for", change: "advertisers/1", body: `{"postback_auth":"signature"}`, path: "offers/1/snippets", status: 200,
			want: []string{"secret-of-One-0123456789", "Waybill-Signature"}, not: []string{"token-of-One"},
		},
		{
			name: "warn that partners cannot sign", path: "templates/measurement?offer_id=1", status: 200,
			want: []string{`"warning":"the advertiser's postback_auth is signature`}, not: []string{"token="},
		},
		{
			name: "leave out what the offer does not hear", change: "offers/1", body: `{"channels":["postback","pixel"]}`, path: "offers/1/snippets", status: 200,
			want: []string{`"id":"php"`, `"id":"image"`}, not: []string{`"id":"sdk"`, `"id":"gtm"`},
		},
		{
			name: "need no key on the offer's own sites", change: "offers/1", body: `{"channels":["sdk"],"allowed_domains":["shop.example"]}`, path: "offers/1/snippets", status: 200,
			want: []string{`"id":"sdk"`}, not: []string{"PUBLISHABLE", `"id":"php"`},
		},
	}
	if got := w.do(t, asNetwork, "POST", "offers/1/goals", `{"code":"deposit","name":"Deposit"}`); got.status != 201 {
		t.Fatalf("make a goal: %d %s", got.status, got.text)
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.change != "" {
				change(tt.change, tt.body)
			}
			got := w.do(t, asNetwork, "GET", tt.path, "")
			if got.status != tt.status {
				t.Errorf("answer %d %s, want %d", got.status, got.text, tt.status)
			}
			for _, part := range tt.want {
				if !strings.Contains(got.text, part) {
					t.Errorf("answer %s\nlacks %s", got.text, part)
				}
			}
			for _, part := range tt.not {
				if strings.Contains(got.text, part) {
					t.Errorf("answer %s\nmust not hold %s", got.text, part)
				}
			}
		})
	}
}

// TestLinksLeadToTheAdvertisersDomain has visitors and pixels meet under one
// name, where the pixel finds the click's cookie.
func TestLinksLeadToTheAdvertisersDomain(t *testing.T) {
	w := newWorld(t)
	src := w.present.Source()
	src.Domains = []host.Domain{
		{ID: 1, Host: "old.shop.example", AdvertiserID: 1, Certificate: host.None, Status: host.Paused},
		{ID: 2, Host: "go.other.example", AdvertiserID: 2, Certificate: host.None, Status: host.Active},
		{ID: 3, Host: "go.shop.example", AdvertiserID: 1, Certificate: host.None, Status: host.Active},
	}
	w.present = must[*catalog.Catalog](t)(catalog.New(src))
	got := w.do(t, asNetwork, "GET", "offers/1/links?affiliate_id=1", "")
	postback, _ := got.body["postbacks"].([]any)[0].(map[string]any)
	said := []string{
		got.body["tracking_link"].(string), got.body["short_link"].(string), got.body["impression_tag"].(string),
		postback["pixel"].(string), postback["frame"].(string), postback["sdk"].(string), postback["url"].(string), got.body["snippets"].(string),
	}
	want := []string{
		"https://go.shop.example/click?offer_id=1&affiliate_id=1", "https://go.shop.example/c/", `<img src="https://go.shop.example/impression?offer_id=1&amp;affiliate_id=1"`,
		`<img src="https://go.shop.example/pixel.gif?offer_id=1&amp;order_id={order_id}`, `<iframe src="https://go.shop.example/pixel?`,
		`src="https://go.shop.example/sdk.js"`, "https://go.example.com/postback?", "/api/v1/offers/1/snippets",
	}
	if !slices.EqualFunc(said, want, strings.Contains) {
		t.Errorf("the links are\n%s\nwant\n%s", strings.Join(said, "\n"), strings.Join(want, "\n"))
	}
}
