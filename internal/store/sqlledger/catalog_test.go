package sqlledger

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"waybill/internal/account"
	"waybill/internal/advertiser"
	"waybill/internal/affiliate"
	"waybill/internal/coupon"
	"waybill/internal/delivery"
	"waybill/internal/fault"
	"waybill/internal/host"
	"waybill/internal/link"
	"waybill/internal/money"
	"waybill/internal/offer"
	"waybill/internal/span"
	"waybill/internal/txid"
	"waybill/internal/user"
)

func newAdvertiser(name string) advertiser.Advertiser {
	a := advertiser.Default()
	a.Name, a.Token, a.SigSecret = name, "tok-"+name, "sig-"+name
	a.PreviousToken, a.PreviousSigSecret = "tok-"+name+"-before", "sig-"+name+"-before"
	a.StatusWords = map[string]string{"ok": "approved"}
	return a
}

func newAffiliate(name string) affiliate.Affiliate {
	a := affiliate.Default()
	a.Name = name
	return a
}

func newOffer(advertiserID int64) offer.Offer {
	o := offer.Default()
	o.AdvertiserID, o.Name, o.DestinationURL = advertiserID, "shoes", "https://shop.example/?t={transaction_id}"
	o.ViewWindow, o.StartsAt = span.Days(1), clock
	o.Payout = offer.Price{Type: offer.CPACPS, Amount: 5 * money.Unit, Percent: 7_500_000}
	o.Caps = []offer.Cap{{Metric: "conversions", Period: "day", Limit: 10 * money.Unit}}
	return o
}

// create adds an entity and fails the test if that fails.
func newDomain(advertiserID int64) host.Domain {
	d := host.Default()
	d.Host, d.AdvertiserID = "go.shop.example", advertiserID
	return d
}

func create[K int64 | string, T any](t testing.TB, table *Table[K, T], value T) T {
	t.Helper()
	row, err := table.Create(t.Context(), value)
	if err != nil {
		t.Fatal(err)
	}
	return row.Value
}

