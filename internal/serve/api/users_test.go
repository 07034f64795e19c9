package api

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"waybill/internal/account"
	"waybill/internal/fault"
	"waybill/internal/user"
)

// testCookie is the cookie of these tests: its value is the number of a user, and
// what stands behind it where that one has not confirmed lately.
const (
	testCookie  = "session"
	unconfirmed = "-unconfirmed"
)

// session gives whose cookie a request bears.
func (w *world) session(r *http.Request) (account.Principal, error) {
	c, err := r.Cookie(testCookie)
	if err != nil {
		return account.Principal{}, fault.New(fault.Unauthorized, "log in")
	}
	var id int64
	if _, err := fmt.Sscan(c.Value, &id); err != nil {
		return account.Principal{}, fault.New(fault.Unauthorized, "log in")
	}
	u, err := w.db.User(r.Context(), id)
	if err != nil || u.Status != user.Active {
		return account.Principal{}, fault.New(fault.Unauthorized, "log in")
	}
	p := u.Principal()
	p.Confirmed = !strings.HasSuffix(c.Value, unconfirmed)
	return p, nil
}

func (w *world) invite(ctx context.Context, by account.Principal, u user.User, kind user.LinkKind, console string) (Sent, error) {
	token := fmt.Sprintf("%s-of-%d", kind, u.ID)
	err := w.db.CreateLink(ctx, user.ByOf(by), user.NewLink(kind, u.ID, noon), user.Hash(token))
	return Sent{Link: console + "/console/link#" + token}, err
}

// people makes one of each role, and gives the cookie of each.
func (w *world) people(t *testing.T) map[user.Role]string {
	t.Helper()
	cookies := map[user.Role]string{}
	for _, role := range []user.Role{user.Owner, user.Manager, user.Analyst, user.Advertiser, user.Affiliate} {
		u := user.Default()
		u.Email, u.Name, u.Role = string(role)+"@example.com", "The "+string(role), role
		switch role {
		case user.Advertiser:
			u.AdvertiserID = 1
		case user.Affiliate:
			u.AffiliateID = 1
		default:
		}
		made := must[user.User](t)(w.db.CreateUser(t.Context(), user.By{Actor: "test"}, u, true))
		cookies[role] = fmt.Sprintf("%s=%d", testCookie, made.ID)
	}
	return cookies
}

// by sends a request with a cookie, as the console's page does.
func (w *world) by(t *testing.T, cookie, method, path, body string, headers ...string) reply {
	t.Helper()
	return w.do(t, "", method, path, body, append([]string{"Cookie", cookie, "Sec-Fetch-Site", "same-origin"}, headers...)...)
}

// TestAChangeComesFromTheConsole asks what the operator's settings make of a page.
func TestAChangeComesFromTheConsole(t *testing.T) {
	w := newWorld(t)
	cross := http.NewCrossOriginProtection()
	if err := cross.AddTrustedOrigin("https://admin.example.com"); err != nil {
		t.Fatal(err)
	}
	w.SameOrigin = cross.Check
	w.handler = w.Handler()
	owner := w.people(t)[user.Owner]
	for origin, want := range map[string]int{"https://admin.example.com": 200, "https://evil.example": 403} {
		got := w.do(t, "", "PATCH", "affiliates/1", `{"name":"x"}`, "Cookie", owner, "Sec-Fetch-Site", "same-site", "Origin", origin)
		if got.status != want {
			t.Errorf("a page of %s is answered %d %s, want %d", origin, got.status, got.text, want)
		}
	}
}

// TestAKeptAnswerIsForWhoMayStillAsk makes an analyst of an owner between two
// equal requests.
func TestAKeptAnswerIsForWhoMayStillAsk(t *testing.T) {
	w := newWorld(t)
	people := w.people(t)
	ask := func() reply {
		return w.by(t, people[user.Manager], "POST", "affiliates", `{"name":"Three"}`, "Idempotency-Key", "once")
	}
	first, again := ask(), ask()
	if first.status != 201 || again.text != first.text {
		t.Fatalf("asked twice: %d %s and %d %s, want the same", first.status, first.text, again.status, again.text)
	}
	id := strings.TrimPrefix(people[user.Manager], testCookie+"=")
	if got := w.by(t, people[user.Owner], "PATCH", "users/"+id, `{"role":"analyst"}`); got.status != 200 {
		t.Fatalf("made an analyst: %d %s", got.status, got.text)
	}
	if got := ask(); got.status != 403 {
		t.Errorf("asked as an analyst: %d %s, want 403", got.status, got.text)
	}
}

