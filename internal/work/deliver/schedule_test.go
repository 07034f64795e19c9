package deliver

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/conversion"
	"waybill/internal/delivery"
	"waybill/internal/receiver"
)

const tracker = "https://tracker.example/postback?cid={aff_click_id}&key=secret"

// wait lets a while pass in a bubble, and then all that is due in it happen.
func wait(t testing.TB, d time.Duration) {
	t.Helper()
	sleep(t.Context(), d)
	synctest.Wait()
}

// TestScheduleIsKept: what always fails is tried eleven times over three days,
// at the times of the schedule, and then is dead.
func TestScheduleIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBook(owed("d1"))
		w := New(b, subscriptions(t, tracker), Settings{}, quiet())
		w.transport = roundTrip(func(*http.Request) (*http.Response, error) { return answer(http.StatusInternalServerError) })
		begin(t, w)
		wait(t, 100*time.Hour)

		attempts := b.recorded()
		if len(attempts) != delivery.MaxAttempts {
			t.Fatalf("%d attempts, want %d", len(attempts), delivery.MaxAttempts)
		}
		for i, a := range attempts {
			if a.Number != i+1 || a.Error != delivery.ErrStatus || a.Status != 500 || a.Body != "seen" {
				t.Errorf("attempt %d is %+v", i+1, a)
			}
			if i == 0 {
				continue
			}
			planned, _ := delivery.Schedule(nil).Next(i, attempts[i-1].At, 0, 0.5)
			scheduled, got := planned.Sub(attempts[i-1].At), a.At.Sub(attempts[i-1].At)
			if got < scheduled*4/5 || got > scheduled*6/5+longest {
				t.Errorf("attempt %d comes %s after the one before, want about %s", i+1, got, scheduled)
			}
		}
		if o := b.get("d1"); o.State != delivery.Dead || o.Attempts != delivery.MaxAttempts || !o.LeasedUntil.IsZero() {
			t.Errorf("it ends as %+v", o)
		}
		if n, most := b.looked(), 100*3600*2; n > most {
			t.Errorf("the ledger was looked at %d times in 100 hours, want %d at most", n, most)
		}
	})
}

func TestRetryAfterIsHonoured(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBook(owed("seconds"), owed("date"))
		w := New(b, subscriptions(t, tracker), Settings{}, quiet())
		w.transport = roundTrip(func(r *http.Request) (*http.Response, error) {
			if r.Header.Get(receiver.DeliveryHeader) == "seconds" {
				return answer(http.StatusTooManyRequests, "Retry-After", "3600")
			}
			return answer(http.StatusServiceUnavailable, "Retry-After", time.Now().Add(2*time.Hour).UTC().Format(http.TimeFormat))
		})
		begin(t, w)
		wait(t, 3*time.Minute) // what asks for a rest silences the other for a minute
		for _, a := range b.recorded() {
			want := map[string]time.Duration{"seconds": time.Hour, "date": 2 * time.Hour}[a.DeliveryID]
			if got := b.get(a.DeliveryID).DueAt.Sub(a.At); got < want || got > want+2*time.Second {
				t.Errorf("%s: due again after %s, want %s", a.DeliveryID, got, want)
			}
		}
		if n := len(b.recorded()); n != 2 {
			t.Errorf("%d attempts, want one of each", n)
		}
	})
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, time.November, 22, 12, 0, 0, 0, time.UTC)
	tests := []struct {
		text string
		want time.Duration
	}{
		{"", 0},
		{"120", 2 * time.Minute},
		{"0", 0},
		{"-5", 0},
		{"soon", 0},
		{"1.5", 0},
		{"99999999999999999999", 0},
		{"4294967295", 4294967295 * time.Second},
		{"Sun, 22 Nov 2026 12:10:00 GMT", 10 * time.Minute},
		{"Sun, 22 Nov 2026 11:10:00 GMT", 0},
	}
	for _, tt := range tests {
		if got := retryAfter(tt.text, now); got != tt.want {
			t.Errorf("retryAfter(%q) = %s, want %s", tt.text, got, tt.want)
		}
	}
}

// TestFreshOnesGoOutAtOnce: a nudge ends the dispatcher's rest, and without one
// it looks within a second.
func TestFreshOnesGoOutAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBook()
		w := New(b, subscriptions(t, tracker), Settings{}, quiet())
		w.transport = roundTrip(func(*http.Request) (*http.Response, error) { return answer(http.StatusOK) })
		begin(t, w)
		wait(t, 10*time.Minute+300*time.Millisecond)
		if n := b.looked(); n > 2*600 {
			t.Errorf("%d looks in ten idle minutes", n)
		}

		b.owe(owed("nudged"))
		w.Nudge()
		w.Nudge() // never blocks
		wait(t, 2*shortest)
		if got := b.get("nudged").State; got != delivery.Delivered {
			t.Errorf("nudged: it is %s, want it delivered at once", got)
		}

		b.owe(owed("of another node"))
		wait(t, longest+shortest)
		if got := b.get("of another node").State; got != delivery.Delivered {
			t.Errorf("not nudged: it is %s, want it delivered within a second", got)
		}
	})
}

