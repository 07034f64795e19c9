package macro_test

import (
	"strings"
	"testing"

	"waybill/internal/fault"
	"waybill/internal/macro"
)

const clickRefusal = "{aff_click_id} (the affiliate's) or {transaction_id} (ours)?"

func TestParseRefuses(t *testing.T) {
	const host = "https://shop.example/"
	tests := []struct {
		name string
		text string
		as   macro.Encoding
		use  macro.Use
		says string
	}{
		{"a click ID that could be either", host + "?c={click_id}", macro.URL, macro.AffiliatePostback, "{click_id}: " + clickRefusal},
		{"a click ID by another name", host + "?c={clickid}", macro.URL, macro.OfferURL, clickRefusal},
		{"a wrong case", host + "?s={Sub1}", macro.URL, macro.OfferURL, "{Sub1}: did you mean {sub1}?"},
		{"an underscore too much", host + "?s={sub_1}", macro.URL, macro.OfferURL, "did you mean {sub1}?"},
		{"a letter swapped", host + "?s={transcation_id}", macro.URL, macro.OfferURL, "did you mean {transaction_id}?"},
		{"spaces inside", host + "?s={ sub1 }", macro.URL, macro.OfferURL, "did you mean {sub1}?"},
		{"an alias", host + "?s={aff_sub3}", macro.URL, macro.OfferURL, "did you mean {sub3}?"},
		{"an alias without a number", host + "?s={aff_sub}", macro.URL, macro.OfferURL, "did you mean {sub1}?"},
		{"a short alias", host + "?s={s2}", macro.URL, macro.OfferURL, "did you mean {sub2}?"},
		{"another system's name", host + "?a={sale_amount}", macro.URL, macro.AffiliatePostback, "did you mean {amount}?"},
		{"a name nothing is like", host + "?s={xylophone}", macro.URL, macro.OfferURL, "{xylophone}: there is no such macro"},
		{"no name", host + "?s={}", macro.URL, macro.OfferURL, "there is no such macro"},
		{"the token", host + "?t={token}", macro.URL, macro.NetworkPostback, "{token}"},
		{"the e-mail", host + "?t={email}", macro.URL, macro.NetworkPostback, "{email}"},

		{"hashes", host + "?s=#s2#", macro.URL, macro.OfferURL, "#s2#: macros are written in single braces: {sub2}"},
		{"brackets", host + "?s=[cid]", macro.URL, macro.OfferURL, "[cid]: macros are written in single braces: " + clickRefusal},
		{"brackets in the path", host + "x/[sub1]/", macro.URL, macro.OfferURL, "{sub1}"},
		{"percent signs", host + "?s=%sub%", macro.URL, macro.OfferURL, "%sub%"},
		{"percent signs that begin like an escape", host + "?s=%affid%", macro.URL, macro.OfferURL, "{affiliate_id}"},
		{"a dollar", host + "?s=${sub1}", macro.URL, macro.OfferURL, "${sub1}: macros are written in single braces: {sub1}"},
		{"double braces", host + "?s={{sub1}}", macro.URL, macro.OfferURL, "{{sub1}}: macros are written in single braces: {sub1}"},
		{"angle brackets", host + "?s=<sub1>", macro.URL, macro.OfferURL, "{sub1}"},
		{"brackets that fill a JSON string", `{"a":"[cid]"}`, macro.JSON, macro.AffiliatePostback, clickRefusal},

		{"an open brace", host + "?s={sub1", macro.URL, macro.OfferURL, "never closed"},
		{"a brace in a brace", host + "?s={sub1{sub2}", macro.URL, macro.OfferURL, "never closed"},
		{"a closing brace", host + "?s=sub1}", macro.URL, macro.OfferURL, "} without its {"},
		{"an open brace in a JSON string", `{"a":"{"}`, macro.JSON, macro.AffiliatePostback, `\u007b`},
		{"a closing brace in a JSON string", `{"a":"}"}`, macro.JSON, macro.AffiliatePostback, `\u007d`},
		{"a broken escape", host + "?s=100%&x={sub1}", macro.URL, macro.OfferURL, "%25"},
		{"an escape made of a macro", host + "?s=%{sub1}", macro.URL, macro.OfferURL, "%25"},

		{"a macro for the host", "https://{sub1}/", macro.URL, macro.OfferURL, "behind the host"},
		{"a macro in the host", "https://{sub1}.shop.example/", macro.URL, macro.OfferURL, "behind the host"},
		{"a macro that lengthens the host", "https://shop.example{sub1}", macro.URL, macro.OfferURL, "behind the host"},
		{"a macro for the port", "https://shop.example:{sub1}/", macro.URL, macro.OfferURL, "behind the host"},
		{"a macro for a user", "https://{sub1}@shop.example/", macro.URL, macro.OfferURL, "behind the host"},
		{"a macro for the scheme", "{sub1}://shop.example/", macro.URL, macro.OfferURL, "behind the host"},
		{"a macro for everything", "{url|raw}", macro.URL, macro.OfferURL, "behind the host"},
		{"a script", "javascript:alert(1)", macro.URL, macro.OfferURL, "https://"},
		{"a path without a host", "/x?{sub1}", macro.URL, macro.OfferURL, "https://"},
		{"a space", host + "?a b", macro.URL, macro.OfferURL, "percent-encoded"},
		{"a line break", host + "?a\r\nb", macro.URL, macro.OfferURL, "percent-encoded"},
		{"an endless URL", host + strings.Repeat("a", 4096), macro.URL, macro.OfferURL, "4096"},

		{"revenue for an affiliate", host + "?r={revenue}", macro.URL, macro.AffiliatePostback, "{revenue} cannot stand in an affiliate's postback"},
		{"an address for an affiliate", host + "?r={ip}", macro.URL, macro.AffiliatePostback, "{ip} cannot stand in an affiliate's postback, unless the network"},
		{"a customer's e-mail for an affiliate", host + "?r={email_sha256}", macro.URL, macro.AffiliatePostback, "{email_sha256} cannot stand in an affiliate's postback, unless the network"},
		{"a user agent for an advertiser", host + "?r={user_agent}", macro.URL, macro.AdvertiserPostback, "{user_agent} cannot stand"},
		{"payout for an advertiser", host + "?r={payout}", macro.URL, macro.AdvertiserPostback, "{payout} cannot stand in an advertiser's postback"},
		{"a conversion at the click", host + "?r={conversion_id}", macro.URL, macro.OfferURL, "{conversion_id} cannot stand in an offer's URL"},

		{"an unknown filter", host + "?s={sub1|upper}", macro.URL, macro.OfferURL, "filters raw"},
		{"a mistyped filter", host + "?s={sub1|SHA-256}", macro.URL, macro.OfferURL, "did you mean {sub1|sha256}?"},
		{"an empty filter", host + "?s={sub1|}", macro.URL, macro.OfferURL, "filters raw"},
		{"a default without a value", host + "?s={sub1|default}", macro.URL, macro.OfferURL, "{sub1|default:value}"},
		{"a line break for a default", host + "?s={sub1|default:a\nb}", macro.URL, macro.OfferURL, "control character"},
		{"a format of what is no time", host + "?s={sub1|unix}", macro.URL, macro.OfferURL, "only times"},
		{"another system's format", host + "?s={date|YYYY-MM-DD}", macro.URL, macro.OfferURL, "2006-01-02"},
		{"a format in percent signs", host + "?s={date|%Y-%m-%d}", macro.URL, macro.OfferURL, "2006-01-02"},
		{"a format without a time", host + "?s={date|today}", macro.URL, macro.OfferURL, "2006-01-02"},
		{"raw in JSON", `{"a":"{sub1|raw}"}`, macro.JSON, macro.AffiliatePostback, "not for JSON"},

		{"JSON that is none", `{"a":{sub1}`, macro.JSON, macro.AffiliatePostback, "not JSON"},
		{"JSON with two values in one place", `{"a":{sub1}{sub2}}`, macro.JSON, macro.AffiliatePostback, "not JSON"},
		{"a form of two lines", "a={sub1}\r\nb=1", macro.Form, macro.AffiliatePostback, "%0A"},
		{"a header of two lines", "a\r\nX: {sub1}", macro.Header, macro.AffiliatePostback, "printable ASCII"},
		{"an unknown encoding", "a", 0, macro.AffiliatePostback, "unknown encoding"},
		{"an unknown use", host + "{sub1}", macro.URL, 0, "cannot stand"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := macro.Parse(tt.text, tt.as, tt.use)
			if got != nil || fault.Of(err) != fault.Invalid || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("Parse(%.80q) = %v, %v; want an Invalid fault that says %q", tt.text, got, err, tt.says)
			}
		})
	}
}

