package deliver

import (
	"bytes"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/conversion"
	"waybill/internal/delivery"
	"waybill/internal/receiver"
	"waybill/internal/span"
)

func fails(status int, headers ...string) roundTrip {
	return func(*http.Request) (*http.Response, error) { return answer(status, headers...) }
}

// TestThirtyHoursDown: what a receiver was owed while it was down for 30 hours
// arrives when it is back: all of it, each conversion's in its order, at its
// rate, and none was tried so often meanwhile that it died.
func TestThirtyHoursDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const conversions, every = 30, 3
		b, c := newBook(), newCrowd()
		c.set("h1.example", fails(http.StatusServiceUnavailable))
		for i := range conversions {
			for n := range every {
				o := owed(fmt.Sprintf("%02d-%d", i, n))
				o.ConversionID, o.Sequence = fmt.Sprint(i), n+1
				o.DueAt = o.DueAt.Add(time.Duration(i*every+n) * 20 * time.Minute)
				b.owe(o)
			}
		}
		w := New(b, crowdOf(t, 1, func(s *delivery.Subscription) { s.Rate = 2 }), Settings{}, quiet())
		w.transport = c
		begin(t, w)
		wait(t, 30*time.Hour)
		tries := len(b.recorded())
		if len(c.arrived) != 0 || b.count(delivery.Dead) != 0 || tries < 100 || tries > 400 {
			t.Fatalf("after 30 hours %d arrived, %d are dead, %d attempts were made", len(c.arrived), b.count(delivery.Dead), tries)
		}
		c.set("h1.example", nil)
		wait(t, 10*time.Minute+conversions*every*time.Second) // the longest pause, and twice the time that the rate takes
		if len(c.arrived) != conversions*every || b.count(delivery.Delivered) != conversions*every {
			t.Errorf("%d of %d arrived, %d are delivered", len(c.arrived), conversions*every, b.count(delivery.Delivered))
		}
		at := slices.SortedFunc(maps.Values(c.arrived), time.Time.Compare)
		for i := range len(at) - 3 {
			if d := at[i+3].Sub(at[i]); d < time.Second {
				t.Errorf("four arrived within %s, at a rate of two a second", d)
			}
		}
		seen := make(map[string]int)
		for _, id := range c.order {
			i, n, _ := strings.Cut(id, "-")
			if want := fmt.Sprint(seen[i]); n != want {
				t.Errorf("of conversion %s number %s arrived when %s was next", i, n, want)
			}
			seen[i]++
		}
	})
}

// TestBreakerOpens: ten failures in a row end the trying, but for a probe now and
// then; the first success lets all through.
func TestBreakerOpens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, c := newBook(), newCrowd()
		c.set("h1.example", refuses)
		oweTo(b, 1, 200, 0)
		w := New(b, crowdOf(t, 1, nil), Settings{}, quiet())
		w.transport = c
		begin(t, w)
		wait(t, 20*time.Second)
		if n := len(b.recorded()); n < delivery.TripsAfter || n >= delivery.TripsAfter+8 {
			t.Errorf("%d attempts, want %d and what was on its way", n, delivery.TripsAfter)
		}
		if got := b.breaker(1); got.Closed() || got.Class != delivery.ErrRefused || got.Failures < delivery.TripsAfter {
			t.Errorf("the ledger has %+v", got)
		}
		before := len(b.recorded())
		wait(t, 10*time.Minute)
		if n := len(b.recorded()) - before; n < 3 || n > 6 {
			t.Errorf("%d probes in ten minutes, want one after each of the rising pauses", n)
		}
		c.set("h1.example", nil)
		wait(t, 11*time.Minute)
		if got := b.count(delivery.Delivered); got < 200-before-10 {
			t.Errorf("%d of 200 are delivered after it is back", got)
		}
		if got := b.breaker(1); !got.Closed() {
			t.Errorf("the ledger has %+v, want it closed", got)
		}
	})
}

