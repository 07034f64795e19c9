// Package receivertest holds strict stand-ins for the products that receive
// postbacks: trackers, networks, ad servers.
//
// Each implements the public description of its product, and is stricter in
// one thing: a parameter that the description does not name is refused, where
// most products pass over it. It refuses as its product does: with a status, in
// the body of a 200, or in a log of its own that the sender never sees. Where a
// description does not say how a refusal is answered, it is a 400.
//
// A stand-in knows the clicks that were made known to it, and no others.
package receivertest

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
)

// Conversion is what a product made of the postbacks about it.
type Conversion struct {
	Click    string // the product's click ID
	ID       string // what tells it from others of the click
	Status   string // in the product's words
	Money    string // payout, sum or amount, as it came
	Currency string
	Event    string // goal, event or conversion type
}

// Call is one request, and what was made of it.
type Call struct {
	Method  string
	URL     string // path and query
	Body    string
	Refusal string // empty when it was taken, or passed over as a repetition
}

// Receiver is a product that listens on the loopback, with TLS.
type Receiver struct {
	Server *httptest.Server

	product product
	mu      sync.Mutex
	clicks  map[string]bool
	kept    map[key]Conversion
	calls   []Call
}

// key tells conversions apart.
type key struct{ click, id string }

// product is how one of them behaves.
type product struct {
	endpoints map[string]endpoint // by path
	answer    func(w http.ResponseWriter, q url.Values, refusal string)
}

// endpoint is one address that takes postbacks.
type endpoint struct {
	takes map[string]check // every parameter there is
	needs []string         // those that must be there, and not empty
	json  bool             // POST with a JSON object, instead of GET with a query
	byID  bool             // it is about the conversion of an ID, whatever its click
	read  func(q url.Values) Conversion
	judge func(s state) verdict
}

// state is what a postback is judged by.
type state struct {
	got   Conversion
	old   Conversion // of the same click and ID
	known bool       // there is an old one
	kin   []Conversion
}

// verdict says what becomes of a well-formed postback.
type verdict struct {
	keep    Conversion
	pass    bool   // passed over: answered as if it was taken
	refusal string // refused, and why
}

func keep(c Conversion) verdict { return verdict{keep: c} }
func pass() verdict             { return verdict{pass: true} }
func refuse(why string) verdict { return verdict{refusal: why} }

// New starts the product called name; Names lists them.
func New(name string) (*Receiver, bool) {
	p, ok := products()[name]
	if !ok {
		return nil, false
	}
	r := &Receiver{product: p, clicks: map[string]bool{}, kept: map[key]Conversion{}}
	r.Server = httptest.NewTLSServer(http.HandlerFunc(r.serve))
	return r, true
}

// Names lists the products there are.
func Names() []string { return slices.Sorted(maps.Keys(products())) }

func products() map[string]product {
	all := trackers()
	maps.Copy(all, networks())
	maps.Copy(all, adServers())
	maps.Copy(all, plain())
	return all
}

// Host gives where it listens: address and port.
func (r *Receiver) Host() string { return strings.TrimPrefix(r.Server.URL, "https://") }

// Click makes a click known.
func (r *Receiver) Click(id string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.clicks[id] = true
}

// Conversions gives what it has counted, in order of click and ID.
func (r *Receiver) Conversions() []Conversion {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.SortedFunc(maps.Values(r.kept), func(a, b Conversion) int {
		return strings.Compare(a.Click+" "+a.ID, b.Click+" "+b.ID)
	})
}

// Calls gives every request, in order.
func (r *Receiver) Calls() []Call {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.calls)
}

// Close ends it.
func (r *Receiver) Close() { r.Server.Close() }