// TestAManagerGetsNoLinkOfWhoIsRaised has an owner make a manager of a partner's user
// in the moment in which another manager has a link made for that user.
func TestAManagerGetsNoLinkOfWhoIsRaised(t *testing.T) {
	w := newWorld(t)
	people := w.people(t)
	id := strings.TrimPrefix(people[user.Affiliate], testCookie+"=")
	w.Invite = func(ctx context.Context, by account.Principal, u user.User, kind user.LinkKind, console string) (Sent, error) {
		raised := w.by(t, people[user.Owner], "PATCH", "users/"+id, `{"role":"manager","affiliate_id":null}`)
		if raised.status != 200 {
			t.Errorf("made a manager: %d %s", raised.status, raised.text)
		}
		return w.invite(ctx, by, u, kind, console)
	}
	if got := w.by(t, people[user.Manager], "POST", "users/"+id+"/reset", ""); got.status != 403 || strings.Contains(got.text, "reset-of") {
		t.Errorf("a manager is answered %d %s, want 403 and no link", got.status, got.text)
	}
}

// TestAPartnersUserJoinsTheNetworkByANewLink goes from the change to the link.
func TestAPartnersUserJoinsTheNetworkByANewLink(t *testing.T) {
	w := newWorld(t)
	people := w.people(t)
	id := strings.TrimPrefix(people[user.Affiliate], testCookie+"=")
	got := w.by(t, people[user.Owner], "PATCH", "users/"+id, `{"role":"manager","affiliate_id":null}`)
	if got.status != 200 || got.body["role"] != "manager" || got.body["joined_at"] != nil {
		t.Fatalf("made a manager: %d %s, want one who has yet to join", got.status, got.text)
	}
	for _, path := range []string{"invite", "reset"} {
		if got := w.by(t, people[user.Owner], "POST", "users/"+id+"/"+path, ""); got.status != 200 || got.body["link"] == nil {
			t.Errorf("POST %s = %d %s, want a link", path, got.status, got.text)
		}
	}
}

