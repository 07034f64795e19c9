package deliver

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"waybill/internal/catalog"
	"waybill/internal/delivery"
)

func laneTime() time.Time { return time.Date(2026, time.November, 22, 12, 0, 0, 0, time.UTC) }

// jobOf is a postback of a subscription that lives on a host.
func jobOf(id int64, host string, limit int) job {
	sub := &catalog.Subscription{Subscription: delivery.Subscription{ID: id, InFlight: limit}}
	return job{owed: delivery.Owed{SubscriptionID: id}, sub: sub, host: host}
}

// How a flight may end.
const (
	answered = iota
	silent
	skipped
)

// end ends a flight.
func end(l *lanes, f *flight, how int, now time.Time) {
	if how != skipped {
		l.hear(f, how == answered, now.Sub(f.began))
	}
	l.land(f, now)
}

// enterMany takes n jobs of a subscription, and gives how many were taken.
func enterMany(l *lanes, n int, id int64, host string, limit int, now time.Time) int {
	taken := 0
	for range n {
		if l.enter(jobOf(id, host, limit), now) {
			taken++
		}
	}
	return taken
}

// TestWindow: a receiver begins with one in flight, has one more for each
// answer, never more than its host may have, and falls to one when it hangs.
func TestWindow(t *testing.T) {
	now := laneTime()
	l := newLanes(64, 8)
	enterMany(l, 40, 1, "a.example", 0, now)
	flights := l.next(now)
	if len(flights) != 1 {
		t.Fatalf("%d begin, want 1", len(flights))
	}
	for want := 2; want <= 10; want++ {
		now = now.Add(10 * time.Millisecond)
		end(l, flights[0], answered, now)
		flights = append(flights[1:], l.next(now)...)
		if got := len(flights); got != min(want, 8) {
			t.Errorf("after %d answers %d are in flight, want %d", want-1, got, min(want, 8))
		}
	}
	now = now.Add(10 * time.Second)
	for _, f := range flights {
		end(l, f, silent, now)
	}
	if flights = l.next(now); len(flights) != 1 {
		t.Errorf("after nothing came %d are sent, want 1", len(flights))
	}
	end(l, flights[0], silent, now.Add(time.Millisecond))
	if n := len(l.next(now.Add(time.Millisecond))); n != 1 {
		t.Errorf("after it refused at once %d are sent, want 1", n)
	}
}

// TestOwnLimit: a subscription's own bound holds, whatever its host may have.
func TestOwnLimit(t *testing.T) {
	now := laneTime()
	l := newLanes(64, 8)
	enterMany(l, 10, 1, "a.example", 1, now)
	for range 5 {
		flights := l.next(now)
		if len(flights) != 1 {
			t.Fatalf("%d at once, want 1", len(flights))
		}
		end(l, flights[0], answered, now.Add(time.Millisecond))
	}
}

// TestSharedHost: the host's bound holds for all that live there, and none of
// them takes all of it.
func TestSharedHost(t *testing.T) {
	now := laneTime()
	l := newLanes(64, 8)
	for id := range int64(3) {
		enterMany(l, 20, id, "a.example", 0, now)
		l.queues[id].window, l.queues[id].answered = 8, true
	}
	active := make(map[int64]int)
	for _, f := range l.next(now) {
		active[f.job.owed.SubscriptionID]++
	}
	if active[0]+active[1]+active[2] != 8 || active[0] < 2 || active[1] < 2 || active[2] < 2 {
		t.Errorf("in flight by subscription: %v, want 8 in all, shared evenly", active)
	}
	lone := newLanes(64, 8)
	for id := range int64(2) {
		enterMany(lone, 1, id, "a.example", 0, now)
		lone.queues[id].window, lone.queues[id].answered = 8, true
	}
	lone.drain()
	enterMany(lone, 20, 0, "a.example", 0, now)
	if got := len(lone.next(now)); got != 6 {
		t.Errorf("one of two on a host has %d in flight, want 6 of 8", got)
	}
}

