package edge

import (
	"net/http"
	"strings"

	"waybill/internal/click"
	"waybill/internal/param"
	"waybill/internal/txid"
)

// impression takes the view of an advertisement. It is judged by the rules of a
// click: what would turn its visitor away keeps the view from earning anything.
func (e *Edge) impression(w http.ResponseWriter, r *http.Request) {
	if e.noVisit(w, r) {
		return
	}
	v := e.visit(txid.Impression)
	defer e.leave(v)
	e.read(v, w, r)
	v.click.TurnedAway = v.refusal()
	if r.Method != http.MethodHead {
		e.begin(v, true)
		e.write(v) //nolint:contextcheck // a visitor who hangs up loses nothing
	}
	v.answerView(w)
}

// answerView answers an impression: an image whatever became of it, since it
// stands in a page that must not look broken.
func (v *visit) answerView(w http.ResponseWriter) {
	if !strings.EqualFold(v.values.Get(param.Format), "json") {
		writeImage(w, http.StatusOK)
		return
	}
	w.Header()["Access-Control-Allow-Origin"] = anyOrigin
	status := http.StatusOK
	if v.click.TurnedAway != click.Sent {
		status = nowhereStatus(v.click.TurnedAway)
	}
	writeJSON(w, status, viewAnswer{TransactionID: v.click.ID.String()})
}

// viewAnswer is the answer to an impression that asked for JSON.
type viewAnswer struct {
	TransactionID string `json:"transaction_id"`
}

// pixel is a transparent GIF of one pixel, and what its header says, which pages
// of any origin may show.
//
//nolint:gochecknoglobals // never changed
var (
	pixel       = []byte("GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x01\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;")
	imageType   = []string{"image/gif"}
	imageLength = []string{"43"}
	anySite     = []string{"cross-origin"}
)

// writeImage answers with a pixel that no cache keeps.
func writeImage(w http.ResponseWriter, status int) {
	h := w.Header()
	h["Cache-Control"] = noStore
	h["Content-Type"] = imageType
	h["Content-Length"] = imageLength
	h["Cross-Origin-Resource-Policy"] = anySite
	h["X-Content-Type-Options"] = noSniff
	w.WriteHeader(status)
	_, _ = w.Write(pixel) // whoever hung up needs no answer
}
