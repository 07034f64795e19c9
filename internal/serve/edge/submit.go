package edge

import (
	"context"
	"encoding/json"
	"net/netip"

	"waybill/internal/signal"
	"waybill/internal/txid"
)

// Claim is a claim that came through the API, from a caller whose key was
// looked at there.
type Claim struct {
	Channel      signal.Channel // api when empty, or import
	AdvertiserID int64          // whose word it is; 0 for the network's
	Test         bool           // it is test traffic, whatever it says
	From         netip.Addr
	UserAgent    string
	Method       string
	Path         string
	Parameters   json.RawMessage // one JSON object, by the names that postbacks use
	Index        int             // its place in an array
	IfVersion    int             // the conversion's version that it is meant for; 0 for any
	PayoutID     int64           // the payout that pays the conversion it names; 0 for none
}

// Submit takes a claim as a postback is taken: it is written down, judged and
// answered for.
func (e *Edge) Submit(ctx context.Context, c Claim) signal.Verdict {
	return e.take(context.WithoutCancel(ctx), e.claim(&c)).Verdict
}

// Draft gives the signal that a claim would be written down as. Its ID is used up:
// no record will ever bear it.
func (e *Edge) Draft(c Claim) signal.Signal {
	h := e.claim(&c)
	s := h.signal()
	ticket := e.Mint.Begin(h.now, txid.Subject{
		Kind: txid.Signal, Test: s.Test, Offer: h.parts.Offer, Affiliate: h.parts.Affiliate,
	})
	ticket.Done()
	s.ID = ticket.ID
	return s
}

func (e *Edge) claim(c *Claim) *hit {
	h := &hit{index: c.Index, ifVersion: c.IfVersion, payoutID: c.PayoutID, origin: origin{
		catalog: e.Catalog(), now: e.time(), channel: c.Channel,
		client: client{addr: c.From, userAgent: c.UserAgent},
		method: c.Method, path: c.Path, trusted: &c.AdvertiserID, test: c.Test,
	}}
	if h.channel == "" {
		h.channel = signal.API
	}
	h.readObject(c.Parameters)
	return h
}