// TestBreakerSurvivesARestart: a worker that starts finds the breaker as it was
// left, and heeds it.
func TestBreakerSurvivesARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, c := newBook(), newCrowd()
		oweTo(b, 1, 50, 0)
		now := time.Now()
		b.breakers[1] = delivery.Breaker{
			SubscriptionID: 1, State: delivery.BreakerOpen, Failures: 40, Trips: 5, OpenedAt: now.Add(-time.Hour), ProbeAt: now.Add(5 * time.Minute),
		}
		c.set("h1.example", fails(http.StatusBadGateway))
		w := New(b, crowdOf(t, 1, nil), Settings{}, quiet())
		w.transport = c
		first := begin(t, w)
		wait(t, 299*time.Second)
		if n := len(b.recorded()); n != 0 {
			t.Errorf("%d attempts before the probe is due", n)
		}
		wait(t, 10*time.Second)
		if n := len(b.recorded()); n != 1 {
			t.Errorf("%d attempts after it, want one", n)
		}
		first.end()
		if got := b.breaker(1); got.Trips != 6 || !got.OpenedAt.Equal(now.Add(-time.Hour)) {
			t.Errorf("the breaker is %+v, want one pause more of the same outage", got)
		}

		second := New(b, crowdOf(t, 1, nil), Settings{}, quiet())
		second.transport = c
		begin(t, second)
		wait(t, 5*time.Minute)
		if n := len(b.recorded()); n != 1 {
			t.Errorf("the second worker made %d attempts within the pause", n-1)
		}
	})
}

// TestBreakersOfOtherNodes: what another node writes of a breaker holds here
// within two seconds.
func TestBreakersOfOtherNodes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, c := newBook(), newCrowd()
		w := New(b, crowdOf(t, 1, nil), Settings{}, quiet())
		w.transport = c
		begin(t, w)
		wait(t, time.Minute)
		b.mu.Lock()
		b.breakers[1] = delivery.Breaker{
			SubscriptionID: 1, State: delivery.BreakerOpen, Failures: 10, Trips: 1, OpenedAt: time.Now(), ProbeAt: time.Now().Add(time.Hour),
		}
		b.mu.Unlock()
		wait(t, 2*time.Second)
		if w.destinations.lets(1, false, time.Now()) {
			t.Error("it does not know that another node opened the breaker")
		}
		b.mu.Lock()
		delete(b.breakers, 1)
		b.mu.Unlock()
		wait(t, 2*time.Second)
		if !w.destinations.lets(1, false, time.Now()) {
			t.Error("it does not know that another node closed the breaker")
		}
	})
}

// TestBreakerIsWrittenLater: a breaker that the ledger did not take is written
// with the next attempt.
func TestBreakerIsWrittenLater(t *testing.T) {
	d := newDestinations()
	at := time.Date(2026, time.November, 22, 12, 0, 0, 0, time.UTC)
	fail := delivery.Attempt{At: at, Error: delivery.ErrRefused}
	var t1 turn
	for range delivery.TripsAfter {
		t1 = d.note(1, fail, 0, 0.5)
	}
	if b := d.begin(t1); b == nil || b.Closed() {
		t.Fatalf("what is to be written is %+v, want it open", b)
	}
	d.end(t1, errAway, at)
	if gone := d.adopt(nil, at.Add(time.Minute)); len(gone) != 0 {
		t.Error("a ledger that has not heard of it yet closed it")
	}
	t2 := d.note(1, delivery.Attempt{At: at, Error: delivery.ErrTemplate}, 0, 0.5)
	if b := d.begin(t2); b == nil || b.Closed() || !t2.save {
		t.Errorf("with the next attempt %+v is written, want it open", b)
	}
	d.end(t2, nil, at.Add(time.Second))
	if t3 := d.note(1, delivery.Attempt{At: at, Error: delivery.ErrTemplate}, 0, 0.5); t3.save {
		t.Error("it is written although the ledger has it")
	}
	if gone := d.adopt(nil, at.Add(time.Millisecond)); len(gone) != 0 {
		t.Error("an old reading of the ledger closed it")
	}
	if gone := d.adopt(nil, at.Add(time.Minute)); !slices.Equal(gone, []int64{1}) {
		t.Errorf("a new reading closed %v, want 1", gone)
	}
}

// TestOverrunReceiver: 429 with Retry-After silences the whole subscription, not
// the one postback alone.
func TestOverrunReceiver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, c := newBook(), newCrowd()
		c.set("h1.example", fails(http.StatusTooManyRequests, "Retry-After", "40"))
		oweTo(b, 1, 100, 0)
		w := New(b, crowdOf(t, 1, nil), Settings{}, quiet())
		w.transport = c
		begin(t, w)
		wait(t, 39*time.Second)
		if n := len(b.recorded()); n != 1 {
			t.Errorf("%d attempts within the time it asked for, want 1", n)
		}
		wait(t, 3*time.Second)
		if n := len(b.recorded()); n < 2 {
			t.Error("no attempt after that time")
		}
	})
}

