package edge

import (
	"context"
	"net/http"

	"waybill/internal/signal"
)

// verdictHeader tells who looks at a pixel's answer what became of it.
const verdictHeader = "Waybill-Verdict"

// pixelImage takes a conversion that a page reports by an image. The answer is
// an image whatever became of it, since the page must not look broken.
func (e *Edge) pixelImage(w http.ResponseWriter, r *http.Request) {
	if f, ok := e.fire(w, r, false); ok {
		writeImage(w, f.status)
	}
}

// pixelFrame takes a conversion that a page reports by an iframe, whose own page
// loads the affiliate's pixels.
func (e *Edge) pixelFrame(w http.ResponseWriter, r *http.Request) {
	if f, ok := e.fire(w, r, framed(r)); ok {
		e.writeFrame(w, f)
	}
}

// fired is what becomes of a pixel: the status of its answer, success, unless the
// hit was not written down, and what the answer has to load.
type fired struct {
	status int
	pixels []signal.PagePixel
}

// fire takes the hit of a pixel.
func (e *Edge) fire(w http.ResponseWriter, r *http.Request, frame bool) (f fired, ok bool) {
	return e.fireAs(w, r, frame, (*hit).readQuery)
}

// fireAs takes the hit of a pixel whose parameters are read by read. It reports
// false when the request was answered already. A HEAD counts nowhere.
func (e *Edge) fireAs(w http.ResponseWriter, r *http.Request, frame bool, read func(*hit)) (f fired, ok bool) {
	switch r.Method {
	case http.MethodGet:
	case http.MethodHead:
		return fired{status: http.StatusOK}, true
	default:
		notAllowed(w, "GET, HEAD")
		return fired{}, false
	}
	h := &hit{origin: e.origin(r, signal.Pixel)}
	h.cookie = h.remembered(r)
	if frame {
		h.shows = pageScheme(r)
	}
	read(h)
	v := e.take(context.WithoutCancel(r.Context()), h) // a page that is left loses nothing
	header := w.Header()
	if len(v.Pixels) == 0 { // what is told to a browser of an affiliate is no other page's to read
		header["Access-Control-Allow-Origin"] = anyOrigin
		header.Set("Access-Control-Expose-Headers", verdictHeader)
	}
	header.Set(verdictHeader, string(v.Code))
	v.askAgain(w)
	if !v.kept() {
		return fired{status: v.status()}, true
	}
	return fired{status: http.StatusOK, pixels: v.Pixels}, true
}
