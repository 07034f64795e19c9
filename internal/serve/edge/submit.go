package edge

import (
	"context"
	"encoding/json"
	"net/netip"
	"time"

	"waybill/internal/signal"
)

// Claim is a claim that came through the API, from a caller whose key was
// looked at there.
type Claim struct {
	AdvertiserID int64 // whose word it is; 0 for the network's
	From         netip.Addr
	UserAgent    string
	Method       string
	Path         string
	Parameters   json.RawMessage // one JSON object, by the names that postbacks use
	Index        int             // its place in an array
	IfVersion    int             // the conversion's version that it is meant for; 0 for any
}

// Submit takes a claim as a postback is taken: it is written down, judged and
// answered for, on the channel api.
func (e *Edge) Submit(ctx context.Context, c Claim) signal.Verdict {
	h := &hit{index: c.Index, ifVersion: c.IfVersion, origin: origin{
		catalog: e.Catalog(), now: time.Now(), channel: signal.API,
		client: client{addr: c.From, userAgent: c.UserAgent},
		method: c.Method, path: c.Path, trusted: &c.AdvertiserID,
	}}
	h.readObject(c.Parameters)
	return e.take(context.WithoutCancel(ctx), h).Verdict
}
