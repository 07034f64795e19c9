package tune_test

import (
	"net/url"
	"strings"
	"testing"

	"waybill/internal/param"
	"waybill/internal/tune"
)

// ids are the numbers of these tests.
func ids() *tune.IDs {
	return tune.NewIDs([]tune.Mapping{
		{Kind: tune.Offer, TuneID: "1001", WaybillID: 5},
		{Kind: tune.Affiliate, TuneID: "2002", WaybillID: 7},
		{Kind: tune.OfferURL, TuneID: "2", WaybillID: 5, URL: "https://shop.example/two?a=b&c"},
		{Kind: tune.OfferURL, TuneID: "3", WaybillID: 6, URL: "https://shop.example/of-another-offer"},
	}, tune.ByKind)
}

func TestClick(t *testing.T) {
	tests := []struct {
		name  string
		query string
		want  map[param.Name]string // all that comes out
	}{
		{
			"TUNE's numbers become ours", "offer_id=1001&aff_id=2002",
			map[param.Name]string{param.OfferID: "5", param.AffiliateID: "7"},
		},
		{
			"free values keep their places", "offer_id=1001&aff_id=2002&source=news&aff_sub=a&aff_sub2=b&aff_sub5=e&aff_unique1=u&aff_unique5=z&aff_click_id=c%2F1",
			map[param.Name]string{
				param.OfferID: "5", param.AffiliateID: "7", param.Source: "news", param.Sub1: "a", param.Sub1 + 1: "b", param.Sub1 + 4: "e",
				param.Sub1 + 5: "u", param.Sub1 + 9: "z", param.AffClickID: "c/1",
			},
		},
		{
			"names in any case, behind what is left of an &amp;", "OFFER_ID=1001&amp;AFF_ID=2002&amp;Aff_Unique2=x",
			map[param.Name]string{param.OfferID: "5", param.AffiliateID: "7", param.Sub1 + 6: "x"},
		},
		{
			"the creative and the landing page are kept", "offer_id=1001&aff_id=2002&file_id=968&url_id=267",
			map[param.Name]string{param.OfferID: "5", param.AffiliateID: "7", param.Sub1 + 8: "267", param.Sub1 + 9: "968"},
		},
		{
			"what the link says itself goes before the creative", "offer_id=1001&aff_id=2002&file_id=968&url_id=267&aff_unique4=p&aff_unique5=q",
			map[param.Name]string{param.OfferID: "5", param.AffiliateID: "7", param.Sub1 + 8: "p", param.Sub1 + 9: "q"},
		},
		{
			"a landing page that was imported", "offer_id=1001&aff_id=2002&url_id=2",
			map[param.Name]string{param.OfferID: "5", param.AffiliateID: "7", param.URL: "https://shop.example/two?a=b&c", param.Sub1 + 8: "2"},
		},
		{
			"a landing page of another offer", "offer_id=1001&aff_id=2002&url_id=3",
			map[param.Name]string{param.OfferID: "5", param.AffiliateID: "7", param.Sub1 + 8: "3"},
		},
		{
			"a deep link goes before a landing page", "offer_id=1001&aff_id=2002&url_id=2&url=https%3A%2F%2Fshop.example%2Fdeep",
			map[param.Name]string{param.OfferID: "5", param.AffiliateID: "7", param.URL: "https://shop.example/deep", param.Sub1 + 8: "2"},
		},
		{"a number that was not imported names nothing", "offer_id=5&aff_id=7&aff_sub=a", map[param.Name]string{param.Sub1: "a"}},
		{"devices", "google_aid=g&ios_ifa=i&ios_ifv=v", map[param.Name]string{param.GAID: "g", param.IDFA: "i", param.IDFV: "v"}},
		{"nothing", "", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var v param.Values
			got := tune.Click(tt.query, ids())
			_ = v.ScanQuery(param.Click, got)
			for n := range param.NumNames {
				want := tt.want[n]
				if want == "" && (n == param.OfferID || n == param.AffiliateID) {
					want = "unknown"
				}
				if v.Get(n) != want {
					t.Errorf("%s = %q, want %q (from %s)", n, v.Get(n), want, got)
				}
			}
		})
	}
}

