package api

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"waybill/internal/account"
	"waybill/internal/delivery"
	"waybill/internal/reconcile"
)

// TestNobodyReachesWhatIsAnothers walks every route of the description as
// partners who have no part in the trade. A route without a line here fails.
func TestNobodyReachesWhatIsAnothers(t *testing.T) {
	const (
		refused = "403"        // the role has no business here
		hidden  = "404"        // it is not theirs
		empty   = "200 empty"  // a list without what is another's
		shared  = "200 shared" // what all of the role may see
		own     = "2xx own"    // it makes or sends something of their own
		open    = "409"        // it is there for them already
		noFile  = "415"        // it would take a file of their own, and none came
	)
	type expected struct{ path, body, affiliate, advertiser string }
	const preview = `{"url":"https://t.example/?c={sub1}"}`
	compared := reconcile.NewID(noon, "walked") // advertiser 1's
	tests := map[string]expected{
		"GET /advertisers":                          {"advertisers", "", refused, refused},
		"POST /advertisers":                         {"advertisers", `{"name":"x"}`, refused, refused},
		"GET /advertisers/{id}":                     {"advertisers/1", "", refused, refused},
		"PATCH /advertisers/{id}":                   {"advertisers/1", `{"name":"x"}`, refused, refused},
		"GET /affiliates":                           {"affiliates", "", refused, refused},
		"POST /affiliates":                          {"affiliates", `{"name":"x"}`, refused, refused},
		"GET /affiliates/{id}":                      {"affiliates/1", "", refused, refused},
		"PATCH /affiliates/{id}":                    {"affiliates/1", `{"name":"x"}`, refused, refused},
		"GET /offers":                               {"offers?status=active", "", shared, shared},
		"POST /offers":                              {"offers", `{}`, refused, refused},
		"GET /offers/{id}":                          {"offers/1", "", shared, hidden},
		"PATCH /offers/{id}":                        {"offers/1", `{"name":"x"}`, refused, refused},
		"POST /offers/{offer_id}/check-integration": {"offers/1/check-integration", `{}`, refused, hidden},
		"GET /offers/{offer_id}/check-integration/{transaction_id}": {"offers/1/check-integration/CLICK", "", refused, hidden},
		"GET /offers/{id}/links":                                    {"offers/1/links?affiliate_id=1", "", hidden, hidden},
		"GET /offers/{id}/snippets":                                 {"offers/1/snippets", "", refused, hidden},
		"GET /offers/{offer_id}/goals":                              {"offers/1/goals", "", shared, hidden},
		"POST /offers/{offer_id}/goals":                             {"offers/1/goals", `{"code":"x"}`, refused, refused},
		"GET /offers/{offer_id}/goals/{id}":                         {"offers/1/goals/1", "", shared, hidden},
		"PATCH /offers/{offer_id}/goals/{id}":                       {"offers/1/goals/1", `{"name":"x"}`, refused, refused},
		"GET /templates/measurement":                                {"templates/measurement?offer_id=1", "", refused, hidden},
		"GET /terms":                                                {"terms", "", refused, refused},
		"POST /terms":                                               {"terms", `{"offer_id":1}`, refused, refused},
		"GET /terms/{id}":                                           {"terms/1", "", refused, refused},
		"PATCH /terms/{id}":                                         {"terms/1", `{}`, refused, refused},
		"GET /coupons":                                              {"coupons", "", refused, refused},
		"POST /coupons":                                             {"coupons", `{}`, refused, refused},
		"GET /coupons/{id}":                                         {"coupons/1", "", refused, refused},
		"PATCH /coupons/{id}":                                       {"coupons/1", `{"status":"retired"}`, refused, refused},
		"GET /links":                                                {"links", "", empty, refused},
		"POST /links":                                               {"links", `{"offer_id":1,"affiliate_id":1}`, refused, refused},
		"GET /links/{id}":                                           {"links/spring", "", hidden, refused},
		"PATCH /links/{id}":                                         {"links/spring", `{"status":"retired"}`, hidden, refused},
		"DELETE /links/{id}":                                        {"links/spring", "", hidden, refused},
		"GET /postbacks":                                            {"postbacks", "", empty, empty},
		"POST /postbacks":                                           {"postbacks", `{"owner":{"affiliate_id":1},"url":"https://t.example/?c={sub1}"}`, refused, refused},
		"GET /postbacks/{id}":                                       {"postbacks/1", "", hidden, hidden},
		"PATCH /postbacks/{id}":                                     {"postbacks/1", `{"status":"paused"}`, hidden, hidden},
		"POST /postbacks/preview":                                   {"postbacks/preview", preview, own, own},
		"POST /postbacks/{id}/rotate-secret":                        {"postbacks/1/rotate-secret", "", hidden, hidden},
		"POST /postbacks/{id}/test":                                 {"postbacks/1/test", "", hidden, hidden},
		"GET /clicks":                                               {"clicks", "", empty, refused},
		"GET /clicks/{transaction_id}":                              {"clicks/CLICK", "", hidden, refused},
		"GET /impressions":                                          {"impressions", "", empty, refused},
		"GET /signals":                                              {"signals", "", empty, empty},
		"GET /signals/{id}":                                         {"signals/SIGNAL", "", hidden, hidden},
		"POST /signals/{id}/replay":                                 {"signals/REFUSED/replay", `{"dry_run":true}`, refused, hidden},
		"POST /signals/replay":                                      {"signals/replay", `{"from":"2026-11-22T00:00:00Z","dry_run":true}`, refused, refused},
		"GET /signals/causes":                                       {"signals/causes", "", empty, empty},
		"POST /conversions/review":                                  {"conversions/review", `{"filter":{},"status":"rejected"}`, refused, own},
		"GET /access":                                               {"access", "", empty, refused},
		"POST /offers/{id}/access":                                  {"offers/1/access", "", open, refused},
		"PATCH /offers/{id}/access/{affiliate_id}":                  {"offers/1/access/2", `{"status":"approved"}`, refused, refused},
		"GET /conversions":                                          {"conversions", "", empty, empty},
		"POST /conversions":                                         {"conversions", `{"transaction_id":"CLICK"}`, refused, own},
		"POST /imports/conversions":                                 {"imports/conversions", "", refused, noFile},
		"GET /conversions/{id}":                                     {"conversions/CONVERSION", "", hidden, hidden},
		"PATCH /conversions/{id}":                                   {"conversions/CONVERSION", `{"status":"hold"}`, refused, hidden},
		"GET /deliveries":                                           {"deliveries", "", empty, empty},
		"GET /deliveries/{id}":                                      {"deliveries/DELIVERY", "", hidden, hidden},
		"POST /deliveries/{id}/replay":                              {"deliveries/DELIVERY/replay", "", hidden, hidden},
		"POST /deliveries/{id}/withdraw":                            {"deliveries/DELIVERY/withdraw", "", hidden, hidden},
		"POST /deliveries/replay":                                   {"deliveries/replay", `{"subscription_id":1,"state":"delivered","dry_run":true}`, own, own},
		"POST /deliveries/withdraw":                                 {"deliveries/withdraw", `{"subscription_id":1,"dry_run":true}`, own, own},
		"GET /deliveries/dead":                                      {"deliveries/dead", "", empty, empty},
		"GET /deliveries/replays":                                   {"deliveries/replays", "", empty, empty},
		"GET /deliveries/replays/{id}":                              {"deliveries/replays/1", "", hidden, hidden},
		"POST /deliveries/replays/{id}/undo":                        {"deliveries/replays/1/undo", "", hidden, hidden},
		"POST /deliveries/replays/{id}/cancel":                      {"deliveries/replays/1/cancel", "", hidden, hidden},
		"GET /destinations":                                         {"destinations", "", empty, empty},
		"GET /destinations/{id}":                                    {"destinations/1", "", hidden, hidden},
		"POST /destinations/{id}/pause":                             {"destinations/1/pause", "", hidden, hidden},
		"POST /destinations/{id}/resume":                            {"destinations/1/resume", "", hidden, hidden},
		"GET /templates/postbacks":                                  {"templates/postbacks", "", shared, shared},
		"GET /trace/{transaction_id}":                               {"trace/CLICK", "", hidden, hidden},
		"GET /overview":                                             {"overview", "", shared, shared},
		"GET /overview/live":                                        {"overview/live", "", shared, shared},
		"GET /search":                                               {"search?q=CLICK", "", empty, empty},
		"GET /saved_reports":                                        {"saved_reports", "", empty, empty},
		"POST /saved_reports":                                       {"saved_reports", `{"name":"x","query":""}`, refused, refused},
		"PATCH /saved_reports/{id}":                                 {"saved_reports/1", `{"name":"x"}`, refused, refused},
		"DELETE /saved_reports/{id}":                                {"saved_reports/1", "", refused, refused},
		"GET /trace/{transaction_id}/shares":                        {"trace/CLICK/shares", "", refused, refused},
		"POST /trace/{transaction_id}/shares":                       {"trace/CLICK/shares", `{"as":"affiliate"}`, refused, refused},
		"DELETE /shares/{id}":                                       {"shares/1", "", refused, refused},
		"GET /entries":                                              {"entries?conversion_id=CONVERSION", "", hidden, hidden},
		"GET /balances":                                             {"balances", "", empty, empty},
		"GET /payouts/due":                                          {"payouts/due", "", refused, refused},
		"GET /payouts":                                              {"payouts", "", empty, refused},
		"POST /payouts":                                             {"payouts", `{"affiliate_id":2,"currency":"USD","dry_run":true}`, refused, refused},
		"GET /payouts/{id}":                                         {"payouts/1", "", hidden, refused},
		"PATCH /payouts/{id}":                                       {"payouts/1", `{"note":"x"}`, refused, refused},
		"GET /adjustments":                                          {"adjustments", "", empty, empty},
		"POST /adjustments":                                         {"adjustments", `{"affiliate_id":2}`, refused, refused},
		"GET /adjustments/{id}":                                     {"adjustments/1", "", hidden, hidden},
		"GET /reports":                                              {"reports?dimensions=day", "", shared, shared},
		"GET /reports/caps":                                         {"reports/caps", "", empty, empty},
		"GET /reports/click-to-conversion":                          {"reports/click-to-conversion", "", shared, shared},
		"GET /reports/cohort":                                       {"reports/cohort", "", shared, shared},
		"GET /reports/discrepancy":                                  {"reports/discrepancy", "", refused, shared},
		"GET /reconciliations":                                      {"reconciliations", "", empty, empty},
		"POST /reconciliations":                                     {"reconciliations?advertiser_id=1", "", refused, refused},
		"GET /reconciliations/{id}":                                 {"reconciliations/" + compared, "", hidden, hidden},
		"GET /reconciliations/{id}/rows":                            {"reconciliations/" + compared + "/rows?class=matched", "", hidden, hidden},
		"GET /me":                                                   {"me", "", shared, shared},
		"GET /users":                                                {"users", "", refused, refused},
		"POST /users":                                               {"users", `{"email":"a@example.com","role":"owner"}`, refused, refused},
		"PATCH /users/{id}":                                         {"users/1", `{"name":"x"}`, refused, refused},
		"DELETE /users/{id}":                                        {"users/1", "", refused, refused},
		"POST /users/{id}/invite":                                   {"users/1/invite", "", refused, refused},
		"POST /users/{id}/reset":                                    {"users/1/reset", "", refused, refused},
		"GET /audit":                                                {"audit", "", refused, refused},
		"GET /keys":                                                 {"keys", "", refused, refused},
		"POST /keys":                                                {"keys", `{"role":"network"}`, refused, refused},
		"DELETE /keys/{id}":                                         {"keys/1", "", refused, refused},
		"GET /domains":                                              {"domains", "", refused, refused},
		"POST /domains":                                             {"domains", `{"host":"go.x.example","advertiser_id":2}`, refused, refused},
		"GET /domains/{id}":                                         {"domains/1", "", refused, refused},
		"PATCH /domains/{id}":                                       {"domains/1", `{"status":"paused"}`, refused, refused},
		"GET /settings":                                             {"settings", "", refused, refused},
		"PATCH /settings":                                           {"settings", `{"fallback_url":"https://x.example/"}`, refused, refused},
		"GET /id_map":                                               {"id_map", "", refused, refused},
		"POST /imports/id_map":                                      {"imports/id_map?dry_run=true", "", refused, refused},
	}
	w := newWorld(t)
	w.Warehouse = newWarehouse(t)
	stopped := make(chan struct{}) // a stream ends at once
	close(stopped)
	w.Stopping = stopped
	err := w.db.SaveReconciliation(t.Context(), reconcile.Record{
		ID: compared, Owner: reconcile.Owner{AdvertiserID: 1}, CreatedAt: noon, Parameters: []byte("{}"), Summary: []byte("{}"),
	})
	if err != nil {
		t.Fatal(err)
	}
	w.books(t)
	if _, err := w.db.BeginReplay(t.Context(), delivery.Filter{AffiliateID: 1, State: delivery.Dead}, "key 1", noon); err != nil {
		t.Fatal(err)
	}
	meets := func(t *testing.T, got reply, want string) {
		t.Helper()
		data, _ := got.body["data"].([]any)
		ok := false
		switch want {
		case refused, hidden, noFile, open:
			ok = fmt.Sprint(got.status) == want
		case empty:
			ok = got.status == 200 && len(data) == 0
		case shared:
			ok = got.status == 200
		case own:
			ok = got.status >= 200 && got.status < 300
		}
		if !ok {
			t.Errorf("answer %d %s; want %s", got.status, got.text, want)
		}
	}
	for _, route := range w.routes(t) {
		if route == "GET /shared" { // is for those without a key: see TestSharesThatAreOverAreAlike
			continue
		}
		want, listed := tests[route]
		if !listed {
			t.Errorf("%s is not walked", route)
			continue
		}
		method, _, _ := strings.Cut(route, " ")
		t.Run(route, func(t *testing.T) {
			meets(t, w.do(t, asAffiliate2, method, want.path, want.body), want.affiliate)
			meets(t, w.do(t, asAdvertiser2, method, want.path, want.body), want.advertiser)
			meets(t, w.do(t, asBrowser, method, want.path, want.body), refused)
			if got := w.do(t, "", method, want.path, want.body); got.status != 401 {
				t.Errorf("without a key: %d %s; want 401", got.status, got.text)
			}
		})
	}
	if got := w.do(t, asNetwork, "GET", "postbacks/1", "").header.Get("ETag"); got != `"1"` {
		t.Errorf("the walk changed a postback: ETag %s", got)
	}
}

