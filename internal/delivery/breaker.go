package delivery

import (
	"net/http"
	"time"
)

// BreakerState says whether a subscription's postbacks are let through.
type BreakerState string

// The states. The zero value of a Breaker is closed, too.
const (
	BreakerClosed   BreakerState = "closed"    // all are let through
	BreakerOpen     BreakerState = "open"      // none is, until ProbeAt
	BreakerHalfOpen BreakerState = "half_open" // one is, and decides
)

// TripsAfter is how many failures in a row open a breaker.
const TripsAfter = 10

// The pauses of an open breaker: the first, the longest that it comes to by
// itself, and the longest that a receiver can ask for.
const (
	firstPause   = 30 * time.Second
	longestPause = 10 * time.Minute
	askedPause   = time.Hour
)

// Breaker keeps a subscription's postbacks back while its receiver is down: they
// wait without being tried, so that an outage costs neither slots nor attempts.
// It is kept in the ledger, where all nodes see it and a restart finds it.
type Breaker struct {
	SubscriptionID int64        `json:"subscription_id"`
	State          BreakerState `json:"state"`
	Failures       int          `json:"failures"`           // in a row
	OpenedAt       time.Time    `json:"opened_at,omitzero"` // when the outage was seen; zero while closed
	ProbeAt        time.Time    `json:"probe_at,omitzero"`  // when the next postback is let through
	Trips          int          `json:"trips,omitempty"`    // pauses in this outage
	Class          ErrorClass   `json:"class,omitempty"`    // of the last failure that counted
	Detail         string       `json:"detail,omitempty"`   // that failure in words
}

// Closed reports whether all postbacks are let through.
func (b Breaker) Closed() bool { return b.State == BreakerClosed || b.State == "" }

// At gives the state as of a time: an open breaker whose pause is over is half
// open.
func (b Breaker) At(now time.Time) BreakerState {
	switch {
	case b.Closed():
		return BreakerClosed
	case now.Before(b.ProbeAt):
		return BreakerOpen
	default:
		return BreakerHalfOpen
	}
}

// After gives the breaker after an attempt. retryAfter is how long the receiver
// asks to be left alone, 0 if it does not; jitter is drawn evenly from 0 to 1.
//
// What counts are signs of a receiver that is down or overrun: no answer, 429 and
// 5xx. Another answer says that somebody is there: it closes a breaker that is
// not closed, but does not end a row of failures, which a delivery alone does.
// A postback that never left counts for nothing.
func (b Breaker) After(a Attempt, retryAfter time.Duration, jitter float64) Breaker {
	switch {
	case a.Error == "":
		return Breaker{SubscriptionID: b.SubscriptionID, State: BreakerClosed}
	case a.blamesReceiver():
		return b.failed(a, retryAfter, jitter)
	case a.Status != 0 && !b.Closed() && !a.At.Before(b.ProbeAt):
		return Breaker{SubscriptionID: b.SubscriptionID, State: BreakerClosed}
	default:
		return b
	}
}

// failed counts a failure.
func (b Breaker) failed(a Attempt, retryAfter time.Duration, jitter float64) Breaker {
	b.Failures++
	b.Class, b.Detail = a.Error, a.Detail
	ended := a.At.Add(a.Took)
	switch {
	case b.Closed() && b.Failures < TripsAfter:
		b.State = BreakerClosed
		return b
	case b.Closed():
		b.OpenedAt, b.Trips = ended, 0
	case a.At.Before(b.ProbeAt): // was on its way when it opened
		return b
	}
	b.State = BreakerOpen
	b.Trips++
	b.ProbeAt = ended.Add(max(spreadOut(pause(b.Trips), jitter), min(retryAfter, askedPause)))
	return b
}

// pause gives the nth pause of an outage.
func pause(n int) time.Duration {
	return min(firstPause<<min(max(n-1, 0), 10), longestPause)
}

// blamesReceiver reports whether an attempt that failed shows its receiver to be
// down or overrun.
func (a Attempt) blamesReceiver() bool {
	switch {
	case a.Status == http.StatusTooManyRequests, a.Status >= 500:
		return true
	case a.Status != 0:
		return false
	default:
		return a.Error != ErrTemplate && a.Error != ErrForbidden && a.Error != ErrUnmatched
	}
}
