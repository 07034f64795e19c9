// Package edge is the hot path: it takes clicks and signals from the public.
//
// A click is read, decided upon from memory, written to the journal and
// answered, in that order. The visitor always leaves: when the journal cannot
// write within its time, the click is counted as unrecorded and the visitor is
// sent on all the same, since the transaction ID alone still names the offer,
// the affiliate and the time, and a broken link would cost more than a lost
// record. A signal is different: what cannot be written down is answered with
// 503, so that its sender comes again.
//
// Nobody is sent to a URL that came with the request, except a deep link to a
// host that the offer allows. There is no SQL here, no reflection and no log
// line for a click; counters tell what happened.
package edge

import (
	"context"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/signal"
	"waybill/internal/txid"
	"waybill/internal/visitor"
)

// Journal is what the edge needs of the journal. Append returns once the record
// is on disk, or within half a second with an error; it keeps no part of record,
// whose bytes the caller uses again, and ends the ticket either way.
type Journal interface {
	Append(ctx context.Context, t txid.Ticket, record []byte, identities ...[]byte) error
}

// Mint makes transaction IDs. A ticket that is not appended must be Done.
type Mint interface {
	Begin(now time.Time, s txid.Subject) txid.Ticket
}

// Settler judges a signal that is on disk.
type Settler interface {
	Settle(ctx context.Context, s signal.Signal) signal.Verdict
}

// Guide tells who came.
type Guide interface {
	Look(addr netip.Addr, userAgent string) visitor.Visitor
}

// Edge answers the public. Its fields are set before it serves and never
// changed.
type Edge struct {
	Catalog  func() *catalog.Catalog // the present one
	Journal  Journal
	Mint     Mint
	Settler  Settler
	Guide    Guide
	Proxies  Proxies
	Throttle *Throttle // of guesses; nil: nobody is held back
	// Rejections holds back sources whose hits name IDs of ours and are rejected
	// all the same, beyond what any honest partner sends.
	Rejections *Throttle
	Metrics    *Metrics
	Script     string           // the browser SDK
	Now        func() time.Time // the clock; time.Now when nil

	visits sync.Pool // of *visit
	hasher visitor.Hasher
}

// time tells the time by which a request is taken.
func (e *Edge) time() time.Time {
	if e.Now == nil {
		return time.Now()
	}
	return e.Now()
}

// The limits of what is read.
const (
	maxRequestLine = 8 << 10
	maxBody        = 64 << 10
)

// Handler routes the public's requests, and refuses those whose line is longer
// than any link should be.
func (e *Edge) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/click", e.click)
	mux.HandleFunc("/c/{code}", e.click)
	mux.HandleFunc("/impression", e.impression)
	mux.HandleFunc("/postback", e.postback)
	mux.HandleFunc("/postback/{$}", e.postback)
	mux.HandleFunc("/pixel.gif", e.pixelImage)
	mux.HandleFunc("/pixel", e.pixelFrame)
	mux.HandleFunc("/sdk/conversion", e.sdkConversion)
	mux.HandleFunc("/sdk/identify", e.sdkIdentify)
	mux.HandleFunc("/aff_c", e.tuneClick)
	mux.HandleFunc("/aff_i", e.tuneImpression)
	mux.HandleFunc("/aff_lsr", e.tunePostback)
	mux.HandleFunc("/aff_l", e.tunePixel)
	mux.HandleFunc("/aff_goal", e.tuneGoal)
	mux.HandleFunc("/{code}", e.tuneTiny)
	sdk := newScript(e.Script)
	mux.Handle("/sdk.js", sdk)
	mux.Handle("/sdk/v1.js", sdk)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if len(r.RequestURI) > maxRequestLine {
			refuse(w, http.StatusRequestURITooLong, "the request line is longer than 8 KiB")
			return
		}
		if strings.HasPrefix(r.URL.Path, "/postback&") {
			separate(r.URL)
		}
		mux.ServeHTTP(w, r)
	})
}

// separate takes the query apart from a path that it was joined to by an
// ampersand, where a question mark belongs.
func separate(u *url.URL) {
	path, query, _ := strings.Cut(u.EscapedPath(), "&")
	if u.RawQuery != "" {
		query += "&" + u.RawQuery
	}
	u.Path, u.RawPath, u.RawQuery = path, "", query
}
