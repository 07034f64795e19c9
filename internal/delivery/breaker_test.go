package delivery

import (
	"testing"
	"time"
)

// failAt is an attempt that a receiver answered 503.
func failAt(at time.Time) Attempt {
	return Attempt{At: at, Took: time.Second, Status: 503, Error: ErrStatus, Detail: "answered 503"}
}

// tripped is a breaker that has just opened, its last failure begun at a time.
func tripped(at time.Time) Breaker {
	b := Breaker{SubscriptionID: 7}
	for range TripsAfter {
		b = b.After(failAt(at), 0, 0.5)
	}
	return b
}

func TestBreakerCounts(t *testing.T) {
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	tests := []struct {
		name    string
		attempt Attempt
		counts  bool
	}{
		{"a time-out counts", Attempt{At: at, Error: ErrTimeout}, true},
		{"a name that is not known counts", Attempt{At: at, Error: ErrDNS}, true},
		{"nobody listening counts", Attempt{At: at, Error: ErrRefused}, true},
		{"a broken connection counts", Attempt{At: at, Error: ErrReset}, true},
		{"a certificate that is wrong counts", Attempt{At: at, Error: ErrTLS}, true},
		{"429 counts", Attempt{At: at, Status: 429, Error: ErrStatus}, true},
		{"500 counts", Attempt{At: at, Status: 500, Error: ErrStatus}, true},
		{"599 counts", Attempt{At: at, Status: 599, Error: ErrStatus}, true},
		{"404 does not count", Attempt{At: at, Status: 404, Error: ErrStatus}, false},
		{"a redirect does not count", Attempt{At: at, Status: 302, Error: ErrRedirect}, false},
		{"410 does not count", Attempt{At: at, Status: 410, Error: ErrGone}, false},
		{"a 200 whose body says no does not count", Attempt{At: at, Status: 200, Error: ErrStatus}, false},
		{"a template that fails does not count", Attempt{At: at, Error: ErrTemplate}, false},
		{"an address that is refused here does not count", Attempt{At: at, Error: ErrForbidden}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := Breaker{SubscriptionID: 7}
			for range TripsAfter {
				b = b.After(tt.attempt, 0, 0.5)
			}
			if got := !b.Closed(); got != tt.counts {
				t.Errorf("after %d such attempts open is %v, want %v: %+v", TripsAfter, got, tt.counts, b)
			}
		})
	}
}

func TestBreakerOpensOnARowOnly(t *testing.T) {
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	b := Breaker{SubscriptionID: 7}
	for range TripsAfter - 1 {
		b = b.After(failAt(at), 0, 0.5)
	}
	if !b.Closed() || b.Failures != TripsAfter-1 {
		t.Fatalf("after %d failures: %+v, want closed with that count", TripsAfter-1, b)
	}
	if got := b.After(Attempt{At: at, Status: 404, Error: ErrStatus}, 0, 0.5); got != b {
		t.Errorf("a 404 in between makes %+v, want it unchanged: %+v", got, b)
	}
	if got, want := b.After(Attempt{At: at, Status: 200}, 0, 0.5), (Breaker{SubscriptionID: 7, State: BreakerClosed}); got != want {
		t.Errorf("a delivery makes %+v, want %+v", got, want)
	}
	got := b.After(failAt(at), 0, 0.5)
	want := Breaker{
		SubscriptionID: 7, State: BreakerOpen, Failures: TripsAfter, OpenedAt: at.Add(time.Second),
		ProbeAt: at.Add(31 * time.Second), Trips: 1, Class: ErrStatus, Detail: "answered 503",
	}
	if got != want {
		t.Errorf("failure %d makes %+v, want %+v", TripsAfter, got, want)
	}
}

