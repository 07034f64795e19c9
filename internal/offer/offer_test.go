package offer_test

import (
	"errors"
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"waybill/internal/money"
	"waybill/internal/offer"
	"waybill/internal/visitor"
)

func TestOpen(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	tests := []struct {
		name  string
		offer offer.Offer
		want  offer.Refusal
	}{
		{"an active offer is open", offer.Offer{Status: offer.Active}, offer.Taken},
		{"a paused one is not", offer.Offer{Status: offer.Paused}, offer.IsPaused},
		{"an archived one has ended", offer.Offer{Status: offer.Archived}, offer.Ended},
		{"one that begins now is open", offer.Offer{Status: offer.Active, StartsAt: noon}, offer.Taken},
		{"one that begins later is not", offer.Offer{Status: offer.Active, StartsAt: noon.Add(1)}, offer.NotStarted},
		{"one that ends now has ended", offer.Offer{Status: offer.Active, EndsAt: noon}, offer.Ended},
		{"one that ends later is open", offer.Offer{Status: offer.Active, EndsAt: noon.Add(1)}, offer.Taken},
		{"a paused one that has ended is paused", offer.Offer{Status: offer.Paused, EndsAt: noon}, offer.IsPaused},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := tt.offer.Open(noon); got != tt.want {
				t.Errorf("Open() = %q, want %q", got, tt.want)
			}
		})
	}
}

func TestStartStatus(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name       string
		change     func(*offer.Offer, *offer.Goal)
		clientSide bool
		want       string
	}{
		{"a server's is the offer's", func(*offer.Offer, *offer.Goal) {}, false, "approved"},
		{"a server's is the goal's if it has one", func(_ *offer.Offer, g *offer.Goal) { g.DefaultStatus = "hold" }, false, "hold"},
		{"a browser's waits where servers are heard", func(*offer.Offer, *offer.Goal) {}, true, "pending"},
		{"a browser's waits whatever the goal says", func(_ *offer.Offer, g *offer.Goal) { g.DefaultStatus = "hold" }, true, "pending"},
		{"a browser's is the offer's where they are not", func(o *offer.Offer, _ *offer.Goal) { o.Channels = []string{"pixel", "sdk"} }, true, "approved"},
		{"a browser's is what the offer says of it", func(o *offer.Offer, _ *offer.Goal) { o.ClientSideStatus = "hold" }, true, "hold"},
		{"a server's is not what the offer says of a browser's", func(o *offer.Offer, _ *offer.Goal) { o.ClientSideStatus = "hold" }, false, "approved"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			o, g := usual(), offer.NewGoal(5)
			tt.change(&o, &g)
			if got := o.StartStatus(&g, tt.clientSide); got != tt.want {
				t.Errorf("StartStatus() = %q, want %q", got, tt.want)
			}
		})
	}
}

