package edge

import (
	"context"
	"net/http"
	"strings"

	"waybill/internal/affiliate"
	"waybill/internal/click"
	"waybill/internal/offer"
	"waybill/internal/param"
	"waybill/internal/txid"
)

// click takes a visit through a tracking link or a short link.
func (e *Edge) click(w http.ResponseWriter, r *http.Request) {
	if e.noVisit(w, r) {
		return
	}
	v := e.visit(txid.Click)
	defer e.leave(v)
	e.read(v, w, r)
	v.click.TurnedAway = v.refusal()

	counts := r.Method != http.MethodHead
	e.begin(v, counts)
	if !v.depart() { // the offer's URL is broken, which the ID must say
		e.begin(v, counts)
		v.depart()
	}
	if counts {
		e.write(v) //nolint:contextcheck // a visitor who hangs up loses nothing
	}
	v.answer(w)
}

// noVisit answers what asks for a click or an impression and is none, and
// reports whether it did.
func (e *Edge) noVisit(w http.ResponseWriter, r *http.Request) bool {
	switch {
	case r.Method == http.MethodOptions:
		preflight(w, "GET, POST", "*")
	case r.Method != http.MethodGet && r.Method != http.MethodPost && r.Method != http.MethodHead:
		notAllowed(w, "GET, HEAD, OPTIONS, POST")
	case prefetch(r):
		e.Metrics.prefetches.Inc()
		w.Header()["Cache-Control"] = noStore
		w.WriteHeader(http.StatusServiceUnavailable)
	default:
		return false
	}
	return true
}

// prefetch reports whether a browser only looks ahead: the visitor may never
// come, and will ask again if he does.
func prefetch(r *http.Request) bool {
	for _, name := range [...]string{"Sec-Purpose", "Purpose", "X-Purpose", "X-Moz"} {
		for _, value := range r.Header[name] {
			if strings.Contains(value, "prefetch") || strings.Contains(value, "prerender") || value == "preview" {
				return true
			}
		}
	}
	return false
}

// read takes everything that is kept out of the request.
func (e *Edge) read(v *visit, w http.ResponseWriter, r *http.Request) {
	v.now, v.catalog = e.time(), e.Catalog()
	v.domain, _ = v.catalog.Domain(r.Host)
	v.objects = objects(r)
	_ = v.values.ScanQuery(param.Click, r.URL.RawQuery) // a click goes on without what is too long
	if r.Method == http.MethodPost {
		v.readForm(w, r)
	}
	if code := r.PathValue("code"); code != "" {
		v.follow(code)
	} else {
		v.name(number(v.values.Get(param.OfferID), offer.MaxID), number(v.values.Get(param.AffiliateID), txid.MaxAffiliate))
	}
	v.keep()
	c := &v.click
	c.IP = e.Proxies.Client(r)
	c.UserAgent = v.cut("user_agent", first(r.Header["User-Agent"]))
	c.Referrer = v.cut("referrer", param.ScrubText(v.key(), first(r.Header["Referer"])))
	c.Visitor = e.Guide.Look(c.IP, c.UserAgent)
	if v.kind == txid.Click {
		v.deep = v.deepLink()
	}
}

// readForm reads a form's values beside the query's. Of one name given in both,
// the query's wins: links are made with care, what a page posts along with them
// is not.
func (v *visit) readForm(w http.ResponseWriter, r *http.Request) {
	if !strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		return
	}
	body, err := readBody(w, r)
	if err != nil {
		v.mark("body dropped")
		return
	}
	_ = v.values.ScanQuery(param.Click, string(body))
}

// follow finds what a short link stands for.
func (v *visit) follow(code string) {
	l, ok := v.catalog.Link(code)
	if !ok {
		v.click.TurnedAway = click.LinkUnknown
		v.click.LinkCode = v.strangeCode(code)
		return
	}
	if !l.Leads() {
		v.click.TurnedAway = click.LinkRetired
	}
	v.click.LinkCode = l.Code
	if l.Query != "" {
		v.add(l.Query)
	}
	v.name(l.OfferID, l.AffiliateID)
}

