package login

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"net/netip"
	"runtime/debug"
	"strings"
	"time"

	"waybill/internal/fault"
	"waybill/internal/problem"
	"waybill/internal/user"
)

// maxBody bounds what a request may bring.
const maxBody = 64 << 10

// exchange is one request and its answer.
type exchange struct {
	http.ResponseWriter
	l      *Login
	r      *http.Request
	id     string
	status int
	cause  error
	from   netip.Addr
	now    time.Time

	who     user.User    // who is signed in, where the route asks for it
	session user.Session // and how
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
	return x.ResponseWriter.Write(b)
}

func (x *exchange) ctx() context.Context { return x.r.Context() }

func (x *exchange) place() place { return x.l.placeOf(x.r) }

// by is the caller as the audit keeps it.
func (x *exchange) by(u user.User) user.By {
	p := u.Principal()
	p.Address, p.Session = x.from, x.session.ID
	return user.ByOf(p)
}

// answer is what a handler gives back: nil for 204, a reply for something else
// than 200 and JSON.
type answer any

// accepted is an answer with the status 202.
type accepted struct{ body any }

// elsewhere is an answer that leads the browser to another site.
type elsewhere string

// onward is one that leads it to a path of ours.
type onward string

// route is one ceremony, or one of its halves.
type route struct {
	pattern   string // behind Prefix
	signed    bool   // for whoever is signed in alone
	confirmed bool   // and has shown in the last minutes who that is
	handle    func(x *exchange) (answer, error)
}

// mux makes the handler of all routes.
func (l *Login) mux(routes []route) *http.ServeMux {
	mux := http.NewServeMux()
	for _, one := range routes {
		method, path, _ := strings.Cut(one.pattern, " ")
		mux.HandleFunc(method+" "+Prefix+path, func(w http.ResponseWriter, _ *http.Request) {
			if x, ok := w.(*exchange); ok {
				x.run(one)
			}
		})
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		if x, ok := w.(*exchange); ok {
			x.lost(mux)
		}
	})
	return mux
}

// lost answers what no route takes: with the methods that are taken at this path,
// if there are any.
func (x *exchange) lost(mux *http.ServeMux) {
	var allowed []string
	for _, method := range [...]string{http.MethodDelete, http.MethodGet, http.MethodHead, http.MethodPatch, http.MethodPost} {
		r := *x.r
		r.Method = method
		if _, pattern := mux.Handler(&r); pattern != "/" {
			allowed = append(allowed, method)
		}
	}
	if len(allowed) == 0 {
		x.refuse(fault.New(fault.NotFound, "there is nothing at %s", x.r.URL.Path))
		return
	}
	list := strings.Join(allowed, ", ")
	x.Header().Set("Allow", list)
	x.refuse(problem.New(problem.WrongMethod(), x.r.Method+" is not possible here; possible: "+list))
}

// ServeHTTP takes one request to its ceremony.
func (l *Login) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := &exchange{ResponseWriter: w, l: l, r: r, id: strings.ToLower(rand.Text()[:20]), from: l.client(r), now: l.now()}
	h := w.Header()
	h.Set("Request-Id", x.id)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	ctx := r.Context()
	defer func() {
		if v := recover(); v != nil {
			err := fmt.Errorf("panic: %v\n%s", v, debug.Stack())
			if x.status == 0 {
				x.refuse(err)
			}
			x.cause = err
		}
		x.log(ctx)
	}()
	if err := l.SameOrigin(r); err != nil {
		x.refuse(fault.New(fault.Forbidden, "this came from another site, and only the console itself may ask for it"))
		return
	}
	l.routes.ServeHTTP(x, r)
}

// run answers by one route.
func (x *exchange) run(one route) {
	gate := func() error { return x.l.pace.step(x.from, x.now) }
	if one.signed {
		gate = x.signedIn
	}
	err := gate()
	if err == nil && one.confirmed {
		err = x.confirmedLately()
	}
	if err != nil {
		x.refuse(err)
		return
	}
	a, err := one.handle(x)
	if err != nil {
		x.refuse(err)
		return
	}
	switch a := a.(type) {
	case nil:
		x.WriteHeader(http.StatusNoContent)
	case elsewhere:
		x.lead(string(a))
	case onward:
		x.lead(x.place().prefix + string(a))
	case accepted:
		x.send(http.StatusAccepted, a.body)
	default:
		x.send(http.StatusOK, a)
	}
}

func (x *exchange) lead(location string) {
	x.Header().Set("Location", location)
	x.WriteHeader(http.StatusFound)
}

func (x *exchange) send(status int, body any) {
	b, err := json.Marshal(body)
	if err != nil {
		x.refuse(fmt.Errorf("write the answer: %w", err))
		return
	}
	x.Header().Set("Content-Type", "application/json")
	x.WriteHeader(status)
	_, _ = x.Write(append(b, '\n')) // the client left: nothing is to be done
}

// read reads the body into v: one JSON object, without anything that is not
// asked for.
func (x *exchange) read(v any) error {
	media, _, err := mime.ParseMediaType(x.r.Header.Get("Content-Type"))
	if err != nil || media != "application/json" {
		return problem.New(problem.NotJSON(), "Send the body as JSON, with the header Content-Type: application/json.")
	}
	body, err := io.ReadAll(http.MaxBytesReader(x.ResponseWriter, x.r.Body, maxBody))
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return problem.New(problem.TooLarge(), fmt.Sprintf("A body may have up to %d bytes.", maxBody))
	}
	if err != nil {
		return malformed("The body broke off.")
	}
	return decode(body, v)
}

// decode reads one JSON object. The decoder's own words are not passed on: they
// may quote a secret.
func decode(body []byte, v any) error {
	if trimmed := bytes.TrimSpace(body); len(trimmed) == 0 || trimmed[0] != '{' {
		return malformed("The body is not a JSON object.")
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok && wrong.Field != "" {
			return fault.At(wrong.Field, "is not of the right type")
		}
		if name, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok && len(name) <= longestToken {
			return malformed("The body has a field that is not asked for: " + name + ".")
		}
		return malformed("The body is not a JSON object.")
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return malformed("There is something behind the JSON object.")
	}
	return nil
}

// log writes the request's one line. Tokens and codes stand in no path, and what
// stands in queries is not logged.
func (x *exchange) log(ctx context.Context) {
	if x.l.log == nil {
		return
	}
	level := slog.LevelInfo
	fields := []slog.Attr{
		slog.String("request_id", x.id), slog.String("method", x.r.Method), slog.String("route", x.route()),
		slog.Int("status", x.status), slog.Duration("took", x.l.now().Sub(x.now)), slog.Int64("user_id", x.who.ID),
		slog.String("address", x.from.String()),
	}
	if x.cause != nil {
		level = slog.LevelError
		fields = append(fields, slog.Any("error", x.cause))
	}
	x.l.log.LogAttrs(ctx, level, "login request", fields...)
}

// route names the pattern that answered.
func (x *exchange) route() string {
	_, pattern := x.l.routes.Handler(x.r)
	if _, path, ok := strings.Cut(pattern, " "); ok {
		return path
	}
	return "none"
}
