// Package traffic makes a network's traffic up: months of clicks, conversions
// and what goes with them, as the facts that a warehouse holds.
//
// It stands in for the history of a network that is large and busy, so that
// reports can be tried, measured and shown on it. It is skewed as real traffic
// is: a few offers and affiliates have most of it, an affiliate runs a handful
// of offers in a few countries and buys from thousands of placements, visitors
// come again, nights are quiet, some clicks are made by bots and some are
// turned away.
//
// The same plan gives the same facts, on any number of processors: each hour
// draws from a source of its own. The transaction IDs have the form and the
// time of real ones, but are not sealed with any installation's key.
package traffic

import (
	"time"

	"waybill/internal/fault"
	"waybill/internal/txid"
)

// Plan says how much traffic there is.
type Plan struct {
	Clicks      int64
	Conversions int64
	Days        int
	Offers      int
	Affiliates  int
	Seed        uint64
	Until       time.Time // the midnight, in UTC, after the last day
}

// check says what cannot be made.
func (p *Plan) check() error {
	switch {
	case p.Clicks < 1:
		return fault.At("clicks", "there must be a click at least, not %d", p.Clicks)
	case p.Conversions < 0 || p.Conversions > p.Clicks/10:
		return fault.At("conversions", "%d conversions are not within 0 and a tenth of the clicks", p.Conversions)
	case p.Days < 1 || p.Days > 3660:
		return fault.At("days", "%d days are not within 1 and 3660", p.Days)
	case p.Offers < 1 || p.Offers > txid.MaxOffer:
		return fault.At("offers", "%d offers are not within 1 and %d", p.Offers, txid.MaxOffer)
	case p.Affiliates < 1 || p.Affiliates > txid.MaxAffiliate:
		return fault.At("affiliates", "%d affiliates are not within 1 and %d", p.Affiliates, txid.MaxAffiliate)
	case !p.Until.Equal(p.Until.Truncate(24 * time.Hour)):
		return fault.At("until", "%s is no midnight of UTC", p.Until)
	}
	return nil
}

// Traffic is a network and what happens in it.
type Traffic struct {
	plan   Plan
	crowd  *crowd
	market *market
	heads  heads
	begin  time.Time
	shares []int64 // of each hour, all before it added up; one more than hours
}

// New makes a network by a plan.
func New(p Plan) (*Traffic, error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	h, err := newHeads()
	if err != nil {
		return nil, err
	}
	t := &Traffic{plan: p, crowd: newCrowd(), heads: h, begin: p.Until.UTC().AddDate(0, 0, -p.Days)}
	t.market = newMarket(&p, t.crowd)
	t.shares = t.calendar()
	return t, nil
}

// Hours gives how many hours the traffic spans.
func (t *Traffic) Hours() int { return len(t.shares) - 1 }

// begins gives when an hour begins.
func (t *Traffic) begins(hour int) time.Time { return t.begin.Add(time.Duration(hour) * time.Hour) }

// dayCurve is how much goes on in each hour of a day, in UTC.
func dayCurve() [24]int64 {
	return [...]int64{44, 38, 34, 32, 33, 37, 45, 56, 66, 74, 80, 84, 87, 90, 93, 96, 98, 100, 100, 98, 92, 82, 69, 55}
}

// calendar weighs the hours: days have their curve, weekends are quieter, and
// the network grows a little.
func (t *Traffic) calendar() []int64 {
	shares := make([]int64, 1, 24*t.plan.Days+1)
	var sum int64
	for day := range t.plan.Days {
		weight := int64(1000 + 200*day/t.plan.Days)
		switch t.begin.AddDate(0, 0, day).Weekday() {
		case time.Saturday, time.Sunday:
			weight = weight * 85 / 100
		default:
		}
		for _, share := range dayCurve() {
			sum += weight * share
			shares = append(shares, sum)
		}
	}
	return shares
}

// clicksBefore gives how many clicks come before an hour.
func (t *Traffic) clicksBefore(hour int) int64 {
	return portion(t.plan.Clicks, t.shares[hour], t.shares[t.Hours()])
}

// conversionsBefore gives how many conversions the clicks before an hour make.
func (t *Traffic) conversionsBefore(hour int) int64 {
	return portion(t.plan.Conversions, t.clicksBefore(hour), t.plan.Clicks)
}

// portion gives all×part/whole without overflow for any count of facts that
// fits on a disk.
func portion(all, part, whole int64) int64 {
	return all/whole*part + all%whole*part/whole
}

// heads are the first bytes of IDs, which say version, kind and flags.
type heads struct {
	click      [4]uint8 // by test (1) and turned away (2)
	signal     uint8
	conversion uint8
}

func newHeads() (h heads, err error) {
	ring, err := txid.NewRing([]txid.Key{{Number: 1, Secret: [32]byte{1}}}) // the head alone is used
	if err != nil {
		return h, err
	}
	head := func(p txid.Parts) uint8 {
		p.Time = time.UnixMilli(0)
		id, sealErr := ring.Seal(p)
		if sealErr != nil {
			err = sealErr
		}
		return id.Columns().Head
	}
	for i := range h.click {
		h.click[i] = head(txid.Parts{Kind: txid.Click, Test: i&1 != 0, TurnedAway: i&2 != 0})
	}
	h.signal = head(txid.Parts{Kind: txid.Signal})
	h.conversion = head(txid.Parts{Kind: txid.Conversion})
	return h, err
}
