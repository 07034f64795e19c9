package catalog_test

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"waybill/internal/account"
	"waybill/internal/advertiser"
	"waybill/internal/affiliate"
	"waybill/internal/catalog"
	"waybill/internal/conversion"
	"waybill/internal/delivery"
	"waybill/internal/host"
	"waybill/internal/link"
	"waybill/internal/macro"
	"waybill/internal/offer"
	"waybill/internal/tune"
	"waybill/internal/txid"
)

// source gives a small configuration with one of everything.
func source() catalog.Source {
	noon := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	shop := advertiser.Default()
	shop.ID, shop.Name, shop.Token = 3, "Shop", "t0ken"
	shop.IPAllow = []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24")}
	shop.StatusWords = map[string]string{"sold": "approved"}
	closed := shop
	closed.ID, closed.Status = 4, advertiser.Paused
	spring := offer.Default()
	spring.ID, spring.AdvertiserID, spring.Name = 5, 3, "Spring"
	spring.DestinationURL, spring.FallbackURL = "https://shop.example/?wb={transaction_id}", "https://other.example/"
	spring.Caps = []offer.Cap{{Metric: "conversions", Period: "day", Limit: 100_000_000}}
	plain := spring
	plain.ID, plain.AdvertiserID, plain.FallbackURL, plain.Access = 6, 4, "", offer.Private
	return catalog.Source{
		Version:     17,
		Advertisers: []advertiser.Advertiser{shop, closed},
		Affiliates:  []affiliate.Affiliate{{ID: 7, Name: "Blog", Status: affiliate.Active}, {ID: 8, Name: "Spam", Status: affiliate.Blocked}},
		Offers:      []offer.Offer{spring, plain},
		Goals: []offer.Goal{
			{ID: 50, OfferID: 5, Code: "default", Dedupe: offer.Once, OnRepeat: "ignore"},
			{ID: 51, OfferID: 5, Code: "Sale", Dedupe: offer.PerOrder, OnRepeat: "update", Payout: &offer.Price{Type: offer.CPS, Percent: 7_500_000}},
			{ID: 52, OfferID: 5, Code: "60", Dedupe: offer.Once, OnRepeat: "ignore"},
			{ID: 60, OfferID: 6, Code: "default", Dedupe: offer.Once, OnRepeat: "ignore"},
		},
		Terms: []offer.Term{{ID: 1, OfferID: 5, AffiliateID: 7, Payout: &offer.Price{Type: offer.CPA, Amount: 12_500_000}, From: noon}},
		Links: []link.Link{{Code: "spring", OfferID: 5, AffiliateID: 7, Query: "source=x", Status: link.Active}},
		Access: []offer.Permission{
			{OfferID: 6, AffiliateID: 7, Standing: offer.Approved},
			{OfferID: 5, AffiliateID: 8, Standing: offer.Rejected},
			{OfferID: 6, AffiliateID: 9, Standing: offer.Requested},
		},
		IDMap: []tune.Mapping{{Kind: tune.Offer, TuneID: "1001", WaybillID: 5}},
		Domains: []host.Domain{
			{ID: 1, Host: "go.shop.example", AdvertiserID: 3, Certificate: host.ACME, Status: host.Active},
			{ID: 2, Host: "old.shop.example", AdvertiserID: 3, Certificate: host.None, Status: host.Paused},
		},
		Subscriptions: []delivery.Subscription{
			subscription(1, delivery.Owner{AffiliateID: 7}), subscription(2, delivery.Owner{AdvertiserID: 3}), subscription(3, delivery.Owner{Network: true}),
		},
		Keys: []catalog.HashedKey{
			{Key: account.Key{ID: 1, Role: account.Network, CreatedAt: noon}, Hash: "aa"},
			{Key: account.Key{ID: 2, Role: account.Network, CreatedAt: noon, RevokedAt: &noon}, Hash: "bb"},
		},
		Ring:        []txid.Key{{Number: 1, ActiveFrom: noon, Secret: [32]byte{1}}},
		Settings:    catalog.Settings{FallbackURL: "https://network.example/{sub1}", IdentityKey: []byte("key")},
		CapsReached: []catalog.CapReached{{OfferID: 5, AffiliateID: 8, Until: noon.Unix()}},
	}
}

