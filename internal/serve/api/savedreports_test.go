package api

import (
	"strings"
	"testing"

	"waybill/internal/account"
)

func TestSavedReportsAreTheirOwners(t *testing.T) {
	w := newWorld(t)
	owner, analyst := userOfNetwork(1, account.Owner), userOfNetwork(2, account.Analyst)
	shop := account.Principal{UserID: 3, Role: account.Advertiser, AdvertiserID: 1}
	made := w.sendAs(analyst, "POST", "saved_reports", `{"name":" Mine ","query":"?dimensions=offer"}`)
	if made.status != 201 || !strings.Contains(made.text, `"name":"Mine","query":"dimensions=offer","shared":false`) || !strings.Contains(made.text, `"mine":true`) {
		t.Fatalf("POST saved_reports = %d %s; want the analyst's own", made.status, made.text)
	}
	path := strings.TrimPrefix(made.header.Get("Location"), "/api/v1/")
	for _, tt := range []struct {
		name         string
		as           account.Principal
		method, path string
		body         string
		status       int
		holds        string
	}{
		{"its owner lists it", analyst, "GET", "saved_reports", "", 200, `"name":"Mine"`},
		{"another does not see it", owner, "GET", "saved_reports", "", 200, `"data":[]`},
		{"another cannot change it", owner, "PATCH", path, `{"name":"taken"}`, 404, "no saved report"},
		{"another cannot delete it", owner, "DELETE", path, "", 404, "no saved report"},
		{"an advertiser's user does not know it", shop, "PATCH", path, `{"name":"taken"}`, 404, "no saved report"},
		{"a name is needed", analyst, "POST", "saved_reports", `{"query":"a=b"}`, 422, "name"},
		{"the owner is not the client's to set", analyst, "PATCH", path, `{"owner_name":"me"}`, 422, "owner_name"},
		{"its owner shares it", analyst, "PATCH", path, `{"shared":true}`, 200, `"shared":true`},
		{"now another sees it", owner, "GET", "saved_reports", "", 200, `"mine":false`},
		{"and may not change it", owner, "PATCH", path, `{"name":"taken"}`, 403, "another"},
		{"an advertiser's user still does not", shop, "GET", "saved_reports", "", 200, `"data":[]`},
		{"nor does the network with the advertiser's eyes", owner.As(account.Advertiser, 1), "GET", "saved_reports", "", 200, `"data":[]`},
		{"who looks with other eyes saves nothing", owner.As(account.Advertiser, 1), "POST", "saved_reports", `{"name":"a"}`, 403, "view-as"},
		{"another analyst cannot delete it", userOfNetwork(4, account.Analyst), "DELETE", path, "", 403, "another"},
		{"who administers may", owner, "DELETE", path, "", 200, `"name":"Mine"`},
		{"then it is gone", analyst, "PATCH", path, `{"name":"back"}`, 404, "no saved report"},
	} {
		got := w.sendAs(tt.as, tt.method, tt.path, tt.body)
		if got.status != tt.status || !strings.Contains(got.text, tt.holds) {
			t.Errorf("%s: %d %s; want %d with %s", tt.name, got.status, got.text, tt.status, tt.holds)
		}
	}
}

func TestKeysHaveNoSavedReports(t *testing.T) {
	w := newWorld(t)
	if got := w.do(t, asNetwork, "POST", "saved_reports", `{"name":"a","query":""}`); got.status != 403 || !strings.Contains(got.text, "log in") {
		t.Errorf("a key saves a report: %d %s; want 403 and what to do", got.status, got.text)
	}
	if got := w.do(t, asNetwork, "GET", "saved_reports", ""); got.status != 200 || !strings.Contains(got.text, `"data":[]`) {
		t.Errorf("a key lists them: %d %s; want none", got.status, got.text)
	}
}
