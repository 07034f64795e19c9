package param_test

import (
	"slices"
	"strings"
	"testing"

	"waybill/internal/param"
)

const anID = "068r2x5c9fk3y7qz4wn8jt1vbmhd6sge"

func TestValuesAreMended(t *testing.T) {
	tests := []struct {
		name  string
		query string
		of    param.Name
		want  string
	}{
		{"quotes go", "order_id=%22A-1%22", param.OrderID, "A-1"},
		{"quotes within stay", "order_id=A%22-1", param.OrderID, `A"-1`},
		{"marks that nobody sees go", "order_id=%EF%BB%BFA-1%E2%80%8B", param.OrderID, "A-1"},
		{"null is nothing", "order_id=null", param.OrderID, ""},
		{"null in quotes is nothing", "order_id=%22null%22", param.OrderID, ""},
		{"undefined is nothing", "amount=undefined", param.Amount, ""},
		{"an object written as text is nothing", "goal=%5Bobject+Object%5D", param.Goal, ""},
		{"an order 0 is nothing", "order_id=0", param.OrderID, ""},
		{"a customer 0 is nothing", "customer_id=0", param.CustomerID, ""},
		{"an amount 0 is one", "amount=0", param.Amount, "0"},
		{"an order 00 is one", "order_id=00", param.OrderID, "00"},
		{"a longer word is an order", "order_id=nullable", param.OrderID, "nullable"},
		{"an alias stands in for a null", "order_id=null&txid=A-1", param.OrderID, "A-1"},
		{"an amount escaped twice", "amount=%252412.50", param.Amount, "$12.50"},
		{"an order is not unescaped again", "order_id=A%252F1", param.OrderID, "A%2F1"},
		{"an entity in an amount", "amount=12.50%26euro%3B", param.Amount, "12.50€"},
		{"a null in free text stays", "adv1=null", param.Adv1, "null"},
		{"the e-mail null is nobody's", "email=null", param.Email, ""},
		{"the digest of an empty e-mail is nobody's", "email_sha256=" + param.Digest(""), param.EmailSHA256, ""},
		{"nor is it in capitals", "email=" + strings.ToUpper(param.Digest("")), param.Email, ""},
		{"nor is that of null", "username=" + param.Digest("null"), param.Username, ""},
		{"nor that of undefined", "email_sha256=%20" + param.Digest("undefined"), param.EmailSHA256, ""},
		{"somebody's digest stays", "email_sha256=" + param.Digest("ann@example.com"), param.EmailSHA256, param.Digest("ann@example.com")},
		{"a digest of nothing may be an order", "order_id=" + param.Digest(""), param.OrderID, param.Digest("")},
		{"a semicolon before a name parts", "order_id=A-1;amount=5", param.Amount, "5"},
		{"what stands before it stays", "order_id=A-1;amount=5", param.OrderID, "A-1"},
		{"a semicolon before no name does not", "order_id=A;b=5", param.OrderID, "A;b=5"},
		{"a second question mark parts", "goal=sale?order_id=A-1", param.OrderID, "A-1"},
		{"an escaped ampersand does not, for somebody may have typed it", "coupon=X%26amount=500", param.Amount, ""},
		{"nor does an escaped semicolon", "coupon=X%3Bamount=500", param.Amount, ""},
		{"nor one before an escaped equals sign", "coupon=X;amount%3D500", param.Amount, ""},
		{"what stands on its own goes before what was joined", "order_id=A;amount=500&sum=5", param.Amount, "5"},
		{"free text is not parted", "adv1=x;amount=5", param.Amount, ""},
		{"a signature is not parted", "sig=ab;amount=5", param.Amount, ""},
		{"a token is not parted", "token=ab;amount=5", param.Amount, ""},
		{"a numeric entity before a name", "x=1&#38;amount=5", param.Amount, "5"},
		{"brackets behind a name", "amount[]=5", param.Amount, "5"},
		{"a number in brackets behind a name", "amount[0]=5", param.Amount, "5"},
		{"a word in brackets is another name", "amount[value]=5", param.Amount, ""},
		{"white space around a name", "%20amount+=5", param.Amount, "5"},
		{"a byte order mark before a name", "%EF%BB%BFamount=5", param.Amount, "5"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var v param.Values
			if err := v.ScanQuery(param.Signal, tt.query); err != nil {
				t.Fatal(err)
			}
			if got := v.Get(tt.of); got != tt.want {
				t.Errorf("%s: %s = %q, want %q", tt.query, tt.of, got, tt.want)
			}
		})
	}
}

