package refresh_test

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"waybill/internal/advertiser"
	"waybill/internal/affiliate"
	"waybill/internal/money"
	"waybill/internal/offer"
	"waybill/internal/settlement"
)

// capped gives a bench whose ledger has one offer with these caps, and as many
// affiliates.
func capped(t *testing.T, affiliates int, caps ...offer.Cap) *bench {
	t.Helper()
	b := newBench(t)
	shop := advertiser.Default()
	shop.ID = 3
	o := offer.Default()
	o.ID, o.AdvertiserID, o.DestinationURL, o.Caps = 5, 3, "https://shop.example/", caps
	s := &b.ledger.source
	s.Advertisers, s.Offers = []advertiser.Advertiser{shop}, []offer.Offer{o}
	s.Goals = []offer.Goal{{ID: 50, OfferID: 5, Code: "default"}, {ID: 51, OfferID: 5, Code: "sale"}}
	for i := range affiliates {
		s.Affiliates = append(s.Affiliates, affiliate.Affiliate{ID: int64(i) + 1, Status: affiliate.Active})
	}
	return b
}

// A bubble's clock begins at midnight UTC on 1 January 2000, a Saturday.
func daily(limit int64) offer.Cap {
	return offer.Cap{Metric: offer.CapConversions, Period: "day", Limit: money.Micros(limit * money.Unit)}
}

func counter(affiliateID int64, period string) settlement.Counter {
	return settlement.Counter{OfferID: 5, AffiliateID: affiliateID, Metric: offer.CapConversions, Period: period}
}

// stopped reports whether visitors of an affiliate are turned away, by the
// catalog published last.
func (b *bench) stopped(affiliateID int64) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.published) == 0 {
		return false
	}
	return b.published[len(b.published)-1].CapReached(5, affiliateID, time.Now())
}

func (b *bench) use(c settlement.Counter, n int64) {
	b.ledger.change(func() {
		if b.ledger.used == nil {
			b.ledger.used = make(map[settlement.Counter]int64)
		}
		b.ledger.used[c] = n
	})
}

func TestACapThatFillsTurnsVisitorsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pass(24*time.Hour - 10*time.Second)
		b := capped(t, 2, daily(10))
		first(t, b)
		b.run(t, func() {
			b.use(counter(0, "day 2000-01-01"), 9)
			pass(3 * time.Second)
			b.wantPublished(t, 0, 0)
			b.use(counter(0, "day 2000-01-01"), 10)
			pass(1200 * time.Millisecond)
			b.wantPublished(t, 1, 1)
			if !b.stopped(1) || !b.stopped(2) {
				t.Error("visitors still go to an offer whose cap is used up")
			}
			b.use(counter(0, "day 2000-01-01"), 9) // one was rejected
			pass(1200 * time.Millisecond)
			if b.stopped(1) {
				t.Error("visitors are turned away though the cap has room again")
			}
			b.use(counter(0, "day 2000-01-01"), 11)
			pass(time.Second)
			if !b.stopped(1) {
				t.Error("visitors still go to an offer whose cap is used up again")
			}
			pass(6 * time.Second)
			if b.stopped(1) {
				t.Error("visitors are turned away on the day after")
			}
		})
	})
}

func TestACapEndsWithItsPeriodWhileTheLedgerIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := capped(t, 1, daily(10))
		b.use(counter(0, "day 2000-01-01"), 10)
		if c := first(t, b); !c.CapReached(5, 1, time.Now()) || c.CapReached(5, 1, time.Now().Add(24*time.Hour)) {
			t.Error("First() gives a catalog that does not know of the cap, or not of its end")
		}
	})
}

func TestCapsOfEachAffiliateTakeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		each := daily(10)
		each.PerAffiliate = true
		b := capped(t, 1200, each)
		b.use(counter(1150, "day 2000-01-01"), 10)
		first(t, b)
		b.run(t, func() {
			pass(5 * time.Second)
			if !b.stopped(1150) || b.stopped(1) {
				t.Errorf("stopped(1150) = %t, stopped(1) = %t; want true, false", b.stopped(1150), b.stopped(1))
			}
			b.ledger.change(func() { b.ledger.source.Version = 2 })
			pass(300 * time.Millisecond)
			if v, _ := b.latest(); v != 2 || !b.stopped(1150) {
				t.Errorf("a new catalog of version %d forgets the cap: stopped(1150) = %t", v, b.stopped(1150))
			}
			b.use(counter(1150, "day 2000-01-01"), 9)
			pass(1200 * time.Millisecond) // what is used up is asked for each time
			if b.stopped(1150) {
				t.Error("visitors are turned away though the cap has room again")
			}
		})
		for _, asked := range b.ledger.asked {
			if len(asked) > 501 {
				t.Errorf("one round asks for %d counters, want at most 501", len(asked))
			}
		}
	})
}

func TestCapsThatDoNotTurnVisitorsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pending, goal, blocked := daily(1), daily(1), daily(1)
		pending.OnReached = "pending"
		goal.Goal = "sale"
		blocked.PerAffiliate = true
		b := capped(t, 1, pending, goal, blocked)
		b.ledger.source.Affiliates[0].Status = affiliate.Blocked
		first(t, b)
		b.run(t, func() { pass(5 * time.Second) })
		if len(b.ledger.asked) != 0 {
			t.Errorf("the ledger was asked for %v, want nothing", b.ledger.asked)
		}
	})
}

func TestACapOnTheOnlyGoalTurnsVisitorsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		only := offer.Cap{Metric: offer.CapPayout, Period: "total", Limit: 100 * money.Unit, Goal: "DEFAULT"}
		b := capped(t, 1, only)
		b.ledger.source.Goals = b.ledger.source.Goals[:1]
		b.use(settlement.Counter{OfferID: 5, Goal: "default", Metric: offer.CapPayout, Period: "total"}, 100*money.Unit)
		if c := first(t, b); !c.CapReached(5, 1, time.Now().AddDate(10, 0, 0)) {
			t.Errorf("CapReached() = false, want true for ever; asked for %v", b.ledger.asked)
		}
	})
}

func TestCapsStayWhenTheirUseCannotBeRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := capped(t, 1, daily(10))
		b.use(counter(0, "day 2000-01-01"), 10)
		c := first(t, b)
		b.run(t, func() {
			b.ledger.change(func() { b.ledger.usedErr, b.ledger.source.Version = errors.New("locked"), 2 })
			pass(time.Second)
			if v, _ := b.latest(); v != 2 || !b.stopped(1) {
				t.Errorf("version %d forgets the cap", v)
			}
		})
		if !slices.Equal(c.Source().CapsReached, b.published[0].Source().CapsReached) {
			t.Errorf("CapsReached = %v, want %v", b.published[0].Source().CapsReached, c.Source().CapsReached)
		}
	})
}