func TestSignal(t *testing.T) {
	tests := []struct {
		name  string
		query string
		goal  bool // through /aff_goal
		want  map[param.Name]string
		extra string // unknown parameters
	}{
		{
			name: "the usual postback", query: "offer_id=26&transaction_id=1027c887059b47bc69c699f45466b9&amount=12.5&adv_sub=order-1&adv_sub2=b&security_token=t",
			want: map[param.Name]string{
				param.OfferID: "26", param.TransactionID: "1027c887059b47bc69c699f45466b9", param.Amount: "12.5",
				param.Adv1: "order-1", param.Adv1 + 1: "b", param.Token: "t",
			},
		},
		{
			name: "unique values stand behind the sub values", query: "adv_unique1=u&adv_unique5=z",
			want: map[param.Name]string{param.Adv1 + 5: "u", param.Adv1 + 9: "z"},
		},
		{
			name: "the goal's door is not an affiliate", query: "a=lsr&goal_id=17&transaction_id=x", goal: true,
			want: map[param.Name]string{param.Goal: "17", param.TransactionID: "x"},
		},
		{
			name: "elsewhere it is", query: "a=9&offer_id=134",
			want: map[param.Name]string{param.AffiliateID: "9", param.OfferID: "134"},
		},
		{
			name: "a goal's number goes before its reference", query: "a=lsr&goal_ref=R&goal_name=N&goal_id=17", goal: true,
			want: map[param.Name]string{param.Goal: "17"},
		},
		{
			name: "a goal's name goes before its reference", query: "a=lsr&goal_ref=R&goal_name=N", goal: true,
			want: map[param.Name]string{param.Goal: "N"},
		},
		{name: "a goal by its reference", query: "a=lsr&goal_ref=R", goal: true, want: map[param.Name]string{param.Goal: "R"}},
		{
			name: "identities and orders", query: "user_id=u-1&promo_code=SAVE&conversion_unique_id=2026-1&conv_ip=203.0.113.7",
			want: map[param.Name]string{param.CustomerID: "u-1", param.Coupon: "SAVE", param.OrderID: "2026-1", param.IP: "203.0.113.7"},
		},
		{name: "what nobody knows is kept", query: "adv_id=5679&device_brand=Apple&revenue=3", extra: "adv_id=5679 device_brand=Apple revenue=3"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var v param.Values
			got := tune.Signal(tt.query, tt.goal)
			_ = v.ScanQuery(param.Signal, got)
			for n := range param.NumNames {
				if v.Get(n) != tt.want[n] {
					t.Errorf("%s = %q, want %q (from %s)", n, v.Get(n), tt.want[n], got)
				}
			}
			var extra []string
			for _, p := range v.Unknown {
				extra = append(extra, p.Name+"="+p.Value)
			}
			if got := strings.Join(extra, " "); got != tt.extra {
				t.Errorf("unknown: %q, want %q", got, tt.extra)
			}
		})
	}
}

func TestValue(t *testing.T) {
	for query, want := range map[string]string{
		"a=lsr&goal_id=1": "lsr", "A=l": "l", "x=1&amp;a=lsr": "lsr", "a=&a=l": "l", "b=1": "", "a=%6Csr": "lsr", "a=%zz": "%zz",
	} {
		if got := tune.Value(query, "a"); got != want {
			t.Errorf("Value(%q) = %q, want %q", query, got, want)
		}
	}
}

// FuzzClick holds that no link makes a number of its own, and that what comes
// out is a query that reads the same once more.
func FuzzClick(f *testing.F) {
	for _, seed := range []string{
		"offer_id=1001&aff_id=2002&url_id=2&file_id=9", "offer_id=1001&OFFER_ID=6&oid=9", "offer=%31001&a=&aff_id=2002", "=&&amp;amp;offer_id=1", "offer%5Fid=1&OFFER%255Fid=2", "+offer_id+=1", "offer_id[0]=1&%EF%BB%BFaff_id=3", "&#38;offer_id=1", "offer_id=1001;aff_id=5",
	} {
		f.Add(seed)
	}
	known := ids()
	f.Fuzz(func(t *testing.T, query string) {
		out := tune.Click(query, known)
		var v param.Values
		_ = v.ScanQuery(param.Click, out)
		if got := v.Get(param.OfferID); got != "unknown" && got != "5" {
			t.Errorf("%q names offer %q, which was never imported (%q)", query, got, out)
		}
		if got := v.Get(param.AffiliateID); got != "unknown" && got != "7" {
			t.Errorf("%q names affiliate %q, which was never imported (%q)", query, got, out)
		}
		if strings.ContainsAny(v.Get(param.OfferID), "&= ") {
			t.Errorf("%q came out as %q", query, out)
		}
	})
}

// FuzzSignal holds that no value of a postback is lost on the way, but for the
// door's own parameter.
func FuzzSignal(f *testing.F) {
	for _, seed := range []string{"a=lsr&goal_id=17&transaction_id=x", "adv_unique1=%zz&goal_ref=+", "amp;a=l&a=9"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, query string) {
		count := func(q string) (n int) {
			for one := range strings.SplitSeq(q, "&") {
				name, _, ok := strings.Cut(one, "=")
				if ok && name != "" {
					n++
				}
			}
			return n
		}
		if got, want := count(tune.Signal(query, false)), count(query); got != want {
			t.Errorf("%q has %d parameters, %d come out", query, want, got)
		}
		if got := tune.Value(tune.Signal(query, true), "a"); got != "" {
			t.Errorf("%q still says a=%q", query, got)
		}
		if _, err := url.ParseQuery(query); err == nil {
			if _, err := url.ParseQuery(tune.Signal(query, true)); err != nil {
				t.Errorf("%q comes out broken: %v", query, err)
			}
		}
	})
}
