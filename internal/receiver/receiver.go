// Package receiver speaks to those who hear of conversions: it makes the request
// that a subscription asks for, reads what the answer means, and says how much
// of both may be kept.
//
// A subscription is compiled once, when the catalog is built, and everything
// that could be wrong with it is found then. These always hold:
//
//   - What Compile accepts renders for any values to a request that net/http
//     takes, with the host that was written, and without a line break that a
//     value brought. Where an ad platform requires a value that is not there,
//     Request says so instead.
//   - A request carries nothing that its subscription's owner may not know: it is
//     made of frozen values alone.
//   - What Mask gives holds no secret, token or signature.
//
// There is one file for each format. A format is a kind: a table of what a
// subscription of it may and must say, and a function that gives its payload.
package receiver

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"waybill/internal/delivery"
	"waybill/internal/fault"
	"waybill/internal/macro"
)

// DeliveryHeader carries the delivery ID, by which a receiver can tell a
// repetition whether or not the URL has {delivery_id}.
const DeliveryHeader = "Waybill-Delivery-Id"

// Request is what is sent.
type Request struct {
	Method string
	URL    string
	Header http.Header
	Body   []byte // nil: none

	personal []string // digests of persons in it, which Mask takes out
}

// Moment is what differs between two attempts at one delivery.
type Moment struct {
	At     time.Time
	Random uint64 // for {random}
	Token  string // an access token, where the plan has a grant
}

// Plan is a subscription made ready for use. It never changes, and any number
// may use it at once.
type Plan struct {
	method  string
	url     *macro.Template
	headers []header
	payload payload // nil: everything is in the URL and the headers
	sign    *signer // nil: there is no {sig}
	names   []macro.Name
	success string
	failure string
	scratch sync.Pool // of *scratch
}

// header is one header of a plan.
type header struct {
	name  string // in its canonical form
	value *macro.Template
}

// payload is the part of a request that a format has of its own: the body, and
// headers that belong to it.
type payload interface {
	// names gives the values that it takes, as far as it needs them: what is lost
	// with a click's record keeps a delivery waiting for a person.
	names() []macro.Name
	// write adds the payload to a request whose URL is there already. Its error is
	// an Invalid fault that says which value is missing.
	write(r *Request, o *delivery.Owed, v *macro.Values, m Moment) error
}

// judge is what a payload has too whose receiver may say no with a 2xx, or more
// about a failure than its status does.
type judge interface {
	judge(status int, header http.Header, body []byte) (class delivery.ErrorClass, detail string)
}

// Grant is how the access token is had that a plan's requests carry. Tokens of
// one Key serve all plans that have it.
type Grant interface {
	Key() string
	Request(now time.Time) (Request, error)
	Read(now time.Time, status int, body []byte) (token string, expires time.Time, err error)
}

// scratch is the memory of one rendering.
type scratch struct {
	values macro.Values
	text   []byte
}

// Host gives the host that requests go to, in lower case, with its port if one
// is written.
func (p *Plan) Host() string { return strings.ToLower(p.url.Host()) }

// Names gives the values that the plan takes, each once, in the order of their
// numbers.
func (p *Plan) Names() []macro.Name { return p.names }

// Uses reports whether the plan takes a value.
func (p *Plan) Uses(n macro.Name) bool { return slices.Contains(p.names, n) }

// Grant gives what access token must be had before a request is made; false when
// none is needed.
func (p *Plan) Grant() (Grant, bool) {
	g, ok := p.payload.(Grant)
	return g, ok
}

// Request makes the request of one attempt at o. It fails, with an Invalid fault
// whose text is for the owner, only where the format requires a value that o
// does not have; trying again is then of no use.
func (p *Plan) Request(o *delivery.Owed, m Moment) (Request, error) {
	s, ok := p.scratch.Get().(*scratch)
	if !ok {
		s = new(scratch)
	}
	defer p.scratch.Put(s)
	p.fill(&s.values, o, m)

	s.text = p.url.Append(s.text[:0], &s.values)
	if p.sign.covers(inURL) {
		s.text = p.sign.query(s.text, m.At)
	}
	r := Request{Method: p.method, URL: string(s.text), Header: make(http.Header, len(p.headers)+4)}
	if digest := o.Values[macro.EmailSHA256.String()]; digest != "" && p.Uses(macro.EmailSHA256) {
		r.personal = []string{digest}
	}
	set(r.Header, DeliveryHeader, o.ID)
	if p.payload != nil {
		var err error
		if r, err = p.load(r, o, &s.values, m); err != nil {
			return Request{}, err
		}
	}
	switch {
	case p.sign.covers(inBody):
		r.Body = p.sign.form(r.Body, m.At)
	case p.sign.covers(inHeader):
		s.values.Set(macro.Sig, p.sign.body(r.Body, m.At))
	}
	for _, h := range p.headers {
		s.text = h.value.Append(s.text[:0], &s.values)
		set(r.Header, h.name, string(s.text))
	}
	return r, nil
}

// load adds the payload to a request. It is apart, so that a request without one
// stays off the heap.
func (p *Plan) load(r Request, o *delivery.Owed, v *macro.Values, m Moment) (Request, error) {
	err := p.payload.write(&r, o, v, m)
	return r, err
}

// set sets a header whose name is in its canonical form.
func set(h http.Header, name, value string) { h[name] = []string{value} }

// fill gives the values that the plan takes: the frozen ones, and those that are
// made for each attempt.
func (p *Plan) fill(v *macro.Values, o *delivery.Owed, m Moment) {
	v.Reset()
	for _, n := range p.names {
		text := o.Values[n.String()]
		v.Set(n, text)
		if n < macro.ClickTime || text == "" {
			continue
		}
		if t, err := time.Parse(time.RFC3339Nano, text); err == nil {
			v.SetTime(n, t)
		}
	}
	v.Set(macro.DeliveryID, o.ID)
	v.Set(macro.Sig, "")
	if p.Uses(macro.Random) {
		v.Set(macro.Random, strconv.FormatUint(m.Random, 36))
	}
	v.SetTime(macro.Timestamp, m.At)
	v.SetTime(macro.Date, m.At)
}

// Validate reports everything that is wrong with a subscription, each by its
// field.
func Validate(s delivery.Subscription) error {
	errs := fault.All(s.Validate())
	if _, ok := kindOf(s.Format); ok {
		p, err := Compile(s)
		errs = append(errs, fault.All(err)...)
		errs = append(errs, fault.All(p.needsClick(s.Template))...)
	}
	return joined(errs)
}

// Complete fills in what a subscription leaves to its format: the method.
func Complete(s *delivery.Subscription) {
	if k, ok := kindOf(s.Format); ok && s.Method == "" {
		s.Method = k.methods[0]
	}
}
