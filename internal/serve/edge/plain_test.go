package edge_test

import (
	"net/http/httptest"
	"regexp"
	"slices"
	"testing"
)

// plain is what the headers of answers consist of: words of Waybill's own, never
// one of the request's.
var plain = map[string]*regexp.Regexp{
	"Accept-Ranges":                 regexp.MustCompile(`^bytes$`),
	"Access-Control-Allow-Headers":  regexp.MustCompile(`^\*(, Authorization)?$`),
	"Access-Control-Allow-Methods":  regexp.MustCompile(`^(GET, )?POST$`),
	"Access-Control-Allow-Origin":   regexp.MustCompile(`^\*$`),
	"Access-Control-Expose-Headers": regexp.MustCompile(`^Waybill-Verdict$`),
	"Access-Control-Max-Age":        regexp.MustCompile(`^86400$`),
	"Allow":                         regexp.MustCompile(`^[A-Z, ]+$`),
	"Cache-Control":                 regexp.MustCompile(`^(no-store|public, max-age=\d+)$`),
	"Content-Encoding":              regexp.MustCompile(`^gzip$`),
	"Content-Length":                regexp.MustCompile(`^\d+$`),
	"Content-Security-Policy":       regexp.MustCompile(`^default-src 'none'; [a-z '-;]+$`),
	"Content-Type":                  regexp.MustCompile(`^(application/json|image/gif|text/(html|javascript|plain); charset=utf-8)$`),
	"Cross-Origin-Resource-Policy":  regexp.MustCompile(`^cross-origin$`),
	"Etag":                          regexp.MustCompile(`^"[a-z0-9-]+"$`),
	"Referrer-Policy":               regexp.MustCompile(`^no-referrer$`),
	"Retry-After":                   regexp.MustCompile(`^\d+$`),
	"Set-Cookie":                    regexp.MustCompile(`^wb_tid=[0-9a-z]{32}; Path=/; Max-Age=\d+; Secure; HttpOnly; SameSite=Lax$`),
	"Vary":                          regexp.MustCompile(`^Accept-Encoding$`),
	"Waybill-Verdict":               regexp.MustCompile(`^[a-z_]+$`),
	"X-Content-Type-Options":        regexp.MustCompile(`^nosniff$`),
}

// wantPlainHeaders checks that nothing of a request has come into the headers of
// its answer, but for the mended path that ServeMux redirects to.
func wantPlainHeaders(t testing.TB, rec *httptest.ResponseRecorder, mended bool) {
	t.Helper()
	for name, values := range rec.Header() {
		if mended && slices.Contains([]string{"Location", "Content-Type"}, name) {
			continue
		}
		form := plain[name]
		if form == nil || len(values) != 1 || !form.MatchString(values[0]) {
			t.Errorf("the answer has the header %s: %q", name, values)
		}
	}
}
