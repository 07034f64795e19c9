package settlement

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"waybill/internal/conversion"
	"waybill/internal/money"
	"waybill/internal/offer"
	"waybill/internal/signal"
)

// bound is a cap that fits the signal, in the period of its receipt.
type bound struct {
	counter Counter
	max     int64
	ends    time.Time // zero when it never does
	pends   bool
}

// bounds gives the caps that fit the conversions of an affiliate.
func (h *hearing) bounds(affiliateID int64) []bound {
	if h.test {
		return nil
	}
	var all []bound
	for i := range h.offer.Caps {
		c := &h.offer.Caps[i]
		if !c.Counts(h.goal.Code) {
			continue
		}
		b := bound{counter: Counter{OfferID: h.offer.ID, Metric: c.Metric}, max: c.Max(), pends: c.Pends()}
		if c.PerAffiliate {
			b.counter.AffiliateID = affiliateID
		}
		if c.Goal != "" {
			b.counter.Goal = h.goal.Code
		}
		b.counter.Period, b.ends = c.PeriodAt(h.s.ReceivedAt)
		all = append(all, b)
	}
	return all
}

// counters gives the counters of caps, each once, in the order in which
// everybody locks them.
func counters(caps []bound) []Counter {
	var all []Counter
	for _, b := range caps {
		all = append(all, b.counter)
	}
	return inOrder(all)
}

// inOrder puts counters in the order in which everybody locks them, each once.
func inOrder(all []Counter) []Counter {
	slices.SortFunc(all, func(a, b Counter) int {
		return cmp.Or(
			cmp.Compare(a.OfferID, b.OfferID), cmp.Compare(a.AffiliateID, b.AffiliateID),
			cmp.Compare(a.Goal, b.Goal), cmp.Compare(a.Metric, b.Metric), cmp.Compare(a.Period, b.Period),
		)
	})
	return slices.Compact(all)
}

// take gives next its part of the caps, in place of what before had, and what
// that adds to the counters. before is the zero Conversion for a new one. If
// next does not fit, it gives the cap that is in the way: one that refuses
// before one that pends.
func (h *hearing) take(used map[Counter]int64, before, next *conversion.Conversion) (map[Counter]int64, *bound) {
	have := h.taken(before)
	want := h.wanted(have, before, next)
	use := make(map[Counter]int64)
	var over *bound
	for i, b := range h.caps {
		more := want[b.counter] - have[b.counter]
		if more > 0 && more > b.max-used[b.counter] && (over == nil || over.pends) {
			over = &h.caps[i]
		}
		if more != 0 {
			use[b.counter] = more
		}
	}
	if over != nil {
		return nil, over
	}
	next.Memory.CapUse = h.noted(before, want)
	return use, nil
}

// taken gives what c has of the caps at hand. What it took in a period that is
// over, or of a cap that is no more, is not among them.
func (h *hearing) taken(c *conversion.Conversion) map[Counter]int64 {
	have := make(map[Counter]int64)
	for _, u := range c.Memory.CapUse {
		if k := counterOf(c.OfferID, u); h.holds(k) {
			have[k] = u.Units
		}
	}
	return have
}

func counterOf(offerID int64, u conversion.CapUse) Counter {
	return Counter{OfferID: offerID, AffiliateID: u.AffiliateID, Goal: u.Goal, Metric: u.Metric, Period: u.Period}
}

func (h *hearing) holds(k Counter) bool {
	return slices.ContainsFunc(h.caps, func(b bound) bool { return b.counter == k })
}

// wanted gives what next is to have of the caps at hand: nothing when it is
// rejected, all when it begins to count, and else the same ones as before.
func (h *hearing) wanted(have map[Counter]int64, before, next *conversion.Conversion) map[Counter]int64 {
	want := make(map[Counter]int64)
	if next.Status == conversion.Rejected {
		return want
	}
	begins := before.Version == 0 || before.Status == conversion.Rejected
	for _, b := range h.caps {
		if _, has := have[b.counter]; has || begins {
			want[b.counter] = units(b.counter.Metric, next)
		}
	}
	return want
}

func units(metric string, c *conversion.Conversion) int64 {
	switch metric {
	case offer.CapConversions:
		return 1
	case offer.CapPayout:
		return c.Payout.Units
	case offer.CapRevenue:
		return c.Revenue.Units
	default:
		return 0
	}
}

// noted gives the notes of a conversion that had those of before and has want
// of the caps at hand.
func (h *hearing) noted(before *conversion.Conversion, want map[Counter]int64) []conversion.CapUse {
	var all []conversion.CapUse
	for _, u := range before.Memory.CapUse {
		if !h.holds(counterOf(before.OfferID, u)) {
			all = append(all, u)
		}
	}
	for _, k := range counters(h.caps) {
		if n, ok := want[k]; ok {
			all = append(all, conversion.CapUse{
				AffiliateID: k.AffiliateID, Goal: k.Goal, Metric: k.Metric, Period: k.Period, Units: n,
			})
		}
	}
	return all
}

// reached is the refusal of what goes beyond a cap. What a cap of money counts
// is the network's business: its sender may be an advertiser, who knows no
// payouts, and its affiliate, who knows no revenue, reads what the sender is
// told.
func (b *bound) reached(used int64) *refusal {
	k := b.counter
	fits := "in " + k.Period
	if k.Goal != "" {
		fits += " for goal " + k.Goal
	}
	if k.AffiliateID != 0 {
		fits += " for each affiliate"
	}
	counted := fmt.Sprintf("%s of %s %s %s", countOf(k.Metric, used), countOf(k.Metric, b.max), k.Metric, fits)
	d := signal.Detail{Why: "all that it allows " + fits}
	if k.Metric == offer.CapConversions {
		d.Why = counted
	}
	if !b.ends.IsZero() {
		d.Want = b.ends.UTC().Format(time.RFC3339)
	}
	return refuse(signal.CapReached, d, "cap: %s", counted)
}

// countOf writes what a cap of a metric counts.
func countOf(metric string, n int64) string {
	if metric == offer.CapConversions {
		return number(n)
	}
	return money.Micros(n).String()
}
