package user

import (
	"net/netip"
	"time"
)

// The rule that slows guessing down. Nobody is ever locked out for good: the
// longest wait is short enough to sit out, and long enough that guessing leads
// nowhere.
const (
	freeFailures  = 5
	firstWait     = 2 * time.Second
	longestWait   = 15 * time.Minute
	forgetFailure = 24 * time.Hour
)

// Throttle counts the attempts to log in to one account, or from one address,
// that have not succeeded.
type Throttle struct {
	Failures int
	LastAt   time.Time
	Until    time.Time // no attempt is let through before
}

// Wait gives how long an attempt has to wait, 0 when it may be made now.
func (t Throttle) Wait(now time.Time) time.Duration {
	return max(0, t.Until.Sub(now))
}

// Attempt gives the counts after an attempt, which is taken for a failure until
// it is known to have succeeded: so many attempts at once are no way around.
func (t Throttle) Attempt(now time.Time) Throttle {
	if now.Sub(t.LastAt) >= forgetFailure {
		t.Failures = 0
	}
	t.Failures++
	t.LastAt, t.Until = now, now.Add(waitAfter(t.Failures))
	return t
}

// Succeeded gives the counts after an attempt turned out to be a success.
func (t Throttle) Succeeded() Throttle {
	t.Failures = max(0, t.Failures-1)
	t.Until = t.LastAt.Add(waitAfter(t.Failures))
	return t
}

// Forgotten gives the time before which counts are of no use any more.
func Forgotten(now time.Time) time.Time { return now.Add(-forgetFailure) }

// waitAfter doubles with each failure beyond those that are free.
func waitAfter(failures int) time.Duration {
	if failures < freeFailures {
		return 0
	}
	wait := firstWait
	for range failures - freeFailures {
		if wait *= 2; wait >= longestWait {
			return longestWait
		}
	}
	return wait
}

// ThrottleAccount names the counts of an account. That the account exists is not
// needed, and not told.
func ThrottleAccount(email string) string { return "account " + Hash(FoldEmail(email)) }

// ThrottleAddress names the counts of an address. Whoever has one IPv6 address
// has all of its /64.
func ThrottleAddress(address netip.Addr) string {
	address = address.Unmap().WithZone("")
	if !address.Is6() {
		return "address " + address.String()
	}
	network, _ := address.Prefix(64) // an IPv6 address has one
	return "address " + network.String()
}
