//go:build slow

package browser

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// TestThePagesSnippetsCount pastes what the API gives for pages into pages, and
// has the browser show them to a visitor.
func TestThePagesSnippetsCount(t *testing.T) {
	for _, id := range []string{"image", "iframe", "sdk", "gtm"} {
		t.Run(id, func(t *testing.T) {
			m := newMarket(t)
			m.shop.tag = ""
			m.shop.csp = "default-src 'unsafe-inline' 'self' " + tracking + "; report-uri /violation"
			code := m.snippet(id, map[string]string{
				"PUT-A-PUBLISHABLE-KEY-HERE": m.node.newKey("--role", "publishable", "--advertiser", "1"),
				`"ORDER_ID"`:                 `"A'1"`, `"AMOUNT"`: `"59.90"`, // the SDK's
				"{{Order ID}}": `"A'1"`, "{{Order Value}}": "59.9", // what Tag Manager puts in
			})
			if id == "sdk" || id == "gtm" {
				m.shop.body = firstElement(t, code, "<!-- ", 2)
			}
			m.visit(tracking + "/click?offer_id=1&affiliate_id=1")
			landed, err := url.Parse(m.where())
			if err != nil {
				t.Fatal(err)
			}
			tid := landed.Query().Get("tid")
			if id == "sdk" || id == "gtm" {
				m.loaded()
			}
			filled := strings.NewReplacer("{transaction_id}", tid, "{order_id}", url.QueryEscape("A'1"), "{amount}", "59.90")
			m.shop.body = filled.Replace(code)
			m.visit(shop + "/thanks")
			until(t, "the conversion is there", func() bool { return len(m.node.list("conversions?transaction_id="+tid)) == 1 })
			c := m.node.list("conversions?transaction_id=" + tid)[0]
			if text(c, "order_id") != "A'1" || !strings.Contains(text(c, "amount"), "59.90") {
				t.Errorf("the conversion is %v, want order A'1 of 59.90", c)
			}
		})
	}
}

// snippet gives one of offer 1's snippets, with what its reader has to replace.
func (m *market) snippet(id string, replace map[string]string) string {
	m.t.Helper()
	status, answer := m.node.request(http.MethodGet, "/api/v1/offers/1/snippets", nil)
	var kit struct{ Snippets []struct{ ID, Code string } }
	if err := json.Unmarshal(answer, &kit); err != nil || status != http.StatusOK {
		m.t.Fatalf("ask for snippets: %d %s (%v)", status, answer, err)
	}
	for _, s := range kit.Snippets {
		if s.ID == id {
			for old, word := range replace {
				s.Code = strings.ReplaceAll(s.Code, old, word)
			}
			return s.Code
		}
	}
	m.t.Fatalf("there is no snippet %s", id)
	return ""
}

// firstElement gives the part of code before the n-th mark.
func firstElement(t *testing.T, code, mark string, n int) string {
	t.Helper()
	parts := strings.SplitAfterN(code, mark, n+1)
	if len(parts) != n+1 {
		t.Fatalf("the snippet has not %d parts:\n%s", n, code)
	}
	return strings.TrimSuffix(strings.Join(parts[:n], ""), mark)
}
