package edge

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/click"
	"waybill/internal/link"
	"waybill/internal/macro"
	"waybill/internal/offer"
	"waybill/internal/param"
	"waybill/internal/txid"
)

// visit is one click on its way: everything the handler needs, kept in a pool
// so that a click makes no garbage but its answer.
type visit struct {
	values  param.Values
	macros  macro.Values
	click   click.Click
	catalog *catalog.Catalog
	offer   *catalog.Offer // nil when the request names none
	now     time.Time
	url     []byte // the destination, as it is rendered
	record  []byte
	header  [1]string
}

// reset makes v ready for another click; the buffers keep their room.
func (v *visit) reset() {
	v.values.Reset()
	v.macros.Reset()
	v.click = click.Click{Marks: v.click.Marks[:0]}
	v.catalog, v.offer = nil, nil
	v.url, v.record = v.url[:0], v.record[:0]
}

// click takes a visit through a tracking link or a short link.
func (e *Edge) click(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.Method != http.MethodGet && r.Method != http.MethodPost && r.Method != http.MethodHead:
		w.Header().Set("Allow", "GET, HEAD, POST")
		http.Error(w, "a click is a GET or a POST", http.StatusMethodNotAllowed)
		return
	case prefetch(r):
		e.Metrics.prefetches.Inc()
		w.Header().Set("Cache-Control", "no-store")
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	v, _ := e.visits.Get().(*visit)
	if v == nil {
		v = new(visit)
	}
	defer e.visits.Put(v)
	v.reset()
	e.read(v, w, r)
	reason := e.decide(v, r)
	if r.Method == http.MethodHead {
		e.depart(v, reason)
		e.answer(v, w)
		return
	}
	ticket := e.Mint.Begin(v.now, txid.Subject{
		Kind: txid.Click, Test: v.click.Test, TurnedAway: reason != click.Sent,
		Offer: v.click.OfferID, Affiliate: v.click.AffiliateID,
	})
	v.click.ID = ticket.ID
	e.depart(v, reason)
	e.write(v, ticket)
	e.answer(v, w)
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
	v.now, v.catalog = time.Now(), e.Catalog()
	_ = v.values.ScanQuery(param.Click, r.URL.RawQuery) // a click goes on without what is too long
	if r.Method == http.MethodPost {
		e.readForm(v, w, r)
	}
	c := &v.click
	c.At = v.now
	e.resolve(v, r)
	v.values.Scrub(v.catalog.Settings().IdentityKey)
	c.AffClickID, c.Source = v.values.Get(param.AffClickID), v.values.Get(param.Source)
	for i := range c.Sub {
		c.Sub[i] = v.values.Get(param.Sub1 + param.Name(i))
	}
	c.Coupon = v.values.Get(param.Coupon)
	c.GAID, c.IDFA, c.IDFV = v.values.Get(param.GAID), v.values.Get(param.IDFA), v.values.Get(param.IDFV)
	c.Test = v.values.Test()
	c.IP = e.Proxies.Client(r)
	c.UserAgent = v.cut("user_agent", first(r.Header["User-Agent"]))
	c.Referrer = v.cut("referrer", param.ScrubText(v.catalog.Settings().IdentityKey, first(r.Header["Referer"])))
	c.Visitor = e.Guide.Look(c.IP, c.UserAgent)
	if v.values.Cut != 0 || v.values.TooLong != 0 {
		v.marks()
	}
}

