package chain

// Kind is the way in which an ID was lost, or may be.
type Kind string

// The kinds. Those of a changed ID are named like the change.
const (
	NoID           Kind = "no_id"           // it was not handed on at all
	WrongParameter Kind = "wrong_parameter" // it was, where nobody reads it
	TurnedAway     Kind = "turned_away"     // the visitor was not sent on
	NotArrived     Kind = "not_arrived"     // the visitor was sent elsewhere
	NoPostback     Kind = "no_postback"     // the conversion is not told on
	NotDelivered   Kind = "not_delivered"   // it is, and nobody answers
	Refused        Kind = "refused"         // the receiver will not have it
	Elsewhere      Kind = "elsewhere"       // somebody else has it
)

// Loss is one place where an ID was lost or changed.
type Loss struct {
	Hop  int    `json:"hop" doc:"The place in the chain of the hop that must be changed, from 0."`
	Way  Way    `json:"way"`
	Kind Kind   `json:"kind"`
	Want string `json:"want,omitempty" doc:"The ID as it should be."`
	Got  string `json:"got,omitempty" doc:"What came in its place."`
	Text string `json:"text" doc:"What happened, in words."`
	Fix  string `json:"fix" doc:"What to change, and where."`
}

// Check follows an ID through a chain and back, the tracker that the visitor
// came from first and the shop last, and gives every loss in the order in which
// the ID met them. What follows from one is no loss of its own.
func Check(hops []Hop) []Loss {
	c := checker{hops: hops, lost: make([]bool, len(hops))}
	for k := 1; k < len(hops); k++ {
		if !c.out(k) {
			return c.losses
		}
	}
	for k := len(hops) - 1; k > 0; k-- {
		if !c.back(k) {
			break
		}
	}
	return c.losses
}

// checker follows one ID.
type checker struct {
	hops   []Hop
	lost   []bool // whether the ID was lost on the way out to a hop
	losses []Loss
}

// step is one hand-over: the hop that hands on, the one that is handed to, and
// where in the request the ID was seen.
type step struct {
	way   Way
	from  *Hop
	to    *Hop
	want  string
	got   string
	place Place
	onward
}

// onward is the postback of a step back; none of a step out.
type onward struct{ Onward }

// lose notes a loss.
func (c *checker) lose(hop int, k Kind, s *step) {
	c.losses = append(c.losses, Loss{
		Hop: hop, Way: s.way, Kind: k, Want: s.want, Got: s.got, Text: s.text(k), Fix: s.fix(k),
	})
}

// out checks how a visitor came to hop k, and reports whether he did.
func (c *checker) out(k int) bool {
	s := step{way: Out, from: &c.hops[k-1], to: &c.hops[k]}
	if s.from.Part == nil {
		return true
	}
	next := s.from.Part.Next
	if next.TurnedAway != "" {
		s.got = next.TurnedAway
		c.lose(k-1, TurnedAway, &s)
		return false
	}
	s.want = s.from.Part.ID
	s.place = Find(next.URL, s.want, s.to.reads(Out))
	s.got = s.place.Value
	if s.place.Change != Whole {
		c.lost[k] = true
		c.lose(k-1, kindOf(s.place.Change), &s)
		return s.to.known()
	}
	if s.to.Part == nil {
		return true
	}
	if !s.to.known() {
		s.got = next.Host
		c.lose(k-1, NotArrived, &s)
		return false
	}
	c.arrived(k, &s)
	return true
}

// known reports whether a hop's books have the visitor, or cannot be read.
func (h *Hop) known() bool { return h.Part == nil || h.Role == Shop || h.Part.ID != "" }

// arrived checks what a hop made of an ID that was sent to it whole.
func (c *checker) arrived(k int, s *step) {
	s.got = s.to.Part.Before.ID
	change := Compare(s.want, s.got)
	if change == Whole {
		return
	}
	c.lost[k] = true
	if reads := s.to.reads(Out); change == Missing && len(reads) > 0 && !contains(reads, s.place.Parameter) {
		c.lose(k-1, WrongParameter, s)
		return
	}
	c.lose(k, kindOf(change), s)
}

// kindOf gives the kind of loss that a change is.
func kindOf(c Change) Kind {
	if c == Missing {
		return NoID
	}
	return Kind(c)
}