// add gives the values of a link where the request has none of its own, by
// whatever name it says them.
func (v *visit) add(query string) {
	v.linked.Reset()
	_ = v.linked.ScanQuery(param.Click, query)
	for n := range param.NumNames {
		if !v.values.Has(n) && v.linked.Has(n) {
			v.values.Set(n, v.linked.Get(n))
		}
	}
}

// strangeCode gives what is kept of a code that no link has.
func (v *visit) strangeCode(code string) string {
	const longest = 64 // of any link's code
	if len(code) > longest {
		v.mark("link_code dropped")
		return ""
	}
	return param.ScrubText(v.key(), code)
}

// name says whose visit it is. An offer that there is not counts as none.
func (v *visit) name(offerID, affiliateID int64) {
	v.click.AffiliateID = affiliateID
	if o, ok := v.catalog.Offer(offerID); ok {
		v.offer, v.click.OfferID = o, offerID
	}
}

// number reads an ID from a link; 0, which is nobody's, when it is not one.
func number(s string, most int64) int64 {
	s = strings.TrimSpace(s)
	if len(s) > len("9999999999") {
		return 0
	}
	var n int64
	for i := range len(s) {
		d := s[i] - '0'
		if d > 9 {
			return 0
		}
		n = n*10 + int64(d)
	}
	if n > most {
		return 0
	}
	return n
}

// refusal looks for a reason not to send the visitor to the offer.
func (v *visit) refusal() click.Reason {
	c := &v.click
	if c.TurnedAway != click.Sent { // by the link
		return c.TurnedAway
	}
	if v.offer == nil || v.domain != nil && v.domain.AdvertiserID != v.offer.AdvertiserID {
		return click.OfferUnknown
	}
	switch a, ok := v.catalog.Affiliate(c.AffiliateID); {
	case !ok:
		return click.AffiliateUnknown
	case a.Status != affiliate.Active:
		return click.AffiliateBlocked
	case !v.catalog.Admits(v.offer, c.AffiliateID):
		return click.NotApproved
	case v.offer.Paused():
		return click.AdvertiserPaused
	}
	if refusal := v.offer.Open(v.now); refusal != offer.Taken {
		return click.Reason(refusal)
	}
	if refusal := v.offer.Targeting.Takes(c.Visitor); refusal != offer.Taken {
		return click.Reason(refusal)
	}
	if v.catalog.CapReached(c.OfferID, c.AffiliateID, v.now) {
		return click.CapReached
	}
	return click.Sent
}

// begin mints the visit's ID, in place of the one it may have. A visit that
// counts nowhere gets none.
func (e *Edge) begin(v *visit, counts bool) {
	if !counts {
		return
	}
	v.ticket.Done()
	v.ticket = txid.Ticket{}
	c := &v.click
	v.ticket = e.Mint.Begin(v.now, txid.Subject{
		Kind: v.kind, Test: c.Test, TurnedAway: c.TurnedAway != click.Sent,
		Offer: c.OfferID, Affiliate: c.AffiliateID,
	})
	c.ID = v.ticket.ID
}

// write appends the visit's record, in the journal's own time and not the
// request's. The visitor leaves also when that fails: then the loss is counted.
func (e *Edge) write(v *visit) {
	c := &v.click
	c.VisitorHash = e.hasher.Hash(v.catalog.Ring(), c.ID.Time(), c.IP, c.UserAgent)
	v.record = c.Append(v.record[:0])
	ticket := v.ticket
	v.ticket = txid.Ticket{} // the journal ends it from here on
	if err := e.Journal.Append(context.Background(), ticket, v.record, v.identities()...); err != nil {
		e.Metrics.unrecorded.Inc()
	}
	if v.kind == txid.Impression {
		e.Metrics.impression(v.click.TurnedAway)
	} else {
		e.Metrics.click(v.click.TurnedAway, v.location != "")
	}
}
