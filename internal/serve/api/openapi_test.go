package api

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"

	"waybill/internal/account"
	"waybill/internal/signal"
)

var update = flag.Bool("update", false, "rewrite openapi.yaml")

// TestOpenAPIIsCommitted holds openapi.yaml to the routes. After a change of
// them, `go test ./internal/serve/api -run OpenAPI -update` writes it anew.
func TestOpenAPIIsCommitted(t *testing.T) {
	const file = "../../../openapi.yaml"
	w := httptest.NewRecorder()
	new(API).Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/api/v1/openapi.yaml", nil))
	if w.Code != http.StatusOK {
		t.Fatalf("GET /api/v1/openapi.yaml = %d %s; want 200", w.Code, w.Body)
	}
	got := w.Body.Bytes()
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("openapi.yaml differs from the routes; run go test ./internal/serve/api -run OpenAPI -update")
	}
}

// description is as much of an OpenAPI document as these tests look at.
type description struct {
	Paths map[string]map[string]struct {
		OperationID string
		Summary     string
		RequestBody struct {
			Content map[string]struct{ Example json.RawMessage }
		}
	}
	Components struct{ Schemas map[string]json.RawMessage }
}

func (w *world) describe(t *testing.T) (d description, text string) {
	t.Helper()
	text = w.do(t, "", "GET", "openapi.json", "").text
	if err := json.Unmarshal([]byte(text), &d); err != nil {
		t.Fatal(err)
	}
	return d, text
}

func TestDescriptionIsWhole(t *testing.T) {
	w := newWorld(t)
	d, text := w.describe(t)
	used := map[string]bool{}
	for _, m := range regexp.MustCompile(`"#/components/schemas/([^"]+)"`).FindAllStringSubmatch(text, -1) {
		used[m[1]] = true
		if d.Components.Schemas[m[1]] == nil {
			t.Errorf("schema %s is referred to, and is not there", m[1])
		}
	}
	for name := range d.Components.Schemas {
		if !used[name] {
			t.Errorf("schema %s is there, and nothing refers to it", name)
		}
	}
	for path, methods := range d.Paths {
		for method, op := range methods {
			if op.OperationID == "" || op.Summary == "" {
				t.Errorf("%s %s has no ID or no summary", method, path)
			}
		}
	}
}

// TestExamplesAreTaken sends every example of the description.
func TestExamplesAreTaken(t *testing.T) {
	w := newWorld(t)
	w.do(t, asNetwork, "POST", "terms", `{"offer_id":1,"payout":{"type":"cpa","amount":"5"}}`)
	w.do(t, asNetwork, "POST", "coupons", `{"code":"JUNE10","offer_id":1,"affiliate_id":1}`)
	w.do(t, asNetwork, "POST", "users", `{"email":"june@example.com","role":"analyst"}`)
	w.do(t, asNetwork, "POST", "domains", `{"host":"go.june.example","advertiser_id":1}`)
	w.books(t)
	w.bonus(t, 1, "1250.00", "USD", noon.AddDate(0, 0, -22))
	w.Rehearse = func() func(context.Context, Hit) (signal.Verdict, error) {
		return func(context.Context, Hit) (signal.Verdict, error) {
			return signal.Verdict{Status: signal.Updated, Code: signal.CodeUpdated}, nil
		}
	}
	w.do(t, asNetwork, "POST", "offers", `{"advertiser_id":1,"name":"Asks first","destination_url":"https://shop.example.com/","access":"request"}`)
	saver := userOfNetwork(1, account.Owner) // whom saved reports belong to
	w.sendAs(saver, "POST", "saved_reports", `{"name":"June"}`)
	d, _ := w.describe(t)
	for path, methods := range d.Paths {
		for method, op := range methods {
			example := op.RequestBody.Content["application/json"].Example
			_, file := op.RequestBody.Content["multipart/form-data"]
			if method == "get" || method == "delete" || len(op.RequestBody.Content) == 0 || file {
				continue
			}
			id, as := "1", asNetwork
			switch op.OperationID {
			case "request-access":
				id, as = "3", asAffiliate1
			case "change-link":
				id = "spring"
			case "change-conversion":
				id = w.conversion.ID
			case "replay-signal":
				id = w.refused.String()
			}
			target := strings.NewReplacer("/api/v1/", "", "{offer_id}", "1", "{affiliate_id}", "1", "{transaction_id}", "CLICK", "{id}", id).Replace(path)
			var got reply
			if strings.HasPrefix(target, "saved_reports") {
				got = w.sendAs(saver, strings.ToUpper(method), target, string(example))
			} else {
				got = w.do(t, as, strings.ToUpper(method), target, string(example))
			}
			if len(example) == 0 || got.status/100 != 2 {
				t.Errorf("%s %s with the example %s = %d %s; want a success", method, target, example, got.status, got.text)
			}
		}
	}
}
