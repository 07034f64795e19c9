package api

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"waybill/internal/account"
	"waybill/internal/reconcile"
	"waybill/internal/user"
)

// beyond lists the routes whose right does not follow from their method. Whoever
// adds one says here what it takes.
func beyond() map[string]account.Right {
	return map[string]account.Right{
		"GET /keys": account.Administer, "POST /keys": account.Administer, "DELETE /keys/{id}": account.Administer,
		"PATCH /settings": account.Administer, "POST /domains": account.Administer, "PATCH /domains/{id}": account.Administer,
		"GET /users": account.Invite, "POST /users": account.Invite, "PATCH /users/{id}": account.Invite, "DELETE /users/{id}": account.Invite,
		"POST /users/{id}/invite": account.Invite, "POST /users/{id}/reset": account.Invite,
		"GET /audit": account.Audit,
		// What changes nothing, or nothing but what is one's own.
		"POST /postbacks/preview": account.Read,
		"POST /saved_reports":     account.Read, "PATCH /saved_reports/{id}": account.Read, "DELETE /saved_reports/{id}": account.Read,
		// What may be tried out; TestTrials holds that it is not done.
		"POST /signals/{id}/replay": account.Read, "POST /signals/replay": account.Read, "POST /conversions/review": account.Read,
		"POST /deliveries/replay": account.Read, "POST /deliveries/withdraw": account.Read,
		"POST /imports/id_map": account.Read, "POST /imports/conversions": account.Read, "POST /reconciliations": account.Read,
		"POST /payouts": account.Read,
	}
}

// rightOf gives what a route of the description takes.
func rightOf(route string) account.Right {
	if r, ok := beyond()[route]; ok {
		return r
	}
	if strings.HasPrefix(route, "GET ") {
		return account.Read
	}
	return account.Write
}

// lacks reports whether an answer says that the caller lacks the right.
func lacks(got reply) bool {
	return got.status == http.StatusForbidden && strings.Contains(got.text, "this takes the right to")
}

// mayTry reports whether an answer says that the caller may see what would come
// of the request: then the route has let it in.
func mayTry(got reply) bool { return strings.Contains(got.text, "with dry_run") }

// TestEveryRouteAsksForItsRight sends a request to each route as each of the
// network's grades, and finds out who is let in.
func TestEveryRouteAsksForItsRight(t *testing.T) {
	w := newWorld(t)
	w.Warehouse = newWarehouse(t)
	people := w.people(t)
	routes := w.routes(t)
	for route := range beyond() {
		if !slices.Contains(routes, route) {
			t.Errorf("there is no %s any more", route)
		}
	}
	may := map[user.Role][]account.Right{
		user.Owner:   {account.Read, account.Write, account.Invite, account.Audit, account.Administer},
		user.Manager: {account.Read, account.Write, account.Invite, account.Audit},
		user.Analyst: {account.Read},
	}
	for _, route := range routes {
		if lasting(route) || public(route) {
			continue
		}
		method, path, _ := strings.Cut(route, " ")
		for role, rights := range may {
			r := httptest.NewRequest(method, "/api/v1"+nowhereIn(path), nil)
			r.Header.Set("Cookie", people[role])
			rec := httptest.NewRecorder()
			w.handler.ServeHTTP(rec, r)
			got := reply{status: rec.Code, text: rec.Body.String()}
			if want := !slices.Contains(rights, rightOf(route)); (lacks(got) && !mayTry(got)) != want {
				t.Errorf("%s as %s is refused: %t (%d %s), want %t", route, role, lacks(got), got.status, got.text, want)
			}
		}
	}
	// The walk itself must have done nothing to those who walked.
	if got := w.by(t, people[user.Owner], "GET", "users", ""); strings.Count(got.text, `"status":"active"`) != 5 {
		t.Errorf("after the walk the users are %s", got.text)
	}
}

// lasting reports whether a route answers until it is told to stop.
func lasting(route string) bool { return route == "GET /overview/live" }

// public reports whether a route asks nobody who calls.
func public(route string) bool { return route == "GET /shared" }

// nowhereIn puts numbers that nothing has into a path.
func nowhereIn(path string) string {
	parts := strings.Split(path, "/")
	for i, part := range parts {
		if strings.HasPrefix(part, "{") {
			parts[i] = "999"
		}
	}
	return strings.Join(parts, "/")
}

