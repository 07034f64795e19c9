package edge

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"waybill/internal/identity"
	"waybill/internal/param"
	"waybill/internal/signal"
	"waybill/internal/txid"
)

// retryAfter is when a sender whose hit could not be written down is asked to
// come again.
const retryAfter = 5 * time.Second

// one answers a request that holds one hit.
func (e *Edge) one(ctx context.Context, w http.ResponseWriter, h *hit) {
	v := e.take(ctx, h)
	v.askAgain(w)
	writeJSON(w, v.status(), v.Verdict)
}

// many answers an array: a verdict for each hit, in order. Once one could not be
// written down the rest are not tried: each would wait its full time, and the
// sender longer than senders do.
func (e *Edge) many(ctx context.Context, w http.ResponseWriter, o origin, objects []json.RawMessage) {
	answers := make([]verdict, len(objects))
	failed, kept := false, false
	for i, object := range objects {
		if failed {
			e.Metrics.signal(signal.Unavailable)
			answers[i] = unavailable(txid.ID{})
		} else {
			h := &hit{origin: o, index: i}
			h.readObject(object)
			answers[i] = e.take(ctx, h)
			failed = answers[i].Code == signal.Unavailable
		}
		kept = kept || answers[i].kept()
		answers[i].HTTP = answers[i].status()
	}
	status := http.StatusOK
	if !kept {
		status = answers[0].HTTP
		answers[0].askAgain(w)
	}
	writeJSON(w, status, map[string][]verdict{"data": answers})
}

// verdict is the answer to one hit.
type verdict struct {
	signal.Verdict
	HTTP   int           `json:"http,omitempty"` // in an array, where each hit has its own
	strict bool          // whether the sender wants to see rejections as such
	again  time.Duration // when to send the hit again that was not kept
}

// kept reports whether the hit was written down.
func (v *verdict) kept() bool { return v.Code != signal.Unavailable && v.Code != signal.RateLimited }

// status gives the HTTP status that answers v. What was not written down is
// never answered with success.
func (v *verdict) status() int {
	if v.Status == signal.Rejected && !v.strict && v.kept() {
		return http.StatusOK
	}
	return v.Code.HTTP()
}

// askAgain tells the sender of a hit that was not kept when to come again.
func (v *verdict) askAgain(w http.ResponseWriter) {
	if !v.kept() {
		w.Header().Set("Retry-After", seconds(v.again))
	}
}

// seconds gives a time in whole seconds, at least one.
func seconds(d time.Duration) string {
	return strconv.FormatInt(max(1, int64((d+time.Second-1)/time.Second)), 10)
}

// unavailable is the verdict on a hit that could not be written down.
func unavailable(id txid.ID) verdict {
	return verdict{strict: true, again: retryAfter, Verdict: signal.Verdict{
		Status: signal.Rejected, Code: signal.Unavailable, SignalID: id.String(),
		Message: signal.Explain(signal.Unavailable, signal.Detail{}),
	}}
}

// rateLimited is the verdict on a hit that was not kept, since too many like it
// came from its source.
func rateLimited(wait time.Duration) verdict {
	return verdict{strict: true, again: wait, Verdict: signal.Verdict{
		Status: signal.Rejected, Code: signal.RateLimited,
		Message: signal.Explain(signal.RateLimited, signal.Detail{Want: seconds(wait) + " s"}),
	}}
}

// take writes a hit down and has it judged. One that may be a guess is held to
// what its source may send of these, and costs the source nothing if it counts: a
// duplicate tells whoever tries for orders that he has met one. One with a valid
// ID, by a sender who has proved nothing, costs only where it is rejected, so
// that one ID does not fill the disk.
func (e *Edge) take(ctx context.Context, h *hit) verdict {
	s := h.signal()
	guess := h.guess(&s)
	throttle := e.throttle(h, guess)
	if wait, ok := throttle.take(h.client.addr, h.now); !ok {
		e.Metrics.signal(signal.RateLimited)
		return rateLimited(wait)
	}
	v := e.settle(ctx, h, s)
	if v.Status == signal.Accepted || v.Status == signal.Updated || !guess && v.Status != signal.Rejected {
		throttle.giveBack(h.client.addr)
	}
	e.Metrics.signal(v.Code)
	if !h.channel.FromServer() && v.TransactionID != s.Value(param.TransactionID) {
		v.TransactionID = "" // whose visit a customer or an order leads to is no page's to know
	}
	return v
}

// throttle gives what holds back the source of a hit; nil for one who has proved
// who he is.
func (e *Edge) throttle(h *hit, guess bool) *Throttle {
	switch {
	case guess:
		return e.Throttle
	case h.trusted == nil && !h.proven:
		return e.Rejections
	default:
		return nil
	}
}

// settle gives a signal its ID, writes it down and has it judged.
func (e *Edge) settle(ctx context.Context, h *hit, s signal.Signal) verdict {
	ticket := e.Mint.Begin(h.now, txid.Subject{
		Kind: txid.Signal, Test: s.Test, Offer: h.parts.Offer, Affiliate: h.parts.Affiliate,
	})
	open := ticket
	defer func() { open.Done() }() // unless the journal has it
	s.ID = ticket.ID
	v := unavailable(s.ID)
	v.Test = s.Test
	var identities [][]byte
	if h.offer != nil {
		identities = identity.OfSignal(h.catalog.Settings().IdentityKey, &h.offer.Offer, &s)
	}
	record := s.Append(nil)
	open = txid.Ticket{}
	if err := e.Journal.Append(ctx, ticket, record, identities...); err != nil {
		return v
	}
	return verdict{Verdict: e.Settler.Settle(ctx, s), strict: h.offer == nil || h.offer.Advertiser.Strict}
}