func subscription(id int64, o delivery.Owner) delivery.Subscription {
	s := delivery.Default()
	s.ID, s.Owner, s.URL = id, o, "https://tracker.example/?c={aff_click_id}"
	return s
}

func build(t testing.TB, s catalog.Source) *catalog.Catalog {
	t.Helper()
	c, err := catalog.New(s)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestLookUps(t *testing.T) {
	t.Parallel()
	c := build(t, source())
	if got := c.Problems(); got != nil {
		t.Errorf("Problems() = %v, want none", got)
	}
	if got := c.Version(); got != 17 {
		t.Errorf("Version() = %d, want 17", got)
	}
	if a, ok := c.Advertiser(3); !ok || a.Name != "Shop" {
		t.Errorf("Advertiser(3) = %+v, %t; want the shop", a, ok)
	}
	if a, ok := c.Affiliate(8); !ok || a.Name != "Spam" {
		t.Errorf("Affiliate(8) = %+v, %t; want the spammer", a, ok)
	}
	if l, ok := c.Link("spring"); !ok || l.Query != "source=x" {
		t.Errorf("Link(spring) = %+v, %t; want the link", l, ok)
	}
	if g, ok := c.Goal(60); !ok || g.OfferID != 6 {
		t.Errorf("Goal(60) = %+v, %t; want offer 6's", g, ok)
	}
	if s, ok := c.Subscription(2); !ok || s.Owner.AdvertiserID != 3 || s.Plan.Host() != "tracker.example" {
		t.Errorf("Subscription(2) = %+v, %t; want the advertiser's, ready to render", s, ok)
	}
	if k, ok := c.KeyByHash("aa"); !ok || k.ID != 1 {
		t.Errorf("KeyByHash(aa) = %+v, %t; want key 1", k, ok)
	}
	if got := string(c.Settings().IdentityKey); got != "key" {
		t.Errorf("Settings() has the identity key %q, want key", got)
	}
	if got := c.Fallback(); got == nil || got.Host() != "network.example" {
		t.Errorf("Fallback() = %v, want the network's", got)
	}
	if _, err := c.Ring().Seal(txid.Parts{Kind: txid.Click, Time: time.Unix(1, 0)}); err != nil {
		t.Errorf("Ring().Seal() = %v", err)
	}
	var offers, affiliates []int64
	for o := range c.Offers() {
		offers = append(offers, o.ID)
	}
	for a := range c.Affiliates() {
		affiliates = append(affiliates, a.ID)
	}
	if !slices.Equal(offers, []int64{5, 6}) || !slices.Equal(affiliates, []int64{7, 8}) {
		t.Errorf("Offers() and Affiliates() give %v and %v", offers, affiliates)
	}
}

func TestLookUpsOfWhatIsNotThere(t *testing.T) {
	t.Parallel()
	c := build(t, source())
	found := map[string]bool{}
	_, found["Advertiser(7)"] = c.Advertiser(7)
	_, found["Affiliate(3)"] = c.Affiliate(3)
	_, found["Offer(0)"] = c.Offer(0)
	_, found["Goal(5)"] = c.Goal(5)
	_, found["Link(SPRING)"] = c.Link("SPRING")
	_, found["Domain(shop.example)"] = c.Domain("shop.example")
	_, found["Domain of nothing"] = c.Domain("")
	_, found["Subscription(9)"] = c.Subscription(9)
	_, found["KeyByHash of a revoked key"] = c.KeyByHash("bb")
	_, found["KeyByHash of nothing"] = c.KeyByHash("")
	for what, ok := range found {
		if ok {
			t.Errorf("%s finds something", what)
		}
	}
}

func TestDomain(t *testing.T) {
	t.Parallel()
	c := build(t, source())
	for header, want := range map[string]int64{
		"go.shop.example": 1, "GO.Shop.Example": 1, "go.shop.example:8443": 1, "go.shop.example.": 1, "old.shop.example": 2,
	} {
		if d, ok := c.Domain(header); !ok || d.ID != want || d.AdvertiserID != 3 {
			t.Errorf("Domain(%q) = %+v, %t; want domain %d", header, d, ok, want)
		}
	}
	var hosts []string
	for d := range c.Domains() {
		hosts = append(hosts, d.Host)
	}
	if want := []string{"go.shop.example", "old.shop.example"}; !slices.Equal(hosts, want) {
		t.Errorf("Domains() = %v, want %v", hosts, want)
	}
}

func TestADomainIsReportedButStays(t *testing.T) {
	t.Parallel()
	s := source()
	s.Domains[0].AdvertiserID = 99
	s.Domains[1].Host = s.Domains[0].Host
	c := build(t, s)
	if d, ok := c.Domain("go.shop.example"); !ok || d.ID != 1 {
		t.Errorf("Domain() = %+v, %t; want the first of that name, since nothing else may answer under it", d, ok)
	}
	if got := c.Problems(); len(got) != 2 || got[0].What != "domain go.shop.example" {
		t.Errorf("Problems() = %v, want the missing advertiser and the name that is there twice", got)
	}
}

func TestOffer(t *testing.T) {
	t.Parallel()
	c := build(t, source())
	o, ok := c.Offer(5)
	if !ok || o.Name != "Spring" || o.Advertiser.ID != 3 || o.Paused() || len(o.Terms) != 1 || len(o.Goals) != 3 {
		t.Fatalf("Offer(5) = %+v, %t; want it with advertiser, terms and goals", o, ok)
	}
	if !o.Destination.Uses(macro.TransactionID) || o.Fallback.Host() != "other.example" {
		t.Errorf("Offer(5) leads to %q, else to %q", o.Destination.Text(), o.Fallback.Text())
	}
	other, _ := c.Offer(6)
	if other.Fallback != nil || !other.Paused() || len(other.Terms) != 0 {
		t.Errorf("Offer(6) = %+v; want it without fallback and terms, its advertiser paused", other)
	}
}

func TestGoalOfAnOffer(t *testing.T) {
	t.Parallel()
	o, _ := build(t, source()).Offer(5)
	tests := []struct {
		named string
		want  int64
	}{
		{"", 50},
		{"default", 50},
		{"SALE", 51},
		{"51", 51},
		{"60", 52}, // the code, not the other offer's goal of that number
		{"52", 52},
		{"lead", 0},
		{"0", 0},
		{"-51", 0},
		{"51 ", 0},
		{"99999999999999999999", 0},
	}
	for _, tt := range tests {
		g, ok := o.Goal(tt.named)
		if ok != (tt.want != 0) || ok && g.ID != tt.want {
			t.Errorf("Goal(%q) = %+v, %t; want goal %d", tt.named, g, ok, tt.want)
		}
	}
}

func TestSubscriptions(t *testing.T) {
	t.Parallel()
	s := source()
	elsewhere := subscription(4, delivery.Owner{AffiliateID: 7})
	elsewhere.OfferID = 6
	sales := subscription(5, delivery.Owner{Network: true})
	sales.Goal = "sale"
	paused := subscription(6, delivery.Owner{Network: true})
	paused.Status = delivery.Paused
	s.Subscriptions = append(s.Subscriptions, subscription(9, delivery.Owner{AffiliateID: 8}), elsewhere, sales, paused,
		subscription(8, delivery.Owner{AdvertiserID: 4}))
	c := build(t, s)
	tests := []struct {
		name                string
		affiliate, offer    int64
		advertiser, another int64
		goal                string
		event               conversion.Event
		want                string
	}{
		{name: "those of all owners, by ID", affiliate: 7, advertiser: 3, offer: 5, goal: "default", event: conversion.EventCreated, want: "[1 2 3]"},
		{name: "another affiliate's", affiliate: 8, advertiser: 3, offer: 5, goal: "default", event: conversion.EventCreated, want: "[2 3 9]"},
		{name: "those of the offer", affiliate: 7, advertiser: 4, offer: 6, goal: "default", event: conversion.EventCreated, want: "[1 3 4 8]"},
		{name: "those of the goal", affiliate: 1, advertiser: 1, offer: 5, goal: "Sale", event: conversion.EventCreated, want: "[3 5]"},
		{name: "nobody of another event", affiliate: 7, advertiser: 3, offer: 5, goal: "default", event: conversion.EventPaid, want: "[]"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			v := conversion.Conversion{AffiliateID: tt.affiliate, AdvertiserID: tt.advertiser, OfferID: tt.offer, GoalCode: tt.goal}
			ids := []int64{}
			for _, s := range c.Subscriptions(&v, tt.event) {
				ids = append(ids, s.ID)
			}
			if got := fmt.Sprint(ids); got != tt.want {
				t.Errorf("Subscriptions() = %s, want %s", got, tt.want)
			}
		})
	}
}

