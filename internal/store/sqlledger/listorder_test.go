package sqlledger

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/coupon"
	"waybill/internal/delivery"
	"waybill/internal/link"
	"waybill/internal/offer"
)

// listsTheNewestFirst reads lists in falling order, page by page, while more is
// made: what is on the pages that follow stays.
func listsTheNewestFirst(t *testing.T, db *DB) {
	m := newMarket(t, db)
	code := func(l link.Link) (string, string) { return l.Code, l.Code }
	for _, tt := range []struct {
		name string
		list List[string]
		want []string
	}{
		{"all links, by code", List[string]{}, []string{"a", "b", "c", "d", "e"}},
		{"all links, the newest first", List[string]{Newest: true}, []string{"a", "e", "d", "b", "c"}},
		{"those of an affiliate", List[string]{Newest: true, Affiliate: 2}, []string{"d", "b"}},
		{"those to an offer", List[string]{Newest: true, Offer: 2}, []string{"e", "c"}},
		{"those of a status", List[string]{Newest: true, Status: "retired"}, []string{"e", "b"}},
		{"those of a name", List[string]{Newest: true, Find: "B"}, []string{"b"}},
		{"those of an affiliate and a status", List[string]{Newest: true, Affiliate: 1, Status: "active"}, []string{"a", "c"}},
		{"those of these codes", List[string]{Newest: true, IDs: []string{"b", "x", "e"}}, []string{"e", "b"}},
		{"those of these codes and a name", List[string]{Newest: true, IDs: []string{"b", "e"}, Find: "B"}, []string{"b"}},
		{"those of no code", List[string]{Newest: true, IDs: []string{}}, []string{}},
		{"behind one", List[string]{Newest: true, After: "e"}, []string{"d", "b", "c"}},
	} {
		if got := found(t, db.Links(), tt.list, code); !cmp.Equal(tt.want, got) {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
	first, err := db.Offers().List(t.Context(), List[int64]{Newest: true, Limit: 2})
	if err != nil || len(first) != 2 || first[0].Value.ID != 3 {
		t.Fatalf("the newest offers: %v, %v", first, err)
	}
	create(t, db.Offers(), newOffer(m.advertiser))
	name := func(o offer.Offer) (int64, string) { return o.ID, fmt.Sprint(o.ID) }
	if got := found(t, db.Offers(), List[int64]{Newest: true, After: 2}, name); !cmp.Equal([]string{"1"}, got) {
		t.Errorf("what follows when a newer one was made: %q, want the rest alone", got)
	}
}

// listsOfOne chooses by whoever a document names.
func listsOfOne(t *testing.T, db *DB) {
	newMarket(t, db)
	for i, of := range []delivery.Owner{{AffiliateID: 1}, {AdvertiserID: 1}, {Network: true}, {AffiliateID: 2}, {AffiliateID: 1}} {
		s := delivery.Default()
		s.Owner, s.OfferID = of, int64(i%2)
		create(t, db.Subscriptions(), s)
	}
	for i := range 4 {
		create(t, db.Coupons(), coupon.Coupon{Code: fmt.Sprintf("MAY%d", i), OfferID: 1 + int64(i%2), AffiliateID: 1 + int64(i/2), Status: coupon.Active})
		create(t, db.Terms(), offer.Term{OfferID: 1 + int64(i%2), AffiliateID: int64(i / 2)})
	}
	for _, tt := range []struct {
		name string
		got  []string
		want []string
	}{
		{"an affiliate's postbacks", subscriptionsOf(t, db, List[int64]{Affiliate: 1}), []string{"1", "5"}},
		{"an advertiser's postbacks", subscriptionsOf(t, db, List[int64]{Advertiser: 1}), []string{"2"}},
		{"an offer's postbacks", subscriptionsOf(t, db, List[int64]{Offer: 1, Newest: true}), []string{"4", "2"}},
		{
			"an affiliate's coupons of an offer",
			found(t, db.Coupons(), List[int64]{Affiliate: 2, Offer: 1}, func(c coupon.Coupon) (int64, string) { return c.ID, c.Code }),
			[]string{"MAY2"},
		},
		{
			"an affiliate's terms",
			found(t, db.Terms(), List[int64]{Affiliate: 1, Newest: true}, func(v offer.Term) (int64, string) { return v.ID, fmt.Sprint(v.ID) }),
			[]string{"4", "3"},
		},
	} {
		if !cmp.Equal(tt.want, tt.got) {
			t.Errorf("%s: %q, want %q", tt.name, tt.got, tt.want)
		}
	}
}

func subscriptionsOf(t *testing.T, db *DB, l List[int64]) []string {
	t.Helper()
	return found(t, db.Subscriptions(), l, func(s delivery.Subscription) (int64, string) { return s.ID, fmt.Sprint(s.ID) })
}

// market is one advertiser with three offers, two affiliates and five links, made in
// the order c, b, e and d at the same time, a.
type market struct{ advertiser int64 }

func newMarket(t *testing.T, db *DB) market {
	t.Helper()
	a := create(t, db.Advertisers(), newAdvertiser("one"))
	for range 3 {
		create(t, db.Offers(), newOffer(a.ID))
	}
	one, two := create(t, db.Affiliates(), newAffiliate("one")), create(t, db.Affiliates(), newAffiliate("two"))
	was := db.now
	t.Cleanup(func() { db.now = was })
	for i, l := range []link.Link{
		{Code: "c", OfferID: 2, AffiliateID: one.ID, Status: link.Active},
		{Code: "b", OfferID: 1, AffiliateID: two.ID, Status: link.Retired},
		{Code: "e", OfferID: 2, AffiliateID: one.ID, Status: link.Retired},
		{Code: "d", OfferID: 1, AffiliateID: two.ID, Status: link.Active},
		{Code: "a", OfferID: 1, AffiliateID: one.ID, Status: link.Active},
	} {
		db.now = func() time.Time { return clock.Add(time.Duration(i) * time.Minute) }
		if i == 3 {
			db.now = func() time.Time { return clock.Add(2 * time.Minute) }
		}
		create(t, db.Links(), l)
	}
	return market{a.ID}
}

// fillsNames runs what the migration does to postbacks from before there were
// columns of what they are called.
func fillsNames(t *testing.T, db *DB) {
	for _, url := range []string{
		"https://track.example/postback?key=sesame", "https://voluum.example:8443?key=sesame", "http://bare.example", "", "no URL",
	} {
		s := delivery.Default()
		s.Owner, s.URL = delivery.Owner{Network: true}, url
		if url != "" {
			s.Name = "to " + url
		}
		create(t, db.Subscriptions(), s)
	}
	want := namesOf(t, db)
	if want[0] != "to https://track.example/postback?key=sesame, track.example" {
		t.Errorf("a postback is called %q", want[0])
	}
	if err := raw(t, db, `UPDATE subscription SET name = '', host = ''`); err != nil {
		t.Fatal(err)
	}
	text, err := migrations.ReadFile("migrations/0018_lists.sql")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(db.engine.schema(string(text))) {
		if !strings.HasPrefix(line, "UPDATE") {
			continue
		}
		if err := raw(t, db, line); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
	}
	if got := namesOf(t, db); !cmp.Equal(want, got) {
		t.Errorf("after the migration, postbacks are called %q, want %q", got, want)
	}
}

func namesOf(t *testing.T, db *DB) []string {
	t.Helper()
	var all []string
	err := db.read().query(t.Context(), func(row scan) error {
		var name, host string
		err := row(&name, &host)
		all = append(all, name+", "+host)
		return err
	}, `SELECT name, host FROM subscription ORDER BY id`)
	if err != nil {
		t.Fatal(err)
	}
	return all
}
