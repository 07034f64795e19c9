package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"waybill/internal/account"
	"waybill/internal/catalog"
	"waybill/internal/fault"
)

// newWatched is an overseer whose overviews a test makes.
func newWatched(stopping <-chan struct{}, making func() (*overviewRecord, error)) *overseer {
	o := newOverseer(newReporter(&API{
		Stopping: stopping, Catalog: func() *catalog.Catalog { return &catalog.Catalog{} },
		Sessions: func(*http.Request) (account.Principal, error) { return userOfNetwork(1, account.Owner), nil },
	}))
	o.make = func(context.Context, account.Principal, overviewScope) (*overviewRecord, error) { return making() }
	return o
}

// pass lets time pass, that of a bubble.
func pass(d time.Duration) { <-time.After(d) }

// pipe is an answer that a test may read while it is written.
type pipe struct {
	mu     sync.Mutex
	header http.Header
	text   strings.Builder
	fail   error
}

func (p *pipe) Header() http.Header { return p.header }
func (p *pipe) WriteHeader(int)     {}
func (p *pipe) Flush()              {}
func (p *pipe) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.fail != nil {
		return 0, p.fail
	}
	return p.text.Write(b)
}

// events counts the overviews that were sent, and the comments.
func (p *pipe) events() (overviews, comments int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Count(p.text.String(), "event: overview\ndata: {"), strings.Count(p.text.String(), "\n: ")
}

// watch opens a stream, and gives what is sent and how it ended.
func (o *overseer) watch(ctx context.Context, who account.Principal) (*pipe, <-chan error) {
	return o.open(ctx, http.MethodGet, who)
}

func (o *overseer) open(ctx context.Context, method string, who account.Principal) (*pipe, <-chan error) {
	p, ended := &pipe{header: http.Header{}}, make(chan error, 1)
	r := httptest.NewRequest(method, "/api/v1/overview/live", nil).WithContext(ctx)
	r.Header.Set("Cookie", "waybill_session=x")
	f := &front{api: o.API, looks: newLooks(), veils: new(veils), cross: http.NewCrossOriginProtection().Check}
	x := &exchange{ResponseWriter: p, api: o.API, front: f, r: r, who: who}
	go func() { ended <- o.live(ctx, x) }()
	return p, ended
}

// wantEnd has a stream be over by now, and without an error.
func wantEnd(t *testing.T, ended <-chan error, why string) {
	t.Helper()
	synctest.Wait()
	select {
	case err := <-ended:
		if err != nil {
			t.Errorf("%s: ended with %v", why, err)
		}
	default:
		t.Errorf("%s, and the stream goes on", why)
	}
}

func TestLiveTellsWhatIsNewAtMostEveryTwoSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stopping := make(chan struct{})
		var value, asked atomic.Int64
		o := newWatched(stopping, func() (*overviewRecord, error) {
			asked.Add(1)
			at := time.Now()
			return &overviewRecord{AsOf: &at, Health: overviewHealths{Failing: int(value.Load())}}, nil
		})
		p, ended := o.watch(t.Context(), userOfNetwork(1, account.Owner))
		expect := func(what string, overviews int) {
			t.Helper()
			synctest.Wait()
			if got, _ := p.events(); got != overviews {
				t.Errorf("%s: %d overviews, want %d", what, got, overviews)
			}
		}
		expect("at once", 1)
		if got := p.header.Get("Content-Type"); got != "text/event-stream" {
			t.Errorf("content type %q", got)
		}
		pass(10 * time.Second)
		expect("nothing changed", 1)
		value.Store(1)
		pass(2*time.Second + time.Millisecond)
		expect("a change", 2)
		before := asked.Load()
		for range 100 { // many changes
			value.Add(1)
			pass(100 * time.Millisecond)
		}
		expect("ten seconds of changes", 7)
		if n := asked.Load() - before; n > 6 {
			t.Errorf("ten seconds took %d looks, want 5", n)
		}
		pass(16 * time.Second)
		expect("silent for a while, it tells up to when", 8)
		close(stopping)
		wantEnd(t, ended, "the node stops")
	})
}

func TestLiveIsMadeOnceForAllWhoWatchTheSame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked, together, most atomic.Int64
		o := newWatched(nil, func() (*overviewRecord, error) {
			most.Store(max(most.Load(), together.Add(1)))
			defer together.Add(-1)
			asked.Add(1)
			pass(50 * time.Millisecond)
			return &overviewRecord{}, nil
		})
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var ended []<-chan error
		for user := range int64(100) {
			_, end := o.watch(ctx, userOfNetwork(user+1, account.Owner))
			ended = append(ended, end)
		}
		pass(20*time.Second + 500*time.Millisecond)
		synctest.Wait()
		if asked.Load() > 11 || asked.Load() < 8 || most.Load() != 1 {
			t.Errorf("100 watchers for 20 s had it made %d times, %d at once; want about 10, one at once", asked.Load(), most.Load())
		}
		cancel()
		for _, end := range ended {
			if err := <-end; err != nil {
				t.Error(err)
			}
		}
		o.streams.mu.Lock()
		defer o.streams.mu.Unlock()
		if o.streams.all != 0 || len(o.streams.open) != 0 {
			t.Errorf("%d streams are left, of %d", o.streams.all, len(o.streams.open))
		}
	})
}

