package edge

import (
	"html"
	"io"
	"net/http"
	"slices"
	"strings"

	"waybill/internal/receiver"
	"waybill/internal/signal"
)

// framed reports whether what is asked for will be shown as a page.
func framed(r *http.Request) bool {
	switch r.Header.Get("Sec-Fetch-Dest") {
	case "iframe", "frame", "document", "embed", "object":
		return true
	case "": // an old browser, or none
		return strings.Contains(r.Header.Get("Accept"), "text/html")
	default:
		return false
	}
}

// pageScheme gives the scheme that a page was asked for by, and so what it may
// load; none where its visitor objects by Global Privacy Control to being told
// on to others. What a proxy says of the scheme needs no proof: whoever lies
// spoils his own page alone.
func pageScheme(r *http.Request) string {
	switch {
	case objects(r):
		return ""
	case r.TLS != nil, strings.EqualFold(r.Header.Get("X-Forwarded-Proto"), "https"):
		return "https"
	default:
		return "http"
	}
}

// What a page's policy always says: it does nothing but what follows.
const nothingElse = "default-src 'none'; base-uri 'none'; form-action 'none'"

// What the page in a frame begins and ends with.
const (
	frameHead = `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Waybill</title></head><body>`
	frameTail = "</body></html>\n"
)

// writeFrame answers with a page that shows nothing, and loads the pixels of the
// affiliate whose conversion it was.
func (e *Edge) writeFrame(w http.ResponseWriter, f fired) {
	page, policy := framePage(f.pixels)
	h := w.Header()
	h["Cache-Control"] = noStore
	h["X-Content-Type-Options"] = noSniff
	h["Cross-Origin-Resource-Policy"] = anySite
	h.Set("Content-Security-Policy", policy)
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(f.status)
	_, _ = io.WriteString(w, page) // whoever hung up needs no answer
	e.Metrics.shown(f.pixels)
}

// framePage gives a page that loads pixels, and the policy that lets it load
// these and nothing else. Values are percent-encoded in a pixel's URL already;
// here it is made safe to stand in an attribute. A frame may run its own scripts,
// but in an origin that is nobody's: it reaches neither this page, nor the shop's,
// nor anything that was kept in the browser.
func framePage(pixels []signal.PagePixel) (page, policy string) {
	var body strings.Builder
	var images, frames []string
	for _, p := range pixels {
		origin, ok := receiver.Origin(p.URL)
		if !ok {
			continue
		}
		src := html.EscapeString(p.URL)
		if p.Frame {
			frames = append(frames, origin)
			body.WriteString(`<iframe src="` + src + `" width="1" height="1" title="pixel" sandbox="allow-scripts" referrerpolicy="no-referrer"></iframe>`)
		} else {
			images = append(images, origin)
			body.WriteString(`<img src="` + src + `" width="1" height="1" alt="" referrerpolicy="no-referrer">`)
		}
	}
	policy = nothingElse + directive("img-src", images) + directive("frame-src", frames) + "; sandbox"
	if len(frames) > 0 {
		policy += " allow-scripts" // which the page itself may not run, but hands down
	}
	return frameHead + body.String() + frameTail, policy
}

// directive names the origins that a policy lets a page load one kind of thing
// from; empty for none.
func directive(name string, origins []string) string {
	if len(origins) == 0 {
		return ""
	}
	slices.Sort(origins)
	return "; " + name + " " + strings.Join(slices.Compact(origins), " ")
}
