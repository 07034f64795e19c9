//go:build slow

package browser

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// The transaction IDs that a tracker gives out, and others that look like some.
const (
	ofVisit  = "4h7n0kq1m2x3y4z5a6b7c8d9e0f1g2h3"
	ofClick  = "4jcc0kq1m2x3y4z5a6b7c8d9e0f1g2h3"
	ofView   = "5kvv0kq1m2x3y4z5a6b7c8d9e0f1g2h3"
	ofBefore = "4000000000000000000000000000000a"
	ofNobody = "4m7n0kq1m2x3y4z5a6b7c8d9e0f1g2h3" // who was turned away
)

// request is one that a tracker got.
type request struct {
	method, path, query, body, contentType, origin, cookie string
}

// field gives a value of the JSON that was sent.
func (r request) field(name string) string {
	var all map[string]any
	if err := json.Unmarshal([]byte(r.body), &all); err != nil {
		return "not JSON: " + err.Error()
	}
	if v, ok := all[name]; ok {
		return fmt.Sprint(v)
	}
	return ""
}

// tracker stands in for Waybill where a test looks at the very requests, or
// needs a network that fails. It knows no rule: every hit is accepted.
type tracker struct {
	sdk http.Handler

	mu     sync.Mutex
	hits   []request
	fail   int  // how many hits from now get no answer
	closed bool // clicks are turned away
}

func (k *tracker) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/sdk.js" {
		k.sdk.ServeHTTP(w, r)
		return
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, 64<<10))
	if err != nil {
		body = []byte(err.Error())
	}
	k.mu.Lock()
	k.hits = append(k.hits, request{
		r.Method, r.URL.Path, r.URL.RawQuery, string(body),
		r.Header.Get("Content-Type"), r.Header.Get("Origin"), r.Header.Get("Cookie"),
	})
	fail, closed := k.fail > 0, k.closed
	if fail {
		k.fail--
	}
	k.mu.Unlock()
	if fail {
		panic(http.ErrAbortHandler) // the connection breaks
	}
	w.Header().Set("Connection", "close") // a browser itself tries again on a connection that it uses again
	w.Header().Set("Access-Control-Allow-Origin", "*")
	w.Header().Set("Content-Type", "application/json")
	switch r.URL.Path {
	case "/click":
		id := ofClick
		if closed {
			id = ofNobody
		}
		fmt.Fprintf(w, `{"transaction_id":%q,"url":"%s/"}`, id, shop)
	case "/impression":
		fmt.Fprintf(w, `{"transaction_id":%q}`, ofView)
	default:
		fmt.Fprint(w, `{"status":"accepted","code":"ok","conversion_id":"c"}`)
	}
}

// got gives the hits of a path so far, and of all when it names none.
func (k *tracker) got(path string) []request {
	k.mu.Lock()
	defer k.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(k.hits), func(r request) bool { return !strings.HasPrefix(r.path, path) })
}

func (k *tracker) close() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.closed = true
}

func (k *tracker) failNext(n int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.fail = n
}