// TestHangingReceivers: a hundred that hang take three quarters of the slots for
// a second and half of them after that, until the lobby has them all; one that answers finds its slots at any time.
func TestHangingReceivers(t *testing.T) {
	now := laneTime()
	l := newLanes(64, 8)
	enterMany(l, 1, 1000, "good.example", 0, now)
	end(l, l.next(now)[0], answered, now)

	for id := range int64(100) {
		enterMany(l, 5, id, fmt.Sprintf("h%d.example", id), 0, now)
	}
	hanging := l.next(now)
	if len(hanging) != 48 {
		t.Fatalf("%d of those that nobody knows begin, want three quarters of 64", len(hanging))
	}
	if v := l.look(now); v.most[5] != 0 || v.most[1000] == 0 {
		t.Errorf("of one that nobody knows %d may be claimed, of one that answers %d; want none and some", v.most[5], v.most[1000])
	}
	for range 10 { // the good one is served all the time
		now = now.Add(50 * time.Millisecond)
		enterMany(l, 1, 1000, "good.example", 0, now)
		flights := l.next(now)
		if len(flights) != 1 || flights[0].job.owed.SubscriptionID != 1000 {
			t.Fatalf("%d begin, want the good one's alone", len(flights))
		}
		end(l, flights[0], answered, now.Add(time.Millisecond))
	}
	if at := l.relief(); !at.Equal(laneTime().Add(patience)) {
		t.Errorf("the next slot is free at %s, want a second after the start", at)
	}
	now = laneTime().Add(patience)
	hanging = append(hanging, l.next(now)...)
	if l.lobby != 48 || l.wary != 48 || len(hanging) != 96 {
		t.Errorf("after a second %d wait in the lobby and %d hold slots, want 48 and 48", l.lobby, l.wary)
	}
	for range 30 { // until everybody waits
		now = now.Add(patience)
		hanging = append(hanging, l.next(now)...)
	}
	if l.lobby != 100 || l.taken() != 0 {
		t.Errorf("%d wait in the lobby and %d hold slots, want one of each and none", l.lobby, l.taken())
	}
	enterMany(l, 40, 1000, "good.example", 0, now)
	if got := len(l.next(now)); got < 2 {
		t.Errorf("%d of the good one's begin beside all that hang, want its window", got)
	}
	for _, f := range hanging {
		end(l, f, silent, now)
	}
	if l.lobby != 0 || l.wary != 0 {
		t.Errorf("in the end %d are in the lobby and %d wary, want none", l.lobby, l.wary)
	}
}

// TestFullLobby: when the lobby is full those who wait keep their slots, and
// still leave some to receivers that answer.
func TestFullLobby(t *testing.T) {
	now := laneTime()
	l := newLanes(8, 4)
	enterMany(l, 1, 1000, "good.example", 0, now)
	end(l, l.next(now)[0], answered, now)
	for id := range int64(100) {
		enterMany(l, 1, id, fmt.Sprintf("h%d.example", id), 0, now)
	}
	for range 30 {
		l.next(now)
		now = now.Add(patience)
	}
	if l.overflow() == 0 || l.taken() != 6 || l.lobby+l.quick != 4*8+6 {
		t.Errorf("%d slots are taken, %d are in the lobby; want 6 and 38 in all", l.taken(), l.lobby)
	}
	enterMany(l, 4, 1000, "good.example", 0, now)
	if got := len(l.next(now)); got != 2 {
		t.Errorf("%d of the good one's begin, want the 2 of its window", got)
	}
}

// TestSlowLedger: a receiver has answered although the ledger takes its time to
// write that down; the slot is held until it has.
func TestSlowLedger(t *testing.T) {
	now := laneTime()
	l := newLanes(4, 4)
	enterMany(l, 5, 1, "a.example", 0, now)
	end(l, l.next(now)[0], answered, now)
	flights := l.next(now)
	for _, f := range flights {
		l.hear(f, true, time.Millisecond)
	}
	now = now.Add(10 * patience)
	l.next(now)
	if l.lobby != 0 || l.quick < len(flights) || !l.queues[1].answered {
		t.Errorf("%d wait in the lobby, %d hold slots, answered: %v", l.lobby, l.quick, l.queues[1].answered)
	}
}

// TestAhead: of a quick receiver more is held than is in flight, of a slow one
// nothing.
func TestAhead(t *testing.T) {
	tests := []struct {
		took time.Duration
		want int
	}{
		{time.Millisecond, 8 + 4*8},
		{50 * time.Millisecond, 8 + 2*8},
		{100 * time.Millisecond, 8 + 8},
		{300 * time.Millisecond, 8},
	}
	for _, tt := range tests {
		now := laneTime()
		l := newLanes(64, 8)
		enterMany(l, 1, 1, "a.example", 0, now)
		l.next(now)
		q := l.queues[1]
		q.window, q.answered, q.took, q.active, q.host.active = 8, true, tt.took, 0, 0
		if got := l.look(now).most[1]; got != tt.want {
			t.Errorf("of one that takes %s up to %d are claimed, want %d", tt.took, got, tt.want)
		}
	}
}

