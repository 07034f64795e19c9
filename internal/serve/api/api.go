// Package api serves the REST API under /api/v1: configuration, and everything
// that is known about what came in and what became of it.
//
// The routes are thin: they read a request, ask a store or a noun, and shape the
// answer to what the caller may see. These always hold:
//
//   - A key, or a session, is looked up before anything else is. A record that is
//     not the caller's is answered like one that does not exist.
//   - What a caller may do follows from the route's right, which follows from its
//     method where it says nothing else (route.go).
//   - What a role sees of a record is a list of fields in view.go. A field that
//     is on no list is seen by the network alone.
//   - A change of a conversion is a signal like any other: written down first,
//     judged by the same rules, never a write of its own.
//   - The text of an unexpected error goes to the log, never to the client.
//
// The description at /api/v1/openapi.json is made from the routes themselves.
package api

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"waybill/internal/account"
	"waybill/internal/advertiser"
	"waybill/internal/affiliate"
	"waybill/internal/catalog"
	"waybill/internal/conversion"
	"waybill/internal/coupon"
	"waybill/internal/delivery"
	"waybill/internal/host"
	"waybill/internal/link"
	"waybill/internal/offer"
	"waybill/internal/signal"
	"waybill/internal/txid"
	"waybill/internal/user"
)

const prefix = "/api/v1"

// API is the REST API with all it needs. It has no state of its own.
type API struct {
	Catalog func() *catalog.Catalog // the present one

	Advertisers   Table[int64, advertiser.Advertiser]
	Affiliates    Table[int64, affiliate.Affiliate]
	Offers        Table[int64, offer.Offer]
	Goals         Table[int64, offer.Goal]
	Terms         Table[int64, offer.Term]
	Links         Table[string, link.Link]
	Subscriptions Table[int64, delivery.Subscription]
	Coupons       Table[int64, coupon.Coupon]
	Domains       Table[int64, host.Domain]
	Access        Access
	Keys          Keys
	Users         Users
	AuditLog      AuditLog
	Settings      Settings
	IDMap         IDMap
	Answers       Answers

	Journal     Journal
	Conversions Conversions
	Verdicts    Verdicts
	Causes      Causes
	Deliveries  Deliveries
	Queue       Queue
	Standing    Standing
	Jobs        Jobs
	JobRecords  JobRecords
	Books       Books
	Payouts     Payouts
	Adjustments Adjustments
	Trace       Traces

	Warehouse Warehouse    // nil where there is none
	Counters  Counters     // of caps
	Reports   ReportLimits // what reports may take of this node

	Comparable      Comparable      // what partners' lists are compared with
	Reconciliations Reconciliations // what came of that

	Signals Signals
	// Replay begins to judge rejected signals again: what it gives does so with one
	// list after another. A dry run counts in what it has foreseen before.
	Replay func(signal.Replay) func(ctx context.Context, ids []txid.ID) ([]signal.Replayed, error)
	// Rehearse begins a dry run of claims: what it gives tells what a claim would
	// come to, if those before it had been taken in, and writes nothing down.
	Rehearse func() func(ctx context.Context, h Hit) (signal.Verdict, error)
	// TestClick writes a test click down, and gives its ID and where it leads.
	TestClick func(ctx context.Context, v TestVisit) (txid.ID, string, error)
	Tester    Tester
	// Nudge lets what has become due go out at once. May be nil.
	Nudge func()
	// PayOff lets a payout that was begun be worked off at once. May be nil.
	PayOff func()
	// Values gives what macros stand for in a postback about a conversion, as
	// they freeze when it is owed.
	Values func(c conversion.Conversion, s delivery.Subscription) map[string]string

	// Certificates tells how the certificate of an active domain stands, where
	// this node answers TLS; nil where it does not.
	Certificates func(d host.Domain) CertificateState

	// Sessions gives who is logged in by a request's cookie; fault.Unauthorized for
	// nobody. When nil, only keys are let in.
	Sessions func(*http.Request) (account.Principal, error)
	// SameOrigin refuses changes that a page of another site has a browser make.
	// When nil, the console's pages are those where the request was sent to.
	SameOrigin func(*http.Request) error
	// Invite makes a link for somebody, which leads to where the console is found, and
	// mails it where mail is sent.
	Invite func(ctx context.Context, by account.Principal, u user.User, kind user.LinkKind, console string) (Sent, error)

	// SpoolDir is where files lie while they are taken in; the system's folder for
	// such files when empty. Room is asked whether the disk takes more; it may be nil.
	SpoolDir string
	Room     func() error

	// Retention is how long clicks are kept: no offer may look back further.
	Retention time.Duration

	SavedReports SavedReports
	Shares       Shares
	Finds        Finds
	Arrears      Arrears
	// Unsettled tells how many signals wait to be judged, and for how long the
	// oldest has. May be nil.
	Unsettled func() (count int, oldest time.Duration)
	// Stopping is closed when the node stops: then streams end. May be nil.
	Stopping <-chan struct{}

	// ConsoleAt gives where the one who has sent a request sees the console, without
	// a slash at its end; when nil, where the request was sent to.
	ConsoleAt func(*http.Request) string
	// PublicURL is where the tracking links lead, without a slash at its end.
	PublicURL string
	// Version is that of the server.
	Version string
	// Refresh makes this node act by the configuration as it is stored, before
	// the answer to a change leaves. May be nil.
	Refresh func(context.Context) error
	// ClientIP gives the address a request came from, which proxies may hide.
	// When nil it is the peer's.
	ClientIP func(*http.Request) netip.Addr
	// Now is the clock; time.Now when nil.
	Now func() time.Time
	Log *slog.Logger
}

// Handler serves all routes below /api/v1/.
func (a *API) Handler() http.Handler {
	f := front{
		api: a, mux: http.NewServeMux(), large: newPlaces(largeAtOnce), looks: newLooks(), veils: new(veils),
		cross: a.SameOrigin,
	}
	if f.cross == nil {
		f.cross = http.NewCrossOriginProtection().Check
	}
	a.register(f.mux)
	f.mux.Handle("/", nowhere(f.mux))
	f.squeezed = squeezed(http.HandlerFunc(f.serve))
	return &f
}

func (a *API) now() time.Time {
	if a.Now == nil {
		return time.Now()
	}
	return a.Now()
}

// changed makes the node act by a change. A failure is not the client's: the
// change is stored, and every node takes it in by itself soon.
func (a *API) changed(ctx context.Context) {
	if a.Refresh == nil {
		return
	}
	if err := a.Refresh(ctx); err != nil && a.Log != nil {
		a.Log.LogAttrs(ctx, slog.LevelWarn, "catalog not refreshed after a change", slog.Any("error", err))
	}
}

func (a *API) clientIP(r *http.Request) netip.Addr {
	if a.ClientIP != nil {
		return a.ClientIP(r)
	}
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return peer.Addr().Unmap()
}

// newRequestID names a request in the log and in its answer.
func newRequestID() string { return strings.ToLower(rand.Text()[:20]) }
