package edge

import (
	"net/netip"
	"testing"
	"time"
)

func TestThrottle(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	home := netip.MustParseAddr("203.0.113.9")
	tests := []struct {
		name string
		do   func(l *Throttle) (time.Duration, bool)
		wait time.Duration
		ok   bool
	}{
		{name: "lets a burst through", do: func(l *Throttle) (time.Duration, bool) { l.take(home, now); return l.take(home, now) }, ok: true},
		{name: "holds back what is more", do: func(l *Throttle) (time.Duration, bool) {
			l.take(home, now)
			l.take(home, now)
			return l.take(home, now)
		}, wait: 500 * time.Millisecond},
		{name: "says how long to wait still", do: func(l *Throttle) (time.Duration, bool) {
			l.take(home, now)
			l.take(home, now)
			return l.take(home, now.Add(400*time.Millisecond))
		}, wait: 100 * time.Millisecond},
		{name: "lets through again after that", do: func(l *Throttle) (time.Duration, bool) {
			l.take(home, now)
			l.take(home, now)
			return l.take(home, now.Add(500*time.Millisecond))
		}, ok: true},
		{name: "saves up no more than a burst", do: func(l *Throttle) (time.Duration, bool) {
			l.take(home, now)
			later := now.Add(time.Hour)
			l.take(home, later)
			l.take(home, later)
			return l.take(home, later)
		}, wait: 500 * time.Millisecond},
		{name: "is not charged for what it gives back", do: func(l *Throttle) (time.Duration, bool) {
			for range 9 {
				l.take(home, now)
				l.giveBack(home)
			}
			return l.take(home, now)
		}, ok: true},
		{name: "gives back no more than a burst", do: func(l *Throttle) (time.Duration, bool) {
			l.take(home, now)
			for range 9 {
				l.giveBack(home)
			}
			l.take(home, now)
			l.take(home, now)
			return l.take(home, now)
		}, wait: 500 * time.Millisecond},
		{name: "takes nothing away when the clock steps back", do: func(l *Throttle) (time.Duration, bool) {
			l.take(home, now)
			return l.take(home, now.Add(-time.Hour))
		}, ok: true},
		{name: "tells sources apart", do: func(l *Throttle) (time.Duration, bool) {
			l.take(home, now)
			l.take(home, now)
			return l.take(home.Next(), now)
		}, ok: true},
		{name: "takes an IPv6 network for one source", do: func(l *Throttle) (time.Duration, bool) {
			l.take(netip.MustParseAddr("2001:db8::1"), now)
			l.take(netip.MustParseAddr("2001:db8::2"), now)
			return l.take(netip.MustParseAddr("2001:db8:0:0:ffff::3%eth0"), now)
		}, wait: 500 * time.Millisecond},
		{name: "takes the next IPv6 network for another", do: func(l *Throttle) (time.Duration, bool) {
			l.take(netip.MustParseAddr("2001:db8::1"), now)
			l.take(netip.MustParseAddr("2001:db8::2"), now)
			return l.take(netip.MustParseAddr("2001:db8:0:1::3"), now)
		}, ok: true},
		{name: "takes an IPv4 address within IPv6 for itself", do: func(l *Throttle) (time.Duration, bool) {
			l.take(home, now)
			l.take(netip.MustParseAddr("::ffff:203.0.113.9"), now)
			return l.take(home, now)
		}, wait: 500 * time.Millisecond},
		{name: "takes all without an address for one source", do: func(l *Throttle) (time.Duration, bool) {
			l.take(netip.Addr{}, now)
			l.take(netip.Addr{}, now)
			return l.take(netip.Addr{}, now)
		}, wait: 500 * time.Millisecond},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			wait, ok := tt.do(NewThrottle(2, 2))
			if ok != tt.ok || wait.Round(time.Microsecond) != tt.wait {
				t.Errorf("take() = %s, %t; want %s, %t", wait, ok, tt.wait, tt.ok)
			}
		})
	}
}

func TestNoThrottle(t *testing.T) {
	for name, l := range map[string]*Throttle{"none": nil, "a rate of none": NewThrottle(0, 5), "a burst of none": NewThrottle(5, 0)} {
		for range 10 {
			if _, ok := l.take(netip.Addr{}, time.Time{}); !ok {
				t.Errorf("%s holds back", name)
			}
		}
		l.giveBack(netip.Addr{})
	}
}

// However many sources there are, what is remembered of them is bounded, and who
// has used up his allowance is not forgotten for them.
func TestThrottleForgetsThoseWhoHaveMostLeft(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	guesser := netip.MustParseAddr("198.51.100.1")
	l := NewThrottle(0.001, 3)
	for range 3 {
		l.take(guesser, now)
	}
	from := netip.MustParseAddr("10.0.0.0")
	for range 3 * maxSources {
		from = from.Next()
		l.take(from, now)
	}
	if got := len(l.sources); got != maxSources {
		t.Errorf("%d sources are remembered, want %d", got, maxSources)
	}
	if _, ok := l.take(guesser, now); ok {
		t.Error("who had nothing left was forgotten")
	}
}

func TestAFullThrottleForgetsNobodyWhoIsKnown(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	l := NewThrottle(1, 3)
	from := netip.MustParseAddr("10.0.0.0")
	for range maxSources {
		from = from.Next()
		l.take(from, now)
	}
	l.take(from, now)
	if got := len(l.sources); got != maxSources {
		t.Errorf("%d sources are remembered, want all %d", got, maxSources)
	}
}