func TestWhatIsMendedIsMarked(t *testing.T) {
	for query, want := range map[string]string{
		"order_id=%20A-1%20": "",
		"order_id=null":      "order_id",
		"email_sha256=e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855": "email_sha256",
		"order_id=%22A-1%22":    "order_id",
		"goal=sale;order_id=A":  "goal",
		"tid=" + anID + "/":     "transaction_id",
		"tid=" + anID:           "",
		"adv1=%22x%22":          "",
		"amount=%252412.50":     "amount",
		"amount=$12.50":         "",
		"customer_id=guest%200": "",
	} {
		var v param.Values
		if err := v.ScanQuery(param.Signal, query); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, n := range v.Mended.Names() {
			got = append(got, n.String())
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: mended %q, want %q", query, got, want)
		}
	}
}

func TestTransactionIDsAreFoundInWhatSurroundsThem(t *testing.T) {
	for value, want := range map[string][]string{
		anID:                   {anID},
		anID + "/":             {anID + "/", anID},
		"%22" + anID + "%22":   {anID},
		"%2520" + anID + "":    {anID},
		anID + "," + anID:      {anID + "," + anID, anID},
		"wb-" + anID + "-1":    {"wb-" + anID + "-1", anID},
		anID + "0":             {anID + "0"},
		anID + "_0":            {anID + "_0", anID},
		anID + "%3Famount=5":   {anID + "?amount=5", anID},
		anID + ";order_id=A":   {anID},
		"https://x/?w=" + anID: {"https://x/?w=" + anID, anID},
	} {
		var v param.Values
		if err := v.ScanQuery(param.Signal, "tid="+value); err != nil {
			t.Fatal(err)
		}
		if got := v.TransactionIDs(); !slices.Equal(got, want) {
			t.Errorf("tid=%s gives %q, want %q", value, got, want)
		}
	}
}

// What is a click's stays as it came, for it goes back to the affiliate.
func TestClicksKeepWhatIsTheAffiliates(t *testing.T) {
	var v param.Values
	_ = v.ScanQuery(param.Click, "click_id=%22null%22&sub1=null&customer_id=0&url=https://x/?goal=1;amount=2")
	if v.Get(param.AffClickID) != `"null"` || v.Get(param.Sub1) != "null" || v.Has(param.CustomerID) || v.Get(param.URL) != "https://x/?goal=1;amount=2" {
		t.Errorf("click ID %q, sub1 %q, customer %q, URL %q", v.Get(param.AffClickID), v.Get(param.Sub1), v.Get(param.CustomerID), v.Get(param.URL))
	}
}

// A secret that was joined to something else is taken out with it.
func TestJoinedSecretsAreScrubbed(t *testing.T) {
	const query = "goal=sale?email=ann@example.com;token=hidden&amount=5;token=hidden"
	got := param.ScrubQuery(param.Signal, []byte("key"), query)
	if strings.Contains(got, "hidden") || strings.Contains(got, "ann") || !strings.Contains(got, "goal=sale") {
		t.Errorf("ScrubQuery(%s) = %s", query, got)
	}
	var v param.Values
	if err := v.ScanQuery(param.Signal, query); err != nil || v.Get(param.Token) != "hidden" {
		t.Errorf("token = %q, %v", v.Get(param.Token), err)
	}
}
