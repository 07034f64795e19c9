// Package relay is a redirector that stands between two trackers, as link
// shorteners and trackers of trackers do: it sends a visitor on to a fixed
// address with the parameters that it was given. Told to, it does to them what
// bad ones do.
package relay

import (
	"net/http"
	"strings"
)

// Relay is a redirector.
type Relay struct {
	To      string // where it leads
	Keep    int    // to how many bytes it cuts every value; 0: it leaves them whole
	Literal string // what it puts in place of every value; empty: nothing
}

// Handler answers every request with a redirect.
func (l Relay) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		for name := range q {
			q.Set(name, l.pass(q.Get(name)))
		}
		separator := "?"
		if strings.Contains(l.To, "?") {
			separator = "&"
		}
		http.Redirect(w, r, l.To+separator+q.Encode(), http.StatusFound) //nolint:gosec // To is the demo's own; only parameters are the visitor's
	})
}

// pass gives what becomes of a value.
func (l Relay) pass(value string) string {
	if l.Literal != "" {
		return l.Literal
	}
	if l.Keep > 0 && len(value) > l.Keep {
		return value[:l.Keep]
	}
	return value
}
