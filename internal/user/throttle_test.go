package user_test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"waybill/internal/user"
)

func jane() user.Door   { return user.AccountDoor("jane@example.com") }
func office() user.Door { return user.AddressDoor(netip.MustParseAddr("192.0.2.1")) }

// waits gives the wait after each of n failures, every one of which is tried as
// soon as may be.
func waits(t *testing.T, door user.Door, n int, now time.Time) (all []time.Duration) {
	t.Helper()
	var counts user.Throttle
	for range n {
		if wait := counts.Wait(now); wait != 0 {
			t.Fatalf("after waiting one waits %s more", wait)
		}
		counts = door.Attempt(counts, now)
		all = append(all, counts.Wait(now))
		now = now.Add(counts.Wait(now))
	}
	return all
}

func TestThrottle(t *testing.T) {
	start := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	s := time.Second
	rising := []time.Duration{0, 2 * s, 4 * s, 8 * s, 16 * s, 32 * s, 64 * s, 128 * s, 256 * s, 512 * s, 900 * s}
	got := waits(t, jane(), 16, start)
	if want := slices.Concat(make([]time.Duration, 3), rising, []time.Duration{900 * s, 900 * s}); !slices.Equal(got, want) {
		t.Errorf("after failures on an account one waits\n%v, want\n%v", got, want)
	}
	if got, want := waits(t, office(), 55, start), slices.Concat(make([]time.Duration, 48), rising[:7]); !slices.Equal(got, want) {
		t.Errorf("after failures from an address one waits\n%v, want\n%v", got, want)
	}
	for _, door := range []user.Door{jane(), office()} {
		var counts user.Throttle
		for range 10_000 { // nobody is locked out for good, nor does counting run over
			counts = door.Attempt(counts, start)
		}
		if got := counts.Wait(start); got != 15*time.Minute {
			t.Errorf("%s: after 10,000 failures one waits %s", door.Name, got)
		}
		later := start.Add(24 * time.Hour)
		if got := door.Attempt(counts, later); got.Failures != 1 || got.Wait(later) != 0 || !got.LastAt.Equal(later) {
			t.Errorf("%s: a day later the counts are %+v", door.Name, got)
		}
	}
}

func TestSuccessesAreTakenBack(t *testing.T) {
	start := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	failed := func(door user.Door, n int) (counts user.Throttle) {
		for range n {
			counts = door.Attempt(counts, start)
		}
		return counts
	}
	if got := jane().Succeeded(failed(jane(), 7)); got != (user.Throttle{}) {
		t.Errorf("a success leaves %+v to an account, want that it begins anew", got)
	}
	for n, wait := range map[int]time.Duration{1: 0, 50: 0, 51: 2 * time.Second, 53: 8 * time.Second} {
		got := office().Succeeded(failed(office(), n))
		if want := failed(office(), n-1); got.Failures != want.Failures || got.Wait(start) != wait {
			t.Errorf("a success among %d leaves %+v to an address; want as after %d failures", n, got, n-1)
		}
	}
	if got := office().Succeeded(user.Throttle{}); got != (user.Throttle{}) {
		t.Errorf("a success without an attempt leaves %+v", got)
	}
}

func TestFailuresFromAnAddressFade(t *testing.T) {
	start := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	tests := []struct {
		name  string
		door  user.Door
		after time.Duration
		want  int // with the attempt itself
	}{
		{"none before a quarter of an hour", office(), 15*time.Minute - 1, 41},
		{"half after it", office(), 15 * time.Minute, 21},
		{"three quarters after two", office(), 30 * time.Minute, 11},
		{"all after some hours", office(), 2 * time.Hour, 1},
		{"none when a clock goes back", office(), -time.Hour, 41},
		{"none of an account's within a day", jane(), 24*time.Hour - 1, 41},
	}
	for _, tt := range tests {
		counts := user.Throttle{Failures: 40, LastAt: start}
		if got := tt.door.Attempt(counts, start.Add(tt.after)); got.Failures != tt.want {
			t.Errorf("%s: %d failures, want %d", tt.name, got.Failures, tt.want)
		}
	}
	var counts user.Throttle
	for i := range 24 * 60 { // one a minute all day: an office in which somebody mistypes
		counts = office().Attempt(counts, start.Add(time.Duration(i)*time.Minute))
		if counts.Failures >= 50 {
			t.Fatalf("after %d minutes with a failure each there are %d", i, counts.Failures)
		}
	}
	if counts.Failures < 15 {
		t.Errorf("a failure a minute leaves %d, want at least those of the last quarter of an hour", counts.Failures)
	}
}

func TestDoors(t *testing.T) {
	addr := netip.MustParseAddr
	same := [][2]user.Door{
		{user.AddressDoor(addr("2001:db8:1:2::1")), user.AddressDoor(addr("2001:db8:1:2:ffff::9"))},
		{user.AddressDoor(addr("::ffff:192.0.2.1")), user.AddressDoor(addr("192.0.2.1"))},
		{user.AddressDoor(addr("fe80::1%eth0")), user.AddressDoor(addr("fe80::1"))},
		{user.AccountDoor("Jane@Example.com"), user.AccountDoor(" jane@example.com")},
		{user.AccountDoor("Jane@Example.com").Apart("reset"), user.AccountDoor("jane@example.com").Apart("reset")},
	}
	for _, pair := range same {
		if pair[0] != pair[1] {
			t.Errorf("%+v and %+v are counted apart", pair[0], pair[1])
		}
	}
	apart := [][2]user.Door{
		{user.AddressDoor(addr("2001:db8:1:2::1")), user.AddressDoor(addr("2001:db8:1:3::1"))},
		{user.AddressDoor(addr("192.0.2.1")), user.AddressDoor(addr("192.0.2.2"))},
		{user.AccountDoor("jane@example.com"), user.AccountDoor("joan@example.com")},
		{user.AccountDoor("jane@example.com"), user.AccountDoor("jane@example.com").Apart("reset")},
		{user.SessionDoor(1), user.SessionDoor(2)},
		{user.BrowserDoor("one"), user.BrowserDoor("two")},
	}
	for _, pair := range apart {
		if pair[0].Name == pair[1].Name {
			t.Errorf("%s is counted for two", pair[0].Name)
		}
	}
	if name := user.AccountDoor(strings.Repeat("x", 10_000)).Name; len(name) > 100 || strings.Contains(name, "x@") {
		t.Errorf("a long name is kept as %q", name)
	}
	if user.AccountDoor("jane@example.com").Shared || user.SessionDoor(1).Shared || user.BrowserDoor("one").Shared ||
		!user.AddressDoor(netip.Addr{}).Shared || !user.AddressDoor(netip.Addr{}).Apart("passkey").Shared {
		t.Error("an account is one person's, and an address, even an unknown one, is many people's")
	}
}