func TestTakes(t *testing.T) {
	t.Parallel()
	phone := visitor.Visitor{Country: "DE", Device: visitor.Mobile, OS: "iOS", Browser: "Safari"}
	tests := []struct {
		name   string
		target offer.Targeting
		who    visitor.Visitor
		want   offer.Refusal
	}{
		{"no list takes all", offer.Targeting{}, phone, offer.Taken},
		{"no list takes the unknown", offer.Targeting{}, visitor.Visitor{}, offer.Taken},
		{"a country on the list", offer.Targeting{Countries: []string{"AT", "de"}}, phone, offer.Taken},
		{"a country not on it", offer.Targeting{Countries: []string{"AT"}}, phone, offer.CountryNotTaken},
		{"an unknown country where a list says who", offer.Targeting{Countries: []string{"AT"}}, visitor.Visitor{}, offer.CountryNotTaken},
		{"an excepted country", offer.Targeting{ExceptCountries: []string{"DE"}}, phone, offer.CountryNotTaken},
		{"an unknown country where some are excepted", offer.Targeting{ExceptCountries: []string{"DE"}}, visitor.Visitor{}, offer.Taken},
		{"a device on the list", offer.Targeting{Devices: []string{"Mobile"}}, phone, offer.Taken},
		{"a device not on it", offer.Targeting{Devices: []string{"desktop"}}, phone, offer.DeviceNotTaken},
		{"a system on the list", offer.Targeting{OS: []string{"ios"}}, phone, offer.Taken},
		{"a system not on it", offer.Targeting{OS: []string{"Android"}}, phone, offer.OSNotTaken},
		{"a browser on the list", offer.Targeting{Browsers: []string{"SAFARI"}}, phone, offer.Taken},
		{"a browser not on it", offer.Targeting{Browsers: []string{"Chrome"}}, phone, offer.BrowserNotTaken},
		{"a person where bots are blocked", offer.Targeting{BlockBots: true}, phone, offer.Taken},
		{"a bot where they are", offer.Targeting{BlockBots: true}, visitor.Visitor{Bot: true}, offer.BotNotTaken},
		{"a bot where they are not", offer.Targeting{}, visitor.Visitor{Bot: true}, offer.Taken},
		{"the country is looked at first", offer.Targeting{Countries: []string{"AT"}, OS: []string{"Android"}, BlockBots: true}, phone, offer.CountryNotTaken},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := tt.target.Takes(tt.who); got != tt.want {
				t.Errorf("Takes() = %q, want %q", got, tt.want)
			}
		})
	}
}

func TestHostAllowed(t *testing.T) {
	t.Parallel()
	list := []string{"shop.example", "*.brand.example"}
	tests := []struct {
		host string
		want bool
	}{
		{"shop.example", true},
		{"SHOP.example", true},
		{"shop.example.", true},
		{"de.shop.example", false},
		{"shop.example.evil.com", false},
		{"evilshop.example", false},
		{"brand.example", false},
		{"www.brand.example", true},
		{"a.b.brand.example", true},
		{"evilbrand.example", false},
		{".brand.example", false},
		{"", false},
		{".", false},
	}
	for _, tt := range tests {
		if got := offer.HostAllowed(list, tt.host); got != tt.want {
			t.Errorf("HostAllowed(%q) = %t, want %t", tt.host, got, tt.want)
		}
	}
	if offer.HostAllowed(nil, "shop.example") {
		t.Error("HostAllowed() of an empty list = true, want false")
	}
}

func cpa(units int64) *offer.Price {
	return &offer.Price{Type: offer.CPA, Amount: money.Micros(units * money.Unit)}
}

func cps(percent int64) *offer.Price {
	return &offer.Price{Type: offer.CPS, Percent: money.Percent(percent * money.Unit)}
}

type priceTest struct {
	name            string
	change          func(*offer.Offer, *offer.Goal)
	terms           []offer.Term
	sale            int64 // units; negative: nobody told
	partner         *int64
	payout, revenue int64 // micro-units
	term            string
	err             error
}

func TestPriced(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	who := offer.Fit{AffiliateID: 7, Goal: "sale", Country: "DE", At: at}
	for _, tt := range append(standardPrices(), termPrices(at)...) {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			o, g := usual(), offer.NewGoal(5)
			g.Code = "sale"
			if tt.change != nil {
				tt.change(&o, &g)
			}
			payout, revenue, term, err := o.Priced(&g, tt.terms, who, max(tt.sale, 0)*money.Unit, tt.sale >= 0, tt.partner)
			if payout != tt.payout || revenue != tt.revenue || term != tt.term || !errors.Is(err, tt.err) {
				t.Errorf("Priced() = %d, %d, %q, %v; want %d, %d, %q, %v", payout, revenue, term, err, tt.payout, tt.revenue, tt.term, tt.err)
			}
		})
	}
}

