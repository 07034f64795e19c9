package delivery

import (
	"time"

	"waybill/internal/span"
)

// spread is how far jitter moves a wait, to both sides: attempts that failed
// together are not repeated together.
const spread = 0.2

// longest is the most that a receiver can ask to be left alone for.
const longest = 24 * time.Hour

// MaxAttempts is how often a postback is tried by the default schedule, over
// three days and some hours.
const MaxAttempts = len(waits) + 1

// waits are the times between one attempt and the next by default.
//
//nolint:gochecknoglobals // a table that never changes
var waits = [...]time.Duration{
	5 * time.Second, time.Minute, 5 * time.Minute, 30 * time.Minute,
	2 * time.Hour, 5 * time.Hour, 10 * time.Hour, 14 * time.Hour, 20 * time.Hour, 24 * time.Hour,
}

// Schedule is the times between one attempt and the next. An empty one is the
// default.
type Schedule []span.Span

// Attempts gives how often a postback is tried.
func (s Schedule) Attempts() int {
	if len(s) == 0 {
		return MaxAttempts
	}
	return len(s) + 1
}

func (s Schedule) wait(attempt int) time.Duration {
	if len(s) == 0 {
		return waits[attempt-1]
	}
	return s[attempt-1].Duration()
}

// Next says when a postback is tried again whose attempt of this number (1 for
// the first) failed at a time; false when that was the last. retryAfter is how
// long its receiver asks to be left alone, 0 if it does not: it can only put the
// next attempt off, by a day at most. jitter is drawn evenly from 0 to 1, and
// 0.5 moves nothing.
func (s Schedule) Next(attempt int, at time.Time, retryAfter time.Duration, jitter float64) (time.Time, bool) {
	if attempt < 1 || attempt >= s.Attempts() {
		return time.Time{}, false
	}
	return at.Add(max(spreadOut(s.wait(attempt), jitter), min(retryAfter, longest))), true
}

// spreadOut moves a wait by jitter, which is drawn evenly from 0 to 1; 0.5 moves
// nothing.
func spreadOut(wait time.Duration, jitter float64) time.Duration {
	if !(jitter >= 0 && jitter <= 1) { // NaN too
		jitter = 0.5
	}
	return time.Duration(float64(wait) * (1 - spread + 2*spread*jitter))
}
