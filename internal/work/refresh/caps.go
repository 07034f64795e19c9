package refresh

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"strings"
	"time"

	"waybill/internal/affiliate"
	"waybill/internal/catalog"
	"waybill/internal/offer"
	"waybill/internal/settlement"
)

// maxAsked bounds how many counters of single affiliates are asked for in one
// round. Where there are more, they take turns.
const maxAsked = 500

// caps is what of a catalog can turn visitors away: caps that refuse all that
// an offer counts. One of a single goal among several does not, nor one beyond
// which conversions only wait.
type caps struct {
	shared     []bound         // everybody's together
	each       []bound         // each affiliate's
	affiliates []int64         // who may send visitors
	turn       int             // the next of each × affiliates to be asked for
	reached    map[owned]int64 // until when, in Unix seconds; 0 for ever
}

// bound is one cap of an offer; goal is that of its counter.
type bound struct {
	offerID int64
	cap     offer.Cap
	goal    string
}

// owned is one holder's part of a cap.
type owned struct {
	bound       bound
	affiliateID int64 // 0 when it is everybody's
}

// capsOf gives the caps of a catalog. What was used up before, of a cap that is
// still the same, is so until it is asked for again.
func capsOf(c *catalog.Catalog, before map[owned]int64) caps {
	all := caps{reached: make(map[owned]int64)}
	for o := range c.Offers() {
		if o.Status != offer.Active {
			continue
		}
		for i := range o.Caps {
			k := &o.Caps[i]
			goal, whole := bounds(o, k)
			switch {
			case k.Pends() || !whole:
			case k.PerAffiliate:
				all.each = append(all.each, bound{o.ID, *k, goal})
			default:
				all.shared = append(all.shared, bound{o.ID, *k, goal})
			}
		}
	}
	for a := range c.Affiliates() {
		if a.Status == affiliate.Active {
			all.affiliates = append(all.affiliates, a.ID)
		}
	}
	all.keep(before)
	return all
}

// keep takes over what was used up of caps that are still the same.
func (c *caps) keep(before map[owned]int64) {
	for o, until := range before {
		if slices.Contains(c.each, o.bound) || slices.Contains(c.shared, o.bound) {
			c.reached[o] = until
		}
	}
}

// bounds gives the goal of a cap's counter, and whether the cap bounds all that
// the offer counts.
func bounds(o *catalog.Offer, k *offer.Cap) (goal string, whole bool) {
	if k.Goal == "" {
		return "", true
	}
	if len(o.Goals) == 1 && strings.EqualFold(o.Goals[0].Code, k.Goal) {
		return o.Goals[0].Code, true
	}
	return "", false
}

// fill asks which caps are used up, and puts that into the present catalog. A
// failure leaves them as they were: it only lets visitors through whose
// conversions the ledger refuses.
func (w *Worker) fill(ctx context.Context) {
	now := time.Now()
	w.capsAt = now.Add(or(w.CapsEvery, defaultCapsEvery))
	due := w.caps.due()
	if len(due) == 0 && len(w.current.Source().CapsReached) == 0 {
		return
	}
	asking, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	asked, ends := counters(due, now)
	used, err := w.Ledger.Used(asking, asked)
	if err != nil {
		if ctx.Err() == nil {
			w.Log.LogAttrs(ctx, slog.LevelWarn, "use of caps cannot be read", slog.Any("error", err))
		}
		return
	}
	for i, d := range due {
		if used[asked[i]] >= d.bound.cap.Max() {
			w.caps.reached[d] = ends[i]
		} else {
			delete(w.caps.reached, d)
		}
	}
	if reached := w.caps.list(); !slices.Equal(reached, w.current.Source().CapsReached) {
		w.current = w.current.WithCaps(reached)
	}
}

// due gives what to ask for in this round: what everybody shares, what was used
// up when it was last asked for, and of the rest the next in turn.
func (c *caps) due() []owned {
	var all []owned
	for _, k := range c.shared {
		all = append(all, owned{k, 0})
	}
	for o := range c.reached {
		if o.affiliateID != 0 {
			all = append(all, o)
		}
	}
	total := len(c.each) * len(c.affiliates)
	for range min(total, maxAsked) {
		o := owned{c.each[c.turn/len(c.affiliates)], c.affiliates[c.turn%len(c.affiliates)]}
		if _, asked := c.reached[o]; !asked {
			all = append(all, o)
		}
		c.turn = (c.turn + 1) % total
	}
	return all
}

// counters gives the counters of the periods that are now, and when those end,
// in Unix seconds.
func counters(due []owned, now time.Time) (all []settlement.Counter, ends []int64) {
	type period struct {
		key  string
		ends int64
	}
	periods := make(map[bound]period) // reckoned once for all affiliates
	for _, d := range due {
		k := &d.bound.cap
		p, known := periods[d.bound]
		if !known {
			key, at := k.PeriodAt(now)
			p.key = key
			if !at.IsZero() {
				p.ends = at.Unix()
			}
			periods[d.bound] = p
		}
		all = append(all, settlement.Counter{
			OfferID: d.bound.offerID, AffiliateID: d.affiliateID, Goal: d.bound.goal, Metric: k.Metric, Period: p.key,
		})
		ends = append(ends, p.ends)
	}
	return all, ends
}

// list gives what is used up, in an order that depends on nothing else.
func (c *caps) list() []catalog.CapReached {
	var all []catalog.CapReached
	for o, until := range c.reached {
		all = append(all, catalog.CapReached{OfferID: o.bound.offerID, AffiliateID: o.affiliateID, Until: until})
	}
	slices.SortFunc(all, func(a, b catalog.CapReached) int {
		return cmp.Or(cmp.Compare(a.OfferID, b.OfferID), cmp.Compare(a.AffiliateID, b.AffiliateID), cmp.Compare(a.Until, b.Until))
	})
	return slices.Compact(all)
}