func TestParseTellsAllThatIsWrong(t *testing.T) {
	_, err := macro.Parse("https://shop.example/?a={Sub1}&b=[cid]&c={revenue}&d={sub2|upper}&e=}", macro.URL, macro.AffiliatePostback)
	if got := len(fault.All(err)); got != 5 {
		t.Errorf("there are %d faults, want 5:\n%v", got, err)
	}
}

func TestParseLeavesOrdinaryTextAlone(t *testing.T) {
	tests := []struct {
		name string
		text string
		as   macro.Encoding
	}{
		{"a fragment", "https://shop.example/#top", macro.URL},
		{"brackets in the name of a parameter", "https://shop.example/?items[sku]={sub1}&a[]=1", macro.URL},
		{"escapes", "https://shop.example/?a=%20%2F&b=%C3%A9", macro.URL},
		{"escapes that look like a name", "https://shop.example/?a=%ad%20&b=%deb%20", macro.URL},
		{"a port", "http://shop.example:8080/?a={sub1}", macro.URL},
		{"an address of IPv6", "http://[2001:db8::1]:8080/?a={sub1}", macro.URL},
		{"no path", "https://shop.example?a={sub1}", macro.URL},
		{"brackets in the name of a form's parameter", "items[sku]={sub1}&a[]=1", macro.Form},
		{"JSON with brackets and hashes in its text", `{"a":"see [this] and #that# at 5%","b":[true,null]}`, macro.JSON},
		{"JSON with escaped quotes", `{"a\"{sub1}\\":"\\","b":{ "c" : {amount} } , "d": {} }`, macro.JSON},
		{"a header", "Bearer {conversion_id}", macro.Header},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := macro.Parse(tt.text, tt.as, macro.NetworkPostback)
			if err != nil || got.Text() != tt.text {
				t.Errorf("Parse(%q) = %v", tt.text, err)
			}
		})
	}
}

