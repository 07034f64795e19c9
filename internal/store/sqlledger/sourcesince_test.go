package sqlledger

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"waybill/internal/account"
	"waybill/internal/advertiser"
	"waybill/internal/affiliate"
	"waybill/internal/catalog"
	"waybill/internal/coupon"
	"waybill/internal/delivery"
	"waybill/internal/link"
	"waybill/internal/offer"
	"waybill/internal/tune"
	"waybill/internal/user"
)

// readsChanges changes the catalog in every way there is: each time what was changed
// since the last makes the same as reading everything.
func readsChanges(t *testing.T, db *DB) {
	before, err := db.Source(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range waysToChange(t, db) {
		c.do()
		before = sameSource(t, db, c.name, before)
	}
	none, err := db.SourceSince(t.Context(), before)
	if err != nil || !gocmp.Equal(none, before) || &none.Offers[0] != &before.Offers[0] {
		t.Errorf("nothing was changed, and more is read: %v", err)
	}
	was := before
	if _, err := db.Offers().Update(t.Context(), 1, 0, func(o *offer.Offer) error { o.Name = "again"; return nil }); err != nil {
		t.Fatal(err)
	}
	after := sameSource(t, db, "an offer alone", before)
	if &after.Links[0] != &before.Links[0] || &after.Affiliates[0] != &before.Affiliates[0] {
		t.Error("a change of an offer reads links and affiliates, too")
	}
	if before.Offers[0].Name == "again" || !gocmp.Equal(was, before) {
		t.Error("a catalog that is in use was changed")
	}
	readsWhatIsNotKnown(t, db, after)
}

// readsWhatIsNotKnown takes away what is known of a change, as of one that an
// earlier version of the program has made.
func readsWhatIsNotKnown(t *testing.T, db *DB, before catalog.Source) {
	for i, forget := range []string{`DELETE FROM catalog_change WHERE version = $1`, `DELETE FROM catalog_change WHERE version <= $1`} {
		version := int64(0)
		for n := range 3 {
			_, err := db.Affiliates().Update(t.Context(), 1, 0, func(a *affiliate.Affiliate) error { a.Name = fmt.Sprint(i, n); return nil })
			if err != nil {
				t.Fatal(err)
			}
			if n == 1 {
				version, _ = db.CatalogVersion(t.Context())
			}
		}
		if err := raw(t, db, forget, version); err != nil {
			t.Fatal(err)
		}
		before = sameSource(t, db, "changes of which not all are known", before)
	}
	for n := range mostFollowed + 1 {
		create(t, db.Affiliates(), newAffiliate(fmt.Sprint(n)))
	}
	before = sameSource(t, db, "very many changes", before)
	before.Version += 1000
	sameSource(t, db, "a ledger that is older than what is known", before)
}

// sameSource gives the source as it is now, made from what was changed since
// before.
func sameSource(t *testing.T, db *DB, name string, before catalog.Source) catalog.Source {
	t.Helper()
	got, err := db.SourceSince(t.Context(), before)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	want, err := db.Source(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	links := cmpopts.SortSlices(func(a, b link.Link) int { return cmp.Compare(a.Code, b.Code) })
	if diff := gocmp.Diff(want, got, links, cmpopts.EquateEmpty()); diff != "" {
		t.Fatalf("%s: the source differs (-whole +changes):\n%s", name, diff)
	}
	if !slices.IsSortedFunc(got.Offers, func(a, b offer.Offer) int { return cmp.Compare(a.ID, b.ID) }) {
		t.Errorf("%s: offers are out of order", name)
	}
	return got
}

type wayToChange struct {
	name string
	do   func()
}

func waysToChange(t *testing.T, db *DB) []wayToChange {
	fine := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	sub := delivery.Default()
	sub.Owner.Network, sub.URL = true, "https://t.example/"
	return []wayToChange{
		{"an advertiser", func() { create(t, db.Advertisers(), newAdvertiser("one")) }},
		{"affiliates", func() {
			create(t, db.Affiliates(), newAffiliate("one"))
			create(t, db.Affiliates(), newAffiliate("two"))
		}},
		{"offers, with their goals", func() {
			create(t, db.Offers(), newOffer(1))
			create(t, db.Offers(), newOffer(1))
		}},
		{"a term", func() { create(t, db.Terms(), offer.Term{OfferID: 1}) }},
		{"links", func() {
			create(t, db.Links(), link.Link{Code: "zzz", OfferID: 1, AffiliateID: 1})
			create(t, db.Links(), link.Link{Code: "Abc", OfferID: 1, AffiliateID: 1})
		}},
		{"a coupon", func() { create(t, db.Coupons(), coupon.Coupon{Code: "abc", OfferID: 1, AffiliateID: 1}) }},
		{"a domain", func() { create(t, db.Domains(), newDomain(1)) }},
		{"a postback", func() { create(t, db.Subscriptions(), sub) }},
		{"a key", func() {
			_, err := db.CreateKey(t.Context(), user.By{}, account.Key{Role: account.Network}, "hash")
			fine(err)
		}},
		{"a key that is revoked", func() { fine(db.RevokeKey(t.Context(), user.By{}, 1, clock)) }},
		{"settings", func() {
			fine(db.SaveSettings(t.Context(), user.By{}, catalog.Settings{FallbackURL: "https://f.example/"}))
		}},
		{"access", func() {
			_, err := db.ChangeAccess(t.Context(), user.By{}, 1, 1, func(a *offer.Application) error { a.Standing = offer.Approved; return nil })
			fine(err)
		}},
		{"TUNE's numbers", func() {
			_, err := db.PutIDMap(t.Context(), user.By{}, []tune.Mapping{{Kind: "offer", TuneID: "77", WaybillID: 1}})
			fine(err)
		}},
		{"many at once", func() {
			for i := range 3 {
				_, err := db.Advertisers().Update(t.Context(), 1, 0, func(a *advertiser.Advertiser) error { a.Name = fmt.Sprint(i); return nil })
				fine(err)
			}
			_, err := db.Links().Update(t.Context(), "zzz", 0, func(l *link.Link) error { l.Status = link.Deleted; return nil })
			fine(err)
		}},
		{"a change that fails", func() {
			_, err := db.Offers().Update(t.Context(), 1, 0, func(*offer.Offer) error { return context.Canceled })
			if err == nil {
				t.Fatal("it did not fail")
			}
		}},
	}
}
