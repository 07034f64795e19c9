package api

import (
	"strings"
	"testing"

	"waybill/internal/user"
)

// TestConfirmFirst has somebody who has stolen an owner's session try to stay: by a
// key, by another person, by a link. Nothing of it is done.
func TestConfirmFirst(t *testing.T) {
	w := newWorld(t)
	people := w.people(t)
	owner, stolen := people[user.Owner], people[user.Owner]+unconfirmed
	const confirmFirst = `"type":"urn:waybill:problem:confirm_first"`
	invited := w.by(t, owner, "POST", "users", `{"email":"late@example.com","role":"affiliate","affiliate_id":1}`)
	if invited.status != 201 {
		t.Fatalf("invited: %d %s", invited.status, invited.text)
	}
	tests := []struct {
		name, method, path, body string
		asked                    bool
		want                     int // once it is confirmed
	}{
		{"a key of the network", "POST", "keys", `{"role":"network"}`, true, 201},
		{"a partner's key", "POST", "keys", `{"role":"affiliate","affiliate_id":1}`, true, 201},
		{"a key revoked", "DELETE", "keys/8", "", false, 200},
		{"somebody invited", "POST", "users", `{"email":"new@example.com","role":"owner"}`, true, 201},
		{"somebody invited again", "POST", "users/6/invite", "", true, 200},
		{"a link for a new password", "POST", "users/2/reset", "", true, 200},
		{"a name", "PATCH", "users/3", `{"name":"Analyst"}`, false, 200},
		{"the same role once more", "PATCH", "users/3", `{"role":"analyst"}`, false, 200},
		{"another role", "PATCH", "users/3", `{"role":"owner"}`, true, 200},
		{"another address", "PATCH", "users/3", `{"email":"thief@example.com"}`, true, 200},
		{"somebody disabled", "PATCH", "users/3", `{"status":"disabled"}`, true, 200},
		{"another partner", "PATCH", "users/5", `{"role":"advertiser","affiliate_id":null,"advertiser_id":1}`, true, 200},
		{"somebody removed", "DELETE", "users/4", "", true, 200},
		{"an offer's name", "PATCH", "offers/1", `{"name":"x"}`, false, 200},
	}
	all := func() string {
		return w.do(t, asNetwork, "GET", "users", "").text + w.do(t, asNetwork, "GET", "keys", "").text
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			before := all()
			got := w.by(t, stolen, tt.method, tt.path, tt.body)
			if asked := got.status == 403 && strings.Contains(got.text, confirmFirst); asked != tt.asked {
				t.Fatalf("answered %d %s; want to be asked to confirm: %t", got.status, got.text, tt.asked)
			}
			if !tt.asked {
				return
			}
			if after := all(); after != before {
				t.Errorf("it is done all the same: %s", after)
			}
			if got := w.by(t, owner, tt.method, tt.path, tt.body); got.status != tt.want {
				t.Errorf("confirmed: %d %s, want %d", got.status, got.text, tt.want)
			}
		})
	}
	t.Run("a key is not asked", func(t *testing.T) {
		if got := w.do(t, asNetwork, "POST", "keys", `{"role":"network"}`); got.status != 201 {
			t.Errorf("answered %d %s", got.status, got.text)
		}
	})
	t.Run("nor does a key beside the cookie help the cookie", func(t *testing.T) {
		if got := w.do(t, "wrong", "POST", "keys", `{"role":"network"}`, "Cookie", owner); got.status != 401 {
			t.Errorf("answered %d %s", got.status, got.text)
		}
	})
}