// TestTrials holds that an analyst sees what would come of a change, and cannot
// make it.
func TestTrials(t *testing.T) {
	w, _ := newImportWorld(t)
	w.Warehouse = newWarehouse(t)
	people := w.people(t)
	const from = `"from":"2026-11-22T00:00:00Z"`
	tests := []struct{ name, path, dry, real, media string }{
		{"a signal is judged again", "signals/REFUSED/replay", `{"dry_run":true}`, `{}`, ""},
		{"many signals are judged again", "signals/replay", `{` + from + `,"dry_run":true}`, `{` + from + `,"dry_run":false}`, ""},
		{"conversions are reviewed", "conversions/review", `{"filter":{},"status":"rejected","dry_run":true}`, `{"filter":{},"status":"rejected","dry_run":false}`, ""},
		{"postbacks are delivered again", "deliveries/replay", `{"state":"delivered","subscription_id":1,"dry_run":true}`, `{"state":"delivered","subscription_id":1,"dry_run":false}`, ""},
		{"postbacks are withdrawn", "deliveries/withdraw", `{"subscription_id":1,"dry_run":true}`, `{"subscription_id":1,"dry_run":false}`, ""},
		{"TUNE's numbers are imported", "imports/id_map?dry_run=true", "kind,tune_id,waybill_id\noffer,5,1\n", "", "text/csv"},
		{"conversions are imported", "imports/conversions?dry_run=true", "transaction_id,amount\nCLICK,1\n", "", "text/csv"},
		{"an affiliate is paid", "payouts", `{"affiliate_id":1,"currency":"USD","dry_run":true}`, `{"affiliate_id":1,"currency":"USD"}`, ""},
		{"a list is compared", "reconciliations?dry_run=true&advertiser_id=1", "transaction_id,amount\nCLICK,1\n", "", "text/csv"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			media, path, body := tt.media, strings.Replace(tt.path, "dry_run=true", "dry_run=false", 1), tt.real
			if media == "" {
				media = "application/json"
			} else {
				body = tt.dry
			}
			headers := []string{"Cookie", people[user.Analyst], "Content-Type", media, "Sec-Fetch-Site", "same-origin"}
			if got := w.send("", "POST", tt.path, strings.NewReader(w.fill(tt.dry)), headers...); got.status != http.StatusOK {
				t.Errorf("tried out: %d %s; want 200", got.status, got.text)
			}
			if got := w.send("", "POST", path, strings.NewReader(w.fill(body)), headers...); !lacks(got) || !mayTry(got) {
				t.Errorf("done: %d %s; want 403", got.status, got.text)
			}
		})
	}
}

// sights gives a path with something to see for every GET route. A route without
// one fails the walk.
func (w *world) sights(t *testing.T) map[string]string {
	t.Helper()
	compared := reconcile.NewID(noon, "seen")
	err := w.db.SaveReconciliation(t.Context(), reconcile.Record{
		ID: compared, Owner: reconcile.Owner{AdvertiserID: 1}, CreatedAt: noon, Parameters: []byte("{}"), Summary: []byte("{}"),
	})
	if err != nil {
		t.Fatal(err)
	}
	w.do(t, asNetwork, "POST", "terms", `{"offer_id":1,"payout":{"type":"cpa","amount":"5"}}`)
	w.do(t, asNetwork, "POST", "coupons", `{"code":"JUNE10","offer_id":1,"affiliate_id":1}`)
	w.do(t, asNetwork, "POST", "domains", `{"host":"go.june.example","advertiser_id":1}`)
	begun := w.do(t, asNetwork, "POST", "offers/1/check-integration", `{}`)
	check, _ := begun.body["transaction_id"].(string)
	w.do(t, asNetwork, "POST", "deliveries/replay", `{"state":"delivered","subscription_id":1,"dry_run":false}`)
	w.do(t, asNetwork, "POST", "trace/CLICK/shares", `{"as":"advertiser"}`)
	paths := map[string]string{
		"GET /links/{id}": "links/spring", "GET /clicks/{transaction_id}": "clicks/CLICK", "GET /signals/{id}": "signals/SIGNAL",
		"GET /conversions/{id}": "conversions/CONVERSION", "GET /deliveries/{id}": "deliveries/DELIVERY",
		"GET /trace/{transaction_id}": "trace/CLICK", "GET /trace/{transaction_id}/shares": "trace/CLICK/shares",
		"GET /offers/{offer_id}/check-integration/{transaction_id}": "offers/1/check-integration/" + check,
		"GET /templates/measurement":                                "templates/measurement?offer_id=1", "GET /entries": "entries?conversion_id=CONVERSION",
		"GET /reports": "reports?dimensions=day", "GET /search": "search?q=offer", "GET /offers/{id}/links": "offers/1/links?affiliate_id=1",
		"GET /reconciliations/{id}": "reconciliations/" + compared, "GET /reconciliations/{id}/rows": "reconciliations/" + compared + "/rows?class=matched",
	}
	for _, route := range w.routes(t) {
		path, isGet := strings.CutPrefix(route, "GET /")
		if _, known := paths[route]; known || !isGet {
			continue
		}
		paths[route] = strings.ReplaceAll(nowhereIn(path), "999", "1")
	}
	return paths
}