// routes lists the routes as the description has them.
func (w *world) routes(t *testing.T) []string {
	t.Helper()
	var doc struct{ Paths map[string]map[string]any }
	if err := json.Unmarshal([]byte(w.do(t, "", "GET", "openapi.json", "").text), &doc); err != nil {
		t.Fatal(err)
	}
	var all []string
	for path, methods := range doc.Paths {
		for method := range methods {
			all = append(all, strings.ToUpper(method)+" "+strings.TrimPrefix(path, "/api/v1"))
		}
	}
	slices.Sort(all)
	return all
}

// TestEachRoleSeesItsPart holds what those concerned see of each record.
func TestEachRoleSeesItsPart(t *testing.T) {
	tests := []struct {
		path                  string
		affiliate, advertiser []string // what stands in the answer
		never                 struct{ affiliate, advertiser []string }
	}{
		{
			path: "offers/1", affiliate: []string{`"payout"`, `"click_window"`}, advertiser: []string{`"revenue"`, `"destination_url"`},
			never: never([]string{"revenue", "destination_url", "advertiser_id", "caps"}, []string{"payout", "caps"}),
		},
		{path: "offers/1/goals", affiliate: []string{`"code":"default"`}, advertiser: []string{`"on_repeat"`}, never: never([]string{"revenue"}, []string{"payout"})},
		{
			path: "clicks/CLICK", affiliate: []string{`"aff_click_id":"aff-77"`},
			never: never([]string{`"ip"`, "192.0.2.7", "user_agent", "sent_to"}, nil),
		},
		{
			path: "signals/SIGNAL", affiliate: []string{`"code":"ok"`}, advertiser: []string{`"raw"`, `"parameters"`},
			never: never([]string{"raw", "198.51.100.9", "parameters", "rule", "extra"}, []string{"rule", "198.51.100.9"}),
		},
		{
			path: "signals/REFUSED", affiliate: []string{`"code":"currency_invalid"`, `"message":"the currency is not the offer's"`}, advertiser: []string{`"raw"`},
			never: never([]string{"raw", "amount=10"}, nil),
		},
		{path: "signals", affiliate: []string{"currency_invalid"}, advertiser: []string{"currency_invalid"}, never: never([]string{"rule"}, []string{"rule"})},
		{
			path: "conversions/CONVERSION", affiliate: []string{`"payout":{"amount":"4.00"`, `"aff_click_id":"aff-77"`},
			advertiser: []string{`"revenue":{"amount":"6.00"`, `"affiliate_id":1`, `"customer_id"`},
			never: never([]string{"revenue", "192.0.2.7", "customer_id", "adv-one", "term", "Mozilla", "color"},
				[]string{"payout", "aff-77", "192.0.2.7", "term", "Mozilla", `"may"`}),
		},
		{
			path: "conversions", affiliate: []string{`"payout"`}, advertiser: []string{`"revenue"`},
			never: never([]string{"revenue", "192.0.2.7"}, []string{"payout", "aff-77"}),
		},
		{path: "deliveries", affiliate: []string{`"subscription_id":1`}, never: never([]string{`"subscription_id":2`}, []string{"subscription_id"})},
		{path: "deliveries/DELIVERY", affiliate: []string{`"values"`, `"tries"`, `"host":"tracker.example.com"`}},
		{
			path: "destinations", affiliate: []string{`"id":1,"owner":{"affiliate_id":1}`, `"last_success_at"`},
			never: never([]string{`"id":2`, "network"}, []string{`"id"`}),
		},
		{path: "deliveries/replays", never: never([]string{`"actor"`}, []string{`"actor"`})},
		{
			path: "entries?conversion_id=CONVERSION", affiliate: []string{`"party":"affiliate"`}, advertiser: []string{`"party":"advertiser"`},
			never: never([]string{"advertiser", `"party":"network"`, "6.00", "2.00"}, []string{"affiliate", `"party":"network"`, "4.00", "2.00"}),
		},
		{
			path: "balances", affiliate: []string{`"amount":"-4.00"`}, advertiser: []string{`"amount":"6.00"`},
			never: never([]string{"6.00", "2.00"}, []string{"4.00", "2.00"}),
		},
		{
			path: "trace/CLICK", affiliate: []string{`"kind":"click"`, `"kind":"verdict"`, `"kind":"attempt"`, `"kind":"entry"`}, advertiser: []string{`"kind":"signal"`, `"kind":"conversion"`},
			never: never([]string{"revenue", "192.0.2.7", "198.51.100.9", "6.00", "shop.example.com", `"rule"`, "subscription 2"},
				[]string{"payout", "4.00", "aff-77", "192.0.2.7", "subscription", "shop.example.com", `"attempt"`}),
		},
		{
			path: "offers/1/links?affiliate_id=1", affiliate: []string{"/click?offer_id=1&affiliate_id=1"}, advertiser: []string{"token=token-of-One"},
			never: never([]string{"token", "postback", "snippets", "pixel"}, []string{"/click?", "/impression?"}),
		},
		{path: "offers/1/snippets", advertiser: []string{"token-of-One"}, never: never([]string{"token"}, []string{"secret-of-One"})},
	}
	w := newWorld(t)
	for _, tt := range tests {
		for as, want := range map[string][2][]string{
			asAffiliate1: {tt.affiliate, tt.never.affiliate}, asAdvertiser1: {tt.advertiser, tt.never.advertiser},
		} {
			t.Run(tt.path+" as "+as, func(t *testing.T) {
				got := w.do(t, as, "GET", tt.path, "")
				for _, part := range want[0] {
					if !strings.Contains(got.text, part) {
						t.Errorf("answer %d %s\nlacks %s", got.status, got.text, part)
					}
				}
				for _, part := range want[1] {
					if strings.Contains(got.text, part) {
						t.Errorf("answer %s\nmust not hold %s", got.text, part)
					}
				}
			})
		}
	}
}

