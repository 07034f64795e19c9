package deliver

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"waybill/internal/catalog"
	"waybill/internal/delivery"
	"waybill/internal/receiver"
	"waybill/internal/span"
)

// far counts what arrives at the far end.
type far struct {
	mu      sync.Mutex
	arrived map[string]int // by delivery ID
	now     map[string]int // in flight, by host
	most    map[string]int
	took    map[string]time.Duration
}

func newFar(took map[string]time.Duration) *far {
	return &far{arrived: make(map[string]int), now: make(map[string]int), most: make(map[string]int), took: took}
}

func (f *far) RoundTrip(r *http.Request) (*http.Response, error) {
	f.mu.Lock()
	f.arrived[r.Header.Get(receiver.DeliveryHeader)]++
	for _, lane := range []string{r.URL.Host, "all"} {
		f.now[lane]++
		f.most[lane] = max(f.most[lane], f.now[lane])
	}
	f.mu.Unlock()
	defer func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.now[r.URL.Host]--
		f.now["all"]--
	}()
	return slowly(r, f.took[r.URL.Host])
}

func (f *far) times(id string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.arrived[id]
}

// TestSlowHostDoesNotBlockOthers: a host that takes its time gets its share of
// the slots and no more, and in the end everything is delivered, once.
func TestSlowHostDoesNotBlockOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBook()
		for i := range 300 {
			b.owe(owed(fmt.Sprintf("a slow %03d", i)))
		}
		for i := range 60 {
			o := owed(fmt.Sprintf("fast %03d", i))
			o.SubscriptionID, o.DueAt = 2, o.DueAt.Add(time.Millisecond) // behind all of the slow ones
			b.owe(o)
		}
		f := newFar(map[string]time.Duration{"slow.example": 9 * time.Second, "fast.example": 20 * time.Millisecond})
		w := New(b, subscriptions(t, "https://slow.example/{sub1}", "https://Fast.Example/{sub1}"), Settings{}, quiet())
		w.transport = f
		begin(t, w)
		wait(t, 5*time.Second)
		fast := 0
		for i := range 60 {
			if b.get(fmt.Sprintf("fast %03d", i)).State == delivery.Delivered {
				fast++
			}
		}
		if fast != 60 || b.count(delivery.Delivered) != 60 {
			t.Errorf("after 5 s, %d of 60 fast ones are delivered, %d in all; want the fast ones alone", fast, b.count(delivery.Delivered))
		}
		wait(t, 15*time.Minute)
		if got := b.count(delivery.Delivered); got != 360 {
			t.Errorf("after a quarter of an hour %d are delivered, want 360", got)
		}
		if f.most["slow.example"] != 8 || f.most["all"] > 64 {
			t.Errorf("at most %d to the slow host and %d in all at once, want 8 and up to 64", f.most["slow.example"], f.most["all"])
		}
		for id, n := range f.arrived {
			if n != 1 {
				t.Errorf("%s arrived %d times", id, n)
			}
		}
	})
}

// TestPaceOfAFastHost: what is held and put off does not slow a host down that
// keeps up.
func TestPaceOfAFastHost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBook()
		for i := range 2000 {
			b.owe(owed(fmt.Sprintf("d%04d", i)))
		}
		w := New(b, subscriptions(t, tracker), Settings{}, quiet())
		w.transport = newFar(map[string]time.Duration{"tracker.example": 20 * time.Millisecond})
		begin(t, w)
		wait(t, 20*time.Second)
		if got := b.count(delivery.Delivered); got != 2000 {
			t.Errorf("%d of 2000 are delivered within 20 s", got)
		}
	})
}

func TestSlotsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBook()
		took := make(map[string]time.Duration)
		var urls []string
		for i := range 20 {
			host := fmt.Sprintf("h%d.example", i)
			urls = append(urls, "https://"+host+"/{sub1}")
			took[host] = 100 * time.Millisecond
			for n := range 3 {
				o := owed(fmt.Sprintf("d%d-%d", i, n))
				o.SubscriptionID = int64(i) + 1
				b.owe(o)
			}
		}
		f := newFar(took)
		w := New(b, subscriptions(t, urls...), Settings{InFlight: 10, PerHost: 2}, quiet())
		w.transport = f
		begin(t, w)
		wait(t, 10*time.Second)
		if f.most["all"] != 10 || b.count(delivery.Delivered) != 60 {
			t.Errorf("%d at once, %d delivered; want 10 and 60", f.most["all"], b.count(delivery.Delivered))
		}
		for host := range took {
			if f.most[host] > 2 {
				t.Errorf("%d at once to %s, want 2 at most", f.most[host], host)
			}
		}
	})
}

// TestKilledWorker: what a worker had claimed when it was killed is sent by
// another, once the lease has ended and not before.
func TestKilledWorker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBook(owed("d1"))
		first := New(&grave{book: b}, subscriptions(t, tracker), Settings{}, quiet())
		f := newFar(map[string]time.Duration{"tracker.example": time.Hour})
		first.transport = f
		killed := begin(t, first)
		wait(t, time.Second)
		if f.times("d1") != 1 {
			t.Fatal("the first worker has not begun to send")
		}
		killed.end() // whatever it says to the ledger from now on is not heard

		second := New(b, subscriptions(t, tracker), Settings{}, quiet())
		g := newFar(nil)
		second.transport = g
		begin(t, second)
		wait(t, 30*time.Second)
		if g.times("d1") != 0 {
			t.Error("it was sent again while it was leased")
		}
		wait(t, 15*time.Second)
		if o := b.get("d1"); g.times("d1") != 1 || o.State != delivery.Delivered || o.Attempts != 1 {
			t.Errorf("the second worker sent it %d times; it is %+v", g.times("d1"), o)
		}
	})
}

// grave is a ledger that gives, and hears nothing.
type grave struct{ *book }

func (g *grave) Renew(_ context.Context, _ string, _, _ time.Time) (bool, error) {
	return false, errAway
}

func (g *grave) Record(context.Context, delivery.Report) error { return errAway }

// TestLedgerAway: while the ledger is away the worker asks seldom, and loses
// nothing.
func TestLedgerAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBook(owed("d1"))
		b.setFail(func(string) error { return errAway })
		w := New(b, subscriptions(t, tracker), Settings{}, quiet())
		f := newFar(nil)
		w.transport = f
		begin(t, w)
		wait(t, 10*time.Minute)
		if n := b.looked(); n < 30 || n > 60 {
			t.Errorf("it looked %d times in ten minutes", n)
		}
		b.setFail(nil)
		wait(t, 16*time.Second)
		if o := b.get("d1"); o.State != delivery.Delivered || f.times("d1") != 1 {
			t.Errorf("it was sent %d times and is %+v", f.times("d1"), o)
		}

		b.setFail(func(string) error { return errAway })
		wait(t, longest) // the next outage is another one
		before := b.looked()
		wait(t, 3*time.Second)
		if got := b.looked() - before; got < 2 {
			t.Errorf("it looked %d times in the first 3 s of another outage, want 2 at least", got)
		}
	})
}

// vanishing is a ledger whose server vanishes from the network: what was asked of
// it meanwhile is never answered.
type vanishing struct {
	*book
	gone atomic.Bool
}

func (v *vanishing) Breakers(ctx context.Context) ([]delivery.Breaker, error) {
	if v.gone.Load() {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return v.book.Breakers(ctx)
}

func (v *vanishing) NextDue(ctx context.Context, ask delivery.Ask) (time.Time, error) {
	if v.gone.Load() {
		<-ctx.Done()
		return time.Time{}, ctx.Err()
	}
	return v.book.NextDue(ctx, ask)
}

// TestLedgerVanishes: a question that nobody answers is not waited for for ever.
func TestLedgerVanishes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &vanishing{book: newBook()}
		w := New(v, subscriptions(t, tracker), Settings{}, quiet())
		w.transport = newFar(nil)
		begin(t, w)
		wait(t, 5*time.Second)
		v.gone.Store(true)
		wait(t, 5*time.Second)
		v.gone.Store(false)
		v.owe(owed("d1"))
		wait(t, longestLook)
		if o := v.get("d1"); o.State != delivery.Delivered {
			t.Errorf("%s after the server was back it is %+v, want it delivered", longestLook, o)
		}
	})
}