// readForm reads a form's values beside the query's, which win: links are made
// with care, what a page posts along with them is not.
func (e *Edge) readForm(v *visit, w http.ResponseWriter, r *http.Request) {
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

// resolve finds the link, the offer and the affiliate that the request names.
func (e *Edge) resolve(v *visit, r *http.Request) {
	c := &v.click
	if code := r.PathValue("code"); code != "" {
		c.LinkCode = code
		l, ok := v.catalog.Link(code)
		switch {
		case !ok:
			c.TurnedAway = click.LinkUnknown
			return
		case l.Status == link.Retired:
			c.TurnedAway = click.LinkRetired
		}
		if l.Query != "" {
			_ = v.values.ScanQuery(param.Click, l.Query) // what the request said already wins
		}
		c.OfferID, c.AffiliateID = l.OfferID, l.AffiliateID
	} else {
		c.OfferID = number(v.values.Get(param.OfferID), offer.MaxID)
		c.AffiliateID = number(v.values.Get(param.AffiliateID), txid.MaxAffiliate)
	}
	if o, ok := v.catalog.Offer(c.OfferID); ok {
		v.offer = o
		return
	}
	c.OfferID = 0
}

// number reads an ID from a link; 0, which is nobody's, when it is not one.
func number(s string, most int64) int64 {
	if s == "" || len(s) > len("9999999999") {
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

// decide says whether the visitor goes to the offer, and if not, why.
func (e *Edge) decide(v *visit, _ *http.Request) click.Reason {
	c := &v.click
	if c.TurnedAway != click.Sent {
		return c.TurnedAway
	}
	c.TurnedAway = v.refusal()
	return c.TurnedAway
}

// refusal looks for a reason not to send the visitor to the offer.
func (v *visit) refusal() click.Reason {
	c := &v.click
	if v.offer == nil {
		return click.OfferUnknown
	}
	if reason := v.affiliateRefusal(); reason != click.Sent {
		return reason
	}
	if v.offer.Paused() {
		return click.AdvertiserPaused
	}
	if refusal := v.offer.Open(v.now); refusal != "" {
		return click.Reason(refusal)
	}
	if refusal := v.offer.Targeting.Takes(c.Visitor); refusal != "" {
		return click.Reason(refusal)
	}
	if v.catalog.CapReached(c.OfferID, c.AffiliateID, v.now) {
		return click.CapReached
	}
	return click.Sent
}

// depart finds where the visitor goes: to the offer, or to the deep link that
// it allows, or to a fallback. An empty location is a plain page that says so.
func (e *Edge) depart(v *visit, reason click.Reason) {
	c := &v.click
	if reason == click.Sent && v.destination() {
		c.Location = string(v.url)
		return
	}
	if reason == click.Sent {
		c.TurnedAway = click.DestinationBroken
	}
	v.url = v.url[:0]
	if v.offer != nil && v.offer.Fallback != nil {
		v.fill(v.offer.Fallback)
		v.url = v.offer.Fallback.Append(v.url, &v.macros)
	} else if fallback := v.catalog.Fallback(); fallback != nil {
		v.fill(fallback)
		v.url = fallback.Append(v.url, &v.macros)
	}
	c.Location = string(v.url)
}

// destination renders where the offer's visitors go, and reports whether it
// could.
func (v *visit) destination() bool {
	t := v.offer.Destination
	if t == nil {
		return false
	}
	v.fill(t)
	if deep := v.values.Get(param.URL); deep != "" {
		if v.allows(deep) {
			v.url = t.AppendDeepLink(v.url, deep, &v.macros)
			return len(v.url) <= maxLocation
		}
		v.mark("url refused")
	}
	v.url = t.Append(v.url, &v.macros)
	return len(v.url) <= maxLocation
}

// maxLocation bounds what is sent in a Location header: beyond 16 KiB no
// browser and no server in between can be trusted to take it.
const maxLocation = 16 << 10

// maxDeepLink is how long a deep link may be.
const maxDeepLink = 4 << 10

// allows reports whether the offer lets visitors go to a deep link.
func (v *visit) allows(deep string) bool {
	if len(deep) > maxDeepLink || len(v.offer.DeepLinkHosts) == 0 || macro.CheckURL(deep) != nil {
		return false
	}
	u, err := url.Parse(deep)
	return err == nil && offer.HostAllowed(v.offer.DeepLinkHosts, u.Hostname())
}

// write appends the click's record. The visitor leaves also when that fails:
// then the loss is counted.
func (e *Edge) write(v *visit, ticket txid.Ticket) {
	v.record = v.click.Append(v.record)
	// Our own deadline, not the client's: a visitor who hangs up loses nothing.
	if err := e.Journal.Append(context.Background(), ticket, v.record); err != nil {
		e.Metrics.unrecorded.Inc()
	}
	e.Metrics.count(v.click.TurnedAway)
}
