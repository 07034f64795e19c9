package pebblejournal

import "sync"

// The most that waits for the committer. Beyond it, callers are refused at
// once: they would only wait in vain.
const (
	maxWaiting      = 16 << 10
	maxWaitingBytes = 64 << 20
)

// queue holds the entries that wait for the committer, in order.
type queue struct {
	mu      sync.Mutex
	waiting []*entry
	bytes   int
	ready   chan struct{} // holds a token when something may be waiting
}

func newQueue() *queue {
	return &queue{waiting: make([]*entry, 0, maxWaiting), ready: make(chan struct{}, 1)}
}

// push adds e, and reports whether there was room.
func (q *queue) push(e *entry) bool {
	q.mu.Lock()
	n := len(q.waiting)
	if n == maxWaiting || q.bytes > maxWaitingBytes {
		q.mu.Unlock()
		return false
	}
	q.waiting = append(q.waiting, e)
	q.bytes += e.size()
	q.mu.Unlock()

	if n == 0 {
		select {
		case q.ready <- struct{}{}:
		default:
		}
	}
	return true
}

// take moves what waits to dst, up to a number of entries and of bytes, and at
// least one. Entries whose callers have gone go back to the pool and do not
// count: nothing is taken only if nothing waits.
func (q *queue) take(dst []*entry, most, mostBytes int, p *pool) []*entry {
	q.mu.Lock()
	defer q.mu.Unlock()
	n, bytes := 0, 0
	for n < len(q.waiting) && len(dst) < most && bytes < mostBytes {
		e := q.waiting[n]
		n++
		q.bytes -= e.size()
		if e.state.CompareAndSwap(queued, taken) {
			bytes += e.size()
			dst = append(dst, e)
		} else {
			p.put(e)
		}
	}
	rest := copy(q.waiting, q.waiting[n:])
	clear(q.waiting[rest:])
	q.waiting = q.waiting[:rest]
	return dst
}

func (q *queue) len() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.waiting)
}