// TestOwnSchedule: a subscription's own schedule is kept, its end included.
func TestOwnSchedule(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, c := newBook(owed("d1")), newCrowd()
		c.set("h1.example", fails(http.StatusNotFound))
		w := New(b, crowdOf(t, 1, func(s *delivery.Subscription) {
			s.Retry = delivery.Schedule{span.Span(time.Hour), span.Span(2 * time.Hour)}
		}), Settings{}, quiet())
		w.transport = c
		begin(t, w)
		wait(t, 10*time.Hour)
		attempts := b.recorded()
		if len(attempts) != 3 || b.get("d1").State != delivery.Dead {
			t.Fatalf("%d attempts, and it is %s; want 3 and dead", len(attempts), b.get("d1").State)
		}
		for i, want := range []time.Duration{time.Hour, 2 * time.Hour} {
			if got := attempts[i+1].At.Sub(attempts[i].At); got < want*4/5 || got > want*6/5+longest {
				t.Errorf("attempt %d comes after %s, want about %s", i+2, got, want)
			}
		}
	})
}

// alerted makes a catalog of an affiliate's subscription 1 of a format, and of
// those who listen: 2 the network, 3 the affiliate, 4 another affiliate.
func alerted(t testing.TB, format delivery.Format) func() *catalog.Catalog {
	t.Helper()
	one := delivery.Default()
	one.ID, one.Owner.AffiliateID, one.Format, one.URL, one.Name = 1, 7, format, "https://h1.example/", "Mine"
	if format == delivery.Webhook {
		one.Secret = "whsec_" + strings.Repeat("QUJD", 11)
	}
	all := []delivery.Subscription{one}
	for id, owner := range map[int64]delivery.Owner{2: {Network: true}, 3: {AffiliateID: 7}, 4: {AffiliateID: 8}} {
		s := delivery.Default()
		s.ID, s.Owner, s.Format, s.URL = id, owner, delivery.JSON, fmt.Sprintf("https://h%d.example/", id)
		s.On = []conversion.Event{
			delivery.EventDestinationOpened, delivery.EventDestinationClosed, delivery.EventDestinationDisabled, delivery.EventDestinationBacklog,
		}
		all = append(all, s)
	}
	c := newCatalog(t, all...)
	for _, p := range c.Problems() {
		t.Fatalf("%s: %v", p.What, p.Err)
	}
	return func() *catalog.Catalog { return c }
}

// events gives what listeners were told, sorted.
func events(b *book) []string {
	var all []string
	for _, o := range b.told() {
		all = append(all, fmt.Sprintf("%s to %d", strings.TrimPrefix(string(o.Event), "destination."), o.SubscriptionID))
	}
	slices.Sort(all)
	return all
}

// TestAlerts: what becomes of a destination is told to its owner and the
// network, once, and written into the log; what becomes of theirs is not.
func TestAlerts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		b, c := newBook(), newCrowd()
		c.set("h1.example", refuses)
		c.set("h2.example", refuses)
		oweTo(b, 1, 30, 0)
		w := New(b, alerted(t, delivery.Get), Settings{}, loud(&out))
		w.transport = c
		r := begin(t, w)
		wait(t, 2*time.Hour)
		want := []string{"backlog to 2", "backlog to 3", "opened to 2", "opened to 3"}
		if got := events(b); !slices.Equal(got, want) {
			t.Errorf("after two hours down they were told %v, want %v", got, want)
		}
		for _, o := range b.told() {
			v := o.Values
			if v["subscription_id"] != "1" || v["host"] != "h1.example" || v["name"] != "Mine" || v["affiliate_id"] != "7" || len(o.ID) != 32 || o.Sequence != 1 {
				t.Errorf("owed: %+v", o)
			}
			if o.Event == delivery.EventDestinationOpened && (v["class"] != "refused" || v["failures"] != "10") {
				t.Errorf("opened says %v", v)
			}
			if o.Event == delivery.EventDestinationBacklog && v["waiting"] != "30" {
				t.Errorf("backlog says %v", v)
			}
		}
		c.set("h1.example", nil)
		wait(t, 4*time.Hour)
		want = slices.Insert(want, 2, "closed to 2", "closed to 3")
		if got := events(b); !slices.Equal(got, want) {
			t.Errorf("after it is back they were told %v, want %v", got, want)
		}
		delivered := 0
		for _, o := range b.told() {
			if b.get(o.ID).State == delivery.Delivered {
				delivered++
			}
		}
		if delivered != 3 {
			t.Errorf("%d alerts are delivered, want the affiliate's 3", delivered)
		}
		r.end()
		for _, line := range []string{`"destination is given a rest","subscription_id":1`, `"destination has an old backlog","subscription_id":1`, `"destination is well again","subscription_id":1`} {
			if n := strings.Count(out.String(), line); n != 1 {
				t.Errorf("the log has %s %d times, want once", line, n)
			}
		}
	})
}

