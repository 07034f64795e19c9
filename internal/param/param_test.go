package param_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/fault"
	"waybill/internal/param"
)

func TestNamesMeanWhatTheContractSays(t *testing.T) {
	both := map[string]param.Name{
		"offer_id": param.OfferID, "oid": param.OfferID, "offer": param.OfferID, "OFFER_ID": param.OfferID,
		"affiliate_id": param.AffiliateID, "aff_id": param.AffiliateID, "affid": param.AffiliateID, "pid": param.AffiliateID, "a": param.AffiliateID,
		"aff_click_id": param.AffClickID,
		"sub1":         param.Sub1, "sub10": param.Sub1 + 9, "aff_sub": param.Sub1, "aff_sub2": param.Sub1 + 1, "aff_sub10": param.Sub1 + 9, "s1": param.Sub1, "S10": param.Sub1 + 9,
		"source": param.Source, "source_id": param.Source,
		"amount": param.Amount, "sale_amount": param.Amount, "sum": param.Amount, "currency": param.Currency, "payout": param.Payout,
		"order_id": param.OrderID, "txid": param.OrderID, "conversion_unique_id": param.OrderID, "txn_id": param.OrderID,
		"items": param.Items, "hit_id": param.HitID, "conversion_id": param.ConversionID,
		"goal": param.Goal, "goal_id": param.Goal, "goal_name": param.Goal, "event": param.Goal, "event_id": param.Goal, "et": param.Goal,
		"adv1": param.Adv1, "adv10": param.Adv1 + 9, "adv_sub": param.Adv1, "adv_sub2": param.Adv1 + 1, "adv_sub10": param.Adv1 + 9,
		"status": param.Status, "occurred_at": param.OccurredAt, "conversion_date": param.OccurredAt,
		"customer_id": param.CustomerID, "user_id": param.CustomerID, "external_id": param.CustomerID,
		"email": param.Email, "username": param.Username, "email_sha256": param.EmailSHA256,
		"ip": param.IP, "user_agent": param.UserAgent, "ua": param.UserAgent,
		"gaid": param.GAID, "idfa": param.IDFA, "idfv": param.IDFV, "google_aid": param.GAID, "ios_ifa": param.IDFA, "ios_ifv": param.IDFV,
		"fbclid": param.FBCLID, "gclid": param.GCLID, "gbraid": param.GBRAID, "wbraid": param.WBRAID, "ttclid": param.TTCLID, "msclkid": param.MSCLKID,
		"fbp": param.FBP, "_fbp": param.FBP, "fbc": param.FBC, "_fbc": param.FBC, "ttp": param.TTP, "_ttp": param.TTP,
		"coupon": param.Coupon, "coupon_code": param.Coupon, "promo_code": param.Coupon,
		"token": param.Token, "security_token": param.Token, "verification_token": param.Token, "secure": param.Token,
		"ts": param.TS, "sig": param.Sig, "url": param.URL, "deep_link": param.URL, "test": param.Test, "format": param.Format,
	}
	doors := map[param.Door]map[string]param.Name{
		param.Click:  {"click_id": param.AffClickID, "clickid": param.AffClickID, "CID": param.AffClickID, "tid": param.AffClickID},
		param.Signal: {"transaction_id": param.TransactionID, "Transaction_ID": param.TransactionID, "tid": param.TransactionID, "click_id": param.TransactionID, "clickid": param.TransactionID, "cid": param.TransactionID},
	}
	for door, own := range doors {
		for _, names := range []map[string]param.Name{both, own} {
			for text, want := range names {
				if got, ok := door.Find(text); !ok || got != want {
					t.Errorf("door %d: %s means %s (%v), want %s", door, text, got, ok, want)
				}
			}
		}
	}
	if n, ok := param.Click.Find("transaction_id"); ok {
		t.Errorf("in a click transaction_id means %s, want nothing", n)
	}
	for _, text := range []string{"", "sub0", "sub11", "adv0", "s11", "offerid", "sub 1", "x", strings.Repeat("a", 200), "ſub1"} {
		if n, ok := param.Signal.Find(text); ok {
			t.Errorf("%q means %s, want nothing", text, n)
		}
	}
}