func TestBreakerPausesRise(t *testing.T) {
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	b := tripped(at)
	opened := b.OpenedAt
	want := []time.Duration{time.Minute, 2 * time.Minute, 4 * time.Minute, 8 * time.Minute, 10 * time.Minute, 10 * time.Minute}
	for i, pause := range want {
		probe := failAt(b.ProbeAt)
		b = b.After(probe, 0, 0.5)
		if got := b.ProbeAt.Sub(probe.At.Add(probe.Took)); got != pause || !b.OpenedAt.Equal(opened) || b.Trips != i+2 {
			t.Errorf("probe %d: pause %s, trips %d, opened %s; want %s, %d, %s", i+1, got, b.Trips, b.OpenedAt, pause, i+2, opened)
		}
	}
	if got := b.After(Attempt{At: b.ProbeAt, Status: 204}, 0, 0.5); !got.Closed() || got.Trips != 0 || got.Failures != 0 {
		t.Errorf("a probe that is delivered makes %+v, want it closed and empty", got)
	}
}

func TestBreakerIgnoresStragglers(t *testing.T) {
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	b := tripped(at)
	got := b.After(failAt(at.Add(time.Millisecond)), 0, 0.5)
	if !got.ProbeAt.Equal(b.ProbeAt) || got.Trips != b.Trips {
		t.Errorf("a failure that was on its way moved the probe: %+v, want %s and %d trips", got, b.ProbeAt, b.Trips)
	}
	if got := b.After(Attempt{At: at, Status: 404, Error: ErrStatus}, 0, 0.5); got.Closed() {
		t.Errorf("a 404 that was on its way closed it: %+v", got)
	}
	if got := b.After(Attempt{At: b.ProbeAt, Status: 404, Error: ErrStatus}, 0, 0.5); !got.Closed() {
		t.Errorf("a probe that was answered 404 left it %+v, want closed: somebody is there", got)
	}
	if got := b.After(Attempt{At: b.ProbeAt, Error: ErrTemplate}, 0, 0.5); got != b {
		t.Errorf("a probe that never left makes %+v, want %+v", got, b)
	}
	if got := b.After(Attempt{At: at, Status: 200}, 0, 0.5); !got.Closed() {
		t.Errorf("a delivery left it %+v, want closed", got)
	}
}

func TestBreakerHeedsRetryAfter(t *testing.T) {
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	tests := []struct {
		name  string
		asked time.Duration
		want  time.Duration
	}{
		{"a longer time is kept", 5 * time.Minute, 5 * time.Minute},
		{"a shorter time changes nothing", time.Second, 30 * time.Second},
		{"a time without measure is cut to an hour", 1000 * time.Hour, time.Hour},
		{"a negative time changes nothing", -time.Hour, 30 * time.Second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := Breaker{}
			for range TripsAfter {
				b = b.After(failAt(at), tt.asked, 0.5)
			}
			if got := b.ProbeAt.Sub(b.OpenedAt); got != tt.want {
				t.Errorf("pause %s, want %s", got, tt.want)
			}
		})
	}
}

func TestBreakerAt(t *testing.T) {
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	b := tripped(at)
	tests := []struct {
		name    string
		breaker Breaker
		now     time.Time
		want    BreakerState
	}{
		{"one that never counted is closed", Breaker{}, at, BreakerClosed},
		{"before its probe it is open", b, b.ProbeAt.Add(-1), BreakerOpen},
		{"from its probe on it is half open", b, b.ProbeAt, BreakerHalfOpen},
		{"half open stays so", Breaker{State: BreakerHalfOpen, ProbeAt: at}, at, BreakerHalfOpen},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.breaker.At(tt.now); got != tt.want {
				t.Errorf("At() = %s, want %s", got, tt.want)
			}
		})
	}
}

// TestBreakerSpreadsProbes holds breakers that open together to probes that do
// not come together.
func TestBreakerSpreadsProbes(t *testing.T) {
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	early, late := Breaker{}, Breaker{}
	for range TripsAfter {
		early, late = early.After(failAt(at), 0, 0), late.After(failAt(at), 0, 1)
	}
	if got, want := late.ProbeAt.Sub(early.ProbeAt), 12*time.Second; got != want {
		t.Errorf("probes lie %s apart, want %s", got, want)
	}
}