// TestGone: 410 disables a webhook, which is told; to every other format it ends
// one postback.
func TestGone(t *testing.T) {
	for _, tt := range []struct {
		format delivery.Format
		told   []string
		dead   int
	}{
		{delivery.Webhook, []string{"disabled to 2", "disabled to 3"}, 1},
		{delivery.Get, nil, 5},
		{delivery.JSON, nil, 5},
	} {
		t.Run(string(tt.format), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b, c := newBook(), newCrowd()
				c.set("h1.example", fails(http.StatusGone))
				oweTo(b, 1, 5, 0)
				w := New(b, alerted(t, tt.format), Settings{}, quiet())
				w.transport = c
				begin(t, w)
				wait(t, time.Minute)
				if got := countOf(b, 1, delivery.Dead); got != tt.dead {
					t.Errorf("%d are dead, want %d", got, tt.dead)
				}
				if got := events(b); !slices.Equal(got, tt.told) {
					t.Errorf("told: %v, want %v", got, tt.told)
				}
				if reason := b.disabled[1]; (reason != "") != (tt.told != nil) {
					t.Errorf("disabled for %q", reason)
				}
				if !b.breaker(1).Closed() {
					t.Error("its breaker is open")
				}
			})
		})
	}
}

// TestReplays: replays are stepped on with rests between, and what they free goes
// out at once.
func TestReplays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBook()
		w := New(b, crowdOf(t, 1, nil), Settings{}, quiet())
		w.transport = newCrowd()
		begin(t, w)
		wait(t, 10*time.Second)
		b.mu.Lock()
		b.steps = 20
		b.mu.Unlock()
		wait(t, 3*time.Second)
		if len(b.stepped) != 20 {
			t.Fatalf("%d of 20 steps were done", len(b.stepped))
		}
		for i := 1; i < len(b.stepped); i++ {
			if d := b.stepped[i].Sub(b.stepped[i-1]); d < stepRest {
				t.Errorf("step %d comes %s after the one before, want a rest of %s", i+1, d, stepRest)
			}
		}
	})
}

// TestKeptRequest: what was sent is kept with the attempt, without what is
// secret in it.
func TestKeptRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := delivery.Default()
		s.ID, s.Owner.AffiliateID, s.Format, s.Method = 1, 7, delivery.Form, http.MethodPost
		s.URL, s.Body = "https://t.example/in?token=abcdefghijklmnopqrstuvwx", "c={aff_click_id}&api_key=0123456789abcdefghij"
		s.Headers = map[string]string{"Authorization": "Bearer 0123456789abcdefghij", "X-Mark": "{payout}"}
		w := New(newBook(), nil, Settings{}, quiet())
		var got *http.Request
		w.transport = roundTrip(func(r *http.Request) (*http.Response, error) {
			got = r
			return answer(http.StatusOK)
		})
		a := w.Send(t.Context(), s, owed("d1"))
		if got == nil || got.Header.Get("Authorization") != "Bearer 0123456789abcdefghij" || got.Header.Get(receiver.DeliveryHeader) != "d1" {
			t.Fatalf("sent was %+v (%+v)", got, a)
		}
		kept := fmt.Sprint(a.URL, a.RequestHeader, a.RequestBody)
		for _, secret := range []string{"abcdefghijklmnopqrst", "0123456789abcdef"} {
			if strings.Contains(kept, secret) {
				t.Errorf("a secret is kept: %s", kept)
			}
		}
		if a.Method != http.MethodPost || !strings.Contains(a.RequestBody, "c=click%20of%20d1") && !strings.Contains(a.RequestBody, "c=click+of+d1") || a.RequestHeader["X-Mark"] != "5.00" {
			t.Errorf("kept is %+v", a)
		}
	})
}
