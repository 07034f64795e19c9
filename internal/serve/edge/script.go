package edge

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// script is the browser SDK as it is served: plain and compressed.
type script struct {
	plain, zipped       []byte
	plainTag, zippedTag string
}

// newScript makes ready to serve a text.
func newScript(text string) *script {
	var zipped bytes.Buffer
	w := gzip.NewWriter(&zipped)
	_, _ = w.Write([]byte(text)) // into memory
	_ = w.Close()
	sum := sha256.Sum256([]byte(text))
	tag := hex.EncodeToString(sum[:8])
	return &script{
		plain: []byte(text), plainTag: `"` + tag + `"`,
		zipped: zipped.Bytes(), zippedTag: `"` + tag + `-gzip"`,
	}
}

// ServeHTTP answers with the script. Browsers keep it for an hour, so that a new
// version is everywhere soon, and ask for it again by its tag.
func (s *script) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		notAllowed(w, "GET, HEAD")
		return
	}
	if len(s.plain) == 0 {
		refuse(w, http.StatusNotFound, "there is no script here")
		return
	}
	h := w.Header()
	h["Access-Control-Allow-Origin"] = anyOrigin
	h["Cross-Origin-Resource-Policy"] = anySite
	h["X-Content-Type-Options"] = noSniff
	h.Set("Cache-Control", "public, max-age=3600")
	h.Set("Content-Type", "text/javascript; charset=utf-8")
	h.Set("Vary", "Accept-Encoding")
	text, tag := s.plain, s.plainTag
	if takesGzip(r) {
		text, tag = s.zipped, s.zippedTag
		h.Set("Content-Encoding", "gzip")
	}
	h.Set("Etag", tag)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(text))
}

// takesGzip reports whether the one who asks can read what is compressed by
// gzip.
func takesGzip(r *http.Request) bool {
	for one := range strings.SplitSeq(strings.Join(r.Header["Accept-Encoding"], ","), ",") {
		name, weight, weighed := strings.Cut(strings.ReplaceAll(one, " ", ""), ";")
		if strings.EqualFold(name, "gzip") {
			q, err := strconv.ParseFloat(strings.TrimPrefix(strings.ToLower(weight), "q="), 64)
			return !weighed || err == nil && q > 0
		}
	}
	return false
}
