package deliver

import (
	"slices"
	"sync"
	"time"
)

// lanes say which claimed postbacks may be sent now, and how many more may be
// claimed of which subscription.
//
// A host has a bounded number in flight, and each subscription on it a window
// of that. The window begins with one, grows with each answer, and falls to one
// when nothing came for long: a receiver that hangs has soon one in flight.
//
// An attempt holds a slot for a second at most. Whoever waits longer for an
// answer waits on in the lobby, which has room for four times as many, and gives
// the slot back. Of the slots one half is kept from receivers that have failed to
// answer soon, and a quarter from those of which nothing is known. So however
// many hang, the others find their slots.
//
// What is claimed beyond that is held: a few for each receiver, so that a quick
// one is never idle between two claims. Receivers take turns.
type lanes struct {
	slots   int
	perHost int

	mu      sync.Mutex
	quick   int       // flights that hold a slot
	wary    int       // of these, those to receivers that did not answer soon the last time, if ever
	lobby   int       // flights that have waited longer
	order   []*flight // those with a slot in the order of their start; some have landed
	hosts   map[string]*host
	queues  map[int64]*queue
	waiting []*queue // those with jobs held, each once, in the order of their turns
	held    int
}

// How long an attempt holds its slot, and how many may wait beyond that for each
// slot.
const (
	patience  = time.Second
	lobbyRoom = 4
)

// forgotten is how long a receiver is remembered to which nothing is sent.
const forgotten = 10 * time.Minute

// What is held for a receiver: as many as it takes in that time, some windows at
// most.
const (
	lead     = 100 * time.Millisecond
	maxAhead = 4
)

// host is where receivers live.
type host struct {
	name   string
	active int
	held   int
	queues int
}

// queue is what the lanes know of one subscription.
type queue struct {
	host     *host
	active   int
	held     []job
	window   int           // how many may be in flight
	limit    int           // that its owner set; 0: none
	tried    bool          // an attempt has ended, or lasts
	answered bool          // the last one was answered soon
	took     time.Duration // how long an attempt takes, on average
	used     time.Time
}

// flight is an attempt that is being made.
type flight struct {
	job    job
	queue  *queue
	began  time.Time
	wary   bool
	late   bool // it waits in the lobby
	heard  bool // its answer is there, or its end
	landed bool
}

func newLanes(slots, perHost int) *lanes {
	return &lanes{slots: slots, perHost: perHost, hosts: make(map[string]*host), queues: make(map[int64]*queue)}
}

// room gives how many may be claimed: as many as there are slots free, and as
// many ahead as there are slots.
func (l *lanes) room(now time.Time) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.usher(now)
	return max(0, 2*l.slots-l.taken()-l.held)
}

// relief gives when the next flight gives its slot back, if it does not land
// before; zero if nothing waits for one.
func (l *lanes) relief() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, f := range l.order {
		if !f.landed && !f.heard && l.held > 0 {
			return f.began.Add(patience)
		}
	}
	return time.Time{}
}

// overflow gives how many flights are in the lobby's place, but not in its room:
// they keep their slots.
func (l *lanes) overflow() int { return max(0, l.lobby-lobbyRoom*l.slots) }

func (l *lanes) taken() int { return l.quick + l.overflow() }

// reserved reports whether what is left of the slots is kept from a receiver.
func (l *lanes) reserved(q *queue) bool {
	most := l.slots / 2
	switch {
	case q.answered:
		return false
	case !q.tried:
		most = l.slots * 3 / 4
	}
	return l.wary+l.overflow() >= max(1, most)
}

// usher sends flights that have waited long enough to the lobby.
func (l *lanes) usher(now time.Time) {
	n := 0
	for _, f := range l.order {
		over := f.landed || f.heard
		if !over && now.Sub(f.began) < patience {
			break
		}
		n++
		if over {
			continue
		}
		f.late, f.queue.tried, f.queue.answered = true, true, false
		l.release(f)
		l.lobby++
	}
	clear(l.order[:n])
	l.order = l.order[n:]
}

// release gives a flight's slot back.
func (l *lanes) release(f *flight) {
	l.quick--
	if f.wary {
		l.wary--
	}
}

// enter takes a job that was claimed. It is held until next gives it out; false
// says that too many are held for its receiver.
func (l *lanes) enter(j job, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	q := l.queueOf(j)
	q.limit, q.used = j.sub.InFlight, now
	if len(q.held) >= l.perHost*(1+maxAhead) {
		return false
	}
	if len(q.held) == 0 {
		l.waiting = append(l.waiting, q)
	}
	q.held = append(q.held, j)
	q.host.held++
	l.held++
	return true
}

// queueOf gives the queue that a job stands in. A subscription that leads
// elsewhere now begins anew.
func (l *lanes) queueOf(j job) *queue {
	id := j.owed.SubscriptionID
	q := l.queues[id]
	if q != nil && (q.host.name == j.host || q.active+len(q.held) > 0) {
		return q
	}
	if q != nil {
		l.forget(id, q)
	}
	h := l.hosts[j.host]
	if h == nil {
		h = &host{name: j.host}
		l.hosts[j.host] = h
	}
	h.queues++
	q = &queue{host: h, window: 1}
	l.queues[id] = q
	return q
}