func standardPrices() []priceTest {
	three := int64(3_000_000)
	return []priceTest{
		{name: "the offer's price", sale: -1, payout: 10_000_000, revenue: 12_500_000, term: "offer"},
		{
			name: "the goal's price", sale: -1, payout: 1_000_000, revenue: 2_000_000, term: "goal sale",
			change: func(_ *offer.Offer, g *offer.Goal) { g.Payout, g.Revenue = cpa(1), cpa(2) },
		},
		{
			name: "the goal's payout and the offer's revenue", sale: -1, payout: 1_000_000, revenue: 12_500_000, term: "payout by goal sale; revenue by offer",
			change: func(_ *offer.Offer, g *offer.Goal) { g.Payout = cpa(1) },
		},
		{
			name: "a percentage", sale: 200, payout: 10_000_000, revenue: 20_000_000, term: "offer",
			change: func(o *offer.Offer, _ *offer.Goal) { o.Payout, o.Revenue = *cps(5), *cps(10) },
		},
		{
			name: "a percentage of nothing", sale: 0, term: "offer",
			change: func(o *offer.Offer, _ *offer.Goal) { o.Payout, o.Revenue = *cps(5), *cps(10) },
		},
		{
			name: "a fixed part and a percentage", sale: 200, payout: 11_000_000, revenue: 12_500_000, term: "offer",
			change: func(o *offer.Offer, _ *offer.Goal) {
				o.Payout = offer.Price{Type: offer.CPACPS, Amount: money.Unit, Percent: 5 * money.Unit}
			},
		},
		{
			name: "a payout in percent needs the amount", sale: -1, err: offer.ErrAmountMissing,
			change: func(o *offer.Offer, _ *offer.Goal) { o.Payout = *cps(5) },
		},
		{
			name: "a revenue in percent needs it too", sale: -1, err: offer.ErrAmountMissing,
			change: func(o *offer.Offer, _ *offer.Goal) { o.Revenue = *cps(5) },
		},
		{
			name: "no percent needs none", sale: -1, revenue: 12_500_000, term: "offer",
			change: func(o *offer.Offer, _ *offer.Goal) { o.Payout = *cps(0) },
		},
		{
			name: "the partner's payout where it may", sale: -1, partner: &three, payout: 3_000_000, revenue: 12_500_000, term: "payout by the postback; revenue by offer",
			change: func(o *offer.Offer, g *offer.Goal) { o.Payout, g.PartnerMaySetPayout = *cps(5), true },
		},
		{name: "not the partner's payout where it may not", sale: -1, partner: &three, payout: 10_000_000, revenue: 12_500_000, term: "offer"},
		{
			name: "the offer's payout where the partner names none", sale: -1, payout: 10_000_000, revenue: 12_500_000, term: "offer",
			change: func(_ *offer.Offer, g *offer.Goal) { g.PartnerMaySetPayout = true },
		},
	}
}