func never(affiliate, advertiser []string) struct{ affiliate, advertiser []string } {
	return struct{ affiliate, advertiser []string }{affiliate, advertiser}
}

// TestRolesNeverSee holds the lists themselves: no list of an affiliate has
// revenue, addresses or raw hits, none of an advertiser payouts.
func TestRolesNeverSee(t *testing.T) {
	kinds := []kind{
		kindOffer, kindGoal, kindSubscription, kindClick, kindSignal, kindVerdict, kindConversion, kindEntry, kindBalance, kindDelivery,
		kindPayout, kindAdjustment,
		kindDestination, kindDeadLetters, kindJob, kindLink, kindNetwork,
	}
	tests := []struct {
		role  account.Role
		never []string
	}{
		{account.Affiliate, []string{"revenue", "ip", "raw", "term", "rule", "parameters", "extra", "user_agent", "token", "sig_secret", "touch", "verdict", "touch.ip"}},
		{account.Advertiser, []string{"payout", "payout_id", "term", "rule", "ip", "touch", "touch.ip", "touch.sub", "touch.aff_click_id", "touch.source", "verdict"}},
		{account.Publishable, []string{"id"}},
	}
	for _, tt := range tests {
		for _, k := range kinds {
			for _, field := range visible(tt.role, k) {
				own := k == kindSubscription && field == "parameters" // of a format, not of a hit
				if slices.Contains(tt.never, field) && !own {
					t.Errorf("%s sees %s of %s", tt.role, field, k)
				}
			}
		}
		if got := visible(tt.role, kindNetwork); got != nil {
			t.Errorf("%s sees %v of what is the network's alone", tt.role, got)
		}
	}
}