// TestSendersWakeTheDispatcher: when everything is full, the first that is done
// makes room without waiting for the next look.
func TestSendersWakeTheDispatcher(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBook(owed("d1"), owed("d2"), owed("d3"))
		w := New(b, subscriptions(t, tracker), Settings{InFlight: 1}, quiet())
		w.transport = roundTrip(func(r *http.Request) (*http.Response, error) { return slowly(r, 10*time.Millisecond) })
		begin(t, w)
		wait(t, 3*(10*time.Millisecond+shortest)+shortest)
		if got := b.count(delivery.Delivered); got != 3 {
			t.Errorf("%d delivered, want 3", got)
		}
	})
}

// TestSubscriptionsTheCatalogDoesNotServe: the catalog follows the ledger by
// moments, so what it lacks waits; what it lacks for long is dead.
func TestSubscriptionsTheCatalogDoesNotServe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var now atomic.Pointer[catalog.Catalog]
		paused := delivery.Default()
		paused.ID, paused.Owner.AffiliateID, paused.URL, paused.Status = 2, 7, tracker, delivery.Paused
		now.Store(newCatalog(t, paused))
		fresh, old, resting := owed("fresh"), owed("old"), owed("resting")
		resting.SubscriptionID = 2
		old.CreatedAt = old.CreatedAt.Add(-time.Hour)
		b := newBook(fresh, old, resting)
		w := New(b, now.Load, Settings{}, quiet())
		w.transport = roundTrip(func(*http.Request) (*http.Response, error) { return answer(http.StatusOK) })
		begin(t, w)

		wait(t, time.Second)
		for _, a := range b.recorded() {
			t.Errorf("attempted: %+v", a)
		}
		for _, id := range []string{"old", "resting"} {
			if o := b.get(id); o.State != delivery.Waiting || o.Attempts != 0 {
				t.Errorf("%s: %+v, want it to wait", id, o)
			}
		}

		served, active := delivery.Default(), paused
		served.ID, served.Owner.AffiliateID, served.URL = 1, 7, tracker
		active.Status = delivery.Active
		now.Store(newCatalog(t, served, active))
		wait(t, unknownFor+longest)
		for _, id := range []string{"fresh", "old", "resting"} {
			if o := b.get(id); o.State != delivery.Delivered {
				t.Errorf("%s: %+v, want it delivered", id, o)
			}
		}
	})
}

// TestLongQueueThatCannotBeServed: what waits for a subscription that the catalog
// does not serve is not claimed and given back in turn, however much it is.
func TestLongQueueThatCannotBeServed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, b := newCatalog(t), newBook()
		oweTo(b, 1, 1000, 0)
		begin(t, New(b, func() *catalog.Catalog { return c }, Settings{}, quiet()))
		wait(t, 20*time.Second)
		if b.given > 10 || b.looks > 40 {
			t.Errorf("in 20 s %d were claimed in vain, in %d looks; want two every 5 s, and a look each second", b.given, b.looks)
		}
	})
}

// TestBrokenURL: what a URL that does not parse was owed waits for it to be
// mended.
func TestBrokenURL(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var now atomic.Pointer[catalog.Catalog]
		now.Store(subscriptions(t, "https://tracker.example/{revenue}")())
		b := newBook(owed("d1"))
		w := New(b, now.Load, Settings{}, quiet())
		w.transport = roundTrip(func(*http.Request) (*http.Response, error) { return answer(http.StatusOK) })
		begin(t, w)
		wait(t, time.Hour)
		if o := b.get("d1"); o.State != delivery.Waiting || len(b.recorded()) != 0 {
			t.Fatalf("it is %s after %d attempts, want it to wait", o.State, len(b.recorded()))
		}
		now.Store(subscriptions(t, "https://tracker.example/")())
		wait(t, unknownFor+longest)
		if o := b.get("d1"); o.State != delivery.Delivered {
			t.Errorf("after the URL was mended it is %s", o.State)
		}
	})
}

