package user

import (
	"net/netip"
	"strconv"
	"time"
)

// The rule that slows guessing down. Nobody is ever locked out for good: the
// longest wait is short enough to sit out, and long enough that guessing leads
// nowhere.
const (
	firstWait     = 2 * time.Second
	longestWait   = 15 * time.Minute
	forgetFailure = 24 * time.Hour

	// Behind an address may be a whole office, in which somebody mistypes all day.
	freeFailures       = 5
	freeFailuresShared = 50
	halfLife           = 15 * time.Minute
)

// Door is what failures are counted of.
type Door struct {
	Name string
	// Shared says that many people come this way, as they do from an address: more
	// failures are free, half of them are forgotten every quarter of an hour, and a
	// success takes back no more than itself, or else whoever has one account could
	// try all others from there.
	Shared bool
}

// Throttle counts the attempts to get in by one door that have not succeeded.
type Throttle struct {
	Failures int
	LastAt   time.Time // of the last attempt; of a shared door, since when none of its failures was forgotten
	Until    time.Time // no attempt is let through before
}

// Wait gives how long an attempt has to wait, 0 when it may be made now.
func (t Throttle) Wait(now time.Time) time.Duration {
	return max(0, t.Until.Sub(now))
}

// Attempt gives the counts after an attempt, which is taken for a failure until
// it is known to have succeeded: so many attempts at once are no way around.
func (d Door) Attempt(t Throttle, now time.Time) Throttle {
	t = d.fade(t, now)
	t.Failures++
	t.Until = now.Add(d.waitAfter(t.Failures))
	return t
}

// Succeeded gives the counts after an attempt turned out to be a success.
func (d Door) Succeeded(t Throttle) Throttle {
	if !d.Shared {
		return Throttle{}
	}
	if t.Failures > 0 {
		t.Until = t.Until.Add(d.waitAfter(t.Failures-1) - d.waitAfter(t.Failures))
		t.Failures--
	}
	return t
}

// fade takes out the failures that are forgotten by now. Those of a shared door
// are halved once for each half-life that has passed whole; what is left of time
// counts next time, so that steady failures fade too.
func (d Door) fade(t Throttle, now time.Time) Throttle {
	past := now.Sub(t.LastAt)
	switch {
	case past >= forgetFailure:
		t.Failures = 0
	case d.Shared && t.Failures > 0:
		halves := max(0, int(past/halfLife))
		t.Failures >>= halves
		if t.Failures > 0 {
			t.LastAt = t.LastAt.Add(time.Duration(halves) * halfLife)
			return t
		}
	}
	t.LastAt = now
	return t
}

// Forgotten gives the time before which counts are of no use any more.
func Forgotten(now time.Time) time.Time { return now.Add(-forgetFailure) }

// waitAfter doubles with each failure beyond those that are free.
func (d Door) waitAfter(failures int) time.Duration {
	free := freeFailures
	if d.Shared {
		free = freeFailuresShared
	}
	if failures < free {
		return 0
	}
	wait := firstWait
	for range failures - free {
		if wait *= 2; wait >= longestWait {
			return longestWait
		}
	}
	return wait
}

// AccountDoor is that of an account. That the account exists is not needed, and
// not told.
func AccountDoor(email string) Door { return Door{Name: "account " + Hash(FoldEmail(email))} }

// Apart is a door beside d for those who come in another way: whoever has failed at
// one has not failed at the other.
func (d Door) Apart(way string) Door {
	d.Name = way + " of " + d.Name
	return d
}

// SessionDoor is that of whoever is signed in, and shows anew who that is.
func SessionDoor(id int64) Door { return Door{Name: "session " + strconv.FormatInt(id, 10)} }

// BrowserDoor is that of a browser that is known by its mark.
func BrowserDoor(mark string) Door { return Door{Name: "browser " + Hash(mark)} }

// AddressDoor is that of an address. Whoever has one IPv6 address has all of its
// /64.
func AddressDoor(address netip.Addr) Door {
	address = address.Unmap().WithZone("")
	if !address.Is6() {
		return Door{Name: "address " + address.String(), Shared: true}
	}
	network, _ := address.Prefix(64) // an IPv6 address has one
	return Door{Name: "address " + network.String(), Shared: true}
}
