package deliver

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/delivery"
	"waybill/internal/receiver"
)

// crowd is the far end of many destinations, h1.example and so on, each of which
// answers in its own way, and keeps when what arrived.
type crowd struct {
	mu      sync.Mutex
	answers map[string]roundTrip // by host; others take 20 ms
	arrived map[string]time.Time // delivery IDs, when they were answered
	order   []string
}

func newCrowd() *crowd {
	return &crowd{answers: make(map[string]roundTrip), arrived: make(map[string]time.Time)}
}

func (c *crowd) RoundTrip(r *http.Request) (*http.Response, error) {
	c.mu.Lock()
	how := c.answers[r.URL.Host]
	c.mu.Unlock()
	if how == nil {
		how = func(r *http.Request) (*http.Response, error) { return slowly(r, 20*time.Millisecond) }
	}
	a, err := how(r)
	if err == nil && a.StatusCode == http.StatusOK {
		c.mu.Lock()
		defer c.mu.Unlock()
		id := r.Header.Get(receiver.DeliveryHeader)
		c.arrived[id] = time.Now()
		c.order = append(c.order, id)
	}
	return a, err
}

func (c *crowd) set(host string, how roundTrip) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.answers[host] = how
}

func hangs(r *http.Request) (*http.Response, error) { return slowly(r, time.Hour) }

func refuses(*http.Request) (*http.Response, error) { return nil, syscall.ECONNREFUSED }

// crowdOf makes a catalog of n subscriptions, each to a host of its own.
func crowdOf(t testing.TB, n int, each func(*delivery.Subscription)) func() *catalog.Catalog {
	t.Helper()
	var all []delivery.Subscription
	for i := range n {
		s := delivery.Default()
		s.ID, s.Owner.AffiliateID = int64(i)+1, 7
		s.URL = fmt.Sprintf("https://h%d.example/?c={aff_click_id}", i+1)
		if each != nil {
			each(&s)
		}
		all = append(all, s)
	}
	c := newCatalog(t, all...)
	return func() *catalog.Catalog { return c }
}

// oweTo owes n postbacks to a subscription, one every while from now on.
func oweTo(b *book, id int64, n int, every time.Duration) {
	for i := range n {
		o := owed(fmt.Sprintf("%d-%04d", id, i))
		o.SubscriptionID = id
		o.DueAt = o.DueAt.Add(time.Duration(i) * every)
		b.owe(o)
	}
}

// delays gives how long the postbacks of some subscriptions took from when they
// were due, shortest first.
func delays(t testing.TB, b *book, c *crowd, of func(id int64) bool) []time.Duration {
	t.Helper()
	var all []time.Duration
	for _, r := range b.rows {
		if !of(r.SubscriptionID) {
			continue
		}
		at, ok := c.arrived[r.ID]
		if !ok {
			t.Errorf("%s did not arrive", r.ID)
			continue
		}
		all = append(all, at.Sub(r.due))
	}
	slices.Sort(all)
	return all
}

// runCrowd delivers for ten seconds what is owed to 100 destinations, 5 a second
// to each, the first bad of which answer so, and gives the delays of the others.
func runCrowd(t *testing.T, bad int, how ...roundTrip) []time.Duration {
	t.Helper()
	var all []time.Duration
	synctest.Test(t, func(t *testing.T) {
		b, c := newBook(), newCrowd()
		for i := range bad {
			c.set(fmt.Sprintf("h%d.example", i+1), how[i%len(how)])
		}
		w := New(b, crowdOf(t, 100, nil), Settings{}, quiet())
		w.transport = c
		begin(t, w)
		for i := range 10 * 500 {
			o := owed(fmt.Sprintf("d%05d", i))
			o.SubscriptionID = int64(i%100) + 1
			b.owe(o)
			w.Nudge()
			sleep(t.Context(), 2*time.Millisecond)
		}
		wait(t, 5*time.Second)
		all = delays(t, b, c, func(id int64) bool { return id > int64(bad) })
	})
	return all
}

func percentile(all []time.Duration, p int) time.Duration { return all[len(all)*p/100] }

// TestBadDestinationsDoNotDelayOthers: one that hangs and one that refuses, or
// forty that hang, change the delay of the others by no more than a few
// milliseconds; if nearly all hang, and nobody knows any of them yet, by a second
// at first.
func TestBadDestinationsDoNotDelayOthers(t *testing.T) {
	good := percentile(runCrowd(t, 0), 99)
	tests := []struct {
		name string
		bad  int
		how  []roundTrip
		more time.Duration
	}{
		{"one hangs and one refuses", 2, []roundTrip{hangs, refuses}, 20 * time.Millisecond},
		{"forty hang", 40, []roundTrip{hangs}, 20 * time.Millisecond},
		{"sixty hang or refuse", 60, []roundTrip{hangs, refuses}, 20 * time.Millisecond},
		{"ninety hang", 90, []roundTrip{hangs}, patience},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			all := runCrowd(t, tt.bad, tt.how...)
			if got := percentile(all, 99); got > good*5/4 && got > good+tt.more {
				t.Errorf("99 of 100 others take up to %s, without the bad ones %s; the slowest %s", got, good, all[len(all)-1])
			}
		})
	}
}