// TestPixels: a conversion fires its own affiliate's pixels, which are owed to
// nobody.
func TestPixels(t *testing.T) {
	t.Parallel()
	s := source()
	pixel := func(id, affiliate int64, change func(*delivery.Subscription)) delivery.Subscription {
		p := subscription(id, delivery.Owner{AffiliateID: affiliate})
		if p.Format = delivery.Image; change != nil {
			change(&p)
		}
		return p
	}
	s.Subscriptions = append(s.Subscriptions,
		pixel(12, 7, func(p *delivery.Subscription) { p.Format = delivery.Iframe }), pixel(11, 7, nil), pixel(13, 8, nil),
		pixel(14, 7, func(p *delivery.Subscription) { p.OfferID = 6 }), pixel(15, 7, func(p *delivery.Subscription) { p.Status = delivery.Paused }),
		pixel(16, 7, func(p *delivery.Subscription) { p.URL = "https://broken.example/{x}" }))
	c := build(t, s)
	v := conversion.Conversion{AffiliateID: 7, AdvertiserID: 3, OfferID: 5, GoalCode: "default"}
	if got := idsOf(c.Pixels(&v, conversion.EventCreated)); got != "[11 12]" {
		t.Errorf("Pixels() = %s, want [11 12]", got)
	}
	if got := idsOf(c.Subscriptions(&v, conversion.EventCreated)); got != "[1 2 3]" {
		t.Errorf("Subscriptions() = %s, want [1 2 3]", got)
	}
}

