package api

import (
	"bytes"
	"context"
	"net/http"
	"sync"
	"time"

	"waybill/internal/account"
	"waybill/internal/fault"
)

// Streams of events.
const (
	lookEvery    = 2 * time.Second  // how often a stream looks for what is new
	tellEvery    = 15 * time.Second // how long it is silent, and goes on without asking whether its caller is let in, at most
	mostStreams  = 1000             // at once
	streamsOfOne = 8                // of one user or key
)

// streams counts the streams that are open.
type streams struct {
	mu   sync.Mutex
	all  int
	open map[string]int
}

func newStreams() *streams { return &streams{open: map[string]int{}} }

// enter lets in who has not too many open. The one who is let in must leave.
func (s *streams) enter(who account.Principal) (leave func(), err error) {
	name := who.Actor()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open[name] >= streamsOfOne {
		return nil, fault.New(fault.Limited, "%d streams are open already, as many as one may have; close a window", streamsOfOne)
	}
	if s.all >= mostStreams {
		return nil, fault.New(fault.Unavailable, "this node has as many streams open as it may, %d", mostStreams)
	}
	s.all++
	s.open[name]++
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.all--
		if s.open[name]--; s.open[name] == 0 {
			delete(s.open, name)
		}
	}, nil
}

// live answers with events until the client leaves, the node stops, or whoever
// asks may not see it any more.
func (o *overseer) live(ctx context.Context, x *exchange) error {
	s, err := o.scopeOf(x)
	if err != nil {
		return err
	}
	h := x.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("X-Accel-Buffering", "no") // a proxy must not gather what is to be seen at once
	if x.r.Method == http.MethodHead {
		return nil // no event can reach who asks so, and the connection would never be free again
	}
	leave, err := o.streams.enter(x.who)
	if err != nil {
		return err
	}
	defer leave()
	patient(x, o.desk.Queue+o.desk.Answer)
	first, err := o.latest(ctx, x.who, s)
	if err != nil {
		return err
	}
	// What comes from the client is of no interest, so nothing of it is late.
	_ = http.NewResponseController(x).SetReadDeadline(time.Time{}) // a writer without deadlines has none to lift
	watch := watcher{overseer: o, x: x, scope: s, who: x.who, known: time.Now()}
	if err := watch.tell(first); err != nil {
		return nil // the client has left: there is nobody to tell
	}
	watch.run(ctx)
	return nil
}

// watcher tells one client of an overview.
type watcher struct {
	*overseer
	x     *exchange
	scope overviewScope
	who   account.Principal
	told  []byte    // the numbers it was told last
	at    time.Time // when it was told anything last
	known time.Time // when it was last found to be let in
}

// run tells the client what is new, until there is a reason to end.
func (w *watcher) run(ctx context.Context) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-w.Stopping:
			return
		case <-tick.C:
		}
		if err := w.look(ctx); err != nil {
			return
		}
	}
}

// look looks for what is new, and gives an error when the stream is to end.
func (w *watcher) look(ctx context.Context) error {
	if time.Since(w.known) >= tellEvery { // however much it is told meanwhile
		if err := w.stillThere(ctx); err != nil {
			return err
		}
		w.known = time.Now()
	}
	due := time.Since(w.at) >= tellEvery
	found, err := w.latest(ctx, w.who, w.scope)
	if err != nil { // the next look may do better; until then the client knows that somebody is there
		if !due {
			return nil
		}
		return w.send([]byte(": waiting\n\n"))
	}
	numbers, err := write(found.timeless())
	if err != nil {
		return err
	}
	if !due && bytes.Equal(numbers, w.told) {
		return nil
	}
	return w.tell(found)
}

// stillThere finds out whether the caller's key or session is still good, and
// still the same caller's.
func (w *watcher) stillThere(ctx context.Context) error {
	if err := w.x.front.admit(ctx, w.x); err != nil {
		return err
	}
	if standsAs(w.x.who) != standsAs(w.who) {
		return fault.New(fault.Unauthorized, "the caller's role has changed")
	}
	return nil
}

// tell sends an overview.
func (w *watcher) tell(found *overviewRecord) error {
	numbers, err := write(found.timeless())
	if err != nil {
		return err
	}
	text, err := write(found)
	if err != nil {
		return err
	}
	w.told = numbers
	return w.send(append(append([]byte("event: overview\ndata: "), text...), '\n', '\n'))
}

// send sends one event, for which the client has its time.
func (w *watcher) send(event []byte) error {
	w.at = time.Now()
	extend(w.x)
	if _, err := w.x.Write(event); err != nil {
		return errGone
	}
	return http.NewResponseController(w.x).Flush()
}

// timeless gives an overview without what changes as time goes by, to tell
// whether its numbers are new.
func (r *overviewRecord) timeless() overviewRecord {
	t := *r
	t.AsOf, t.Health.Warehouse = nil, overviewWarehouses{}
	for _, p := range []*periodRecord{&t.Periods.Today, &t.Periods.Yesterday, &t.Periods.LastWeek} {
		p.To = time.Time{}
	}
	return t
}
