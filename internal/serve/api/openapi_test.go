package api

import (
	"bytes"
	"flag"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
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
