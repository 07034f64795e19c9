package console

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
)

func world(t *testing.T) http.Handler {
	t.Helper()
	c, err := load(fstest.MapFS{
		"index.html":           {Data: []byte(`<html><head>` + placeholder + `<script src="./assets/main-abc.js"></script>`)},
		"assets/main-abc.js":   {Data: []byte(strings.Repeat("console.log(1);", 100))},
		"assets/tiny-abc.js":   {Data: []byte("1")},
		"icon.svg":             {Data: []byte(`<svg xmlns="http://www.w3.org/2000/svg"/>`)},
		"assets/style-abc.css": {Data: []byte("a{}")},
	})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	c.Register(mux)
	return mux
}

func get(h http.Handler, target string, header ...string) *http.Response {
	r := httptest.NewRequest(http.MethodGet, target, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func bodyOf(t *testing.T, r *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestBase follows a page's base from addresses of all depths, with and without a
// prefix that a proxy took away: it always leads to where the console begins.
func TestBase(t *testing.T) {
	h := world(t)
	find := regexp.MustCompile(`<base href="([^"]*)">`)
	for _, below := range []string{"", "reports", "trace/abc", "offers/1/goals", "offers/1/", "a/b/c/d", "trace/a%2Fb", "links/%2F..%2F"} {
		for _, prefix := range []string{"", "/ops", "/a/b"} {
			r := get(h, Path+below)
			found := find.FindStringSubmatch(bodyOf(t, r))
			if r.StatusCode != http.StatusOK || found == nil {
				t.Fatalf("%s: status %d, base %q", below, r.StatusCode, found)
			}
			page, err := url.Parse("https://go.example.com" + prefix + Path + below)
			if err != nil {
				t.Fatal(err)
			}
			base, err := page.Parse(found[1])
			if err != nil {
				t.Fatal(err)
			}
			if want := prefix + Path; base.EscapedPath() != want {
				t.Errorf("from %s the console begins at %s, want %s", page.Path, base.Path, want)
			}
		}
	}
}

func TestRootLeadsToTheConsole(t *testing.T) {
	h := world(t)
	for _, from := range []string{"/", "/console"} {
		r := get(h, from)
		if got := r.Header.Get("Location"); r.StatusCode != http.StatusSeeOther || got != "console/" {
			t.Errorf("%s: status %d, Location %q, want 303 to console/", from, r.StatusCode, got)
		}
	}
}

// TestPageMayDoNothingElse looks at whatever a browser may show as a page.
func TestPageMayDoNothingElse(t *testing.T) {
	h := world(t)
	for _, below := range []string{"login", "icon.svg", "assets/main-abc.js", "assets/main-old.js"} {
		r := get(h, Path+below)
		csp := r.Header.Get("Content-Security-Policy")
		for _, want := range []string{"default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'", "connect-src 'self'"} {
			if !strings.Contains(csp, want) {
				t.Errorf("%s: the policy %q lacks %s", below, csp, want)
			}
		}
		if strings.Contains(csp, "unsafe") {
			t.Errorf("%s: the policy %q allows what is unsafe", below, csp)
		}
		if r.Header.Get("X-Content-Type-Options") != "nosniff" || r.Header.Get("Referrer-Policy") != "same-origin" {
			t.Errorf("%s: header %v", below, r.Header)
		}
	}
	if got := get(h, Path+"login").Header.Get("Cache-Control"); got != "no-store" {
		t.Errorf("a page has Cache-Control %q", got)
	}
}

func TestFiles(t *testing.T) {
	h := world(t)
	r := get(h, Path+"assets/main-abc.js", "Accept-Encoding", "br;q=1, gzip;q=0.8")
	if r.Header.Get("Content-Encoding") != "gzip" || !strings.Contains(r.Header.Get("Cache-Control"), "immutable") {
		t.Fatalf("header %v", r.Header)
	}
	if r.ContentLength <= 0 {
		t.Errorf("length %d, want that of the compressed text", r.ContentLength)
	}
	z, err := gzip.NewReader(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if err != nil || string(text) != strings.Repeat("console.log(1);", 100) {
		t.Errorf("unpacked to %d bytes, %v", len(text), err)
	}
	again := get(h, Path+"assets/main-abc.js", "Accept-Encoding", "gzip", "If-None-Match", r.Header.Get("ETag"))
	if again.StatusCode != http.StatusNotModified || again.Header.Get("Content-Length") != "" {
		t.Errorf("asked with its tag: status %d", again.StatusCode)
	}
	for _, accepted := range []string{"", "gzip;q=0", "gzip;q=0.0", "br"} {
		if r := get(h, Path+"assets/main-abc.js", "Accept-Encoding", accepted); r.Header.Get("Content-Encoding") != "" {
			t.Errorf("compressed for Accept-Encoding %q", accepted)
		}
	}
	if r := get(h, Path+"assets/tiny-abc.js", "Accept-Encoding", "gzip"); r.Header.Get("Content-Encoding") != "" {
		t.Error("compressed what compressing makes larger")
	}
	if r := get(h, Path+"icon.svg"); r.Header.Get("Cache-Control") != "no-cache" || r.Header.Get("Content-Type") != "image/svg+xml" {
		t.Errorf("icon: %v", r.Header)
	}
}

// TestGoneFile asks for a file of an older version: a page in its place would be
// taken for a broken script, and be kept.
func TestGoneFile(t *testing.T) {
	r := get(world(t), Path+"assets/main-old.js")
	if r.StatusCode != http.StatusNotFound || r.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("status %d, %v", r.StatusCode, r.Header)
	}
}

func TestOnlyReading(t *testing.T) {
	w := httptest.NewRecorder()
	world(t).ServeHTTP(w, httptest.NewRequest(http.MethodPost, Path, nil))
	if w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") != "GET, HEAD" || w.Header().Get("Content-Security-Policy") != policy {
		t.Errorf("POST: status %d, %v", w.Code, w.Header())
	}
}

// TestBuilt holds what is embedded to what the package promises.
func TestBuilt(t *testing.T) {
	c, err := New()
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile(`(?:src|href)="\./([^"]+)"`).FindAllStringSubmatch(string(c.page), -1) {
		if _, ok := c.files[m[1]]; !ok {
			t.Errorf("the page asks for %s, which was not built", m[1])
		}
	}
	if regexp.MustCompile(`<script(?:>| [^>]*[^>]>[^<])|<style|style=`).Match(c.page) {
		t.Errorf("the page has inline script or style, which its policy forbids:\n%s", c.page)
	}
	for name, f := range c.files {
		if strings.HasSuffix(name, ".map") {
			t.Errorf("%s (%d bytes) is not for users", name, len(f.plain))
		}
	}
}