// TestRendering: frozen values are filled in, and those of the attempt are of
// the attempt.
func TestRendering(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := owed("d1")
		o.Values["click_time"] = "2026-11-21T10:11:12.345Z"
		o.Values["timestamp"] = "2026-11-21T10:11:12Z"
		o.Values["order_id"] = "2026-11-21T10:11:12Z" // no time, whatever it looks like
		o.Values["nothing we know"] = "x"
		o.Attempts = 4
		s := delivery.Default()
		s.ID, s.Owner.AffiliateID = 1, 7
		s.URL = "https://t.example/{click_time|unix_ms}/{order_id}?c={aff_click_id}&id={delivery_id}&at={timestamp}&on={date}&n={random}&none={sub3}"
		w := New(newBook(), nil, Settings{Version: "1.2.3"}, quiet())
		var got *http.Request
		w.transport = roundTrip(func(r *http.Request) (*http.Response, error) {
			got = r
			return answer(http.StatusNoContent)
		})
		a := w.Send(t.Context(), s, o)
		at := time.Now()
		if a.Error != "" || a.Number != 5 || a.Method != http.MethodGet || a.Status != 204 || a.URL != got.URL.String() || got.Method != http.MethodGet {
			t.Errorf("Send() = %+v", a)
		}
		q := got.URL.Query()
		want := map[string]string{
			"c": "click of d1", "id": "d1", "at": fmt.Sprint(at.Unix()), "on": at.UTC().Format(time.DateOnly), "none": "",
		}
		for name, v := range want {
			if q.Get(name) != v {
				t.Errorf("%s is %q, want %q", name, q.Get(name), v)
			}
		}
		if got.URL.Path != "/1795255872345/2026-11-21T10:11:12Z" || len(q.Get("n")) < 5 {
			t.Errorf("the URL is %s", got.URL)
		}
		for name, v := range map[string]string{"User-Agent": "Waybill/1.2.3", "Waybill-Delivery-Id": "d1"} {
			if got.Header.Get(name) != v {
				t.Errorf("header %s is %q, want %q", name, got.Header.Get(name), v)
			}
		}
	})
}

// trickle is a body that never ends, and comes until its request is given up.
type trickle struct {
	ctx context.Context //nolint:containedctx // a request's own
	n   int
}

func (b *trickle) Read(p []byte) (int, error) {
	if b.n++; b.n > 4 && !sleep(b.ctx, time.Hour) {
		return 0, b.ctx.Err()
	}
	return copy(p, "hello "), nil
}

func (b *trickle) Close() error { return nil }

// TestSlowBody: the status counts, not how long the body takes.
func TestSlowBody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := New(newBook(), nil, Settings{}, quiet())
		w.transport = roundTrip(func(r *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: http.StatusOK, Body: &trickle{ctx: r.Context()}, Header: http.Header{}}, nil
		})
		s := delivery.Default()
		s.Owner.AffiliateID, s.URL = 7, tracker
		a := w.Send(t.Context(), s, owed("d1"))
		if a.Error != "" || a.Took != bodyTime || a.Body != strings.Repeat("hello ", 4) {
			t.Errorf("Send() = %+v, want it delivered after %s", a, bodyTime)
		}
	})
}

// TestTimeout: an attempt ends after the time-out, whatever the receiver does.
func TestTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := New(newBook(), nil, Settings{}, quiet())
		w.transport = roundTrip(func(r *http.Request) (*http.Response, error) { return slowly(r, time.Hour) })
		s := delivery.Default()
		s.Owner.AffiliateID, s.URL = 7, tracker
		a := w.Send(t.Context(), s, owed("d1"))
		if a.Error != delivery.ErrTimeout || a.Took != 10*time.Second {
			t.Errorf("Send() = %+v, want a time-out after 10 s", a)
		}
	})
}

// TestTests: tests are sent and not recorded, and only so many at once.
func TestTests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBook()
		w := New(b, nil, Settings{}, quiet())
		w.transport = roundTrip(func(r *http.Request) (*http.Response, error) { return slowly(r, time.Second) })
		s := delivery.Default()
		s.Owner.AffiliateID, s.URL = 7, tracker
		results := make(chan error, 2*maxTests)
		for range 2 * maxTests {
			go func() {
				a, err := w.Test(t.Context(), s, owed("test"))
				if err == nil && a.Error != "" {
					err = fmt.Errorf("attempt %+v", a)
				}
				results <- err
			}()
		}
		limited := 0
		for range 2 * maxTests {
			if err := <-results; err != nil {
				limited++
			}
		}
		if limited != maxTests || len(b.recorded()) != 0 {
			t.Errorf("%d of %d tests were refused, want %d", limited, 2*maxTests, maxTests)
		}
		if _, err := w.Test(t.Context(), s, owed("test")); err != nil {
			t.Errorf("afterwards: %v", err)
		}
	})
}

// TestLogLine: an attempt writes one line, without the receiver's keys.
func TestLogLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		b := newBook(owed("d1"))
		w := New(b, subscriptions(t, tracker), Settings{}, loud(&out))
		w.transport = roundTrip(func(*http.Request) (*http.Response, error) {
			return answer(http.StatusFound, "Location", "https://x.example/")
		})
		r := begin(t, w)
		wait(t, time.Second)
		r.end()
		text := out.String()
		if n := strings.Count(text, "\n"); n != 1 {
			t.Fatalf("%d lines:\n%s", n, text)
		}
		for _, part := range []string{
			`"msg":"postback attempted"`, `"delivery_id":"d1"`, `"subscription_id":1`, `"attempt":1`, `"outcome":"redirect"`, `"status":302`,
			`"state":"waiting"`, `"host":"tracker.example"`, `"path":"/postback"`, `"due_at":`, string(conversion.EventCreated),
		} {
			if !strings.Contains(text, part) {
				t.Errorf("the line lacks %s:\n%s", part, text)
			}
		}
		for _, secret := range []string{"secret", "cid=", "click%20of"} {
			if strings.Contains(text, secret) {
				t.Errorf("the line holds %s:\n%s", secret, text)
			}
		}
	})
}