// TestNothingIsClaimedToBeGivenBack: hosts that are full, rates that are spent
// and breakers that are open are known before something is claimed.
func TestNothingIsClaimedToBeGivenBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, c := newBook(), newCrowd()
		c.set("h1.example", func(r *http.Request) (*http.Response, error) { return slowly(r, 3*time.Second) })
		c.set("h2.example", hangs)
		c.set("h3.example", refuses)
		for id := range int64(5) {
			oweTo(b, id+1, 400, 0)
		}
		w := New(b, crowdOf(t, 5, func(s *delivery.Subscription) {
			if s.ID == 4 {
				s.Rate = 3
			}
		}), Settings{}, quiet())
		w.transport = c
		begin(t, w)
		wait(t, 2*time.Minute)
		if b.returned > 8 { // what was claimed of a breaker that then opened
			t.Errorf("of %d postbacks that were claimed %d were given back", b.given, b.returned)
		}
		if got := countOf(b, 5, delivery.Delivered); got != 400 {
			t.Errorf("%d of 400 to the one that is well are delivered", got)
		}
	})
}

func countOf(b *book, id int64, s delivery.State) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := 0
	for _, r := range b.rows {
		if r.SubscriptionID == id && r.State == s {
			n++
		}
	}
	return n
}

// TestRate: a backlog goes out at its subscription's rate, evenly.
func TestRate(t *testing.T) {
	tests := []struct {
		name string
		rate float64
		n    int
		want time.Duration
	}{
		{"ten a second", 10, 100, 10 * time.Second},
		{"one in two seconds", 0.5, 20, 38 * time.Second},
		{"two hundred a second", 200, 1000, 5 * time.Second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b, c := newBook(), newCrowd()
				oweTo(b, 1, tt.n, 0)
				w := New(b, crowdOf(t, 1, func(s *delivery.Subscription) { s.Rate = tt.rate }), Settings{}, quiet())
				w.transport = c
				began := time.Now()
				begin(t, w)
				wait(t, 3*tt.want)
				at := slices.SortedFunc(maps.Values(c.arrived), time.Time.Compare)
				if len(at) != tt.n {
					t.Fatalf("%d of %d arrived", len(at), tt.n)
				}
				if took := at[len(at)-1].Sub(began); took < tt.want*9/10 || took > tt.want*12/10 {
					t.Errorf("it took %s, want about %s", took, tt.want)
				}
				for i := range at { // in no second much more than the rate: what may go at once, and what was held
					most := int(tt.rate) + 2*max(1, int(tt.rate/10))
					if j := i + most; j < len(at) && at[j].Sub(at[i]) < time.Second {
						t.Fatalf("%d arrived within %s", most+1, at[j].Sub(at[i]))
					}
				}
			})
		})
	}
}

// TestOwnTimes: a subscription's own time-out and number in flight hold, and
// leases outlast the longest time-out three times.
func TestOwnTimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, c := newBook(), newCrowd()
		now, most := 0, 0
		c.set("h1.example", func(r *http.Request) (*http.Response, error) {
			c.mu.Lock()
			now++
			most = max(most, now)
			c.mu.Unlock()
			defer func() {
				c.mu.Lock()
				now--
				c.mu.Unlock()
			}()
			return hangs(r)
		})
		oweTo(b, 1, 2, 0)
		oweTo(b, 2, 1, 0)
		w := New(b, crowdOf(t, 2, func(s *delivery.Subscription) {
			if s.ID == 1 {
				s.Timeout, s.InFlight = 40e9, 1
			}
		}), Settings{}, quiet())
		w.transport = c
		began := time.Now()
		begin(t, w)
		wait(t, time.Second)
		if got := b.get("1-0000").LeasedUntil.Sub(began); got < 120*time.Second {
			t.Errorf("the lease lasts %s, want three times 40 s", got)
		}
		wait(t, 90*time.Second)
		for _, a := range b.recorded() {
			if strings.HasPrefix(a.DeliveryID, "1-") && (a.Took != 40*time.Second || a.Error != delivery.ErrTimeout) {
				t.Errorf("an attempt took %s and is %s, want 40 s and a time-out", a.Took, a.Error)
			}
		}
		if most != 1 || len(b.recorded()) < 2 {
			t.Errorf("%d at once of one, %d attempts", most, len(b.recorded()))
		}
	})
}

// TestTurns: of a long backlog and a short one the short one does not wait for
// the long one.
func TestTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, c := newBook(), newCrowd()
		for id := range int64(4) {
			oweTo(b, id+1, 2000, 0)
		}
		for i := range 20 {
			o := owed("late " + strconv.Itoa(i))
			o.SubscriptionID, o.DueAt = 5, o.DueAt.Add(time.Second)
			b.owe(o)
		}
		w := New(b, crowdOf(t, 5, nil), Settings{InFlight: 8}, quiet())
		w.transport = c
		began := time.Now()
		begin(t, w)
		wait(t, 3*time.Second)
		if got := countOf(b, 5, delivery.Delivered); got != 20 {
			t.Errorf("%d of the 20 that came late are delivered after 2 s, of the others %d", got, len(c.order)-got)
		}
		if n := countOf(b, 1, delivery.Delivered); n == 2000 || time.Since(began) > 4*time.Second {
			t.Errorf("the long backlog is over already (%d): nothing was shown", n)
		}
	})
}
