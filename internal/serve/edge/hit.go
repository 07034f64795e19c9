package edge

import (
	"encoding/json"
	"net/netip"
	"strings"
	"time"

	"waybill/internal/account"
	"waybill/internal/catalog"
	"waybill/internal/macro"
	"waybill/internal/offer"
	"waybill/internal/param"
	"waybill/internal/signal"
	"waybill/internal/txid"
)

// hit is one claim in a postback, and the request it came in.
type hit struct {
	origin
	values    param.Values
	object    json.RawMessage // the JSON it was read from, nil for a query or a form
	index     int             // its place in an array
	ifVersion int             // the conversion's version that it is meant for; 0 for any
	payoutID  int64           // the payout that pays the conversion it names; 0 for none
	broken    string          // why it cannot be read, empty when it can
	marks     []string        // what was mended on the way

	parts  txid.Parts     // of its transaction ID, or the offer that it names
	offer  *catalog.Offer // nil when it names none
	proven bool           // its sender has proved who he is
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
	body      []byte // as it came, and may be signed
	text      []byte // the body without what surrounds it
	signature string // the header Waybill-Signature
	page      string // the host of the page that a browser sends from
	shows     string // the scheme of the page that is the answer, where that can show pixels
	key       string // the publishable key of that page
	cookie    string // the transaction ID that a click has left in the browser
	binds     bool   // the hits only tie customers to their clicks
	// trusted is set where the API has looked at the caller's key already: the
	// advertiser whose word it is, 0 for the network's.
	trusted *int64
	test    bool // it is test traffic, whatever it says
}

// client is who sent the request.
type client struct {
	addr      netip.Addr
	userAgent string
	referrer  string
}

// readQuery reads the query, unless the signature covers the body alone: what
// nobody signed is not said beside what somebody did.
func (h *hit) readQuery() {
	if h.signature == "" {
		h.fail(h.values.ScanQuery(param.Signal, h.query))
	} else if h.query != "" {
		h.marks = append(h.marks, "query ignored: the signature covers the body")
	}
}

// readForm reads the body as a form.
func (h *hit) readForm() {
	h.fail(h.values.ScanQuery(param.Signal, string(h.text)))
}

// readObject reads one JSON object, and beside it the query, which may hold
// what is the same for all: the token, the offer.
func (h *hit) readObject(object json.RawMessage) {
	h.object = object
	h.fail(h.values.AddJSON(param.Signal, object))
	h.readQuery()
}

// fail notes what about the hit's form is wrong, the first time.
func (h *hit) fail(err error) {
	if err != nil && h.broken == "" {
		h.broken = err.Error()
	}
}

// signal makes the record of a hit: who sent it, whether to believe it, and
// what it says without its secrets.
func (h *hit) signal() signal.Signal {
	h.recall()
	h.takeKey()
	s := signal.Signal{
		ReceivedAt: h.now, Method: h.method, Path: h.path, IP: h.client.addr,
		Index: h.index, IfVersion: h.ifVersion, PayoutID: h.payoutID, Malformed: h.broken, Binds: h.binds, Page: h.shows,
	}
	if h.trusted != nil {
		s.SentBy = *h.trusted
	}
	s.Click = h.transaction()
	s.Test = h.values.Test() || h.parts.Test || h.test || h.byTestKey()
	h.offer, _ = h.catalog.Offer(h.parts.Offer)
	s.Auth = h.believe()
	s.Channel = h.channel
	key := h.catalog.Settings().IdentityKey
	s.UserAgent = h.cut("user_agent", h.client.userAgent)
	s.Referrer = h.cut("referrer", account.Redact(param.ScrubText(key, h.client.referrer)))
	s.Raw = h.raw(key)
	s.EmailSHA256 = h.forwarded(s.Auth)
	h.values.Scrub(key)
	s.Params, s.Extra = h.params(s.Click)
	h.mark()
	s.Marks = h.marks
	return s
}

