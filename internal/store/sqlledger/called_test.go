package sqlledger

import (
	"context"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/advertiser"
	"waybill/internal/delivery"
	"waybill/internal/host"
	"waybill/internal/link"
	"waybill/internal/offer"
	"waybill/internal/user"
)

// found lists what is found, page by page, two a page.
func found[K int64 | string, T any](t *testing.T, table *Table[K, T], l List[K], name func(T) (K, string)) []string {
	t.Helper()
	all := []string{}
	for l.Limit = 2; ; {
		rows, err := table.List(t.Context(), l)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rows {
			key, text := name(r.Value)
			l.After, all = key, append(all, text)
		}
		if len(rows) < l.Limit {
			return all
		}
	}
}

func findsEntities(t *testing.T, db *DB) {
	for _, name := range []string{"Äpfel & Birnen", "apples", "100%_off", "Zäpfel", "ÄPFEL 3"} { // 1 to 5
		create(t, db.Advertisers(), newAdvertiser(name))
	}
	called := func(a advertiser.Advertiser) (int64, string) { return a.ID, a.Name }
	for find, want := range map[string][]string{
		"äpf":    {"Äpfel & Birnen", "Zäpfel", "ÄPFEL 3"},
		"APPLES": {"apples"},
		"%":      {"100%_off"},
		"_":      {"100%_off"},
		"3":      {"100%_off", "ÄPFEL 3"},
		"03":     {},
		"pears":  {},
		"' OR 1": {},
	} {
		if got := found(t, db.Advertisers(), List[int64]{Find: find}, called); !cmp.Equal(want, got) {
			t.Errorf("advertisers with %q: %q, want %q", find, got, want)
		}
	}
	f := create(t, db.Affiliates(), newAffiliate("one"))
	for n := range 5 {
		o := newOffer(int64(1 + n%2))
		o.Name = fmt.Sprintf("Shoes %d", 10-n)
		made := create(t, db.Offers(), o)
		create(t, db.Links(), link.Link{Code: fmt.Sprintf("Sale%d", n), OfferID: made.ID, AffiliateID: f.ID})
	}
	got := found(t, db.Offers(), List[int64]{Find: "shoes", Advertiser: 1}, func(o offer.Offer) (int64, string) { return o.ID, o.Name })
	if want := []string{"Shoes 10", "Shoes 8", "Shoes 6"}; !cmp.Equal(want, got) {
		t.Errorf("the first advertiser's shoes: %q, want %q", got, want)
	}
	got = found(t, db.Links(), List[string]{Find: "sALE", Affiliate: f.ID}, func(l link.Link) (string, string) { return l.Code, l.Code })
	if want := []string{"Sale0", "Sale1", "Sale2", "Sale3", "Sale4"}; !cmp.Equal(want, got) {
		t.Errorf("links with sale: %q, want %q", got, want)
	}
	findsSubscriptions(t, db, f.ID)
	create(t, db.Domains(), newDomain(1))
	got = found(t, db.Domains(), List[int64]{Find: "SHOP.ex"}, func(d host.Domain) (int64, string) { return d.ID, d.Host })
	if want := []string{"go.shop.example"}; !cmp.Equal(want, got) {
		t.Errorf("domains with shop.ex: %q, want %q", got, want)
	}
	findsFarAway(t, db)
}

func findsSubscriptions(t *testing.T, db *DB, affiliateID int64) {
	for _, s := range []delivery.Subscription{
		{Name: "Voluum", URL: "https://track.example/postback?key=sesame"},
		{Name: "", URL: "https://voluum.example?key=sesame"},
		{Name: "Käfer", URL: ""},
	} {
		s.Owner = delivery.Owner{AffiliateID: affiliateID}
		create(t, db.Subscriptions(), s)
	}
	for find, want := range map[string][]string{
		"VOLUUM": {"2", "1"}, "käf": {"3"}, "track.ex": {"1"}, "sesame": {}, "postback": {}, "3": {"3"},
	} {
		got := found(t, db.Subscriptions(), List[int64]{Find: find, Newest: true}, func(s delivery.Subscription) (int64, string) { return s.ID, fmt.Sprint(s.ID) })
		if !cmp.Equal(want, got) {
			t.Errorf("subscriptions with %q: %q, want %q", find, got, want)
		}
	}
}

// findsFarAway finds what stands behind more names than are looked at at a time.
func findsFarAway(t *testing.T, db *DB) {
	err := db.write(t.Context(), func(ctx context.Context, s session) error {
		for n := range int64(glance + 10) {
			if _, err := s.exec(ctx, `INSERT INTO affiliate (id, name, status, doc, version, created_at, updated_at) VALUES ($1, $2, 'active', $3, 1, 0, 0)`,
				n+100, fmt.Sprintf("far %d", n), fmt.Sprintf(`{"id":%d}`, n+100)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	last := int64(glance + 9)
	rows, err := db.Affiliates().List(t.Context(), List[int64]{Find: fmt.Sprintf("FAR %d", last)})
	if err != nil || len(rows) != 1 || rows[0].Value.ID != last+100 {
		t.Errorf("found %v, %v; want %d", rows, err, last+100)
	}
}

func findsUsers(t *testing.T, db *DB) {
	for _, u := range []user.User{
		{Email: "jane@example.com", Name: "Jane Doe"}, {Email: "ops@shop.example", Name: "Jürgen"}, {Email: "jd@other.example", Name: "JÜRGEN D."},
	} {
		u.Role, u.Status, u.Zone, u.Locale = user.Owner, user.Active, "UTC", "en"
		if _, err := db.CreateUser(t.Context(), byOwner, u, false); err != nil {
			t.Fatal(err)
		}
	}
	backwards, err := db.FindUsers(t.Context(), UserList{Find: "jürg", Limit: 1, Newest: true, After: 3})
	if err != nil || len(backwards) != 1 || backwards[0].ID != 2 {
		t.Errorf("before 3, of the newest first, stands %v (%v), want 2", backwards, err)
	}
	for _, tt := range []struct {
		text  string
		after int64
		limit int
		want  []int64
	}{
		{"jürg", 0, 10, []int64{2, 3}},
		{"jürg", 0, 1, []int64{2}},
		{"jürg", 2, 1, []int64{3}},
		{"SHOP.", 0, 10, []int64{2}},
		{"1", 0, 10, []int64{1}},
		{"", 1, 1, []int64{2}},
		{"nobody", 0, 10, nil},
	} {
		all, err := db.FindUsers(t.Context(), UserList{Find: tt.text, After: tt.after, Limit: tt.limit})
		var got []int64
		for _, u := range all {
			got = append(got, u.ID)
		}
		if err != nil || !cmp.Equal(tt.want, got) {
			t.Errorf("FindUsers(%q, %d, %d) = %v, %v; want %v", tt.text, tt.after, tt.limit, got, err, tt.want)
		}
	}
}
