package deliver

import (
	"fmt"
	"testing"
	"time"
)

func (p place) String() string { return [...]string{"nowhere", "start", "hold", "put off"}[p] }

// TestLanes: of a host's jobs two are sent, four are held, and the rest is put
// off, each further than the one before.
func TestLanes(t *testing.T) {
	now := time.Date(2026, time.November, 22, 12, 0, 0, 0, time.UTC)
	l := newLanes(10, 2)
	enter := func(n int, host string) (place, time.Duration) {
		var j job
		j.host, j.owed.ID = host, fmt.Sprint(n)
		where, until := l.enter(j, now)
		if until.IsZero() {
			return where, 0
		}
		return where, until.Sub(now)
	}
	want := []struct {
		where place
		until time.Duration
	}{
		{start, 0},
		{start, 0},
		{hold, 0},
		{hold, 0},
		{hold, 0},
		{hold, 0},
		{putOff, 250 * time.Millisecond},
		{putOff, 300 * time.Millisecond},
		{putOff, 350 * time.Millisecond},
	}
	for i, w := range want {
		if where, until := enter(i, "slow"); where != w.where || until != w.until {
			t.Errorf("job %d: %s for %s, want %s for %s", i, where, until, w.where, w.until)
		}
	}
	if where, _ := enter(100, "other"); where != start || l.free() != 7 {
		t.Errorf("another host's: %s, %d slots are free; want start and 7", where, l.free())
	}

	// The host takes 20 s each time, and is known for that after a while.
	for i := 2; i < 6; i++ {
		if j, more := l.leave("slow", 20*time.Second); !more || j.owed.ID != fmt.Sprint(i) {
			t.Errorf("in place of job %d comes %q, %v; want job %d", i-2, j.owed.ID, more, i)
		}
	}
	for i := range 4 {
		if where, _ := enter(10+i, "slow"); where != hold {
			t.Errorf("job %d: %s, want hold", 10+i, where)
		}
	}
	for range 3 {
		if where, until := enter(20, "slow"); where != putOff || until < 20*time.Second || until > farthest {
			t.Errorf("behind a slow host: %s for %s", where, until)
		}
	}
	if where, until := enter(21, "slow"); where != putOff || until != farthest {
		t.Errorf("at the end: %s for %s, want put off for %s", where, until, farthest)
	}

	if all := l.drain(); len(all) != 4 || all[0].owed.ID != "10" || all[3].owed.ID != "13" {
		t.Errorf("drain() = %v, want jobs 10 to 13", all)
	}
	for range 2 {
		if j, more := l.leave("slow", 0); more {
			t.Errorf("after draining comes %q", j.owed.ID)
		}
	}
	if l.leave("other", 0); l.free() != 10 || len(l.hosts) != 0 {
		t.Errorf("in the end %d slots are free and %d lanes are left, want 10 and none", l.free(), len(l.hosts))
	}
}
