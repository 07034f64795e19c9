package edge

import (
	"net/http"
	"net/url"
	"strings"

	"waybill/internal/signal"
)

// sdkConversion takes a conversion that a page's script reports.
func (e *Edge) sdkConversion(w http.ResponseWriter, r *http.Request) { e.sdk(w, r, false) }

// sdkIdentify ties a customer to the click or view that a page's script, or the
// advertiser's server, names.
func (e *Edge) sdkIdentify(w http.ResponseWriter, r *http.Request) { e.sdk(w, r, true) }

func (e *Edge) sdk(w http.ResponseWriter, r *http.Request, binds bool) {
	w.Header()["Access-Control-Allow-Origin"] = anyOrigin
	switch r.Method {
	case http.MethodPost:
	case http.MethodOptions:
		preflight(w, http.MethodPost, "*, Authorization") // which the * does not stand for
		return
	default:
		notAllowed(w, "OPTIONS, POST")
		return
	}
	o := e.origin(r, signal.SDK)
	o.binds, o.cookie, o.page, o.key = binds, o.remembered(r), pageHost(r), bearer(r)
	e.receive(w, r, o)
}

// pageHost gives the host of the page whose script sends r, empty when there is
// none.
func pageHost(r *http.Request) string {
	u, err := url.Parse(r.Header.Get("Origin"))
	if err != nil || u.Scheme != "https" && u.Scheme != "http" {
		return ""
	}
	return u.Hostname()
}

// bearer gives the key in the header Authorization.
func bearer(r *http.Request) string {
	scheme, key, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(key)
}
