package main

import (
	"waybill/internal/fault"
	"waybill/internal/serve/edge"
)

// guesses says how many hits one source may send that name no transaction of
// ours, and whose sender has not proved who he is.
type guesses struct {
	Rate  float64 `name:"guess-rate" default:"10" placeholder:"N" help:"Hits a second that one address may send without a valid transaction ID, token or signature, and without success. More get 429 and are not kept. 0: no limit."`
	Burst int     `name:"guess-burst" default:"300" placeholder:"N" help:"How many of these it may send at once."`
}

// valid looks for what the parser cannot see.
func (g guesses) valid() error {
	if g.Rate < 0 || g.Rate > 0 && g.Burst < 1 {
		return fault.New(fault.Invalid, "--guess-rate %g and --guess-burst %d hold back everybody; use a rate of 0 for no limit", g.Rate, g.Burst)
	}
	return nil
}

// throttle makes what holds the sources of guesses back.
func (g guesses) throttle() *edge.Throttle { return edge.NewThrottle(g.Rate, g.Burst) }

// rejections makes what holds back sources of hits that name our IDs and are
// rejected: far more of them than of guesses are an honest partner's mistake.
func (g guesses) rejections() *edge.Throttle {
	const times = 30
	return edge.NewThrottle(times*g.Rate, times*g.Burst)
}