func TestEveryNameIsFoundAtItsDoors(t *testing.T) {
	for n := range param.NumNames {
		if n.String() == "" {
			t.Fatalf("parameter %d has no name", n)
		}
		for _, door := range []param.Door{param.Click, param.Signal} {
			for _, alias := range append([]string{n.String()}, door.Aliases(n)...) {
				if got, ok := door.Find(alias); ok != door.Knows(n) || ok && got != n {
					t.Errorf("door %d: %s means %s (%v), want %s", door, alias, got, ok, n)
				}
			}
		}
	}
}

func TestScanQuery(t *testing.T) {
	type want map[param.Name]string
	tests := []struct {
		name string
		door param.Door
		raw  string
		want want
	}{
		{"a click", param.Click, "offer_id=12&aff_id=7&sub1=x&cid=abc", want{param.OfferID: "12", param.AffiliateID: "7", param.Sub1: "x", param.AffClickID: "abc"}},
		{"a signal", param.Signal, "click_id=T1&sum=5&et=sale", want{param.TransactionID: "T1", param.Amount: "5", param.Goal: "sale"}},
		{"the affiliate's click ID in a signal", param.Signal, "aff_click_id=A&tid=T", want{param.AffClickID: "A", param.TransactionID: "T"}},
		{"a transaction ID in a click says nothing", param.Click, "transaction_id=T1", want{}},
		{"names in any case", param.Click, "OFFER_ID=12&Sub1=x", want{param.OfferID: "12", param.Sub1: "x"}},
		{"the canonical name wins though it comes last", param.Signal, "txid=2&order_id=1", want{param.OrderID: "1"}},
		{"the canonical name wins though it comes first", param.Signal, "order_id=1&txid=2", want{param.OrderID: "1"}},
		{"else the order of the table", param.Click, "a=5&pid=4&affid=3&aff_id=2", want{param.AffiliateID: "2"}},
		{"of one name the first", param.Click, "sub1=a&sub1=b", want{param.Sub1: "a"}},
		{"of one name the first that is not empty", param.Click, "sub1=&sub1=b", want{param.Sub1: "b"}},
		{"an empty canonical name does not hide an alias", param.Click, "sub1=&s1=b", want{param.Sub1: "b"}},
		{"a name without a value", param.Click, "sub1&sub2=b", want{param.Sub1 + 1: "b"}},
		{"percent and plus", param.Click, "sub1=a%20b+c%2Bd%c3%a9", want{param.Sub1: "a b c+dé"}},
		{"an escaped name", param.Click, "%73ub1=a", want{param.Sub1: "a"}},
		{"broken escapes stand for themselves", param.Click, "sub1=100%&sub2=%zz&sub3=%4", want{param.Sub1: "100%", param.Sub1 + 1: "%zz", param.Sub1 + 2: "%4"}},
		{"bytes that are not UTF-8 stay escaped", param.Click, "sub1=%ff%41%c3&sub2=\xffA", want{param.Sub1: "%FFA%C3", param.Sub1 + 1: "%FFA"}},
		{"NUL stays escaped", param.Click, "sub1=a%00b&sub2=a\x00b", want{param.Sub1: "a%00b", param.Sub1 + 1: "a%00b"}},
		{"a semicolon parts nothing", param.Click, "sub1=a;sub2=b", want{param.Sub1: "a;sub2=b"}},
		{"an equals sign in a value", param.Click, "sub1=a=b", want{param.Sub1: "a=b"}},
		{"stray ampersands", param.Click, "&&sub1=a&&", want{param.Sub1: "a"}},
		{"the remains of an entity", param.Signal, "tid=T&amp;goal=sale", want{param.TransactionID: "T", param.Goal: "sale"}},
		{"nothing", param.Click, "", want{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var v param.Values
			if err := v.ScanQuery(tt.door, tt.raw); err != nil {
				t.Fatalf("ScanQuery(%q) = %v", tt.raw, err)
			}
			if diff := cmp.Diff(tt.want, want(all(&v))); diff != "" {
				t.Errorf("ScanQuery(%q) (-want +got):\n%s", tt.raw, diff)
			}
			if got := strings.Contains(tt.raw, "amp;"); v.Entity != got {
				t.Errorf("Entity = %v, want %v", v.Entity, got)
			}
		})
	}
}

