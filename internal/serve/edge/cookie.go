package edge

import (
	"net/http"
	"strconv"

	"waybill/internal/click"
	"waybill/internal/offer"
	"waybill/internal/param"
	"waybill/internal/txid"
)

// cookieName is the cookie in which a click under an advertiser's own name
// leaves its ID for the pixels on that advertiser's pages.
const cookieName = "wb_tid"

// cookie gives what a click leaves in the visitor's browser, empty for nothing.
// Only under a name of the offer's own advertiser does it leave anything, since
// nobody else's pages would find it; and only where the visitor goes to the
// offer, so that a link that leads nowhere never takes the credit from one that
// did. A visitor who objects by Global Privacy Control is not remembered.
func (v *visit) cookie() string {
	c := &v.click
	if v.objects || v.domain == nil || c.TurnedAway != click.Sent || c.ID.IsZero() {
		return ""
	}
	seconds := int64(v.offer.ClickWindow.Duration().Seconds())
	return cookieName + "=" + c.ID.String() + "; Path=/; Max-Age=" + strconv.FormatInt(seconds, 10) + "; Secure; HttpOnly; SameSite=Lax"
}

// objects reports whether a browser says by Global Privacy Control that its owner
// objects to being followed.
func objects(r *http.Request) bool { return first(r.Header["Sec-Gpc"]) == "1" }

// remembered gives the ID that a click has left in the browser which sends r;
// empty when there is none, when r came under a name that is no advertiser's own,
// or when the visitor objects by now.
func (o *origin) remembered(r *http.Request) string {
	if _, ok := o.catalog.Domain(r.Host); !ok || objects(r) {
		return ""
	}
	cookie, err := r.Cookie(cookieName)
	if err != nil {
		return ""
	}
	return cookie.Value
}

// recall takes the transaction ID out of the cookie, where the request brings
// none of its own. One of another offer than the request names is left: the
// visitor came for something else.
func (h *hit) recall() {
	if h.cookie == "" {
		return
	}
	if sent := h.values.Get(param.TransactionID); sent != "" && !param.Unexpanded(sent) {
		return
	}
	id, err := txid.Parse(h.cookie)
	if err != nil {
		return
	}
	parts, err := h.catalog.Ring().Open(id)
	if err != nil {
		return
	}
	if named := h.values.Get(param.OfferID); named != "" && number(named, offer.MaxID) != parts.Offer {
		h.marks = append(h.marks, cookieName+" ignored: it is of another offer")
		h.cookie = "" // a door that asks twice is told once
		return
	}
	h.values.Set(param.TransactionID, id.String())
	h.marks = append(h.marks, "transaction_id from the cookie "+cookieName)
}
