package edge

import (
	"context"
	"encoding/json"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"waybill/internal/advertiser"
	"waybill/internal/catalog"
	"waybill/internal/offer"
	"waybill/internal/param"
	"waybill/internal/signal"
	"waybill/internal/txid"
)

// retryAfter tells a sender whose hit could not be written down when to come
// again, in seconds.
const retryAfter = "5"

// hit is one claim in a postback, and the request it came in.
type hit struct {
	origin
	values param.Values
	object json.RawMessage // the JSON it was read from, nil for a query or a form
	index  int             // its place in an array
	broken string          // why it cannot be read, empty when it can
}

// origin is what all hits of one request share.
type origin struct {
	catalog   *catalog.Catalog
	now       time.Time
	channel   signal.Channel
	client    client
	method    string
	path      string
	query     string
	body      []byte
	signature string // the header Waybill-Signature
	// trusted is set where the API has looked at the caller's key already: the
	// advertiser whose word it is, 0 for the network's.
	trusted *int64
}

// client is who sent the request.
type client struct {
	addr      netip.Addr
	userAgent string
	referrer  string
}

// verdict is the answer to one hit.
type verdict struct {
	signal.Verdict
	HTTP   int  `json:"http,omitempty"` // in an array, where each hit has its own
	strict bool // whether the sender wants to see rejections as such
}

// status gives the HTTP status that answers v.
func (v *verdict) status() int {
	if v.Status == signal.Rejected && !v.strict && v.Code != signal.Unavailable && v.Code != signal.RateLimited {
		return http.StatusOK
	}
	return v.Code.HTTP()
}

// postback takes the advertiser's word that something was done.
func (e *Edge) postback(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodPost {
		w.Header().Set("Allow", "GET, POST")
		http.Error(w, "a postback is a GET or a POST", http.StatusMethodNotAllowed)
		return
	}
	body, err := readBody(w, r)
	if err != nil && !tooLarge(err) {
		return // the sender hung up in the middle: there is no request yet
	}
	h := &hit{origin: origin{
		catalog: e.Catalog(), now: time.Now(), channel: signal.Postback, client: e.client(r),
		method: r.Method, path: r.URL.Path, query: r.URL.RawQuery, body: trimSpace(body),
		signature: r.Header.Get("Waybill-Signature"),
	}}
	if err != nil {
		h.broken = "the body is longer than 64 KiB; send fewer conversions at once"
	}
	if !h.isJSON() {
		h.readQuery()
		e.one(w, h)
		return
	}
	objects, err := param.SplitJSON(h.body)
	if err != nil && h.broken == "" {
		h.broken = err.Error()
	}
	switch {
	case h.broken != "":
		h.readQuery()
		e.one(w, h)
	case h.body[0] == '[':
		e.many(w, h, objects)
	default:
		h.readObject(objects[0])
		e.one(w, h)
	}
}

// client reads who sent r.
func (e *Edge) client(r *http.Request) client {
	ua, _ := param.Cut(first(r.Header["User-Agent"]))
	ref, _ := param.Cut(first(r.Header["Referer"]))
	return client{addr: e.Proxies.Client(r), userAgent: ua, referrer: ref}
}

// isJSON reports whether the body is JSON: no form begins like an object or an
// array. What is certain is understood, whatever the Content-Type says.
func (h *hit) isJSON() bool {
	return len(h.body) > 0 && (h.body[0] == '{' || h.body[0] == '[')
}

// readQuery reads the query, and the body as a form.
func (h *hit) readQuery() {
	err := h.values.ScanQuery(param.Signal, h.query)
	if h.broken == "" && len(h.body) > 0 && !h.isJSON() {
		err = h.values.ScanQuery(param.Signal, string(h.body))
	}
	h.fail(err)
}

// readObject reads one JSON object, and beside it the query, which may hold
// what is the same for all: the token, the offer.
func (h *hit) readObject(object json.RawMessage) {
	h.object = object
	err := h.values.AddJSON(param.Signal, object)
	if err == nil && h.signature == "" { // a signature in the header covers the body alone
		err = h.values.ScanQuery(param.Signal, h.query)
	}
	h.fail(err)
}

// fail notes what about the hit's form is wrong, the first time.
func (h *hit) fail(err error) {
	if err != nil && h.broken == "" {
		h.broken = err.Error()
	}
}

// one answers a request that holds one hit.
func (e *Edge) one(w http.ResponseWriter, h *hit) {
	v := e.take(h)
	if v.Code == signal.Unavailable {
		w.Header().Set("Retry-After", retryAfter)
	}
	writeJSON(w, v.status(), v.Verdict)
}

// many answers an array: a verdict for each hit, in order.
func (e *Edge) many(w http.ResponseWriter, h *hit, objects []json.RawMessage) {
	answers := make([]verdict, 0, len(objects))
	written := false
	for i, object := range objects {
		next := &hit{origin: h.origin, index: i}
		next.readObject(object)
		v := e.take(next)
		v.HTTP = v.status()
		written = written || v.Code != signal.Unavailable
		answers = append(answers, v)
	}
	status := http.StatusOK
	if !written && len(answers) > 0 {
		status = http.StatusServiceUnavailable
		w.Header().Set("Retry-After", retryAfter)
	}
	writeJSON(w, status, map[string][]verdict{"data": answers})
}

