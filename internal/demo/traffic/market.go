package traffic

import (
	"fmt"
	"math/rand/v2"
	"slices"
)

// market is the network's catalog: what is to be sold, and who brings whom.
type market struct {
	offers     []offer
	affiliates []affiliate
	affiliate  *alias
	sources    []string
	referrers  []string
	plans      []string
	items      *alias
}

// offer is what an offer's traffic is like.
type offer struct {
	id, advertiser, goal int64
	converts             uint32 // out of 2³²: how likely a click that is looked at converts
	sale                 bool   // paid by the amount
	payout, revenue      int64  // micro-units; of a sale, percent
	atOnce               bool   // approved without a decision
}

// affiliate is what an affiliate's traffic is like.
type affiliate struct {
	id         int64
	offers     []int32 // indexes; the first ones have the most of it
	lands      []uint8
	sources    []uint8
	taste      int
	campaigns  int
	placements int
	placement  uint32 // the first one's number
	creatives  int
	clickIDs   int // the form of its own click IDs; 0 for none
	links      bool
	sub4       bool
	subscribed bool // has postbacks sent
}

func newMarket(p *Plan, c *crowd) *market {
	r := rand.New(rand.NewPCG(p.Seed, 0)) //nolint:gosec // traffic is drawn, no secrets
	m := &market{
		sources: []string{
			"facebook", "google", "tiktok", "taboola", "outbrain", "push", "pop", "native", "email", "newsletter", "bing", "snapchat",
			"pinterest", "reddit", "x", "telegram", "youtube", "blog", "cashback", "coupon", "search", "sms", "influencer", "organic",
		},
		plans:     []string{"basic", "plus", "pro", "family", "trial"},
		items:     newAlias(zipf(2000, 1.1, 4)),
		affiliate: newAlias(zipf(p.Affiliates, 1.1, 4)),
	}
	for i := range 40 {
		m.referrers = append(m.referrers, fmt.Sprintf("https://site%d.example/%s", i+1, m.sources[i%len(m.sources)]))
	}
	m.offers = make([]offer, p.Offers)
	for i := range m.offers {
		m.offers[i] = newOffer(r, int64(i))
	}
	popular := newAlias(zipf(p.Offers, 1.1, 4))
	m.affiliates = make([]affiliate, p.Affiliates)
	for i := range m.affiliates {
		m.affiliates[i] = m.newAffiliate(r, c, popular, i)
	}
	return m
}

// newOffer draws the offer with an index. Ten offers share an advertiser.
func newOffer(r *rand.Rand, i int64) offer {
	o := offer{
		id: i + 1, advertiser: i/10 + 1, goal: 10*i + 1,
		converts: 1<<28 + r.Uint32N(1<<31), sale: r.IntN(5) < 2, atOnce: r.IntN(100) < 55,
	}
	if o.sale {
		o.payout, o.revenue = 5+r.Int64N(8), 14+r.Int64N(4)
		return o
	}
	o.payout = (1 + r.Int64N(80)) * 500_000
	o.revenue = o.payout + o.payout*(10+r.Int64N(30))/100
	return o
}

// newAffiliate draws the affiliate with an index. The large ones come first and
// run more offers.
func (m *market) newAffiliate(r *rand.Rand, c *crowd, popular *alias, i int) affiliate {
	a := affiliate{
		id: int64(i) + 1, campaigns: 3 + r.IntN(20), placements: 200 + r.IntN(4800), placement: 1_000_000 + 20_000*r.Uint32N(40),
		creatives: 4 + r.IntN(40), links: r.IntN(10) == 0, sub4: r.IntN(20) == 0, subscribed: r.IntN(10) < 6,
	}
	a.taste = []int{anyDevice, anyDevice, anyDevice, phonesAlone, phonesAlone, desktopsAlone}[r.IntN(6)]
	if r.IntN(10) < 6 {
		a.clickIDs = 1 + r.IntN(3)
	}
	most := 6
	if i < 100 {
		most = 14
	}
	for range 1 + r.IntN(most) {
		if o := int32(popular.draw(r)); !slices.Contains(a.offers, o) { //nolint:gosec // an index
			a.offers = append(a.offers, o)
		}
	}
	for range 1 + r.IntN(5) {
		if l := uint8(c.land.draw(r)); !slices.Contains(a.lands, l) { //nolint:gosec // one of 200
			a.lands = append(a.lands, l)
		}
	}
	for range 1 + r.IntN(3) {
		if s := uint8(r.IntN(len(m.sources))); !slices.Contains(a.sources, s) { //nolint:gosec // one of 24
			a.sources = append(a.sources, s)
		}
	}
	return a
}