// forwarded gives the plain digest of the customer's e-mail, where the hit is
// believed and somebody who may be told of its conversion is told that too. All
// that is kept elsewise is the keyed hash.
func (h *hit) forwarded(auth signal.Code) string {
	if auth != signal.OK || h.broken != "" || h.binds || !h.values.Has(param.Email) && !h.values.Has(param.EmailSHA256) {
		return ""
	}
	if !h.catalog.Forwards(macro.EmailSHA256, h.parts.Offer, h.parts.Affiliate) {
		return ""
	}
	return h.values.EmailDigest()
}

// transaction gives the first transaction ID that verifies, and takes its
// parts. Without one the offer that the hit names, or that the conversion was made
// for which it names, says whose word it is.
func (h *hit) transaction() txid.ID {
	for _, text := range h.values.TransactionIDs() {
		id, err := txid.Parse(strings.TrimSpace(text))
		if err != nil || id.Kind() != txid.Click && id.Kind() != txid.Impression {
			continue
		}
		if parts, err := h.catalog.Ring().Open(id); err == nil {
			h.parts = parts
			return id
		}
	}
	if h.parts.Offer = number(h.values.Get(param.OfferID), offer.MaxID); h.parts.Offer == 0 {
		h.parts.Offer = h.offerOfConversion()
	}
	return txid.ID{}
}

// offerOfConversion gives the offer that the conversion was made for which the hit
// names; 0 when it names none of ours.
func (h *hit) offerOfConversion() int64 {
	id, err := txid.Parse(strings.TrimSpace(h.values.Get(param.ConversionID)))
	if err != nil || id.Kind() != txid.Conversion {
		return 0
	}
	parts, err := h.catalog.Ring().Open(id)
	if err != nil {
		return 0
	}
	return parts.Offer
}

// raw gives the request as it is kept: as it came, without secrets. A body that
// is neither a form nor JSON is left out, since nobody knows where in it the
// secrets are.
func (h *hit) raw(key []byte) string {
	query := param.ScrubQuery(param.Signal, key, h.query)
	var body string
	switch {
	case h.object != nil:
		body = string(param.ScrubJSON(param.Signal, key, h.object))
	case h.isJSON():
		body = string(param.ScrubJSON(param.Signal, key, h.text))
	case len(h.text) > 0 && h.isForm():
		body = param.ScrubQuery(param.Signal, key, string(h.text))
	}
	if query != "" && body != "" {
		query += "\n"
	}
	raw := account.Redact(query + body)
	if len(raw) > maxRequestLine+maxBody { // by hashes, which are longer than e-mails
		h.marks = append(h.marks, "raw cut")
		raw = strings.ToValidUTF8(raw[:maxRequestLine+maxBody], "")
	}
	return raw
}

// params lists what the hit says, by canonical names and without the white space
// around it. Of several transaction IDs it keeps the one that verifies, else the
// likeliest.
func (h *hit) params(verified txid.ID) ([]signal.Param, []signal.Extra) {
	var said []signal.Param
	for n := range param.NumNames {
		value := h.values.Get(n)
		if n != param.Items { // JSON, kept as it came
			value = strings.TrimSpace(value)
		}
		if n == param.TransactionID && !verified.IsZero() {
			value = verified.String()
		}
		if value != "" {
			said = append(said, signal.Param{Name: n, Value: account.Redact(value)})
		}
	}
	var extra []signal.Extra
	for _, p := range h.values.Unknown {
		extra = append(extra, signal.Extra{Name: account.Redact(p.Name), Value: account.Redact(p.Value)})
	}
	return said, extra
}

// cut shortens a header's value to what is kept, and marks that it did.
func (h *hit) cut(name, value string) string {
	short, cut := param.Cut(value)
	if cut {
		h.marks = append(h.marks, name+" cut")
	}
	return short
}

// mark notes what was done to the hit's values.
func (h *hit) mark() {
	if h.values.Entity {
		h.marks = append(h.marks, "amp; removed")
	}
	for _, n := range h.values.Mended.Names() {
		h.marks = append(h.marks, n.String()+" mended")
	}
	for _, n := range h.values.Cut.Names() {
		h.marks = append(h.marks, n.String()+" cut")
	}
	if h.values.UnknownLost {
		h.marks = append(h.marks, "unknown parameters dropped")
	}
}