// take writes a hit down and has it judged.
func (e *Edge) take(h *hit) verdict {
	s, parts, strict := e.signal(h)
	ticket := e.Mint.Begin(h.now, txid.Subject{
		Kind: txid.Signal, Test: s.Test, Offer: parts.Offer, Affiliate: parts.Affiliate,
	})
	s.ID = ticket.ID
	// Our own deadline, not the client's: a sender who hangs up loses nothing.
	if err := e.Journal.Append(context.Background(), ticket, s.Append(nil)); err != nil {
		e.Metrics.signal(signal.Unavailable)
		return verdict{strict: true, Verdict: signal.Verdict{
			Status: signal.Rejected, Code: signal.Unavailable, SignalID: s.ID.String(), Test: s.Test,
			Message: signal.Explain(signal.Unavailable, signal.Detail{}),
		}}
	}
	v := e.Settler.Settle(context.Background(), s)
	e.Metrics.signal(v.Code)
	return verdict{Verdict: v, strict: strict}
}

// signal makes the record of a hit: who sent it, whether to believe it, and
// what it says without its secrets.
func (e *Edge) signal(h *hit) (s signal.Signal, parts txid.Parts, strict bool) {
	s = signal.Signal{
		ReceivedAt: h.now, Channel: h.channel, Method: h.method, Path: h.path,
		IP: h.client.addr, UserAgent: h.client.userAgent, Index: h.index, Malformed: h.broken, Auth: signal.OK,
	}
	s.Click, parts = h.transaction()
	if parts.Offer == 0 {
		parts.Offer = number(h.values.Get(param.OfferID), offer.MaxID)
	}
	s.Test = h.values.Test() || parts.Test
	strict = true
	if o, ok := h.catalog.Offer(parts.Offer); ok {
		s.Auth = h.believe(o)
		strict = o.Advertiser.Strict
	}
	key := h.catalog.Settings().IdentityKey
	s.Referrer = param.ScrubText(key, h.client.referrer)
	s.Raw = h.raw(key)
	h.values.Scrub(key)
	s.Params, s.Extra = h.params(s.Click)
	return s, parts, strict
}

// believe says whether the sender may speak for the offer's advertiser.
func (h *hit) believe(o *catalog.Offer) signal.Code {
	switch {
	case h.trusted == nil:
		return o.Advertiser.Check(h.credential(), h.now)
	case *h.trusted != 0 && *h.trusted != o.AdvertiserID:
		return signal.OfferUnknown // another advertiser's offer is as good as none
	}
	return signal.OK
}

// transaction gives the first transaction ID that verifies, and its parts.
func (h *hit) transaction() (txid.ID, txid.Parts) {
	for _, text := range h.values.TransactionIDs() {
		id, err := txid.Parse(strings.TrimSpace(text))
		if err != nil || id.Kind() != txid.Click && id.Kind() != txid.Impression {
			continue
		}
		if parts, err := h.catalog.Ring().Open(id); err == nil {
			return id, parts
		}
	}
	return txid.ID{}, txid.Parts{}
}

// credential gathers what the sender proves itself with.
func (h *hit) credential() advertiser.Credential {
	c := advertiser.Credential{
		Channel: h.channel, Addr: h.client.addr, Token: h.values.Get(param.Token),
		Timestamp: h.values.Get(param.TS), Signature: h.values.Get(param.Sig),
	}
	if c.Signature != "" {
		signed, after, _ := strings.Cut(h.query, "&sig=")
		if !strings.Contains(after, "&") && len(h.body) == 0 { // what stands behind sig nobody has signed
			c.Payload = signed
		}
	}
	if h.signature != "" {
		c.Header, c.Payload = h.signature, string(h.body)
	}
	return c
}

// raw gives the request as it is kept: as it came, without secrets.
func (h *hit) raw(key []byte) string {
	query := param.ScrubQuery(param.Signal, key, h.query)
	var body string
	switch {
	case h.object != nil:
		body = string(param.ScrubJSON(param.Signal, key, h.object))
	case len(h.body) > 0:
		body = param.ScrubQuery(param.Signal, key, string(h.body))
	}
	if query != "" && body != "" {
		return query + "\n" + body
	}
	return query + body
}

// params lists what the hit says, by canonical names. Of several transaction IDs
// it keeps the one that verifies, else the likeliest as it was sent.
func (h *hit) params(verified txid.ID) ([]signal.Param, []signal.Extra) {
	var said []signal.Param
	for n := range param.NumNames {
		value := h.values.Get(n)
		if n == param.TransactionID && !verified.IsZero() {
			value = verified.String()
		}
		if value != "" {
			said = append(said, signal.Param{Name: n, Value: value})
		}
	}
	var extra []signal.Extra
	for _, p := range h.values.Unknown {
		extra = append(extra, signal.Extra{Name: p.Name, Value: p.Value})
	}
	return said, extra
}

// trimSpace takes JSON's white space from around b.
func trimSpace(b []byte) []byte {
	return []byte(strings.Trim(string(b), " \t\r\n"))
}