// TestOutcomeIsRecordedLater: an attempt whose outcome the ledger does not take
// at once is not made again.
func TestOutcomeIsRecordedLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBook(owed("d1"))
		away := true
		b.setFail(func(operation string) error {
			if operation == "record" && away {
				return errAway
			}
			return nil
		})
		w := New(b, subscriptions(t, tracker), Settings{}, quiet())
		f := newFar(nil)
		w.transport = f
		begin(t, w)
		wait(t, 20*time.Second)
		b.mu.Lock()
		away = false
		b.mu.Unlock()
		wait(t, time.Minute)
		if o := b.get("d1"); o.State != delivery.Delivered || o.Attempts != 1 || f.times("d1") != 1 {
			t.Errorf("it was sent %d times and is %+v", f.times("d1"), o)
		}
	})
}

// TestOutcomeIsNeverRecorded: when the lease ends it is said so, and the
// postback is sent again under its ID.
func TestOutcomeIsNeverRecorded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		b := newBook(owed("d1"))
		began := time.Now()
		b.setFail(func(operation string) error {
			if operation == "record" && time.Since(began) < 46*time.Second {
				return errAway
			}
			return nil
		})
		registry := prometheus.NewRegistry()
		w := New(b, subscriptions(t, tracker), Settings{Metrics: registry}, loud(&out))
		f := newFar(nil)
		w.transport = f
		r := begin(t, w)
		wait(t, 2*time.Minute)
		r.end()
		if o := b.get("d1"); o.State != delivery.Delivered || o.Attempts != 1 || f.times("d1") != 2 {
			t.Errorf("it was sent %d times and is %+v; want twice, as one attempt", f.times("d1"), o)
		}
		if !strings.Contains(out.String(), `"unrecorded":"the ledger is away"`) {
			t.Errorf("the log does not say so:\n%s", out.String())
		}
		got := gather(t, registry)
		want := map[string]float64{
			`waybill_postback_attempts_total{outcome="delivered"}`: 2,
			`waybill_postback_attempts_unrecorded_total`:           1,
			`waybill_postback_attempt_seconds`:                     2,
			`waybill_postbacks_given_up_total`:                     0,
			`waybill_postbacks_in_flight`:                          0,

			`waybill_destination_attempts_total{host="tracker.example"}{outcome="delivered"}{subscription="1"}`: 2,
			`waybill_destination_breaker_open{host="tracker.example"}{subscription="1"}`:                        0,
			`waybill_destination_dead{host="tracker.example"}{subscription="1"}`:                                0,
			`waybill_destination_in_flight{host="tracker.example"}{subscription="1"}`:                           0,
			`waybill_destination_waiting{host="tracker.example"}{subscription="1"}`:                             0,
		}
		if !maps.Equal(got, want) {
			t.Errorf("metrics are %v, want %v", got, want)
		}
	})
}

// gather gives the values of all metrics, of histograms their counts.
func gather(t *testing.T, r *prometheus.Registry) map[string]float64 {
	t.Helper()
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	all := make(map[string]float64)
	for _, family := range families {
		for _, m := range family.GetMetric() {
			name := family.GetName()
			for _, l := range m.GetLabel() {
				name += fmt.Sprintf("{%s=%q}", l.GetName(), l.GetValue())
			}
			all[name] = m.GetCounter().GetValue() + m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount())
		}
	}
	return all
}

