package api

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"waybill/internal/account"
	"waybill/internal/fault"
	answered "waybill/internal/problem"
)

// exchange is one request and its answer, from the first look at the key to the
// line in the log. It is the ResponseWriter that all handlers write to.
type exchange struct {
	http.ResponseWriter
	api    *API
	front  *front
	r      *http.Request
	id     string
	who    account.Principal
	veil   *veil // over what the caller may not see, nil for none
	status int
	cause  error         // of an answer that does not tell it
	copy   *bytes.Buffer // of the answer's body, when it is to be kept
	hidden string        // the member of the answer that is shown once, and not kept
	again  bool          // part of what was asked for is still to be done: the request is worth sending again
	broken bool          // the answer ends before its end: the client must notice
}

// WriteHeader notes the status.
func (x *exchange) WriteHeader(status int) {
	if x.status == 0 {
		x.status = status
	}
	x.ResponseWriter.WriteHeader(status)
}

// Write passes the body on.
func (x *exchange) Write(b []byte) (int, error) {
	if x.status == 0 {
		x.status = http.StatusOK
	}
	if x.veil == nil {
		return x.pass(b)
	}
	if _, err := x.pass(x.veil.through(b)); err != nil {
		return 0, err
	}
	return len(b), nil
}

// pass passes on what the caller may see.
func (x *exchange) pass(b []byte) (int, error) {
	if x.copy != nil {
		x.copy.Write(b)
	}
	return x.ResponseWriter.Write(b)
}

// finish passes on what the veil still holds.
func (x *exchange) finish() {
	if x.veil == nil || x.broken {
		return
	}
	if rest := x.veil.rest(); len(rest) > 0 {
		if _, err := x.pass(rest); err != nil && x.cause == nil {
			x.cause = err
		}
	}
}

// Unwrap lets http.ResponseController reach the writer below.
func (x *exchange) Unwrap() http.ResponseWriter { return x.ResponseWriter }

// refuse answers with a problem.
func (x *exchange) refuse(err error) {
	p := x.prepare(err)
	x.Header().Set("Content-Type", p.ContentType(""))
	x.WriteHeader(p.Status)
	if err := json.NewEncoder(x).Encode(p); err != nil && x.cause == nil {
		x.cause = err
	}
}

// prepare makes a problem of err, and sets what goes into the answer's header
// and into the log.
func (x *exchange) prepare(err error) *problem {
	p := problemOf(err)
	p.Instance = answered.Instance(x.id)
	if p.Status >= http.StatusInternalServerError {
		x.cause = p.cause
	}
	if p.retry != "" {
		x.Header().Set("Retry-After", p.retry)
	}
	if p.Status == http.StatusUnauthorized {
		x.Header().Set("WWW-Authenticate", `Bearer realm="waybill"`)
	}
	return p
}

// front is where requests come in: the routes, and what is shared by all of them.
type front struct {
	api   *API
	mux   *http.ServeMux
	large places
	looks *looks
	veils *veils
	cross func(*http.Request) error
	// squeezed serves what the client is glad to have squeezed.
	squeezed http.Handler
}

// ServeHTTP answers one request, squeezed or as it is.
func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if _, pattern := f.mux.Handler(r); maySqueeze(pattern, r) {
		f.squeezed.ServeHTTP(w, r)
		return
	}
	w.Header().Set("Vary", "Accept-Encoding")
	f.serve(w, r)
}

// serve takes one request through the gate and to its handler.
func (f *front) serve(w http.ResponseWriter, r *http.Request) {
	a, mux := f.api, f.mux
	x := &exchange{ResponseWriter: w, api: a, front: f, r: r, id: newRequestID()}
	ctx, start := r.Context(), a.now()
	_, pattern := mux.Handler(r)
	defer func() {
		if v := recover(); v != nil {
			x.panicked(v)
		}
		x.finish()
		a.log(ctx, x, pattern, a.now().Sub(start))
		if x.broken {
			panic(http.ErrAbortHandler) // cuts the connection: a handler has no other way to do so
		}
	}()

	h := w.Header()
	h.Set("Request-Id", x.id)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	if isPublic(pattern) {
		mux.ServeHTTP(x, r)
		return
	}
	if err := f.admit(ctx, x); err != nil {
		x.refuse(err)
		return
	}
	if isUpload(pattern) {
		mux.ServeHTTP(x, r)
		return
	}
	body, leave, err := readBody(x, r, maxBodyOf(pattern), f.large)
	defer leave()
	if err != nil {
		x.refuse(err)
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	x.once(ctx, body, func() { mux.ServeHTTP(x, r) })
}

// panicked answers a request whose handler broke down.
func (x *exchange) panicked(v any) {
	cause := fmt.Errorf("panic: %v\n%s", v, debug.Stack())
	if x.status == 0 {
		x.refuse(cause)
	}
	x.cause = cause
}

// nowhere answers requests that no route takes.
func nowhere(mux *http.ServeMux) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var allowed []string
		for _, method := range [...]string{http.MethodGet, http.MethodPost, http.MethodPatch, http.MethodDelete} {
			other := &http.Request{Method: method, URL: r.URL, Host: r.Host}
			if _, pattern := mux.Handler(other); strings.HasPrefix(pattern, method+" ") {
				allowed = append(allowed, method)
			}
		}
		x, ok := w.(*exchange)
		switch {
		case !ok:
			http.NotFound(w, r)
		case allowed == nil:
			x.refuse(fault.New(fault.NotFound, "there is nothing at %s", r.URL.Path))
		default:
			w.Header().Set("Allow", strings.Join(allowed, ", "))
			x.refuse(notAllowed("Use " + strings.Join(allowed, " or ") + " here."))
		}
	}
}

// log writes the request's one line.
func (a *API) log(ctx context.Context, x *exchange, pattern string, took time.Duration) {
	if a.Log == nil {
		return
	}
	level := slog.LevelInfo
	fields := []slog.Attr{
		slog.String("request_id", x.id), slog.String("method", x.r.Method), slog.String("route", routeOf(pattern)),
		slog.Int("status", x.status), slog.Duration("took", took), slog.Int64("key_id", x.who.KeyID), slog.Int64("user_id", x.who.UserID),
	}
	if x.cause != nil {
		level = slog.LevelError
		fields = append(fields, slog.Any("error", x.cause))
	}
	a.Log.LogAttrs(ctx, level, "api request", fields...)
}

func routeOf(pattern string) string {
	if _, path, ok := strings.Cut(pattern, " "); ok {
		return path
	}
	return "none"
}

// caller is embedded in the input of every route, and leads to the exchange.
type caller struct{ x *exchange }

// Resolve is called by huma before the handler.
func (c *caller) Resolve(ctx huma.Context) []error {
	_, w := humago.Unwrap(ctx)
	c.x, _ = w.(*exchange)
	return nil
}

func (c *caller) exchange() *exchange { return c.x }

func (c *caller) who() account.Principal { return c.x.who }