func TestLiveEndsWithTheSession(t *testing.T) {
	owner := userOfNetwork(1, account.Owner)
	tests := []struct {
		name string
		now  account.Principal
		err  error
	}{
		{"nobody is logged in any more", account.Principal{}, fault.New(fault.Unauthorized, "log in")},
		{"the owner is an analyst", userOfNetwork(1, account.Analyst), nil},
		{"the owner is a partner's", account.Principal{UserID: 1, Role: account.Affiliate, AffiliateID: 1}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := newWatched(nil, func() (*overviewRecord, error) { return &overviewRecord{}, nil })
				var over atomic.Bool
				o.Sessions = func(*http.Request) (account.Principal, error) {
					if over.Load() {
						return tt.now, tt.err
					}
					return owner, nil
				}
				_, ended := o.watch(t.Context(), owner)
				pass(time.Minute)
				synctest.Wait()
				select {
				case err := <-ended:
					t.Fatalf("ended with %v while the session was good", err)
				default:
				}
				over.Store(true)
				pass(tellEvery + lookEvery)
				wantEnd(t, ended, tt.name)
			})
		})
	}
}

// TestLiveEndsWithTheSessionHoweverMuchHappens: on a busy network a stream is
// never silent.
func TestLiveEndsWithTheSessionHoweverMuchHappens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var made atomic.Int64
		o := newWatched(nil, func() (*overviewRecord, error) {
			return &overviewRecord{Health: overviewHealths{Failing: int(made.Add(1))}}, nil
		})
		o.Sessions = func(*http.Request) (account.Principal, error) {
			return account.Principal{}, fault.New(fault.Unauthorized, "log in")
		}
		_, ended := o.watch(t.Context(), userOfNetwork(1, account.Owner))
		pass(tellEvery + lookEvery)
		wantEnd(t, ended, fmt.Sprintf("the session is over, %d overviews were made", made.Load()))
	})
}

// TestLiveAnswersHeadAtOnce: the connection is wanted again.
func TestLiveAnswersHeadAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newWatched(nil, func() (*overviewRecord, error) { return &overviewRecord{}, nil })
		p, ended := o.open(t.Context(), http.MethodHead, userOfNetwork(1, account.Owner))
		wantEnd(t, ended, "HEAD is answered")
		if got := p.header.Get("Content-Type"); got != "text/event-stream" {
			t.Errorf("content type %q", got)
		}
	})
}

func TestLiveOutlastsAFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var broken atomic.Bool
		o := newWatched(nil, func() (*overviewRecord, error) {
			if broken.Load() {
				return nil, errors.New("away")
			}
			return &overviewRecord{}, nil
		})
		p, ended := o.watch(t.Context(), userOfNetwork(1, account.Owner))
		synctest.Wait()
		broken.Store(true)
		pass(time.Minute)
		synctest.Wait()
		if overviews, comments := p.events(); overviews != 1 || comments < 3 {
			t.Errorf("%d overviews and %d comments, want 1 and one each 15 s", overviews, comments)
		}
		broken.Store(false)
		pass(20 * time.Second)
		synctest.Wait()
		if overviews, _ := p.events(); overviews < 2 {
			t.Errorf("%d overviews after it was back, want one more", overviews)
		}
		p.mu.Lock()
		p.fail = errors.New("the client has left")
		p.mu.Unlock()
		pass(20 * time.Second)
		wantEnd(t, ended, "the client has left")
	})
}

func TestLiveIsBoundedForEach(t *testing.T) {
	s := newStreams()
	var leave []func()
	for range streamsOfOne {
		out, err := s.enter(userOfNetwork(1, account.Owner))
		if err != nil {
			t.Fatal(err)
		}
		leave = append(leave, out)
	}
	if _, err := s.enter(userOfNetwork(1, account.Owner)); fault.Of(err) != fault.Limited {
		t.Errorf("one more: %v, want limited", err)
	}
	if _, err := s.enter(userOfNetwork(2, account.Owner)); err != nil {
		t.Errorf("another user: %v", err)
	}
	leave[0]()
	if _, err := s.enter(userOfNetwork(1, account.Owner)); err != nil {
		t.Errorf("after one has left: %v", err)
	}
}

// TestLiveOverHTTP holds the stream to a real connection, which outlasts the
// server's time-out for writes.
func TestLiveOverHTTP(t *testing.T) {
	w := newOverviewWorld(t)
	stopping := make(chan struct{})
	w.Stopping = stopping
	s := httptest.NewServer(w.Handler())
	defer s.Close()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+"/api/v1/overview/live?tz=Europe/Berlin", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+w.keys[asAffiliate1])
	resp, err := s.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	buf := make([]byte, len("event: overview\ndata: {"))
	if _, err := resp.Body.Read(buf); err != nil || string(buf) != "event: overview\ndata: {" || resp.StatusCode != http.StatusOK {
		t.Errorf("status %d, %q, %v; want an event", resp.StatusCode, buf, err)
	}
	close(stopping)
	rest := new(strings.Builder)
	for err = nil; err == nil; {
		var n int
		more := make([]byte, 4096)
		n, err = resp.Body.Read(more)
		rest.Write(more[:n])
	}
	if text := rest.String(); strings.Contains(text, `"revenue"`) || !strings.Contains(text, `"tz":"Europe/Berlin"`) {
		t.Errorf("an affiliate is told %s", text)
	}
}