func termPrices(at time.Time) []priceTest {
	usual := func(p priceTest) priceTest {
		p.sale = -1
		if p.payout == 0 {
			p.payout = 10_000_000
		}
		p.revenue = 12_500_000
		p.term = "payout by " + p.term + "; revenue by offer"
		return p
	}
	both := priceTest{
		name: "payout and revenue by different terms", sale: -1, payout: 1_000_000, revenue: 4_000_000,
		term: "payout by term 2: affiliate 7; revenue by term 1: everybody",
		terms: []offer.Term{
			{ID: 1, OfferID: 5, Payout: cpa(3), Revenue: cpa(4)},
			{ID: 2, OfferID: 5, AffiliateID: 7, Payout: cpa(1)},
		},
	}
	one := priceTest{
		name: "payout and revenue by one term", sale: -1, payout: 1_000_000, revenue: 2_000_000,
		term:  "term 12: affiliate 7, goal sale, country DE",
		terms: []offer.Term{{ID: 12, OfferID: 5, AffiliateID: 7, Goal: "sale", Country: "de", Payout: cpa(1), Revenue: cpa(2)}},
	}
	none := priceTest{
		name: "terms that do not fit", sale: -1, payout: 10_000_000, revenue: 12_500_000, term: "offer",
		terms: []offer.Term{
			{ID: 1, OfferID: 6, Payout: cpa(1)},
			{ID: 2, OfferID: 5, AffiliateID: 8, Payout: cpa(1)},
			{ID: 3, OfferID: 5, Goal: "lead", Payout: cpa(1)},
			{ID: 4, OfferID: 5, Country: "AT", Payout: cpa(1)},
			{ID: 5, OfferID: 5, From: at.Add(1), Payout: cpa(1)},
			{ID: 6, OfferID: 5, Until: at, Payout: cpa(1)},
		},
	}
	return []priceTest{
		both, one, none,
		usual(priceTest{
			name: "the more conditions win over the newer", payout: 1_000_000, term: "term 1: goal SALE, country DE",
			terms: []offer.Term{{ID: 1, OfferID: 5, Goal: "SALE", Country: "DE", Payout: cpa(1)}, {ID: 2, OfferID: 5, AffiliateID: 7, Payout: cpa(2)}},
		}),
		usual(priceTest{
			name: "the affiliate wins over the goal", payout: 1_000_000, term: "term 1: affiliate 7",
			terms: []offer.Term{{ID: 2, OfferID: 5, Goal: "sale", Payout: cpa(2)}, {ID: 1, OfferID: 5, AffiliateID: 7, Payout: cpa(1)}},
		}),
		usual(priceTest{
			name: "the goal wins over the country", payout: 2_000_000, term: "term 2: goal sale",
			terms: []offer.Term{{ID: 2, OfferID: 5, Goal: "sale", Payout: cpa(2)}, {ID: 3, OfferID: 5, Country: "DE", Payout: cpa(1)}},
		}),
		usual(priceTest{
			name: "the newer of equals wins", payout: 2_000_000, term: "term 9: affiliate 7",
			terms: []offer.Term{{ID: 9, OfferID: 5, AffiliateID: 7, Payout: cpa(2)}, {ID: 3, OfferID: 5, AffiliateID: 7, Payout: cpa(1)}},
		}),
		usual(priceTest{
			name: "a term holds from its first instant to its last", payout: 2_000_000, term: "term 3: everybody",
			terms: []offer.Term{{ID: 3, OfferID: 5, From: at, Until: at.Add(1), Payout: cpa(2)}},
		}),
		usual(priceTest{
			name: "a term wins over the goal's own price", payout: 2_000_000, term: "term 3: affiliate 7",
			change: func(_ *offer.Offer, g *offer.Goal) { g.Payout = cpa(50) },
			terms:  []offer.Term{{ID: 3, OfferID: 5, AffiliateID: 7, Payout: cpa(2)}},
		}),
	}
}

func TestPricedRefusesWhatDoesNotFit(t *testing.T) {
	t.Parallel()
	o, g := usual(), offer.NewGoal(5)
	o.Revenue = offer.Price{Type: offer.CPACPS, Amount: math.MaxInt64 / 2, Percent: money.MaxPercent}
	payout, revenue, term, err := o.Priced(&g, nil, offer.Fit{}, money.Max, true, nil)
	if err == nil || errors.Is(err, offer.ErrAmountMissing) || payout != 0 || revenue != 0 || term != "" {
		t.Errorf("Priced() = %d, %d, %q, %v; want nothing and an error", payout, revenue, term, err)
	}
}

