package edge

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"waybill/internal/advertiser"
	"waybill/internal/param"
	"waybill/internal/signal"
	"waybill/internal/txid"
)

// retryAfter tells a sender whose hit could not be written down when to come
// again, in seconds.
const retryAfter = "5"

// postback takes the advertiser's word that something was done. What is wrong
// with a request does not keep it from being written down: only so can its
// sender see later what came.
func (e *Edge) postback(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodPost {
		notAllowed(w, "GET, POST")
		return
	}
	ctx := context.WithoutCancel(r.Context()) // a sender who hangs up loses nothing
	body, unread := readBody(w, r)
	o := origin{
		catalog: e.Catalog(), now: time.Now(), channel: signal.Postback, client: e.client(r),
		method: r.Method, path: r.URL.Path, query: r.URL.RawQuery,
		body: body, text: textOf(body), signature: strings.Join(r.Header[advertiser.Header], ","),
	}
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

// one answers a request that holds one hit.
func (e *Edge) one(ctx context.Context, w http.ResponseWriter, h *hit) {
	v := e.take(ctx, h)
	if v.Code == signal.Unavailable {
		w.Header().Set("Retry-After", retryAfter)
	}
	writeJSON(w, v.status(), v.Verdict)
}

// many answers an array: a verdict for each hit, in order. Once one could not be
// written down the rest are not tried: each would wait its full time, and the
// sender longer than senders do.
func (e *Edge) many(ctx context.Context, w http.ResponseWriter, o origin, objects []json.RawMessage) {
	answers := make([]verdict, len(objects))
	failed := false
	for i, object := range objects {
		if failed {
			e.Metrics.signal(signal.Unavailable)
			answers[i] = unavailable(txid.ID{})
		} else {
			h := &hit{origin: o, index: i}
			h.readObject(object)
			answers[i] = e.take(ctx, h)
			failed = answers[i].Code == signal.Unavailable
		}
		answers[i].HTTP = answers[i].status()
	}
	status := http.StatusOK
	if answers[0].Code == signal.Unavailable {
		status = http.StatusServiceUnavailable
		w.Header().Set("Retry-After", retryAfter)
	}
	writeJSON(w, status, map[string][]verdict{"data": answers})
}

// verdict is the answer to one hit.
type verdict struct {
	signal.Verdict
	HTTP   int  `json:"http,omitempty"` // in an array, where each hit has its own
	strict bool // whether the sender wants to see rejections as such
}

// status gives the HTTP status that answers v. What was not written down is
// never answered with success.
func (v *verdict) status() int {
	if v.Status == signal.Rejected && !v.strict && v.Code != signal.Unavailable && v.Code != signal.RateLimited {
		return http.StatusOK
	}
	return v.Code.HTTP()
}

// unavailable is the verdict on a hit that could not be written down.
func unavailable(id txid.ID) verdict {
	return verdict{strict: true, Verdict: signal.Verdict{
		Status: signal.Rejected, Code: signal.Unavailable, SignalID: id.String(),
		Message: signal.Explain(signal.Unavailable, signal.Detail{}),
	}}
}

// take writes a hit down and has it judged.
func (e *Edge) take(ctx context.Context, h *hit) verdict {
	s := h.signal()
	ticket := e.Mint.Begin(h.now, txid.Subject{
		Kind: txid.Signal, Test: s.Test, Offer: h.parts.Offer, Affiliate: h.parts.Affiliate,
	})
	open := ticket
	defer func() { open.Done() }() // unless the journal has it
	s.ID = ticket.ID
	v := unavailable(s.ID)
	v.Test = s.Test
	record := s.Append(nil)
	open = txid.Ticket{}
	if err := e.Journal.Append(ctx, ticket, record); err == nil {
		v = verdict{Verdict: e.Settler.Settle(ctx, s), strict: h.offer == nil || h.offer.Advertiser.Strict}
	}
	e.Metrics.signal(v.Code)
	return v
}