func (l *lanes) forget(id int64, q *queue) {
	delete(l.queues, id)
	if q.host.queues--; q.host.queues == 0 {
		delete(l.hosts, q.host.name)
	}
}

// next gives out the jobs that may be sent now.
func (l *lanes) next(now time.Time) []*flight {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.usher(now)
	var all []*flight
	for met := 0; met < len(l.waiting) && l.taken() < l.slots; {
		q := l.waiting[0]
		l.waiting = l.waiting[1:]
		met++
		if l.mayStart(q) {
			all = append(all, l.start(q, now))
			met = 0
		}
		if len(q.held) > 0 {
			l.waiting = append(l.waiting, q)
		}
	}
	return all
}

// mayStart reports whether one more may be sent to a receiver, given that a slot
// is free.
func (l *lanes) mayStart(q *queue) bool {
	return q.active < l.width(q) && q.host.active < l.perHost && !l.reserved(q)
}

// width gives how many a subscription may have in flight. Where several live on
// a host, none takes all of it.
func (l *lanes) width(q *queue) int {
	most := l.perHost
	if q.host.queues > 1 {
		most -= l.perHost / 4
	}
	if q.limit > 0 {
		most = min(most, q.limit)
	}
	return min(q.window, most)
}

func (l *lanes) start(q *queue, now time.Time) *flight {
	f := &flight{job: q.held[0], queue: q, began: now, wary: !q.answered}
	q.held[0] = job{}
	q.held = q.held[1:]
	q.host.held--
	l.held--
	q.active++
	q.host.active++
	l.quick++
	if f.wary {
		l.wary++
	}
	l.order = append(l.order, f)
	return f
}

// hear notes what an attempt came to after a while: whether anything was
// answered. What is left to be done of the flight is none of the receiver's time.
func (l *lanes) hear(f *flight, answered bool, took time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	q := f.queue
	f.heard, q.tried = true, true
	switch {
	case answered:
		q.took = (3*q.took + took) / 4
		q.window = min(q.window+1, l.perHost)
		q.answered = took < patience
	case took >= patience:
		q.window, q.answered = 1, false
	default: // one that refuses at once costs nobody anything
		q.answered = false
	}
}

// land ends a flight, and reports whether nothing more is held for its receiver.
func (l *lanes) land(f *flight, now time.Time) (idle bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	q := f.queue
	q.active--
	q.host.active--
	q.used = now
	f.landed, f.job = true, job{}
	if f.late {
		l.lobby--
	} else {
		l.release(f)
	}
	return len(q.held) == 0
}

// view is what the lanes say before a claim.
type view struct {
	most map[int64]int  // how many more may be claimed, of subscriptions that were served lately
	busy map[int64]bool // those of which something is claimed
	full []string       // hosts to which nothing more can be sent
}

// look says how many more may be claimed.
func (l *lanes) look(now time.Time) view {
	l.mu.Lock()
	defer l.mu.Unlock()
	v := view{most: make(map[int64]int, len(l.queues)), busy: make(map[int64]bool)}
	busy := make(map[*host]int)
	for id, q := range l.queues {
		switch {
		case q.active+len(q.held) > 0:
			v.busy[id] = true
			busy[q.host]++
		case now.Sub(q.used) > forgotten:
			l.forget(id, q)
		}
	}
	for h := range busy {
		if h.active+h.held >= l.perHost {
			v.full = append(v.full, h.name)
		}
	}
	for id, q := range l.queues {
		v.most[id] = l.mostOf(q, busy[q.host])
	}
	return v
}

// mostOf says how many more may be claimed of a subscription that shares its
// host with others that are busy.
func (l *lanes) mostOf(q *queue, busy int) int {
	if l.reserved(q) {
		return 0
	}
	width, ahead := l.width(q), l.ahead(q)
	n := width + ahead - q.active - len(q.held)
	if q.host.queues > 1 {
		free := l.perHost + ahead - q.host.active - q.host.held
		busy = max(1, busy)
		n = min(n, (free+busy-1)/busy)
	}
	return max(0, n)
}

// ahead gives how many may be held for a receiver.
func (l *lanes) ahead(q *queue) int {
	if !q.answered {
		return 0
	}
	return l.width(q) * int(min(maxAhead, lead/max(q.took, lead/maxAhead)))
}

// drain takes out all jobs that are held.
func (l *lanes) drain() []job {
	l.mu.Lock()
	defer l.mu.Unlock()
	var all []job
	for len(l.waiting) > 0 {
		all = append(all, l.empty(l.waiting[0])...)
	}
	return all
}

// recall takes out the jobs that are held for a subscription.
func (l *lanes) recall(id int64) []job {
	l.mu.Lock()
	defer l.mu.Unlock()
	if q := l.queues[id]; q != nil {
		return l.empty(q)
	}
	return nil
}

func (l *lanes) empty(q *queue) []job {
	all := q.held
	q.held = nil
	q.host.held -= len(all)
	l.held -= len(all)
	l.waiting = slices.DeleteFunc(l.waiting, func(w *queue) bool { return w == q })
	return all
}