// look gives the answer to a GET; of a stream, the first event.
func (w *world) look(t *testing.T, path string, headers ...string) reply {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), 10*time.Second)
	defer stop()
	r := httptest.NewRequest(http.MethodGet, "/api/v1/"+w.fill(path), nil).WithContext(ctx)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	rec := &firstEvent{ResponseRecorder: httptest.NewRecorder(), stop: stop}
	w.handler.ServeHTTP(rec, r)
	return reply{status: rec.Code, header: rec.Header(), text: rec.Body.String()}
}

// firstEvent is a client that leaves a stream once it has seen something.
type firstEvent struct {
	*httptest.ResponseRecorder
	stop func()
}

func (f *firstEvent) Write(b []byte) (int, error) {
	n, err := f.ResponseRecorder.Write(b)
	if strings.HasPrefix(f.Header().Get("Content-Type"), "text/event-stream") && strings.Contains(f.Body.String(), "\n\n") {
		f.stop()
	}
	return n, err
}

// TestViewAsIsThePartnersView compares, on every GET route, what somebody of the
// network sees with a partner's eyes with what that partner's key sees.
func TestViewAsIsThePartnersView(t *testing.T) {
	w := newWorld(t)
	w.Warehouse = newWarehouse(t)
	people := w.people(t)
	// These say of whom they speak, or are of users alone, whom keys are not.
	differ := []string{"GET /me", "GET /saved_reports"}
	seen := 0
	for route, path := range w.sights(t) {
		if public(route) || slices.Contains(differ, route) {
			continue
		}
		for as, eyes := range map[string]string{
			asAdvertiser1: "advertiser:1", asAdvertiser2: "advertiser:2", asAffiliate1: "affiliate:1", asAffiliate2: "affiliate:2",
		} {
			want := w.look(t, path, "Authorization", "Bearer "+w.keys[as])
			for name, header := range map[string][]string{
				"a network key": {"Authorization", "Bearer " + w.keys[asNetwork]},
				"an owner":      {"Cookie", people[user.Owner]}, "a manager": {"Cookie", people[user.Manager]},
			} {
				got := w.look(t, path, append(header, viewAsHeader, eyes)...)
				if got.status != want.status || bare(got) != bare(want) || got.header.Get("Content-Type") != want.header.Get("Content-Type") {
					t.Errorf("GET %s: %s sees as %s\n%d %s, want\n%d %s", path, name, eyes, got.status, got.text, want.status, want.text)
				}
			}
			if want.status == http.StatusOK {
				seen++
			}
		}
	}
	if seen < 60 {
		t.Errorf("only %d answers had anything in them", seen)
	}
}

// bare is an answer's text without what names the request itself, and without
// whose key or log-in it was.
func bare(r reply) string {
	text := strings.ReplaceAll(r.text, r.header.Get("Request-Id"), "REQUEST")
	text, _, _ = strings.Cut(text, `,"complete":`) // how far a search came in its time
	return strings.NewReplacer("users of role", "a key of role", "do not reach", "does not reach").Replace(text)
}

