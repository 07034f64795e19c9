package edge

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"waybill/internal/advertiser"
	"waybill/internal/param"
	"waybill/internal/signal"
)

// postback takes the advertiser's word that something was done.
func (e *Edge) postback(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodPost {
		notAllowed(w, "GET, POST")
		return
	}
	e.receive(w, r, e.origin(r, signal.Postback))
}

// origin reads what all hits of r share, but for its body.
func (e *Edge) origin(r *http.Request, c signal.Channel) origin {
	return origin{
		catalog: e.Catalog(), now: e.time(), channel: c, client: e.client(r),
		method: r.Method, path: r.URL.Path, query: r.URL.RawQuery,
		signature: strings.Join(r.Header[advertiser.Header], ","),
	}
}

// receive takes the hits in a request and answers with their verdicts. What is
// wrong with a request does not keep it from being written down: only so can its
// sender see later what came.
func (e *Edge) receive(w http.ResponseWriter, r *http.Request, o origin) {
	ctx := context.WithoutCancel(r.Context()) // a sender who hangs up loses nothing
	body, unread := readBody(w, r)
	o.body, o.text = body, textOf(body)
	objects, err := o.objects(unread, r.Header.Get("Content-Type"))
	switch {
	case err != nil:
		h := &hit{origin: o, broken: err.Error()}
		h.readQuery()
		e.one(ctx, w, h)
	case objects == nil:
		h := &hit{origin: o}
		h.readQuery()
		h.readForm()
		e.one(ctx, w, h)
	case o.text[0] == '[':
		e.many(ctx, w, o, objects)
	default:
		h := &hit{origin: o}
		h.readObject(objects[0])
		e.one(ctx, w, h)
	}
}

// client reads who sent r.
func (e *Edge) client(r *http.Request) client {
	return client{addr: e.Proxies.Client(r), userAgent: first(r.Header["User-Agent"]), referrer: first(r.Header["Referer"])}
}

// textOf gives a body without the white space and the byte order mark around
// it.
func textOf(body []byte) []byte {
	return bytes.Trim(bytes.TrimPrefix(body, []byte("\xef\xbb\xbf")), " \t\r\n")
}

// objects gives the objects of a JSON body, none for a form or no body at all.
// The error says for people why the request cannot be read. What the body is
// shows by itself, whatever its Content-Type says.
func (o *origin) objects(unread error, contentType string) ([]json.RawMessage, error) {
	switch {
	case unread != nil:
		return nil, unreadBody(unread)
	case o.signature != "" && len(o.body) == 0:
		return nil, errors.New("the header " + advertiser.Header + " signs a body, and none came; sign a URL by ts and sig")
	case o.isJSON():
		return param.SplitJSON(o.text)
	case len(o.text) > 0 && !o.isForm():
		return nil, fmt.Errorf("the body, of %d bytes and type %.80q, is neither a form nor JSON", len(o.body), contentType)
	}
	return nil, nil
}

// unreadBody says why a body could not be read to its end.
func unreadBody(err error) error {
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return errors.New("the body is longer than 64 KiB; send fewer conversions at once")
	}
	return errors.New("the body ended before its time")
}

// isJSON reports whether the body is JSON: no form begins like an object or an
// array.
func (o *origin) isJSON() bool {
	return len(o.text) > 0 && (o.text[0] == '{' || o.text[0] == '[')
}

// isForm reports whether the body can be a form: one line of names and values.
func (o *origin) isForm() bool {
	return bytes.IndexByte(o.text, '=') > 0 && o.text[0] != '<' && o.text[0] != '"' &&
		bytes.IndexFunc(o.text, func(r rune) bool { return r < ' ' }) < 0
}