func TestUses(t *testing.T) {
	tmpl, err := macro.Parse("https://shop.example:444/{offer_id}?t={transaction_id}&d={date}&t2={transaction_id}", macro.URL, macro.OfferURL)
	if err != nil {
		t.Fatal(err)
	}
	if !tmpl.Uses(macro.OfferID) || !tmpl.Uses(macro.Date) || tmpl.Uses(macro.Sub1) || tmpl.Uses(macro.NumNames) {
		t.Error("Uses() is wrong about offer_id, date or sub1")
	}
	names := tmpl.Names()
	if len(names) != 3 || names[0] != macro.OfferID || names[1] != macro.TransactionID || names[2] != macro.Date {
		t.Errorf("Names() = %v, want offer_id, transaction_id, date", names)
	}
	if tmpl.Host() != "shop.example:444" {
		t.Errorf("Host() = %q, want shop.example:444", tmpl.Host())
	}
}

func TestAllows(t *testing.T) {
	tests := []struct {
		use  macro.Use
		name macro.Name
		want bool
	}{
		{macro.OfferURL, macro.Sub1 + 9, true},
		{macro.OfferURL, macro.IP, true},
		{macro.OfferURL, macro.FBCLID, true},
		{macro.OfferURL, macro.TTP, true},
		{macro.OfferURL, macro.Adv1, false},
		{macro.OfferURL, macro.Payout, false},
		{macro.OfferURL, macro.Revenue, false},
		{macro.AffiliatePostback, macro.Payout, true},
		{macro.AffiliatePostback, macro.Revenue, false},
		{macro.AffiliatePostback, macro.IP, false},
		{macro.AffiliatePostback | macro.WithVisitor, macro.IP, true},
		{macro.AffiliatePostback | macro.WithVisitor, macro.UserAgent, true},
		{macro.AffiliatePostback | macro.WithVisitor, macro.Revenue, false},
		{macro.AffiliatePostback, macro.EmailSHA256, false},
		{macro.AffiliatePostback | macro.WithVisitor, macro.EmailSHA256, true},
		{macro.AdvertiserPostback, macro.EmailSHA256, true},
		{macro.NetworkPostback, macro.EmailSHA256, true},
		{macro.AdvertiserPostback, macro.Revenue, true},
		{macro.AdvertiserPostback, macro.Payout, false},
		{macro.NetworkPostback, macro.Revenue, true},
		{macro.NetworkPostback, macro.Payout, true},
		{macro.NetworkPostback, macro.UserAgent, true},
		{macro.NetworkPostback, macro.NumNames, false},
	}
	for _, tt := range tests {
		if got := tt.use.Allows(tt.name); got != tt.want {
			t.Errorf("%s: Allows(%s) = %v, want %v", tt.use, tt.name, got, tt.want)
		}
	}
}