// TestViewAsOnlyLooks holds who may look with whose eyes, and that nothing is
// changed that way.
func TestViewAsOnlyLooks(t *testing.T) {
	w := newWorld(t)
	people := w.people(t)
	tests := []struct {
		name, cookie, method, path, body, eyes string
		want                                   int
		tells                                  string
	}{
		{"an analyst may look", people[user.Analyst], "GET", "me", "", "advertiser:2", 200, `"view_as":true`},
		{"and has the right to read alone", people[user.Owner], "GET", "me", "", "affiliate:1", 200, `"rights":["read"]`},
		{"with a partner's eyes there are no users", people[user.Owner], "GET", "users", "", "affiliate:1", 403, "do not reach"},
		{"nothing is changed", people[user.Owner], "PATCH", "affiliates/1", `{"name":"x"}`, "affiliate:1", 403, "leave view-as first"},
		{"nothing is even tried", people[user.Owner], "POST", "postbacks/preview", `{"url":"https://t.example/"}`, "affiliate:1", 403, "leave view-as first"},
		{"an affiliate has its own eyes alone", people[user.Affiliate], "GET", "me", "", "affiliate:1", 403, "network alone"},
		{"an advertiser too", people[user.Advertiser], "GET", "me", "", "advertiser:2", 403, "network alone"},
		{"nobody has the network's", people[user.Analyst], "GET", "me", "", "network:1", 422, "header." + viewAsHeader},
		{"nor those of a partner who is not there", people[user.Owner], "GET", "me", "", "affiliate:99", 422, "no affiliate 99"},
		{"a number is one", people[user.Owner], "GET", "me", "", "affiliate:one", 422, "affiliate:ID"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := w.by(t, tt.cookie, tt.method, tt.path, tt.body, viewAsHeader, tt.eyes)
			if got.status != tt.want || !strings.Contains(got.text, tt.tells) {
				t.Errorf("answer %d %s; want %d with %s", got.status, got.text, tt.want, tt.tells)
			}
		})
	}
}

// TestViewAsIsNoted holds that the audit tells when somebody begins to look, and
// not of every request.
func TestViewAsIsNoted(t *testing.T) {
	w := newWorld(t)
	owner := w.people(t)[user.Owner]
	now := noon
	w.Now = func() time.Time { return now }
	noted := func() int {
		notes, _, err := w.AuditLog.Audit(t.Context(), AuditFilter{Action: "view_as", Actor: "user 1"})
		if err != nil {
			t.Fatal(err)
		}
		return len(notes)
	}
	for _, step := range []struct {
		after time.Duration
		eyes  string
		want  int
	}{
		{0, "affiliate:1", 1},
		{time.Minute, "affiliate:1", 1},
		{time.Minute, "affiliate:2", 2},
		{28 * time.Minute, "affiliate:1", 2},
		{30 * time.Minute, "affiliate:1", 3},
	} {
		now = now.Add(step.after)
		w.by(t, owner, "GET", "me", "", viewAsHeader, step.eyes)
		if got := noted(); got != step.want {
			t.Errorf("after %s as %s the audit has %d notes, want %d", step.after, step.eyes, got, step.want)
		}
	}
}

// TestAViewThatCouldNotBeNotedIsNotedNext has the audit fail once.
func TestAViewThatCouldNotBeNotedIsNotedNext(t *testing.T) {
	k, l := newLooks(), look{userID: 1, role: account.Affiliate, id: 1}
	if !k.begins(l, noon) || k.begins(l, noon) {
		t.Fatal("a look does not begin once")
	}
	k.end(l)
	if !k.begins(l, noon) {
		t.Error("a look that was not noted does not begin anew")
	}
}

// TestAnalystsSeeNoSecrets walks every GET route for secrets, as an analyst and
// with a partner's eyes.
func TestAnalystsSeeNoSecrets(t *testing.T) {
	w := newWorld(t)
	w.Warehouse = newWarehouse(t)
	people := w.people(t)
	w.leak(t)
	paths := w.sights(t)
	paths["a list as csv"] = "signals?format=csv&columns=all"
	secrets := append(writtenIn(oddSecret), "token-of-One-0123456789", "secret-of-One-0123456789", "token-of-Two-0123456789", "secret-of-Two-0123456789",
		"previous-token-0123456789", "whsec_", "tracker-password")
	shown := map[string]bool{}
	for route, path := range paths {
		for _, headers := range [][]string{
			{"Cookie", people[user.Analyst]},
			{"Cookie", people[user.Analyst], viewAsHeader, "advertiser:1"},
			{"Cookie", people[user.Analyst], viewAsHeader, "affiliate:1"},
		} {
			got := w.look(t, path, headers...)
			for _, secret := range secrets {
				if strings.Contains(got.text, secret) {
					t.Errorf("%s tells an analyst (%v) the secret %s: %s", route, headers[2:], secret, got.text)
				}
			}
		}
		got := w.look(t, path, "Cookie", people[user.Owner])
		for _, secret := range secrets {
			if strings.Contains(got.text, secret) {
				shown[route] = true
			}
		}
	}
	// Where there is nothing to hide the walk would prove nothing.
	for _, route := range []string{"GET /advertisers", "GET /advertisers/{id}", "GET /offers/{id}/links", "GET /offers/{id}/snippets", "GET /signals/{id}"} {
		if !shown[route] {
			t.Errorf("%s shows an owner no secret", route)
		}
	}
}
