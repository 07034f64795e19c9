package edge

import (
	"context"
	"io"
	"net/http"

	"waybill/internal/signal"
)

// verdictHeader tells who looks at a pixel's answer what became of it.
const verdictHeader = "Waybill-Verdict"

// pixelImage takes a conversion that a page reports by an image. The answer is
// an image whatever became of it, since the page must not look broken.
func (e *Edge) pixelImage(w http.ResponseWriter, r *http.Request) {
	if status, ok := e.fire(w, r); ok {
		writeImage(w, status)
	}
}

// framePolicy lets the page in the frame do nothing at all.
const framePolicy = "default-src 'none'; base-uri 'none'; form-action 'none'; sandbox"

// frame is the page that an iframe shows.
const frame = `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Waybill</title></head><body></body></html>` + "\n"

// pixelFrame takes a conversion that a page reports by an iframe.
func (e *Edge) pixelFrame(w http.ResponseWriter, r *http.Request) {
	if status, ok := e.fire(w, r); ok {
		writeFrame(w, status)
	}
}

// writeFrame answers with a page that shows nothing.
func writeFrame(w http.ResponseWriter, status int) {
	h := w.Header()
	h["Cache-Control"] = noStore
	h["X-Content-Type-Options"] = noSniff
	h["Cross-Origin-Resource-Policy"] = anySite
	h.Set("Content-Security-Policy", framePolicy)
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, frame) // whoever hung up needs no answer
}

// fire takes the hit of a pixel.
func (e *Edge) fire(w http.ResponseWriter, r *http.Request) (status int, ok bool) {
	return e.fireAs(w, r, (*hit).readQuery)
}

// fireAs takes the hit of a pixel whose parameters are read by read, and gives
// the status of its answer: success, unless the hit was not written down. It
// reports false when the request was answered already. A HEAD counts nowhere.
func (e *Edge) fireAs(w http.ResponseWriter, r *http.Request, read func(*hit)) (status int, ok bool) {
	switch r.Method {
	case http.MethodGet:
	case http.MethodHead:
		return http.StatusOK, true
	default:
		notAllowed(w, "GET, HEAD")
		return 0, false
	}
	h := &hit{origin: e.origin(r, signal.Pixel)}
	h.cookie = h.remembered(r)
	read(h)
	v := e.take(context.WithoutCancel(r.Context()), h) // a page that is left loses nothing
	header := w.Header()
	header["Access-Control-Allow-Origin"] = anyOrigin
	header.Set("Access-Control-Expose-Headers", verdictHeader)
	header.Set(verdictHeader, string(v.Code))
	v.askAgain(w)
	if !v.kept() {
		return v.status(), true
	}
	return http.StatusOK, true
}