// TestAlerted: what becomes of a destination is told to its owner and to the
// network.
func TestAlerted(t *testing.T) {
	t.Parallel()
	s := source()
	listener := func(id int64, o delivery.Owner) delivery.Subscription {
		l := subscription(id, o)
		l.Format, l.On = delivery.JSON, []conversion.Event{delivery.EventDestinationOpened}
		return l
	}
	s.Subscriptions = append(s.Subscriptions, listener(13, delivery.Owner{Network: true}), listener(12, delivery.Owner{AffiliateID: 7}),
		listener(14, delivery.Owner{AffiliateID: 8}), listener(15, delivery.Owner{AdvertiserID: 3}))
	c := build(t, s)
	for id, want := range map[int64]string{1: "[12 13]", 2: "[13 15]", 3: "[13]", 13: "[]"} {
		about, ok := c.Subscription(id)
		if !ok {
			t.Fatalf("there is no subscription %d", id)
		}
		if got := idsOf(c.Alerted(about.Subscription, delivery.EventDestinationOpened)); got != want {
			t.Errorf("of subscription %d hear %s, want %s", id, got, want)
		}
	}
}

func idsOf(all []*catalog.Subscription) string {
	ids := []int64{}
	for _, s := range all {
		ids = append(ids, s.ID)
	}
	return fmt.Sprint(ids)
}