// TestCookieOrKey holds which of the two says who calls.
func TestCookieOrKey(t *testing.T) {
	w := newWorld(t)
	owner := w.people(t)[user.Owner]
	const change = `{"name":"x"}`
	tests := []struct {
		name, as, method, path, body string
		headers                      []string
		want                         int
		tells                        string
	}{
		{"a cookie alone is who is logged in", "", "GET", "me", "", []string{"Cookie", owner}, 200, `"email":"owner@example.com"`},
		{"a key goes before a cookie", asAffiliate1, "GET", "me", "", []string{"Cookie", owner}, 200, `"role":"affiliate"`},
		{"a key that is wrong is not saved by a cookie", "", "GET", "me", "", []string{"Cookie", owner, "Authorization", "Bearer x"}, 401, "unknown or revoked"},
		{"an empty key neither", "", "GET", "me", "", []string{"Cookie", owner, "Authorization", ""}, 401, "Bearer KEY"},
		{"neither of them is nobody", "", "GET", "me", "", nil, 401, "unauthorized"},
		{"a cookie of nobody is nobody", "", "GET", "me", "", []string{"Cookie", testCookie + "=99"}, 401, "unauthorized"},
		{"the console's page changes by cookie", "", "PATCH", "affiliates/1", change, []string{"Cookie", owner, "Sec-Fetch-Site", "same-origin"}, 200, `"x"`},
		{"another site's page does not", "", "PATCH", "affiliates/1", change, []string{"Cookie", owner, "Sec-Fetch-Site", "cross-site"}, 403, "another site"},
		{"another name of the same site does not", "", "PATCH", "affiliates/1", change, []string{"Cookie", owner, "Sec-Fetch-Site", "same-site"}, 403, "another site"},
		{"an old browser of another site does not", "", "PATCH", "affiliates/1", change, []string{"Cookie", owner, "Origin", "https://evil.example"}, 403, "another site"},
		{"another site's page may have something read to itself", "", "GET", "affiliates/1", "", []string{"Cookie", owner, "Sec-Fetch-Site", "cross-site"}, 200, `"x"`},
		{"a key is not held to that", asNetwork, "PATCH", "affiliates/1", change, []string{"Sec-Fetch-Site", "cross-site"}, 200, `"x"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := w.do(t, tt.as, tt.method, tt.path, tt.body, tt.headers...)
			if got.status != tt.want || !strings.Contains(got.text, tt.tells) {
				t.Errorf("answer %d %s; want %d with %s", got.status, got.text, tt.want, tt.tells)
			}
		})
	}
	w.Sessions = nil
	if got := w.do(t, "", "GET", "me", "", "Cookie", owner); got.status != 401 {
		t.Errorf("where nobody can log in a cookie is answered %d", got.status)
	}
}

// TestMe holds what each caller is told of itself.
func TestMe(t *testing.T) {
	w := newWorld(t)
	w.Version = "1.2.3"
	people := w.people(t)
	tests := []struct {
		name, as, cookie string
		tells            []string
	}{
		{"a network key", asNetwork, "", []string{`"key_id":`, `"role":"network"`, `"grade":"owner"`, `"rights":["read","write","invite","audit","administer"]`, `"version":"1.2.3"`, `"public_url":"https://go.example.com"`, `"view_as":false`}},
		{"an advertiser's key", asAdvertiser1, "", []string{`"role":"advertiser"`, `"advertiser_id":1`, `"party_name":"One"`, `"rights":["read","write"]`}},
		{"an affiliate's key", asAffiliate2, "", []string{`"affiliate_id":2`, `"party_name":"Two"`}},
		{"an owner", "", people[user.Owner], []string{`"user":{"id":1,"email":"owner@example.com","name":"The owner","role":"owner","totp":false}`, `"grade":"owner"`}},
		{"a manager", "", people[user.Manager], []string{`"grade":"manager"`, `"rights":["read","write","invite","audit"]`}},
		{"an analyst", "", people[user.Analyst], []string{`"grade":"analyst"`, `"rights":["read"]`}},
		{"a user of an affiliate", "", people[user.Affiliate], []string{`"role":"affiliate","affiliate_id":1`, `"party_name":"One"`, `"rights":["read","write"]`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := w.do(t, tt.as, "GET", "me", "")
			if tt.cookie != "" {
				got = w.by(t, tt.cookie, "GET", "me", "")
				if strings.Contains(got.text, "key_id") {
					t.Errorf("somebody logged in has a key: %s", got.text)
				}
			}
			for _, want := range tt.tells {
				if !strings.Contains(got.text, want) {
					t.Errorf("me = %d %s; want %s", got.status, got.text, want)
				}
			}
		})
	}
}

// TestUsers follows people from their invitation to their removal.
func TestUsers(t *testing.T) {
	w := newWorld(t)
	owner := w.people(t)[user.Owner] // users 1 to 5
	steps := []struct {
		name, method, path, body string
		want                     int
		tells                    string
	}{
		{"an invitation has a link", "POST", "users", `{"email":" Joan@Example.com ","name":"Joan","role":"affiliate","affiliate_id":2}`, 201, `"link":"http://example.com/console/link#invitation-of-6","mailed":false`},
		{"the address is kept folded", "GET", "users?cursor=" + cursor(int64(5)), "", 200, `"email":"joan@example.com"`},
		{"nobody is there twice", "POST", "users", `{"email":"joan@example.com","role":"analyst"}`, 409, "email"},
		{"what is wrong is named", "POST", "users", `{"email":"x","role":"king","zone":"Mars/Base"}`, 422, "body.zone"},
		{"what Waybill says is not set", "POST", "users", `{"email":"x@example.com","role":"analyst","joined_at":"2026-11-22T00:00:00Z"}`, 422, "joined_at"},
		{"who has not come is invited again", "POST", "users/6/invite", "", 200, "#invitation-of-6"},
		{"who has come is not", "POST", "users/2/invite", "", 409, "accepted"},
		{"but may set a new password", "POST", "users/2/reset", "", 200, "#reset-of-2"},
		{"a role is changed", "PATCH", "users/3", `{"role":"manager"}`, 200, `"role":"manager"`},
		{"a partner is one's own or none", "PATCH", "users/4", `{"role":"affiliate"}`, 422, "affiliate_id"},
		{"the last owner stays", "PATCH", "users/1", `{"status":"disabled"}`, 409, "last owner"},
		{"nor is it removed", "DELETE", "users/1", "", 409, "last owner"},
		{"somebody is removed", "DELETE", "users/3", "", 200, `"id":3`},
		{"and is gone", "PATCH", "users/3", `{"name":"x"}`, 404, "no user 3"},
		{"for links, too", "POST", "users/3/reset", "", 404, "no user 3"},
	}
	for _, s := range steps {
		t.Run(s.name, func(t *testing.T) {
			if got := w.by(t, owner, s.method, s.path, s.body); got.status != s.want || !strings.Contains(got.text, s.tells) {
				t.Errorf("answer %d %s; want %d with %s", got.status, got.text, s.want, s.tells)
			}
		})
	}
	var pages []string
	for path := "users?limit=2"; ; {
		got := w.by(t, owner, "GET", path, "")
		next, _ := got.body["next_cursor"].(string)
		data, _ := got.body["data"].([]any)
		for _, one := range data {
			o, _ := one.(map[string]any)
			pages = append(pages, fmt.Sprint(o["id"]))
		}
		if path = "users?limit=2&cursor=" + next; next == "" {
			break
		}
	}
	if got, want := strings.Join(pages, " "), "1 2 4 5 6"; got != want {
		t.Errorf("the pages have users %s, want %s", got, want)
	}
}

// TestLinksAreShownOnce holds that a link is kept nowhere, so that a repetition
// does not show it again.
func TestLinksAreShownOnce(t *testing.T) {
	w := newWorld(t)
	owner := w.people(t)[user.Owner]
	for _, one := range []struct{ path, body string }{{"users", `{"email":"a@example.com","role":"analyst"}`}, {"users/2/reset", ""}} {
		first := w.by(t, owner, "POST", one.path, one.body, "Idempotency-Key", "k")
		again := w.by(t, owner, "POST", one.path, one.body, "Idempotency-Key", "k")
		if !strings.Contains(first.text, "console/link#") || again.status != first.status || strings.Contains(again.text, "console/link#") {
			t.Errorf("POST %s answers %d %s, and again %d %s", one.path, first.status, first.text, again.status, again.text)
		}
	}
}

// TestManagersLookAfterPartners holds whom a manager may invite and change.
func TestManagersLookAfterPartners(t *testing.T) {
	w := newWorld(t)
	manager := w.people(t)[user.Manager]
	for _, s := range []struct {
		name, method, path, body string
		want                     int
	}{
		{"invites somebody of an advertiser", "POST", "users", `{"email":"a@example.com","role":"advertiser","advertiser_id":1}`, 201},
		{"invites no analyst", "POST", "users", `{"email":"b@example.com","role":"analyst"}`, 403},
		{"changes somebody of an affiliate", "PATCH", "users/5", `{"name":"x"}`, 200},
		{"makes them no owner", "PATCH", "users/5", `{"role":"owner","affiliate_id":null}`, 403},
		{"changes no owner", "PATCH", "users/1", `{"name":"x"}`, 403},
		{"makes itself no owner", "PATCH", "users/2", `{"role":"owner"}`, 403},
		{"gets no owner's link", "POST", "users/1/reset", "", 403},
		{"removes no analyst", "DELETE", "users/3", "", 403},
		{"removes somebody of an advertiser", "DELETE", "users/4", "", 200},
	} {
		t.Run(s.name, func(t *testing.T) {
			if got := w.by(t, manager, s.method, s.path, s.body); got.status != s.want {
				t.Errorf("answer %d %s; want %d", got.status, got.text, s.want)
			}
		})
	}
}

// TestAudit holds that changes by people and by keys are told apart there.
func TestAudit(t *testing.T) {
	w := newWorld(t)
	people := w.people(t)
	w.by(t, people[user.Owner], "PATCH", "affiliates/1", `{"name":"by a user"}`)
	w.do(t, asNetwork, "PATCH", "affiliates/1", `{"name":"by a key"}`)
	w.by(t, people[user.Owner], "PATCH", "settings", `{"fallback_url":"https://www.example.com/"}`)
	w.by(t, people[user.Owner], "POST", "keys", `{"role":"network","name":"new"}`)
	got := w.by(t, people[user.Manager], "GET", "audit?limit=4", "")
	data, _ := got.body["data"].([]any)
	var rows []string
	for _, one := range data {
		o, _ := one.(map[string]any)
		actor, _ := o["actor"].(string)
		rows = append(rows, fmt.Sprint(strings.Fields(actor)[0], " ", o["actor_name"], " ", o["action"], " ", o["entity"], " ", o["address"]))
	}
	want := []string{
		"user The owner create key 192.0.2.1", "user The owner change settings 192.0.2.1",
		"key <nil> change affiliate 192.0.2.1", "user The owner change affiliate 192.0.2.1",
	}
	if strings.Join(rows, "\n") != strings.Join(want, "\n") {
		t.Errorf("the audit tells\n%s, want\n%s", strings.Join(rows, "\n"), strings.Join(want, "\n"))
	}
	if strings.Contains(got.text, "wb_n_") && strings.Contains(got.text, `"hash"`) || strings.Contains(got.text, "identity_key") {
		t.Errorf("the audit holds a secret: %s", got.text)
	}
	one := w.by(t, people[user.Owner], "GET", "audit?entity=affiliate&key=1&actor=user%201&action=change", "")
	if data, _ := one.body["data"].([]any); len(data) != 1 || !strings.Contains(one.text, `"after":{"id":1,"name":"by a user"`) {
		t.Errorf("the filters give %s", one.text)
	}
}
