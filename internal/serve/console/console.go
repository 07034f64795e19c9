// Package console serves the console: an application that runs in the browser,
// built from web/ and embedded.
//
// These always hold:
//
//   - A page may load and call what its own node serves, and nothing else: no
//     inline script or style, no frame around it, no other host.
//   - Nothing in it knows where the console stands: a page's <base> leads to
//     where the console begins, counted from the page's own address, so that a
//     proxy may put any prefix before it.
//   - What carries a hash in its name is kept by browsers for good; a page is
//     asked for anew each time.
package console

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"
	"time"
)

//go:embed all:dist
var built embed.FS

// Path is where the console stands.
const Path = "/console/"

// index is the page that all addresses of the console begin with.
const index = "index.html"

// placeholder stands in the built page where the console begins.
const placeholder = `<base href="/console/">`

// policy is what a page may do (Content Security Policy, level 3). Images may be
// made by the page itself: codes of links to take along.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; " +
	"connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'self'; frame-ancestors 'none'; " +
	"require-trusted-types-for 'script'"

// Console is the application, ready to be sent. It never changes.
type Console struct {
	files map[string]file
	page  []byte
}

// file is one of the application's files.
type file struct {
	kind      string // its media type
	plain, gz []byte // gz is nil where it saves nothing
	tag       string
}

// New reads what was built.
func New() (*Console, error) {
	dist, err := fs.Sub(built, "dist")
	if err != nil {
		return nil, fmt.Errorf("open the console: %w", err)
	}
	return load(dist)
}

func load(dist fs.FS) (*Console, error) {
	c := &Console{files: make(map[string]file)}
	err := fs.WalkDir(dist, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(dist, name)
		if err != nil {
			return err
		}
		c.files[name], err = pack(name, text)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the console: %w", err)
	}
	c.page = c.files[index].plain
	delete(c.files, index)
	if !bytes.Contains(c.page, []byte(placeholder)) {
		return nil, fmt.Errorf("the console's %s has no %s", index, placeholder)
	}
	return c, nil
}

// pack makes a file ready to be sent.
func pack(name string, text []byte) (file, error) {
	kind := mime.TypeByExtension(path.Ext(name))
	if kind == "" {
		kind = "application/octet-stream"
	}
	sum := sha256.Sum256(text)
	f := file{kind: kind, plain: text, tag: hex.EncodeToString(sum[:8])}
	gz, err := compress(text)
	if err == nil && len(gz) < len(text) {
		f.gz = gz
	}
	return f, err
}

func compress(text []byte) ([]byte, error) {
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(text); err != nil {
		return nil, err
	}
	err = w.Close()
	return out.Bytes(), err
}

// Register adds the console, and the way to it from the root.
func (c *Console) Register(mux *http.ServeMux) {
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) { lead(w, "console/") })
	mux.HandleFunc("GET /console", func(w http.ResponseWriter, _ *http.Request) { lead(w, "console/") })
	mux.Handle(Path, c) // of any method, or it would clash with what others add below
}

// lead sends a browser to another address, counted from the present one, so that
// what a proxy put before it stays.
func lead(w http.ResponseWriter, to string) {
	w.Header().Set("Location", to)
	w.WriteHeader(http.StatusSeeOther)
}

// ServeHTTP sends a file, or the page that everything else begins with.
func (c *Console) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", policy) // a picture opened by itself is a page, too
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		h.Set("Allow", "GET, HEAD")
		http.Error(w, "The console is only read.", http.StatusMethodNotAllowed)
		return
	}
	below := strings.TrimPrefix(r.URL.Path, Path)
	if f, ok := c.files[below]; ok {
		f.send(w, r, strings.HasPrefix(below, "assets/"))
		return
	}
	if strings.HasPrefix(below, "assets/") { // of another version: a page in its place would be taken for a script
		h.Set("Cache-Control", "no-store")
		http.Error(w, "There is no such file in this version of the console.", http.StatusNotFound)
		return
	}
	c.sendPage(w, r, strings.Count(r.URL.EscapedPath(), "/")-strings.Count(Path, "/")) // as browsers count: %2F is none
}

// send sends a file, compressed where the browser takes it.
func (f file) send(w http.ResponseWriter, r *http.Request, lasting bool) {
	h := w.Header()
	h.Set("Content-Type", f.kind)
	h.Set("Vary", "Accept-Encoding")
	h.Set("Cache-Control", "no-cache")
	if lasting {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	body, tag := f.plain, f.tag
	if f.gz != nil && takesGzip(r.Header.Get("Accept-Encoding")) {
		body, tag = f.gz, tag+"-gz"
		h.Set("Content-Encoding", "gzip")
		h.Set("Content-Length", strconv.Itoa(len(body))) // which ServeContent leaves out of what is encoded
	}
	h.Set("ETag", `"`+tag+`"`)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
}

// takesGzip reports whether a browser takes compressed bodies.
func takesGzip(accepted string) bool {
	for coding := range strings.SplitSeq(accepted, ",") {
		name, weight, _ := strings.Cut(strings.TrimSpace(coding), ";")
		if strings.EqualFold(strings.TrimSpace(name), "gzip") {
			return strings.Trim(strings.TrimPrefix(strings.TrimSpace(weight), "q="), "0.") != "" || weight == ""
		}
	}
	return false
}

// sendPage sends the page. It stands so many folders below where the console
// begins.
func (c *Console) sendPage(w http.ResponseWriter, r *http.Request, depth int) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=(), publickey-credentials-get=(self), publickey-credentials-create=(self)")
	base := "./"
	if depth > 0 {
		base = strings.Repeat("../", depth)
	}
	body := bytes.Replace(c.page, []byte(placeholder), []byte(`<base href="`+base+`">`), 1)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
}