func TestPartnersCannotFilterByWhatIsHidden(t *testing.T) {
	w := newWorld(t)
	for _, tt := range []struct {
		as, path string
		status   int
	}{
		{asAffiliate1, "offers?advertiser_id=1", 403},
		{asAffiliate1, "conversions?advertiser_id=1", 403},
		{asAdvertiser1, "conversions?affiliate_id=1", 200},
		{asAdvertiser1, "offers?advertiser_id=1", 200},
		{asAffiliate1, "postbacks?affiliate_id=1", 403},
	} {
		if got := w.do(t, tt.as, "GET", tt.path, ""); got.status != tt.status {
			t.Errorf("%s as %s = %d %s; want %d", tt.path, tt.as, got.status, got.text, tt.status)
		}
	}
	for _, path := range []string{"conversions?affiliate_id=2", "balances?party=advertiser", "balances?party=affiliate&party_id=2"} {
		got := w.do(t, asAffiliate1, "GET", path, "")
		if data, _ := got.body["data"].([]any); got.status != 200 || len(data) != 0 {
			t.Errorf("%s = %d %s; want an empty list", path, got.status, got.text)
		}
	}
}

func TestPartnersManageTheirOwnPostbacks(t *testing.T) {
	w := newWorld(t)
	made := w.do(t, asAffiliate2, "POST", "postbacks", `{"url":"http://t.example/?p={payout}"}`)
	if made.status != 201 || !strings.Contains(made.text, `"owner":{"affiliate_id":2}`) || !strings.Contains(made.text, `"on":["conversion.created"]`) {
		t.Fatalf("POST postbacks = %d %s; want affiliate 2's own with its defaults", made.status, made.text)
	}
	if !strings.Contains(made.text, `"warnings"`) {
		t.Errorf("answer %s lacks warnings", made.text)
	}
	path := strings.TrimPrefix(made.header.Get("Location"), "/api/v1/")
	for _, tt := range []struct {
		name, as, body string
		status         int
	}{
		{"its owner changes it", asAffiliate2, `{"status":"paused"}`, 200},
		{"its owner gives it away", asAffiliate2, `{"owner":{"affiliate_id":1}}`, 422},
		{"its owner makes it the network's", asAffiliate2, `{"owner":{"affiliate_id":null,"network":true}}`, 422},
		{"its owner asks for revenue", asAffiliate2, `{"url":"https://t.example/?r={revenue}"}`, 422},
		{"another changes it", asAffiliate1, `{"status":"active"}`, 404},
		{"an advertiser changes it", asAdvertiser1, `{"status":"active"}`, 404},
		{"the network gives it away", asNetwork, `{"owner":{"affiliate_id":1}}`, 422},
		{"the network changes it", asNetwork, `{"status":"active"}`, 200},
	} {
		if got := w.do(t, tt.as, "PATCH", path, tt.body); got.status != tt.status {
			t.Errorf("%s: %d %s; want %d", tt.name, got.status, got.text, tt.status)
		}
	}
	if got := w.do(t, asNetwork, "GET", path, ""); !strings.Contains(got.text, `"owner":{"affiliate_id":2}`) {
		t.Errorf("the owner is %s; want affiliate 2 still", got.text)
	}
}