// TestLeaseIsCheckedBeforeTheDial: a lease that is old is renewed, and nothing
// is sent on one that somebody else has.
func TestLeaseIsCheckedBeforeTheDial(t *testing.T) {
	tests := []struct {
		name      string
		age       time.Duration // of the lease, of 45 s
		taken     bool          // somebody else has claimed it since
		away      bool          // the ledger cannot tell
		sent      int
		renewable bool
		timeout   time.Duration // of the subscription's own
	}{
		{name: "a fresh one is believed", age: 20 * time.Second, sent: 1},
		{name: "an old one is renewed", age: 26 * time.Second, sent: 1, renewable: true},
		{name: "one that ended may still be ours", age: time.Hour, sent: 1, renewable: true},
		{name: "or somebody else's", age: time.Hour, taken: true},
		{name: "a short time-out lets no lease be believed for longer", age: 26 * time.Second, sent: 1, renewable: true, timeout: time.Second},
		{name: "what cannot be told is not sent", age: 26 * time.Second, away: true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBook(owed("d1"))
				sub := delivery.Default()
				sub.ID, sub.Owner.AffiliateID, sub.URL, sub.Timeout = 1, 7, tracker, span.Span(tt.timeout)
				c := newCatalog(t, sub)
				w := New(b, func() *catalog.Catalog { return c }, Settings{}, quiet())
				claimed, err := b.Claim(t.Context(), delivery.Ask{Now: time.Now(), LeaseUntil: time.Now().Add(w.settings.Lease), Limit: 1})
				if err != nil {
					t.Fatal(err)
				}
				var renewed int
				b.setFail(func(operation string) error {
					if operation == "renew" {
						renewed++
						if tt.away {
							return errAway
						}
					}
					return nil
				})
				f := newFar(nil)
				w.transport = f
				wait(t, tt.age)
				if tt.taken {
					if _, err := b.Claim(t.Context(), delivery.Ask{Now: time.Now(), LeaseUntil: time.Now().Add(w.settings.Lease), Limit: 1}); err != nil {
						t.Fatal(err)
					}
				}
				j, ready := prepare(c, claimed[0])
				if !ready {
					t.Fatal("it is not ready")
				}
				w.attempt(t.Context(), j, func(*delivery.Attempt) {})
				if f.times("d1") != tt.sent || len(b.recorded()) != tt.sent {
					t.Errorf("it was sent %d times and recorded %d times, want %d", f.times("d1"), len(b.recorded()), tt.sent)
				}
				if tt.sent == 1 && (renewed == 1) != tt.renewable {
					t.Errorf("it was renewed %d times", renewed)
				}
			})
		})
	}
}

// TestShutdown: what is in flight is finished if its receiver answers soon, the
// rest is given back untouched, and all within seven seconds.
func TestShutdown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBook()
		for _, id := range []string{"d1 soon", "d2 late", "d3 held"} {
			b.owe(owed(id))
		}
		w := New(b, subscriptions(t, tracker), Settings{PerHost: 2}, quiet())
		w.transport = roundTrip(func(r *http.Request) (*http.Response, error) {
			if strings.HasSuffix(r.Header.Get(receiver.DeliveryHeader), "soon") {
				return slowly(r, 3*time.Second)
			}
			return slowly(r, 9*time.Second)
		})
		r := begin(t, w)
		wait(t, time.Second)
		began := time.Now()
		r.end()
		if took := time.Since(began); took > lastAnswers+lastRecords {
			t.Errorf("it took %s to stop", took)
		}
		if o := b.get("d1 soon"); o.State != delivery.Delivered {
			t.Errorf("in flight, answered in time: %+v", o)
		}
		for _, id := range []string{"d2 late", "d3 held"} {
			if o := b.get(id); o.State != delivery.Waiting || o.Attempts != 0 || o.LeasedUntil.After(time.Now()) {
				t.Errorf("%s: %+v; want it waiting as before, free to be claimed", id, o)
			}
		}
		if l := w.lanes; l.held != 0 || l.taken() != 0 || l.lobby != 0 || len(l.waiting) != 0 {
			t.Errorf("left over: %d held, %d in slots, %d in the lobby", l.held, l.taken(), l.lobby)
		}
	})
}
