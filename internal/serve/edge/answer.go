package edge

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"

	"waybill/internal/click"
	"waybill/internal/param"
)

// answer sends the visitor on.
func (e *Edge) answer(v *visit, w http.ResponseWriter) {
	h := w.Header()
	h["Cache-Control"] = noStore
	if v.values.Get(param.Format) == "json" {
		v.answerJSON(w)
		return
	}
	if v.click.Location == "" {
		nowhere(w, v.click.TurnedAway)
		return
	}
	h["Location"] = []string{v.click.Location}
	h["Content-Length"] = zeroLength
	w.WriteHeader(http.StatusFound)
}

// Header values that every answer shares; net/http only reads them.
//
//nolint:gochecknoglobals // never changed
var (
	noStore    = []string{"no-store"}
	zeroLength = []string{"0"}
)

// clickAnswer is the answer to a click that asked for JSON.
type clickAnswer struct {
	TransactionID string       `json:"transaction_id"`
	URL           string       `json:"url"`
	TurnedAway    click.Reason `json:"turned_away,omitempty"`
}

// answerJSON tells a page's script the ID and where the offer is. Any page may
// read it: it holds nothing that the redirect would not have told.
func (v *visit) answerJSON(w http.ResponseWriter) {
	a := clickAnswer{URL: v.click.Location, TurnedAway: v.click.TurnedAway}
	if !v.click.ID.IsZero() {
		a.TransactionID = v.click.ID.String()
	}
	w.Header().Set("Access-Control-Allow-Origin", "*")
	status := http.StatusOK
	if v.click.Location == "" {
		status = nowhereStatus(v.click.TurnedAway)
	}
	writeJSON(w, status, a)
}

// nowhere tells a visitor that there is nowhere to send him. The page says
// nothing of the request: what an answer repeats can be turned against its
// reader.
func nowhere(w http.ResponseWriter, reason click.Reason) {
	status := nowhereStatus(reason)
	text := "This link leads nowhere.\n"
	if status == http.StatusGone {
		text = "This offer is no longer available.\n"
	}
	h := w.Header()
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text)
}

// nowhereStatus tells what is over from what never was.
func nowhereStatus(reason click.Reason) int {
	if reason.Gone() {
		return http.StatusGone
	}
	return http.StatusNotFound
}

// writeJSON answers with v.
func writeJSON(w http.ResponseWriter, status int, v any) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("X-Content-Type-Options", "nosniff")
	h["Cache-Control"] = noStore
	w.WriteHeader(status)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(v) // whoever hung up needs no answer
}

// readBody reads a request's body, up to the limit.
func readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	return io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
}

// tooLarge reports whether a body was refused for its size.
func tooLarge(err error) bool {
	_, is := errors.AsType[*http.MaxBytesError](err)
	return is
}
