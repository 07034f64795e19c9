package edge

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"

	"waybill/internal/click"
	"waybill/internal/param"
)

// Header values that answers share; net/http only reads them.
//
//nolint:gochecknoglobals // never changed
var (
	noStore   = []string{"no-store"}
	anyOrigin = []string{"*"}
	noSniff   = []string{"nosniff"}
)

// answer sends the visitor on.
func (v *visit) answer(w http.ResponseWriter) {
	if cookie := v.cookie(); cookie != "" {
		w.Header()["Set-Cookie"] = []string{cookie}
	}
	if strings.EqualFold(v.values.Get(param.Format), "json") {
		v.answerJSON(w)
		return
	}
	if v.location == "" {
		nowhere(w, v.click.TurnedAway)
		return
	}
	h := w.Header()
	h["Cache-Control"] = noStore
	h["Location"] = []string{v.location}
	w.WriteHeader(http.StatusFound)
}

// clickAnswer is the answer to a click that asked for JSON.
type clickAnswer struct {
	TransactionID string `json:"transaction_id"`
	URL           string `json:"url"`
}

// answerJSON tells a page's script the ID and where to send the visitor. Any
// page may read it: it holds nothing that the redirect would not have told.
func (v *visit) answerJSON(w http.ResponseWriter) {
	w.Header()["Access-Control-Allow-Origin"] = anyOrigin
	status := http.StatusOK
	if v.location == "" {
		status = nowhereStatus(v.click.TurnedAway)
	}
	writeJSON(w, status, clickAnswer{TransactionID: v.click.ID.String(), URL: v.location})
}

// preflight tells a browser by which methods and with which headers a page of
// any origin may ask.
func preflight(w http.ResponseWriter, methods, headers string) {
	h := w.Header()
	h["Access-Control-Allow-Origin"] = anyOrigin
	h.Set("Access-Control-Allow-Methods", methods)
	h.Set("Access-Control-Allow-Headers", headers)
	h.Set("Access-Control-Max-Age", "86400")
	w.WriteHeader(http.StatusNoContent)
}

// nowhere tells a visitor that there is nowhere to send him. The page says
// nothing of the request: what an answer repeats can be turned against its
// reader.
func nowhere(w http.ResponseWriter, reason click.Reason) {
	status := nowhereStatus(reason)
	if status == http.StatusGone {
		refuse(w, status, "This offer is no longer available.")
		return
	}
	refuse(w, status, "This link leads nowhere.")
}

// nowhereStatus tells what is over from what never was.
func nowhereStatus(reason click.Reason) int {
	if reason.Gone() {
		return http.StatusGone
	}
	return http.StatusNotFound
}

// notAllowed answers a method that a path does not know.
func notAllowed(w http.ResponseWriter, allowed string) {
	w.Header().Set("Allow", allowed)
	refuse(w, http.StatusMethodNotAllowed, "use one of "+allowed)
}

// refuse answers with a plain text that nobody keeps.
func refuse(w http.ResponseWriter, status int, text string) {
	h := w.Header()
	h["Cache-Control"] = noStore
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text+"\n") // whoever hung up needs no answer
}

// writeJSON answers with v.
func writeJSON(w http.ResponseWriter, status int, v any) {
	h := w.Header()
	h["Cache-Control"] = noStore
	h.Set("Content-Type", "application/json")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(v) // as above
}

// readBody reads a request's body, up to the limit. With an error comes what
// could be read.
func readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	return io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
}
