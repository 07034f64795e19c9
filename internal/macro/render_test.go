package macro_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"testing"
	"time"

	"waybill/internal/macro"
)

func values() *macro.Values {
	v := new(macro.Values)
	v.Set(macro.TransactionID, "068r2x5c9fk3y7qz")
	v.Set(macro.Sub1, "a b&c=d/é")
	v.Set(macro.Sub1+1, "Hello\r\nSet-Cookie: x")
	v.Set(macro.Sub1+2, "https://x.test/?q=1&r=%20#top")
	v.Set(macro.Sub1+3, `say "hi"\`+"\x01\x7f\xff\u2028")
	v.Set(macro.Amount, "12.50")
	v.Set(macro.Items, `[{"sku":"a"}]`)
	v.Set(macro.Test, "true")
	v.SetTime(macro.ClickTime, time.Date(2025, 3, 9, 1, 2, 3, 456e6, time.FixedZone("", 3600)))
	v.SetTime(macro.Date, time.Date(2025, 3, 9, 23, 30, 0, 0, time.UTC))
	return v
}

func sum(s string) string {
	h := sha256.Sum256([]byte(s))
	return hex.EncodeToString(h[:])
}

func TestRender(t *testing.T) {
	here := time.Local
	time.Local = time.FixedZone("elsewhere", -8*3600) // times are UTC wherever the node stands
	t.Cleanup(func() { time.Local = here })

	tests := []struct {
		name string
		as   macro.Encoding
		text string
		want string
	}{
		{"a plain value", macro.URL, "https://s.example/?t={transaction_id}", "https://s.example/?t=068r2x5c9fk3y7qz"},
		{"a value is percent-encoded", macro.URL, "https://s.example/{sub1}?s={sub1}", "https://s.example/a%20b%26c%3Dd%2F%C3%A9?s=a%20b%26c%3Dd%2F%C3%A9"},
		{"line breaks are percent-encoded", macro.URL, "https://s.example/?s={sub2}", "https://s.example/?s=Hello%0D%0ASet-Cookie%3A%20x"},
		{"nothing is nothing", macro.URL, "https://s.example/?s={sub9}&t={conversion_time}", "https://s.example/?s=&t="},
		{"raw keeps a URL's own characters", macro.URL, "https://s.example/?u={sub3|raw}", "https://s.example/?u=https://x.test/?q=1&r=%20%23top"},
		{"raw lets no line break through", macro.URL, "https://s.example/?s={sub2|raw}", "https://s.example/?s=Hello%0D%0ASet-Cookie:%20x"},
		{"raw lets nothing illegal through", macro.URL, "https://s.example/?s={sub4|raw}", "https://s.example/?s=say%20%22hi%22%5C%01%7F%FF%E2%80%A8"},
		{"a default", macro.URL, "https://s.example/?s={sub9|default:no one}&t={transaction_id|default:x}", "https://s.example/?s=no%20one&t=068r2x5c9fk3y7qz"},
		{"an empty default", macro.URL, "https://s.example/?s={sub9|default:}", "https://s.example/?s="},
		{"a default with a colon", macro.URL, "https://s.example/?s={sub9|default:a:b|raw}", "https://s.example/?s=a:b"},
		{"lower case", macro.URL, "https://s.example/?s={sub2|lower|default:x}", "https://s.example/?s=hello%0D%0Aset-cookie%3A%20x"},
		{"a hash", macro.URL, "https://s.example/?s={sub1|sha256}", "https://s.example/?s=" + sum("a b&c=d/é")},
		{"a hash of nothing is nothing", macro.URL, "https://s.example/?s={sub9|sha256}", "https://s.example/?s="},
		{"a hash of a default", macro.URL, "https://s.example/?s={sub9|default:x|sha256}", "https://s.example/?s=" + sum("x")},
		{"filters from the left", macro.URL, "https://s.example/?s={sub2|lower|sha256}", "https://s.example/?s=" + sum("hello\r\nset-cookie: x")},
		{"base64url", macro.URL, "https://s.example/?s={sub4|base64url}", "https://s.example/?s=c2F5ICJoaSJcAX__4oCo"},
		{"a time is Unix time", macro.URL, "https://s.example/?s={click_time}&t={click_time|unix}", "https://s.example/?s=1741478523&t=1741478523"},
		{"milliseconds", macro.URL, "https://s.example/?s={click_time|unix_ms}", "https://s.example/?s=1741478523456"},
		{"RFC 3339 in UTC", macro.URL, "https://s.example/?s={click_time|rfc3339|raw}", "https://s.example/?s=2025-03-09T00:02:03Z"},
		{"a layout", macro.URL, "https://s.example/?s={click_time|2006-01-02 15:04:05}", "https://s.example/?s=2025-03-09%2000%3A02%3A03"},
		{"a date", macro.URL, "https://s.example/?s={date}&t={date|02/Jan/06|raw}", "https://s.example/?s=2025-03-09&t=09/Mar/25"},
		{"a time that is missing has a default", macro.URL, "https://s.example/?s={occurred_at|unix|default:0}", "https://s.example/?s=0"},
		{"literals that a URL cannot hold", macro.URL, "https://s.example/é?q=\"<|>\"&t={transaction_id}#f[1]", "https://s.example/%C3%A9?q=%22%3C%7C%3E%22&t=068r2x5c9fk3y7qz#f[1]"},
		{"a form", macro.Form, "a={sub1}&b={sub3|raw}", "a=a%20b%26c%3Dd%2F%C3%A9&b=https://x.test/?q=1&r=%20%23top"},
		{"a string in JSON", macro.JSON, `{"a":"x{sub4}y"}`, `{"a":"xsay \"hi\"\\\u0001\u007F` + "\ufffd\u2028" + `y"}`},
		{"a line break in JSON", macro.JSON, `{"a":"{sub2}"}`, `{"a":"Hello\r\nSet-Cookie: x"}`},
		{"a number in JSON", macro.JSON, `{"a":{amount},"b":"{amount}"}`, `{"a":12.50,"b":"12.50"}`},
		{"a boolean in JSON", macro.JSON, `{"a":{test}}`, `{"a":true}`},
		{"a string that needs no quotes in JSON", macro.JSON, `{"a":{sub1}}`, `{"a":"a b&c=d/é"}`},
		{"null in JSON", macro.JSON, `{"a":{sub9},"b":"{sub9}"}`, `{"a":null,"b":""}`},
		{"line items in JSON", macro.JSON, `{"a":{items},"b":"{items}"}`, `{"a":[{"sku":"a"}],"b":"[{\"sku\":\"a\"}]"}`},
		{"a time in JSON", macro.JSON, `{"a":{click_time},"b":{click_time|rfc3339}}`, `{"a":1741478523,"b":"2025-03-09T00:02:03Z"}`},
		{"a filtered value in JSON", macro.JSON, `[{sub9|default:7},{amount|sha256}]`, `[7,"` + sum("12.50") + `"]`},
		{"a header", macro.Header, "Key {sub2} {amount|raw}", "Key Hello%0D%0ASet-Cookie: x 12.50"},
		{"a header beyond ASCII", macro.Header, "{sub1}", "a b&c=d/%C3%A9"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tmpl, err := macro.Parse(tt.text, tt.as, macro.NetworkPostback)
			if err != nil {
				t.Fatalf("Parse(%q) = %v", tt.text, err)
			}
			if got := tmpl.Render(values()); got != tt.want {
				t.Errorf("Render() =\n%s, want\n%s", got, tt.want)
			}
			if got := string(tmpl.Append([]byte("before "), values())); got != "before "+tt.want {
				t.Errorf("Append() =\n%s, want\nbefore %s", got, tt.want)
			}
		})
	}
}

func TestLowerReachesBeyondASCII(t *testing.T) {
	tmpl, err := macro.Parse(`"{sub1|lower}"`, macro.JSON, macro.NetworkPostback)
	if err != nil {
		t.Fatal(err)
	}
	var v macro.Values
	v.Set(macro.Sub1, "ÄÖ İ\xffZ")
	if got, want := tmpl.Render(&v), "\"äö i\ufffdz\""; got != want {
		t.Errorf("Render() = %q, want %q", got, want)
	}
}

func TestAppendDeepLink(t *testing.T) {
	const tmpl = "https://shop.example/home?fixed=1&tid={transaction_id}&s={sub5|default:x}-y&src=ads#{sub1}"
	tests := []struct {
		name string
		tmpl string
		link string
		want string
	}{
		{"adds what holds macros", tmpl, "https://shop.example/shoes", "https://shop.example/shoes?tid=068r2x5c9fk3y7qz&s=x-y"},
		{"goes on behind a query", tmpl, "https://shop.example/?size=42", "https://shop.example/?size=42&tid=068r2x5c9fk3y7qz&s=x-y"},
		{"goes on behind an empty query", tmpl, "https://shop.example/?", "https://shop.example/?tid=068r2x5c9fk3y7qz&s=x-y"},
		{"stays before a fragment", tmpl, "https://shop.example/shoes?size=42#top?a=b", "https://shop.example/shoes?size=42&tid=068r2x5c9fk3y7qz&s=x-y#top?a=b"},
		{"overrides the link's own", tmpl, "https://shop.example/?tid=forged&size=42&s=1", "https://shop.example/?size=42&tid=068r2x5c9fk3y7qz&s=x-y"},
		{"overrides behind escapes", tmpl, "https://shop.example/?%74id=forged&ti%64=forged&t+id=3", "https://shop.example/?t+id=3&tid=068r2x5c9fk3y7qz&s=x-y"},
		{"overrides a name alone", tmpl, "https://shop.example/?tid&a", "https://shop.example/?a&tid=068r2x5c9fk3y7qz&s=x-y"},
		{"leaves names that only begin alike", tmpl, "https://shop.example/?tid2=1&ti=2&TID=3", "https://shop.example/?tid2=1&ti=2&TID=3&tid=068r2x5c9fk3y7qz&s=x-y"},
		{"percent-encodes what a URL cannot hold", tmpl, "https://shop.example/é|?a=\"%zz", "https://shop.example/%C3%A9%7C?a=%22%25zz&tid=068r2x5c9fk3y7qz&s=x-y"},
		{"adds nothing where there are no macros", "https://shop.example/?a=1", "https://shop.example/b?c=2#d", "https://shop.example/b?c=2#d"},
		{"adds nothing from path and fragment", "https://shop.example/{sub1}?a=1#{sub1}", "https://shop.example/b", "https://shop.example/b"},
		{"adds a parameter named by a macro", "https://shop.example/?x{amount}=1&{amount}", "https://shop.example/b?x=1", "https://shop.example/b?x=1&x12.50=1&12.50"},
		{"adds a parameter by its decoded name", "https://shop.example/?a%5Bb%5D={amount}&c[d]={amount}", "https://shop.example/b?a[b]=1&c%5bd%5D=2", "https://shop.example/b?a%5Bb%5D=12.50&c[d]=12.50"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tmpl, err := macro.Parse(tt.tmpl, macro.URL, macro.NetworkPostback)
			if err != nil {
				t.Fatal(err)
			}
			if got := string(tmpl.AppendDeepLink(nil, tt.link, values())); got != tt.want {
				t.Errorf("AppendDeepLink(%s) =\n%s, want\n%s", tt.link, got, tt.want)
			}
		})
	}
}

func TestValuesAreFrozenAndThawed(t *testing.T) {
	v := values()
	frozen, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var got macro.Values
	got.Set(macro.Country, "DE") // what was there before goes
	if err := json.Unmarshal(frozen, &got); err != nil {
		t.Fatal(err)
	}
	for n := range macro.NumNames {
		if n == macro.Sub1+3 { // not UTF-8: JSON cannot hold it
			continue
		}
		if got.Get(n) != v.Get(n) {
			t.Errorf("%s = %q, want %q", n, got.Get(n), v.Get(n))
		}
	}
	tmpl, err := macro.Parse("https://s.example/?s={click_time|unix_ms}", macro.URL, macro.OfferURL)
	if err != nil {
		t.Fatal(err)
	}
	if a, b := tmpl.Render(v), tmpl.Render(&got); a != b {
		t.Errorf("thawed it renders %s, want %s", b, a)
	}
	if err := json.Unmarshal([]byte(`{"sub1":"a","from_the_future":"b","click_time":"soon"}`), &got); err != nil || got.Get(macro.Sub1) != "a" || got.Get(macro.ClickTime) != "soon" {
		t.Errorf("sub1 = %q, click_time = %q, %v", got.Get(macro.Sub1), got.Get(macro.ClickTime), err)
	}
	if err := json.Unmarshal([]byte(`[]`), &got); err == nil {
		t.Error("an array was read as values")
	}
}

func TestReset(t *testing.T) {
	v := values()
	v.Reset()
	for n := range macro.NumNames {
		if got := v.Get(n); got != "" {
			t.Errorf("%s = %q after Reset", n, got)
		}
	}
}