func TestAdmits(t *testing.T) {
	t.Parallel()
	c := build(t, source())
	tests := []struct {
		name             string
		offer, affiliate int64
		admits           bool
		standing         offer.Standing
	}{
		{"an open offer admits whoever never asked", 5, 7, true, ""},
		{"an open offer admits whoever was refused while it was not", 5, 8, true, offer.Rejected},
		{"a private one admits who was approved", 6, 7, true, offer.Approved},
		{"a private one admits nobody else", 6, 8, false, ""},
		{"asking is not enough", 6, 9, false, offer.Requested},
	}
	for _, tt := range tests {
		o, _ := c.Offer(tt.offer)
		if got := c.Admits(o, tt.affiliate); got != tt.admits {
			t.Errorf("%s: Admits() = %t, want %t", tt.name, got, tt.admits)
		}
		if got := c.Standing(tt.offer, tt.affiliate); got != tt.standing {
			t.Errorf("%s: Standing() = %q, want %q", tt.name, got, tt.standing)
		}
	}
	o, _ := c.Offer(6)
	if next := c.WithCaps(nil); !next.Admits(o, 7) || next.Admits(o, 8) {
		t.Error("with other caps the catalog admits others")
	}
}

func TestCapReached(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	reached := []catalog.CapReached{
		{OfferID: 5, Until: noon.Unix()},
		{OfferID: 6, AffiliateID: 7},
		{OfferID: 9, Until: noon.Unix()},
		{OfferID: 9, Until: noon.Unix() + 10},
		{OfferID: 9, Until: noon.Unix() + 5},
		{OfferID: 10},
		{OfferID: 10, Until: 1},
	}
	first := build(t, source())
	c := first.WithCaps(reached)
	tests := []struct {
		name             string
		offer, affiliate int64
		at               time.Time
		want             bool
	}{
		{"holds for everybody until it ends", 5, 7, noon.Add(-1), true},
		{"ends with its period", 5, 7, noon, false},
		{"holds for one affiliate, for ever", 6, 7, noon.AddDate(9, 0, 0), true},
		{"does not hold for another", 6, 8, noon, false},
		{"does not hold for nobody", 6, 0, noon, false},
		{"of several the longest holds", 9, 7, noon.Add(9 * time.Second), true},
		{"and no longer", 9, 7, noon.Add(10 * time.Second), false},
		{"for ever is longer than any time", 10, 7, noon, true},
		{"of another offer nothing is known", 7, 7, noon, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := c.CapReached(tt.offer, tt.affiliate, tt.at); got != tt.want {
				t.Errorf("CapReached(%d, %d, %s) = %t, want %t", tt.offer, tt.affiliate, tt.at, got, tt.want)
			}
		})
	}
	if first.CapReached(5, 7, noon.Add(-1)) || !first.CapReached(5, 8, noon.Add(-1)) {
		t.Error("WithCaps() changed the catalog it was called on")
	}
	if _, ok := c.Offer(5); !ok || len(c.Source().CapsReached) != len(reached) {
		t.Error("WithCaps() lost what stood beside the caps, or the caps themselves")
	}
}

