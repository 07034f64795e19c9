package txid

// window holds the open tickets of a mint, oldest first. Places count up from
// the mint's first ticket; those from first to next are held, in a ring whose
// length is a power of two and which grows when it is full. Ticks rise with
// places, so the oldest is always in front, and every step is O(1) amortised.
type window struct {
	ticks []Tick // by place modulo length; 0, which no ticket has, is a finished one
	first uint64
	next  uint64
}

func newWindow() window { return window{ticks: make([]Tick, 1024)} }

// push takes in a tick above all before it and gives its place.
func (w *window) push(t Tick) uint64 {
	if w.next-w.first == uint64(len(w.ticks)) {
		w.grow()
	}
	place := w.next
	*w.at(place) = t
	w.next++
	return place
}

// finish takes a ticket out of the window. One that is out is left alone.
func (w *window) finish(place uint64) {
	if place < w.first {
		return
	}
	*w.at(place) = 0
	for w.first < w.next && *w.at(w.first) == 0 {
		w.first++
	}
}

func (w *window) oldest() (Tick, bool) {
	if w.first == w.next {
		return 0, false
	}
	return *w.at(w.first), true
}

func (w *window) grow() {
	larger := window{ticks: make([]Tick, 2*len(w.ticks)), first: w.first, next: w.next}
	for place := w.first; place < w.next; place++ {
		*larger.at(place) = *w.at(place)
	}
	*w = larger
}

func (w *window) at(place uint64) *Tick {
	return &w.ticks[place&uint64(len(w.ticks)-1)] //nolint:gosec // a power of two
}
