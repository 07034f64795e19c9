package chain

import (
	"encoding/json"
	"net/http"
	"slices"

	"waybill/internal/signal"
)

// back checks how a conversion came from hop k to the one before, and reports
// whether it did.
func (c *checker) back(k int) bool {
	s := step{way: Back, from: &c.hops[k], to: &c.hops[k-1]}
	if s.to.Part != nil && s.to.took() {
		return true
	}
	if s.from.Part == nil {
		if s.to.Part == nil {
			return true
		}
		c.lose(k, NoPostback, &s) // as far as anybody can see
		return false
	}
	if len(s.from.Part.Onward) == 0 {
		c.lose(k, NoPostback, &s)
		return false
	}
	s.Onward = told(s.from.Part.Onward)
	s.want = s.from.Part.Before.ID
	return c.told(k, &s)
}

// told gives the postback that tells most: one that was delivered, else one that
// was tried.
func told(all []Onward) Onward {
	return slices.MinFunc(all, func(a, b Onward) int { return rank(a) - rank(b) })
}

func rank(o Onward) int {
	switch {
	case o.delivered():
		return 0
	case o.Status != 0:
		return 1
	case o.Attempts > 0:
		return 2
	default:
		return 3
	}
}

func (o *Onward) delivered() bool {
	return o.Status >= http.StatusOK && o.Status < http.StatusMultipleChoices
}

// told checks a postback that the receiver has not counted.
func (c *checker) told(k int, s *step) bool {
	reads := s.to.reads(Back)
	s.place = FindIn(Find(s.URL, s.want, reads), s.Body, s.want, reads)
	s.got = s.place.Value
	unread := s.to.Part == nil
	switch {
	case s.URL == "" || s.Status == 0:
		c.lose(k, NotDelivered, s)
	case s.want == "": // it cannot tell what it was not told
		return unread && s.delivered()
	case s.place.Change != Whole:
		c.lose(k, kindOf(s.place.Change), s)
	case len(reads) > 0 && !contains(reads, s.place.Parameter):
		c.lose(k, WrongParameter, s)
	case c.lost[k]: // it gave back faithfully what had been changed before
	case s.refused():
		c.lose(s.culprit(k), Refused, s)
	case unread:
		return true
	default:
		s.got = s.Host
		c.lose(k, Elsewhere, s)
	}
	return false
}

// verdict reads what a Waybill answered.
func (o *Onward) verdict() (v signal.Verdict, ok bool) {
	err := json.Unmarshal([]byte(o.Answer), &v)
	return v, err == nil && v.Code != ""
}

// refused reports whether the receiver would not have the postback.
func (s *step) refused() bool {
	v, ok := s.verdict()
	return !s.delivered() || ok && v.Status == signal.Rejected
}

// culprit gives the hop that must be changed after a refusal: the sender where
// its word or its proof was refused, else the receiver, whose own ID it was.
func (s *step) culprit(k int) int {
	v, ok := s.verdict()
	if !ok {
		return k - 1
	}
	switch v.Code {
	case signal.TransactionIDInvalid, signal.ClickNotFound, signal.OfferInactive, signal.TurnedAway, signal.CapReached,
		signal.AffiliateBlocked, signal.ClickExpired, signal.TooFast, signal.ChannelNotAllowed:
		return k - 1
	default:
		return k
	}
}
