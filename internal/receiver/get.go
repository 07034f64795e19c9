package receiver

import "net/http"

// getKind is everything in the URL: what nearly all trackers take. Some want a
// POST, without a body.
func getKind() kind {
	return kind{methods: []string{http.MethodGet, http.MethodPost}, headers: true}
}