// comesBack creates an entity, changes it, and reads it again each time.
func comesBack[K int64 | string, T any](t *testing.T, table *Table[K, T], value T, key K, change func(*T)) {
	t.Helper()
	row, err := table.Create(t.Context(), value)
	if err != nil {
		t.Errorf("create %s: %v", table.entity.noun, err)
		return
	}
	for version := int64(1); version <= 2; version++ {
		got, err := table.Get(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(row, got, cmpopts.EquateComparable()); diff != "" || got.Version != version {
			t.Errorf("%s of version %d (-saved +read):\n%s", table.entity.noun, got.Version, diff)
		}
		if version == 2 {
			return
		}
		row, err = table.Update(t.Context(), key, 1, func(v *T) error {
			change(v)
			return nil
		})
		if err != nil {
			t.Fatalf("change %s: %v", table.entity.noun, err)
		}
		want := value
		change(&want)
		*table.entity.id(&want) = key
		if diff := cmp.Diff(want, row.Value, cmpopts.EquateComparable()); diff != "" {
			t.Errorf("changed %s (-want +got):\n%s", table.entity.noun, diff)
		}
	}
}

func keepsEntities(t *testing.T, db *DB) {
	comesBack(t, db.Advertisers(), newAdvertiser("ä one"), 1, func(a *advertiser.Advertiser) { a.Status = advertiser.Paused })
	comesBack(t, db.Affiliates(), newAffiliate("one"), 1, func(a *affiliate.Affiliate) { a.Name = "two"; a.ID = 9 })
	comesBack(t, db.Offers(), newOffer(1), 1, func(o *offer.Offer) { o.Caps = nil })
	goal := offer.NewGoal(1)
	goal.Code, goal.Payout = "lead", &offer.Price{Type: offer.CPA, Amount: 3}
	comesBack(t, db.Goals(), goal, 2, func(g *offer.Goal) { g.Code = "sale" })
	comesBack(t, db.Terms(), offer.Term{OfferID: 1, Country: "DE", From: clock}, 1, func(m *offer.Term) { m.AffiliateID = 1 })
	comesBack(t, db.Links(), link.Link{Code: "spring", OfferID: 1, AffiliateID: 1, Status: link.Active}, "spring",
		func(l *link.Link) { l.Status = link.Retired })
	comesBack(t, db.Coupons(), coupon.Coupon{Code: "May10", OfferID: 1, AffiliateID: 1, Status: coupon.Active}, 1,
		func(c *coupon.Coupon) { c.Code, c.Status = "JUNE10", coupon.Retired })
	sub := delivery.Default()
	sub.URL, sub.Owner.AffiliateID = "https://t.example/?c={aff_click_id}", 1
	comesBack(t, db.Subscriptions(), sub, 1, func(s *delivery.Subscription) { s.Status = delivery.Paused })
	comesBack(t, db.Domains(), newDomain(1), 1, func(d *host.Domain) { d.Status = host.Paused })
	if _, err := db.Offers().Get(t.Context(), 77); fault.Of(err) != fault.NotFound {
		t.Errorf("an unknown offer: %v, want NotFound", err)
	}
	if _, err := db.Links().Update(t.Context(), "x", 0, func(*link.Link) error { return nil }); fault.Of(err) != fault.NotFound {
		t.Errorf("a change of an unknown link: %v, want NotFound", err)
	}
}

func listsAnAffiliatesLinks(t *testing.T, db *DB) {
	a := create(t, db.Advertisers(), newAdvertiser("one"))
	first, second := create(t, db.Offers(), newOffer(a.ID)), create(t, db.Offers(), newOffer(a.ID))
	mine, other := create(t, db.Affiliates(), newAffiliate("one")), create(t, db.Affiliates(), newAffiliate("two"))
	for _, l := range []link.Link{
		{Code: "d", OfferID: first.ID, AffiliateID: mine.ID},
		{Code: "a", OfferID: second.ID, AffiliateID: mine.ID},
		{Code: "b", OfferID: first.ID, AffiliateID: other.ID},
		{Code: "c", OfferID: first.ID, AffiliateID: mine.ID, Status: link.Deleted},
	} {
		create(t, db.Links(), l)
	}
	for _, tt := range []struct {
		name string
		list List[string]
		want string
	}{
		{"an affiliate's", List[string]{Affiliate: mine.ID}, "a c d"},
		{"those behind one", List[string]{Affiliate: mine.ID, After: "a"}, "c d"},
		{"so many of them", List[string]{Affiliate: mine.ID, Limit: 2}, "a c"},
		{"an affiliate's to one offer", List[string]{Affiliate: mine.ID, Offer: first.ID}, "c d"},
		{"another affiliate's", List[string]{Affiliate: other.ID}, "b"},
		{"everybody's", List[string]{}, "a b c d"},
	} {
		rows, err := db.Links().List(t.Context(), tt.list)
		if err != nil {
			t.Fatal(err)
		}
		var codes []string
		for _, row := range rows {
			codes = append(codes, row.Value.Code)
		}
		if got := strings.Join(codes, " "); got != tt.want {
			t.Errorf("%s: links %s, want %s", tt.name, got, tt.want)
		}
	}
}

func refusesStale(t *testing.T, db *DB) {
	a := create(t, db.Advertisers(), newAdvertiser("one"))
	rename := func(name string) func(*advertiser.Advertiser) error {
		return func(a *advertiser.Advertiser) error { a.Name += name; return nil }
	}
	if _, err := db.Advertisers().Update(t.Context(), a.ID, 1, rename("2")); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Advertisers().Update(t.Context(), a.ID, 1, rename("3")); fault.Of(err) != fault.Stale {
		t.Errorf("a change of version 1 when there is version 2: %v, want Stale", err)
	}
	mine := errors.New("no")
	if _, err := db.Advertisers().Update(t.Context(), a.ID, 0, func(*advertiser.Advertiser) error { return mine }); !errors.Is(err, mine) {
		t.Errorf("a change that fails: %v, want its own error", err)
	}
	var wait sync.WaitGroup
	for range 20 {
		wait.Go(func() {
			if _, err := db.Advertisers().Update(t.Context(), a.ID, 0, rename("x")); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	row, err := db.Advertisers().Get(t.Context(), a.ID)
	if want := "one2" + strings.Repeat("x", 20); err != nil || row.Value.Name != want || row.Version != 22 {
		t.Errorf("after 20 changes at once: %q of version %d (%v), want %q of 22", row.Value.Name, row.Version, err, want)
	}
}

func holdsReferences(t *testing.T, db *DB) {
	a := create(t, db.Advertisers(), newAdvertiser("one"))
	f := create(t, db.Affiliates(), newAffiliate("one"))
	o := create(t, db.Offers(), newOffer(a.ID))
	l := link.Default()
	l.Code, l.OfferID, l.AffiliateID = "abc", o.ID, f.ID
	create(t, db.Links(), l)
	create(t, db.Domains(), newDomain(a.ID))
	may := coupon.Coupon{Code: "May10", OfferID: o.ID, AffiliateID: f.ID}
	create(t, db.Coupons(), may)
	create(t, db.Coupons(), coupon.Coupon{Code: "May10", OfferID: create(t, db.Offers(), newOffer(a.ID)).ID, AffiliateID: f.ID})
	ctx := t.Context()
	lead := offer.NewGoal(o.ID)
	lead.Code = offer.DefaultGoal
	sub := delivery.Default()
	tests := []struct {
		name  string
		do    func() error
		kind  fault.Kind
		field string
	}{
		{"an offer of nobody", func() error { _, err := db.Offers().Create(ctx, newOffer(9)); return err }, fault.Invalid, "advertiser_id"},
		{"an offer given to nobody", func() error {
			_, err := db.Offers().Update(ctx, o.ID, 0, func(o *offer.Offer) error { o.AdvertiserID = 9; return nil })
			return err
		}, fault.Invalid, "advertiser_id"},
		{"a goal of no offer", func() error { _, err := db.Goals().Create(ctx, offer.NewGoal(9)); return err }, fault.Invalid, "offer_id"},
		{"a second goal of one code", func() error { _, err := db.Goals().Create(ctx, lead); return err }, fault.Conflict, "code"},
		{"a term of no affiliate", func() error {
			_, err := db.Terms().Create(ctx, offer.Term{OfferID: o.ID, AffiliateID: 9})
			return err
		}, fault.Invalid, "affiliate_id"},
		{"a link of no affiliate", func() error {
			_, err := db.Links().Create(ctx, link.Link{Code: "x", OfferID: o.ID, AffiliateID: 9})
			return err
		}, fault.Invalid, "affiliate_id"},
		{"a second link of one code", func() error { _, err := db.Links().Create(ctx, l); return err }, fault.Conflict, "code"},
		{"a second coupon of one code, in capitals", func() error {
			_, err := db.Coupons().Create(ctx, coupon.Coupon{Code: "MAY10", OfferID: o.ID, AffiliateID: f.ID})
			return err
		}, fault.Conflict, "code"},
		{"a coupon of no affiliate", func() error {
			_, err := db.Coupons().Create(ctx, coupon.Coupon{Code: "x", OfferID: o.ID, AffiliateID: 9})
			return err
		}, fault.Invalid, "affiliate_id"},
		{"a link without a code", func() error { _, err := db.Links().Create(ctx, link.Link{OfferID: o.ID}); return err }, fault.Invalid, "code"},
		{"a subscription of no affiliate", func() error {
			sub.Owner.AffiliateID = 9
			_, err := db.Subscriptions().Create(ctx, sub)
			return err
		}, fault.Invalid, "owner.affiliate_id"},
		{"a domain of nobody", func() error { _, err := db.Domains().Create(ctx, newDomain(9)); return err }, fault.Invalid, "advertiser_id"},
		{"a second domain of one host", func() error { _, err := db.Domains().Create(ctx, newDomain(a.ID)); return err }, fault.Conflict, "host"},
		{"a key of no advertiser", func() error {
			_, err := db.CreateKey(ctx, user.By{}, account.Key{Role: account.Advertiser, AdvertiserID: 9}, "h")
			return err
		}, fault.Invalid, "advertiser_id"},
	}
	before, err := db.CatalogVersion(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range tests {
		err := tt.do()
		f, ok := errors.AsType[*fault.Error](err)
		if !ok || f.Kind != tt.kind || f.Field != tt.field {
			t.Errorf("%s: %v; want %s at %q", tt.name, err, tt.kind, tt.field)
		}
	}
	if after, err := db.CatalogVersion(ctx); err != nil || after != before {
		t.Errorf("refused changes have raised the catalog's version from %d to %d (%v)", before, after, err)
	}
}

func makesDefaultGoal(t *testing.T, db *DB) {
	a := create(t, db.Advertisers(), newAdvertiser("one"))
	o := create(t, db.Offers(), newOffer(a.ID))
	goals, err := db.Goals().List(t.Context(), List[int64]{Offer: o.ID})
	if err != nil || len(goals) != 1 || goals[0].Value.Code != offer.DefaultGoal || goals[0].Value.OfferID != o.ID {
		t.Errorf("the goals of a new offer: %+v (%v), want the default alone", goals, err)
	}
}

func notesChanges(t *testing.T, db *DB) {
	table := db.Advertisers().By(user.By{Actor: "key 7"})
	a := create(t, table, newAdvertiser("one"))
	if _, err := table.Update(t.Context(), a.ID, 0, func(a *advertiser.Advertiser) error { a.Name = "two"; return nil }); err != nil {
		t.Fatal(err)
	}
	notes, _, err := db.Audit(t.Context(), AuditFilter{Entity: "advertiser", Key: "1"})
	if err != nil || len(notes) != 2 {
		t.Fatalf("%d notes (%v), want 2", len(notes), err)
	}
	last, first := notes[0], notes[1]
	if first.Before != "" || !strings.Contains(first.After, `"one"`) || first.Actor != "key 7" || !first.At.Equal(clock) {
		t.Errorf("the first note: %+v", first)
	}
	if !strings.Contains(last.Before, `"one"`) || !strings.Contains(last.After, `"two"`) {
		t.Errorf("the second note: %+v", last)
	}
	if all := fmt.Sprint(notes); strings.Contains(all, "tok-one") || strings.Contains(all, "sig-one") {
		t.Errorf("the audit holds a secret: %s", all)
	}
	if v, err := db.CatalogVersion(t.Context()); err != nil || v != last.ID {
		t.Errorf("the catalog's version is %d (%v), want that of the last note, %d", v, err, last.ID)
	}
}

func listsEntities(t *testing.T, db *DB) {
	one := create(t, db.Advertisers(), newAdvertiser("one"))
	two := create(t, db.Advertisers(), newAdvertiser("two"))
	for n := range 7 {
		create(t, db.Offers(), newOffer([]int64{one.ID, two.ID}[n%2]))
	}
	var got []int64
	for l := (List[int64]{Advertiser: one.ID, Limit: 3}); ; {
		rows, err := db.Offers().List(t.Context(), l)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rows {
			got = append(got, r.Value.ID)
		}
		if len(rows) < 3 {
			break
		}
		l.After = rows[len(rows)-1].Value.ID
	}
	if want := []int64{1, 3, 5, 7}; !cmp.Equal(want, got) {
		t.Errorf("the first advertiser's offers: %v, want %v", got, want)
	}
}

func readsSource(t *testing.T, db *DB) {
	a := create(t, db.Advertisers(), newAdvertiser("one"))
	f := create(t, db.Affiliates(), newAffiliate("one"))
	o := create(t, db.Offers(), newOffer(a.ID))
	create(t, db.Links(), link.Link{Code: "abc", OfferID: o.ID, AffiliateID: f.ID})
	create(t, db.Coupons(), coupon.Coupon{Code: "abc", OfferID: o.ID, AffiliateID: f.ID})
	create(t, db.Terms(), offer.Term{OfferID: o.ID})
	create(t, db.Domains(), newDomain(a.ID))
	sub := delivery.Default()
	sub.Owner.Network = true
	create(t, db.Subscriptions(), sub)
	if _, err := db.CreateKey(t.Context(), user.By{}, account.Key{Role: account.Network}, "hash"); err != nil {
		t.Fatal(err)
	}
	src, err := db.Source(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	version, err := db.CatalogVersion(t.Context())
	if err != nil || version == 0 || src.Version != version {
		t.Errorf("the source has version %d, the catalog %d (%v)", src.Version, version, err)
	}
	counts := []int{
		len(src.Advertisers), len(src.Affiliates), len(src.Offers), len(src.Goals), len(src.Terms),
		len(src.Links), len(src.Coupons), len(src.Domains), len(src.Subscriptions), len(src.Keys), len(src.Ring),
	}
	if want := []int{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}; !cmp.Equal(want, counts) {
		t.Errorf("the source holds %v of each, want %v", counts, want)
	}
	if src.Keys[0].Hash != "hash" || len(src.Settings.IdentityKey) != 32 {
		t.Errorf("key %+v, settings %+v", src.Keys[0], src.Settings)
	}
}

func keepsKeys(t *testing.T, db *DB) {
	a := create(t, db.Advertisers(), newAdvertiser("one"))
	k, err := db.CreateKey(t.Context(), user.By{}, account.Key{Role: account.Publishable, AdvertiserID: a.ID, Name: "site", Prefix: "wb_p_abc", Test: true}, "h1")
	if err != nil || k.ID != 1 || !k.CreatedAt.Equal(clock) {
		t.Fatalf("created %+v, %v", k, err)
	}
	if _, err := db.CreateKey(t.Context(), user.By{}, account.Key{Role: account.Network}, "h1"); fault.Of(err) != fault.Conflict {
		t.Errorf("a second key of one secret: %v, want Conflict", err)
	}
	for _, at := range []time.Time{clock.Add(time.Hour), clock.Add(2 * time.Hour)} {
		if err := db.RevokeKey(t.Context(), user.By{}, k.ID, at); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.RevokeKey(t.Context(), user.By{}, 99, clock); fault.Of(err) != fault.NotFound {
		t.Errorf("revoking no key: %v, want NotFound", err)
	}
	revoked := clock.Add(time.Hour)
	k.RevokedAt = &revoked
	listed, err := db.ListKeys(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]account.Key{k}, listed); diff != "" {
		t.Errorf("keys (-want +got):\n%s", diff)
	}
	if src, err := db.Source(t.Context()); err != nil || len(src.Keys) != 0 {
		t.Errorf("the source has %d keys (%v), want none that is revoked", len(src.Keys), err)
	}
}

func furnishes(t *testing.T, db *DB) {
	ring, err := db.Ring(t.Context())
	if err != nil || len(ring) != 1 || ring[0].Number != 1 {
		t.Fatalf("ring %v, %v", ring, err)
	}
	set, err := db.Settings(t.Context())
	if err != nil || len(set.IdentityKey) != 32 {
		t.Fatalf("settings %v, %v", set, err)
	}
	identity := set.IdentityKey
	set.FallbackURL, set.IdentityKey = "https://fallback.example/", []byte("mine")
	if err := db.SaveSettings(t.Context(), user.By{}, set); err != nil {
		t.Fatal(err)
	}
	set, err = db.Settings(t.Context())
	if err != nil || set.FallbackURL != "https://fallback.example/" || !bytes.Equal(set.IdentityKey, identity) {
		t.Errorf("saved settings %+v (%v), want the fallback, and the identity key as it was", set, err)
	}
	second, err := txid.NewKey(2, clock, strings.NewReader(strings.Repeat("z", 32)))
	if err != nil {
		t.Fatal(err)
	}
	if err := db.AddRingKey(t.Context(), second); err != nil {
		t.Fatal(err)
	}
	if err := db.AddRingKey(t.Context(), second); fault.Of(err) != fault.Conflict {
		t.Errorf("a key of the same number: %v, want Conflict", err)
	}
	again, err := db.Ring(t.Context())
	if err != nil || len(again) != 2 || again[0] != ring[0] || again[1] != second {
		t.Errorf("ring %v (%v), want the first key and then the second", again, err)
	}
}

func numbersNodes(t *testing.T, db *DB) {
	var taken sync.Map
	var wait sync.WaitGroup
	for n := range 40 {
		wait.Go(func() {
			number, err := db.TakeNode(t.Context(), fmt.Sprintf("host-%d", n), clock)
			if err != nil {
				t.Error(err)
				return
			}
			if other, had := taken.LoadOrStore(number, n); had || number == 0 {
				t.Errorf("node number %d was given to %v and %d", number, other, n)
			}
		})
	}
	wait.Wait()
	if err := raw(t, db, `UPDATE sequence SET last = $1 WHERE name = 'node'`, int64(txid.MaxNode-1)); err != nil {
		t.Fatal(err)
	}
	if others, err := db.NodesBeside(t.Context(), 1); err != nil || len(others) == 0 || slices.Contains(others, 1) {
		t.Errorf("beside node 1 there are %v (%v), want others", others, err)
	}
	if n, err := db.TakeNode(t.Context(), "last", clock); err != nil || n != txid.MaxNode {
		t.Errorf("the last number is %d (%v), want %d", n, err, txid.MaxNode)
	}
	if _, err := db.TakeNode(t.Context(), "late", clock); fault.Of(err) != fault.Limited {
		t.Errorf("a number beyond the last: %v, want Limited", err)
	}
}

func answersOnce(t *testing.T, db *DB) {
	ctx := t.Context()
	begin := func(key, hash string) (*Answer, fault.Kind, error) {
		a, err := db.Idempotent(ctx, key, "key 1", hash)
		return a, fault.Of(err), err
	}
	if a, _, err := begin("k", "h"); a != nil || err != nil {
		t.Fatalf("the first: %v, %v; want to go", a, err)
	}
	if _, kind, err := begin("k", "h"); kind != fault.Conflict {
		t.Errorf("while it is worked on: %v, want Conflict", err)
	}
	if err := db.Answered(ctx, "k", "key 1", Answer{Status: 201, Body: []byte(`{"id":1}`)}); err != nil {
		t.Fatal(err)
	}
	if a, _, err := begin("k", "h"); err != nil || a == nil || a.Status != 201 || string(a.Body) != `{"id":1}` {
		t.Errorf("afterwards: %+v, %v; want the answer", a, err)
	}
	if _, kind, err := begin("k", "other"); kind != fault.Invalid {
		t.Errorf("with another body: %v, want Invalid", err)
	}
	if a, err := db.Idempotent(ctx, "k", "key 2", "other"); a != nil || err != nil {
		t.Errorf("another sender's: %v, %v; want to go", a, err)
	}
	if err := db.Answered(ctx, "k", "key 2", Answer{}); err != nil {
		t.Fatal(err)
	}
	if a, err := db.Idempotent(ctx, "k", "key 2", "third"); a != nil || err != nil {
		t.Errorf("after the first came to nothing: %v, %v; want to go", a, err)
	}
	db.now = func() time.Time { return clock.Add(answerAbandoned + time.Second) }
	if a, err := db.Idempotent(ctx, "k", "key 2", "third"); a != nil || err != nil {
		t.Errorf("after it was abandoned: %v, %v; want to go", a, err)
	}
}

func tidies(t *testing.T, db *DB) {
	ctx := context.Background()
	for n := range 3 {
		db.now = func() time.Time { return clock.Add(time.Duration(n) * 24 * time.Hour) }
		if _, err := db.Idempotent(ctx, fmt.Sprint(n), "s", "h"); err != nil {
			t.Fatal(err)
		}
	}
	d := queue(t, db, newIDs(t), 1, 1)[0]
	for n := 1; n <= 2; n++ {
		d.Attempts = n
		at := clock.Add(-attemptsKept).Add(time.Duration(n) * 48 * time.Hour)
		if err := db.Record(ctx, delivery.Report{Attempt: delivery.Attempt{DeliveryID: d.ID, Number: n, At: at}, After: d}); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Tidy(ctx, clock.Add(48*time.Hour-time.Minute)); err != nil {
		t.Fatal(err)
	}
	var answers int64
	if _, err := db.read().get(ctx, []any{&answers}, `SELECT COUNT(*) FROM answer`); err != nil || answers != 3 {
		t.Errorf("%d answers (%v), want all 3 until they are two days old", answers, err)
	}
	if err := db.Tidy(ctx, clock.Add(48*time.Hour+time.Minute)); err != nil {
		t.Fatal(err)
	}
	if _, err := db.read().get(ctx, []any{&answers}, `SELECT COUNT(*) FROM answer`); err != nil || answers != 2 {
		t.Errorf("%d answers (%v), want 2", answers, err)
	}
	attempts, err := db.Attempts(ctx, d.ID)
	if err != nil || len(attempts) != 1 || attempts[0].Number != 2 {
		t.Errorf("attempts %+v (%v), want the second alone", attempts, err)
	}
}