func all(v *param.Values) map[param.Name]string {
	got := make(map[param.Name]string)
	for n := range param.NumNames {
		if v.Has(n) {
			got[n] = v.Get(n)
		}
	}
	return got
}

func TestTransactionIDsAreKeptInOrder(t *testing.T) {
	tests := []struct {
		name string
		raw  string
		want []string
	}{
		{"by the table", "cid=5&clickid=4&click_id=3&tid=2&transaction_id=1", []string{"1", "2", "3", "4", "5"}},
		{"by arrival under one name", "tid=b&tid=a&transaction_id=c", []string{"c", "b", "a"}},
		{"each once", "tid=a&cid=a&tid=a", []string{"a"}},
		{"up to eight, the best", "cid=1&cid=2&cid=3&cid=4&cid=5&cid=6&cid=7&cid=8&cid=9&tid=0", []string{"0", "1", "2", "3", "4", "5", "6", "7"}},
		{"none", "sub1=a", []string{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var v param.Values
			if err := v.ScanQuery(param.Signal, tt.raw); err != nil {
				t.Fatal(err)
			}
			if got := v.TransactionIDs(); !slices.Equal(got, tt.want) {
				t.Errorf("TransactionIDs() = %q, want %q", got, tt.want)
			}
			if len(tt.want) > 0 && v.Get(param.TransactionID) != tt.want[0] {
				t.Errorf("Get() = %q, want %q", v.Get(param.TransactionID), tt.want[0])
			}
		})
	}
}

func TestLongValues(t *testing.T) {
	long := strings.Repeat("a", 1023) + "é" // the character straddles the limit
	tests := []struct {
		name    string
		raw     string
		of      param.Name
		want    string
		cut     bool
		tooLong bool
	}{
		{"a sub is cut between characters", "sub3=" + long, param.Sub1 + 2, long[:1023], true, false},
		{"a sub of just the length is whole", "sub3=" + long[:1023] + "b", param.Sub1 + 2, long[:1023] + "b", false, false},
		{"an advertiser's value is cut", "adv10=" + long, param.Adv1 + 9, long[:1023], true, false},
		{"a source is cut", "source=" + long, param.Source, long[:1023], true, false},
		{"a user agent is cut", "ua=" + long, param.UserAgent, long[:1023], true, false},
		{"an order is too long", "order_id=" + long, param.OrderID, "", false, true},
		{"a coupon is too long", "coupon=" + long, param.Coupon, "", false, true},
		{"a customer is too long", "customer_id=" + long, param.CustomerID, "", false, true},
		{"a click ID is too long", "aff_click_id=" + long, param.AffClickID, "", false, true},
		{"a transaction ID is too long", "tid=" + long, param.TransactionID, "", false, true},
		{"a deep link may be longer", "url=" + long, param.URL, long, false, false},
		{"a deep link is too long", "url=" + strings.Repeat("a", 4097), param.URL, "", false, true},
		{"a better name is whole after a cut alias", "s3=" + long + "&sub3=x", param.Sub1 + 2, "x", false, false},
		{"a worse name is not cut into a whole one", "sub3=x&s3=" + long, param.Sub1 + 2, "x", false, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var v param.Values
			err := v.ScanQuery(param.Signal, tt.raw)
			if got := v.Get(tt.of); got != tt.want || v.Cut.Has(tt.of) != tt.cut || v.TooLong.Has(tt.of) != tt.tooLong {
				t.Errorf("%s = %d bytes, cut %v, too long %v; want %d, %v, %v", tt.of, len(got), v.Cut.Has(tt.of), v.TooLong.Has(tt.of), len(tt.want), tt.cut, tt.tooLong)
			}
			faults := fault.All(err)
			if tt.tooLong != (len(faults) == 1 && faults[0].Kind == fault.Invalid && faults[0].Field == tt.of.String()) {
				t.Errorf("the error is %v", err)
			}
			var click param.Values
			if err := click.ScanQuery(param.Click, tt.raw); err != nil {
				t.Errorf("a click is refused: %v", err)
			}
		})
	}
}

