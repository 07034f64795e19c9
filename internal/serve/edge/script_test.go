package edge_test

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

const sdk = "/* the SDK */ console.log('waybill');"

func TestScript(t *testing.T) {
	tests := []struct {
		name   string
		accept string
		zipped bool
	}{
		{name: "plain"},
		{name: "compressed where that is understood", accept: "br, GZIP", zipped: true},
		{name: "compressed where it is second best", accept: "br;q=1.0, gzip; q=0.8, *;q=0.1", zipped: true},
		{name: "plain where it is not wanted compressed", accept: "gzip;q=0, identity"},
		{name: "plain where it is not wanted compressed, to the digit", accept: "gzip;q=0.000"},
		{name: "plain where only others are understood", accept: "br, x-gzip-like"},
	}
	for _, tt := range tests {
		for _, path := range []string{"/sdk.js", "/sdk/v1.js"} {
			t.Run(path+" "+tt.name, func(t *testing.T) {
				w := scriptWorld(t)
				rec := w.get(path, "Accept-Encoding: "+tt.accept)
				if got, zipped := body(t, rec), rec.Header().Get("Content-Encoding") == "gzip"; got != sdk || zipped != tt.zipped || rec.Code != http.StatusOK {
					t.Errorf("answered with %d, %q, compressed %t; want %t", rec.Code, got, zipped, tt.zipped)
				}
				wantPlainHeaders(t, rec, false)
				h := rec.Header()
				if h.Get("Content-Type") != "text/javascript; charset=utf-8" || h.Get("Cache-Control") != "public, max-age=3600" || h.Get("Vary") != "Accept-Encoding" {
					t.Errorf("headers %v", h)
				}
				again := w.get(path, "Accept-Encoding: "+tt.accept, "If-None-Match: "+h.Get("Etag"))
				if again.Code != http.StatusNotModified || again.Body.Len() != 0 {
					t.Errorf("asked for again by its tag %s it is answered with %d", h.Get("Etag"), again.Code)
				}
			})
		}
	}
}

func TestScriptHasATagForEachForm(t *testing.T) {
	w := scriptWorld(t)
	plain, zipped := w.get("/sdk.js").Header().Get("Etag"), w.get("/sdk.js", "Accept-Encoding: gzip").Header().Get("Etag")
	w.edge.Script = sdk + " "
	w.handler = w.edge.Handler()
	changed := w.get("/sdk.js").Header().Get("Etag")
	if plain == "" || plain == zipped || plain == changed {
		t.Errorf("tags %s, compressed %s, of another script %s; want three", plain, zipped, changed)
	}
}

func TestScriptMethods(t *testing.T) {
	w := scriptWorld(t)
	if rec := w.do(httptest.NewRequest(http.MethodHead, "/sdk.js", nil)); rec.Code != http.StatusOK || rec.Body.Len() != 0 {
		t.Errorf("HEAD is answered with %d and %d bytes", rec.Code, rec.Body.Len())
	}
	if rec := w.post("/sdk.js", ""); rec.Code != http.StatusMethodNotAllowed {
		t.Errorf("POST is answered with %d", rec.Code)
	}
	if rec := newWorld(t, nil).get("/sdk.js"); rec.Code != http.StatusNotFound {
		t.Errorf("without a script it is answered with %d", rec.Code)
	}
}

func scriptWorld(t *testing.T) *world {
	t.Helper()
	w := newWorld(t, nil)
	w.edge.Script = sdk
	w.handler = w.edge.Handler()
	return w
}

// body reads an answer, decompressed.
func body(t *testing.T, rec *httptest.ResponseRecorder) string {
	t.Helper()
	if rec.Header().Get("Content-Encoding") != "gzip" {
		return rec.Body.String()
	}
	z, err := gzip.NewReader(rec.Body)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(text))
}
