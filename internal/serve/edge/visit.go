package edge

import (
	"cmp"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/click"
	"waybill/internal/host"
	"waybill/internal/identity"
	"waybill/internal/macro"
	"waybill/internal/offer"
	"waybill/internal/param"
	"waybill/internal/txid"
)

// visit is one click or impression on its way: everything the handler needs,
// kept in a pool so that it makes no garbage but its answer.
type visit struct {
	kind    txid.Kind // Click or Impression
	values  param.Values
	linked  param.Values // of a short link
	macros  macro.Values
	click   click.Click
	catalog *catalog.Catalog
	objects bool           // to being remembered
	domain  *host.Domain   // that the visitor came to; nil for the installation's own name
	offer   *catalog.Offer // nil when the request names none
	now     time.Time
	ticket  txid.Ticket // of the click's ID, until the journal has it
	deep    string      // the deep link that the visitor may follow
	// location is where the visitor is sent. The record's is without the e-mails
	// that a deep link may hold.
	location string

	names  []byte // the ID and numbers, as macros show them
	url    []byte // the location, as it is rendered
	record []byte
}

// visit gives an empty visit.
func (e *Edge) visit(k txid.Kind) *visit {
	v, ok := e.visits.Get().(*visit)
	if !ok {
		v = new(visit)
	}
	v.kind = k
	return v
}

// leave ends a visit, also one whose handler broke down before the click was
// written. Its buffers keep their room for another, but nothing of the visitor.
func (e *Edge) leave(v *visit) {
	v.ticket.Done()
	v.ticket = txid.Ticket{}
	v.values.Reset()
	v.macros.Reset()
	v.click = click.Click{Marks: v.click.Marks[:0]}
	v.catalog, v.domain, v.offer = nil, nil, nil
	v.objects = false
	v.deep, v.location = "", ""
	e.visits.Put(v)
}

// key gives what hashes of e-mails are made with.
func (v *visit) key() []byte { return v.catalog.Settings().IdentityKey }

// keep takes what the click's parameters say.
func (v *visit) keep() {
	c := &v.click
	c.At, c.Test = v.now, v.values.Test()
	c.AffClickID, c.Source = v.values.Get(param.AffClickID), v.values.Get(param.Source)
	for i := range c.Sub {
		c.Sub[i] = v.values.Get(param.Sub1 + param.Name(i))
	}
	c.Coupon = v.values.Get(param.Coupon)
	c.GAID, c.IDFA, c.IDFV = v.values.Get(param.GAID), v.values.Get(param.IDFA), v.values.Get(param.IDFV)
	v.keepAdIDs()
	v.keepCustomer()
	if v.values.Cut|v.values.TooLong == 0 {
		return
	}
	for _, n := range v.values.Cut.Names() {
		v.mark(n.String() + " cut")
	}
	for _, n := range v.values.TooLong.Names() {
		v.mark(n.String() + " dropped")
	}
}

// The IDs of ad platforms have one order everywhere.
const (
	_ = uint(click.AdIDs - param.AdIDs)
	_ = uint(param.AdIDs - click.AdIDs)
)

// keepAdIDs takes what ad platforms call the visit. A macro that the platform did
// not fill in names none.
func (v *visit) keepAdIDs() {
	for i := range v.click.AdIDs {
		n := param.FBCLID + param.Name(i)
		id := v.values.Get(n)
		if id != "" && param.Unexpanded(id) {
			v.mark(n.String() + " dropped")
			continue
		}
		v.click.AdIDs[i] = id
	}
}

// keepCustomer takes whose visit the link says it is, where the offer credits
// customers. E-mails and user names, or their digests, become keyed hashes, as in
// signals.
func (v *visit) keepCustomer() {
	if v.offer == nil || !v.offer.CreditsMore() {
		return
	}
	c := &v.click
	if v.offer.Credits(offer.ByCustomerID) {
		c.CustomerID = param.ScrubText(v.key(), v.values.Get(param.CustomerID))
	}
	if v.offer.Credits(offer.ByEmail) {
		if email := cmp.Or(v.values.Get(param.Email), v.values.Get(param.EmailSHA256)); email != "" {
			c.Email = param.HashDigest(v.key(), email)
		}
	}
	if name := v.values.Get(param.Username); name != "" && v.offer.Credits(offer.ByUsername) {
		c.Username = param.HashDigest(v.key(), name)
	}
}

// identities gives the keys that the visit is found by beside its ID.
func (v *visit) identities() [][]byte {
	if v.offer == nil {
		return nil
	}
	return identity.OfClick(v.key(), &v.offer.Offer, &v.click)
}

// cut shortens a header's value to what is kept, and marks that it did.
func (v *visit) cut(name, value string) string {
	short, cut := param.Cut(value)
	if cut {
		v.mark(name + " cut")
	}
	return short
}

// mark notes what was done to the click's values.
func (v *visit) mark(text string) { v.click.Marks = append(v.click.Marks, text) }

// first gives a header's first value.
func first(values []string) string {
	if len(values) == 0 {
		return ""
	}
	return values[0]
}