func TestUnknownParameters(t *testing.T) {
	var v param.Values
	if err := v.ScanQuery(param.Signal, "tid=T&Foo=a%20b&bar=&foo=c&Foo=again&amp;baz=1"); err != nil {
		t.Fatal(err)
	}
	want := []param.Pair{{Name: "Foo", Value: "a b"}, {Name: "foo", Value: "c"}, {Name: "amp;baz", Value: "1"}}
	if diff := cmp.Diff(want, v.Unknown); diff != "" || v.UnknownLost {
		t.Errorf("Unknown (-want +got), lost %v:\n%s", v.UnknownLost, diff)
	}

	var click param.Values
	if err := click.ScanQuery(param.Click, "foo=1"); err != nil || len(click.Unknown) != 0 {
		t.Errorf("a click keeps %v, %v; want nothing", click.Unknown, err)
	}

	var many param.Values
	for i := range 70 {
		if err := many.ScanQuery(param.Signal, "x"+strings.Repeat("y", i)+"=1"); err != nil {
			t.Fatal(err)
		}
	}
	if len(many.Unknown) != 64 || !many.UnknownLost {
		t.Errorf("%d unknown parameters are kept, lost %v; want 64, true", len(many.Unknown), many.UnknownLost)
	}
}

func TestSetAndReset(t *testing.T) {
	var v param.Values
	if err := v.ScanQuery(param.Signal, "sub1=a&tid=1&cid=2&zzz=1&test=1"); err != nil {
		t.Fatal(err)
	}
	v.Set(param.Sub1, "b")
	v.Set(param.TransactionID, "3")
	if v.Get(param.Sub1) != "b" || !slices.Equal(v.TransactionIDs(), []string{"3"}) || !v.Test() {
		t.Errorf("sub1 = %q, IDs = %q, test = %v", v.Get(param.Sub1), v.TransactionIDs(), v.Test())
	}
	v.Set(param.Sub1, "")
	if v.Has(param.Sub1) {
		t.Errorf("sub1 = %q after it was emptied", v.Get(param.Sub1))
	}
	v.Reset()
	if got := all(&v); len(got) != 0 || len(v.TransactionIDs()) != 0 || len(v.Unknown) != 0 {
		t.Errorf("after Reset there is %v, %q, %v", got, v.TransactionIDs(), v.Unknown)
	}
	for raw, want := range map[string]bool{"test=1": true, "test=true": true, "test=0": false, "test=false": false, "": false} {
		var v param.Values
		if err := v.ScanQuery(param.Signal, raw); err != nil || v.Test() != want {
			t.Errorf("%q: Test() = %v, want %v", raw, v.Test(), want)
		}
	}
}

func TestCut(t *testing.T) {
	for _, tt := range []struct {
		in   string
		want int
		cut  bool
	}{
		{"short", 5, false},
		{strings.Repeat("a", 1024), 1024, false},
		{strings.Repeat("a", 1025), 1024, true},
		{strings.Repeat("€", 400), 1023, true},
		{strings.Repeat("\x80", 1030), 1024, true},
	} {
		got, cut := param.Cut(tt.in)
		if len(got) != tt.want || cut != tt.cut {
			t.Errorf("Cut(%d bytes) = %d bytes, %v; want %d, %v", len(tt.in), len(got), cut, tt.want, tt.cut)
		}
	}
}