func TestPeriodAt(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, period, zone, at string
		key, ends              string
	}{
		{"a day", "day", "", "2026-11-22T23:59:59.999999999Z", "day 2026-11-22", "2026-11-23T00:00:00Z"},
		{"a day that begins", "day", "UTC", "2026-11-23T00:00:00Z", "day 2026-11-23", "2026-11-24T00:00:00Z"},
		{"a day elsewhere", "day", "Europe/Berlin", "2026-11-22T23:30:00Z", "day 2026-11-23 Europe/Berlin", "2026-11-23T23:00:00Z"},
		{"a Sunday is the week's last day", "week", "", "2026-11-22T12:00:00Z", "week 2026-11-16", "2026-11-23T00:00:00Z"},
		{"a Monday is its first", "week", "", "2026-11-23T00:00:00Z", "week 2026-11-23", "2026-11-30T00:00:00Z"},
		{"a week over the end of the year", "week", "", "2027-01-01T00:00:00Z", "week 2026-12-28", "2027-01-04T00:00:00Z"},
		{"a week in which the clocks change", "week", "Europe/Berlin", "2026-10-25T12:00:00Z", "week 2026-10-19 Europe/Berlin", "2026-10-25T23:00:00Z"},
		{"a month", "month", "", "2026-12-31T23:59:59Z", "month 2026-12", "2027-01-01T00:00:00Z"},
		{"a month elsewhere", "month", "America/New_York", "2027-01-01T04:59:59Z", "month 2026-12 America/New_York", "2027-01-01T05:00:00Z"},
		{"all time", "total", "Europe/Berlin", "2026-11-22T12:00:00Z", "total", "0001-01-01T00:00:00Z"},
		{"a day that begins at one", "day", "America/Havana", "2016-03-13T04:59:59Z", "day 2016-03-12 America/Havana", "2016-03-13T05:00:00Z"},
		{"a day whose first hour comes twice", "day", "America/Havana", "2016-11-06T03:59:59Z", "day 2016-11-05 America/Havana", "2016-11-06T04:00:00Z"},
		{"the second of these hours", "day", "America/Havana", "2016-11-06T05:30:00Z", "day 2016-11-06 America/Havana", "2016-11-07T05:00:00Z"},
		{"a day whose first hour comes twice, in the east", "day", "Asia/Jerusalem", "2003-10-02T20:59:59Z", "day 2003-10-02 Asia/Jerusalem", "2003-10-02T21:00:00Z"},
		{"a day that a country left out", "day", "Pacific/Apia", "2011-12-30T09:00:00Z", "day 2011-12-29 Pacific/Apia", "2011-12-30T10:00:00Z"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			at, err := time.Parse(time.RFC3339Nano, tt.at)
			if err != nil {
				t.Fatal(err)
			}
			c := offer.Cap{Period: tt.period, TimeZone: tt.zone}
			key, ends := c.PeriodAt(at)
			if key != tt.key || ends.Format(time.RFC3339Nano) != tt.ends {
				t.Errorf("PeriodAt(%s) = %q, %s; want %q, %s", tt.at, key, ends.Format(time.RFC3339Nano), tt.key, tt.ends)
			}
		})
	}
}

// TestPeriodsMeet holds the end of each period to the beginning of the next,
// wherever the clocks are changed.
func TestPeriodsMeet(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := offer.Cap{
			Period:   rapid.SampledFrom([]string{"day", "week", "month"}).Draw(t, "period"),
			TimeZone: rapid.SampledFrom([]string{"", "Europe/Berlin", "America/Havana", "Asia/Beirut", "Asia/Jerusalem", "Asia/Amman", "America/Sao_Paulo", "Atlantic/Azores", "Australia/Lord_Howe", "Asia/Kolkata"}).Draw(t, "zone"),
		}
		at := time.Unix(rapid.Int64Range(1_000_000_000, 2_000_000_000).Draw(t, "at"), 0)
		key, ends := c.PeriodAt(at)
		last, _ := c.PeriodAt(ends.Add(-1))
		next, _ := c.PeriodAt(ends)
		if !ends.After(at) || last != key || next == key {
			t.Errorf("PeriodAt(%s) = %q until %s; just before that it is %q, then %q", at.UTC(), key, ends, last, next)
		}
	})
}

func TestCap(t *testing.T) {
	t.Parallel()
	count := offer.Cap{Metric: offer.CapConversions, Limit: 100 * money.Unit, Goal: "sale"}
	pay := offer.Cap{Metric: offer.CapPayout, Limit: 100 * money.Unit, OnReached: "pending"}
	if got := count.Max(); got != 100 {
		t.Errorf("Max() of 100 conversions = %d", got)
	}
	if got := pay.Max(); got != 100*money.Unit {
		t.Errorf("Max() of a payout of 100 = %d, want micro-units", got)
	}
	if count.Pends() || !pay.Pends() {
		t.Errorf("Pends() = %t and %t, want false and true", count.Pends(), pay.Pends())
	}
	if !count.Counts("SALE") || count.Counts("lead") || !pay.Counts("lead") {
		t.Error("Counts() takes another goal's conversions, or not its own")
	}
}