func TestEveryMacroHasItsOwnName(t *testing.T) {
	for n := range macro.NumNames {
		if got, ok := macro.ParseName(n.String()); !ok || got != n || n.String() == "" {
			t.Errorf("macro %d is called %q, which is macro %d (%v)", n, n, got, ok)
		}
	}
	for _, want := range strings.Fields(`offer_id affiliate_id transaction_id aff_click_id sub1 sub10 source amount currency payout
		order_id items hit_id conversion_id goal adv1 adv10 status occurred_at customer_id email_sha256 ip user_agent gaid idfa idfv
		fbclid gclid gbraid wbraid ttclid msclkid fbp fbc ttp coupon url test delivery_id revenue goal_id goal_name offer_name advertiser_id country device os browser click_time
		conversion_time timestamp date random sig`) {
		if _, ok := macro.ParseName(want); !ok {
			t.Errorf("there is no macro {%s}", want)
		}
	}
	for _, refused := range []string{"token", "email", "username", "click_id", "SUB1", ""} {
		if n, ok := macro.ParseName(refused); ok {
			t.Errorf("{%s} is macro %s, want none", refused, n)
		}
	}
}

func TestCheckURL(t *testing.T) {
	for text, ok := range map[string]bool{
		"https://shop.example":                 true,
		"https://shop.example/a?b=c#d":         true,
		"HTTP://shop.example:8080/":            true,
		"http://127.0.0.1:8080/":               true,
		"http://[::1]/":                        true,
		"https://a_b.shop.example./":           true,
		"https://shop.example/é":               true,
		"":                                     false,
		"shop.example":                         false,
		"//shop.example":                       false,
		"ftp://shop.example":                   false,
		"javascript://shop.example/":           false,
		"https:shop.example":                   false,
		"https:///path":                        false,
		"https://":                             false,
		"https://./":                           false,
		"https://:443/":                        false,
		"https://shop.example:/":               false,
		"https://shop.example:0/":              false,
		"https://shop.example:65536/":          false,
		"https://shop.example:http/":           false,
		"https://user@shop.example/":           false,
		"https://user:pw@shop.example/":        false,
		"https://shop.example\\@evil.ex/":      false,
		"https://shop.example/a\\b":            false,
		"https://shop.example/a b":             false,
		"https://shop.example/\t":              false,
		"https://shop.example/\x7f":            false,
		"https://shop.example/\x00":            false,
		" https://shop.example/":               false,
		"https://shöp.example/":                false,
		"https://shop%2eexample/":              false,
		"https://shop.example;evil.ex/":        false,
		"https://[::1/":                        false,
		"https://" + strings.Repeat("a", 5000): false,
	} {
		if err := macro.CheckURL(text); (err == nil) != ok || err != nil && fault.Of(err) != fault.Invalid {
			t.Errorf("CheckURL(%.60q) = %v, want ok %v", text, err, ok)
		}
	}
}