func TestProblems(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		change func(*catalog.Source)
		what   string // of the problems, with commas between
		check  func(*catalog.Catalog) bool
	}{
		{
			"an offer with a broken URL judges conversions", func(s *catalog.Source) { s.Offers[0].DestinationURL = "https://a.example/{nonsense}" }, "offer 5",
			func(c *catalog.Catalog) bool {
				o, ok := c.Offer(5)
				return ok && o.Destination == nil && o.Fallback != nil
			},
		},
		{
			"an offer with a broken fallback sends visitors on", func(s *catalog.Source) { s.Offers[0].FallbackURL = "nonsense" }, "offer 5",
			func(c *catalog.Catalog) bool {
				o, ok := c.Offer(5)
				return ok && o.Destination != nil && o.Fallback == nil
			},
		},
		{
			"an offer of nobody is left out, with its goals and terms", func(s *catalog.Source) { s.Offers[0].AdvertiserID = 99 }, "offer 5, goal 50, goal 51, goal 52, term 1",
			func(c *catalog.Catalog) bool {
				_, ok := c.Offer(5)
				_, other := c.Offer(6)
				_, followed := c.Link("spring")
				return !ok && other && followed
			},
		},
		{
			"an offer without its default goal takes the others", func(s *catalog.Source) { s.Goals = s.Goals[1:] }, "offer 5",
			func(c *catalog.Catalog) bool { o, _ := c.Offer(5); _, ok := o.Goal("sale"); return ok },
		},
		{
			"of two with one ID the first counts", func(s *catalog.Source) {
				s.Advertisers[1].ID = 3
				s.Offers[1].ID, s.Offers[1].AdvertiserID = 5, 3
				s.Goals = s.Goals[:3]
				s.Affiliates[1].ID = 7
				s.Links = append(s.Links, link.Link{Code: "spring"})
				s.Subscriptions[2].ID = 1
				s.Keys = append(s.Keys, catalog.HashedKey{Key: account.Key{ID: 3}, Hash: "aa"})
			}, "advertiser 3, affiliate 7, key 3, offer 5, link spring, subscription 1",
			func(c *catalog.Catalog) bool {
				a, _ := c.Affiliate(7)
				l, _ := c.Link("spring")
				s, _ := c.Subscription(1)
				k, _ := c.KeyByHash("aa")
				return a.Name == "Blog" && l.OfferID == 5 && s.Owner.AffiliateID == 7 && k.ID == 1
			},
		},
		{
			"a subscription with a broken URL is owed all the same", func(s *catalog.Source) { s.Subscriptions[0].URL = "https://a.example/{revenue}" }, "subscription 1",
			func(c *catalog.Catalog) bool {
				s, _ := c.Subscription(1)
				owed := c.Subscriptions(&conversion.Conversion{AffiliateID: 7, AdvertiserID: 3, OfferID: 5}, conversion.EventCreated)
				return s.Plan == nil && len(owed) == 3
			},
		},
		{
			"a subscription of nobody is left out", func(s *catalog.Source) { s.Subscriptions[0].Owner = delivery.Owner{} }, "subscription 1",
			func(c *catalog.Catalog) bool { _, ok := c.Subscription(1); return !ok },
		},
		{
			"a broken fallback of the network is none", func(s *catalog.Source) { s.Settings.FallbackURL = "//" }, "settings fallback_url",
			func(c *catalog.Catalog) bool { return c.Fallback() == nil },
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := source()
			tt.change(&s)
			c := build(t, s)
			var what []string
			for _, p := range c.Problems() {
				what = append(what, p.What)
				if p.Err == nil {
					t.Errorf("problem with %s does not say what", p.What)
				}
			}
			if got := strings.Join(slices.Compact(what), ", "); got != tt.what {
				t.Errorf("Problems() = %v; want them with %s", c.Problems(), tt.what)
			}
			if !tt.check(c) {
				t.Error("the catalog does not do with it what it should")
			}
		})
	}
}

func TestNewWithoutKeysFails(t *testing.T) {
	t.Parallel()
	s := source()
	s.Ring = nil
	if c, err := catalog.New(s); err == nil || c != nil {
		t.Errorf("New() without keys = %v, %v; want an error", c, err)
	}
}

func TestTuneIDs(t *testing.T) {
	t.Parallel()
	s := source()
	c, err := catalog.New(s)
	if err != nil {
		t.Fatal(err)
	}
	if got, ok := c.WithCaps(nil).TuneIDs().Resolve(tune.Offer, "1001"); got != 5 || !ok {
		t.Errorf("TUNE's offer 1001 is %d, %t; want 5", got, ok)
	}
	if got, ok := c.TuneIDs().Resolve(tune.Affiliate, "7"); got != 7 || !ok {
		t.Errorf("TUNE's affiliate 7 is %d, %t; want 7, since no affiliate was imported", got, ok)
	}
	s = source()
	s.Settings.TuneIDs = tune.Refuse
	if c, err = catalog.New(s); err != nil {
		t.Fatal(err)
	}
	if got, ok := c.TuneIDs().Resolve(tune.Affiliate, "7"); ok {
		t.Errorf("TUNE's affiliate 7 is %d, want it refused by the settings", got)
	}
}