// TestMovedSubscription: a URL that leads elsewhere begins with another window.
func TestMovedSubscription(t *testing.T) {
	now := laneTime()
	l := newLanes(64, 8)
	enterMany(l, 1, 1, "a.example", 0, now)
	end(l, l.next(now)[0], answered, now)
	enterMany(l, 9, 1, "b.example", 0, now)
	if got := len(l.next(now)); got != 1 || len(l.hosts) != 1 {
		t.Errorf("%d are sent to %d hosts, want 1 to the new one", got, len(l.hosts))
	}
}

// TestForgotten: what was not served for long is not remembered.
func TestForgotten(t *testing.T) {
	now := laneTime()
	l := newLanes(64, 8)
	enterMany(l, 1, 1, "a.example", 0, now)
	end(l, l.next(now)[0], answered, now)
	if l.look(now.Add(forgotten)); len(l.queues) != 1 {
		t.Error("it is forgotten too soon")
	}
	if l.look(now.Add(forgotten + 1)); len(l.queues) != 0 || len(l.hosts) != 0 {
		t.Errorf("%d queues and %d hosts are remembered", len(l.queues), len(l.hosts))
	}
}

// TestLanesAddUp: whatever happens, no bound is passed, nothing is lost, and in
// the end nothing is left.
func TestLanesAddUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		slots, perHost := rapid.IntRange(1, 12).Draw(t, "slots"), rapid.IntRange(1, 6).Draw(t, "per host")
		l, now := newLanes(slots, perHost), laneTime()
		var flying []*flight
		entered, landed := 0, 0
		for range rapid.IntRange(1, 80).Draw(t, "steps") {
			now = now.Add(time.Duration(rapid.IntRange(0, 1500).Draw(t, "ms")) * time.Millisecond)
			id := rapid.Int64Range(1, 6).Draw(t, "subscription")
			switch rapid.IntRange(0, 3).Draw(t, "what") {
			case 0, 1:
				entered += enterMany(l, rapid.IntRange(1, 9).Draw(t, "jobs"), id, fmt.Sprint(id%3), int(id%4), now)
			case 2:
				if len(flying) > 0 {
					i := rapid.IntRange(0, len(flying)-1).Draw(t, "which")
					end(l, flying[i], rapid.IntRange(answered, skipped).Draw(t, "how"), now)
					flying = append(flying[:i:i], flying[i+1:]...)
					landed++
				}
			case 3:
				landed += len(l.recall(id))
			}
			flying = append(flying, l.next(now)...)
			checkLanes(t, l, flying, entered-landed)
		}
		for _, f := range flying {
			end(l, f, answered, now)
			landed++
		}
		landed += len(l.drain())
		if l.room(now) != 2*slots || entered != landed || l.lobby+l.quick+l.wary+l.held+len(l.waiting) != 0 {
			t.Fatalf("of %d jobs %d came out; left are %d, %d, %d, %d", entered, landed, l.lobby, l.quick, l.wary, l.held)
		}
	})
}

// checkLanes compares what the lanes count with what is there.
func checkLanes(t *rapid.T, l *lanes, flying []*flight, inside int) {
	hosts, queues := make(map[*host]int), make(map[*queue]int)
	lobby, wary := 0, 0
	for _, f := range flying {
		hosts[f.queue.host]++
		queues[f.queue]++
		switch {
		case f.late:
			lobby++
		case f.wary:
			wary++
		}
	}
	for h, n := range hosts {
		if n != h.active || n > l.perHost {
			t.Fatalf("%d are in flight to a host that counts %d and may have %d", n, h.active, l.perHost)
		}
	}
	for q, n := range queues {
		if n != q.active || q.limit > 0 && n > q.limit {
			t.Fatalf("%d are in flight to a receiver that counts %d and may have %d", n, q.active, q.limit)
		}
	}
	if l.lobby != lobby || l.wary != wary || l.quick != len(flying)-lobby || l.quick > l.slots || wary > max(1, l.slots*3/4) {
		t.Fatalf("%d fly, %d of them late and %d wary; counted are %d, %d and %d", len(flying), lobby, wary, l.quick, l.lobby, l.wary)
	}
	if l.held+len(flying) != inside {
		t.Fatalf("%d are held and %d fly of %d", l.held, len(flying), inside)
	}
}
